"""A scenario's VMs as the data plane's workloads, keyed by instanceUuid.

Rules of this file: translation only. Disk keys are vCenter's: 2000 for the first disk of a VM.
"""

from __future__ import annotations

from cxsim.sim.replication import workload as plane
from cxsim.sim.scenario.vms import ConstantRate, Disk, PeriodicRewrite, Vm, WorkingSet

FIRST_DISK_KEY = 2000


def workload_of(vm: Vm) -> plane.VmWorkload:
    """What a VM writes."""
    return plane.VmWorkload(
        name=vm.name,
        disks=tuple(_disk(FIRST_DISK_KEY + index, disk) for index, disk in enumerate(vm.disks)),
        powered_on=vm.power == "on",
    )


def _disk(key: int, disk: Disk) -> plane.Disk:
    return plane.Disk(key, disk.size_bytes, disk.allocated_bytes, _writes(disk))


def _writes(disk: Disk) -> plane.Workload:
    writes = disk.workload
    if isinstance(writes, ConstantRate):
        return plane.Constant(writes.rate_bytes_per_s)
    if isinstance(writes, WorkingSet):
        return plane.WorkingSet(writes.rate_bytes_per_s, writes.working_set_bytes)
    assert isinstance(writes, PeriodicRewrite)
    return plane.PeriodicRewrite(writes.block_bytes, writes.every_s)
