"""One replication ships or does not: its transfer, the comparison of its disks, and what it waits for.

Rules of this file: kernels over the state (kernel_state.py). `halt` before what decides whether it ships is
changed, `go` after it.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_ages import account
from cxsim.sim.replication.kernel_cache import part
from cxsim.sim.replication.kernel_queue import drop, put
from cxsim.sim.replication.kernel_transfers import add, left_at, remove


@part
def queue(st: Any, which: int, i: int, due: float) -> None:
    """Have this due at a time; at inf: not at all."""
    if due < math.inf:
        put(st, which, due, i)
    else:
        drop(st, which, i)


@part
def run_s_of(running: Any, vm: int, now: float) -> float:
    """How long a VM has been on."""
    before: float = running[vm, 2]
    return before + (now - running[vm, 1] if running[vm, 0] > 0.0 else 0.0)


@part
def _shipping(whole: Any, i: int) -> bool:
    state = whole[i, s.STATE]
    return (
        (state == s.SYNCING or state == s.ACTIVE)
        and whole[i, s.CONNECTED] == 1
        and whole[i, s.PAUSED] == 0
        and whole[i, s.SLOT] == s.HAS_SLOT
    )


@part
def patience_due(st: Any, i: int) -> float:
    if s.whole(st)[i, s.CONNECTED] or s.whole(st)[i, s.IN_ERROR]:
        return math.inf
    due: float = (
        s.real(st)[i, s.LOST] + s.num(st)[s.PATIENCE_LOST_S if s.whole(st)[i, s.EVER] else s.PATIENCE_S]
    )
    return due


@part
def _scanned_due(st: Any, i: int) -> float:
    due: float = s.real(st)[i, s.SCAN_FROM] + s.real(st)[i, s.SCAN_LEFT] / s.num(st)[s.READ_RATE]
    return due


@part
def queue_rare(st: Any, i: int) -> None:
    due = math.inf
    if s.whole(st)[i, s.STATE] != s.ENDED:
        due = min(s.real(st)[i, s.ATTEMPT], patience_due(st, i), _scanned_due(st, i))
    queue(st, s.RARE, i, due)


@part
def _set_cap(st: Any, i: int) -> None:
    """What it may ship a second now. While the disks are compared nothing is shipped before it was found
    to differ."""
    real, whole = s.real(st), s.whole(st)
    cap = s.num(st)[s.READ_RATE]
    if real[i, s.SCAN_LEFT] > 0.0 and real[i, s.SCAN_TOTAL] > 0.0:
        cap *= real[i, s.TOTAL] / real[i, s.SCAN_TOTAL]
    whole[i, s.CAP_CAUSE] = s.READ
    if real[i, s.PATH_CAP] < cap:
        cap = real[i, s.PATH_CAP]
        whole[i, s.CAP_CAUSE] = whole[i, s.PATH_CAUSE]
    real[i, s.CAP] = cap


@part
def account_now(st: Any, i: int) -> None:
    """Account the time up to now to what the replication is doing, which is about to change."""
    now = s.num(st)[s.CLOCK_S]
    left = 0.0
    if s.whole(st)[i, s.MOVING]:
        left = left_at(st, i, now)
    account(st, i, now, left)


@part
def halt(st: Any, i: int) -> None:
    """Stop shipping, keeping what is left."""
    real, whole, now = s.real(st), s.whole(st), s.num(st)[s.CLOCK_S]
    account_now(st, i)
    if whole[i, s.MOVING]:
        real[i, s.LEFT] = remove(st, i, now)
        whole[i, s.MOVING] = 0
    if real[i, s.SCAN_FROM] < math.inf:
        scanned = (now - real[i, s.SCAN_FROM]) * s.num(st)[s.READ_RATE]
        real[i, s.SCAN_LEFT] = max(0.0, real[i, s.SCAN_LEFT] - scanned)
        real[i, s.SCAN_FROM] = math.inf


@part
def go(st: Any, i: int) -> None:
    """Ship, if it can be."""
    real, whole, now = s.real(st), s.whole(st), s.num(st)[s.CLOCK_S]
    if not _shipping(whole, i):
        return
    if real[i, s.SCAN_LEFT] > 0.0:
        real[i, s.SCAN_FROM] = now
    if whole[i, s.SENT] and real[i, s.SCAN_LEFT] > 0.0:
        return
    _set_cap(st, i)
    whole[i, s.MOVING] = 1
    real[i, s.MARK_LEFT] = real[i, s.LEFT]
    add(st, i, real[i, s.LEFT], real[i, s.CAP], now)
