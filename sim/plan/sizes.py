"""Four sizes of a VM, and which of them a phase of a migration uses.

Rules of this file: BASES and PHASES are the whole knowledge, each with source and grade. A size is bytes with
the basis it rests on; where the better basis is unknown the next one is taken and that is said, never a
silent 0. Grades: `documented` (a source says it), `derived` (from such), `general` (known in the field).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cxsim.sim.plan.inventory.model import InventoryDisk, InventoryVm, Power

Evidence = Literal["documented", "derived", "general"]
MiB = 2**20


class Basis(StrEnum):
    """What a size was taken from."""

    PROVISIONED = "provisioned"
    IN_USE = "in use"
    CAPACITY = "disk capacity"
    GUEST = "guest consumed"


@dataclass(frozen=True)
class BasisMeaning:
    """One of the four bases."""

    basis: Basis
    of: Callable[[InventoryVm], int | None]
    rvtools: str
    meaning: str
    evidence: Evidence


BASES = (
    BasisMeaning(
        Basis.PROVISIONED,
        lambda vm: vm.provisioned_bytes,
        "vInfo, Provisioned MiB",
        "what the VM may grow to: disks, swap file, snapshots and other files",
        "documented",
    ),
    BasisMeaning(
        Basis.IN_USE,
        lambda vm: vm.in_use_bytes,
        "vInfo, In Use MiB",
        "committed on the datastores now, swap file and snapshots included",
        "general",
    ),
    BasisMeaning(
        Basis.CAPACITY,
        lambda vm: vm.disk_capacity_bytes,
        "vInfo, Total disk capacity MiB, or the sum of vDisk, Capacity MiB",
        "the configured sizes of its disks",
        "documented",
    ),
    BasisMeaning(
        Basis.GUEST,
        lambda vm: vm.guest_consumed_bytes,
        "vPartition, Consumed MiB, summed",
        "used in the guest's file systems, where VMware Tools run",
        "general",
    ),
)


@dataclass(frozen=True)
class Phase:
    """What a phase moves or keeps, and the basis for it."""

    name: str
    thin: Basis
    thick: Basis
    why: str
    evidence: Evidence


PHASES = (
    Phase(
        "initial sync",
        Basis.IN_USE,
        Basis.CAPACITY,
        "a thin disk has nothing to send beyond what is allocated; of a thick one every block is compared,"
        " and sent unless empty blocks are known at both ends",
        "general",
    ),
    Phase(
        "deltas",
        Basis.IN_USE,
        Basis.CAPACITY,
        "the change rate decides; a delta is never more than the disk",
        "derived",
    ),
    Phase(
        "target storage, thin",
        Basis.IN_USE,
        Basis.CAPACITY,
        "a thin replica holds what was sent; its growth and replica instances come on top",
        "general",
    ),
    Phase(
        "target storage, thick",
        Basis.CAPACITY,
        Basis.CAPACITY,
        "a thick replica takes the configured size at once",
        "general",
    ),
)
"""For a thin and a thick source disk. `provisioned` and `guest consumed` are bounds above and below: no phase
uses them, disagreements are told by them."""


@dataclass(frozen=True)
class SizedDisk:
    """A disk as the phases use it. `assumed`: what had to be assumed for it, empty when nothing."""

    key: int
    name: str
    capacity_bytes: int
    allocated_bytes: int
    """What the initial sync sends at most."""
    thin: bool
    assumed: str = ""


class SizeUnknown(ValueError):
    """A VM of which no size is known: no phase can be planned for it."""


def sized_disks(vm: InventoryVm, excluded: Collection[int] = ()) -> tuple[SizedDisk, ...]:
    """The disks to be replicated, without those whose keys are `excluded`. A VM whose disks are not in the
    inventory gets one of its total size. Raises SizeUnknown, KeyError for a key that it does not have."""
    unknown = set(excluded) - {disk.key for disk in vm.disks}
    if unknown:
        raise KeyError(f"{vm.label} has no disk {min(unknown)}")
    sizes = [disk.capacity_bytes for disk in vm.disks]
    if not vm.disks or None in sizes:
        return () if vm.disks and len(set(excluded)) == len(vm.disks) else (_one_disk(vm),)
    allocated = _allocated(vm)
    found = []
    for disk in vm.disks:
        capacity_bytes, key = disk.capacity_bytes or 0, disk.key or 2000
        allocated_bytes, assumed = allocated[id(disk)]
        sized = SizedDisk(key, disk.name, capacity_bytes, allocated_bytes, disk.thin is not False, assumed)
        if disk.key not in excluded:
            found.append(sized)
    return tuple(found)


def _allocated(vm: InventoryVm) -> dict[int, tuple[int, str]]:
    """Of each disk: its own figure; thick: all of it; thin: its share, by capacity, of what the VM has in use
    beyond its thick disks. The swap file stays in: at most the VM's memory too much."""
    found: dict[int, tuple[int, str]] = {}
    thin: list[InventoryDisk] = []
    spoken_for = 0
    for disk in vm.disks:
        capacity_bytes = disk.capacity_bytes or 0
        if disk.allocated_bytes is not None:
            found[id(disk)] = (min(disk.allocated_bytes, capacity_bytes), "")
        elif disk.rdm == "physical" or disk.thin is False or (disk.rdm and disk.thin is None):
            found[id(disk)] = (capacity_bytes, "")
        else:
            thin.append(disk)
            continue
        spoken_for += 0 if disk.rdm else found[id(disk)][0]
    total = sum(disk.capacity_bytes or 0 for disk in thin)
    for disk in thin:
        capacity_bytes = disk.capacity_bytes or 0
        if vm.in_use_bytes is None:
            found[id(disk)] = (capacity_bytes, "in use is unknown: taken as full")
            continue
        rest = max(0, vm.in_use_bytes - spoken_for)
        share = rest * capacity_bytes // total if total else 0
        several = "in use is known for the VM only: shared out by capacity" if len(thin) > 1 else ""
        found[id(disk)] = (min(capacity_bytes, share), several)
    return found


def _one_disk(vm: InventoryVm) -> SizedDisk:
    capacity_bytes, what = vm.disk_capacity_bytes, "its disks are not in the inventory"
    if capacity_bytes is None and vm.provisioned_bytes is not None:
        capacity_bytes, what = vm.provisioned_bytes, f"{what}: provisioned is taken for their capacity"
    if capacity_bytes is None and vm.in_use_bytes is not None:
        capacity_bytes, what = vm.in_use_bytes, f"{what}: in use is taken for their capacity"
    if capacity_bytes is None:
        raise SizeUnknown(f"{vm.label}: no size of it is known")
    used_bytes = capacity_bytes if vm.in_use_bytes is None else min(vm.in_use_bytes, capacity_bytes)
    return SizedDisk(2000, "all disks", capacity_bytes, used_bytes, True, what)


def initial_sync_bytes(vm: InventoryVm, excluded: Collection[int] = ()) -> int:
    """What the initial sync sends at most, without a seed at the target. Raises as `sized_disks`."""
    return sum(disk.allocated_bytes for disk in sized_disks(vm, excluded))


def target_thin_bytes(vm: InventoryVm, excluded: Collection[int] = ()) -> int:
    """What a thin replica takes after the initial sync, at most: what was sent. Raises as `sized_disks`."""
    return initial_sync_bytes(vm, excluded)


def target_thick_bytes(vm: InventoryVm, excluded: Collection[int] = ()) -> int:
    """What a thick replica takes. Raises as `sized_disks`."""
    return sum(disk.capacity_bytes for disk in sized_disks(vm, excluded))


@dataclass(frozen=True)
class BasisTotal:
    """A basis over VMs: the sum of those of which it is known."""

    basis: Basis
    total_bytes: int
    known: int
    unknown: int


def totals(vms: Iterable[InventoryVm]) -> tuple[BasisTotal, ...]:
    """All four bases, in the order of BASES."""
    given = tuple(vms)
    found = []
    for meaning in BASES:
        sizes = [size for vm in given if (size := meaning.of(vm)) is not None]
        found.append(BasisTotal(meaning.basis, sum(sizes), len(sizes), len(given) - len(sizes)))
    return tuple(found)


@dataclass(frozen=True)
class Disagreement:
    """Two sizes of a VM that do not go together, and what that means for a plan."""

    vm: str
    name: str
    larger_bytes: int
    smaller_bytes: int
    meaning: str


@dataclass(frozen=True)
class _Check:
    """Two figures of which the first should not be more than the second by `over` and 1 GiB."""

    name: str
    larger: Callable[[InventoryVm], int | None]
    smaller: Callable[[InventoryVm], int | None]
    over: float
    meaning: str


def _swap_bytes(vm: InventoryVm) -> int:
    return (vm.memory_bytes or 0) if vm.power is not Power.OFF else 0


def _with_swap(size_bytes: int | None, vm: InventoryVm) -> int | None:
    return None if size_bytes is None else size_bytes + _swap_bytes(vm)


def _disk_sum(vm: InventoryVm) -> int | None:
    sizes = [disk.capacity_bytes for disk in vm.disks]
    return sum(size or 0 for size in sizes) if sizes and None not in sizes else None


CHECKS = (
    _Check(
        "guest consumed is more than in use",
        lambda vm: vm.guest_consumed_bytes,
        lambda vm: vm.in_use_bytes,
        1.0,
        "the guest sees disks that are not on these datastores: RDM, in-guest iSCSI, or compression; the"
        " initial sync may send more than in use",
    ),
    _Check(
        "in use is more than the disks hold",
        lambda vm: vm.in_use_bytes,
        lambda vm: _with_swap(vm.disk_capacity_bytes, vm),
        1.05,
        "snapshots or other files take room on the datastore; they are not sent",
    ),
    _Check(
        "in use is far more than guest consumed",
        lambda vm: vm.in_use_bytes,
        lambda vm: None if vm.guest_consumed_bytes is None else _with_swap(2 * vm.guest_consumed_bytes, vm),
        1.0,
        "deleted files are still allocated, and are sent: trim or zero free space before the initial sync",
    ),
    _Check(
        "provisioned is more than the disks and swap",
        lambda vm: vm.provisioned_bytes,
        lambda vm: _with_swap(vm.disk_capacity_bytes, vm),
        1.10,
        "snapshots are counted in provisioned; do not plan the target by it",
    ),
    _Check(
        "the disks are more than provisioned",
        lambda vm: vm.disk_capacity_bytes,
        lambda vm: vm.provisioned_bytes,
        1.05,
        "raw device mappings or shared disks are not counted in provisioned",
    ),
    _Check(
        "the disks of vDisk are more than vInfo says",
        _disk_sum,
        lambda vm: vm.disk_capacity_bytes,
        1.01,
        "the sheets are of different moments, or a disk is shared: export them together",
    ),
    _Check(
        "vInfo says more than the disks of vDisk",
        lambda vm: vm.disk_capacity_bytes,
        _disk_sum,
        1.01,
        "disks are missing from vDisk: they are in no phase of the plan",
    ),
)


def disagreements(vms: Iterable[InventoryVm]) -> tuple[Disagreement, ...]:
    """Where the bases of a VM do not go together, by VM in the order given."""
    found = []
    for vm in vms:
        for check in CHECKS:
            larger, smaller = check.larger(vm), check.smaller(vm)
            if larger is None or smaller is None:
                continue
            if larger > smaller * check.over and larger - smaller > 2**30:
                found.append(Disagreement(vm.label, check.name, larger, smaller, check.meaning))
    return tuple(found)
