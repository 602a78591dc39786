"""`plan deadline`: are all VMs ready by a day, how surely, and what would do if not.

Rules of this file: READY is the definition. Every figure is of runs of the data plane; P50 and P90 are the
draws of seeding/draws.py, and P90 decides. The smallest link and the latest safe start are searched with the
draw that decides, then verified with all of them: found passes, 3 % less or a quarter of an hour later fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cxsim.sim.plan.answers.model import Answer, Assumption, Chart, Column, Line, Table, Tone, Value
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis, PlannedVm, week_s_of
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.progress import Told, unheard
from cxsim.sim.plan.questions.resting_seeds import (
    limits_in_words,
    meta,
    numbered,
    seeding_assumptions,
)
from cxsim.sim.plan.questions.searching import MARGIN, Found, smallest
from cxsim.sim.plan.questions.seed import course_lines, course_values
from cxsim.sim.plan.seeding.building import COLD, deltas_bps, instant, job_of, member_of, vms_named
from cxsim.sim.plan.seeding.draws import DRAWS, drawn, percentile, quantile_of
from cxsim.sim.plan.seeding.job import DAY_S, Job, Member, Outcome
from cxsim.sim.plan.seeding.searching import few_fail, most_that_pass
from cxsim.sim.plan.seeding.work import JobRunner

READY = (
    "ready: every VM of the plan has its initial sync complete and can be cut over; and, unless they migrate"
    " cold, over the next day (or two RPOs, if longer) all of them together are within their RPO for {keep}"
    " of the time"
)
P50, P90 = 0.5, 0.9
KEEP = 0.95
SAMPLES = 120
QUARTER_S = 900.0
LEAST_BPS, MOST_BPS = 1e3, 100e9
"""The smallest and the largest link that are tried."""
EARLIEST_S = 370 * DAY_S
"""How far before the deadline a start is looked for."""
PATIENCE = 4.0
"""Runs are given up after so many times the time to the deadline."""
PROBES = 20
"""About so many batches of runs a search takes: for progress."""
Case = tuple[Link, datetime]
"""A link and a start."""


@dataclass(frozen=True)
class DeadlineQuestion:
    """`by`: the deadline; `start`: when replications are started (None: the basis's start); `vms`: labels
    (none: the whole plan); `keep`: see READY; `draws`: how many."""

    link: Link
    rpo_s: float
    by: datetime
    start: datetime | None = None
    vms: tuple[str, ...] = ()
    draws: int = DRAWS
    keep: float = KEEP
    search: bool = True
    """Also look for the smallest link and the latest safe start."""


class NoTime(ValueError):
    """A deadline that is not after the start."""


@dataclass(frozen=True)
class Ready:
    """One draw: when all was ready, seconds after the start; inf: never, or given up."""

    draw: int
    ready_s: float
    held: float | None
    """Share of VM time within the RPO afterwards; None: not all was seeded, or nothing has to be kept."""


@dataclass(frozen=True)
class _Asked:
    basis: Basis
    question: DeadlineQuestion
    vms: tuple[PlannedVm, ...]
    start: datetime
    jobs: JobRunner
    _members: dict[int, tuple[Member, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    @property
    def most_s(self) -> float:
        """From the start to the deadline."""
        return (self.question.by - self.start).total_seconds()

    @property
    def hold_s(self) -> float:
        """How long the RPO has to be kept for VMs to be ready."""
        return 0.0 if self.basis.kind == COLD else max(DAY_S, 2 * self.question.rpo_s)

    def members(self, draw: int) -> tuple[Member, ...]:
        """The VMs of a draw."""
        if draw not in self._members:
            asked, basis = self.question, self.basis
            vms = drawn(self.vms, asked.rpo_s, basis.seed, draw, asked.draws)
            self._members[draw] = tuple(member_of(vm, basis, asked.rpo_s) for vm in vms)
        return self._members[draw]

    def job(self, draw: int, link: Link, start: datetime, give_up_s: float, samples: int = 0) -> Job:
        """One draw over this link from this start."""
        measured_bps = self.basis.measured_bps
        if measured_bps is not None:
            measured_bps *= link.up_bps / self.question.link.up_bps
        return job_of(
            replace(self.basis, measured_bps=measured_bps),
            self.members(draw),
            link,
            week_s_of(start),
            give_up_s=give_up_s,
            hold_s=self.hold_s,
            samples=samples,
        )

    def ready(self, draws: Sequence[int], link: Link, start: datetime, give_up_s: float) -> list[Ready]:
        """When all is ready in each draw, by READY."""
        outcomes = self.jobs.run(self.job(draw, link, start, give_up_s) for draw in draws)
        return [self._ready(draw, outcome) for draw, outcome in zip(draws, outcomes, strict=True)]

    def _ready(self, draw: int, outcome: Outcome) -> Ready:
        seeded_s, held = outcome.seeded_s, _held(outcome)
        found = Ready(draw, math.inf if seeded_s is None else seeded_s, held)
        return found if _kept(self, found) else replace(found, ready_s=math.inf)

    def left_s(self, start: datetime) -> float:
        """From this start to the deadline."""
        return (self.question.by - start).total_seconds()

    def sure(self, link: Link, start: datetime) -> bool:
        """Whether P90 is ready by the deadline."""
        left_s, draws = self.left_s(start), self.question.draws

        def late(some: Sequence[int]) -> list[bool]:
            return [one.ready_s > left_s for one in self.ready(some, link, start, left_s)]

        # The last draws have the highest rates: where any are late, they are.
        return few_fail(late, draws, draws - math.ceil(P90 * draws - 1e-9))

    def make_it(self, draw: int, cases: Sequence[Case]) -> list[bool]:
        """Whether one draw is ready by the deadline, in each case."""
        times = [self.left_s(start) for _, start in cases]
        tried = [n for n, left_s in enumerate(times) if left_s > 0]
        outcomes = self.jobs.run(self.job(draw, *cases[n], times[n]) for n in tried)
        ready = {n: self._ready(draw, outcome) for n, outcome in zip(tried, outcomes, strict=True)}
        return [n in ready and ready[n].ready_s <= left_s for n, left_s in enumerate(times)]


def _held(outcome: Outcome) -> float | None:
    held = [one.held for one in outcome.members if one.held is not None]
    return math.fsum(held) / len(held) if held else None


def answer(
    basis: Basis, question: DeadlineQuestion, jobs: JobRunner | None = None, told: Told = unheard
) -> Answer:
    """`jobs`: who simulates (None: this process, and nothing is kept). Raises NoTime, NoSuchVm, ValueError
    for an RPO, share or number of draws that means nothing."""
    if not question.rpo_s > 0 or question.draws < 1 or not 0 <= question.keep <= 1:
        raise ValueError("an RPO is above 0, draws are 1 or more, a share is between 0 and 1")
    start = question.start or basis.start
    if question.by <= start:
        raise NoTime(f"by {shown(question.by)} is not after the start, {shown(start)}: write a later --by")
    asked = _Asked(basis, question, vms_named(basis, question.vms), start, jobs or JobRunner(workers=1))
    patience_s = PATIENCE * asked.most_s
    told(0.0, "draws", 0.1)
    found = asked.ready(range(question.draws), question.link, start, patience_s)
    ordered = sorted(found, key=lambda one: (one.ready_s, one.draw))
    deciding = ordered[max(0, math.ceil(P90 * len(ordered) - 1e-9) - 1)]
    told(0.1, "what limits", 0.13)
    outcome = asked.jobs.one(asked.job(deciding.draw, question.link, start, patience_s, SAMPLES))
    least: Found | None = None
    latest: datetime | None = None
    if question.search:
        told(0.13, "the smallest link", 0.7, PROBES)
        least = _smallest(asked, deciding.draw)
        told(0.7, "the latest safe start", 1.0, PROBES)
        latest = _latest_start(asked, deciding)
    told(1.0, "done")
    times = [one.ready_s for one in found]
    p50_s, p90_s = percentile(times, P50), percentile(times, P90)
    verdict, tone = _verdict(asked, p50_s, p90_s)
    return Answer(
        "plan deadline",
        f"Will {numbered(len(asked.vms), 'VM')} be ready by {shown(question.by)} over {question.link.text},"
        f" started {shown(start)}?",
        verdict,
        tone,
        tuple(_decision(asked, p50_s, p90_s, deciding, outcome, least, latest)),
        (_options(asked, p50_s, p90_s, least, latest), _draws_table(asked, found)),
        (_ready_chart(asked, ordered), *_course(asked, outcome)),
        (*seeding_assumptions(basis, question.link, question.rpo_s), *_assumed(asked)),
        basis.left_out(),
        basis.problems,
        meta(basis, start=start, by=question.by, draws=question.draws),
    )


def _smallest(asked: _Asked, draw: int) -> Found:
    """By the draw that decides, then verified by all of them."""
    link, start = asked.question.link, asked.start
    most_bps = max(MOST_BPS, link.up_bps)
    found = smallest(
        lambda rates: asked.make_it(draw, [(link.scaled_to(bps), start) for bps in rates]),
        link.up_bps,
        LEAST_BPS,
        most_bps,
    )
    if found.rate_bps is None:
        return found
    if asked.sure(link.scaled_to(found.rate_bps), start):
        below_bps = found.rate_bps * (1 - MARGIN)
        if below_bps < LEAST_BPS or not asked.sure(link.scaled_to(below_bps), start):
            return found
    return smallest(
        lambda rates: [asked.sure(link.scaled_to(bps), start) for bps in rates],
        found.rate_bps,
        LEAST_BPS,
        most_bps,
    )


def _latest_start(asked: _Asked, deciding: Ready) -> datetime | None:
    """The latest quarter of an hour that P90 makes; None: not even a year before, or no start does, because
    the RPO is not kept once all is seeded."""
    link, by = asked.question.link, asked.question.by
    if not _kept(asked, deciding):
        return None

    def before(quarters: int) -> datetime:
        return by - timedelta(seconds=QUARTER_S * quarters)

    def at_most(passes: Callable[[datetime], bool], first: int) -> int | None:
        """The least number of quarters that passes."""
        low, high = 0, max(1, first)
        while not passes(before(high)):
            low, high = high, high * 2
            if high * QUARTER_S > EARLIEST_S:
                return None
        fails = most_that_pass(lambda n: not passes(before(low + n)), high - low - 1)
        return low + fails + 1

    known_s = deciding.ready_s if math.isfinite(deciding.ready_s) else asked.most_s
    guess = at_most(
        lambda start: asked.make_it(deciding.draw, [(link, start)])[0], math.ceil(known_s / QUARTER_S)
    )
    if guess is None:
        return None
    if asked.sure(link, before(guess)) and (guess == 1 or not asked.sure(link, before(guess - 1))):
        return before(guess)
    found = at_most(lambda start: asked.sure(link, start), guess)
    return None if found is None else before(found)


def _kept(asked: _Asked, one: Ready) -> bool:
    return one.held is None or one.held >= asked.question.keep


def _verdict(asked: _Asked, p50_s: float, p90_s: float) -> tuple[str, Tone]:
    spare_s = asked.most_s - p90_s
    if spare_s >= 0:
        return f"yes, {shown(spare_s, 'seconds')} to spare at P90", "good"
    if p50_s <= asked.most_s:
        return "as likely as not: P50 makes it, P90 does not", "fair"
    return "no", "bad"


def _when(asked: _Asked, ready_s: float) -> str:
    if math.isfinite(ready_s):
        return shown(instant(asked.start, ready_s))
    return f"not within {PATIENCE:g} times the time there is"


def _decision(
    asked: _Asked,
    p50_s: float,
    p90_s: float,
    deciding: Ready,
    outcome: Outcome,
    least: Found | None,
    latest: datetime | None,
) -> list[str]:
    question = asked.question
    said = [
        f"Ready by P50 {_when(asked, p50_s)}, P90 {_when(asked, p90_s)};"
        f" the deadline is {shown(question.by)}."
    ]
    if deciding.held is not None and not _kept(asked, deciding):
        need_bps = deltas_bps(asked.vms, question.rpo_s)
        worst = outcome.least_held()
        said.append(
            f"The copies arrive but the RPO is not kept: VMs are in RPO {shown(deciding.held, 'share')} of"
            f" the time, {shown(question.keep, 'share')} is asked for"
            + (f" (least: {worst[1]})" if worst else "")
            + f"; deltas at this RPO need about {shown(need_bps, 'bps')} on average."
        )
    said.extend(limits_in_words(outcome.limited_s))
    if question.search:
        said.append(_link_in_words(asked, least))
        said.append(_start_in_words(asked, deciding, latest))
    return said


def _link_in_words(asked: _Asked, least: Found | None) -> str:
    link = asked.question.link
    if least is None or least.rate_bps is None:
        return f"No link makes it: {shown(MOST_BPS, 'bps')} was tried; start earlier or raise what limits."
    lower = [bps for bps, passed in least.tried if bps < least.rate_bps and not passed]
    less = f"{100 * MARGIN:.0f} % less was tried and does not" if lower else "less was not tried"
    alike = " sold on the same terms" if link.hours or link.commit_bps or link.other_share else ""
    return f"The smallest link{alike} that makes it at P90 is {shown(least.rate_bps, 'bps')} up; {less}."


def _start_in_words(asked: _Asked, deciding: Ready, latest: datetime | None) -> str:
    if not _kept(asked, deciding):
        return "An earlier start over this link does not help: the RPO is not kept once all is seeded."
    if latest is None:
        return "No start within a year before the deadline makes it over this link."
    if latest >= asked.start:
        return f"The latest safe start over this link is {shown(latest)}; a quarter of an hour later is not."
    return (
        f"Over this link it would have to start by {shown(latest)}; a quarter of an hour later is not safe."
    )


def _options(
    asked: _Asked, p50_s: float, p90_s: float, least: Found | None, latest: datetime | None
) -> Table:
    by, question = shown(asked.question.by), asked.question
    rows: list[dict[str, Value]] = [
        {
            "what": "ready, P50",
            "when": instant(asked.start, _finite(p50_s)),
            "link_bps": question.link.up_bps,
        },
        {
            "what": "ready, P90",
            "when": instant(asked.start, _finite(p90_s)),
            "link_bps": question.link.up_bps,
        },
    ]
    if question.search:
        rows.append({"what": "latest safe start", "when": latest, "link_bps": question.link.up_bps})
        least_bps = None if least is None else least.rate_bps
        rows.append({"what": "smallest link that makes it", "when": asked.start, "link_bps": least_bps})
    return Table(
        "deadline",
        f"By {by}",
        (Column("what", ""), Column("when", "when", "instant"), Column("link_bps", "link, up", "bps")),
        tuple(rows),
        f"{READY.format(keep=shown(question.keep, 'share'))}. A time that is unknown is not within"
        f" {PATIENCE:g} times the time to the deadline.",
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _draws_table(asked: _Asked, found: list[Ready]) -> Table:
    rows: list[dict[str, Value]] = [
        {
            "draw": one.draw + 1,
            "quantile": quantile_of(one.draw, asked.question.draws),
            "ready": instant(asked.start, _finite(one.ready_s)),
            "ready_s": _finite(one.ready_s),
            "held": one.held,
        }
        for one in found
    ]
    return Table(
        "draws",
        "When all is ready, draw by draw",
        (
            Column("draw", "draw", "count"),
            Column("quantile", "rates between their bounds at", "share"),
            Column("ready", "ready", "instant"),
            Column("ready_s", "after", "seconds"),
            Column("held", "in RPO afterwards", "share"),
        ),
        tuple(rows),
        "A draw has every VM's change rate at one quantile between its bounds, and bursts of its own.",
        main=False,
    )


def _ready_chart(asked: _Asked, ordered: list[Ready]) -> Chart:
    finite = [one for one in ordered if math.isfinite(one.ready_s)]
    x = tuple(asked.start + timedelta(seconds=round(one.ready_s)) for one in finite)
    y = tuple((place + 1) / len(ordered) for place in range(len(finite)))
    return Chart(
        "ready",
        "lines",
        "How surely all is ready by when",
        "time",
        "share of draws that are ready",
        (Line("ready", x, y, step=True),),
        marks=(("x", asked.question.by, "deadline"), ("y", P90, "P90")),
        x_kind="instant",
        y_kind="share",
        note=f"{len(finite)} of {len(ordered)} draws are ready within {PATIENCE:g} times the time there is.",
    )


def _course(asked: _Asked, outcome: Outcome) -> list[Chart]:
    course = outcome.course
    if course is None:
        return []
    x, places = course_lines(course, asked.start)
    left = course_values(course, "left_bytes", places)
    return [
        Chart(
            "deadline-left",
            "lines",
            "What is left of the first copies, in the draw that decides P90",
            "time",
            "to copy",
            (Line("left", x, left),),
            marks=(("x", asked.question.by, "deadline"),),
            x_kind="instant",
            y_kind="bytes",
            note=f"{shown(left[-1] if left else 0.0, 'bytes')} are left at the end of the run.",
        )
    ]


def _assumed(asked: _Asked) -> tuple[Assumption, ...]:
    question = asked.question
    return (
        Assumption("ready", READY.format(keep=shown(question.keep, "share")), "-", "this plan", "assumed"),
        Assumption(
            "P50 and P90",
            f"of {question.draws} draws: what was made up of changes made up anew, rates at one quantile"
            " between their bounds for all VMs alike",
            "-",
            "the bounds of each change rate, and the seed",
            "assumed",
        ),
    )
