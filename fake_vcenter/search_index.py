"""SearchIndex: find entities by identifier, address, name or path.

Rules of this file: nothing found is an empty answer, not a fault. Addresses and guest names are what VMware
Tools report now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyVmomi import vim

from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.host_system import HostSystem
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import Managed, operation
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.service_instance import ROOT_FOLDER
from cxsim.fake_vcenter.virtual_machine import VirtualMachine


class SearchIndex(Managed):
    """Finds entities."""

    vim_type = vim.SearchIndex

    def __init__(self, model: Model) -> None:
        super().__init__(model, "SearchIndex")

    @operation("FindByUuid")
    def _by_uuid(
        self, call: Call, uuid: str, vmSearch: bool, datacenter: Any = None, instanceUuid: bool = False
    ) -> Managed | None:
        return next(self._uuids(uuid, vmSearch, datacenter, instanceUuid), None)

    @operation("FindAllByUuid")
    def _all_by_uuid(
        self, call: Call, uuid: str, vmSearch: bool, datacenter: Any = None, instanceUuid: bool = False
    ) -> list[Managed]:
        return list(self._uuids(uuid, vmSearch, datacenter, instanceUuid))

    def _uuids(self, uuid: str, vms: bool, datacenter: Any, instance: bool) -> Iterator[ManagedEntity]:
        wanted = uuid.lower()
        if not vms:
            return self._hosts(datacenter, lambda host: host.uuid == wanted)
        if instance:
            return self._vms(datacenter, lambda vm: vm.record.instance_uuid.lower() == wanted)
        return self._vms(datacenter, lambda vm: vm.record.bios_uuid.lower() == wanted)

    @operation("FindByIp")
    def _by_ip(self, call: Call, ip: str, vmSearch: bool, datacenter: Any = None) -> Managed | None:
        return next(self._addresses(ip, vmSearch, datacenter), None)

    @operation("FindAllByIp")
    def _all_by_ip(self, call: Call, ip: str, vmSearch: bool, datacenter: Any = None) -> list[Managed]:
        return list(self._addresses(ip, vmSearch, datacenter))

    def _addresses(self, ip: str, vms: bool, datacenter: Any) -> Iterator[ManagedEntity]:
        if not vms:
            return self._hosts(datacenter, lambda host: host.config.address == ip)
        return self._vms(datacenter, lambda vm: vm.record.address == ip)

    @operation("FindByDnsName")
    def _by_dns_name(
        self, call: Call, dnsName: str, vmSearch: bool, datacenter: Any = None
    ) -> Managed | None:
        return next(self._dns_names(dnsName, vmSearch, datacenter), None)

    @operation("FindAllByDnsName")
    def _all_by_dns_name(
        self, call: Call, dnsName: str, vmSearch: bool, datacenter: Any = None
    ) -> list[Managed]:
        return list(self._dns_names(dnsName, vmSearch, datacenter))

    def _dns_names(self, name: str, vms: bool, datacenter: Any) -> Iterator[ManagedEntity]:
        wanted = name.lower()
        if not vms:
            return self._hosts(datacenter, lambda host: host.name.lower() == wanted)
        return self._vms(datacenter, lambda vm: vm.tools_run and vm.record.guest_host_name.lower() == wanted)

    @operation("FindByInventoryPath")
    def _by_inventory_path(self, call: Call, inventoryPath: str) -> Managed | None:
        root: Any = self.model.objects[ROOT_FOLDER]
        steps = [step.replace("%2f", "/") for step in inventoryPath.strip("/").split("/") if step]
        if steps and steps[0] == root.name:
            steps = steps[1:]
        entity: ManagedEntity | None = root
        for step in steps:
            entity = _child(entity, step) if entity is not None else None
        return entity

    @operation("FindByDatastorePath")
    def _by_datastore_path(self, call: Call, datacenter: Any, path: str) -> Managed | None:
        return next(self._vms(datacenter, lambda vm: vm.record.vmx_path == path), None)

    @operation("FindChild")
    def _find_child(self, call: Call, entity: Any, name: str) -> Managed | None:
        target: Any = self.model.resolve(entity)
        return _child(target, name)

    def _vms(self, datacenter: Any, wanted: Callable[[VirtualMachine], bool]) -> Iterator[ManagedEntity]:
        home = self._home(datacenter)
        return (vm for vm in self.model.of(VirtualMachine) if wanted(vm) and home in (None, vm.datacenter()))

    def _hosts(self, datacenter: Any, wanted: Callable[[HostSystem], bool]) -> Iterator[ManagedEntity]:
        home = self._home(datacenter)
        return (h for h in self.model.of(HostSystem) if wanted(h) and home in (None, h.datacenter()))

    def _home(self, datacenter: Any) -> Managed | None:
        return self.model.resolve(datacenter) if datacenter is not None else None


def _child(entity: ManagedEntity, name: str) -> ManagedEntity | None:
    return next((child for child in entity.children() if child.name == name), None)
