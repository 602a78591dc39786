"""Which VMs can be migrated or protected, which have to be looked at, and why.

Rules of this file: the worst verdict of a VM's reasons (readiness_rules.py) is its verdict. Nothing is left
out silently: every VM of the inventory is in the answer, a BLOCKED one is outside the plan unless it is
included by name, and totals are given with and without. What an export cannot show is unknown: see UNSEEN.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from cxsim.sim.plan.inventory.model import Inventory, InventoryVm
from cxsim.sim.plan.readiness_rules import RULES, UNSEEN, Kind, Rule, Seen, Verdict
from cxsim.sim.plan.sizes import SizeUnknown, initial_sync_bytes, target_thick_bytes

__all__ = [
    "RULES",
    "UNSEEN",
    "Kind",
    "Readiness",
    "Reason",
    "Rule",
    "Total",
    "UnknownVm",
    "Verdict",
    "VmReadiness",
    "assess",
    "total_of",
]


@dataclass(frozen=True)
class Reason:
    """A rule that applies to a VM, and what was seen."""

    rule: Rule
    seen: str

    def __str__(self) -> str:
        return f"{self.rule.name} ({self.seen}): {self.rule.what_to_do}"


@dataclass(frozen=True)
class VmReadiness:
    """A VM's verdict. `forced`: BLOCKED, and in the plan because its name was given."""

    vm: InventoryVm
    reasons: tuple[Reason, ...]
    forced: bool = False

    @property
    def verdict(self) -> Verdict:
        """The worst of its reasons."""
        return max((reason.rule.verdict for reason in self.reasons), default=Verdict.OK)

    @property
    def planned(self) -> bool:
        """Whether it is in the plan."""
        return self.forced or self.verdict is not Verdict.BLOCKED


@dataclass(frozen=True)
class Total:
    """Of some VMs. Sizes of VMs whose size is unknown are not in it; `unsized` says how many."""

    vms: int
    initial_sync_bytes: int
    capacity_bytes: int
    vcpus: int
    memory_bytes: int
    unsized: int


@dataclass(frozen=True)
class Readiness:
    """Of every VM of an inventory, in its order."""

    kind: Kind
    vms: tuple[VmReadiness, ...]
    excluded: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Keys of disks that are left out, by label."""

    @property
    def planned(self) -> tuple[InventoryVm, ...]:
        """The VMs of the plan: OK, CHECK, and BLOCKED ones that were included by name."""
        return tuple(one.vm for one in self.vms if one.planned)

    @property
    def left_out(self) -> tuple[VmReadiness, ...]:
        """The rest."""
        return tuple(one for one in self.vms if not one.planned)

    def of(self, verdict: Verdict) -> tuple[VmReadiness, ...]:
        """Those with a verdict."""
        return tuple(one for one in self.vms if one.verdict is verdict)

    def total(self, vms: Iterable[InventoryVm] | None = None) -> Total:
        """Of these VMs; of all by default."""
        return total_of([one.vm for one in self.vms] if vms is None else vms, self.excluded)


def total_of(vms: Iterable[InventoryVm], excluded: Mapping[str, Collection[int]] | None = None) -> Total:
    """Sums over VMs. `excluded`: keys of disks that are left out, by label."""
    given = tuple(vms)
    sync_bytes = capacity_bytes = unsized = 0
    for vm in given:
        keys = (excluded or {}).get(vm.label, ())
        try:
            sync_bytes += initial_sync_bytes(vm, keys)
            capacity_bytes += target_thick_bytes(vm, keys)
        except SizeUnknown:
            unsized += 1
    return Total(
        len(given),
        sync_bytes,
        capacity_bytes,
        sum(vm.vcpus or 0 for vm in given),
        sum(vm.memory_bytes or 0 for vm in given),
        unsized,
    )


class UnknownVm(ValueError):
    """A name given with --include that is no VM, or that cannot be planned for."""


def assess(
    inventory: Inventory,
    kind: Kind,
    include: Collection[str] = (),
    excluded: Mapping[str, tuple[int, ...]] | None = None,
) -> Readiness:
    """The readiness of every VM. `include`: labels or names of BLOCKED VMs to plan for nevertheless;
    `excluded`: keys of disks that are left out, by label: what is wrong with them is no reason. Raises
    UnknownVm for a name that no VM has, or whose VM has no size."""
    left_out = excluded or {}
    judged = [_without(vm, left_out.get(vm.label, ())) for vm in inventory.vms]
    paths: dict[str, int] = {}
    for vm in judged:
        for path in {disk.path for disk in vm.disks if disk.path}:
            paths[path] = paths.get(path, 0) + 1
    shared = frozenset(path for path, owners in paths.items() if owners > 1)
    wanted = set(include)
    known = {vm.label for vm in inventory.vms} | {vm.name for vm in inventory.vms}
    for name in include:
        if name not in known:
            close = difflib.get_close_matches(name, known, 3)
            hint = f": did you mean {' or '.join(map(repr, close))}?" if close else ""
            raise UnknownVm(f"--include {name!r}: no such VM{hint}")
    found = []
    for vm, seen_vm in zip(inventory.vms, judged, strict=True):
        seen = Seen(seen_vm, kind, shared)
        reasons = tuple(Reason(rule, text) for rule in RULES if (text := rule.applies(seen)) is not None)
        one = VmReadiness(vm, reasons)
        if one.verdict is Verdict.BLOCKED and {vm.label, vm.name} & wanted:
            absolute = [reason for reason in reasons if reason.rule.absolute]
            if absolute:
                raise UnknownVm(f"--include {vm.label!r}: {absolute[0]}")
            one = VmReadiness(vm, reasons, forced=True)
        found.append(one)
    return Readiness(kind, tuple(found), left_out)


def _without(vm: InventoryVm, keys: Collection[int]) -> InventoryVm:
    if not keys:
        return vm
    return replace(vm, disks=tuple(disk for disk in vm.disks if disk.key not in keys))
