"""HostSystem: an ESXi host of the inventory.

Rules of this file: hardware from the configuration, load from the VMs that run on it. A host is always
connected; maintenance mode is not emulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl
from pyVmomi.VmomiSupport import long, short

from cxsim.fake_vcenter import inventory
from cxsim.fake_vcenter.browsers import DatastoreBrowser
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import Managed, prop
from cxsim.fake_vcenter.model import Model, instant
from cxsim.fake_vcenter.versions import PRODUCTS

if TYPE_CHECKING:
    from cxsim.fake_vcenter.cluster import Cluster
    from cxsim.fake_vcenter.virtual_machine import VirtualMachine

_CPU_MODEL = "Intel(R) Xeon(R) CPU E5-2690 v4"
_REFRESH_S = 20.0  # vCenter refreshes quick statistics every 20 s
_UPTIME_AT_START_S = 30 * 86400


class HostSystem(ManagedEntity):
    """An ESXi host."""

    vim_type = vim.HostSystem

    def __init__(self, model: Model, config: inventory.EsxiHost, parent: Cluster) -> None:
        super().__init__(model, model.new_id("host-"), config.name, parent)
        self.config = config
        self.uuid = model.new_uuid("esxi")
        self.booted_s = model.host.now() - _UPTIME_AT_START_S
        self.vms: list[VirtualMachine] = []
        self.datastores: list[Managed] = []
        self.networks: list[Managed] = []
        self.browser = DatastoreBrowser(model, f"datastoreBrowser-{self.moid}", self.datastores)

    @property
    def cores(self) -> int:
        """Of all processors."""
        return self.config.cpu_packages * self.config.cores_per_package

    def product(self) -> Any:
        """What ESXi says of itself."""
        release = PRODUCTS[self.model.config.version]
        return data(
            vim.AboutInfo,
            name="VMware ESXi",
            fullName=f"VMware ESXi {release.version} build-{release.esxi_build}",
            vendor="VMware, Inc.",
            version=release.version,
            build=release.esxi_build,
            localeVersion="INTL",
            localeBuild="000",
            osType="vmnix-x86",
            productLineId="embeddedEsx",
            apiType="HostAgent",
            apiVersion=release.api_version,
            licenseProductName="VMware ESX Server",
            licenseProductVersion=release.license_version,
        )

    @prop("vm")
    def _vms(self) -> list[VirtualMachine]:
        return self.vms

    @prop("datastore")
    def _datastores(self) -> list[Managed]:
        return self.datastores

    @prop("network")
    def _networks(self) -> list[Managed]:
        return self.networks

    @prop("datastoreBrowser")
    def _browser(self) -> DatastoreBrowser:
        return self.browser

    @prop("runtime")
    def runtime(self) -> Any:
        """Connected and powered on."""
        return data(
            vim.host.RuntimeInfo,
            connectionState="connected",
            powerState="poweredOn",
            standbyMode="none",
            inMaintenanceMode=False,
            inQuarantineMode=False,
            bootTime=instant(self.booted_s),
        )

    @prop("summary", every_s=_REFRESH_S)
    def _summary(self) -> Any:
        running = [vm.record for vm in self.vms if vm.record.power == "on"]
        return data(
            vim.host.Summary,
            host=self,
            hardware=self._hardware_summary(),
            runtime=self.runtime(),
            config=data(
                vim.host.Summary.ConfigSummary,
                name=self.config.name,
                port=443,
                product=self.product(),
                vmotionEnabled=True,
                faultToleranceEnabled=False,
            ),
            quickStats=data(
                vim.host.Summary.QuickStats,
                overallCpuUsage=0,
                overallMemoryUsage=sum(record.memory_bytes for record in running) // 2**20,
                uptime=self.model.seconds_since(self.booted_s, _REFRESH_S),
            ),
            overallStatus="green",
            rebootRequired=False,
            customValue=self.custom_value_objects(),
            managementServerIp=None,
        )

    def _hardware_summary(self) -> Any:
        return data(
            vim.host.Summary.HardwareSummary,
            vendor="VMware, Inc.",
            model="VMware Virtual Platform",
            uuid=self.uuid,
            memorySize=self.config.memory_bytes,
            cpuModel=_CPU_MODEL,
            cpuMhz=self.config.cpu_mhz,
            numCpuPkgs=self.config.cpu_packages,
            numCpuCores=self.cores,
            numCpuThreads=self.cores,
            numNics=2,
            numHBAs=1,
        )

    @prop("hardware")
    def _hardware(self) -> Any:
        packages = [
            data(
                vim.host.CpuPackage,
                index=index,
                vendor="intel",
                hz=self.config.cpu_mhz * 10**6,
                busHz=10**8,
                description=_CPU_MODEL,
                threadId=[
                    short(index * self.config.cores_per_package + thread)
                    for thread in range(self.config.cores_per_package)
                ],
            )
            for index in range(self.config.cpu_packages)
        ]
        return data(
            vim.host.HardwareInfo,
            systemInfo=data(
                vim.host.SystemInfo, vendor="VMware, Inc.", model="VMware Virtual Platform", uuid=self.uuid
            ),
            cpuInfo=data(
                vim.host.CpuInfo,
                numCpuPackages=self.config.cpu_packages,
                numCpuCores=self.cores,
                numCpuThreads=self.cores,
                hz=self.config.cpu_mhz * 10**6,
            ),
            cpuPkg=packages,
            memorySize=self.config.memory_bytes,
        )

    @prop("config")
    def _config(self) -> Any:
        management = data(
            vim.host.VirtualNic,
            device="vmk0",
            key="key-vim.host.VirtualNic-vmk0",
            portgroup="Management Network",
            spec=data(
                vim.host.VirtualNic.Specification,
                ip=data(vim.host.IpConfig, dhcp=False, ipAddress=self.config.address or ""),
            ),
        )
        return data(
            vim.host.ConfigInfo,
            host=self,
            product=self.product(),
            hyperThread=data(
                vim.host.CpuSchedulerSystem.HyperThreadScheduleInfo,
                available=False,
                active=False,
                config=True,
            ),
            network=data(vim.host.NetworkInfo, vnic=[management]),
        )

    @prop("licensableResource")
    def _licensable(self) -> Any:
        return data(
            vim.LicenseManager.LicensableResourceInfo,
            resource=[data(vmodl.KeyAnyValue, key="numCpuPackages", value=long(self.config.cpu_packages))],
        )

    @prop("configManager")
    def _config_manager(self) -> Any:
        return data(vim.host.ConfigManager)

    @prop("capability")
    def _capability(self) -> Any:
        return data(vim.host.Capability, maintenanceModeSupported=True, vmotionSupported=True)
