"""What every question of `cxsim plan` starts from: the VMs of the plan, what they change, and the rules.

Rules of this file: input is read before and put together here, once; nothing is simulated. What is protected
is a VM's disks without the excluded ones; a VM without a known size cannot be planned for and is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cxsim.sim.plan.changes import Changes
from cxsim.sim.plan.changes.model import Bound, ChangeRate, disk_of
from cxsim.sim.plan.inventory.model import Inventory, InventoryVm
from cxsim.sim.plan.readiness import Readiness
from cxsim.sim.plan.readiness_rules import Kind
from cxsim.sim.plan.sizes import SizeUnknown
from cxsim.sim.replication.fleet import FleetVm
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Disk


@dataclass(frozen=True)
class PlannedVm:
    """A VM of the plan. `cap_bps`: the most its transfers may carry (window over round trip, host)."""

    vm: InventoryVm
    rate: ChangeRate
    excluded_disks: tuple[int, ...] = ()
    cap_bps: float = float("inf")

    @property
    def label(self) -> str:
        """Its key in the inventory."""
        return self.vm.label

    def disk(self, rpo_s: float, bound: Bound = "mid", seeded: bool = False) -> Disk:
        """All of its disks as one, with its changes at this RPO; `seeded`: the first copy is already there,
        so the initial sync has nothing to ship."""
        disk = disk_of(self.vm, self.rate.workload(rpo_s, bound), self.excluded_disks)
        return Disk(disk.key, disk.size_bytes, 0.0 if seeded else disk.allocated_bytes, disk.workload)

    def fleet_vm(self, rpo_s: float, bound: Bound = "mid", seeded: bool = False) -> FleetVm:
        """For the data plane."""
        disks = (self.disk(rpo_s, bound, seeded),)
        return FleetVm(self.label, disks, rpo_s, cap_bps=self.cap_bps, host=self.vm.host)


@dataclass(frozen=True)
class Basis:
    """The VMs of the plan and the rules of the data plane. `kind`: a migration (warm or cold) or ongoing
    protection; it decides what blocks a VM and which RPO the product uses. `start`: when it begins, in the
    site's time (office hours, weekdays). `limits`: replications at once by host or replicator."""

    inventory: Inventory
    readiness: Readiness
    changes: Changes
    kind: Kind
    settings: Settings
    seed: int
    start: datetime
    limits: Mapping[str, int] = field(default_factory=dict)
    measured_bps: float | None = None
    """What the link was seen to carry; replaces efficiency, loss and round trip."""
    excluded_disks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By label."""
    cap_bps: float = float("inf")
    """The most that one VM's transfers may carry."""
    problems: tuple[str, ...] = ()

    def planned(self) -> tuple[PlannedVm, ...]:
        """The VMs of the plan whose size is known, in the inventory's order."""
        found = []
        for vm in self.readiness.planned:
            one = PlannedVm(
                vm, self.changes.of(vm.label), self.excluded_disks.get(vm.label, ()), self.cap_bps
            )
            try:
                one.disk(900.0)
            except SizeUnknown:
                continue
            found.append(one)
        return tuple(found)

    def left_out(self) -> tuple[str, ...]:
        """Every VM that is not in `planned`, and why."""
        said = [
            f"{one.vm.label}: {'; '.join(str(reason) for reason in one.reasons)}"
            for one in self.readiness.left_out
        ]
        known = {one.label for one in self.planned()}
        return (
            *said,
            *(f"{vm.label}: its size is unknown" for vm in self.readiness.planned if vm.label not in known),
        )

    @property
    def week_s(self) -> float:
        """The start in seconds after Monday 0:00."""
        return week_s_of(self.start)


def week_s_of(instant: datetime) -> float:
    """Seconds after Monday 0:00."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return instant.weekday() * 86400.0 + (instant - midnight).total_seconds()
