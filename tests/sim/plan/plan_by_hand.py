"""Small plans made by hand, for tests of questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes.model import ChangeRate, Changes, Grade
from cxsim.sim.plan.inventory import Inventory, InventoryDisk, InventoryVm, Power
from cxsim.sim.plan.readiness import assess
from cxsim.sim.plan.readiness_rules import Kind
from cxsim.sim.replication.churn import bursty, weekly
from cxsim.sim.replication.settings import Settings

GB = 10**9
START = datetime(2017, 11, 6, 9, 0)
"""A Monday."""


def vm(label: str, gb: float, power: Power = Power.ON, **more: Any) -> InventoryVm:
    """A VM with one thin disk, all of it in use."""
    size = int(gb * GB)
    disk = InventoryDisk("Hard disk 1", size, key=2000, thin=True, allocated_bytes=size, sharing="none")
    return InventoryVm(label, label, power, 2, 4 * 2**30, (disk,), hardware_version=13, **more)


def rate(
    label: str, bytes_per_s: float, bounds: tuple[float, float] = (1.0, 1.0), bursts: bool = False
) -> ChangeRate:
    """A rate that is the same at every RPO but for its bounds; level, or in bursts."""
    base = bursty(bytes_per_s, 3) if bursts else weekly(bytes_per_s, [1] * 24)
    low, high = bounds
    return ChangeRate(
        label, Grade.ASSUMED, base, 1800.0, "made for a test", "a test", low, high, growth=1.0, most=high
    )


def basis(
    vms: Sequence[InventoryVm],
    rates: Mapping[str, ChangeRate] | None = None,
    kind: Kind = "warm migration",
    settings: Settings | None = None,
    **more: Any,
) -> Basis:
    """A plan; VMs without a rate change nothing."""
    inventory = Inventory(tuple(vms))
    known = rates or {}
    changes = Changes(tuple(known.get(one.label) or rate(one.label, 0.0) for one in vms))
    found = {"start": START, **more}
    return Basis(inventory, assess(inventory, kind), changes, kind, settings or Settings(), 7, **found)
