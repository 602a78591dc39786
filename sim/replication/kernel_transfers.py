"""The transfers that share links now, by whichever algorithm fits: one interface over two states.

Rules of this file: kernels. While all replications have one route, kernel_bottleneck.py in virtual time;
otherwise dense arrays and kernel_filling.fill, with rates brought up to date when they are asked for. Every
cap is finite. What is left of a transfer can be read at any later time without changing anything.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_bottleneck import (
    BY_S,
    BY_V,
    CAPPED,
    NOW,
    SHARED,
    THETA,
    V,
    insert,
    left_of,
    pass_time,
    settle,
    withdraw,
)
from cxsim.sim.replication.kernel_cache import part
from cxsim.sim.replication.kernel_filling import fill

ACTIVE_COUNT, USED, STALE = range(3)
"""Entries of `busy`."""


@part
def _rates(st: Any) -> None:
    """Bring the rates up to date."""
    if s.busy(st)[STALE]:
        s.busy(st)[STALE] = 0
        fill(
            s.busy(st)[ACTIVE_COUNT],
            s.who(st),
            s.rate(st),
            s.cap(st),
            s.by_cap(st),
            True,
            s.route_begin(st),
            s.route_links(st),
            s.slot_place(st),
            s.used_links(st),
            s.busy(st)[USED],
            s.users(st),
            s.chain_head(st),
            s.chain_next(st),
            s.capacity(st),
            s.free(st),
            s.open_users(st),
            s.shares(st),
            s.heap_links(st),
        )


@part
def move_to(st: Any, now: float) -> None:
    """All that is shipped until now."""
    passed = now - s.moved_to(st)[0]
    if passed > 0.0:
        _rates(st)
        for k in range(s.busy(st)[ACTIVE_COUNT]):
            s.left(st)[k] = max(0.0, s.left(st)[k] - s.rate(st)[k] * passed)
    s.moved_to(st)[0] = now


@part
def _enter(st: Any, f: int, left: float, cap: float) -> None:
    k = s.busy(st)[ACTIVE_COUNT]
    s.who(st)[k], s.left(st)[k], s.place(st)[f], s.cap(st)[f] = f, left, k, cap
    for slot in range(s.route_begin(st)[f], s.route_begin(st)[f + 1]):
        link = s.route_links(st)[slot]
        s.slot_place(st)[slot] = k
        s.chain_next(st)[slot], s.chain_before(st)[slot] = s.chain_head(st)[link], -1
        if s.chain_head(st)[link] >= 0:
            s.chain_before(st)[s.chain_head(st)[link]] = slot
        s.chain_head(st)[link] = slot
        if s.users(st)[link] == 0:
            used = s.busy(st)[USED]
            s.used_links(st)[used], s.used_at(st)[link] = link, used
            s.busy(st)[USED] = used + 1
        s.users(st)[link] += 1
    at = k
    while at > 0 and s.cap(st)[s.who(st)[s.by_cap(st)[at - 1]]] > cap:
        s.by_cap(st)[at] = s.by_cap(st)[at - 1]
        at -= 1
    s.by_cap(st)[at] = k
    s.busy(st)[ACTIVE_COUNT] = k + 1
    s.busy(st)[STALE] = 1


@part
def _leave(st: Any, f: int) -> float:
    k = s.place(st)[f]
    left: float = s.left(st)[k]
    s.place(st)[f] = -1
    for slot in range(s.route_begin(st)[f], s.route_begin(st)[f + 1]):
        link = s.route_links(st)[slot]
        s.users(st)[link] -= 1
        if s.chain_before(st)[slot] >= 0:
            s.chain_next(st)[s.chain_before(st)[slot]] = s.chain_next(st)[slot]
        else:
            s.chain_head(st)[link] = s.chain_next(st)[slot]
        if s.chain_next(st)[slot] >= 0:
            s.chain_before(st)[s.chain_next(st)[slot]] = s.chain_before(st)[slot]
        if s.users(st)[link] == 0:
            used = s.busy(st)[USED] - 1
            s.busy(st)[USED] = used
            moved = s.used_links(st)[used]
            s.used_links(st)[s.used_at(st)[link]] = moved
            s.used_at(st)[moved] = s.used_at(st)[link]
    last = s.busy(st)[ACTIVE_COUNT] - 1
    s.busy(st)[ACTIVE_COUNT] = last
    at = 0
    while s.by_cap(st)[at] != k:
        at += 1
    for j in range(at, last):
        s.by_cap(st)[j] = s.by_cap(st)[j + 1]
    if k != last:
        g = s.who(st)[last]
        s.who(st)[k], s.left(st)[k], s.rate(st)[k], s.place(st)[g] = g, s.left(st)[last], s.rate(st)[last], k
        for slot in range(s.route_begin(st)[g], s.route_begin(st)[g + 1]):
            s.slot_place(st)[slot] = k
        for j in range(last):
            if s.by_cap(st)[j] == last:
                s.by_cap(st)[j] = k
    s.busy(st)[STALE] = 1
    return left


@part
def add(st: Any, i: int, left: float, cap: float, now: float) -> None:
    """A transfer begins, or goes on."""
    if s.cnt(st)[s.GENERAL]:
        move_to(st, now)
        _enter(st, i, left, cap)
    else:
        pass_time(s.level(st), now)
        insert(s.keys(st), s.heaps(st), s.places(st), s.held(st), s.level(st), s.counts(st), i, left, cap)
        settle(s.keys(st), s.heaps(st), s.places(st), s.held(st), s.level(st), s.counts(st))


@part
def remove(st: Any, i: int, now: float) -> float:
    """A transfer stops; what is left of it."""
    if s.cnt(st)[s.GENERAL]:
        move_to(st, now)
        return _leave(st, i)
    pass_time(s.level(st), now)
    left = withdraw(s.keys(st), s.heaps(st), s.places(st), s.held(st), s.level(st), s.counts(st), i)
    settle(s.keys(st), s.heaps(st), s.places(st), s.held(st), s.level(st), s.counts(st))
    return left


@part
def remove_done(st: Any, i: int, now: float) -> None:
    """The transfer that `first_done` told of is complete."""
    if s.cnt(st)[s.GENERAL]:
        move_to(st, now)
        _leave(st, i)
        return
    if s.places(st)[i, BY_V] >= 0:
        s.level(st)[V] = s.keys(st)[BY_V, 0]  # exactly, whatever the rounding of its time
        s.level(st)[NOW] = now
    else:
        pass_time(s.level(st), now)
    withdraw(s.keys(st), s.heaps(st), s.places(st), s.held(st), s.level(st), s.counts(st), i)
    settle(s.keys(st), s.heaps(st), s.places(st), s.held(st), s.level(st), s.counts(st))


@part
def first_done(st: Any) -> tuple[float, int]:
    """The next to be complete if nothing changes: when, which. At equal times the least id."""
    best_s, best = math.inf, -1
    if s.cnt(st)[s.GENERAL]:
        _rates(st)
        for k in range(s.busy(st)[ACTIVE_COUNT]):
            due = math.inf
            if s.left(st)[k] <= 0.0:
                due = s.moved_to(st)[0]
            elif s.rate(st)[k] > 0.0:
                due = s.moved_to(st)[0] + s.left(st)[k] / s.rate(st)[k]
            if due < best_s or (due == best_s and s.who(st)[k] < best):
                best_s, best = due, s.who(st)[k]
        return best_s, best
    if s.counts(st)[SHARED] > 0:
        i = s.heaps(st)[BY_V, 0]
        left = s.keys(st)[BY_V, 0] - s.level(st)[V]
        if left <= 0.0:
            best_s, best = s.level(st)[NOW], i
        elif s.level(st)[THETA] > 0.0:
            best_s, best = s.level(st)[NOW] + left / s.level(st)[THETA], i
    if s.counts(st)[CAPPED] > 0:
        i = s.heaps(st)[BY_S, 0]
        due = s.keys(st)[BY_S, 0]
        if due < best_s or (due == best_s and i < best):
            best_s, best = due, i
    return best_s, best


@part
def left_at(st: Any, i: int, now: float) -> float:
    """What will be left of a transfer at `now`, not before the last event; changes no result."""
    if s.cnt(st)[s.GENERAL]:
        _rates(st)
        k = s.place(st)[i]
        return max(0.0, s.left(st)[k] - s.rate(st)[k] * (now - s.moved_to(st)[0]))
    return left_of(s.keys(st), s.places(st), s.held(st), s.level(st), i, now)
