"""Sheets of cells out of workbooks (python-calamine) and CSV files.

Rules of this file: cells as they are, no meaning; a row keeps the number a spreadsheet shows. Merged cells
hold their value in the first cell only: one that was merged downwards is given to every row it covers, any
other stays where it is, and both are said. A file that cannot be opened raises InventoryError.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from python_calamine import CalamineError, PasswordError, SheetTypeEnum, load_workbook

from cxsim.sim.plan.inventory.cells import Cell, Mark, text_of
from cxsim.sim.plan.inventory.model import InventoryError, Problem, Where

Merge = tuple[tuple[int, int], tuple[int, int]]
HEADER_WITHIN = 20
"""Rows in which the header is looked for: titles and blank lines may stand above it."""
_MOST_FIELD_CHARACTERS = 1 << 24
"""Of one CSV field: annotations are long, but a quote that is never closed swallows a whole file."""


@dataclass
class Sheet:
    """A table with a header: rows of cells with their numbers, from 1."""

    file: str
    name: str | None
    """None for a CSV file, which has no sheets."""
    headers: list[str]
    header_row: int
    rows: list[tuple[int, list[Cell]]]
    usual_mark: Mark | None = None
    """The decimal mark that its list separator suggests."""

    def where(self, row: int | None = None, column: str | None = None) -> Where:
        """A place in it."""
        return Where(self.file, self.name, row, column)


@dataclass
class RawSheet:
    """Rows of cells of which the header is not yet known."""

    file: str
    name: str | None
    read: Callable[[], list[list[Cell]]]
    merges: Sequence[Merge] = ()
    usual_mark: Mark | None = None
    notes: list[Problem] = field(default_factory=list)

    def table(self, is_header: Callable[[list[str]], bool], problems: list[Problem]) -> Sheet | None:
        """The table under the first row that is a header; None when no row is."""
        rows = self.read()
        for at, cells in enumerate(rows[:HEADER_WITHIN]):
            headers = [text_of(cell) for cell in cells]
            if is_header(headers):
                problems.extend(self.notes)
                sheet = Sheet(self.file, self.name, headers, at + 1, [], self.usual_mark)
                _fill_merged(sheet, rows, self.merges, problems)
                _take_rows(sheet, rows, problems)
                return sheet
        return None


def _fill_merged(
    sheet: Sheet, rows: list[list[Cell]], merges: Iterable[Merge], problems: list[Problem]
) -> None:
    for (top, left), (bottom, right) in sorted(merges):
        if top < sheet.header_row or top >= len(rows) or left >= len(sheet.headers):
            continue
        where = sheet.where(top + 1, sheet.headers[left] or None)
        value = rows[top][left]
        if left == right:
            for row in rows[top + 1 : bottom + 1]:
                row[left] = value
            what = f"merged with the cells below it, down to row {bottom + 1}"
            problems.append(Problem("note", where, what, "its value was used for all of these rows"))
        else:
            last = sheet.headers[min(right, len(sheet.headers) - 1)]
            what = f"merged with cells beside it, up to column {last!r}"
            advice = "unmerge them: the other cells were read as empty"
            problems.append(Problem("warning", where, what, advice))


def _take_rows(sheet: Sheet, rows: list[list[Cell]], problems: list[Problem]) -> None:
    width = len(sheet.headers)
    for number, cells in enumerate(rows[sheet.header_row :], sheet.header_row + 1):
        if not any(cell != "" for cell in cells):
            continue
        if len(cells) > width and any(cell != "" for cell in cells[width:]):
            what = f"{len(cells)} cells for {width} columns"
            right = "quote cells that hold the separator; the row was left out"
            problems.append(Problem("error", sheet.where(number), what, right))
            continue
        sheet.rows.append((number, cells))


def workbook_sheets(path: Path) -> list[RawSheet]:
    """The worksheets of a workbook (.xlsx, .xlsm, .xlsb, .xls, .ods). Raises InventoryError."""
    try:
        book = load_workbook(path)
    except PasswordError:
        raise _refused(path, "is protected by a password", "save it without one") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    except CalamineError as error:
        right = "give RVTools' .xlsx, or the folder of its CSV files"
        raise _refused(path, f"is not a workbook, or damaged ({error})", right) from None
    found = []
    for meta in book.sheets_metadata:
        if meta.typ is SheetTypeEnum.WorkSheet:
            sheet = book.get_sheet_by_name(meta.name)
            left = sheet.start[1] if sheet.start else 0

            def read(name: str = meta.name, left: int = left) -> list[list[Cell]]:
                pad: list[Cell] = [""] * left
                return [pad + list(row) for row in book.get_sheet_by_name(name).iter_rows()]

            found.append(RawSheet(path.name, meta.name, read, sheet.merged_cell_ranges or ()))
    return found


def csv_sheet(path: Path) -> RawSheet:
    """A CSV file: separated by `,`, `;` or tabs; UTF-8, UTF-16 or, with a note, Windows-1252. Raises
    InventoryError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    notes: list[Problem] = []
    text = _decoded(path, data, notes)
    if "\0" in text:
        raise _refused(path, "is not a text file", "give RVTools' .xlsx, or CSV files")
    separator = _separator_of(text)
    rows = _csv_rows(path, text, separator)
    return RawSheet(path.name, None, lambda: rows, (), "," if separator == ";" else None, notes)


def _decoded(path: Path, data: bytes, notes: list[Problem]) -> str:
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        right = "read as Windows-1252; save as UTF-8 if names look wrong"
        notes.append(Problem("note", Where(path.name), "is not UTF-8 text", right))
        return data.decode("cp1252", errors="replace")


def _separator_of(text: str) -> str:
    """The one that the first lines hold most of. (csv.Sniffer guesses from quotes and letters as well.)"""
    head = "\n".join(text.splitlines()[:HEADER_WITHIN])
    counts = {separator: head.count(separator) for separator in ",;\t"}
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(counts, key=lambda separator: (first.count(separator), counts[separator]))


def _csv_rows(path: Path, text: str, separator: str) -> list[list[Cell]]:
    csv.field_size_limit(_MOST_FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[Cell]] = []
    try:
        for cells in reader:
            rows.append(list(cells))
    except csv.Error as error:
        where = Where(path.name, None, len(rows) + 1)
        right = "quote cells that hold quotes or line breaks, and close every quote"
        raise InventoryError([Problem("error", where, f"is not CSV ({error})", right)]) from None
    return rows


def _unreadable(path: Path, error: OSError) -> InventoryError:
    """What to say of a file that the system does not give."""
    return _refused(path, f"cannot be read ({error.strerror or error})", "give the path of a file")


def _refused(path: Path, what: str, right: str) -> InventoryError:
    return InventoryError([Problem("error", Where(path.name), what, right)])
