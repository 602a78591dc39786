"""ClusterComputeResource: hosts that are used together.

Rules of this file: totals are sums over the hosts; HA and DRS are shown as switched off.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from cxsim.fake_vcenter.browsers import EnvironmentBrowser
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.host_system import HostSystem
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import Managed, prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.resource_pool import ResourcePool


class Cluster(ManagedEntity):
    """A cluster."""

    vim_type = vim.ClusterComputeResource

    def __init__(self, model: Model, name: str, parent: Folder) -> None:
        super().__init__(model, model.new_id("domain-c"), name, parent)
        self.hosts: list[HostSystem] = []
        self.resource_pool = ResourcePool(model, "Resources", self)
        self.browser = EnvironmentBrowser(model, f"envbrowser-{self.moid.removeprefix('domain-c')}", None)

    def children(self) -> list[ManagedEntity]:
        """The hosts and the root resource pool."""
        return [*self.hosts, self.resource_pool]

    @property
    def total_mhz(self) -> int:
        """Of all hosts."""
        return sum(host.config.cpu_mhz * host.cores for host in self.hosts)

    @property
    def total_memory_bytes(self) -> int:
        """Of all hosts."""
        return sum(host.config.memory_bytes for host in self.hosts)

    @prop("host")
    def _hosts(self) -> list[HostSystem]:
        return self.hosts

    @prop("resourcePool")
    def _resource_pool(self) -> ResourcePool:
        return self.resource_pool

    @prop("datastore", every_s=0)
    def _datastores(self) -> list[Managed]:
        return self.hosts[0].datastores if self.hosts else []

    @prop("network", every_s=0)
    def _networks(self) -> list[Managed]:
        return self.hosts[0].networks if self.hosts else []

    @prop("environmentBrowser")
    def _environment_browser(self) -> EnvironmentBrowser:
        return self.browser

    @prop("summary", "summaryEx")
    def _summary(self) -> Any:
        cores = sum(host.cores for host in self.hosts)
        return data(
            vim.ClusterComputeResource.Summary,
            totalCpu=self.total_mhz,
            totalMemory=self.total_memory_bytes,
            numCpuCores=cores,
            numCpuThreads=cores,
            effectiveCpu=self.total_mhz,
            effectiveMemory=self.total_memory_bytes // 2**20,
            numHosts=len(self.hosts),
            numEffectiveHosts=len(self.hosts),
            overallStatus="green",
        )

    @prop("configuration")
    def _configuration(self) -> Any:
        return data(
            vim.cluster.ConfigInfo,
            dasConfig=data(vim.cluster.DasConfigInfo, enabled=False),
            drsConfig=data(vim.cluster.DrsConfigInfo, enabled=False),
        )

    @prop("configurationEx")
    def _configuration_ex(self) -> Any:
        return data(
            vim.cluster.ConfigInfoEx,
            vmSwapPlacement="vmDirectory",
            dasConfig=data(vim.cluster.DasConfigInfo, enabled=False),
            drsConfig=data(vim.cluster.DrsConfigInfo, enabled=False),
        )
