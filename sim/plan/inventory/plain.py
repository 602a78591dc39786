"""A plain table of VMs: what a planner writes by hand or out of any other tool (docs/inventory.md).

Rules of this file: columns by name in any order; a size has its unit in its header (`size_GiB`, `size_GB`),
never in its cells, and a header without one is refused. A row is a VM, or, with the column `disk`, a disk of
one. Columns that are not known here are kept as attributes; one that looks like a slip of the pen is said.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cxsim.sim.plan.inventory.cells import shown
from cxsim.sim.plan.inventory.columns import Kind
from cxsim.sim.plan.inventory.model import (
    Inventory,
    InventoryDisk,
    InventoryError,
    InventoryVm,
    Power,
    Problem,
    Rdm,
    Snapshot,
    Where,
    labelled,
)
from cxsim.sim.plan.inventory.sheets import RawSheet, Sheet
from cxsim.sim.plan.inventory.table import Bound, Locale, Row, Table, learn

UNITS = {
    "bytes": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}

COLUMNS: dict[str, tuple[Kind, str]] = {
    "vm": ("text", "the VM's name; needed"),
    "id": ("text", "what tells VMs of one name apart: MoRef or UUID"),
    "vcenter": ("text", "the vCenter it is in"),
    "power": ("text", "on, off or suspended (or vSphere's words)"),
    "vcpus": ("count", "virtual CPUs"),
    "memory": ("size", "memory"),
    "disk": ("text", "the disk's name; with this column a row is a disk, and a VM has as many rows"),
    "size": ("size", "capacity of the disk, or of all disks of the VM"),
    "used": ("size", "of that, in use on the datastore"),
    "provisioned": ("size", "what the VM may grow to, as vSphere counts it"),
    "guest_used": ("size", "used in the guest's file systems"),
    "thin": ("flag", "thin provisioned"),
    "mode": ("text", "vSphere's disk mode: persistent, independent_persistent, ..."),
    "rdm": ("text", "a raw device mapping: physical or virtual"),
    "shared": ("flag", "shared with another VM (multi-writer or shared bus)"),
    "datacenter": ("text", ""),
    "cluster": ("text", ""),
    "host": ("text", ""),
    "folder": ("text", ""),
    "datastore": ("text", ""),
    "network": ("text", ""),
    "os": ("text", "guest operating system"),
    "template": ("flag", "a template, not a VM"),
    "encrypted": ("flag", "an encrypted VM"),
    "vtpm": ("flag", "with a virtual TPM"),
    "ft": ("flag", "under Fault Tolerance"),
    "snapshots": ("count", "how many snapshots it has"),
    "hardware_version": ("count", "13 for vmx-13"),
    "change_class": ("text", "its class of change rate: idle, light, ..."),
}
"""Every column: kind, meaning. Sizes take a unit: `size_GiB`."""

ALSO = {"name": "vm", "capacity": "size", "in_use": "used", "cpus": "vcpus"}
"""Other names for columns."""

_POWER = {"on": Power.ON, "off": Power.OFF, "suspended": Power.SUSPENDED} | {p.lower(): p for p in Power}
_VM_LEVEL = ("power", "vcpus", "memory", "provisioned", "guest_used", "cluster", "change_class", "template")
EXAMPLE = "vm,power,vcpus,memory_GiB,size_GiB,used_GiB"


def is_plain(headers: Iterable[str]) -> bool:
    """Whether a row of cells is the header of a plain table."""
    names = {header.strip().lower() for header in headers}
    sized = any(re.match(r"(size|capacity|used|in_use|provisioned)(_|$)", name) for name in names)
    return bool(names & {"vm", "name"}) and (sized or bool(names & {"vcpus", "cpus", "disk", "power"}))


def read_plain(raw: RawSheet) -> Inventory:
    """The inventory of a plain table. Raises InventoryError."""
    problems: list[Problem] = []
    sheet = raw.table(is_plain, problems)
    if sheet is None:
        where = Where(raw.file, raw.name)
        what = "has no row of headers with 'vm' and a size among its first 20 rows"
        raise InventoryError([*problems, Problem("error", where, what, f"write {EXAMPLE}")])
    of_headers: list[Problem] = []
    bound, attributes = _bound(sheet, of_headers)
    if any(problem.severity == "error" for problem in of_headers):
        raise InventoryError(of_headers)
    problems += of_headers
    table = Table(sheet, bound, Locale(), problems)
    learn([table])
    vms = [_vm(rows, attributes, table.has("disk")) for rows in _grouped(table)]
    if not vms:
        where = sheet.where(sheet.header_row)
        raise InventoryError(
            [*problems, Problem("error", where, "no VM below the headers", f"write {EXAMPLE}")]
        )
    return Inventory(labelled(vms), tuple(dict.fromkeys(problems)), raw.file)


def _bound(sheet: Sheet, problems: list[Problem]) -> tuple[dict[str, Bound], list[tuple[int, str]]]:
    bound: dict[str, Bound] = {}
    attributes: list[tuple[int, str]] = []
    for at, header in enumerate(sheet.headers):
        name, unit = _name_and_unit(header)
        where = sheet.where(sheet.header_row, header)
        if not header:
            continue
        if name not in COLUMNS:
            attributes.append((at, header))
            close = difflib.get_close_matches(name, [*COLUMNS, *ALSO], 1, 0.8)
            if close or unit:
                right = f"did you mean {close[0]!r}?" if close else "see docs/inventory.md for the columns"
                problems.append(Problem("warning", where, "is not a column that is read", right))
            continue
        kind = COLUMNS[name][0]
        if (wrong := _wrong_unit(name, unit, kind)) is not None:
            problems.append(Problem("error", where, *wrong))
        elif name in bound:
            what = f"says the same as column {bound[name].header!r}"
            problems.append(Problem("error", where, what, "keep one of them"))
        else:
            whole = kind == "count" or unit == "bytes"
            bound[name] = Bound(at, header, kind, UNITS.get(unit, 1), whole)
    if "vm" not in bound:
        problems.append(Problem("error", sheet.where(sheet.header_row), "no column 'vm'", f"write {EXAMPLE}"))
    return bound, attributes


def _name_and_unit(header: str) -> tuple[str, str]:
    """`size_GiB` to size and GiB; a unit stays as it was written."""
    text = header.strip()
    name, _, unit = text.rpartition("_")
    if name and unit.lower() in {known.lower() for known in (*UNITS, "b", "k", "m", "g", "t")}:
        return ALSO.get(name.lower(), name.lower()), unit
    return ALSO.get(text.lower(), text.lower()), ""


def _wrong_unit(name: str, unit: str, kind: Kind) -> tuple[str, str] | None:
    if kind != "size":
        return ("has a unit but is no size", f"write {name!r}") if unit else None
    if unit in UNITS:
        return None
    right = f"write {name}_GiB (2^30 bytes) or {name}_GB (10^9 bytes)"
    return ("has no unit", right) if not unit else (f"has an unknown unit {unit!r}", right)


def _grouped(table: Table) -> list[list[Row]]:
    """The rows of each VM, in the order of their first."""
    groups: dict[tuple[str, str], list[Row]] = {}
    alone: list[list[Row]] = []
    order: list[list[Row]] = []
    for row in table.rows():
        name = row.text("vm")
        if not name:
            row.error("vm", "names no VM", "write the VM's name; the row was left out")
            continue
        key = (row.text("vcenter"), row.text("id") or name)
        if key in groups and not table.has("disk"):
            what = f"{shown(row.text('id') or name)} is there twice: first in row {groups[key][0].row_number}"
            right = "give each VM an `id`, or name the disks in a column `disk`; both rows were taken as VMs"
            row.warn("vm", what, right)
            alone.append([row])
            order.append(alone[-1])
        elif key in groups:
            groups[key].append(row)
        else:
            groups[key] = [row]
            order.append(groups[key])
    return order


def _vm(rows: Sequence[Row], attributes: list[tuple[int, str]], by_disk: bool) -> InventoryVm:
    first = rows[0]
    for row in rows[1:]:
        for name in _VM_LEVEL:
            if (said := row.text(name)) and said != first.text(name):
                what = f"{shown(said)} is not what row {first.row_number} says of the same VM"
                row.warn(name, what, "the first row counts")
    disks = tuple(disk for n, row in enumerate(rows, 1) if (disk := _disk(n, row, by_disk)) is not None)
    sizes = [disk.capacity_bytes for disk in disks]
    used = [disk.allocated_bytes for disk in disks]
    hardware = first.count("hardware_version")
    template = bool(first.flag("template"))
    custom = ((header, str(cell)) for at, header in attributes if (cell := first.cell(at)) != "")
    return InventoryVm(
        label=first.text("vm"),
        name=first.text("vm"),
        power=_power(first),
        vcpus=first.count("vcpus"),
        memory_bytes=first.size("memory"),
        disks=disks,
        provisioned_bytes=first.size("provisioned"),
        in_use_bytes=_sum(used),
        disk_capacity_bytes=_sum(sizes),
        guest_consumed_bytes=first.size("guest_used"),
        vm_id=first.text("id") or None,
        vcenter=first.text("vcenter") or None,
        datacenter=first.text("datacenter") or None,
        cluster=first.text("cluster") or None,
        host=first.text("host") or None,
        folder=first.text("folder") or None,
        datastores=_texts(rows, "datastore"),
        networks=_texts(rows, "network"),
        guest_os=first.text("os") or None,
        template=template,
        ft_state={True: "running", False: "notConfigured", None: None}[first.flag("ft")],
        encrypted=first.flag("encrypted"),
        vtpm=first.flag("vtpm"),
        hardware_version=hardware,
        snapshots=(Snapshot("", None, None),) * (first.count("snapshots") or 0),
        change_class=first.text("change_class") or None,
        custom=tuple(custom),
        where=first.where,
    )


def _texts(rows: Sequence[Row], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for row in rows if (text := row.text(name))))


def _sum(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if known and len(known) == len(sizes) else None


def _disk(number: int, row: Row, by_disk: bool) -> InventoryDisk | None:
    capacity_bytes, used_bytes = row.size("size"), row.size("used")
    name = row.text("disk")
    if capacity_bytes is None and used_bytes is None and not name:
        return None
    if capacity_bytes == 0:
        row.warn("size", "a disk of 0 bytes", "write its size, or delete the row")
    if capacity_bytes is not None and used_bytes is not None and used_bytes > capacity_bytes:
        what = f"more in use than the size of {'the disk' if by_disk else 'the disks'}"
        row.warn("used", what, "snapshots count here too; the size is taken for the disk")
    thin = row.flag("thin")
    disk = InventoryDisk(
        name=name or f"Hard disk {number}",
        capacity_bytes=capacity_bytes,
        key=1999 + number,
        thin=thin,
        mode=row.text("mode") or "persistent",
        rdm=_rdm(row),
        allocated_bytes=used_bytes,
        where=row.where,
    )
    shared = row.flag("shared")
    return disk if shared is None else replace(disk, sharing="multi-writer" if shared else "none")


def _rdm(row: Row) -> Rdm | None:
    word = row.text("rdm").lower()
    if word in ("", "no", "none", "false"):
        return None
    if word.startswith("virtual"):
        return "virtual"
    if not word.startswith("physical"):
        row.warn("rdm", f"{shown(word)} is no kind of raw device mapping", "write physical or virtual")
    return "physical"


def _power(row: Row) -> Power:
    word = row.text("power")
    if word and word.lower() not in _POWER:
        row.warn("power", f"{shown(word)} is not a power state", "write on, off or suspended")
    return _POWER.get(word.lower(), Power.UNKNOWN)
