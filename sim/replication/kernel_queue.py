"""Queues of what is due: the earliest first, at equal times the least id; any entry can be taken out.

Rules of this file: kernels over rows of the state's arrays: `due[queue]` and `ids[queue]` in heap order,
four children a place (fewer levels, and the four times share a cache line), `at[queue]` the place of an id,
-1 when it is not in. The length is in `cnt[queue]`.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_cache import part


@part
def _rise(due: Any, ids: Any, at: Any, queue: int, place: int, time_s: float, entry: int) -> None:
    while place > 0:
        above = (place - 1) >> 2
        other_s = due[queue, above]
        if other_s < time_s or (other_s == time_s and ids[queue, above] < entry):
            break
        due[queue, place] = other_s
        ids[queue, place] = ids[queue, above]
        at[queue, ids[queue, place]] = place
        place = above
    due[queue, place] = time_s
    ids[queue, place] = entry
    at[queue, entry] = place


@part
def _sink(
    due: Any, ids: Any, at: Any, queue: int, length: int, place: int, time_s: float, entry: int
) -> None:
    while True:
        child = 4 * place + 1
        if child >= length:
            break
        least, least_s = child, due[queue, child]
        for other in range(child + 1, min(child + 4, length)):
            other_s = due[queue, other]
            if other_s < least_s or (other_s == least_s and ids[queue, other] < ids[queue, least]):
                least, least_s = other, other_s
        if time_s < least_s or (time_s == least_s and entry < ids[queue, least]):
            break
        due[queue, place] = least_s
        ids[queue, place] = ids[queue, least]
        at[queue, ids[queue, place]] = place
        place = least
    due[queue, place] = time_s
    ids[queue, place] = entry
    at[queue, entry] = place


@part
def put(st: Any, queue: int, time_s: float, entry: int) -> None:
    """Put an entry in, or move it to another time."""
    due, ids, at, length = s.due(st), s.ids(st), s.at(st), s.cnt(st)[queue]
    place = at[queue, entry]
    if place < 0:
        _rise(due, ids, at, queue, length, time_s, entry)
        s.cnt(st)[queue] = length + 1
    elif time_s < due[queue, place]:
        _rise(due, ids, at, queue, place, time_s, entry)
    else:
        _sink(due, ids, at, queue, length, place, time_s, entry)


@part
def drop(st: Any, queue: int, entry: int) -> None:
    """Take an entry out, if it is in."""
    due, ids, at = s.due(st), s.ids(st), s.at(st)
    place = at[queue, entry]
    if place < 0:
        return
    at[queue, entry] = -1
    last = s.cnt(st)[queue] - 1
    s.cnt(st)[queue] = last
    if place != last:
        moved, moved_s = ids[queue, last], due[queue, last]
        _rise(due, ids, at, queue, place, moved_s, moved)
        place = at[queue, moved]
        _sink(due, ids, at, queue, last, place, moved_s, moved)
