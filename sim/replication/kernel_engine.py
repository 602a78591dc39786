"""The replication engine, compiled: every replication's state machine and one order of events.

Rules of this file: kernels over the state (kernel_state.py); engine.py is their only caller. Events of one
instant: connection, end of the comparison of disks, completion, RPO passed, start; then the least id. The
owner's inputs (capacity, path, pause, ...) come before all of these, because `run` with `strict` stops
before their instant.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_ages import (
    account,
    blame,
    completed,
    emit,
    finish_clock,
    start_clock,
)
from cxsim.sim.replication.kernel_ahead import fetch_done, fetch_starts
from cxsim.sim.replication.kernel_bottleneck import CAPACITY, pass_time, settle
from cxsim.sim.replication.kernel_cache import kernel, part
from cxsim.sim.replication.kernel_calendar import add_start, drop_start, first_start, spread_starts
from cxsim.sim.replication.kernel_moving import (
    account_now,
    go,
    halt,
    patience_due,
    queue,
    queue_rare,
    run_s_of,
)
from cxsim.sim.replication.kernel_planning import first_expected_s, plan, remember
from cxsim.sim.replication.kernel_transfers import (
    STALE,
    add,
    first_done,
    left_at,
    move_to,
    remove,
    remove_done,
)
from cxsim.sim.replication.kernel_volume import set_clocks, take_volume

NOTHING, CONNECT, GIVE_UP, SCANNED, COMPLETE, RPO_PASSED, BEGIN = range(7)
"""Kinds of events in their order at equal times (the first three: one queue)."""


@part
def _plan_start(st: Any, i: int) -> None:
    """Have the next instance start when it is due, or at once when that has passed."""
    start_s = max(s.num(st)[s.CLOCK_S], s.real(st)[i, s.START])
    if start_s < math.inf:
        add_start(st, start_s, i)
    else:
        drop_start(st, i)


@part
def _take_changes(st: Any, i: int) -> None:
    """Start to ship what has changed since the last start."""
    real, whole, now = s.real(st), s.whole(st), s.num(st)[s.CLOCK_S]
    run_s = run_s_of(s.running(st), whole[i, s.VM], now)
    volume = take_volume(
        s.disks(st), whole[i, s.FIRST_DISK], whole[i, s.END_DISK], s.parts(st), s.table(st), run_s
    )
    real[i, s.TOTAL] = real[i, s.LEFT] = volume * s.num(st)[s.SHIPPED_FRACTION]
    real[i, s.COVERED] = now - real[i, s.STARTED]
    real[i, s.STARTED] = now
    real[i, s.STARTED_RUN] = run_s
    go(st, i)


@part
def _granted(st: Any, i: int) -> bool:
    """Take a slot of the host and of both replicators, if all have one."""
    whole, slots = s.whole(st), s.slots(st)
    host, replicator, receiver = whole[i, s.HOST], whole[i, s.REPLICATOR], whole[i, s.RECEIVER]
    if host >= 0 and slots[host, 1] >= slots[host, 0]:
        whole[i, s.WAIT_CAUSE] = s.BY_HOST
        return False
    if replicator >= 0 and slots[replicator, 1] >= slots[replicator, 0]:
        whole[i, s.WAIT_CAUSE] = s.BY_REPLICATOR
        return False
    if receiver >= 0 and slots[receiver, 1] >= slots[receiver, 0]:
        whole[i, s.WAIT_CAUSE] = s.BY_REPLICATOR
        return False
    if host >= 0:
        slots[host, 1] += 1
    if replicator >= 0:
        slots[replicator, 1] += 1
    if receiver >= 0:
        slots[receiver, 1] += 1
    whole[i, s.SLOT] = s.HAS_SLOT
    return True


@part
def _work(st: Any, i: int) -> None:
    """A slot is there: begin what waited for it."""
    real, whole, now = s.real(st), s.whole(st), s.num(st)[s.CLOCK_S]
    if whole[i, s.STATE] == s.SYNCING:
        if real[i, s.COVERED] == math.inf and real[i, s.STARTED] == math.inf:
            run_s = run_s_of(s.running(st), whole[i, s.VM], now)
            real[i, s.STARTED], real[i, s.STARTED_RUN] = now, run_s
            set_clocks(
                s.disks(st), whole[i, s.FIRST_DISK], whole[i, s.END_DISK], s.parts(st), s.table(st), run_s
            )
        go(st, i)
    else:
        whole[i, s.STATE] = s.ACTIVE
        real[i, s.START], real[i, s.MOVED] = math.inf, 0.0
        _take_changes(st, i)
    queue_rare(st, i)


@part
def _ask_slot(st: Any, i: int) -> bool:
    """Take a slot, or wait for one."""
    if s.whole(st)[i, s.SLOT] == s.HAS_SLOT or _granted(st, i):
        return True
    account_now(st, i)
    s.whole(st)[i, s.SLOT] = s.WAITS
    queue(st, s.WAITING, i, s.num(st)[s.CLOCK_S])
    return False


@part
def _give_slot(st: Any, i: int) -> None:
    """Give the slot back; those that waited longest begin."""
    whole, slots = s.whole(st), s.slots(st)
    if whole[i, s.SLOT] == s.WAITS:
        queue(st, s.WAITING, i, math.inf)
    elif whole[i, s.SLOT] == s.HAS_SLOT:
        if whole[i, s.HOST] >= 0:
            slots[whole[i, s.HOST], 1] -= 1
        if whole[i, s.REPLICATOR] >= 0:
            slots[whole[i, s.REPLICATOR], 1] -= 1
        if whole[i, s.RECEIVER] >= 0:
            slots[whole[i, s.RECEIVER], 1] -= 1
    whole[i, s.SLOT] = s.NO_SLOT


@part
def _next_in_line(st: Any) -> None:
    """Begin what can begin of those that wait, the longest wait first, then the least id."""
    due, ids = s.due(st), s.ids(st)
    after_s, after = -math.inf, -1
    while True:
        best_s, best = math.inf, -1
        for k in range(s.cnt(st)[s.WAITING]):
            t, j = due[s.WAITING, k], ids[s.WAITING, k]
            later = t > after_s or (t == after_s and j > after)
            if later and (t < best_s or (t == best_s and j < best)):
                best_s, best = t, j
        if best < 0:
            return
        after_s, after = best_s, best
        account_now(st, best)
        if _granted(st, best):
            queue(st, s.WAITING, best, math.inf)
            _work(st, best)


@part
def _attend(st: Any, i: int) -> None:
    """After a connection, a pause or a path has changed: do what can be done now."""
    whole = s.whole(st)
    ready = whole[i, s.CONNECTED] == 1 and whole[i, s.PAUSED] == 0
    if not ready:
        halt(st, i)
        drop_start(st, i)
        if whole[i, s.SLOT] == s.WAITS:
            _give_slot(st, i)
    elif whole[i, s.STATE] == s.IDLE:
        _plan_start(st, i)
    elif whole[i, s.STATE] != s.ENDED and not whole[i, s.MOVING] and _ask_slot(st, i):
        account_now(st, i)
        if whole[i, s.STATE] == s.SYNCING:
            _work(st, i)
        else:
            go(st, i)
    queue_rare(st, i)


@part
def _back_off(st: Any, i: int) -> None:
    s.whole(st)[i, s.FAILURES] += 1
    wait_s = min(s.num(st)[s.STEP_S] * s.whole(st)[i, s.FAILURES], s.num(st)[s.MOST_S])
    s.real(st)[i, s.ATTEMPT] = s.num(st)[s.CLOCK_S] + wait_s


@part
def _rare(st: Any, i: int) -> None:
    """A connection is tried, patience ends, or the disks are compared."""
    real, whole, now = s.real(st), s.whole(st), s.num(st)[s.CLOCK_S]
    if real[i, s.ATTEMPT] <= now:
        if not whole[i, s.ROUTED]:
            _back_off(st, i)
            queue_rare(st, i)
            return
        account_now(st, i)
        whole[i, s.CONNECTED] = whole[i, s.EVER] = 1
        whole[i, s.IN_ERROR] = whole[i, s.FAILURES] = 0
        real[i, s.ATTEMPT] = math.inf
        _attend(st, i)
    elif patience_due(st, i) <= now:
        whole[i, s.IN_ERROR] = 1
        queue_rare(st, i)
    else:
        halt(st, i)
        real[i, s.SCAN_LEFT] = 0.0
        if whole[i, s.SENT]:
            real[i, s.LEFT] = 0.0
        whole[i, s.SENT] = 0
        go(st, i)
        queue_rare(st, i)


@part
def _complete(st: Any, i: int) -> None:
    """The running sync is complete: an instance. Plan the next."""
    real, whole, now = s.real(st), s.whole(st), s.num(st)[s.CLOCK_S]
    whole[i, s.SEQUENCE] += 1
    moved = real[i, s.MOVED] + real[i, s.TOTAL]
    real[i, s.SHIPPED] += moved
    if s.cnt(st)[s.NOTIFY]:
        emit(
            st,
            s.INSTANCE,
            i,
            whole[i, s.SEQUENCE],
            real[i, s.STARTED],
            now,
            moved,
            real[i, s.STARTED_RUN],
        )
    whole[i, s.STATE] = s.IDLE
    real[i, s.DONE] = now
    if whole[i, s.WANTED]:
        real[i, s.START], whole[i, s.WANTED] = now, 0
    elif whole[i, s.FINAL]:
        real[i, s.START] = math.inf
    else:
        plan(st, i)
    if whole[i, s.HOST] >= 0 or whole[i, s.REPLICATOR] >= 0 or whole[i, s.RECEIVER] >= 0:
        _give_slot(st, i)
        _next_in_line(st)
    _plan_start(st, i)
    if s.cnt(st)[s.NOTIFY]:
        queue(st, s.PASSED, i, real[i, s.DUE])


@part
def _blame_start(st: Any, i: int, took: float) -> None:
    """A transfer as long as this one would have been in time: without the wait for a slot, then the slot is
    the cause of the violation; begun when it could have been, then the schedule is."""
    real = s.real(st)
    due = real[i, s.NEWEST] + real[i, s.RPO]
    begun = max(real[i, s.DONE], real[i, s.NEWEST])
    if real[i, s.ASKED] < real[i, s.STARTED] and real[i, s.ASKED] + took <= due:
        blame(st, i, s.whole(st)[i, s.WAIT_CAUSE])
    elif begun < real[i, s.STARTED] and begun + took <= due:
        blame(st, i, s.SCHEDULE)


@part
def _done(st: Any, i: int) -> None:
    """All of a transfer has arrived."""
    real, whole, now = s.real(st), s.whole(st), s.num(st)[s.CLOCK_S]
    remove_done(st, i, now)
    account(st, i, now, 0.0)
    whole[i, s.MOVING] = 0
    real[i, s.LEFT] = 0.0
    if real[i, s.SCAN_LEFT] > 0.0:
        whole[i, s.SENT] = 1
        return
    took = now - real[i, s.STARTED]
    if whole[i, s.STATE] == s.ACTIVE:
        if whole[i, s.REMEMBERED] == 0:
            took = first_expected_s(real, i, took)
        remember(st, i, took)
        if min(real[i, s.DUE], real[i, s.SINCE]) < now:
            _blame_start(st, i, took)
        completed(st, i, real[i, s.STARTED], now)
        _complete(st, i)
        return
    # A round of the initial sync is the last when it took RPO/2 or less, so that a delta no longer than it
    # is complete within the RPO, or when rounds get no shorter.
    if s.cnt(st)[s.CATCH_UP] and real[i, s.RPO] / 2 < took and took < real[i, s.COVERED]:
        real[i, s.MOVED] += real[i, s.TOTAL]
        whole[i, s.ROUND] += 1
        _take_changes(st, i)
        return
    if whole[i, s.ROUND] > 0:
        whole[i, s.REMEMBERED] = whole[i, s.OLDEST] = 0
        remember(st, i, first_expected_s(real, i, took))
    violated = start_clock(st, i, real[i, s.STARTED], now)
    _complete(st, i)
    if violated and s.cnt(st)[s.NOTIFY]:
        emit(st, s.RPO_CHANGE, i, 1.0, now, now - real[i, s.NEWEST], 0.0, 0.0)


@part
def _rpo_passed(st: Any, i: int) -> None:
    real, now = s.real(st), s.num(st)[s.CLOCK_S]
    real[i, s.SINCE], real[i, s.DUE] = real[i, s.DUE], math.inf
    emit(st, s.RPO_CHANGE, i, 1.0, now, now - real[i, s.NEWEST], 0.0, 0.0)


@part
def _begin(st: Any, i: int) -> None:
    """An instance is due: start it, or wait for a slot."""
    account_now(st, i)
    s.real(st)[i, s.ASKED] = s.num(st)[s.CLOCK_S]
    if _ask_slot(st, i):
        s.whole(st)[i, s.STATE] = s.ACTIVE
        s.real(st)[i, s.START], s.real(st)[i, s.MOVED] = math.inf, 0.0
        _take_changes(st, i)


@part
def _next(st: Any) -> tuple[float, int, int]:
    """The next event: when, kind, which."""
    cnt, due, ids = s.cnt(st), s.due(st), s.ids(st)
    done_s, done = first_done(st)
    best_s, kind, i = done_s, COMPLETE, done
    start_s = first_start(st)
    if start_s < best_s:
        best_s, kind, i = start_s, BEGIN, ids[s.STARTS, 0]
    if cnt[s.PASSED] > 0 and (due[s.PASSED, 0] < best_s or (due[s.PASSED, 0] == best_s and kind == BEGIN)):
        best_s, kind, i = due[s.PASSED, 0], RPO_PASSED, ids[s.PASSED, 0]
    if cnt[s.RARE] > 0 and due[s.RARE, 0] <= best_s:
        best_s, kind, i = due[s.RARE, 0], CONNECT, ids[s.RARE, 0]
    return max(best_s, s.num(st)[s.CLOCK_S]), kind, i


@kernel
def peek(st: Any) -> float:
    """When the next event is; inf: never."""
    return _next(st)[0]


@part
def _run(st: Any, until_s: float, strict: bool, most: int) -> bool:
    """Run the events up to `until_s` (`strict`: before it), at most `most`, and no more than `out` holds;
    whether that was all."""
    for _ in range(most):
        t, kind, i = _next(st)
        if t > until_s or (strict and t >= until_s) or t == math.inf:
            return True
        if s.cnt(st)[s.OUT] > s.OUT_ROWS - s.OUT_SPARE:
            return False
        s.num(st)[s.CLOCK_S] = t
        s.cnt(st)[s.EVENTS] += 1
        if kind == COMPLETE:
            _done(st, i)
            fetch_done(st)
        elif kind == BEGIN:
            drop_start(st, i)
            fetch_starts(st)
            _begin(st, i)
            fetch_done(st)
        elif kind == CONNECT:
            _rare(st, i)
        else:
            queue(st, s.PASSED, i, math.inf)
            _rpo_passed(st, i)
    return False


(
    CAPACITY_CHANGED,
    PATH_CHANGED,
    PATH_LOST,
    PAUSE_CHANGED,
    SYNC,
    SYNC_FINAL,
    STOP,
    UNLOAD,
    LOAD,
    NEW,
    CALENDAR,
) = range(11)
"""Inputs. CALENDAR: there is a new one (kernel_calendar.py)."""


@part
def _enter(st: Any, what: int, i: int, value: float) -> None:
    """An input at the engine's clock. CAPACITY_CHANGED: of link i, or of the bottleneck."""
    real, whole, now, general = s.real(st), s.whole(st), s.num(st)[s.CLOCK_S], s.cnt(st)[s.GENERAL]
    if what == CAPACITY_CHANGED:
        if general:
            move_to(st, now)
            s.capacity(st)[i] = value
            s.busy(st)[STALE] = 1
        else:
            pass_time(s.level(st), now)
            s.level(st)[CAPACITY] = value
            settle(s.keys(st), s.heaps(st), s.places(st), s.held(st), s.level(st), s.counts(st))
    elif what == NEW:
        queue_rare(st, i)
    elif what == CALENDAR:
        spread_starts(st)
    elif what == PATH_CHANGED:
        whole[i, s.ROUTED] = 1
        if real[i, s.PATH_CAP] != value:
            halt(st, i)
            real[i, s.PATH_CAP] = value
            go(st, i)
            queue_rare(st, i)
    elif what == PATH_LOST:
        whole[i, s.ROUTED] = 0
        if whole[i, s.CONNECTED]:
            halt(st, i)
            whole[i, s.CONNECTED] = whole[i, s.FAILURES] = 0
            real[i, s.LOST] = now
            _back_off(st, i)
            if s.cnt(st)[s.RESTART] and whole[i, s.STATE] != s.IDLE:
                real[i, s.LEFT] = real[i, s.TOTAL]
                whole[i, s.SENT] = 0
            _attend(st, i)
            _next_in_line(st)
    elif what == PAUSE_CHANGED:
        if whole[i, s.PAUSED] != int(value):
            halt(st, i)
            whole[i, s.PAUSED] = int(value)
            _attend(st, i)
            _next_in_line(st)
    elif what in (SYNC, SYNC_FINAL):
        if what == SYNC_FINAL:
            account_now(st, i)
            finish_clock(st, i, now)
            whole[i, s.FINAL] = 1
            queue(st, s.PASSED, i, math.inf)
        if whole[i, s.STATE] != s.IDLE:
            whole[i, s.WANTED] = 1
        else:
            real[i, s.START] = min(real[i, s.START], now)
            if whole[i, s.CONNECTED] and not whole[i, s.PAUSED] and whole[i, s.SLOT] != s.WAITS:
                _plan_start(st, i)
    elif what == STOP:
        halt(st, i)
        finish_clock(st, i, now)
        whole[i, s.STATE] = s.ENDED
        whole[i, s.CONNECTED] = whole[i, s.ROUTED] = 0
        real[i, s.ATTEMPT] = real[i, s.START] = math.inf
        _give_slot(st, i)
        drop_start(st, i)
        for which in (s.RARE, s.PASSED, s.WAITING):
            queue(st, which, i, math.inf)
        _next_in_line(st)
    else:
        for j in range(len(whole)):
            if whole[j, s.MOVING] and what == UNLOAD:
                real[j, s.LEFT] = remove(st, j, now)
            elif whole[j, s.MOVING]:
                add(st, j, real[j, s.LEFT], real[j, s.CAP], now)


@kernel
def left(st: Any, i: int, now: float) -> float:
    """What is left of the running sync at `now`; changes no result."""
    if s.whole(st)[i, s.MOVING]:
        return left_at(st, i, now)
    return s.real(st)[i, s.LEFT]


@kernel
def drive(st: Any, what: int, i: int, value: float, until_s: float, strict: bool, most: int) -> bool:
    """An input, or (what < 0) events: one kernel, because it is compiled as a whole."""
    if what >= 0:
        _enter(st, what, i, value)
        return True
    return _run(st, until_s, strict, most)


def run(st: Any, until_s: float, strict: bool, most: int) -> bool:
    """Run the events up to `until_s` (`strict`: before it), at most `most`; whether that was all."""
    return drive(st, -1, 0, 0.0, until_s, strict, most)


def enter(st: Any, what: int, i: int, value: float) -> None:
    """An input at the engine's clock."""
    drive(st, what, i, value, 0.0, False, 0)


@kernel
def spent(st: Any, i: int, now: float, into: Any) -> None:
    """What the violation that is going on has been spent on at `now`; changes no result."""
    real, causes = s.real(st), s.causes(st)
    mark, mark_left = real[i, s.MARK], real[i, s.MARK_LEFT]
    for c in range(s.CAUSES):
        into[c] = causes[i, c]
    account(st, i, now, left_at(st, i, now) if s.whole(st)[i, s.MOVING] else 0.0)
    for c in range(s.CAUSES):
        causes[i, c], into[c] = into[c], causes[i, c]
    real[i, s.MARK], real[i, s.MARK_LEFT] = mark, mark_left
