"""Indexed heaps: the least key first, and any entry can be taken out. Equal keys: the least id first.

Rules of this file: kernels over plain arrays that hold several heaps. `keys[heap]` and `ids[heap]` are in
heap order, four children a place: fewer levels, and what is compared lies side by side. `places[id, heap]` is
the place of an id, -1 when it is not in: a row an id, because whoever moves one entry of it moves others.
Lengths are the caller's.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

from typing import Any

from cxsim.sim.replication.kernel_cache import part


@part
def _rise(keys: Any, ids: Any, places: Any, heap: int, place: int, key: float, entry: int) -> None:
    """Put an entry at a place, or above it."""
    while place > 0:
        above = (place - 1) >> 2
        other, which = keys[heap, above], ids[heap, above]
        if other < key or (other == key and which < entry):
            break
        keys[heap, place] = other
        ids[heap, place] = which
        places[which, heap] = place
        place = above
    keys[heap, place] = key
    ids[heap, place] = entry
    places[entry, heap] = place


@part
def _sink(
    keys: Any, ids: Any, places: Any, heap: int, length: int, place: int, key: float, entry: int
) -> None:
    """Put an entry at a place, or below it."""
    while True:
        child = 4 * place + 1
        if child >= length:
            break
        least, found = child, keys[heap, child]
        for other in range(child + 1, min(child + 4, length)):
            value = keys[heap, other]
            if value < found or (value == found and ids[heap, other] < ids[heap, least]):
                least, found = other, value
        which = ids[heap, least]
        if key < found or (key == found and entry < which):
            break
        keys[heap, place] = found
        ids[heap, place] = which
        places[which, heap] = place
        place = least
    keys[heap, place] = key
    ids[heap, place] = entry
    places[entry, heap] = place


@part
def push(keys: Any, ids: Any, places: Any, heap: int, length: int, key: float, entry: int) -> None:
    """Put an entry in; the length becomes `length` + 1."""
    _rise(keys, ids, places, heap, length, key, entry)


@part
def move(keys: Any, ids: Any, places: Any, heap: int, length: int, key: float, entry: int) -> None:
    """Give an entry that is in another key."""
    place = places[entry, heap]
    if key < keys[heap, place]:
        _rise(keys, ids, places, heap, place, key, entry)
    else:
        _sink(keys, ids, places, heap, length, place, key, entry)


@part
def take(keys: Any, ids: Any, places: Any, heap: int, length: int, entry: int) -> None:
    """Take an entry out that is in; the length becomes `length` - 1."""
    place, last = places[entry, heap], length - 1
    places[entry, heap] = -1
    if place != last:
        key, moved = keys[heap, last], ids[heap, last]
        if place > 0 and key <= keys[heap, (place - 1) >> 2]:
            _rise(keys, ids, places, heap, place, key, moved)
        else:
            _sink(keys, ids, places, heap, last, place, key, moved)
