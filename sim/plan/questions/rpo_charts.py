"""The charts of `plan rpo`: violations against bandwidth, data age and the link over time, VMs, bottlenecks.

Rules of this file: figures are trials.py's; a chart's note says in a sentence what is to be seen.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from cxsim.sim.plan.answers.model import Bar, Chart, Line
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.questions.trials import Trial
from cxsim.sim.replication.accounting import CAUSES

MOST_VMS = 25


def charts(share: float, found: Sequence[Trial]) -> tuple[Chart, ...]:
    """What-ifs over bandwidths."""
    groups = [list(group) for _, group in groupby(found, key=lambda trial: trial.rpo_s)]
    bottlenecks = (_bottlenecks(group) for group in groups)
    return (
        _violations(groups),
        _time_in_rpo(share, groups),
        *(chart for chart in bottlenecks if chart is not None),
    )


def _name(group: Sequence[Trial]) -> str:
    return f"RPO {shown(group[0].rpo_s, 'seconds')}"


def _violations(groups: Sequence[Sequence[Trial]]) -> Chart:
    lines = []
    for group in groups:
        x = tuple(trial.link.planned_bps for trial in group)
        for name, of_seeds in (
            (_name(group), [trial.violations_per_day for trial in group]),
            (f"{_name(group)}, by more than 1 min", [trial.late_per_day for trial in group]),
        ):
            mean = tuple(map(statistics.fmean, of_seeds))
            lines.append(Line(name, x, mean, tuple(map(min, of_seeds)), tuple(map(max, of_seeds))))
    first = lines[1]
    note = (
        f"{first.name}: {first.y[0]:,.0f} violations a day at {shown(first.x[0], 'bps')}, "
        f"{first.y[-1]:,.0f} at {shown(first.x[-1], 'bps')}."
    )
    return Chart(
        "violations",
        "lines",
        "Violations of the RPO against bandwidth",
        "link, to count on",
        "violations a day, all VMs",
        lines=tuple(lines),
        x_kind="bps",
        note=note,
    )


def _time_in_rpo(share: float, groups: Sequence[Sequence[Trial]]) -> Chart:
    lines = []
    for group in groups:
        x = tuple(trial.link.planned_bps for trial in group)
        lines.append(Line(f"{_name(group)}, all VMs", x, tuple(trial.share for trial in group)))
        worst = tuple(trial.worst.share if trial.worst else None for trial in group)
        lines.append(Line(f"{_name(group)}, worst VM", x, worst))
    last = lines[-1]
    return Chart(
        "time-in-rpo",
        "lines",
        "Time in RPO against bandwidth",
        "link, to count on",
        "share of the time",
        lines=tuple(lines),
        marks=(("y", share, f"goal {shown(share, 'share')}"),),
        x_kind="bps",
        y_kind="share",
        note=f"{last.name}: {shown(last.y[-1], 'share')} at {shown(last.x[-1], 'bps')}.",
    )


def _bottlenecks(group: Sequence[Trial]) -> Chart | None:
    names = tuple(trial.link.text for trial in group)
    total = [sum(seconds for _, seconds in trial.causes) for trial in group]
    bars = tuple(
        Bar(
            cause,
            names,
            tuple(
                dict(trial.causes).get(cause, 0.0) / spent if spent else 0.0
                for trial, spent in zip(group, total, strict=True)
            ),
        )
        for cause in CAUSES
        if any(cause in dict(trial.causes) for trial in group)
    )
    if not bars:
        return None
    most = group[0].bottleneck or "nothing"
    return Chart(
        f"bottlenecks-{group[0].rpo_s:g}s",
        "stacked",
        f"What violated time is spent on, {_name(group)}",
        "link",
        "share of violated time",
        bars=bars,
        y_kind="share",
        note=f"Over {names[0]} most of it is {most}, over {names[-1]} {group[-1].bottleneck or 'nothing'}.",
    )


def age_chart(basis: Basis, trial: Trial) -> tuple[Chart, ...]:
    """Data age and the link over time, and the VMs by violated time, of one trial."""
    case = f"{trial.link.text}, {'RPO ' + shown(trial.rpo_s, 'seconds')}"
    found = []
    if (series := trial.series) is not None:
        x = tuple(basis.start + timedelta(seconds=at_s) for at_s in series.at_s)
        every = shown(series.every_s, "seconds")
        found = [
            Chart(
                "data-age",
                "lines",
                f"Data age over time, {case}",
                "",
                f"oldest within {every}",
                lines=(
                    Line("worst VM", x, series.worst_age_s),
                    Line("19 of 20 VMs, at most", x, series.p95_age_s),
                    Line("median VM", x, series.median_age_s),
                ),
                marks=(("y", trial.rpo_s, "RPO"),),
                x_kind="instant",
                y_kind="seconds",
                note=f"The oldest data is {shown(trial.results[0].fleet.peak_age_s, 'seconds')} old.",
            ),
            Chart(
                "link-use",
                "lines",
                f"The link over time, {case}",
                "",
                f"mean of {every}",
                lines=(
                    Line("shipped", x, series.carried_bps),
                    Line("could be shipped", x, series.usable_bps, step=True),
                ),
                x_kind="instant",
                y_kind="bps",
                note=f"{shown(trial.used, 'share')} of what the link could carry was shipped.",
            ),
        ]
    return (*found, *vm_chart(trial, case))


def vm_chart(trial: Trial, case: str) -> tuple[Chart, ...]:
    """VMs by violated time; none where there is none."""
    ranked = sorted(
        (vm for vm in trial.vms if vm.violated_s_per_day > 0),
        key=lambda vm: (-vm.violated_s_per_day, vm.name),
    )[:MOST_VMS]
    if not ranked:
        return ()
    names = tuple(vm.name for vm in ranked)
    return (
        Chart(
            "vms",
            "bars",
            f"VMs with the most violated time, {case}",
            "",
            "violated a day",
            bars=(Bar("violated a day", names, tuple(vm.violated_s_per_day for vm in ranked)),),
            y_kind="seconds",
            note=f"{names[0]} leads with {shown(ranked[0].violated_s_per_day, 'seconds')} a day.",
        ),
    )
