"""Rows of RVTools' sheets to the parts of a VM, and those to a VM.

Rules of this file: one function a sheet, in the table TAKERS; vSphere's words are kept, only those that
decide something are understood (inventory.md 1.4). A value that cannot be read is unknown, the VM stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from cxsim.sim.plan.inventory.cells import shown
from cxsim.sim.plan.inventory.columns import NO_ATTRIBUTES, folded
from cxsim.sim.plan.inventory.model import (
    BusSharing,
    InventoryDisk,
    InventoryVm,
    Power,
    Rdm,
    Sharing,
    Snapshot,
)
from cxsim.sim.plan.inventory.sheets import Sheet
from cxsim.sim.plan.inventory.table import Row


@dataclass
class Parts:
    """What the other sheets say of a VM."""

    disks: list[InventoryDisk] = field(default_factory=list)
    partitions: list[int | None] = field(default_factory=list)
    memory: int | None = None
    vcpus: int | None = None
    networks: list[str] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    usb: list[str] = field(default_factory=list)
    direct_path: list[str] = field(default_factory=list)


_RDM: tuple[tuple[str, Rdm], ...] = (("physical", "physical"), ("virtual", "virtual"))
_BUS: tuple[tuple[str, BusSharing], ...] = (
    ("nosharing", "none"),
    ("virtual", "virtual"),
    ("physical", "physical"),
)


def _disk(part: Parts, row: Row) -> None:
    raw_mode, bus, sharing = (row.text(name).lower() for name in ("raw_mode", "bus", "sharing"))
    raw = row.flag("raw")
    rdm = next((kind for word, kind in _RDM if raw_mode.startswith(word)), None) if raw else None
    if raw and rdm is None:
        row.warn("raw_mode", f"{shown(raw_mode)} is no mode of a raw device mapping", "taken as physicalMode")
        rdm = "physical"
    shared: Sharing | None = None
    if sharing:
        shared = "multi-writer" if "multiwriter" in sharing else "none"
    capacity_bytes = row.size("capacity")
    if capacity_bytes == 0:
        row.warn("capacity", "a disk of 0 bytes", "look at it in vCenter: its file or LUN may be gone")
    count = len(part.disks)
    part.disks.append(
        InventoryDisk(
            name=row.text("disk") or f"Hard disk {count + 1}",
            capacity_bytes=capacity_bytes,
            key=row.count("key"),
            thin=row.flag("thin"),
            mode=row.text("mode") or "persistent",
            rdm=rdm,
            sharing=shared,
            bus_sharing=next((kind for word, kind in _BUS if bus.startswith(word)), None),
            controller=row.text("controller"),
            path=row.text("path"),
            where=row.where,
        )
    )


def _snapshot(part: Parts, row: Row) -> None:
    part.snapshots.append(Snapshot(row.text("name"), row.date("taken"), row.size("size")))


def _network(part: Parts, row: Row) -> None:
    if (network := row.text("network")) and network not in part.networks:
        part.networks.append(network)
    if row.flag("direct_path"):
        part.direct_path.append(row.text("nic") or network)


def _media(part: Parts, row: Row) -> None:
    if row.flag("connected"):
        part.media.append(row.text("device") or row.text("type"))


def _usb(part: Parts, row: Row) -> None:
    part.usb.append(row.text("device") or row.text("type") or "USB")


def _partition(part: Parts, row: Row) -> None:
    part.partitions.append(row.size("consumed"))


def _memory(part: Parts, row: Row) -> None:
    part.memory = row.size("memory")


def _cpu(part: Parts, row: Row) -> None:
    part.vcpus = row.count("vcpus")


TAKERS: dict[str, Callable[[Parts, Row], None]] = {
    "vDisk": _disk,
    "vPartition": _partition,
    "vMemory": _memory,
    "vCPU": _cpu,
    "vNetwork": _network,
    "vSnapshot": _snapshot,
    "vCD": _media,
    "vFloppy": _media,
    "vUSB": _usb,
}


def attribute_columns(sheet: Sheet) -> list[tuple[int, str]]:
    """Columns of vInfo that RVTools does not have: custom attributes and tags."""
    own = re.compile("(mib|mb|gib|gb|tib|tb)$")
    return [
        (at, header)
        for at, header in enumerate(sheet.headers)
        if header
        and not re.fullmatch(r"network#?\d", folded(header, "vInfo"))
        and not {folded(header, "vInfo"), own.sub("", folded(header, "vInfo"))} & NO_ATTRIBUTES
    ]


def vm_of(row: Row, part: Parts, with_disks: bool, attributes: list[tuple[int, str]]) -> InventoryVm:
    """The VM of a row of vInfo. `with_disks`: the export has the sheet vDisk."""
    name = row.text("vm")
    disks = tuple(_keyed(part.disks))
    expected = row.count("disks")
    if expected is not None and with_disks and expected != len(disks):
        what = f"{shown(name)} has {expected} disks, vDisk has {len(disks)}"
        row.warn("disks", what, "export all sheets at once")
    capacity_bytes = row.size("disk_capacity")
    sizes = [disk.capacity_bytes for disk in disks]
    if capacity_bytes is None and sizes and None not in sizes:
        capacity_bytes = sum(size for size in sizes if size is not None)
    known = [size for size in part.partitions if size is not None]
    folder_of_vm = InventoryDisk("", None, path=row.text("path")).datastore
    datastores = dict.fromkeys([folder_of_vm, *(disk.datastore for disk in disks)])
    networks = part.networks or [row.text(f"network{n}") for n in range(1, 9)]
    custom = ((header, str(cell)) for at, header in attributes if (cell := row.cell(at)) != "")
    memory_bytes, vcpus = row.size("memory"), row.count("vcpus")
    return InventoryVm(
        label=name,
        name=name,
        power=_power(row),
        vcpus=part.vcpus if vcpus is None else vcpus,
        memory_bytes=part.memory if memory_bytes is None else memory_bytes,
        disks=disks,
        provisioned_bytes=row.size("provisioned"),
        in_use_bytes=row.size("in_use"),
        disk_capacity_bytes=capacity_bytes,
        guest_consumed_bytes=sum(known) if known and len(known) == len(part.partitions) else None,
        unshared_bytes=row.size("unshared"),
        vm_id=row.text("vm_id") or None,
        vm_uuid=row.text("vm_uuid") or None,
        bios_uuid=row.text("bios_uuid") or None,
        vcenter=row.text("server") or None,
        datacenter=row.text("datacenter") or None,
        cluster=row.text("cluster") or None,
        host=row.text("host") or None,
        folder=row.text("folder") or None,
        datastores=tuple(store for store in datastores if store),
        networks=tuple(network for network in networks if network),
        guest_os=row.text("os") or None,
        template=bool(row.flag("template")),
        placeholder=bool(row.flag("placeholder")),
        ft_state=row.text("ft_state") or None,
        secure_boot=row.flag("secure_boot"),
        hardware_version=_hardware(row),
        snapshots=tuple(part.snapshots),
        consolidation_needed=bool(row.flag("consolidation")),
        changed_block_tracking=row.flag("cbt"),
        connection_state=row.text("connection") or None,
        attached_media=tuple(part.media),
        usb_devices=tuple(part.usb),
        passthrough=(
            *part.direct_path,
            *(("Fixed Passthru HotPlug",) if row.flag("passthru") else ()),
        ),
        custom=tuple(custom),
        where=row.where,
    )


def _keyed(disks: list[InventoryDisk]) -> Iterable[InventoryDisk]:
    """With vSphere's keys, counted from 2000 where the export has none or has one twice."""
    taken: set[int] = set()
    for disk in disks:
        key = disk.key
        if key is None or key in taken:
            key = max(taken, default=1999) + 1
        taken.add(key)
        yield disk if disk.key == key else replace(disk, key=key)


def _power(row: Row) -> Power:
    word = row.text("power")
    for power in Power:
        if power.lower() == word.lower().replace(" ", ""):
            return power
    if word:
        row.warn("power", f"{shown(word)} is not a power state", "write poweredOn, poweredOff or suspended")
    return Power.UNKNOWN


def _hardware(row: Row) -> int | None:
    word = row.text("hardware")
    if not word:
        return None
    match = re.fullmatch(r"(?:vmx-?)?0*(\d+)", word, re.IGNORECASE)
    if match is None:
        row.warn("hardware", f"{shown(word)} is not a version", "write 13 or vmx-13")
    return int(match[1]) if match else None
