"""How old the replica is: RPO accounting, exact and streaming.

Rules of this file: the data age at t is t - start of the newest complete instance, because an instance
reflects the source at the start of its sync (cx.md 6.1). The clock runs from the end of the initial sync
(`rpo_from_s`) to the final sync of the cutover; pauses and outages count. The RPO is violated while the
age is above it, so an instance that completes at exactly the RPO violates nothing. Seconds throughout.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.settings import Constant

Floats = npt.NDArray[np.float64]


CAUSES = ("wan", "path", "source read", "replicator", "host", "schedule", "connection", "pause")
"""What a violation is spent on. wan: the links are full; path: the transfer's own window over round trip,
loss or limit; replicator, host: waiting for their limit of replications at once; schedule: a transfer as
long, begun when it could have been, would have been in time; connection: there was none; pause."""


@dataclass(frozen=True)
class Violation:
    """The data age was above the RPO from `from_s` to `until_s`; `ongoing`: still is at the report."""

    from_s: float
    until_s: float
    ongoing: bool = False
    cause: str | None = None
    """What most of it was spent on (CAUSES)."""


@dataclass(frozen=True)
class Ages:
    """The age that the data had at most for 50, 95 and 99 % of the time: by bins of 1/32 of the RPO (an
    eighth of a doubling above 4 RPO), exact at their edges and interpolated between. Seconds for a VM,
    RPOs for a fleet."""

    p50: float
    p95: float
    p99: float

    def times(self, unit: float) -> Ages:
        """The same in another unit."""
        return Ages(self.p50 * unit, self.p95 * unit, self.p99 * unit)

    def at_most(self, peak: float) -> Ages:
        """None is above the peak: within a bin, interpolation may be."""
        return Ages(min(self.p50, peak), min(self.p95, peak), min(self.p99, peak))


@dataclass(frozen=True)
class VmRpo:
    """RPO compliance of one VM up to the time of the report."""

    name: str
    rpo_s: float
    rpo_from_s: float | None
    """End of the initial sync; None while it is still running: then nothing below is known."""
    rpo_until_s: float | None
    time_in_rpo: float | None
    """Fraction of the time observed."""
    violations: tuple[Violation, ...]
    peak_age_s: float
    syncs: int
    """Instances completed while the clock ran."""
    late_syncs: int
    """Of those, completed more than the tolerance after the RPO."""
    violated_s: float = 0.0
    """How long the RPO was violated."""
    violation_count: int = 0
    """All, also those whose times are not kept."""
    causes: tuple[tuple[str, float], ...] = ()
    """What the violated seconds were spent on, the most first."""
    ages: Ages | None = None

    @property
    def observed_s(self) -> float:
        """How long the clock has run."""
        if self.rpo_from_s is None or self.rpo_until_s is None:
            return 0.0
        return self.rpo_until_s - self.rpo_from_s


@dataclass(frozen=True)
class FleetRpo:
    """RPO compliance of all VMs together."""

    vms: int
    """VMs whose clock has started."""
    time_in_rpo: float | None
    """Observed VM time in RPO over observed VM time."""
    violations: int
    peak_age_s: float
    syncs: int
    late_syncs: int
    causes: tuple[tuple[str, float], ...] = ()
    """What the violated VM seconds were spent on, the most first."""
    ages: Ages | None = None
    """In RPOs, every VM's time counted alike."""


@dataclass(frozen=True)
class RpoReport:
    """Who kept the RPO. Instants in seconds since the epoch."""

    at_s: float
    late_tolerance_s: float
    vms: tuple[VmRpo, ...]
    fleet: FleetRpo
    inferred: tuple[Constant, ...] = ()
    """The constants without a source that the figures rest on."""

    def vm(self, name: str) -> VmRpo:
        """The figures of a VM. Raises KeyError for an unknown name; the last one when a VM was
        replicated more than once."""
        for vm in reversed(self.vms):
            if vm.name == name:
                return vm
        raise KeyError(name)


def fleet_of(vms: tuple[VmRpo, ...], ages: Ages | None = None) -> FleetRpo:
    """The fleet's figures from the VMs'."""
    seen = [vm for vm in vms if vm.rpo_from_s is not None]
    observed_s = math.fsum(vm.observed_s for vm in seen)
    violated_s = math.fsum(vm.violated_s for vm in seen)
    return FleetRpo(
        vms=len(seen),
        time_in_rpo=1 - violated_s / observed_s if observed_s > 0 else None,
        violations=sum(vm.violation_count for vm in seen),
        peak_age_s=max((vm.peak_age_s for vm in seen), default=0.0),
        syncs=sum(vm.syncs for vm in seen),
        late_syncs=sum(vm.late_syncs for vm in seen),
        causes=ranked([math.fsum(dict(vm.causes).get(name, 0.0) for vm in seen) for name in CAUSES]),
        ages=ages
        if ages is None
        else ages.at_most(max((vm.peak_age_s / vm.rpo_s for vm in seen), default=0.0)),
    )


def ranked(seconds: Sequence[float]) -> tuple[tuple[str, float], ...]:
    """Causes by what was spent on them, the most first; without those of nothing."""
    pairs = sorted(zip(CAUSES, seconds, strict=True), key=lambda pair: -pair[1])
    return tuple((name, spent) for name, spent in pairs if spent > 0)


def edges() -> Floats:
    """The upper edges of the bins, in RPOs."""
    low = np.arange(1, s.LINEAR_BINS + 1) / s.BINS_PER_RPO
    octaves = np.arange(1, s.BINS - s.LINEAR_BINS + 1) / s.BINS_PER_OCTAVE
    found: Floats = np.concatenate([low, low[-1] * 2.0**octaves])
    return found


def bins_of(ratios: Floats) -> npt.NDArray[np.int64]:
    """kernel_ages.age_bin of every age over its RPO."""
    scaled = np.maximum(ratios, 0.0) * s.BINS_PER_RPO
    above = s.LINEAR_BINS + np.log2(np.maximum(scaled / s.LINEAR_BINS, 1.0)) * s.BINS_PER_OCTAVE
    return np.minimum(s.BINS - 1, np.where(scaled < s.LINEAR_BINS, scaled, above).astype(np.int64))


def percentiles(kinks: Floats, sums: Floats) -> Ages | None:
    """The ages from the kinks of their distribution (kernel_ages.py); None when nothing was observed."""
    at = edges()
    below = np.maximum.accumulate(np.maximum(0.0, at * np.cumsum(kinks) - np.cumsum(sums)))
    below, at = np.concatenate([[0.0], below]), np.concatenate([[0.0], at])
    if below[-1] <= 0:
        return None
    first = np.searchsorted(below, np.array([0.5, 0.95, 0.99]) * below[-1])
    found = []
    for b, q in zip(first.tolist(), (0.5, 0.95, 0.99), strict=True):
        low, high = below[b - 1], below[b]
        part = (q * below[-1] - low) / (high - low) if high > low else 1.0
        found.append(float(at[b - 1] + part * (at[b] - at[b - 1])))
    return Ages(*found)


def vm_rpo(
    st: Any,
    i: int,
    name: str,
    at_s: float,
    spent_now: Floats,
    kept: Sequence[tuple[float, float, int]],
    origin_s: float,
    earlier_peak_s: float = 0.0,
) -> VmRpo:
    """The figures of a replication at `at_s`; `spent_now`: the causes of the violation that is
    going on; `kept`: its violations so far; `earlier_peak_s`: the peak taken out before (take_peaks)."""
    real, whole = st.real[i], st.whole[i]
    rpo_s, from_s = float(real[s.RPO]), float(real[s.FROM])
    if from_s == math.inf:
        return VmRpo(name, rpo_s, None, None, None, (), 0.0, 0, 0)
    running = real[s.UNTIL] == math.inf
    until_s = at_s if running else float(real[s.UNTIL])
    peak_s = max(earlier_peak_s, float(real[s.PEAK]))
    violated_s, count = float(real[s.VIOLATED_S]), int(whole[s.VIOLATIONS])
    spent = st.causes[i, s.CAUSES :].copy()
    found = [Violation(a + origin_s, b + origin_s, False, CAUSES[c]) for a, b, c in kept]
    if running:
        peak_s = max(peak_s, at_s - float(real[s.NEWEST]))
        since_s = max(from_s, float(min(real[s.SINCE], real[s.DUE])))
        if since_s < at_s:
            spent += spent_now
            cause = CAUSES[int(spent_now.argmax())]
            found.append(Violation(since_s + origin_s, at_s + origin_s, True, cause))
            violated_s += at_s - since_s
            count += 1
    ages = None
    if st.cnt[s.VM_AGES]:
        kinks, sums = st.vm_kinks[i].astype(np.float64), st.vm_sums[i].copy()
        if running:
            ratios = np.array([real[s.TOOTH], at_s - real[s.NEWEST]]) / rpo_s
            signs = np.array([1.0, -1.0])
            np.add.at(kinks, bins_of(ratios), signs)
            np.add.at(sums, bins_of(ratios), signs * ratios)
        ages = percentiles(kinks, sums)
        if ages is not None:
            ages = ages.times(rpo_s).at_most(peak_s)
    return VmRpo(
        name=name,
        rpo_s=rpo_s,
        rpo_from_s=from_s + origin_s,
        rpo_until_s=until_s + origin_s,
        time_in_rpo=1 - violated_s / (until_s - from_s) if until_s > from_s else None,
        violations=tuple(found),
        peak_age_s=peak_s,
        syncs=int(whole[s.SYNCS]),
        late_syncs=int(whole[s.LATE]),
        violated_s=violated_s,
        violation_count=count,
        causes=ranked(spent.tolist()),
        ages=ages,
    )
