"""`cxsim plan report`: the questions of a plan together, for one page to decide on.

Rules of this file: which questions a migration or ongoing protection asks, in the order of the decision; each
is asked as its own command asks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cxsim.sim.plan.answers.model import Answer
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.progress import Told
from cxsim.sim.plan.questions import bandwidth, deadline, inventory, readiness, rpo, seed, waves
from cxsim.sim.plan.quotes import Quote
from cxsim.sim.plan.runs import Runner
from cxsim.sim.plan.seeding.draws import DRAWS
from cxsim.sim.plan.seeding.work import JobRunner
from cxsim.sim.plan.target import Target
from cxsim.sim.plan.waves.calendar import Calendar

AROUND = (0.5, 0.75, 1.0, 1.5, 2.0)
"""Links of the what-if, by the one offered."""


@dataclass(frozen=True)
class ReportQuestion:
    """What all questions of a report are asked with. `by`: asks for the deadline, of a migration."""

    link: Link
    rpo_s: float
    share: float
    days: float
    seeds: int
    by: datetime | None = None
    within_s: float | None = None
    quotes: tuple[Quote, ...] = ()
    months: float = 12.0
    target: Target | None = None
    calendar: Calendar = field(default_factory=Calendar)
    draws: int = DRAWS


@dataclass(frozen=True)
class _Asking:
    basis: Basis
    question: ReportQuestion
    runner: Runner
    jobs: JobRunner
    told: Told

    def deadline(self) -> Answer:
        asked = self.question
        assert asked.by is not None
        put = deadline.DeadlineQuestion(
            asked.link, asked.rpo_s, asked.by, self.basis.start, draws=asked.draws, keep=asked.share
        )
        return deadline.answer(self.basis, put, self.jobs, self.told)

    def waves(self) -> Answer:
        asked = self.question
        put = waves.WavesQuestion(
            asked.link, asked.rpo_s, by=asked.by, calendar=asked.calendar, target=asked.target
        )
        return waves.answer(self.basis, put, self.jobs, self.told)

    def bandwidth(self) -> Answer:
        asked = self.question
        put = bandwidth.BandwidthQuestion(
            asked.rpo_s,
            asked.share,
            quotes=asked.quotes,
            months=asked.months,
            days=asked.days,
            seeds=asked.seeds,
            measured_on=asked.link,
        )
        return bandwidth.answer(self.basis, put, self.runner)

    def rpo(self) -> Answer:
        asked = self.question
        links = tuple(
            asked.link if step == 1.0 else asked.link.scaled_to(asked.link.up_bps * step) for step in AROUND
        )
        put = rpo.RpoQuestion(
            (asked.rpo_s,), links, asked.share, days=asked.days, seeds=asked.seeds, measured_on=asked.link
        )
        return rpo.answer(self.basis, put, self.runner)

    def seed(self) -> Answer:
        asked = self.question
        put = seed.SeedQuestion(asked.link, asked.rpo_s, within_s=asked.within_s)
        return seed.answer(self.basis, put, self.jobs, self.told)

    def readiness(self) -> Answer:
        return readiness.answer(self.basis, readiness.ReadinessQuestion(self.question.target))

    def inventory(self) -> Answer:
        return inventory.answer(self.basis, inventory.InventoryQuestion(self.question.rpo_s))


def report(
    basis: Basis, question: ReportQuestion, runner: Runner, jobs: JobRunner, told: Told
) -> tuple[Answer, ...]:
    """The answers, the one to decide on first. Raises what the questions raise."""
    asking = _Asking(basis, question, runner, jobs, told)
    migration = basis.kind != "protection"
    steps: list[tuple[bool, Callable[[], Answer]]] = [
        (migration and question.by is not None, asking.deadline),
        (migration, asking.waves),
        (basis.kind != "cold migration", asking.bandwidth),
        (basis.kind != "cold migration", asking.rpo),
        (True, asking.seed),
        (True, asking.readiness),
        (True, asking.inventory),
    ]
    return tuple(step() for wanted, step in steps if wanted)
