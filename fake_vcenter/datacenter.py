"""Datacenter: the four folders and what all of its hosts share.

Rules of this file: the folders have the names that every vCenter gives them; inventory paths rest on that.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.vm_folder import VmFolder


class Datacenter(ManagedEntity):
    """A datacenter."""

    vim_type = vim.Datacenter

    def __init__(self, model: Model, name: str, parent: Folder) -> None:
        super().__init__(model, model.new_id("datacenter-"), name, parent)
        self.vm_folder = VmFolder(model, "v", "vm", self)
        self.host_folder = Folder(model, "h", "host", self)
        self.datastore_folder = Folder(model, "s", "datastore", self)
        self.network_folder = Folder(model, "n", "network", self)

    def children(self) -> list[ManagedEntity]:
        """The four folders."""
        return [self.vm_folder, self.host_folder, self.datastore_folder, self.network_folder]

    @prop("vmFolder")
    def _vm_folder(self) -> Folder:
        return self.vm_folder

    @prop("hostFolder")
    def _host_folder(self) -> Folder:
        return self.host_folder

    @prop("datastoreFolder")
    def _datastore_folder(self) -> Folder:
        return self.datastore_folder

    @prop("networkFolder")
    def _network_folder(self) -> Folder:
        return self.network_folder

    @prop("datastore", every_s=0)
    def _datastores(self) -> list[ManagedEntity]:
        return self.datastore_folder.children()

    @prop("network", every_s=0)
    def _networks(self) -> list[ManagedEntity]:
        return self.network_folder.children()

    @prop("configuration")
    def _configuration(self) -> Any:
        return data(vim.Datacenter.ConfigInfo)
