"""Queues of what is due: the earliest first, at equal times the least id; any entry can be taken out.

Rules of this file: kernels over the state: `due[queue]`, `ids[queue]` and `at[id, queue]` are heaps
(kernel_heap.py), the length is in `cnt[queue]`.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_cache import part
from cxsim.sim.replication.kernel_heap import move, push, take


@part
def put(st: Any, queue: int, time_s: float, entry: int) -> None:
    """Put an entry in, or move it to another time."""
    length = s.cnt(st)[queue]
    if s.at(st)[entry, queue] < 0:
        push(s.due(st), s.ids(st), s.at(st), queue, length, time_s, entry)
        s.cnt(st)[queue] = length + 1
    else:
        move(s.due(st), s.ids(st), s.at(st), queue, length, time_s, entry)


@part
def drop(st: Any, queue: int, entry: int) -> None:
    """Take an entry out, if it is in."""
    if s.at(st)[entry, queue] >= 0:
        length = s.cnt(st)[queue]
        take(s.due(st), s.ids(st), s.at(st), queue, length, entry)
        s.cnt(st)[queue] = length - 1
