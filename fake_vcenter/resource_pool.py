"""ResourcePool: the root pool of a cluster.

Rules of this file: unlimited shares of what the cluster has; limits and nested pools are not emulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim
from pyVmomi.VmomiSupport import long

from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import prop
from cxsim.fake_vcenter.model import Model

if TYPE_CHECKING:
    from cxsim.fake_vcenter.cluster import Cluster


def allocation(reservation: int, limit: int, shares: int) -> Any:
    """A resource allocation with normal shares; limit -1 is unlimited."""
    return data(
        vim.ResourceAllocationInfo,
        reservation=long(reservation),
        expandableReservation=True,
        limit=long(limit),
        shares=data(vim.SharesInfo, shares=shares, level="normal"),
    )


class ResourcePool(ManagedEntity):
    """A resource pool."""

    vim_type = vim.ResourcePool

    def __init__(self, model: Model, name: str, owner: Cluster) -> None:
        super().__init__(model, model.new_id("resgroup-"), name, owner)
        self.owner = owner
        self.vms: list[ManagedEntity] = []

    @prop("owner")
    def _owner(self) -> ManagedEntity:
        return self.owner

    @prop("vm")
    def _vms(self) -> list[ManagedEntity]:
        return self.vms

    @prop("config")
    def _config(self) -> Any:
        return data(
            vim.ResourceConfigSpec,
            entity=self,
            cpuAllocation=allocation(self.owner.total_mhz, self.owner.total_mhz, 4000),
            memoryAllocation=allocation(
                self.owner.total_memory_bytes // 2**20, self.owner.total_memory_bytes // 2**20, 163840
            ),
        )

    @prop("runtime")
    def _runtime(self) -> Any:
        memory, mhz = self.owner.total_memory_bytes, self.owner.total_mhz
        return data(
            vim.ResourcePool.RuntimeInfo, memory=_usage(memory), cpu=_usage(mhz), overallStatus="green"
        )

    @prop("summary")
    def _summary(self) -> Any:
        return data(vim.ResourcePool.Summary, name=self.name, config=self._config(), runtime=self._runtime())


def _usage(available: int) -> Any:
    return data(
        vim.ResourcePool.ResourceUsage,
        unreservedForPool=available,
        unreservedForVm=available,
        maxUsage=available,
    )
