"""An inventory: the VMs of a site as an export, a table or a draw gave them, and what was wrong with it.

Rules of this file: what is not known is None and never 0; sizes are bytes; every VM and disk says where it
was read (file, sheet, row). A VM's `label` is its only key here: names repeat, also across vCenters. Words
of vSphere (poweredOn, independent_persistent) stay as they are. No judgement: what blocks a VM is
sim/plan/readiness.py, which size a phase uses sim/plan/sizes.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import count
from typing import Literal


class Power(StrEnum):
    """vSphere's VirtualMachinePowerState, and that nobody said."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


Rdm = Literal["physical", "virtual"]
Sharing = Literal["none", "multi-writer"]
BusSharing = Literal["none", "virtual", "physical"]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file. `row` counts from 1 as spreadsheets do, the header included; `column` is the
    header's text."""

    file: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        row = None if self.row is None else f"row {self.row}"
        column = None if self.column is None else f"column {self.column!r}"
        return ", ".join(part for part in (self.file, self.sheet, row, column) if part is not None)

    def at(self, column: str) -> Where:
        """The same row in another column."""
        return replace(self, column=column)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file that is not as it should be, and what was done about it.

    `error`: a VM or a whole file could not be used; `warning`: a value was left out (unknown from then on);
    `note`: it was read, on an assumption that is said here."""

    severity: Severity
    where: Where
    what: str
    right: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.right}"


class InventoryError(ValueError):
    """A file that gives no inventory: every reason at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class InventoryDisk:
    """A virtual disk or raw device mapping of a VM."""

    name: str
    capacity_bytes: int | None
    key: int | None = None
    """vSphere's device key (2000, 2001, ...)."""
    thin: bool | None = None
    mode: str = "persistent"
    """vSphere's VirtualDiskMode: persistent, independent_persistent, ..."""
    rdm: Rdm | None = None
    """The kind of raw device mapping; None is a file (VMDK)."""
    sharing: Sharing | None = None
    """None: the export does not say (RVTools 3.x)."""
    bus_sharing: BusSharing | None = None
    """Of the disk's controller; None: the export does not say."""
    controller: str = ""
    path: str = ""
    """`[datastore] folder/file.vmdk`."""
    allocated_bytes: int | None = None
    """On the datastore, where the source gives it for a single disk."""
    where: Where | None = None

    @property
    def independent(self) -> bool:
        """Left out of snapshots, and so of snapshot-based backups."""
        return self.mode.startswith("independent")

    @property
    def datastore(self) -> str | None:
        """From the path."""
        return self.path[1:].split("]", 1)[0] if self.path.startswith("[") and "]" in self.path else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of a VM. `size_bytes`: of all its files, as RVTools' `Size MiB (total)`."""

    name: str
    taken: datetime | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class InventoryVm:
    """A VM. The four size bases stand side by side because no two of them mean the same (inventory.md 1.4);
    see sim/plan/sizes.py for which one a phase uses."""

    label: str
    """Unique in its inventory: the name, or the name and what tells it from its namesakes."""
    name: str
    power: Power
    vcpus: int | None
    memory_bytes: int | None
    disks: tuple[InventoryDisk, ...]

    provisioned_bytes: int | None = None
    """What it may grow to on its datastores: disks, swap, snapshots and other files."""
    in_use_bytes: int | None = None
    """Committed on the datastores now."""
    disk_capacity_bytes: int | None = None
    """Sum of the configured sizes of its disks."""
    guest_consumed_bytes: int | None = None
    """Used in the guest's file systems, as VMware Tools saw it."""
    unshared_bytes: int | None = None
    """Committed and shared with no other VM: far below `in_use_bytes` in a linked clone."""

    vm_id: str | None = None
    """The MoRef (`vm-123`), unique in one vCenter."""
    vm_uuid: str | None = None
    """The instance UUID."""
    bios_uuid: str | None = None
    """The SMBIOS UUID; clones may share it."""
    vcenter: str | None = None

    datacenter: str | None = None
    cluster: str | None = None
    host: str | None = None
    folder: str | None = None
    datastores: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    guest_os: str | None = None

    template: bool = False
    placeholder: bool = False
    """Site Recovery Manager's stand-in for a VM protected elsewhere."""
    ft_state: str | None = None
    """vSphere's FaultToleranceState: notConfigured, running, ..."""
    encrypted: bool | None = None
    vtpm: bool | None = None
    pmem: bool | None = None
    secure_boot: bool | None = None
    hardware_version: int | None = None
    snapshots: tuple[Snapshot, ...] = ()
    consolidation_needed: bool = False
    changed_block_tracking: bool | None = None
    connection_state: str | None = None
    attached_media: tuple[str, ...] = ()
    """Connected CD and floppy drives."""
    usb_devices: tuple[str, ...] = ()
    passthrough: tuple[str, ...] = ()
    """Where passing devices of the host through is allowed: adapters with `Direct Path IO` (the API's
    uptCompatibilityEnabled, which many VMs have set), `Fixed Passthru HotPlug`. No RVTools sheet lists the
    devices themselves."""

    change_class: str | None = None
    """The class of change a planner gave it in a plain table (docs/inventory.md)."""
    custom: tuple[tuple[str, str], ...] = ()
    """Custom attributes, tags and other columns of the file that have no meaning here."""
    where: Where | None = None

    def attribute(self, name: str) -> str | None:
        """A custom column by its header, upper and lower case alike."""
        return next((value for key, value in self.custom if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Inventory:
    """The VMs, in the order of the source. Raises ValueError when two have one label."""

    vms: tuple[InventoryVm, ...]
    problems: tuple[Problem, ...] = ()
    source: str = ""
    """What it was read from, for people: `export.xlsx (RVTools 4.4.1)`."""

    def __post_init__(self) -> None:
        most = Counter(vm.label for vm in self.vms).most_common(1)
        if most and most[0][1] > 1:
            raise ValueError(f"two VMs have the label {most[0][0]!r}")

    @cached_property
    def _by_label(self) -> dict[str, InventoryVm]:
        return {vm.label: vm for vm in self.vms}

    def vm(self, label: str) -> InventoryVm:
        """Raises KeyError."""
        return self._by_label[label]


def labelled(vms: Iterable[InventoryVm]) -> tuple[InventoryVm, ...]:
    """The same VMs with unique labels: the name where nobody else has it, else with what tells namesakes
    apart in brackets - MoRef, vCenter, both, instance UUID - or, where nothing does, a number."""
    given = tuple(vms)
    namesakes: dict[str, list[int]] = {}
    for i, vm in enumerate(given):
        namesakes.setdefault(vm.name, []).append(i)
    labels = [vm.name for vm in given]
    taken = {name for name, places in namesakes.items() if len(places) == 1}
    for name, places in namesakes.items():
        if len(places) == 1:
            continue
        marked = [f"{name} ({mark})" for mark in _marks([given[i] for i in places])]
        if taken.isdisjoint(marked):
            taken.update(marked)
        else:
            numbers = count(1)
            marked = []
            while len(marked) < len(places):
                label = f"{name} (no. {next(numbers)})"
                if label not in taken:
                    taken.add(label)
                    marked.append(label)
        for i, label in zip(places, marked, strict=True):
            labels[i] = label
    return tuple(
        vm if vm.label == label else replace(vm, label=label) for vm, label in zip(given, labels, strict=True)
    )


def _marks(vms: list[InventoryVm]) -> list[str]:
    """What tells these VMs of one name apart, the same kind for all of them."""
    kinds: tuple[Callable[[InventoryVm], tuple[str | None, ...]], ...] = (
        lambda vm: (vm.vm_id,),
        lambda vm: (vm.vcenter,),
        lambda vm: (vm.vm_id, vm.vcenter),
        lambda vm: (vm.vm_uuid,),
    )
    for kind in kinds:
        marks = [" @ ".join(part for part in kind(vm) if part) for vm in vms if all(kind(vm))]
        if len(set(marks)) == len(vms):
            return marks
    return [f"no. {n}" for n in range(1, len(vms) + 1)]
