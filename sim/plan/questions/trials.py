"""Trials of a plan: its VMs over a link at an RPO, with several seeds, and what they had together.

Rules of this file: every question about an RPO is answered from trials, so that answers agree; the first copy
of every VM is there already (the initial sync is `plan seed`). A trial's seeds are the plan's and those after
it, the same for every link and RPO. A VM's time in RPO is that of all seeds together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.runs import Fleet, Run, Runner, RunResult, Series, VmFigures, drawn_fleet
from cxsim.sim.plan.runs.sampling import usable_bps

DAY_S = 86400.0
EVERY_HOST, REPLICATOR = "host", "replicator"
"""Keys of limits that are no host's name."""


class CannotAsk(ValueError):
    """A question that cannot be answered as it was put: what is wrong and what would be right."""


@dataclass(frozen=True)
class VmTrial:
    """What a VM had, all seeds together. `share`: of its time in RPO; None: its clock never ran."""

    name: str
    share: float | None
    worst_share: float | None
    """Of the worst seed."""
    violations_per_day: float
    violated_s_per_day: float
    peak_age_s: float
    age_p95_s: float | None
    """Of the worst seed."""
    shipped_bytes_per_day: float
    causes: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Trial:
    """A link and an RPO. `results`: one a seed; ages in `age_p95` are of the worst seed, in RPOs."""

    link: Link
    rpo_s: float
    days: float
    usable_bps: float
    results: tuple[RunResult, ...]
    vms: tuple[VmTrial, ...]

    @property
    def share(self) -> float | None:
        """Of all VMs' time in RPO."""
        observed_s = math.fsum(vm.observed_s for result in self.results for vm in result.vms)
        violated_s = math.fsum(vm.violated_s for result in self.results for vm in result.vms)
        return 1 - violated_s / observed_s if observed_s > 0 else None

    @property
    def shares(self) -> tuple[float, ...]:
        """The same by seed."""
        return tuple(one.fleet.time_in_rpo for one in self.results if one.fleet.time_in_rpo is not None)

    @property
    def worst(self) -> VmTrial | None:
        """The VM that is least of the time in its RPO; the first of them."""
        known = [vm for vm in self.vms if vm.share is not None]
        return min(known, key=lambda vm: vm.share or 0.0, default=None)

    def met_by(self, share: float, fleet_mean: bool = False) -> bool:
        """Whether every VM is in its RPO for this share of the time; or all together, on average."""
        if fleet_mean:
            return self.share is not None and self.share >= share
        return bool(self.vms) and all(vm.share is not None and vm.share >= share for vm in self.vms)

    @property
    def violations_per_day(self) -> tuple[float, ...]:
        """Of all VMs, by seed."""
        return tuple(one.fleet.violations / self.days for one in self.results)

    @property
    def late_per_day(self) -> tuple[float, ...]:
        """Of these, by more than the tolerance (a minute): syncs that came so late."""
        return tuple(one.fleet.late_syncs / self.days for one in self.results)

    @property
    def peak_age_s(self) -> float:
        """The oldest data of any VM."""
        return max(one.fleet.peak_age_s for one in self.results)

    @property
    def age_p95(self) -> float | None:
        """The age that the data had at most for 95 % of the VMs' time."""
        return max((one.fleet.age_p95 for one in self.results if one.fleet.age_p95 is not None), default=None)

    @property
    def late_share(self) -> float | None:
        """Of syncs, those complete more than the tolerance after the RPO."""
        syncs = sum(one.fleet.syncs for one in self.results)
        return sum(one.fleet.late_syncs for one in self.results) / syncs if syncs else None

    @property
    def causes(self) -> tuple[tuple[str, float], ...]:
        """What violated seconds were spent on, of all seeds, the most first."""
        return _together([one.fleet.causes for one in self.results])

    @property
    def bottleneck(self) -> str | None:
        """What most of them were spent on."""
        return self.causes[0][0] if self.causes else None

    @property
    def used(self) -> float | None:
        """How much of what the link could carry was shipped."""
        shipped = math.fsum(one.fleet.shipped_bytes for one in self.results) / len(self.results)
        return shipped * 8 / (self.days * DAY_S) / self.usable_bps if self.usable_bps > 0 else None

    @property
    def series(self) -> Series | None:
        """Notes of the plan's own seed."""
        return self.results[0].series


@dataclass(frozen=True)
class Trials:
    """Makes trials. `measured_on`: the link that carried what was measured. Raises CannotAsk."""

    basis: Basis
    runner: Runner
    duration_s: float
    seeds: int = 1
    measured_on: Link | None = None
    _fleets: dict[tuple[float, int], Fleet] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise CannotAsk(f"{self.seeds} seeds: must be 1 or more")
        if not 0 < self.duration_s < math.inf:
            raise CannotAsk(f"{self.duration_s / DAY_S:g} days: must be more than 0")
        if not self.basis.planned():
            raise CannotAsk("no VM is in the plan: see readiness, and --include")

    def of(self, cases: Sequence[tuple[Link, float]], noted: bool = False) -> tuple[Trial, ...]:
        """The trials of these links and RPOs (seconds). `noted`: with notes of the plan's own seed."""
        runs: list[Run] = []
        for link, rpo_s in cases:
            for n in range(self.seeds):
                runs.append(self.run(self.fleet(rpo_s, n), link, noted and n == 0))
        results = self.runner.run(runs)
        return tuple(
            self._trial(
                link,
                rpo_s,
                runs[place * self.seeds],
                results[place * self.seeds : (place + 1) * self.seeds],
            )
            for place, (link, rpo_s) in enumerate(cases)
        )

    def fleet(self, rpo_s: float, n: int = 0) -> Fleet:
        """The VMs with the n-th seed."""
        if (rpo_s, n) not in self._fleets:
            self._fleets[rpo_s, n] = drawn_fleet(self.basis, rpo_s, self.basis.seed + n)
        return self._fleets[rpo_s, n]

    def run(self, fleet: Fleet, link: Link, noted: bool = False) -> Run:
        """One run of these VMs over this link."""
        (_, first_bps), *changes = link.changes(self.basis.week_s, self.duration_s)
        if changes or first_bps != link.planned_bps:
            changes = [(0.0, first_bps), *changes]
        return Run(
            fleet,
            link.planned_bps,
            self.duration_s,
            self.basis.settings,
            tuple(changes),
            self._limits(fleet),
            REPLICATOR if REPLICATOR in self.basis.limits else None,
            self.measured_bps(link),
            sample_s=_sample_s(self.duration_s) if noted else 0.0,
            daily=noted,
        )

    def measured_bps(self, link: Link) -> float | None:
        """What this link would carry by what was measured on another. Raises CannotAsk."""
        measured_bps = self.basis.measured_bps
        if measured_bps is None:
            return None
        if self.measured_on is None:
            raise CannotAsk("--measured says what a link carried, but not which: give it with --link")
        return measured_bps * link.planned_bps / self.measured_on.planned_bps

    def _limits(self, fleet: Fleet) -> tuple[tuple[str, int], ...]:
        found = dict(self.basis.limits)
        every = found.pop(EVERY_HOST, None)
        if every is not None:
            for host in sorted({vm.host for vm in fleet.vms if vm.host}):
                found.setdefault(host, every)
        return tuple(sorted(found.items()))

    def _trial(self, link: Link, rpo_s: float, run: Run, results: Sequence[RunResult]) -> Trial:
        days = self.duration_s / DAY_S
        vms = tuple(_vm_trial(figures, days) for figures in zip(*(r.vms for r in results), strict=True))
        return Trial(link, rpo_s, days, usable_bps(run, 0.0, self.duration_s), tuple(results), vms)


def _sample_s(duration_s: float) -> float:
    """About 500 notes, at most an hour apart."""
    return next((s for s in (300.0, 900.0, 1800.0) if duration_s / s <= 500), 3600.0)


def _vm_trial(figures: Sequence[VmFigures], days: float) -> VmTrial:
    observed_s = math.fsum(one.observed_s for one in figures)
    violated_s = math.fsum(one.violated_s for one in figures)
    n = len(figures)
    return VmTrial(
        name=figures[0].name,
        share=1 - violated_s / observed_s if observed_s > 0 else None,
        worst_share=min((one.time_in_rpo for one in figures if one.time_in_rpo is not None), default=None),
        violations_per_day=sum(one.violations for one in figures) / n / days,
        violated_s_per_day=violated_s / n / days,
        peak_age_s=max(one.peak_age_s for one in figures),
        age_p95_s=max((one.age_p95_s for one in figures if one.age_p95_s is not None), default=None),
        shipped_bytes_per_day=math.fsum(one.shipped_bytes for one in figures) / n / days,
        causes=_together([one.causes for one in figures]),
    )


def _together(causes: Sequence[Sequence[tuple[str, float]]]) -> tuple[tuple[str, float], ...]:
    spent: dict[str, float] = {}
    for one in causes:
        for name, seconds in one:
            spent[name] = spent.get(name, 0.0) + seconds
    return tuple(sorted(spent.items(), key=lambda pair: (-pair[1], pair[0])))
