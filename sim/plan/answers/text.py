"""An answer on the terminal: the decision, then its tables, what it rests on and what was left out.

Rules of this file: nothing is cut without saying how much and where all of it is; into a pipe goes the same
text, unwrapped and without colour. A terminal that has no check marks gets plain signs.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from cxsim.sim.plan.answers.files import assumption_table, left_out, problems
from cxsim.sim.plan.answers.model import Answer, Column, Table, Tone
from cxsim.sim.plan.answers.shown import PLAIN_SIGNS, SIGNS, shown

PIPED_WIDTH = 240
WIDEST_CELL = 60
"""Characters of a cell before it is folded."""
STYLES: dict[Tone, str] = {"good": "bold green", "fair": "bold yellow", "bad": "bold red", "plain": "bold"}


def show(console: Console, answers: Sequence[Answer], most_rows: int = 25) -> None:
    """Write answers. `most_rows`: of a table; 0 is all."""
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    signs = SIGNS if console.encoding.lower().startswith("utf") else PLAIN_SIGNS
    for answer in answers:
        _say(console, answer.question)
        console.print(Text(f"{signs[answer.tone]} {answer.verdict}", STYLES[answer.tone]), soft_wrap=True)
        for line in answer.decision:
            _say(console, f"  {line}")
        console.print()
    for answer in answers:
        for table in answer.tables:
            if table.main:
                _table(console, table, most_rows, signs)
    _table(console, assumption_table(answers), most_rows, signs)
    for title, lines in (("Left out", left_out(answers)), ("Problems of the files", problems(answers))):
        _lines(console, title, lines, most_rows)
    for line in dict.fromkeys(_meta(answer) for answer in answers):
        _say(console, line)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _meta(answer: Answer) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in answer.meta.items())


def _lines(console: Console, title: str, lines: Sequence[str], most_rows: int) -> None:
    if not lines:
        return
    _say(console, f"{title}: {len(lines):,}")
    for line in lines[: most_rows or None]:
        _say(console, f"  {line}")
    _rest(console, len(lines), most_rows)
    console.print()


def _rest(console: Console, total: int, most_rows: int) -> None:
    if most_rows and total > most_rows:
        _say(console, f"  ... and {total - most_rows:,} more: --rows 0 shows them, --out has them in files")


def _table(console: Console, table: Table, most_rows: int, signs: dict[Tone, str]) -> None:
    columns = [column for column in table.columns if column.key != table.tone_of]
    _say(console, table.title)
    if not table.rows:
        _say(console, f"  {table.note or 'nothing'}")
        console.print()
        return
    drawn = RichTable(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    if table.tone_of:
        drawn.add_column("")
    for column in columns:
        _add(drawn, column)
    for row in table.rows[: most_rows or None]:
        cells = [Text(shown(row.get(column.key), column.kind)) for column in columns]
        if table.tone_of:
            tone = _tone(row.get(table.tone_of))
            cells.insert(0, Text(signs[tone], STYLES[tone]))
        drawn.add_row(*cells)
    console.print(drawn)
    _rest(console, len(table.rows), most_rows)
    if table.note:
        _say(console, f"  {table.note}")
    console.print()


def _add(drawn: RichTable, column: Column) -> None:
    right = column.kind not in ("text", "instant")
    drawn.add_column(
        column.title,
        justify="right" if right else "left",
        overflow="fold",
        no_wrap=right,
        max_width=None if right else WIDEST_CELL,
    )


def _tone(value: object) -> Tone:
    tones: dict[object, Tone] = {"good": "good", "fair": "fair", "bad": "bad"}
    return tones.get(value, "plain")
