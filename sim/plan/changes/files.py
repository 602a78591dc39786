"""Files of change figures: their columns by any of several names, and their VMs found in the inventory.

Rules of this file: a header is a name and maybe a unit (`read_GB`, `Read (GB)`, `Data read, GB`); units
decide by exact letters. A VM that the inventory does not have, or has twice, is a Problem and its rows are
left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxsim.sim.plan.inventory.columns import Kind
from cxsim.sim.plan.inventory.model import InventoryError, InventoryVm, Problem, Where
from cxsim.sim.plan.inventory.sheets import csv_sheet
from cxsim.sim.plan.inventory.table import Bound, Locale, Row, Table, learn


@dataclass(frozen=True)
class Wanted:
    """A column that is looked for: its names, lower case without punctuation; bytes by unit for a size."""

    names: tuple[str, ...]
    kind: Kind
    units: Mapping[str, float] | None = None
    needed: bool = True


def split_header(header: str) -> tuple[str, str]:
    """`Read (GB)` to read and GB."""
    text = re.sub(r"[()\[\],_]+", " ", header).split()
    return " ".join(text).lower(), text[-1] if text else ""


def read_table(path: Path, wanted: Mapping[str, Wanted], example: str, problems: list[Problem]) -> Table:
    """The rows under the first header that has every needed column. Raises InventoryError."""
    raw = csv_sheet(path)
    needed = [want for want in wanted.values() if want.needed]
    sheet = raw.table(
        lambda headers: all(any(_meant(header, want) for header in headers) for want in needed), problems
    )
    if sheet is None:
        names = ", ".join(want.names[0] for want in needed)
        what = f"has no row of headers with {names}"
        problem = Problem("error", Where(path.name), what, f"write {example}")
        raise InventoryError([*problems, problem])
    bound: dict[str, Bound] = {}
    for name, want in wanted.items():
        for at, header in enumerate(sheet.headers):
            if name not in bound and (unit := _meant(header, want)):
                bound[name] = Bound(at, header, want.kind, unit)
    table = Table(sheet, bound, Locale(), problems)
    learn([table])
    return table


def _meant(header: str, want: Wanted) -> float | None:
    """Bytes per unit (1 without unit) when the header is this column, else None."""
    words, last = split_header(header)
    if want.units is None:
        return 1.0 if words in want.names else None
    for unit, unit_bytes in want.units.items():
        for name in want.names:
            with_unit = f"{name} {unit}".lower() if unit else name
            if words == with_unit and (not unit or last == unit):
                return unit_bytes
    return None


class Finder:
    """VMs by label, else by MoRef, else by a name that only one has, upper and lower case alike."""

    def __init__(self, vms: Iterable[InventoryVm]) -> None:
        self._found: list[dict[str, set[str]]] = [{}, {}, {}]
        for vm in vms:
            for index, key in zip(self._found, (vm.label, vm.vm_id, vm.name.lower()), strict=True):
                if key:
                    index.setdefault(key, set()).add(vm.label)

    def find(self, text: str) -> set[str]:
        """The labels that a text may mean: one, none, or several namesakes."""
        for index, key in zip(self._found, (text, text, text.lower()), strict=True):
            if key in index:
                return index[key]
        return set()

    def owner(self, row: Row) -> str | None:
        """The VM of a row; None, with a Problem, when it is not one VM."""
        text = row.text("vm")
        if not text:
            row.error("vm", "names no VM", "write the VM's name; the row was left out")
            return None
        labels = self.find(text)
        if len(labels) == 1:
            return next(iter(labels))
        if labels:
            row.error(
                "vm", f"{len(labels)} VMs are {text!r}", "write its MoRef (vm-123); the row was left out"
            )
        else:
            row.warn("vm", f"{text!r} is not in the inventory", "its rows were left out")
        return None
