"""An answer on the terminal: the decision, then its tables, what it rests on and what was left out.

Rules of this file: nothing is cut without saying how much and where all of it is: rows beyond a number, and
columns for which there is no room. Into a pipe go all columns, a line a row unless a cell is long, without
colour. A terminal that has no check marks gets plain signs.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from cxsim.sim.plan.answers.files import assumption_table, left_out, problems
from cxsim.sim.plan.answers.model import Answer, Column, Table, Tone
from cxsim.sim.plan.answers.shown import PLAIN_SIGNS, SIGNS, shown

PIPED_WIDTH = 2000
WIDEST_CELL = 60
"""Characters of a cell before it is folded."""
TITLE_LINES = 3
_GAP = 2
STYLES: dict[Tone, str] = {"good": "bold green", "fair": "bold yellow", "bad": "bold red", "plain": "bold"}


def show(console: Console, answers: Sequence[Answer], most_rows: int = 25, tables: bool = True) -> None:
    """Write answers. `most_rows`: of a table; 0 is all. `tables`: also these, and the assumptions."""
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    signs = SIGNS if console.encoding.lower().startswith("utf") else PLAIN_SIGNS
    for answer in answers:
        _say(console, answer.question)
        console.print(Text(f"{signs[answer.tone]} {answer.verdict}", STYLES[answer.tone]), soft_wrap=True)
        for line in answer.decision:
            _say(console, f"  {line}")
        console.print()
    if tables:
        for answer in answers:
            for table in answer.tables:
                if table.main:
                    _table(console, table, most_rows, signs)
        _table(console, assumption_table(answers), most_rows, signs)
    for title, lines in (("Left out", left_out(answers)), ("Problems of the files", problems(answers))):
        _lines(console, title, lines, most_rows)
    for line in dict.fromkeys(
        f"{name} {shown(value)}" for answer in answers for name, value in answer.meta.items()
    ):
        _say(console, line)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


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
    rows = table.rows[: most_rows or None]
    cells = {column.key: [shown(row.get(column.key), column.kind) for row in rows] for column in columns}
    widths = {column.key: _width(column, cells[column.key]) for column in columns}
    fitting = _fitting(columns, widths, console.width - (_GAP + 1 if table.tone_of else 0))
    drawn = RichTable(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    if table.tone_of:
        drawn.add_column("")
    for column in fitting:
        right = column.kind not in ("text", "instant")
        width = widths[column.key] if widths[column.key] <= console.width else None
        drawn.add_column(column.title, justify="right" if right else "left", overflow="fold", width=width)
    for place, row in enumerate(rows):
        line = [Text(cells[column.key][place]) for column in fitting]
        if table.tone_of:
            tone = _tone(row.get(table.tone_of))
            line.insert(0, Text(signs[tone], STYLES[tone]))
        drawn.add_row(*line)
    console.print(drawn)
    _rest(console, len(table.rows), most_rows)
    hidden = [column.title for column in columns if column not in fitting]
    if hidden:
        _say(console, f"  No room here for: {', '.join(hidden)}; a wider terminal or --out has them")
    if table.note:
        _say(console, f"  {table.note}")
    console.print()


def _width(column: Column, cells: Sequence[str]) -> int:
    """Of a column, its title on up to three lines, long cells folded."""
    words = column.title.split()
    title = max([*map(len, words), -(-len(column.title) // TITLE_LINES)], default=0)
    return max([title, *(min(len(cell), WIDEST_CELL) for cell in cells)])


def _fitting(columns: Sequence[Column], widths: dict[str, int], room: int) -> list[Column]:
    """The columns from the left that fit; at least one."""
    found: list[Column] = []
    for column in columns:
        room -= widths[column.key] + (_GAP if found else 0)
        if room < 0 and found:
            break
        found.append(column)
    return found


def _tone(value: object) -> Tone:
    tones: dict[object, Tone] = {"good": "good", "fair": "fair", "bad": "bad"}
    return tones.get(value, "plain")
