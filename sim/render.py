"""Results for people: a line a scenario, a story for one, causes, RPO figures, a summary.

Rules of this file: text only, from a RunResult; no decisions. On a terminal rich colours it; piped, the
same words come out plain, so a log file and a screen say the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cxsim.sim.result import Exit, RpoLine, RunResult

VERDICT = {
    Exit.MET: ("PASS", "green"),
    Exit.NOT_MET: ("FAIL", "red"),
    Exit.BAD_INPUT: ("BAD INPUT", "red"),
    Exit.EMULATOR_GAP: ("GAP", "yellow"),
}
MAX_VIOLATIONS_SHOWN = 6


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
    """RPO figures per VM and for the fleet, violations with their times since the start."""
    if not lines:
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("VM", "RPO", "time in RPO", "violations", "peak data age", "syncs"):
        table.add_column(heading, justify="left" if heading == "VM" else "right", no_wrap=True)
    for line in lines:
        table.add_row(
            line.vm,
            "" if line.rpo_s is None else duration_text(line.rpo_s),
            f"{line.time_in_rpo * 100:.2f} %",
            str(len(line.violations)),
            f"{line.peak_age_s / 60:.1f} min",
            str(line.syncs),
        )
    console.print(table)
    for line in lines:
        if line.violations and line.vm != "fleet":
            shown = [f"{offset(a)}-{offset(b)}" for a, b in line.violations[:MAX_VIOLATIONS_SHOWN]]
            more = len(line.violations) - len(shown)
            tail = f" and {more} more" if more else ""
            console.print(
                f"  {line.vm} outside its RPO at {', '.join(shown)}{tail} (after the start)", soft_wrap=True
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
