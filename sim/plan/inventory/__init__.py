"""Inventories: VMs out of RVTools exports, plain tables or a draw.

inventory = synthetic(500, seed=1)
for vm in inventory.vms: print(vm.label, vm.in_use_bytes)
"""

from cxsim.sim.plan.inventory.model import (
    Inventory,
    InventoryDisk,
    InventoryError,
    InventoryVm,
    Power,
    Problem,
    Snapshot,
    Where,
)
from cxsim.sim.plan.inventory.synthetic import synthetic

__all__ = [
    "Inventory",
    "InventoryDisk",
    "InventoryError",
    "InventoryVm",
    "Power",
    "Problem",
    "Snapshot",
    "Where",
    "synthetic",
]
