"""The queue of starts: a calendar queue (R. Brown, Communications of the ACM 31(10), 1988).

Rules of this file: kernels over the state. Every replication waits here once an RPO, and with many of them a
heap would be all cache misses. The day that is on, and what comes before its end, is in the heap STARTS
(kernel_queue.py), so the order is exact: the earliest first, at equal times the least id. What comes later is
chained by its day: `day_first[day & (days - 1)]`, then `later[id, NEXT]`, -1 at the end. A chain also holds
the same day of later years.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_ahead import fetch_days
from cxsim.sim.replication.kernel_cache import part
from cxsim.sim.replication.kernel_queue import drop, put

CHAINED = -2
"""`at` of what is not in the heap but in a chain."""
NEVER = 1 << 62


@part
def _day(st: Any, time_s: float) -> int:
    """The day of a time; the last for a time that is too far to count."""
    day = time_s / s.num(st)[s.DAY_S]
    return int(day) if day < 1e18 else NEVER


@part
def _chain(st: Any, entry: int, day: int, time_s: float) -> None:
    first, later = s.day_first(st), s.later(st)
    place = day & (len(first) - 1)
    later[entry, s.LATER_S], later[entry, s.NEXT] = time_s, first[place]
    first[place] = entry
    s.at(st)[entry, s.STARTS] = CHAINED


@part
def add_start(st: Any, time_s: float, entry: int) -> None:
    """Have a replication start at a time, and no more at another."""
    drop_start(st, entry)
    day = _day(st, time_s)
    if day <= s.cnt(st)[s.DAY]:
        put(st, s.STARTS, time_s, entry)
    else:
        _chain(st, entry, day, time_s)
        s.cnt(st)[s.LATER] += 1


@part
def drop_start(st: Any, entry: int) -> None:
    """Have it not start, if it was to."""
    at = s.at(st)
    if at[entry, s.STARTS] != CHAINED:
        drop(st, s.STARTS, entry)
        return
    first, later = s.day_first(st), s.later(st)
    place = _day(st, later[entry, s.LATER_S]) & (len(first) - 1)
    if first[place] == entry:
        first[place] = int(later[entry, s.NEXT])
    else:
        before = first[place]
        while int(later[before, s.NEXT]) != entry:
            before = int(later[before, s.NEXT])
        later[before, s.NEXT] = later[entry, s.NEXT]
    at[entry, s.STARTS] = -1
    s.cnt(st)[s.LATER] -= 1


@part
def _open_day(st: Any) -> None:
    """Move what is due this day to the heap."""
    first, later, today = s.day_first(st), s.later(st), s.cnt(st)[s.DAY]
    place = today & (len(first) - 1)
    entry = first[place]
    fetch_days(st, today)
    first[place] = -1
    while entry >= 0:
        following = int(later[entry, s.NEXT])
        day = _day(st, later[entry, s.LATER_S])
        if day <= today:
            s.at(st)[entry, s.STARTS] = -1
            s.cnt(st)[s.LATER] -= 1
            put(st, s.STARTS, later[entry, s.LATER_S], entry)
        else:
            _chain(st, entry, day, later[entry, s.LATER_S])
        entry = following


@part
def _first_day(st: Any) -> int:
    """The earliest day that anything is chained for."""
    first, later, found = s.day_first(st), s.later(st), NEVER
    for place in range(len(first)):
        entry = first[place]
        while entry >= 0:
            found = min(found, _day(st, later[entry, s.LATER_S]))
            entry = int(later[entry, s.NEXT])
    return found


@part
def first_start(st: Any) -> float:
    """When the first start is; inf: never. It is at the top of the heap then."""
    cnt = s.cnt(st)
    searched = 0
    while cnt[s.STARTS] == 0:
        if cnt[s.LATER] == 0:
            return math.inf
        cnt[s.DAY] += 1
        searched += 1
        if searched > len(s.day_first(st)):
            cnt[s.DAY] = _first_day(st)
        _open_day(st)
    found: float = s.due(st)[s.STARTS, 0]
    return found


@part
def spread_starts(st: Any) -> None:
    """Put everything where it belongs in a new, empty calendar."""
    at, later = s.at(st), s.later(st)
    s.cnt(st)[s.LATER] = 0
    for entry in range(s.cnt(st)[s.REPLICATIONS]):
        place = at[entry, s.STARTS]
        if place == CHAINED:
            at[entry, s.STARTS] = -1
            add_start(st, later[entry, s.LATER_S], entry)
        elif place >= 0 and _day(st, s.due(st)[s.STARTS, place]) > s.cnt(st)[s.DAY]:
            add_start(st, s.due(st)[s.STARTS, place], entry)
