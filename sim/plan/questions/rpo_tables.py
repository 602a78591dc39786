"""The tables of `plan rpo`: by link and RPO, by VM, by day, by VM and day, and the bottlenecks.

Rules of this file: figures are trials.py's; every row has the tone that its figure deserves.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import timedelta

from cxsim.sim.plan.answers.model import Column, Table, Tone, Value
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.questions.trials import DAY_S, Trial

_CASE = (
    Column("link", "link"),
    Column("planned_bps", "to count on", "bps"),
    Column("rpo_s", "RPO", "seconds"),
)


def tables(basis: Basis, share: float, fleet_mean: bool, found: Sequence[Trial]) -> tuple[Table, ...]:
    """All of them."""
    return (
        case_table(share, fleet_mean, found),
        _bottlenecks(found),
        _per_day(basis, found),
        vm_table(basis, share, found),
        _per_vm_and_day(basis, found),
    )


def _case(trial: Trial) -> tuple[Value, ...]:
    return trial.link.text, trial.link.planned_bps, trial.rpo_s


def rows_of(columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> tuple[dict[str, Value], ...]:
    """As long as the columns, or one longer: the last value is then the row's tone."""
    keys = [*(column.key for column in columns), "tone"]
    return tuple(dict(zip(keys, row, strict=False)) for row in rows)


def case_table(share: float, fleet_mean: bool, found: Sequence[Trial]) -> Table:
    """A row a link and RPO."""
    columns = (
        *_CASE,
        Column("kept", "kept"),
        Column("time_in_rpo", "time in RPO, all VMs", "share"),
        Column("time_in_rpo_least", "the worst seed", "share"),
        Column("worst_vm", "worst VM"),
        Column("worst_vm_time_in_rpo", "its time in RPO", "share"),
        Column("violations_per_day", "violations a day", "number"),
        Column("long_violations_per_day", "by more than a minute", "number"),
        Column("peak_age_s", "oldest data", "seconds"),
        Column("age_p95_rpos", "95 % of the time, at most (RPOs)", "number"),
        Column("late_syncs", "late syncs", "share"),
        Column("bottleneck", "bottleneck"),
        Column("bottleneck_share", "of violated time", "share"),
        Column("link_used", "link used", "share"),
    )
    return Table(
        "rpo",
        "Which link keeps which RPO",
        columns,
        rows_of(columns, (_case_row(share, fleet_mean, trial) for trial in found)),
        note="Time in RPO is the share of the VMs' time with data younger than the RPO. Late syncs are those "
        "complete more than a minute after it; violations by more than a minute are of them.",
        tone_of="tone",
    )


def _case_row(share: float, fleet_mean: bool, trial: Trial) -> tuple[Value, ...]:
    worst, causes = trial.worst, trial.causes
    met = trial.met_by(share, fleet_mean)
    mean = trial.share
    tone: Tone = "good" if met else "fair" if mean is not None and mean >= share else "bad"
    spent_s = sum(seconds for _, seconds in causes)
    return (
        *_case(trial),
        "yes" if met else "no",
        mean,
        min(trial.shares, default=None),
        worst.name if worst else None,
        worst.share if worst else None,
        statistics.fmean(trial.violations_per_day),
        statistics.fmean(trial.late_per_day),
        trial.peak_age_s,
        trial.age_p95,
        trial.late_share,
        trial.bottleneck or "none",
        causes[0][1] / spent_s if spent_s else None,
        trial.used,
        tone,
    )


def _bottlenecks(found: Sequence[Trial]) -> Table:
    columns = (
        *_CASE,
        Column("bottleneck", "violated time was spent on"),
        Column("share", "share", "share"),
        Column("violated_s_per_day", "a day, all VMs", "seconds"),
    )
    rows = [
        (
            *_case(trial),
            name,
            seconds / sum(spent for _, spent in trial.causes),
            seconds / trial.days / len(trial.results),
        )
        for trial in found
        for name, seconds in trial.causes
    ]
    return Table(
        "bottlenecks", "What violated time was spent on", columns, rows_of(columns, rows), main=False
    )


def vm_table(basis: Basis, share: float, found: Sequence[Trial]) -> Table:
    """A row a VM of every trial, the worst first."""
    columns = (
        Column("vm", "VM"),
        *_CASE,
        Column("time_in_rpo", "time in RPO", "share"),
        Column("time_in_rpo_least", "the worst seed", "share"),
        Column("violations_per_day", "violations a day", "number"),
        Column("violated_s_per_day", "violated a day", "seconds"),
        Column("peak_age_s", "oldest data", "seconds"),
        Column("age_p95_s", "95 % of the time, at most", "seconds"),
        Column("bottleneck", "bottleneck"),
        Column("shipped_bytes_per_day", "shipped a day", "bytes"),
        Column("grade", "change rate"),
    )
    rows = []
    for trial in found:
        for vm in sorted(trial.vms, key=lambda one: (2.0 if one.share is None else one.share, one.name)):
            tone: Tone = "plain" if vm.share is None else "good" if vm.share >= share else "bad"
            rows.append(
                (
                    vm.name,
                    *_case(trial),
                    vm.share,
                    vm.worst_share,
                    vm.violations_per_day,
                    vm.violated_s_per_day,
                    vm.peak_age_s,
                    vm.age_p95_s,
                    vm.causes[0][0] if vm.causes else "none",
                    vm.shipped_bytes_per_day,
                    basis.changes.of(vm.name).grade.value,
                    tone,
                )
            )
    return Table("per-vm", "By VM", columns, rows_of(columns, rows), main=False, tone_of="tone")


def _per_day(basis: Basis, found: Sequence[Trial]) -> Table:
    columns = (
        *_CASE,
        Column("day", "day from", "instant"),
        Column("violations", "violations begun", "count"),
        Column("vms_violated", "VMs with violations", "count"),
        Column("peak_age_s", "oldest data", "seconds"),
        Column("oldest_of", "of"),
    )
    rows: list[tuple[Value, ...]] = []
    for trial in found:
        if (series := trial.series) is None:
            continue
        days = range(len(series.day_violations[0]) if series.day_violations else 0)
        for day in days:
            begun = [vm[day] for vm in series.day_violations]
            peaks_s = [vm[day] for vm in series.day_peak_age_s]
            oldest = max(range(len(peaks_s)), key=peaks_s.__getitem__)
            rows.append(
                (
                    *_case(trial),
                    basis.start + timedelta(seconds=day * DAY_S),
                    sum(begun),
                    sum(peak_s > trial.rpo_s for peak_s in peaks_s),
                    peaks_s[oldest],
                    trial.vms[oldest].name,
                )
            )
    note = (
        f"Of seed {basis.seed}; a VM is counted when its data was older than the RPO at any time of the day."
    )
    return Table("per-day", "By day", columns, rows_of(columns, rows), note, main=False)


def _per_vm_and_day(basis: Basis, found: Sequence[Trial]) -> Table:
    """Only where there was a violation: the rest is said by the note."""
    columns = (
        *_CASE,
        Column("day", "day from", "instant"),
        Column("vm", "VM"),
        Column("violations", "violations begun", "count"),
        Column("peak_age_s", "oldest data", "seconds"),
    )
    rows: list[tuple[Value, ...]] = []
    for trial in found:
        if (series := trial.series) is None:
            continue
        for vm, begun, peaks_s in zip(trial.vms, series.day_violations, series.day_peak_age_s, strict=True):
            for day, (count, peak_s) in enumerate(zip(begun, peaks_s, strict=True)):
                if peak_s > trial.rpo_s and len(rows) < MOST_ROWS:
                    from_ = basis.start + timedelta(seconds=day * DAY_S)
                    rows.append((*_case(trial), from_, vm.name, count, peak_s))
    note = f"Of seed {basis.seed}; days of a VM that are not here had no data older than the RPO"
    note += f"; the first {MOST_ROWS:,} rows." if len(rows) == MOST_ROWS else "."
    return Table("per-vm-and-day", "By VM and day", columns, rows_of(columns, rows), note, main=False)


MOST_ROWS = 100_000
"""More make a workbook that nobody opens."""
