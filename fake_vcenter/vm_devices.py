"""A VM's virtual hardware as vim devices, with the keys and labels that vCenter gives them.

Rules of this file: from records to vim objects, and the numbering of new devices; nothing changes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim
from pyVmomi.VmomiSupport import long

from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.records import DiskRecord, NicRecord, VmRecord

if TYPE_CHECKING:
    from cxsim.fake_vcenter.virtual_machine import VirtualMachine

FIRST_DISK_KEY = 2000
FIRST_NIC_KEY = 4000
FIRST_CONTROLLER_KEY = 1000
DISKS_PER_CONTROLLER = 15
CONTROLLER_UNIT = 7
"""The SCSI controller's own unit number; no disk can have it."""
MAX_CONTROLLERS = 4
MAX_NICS = 10

_dev = vim.vm.device


def _description(label: str, summary: str) -> Any:
    return data(vim.Description, label=label, summary=summary)


def devices(vm: VirtualMachine) -> list[Any]:
    """All devices, in vCenter's order."""
    record = vm.record
    return [
        *_fixed(record),
        *_scsi_controllers(record),
        *(_disk(vm, number, disk) for number, disk in enumerate(record.disks, start=1)),
        *(_nic(vm, number, nic) for number, nic in enumerate(record.nics, start=1)),
    ]


def _fixed(record: VmRecord) -> list[Any]:
    """What every VM has."""
    on_pci = [500, 12000, *controller_keys(record), *(nic.key for nic in record.nics)]
    return [
        data(_dev.VirtualIDEController, key=200, deviceInfo=_description("IDE 0", "IDE 0"), busNumber=0),
        data(_dev.VirtualIDEController, key=201, deviceInfo=_description("IDE 1", "IDE 1"), busNumber=1),
        data(
            _dev.VirtualPS2Controller,
            key=300,
            deviceInfo=_description("PS2 controller 0", "PS2 controller 0"),
            busNumber=0,
            device=[600, 700],
        ),
        data(
            _dev.VirtualPCIController,
            key=100,
            deviceInfo=_description("PCI controller 0", "PCI controller 0"),
            busNumber=0,
            device=on_pci,
        ),
        data(
            _dev.VirtualSIOController,
            key=400,
            deviceInfo=_description("SIO controller 0", "SIO controller 0"),
            busNumber=0,
        ),
        data(
            _dev.VirtualKeyboard,
            key=600,
            deviceInfo=_description("Keyboard ", "Keyboard"),
            controllerKey=300,
            unitNumber=0,
        ),
        data(
            _dev.VirtualPointingDevice,
            key=700,
            deviceInfo=_description("Pointing device", "Pointing device; Device"),
            controllerKey=300,
            unitNumber=1,
        ),
        data(
            _dev.VirtualVideoCard,
            key=500,
            deviceInfo=_description("Video card ", "Video card"),
            controllerKey=100,
            unitNumber=0,
            videoRamSizeInKB=long(4096),
            numDisplays=1,
            useAutoDetect=False,
        ),
        data(
            _dev.VirtualVMCIDevice,
            key=12000,
            deviceInfo=_description("VMCI device", "Device on the virtual machine PCI bus"),
            controllerKey=100,
            unitNumber=17,
        ),
    ]


def controller_keys(record: VmRecord) -> list[int]:
    """Keys of the SCSI controllers: always the first, others when a disk is on them."""
    return sorted({FIRST_CONTROLLER_KEY, *(disk.controller_key for disk in record.disks)})


def _scsi_controllers(record: VmRecord) -> list[Any]:
    return [
        data(
            _dev.ParaVirtualSCSIController,
            key=key,
            deviceInfo=_description(
                f"SCSI controller {key - FIRST_CONTROLLER_KEY}", "VMware paravirtual SCSI"
            ),
            controllerKey=100,
            unitNumber=3 + key - FIRST_CONTROLLER_KEY,
            busNumber=key - FIRST_CONTROLLER_KEY,
            device=[disk.key for disk in record.disks if disk.controller_key == key],
            hotAddRemove=True,
            sharedBus="noSharing",
            scsiCtlrUnitNumber=CONTROLLER_UNIT,
        )
        for key in controller_keys(record)
    ]


def _disk(vm: VirtualMachine, number: int, disk: DiskRecord) -> Any:
    store = next((store for store in vm.datastores() if store.name == disk.datastore), None)
    return data(
        _dev.VirtualDisk,
        key=disk.key,
        deviceInfo=_description(f"Hard disk {number}", f"{disk.capacity_bytes // 1024:,} KB"),
        backing=data(
            _dev.VirtualDisk.FlatVer2BackingInfo,
            fileName=disk.file_name,
            datastore=store,
            diskMode="persistent",
            split=False,
            writeThrough=False,
            thinProvisioned=disk.thin,
            eagerlyScrub=False,
            uuid=disk.uuid,
        ),
        controllerKey=disk.controller_key,
        unitNumber=disk.unit,
        capacityInKB=long(disk.capacity_bytes // 1024),
        capacityInBytes=long(disk.capacity_bytes),
        shares=data(vim.SharesInfo, shares=1000, level="normal"),
        diskObjectId=f"{vm.moid.removeprefix('vm-')}-{disk.key}",
    )


def _nic(vm: VirtualMachine, number: int, nic: NicRecord) -> Any:
    network = next((network for network in vm.networks() if network.name == nic.network), None)
    return data(
        _dev.VirtualVmxnet3,
        key=nic.key,
        deviceInfo=_description(f"Network adapter {number}", nic.network),
        backing=data(
            _dev.VirtualEthernetCard.NetworkBackingInfo,
            deviceName=nic.network,
            useAutoDetect=False,
            network=network,
        )
        if nic.network
        else None,
        connectable=data(
            _dev.VirtualDevice.ConnectInfo,
            startConnected=nic.connected,
            allowGuestControl=True,
            connected=nic.connected and vm.record.power == "on",
            status="ok",
        ),
        controllerKey=100,
        unitNumber=nic.unit,
        addressType="assigned",
        macAddress=nic.mac_address,
        wakeOnLanEnabled=True,
    )


def free_disk_place(record: VmRecord) -> tuple[int, int, int] | None:
    """Key, controller key and unit for one more disk; None when all places are taken."""
    taken = {(disk.controller_key, disk.unit) for disk in record.disks}
    for bus in range(MAX_CONTROLLERS):
        for unit in range(DISKS_PER_CONTROLLER + 1):
            if unit != CONTROLLER_UNIT and (FIRST_CONTROLLER_KEY + bus, unit) not in taken:
                return disk_key(bus, unit), FIRST_CONTROLLER_KEY + bus, unit
    return None


def disk_key(bus: int, unit: int) -> int:
    """vCenter's key for a SCSI disk."""
    return FIRST_DISK_KEY + 16 * bus + unit


def free_nic_key(record: VmRecord) -> int | None:
    """Key for one more network card; None when there are ten."""
    taken = {nic.key for nic in record.nics}
    return next((k for k in range(FIRST_NIC_KEY, FIRST_NIC_KEY + MAX_NICS) if k not in taken), None)
