"""New virtual machines: from a ConfigSpec, from a configuration file, from an inventory record.

Rules of this file: it makes the record, puts the VM into the inventory, posts the event. A new VM is off.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

from pyVmomi import vim

from cxsim.fake_vcenter import faults, inventory
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.datastore import Datastore, datastore_name
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.host_system import HostSystem
from cxsim.fake_vcenter.records import DiskRecord, NicRecord, VmRecord
from cxsim.fake_vcenter.resource_pool import ResourcePool
from cxsim.fake_vcenter.versions import PRODUCTS
from cxsim.fake_vcenter.virtual_machine import VirtualMachine
from cxsim.fake_vcenter.vm_device_changes import Place, apply_changes, new_mac_address
from cxsim.fake_vcenter.vm_devices import free_disk_place

if TYPE_CHECKING:
    from cxsim.fake_vcenter.datacenter import Datacenter
    from cxsim.fake_vcenter.model import Model
    from cxsim.fake_vcenter.task import Task

DEFAULT_MEMORY_MB = 4096


def create_task(folder: Folder, call: Call, spec: Any, pool: Any, host: Any) -> Task:
    """CreateVM_Task."""
    chosen_pool, chosen_host = _destination(folder, pool, host)

    def check() -> None:
        if not spec.name:
            raise faults.invalid_argument("configSpec.name")
        folder.check_child(spec.name)
        _store_for(folder, spec)

    def effect() -> VirtualMachine:
        vm = create(folder, spec, chosen_pool, chosen_host)
        vm.event_manager.post(
            vim.event.VmCreatedEvent, f"Created virtual machine {vm.name}", call.user, vm=vm
        )
        return vm

    # Refused at once when it can be seen at once, as vCenter does for a name that is taken.
    check()
    return folder.task_manager.start(
        call, folder, "CreateVM_Task", effect, folder.model.config.durations.create_s, check
    )


def create(folder: Folder, spec: Any, pool: ResourcePool, host: HostSystem) -> VirtualMachine:
    """A VM from a ConfigSpec. Raises the vim fault that refuses it; nothing is left behind then."""
    model = folder.model
    home = cast("Datacenter", folder.datacenter())
    store = _store_for(folder, spec)
    memory_mb = DEFAULT_MEMORY_MB if spec.memoryMB is None else spec.memoryMB
    cpus = 1 if spec.numCPUs is None else spec.numCPUs
    if cpus < 1:
        raise faults.invalid_argument("configSpec.numCPUs")
    if memory_mb < 4:
        raise faults.invalid_argument("configSpec.memoryMB")
    record = VmRecord(
        moref="",
        name=spec.name,
        instance_uuid=spec.instanceUuid or model.new_uuid("instance uuid"),
        bios_uuid=spec.uuid or model.new_uuid("bios uuid"),
        power="off",
        cpus=cpus,
        memory_bytes=memory_mb * 2**20,
        guest=spec.guestId or "otherGuest64",
        host=host.name,
        datacenter=home.name,
        folder=folder.moid,
        resource_pool=pool.moid,
        vmx_path=_free_vmx_path(store, _wanted_path(spec), spec.name),
        hardware_version=spec.version or PRODUCTS[model.config.version].hardware_version,
        cores_per_socket=spec.numCoresPerSocket or 1,
        annotation=spec.annotation or "",
        extra_config={option.key: str(option.value) for option in spec.extraConfig or []},
        created_s=model.host.now(),
        changed_s=model.host.now(),
    )
    apply_changes(Place(model, home), record, list(spec.deviceChange or []))
    record.moref = model.new_id("vm-")
    vm = VirtualMachine(model, record, folder, host, pool)
    vm.enter()
    model.vm_changed("created", record)
    return vm


def register_task(
    folder: Folder, call: Call, path: str, name: str, as_template: bool, pool: Any, host: Any
) -> Task:
    """RegisterVM_Task: the file at `path` describes the VM."""
    chosen_pool, chosen_host = _destination(folder, pool, host)

    def check() -> None:
        record = _record_at(folder, path)
        folder.check_child(name or record.name)

    def effect() -> VirtualMachine:
        vm = register(folder, _record_at(folder, path), name, chosen_pool, chosen_host, as_template)
        vm.event_manager.post(vim.event.VmRegisteredEvent, f"Registered {vm.name}", call.user, vm=vm)
        return vm

    return folder.task_manager.start(
        call, folder, "RegisterVM_Task", effect, folder.model.config.durations.register_s, check
    )


def register(
    folder: Folder,
    described: VmRecord,
    name: str,
    pool: ResourcePool,
    host: HostSystem,
    as_template: bool = False,
) -> VirtualMachine:
    """Put a VM that exists on disk into the inventory, off, under a new moref."""
    model = folder.model
    record = copy.deepcopy(described)
    record.moref = model.new_id("vm-")
    record.name = name or described.name
    record.power, record.booted_s, record.suspended_s = "off", None, None
    record.template = as_template
    record.host, record.folder, record.resource_pool = host.name, folder.moid, pool.moid
    home = folder.datacenter()
    record.datacenter = home.name if home else ""
    record.changed_s = model.host.now()
    vm = VirtualMachine(model, record, folder, host, pool)
    vm.enter()
    model.vm_changed("registered", record)
    return vm


def copied(original: VmRecord, name: str, model: Model) -> VmRecord:
    """The record of a copy: off, under its own name, with identifiers and files of its own."""
    record = copy.deepcopy(original)
    store = datastore_name(original.vmx_path)
    record.moref = model.new_id("vm-")
    record.name = name
    record.instance_uuid = model.new_uuid("instance uuid")
    record.bios_uuid = model.new_uuid("bios uuid")
    record.power, record.booted_s, record.suspended_s = "off", None, None
    record.replication, record.custom_values = None, {}
    record.vmx_path = f"[{store}] {record.moref}/{name}.vmx"
    record.created_s = record.changed_s = model.host.now()
    for number, disk in enumerate(record.disks):
        disk.file_name = f"[{disk.datastore}] {record.moref}/{name}{f'_{number}' if number else ''}.vmdk"
        disk.uuid = model.new_uuid("virtual disk")
    for nic in record.nics:
        nic.mac_address = new_mac_address(model)
    return record


def from_inventory(
    config: inventory.VirtualMachine, folder: Folder, host: HostSystem, pool: ResourcePool, datastore: str
) -> VmRecord:
    """The record of a VM of the configuration; identifiers that are not given come from the host."""
    model = folder.model
    new_uuid = model.new_uuid
    now_s = model.host.now()
    home = folder.datacenter()

    record = VmRecord(
        moref=model.new_id("vm-"),
        name=config.name,
        instance_uuid=config.instance_uuid or new_uuid("instance uuid"),
        bios_uuid=config.bios_uuid or new_uuid("bios uuid"),
        power=config.power,
        cpus=config.cpus,
        memory_bytes=config.memory_bytes,
        guest=config.guest,
        host=host.name,
        datacenter=home.name if home else "",
        folder=folder.moid,
        resource_pool=pool.moid,
        vmx_path=f"[{datastore}] {config.name}/{config.name}.vmx",
        hardware_version=config.hardware_version or PRODUCTS[model.config.version].hardware_version,
        ip_address=config.ip_address,
        guest_host_name=config.host_name or config.name.lower(),
        tools=config.tools,
        annotation=config.annotation,
        encrypted=config.encrypted,
        created_s=now_s,
        changed_s=now_s,
        booted_s=now_s if config.power == "on" else None,
        suspended_s=now_s if config.power == "suspended" else None,
    )
    add_disks(record, config, datastore, new_uuid)
    if config.network is not None:
        record.nics.append(NicRecord(4000, 7, new_mac_address(model), config.network))
    return record


def add_disks(record: VmRecord, config: inventory.VirtualMachine, datastore: str, new_uuid: Any) -> None:
    """The disks of a configured VM, on the first SCSI controllers."""
    for number, disk in enumerate(config.disks):
        place = free_disk_place(record)
        if place is None:
            raise ValueError(f"{config.name}: a VM cannot have {len(config.disks)} disks")
        key, controller_key, unit = place
        suffix = f"_{number}" if number else ""
        record.disks.append(
            DiskRecord(
                key=disk.key or key,
                controller_key=controller_key,
                unit=unit,
                capacity_bytes=disk.capacity_bytes,
                used_bytes=min(disk.used_bytes, disk.capacity_bytes) if disk.thin else disk.capacity_bytes,
                file_name=disk.file_name or f"[{datastore}] {config.name}/{config.name}{suffix}.vmdk",
                datastore=datastore,
                thin=disk.thin,
                uuid=new_uuid("virtual disk"),
            )
        )


def _destination(folder: Folder, pool: Any, host: Any) -> tuple[ResourcePool, HostSystem]:

    model = folder.model
    chosen_host = cast(HostSystem, model.resolve(host)) if host is not None else None
    if pool is not None:
        chosen_pool = cast(ResourcePool, model.resolve(pool))
    elif chosen_host is not None:
        chosen_pool = cast(Any, chosen_host.parent).resource_pool
    else:
        raise faults.invalid_argument("pool")
    if chosen_host is None:
        hosts = chosen_pool.owner.hosts
        if not hosts:
            raise faults.invalid_argument("host")
        # Without DRS the first host is as good as any; with few VMs this is where they all go.
        chosen_host = hosts[0]
    return chosen_pool, chosen_host


def _wanted_path(spec: Any) -> str:
    return (spec.files.vmPathName or "") if spec.files is not None else ""


def _store_for(folder: Folder, spec: Any) -> Datastore:

    path = _wanted_path(spec)
    if not path:
        raise faults.invalid_argument("configSpec.files.vmPathName")
    return _store_named(folder, datastore_name(path), path)


def _store_named(folder: Folder, name: str, path: str) -> Datastore:

    home = cast("Datacenter", folder.datacenter())
    for store in home.datastore_folder.children():
        if isinstance(store, Datastore) and store.name == name:
            return store
    raise faults.invalid_datastore_path(path)


def _free_vmx_path(store: Datastore, wanted: str, name: str) -> str:
    """The path that was asked for, or a folder of the VM's name, numbered when it is taken."""
    if wanted.endswith(".vmx"):
        return wanted
    number = 0
    while True:
        folder = name if number == 0 else f"{name}_{number}"
        path = f"[{store.name}] {folder}/{name}.vmx"
        if path not in store.files:
            return path
        number += 1


def _record_at(folder: Folder, path: str) -> VmRecord:

    name = datastore_name(path)
    if not name or not path.endswith((".vmx", ".vmtx")):
        raise faults.invalid_datastore_path(path)
    record = _store_named(folder, name, path).files.get(path)
    if record is None:
        raise faults.file_not_found(path)
    for vm in folder.model.of(VirtualMachine):
        if vm.record.vmx_path == path:
            raise faults.already_exists(vm.name)
    return record
