"""What a cell of a table says: a number in its locale, yes or no, a date.

Rules of this file: pure; a cell that says nothing is None, one that cannot be read raises Unreadable with
what would be right. RVTools and spreadsheets write figures as the machine's locale has it: `1.234,5` and
`1,234.5` both come. A figure with one separator and three digits after it (`1,024`) could be either: the
other figures of the file decide (`Marks`); in a column of whole numbers it is thousands, unless the file
uses that mark for decimals; where nothing decides it is Unreadable rather than wrong by a thousand times.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Literal

Cell = str | int | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta
Mark = Literal[".", ","]

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'\u2019")
"""Thousands separators that are never a decimal mark: blanks and the Swiss apostrophe."""
_PLAIN = re.compile(r"[+-]?\d+")
_FIGURE = re.compile(r"[+-]?\d[\d.,]*|[+-]?[.,]\d+")
_YES = frozenset({"true", "yes", "1", "x", "y"})
_NO = frozenset({"false", "no", "0", "n"})


class Unreadable(ValueError):
    """A cell that does not say what its column is for: what is wrong and what would be right."""

    def __init__(self, what: str, right: str) -> None:
        super().__init__(f"{what}: {right}")
        self.what, self.right = what, right


def shown(cell: Cell) -> str:
    """A cell as a message quotes it."""
    text = " ".join(text_of(cell).split())
    return repr(text if len(text) <= 40 else text[:37] + "...")


def text_of(cell: Cell) -> str:
    """A cell as text: a number that a spreadsheet made of a name is written without `.0`."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def decimal_mark_of(text: str) -> Mark | None:
    """The decimal mark that a figure gives away; None when it has no separator or could be read both ways."""
    commas, dots = text.count(","), text.count(".")
    if commas and dots:
        return "," if text.rfind(",") > text.rfind(".") else "."
    if commas + dots == 0:
        return None
    mark: Mark = "," if commas else "."
    other: Mark = "." if commas else ","
    if commas + dots > 1:
        return other
    before, after = text.lstrip("+-").split(mark)
    ambiguous = len(after) == 3 and 1 <= len(before) <= 3 and before != "0"
    return None if ambiguous else mark


@dataclass
class Marks:
    """The decimal marks that the figures of a file gave away. `usual`: what its list separator suggests."""

    usual: Mark | None = None
    seen: set[Mark] = field(default_factory=set)

    def look(self, cell: Cell) -> None:
        """Learn from a cell of a column of numbers."""
        if isinstance(cell, str) and ("," in cell or "." in cell) and len(self.seen) < 2:
            text = cell.strip().translate(_SPACES)
            if _FIGURE.fullmatch(text) and (mark := decimal_mark_of(text)):
                self.seen.add(mark)

    @property
    def decimal(self) -> Mark | None:
        """The one that was seen, else the usual one; None when both were seen or nothing tells."""
        if len(self.seen) == 1:
            return next(iter(self.seen))
        return None if self.seen else self.usual


def number_of(cell: Cell, marks: Marks, whole: bool = False) -> float | None:
    """The number in a cell. `whole`: the column holds whole numbers. Raises Unreadable."""
    if isinstance(cell, bool):
        raise Unreadable(f"{shown(cell)} is not a number", "write a number")
    if isinstance(cell, int | float):
        return float(cell)
    if not isinstance(cell, str):
        raise Unreadable(
            f"{shown(cell)} is a date or a time, not a number",
            "format the column as numbers (a spreadsheet makes dates of figures such as 1.5)",
        )
    text = cell.strip().translate(_SPACES)
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        return float(text)
    if not _FIGURE.fullmatch(text):
        raise Unreadable(
            f"{shown(cell)} is not a number", "write the number alone; its unit is in the header"
        )
    return _localised(text, cell, marks, whole)


def _localised(text: str, cell: str, marks: Marks, whole: bool) -> float:
    mark = decimal_mark_of(text)
    if mark is None:
        separator: Mark = "," if "," in text else "."
        if whole and separator not in marks.seen:
            mark = "." if separator == "," else ","
        elif not whole:
            mark = marks.decimal
    if mark is None:
        digits = text.replace(",", "").replace(".", "")
        both = f"{digits} or {text.replace(',', '.')}"
        raise Unreadable(f"{shown(cell)} could be {both}", "write it without a thousands separator")
    thousands = "," if mark == "." else "."
    part, _, fraction = text.partition(mark)
    groups = part.lstrip("+-").split(thousands)
    well_grouped = len(groups) == 1 or (
        1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    )
    if not well_grouped or (fraction and not fraction.isdecimal()):
        raise Unreadable(f"{shown(cell)} is not a number", "write it without a thousands separator")
    return float(f"{part.replace(thousands, '') or '0'}.{fraction or '0'}")


def flag_of(cell: Cell) -> bool | None:
    """Yes or no. Raises Unreadable."""
    if isinstance(cell, bool):
        return cell
    word = text_of(cell).lower()
    if not word:
        return None
    if word in _YES or word in _NO:
        return word in _YES
    raise Unreadable(f"{shown(cell)} is neither True nor False", "write True or False")


_DATE = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp])?.*)?"
)


@dataclass
class DateOrder:
    """Whether the day or the month comes first in a file, from the dates in which one of them is over 12."""

    day_first: set[bool] = field(default_factory=set)

    def look(self, cell: Cell) -> None:
        """Learn from a cell of a column of dates."""
        match = _DATE.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if match and len(match[1]) <= 2:
            first, second = int(match[1]), int(match[2])
            if (first > 12) != (second > 12):
                self.day_first.add(first > 12)
            elif "." in match[0].split()[0]:
                self.day_first.add(True)


def date_of(cell: Cell, order: DateOrder) -> dt.datetime | None:
    """The instant in a cell, local to the machine that wrote it. Raises Unreadable where day and month could
    be exchanged."""
    if isinstance(cell, dt.datetime):
        return cell
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)
    text = text_of(cell)
    if not text:
        return None
    match = _DATE.fullmatch(text)
    if match is None:
        raise Unreadable(f"{shown(cell)} is not a date", 'write "2026-11-23 14:05"')
    a, b, c = int(match[1]), int(match[2]), int(match[3])
    if len(match[1]) == 4:
        year, month, day = a, b, c
    elif len(match[3]) != 4:
        raise Unreadable(f"{shown(cell)} is not a date", 'write "2026-11-23 14:05"')
    elif a == b or len(order.day_first) == 1:
        day, month = (a, b) if True in order.day_first else (b, a)
        year = c
    else:
        raise Unreadable(f"{shown(cell)} could be day/month or month/day", 'write "2026-11-23 14:05"')
    hour = int(match[4] or 0)
    if match[7]:
        hour = hour % 12 + (12 if match[7] in "Pp" else 0)
    try:
        return dt.datetime(year, month, day, hour, int(match[5] or 0), int(match[6] or 0))
    except ValueError:
        raise Unreadable(f"{shown(cell)} is not a date", 'write "2026-11-23 14:05"') from None
