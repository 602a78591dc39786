"""Device changes of a ConfigSpec: disks and network cards added, edited, removed.

Rules of this file: one function per kind of device and operation, in a table. Controllers are accepted and
follow from the disks. A change that cannot be made raises InvalidDeviceSpec with its index, as vCenter does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from pyVmomi import vim

from cxsim.fake_vcenter import faults
from cxsim.fake_vcenter.datastore import Datastore, datastore_name
from cxsim.fake_vcenter.network import Network
from cxsim.fake_vcenter.records import DiskRecord, NicRecord, VmRecord
from cxsim.fake_vcenter.vm_devices import CONTROLLER_UNIT, disk_key, free_disk_place, free_nic_key

if TYPE_CHECKING:
    from cxsim.fake_vcenter.datacenter import Datacenter
    from cxsim.fake_vcenter.model import Model
    from cxsim.fake_vcenter.virtual_machine import VirtualMachine

_dev = vim.vm.device


class Place:
    """What a device change may look at: the datacenter's datastores and networks, identifiers."""

    def __init__(self, model: Model, home: Datacenter) -> None:
        self.model = model
        self._home = home

    def datastore(self, name: str) -> Datastore | None:
        """By name."""
        stores = self._home.datastore_folder.children()
        return next((s for s in stores if isinstance(s, Datastore) and s.name == name), None)

    def network(self, reference: Any, name: str) -> Network | None:
        """By reference, else by name."""
        for network in self._home.network_folder.children():
            if not isinstance(network, Network):
                continue
            if reference is not None and network.moid == reference._moId:
                return network
            if reference is None and network.name == name:
                return network
        return None


def apply(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    """The step of a reconfiguration."""
    home = cast("Datacenter", vm.datacenter())
    apply_changes(Place(vm.model, home), record, spec.deviceChange or [])


def apply_changes(place: Place, record: VmRecord, changes: list[Any]) -> None:
    """Apply device changes to a record. Raises InvalidDeviceSpec, FileNotFound or NotSupported."""
    for index, change in enumerate(changes):
        kind = next((kind for kind in KINDS if isinstance(change.device, kind)), None)
        if kind is None:
            raise faults.not_supported()
        handler = KINDS[kind].get(change.operation)
        if handler is None:
            raise faults.not_supported()
        try:
            handler(place, record, change)
        except ValueError as error:
            fault = vim.fault.InvalidDeviceSpec(
                deviceIndex=index, property=f"virtualDeviceSpec.device.{error}"
            )
            fault.msg = f"Invalid configuration for device '{index}'."
            raise fault from None


def _add_disk(place: Place, record: VmRecord, change: Any) -> None:
    disk = change.device
    found = _disk_place(record, disk)
    if found is None:
        raise ValueError("unitNumber")
    key, controller_key, unit = found
    backing = disk.backing
    wanted = (getattr(backing, "fileName", "") or "") if backing is not None else ""
    store_name = datastore_name(wanted) or datastore_name(record.vmx_path)
    store = place.datastore(store_name)
    if store is None:
        raise faults.invalid_datastore_path(wanted)
    capacity_bytes = int(disk.capacityInBytes or (disk.capacityInKB or 0) * 1024)
    file_name = wanted if wanted.endswith(".vmdk") else _new_file_name(record, store_name)
    used_bytes = 0
    thin = bool(getattr(backing, "thinProvisioned", False))
    if change.fileOperation is None and wanted.endswith(".vmdk"):
        existing = store.disk_files.get(wanted)
        if existing is None:
            raise faults.file_not_found(wanted)
        capacity_bytes, used_bytes = existing
    elif not thin:
        used_bytes = capacity_bytes
    if capacity_bytes <= 0:
        raise ValueError("capacityInKB")
    record.disks.append(
        DiskRecord(
            key=key,
            controller_key=controller_key,
            unit=unit,
            capacity_bytes=capacity_bytes,
            used_bytes=used_bytes,
            file_name=file_name,
            datastore=store_name,
            thin=thin,
            uuid=place.model.new_uuid("virtual disk"),
        )
    )


def _disk_place(record: VmRecord, disk: Any) -> tuple[int, int, int] | None:
    """The place that the spec names if it is free, else the next free one; None if there is none."""
    controller, unit = disk.controllerKey, disk.unitNumber
    if controller is not None and unit is not None and 1000 <= controller < 1004 and 0 <= unit <= 15:
        taken = {(d.controller_key, d.unit) for d in record.disks}
        if unit == CONTROLLER_UNIT or (controller, unit) in taken:
            return None
        return disk_key(controller - 1000, unit), controller, unit
    return free_disk_place(record)


def _new_file_name(record: VmRecord, store_name: str) -> str:
    folder = record.vmx_path.partition("] ")[2].rpartition("/")[0]
    number = len(record.disks)
    suffix = f"_{number}" if number else ""
    return f"[{store_name}] {folder}/{folder}{suffix}.vmdk"


def _edit_disk(place: Place, record: VmRecord, change: Any) -> None:
    disk = _disk_of(record, change.device.key)
    capacity_bytes = int(change.device.capacityInBytes or (change.device.capacityInKB or 0) * 1024)
    if capacity_bytes < disk.capacity_bytes:
        raise ValueError("capacityInKB")
    disk.capacity_bytes = capacity_bytes


def _remove_disk(place: Place, record: VmRecord, change: Any) -> None:
    record.disks.remove(_disk_of(record, change.device.key))


def _disk_of(record: VmRecord, key: int) -> DiskRecord:
    for disk in record.disks:
        if disk.key == key:
            return disk
    raise ValueError("key")


def _add_nic(place: Place, record: VmRecord, change: Any) -> None:
    key = free_nic_key(record)
    if key is None:
        raise ValueError("key")
    network = _network_name(place, change.device.backing)
    connectable = change.device.connectable
    record.nics.append(
        NicRecord(
            key=key,
            unit=7 + key - 4000,
            mac_address=change.device.macAddress or new_mac_address(place.model),
            network=network or "",
            connected=bool(connectable.startConnected) if connectable is not None else True,
        )
    )


def _edit_nic(place: Place, record: VmRecord, change: Any) -> None:
    nic = _nic_of(record, change.device.key)
    if change.device.backing is not None:
        nic.network = _network_name(place, change.device.backing) or ""
    if change.device.connectable is not None:
        connectable = change.device.connectable
        nic.connected = bool(connectable.connected or connectable.startConnected)
    if change.device.macAddress:
        nic.mac_address = change.device.macAddress


def _remove_nic(place: Place, record: VmRecord, change: Any) -> None:
    record.nics.remove(_nic_of(record, change.device.key))


def _nic_of(record: VmRecord, key: int) -> NicRecord:
    for nic in record.nics:
        if nic.key == key:
            return nic
    raise ValueError("key")


def _network_name(place: Place, backing: Any) -> str | None:
    """The network that a card's backing names; None for a card on no network."""
    if backing is None:
        return None
    if not isinstance(backing, _dev.VirtualEthernetCard.NetworkBackingInfo):
        raise faults.not_supported()
    network = place.network(backing.network, backing.deviceName)
    if network is None:
        raise ValueError("backing.deviceName")
    return network.name


def new_mac_address(model: Model) -> str:
    """An address from the range that vCenter assigns: 00:50:56:80:00:00 to 00:50:56:bf:ff:ff."""
    drawn = model.new_uuid("mac address").replace("-", "")
    return f"00:50:56:{0x80 + int(drawn[:2], 16) % 0x40:02x}:{drawn[2:4]}:{drawn[4:6]}"


def _accept(place: Place, record: VmRecord, change: Any) -> None:
    """Controllers follow from the disks."""


Handler = Callable[[Place, VmRecord, Any], None]

KINDS: dict[Any, dict[str, Handler]] = {
    _dev.VirtualDisk: {"add": _add_disk, "edit": _edit_disk, "remove": _remove_disk},
    _dev.VirtualEthernetCard: {"add": _add_nic, "edit": _edit_nic, "remove": _remove_nic},
    _dev.VirtualController: {"add": _accept, "edit": _accept},
}
