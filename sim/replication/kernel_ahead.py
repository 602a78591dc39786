"""What is needed soon is fetched now: with many replications, their rows are in no cache when an event comes.

Rules of this file: kernels that change nothing, called where the events to come are known. A fetch takes as
long as an event or two, so that what an event touches is asked for that much before it. Without this file all
figures are the same; 100,000 VMs take about twice as long.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_bottleneck import BY_S, CAPPED
from cxsim.sim.replication.kernel_cache import part

FAR, NEAR, NEXT = 6, 4, 2
"""Days ahead: the rows of the first of a chain, then those of the second, then what all of them name."""


@part
def _rows_of_start(st: Any, i: int) -> None:
    s.fetch_later(st, i)
    s.fetch_whole(st, i)
    s.fetch_start(st, i)
    s.fetch_places(st, i)
    s.fetch_at(st, i)


@part
def _named(st: Any, i: int) -> None:
    """What the rows of a replication name. Parts are where disks are as long as every disk has one."""
    whole = s.whole(st)
    s.fetch_running(st, whole[i, s.VM])
    s.fetch_disks(st, whole[i, s.FIRST_DISK])
    s.fetch_parts(st, whole[i, s.FIRST_DISK])


@part
def fetch_days(st: Any, today: int) -> None:
    """For the days that are opened next."""
    first, later = s.day_first(st), s.later(st)
    last = len(first) - 1
    i = first[(today + FAR) & last]
    if i >= 0:
        _rows_of_start(st, i)
    i = first[(today + NEAR) & last]
    if i >= 0 and later[i, s.NEXT] >= 0.0:
        _rows_of_start(st, int(later[i, s.NEXT]))
    i = first[(today + NEXT) & last]
    while i >= 0:
        _named(st, i)
        i = int(later[i, s.NEXT])


@part
def fetch_starts(st: Any) -> None:
    """For the starts that are next today."""
    ids, length = s.ids(st), s.cnt(st)[s.STARTS]
    if length > 0:
        s.fetch_start(st, ids[s.STARTS, 0])
        s.fetch_places(st, ids[s.STARTS, 0])
        _named(st, ids[s.STARTS, 0])
    for k in range(1, min(5, length)):
        s.fetch_whole(st, ids[s.STARTS, k])


@part
def fetch_done(st: Any) -> None:
    """For the transfer that is complete next."""
    if s.counts(st)[CAPPED] > 0:
        i = s.heaps(st)[BY_S, 0]
        s.fetch_start(st, i)
        s.fetch_rest(st, i)
        s.fetch_whole(st, i)
        s.fetch_whole_rest(st, i)
        s.fetch_recent(st, i * s.cnt(st)[s.OF_LAST])
        s.fetch_at(st, i)
        s.fetch_places(st, i)
        s.fetch_later(st, i)
