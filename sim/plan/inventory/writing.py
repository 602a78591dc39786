"""An inventory as RVTools 4.x would have exported it: for the shipped sample and for tests of the reader.

Rules of this file: RVTools' headers, in its order, of the columns that are read (inventory.md 1.3) and a few
that are not; what is unknown is an empty cell. The same inventory gives the same bytes.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import xlsxwriter

from cxsim.sim.plan.inventory.cells import Cell
from cxsim.sim.plan.inventory.model import Inventory, InventoryDisk, InventoryVm

MiB = 2**20
MADE = dt.datetime(2017, 11, 6)
"""When a workbook says it was made: fixed, so that its bytes are the same every time."""
Rows = list[list[Cell]]

_COMMON = ("VM", "Powerstate", "Template", "SRM Placeholder")
_TAIL = ("Datacenter", "Cluster", "Host", "Folder", "VM ID", "VM UUID", "VI SDK Server")
_VINFO = (
    *_COMMON,
    *("Connection state", "Consolidation Needed", "CPUs", "Memory", "NICs", "Disks"),
    *("Total disk capacity MiB", "CBT"),
    *(f"Network #{n}" for n in range(1, 9)),
    *("FT State", "Provisioned MiB", "In Use MiB", "Unshared MiB", "EFI Secure boot", "HW version", "Path"),
    *("Annotation", "Datacenter", "Cluster", "Host", "Folder", "OS according to the configuration file"),
    *("VM ID", "SMBIOS UUID", "VM UUID", "VI SDK Server"),
)
_VDISK = (
    *(*_COMMON, "Disk", "Disk Key", "Disk Path", "Capacity MiB", "Raw", "Disk Mode", "Sharing mode", "Thin"),
    *("Controller", "Shared Bus", "Raw Comp. Mode", *_TAIL),
)
_BUS = {"none": "noSharing", "virtual": "virtualSharing", "physical": "physicalSharing", None: ""}


def _mib(size_bytes: int | None) -> Cell:
    return "" if size_bytes is None else round(size_bytes / MiB)


def _common(vm: InventoryVm) -> list[Cell]:
    return [vm.name, vm.power.value, vm.template, vm.placeholder]


def _tail(vm: InventoryVm) -> list[Cell]:
    places = (vm.datacenter, vm.cluster, vm.host, vm.folder, vm.vm_id, vm.vm_uuid, vm.vcenter)
    return [place or "" for place in places]


def _flag(value: bool | None) -> Cell:
    return "" if value is None else value


def _vinfo(vm: InventoryVm) -> list[Cell]:
    networks: list[Cell] = [*vm.networks[:8], *[""] * (8 - len(vm.networks[:8]))]
    store = vm.datastores[0] if vm.datastores else "datastore1"
    return [
        *_common(vm),
        *(vm.connection_state or "connected", vm.consolidation_needed),
        *("" if vm.vcpus is None else vm.vcpus, _mib(vm.memory_bytes), len(vm.networks), len(vm.disks)),
        *(_mib(vm.disk_capacity_bytes), _flag(vm.changed_block_tracking)),
        *networks,
        *(vm.ft_state or "", _mib(vm.provisioned_bytes), _mib(vm.in_use_bytes), _mib(vm.unshared_bytes)),
        *(_flag(vm.secure_boot), "" if vm.hardware_version is None else f"vmx-{vm.hardware_version}"),
        *(f"[{store}] {vm.name}/{vm.name}.vmx", ""),
        *(vm.datacenter or "", vm.cluster or "", vm.host or "", vm.folder or "", vm.guest_os or ""),
        *(vm.vm_id or "", vm.bios_uuid or "", vm.vm_uuid or "", vm.vcenter or ""),
    ]


def _vdisk(vm: InventoryVm, disk: InventoryDisk) -> list[Cell]:
    sharing = {"multi-writer": "sharingMultiWriter", "none": "sharingNone", None: ""}[disk.sharing]
    return [
        *_common(vm),
        *(disk.name, "" if disk.key is None else disk.key, disk.path, _mib(disk.capacity_bytes)),
        *(disk.rdm is not None, disk.mode, sharing, _flag(disk.thin), disk.controller),
        *(_BUS[disk.bus_sharing], f"{disk.rdm}Mode" if disk.rdm else ""),
        *_tail(vm),
    ]


def sheets_of(inventory: Inventory) -> dict[str, Rows]:
    """Sheets by RVTools' names; the first row of each is its header."""
    sheets: dict[str, Rows] = {
        "vInfo": [[*_VINFO]],
        "vDisk": [[*_VDISK]],
        "vPartition": [[*_COMMON, "Disk", "Capacity MiB", "Consumed MiB", "Free MiB", *_TAIL]],
        "vNetwork": [[*_COMMON, "NIC label", "Network", "Connected", "Direct Path IO", *_TAIL]],
        "vSnapshot": [[*_COMMON[:2], "Name", "Date / time", "Size MiB (total)", *_TAIL]],
        "vCD": [[*_COMMON, "Device Node", "Connected", "Device Type", *_TAIL]],
        "vUSB": [[*_COMMON, "Device Node", "Device Type", "Connected", *_TAIL]],
    }
    for vm in inventory.vms:
        common, tail = _common(vm), _tail(vm)
        sheets["vInfo"].append(_vinfo(vm))
        sheets["vDisk"] += [_vdisk(vm, disk) for disk in vm.disks]
        if vm.guest_consumed_bytes is not None:
            capacity_bytes = vm.disk_capacity_bytes or vm.guest_consumed_bytes
            sizes = [capacity_bytes, vm.guest_consumed_bytes, capacity_bytes - vm.guest_consumed_bytes]
            sheets["vPartition"].append([*common, "C:\\", *map(_mib, sizes), *tail])
        for n, network in enumerate(vm.networks, 1):
            direct = f"Network adapter {n}" in vm.passthrough
            sheets["vNetwork"].append([*common, f"Network adapter {n}", network, True, direct, *tail])
        for shot in vm.snapshots:
            taken: Cell = shot.taken if shot.taken is not None else ""
            sheets["vSnapshot"].append([*common[:2], shot.name, taken, _mib(shot.size_bytes), *tail])
        sheets["vCD"] += [[*common, device, True, "ISO", *tail] for device in vm.attached_media]
        sheets["vUSB"] += [[*common, device, "USB", True, *tail] for device in vm.usb_devices]
    return sheets


def write_workbook(
    path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]], version: str | None = None
) -> None:
    """Write sheets as a workbook. `version`: of RVTools, for vMetaData. Raises OSError."""
    options = {"default_date_format": "yyyy-mm-dd hh:mm", "strings_to_urls": False}
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties({"created": MADE})
    bold = book.add_format({"bold": True})
    try:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            for number, cells in enumerate(rows):
                for at, cell in enumerate(cells):
                    if cell != "":
                        sheet.write(number, at, cell, bold if number == 0 else None)
        if version is not None:
            sheet = book.add_worksheet("vMetaData")
            sheet.write_row(0, 0, ["RVTools major version", "RVTools version"], bold)
            sheet.write_row(1, 0, [version.split(".")[0], version])
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(f"{path}: {error}") from None


def write_csvs(folder: Path, sheets: Mapping[str, Iterable[Sequence[Cell]]], separator: str = ",") -> None:
    """Write sheets as `RVTools_tab<sheet>.csv`, each cell as RVTools has it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in sheets.items():
        path = folder / f"RVTools_tab{name}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream, delimiter=separator, lineterminator="\r\n").writerows(rows)
