"""A diagnosis for people, on a terminal or piped: the same words, a table and colour on a terminal.

Rules of this file: layout only; the words are `wording`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cxsim.sim.diagnosis.diagnosis import Diagnosis
from cxsim.sim.diagnosis.evidence import legend
from cxsim.sim.diagnosis.wording import (
    CauseText,
    at,
    cause_text,
    changed_flows,
    closing_lines,
    count,
    fault_lines,
    instant,
    tally,
    told_text,
)
from cxsim.sim.explain import FlowVerdict, Status
from cxsim.sim.explain.cause import ended

COLOURS = {
    Status.PASS: "green",
    Status.FAIL: "bold red",
    Status.WARN: "yellow",
    Status.UNDETERMINED: "magenta",
}


def show(console: Console, diagnosis: Diagnosis) -> None:
    """Print a diagnosis."""
    subject, seen = diagnosis.subject, diagnosis.observation

    def line(text: str = "", style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    kind = "environment" if subject.scenario is None else f"seed {subject.scenario.seed}"
    line(f"{subject.name}: {subject.title}", "bold")
    line(f"{subject.file}, {kind}")
    faults = list(fault_lines(diagnosis))
    if faults:
        line()
        line(f"{count(len(faults), 'fault')}:")
    for fault in faults:
        line(f"  {fault}")
    for warning in seen.warnings:
        line(f"  {warning}")
    line()
    line(f"Required flows {instant(seen.moments[0].when)}: {tally(seen.moments[0].verdicts)}")
    _table(console, seen.moments[0].verdicts)
    for before, after in zip(seen.moments, seen.moments[1:], strict=False):
        line(f"At {at(after.when.t_us)}, {after.when.label}: {tally(after.verdicts)}; different:")
        _table(console, changed_flows(before, after))
    texts = [cause_text(explained, diagnosis) for explained in diagnosis.explained]
    texts += [told_text(told) for told in diagnosis.told]
    for number, text in enumerate(texts, 1):
        line()
        head, *rows = cause_lines(text, number, len(texts))
        line(head, "bold red")
        for row in rows:
            line(row)
    line()
    for closing in closing_lines(diagnosis):
        line(closing)
    used = [f"[{v.row.grade}]" for v in seen.moments[0].verdicts] + [str(text) for text in texts]
    line("Evidence:")
    for grade in legend(used):
        line(f"  {grade}")


def cause_lines(text: CauseText, number: int, total: int) -> Iterator[str]:
    """One cause as lines."""
    yield f"Cause {number} of {total}: {text.head}"
    yield from (f"  {flow}" for flow in text.flows)
    yield from (f"    {step}" for step in text.trace)
    for passage in text.passages:
        if len(passage.lines) == 1:
            yield f"  {passage.label}: {passage.lines[0]}"
        else:
            yield f"  {passage.label}:"
            yield from (f"    {row}" for row in passage.lines)


def _table(console: Console, verdicts: Sequence[FlowVerdict]) -> None:
    if not console.is_terminal:
        for v in verdicts:
            text = f"  {v.status.value:<12} row {v.row.row:<2} [{v.row.grade}] {v.flow}{_remark(v)}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for heading in ("verdict", "row", "grade", "needed for", "from", "to", ""):
        table.add_column(heading, overflow="fold")
    for v in verdicts:
        source, _, target = v.flow.partition(" -> ")
        colour = COLOURS[v.status]
        table.add_row(
            f"[{colour}]{v.status.value}[/]",
            v.row.row,
            v.row.grade,
            v.row.phase.value,
            escape(source),
            escape(target),
            escape(_remark(v).removeprefix("  - ")),
        )
    console.print(table)


def _remark(verdict: FlowVerdict) -> str:
    """What a flow's line says beside the flow."""
    if verdict.status is Status.PASS:
        return ""
    note = f"; {verdict.row.note}" if verdict.row.note else ""
    return f"  - {ended(verdict)}{note}"
