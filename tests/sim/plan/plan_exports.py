"""Exports of a small site, to be damaged by the tests: five VMs as RVTools has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cxsim.sim.plan.inventory import Inventory, InventoryDisk, InventoryVm, Power, synthetic
from cxsim.sim.plan.inventory.cells import Cell
from cxsim.sim.plan.inventory.writing import Rows, sheets_of, write_csvs, write_workbook

GiB = 2**30
NAMES = ("deckard", "rachael", "gaff", "bryant", "holden")


def site() -> Inventory:
    """Five VMs with round sizes."""
    drawn = synthetic(len(NAMES), 1)
    return Inventory(
        tuple(_vm(name, number, vm) for number, (name, vm) in enumerate(zip(NAMES, drawn.vms, strict=True)))
    )


def _vm(name: str, number: int, drawn: InventoryVm) -> InventoryVm:
    disks = tuple(
        InventoryDisk(
            name=f"Hard disk {n}",
            capacity_bytes=(40 + 10 * number) * n * GiB,
            key=1999 + n,
            thin=True,
            sharing="none",
            bus_sharing="none",
            controller="SCSI controller 0",
            path=f"[DS-1] {name}/{name}_{n}.vmdk",
        )
        for n in range(1, 3 if number < 2 else 2)
    )
    capacity_bytes = sum(disk.capacity_bytes or 0 for disk in disks)
    return replace(
        drawn,
        label=name,
        name=name,
        power=Power.ON,
        memory_bytes=4 * GiB,
        disks=disks,
        provisioned_bytes=capacity_bytes + 4 * GiB,
        in_use_bytes=capacity_bytes // 2,
        disk_capacity_bytes=capacity_bytes,
        guest_consumed_bytes=capacity_bytes // 4,
        unshared_bytes=capacity_bytes // 2,
        datastores=("DS-1",),
        encrypted=None,
        vtpm=None,
        pmem=None,
    )


Sheets = dict[str, Rows]


def sheets() -> Sheets:
    """The site's sheets."""
    return sheets_of(site())


def column(rows: Rows, header: str) -> int:
    """The place of a column."""
    return rows[0].index(header)


def put(rows: Rows, row: int, header: str, value: Cell) -> None:
    """Put a value; `row` as a spreadsheet counts."""
    rows[row - 1][column(rows, header)] = value


def without(rows: Rows, *headers: str) -> Rows:
    """Without these columns."""
    gone = {column(rows, header) for header in headers}
    return [[cell for at, cell in enumerate(cells) if at not in gone] for cells in rows]


def renamed(rows: Rows, change: Callable[[str], str]) -> Rows:
    """With other headers."""
    return [[change(str(header)) for header in rows[0]], *rows[1:]]


def book(folder: Path, content: Sheets, name: str = "export.xlsx") -> Path:
    """A workbook of RVTools 4.4.1."""
    path = folder / name
    write_workbook(path, content, "4.4.1")
    return path


def csv_set(folder: Path, content: Sheets, separator: str = ",") -> Path:
    """A folder of CSV files."""
    path = folder / "export"
    write_csvs(path, content, separator)
    return path
