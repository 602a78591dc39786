"""VCenter: the emulated vCenter with its ESXi hosts, built from a configuration.

Rules of this file: it builds and puts back the model and is the door for whoever composes: `wsgi_app` for
HTTP, and direct methods that do what the SOAP operations do, with the same tasks and refusals, for code that
stands beside the vCenter instead of in front of it.
"""

from __future__ import annotations

from typing import Any, cast

from pyVmomi import vim

from cxsim.emulator.exchange import WsgiApp
from cxsim.emulator.host import Host
from cxsim.emulator.tasks import TaskState
from cxsim.fake_vcenter import inventory, vm_creation, vm_reconfigure
from cxsim.fake_vcenter.build import Built, add_vm, build
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.custom_fields import CustomFieldsManager, Definition
from cxsim.fake_vcenter.datastore import Datastore
from cxsim.fake_vcenter.endpoint import Answer, Endpoint, Request
from cxsim.fake_vcenter.event_manager import EventManager, vm_argument
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.records import Observer, VmRecord
from cxsim.fake_vcenter.sessions import Sessions
from cxsim.fake_vcenter.soap_writer import MethodFault
from cxsim.fake_vcenter.task import Task
from cxsim.fake_vcenter.urls import make_app
from cxsim.fake_vcenter.versions import api_versions
from cxsim.fake_vcenter.virtual_machine import VirtualMachine

_POWER_METHOD = {"on": "PowerOnVM_Task", "off": "PowerOffVM_Task", "suspended": "SuspendVM_Task"}
_LOOK_S = 0.1


class VCenterRefused(Exception):
    """A direct call was refused; the text is vCenter's own, `fault` the vim fault."""

    def __init__(self, fault: Any) -> None:
        super().__init__(f"{type(fault).__name__.rpartition('.')[2]}: {fault.msg or ''}".rstrip(": "))
        self.fault = fault


class VCenter:
    """An emulated vCenter. `wsgi_app` is an ordinary WSGI application; `observers` are told of every change
    of a virtual machine, after it happened."""

    product = "vCenter"

    def __init__(self, config: inventory.VCenter, host: Host) -> None:
        self.config = config
        self.host = host
        self.observers: list[Observer] = []
        self._identities: dict[str, list[str]] = {}
        self.wsgi_app: WsgiApp = make_app(self._answer, config.version, config.name)
        self.reset()

    def _answer(self, request: Request) -> Answer:
        return self._endpoint.answer(request)

    # -- state (emulator.state.Stateful)

    def reset(self) -> None:
        """Back to the configuration, with the same identifiers; sessions and tasks are gone."""
        self.model = Model(self.config, self.host, self._identities)
        self.model.observers = self.observers
        self.sessions = Sessions(self.model)
        self._built: list[Built] = build(self.model, self.sessions)
        self._endpoint = Endpoint(self.model, self.sessions, self.config.version)

    def save(self) -> dict[str, Any]:
        """Virtual machines, files of unregistered ones, custom fields. Folders made by clients are not part
        of it: their VMs come back in the datacenter's own folder."""
        fields = cast(CustomFieldsManager, self.model.objects["CustomFieldsManager"])
        registered = {record.vmx_path for record in self.vms()}
        return {
            "name": self.config.name,
            "vms": [record.to_dict() for record in self.vms()],
            "files": [
                record.to_dict()
                for store in self.model.of(Datastore)
                for path, record in store.files.items()
                if path not in registered
            ],
            "custom_fields": [[d.key, d.name, d.applies_to] for d in fields.definitions.values()],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Become what was saved by a vCenter of the same configuration. Raises ValueError, KeyError or
        TypeError and changes nothing for a state that does not fit."""
        if state["name"] != self.config.name:
            raise ValueError(f"saved by vCenter {state['name']!r}, not {self.config.name!r}")
        records = [VmRecord.from_dict(saved) for saved in state["vms"]]
        files = [VmRecord.from_dict(saved) for saved in state["files"]]
        definitions = {int(key): Definition(int(key), name, of) for key, name, of in state["custom_fields"]}
        homes = {built.datacenter.name: built for built in self._built}
        for record in (*records, *files):
            if record.datacenter not in homes or record.host not in homes[record.datacenter].hosts:
                raise ValueError(f"VM {record.name}: no host {record.host} in {record.datacenter}")
        self.reset()
        for vm in list(self.model.of(VirtualMachine)):
            path, store_names = vm.record.vmx_path, vm.datastores()
            vm.leave()
            for store in store_names:
                store.files.pop(path, None)
        cast(CustomFieldsManager, self.model.objects["CustomFieldsManager"]).definitions = definitions
        for record in records:
            self._restore(record)
        for record in files:
            self._store_of(record.vmx_path).files[record.vmx_path] = record
        self.model.touch_all()

    def _restore(self, record: VmRecord) -> None:
        built = next(b for b in self._built if b.datacenter.name == record.datacenter)
        host = built.hosts[record.host]
        known = self.model.objects.get(record.folder)
        folder = known if isinstance(known, Folder) else built.datacenter.vm_folder
        record.folder = folder.moid
        self.model.take_id(record.moref)
        pool = host.parent.resource_pool  # type: ignore[union-attr]
        VirtualMachine(self.model, record, folder, host, pool).enter()

    # -- looking

    @property
    def instance_uuid(self) -> str:
        """`about.instanceUuid`."""
        return self.model.objects["ServiceInstance"].instance_uuid  # type: ignore[attr-defined,no-any-return]

    def vms(self) -> list[VmRecord]:
        """Every registered VM, in order of registration. The records are live: do not change them."""
        return [vm.record for vm in self.model.of(VirtualMachine)]

    def find_vm(
        self, *, moref: str | None = None, uuid: str | None = None, name: str | None = None
    ) -> VmRecord | None:
        """The first VM with this moref, instance or BIOS UUID, or name."""
        for record in self.vms():
            if moref is not None and record.moref == moref:
                return record
            if uuid is not None and uuid.lower() in (record.instance_uuid, record.bios_uuid):
                return record
            if name is not None and record.name == name:
                return record
        return None

    def esxi_address(self, record: VmRecord) -> str | None:
        """Management address of the host that a VM runs on."""
        host: Any = self._vm(record.moref).host
        return host.config.address  # type: ignore[no-any-return]

    # -- doing; all of these may block and raise VCenterRefused

    def power(self, moref: str, state: str, user: str = "") -> None:
        """Make a VM `on`, `off` or `suspended`; returns when it is. Already so is as good."""
        vm = self._vm(moref)
        if vm.record.power != state:
            self._finish(vm.power_task(self._call(user), _POWER_METHOD[state]))

    def rename(self, moref: str, name: str, user: str = "") -> None:
        """Give a VM another name."""
        with_faults(lambda: self._vm(moref).rename(name, user))

    def connect_network(self, moref: str, nic: int, network: str | None, connected: bool = True) -> None:
        """Put the n-th network card (from 0) on a network of the datacenter; None: on none."""
        vm = self._vm(moref)
        if not 0 <= nic < len(vm.record.nics):
            raise VCenterRefused(_invalid(f"network adapter {nic + 1}"))
        built = self._home(vm.record)
        if network is not None and network not in built.networks:
            raise VCenterRefused(_invalid(f"network {network}"))
        vm.record.nics[nic].network = network or ""
        vm.record.nics[nic].connected = connected
        vm.connect()
        vm.changed("reconfigured")

    def reconfigure(self, moref: str, spec: Any, user: str = "") -> None:
        """Apply a vim.vm.ConfigSpec; returns when it is done."""
        self._finish(vm_reconfigure.task(self._vm(moref), self._call(user), spec))

    def register_replica(
        self, config: inventory.VirtualMachine, datacenter: str | None = None, user: str = ""
    ) -> str:
        """Put a VM into the inventory whose files a replicator has written: off, whatever `power` says, with
        these disks. The moref. Raises ValueError for names that do not exist."""
        built = self._built_named(datacenter)
        vm = add_vm(built, config)
        vm.record.power, vm.record.booted_s = "off", None
        vm.touch()
        self.model.vm_changed("registered", vm.record)
        self._events.post(vim.event.VmRegisteredEvent, f"Registered {vm.name}", user, vm=vm)
        return vm.moid

    def clone(self, moref: str, name: str, user: str = "") -> str:
        """Copy a VM, off, with fresh identifiers; the copy's moref."""
        vm = self._vm(moref)
        with_faults(lambda: vm.folder.check_child(name))
        record = vm_creation.copied(vm.record, name, self.model)
        made = VirtualMachine(self.model, record, vm.folder, vm.host, vm.pool)
        made.enter()
        self.model.vm_changed("created", record)
        self._events.post(
            vim.event.VmClonedEvent,
            f"Clone of {vm.name} completed",
            user,
            vm=made,
            sourceVm=vm_argument(vm),
        )
        return made.moid

    def unregister(self, moref: str, user: str = "") -> None:
        """Take a VM out of the inventory; its files stay."""
        with_faults(lambda: self._vm(moref).unregister(user))

    def destroy(self, moref: str, user: str = "") -> None:
        """Delete a VM with its files; it must be off."""
        with_faults(lambda: self._vm(moref).destroy(user))

    def place_disk(self, path: str, capacity_bytes: int, used_bytes: int) -> None:
        """A disk file that belongs to no VM yet, for a later device change that attaches it."""
        self._store_of(path).disk_files[path] = (capacity_bytes, used_bytes)

    def set_used_bytes(self, moref: str, disk_key: int, used_bytes: int) -> None:
        """What a disk holds now."""
        vm = self._vm(moref)
        for disk in vm.record.disks:
            if disk.key == disk_key:
                disk.used_bytes = min(used_bytes, disk.capacity_bytes)
                vm.touch_around()
                return
        raise VCenterRefused(_invalid(f"disk {disk_key}"))

    def post_replication_event(self, moref: str, type_id: str, sent_bytes: int | None = None) -> None:
        """An event of vSphere Replication; `type_id` is a key of `event_manager.HBR_EVENTS`."""
        self._events.post_replication(self._vm(moref), type_id, sent_bytes)

    # -- inside

    @property
    def _events(self) -> EventManager:
        return cast(EventManager, self.model.objects["EventManager"])

    def _vm(self, moref: str) -> VirtualMachine:
        try:
            return cast(VirtualMachine, self.model.resolve(vim.VirtualMachine(moref, None)))
        except MethodFault as fault:
            raise VCenterRefused(fault) from None

    def _home(self, record: VmRecord) -> Built:
        return self._built_named(record.datacenter)

    def _built_named(self, datacenter: str | None) -> Built:
        for built in self._built:
            if datacenter in (None, built.datacenter.name):
                return built
        raise VCenterRefused(_invalid(f"datacenter {datacenter}"))

    def _store_of(self, path: str) -> Datastore:
        for store in self.model.of(Datastore):
            if path.startswith(f"[{store.name}] "):
                return store
        raise VCenterRefused(_invalid(f"datastore of {path}"))

    def _call(self, user: str) -> Call:
        return Call(api_versions(self.config.version)[0], None, "", user)

    def _finish(self, task: Task) -> Any:
        while task.ended_s is None:
            self.host.sleep(_LOOK_S)
        assert task.clock_task is not None
        if task.state is TaskState.FAILED:
            error = task.clock_task.error
            if isinstance(error, MethodFault):
                raise VCenterRefused(error)
            assert error is not None
            raise error
        return task.clock_task.result


def with_faults(action: Any) -> Any:
    """Run an action; a vim fault it raises becomes VCenterRefused."""
    try:
        return action()
    except MethodFault as fault:
        raise VCenterRefused(fault) from None


def _invalid(what: str) -> Any:
    fault = vim.fault.NotFound()
    fault.msg = f"The object or item referred to could not be found: {what}."
    return fault
