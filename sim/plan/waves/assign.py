"""Which unit moves in which wave: greedy, deterministic, each with its reason.

Rules of this file: RULE says the algorithm. Arithmetic only rules out what cannot be (a copy that is more
than the link carries until then); what is in is decided by a run of all waves so far (trial.py), so that a
wave never breaks an earlier one. Nothing is dropped: a unit without a wave has the reason of its last
refusal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import PlannedVm
from cxsim.sim.plan.progress import Told, unheard
from cxsim.sim.plan.seeding.work import JobRunner
from cxsim.sim.plan.waves.affinity import Unit
from cxsim.sim.plan.waves.calendar import Period
from cxsim.sim.plan.waves.trial import OVERRUN, Case, Terms, Trial, Wave, copy_bytes, try_waves

Order = Literal["largest first", "smallest first", "as listed"]
ORDERS: tuple[Order, ...] = ("largest first", "smallest first", "as listed")
RULE = (
    "units (VMs that move together) are taken {order}; for each cutover window in turn, a wave takes every"
    " unit that can be copied before it opens and be up again before it closes, skipping those that cannot;"
    " the copies of a wave begin when those of the wave before are complete"
)
ROUNDS = 3
"""How often a wave is topped up with units behind one that did not fit."""


@dataclass(frozen=True)
class Limits:
    """Of waves. `most_vms`: in one; `until`: no cutover after it."""

    until: datetime
    most_vms: int | None = None
    order: Order = "largest first"


@dataclass(frozen=True)
class Assignment:
    """Waves in order with the run of all of them (None: there are none), why each VM is where it is, and why
    others are nowhere."""

    waves: tuple[Wave, ...]
    trial: Trial | None
    why: Mapping[str, str]
    """By label."""
    unplaced: tuple[tuple[Unit, str], ...]
    trials: int


def ordered(units: Iterable[Unit], sizes: Mapping[Unit, float], order: Order) -> list[Unit]:
    """In the order in which they are taken; equal sizes as listed."""
    given = list(units)
    if order == "as listed":
        return given
    sign = -1 if order == "largest first" else 1
    return sorted(given, key=lambda unit: sign * sizes[unit])


def assign(
    terms: Terms,
    vms: Mapping[str, PlannedVm],
    units: Sequence[Unit],
    limits: Limits,
    jobs: JobRunner | None = None,
    told: Told = unheard,
) -> Assignment:
    """The waves of these units. `jobs`: who simulates (None: this process, and nothing is kept); `told`: the
    share of units that have a wave."""
    return _Assigning(terms, vms, units, limits, jobs or JobRunner(workers=1), told).run()


class _Assigning:
    def __init__(
        self,
        terms: Terms,
        vms: Mapping[str, PlannedVm],
        units: Sequence[Unit],
        limits: Limits,
        jobs: JobRunner,
        told: Told,
    ) -> None:
        self.terms, self.vms, self.limits, self.jobs, self.told = terms, vms, limits, jobs, told
        self.sizes = {unit: copy_bytes(terms, vms, unit) for unit in units}
        self.left = ordered(units, self.sizes, limits.order)
        self.rank = {unit: place for place, unit in enumerate(self.left, 1)}
        self.refused: dict[Unit, str] = {}
        self.too_long: dict[Unit, timedelta] = {}
        """Units whose cutover alone did not fit into a window of this length."""
        self.why: dict[str, str] = {}
        self.waves: list[Wave] = []
        self.trial: Trial | None = None
        self.trials = 0
        self.broke_earlier = False
        """What was tried last made an earlier wave overrun."""
        self.before: dict[Unit, str] = {}
        """Refusals before the window that is being filled."""
        self.tried: dict[tuple[Unit, ...], tuple[Wave, Trial]] = {}
        """In this window."""

    def run(self) -> Assignment:
        self._refuse_too_many()
        start_s = self._may_start(0.0)
        periods = self.terms.calendar.cutovers(self.terms.at(start_s), self.limits.until)
        if not periods:
            for unit in self.left:
                self.refused[unit] = f"there is no cutover window before {shown(self.limits.until)}"
        anytime = not self.terms.calendar.windows
        while self.left and periods:
            period = periods[0]
            if anytime:
                period = Period(max(period.start, self.terms.at(start_s)), period.end)
            total = len(self.rank)
            self.told(1 - len(self.left) / total, f"{total - len(self.left)} of {total} units have a wave")
            wave = self._wave(start_s, period, anytime) if period.start < period.end else None
            if wave is None and self.broke_earlier and self._later_start_s() > start_s:
                # A copy that runs during the cutover of an earlier wave made that overrun: begin after it.
                start_s = self._later_start_s()
                continue
            if wave is not None:
                start_s = self._accept(wave)
            if wave is None or not anytime:
                periods.pop(0)
        return Assignment(
            tuple(self.waves),
            self.trial,
            self.why,
            tuple((unit, self.refused.get(unit, "no window was left")) for unit in self._nowhere()),
            self.trials,
        )

    def _nowhere(self) -> list[Unit]:
        placed = {unit for wave in self.waves for unit in wave.units}
        return [unit for unit in self.rank if unit not in placed]

    def _refuse_too_many(self) -> None:
        most = self.limits.most_vms
        for unit in list(self.left):
            if most is not None and len(unit.labels) > most:
                self.left.remove(unit)
                self.refused[unit] = f"{len(unit.labels)} VMs move together, a wave has {most} at most"

    def _may_start(self, at_s: float) -> float:
        """The first time from then on that copies may be started."""
        return self.terms.after_s(self.terms.calendar.may_start(self.terms.at(math.ceil(at_s))))

    def _later_start_s(self) -> float:
        """When all cutovers so far are done."""
        if self.trial is None or not self.waves or self.terms.cold:
            return 0.0
        return self._may_start(max(self.trial.up_s(wave) for wave in self.waves))

    def _accept(self, wave: Wave) -> float:
        """A wave holds; when the next one may begin to copy."""
        assert self.trial is not None
        self.waves.append(wave)
        for unit in wave.units:
            self.left.remove(unit)
            for label in unit.labels:
                self.why[label] = self._reason(unit)
        return self._may_start(self.trial.seeded_s(wave))

    def _reason(self, unit: Unit) -> str:
        size = shown(self.sizes[unit], "bytes")
        place = f"no. {self.rank[unit]} of {len(self.rank)} {self.limits.order} ({size} to copy"
        together = f"; moves with all of {unit.name!r}" if len(unit.labels) > 1 else ""
        before = self.before.get(unit)
        return f"{place}{together})" + (f"; not earlier: {before}" if before else "")

    # One wave ---------------------------------------------------------------------------------------

    def _wave(self, start_s: float, period: Period, anytime: bool) -> Wave | None:
        """The wave of this window; None: no unit fits."""
        self.before, self.tried, self.broke_earlier = dict(self.refused), {}, False
        opens_s, number = self.terms.after_s(period.start), len(self.waves) + 1
        if self.terms.cold:
            start_s = max(start_s, opens_s) if anytime else opens_s
            copied_by_s = self.terms.after_s(period.end)
        else:
            copied_by_s = self.terms.after_s(period.end) if anytime else opens_s
        base = Wave(number, (), start_s, opens_s, period)
        chosen: list[Unit] = []
        candidates = self._candidates(base, copied_by_s, chosen)
        for _ in range(ROUNDS):
            taken = self._most(base, chosen, candidates, anytime)
            chosen += candidates[:taken]
            candidates = self._candidates(base, copied_by_s, chosen, candidates[taken + 1 :])
            if not candidates:
                break
        if not chosen:
            return None
        found, trial = self._try(base, chosen, anytime)
        self.trial = trial
        return found

    def _candidates(
        self, base: Wave, copied_by_s: float, chosen: Sequence[Unit], among: Sequence[Unit] | None = None
    ) -> list[Unit]:
        """Units whose copies alone are no more than the link carries until then, in order."""
        room = self.terms.carried_bytes(base.start_s, copied_by_s)
        room -= math.fsum(self.sizes[unit] for unit in chosen)
        count = sum(len(unit.labels) for unit in chosen)
        most = math.inf if self.limits.most_vms is None else self.limits.most_vms
        found: list[Unit] = []
        for unit in self.left if among is None else among:
            if unit in chosen:
                continue
            by = shown(self.terms.instant(copied_by_s))
            if self.too_long.get(unit, timedelta(-1)) >= base.window.length:
                continue
            if self.sizes[unit] > room:
                size, had = shown(self.sizes[unit], "bytes"), shown(max(0.0, room), "bytes")
                rest = " beside the units before it" if found or chosen else ""
                self.refused[unit] = f"{size} to copy, the link carries {had}{rest} by {by}"
            elif count + len(unit.labels) > most:
                self.refused[unit] = f"{base.name} has its {most} VMs"
            else:
                found.append(unit)
                room -= self.sizes[unit]
                count += len(unit.labels)
        return found

    def _most(self, base: Wave, chosen: Sequence[Unit], candidates: list[Unit], anytime: bool) -> int:
        """How many of the candidates hold with those chosen; those that cannot be cut over in such a window
        even alone are taken out of the list."""
        while candidates:
            low, high = 0, len(candidates) + 1
            probe = len(candidates)
            while high - low > 1:
                failure = self._failure(base, [*chosen, *candidates[:probe]], anytime)
                if failure is None:
                    low = probe
                else:
                    high = probe
                    for unit in candidates[probe - 1 :]:
                        self.refused[unit] = f"with it {failure}"
                probe = (low + high) // 2
            if low or chosen:
                return low
            alone = self._try(base, candidates[:1], anytime)[1].failures
            self.broke_earlier = any(one.wave < base.number for one in alone)
            if not any(one.wave == base.number and one.kind == OVERRUN for one in alone):
                return 0
            self.too_long[candidates.pop(0)] = base.window.length
        return 0

    def _failure(self, base: Wave, units: Sequence[Unit], anytime: bool) -> str | None:
        """What does not hold with these units, in words."""
        _, trial = self._try(base, units, anytime)
        if not trial.failures:
            return None
        first = trial.failures[0]
        return first.text if first.wave == base.number else f"in wave {first.wave} {first.text}"

    def _try(self, base: Wave, units: Sequence[Unit], anytime: bool) -> tuple[Wave, Trial]:
        key = tuple(units)
        if key not in self.tried:
            self.trials += 1
            wave = replace(base, units=key)
            trial = self._tried([*self.waves, wave])
            seeded_s = trial.seeded_s(wave)
            if anytime and not self.terms.cold and math.isfinite(seeded_s):
                # Without windows a wave is cut over as soon as it is seeded: known after a first run only.
                wave = replace(wave, cutover_s=self._may_start(math.floor(seeded_s) + 1))
                trial = self._tried([*self.waves, wave])
            self.tried[key] = (wave, trial)
        return self.tried[key]

    def _tried(self, waves: Sequence[Wave]) -> Trial:
        (trial,) = try_waves([Case(self.terms, tuple(waves))], self.vms, self.jobs)
        return trial
