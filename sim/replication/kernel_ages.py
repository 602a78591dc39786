"""RPO accounting: exact and streaming, a few additions an instance.

Rules of this file: kernels over the state (kernel_state.py). The data age at t is t - start of the newest
complete instance; the RPO is violated while it is above the RPO. Violated time is accounted to what the
replication was doing: of a transfer, as much as it would have taken alone at its own cap is that cap's, the
rest the links'. How long the data had which age: between two instances the age rises from a to b, which
adds a kink at a and one at b to the (piecewise linear) cumulative distribution; kinks are counted and
summed by bin, so the distribution is exact at the edges of bins.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.kernel_cache import part


@part
def emit(st: Any, kind: int, i: int, a: float, b: float, c: float, d: float, e: float) -> None:
    """Tell what happened."""
    out, cnt = s.out(st), s.cnt(st)
    row = cnt[s.OUT]
    cnt[s.OUT] = row + 1
    out[row, 0] = kind
    out[row, 1] = i
    out[row, 2] = a
    out[row, 3] = b
    out[row, 4] = c
    out[row, 5] = d
    out[row, 6] = e


@part
def account(st: Any, i: int, now: float, left: float) -> None:
    """Account the time since the last call to what the replication was doing. `left`: of a transfer."""
    real = s.real(st)
    mark = real[i, s.MARK]
    due = min(real[i, s.DUE], real[i, s.SINCE])
    if now > due and now > mark:
        whole, causes = s.whole(st), s.causes(st)
        violated = now - max(mark, due)
        if whole[i, s.MOVING]:
            took, alone = now - mark, now - mark
            if real[i, s.CAP] > 0.0:
                alone = min(took, (real[i, s.MARK_LEFT] - left) / real[i, s.CAP])
            own = violated * alone / took
            causes[i, whole[i, s.CAP_CAUSE]] += own
            causes[i, s.LINK] += violated - own
        elif whole[i, s.SLOT] == s.WAITS:
            causes[i, whole[i, s.WAIT_CAUSE]] += violated
        elif not whole[i, s.CONNECTED]:
            causes[i, s.CONNECTION] += violated
        elif whole[i, s.PAUSED]:
            causes[i, s.PAUSE] += violated
        else:
            causes[i, s.SCHEDULE] += violated
    real[i, s.MARK] = now
    real[i, s.MARK_LEFT] = left


@part
def age_bin(ratio: float) -> int:
    """The bin of a data age, in RPOs."""
    if ratio * s.BINS_PER_RPO < s.LINEAR_BINS:
        return int(ratio * s.BINS_PER_RPO)
    return min(
        s.BINS - 1, s.LINEAR_BINS + int(math.log2(ratio * s.BINS_PER_RPO / s.LINEAR_BINS) * s.BINS_PER_OCTAVE)
    )


@part
def _rise(st: Any, i: int, rpo_s: float, first_s: float, last_s: float) -> None:
    """The age rose from `first_s` to `last_s`."""
    if last_s <= first_s:
        return
    a, b = first_s / rpo_s, last_s / rpo_s
    low, high, fleet = age_bin(a), age_bin(b), s.fleet(st)
    fleet[0, low] += rpo_s
    fleet[1, low] += first_s
    fleet[0, high] -= rpo_s
    fleet[1, high] -= last_s
    if s.cnt(st)[s.VM_AGES]:
        vm_kinks, vm_sums = s.vm_kinks(st), s.vm_sums(st)
        vm_kinks[i, low] += 1
        vm_sums[i, low] += a
        vm_kinks[i, high] -= 1
        vm_sums[i, high] -= b


@part
def _close(st: Any, i: int, now: float) -> None:
    """The violation that is going on, if any, ends."""
    real, whole, causes = s.real(st), s.whole(st), s.causes(st)
    since = real[i, s.SINCE]
    real[i, s.SINCE] = math.inf
    if now <= since:
        return
    whole[i, s.VIOLATIONS] += 1
    real[i, s.VIOLATED_S] += now - since
    main = 0
    for c in range(s.CAUSES):
        if causes[i, c] > causes[i, main]:
            main = c
        causes[i, s.CAUSES + c] += causes[i, c]
    if s.cnt(st)[s.KEEP]:
        emit(st, s.VIOLATION, i, since, now, main, 0.0, 0.0)
    for c in range(s.CAUSES):
        causes[i, c] = 0.0


@part
def pass_time(st: Any, i: int, now: float) -> None:
    """The age has risen until now."""
    real = s.real(st)
    age = now - real[i, s.NEWEST]
    real[i, s.PEAK] = max(real[i, s.PEAK], age)
    if real[i, s.DUE] < now:
        real[i, s.SINCE] = min(real[i, s.SINCE], real[i, s.DUE])
        real[i, s.DUE] = math.inf
    _rise(st, i, real[i, s.RPO], real[i, s.TOOTH], age)


@part
def start_clock(st: Any, i: int, started: float, now: float) -> bool:
    """The initial sync is complete: the clock runs; whether it starts in violation."""
    real = s.real(st)
    if real[i, s.FROM] < math.inf or real[i, s.UNTIL] < math.inf:
        return False
    real[i, s.FROM] = now
    real[i, s.NEWEST] = started
    real[i, s.PEAK] = real[i, s.TOOTH] = now - started
    real[i, s.MARK] = now
    if now - started > real[i, s.RPO]:
        real[i, s.SINCE] = now
        return True
    real[i, s.DUE] = started + real[i, s.RPO]
    return False


@part
def completed(st: Any, i: int, started: float, now: float) -> None:
    """An instance that began at `started` is complete, and its transfer accounted."""
    real, whole = s.real(st), s.whole(st)
    if real[i, s.FROM] == math.inf or real[i, s.UNTIL] < math.inf:
        return
    was_violated = real[i, s.SINCE] < math.inf
    pass_time(st, i, now)
    whole[i, s.SYNCS] += 1
    if now - real[i, s.NEWEST] > real[i, s.RPO] + s.num(st)[s.TOLERANCE_S]:
        whole[i, s.LATE] += 1
    real[i, s.NEWEST] = started
    real[i, s.TOOTH] = now - started
    if now - started <= real[i, s.RPO]:
        if real[i, s.SINCE] < math.inf:
            _close(st, i, now)
        real[i, s.DUE] = started + real[i, s.RPO]
        if was_violated and s.cnt(st)[s.NOTIFY]:
            emit(st, s.RPO_CHANGE, i, 0.0, now, now - started, 0.0, 0.0)


@part
def blame(st: Any, i: int, cause: int) -> None:
    """All of the violation that is going on was spent on one cause."""
    causes = s.causes(st)
    for c in range(s.CAUSES):
        causes[i, cause] += causes[i, c] if c != cause else 0.0
        if c != cause:
            causes[i, c] = 0.0


@part
def finish_clock(st: Any, i: int, now: float) -> None:
    """The clock stops, or never starts."""
    real = s.real(st)
    if real[i, s.UNTIL] < math.inf:
        return
    if real[i, s.FROM] < math.inf:
        pass_time(st, i, now)
        _close(st, i, now)
    real[i, s.UNTIL] = now
    real[i, s.DUE] = math.inf
