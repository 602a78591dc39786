"""A sheet whose columns are known: cells by field, with every complaint kept.

Rules of this file: a cell that cannot be read becomes None and a Problem of severity `warning` that says
where; nothing raises. Locales are learned from the whole file first (`learn`), then cells are read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cxsim.sim.plan.inventory.cells import (
    Cell,
    DateOrder,
    Marks,
    Unreadable,
    date_of,
    flag_of,
    number_of,
    shown,
    text_of,
)
from cxsim.sim.plan.inventory.columns import Kind
from cxsim.sim.plan.inventory.model import Problem, Severity, Where
from cxsim.sim.plan.inventory.sheets import Sheet

LARGEST_BYTES = 2**60
"""More than this in one cell is a mistake of unit."""


@dataclass(frozen=True)
class Bound:
    """A field found in a sheet: the place and header of its column, bytes per unit of a size."""

    at: int
    header: str
    kind: Kind
    unit_bytes: float = 1.0
    whole: bool = False
    """Whole numbers: a separator in them is for thousands."""


@dataclass
class Locale:
    """How a file writes figures and dates."""

    marks: Marks = field(default_factory=Marks)
    dates: DateOrder = field(default_factory=DateOrder)


class Table:
    """A sheet with its fields bound to columns."""

    def __init__(
        self, sheet: Sheet, bound: dict[str, Bound], locale: Locale, problems: list[Problem]
    ) -> None:
        self.sheet, self.bound, self.locale, self.problems = sheet, bound, locale, problems

    def learn(self) -> None:
        """Look at every figure and date for the file's locale."""
        if self.sheet.usual_mark and self.locale.marks.usual is None:
            self.locale.marks.usual = self.sheet.usual_mark
        for kinds, look in (
            (("size", "count"), self.locale.marks.look),
            (("date",), self.locale.dates.look),
        ):
            for column in (column for column in self.bound.values() if column.kind in kinds):
                for _, cells in self.sheet.rows:
                    if column.at < len(cells):
                        look(cells[column.at])

    def rows(self) -> Iterator[Row]:
        """Its rows, in order."""
        for number, cells in self.sheet.rows:
            yield Row(self, number, cells)

    def has(self, name: str) -> bool:
        """Whether the field has a column."""
        return name in self.bound


class Row:
    """One row. A field without a column is None (text: empty)."""

    __slots__ = ("_cells", "_table", "row_number")

    def __init__(self, table: Table, number: int, cells: list[Cell]) -> None:
        self._table, self.row_number, self._cells = table, number, cells

    @property
    def where(self) -> Where:
        """Its place."""
        return self._table.sheet.where(self.row_number)

    def cell(self, at: int) -> Cell:
        """By the place of the column; empty where the row is short."""
        return self._cells[at] if at < len(self._cells) else ""

    def text(self, name: str) -> str:
        """Text, stripped."""
        column = self._table.bound.get(name)
        if column is None:
            return ""
        cell = self.cell(column.at)
        if isinstance(cell, dt.date | dt.time) and column.kind == "text":
            right = "the spreadsheet made it of a text: format the column as text and type it again"
            self.warn(name, f"{shown(cell)} is a date or a time", right)
        return text_of(cell)

    def number(self, name: str) -> float | None:
        """A number of 0 or more."""
        column = self._table.bound.get(name)
        if column is None:
            return None
        cell = self.cell(column.at)
        if cell == "":
            return None
        try:
            value = number_of(cell, self._table.locale.marks, column.whole)
        except Unreadable as wrong:
            self.warn(name, wrong.what, wrong.right)
            return None
        if value is not None and not value >= 0:
            self.warn(name, f"{shown(cell)} is negative", "write a number of 0 or more")
            return None
        return value

    def count(self, name: str) -> int | None:
        """A whole number of 0 or more."""
        value = self.number(name)
        if value is None or value == int(value):
            return None if value is None else int(value)
        self.warn(name, f"{value:g} is not a whole number", "write a whole number")
        return None

    def size(self, name: str) -> int | None:
        """Bytes."""
        value = self.number(name)
        if value is None:
            return None
        size_bytes = round(value * self._table.bound[name].unit_bytes)
        if size_bytes > LARGEST_BYTES:
            self.warn(name, f"{value:g} is more than 1 EiB", "check the unit in the header")
            return None
        return size_bytes

    def flag(self, name: str) -> bool | None:
        """Yes or no."""
        column = self._table.bound.get(name)
        if column is None:
            return None
        try:
            return flag_of(self.cell(column.at))
        except Unreadable as wrong:
            self.warn(name, wrong.what, wrong.right)
            return None

    def date(self, name: str) -> dt.datetime | None:
        """An instant in the local time of who wrote it."""
        column = self._table.bound.get(name)
        if column is None:
            return None
        try:
            return date_of(self.cell(column.at), self._table.locale.dates)
        except Unreadable as wrong:
            self.warn(name, wrong.what, wrong.right)
            return None

    def warn(self, name: str, what: str, right: str) -> None:
        """Keep a complaint about a cell; its value is unknown from then on."""
        self._problem("warning", name, what, right)

    def error(self, name: str, what: str, right: str) -> None:
        """Keep a complaint about a row that could not be used."""
        self._problem("error", name, what, right)

    def _problem(self, severity: Severity, name: str, what: str, right: str) -> None:
        column = self._table.bound.get(name)
        where = self.where.at(column.header) if column else self.where
        self._table.problems.append(Problem(severity, where, what, right))


def learn(tables: Iterable[Table]) -> None:
    """Learn the locale of a file from all its tables."""
    for table in tables:
        table.learn()
