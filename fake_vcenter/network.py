"""Network: a standard port group that every host of the datacenter has.

Rules of this file: knows which VMs are connected; who connects them tells it.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import prop
from cxsim.fake_vcenter.model import Model


class Network(ManagedEntity):
    """A network."""

    vim_type = vim.Network

    def __init__(self, model: Model, name: str, parent: Folder) -> None:
        super().__init__(model, model.new_id("network-"), name, parent)
        self.hosts: list[ManagedEntity] = []
        self.vms: list[ManagedEntity] = []

    @prop("summary")
    def _summary(self) -> Any:
        return data(vim.Network.Summary, network=self, name=self.name, accessible=True, ipPoolName="")

    @prop("host")
    def _hosts(self) -> list[ManagedEntity]:
        return self.hosts

    @prop("vm")
    def _vms(self) -> list[ManagedEntity]:
        return self.vms
