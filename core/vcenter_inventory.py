"""What the migration wizard reads of a vCenter: the inventory tree and its virtual machines.

Rules of this file: records, and how they are read with one RetrievePropertiesEx a page, however many VMs.
Sizes in bytes. Templates and VMs without a configuration (inaccessible ones) cannot be migrated and are left
out of `vms`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim, vmodl

from cxsim.core.neighbours import SourceVm

PAGE = 100
"""Objects in an answer of RetrievePropertiesEx."""

POWER = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}

_VM_PATHS = (
    "name",
    "parent",
    "config.instanceUuid",
    "config.template",
    "config.hardware.device",
    "runtime.powerState",
    "runtime.host",
    "network",
)
_NAMED = (vim.Folder, vim.Datacenter, vim.ComputeResource, vim.HostSystem, vim.Network)
_ENTITIES = {**dict.fromkeys(_NAMED, ("name", "parent")), vim.VirtualMachine: _VM_PATHS}


@dataclass(frozen=True)
class SourceDisk:
    """A virtual disk. `key`: vCenter's device key (2000...)."""

    key: int
    label: str
    capacity_bytes: int


@dataclass(frozen=True)
class InventoryVm(SourceVm):
    """A VM with what the wizard's tree shows of it."""

    disks: tuple[SourceDisk, ...] = ()
    networks: tuple[str, ...] = ()
    datacenter: str = ""
    cluster: str = ""
    folder: str = ""
    """Path of its folder below the datacenter's own VM folder: `wave-1/web`; "" directly in it."""


@dataclass(frozen=True)
class TreeNode:
    """A place in the inventory tree. `kind`: the vim type, `Datacenter`, `ClusterComputeResource`..."""

    kind: str
    name: str
    moref: str
    children: tuple[TreeNode, ...] = ()
    vm: InventoryVm | None = None


@dataclass
class _Entity:
    ref: Any
    values: dict[str, Any]
    children: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return type(self.ref).__name__.rpartition(".")[2]


class Inventory:
    """The inventory as it was read at one moment."""

    def __init__(self, content: Any) -> None:
        self._entities: dict[str, _Entity] = {}
        for ref, values in _read(content, _ENTITIES):
            self._entities[ref._moId] = _Entity(ref, values)
        self._root = content.rootFolder._moId
        for moref, entity in self._entities.items():
            parent = self._parent(entity)
            if parent is not None:
                parent.children.append(moref)

    def vms(self) -> list[InventoryVm]:
        """Every VM that can be migrated, by name, then moref."""
        found = (self._vm(entity) for entity in self._entities.values())
        return sorted((vm for vm in found if vm is not None), key=lambda vm: (vm.name, vm.moref))

    def tree(self) -> TreeNode:
        """The tree from the root folder: datacenters, clusters and hosts, folders, VMs."""
        return self._node(self._root)

    def _node(self, moref: str) -> TreeNode:
        entity = self._entities.get(moref)
        if entity is None:  # the root folder itself is not part of its own view
            return TreeNode("Folder", "Datacenters", moref, self._children_of(moref))
        vm = self._vm(entity)
        return TreeNode(entity.kind, str(entity.values.get("name", "")), moref, self._children_of(moref), vm)

    def _children_of(self, moref: str) -> tuple[TreeNode, ...]:
        entity = self._entities.get(moref)
        below = (
            entity.children
            if entity is not None
            else [m for m, e in self._entities.items() if _moref(e.values.get("parent")) == moref]
        )
        nodes = (self._node(m) for m in below if not isinstance(self._entities[m].ref, vim.Network))
        return tuple(sorted(nodes, key=lambda node: (node.name, node.moref)))

    def _vm(self, entity: _Entity) -> InventoryVm | None:
        values = entity.values
        if not isinstance(entity.ref, vim.VirtualMachine):
            return None
        if values.get("config.template") or "config.hardware.device" not in values:
            return None
        disks = tuple(_disks(values["config.hardware.device"]))
        host = self._entities.get(_moref(values.get("runtime.host")))
        cluster = self._parent(host) if host else None
        return InventoryVm(
            name=str(values.get("name", "")),
            moref=entity.ref._moId,
            instance_uuid=str(values.get("config.instanceUuid") or ""),
            power=POWER.get(str(values.get("runtime.powerState")), "off"),
            disk_bytes=sum(disk.capacity_bytes for disk in disks),
            disks=disks,
            networks=tuple(self._name(_moref(network)) for network in values.get("network") or []),
            datacenter=self._datacenter(entity),
            cluster=str(cluster.values.get("name", "")) if cluster else "",
            host=str(host.values.get("name", "")) if host else "",
            folder=self._folder(entity),
        )

    def _above(self, entity: _Entity) -> Iterator[_Entity]:
        above = self._parent(entity)
        while above is not None:
            yield above
            above = self._parent(above)

    def _datacenter(self, entity: _Entity) -> str:
        homes = (a for a in self._above(entity) if isinstance(a.ref, vim.Datacenter))
        return str(next((home.values.get("name", "") for home in homes), ""))

    def _folder(self, entity: _Entity) -> str:
        names: list[str] = []
        for above in self._above(entity):
            if isinstance(above.ref, vim.Datacenter):
                break
            names.append(str(above.values.get("name", "")))
        return "/".join(reversed(names[:-1]))

    def _parent(self, entity: _Entity) -> _Entity | None:
        return self._entities.get(_moref(entity.values.get("parent")))

    def _name(self, moref: str) -> str:
        entity = self._entities.get(moref)
        return str(entity.values.get("name", "")) if entity else ""


def _moref(reference: Any) -> str:
    return reference._moId if reference is not None else ""


def _disks(devices: Any) -> Iterator[SourceDisk]:
    for device in devices:
        if isinstance(device, vim.vm.device.VirtualDisk):
            capacity_bytes = int(device.capacityInBytes or (device.capacityInKB or 0) * 1024)
            label = device.deviceInfo.label if device.deviceInfo is not None else ""
            yield SourceDisk(device.key, label, capacity_bytes)


def power_states(content: Any) -> dict[str, str]:
    """`on`, `off` or `suspended` of every VM by moref."""
    states = _read(content, {vim.VirtualMachine: ("runtime.powerState",)})
    return {ref._moId: POWER.get(str(values.get("runtime.powerState")), "off") for ref, values in states}


def _read(content: Any, wanted: Mapping[Any, Sequence[str]]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Every entity of these kinds with these properties, a page at a time."""
    query = vmodl.query.PropertyCollector
    view = content.viewManager.CreateContainerView(content.rootFolder, list(wanted), True)
    along = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[along])],
        propSet=[query.PropertySpec(type=kind, pathSet=list(paths)) for kind, paths in wanted.items()],
    )
    collector = content.propertyCollector
    try:
        page = collector.RetrievePropertiesEx([spec], query.RetrieveOptions(maxObjects=PAGE))
        while page is not None:
            for found in page.objects:
                yield found.obj, {p.name: p.val for p in found.propSet or []}
            page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
    finally:
        view.DestroyView()
