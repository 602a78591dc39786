"""Results for people: a line a scenario, a story for one, causes, RPO figures, a summary.

Rules of this file: text only, from a RunResult; no decisions. On a terminal rich colours it; piped, the
same words come out plain, so a log file and a screen say the same.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cxsim.sim.result import Assumption, Exit, RpoLine, RunResult

VERDICT = {
    Exit.MET: ("PASS", "green"),
    Exit.NOT_MET: ("FAIL", "red"),
    Exit.BAD_INPUT: ("BAD INPUT", "red"),
    Exit.EMULATOR_GAP: ("GAP", "yellow"),
}
MAX_VIOLATIONS_SHOWN = 6
WIDE = 1000
"""Columns of a table that nothing may cut off."""


def duration_text(seconds: float) -> str:
    """A duration as people say it: `42 s`, `3 h 05 min`, `2 d 04 h`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours:02} h"


def verdict_of(result: RunResult) -> tuple[str, str]:
    """The word and the colour of a result; an expected failure is neither a pass nor a failure."""
    if result.expected_failure is not None:
        return ("XFAIL", "yellow") if result.exit is Exit.MET else ("XPASS", "red")
    return VERDICT[result.exit]


def result_line(console: Console, result: RunResult) -> None:
    """One line for one scenario."""
    word, colour = verdict_of(result)
    figures = (
        f"expectations {result.checks_met}/{len(result.checks)} met, "
        f"virtual {duration_text(result.virtual_s)}, wall {result.wall_s:.2f} s"
    )
    console.print(f"[{colour}]{word:<5}[/] {escape(result.scenario):<44} {figures}", soft_wrap=True)


def rpo_figures(console: Console, lines: Sequence[RpoLine]) -> None:
    """RPO figures per VM and for the fleet: a table, then what violations were spent on, with their times
    since the start."""
    if not lines:
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("VM", "RPO", "time in RPO", "violations", "age p50", "p95", "p99", "peak", "syncs"):
        table.add_column(heading, justify="left" if heading == "VM" else "right", no_wrap=True)
    for line in lines:
        table.add_row(*_cells(line))
    # As wide as it needs to be, on any terminal: figures that are cut off are no figures.
    wide = Console(file=io.StringIO(), width=WIDE)
    with wide.capture() as shown:
        wide.print(table)
    for row in shown.get().splitlines():
        console.print(row.rstrip(), markup=False, highlight=False, soft_wrap=True)
    fleet = " (the fleet's p50, p95, p99 in RPOs)" if lines[-1].age_s is None else ""
    console.print(f"  age: of the data, minutes{fleet}", soft_wrap=True, highlight=False)
    for text in rpo_texts(lines):
        console.print(f"  {text}", soft_wrap=True, highlight=False, markup=False)


def _cells(line: RpoLine) -> tuple[str, ...]:
    ages = line.age_rpos if line.age_s is None else [age_s / 60 for age_s in line.age_s]
    digits = 2 if line.age_s is None else 1
    return (
        line.vm,
        "" if line.rpo_s is None else duration_text(line.rpo_s),
        f"{line.time_in_rpo * 100:.2f} %",
        str(line.violation_count),
        *(("", "", "") if ages is None else (f"{age:.{digits}f}" for age in ages)),
        f"{line.peak_age_s / 60:.1f}",
        str(line.syncs),
    )


def rpo_texts(lines: Sequence[RpoLine]) -> list[str]:
    """What was violated when, and what it was spent on: a line for every VM, and for the fleet."""
    texts = []
    for line in lines:
        if line.violation_count == 0:
            continue
        causes = line.violation_bottlenecks or ("",) * len(line.violations)
        times = [
            f"{offset(a)}-{offset(b)}" + (f" {cause}" if cause else "")
            for (a, b), cause in zip(line.violations[:MAX_VIOLATIONS_SHOWN], causes, strict=False)
        ]
        more = line.violation_count - len(times)
        tail = f" and {more} more" if more and times else ""
        when = f" at {', '.join(times)}{tail} (after the start)" if times else ""
        texts.append(f"{line.vm} outside its RPO{when}; bottleneck: {bottlenecks_text(line)}")
    return texts


def bottlenecks_text(line: RpoLine) -> str:
    """What the violated time was spent on: `wan 87 % (1 h 02 min), schedule 13 % (9 min)`."""
    spent = [(name, seconds) for name, seconds in line.bottlenecks if seconds > 0]
    total = sum(seconds for _, seconds in spent)
    return ", ".join(f"{name} {s / total:.0%} ({duration_text(s)})" for name, s in spent) or "unknown"


def assumptions_text(assumptions: Sequence[Assumption]) -> str:
    """The schedule that RPO figures rest on, and what of it is inferred ([I])."""
    by_name = {one.name: one for one in assumptions}

    def told(name: str, text: str) -> str:
        return f"{text} [{by_name[name].grade}]" if by_name[name].grade == "I" else text

    schedule = by_name["schedule"].value
    if schedule == "vendor":
        last, margin = by_name["expected_of_last"].value, by_name["expected_margin"].value
        mean, more = (
            told("expected_of_last", f"mean of the last {last}"),
            told("expected_margin", f"{margin:.0%}"),
        )
        rule = f"vendor's, last start + RPO - expected duration: {mean} + {more}"
    elif schedule == "fixed":
        interval_s = float(by_name["fixed_interval_s"].value)
        every = f"every {duration_text(interval_s)}" if interval_s else "every RPO of the VM"
        rule = f"fixed, a start {every}"
    else:
        rule = "continuous"
    efficiency = by_name["link_efficiency"].value
    scheduling = {"schedule", "fixed_interval_s", "expected_of_last", "expected_margin"}
    others = [one.name for one in assumptions if one.grade == "I" and one.name not in scheduling]
    return (
        f"schedule: {rule}; link efficiency {efficiency:.0%} where no line says otherwise. "
        f"Inferred too [I]: {', '.join(others)} (docs/replication.md)"
    )


def offset(seconds: float) -> str:
    """An instant as time since the start of the scenario, `h:mm:ss`."""
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def details(console: Console, result: RunResult, with_checks: bool) -> None:
    """What a reader wants below the story: causes, RPO figures, expectations that failed or all."""
    for cause in result.causes:
        console.print(escape(cause), soft_wrap=True, highlight=False)
    rpo_figures(console, result.rpo)
    if result.replication:
        console.print(
            f"  {assumptions_text(result.replication)}", soft_wrap=True, highlight=False, markup=False
        )
    for check in result.checks:
        if not check.met:
            console.print(f"[red]not met[/] {escape(check.place)}: {escape(check.text)}", soft_wrap=True)
            console.print(escape(check.detail), soft_wrap=True, highlight=False)
        elif with_checks:
            console.print(f"[green]met[/]     {escape(check.text)}", soft_wrap=True, highlight=False)
    for problem in result.problems:
        console.print(f"[red]problem[/] {escape(problem)}", soft_wrap=True, highlight=False)
    for gap in result.gaps:
        console.print(f"[yellow]emulator gap[/] {escape(gap)}", soft_wrap=True, highlight=False)


def summary(console: Console, results: Sequence[RunResult], wall_s: float) -> None:
    """The last line of a run: how many ended as expected."""
    as_expected = sum(result.exit is Exit.MET for result in results)
    colour = "green" if as_expected == len(results) else "red"
    console.print(
        f"[{colour}]{as_expected} of {len(results)} scenarios ended as expected[/], "
        f"{sum(r.checks_met for r in results)}/{sum(len(r.checks) for r in results)} expectations met, "
        f"virtual {duration_text(sum(r.virtual_s for r in results))}, wall {wall_s:.1f} s",
        soft_wrap=True,
    )
