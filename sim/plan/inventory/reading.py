"""What kind of inventory a path is, and its reading.

Rules of this file: the kind is seen from the content (a header of vInfo, a plain header) before the name;
whatever is given, the answer is an Inventory or an InventoryError that says what to give instead.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cxsim.sim.plan.inventory.cells import text_of
from cxsim.sim.plan.inventory.columns import sheet_of
from cxsim.sim.plan.inventory.model import Inventory, InventoryError, Problem, Where
from cxsim.sim.plan.inventory.plain import is_plain, read_plain
from cxsim.sim.plan.inventory.rvtools import is_vinfo, read_rvtools
from cxsim.sim.plan.inventory.sheets import HEADER_WITHIN, RawSheet, csv_sheet, workbook_sheets

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
Seen = Callable[[str], object]
TABLES = (".csv", ".txt", ".tsv")
KINDS = "give RVTools' .xlsx, the folder of its CSV files, or a plain CSV file (docs/inventory.md)"


def read_inventory(path: Path, seen: Seen | None = None) -> Inventory:
    """The inventory in a file or folder: RVTools' workbook or CSV set, or a plain table. Problems with single
    rows and cells are in the result. `seen`: called with what was read (`vInfo: 50,000 rows`), for progress.
    Raises InventoryError."""
    if path.is_dir():
        return _folder(path, seen)
    if not path.exists():
        raise _refused(path, "there is no such file", KINDS)
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        return _workbook(path, seen)
    if suffix in TABLES:
        return _csv(path, seen)
    raise _refused(path, f"is neither a workbook nor CSV ({suffix or 'no ending'})", KINDS)


def _workbook(path: Path, seen: Seen | None) -> Inventory:
    sheets = workbook_sheets(path)
    if any(sheet_of(sheet.name or "") == "vInfo" for sheet in sheets):
        return read_rvtools(sheets, path.name, seen=seen)
    for sheet in sheets:
        if sheet_of(sheet.name or "") is None and _has_header(sheet, is_vinfo):
            return read_rvtools(sheets, path.name, vinfo=sheet, seen=seen)
    for sheet in sheets if not any(sheet_of(sheet.name or "") for sheet in sheets) else ():
        if _has_header(sheet, is_plain):
            return read_plain(sheet)
    return read_rvtools(sheets, path.name)


def _csv(path: Path, seen: Seen | None) -> Inventory:
    sheet = sheet_of(path.stem)
    if sheet not in (None, "vInfo"):
        what = f"is RVTools' sheet {sheet}, which does not say which VMs there are"
        raise _refused(path, what, "give RVTools_tabvInfo.csv or its folder")
    raw = csv_sheet(path)
    if _has_header(raw, is_vinfo):
        beside = _set_of(path.parent, _prefix(path)) if sheet else []
        others = [csv_sheet(file) for file in beside if file != path]
        return read_rvtools([raw, *others], path.name, vinfo=raw, seen=seen)
    return read_plain(raw) if sheet is None else read_rvtools([raw], path.name)


def _folder(path: Path, seen: Seen | None) -> Inventory:
    files = [file for file in _set_of(path, None) if sheet_of(file.stem) == "vInfo"]
    if not files:
        raise _refused(path, "is a folder without RVTools_tabvInfo.csv", KINDS)
    if len(files) > 1:
        names = " and ".join(file.name for file in files)
        raise _refused(path, f"holds several exports: {names}", "give one of these files")
    return _csv(files[0], seen)


def _set_of(folder: Path, prefix: str | None) -> list[Path]:
    """The CSV files of RVTools in a folder; those of one export when its prefix is given."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".csv" and sheet_of(file.stem))
    return [file for file in files if prefix is None or _prefix(file) == prefix]


def _prefix(path: Path) -> str:
    """What stands before the sheet's name in a file's name."""
    return path.stem[: len(path.stem) - len(sheet_of(path.stem) or "")].lower()


def _has_header(sheet: RawSheet, is_header: Callable[[list[str]], bool]) -> bool:
    return any(is_header([text_of(cell) for cell in cells]) for cells in sheet.read()[:HEADER_WITHIN])


def _refused(path: Path, what: str, right: str) -> InventoryError:
    return InventoryError([Problem("error", Where(path.name), what, right)])
