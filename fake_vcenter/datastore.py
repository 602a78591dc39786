"""Datastore: capacity, what VMs use of it, and the configuration files that VMs are registered from.

Rules of this file: free space is capacity minus what the disks of VMs hold (registered or not). A
configuration file is the record of its VM, kept under its path: that is what RegisterVM reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim
from pyVmomi.VmomiSupport import long

from cxsim.fake_vcenter.browsers import DatastoreBrowser
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import operation, prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.records import VmRecord

if TYPE_CHECKING:
    from cxsim.fake_vcenter.host_system import HostSystem

_MAX_FILE_BYTES = 64 * 2**40  # VMFS 5 and 6


class Datastore(ManagedEntity):
    """A VMFS datastore."""

    vim_type = vim.Datastore

    def __init__(self, model: Model, name: str, parent: Folder, capacity_bytes: int) -> None:
        super().__init__(model, model.new_id("datastore-"), name, parent)
        self.capacity_bytes = capacity_bytes
        self.uuid = model.new_uuid("datastore")
        self.hosts: list[HostSystem] = []
        self.vms: list[ManagedEntity] = []
        self.files: dict[str, VmRecord] = {}
        """Path of a configuration file, `[datastore] folder/name.vmx` -> the VM it describes."""
        self.disk_files: dict[str, tuple[int, int]] = {}
        """Path of a disk that belongs to no VM yet -> its capacity and what it holds, in bytes."""
        self.browser = DatastoreBrowser(model, f"datastoreBrowser-{self.moid}", [self])

    @property
    def used_bytes(self) -> int:
        """What disks on this datastore hold."""
        return sum(disk.used_bytes for disk in self._disks())

    @property
    def uncommitted_bytes(self) -> int:
        """What thin disks could still grow by."""
        return sum(disk.capacity_bytes - disk.used_bytes for disk in self._disks())

    def _disks(self) -> list[Any]:
        return [d for record in list(self.files.values()) for d in record.disks if d.datastore == self.name]

    @prop("summary")
    def _summary(self) -> Any:
        return data(
            vim.Datastore.Summary,
            datastore=self,
            name=self.name,
            url=self.url,
            capacity=self.capacity_bytes,
            freeSpace=max(0, self.capacity_bytes - self.used_bytes),
            uncommitted=self.uncommitted_bytes,
            accessible=True,
            multipleHostAccess=len(self.hosts) > 1,
            type="VMFS",
            maintenanceMode="normal",
        )

    @prop("info")
    def _info(self) -> Any:
        return data(
            vim.host.VmfsDatastoreInfo,
            name=self.name,
            url=self.url,
            freeSpace=max(0, self.capacity_bytes - self.used_bytes),
            maxFileSize=_MAX_FILE_BYTES,
            maxMemoryFileSize=_MAX_FILE_BYTES,
            maxPhysicalRDMFileSize=_MAX_FILE_BYTES,
            maxVirtualRDMFileSize=_MAX_FILE_BYTES,
            vmfs=data(
                vim.host.VmfsVolume,
                type="VMFS",
                name=self.name,
                capacity=self.capacity_bytes,
                blockSizeMb=1,
                maxBlocks=63963136,
                majorVersion=6,
                version="6.81",
                uuid=self.uuid,
            ),
        )

    @prop("host")
    def _hosts(self) -> list[Any]:
        mount = data(
            vim.host.MountInfo,
            path=f"/vmfs/volumes/{self.uuid}",
            accessMode="readWrite",
            mounted=True,
            accessible=True,
        )
        return [data(vim.Datastore.HostMount, key=host, mountInfo=mount) for host in self.hosts]

    @prop("vm")
    def _vms(self) -> list[ManagedEntity]:
        return self.vms

    @prop("browser")
    def _browser(self) -> DatastoreBrowser:
        return self.browser

    @prop("capability")
    def _capability(self) -> Any:
        return data(
            vim.Datastore.Capability,
            directoryHierarchySupported=True,
            rawDiskMappingsSupported=True,
            perFileThinProvisioningSupported=True,
            storageIORMSupported=True,
        )

    @prop("iormConfiguration")
    def _iorm(self) -> Any:
        return data(
            vim.StorageResourceManager.IORMConfigInfo,
            enabled=False,
            congestionThreshold=30,
            statsCollectionEnabled=False,
        )

    @operation("RefreshDatastore")
    def _refresh(self, call: Call) -> None:
        self.touch()

    @operation("RefreshDatastoreStorageInfo")
    def _refresh_storage(self, call: Call) -> None:
        self.touch()

    @property
    def url(self) -> str:
        """`ds:///vmfs/volumes/<uuid>/`."""
        return f"ds:///vmfs/volumes/{self.uuid}/"


def usage_on(datastore: Datastore, record: VmRecord) -> Any:
    """What one VM uses on a datastore, as its `storage` property shows it."""
    disks = [disk for disk in record.disks if disk.datastore == datastore.name]
    committed = sum(disk.used_bytes for disk in disks)
    return data(
        vim.vm.StorageInfo.UsageOnDatastore,
        datastore=datastore,
        committed=long(committed),
        uncommitted=long(sum(disk.capacity_bytes - disk.used_bytes for disk in disks)),
        unshared=long(committed),
    )


def datastore_name(path: str) -> str:
    """`tyrell-ds01` of `[tyrell-ds01] deckard/deckard.vmx`; "" if the path has another form."""
    name, bracket, _ = path.partition("]")
    return name[1:] if bracket and name.startswith("[") else ""
