"""When the next instance starts, compiled: the vendor's rule, a fixed interval, or one after the other.

Rules of this file: kernels over the state (kernel_state.py); scheduler.py says the rule and its sources.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_cache import part
from cxsim.sim.replication.kernel_calendar import CHAINED, add_start


@part
def _share_links(st: Any, i: int, j: int) -> bool:
    """Whether two replications have a link in common."""
    begin, links = s.route_begin(st), s.route_links(st)
    if not s.cnt(st)[s.GENERAL]:
        return True
    for a in range(begin[i], begin[i + 1]):
        for b in range(begin[j], begin[j + 1]):
            if links[a] == links[b]:
                return True
    return False


@part
def _even_out(st: Any, i: int) -> None:
    """scheduler.even_out for those that wait and share links with this one."""
    real, whole, order, now = s.real(st), s.whole(st), s.planned(st), s.num(st)[s.CLOCK_S]
    if not whole[i, s.ROUTED]:
        return
    count = 0
    for j in range(s.cnt(st)[s.REPLICATIONS]):
        waits = whole[j, s.STATE] == s.IDLE and whole[j, s.ROUTED] and now < real[j, s.START] < math.inf
        if not waits or real[j, s.PLAN_TAKES] == math.inf or not _share_links(st, i, j):
            continue
        end, at = real[j, s.PLAN_LATEST] + real[j, s.PLAN_TAKES], count
        while at > 0:
            other = order[at - 1]
            if real[other, s.PLAN_LATEST] + real[other, s.PLAN_TAKES] > end:
                break
            order[at] = other
            at -= 1
        order[at] = j
        count += 1
    free_until = math.inf
    for at in range(count):
        j = order[at]
        latest = real[j, s.PLAN_LATEST]
        start = min(latest, free_until - real[j, s.PLAN_TAKES])
        if start < max(real[j, s.PLAN_FROM], now):
            start = latest
        free_until = min(free_until, start)
        real[j, s.START] = start
        if s.at(st)[j, s.STARTS] >= 0 or s.at(st)[j, s.STARTS] == CHAINED:
            add_start(st, start, j)


@part
def plan(st: Any, i: int) -> None:
    """When the next instance starts (scheduler.py says the rule and its sources)."""
    real, num, now = s.real(st), s.num(st), s.num(st)[s.CLOCK_S]
    earliest = max(now, real[i, s.STARTED] + num[s.MIN_INTERVAL_S])
    rule = s.cnt(st)[s.RULE]
    if rule == s.CONTINUOUS:
        real[i, s.START] = earliest
        return
    if rule == s.FIXED:
        interval = num[s.INTERVAL_S] if num[s.INTERVAL_S] > 0.0 else real[i, s.RPO]
        real[i, s.START] = max(earliest, real[i, s.STARTED] + interval)
        return
    known = s.whole(st)[i, s.REMEMBERED]
    if known == 0:
        real[i, s.START] = real[i, s.PLAN_FROM] = real[i, s.PLAN_LATEST] = earliest
        real[i, s.PLAN_TAKES] = 0.0
        return
    total = 0.0
    for k in range(known):
        total += s.recent(st)[i * s.cnt(st)[s.OF_LAST] + k]
    latest = real[i, s.STARTED] + real[i, s.RPO] - total / known * (1.0 + num[s.MARGIN])
    latest = max(earliest, latest)
    early = real[i, s.RPO] * num[s.MARGIN] / (1.0 + num[s.MARGIN])
    real[i, s.PLAN_FROM], real[i, s.PLAN_LATEST] = max(earliest, latest - early), latest
    real[i, s.PLAN_TAKES] = total / known * (1.0 + num[s.MARGIN])
    real[i, s.START] = latest
    if s.cnt(st)[s.REPLICATIONS] <= s.cnt(st)[s.EVEN_OUT]:
        _even_out(st, i)


@part
def remember(st: Any, i: int, took: float) -> None:
    """A duration that the next plans go by."""
    whole = s.whole(st)
    at = whole[i, s.OLDEST]
    s.recent(st)[i * s.cnt(st)[s.OF_LAST] + at] = took
    whole[i, s.OLDEST] = at + 1 if at + 1 < s.cnt(st)[s.OF_LAST] else 0
    whole[i, s.REMEMBERED] = min(whole[i, s.REMEMBERED] + 1, s.cnt(st)[s.OF_LAST])


@part
def first_expected_s(real: Any, i: int, took: float) -> float:
    """A first duration, scaled to a whole RPO (scheduler.first_expected_s)."""
    covered = real[i, s.COVERED]
    scaled: float = min(real[i, s.RPO] / 2, took * real[i, s.RPO] / covered) if covered > 0.0 else took
    return scaled
