"""A plan of waves, tried: all of them in one run of the data plane, and what of it does not hold.

Rules of this file: a wave holds when every VM is seeded before its cutover begins, and every VM is up again
(final delta and boot) before its window closes. In a cold migration a VM is off from the start of its copy:
copy and boot lie in the window. Times are seconds after the start of the plan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis, PlannedVm, week_s_of
from cxsim.sim.plan.changes.model import Bound
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.seeding.building import COLD, job_of, member_of
from cxsim.sim.plan.seeding.job import Job, Member, MemberOutcome, Outcome, allocated_bytes
from cxsim.sim.plan.seeding.work import JobRunner
from cxsim.sim.plan.waves.affinity import Unit
from cxsim.sim.plan.waves.calendar import Calendar, Period

BOOT_S = 300.0
"""From the end of the final delta until a VM is up at the destination, assumed: import into the vApp,
network, power on, guest. No source gives a figure."""


@dataclass(frozen=True)
class Terms:
    """What all waves are under."""

    basis: Basis
    link: Link
    rpo_s: float
    start: datetime
    calendar: Calendar = field(default_factory=Calendar)
    boot_s: float = BOOT_S
    cutovers_at_once: int | None = None
    sync_ahead_s: float = 0.0
    bound: Bound = "mid"
    """Of the change rates."""

    @property
    def cold(self) -> bool:
        """VMs are off while they are copied."""
        return self.basis.kind == COLD

    def at(self, after_s: float) -> datetime:
        """An instant by its seconds after the start."""
        return self.start + timedelta(seconds=after_s)

    def instant(self, after_s: float) -> datetime:
        """The same to the second, for people."""
        return self.start + timedelta(seconds=round(after_s))

    def after_s(self, instant: datetime) -> float:
        """Seconds after the start."""
        return (instant - self.start).total_seconds()

    def carried_bytes(self, from_s: float, until_s: float) -> float:
        """What replication could ship over the link between two times."""
        if until_s <= from_s:
            return 0.0
        efficiency = self.basis.settings.link_efficiency
        if self.basis.measured_bps is not None:
            efficiency = self.basis.measured_bps / self.link.planned_bps
        changes = list(self.link.changes(week_s_of(self.at(from_s)), until_s - from_s))
        ends = [*(at_s for at_s, _ in changes[1:]), until_s - from_s]
        bits = math.fsum((end - at) * bps for (at, bps), end in zip(changes, ends, strict=True))
        return bits / 8 * efficiency


@dataclass(frozen=True)
class Wave:
    """Units that are copied from `start_s` on and cut over in `window`, from `cutover_s` on."""

    number: int
    units: tuple[Unit, ...]
    start_s: float
    cutover_s: float
    window: Period

    @property
    def labels(self) -> tuple[str, ...]:
        """Its VMs."""
        return tuple(label for unit in self.units for label in unit.labels)

    @property
    def name(self) -> str:
        """For people."""
        return f"wave {self.number}"


@dataclass(frozen=True)
class Moved:
    """A VM of a wave. `up_s`: it runs at the destination; None: that was not reached."""

    label: str
    unit: str
    wave: int
    start_s: float
    seeded_s: float | None
    off_s: float | None
    up_s: float | None

    @property
    def downtime_s(self) -> float | None:
        """From power-off to up."""
        return None if self.off_s is None or self.up_s is None else self.up_s - self.off_s


@dataclass(frozen=True)
class Failure:
    """What does not hold. `kind`: the copy is late, or the cutover ends after the window."""

    wave: int
    kind: str
    label: str
    text: str


@dataclass(frozen=True)
class Trial:
    """What came of a plan."""

    waves: tuple[Wave, ...]
    moved: tuple[Moved, ...]
    failures: tuple[Failure, ...]
    outcome: Outcome

    def of(self, wave: Wave) -> tuple[Moved, ...]:
        """The VMs of a wave."""
        return tuple(one for one in self.moved if one.wave == wave.number)

    def seeded_s(self, wave: Wave) -> float:
        """When its last copy was complete; inf: not."""
        times = [one.seeded_s for one in self.of(wave)]
        return max((math.inf if time_s is None else time_s for time_s in times), default=0.0)

    def up_s(self, wave: Wave) -> float:
        """When all of it ran at the destination; inf: not."""
        times = [one.up_s for one in self.of(wave)]
        return max((math.inf if time_s is None else time_s for time_s in times), default=0.0)


LATE, OVERRUN = "copy", "cutover"


@dataclass(frozen=True)
class Case:
    """Waves to be tried. `samples`: looks at what goes on, for charts."""

    terms: Terms
    waves: tuple[Wave, ...]
    samples: int = 0

    def places(self) -> list[tuple[Wave, Unit, str]]:
        """Every VM with its wave and unit, in the order of the run."""
        return [(wave, unit, label) for wave in self.waves for unit in wave.units for label in unit.labels]


def try_waves(cases: Sequence[Case], vms: Mapping[str, PlannedVm], jobs: JobRunner) -> list[Trial]:
    """Run each of these. Raises ValueError for a case without waves."""
    outcomes = jobs.run(_job(case, vms) for case in cases)
    return [_trial(case, outcome) for case, outcome in zip(cases, outcomes, strict=True)]


def _job(case: Case, vms: Mapping[str, PlannedVm]) -> Job:
    terms = case.terms
    members: list[Member] = []
    for wave, unit, label in case.places():
        cutover_s = None if terms.cold else wave.cutover_s
        own = f"{wave.number} {unit.grouped} {unit.name}"
        members.append(
            member_of(
                vms[label],
                terms.basis,
                terms.rpo_s,
                wave.start_s,
                terms.bound,
                cutover_s=cutover_s,
                unit=own,
            )
        )
    last_s = max(terms.after_s(wave.window.end) for wave in case.waves)
    return job_of(
        terms.basis,
        members,
        terms.link,
        week_s_of(terms.start),
        give_up_s=last_s + 86400.0,
        samples=case.samples,
        sync_ahead_s=terms.sync_ahead_s,
        cutovers_at_once=terms.cutovers_at_once,
    )


def _trial(case: Case, outcome: Outcome) -> Trial:
    moved = tuple(
        _moved(case.terms, wave, unit, label, one)
        for (wave, unit, label), one in zip(case.places(), outcome.members, strict=True)
    )
    return Trial(case.waves, moved, tuple(_failures(case.terms, case.waves, moved)), outcome)


def _moved(terms: Terms, wave: Wave, unit: Unit, label: str, one: MemberOutcome) -> Moved:
    off_s, sent_s = one.off_s, one.final_s
    if terms.cold:
        off_s, sent_s = wave.start_s, one.seeded_s
    up_s = None if sent_s is None else sent_s + terms.boot_s
    return Moved(label, unit.name, wave.number, wave.start_s, one.seeded_s, off_s, up_s)


def _failures(terms: Terms, waves: Sequence[Wave], moved: Sequence[Moved]) -> list[Failure]:
    by_wave: dict[int, list[Moved]] = {}
    for one in moved:
        by_wave.setdefault(one.wave, []).append(one)
    found = []
    for wave in waves:
        own = by_wave.get(wave.number, [])
        if not own:
            continue
        late = max(own, key=lambda one: (math.inf if one.seeded_s is None else one.seeded_s, one.label))
        if not terms.cold and (late.seeded_s is None or late.seeded_s >= wave.cutover_s):
            at = "never" if late.seeded_s is None else shown(terms.instant(late.seeded_s))
            opens = shown(terms.instant(wave.cutover_s))
            text = f"the copy of {late.label} would be complete {at}, cutovers begin {opens}"
            found.append(Failure(wave.number, LATE, late.label, text))
            continue
        last = max(own, key=lambda one: (math.inf if one.up_s is None else one.up_s, one.label))
        closes_s = terms.after_s(wave.window.end)
        if last.up_s is None or last.up_s > closes_s:
            at = "not in time" if last.up_s is None else shown(terms.instant(last.up_s))
            text = f"{last.label} would be up {at}, the window closes {shown(wave.window.end)}"
            found.append(Failure(wave.number, OVERRUN, last.label, text))
    return found


def copy_bytes(terms: Terms, vms: Mapping[str, PlannedVm], unit: Unit) -> float:
    """The first copies of a unit, as they travel."""
    given = math.fsum(allocated_bytes(vms[label].fleet_vm(terms.rpo_s)) for label in unit.labels)
    return given * (1.0 - terms.basis.settings.compression)
