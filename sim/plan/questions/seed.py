"""`plan seed`: how long the initial sync of a batch takes over a link, and how many VMs fit into N hours.

Rules of this file: a duration is the end of the last initial sync of a run of the data plane, never bytes by
rate; VMs that are done make deltas beside the rest, and so do those that were seeded before. A batch for N
hours is the first VMs of an order (the one given, and smallest first) and is verified: it is done in time,
and with one VM more it is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cxsim.sim.plan.answers.model import Answer, Chart, Column, Line, Table, Tone, Value
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis, PlannedVm, week_s_of
from cxsim.sim.plan.changes.model import Bound
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.progress import Told, unheard
from cxsim.sim.plan.questions.resting_seeds import (
    limits_in_words,
    listed,
    meta,
    numbered,
    seeding_assumptions,
)
from cxsim.sim.plan.seeding.building import (
    COLD,
    NoSuchVm,
    deltas_bps,
    instant,
    job_of,
    member_of,
    members_seeded,
    vms_named,
)
from cxsim.sim.plan.seeding.job import Course, Job, Outcome, allocated_bytes
from cxsim.sim.plan.seeding.searching import each_most_that_passes, rounds
from cxsim.sim.plan.seeding.work import JobRunner

SAMPLES = 120
SIZES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Links of the chart of batch sizes, by the one asked for."""


@dataclass(frozen=True)
class SeedQuestion:
    """`vms`: labels of the batch (none: the whole plan); `seeded`: labels of VMs whose first copy is there
    and that make deltas beside; `within_s`: also, how many VMs of the batch can be done in that time."""

    link: Link
    rpo_s: float
    vms: tuple[str, ...] = ()
    seeded: tuple[str, ...] = ()
    within_s: float | None = None
    start: datetime | None = None
    """None: the basis's."""
    batch_chart: bool = True
    """With `within_s`: batch sizes at other links, too."""


@dataclass(frozen=True)
class _Asked:
    """The question with its VMs."""

    basis: Basis
    question: SeedQuestion
    batch: tuple[PlannedVm, ...]
    beside: tuple[PlannedVm, ...]
    start: datetime
    jobs: JobRunner

    @property
    def usable_bps(self) -> float:
        """What replication gets of the link outside limited hours."""
        efficiency = self.basis.settings.link_efficiency
        return self.basis.measured_bps or self.question.link.planned_bps * efficiency

    @property
    def outruns(self) -> bool:
        """Whether the deltas of all VMs are more than the link carries."""
        if self.basis.kind == COLD:
            return False
        return deltas_bps([*self.batch, *self.beside], self.question.rpo_s) > self.usable_bps

    def job(
        self,
        batch: Sequence[PlannedVm],
        bound: Bound = "mid",
        samples: int = 0,
        link: Link | None = None,
        give_up_s: float = math.inf,
    ) -> Job:
        """The batch over the link, deltas beside; the members of the batch come first."""
        rpo_s, used = self.question.rpo_s, link or self.question.link
        measured_bps = self.basis.measured_bps
        if measured_bps is not None:
            measured_bps *= used.up_bps / self.question.link.up_bps
        return job_of(
            replace(self.basis, measured_bps=measured_bps),
            [
                *(member_of(vm, self.basis, rpo_s, 0.0, bound) for vm in batch),
                *members_seeded(self.beside, rpo_s, bound),
            ],
            used,
            week_s_of(self.start),
            samples=samples,
            give_up_s=give_up_s,
        )

    def fit(self, batches: Sequence[tuple[Sequence[PlannedVm], Link]], within_s: float) -> list[bool]:
        """Whether each batch is done in time over its link."""
        give_up_s = within_s * 1.0001 + 1
        outcomes = self.jobs.run(self.job(batch, link=link, give_up_s=give_up_s) for batch, link in batches)
        times = [one.seeded_s for one in outcomes]
        return [done_s is not None and done_s <= within_s for done_s in times]


def answer(
    basis: Basis, question: SeedQuestion, jobs: JobRunner | None = None, told: Told = unheard
) -> Answer:
    """`jobs`: who simulates (None: this process, and nothing is kept). Raises NoSuchVm for a label that is
    not in the plan, ValueError for an RPO or time of 0 or less."""
    if not question.rpo_s > 0 or (question.within_s is not None and not question.within_s > 0):
        raise ValueError("an RPO and a time to seed in are above 0")
    beside = vms_named(basis, question.seeded) if question.seeded else ()
    batch = tuple(vm for vm in vms_named(basis, question.vms) if vm not in beside)
    if not batch:
        raise NoSuchVm("every VM of the batch is seeded already")
    start = question.start or basis.start
    asked = _Asked(basis, question, batch, beside, start, jobs or JobRunner(workers=1))
    told(0.0, "the batch, and the bounds of the change rates", 0.4 if question.within_s else 1.0)
    outcome, *bounded = asked.jobs.run(
        [asked.job(batch, samples=SAMPLES), asked.job(batch, "low"), asked.job(batch, "high")]
    )
    bounds = [one.seeded_s for one in bounded]
    tables, charts = [_by_vm(asked, outcome)], _course_charts(asked, outcome)
    decision = _decision(asked, outcome, bounds)
    if question.within_s is not None:
        told(0.4, "the size of a batch", 1.0, rounds(len(batch)))
        sentence, more = _batch_sizes(asked, question.within_s, outcome)
        decision.insert(1, sentence)
        tables += [table for table in more if isinstance(table, Table)]
        charts += [chart for chart in more if isinstance(chart, Chart)]
    told(1.0, "done")
    done_s = outcome.seeded_s
    late = question.within_s is not None and (done_s is None or done_s > question.within_s)
    tone: Tone = "bad" if done_s is None else "fair" if late or asked.outruns else "good"
    return Answer(
        "plan seed",
        f"How long does the initial sync of {numbered(len(batch), 'VM')} take over {question.link.text}?",
        "does not end" if done_s is None else shown(done_s, "seconds"),
        tone,
        tuple(decision),
        tuple(tables),
        tuple(charts),
        seeding_assumptions(basis, question.link, question.rpo_s),
        basis.left_out(),
        basis.problems,
        meta(basis, start=asked.start),
    )


def _decision(asked: _Asked, outcome: Outcome, bounds: Sequence[float | None]) -> list[str]:
    batch, own = asked.batch, outcome.members[: len(asked.batch)]
    first_bytes = math.fsum(allocated_bytes(vm.fleet_vm(asked.question.rpo_s)) for vm in batch)
    what = f"{numbered(len(batch), 'VM')} with {shown(first_bytes, 'bytes')} to copy"
    missing = [one.name for one in own if one.seeded_s is None]
    if missing:
        until = instant(asked.start, outcome.end_s)
        said = [f"{what}: {numbered(len(missing), 'VM')} not seeded by {shown(until)}: {listed(missing)}."]
    else:
        times = [one.seeded_s for one in own if one.seeded_s is not None]
        done_s, last = max(times), max(own, key=lambda one: one.seeded_s or 0.0)
        ready = shown(instant(asked.start, done_s))
        said = [
            f"{what}: seeded in {shown(done_s, 'seconds')}, by {ready}; the first after"
            f" {shown(min(times), 'seconds')}, the last is {last.name}."
        ]
        low, high = (None if bound is None else shown(bound, "seconds") for bound in bounds)
        if low != high:
            said.append(f"Between the bounds of the change rates: {low} to {high or 'without end'}.")
    said.extend(limits_in_words(outcome.limited_s))
    if asked.outruns:
        need_bps = deltas_bps([*batch, *asked.beside], asked.question.rpo_s)
        said.append(
            f"Deltas of all these VMs at this RPO need about {shown(need_bps, 'bps')}, more than the"
            f" {shown(asked.usable_bps, 'bps')} that replication gets of the link: they will not keep it"
            " together. Go in waves."
        )
    if outcome.course is not None:
        seeding, deltas = (_mean(outcome.course, part) for part in ("seeding_bps", "delta_bps"))
        beside = f", {len(asked.beside)} of them seeded before" if asked.beside else ""
        said.append(
            f"On average {shown(seeding, 'bps')} of first copies and {shown(deltas, 'bps')} of deltas of VMs"
            f" that were done{beside}."
        )
    return said


def _mean(course: Course, part: str) -> float:
    """Of a rate, over the plan's time."""
    rates = getattr(course, part)
    moved = length = 0.0
    for before_s, at_s, rate in zip(course.at_s, course.at_s[1:], rates[1:], strict=False):
        if at_s > 0:
            moved += rate * (at_s - max(0.0, before_s))
            length += at_s - max(0.0, before_s)
    return moved / length if length > 0 else 0.0


def _by_vm(asked: _Asked, outcome: Outcome) -> Table:
    rows: list[dict[str, Value]] = []
    for vm, one in zip(asked.batch, outcome.members, strict=False):
        rows.append(
            {
                "vm": vm.label,
                "first_bytes": allocated_bytes(vm.fleet_vm(asked.question.rpo_s)),
                "copied_bytes": one.copy_bytes,
                "took_s": one.seeded_s,
                "ready": instant(asked.start, one.seeded_s),
                "limit": one.limited_by,
                "host": vm.vm.host,
                "grade": vm.rate.grade.value,
            }
        )
    rows.sort(key=lambda row: (row["took_s"] is not None, -float(str(row["took_s"] or 0)), str(row["vm"])))
    return Table(
        "seeding-by-vm",
        "Initial sync by VM, the last first",
        (
            Column("vm", "VM"),
            Column("first_bytes", "to copy", "bytes"),
            Column("copied_bytes", "copied, with what changed meanwhile", "bytes"),
            Column("took_s", "seeded after", "seconds"),
            Column("ready", "ready", "instant"),
            Column("limit", "limited by"),
            Column("host", "host"),
            Column("grade", "change rate"),
        ),
        tuple(rows),
        "All replications are started at once; a VM waits where a limit of replications at once is reached.",
    )


def course_lines(course: Course, start: datetime) -> tuple[tuple[datetime, ...], list[int]]:
    """The instants of a course from the start on, and their places."""
    places = [place for place, at_s in enumerate(course.at_s) if at_s >= 0]
    return tuple(start + timedelta(seconds=round(course.at_s[place])) for place in places), places


def course_values(course: Course, name: str, places: Sequence[int]) -> tuple[float, ...]:
    """A figure of a course at these places."""
    found = getattr(course, name)
    return tuple(float(found[place]) for place in places)


def link_lines(
    course: Course, x: tuple[datetime, ...], places: Sequence[int], deltas: str
) -> tuple[Line, Line, Line]:
    """What a link carries over time. `deltas`: what those of VMs that are seeded are called."""
    rates = (
        ("first copies", "seeding_bps"),
        (deltas, "delta_bps"),
        ("what replication may use", "usable_bps"),
    )
    first, second, third = (
        Line(name, x, course_values(course, figure, places), step=True) for name, figure in rates
    )
    return first, second, third


def _course_charts(asked: _Asked, outcome: Outcome) -> list[Chart]:
    course = outcome.course
    if course is None:
        return []
    x, places = course_lines(course, asked.start)
    beside = len(asked.beside)
    seeded = tuple(max(0.0, count - beside) for count in course_values(course, "seeded", places))
    done = f"All {len(asked.batch)} are done" if outcome.seeded_s is not None else "Not all are done"
    return [
        Chart(
            "seeding-left",
            "lines",
            "What is left of the first copies",
            "time",
            "to copy",
            (Line("left", x, course_values(course, "left_bytes", places)),),
            x_kind="instant",
            y_kind="bytes",
            note=f"{done} by {shown(instant(asked.start, outcome.end_s))}.",
        ),
        Chart(
            "seeding-vms",
            "lines",
            "VMs that are seeded",
            "time",
            "VMs",
            (Line("seeded", x, seeded, step=True),),
            x_kind="instant",
            y_kind="count",
            marks=(("y", float(len(asked.batch)), "the batch"),),
            note="All share the link fairly: small VMs are done early, most at the end.",
        ),
        Chart(
            "seeding-link",
            "lines",
            "The link: first copies and deltas beside",
            "time",
            "rate",
            link_lines(course, x, places, "deltas of VMs that are seeded"),
            x_kind="instant",
            y_kind="bps",
            note="Deltas take more of the link the more VMs are seeded.",
        ),
    ]


def _batch_sizes(asked: _Asked, within_s: float, outcome: Outcome) -> tuple[str, list[Table | Chart]]:
    orders = {
        "as listed": asked.batch,
        "smallest first": tuple(
            sorted(
                asked.batch,
                key=lambda vm: (allocated_bytes(vm.fleet_vm(asked.question.rpo_s)), vm.label),
            )
        ),
    }
    hours = shown(within_s, "seconds")
    sizes = SIZES if asked.question.batch_chart else (1.0,)
    link = asked.question.link
    links = {size: link if size == 1.0 else link.scaled_to(link.up_bps * size) for size in sizes}
    searched = [(name, size) for size in sizes for name in orders]
    numbers = each_most_that_passes(
        lambda probes: asked.fit(
            [(orders[searched[n][0]][:count], links[searched[n][1]]) for n, count in probes], within_s
        ),
        [len(asked.batch)] * len(searched),
    )
    found = dict(zip(searched, numbers, strict=True))
    count = len(asked.batch)
    done_s = outcome.seeded_s
    if done_s is not None and done_s <= within_s:
        sentence = f"All {count} VMs are seeded within {hours}."
    else:
        listed_first, smallest = found["as listed", 1.0], found["smallest first", 1.0]
        sentence = (
            f"Within {hours} the first {listed_first} of the {count} VMs as listed can be seeded, or the"
            f" {smallest} smallest; with one more it takes longer."
        )
    rows: list[dict[str, Value]] = []
    lines: dict[str, list[float]] = {name: [] for name in orders}
    for size in sizes:
        row: dict[str, Value] = {"link_bps": links[size].up_bps}
        for name in orders:
            row[name.replace(" ", "_")] = found[name, size]
            lines[name].append(float(found[name, size]))
        rows.append(row)
    table = Table(
        "batch-size",
        f"VMs that are seeded within {hours}",
        (
            Column("link_bps", "link", "bps"),
            Column("as_listed", "as listed", "count"),
            Column("smallest_first", "smallest first", "count"),
        ),
        tuple(rows),
        "Each batch is done in time, and with the next VM it is not.",
    )
    if len(sizes) == 1:
        return sentence, [table]
    x = tuple(row["link_bps"] for row in rows)
    chart = Chart(
        "batch-size",
        "lines",
        f"VMs that are seeded within {hours}",
        "link",
        "VMs",
        tuple(Line(name, x, tuple(values)) for name, values in lines.items()),
        marks=(("x", asked.question.link.up_bps, "the link asked for"),),
        x_kind="bps",
        y_kind="count",
        log_x=True,
        note="Where more link brings no more VMs, something else limits, or all are in.",
    )
    return sentence, [table, chart]
