"""Inventories: VMs out of RVTools exports, plain tables or a draw.

inventory = read_inventory(Path("RVTools_export_all.xlsx"))     # or synthetic(500, seed=1)
for line in told(inventory.problems): print(line)
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
from cxsim.sim.plan.inventory.reading import read_inventory
from cxsim.sim.plan.inventory.synthetic import synthetic
from cxsim.sim.plan.inventory.telling import counted, told

__all__ = [
    "Inventory",
    "InventoryDisk",
    "InventoryError",
    "InventoryVm",
    "Power",
    "Problem",
    "Snapshot",
    "Where",
    "counted",
    "read_inventory",
    "synthetic",
    "told",
]
