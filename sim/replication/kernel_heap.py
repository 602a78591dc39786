"""Indexed heaps: the least key first, and any entry can be taken out.

Rules of this file: kernels over rows of plain arrays, compiled into their callers. `keys[key_row]` holds
the keys by id, `ids[heap_row]` the ids in heap order, `ids[heap_row + 1]` the place of an id in the heap (-1
when it is not in it); the length is the caller's. Equal keys: the least id first.
"""

from __future__ import annotations

from typing import Any

from cxsim.sim.replication.kernel_cache import inlined


@inlined
def sift_up(keys: Any, key_row: int, ids: Any, heap_row: int, at: int) -> None:
    """Let the entry at a place rise to where it belongs."""
    entry = ids[heap_row, at]
    key = keys[key_row, entry]
    while at > 0:
        parent = (at - 1) >> 1
        above = ids[heap_row, parent]
        other = keys[key_row, above]
        if other < key or (other == key and above < entry):
            break
        ids[heap_row, at] = above
        ids[heap_row + 1, above] = at
        at = parent
    ids[heap_row, at] = entry
    ids[heap_row + 1, entry] = at


@inlined
def sift_down(keys: Any, key_row: int, ids: Any, heap_row: int, length: int, at: int) -> None:
    """Let the entry at a place sink to where it belongs."""
    entry = ids[heap_row, at]
    key = keys[key_row, entry]
    while True:
        child = 2 * at + 1
        if child >= length:
            break
        below = ids[heap_row, child]
        if child + 1 < length:
            other = ids[heap_row, child + 1]
            if keys[key_row, other] < keys[key_row, below] or (
                keys[key_row, other] == keys[key_row, below] and other < below
            ):
                child += 1
                below = other
        if keys[key_row, below] > key or (keys[key_row, below] == key and below > entry):
            break
        ids[heap_row, at] = below
        ids[heap_row + 1, below] = at
        at = child
    ids[heap_row, at] = entry
    ids[heap_row + 1, entry] = at


@inlined
def push(keys: Any, key_row: int, ids: Any, heap_row: int, length: int, entry: int) -> None:
    """Put an entry in; the length becomes `length` + 1."""
    ids[heap_row, length] = entry
    sift_up(keys, key_row, ids, heap_row, length)


@inlined
def take(keys: Any, key_row: int, ids: Any, heap_row: int, length: int, entry: int) -> None:
    """Take an entry out; the length becomes `length` - 1."""
    at = ids[heap_row + 1, entry]
    last = length - 1
    ids[heap_row + 1, entry] = -1
    if at != last:
        moved = ids[heap_row, last]
        ids[heap_row, at] = moved
        sift_up(keys, key_row, ids, heap_row, at)
        sift_down(keys, key_row, ids, heap_row, last, ids[heap_row + 1, moved])
