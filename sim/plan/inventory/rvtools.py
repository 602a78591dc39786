"""RVTools' sheets to VMs.

Rules of this file: vInfo says which VMs there are, the other sheets only add to them (owners.py brings their
rows, rvtools_rows.py reads them); a VM is never left out because of another row's mistake. Without vInfo
there is no inventory: InventoryError. Missing sheets and columns are said with what they would have told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from cxsim.sim.plan.inventory.columns import (
    SHEETS,
    SIZE_UNITS,
    UNCLEAR_UNITS,
    WITHOUT,
    Column,
    folded,
    sheet_of,
)
from cxsim.sim.plan.inventory.model import Inventory, InventoryError, InventoryVm, Problem, Where, labelled
from cxsim.sim.plan.inventory.owners import Owners, unique_vms
from cxsim.sim.plan.inventory.rvtools_rows import TAKERS, Parts, attribute_columns, vm_of
from cxsim.sim.plan.inventory.sheets import RawSheet, Sheet
from cxsim.sim.plan.inventory.table import Bound, Locale, Table, learn

EXPORT_AGAIN = "export with RVTools' 'Export all to xlsx', or give the folder of its CSV files"


def is_vinfo(headers: Iterable[str]) -> bool:
    """Whether a row of cells is the header of vInfo: a VM's name and its power state or size."""
    names = {re.sub("(mib|mb)$", "", folded(header, "vInfo")) for header in headers}
    return bool(names & {"vm", "vmname"}) and bool(names & {"powerstate", "provisioned", "inuse"})


def read_rvtools(
    raw_sheets: Sequence[RawSheet],
    source: str,
    vinfo: RawSheet | None = None,
    seen: Callable[[str], object] | None = None,
) -> Inventory:
    """The inventory of an export, workbook or CSV set. `vinfo`: the sheet that is vInfo whatever its name;
    `seen`: told what is being read. Raises InventoryError."""
    problems: list[Problem] = []
    raw: dict[str, RawSheet] = {} if vinfo is None else {"vInfo": vinfo}
    for sheet in raw_sheets:
        if name := sheet_of(sheet.name or _stem(sheet.file)):
            raw.setdefault(name, sheet)
    if "vInfo" not in raw:
        names = ", ".join(repr(sheet.name or sheet.file) for sheet in raw_sheets) or "none"
        what = f"has no sheet vInfo (there is {names})"
        raise InventoryError([Problem("error", Where(source), what, EXPORT_AGAIN)])
    tables: dict[str, Table] = {}
    locale = Locale()
    for name in SHEETS:
        if name in raw and (table := _table(raw[name], name, locale, problems)) is not None:
            tables[name] = table
            if seen is not None:
                seen(f"{name}: {len(table.sheet.rows):,} rows")
    if "vInfo" not in tables:
        raise InventoryError(problems)
    learn(tables.values())
    for name, meaning in WITHOUT.items():
        if name not in tables:
            where = Where(source)
            problems.append(Problem("warning", where, f"has no sheet {name}", meaning))
    vms = _vms(tables)
    if not vms:
        raise InventoryError([*problems, Problem("error", Where(source), "vInfo holds no VM", EXPORT_AGAIN)])
    return Inventory(labelled(vms), tuple(dict.fromkeys(problems)), source + _version(raw.get("vMetaData")))


def _stem(file: str) -> str:
    return file.rsplit(".", 1)[0]


def _version(raw: RawSheet | None) -> str:
    """From vMetaData; the headers do not tell (inventory.md 1.1)."""
    sheet = raw.table(lambda headers: any("version" in h.lower() for h in headers), []) if raw else None
    if sheet is None or not sheet.rows:
        return ""
    cells = sheet.rows[0][1]
    for header, cell in zip(sheet.headers, cells, strict=False):
        if folded(header, "vMetaData") == "rvtoolsversion" and cell != "":
            return f" (RVTools {cell})"
    return ""


def _table(raw: RawSheet, name: str, locale: Locale, problems: list[Problem]) -> Table | None:
    def is_header(headers: list[str]) -> bool:
        if name == "vInfo":
            return is_vinfo(headers)
        return bool({folded(header, name) for header in headers} & {"vm", "vmname"})

    sheet = raw.table(is_header, problems)
    if sheet is None:
        what = "has no row of headers with 'VM' among its first 20 rows"
        problems.append(Problem("error", Where(raw.file, raw.name), what, EXPORT_AGAIN))
        return None
    return Table(sheet, _bound(sheet, name, problems), locale, problems)


def _bound(sheet: Sheet, name: str, problems: list[Problem]) -> dict[str, Bound]:
    places: dict[str, int] = {}
    for at, header in enumerate(sheet.headers):
        places.setdefault(folded(header, name), at)
    bound: dict[str, Bound] = {}
    said_mb = False
    for column in SHEETS[name]:
        found = (
            _size(column, sheet, places, problems) if column.kind == "size" else _named(column, sheet, places)
        )
        if found is None:
            if column.missing:
                what = f"has no column {column.header!r}"
                problems.append(Problem("warning", sheet.where(sheet.header_row), what, column.missing))
            continue
        bound[column.field] = found
        if not said_mb and found.kind == "size" and folded(found.header).endswith("mb"):
            said_mb = True
            where = sheet.where(sheet.header_row, found.header)
            right = "read as MiB (2^20 bytes), which is what RVTools 3.x counts"
            problems.append(Problem("note", where, "is headed MB", right))
    return bound


def _named(column: Column, sheet: Sheet, places: Mapping[str, int]) -> Bound | None:
    for name in column.names:
        if name in places:
            return Bound(places[name], sheet.headers[places[name]], column.kind, whole=True)
    return None


def _size(column: Column, sheet: Sheet, places: Mapping[str, int], problems: list[Problem]) -> Bound | None:
    for name in column.names:
        for unit, unit_bytes in SIZE_UNITS.items():
            if name + unit in places:
                at = places[name + unit]
                whole = unit in ("", "mib", "mb")
                return Bound(at, sheet.headers[at], "size", unit_bytes, whole)
        for unit in UNCLEAR_UNITS:
            if name + unit in places:
                where = sheet.where(sheet.header_row, sheet.headers[places[name + unit]])
                what = "is not a unit of RVTools: 1000 or 1024 is not said"
                right = f"head it {name.title()} {unit[0].upper()}iB (1024), or export again; it was left out"
                problems.append(Problem("error", where, what, right))
    return None


def _vms(tables: Mapping[str, Table]) -> list[InventoryVm]:
    vinfo = tables["vInfo"]
    rows = unique_vms(vinfo)
    parts = [Parts() for _ in rows]
    owners = Owners(vinfo, rows)
    for name, take in TAKERS.items():
        if name in tables:
            for row in tables[name].rows():
                owner = owners.of(row, tables[name])
                if owner is not None:
                    take(parts[owner], row)
    attributes = attribute_columns(vinfo.sheet)
    return [vm_of(row, part, "vDisk" in tables, attributes) for row, part in zip(rows, parts, strict=True)]
