"""Whose row it is: rows of RVTools' sheets brought to the VMs of vInfo.

Rules of this file: by MoRef, instance UUID and name, in this order until one VM is left, together with the
vCenter where both sheets name it, because MoRefs and names repeat across vCenters (inventory.md 1.1). A row
of nobody, or of two, is an `error` that says so and changes no VM.
"""

from __future__ import annotations

from collections import defaultdict

from cxsim.sim.plan.inventory.cells import shown
from cxsim.sim.plan.inventory.table import Row, Table


def unique_vms(vinfo: Table) -> list[Row]:
    """The rows of vInfo that are VMs. The same VM twice is an error, the second row is left out."""
    rows, seen = [], dict[tuple[str, str], Row]()
    for row in vinfo.rows():
        name, vm_id = row.text("vm"), row.text("vm_id") or row.text("vm_uuid")
        if not name:
            row.error("vm", "names no VM", "write the VM's name; the row was left out")
            continue
        if vm_id:
            first = seen.setdefault((row.text("server"), vm_id), row)
            if first is not row:
                what = f"{shown(name)} ({vm_id}) is there twice: first in row {first.row_number}"
                row.error("vm", what, "delete one of the rows; the second was left out")
                continue
        rows.append(row)
    return rows


class Owners:
    """Brings rows to VMs: by (vCenter, MoRef), (vCenter, UUID), (vCenter, name), whatever the sheet has."""

    def __init__(self, vinfo: Table, rows: list[Row]) -> None:
        self._vinfo = vinfo
        self._indexes: dict[tuple[str, bool], dict[tuple[str, str], list[int]]] = {}
        self._rows = rows

    def _index(self, by: str, with_server: bool) -> dict[tuple[str, str], list[int]]:
        key = (by, with_server)
        if key not in self._indexes:
            index: dict[tuple[str, str], list[int]] = defaultdict(list)
            for i, row in enumerate(self._rows):
                if value := row.text(by):
                    index[row.text("server") if with_server else "", value].append(i)
            self._indexes[key] = index
        return self._indexes[key]

    def of(self, row: Row, table: Table) -> int | None:
        """The VM a row is of. A row of nobody, or of two, is kept as an error."""
        with_server = table.has("server") and self._vinfo.has("server")
        server = row.text("server") if with_server else ""
        candidates: list[int] = []
        for by in ("vm_id", "vm_uuid", "vm"):
            value = row.text(by)
            if not value or not self._vinfo.has(by):
                continue
            found = self._index(by, with_server).get((server, value), [])
            candidates = [i for i in candidates if i in found] or candidates or found
            if len(candidates) == 1:
                return candidates[0]
        name = row.text("vm") or row.text("vm_id")
        if candidates:
            what = f"{len(candidates)} VMs of vInfo are {shown(name)}, and nothing here tells which"
            right = "export with the columns 'VM ID' and 'VI SDK Server'; the row was left out"
            row.error("vm", what, right)
        elif name:
            right = "export all sheets at once; the row was left out"
            row.error("vm", f"vInfo has no VM {shown(name)}", right)
        else:
            row.error("vm", "names no VM", "write the VM's name; the row was left out")
        return None
