"""`plan waves`: which VMs move when, over a link, in cutover windows, together where they must.

Rules of this file: waves are made by waves/assign.py, every figure is of runs of the data plane. Downtime of
a VM is from its power-off to the end of its final delta, and its boot. What has no wave, breaks a window at
the upper bounds of the change rates, or does not fit into the target is named.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cxsim.sim.plan.answers.inputs import target_table
from cxsim.sim.plan.answers.model import Answer, Assumption, Chart, Column, Span, Table, Tone, Value
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis, PlannedVm
from cxsim.sim.plan.changes.model import Bound
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.progress import Told, unheard
from cxsim.sim.plan.questions.resting_seeds import listed, meta, numbered, seeding_assumptions
from cxsim.sim.plan.questions.seed import course_lines, link_lines
from cxsim.sim.plan.seeding.building import vms_named
from cxsim.sim.plan.seeding.job import allocated_bytes
from cxsim.sim.plan.seeding.work import JobRunner
from cxsim.sim.plan.target import Fit, Target, fit
from cxsim.sim.plan.waves.affinity import torn, units_of
from cxsim.sim.plan.waves.assign import ORDERS, RULE, Assignment, Limits, Order, assign
from cxsim.sim.plan.waves.calendar import Calendar
from cxsim.sim.plan.waves.trial import BOOT_S, Case, Failure, Moved, Terms, Trial, Wave, try_waves

YEAR = timedelta(days=366)
SAMPLES = 120
LONG_S, AHEAD_S = 900.0, 2 * 3600.0
"""Where a final delta takes longer, a sync so long before the cutover is tried as well."""


@dataclass(frozen=True)
class WavesQuestion:
    """`groups`: group by label, of VMs that move together (waves/affinity.py); `calendar`: windows and
    blackouts; `most_vms`: in a wave; `cutovers_at_once`: VMs whose final deltas are sent at the same time;
    `sync_ahead_s`: a sync is asked for so long before a cutover; `bound`: of the change rates, that waves are
    planned with; `profiles`: storage profile by label; `by`:
    the deadline (None: a year)."""

    link: Link
    rpo_s: float
    start: datetime | None = None
    """None: the basis's."""
    by: datetime | None = None
    vms: tuple[str, ...] = ()
    groups: Mapping[str, str] | None = None
    calendar: Calendar = field(default_factory=Calendar)
    most_vms: int | None = None
    cutovers_at_once: int | None = None
    boot_s: float = BOOT_S
    sync_ahead_s: float = 0.0
    bound: Bound = "mid"
    order: Order = "largest first"
    target: Target | None = None
    profiles: Mapping[str, str] | None = None


class WavesRefused(ValueError):
    """A question of waves that means nothing: what would be right."""


@dataclass(frozen=True)
class _Planned:
    """The question with what came of it."""

    basis: Basis
    question: WavesQuestion
    terms: Terms
    vms: Mapping[str, PlannedVm]
    found: Assignment
    looked: Trial | None
    """The same run with looks."""
    high: Trial | None
    """With change rates at their upper bounds."""
    ahead: Trial | None
    """With a sync some time before each cutover."""
    fit: Fit | None

    @property
    def nowhere(self) -> list[str]:
        """VMs without a wave."""
        return [label for unit, _ in self.found.unplaced for label in unit.labels]

    @property
    def at_risk(self) -> tuple[Failure, ...]:
        """What does not hold at the upper bounds."""
        return self.high.failures if self.high is not None else ()


def answer(
    basis: Basis, question: WavesQuestion, jobs: JobRunner | None = None, told: Told = unheard
) -> Answer:
    """`jobs`: who simulates (None: this process, and nothing is kept). Raises WavesRefused, NoSuchVm,
    TargetError."""
    start = question.start or basis.start
    _check(question, start)
    jobs = jobs or JobRunner(workers=1)
    vms = {vm.label: vm for vm in vms_named(basis, question.vms)}
    terms = Terms(
        basis,
        question.link,
        question.rpo_s,
        start,
        question.calendar,
        question.boot_s,
        question.cutovers_at_once,
        question.sync_ahead_s,
        question.bound,
    )
    limits = Limits(question.by or start + YEAR, question.most_vms, question.order)
    units = units_of(vms, question.groups or {})
    found = assign(terms, vms, units, limits, jobs, lambda share, what, *_: told(0.85 * share, what))
    looked = high = ahead = None
    if found.waves:
        told(0.85, "the link, and the upper bounds of the change rates", 0.95)
        cases = [Case(terms, found.waves, SAMPLES)]
        if question.bound != "high":
            cases.append(Case(replace(terms, bound="high"), found.waves))
        looked, *others = try_waves(cases, vms, jobs)
        high = others[0] if others else None
        if not terms.cold and not terms.sync_ahead_s and _longest_s(looked) - terms.boot_s > LONG_S:
            told(0.95, "a sync before each cutover", 1.0)
            (ahead,) = try_waves([Case(replace(terms, sync_ahead_s=AHEAD_S), found.waves)], vms, jobs)
    whole = _fit(basis, question, vms, found)
    planned = _Planned(basis, question, terms, vms, found, looked, high, ahead, whole)
    told(1.0, "done")
    verdict, tone = _verdict(planned)
    assumptions = (*seeding_assumptions(basis, question.link, question.rpo_s), *_assumed(planned))
    return Answer(
        "plan waves",
        f"In which waves will {numbered(len(vms), 'VM')} move over {question.link.text},"
        f" from {shown(start)}?",
        verdict,
        tone,
        tuple(_decision(planned)),
        tuple(_tables(planned)),
        tuple(_charts(planned)),
        assumptions,
        basis.left_out(),
        basis.problems,
        meta(basis, start=start, runs=found.trials),
    )


def _longest_s(trial: Trial) -> float:
    """The longest downtime."""
    return max((one.downtime_s or 0.0 for one in trial.moved), default=0.0)


def _check(question: WavesQuestion, start: datetime) -> None:
    if not question.rpo_s > 0:
        raise WavesRefused('an RPO of 0: write "15 min"')
    if question.by is not None and question.by <= start:
        raise WavesRefused(
            f"by {shown(question.by)} is not after the start, {shown(start)}: write a later --by"
        )
    for name, most in (("VMs in a wave", question.most_vms), ("cutovers at once", question.cutovers_at_once)):
        if most is not None and most < 1:
            raise WavesRefused(f"{most} {name}: at least 1")
    for name, seconds in (("boot time", question.boot_s), ("sync ahead", question.sync_ahead_s)):
        if not 0 <= seconds < math.inf:
            raise WavesRefused(f"a {name} of {seconds:g} s: write 0 s or more")
    if question.order not in ORDERS:
        raise WavesRefused(f"order {question.order!r}: one of {', '.join(ORDERS)}")


def _fit(
    basis: Basis, question: WavesQuestion, vms: Mapping[str, PlannedVm], found: Assignment
) -> Fit | None:
    if question.target is None:
        return None
    waves = [(wave.name, wave.labels) for wave in found.waves]
    return fit(
        [vm.vm for vm in vms.values()],
        question.target,
        {label: name for label, name in (question.profiles or {}).items() if label in vms},
        waves,
        basis.excluded_disks,
    )


def _verdict(planned: _Planned) -> tuple[str, Tone]:
    waves, nowhere = planned.found.waves, planned.nowhere
    said = numbered(len(waves), "wave")
    if planned.looked is not None and waves:
        done = planned.terms.instant(max(planned.looked.up_s(wave) for wave in waves))
        said += f", done {shown(done)}"
    tone: Tone = "good"
    if planned.at_risk:
        tone = "fair"
    if planned.fit is not None and planned.fit.first_short is not None:
        said, tone = f"{said}; the target is short", "bad"
    if nowhere:
        said, tone = f"{said}; {numbered(len(nowhere), 'VM')} in no wave", "bad"
    return said, tone


def _decision(planned: _Planned) -> list[str]:
    trial, question = planned.looked, planned.question
    said = []
    if trial is not None:
        waves = planned.found.waves
        placed = sum(len(wave.labels) for wave in waves)
        said.append(
            f"{numbered(placed, 'VM')} in {numbered(len(waves), 'wave')}; the first cutover begins"
            f" {shown(planned.terms.instant(waves[0].cutover_s))}, the last VM is up"
            f" {shown(planned.terms.instant(max(trial.up_s(wave) for wave in waves)))}."
        )
        down = sorted((one.downtime_s, one.label) for one in trial.moved if one.downtime_s is not None)
        said.append(
            f"Downtime of a VM (final delta and {shown(question.boot_s, 'seconds')} of boot):"
            f" {shown(down[len(down) // 2][0], 'seconds')} in the middle, at most"
            f" {shown(down[-1][0], 'seconds')} ({down[-1][1]})."
        )
    if planned.ahead is not None and not planned.ahead.failures:
        said.append(
            f"With a sync {shown(AHEAD_S, 'seconds')} before each cutover it is at most"
            f" {shown(_longest_s(planned.ahead), 'seconds')}."
        )
    for unit, reason in planned.found.unplaced[:5]:
        what = f"{unit.name!r} ({listed(unit.labels)})" if unit.grouped else unit.name
        said.append(f"In no wave: {what}: {reason}.")
    if len(planned.found.unplaced) > 5:
        said.append(f"In no wave: {len(planned.found.unplaced) - 5:,} more, see the table in-no-wave.")
    for failure in planned.at_risk[:3]:
        said.append(
            f"With change rates at their upper bounds wave {failure.wave} does not hold: {failure.text}."
        )
    if planned.fit is not None:
        said += _fit_in_words(planned.fit)
    for group, missing in torn(question.groups or {}, planned.vms)[:5]:
        said.append(f"Group {group!r} moves without {listed(missing)}, not in the plan.")
    return said


def _fit_in_words(found: Fit) -> list[str]:
    short = found.first_short
    if short is None:
        return [f"All of it fits into {found.target.name}."]
    needs = "; ".join(f"{need.resource} {need}" for need in short.short)
    return [f"{found.target.name} is too small from {short.wave} on: {needs}."]


# Tables and charts ----------------------------------------------------------------------------------


def _tables(planned: _Planned) -> list[Table]:
    tables = [_waves_table(planned), _vms_table(planned)]
    if planned.found.unplaced:
        tables.append(_nowhere_table(planned))
    if planned.fit is not None:
        tables.append(target_table(planned.fit))
    return tables


def _waves_table(planned: _Planned) -> Table:
    rows: list[dict[str, Value]] = []
    trial, terms = planned.looked, planned.terms
    risks = {failure.wave: failure.text for failure in planned.at_risk}
    for wave in planned.found.waves if trial is not None else ():
        assert trial is not None
        own = trial.of(wave)
        down = [one.downtime_s for one in own if one.downtime_s is not None]
        rows.append(
            {
                "wave": wave.name,
                "vms": len(own),
                "copy_bytes": math.fsum(_copy(planned, one) for one in own),
                "start": terms.instant(wave.start_s),
                "seeded": terms.instant(trial.seeded_s(wave)),
                "cutover": terms.instant(wave.cutover_s),
                "up": terms.instant(trial.up_s(wave)),
                "closes": wave.window.end,
                "most_downtime_s": max(down, default=None),
                "at_upper_bounds": risks.get(wave.number, "holds"),
                "tone": "fair" if wave.number in risks else "good",
            }
        )
    return Table(
        "waves",
        "Waves",
        (
            Column("wave", "wave"),
            Column("vms", "VMs", "count"),
            Column("copy_bytes", "to copy", "bytes"),
            Column("start", "copies begin", "instant"),
            Column("seeded", "copies complete", "instant"),
            Column("cutover", "cutovers begin", "instant"),
            Column("up", "all up", "instant"),
            Column("closes", "window closes", "instant"),
            Column("most_downtime_s", "longest downtime", "seconds"),
            Column("at_upper_bounds", "with change rates at their upper bounds"),
        ),
        tuple(rows),
        f"{RULE.format(order=planned.question.order)}.",
        tone_of="tone",
    )


def _copy(planned: _Planned, one: Moved) -> float:
    return allocated_bytes(planned.vms[one.label].fleet_vm(planned.question.rpo_s))


def _vms_table(planned: _Planned) -> Table:
    terms = planned.terms
    together = Counter((one.wave, one.unit) for one in planned.looked.moved) if planned.looked else Counter()
    rows: list[dict[str, Value]] = []
    for one in planned.looked.moved if planned.looked is not None else ():
        rows.append(
            {
                "wave": f"wave {one.wave}",
                "vm": one.label,
                "group": one.unit if together[one.wave, one.unit] > 1 else None,
                "copy_bytes": _copy(planned, one),
                "seeded": None if one.seeded_s is None else terms.instant(one.seeded_s),
                "off": None if one.off_s is None else terms.instant(one.off_s),
                "up": None if one.up_s is None else terms.instant(one.up_s),
                "downtime_s": one.downtime_s,
                "why": planned.found.why.get(one.label),
            }
        )
    return Table(
        "wave-vms",
        "VMs by wave",
        (
            Column("wave", "wave"),
            Column("vm", "VM"),
            Column("group", "moves with"),
            Column("copy_bytes", "to copy", "bytes"),
            Column("seeded", "copied", "instant"),
            Column("off", "off", "instant"),
            Column("up", "up", "instant"),
            Column("downtime_s", "downtime", "seconds"),
            Column("why", "why in this wave"),
        ),
        tuple(rows),
        "Downtime: from power-off to the end of the final delta, and the boot.",
    )


def _nowhere_table(planned: _Planned) -> Table:
    rows: list[dict[str, Value]] = [
        {"vm": label, "group": unit.name if unit.grouped else None, "why": reason, "tone": "bad"}
        for unit, reason in planned.found.unplaced
        for label in unit.labels
    ]
    return Table(
        "in-no-wave",
        "VMs in no wave",
        (Column("vm", "VM"), Column("group", "moves with"), Column("why", "why")),
        tuple(rows),
        tone_of="tone",
    )


def _charts(planned: _Planned) -> list[Chart]:
    trial, terms = planned.looked, planned.terms
    if trial is None:
        return []
    spans: list[Span] = []
    for wave in planned.found.waves:
        seeded_s, up_s = trial.seeded_s(wave), trial.up_s(wave)
        note = f"{len(wave.labels)} VMs"
        if terms.cold:
            spans.append(_span(terms, wave, wave.start_s, up_s, "copy and boot, VMs are off", note))
            continue
        spans.append(_span(terms, wave, wave.start_s, seeded_s, "initial sync", note))
        if wave.cutover_s > seeded_s:
            spans.append(_span(terms, wave, seeded_s, wave.cutover_s, "deltas until the window", note))
        spans.append(_span(terms, wave, wave.cutover_s, up_s, "cutover", note))
    last = planned.terms.instant(max(trial.up_s(wave) for wave in planned.found.waves))
    for dark in planned.question.calendar.dark(terms.start, last):
        spans.append(Span("blackout", max(dark.start, terms.start), min(dark.end, last), "blackout"))
    charts = [
        Chart(
            "wave-gantt",
            "gantt",
            "Waves",
            "time",
            "",
            spans=tuple(spans),
            x_kind="instant",
            note="Copies of a wave begin when those of the wave before are complete.",
        )
    ]
    course = trial.outcome.course
    if course is not None:
        x, places = course_lines(course, terms.start)
        charts.append(
            Chart(
                "wave-link",
                "lines",
                "The link: first copies, and deltas of VMs that wait for their window",
                "time",
                "rate",
                link_lines(course, x, places, "deltas"),
                x_kind="instant",
                y_kind="bps",
                note="Where first copies are far below what may be used, windows decide, not the link.",
            )
        )
    return charts


def _span(terms: Terms, wave: Wave, from_s: float, until_s: float, group: str, note: str) -> Span:
    return Span(wave.name, terms.instant(from_s), terms.instant(until_s), group, note)


def _assumed(planned: _Planned) -> tuple[Assumption, ...]:
    question = planned.question
    windows = "; ".join(one.text for one in question.calendar.windows) or "any time"
    blackouts = "; ".join(one.text for one in question.calendar.blackouts) or "none"
    boot = "import, network, power on and guest; no source gives a figure"
    return (
        Assumption("waves", RULE.format(order=question.order), "-", "this plan", "assumed"),
        Assumption("change rates for waves", question.bound, "bound", "as asked", "assumed"),
        Assumption("boot time", question.boot_s, "s", boot, "assumed"),
        Assumption("cutover windows", windows, "site's local time", "as asked", "assumed"),
        Assumption(
            "blackouts",
            f"{blackouts}: nothing is started or cut over; replication that runs goes on",
            "site's local time",
            "as asked",
            "assumed",
        ),
        Assumption(
            "sync before a cutover", question.sync_ahead_s, "s before; 0: none", "as asked", "assumed"
        ),
        Assumption(
            "cutovers at once", question.cutovers_at_once or "all of a wave", "VMs", "as asked", "assumed"
        ),
        Assumption(
            "deltas while waiting",
            "as the RPO asks; the final delta is what changed since the last",
            "-",
            "reference: cutover is power off and a final delta (cx.md 3.4)",
            "documented",
        ),
    )
