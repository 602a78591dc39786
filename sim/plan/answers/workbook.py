"""Answers as a workbook: the decision first, a sheet a table, then assumptions and what was left out.

Rules of this file: figures are numbers with a format, never text: sizes in GiB, rates in Mbit/s, durations as
Excel's, each said in the header; text is never taken for a formula. The same answer gives the same bytes.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from cxsim.sim.plan.answers.files import assumption_table, left_out, problems
from cxsim.sim.plan.answers.model import Answer, Column, Kind, Table, Tone, Value
from cxsim.sim.plan.answers.shown import SIGNS, UNKNOWN, shown

MADE = datetime(2000, 1, 1)
"""Written as the time of making: a real one would make every file another."""
WIDEST, NARROWEST = 60, 9
_FORMATS: dict[Kind, tuple[str, float, str]] = {
    "count": ("#,##0", 1.0, ""),
    "number": ("#,##0.00", 1.0, ""),
    "bytes": ("#,##0.00", 2.0**30, "GiB"),
    "bps": ("#,##0.00", 1e6, "Mbit/s"),
    "seconds": ("[h]:mm:ss", 86400.0, "h:mm:ss"),
    "share": ("0.0%", 1.0, ""),
    "instant": ("yyyy-mm-dd hh:mm", 1.0, ""),
    "money": ("#,##0.00", 1.0, ""),
}
"""Of a kind: number format, what a value is divided by, the unit for the header."""
_TONES: dict[Tone, str] = {"good": "#D5F0E6", "fair": "#FFF0CC", "bad": "#FBDCCB", "plain": "#FFFFFF"}


def workbook(answers: Sequence[Answer]) -> bytes:
    """The .xlsx file."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": "cxsim plan", "created": MADE})
    sheets = _Sheets(book)
    sheets.decision(answers)
    for answer in answers:
        for table in answer.tables:
            sheets.table(table, answer.short if len(answers) > 1 else "")
    sheets.table(assumption_table(answers))
    for name, lines in (("left out", left_out(answers)), ("problems", problems(answers))):
        if lines:
            rows = tuple({"line": line} for line in lines)
            sheets.table(Table(name, name, (Column("line", name),), rows))
    book.close()
    return stream.getvalue()


class _Sheets:
    """Writes sheets into one workbook, each with a name that Excel takes."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.names: set[str] = set()
        self.formats: dict[tuple[str, Tone], Any] = {}

    def style(self, number_format: str, tone: Tone = "plain", **more: object) -> Any:
        key = (f"{number_format} {sorted(more.items())}", tone)
        if key not in self.formats:
            look: dict[str, object] = {"num_format": number_format, "valign": "top", **more}
            if tone != "plain":
                look["bg_color"] = _TONES[tone]
            self.formats[key] = self.book.add_format(look)
        return self.formats[key]

    def named(self, wanted: str) -> str:
        """At most 31 characters, none of []:*?/\\, unlike all others whatever the case."""
        name = base = re.sub(r"[\[\]:*?/\\']", " ", wanted)[:31].strip() or "table"
        number = 2
        while name.lower() in self.names:
            name = f"{base[: 28 - len(str(number))]} ({number})"
            number += 1
        self.names.add(name.lower())
        return name

    def decision(self, answers: Sequence[Answer]) -> None:
        sheet = self.book.add_worksheet(self.named("decision"))
        sheet.set_column(0, 0, 100)
        wrapped = self.style("@", text_wrap=True)
        row = 0
        for answer in answers:
            sheet.write_string(row, 0, answer.question, self.style("@", bold=True, text_wrap=True))
            told = self.style("@", answer.tone, bold=True, font_size=14, text_wrap=True)
            sheet.write_string(row + 1, 0, f"{SIGNS[answer.tone]} {answer.verdict}", told)
            row += 2
            for line in answer.decision:
                sheet.write_string(row, 0, line, wrapped)
                row += 1
            row += 1
        for answer in answers:
            for name, value in answer.meta.items():
                sheet.write_string(row, 0, f"{answer.short}: {name} {shown(value)}", wrapped)
                row += 1

    def table(self, table: Table, prefix: str = "") -> None:
        name = table.name if not prefix or table.name.startswith(prefix) else f"{prefix} {table.name}"
        sheet = self.book.add_worksheet(self.named(name))
        head = self.style("@", bold=True, bottom=1, text_wrap=True)
        columns = [column for column in table.columns if column.key != table.tone_of]
        for at, column in enumerate(columns):
            unit = _FORMATS.get(column.kind, ("", 1.0, ""))[2]
            title = f"{column.title} ({unit})" if unit else column.title
            sheet.write_string(0, at, title, head)
            lengths = [len(str(row.get(column.key) or "")) for row in table.rows]
            wide = max([len(title), *lengths]) if column.kind == "text" else max(len(title), 12)
            sheet.set_column(at, at, min(WIDEST, max(NARROWEST, wide + 2)))
        for at, row in enumerate(table.rows, 1):
            tone: Tone = _tone(row.get(table.tone_of)) if table.tone_of else "plain"
            for place, column in enumerate(columns):
                self.cell(sheet, at, place, row.get(column.key), column.kind, tone)
        sheet.freeze_panes(1, 1)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), max(0, len(columns) - 1))
        if table.note:
            sheet.write_string(len(table.rows) + 2, 0, table.note)

    def cell(self, sheet: Any, row: int, place: int, value: Value, kind: Kind, tone: Tone) -> None:
        number_format, size, _ = _FORMATS.get(kind, ("General", 1.0, ""))
        if value is None:
            sheet.write_string(row, place, UNKNOWN, self.style("@", tone, font_color="#666666"))
        elif isinstance(value, datetime):
            sheet.write_datetime(row, place, value.replace(tzinfo=None), self.style("yyyy-mm-dd hh:mm", tone))
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            sheet.write_number(row, place, value / size, self.style(number_format, tone))
        else:
            sheet.write_string(row, place, shown(value, kind), self.style("@", tone, text_wrap=True))


def _tone(value: Value) -> Tone:
    tones: dict[Value, Tone] = {"good": "good", "fair": "fair", "bad": "bad"}
    return tones.get(value, "plain")
