"""VirtualMachine: where it stands, what it shows, and its power.

Rules of this file: the state is the record (`records.VmRecord`); this object puts it into the inventory and
answers for it. Which power state allows which operation is one table. How configuration and devices look
is in `vm_properties` and `vm_devices`, how they change in `vm_reconfigure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pyVmomi import vim

from cxsim.fake_vcenter import faults, vm_properties, vm_reconfigure
from cxsim.fake_vcenter.browsers import EnvironmentBrowser
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.datastore import Datastore, datastore_name
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.host_system import HostSystem
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import operation, prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.network import Network
from cxsim.fake_vcenter.records import VIM_POWER, VmRecord
from cxsim.fake_vcenter.resource_pool import ResourcePool

if TYPE_CHECKING:
    from cxsim.fake_vcenter.datacenter import Datacenter
    from cxsim.fake_vcenter.task import Task


@dataclass(frozen=True)
class PowerRule:
    """From which states an operation is allowed, and what follows."""

    allowed: tuple[str, ...]
    becomes: str
    duration: str
    """Field of `inventory.Durations`."""
    event: Any
    message: str


POWER_RULES: dict[str, PowerRule] = {
    "PowerOnVM_Task": PowerRule(
        ("off", "suspended"), "on", "power_on_s", vim.event.VmPoweredOnEvent, "is powered on"
    ),
    "PowerOffVM_Task": PowerRule(
        ("on", "suspended"), "off", "power_off_s", vim.event.VmPoweredOffEvent, "is powered off"
    ),
    "SuspendVM_Task": PowerRule(
        ("on",), "suspended", "suspend_s", vim.event.VmSuspendedEvent, "is suspended"
    ),
    "ResetVM_Task": PowerRule(("on",), "on", "reset_s", vim.event.VmResettingEvent, "is reset"),
}


class VirtualMachine(ManagedEntity):
    """A virtual machine."""

    vim_type = vim.VirtualMachine

    def __init__(
        self, model: Model, record: VmRecord, folder: Folder, host: HostSystem, pool: ResourcePool
    ) -> None:
        super().__init__(model, record.moref, record.name, folder)
        self.record = record
        self.custom_values = record.custom_values
        self.host = host
        self.pool = pool
        self.browser = EnvironmentBrowser(model, f"envbrowser-{record.moref.removeprefix('vm-')}", None)
        self._stores: list[Datastore] = []
        self._nets: list[Network] = []

    @property
    def name(self) -> str:
        """The record's."""
        return self.record.name

    @property
    def folder(self) -> Folder:
        """Where it stands."""
        return cast(Folder, self.parent)

    # -- its place in the inventory

    def enter(self) -> None:
        """Stand in folder, host, pool, datastores and networks."""
        self.folder.adopt(self)
        self.host.vms.append(self)
        self.pool.vms.append(self)
        self.connect()

    def leave(self) -> None:
        """Stand nowhere any more; files stay where they are."""
        self.folder.disown(self)
        self.host.vms.remove(self)
        self.pool.vms.remove(self)
        self.touch_around()
        self._disconnect()
        self.model.remove(self.browser)
        self.model.remove(self)

    def connect(self) -> None:
        """Tell datastores and networks of the record, and everyone who shows this VM."""
        self._disconnect()
        home = cast("Datacenter", self.datacenter())
        used = {disk.datastore for disk in self.record.disks} | {datastore_name(self.record.vmx_path)}
        self._stores = [
            s for s in home.datastore_folder.children() if isinstance(s, Datastore) and s.name in used
        ]
        wanted = {nic.network for nic in self.record.nics}
        self._nets = [
            n for n in home.network_folder.children() if isinstance(n, Network) and n.name in wanted
        ]
        for store in self._stores:
            store.vms.append(self)
        for network in self._nets:
            network.vms.append(self)
        for store in self._stores:
            if store.name == datastore_name(self.record.vmx_path):
                store.files[self.record.vmx_path] = self.record
        self.touch_around()

    def _disconnect(self) -> None:
        for store in self._stores:
            store.vms.remove(self)
            store.touch()
        for network in self._nets:
            network.vms.remove(self)
            network.touch()
        self._stores, self._nets = [], []

    def touch_around(self) -> None:
        """This VM changed, and so did what its surroundings show of it."""
        for place in (self, self.host, self.pool, *self._stores, *self._nets):
            place.touch()

    def changed(self, change: str) -> None:
        """Note a change of the record: time, surroundings, observers, log."""
        self.record.changed_s = self.model.host.now()
        self.touch_around()
        self.model.vm_changed(change, self.record)

    # -- properties

    @prop("datastore")
    def datastores(self) -> list[Datastore]:
        """Those that hold its files."""
        return self._stores

    @prop("network")
    def networks(self) -> list[Network]:
        """Those its cards are on."""
        return self._nets

    @prop("environmentBrowser")
    def _environment_browser(self) -> EnvironmentBrowser:
        return self.browser

    @prop("resourcePool")
    def _resource_pool(self) -> ResourcePool | None:
        return None if self.record.template else self.pool

    @prop("capability")
    def _capability(self) -> Any:
        return vm_properties.capability()

    @prop("config")
    def _config(self) -> Any:
        return vm_properties.config(self)

    @prop("layout")
    def _layout(self) -> Any:
        return vm_properties.layout(self)

    @prop("layoutEx")
    def _layout_ex(self) -> Any:
        return vm_properties.layout_ex(self)

    @prop("storage")
    def _storage(self) -> Any:
        return vm_properties.storage(self)

    @prop("resourceConfig")
    def _resource_config(self) -> Any:
        return vm_properties.resource_config(self)

    @prop("rootSnapshot")
    def _root_snapshot(self) -> None:
        """Unset without snapshots, as recorded from a real vCenter; other empty arrays are shown empty."""

    @prop("runtime")
    def _runtime(self) -> Any:
        return vm_properties.runtime(self)

    @prop("guest")
    def _guest(self) -> Any:
        return vm_properties.guest(self)

    @prop("summary", every_s=vm_properties.REFRESH_S)
    def _summary(self) -> Any:
        return vm_properties.summary(self)

    @prop("guestHeartbeatStatus")
    def heartbeat(self) -> str:
        """Green while VMware Tools run."""
        return "green" if self.tools_run else "gray"

    @prop("disabledMethod")
    def _disabled(self) -> list[str]:
        return [name for name, rule in POWER_RULES.items() if self.record.power not in rule.allowed]

    @property
    def tools_run(self) -> bool:
        """VMware Tools run in the guest."""
        return self.record.tools and self.record.power == "on"

    # -- power

    @operation("PowerOnVM_Task")
    def _power_on(self, call: Call, host: Any = None) -> Task:
        return self.power_task(call, "PowerOnVM_Task")

    @operation("PowerOffVM_Task")
    def _power_off(self, call: Call) -> Task:
        return self.power_task(call, "PowerOffVM_Task")

    @operation("SuspendVM_Task")
    def _suspend(self, call: Call) -> Task:
        return self.power_task(call, "SuspendVM_Task")

    @operation("ResetVM_Task")
    def _reset(self, call: Call) -> Task:
        return self.power_task(call, "ResetVM_Task")

    def power_task(self, call: Call, method: str) -> Task:
        """Start a power operation."""
        rule = POWER_RULES[method]

        def check() -> None:
            if self.record.template:
                raise faults.not_supported()
            if self.record.power not in rule.allowed:
                raise faults.invalid_power_state(VIM_POWER[rule.becomes], VIM_POWER[self.record.power])

        def effect() -> None:
            self.set_power(rule.becomes)
            self.event_manager.post(rule.event, f"{self.name} {rule.message}", call.user, vm=self)

        duration_s = getattr(self.model.config.durations, rule.duration)
        return self.task_manager.start(call, self, method, effect, duration_s, check)

    def set_power(self, power: str) -> None:
        """Become `on`, `off` or `suspended`, now."""
        now_s = self.model.host.now()
        self.record.power = power
        if power == "on":
            self.record.booted_s = now_s
        self.record.suspended_s = now_s if power == "suspended" else None
        self.changed("power")

    @operation("ShutdownGuest")
    def _shutdown_guest(self, call: Call) -> None:
        self._ask_guest(call, "shut down guest", "off")

    @operation("RebootGuest")
    def _reboot_guest(self, call: Call) -> None:
        self._ask_guest(call, "reboot guest", "on")

    def _ask_guest(self, call: Call, what: str, becomes: str) -> None:
        """No task: the call returns at once and the guest takes its time."""
        if self.record.power != "on":
            wanted = VIM_POWER["on"] if becomes == "on" else VIM_POWER["off"]
            raise faults.invalid_power_state(wanted, VIM_POWER[self.record.power])
        if not self.tools_run:
            raise faults.tools_unavailable()
        durations = self.model.config.durations
        duration_s = durations.shutdown_guest_s if becomes == "off" else durations.reboot_guest_s
        booted_s = self.record.booted_s

        def work() -> None:
            self.model.host.sleep(duration_s)
            still_there = self.model.objects.get(self.moid) is self
            # Somebody may have pulled the plug meanwhile; then this shutdown has nothing left to do.
            if still_there and self.record.power == "on" and self.record.booted_s == booted_s:
                self.set_power(becomes)

        self.event_manager.post(
            vim.event.VmGuestShutdownEvent if becomes == "off" else vim.event.VmGuestRebootEvent,
            f"{self.name}: {what}",
            call.user,
            vm=self,
        )
        self.model.host.spawn(work, f"{what} {self.name}")

    # -- configuration and life

    @operation("ReconfigVM_Task")
    def _reconfigure(self, call: Call, spec: Any) -> Task:
        return vm_reconfigure.task(self, call, spec)

    def rename(self, name: str, user: str = "") -> None:
        """Give it another name; its files keep theirs. Raises InvalidName or DuplicateName."""
        self.check_name(name)
        before, self.record.name = self.record.name, name
        if before == name:
            return
        self.changed("renamed")
        self.event_manager.post(
            vim.event.VmRenamedEvent,
            f"Renamed {before} from {before} to {name}",
            user,
            vm=self,
            oldName=before,
            newName=name,
        )

    @operation("MarkAsTemplate")
    def _mark_as_template(self, call: Call) -> None:
        if self.record.power != "off":
            raise faults.invalid_power_state(VIM_POWER["off"], VIM_POWER[self.record.power])
        self.record.template = True
        self.changed("reconfigured")

    @operation("MarkAsVirtualMachine")
    def _mark_as_vm(self, call: Call, pool: Any, host: Any = None) -> None:
        if not self.record.template:
            raise faults.not_supported()
        self.record.template = False
        self.changed("reconfigured")

    @operation("UnregisterVM")
    def _unregister(self, call: Call) -> None:
        self.unregister(call.user)

    def unregister(self, user: str = "") -> None:
        """Leave the inventory, files stay. Raises InvalidPowerState unless it is off."""
        self._must_be_off()
        self.event_manager.post(
            vim.event.VmRemovedEvent, f"Removed {self.name} from the inventory", user, vm=self
        )
        self.leave()
        self.model.vm_changed("unregistered", self.record)

    @operation("Destroy_Task")
    def _destroy_task(self, call: Call) -> Task:
        return self.task_manager.start(
            call,
            self,
            "Destroy_Task",
            lambda: self.destroy(call.user),
            self.model.config.durations.destroy_s,
            self._must_be_off,
        )

    def destroy(self, user: str = "") -> None:
        """Leave the inventory and delete the files. Raises InvalidPowerState unless it is off."""
        self._must_be_off()
        self.event_manager.post(
            vim.event.VmRemovedEvent, f"Removed {self.name} from the inventory", user, vm=self
        )
        stores = list(self._stores)
        self.leave()
        for store in stores:
            store.files.pop(self.record.vmx_path, None)
            store.touch()
        self.model.vm_changed("destroyed", self.record)

    def _must_be_off(self) -> None:
        if self.record.power == "on":
            raise faults.invalid_power_state(VIM_POWER["off"], VIM_POWER[self.record.power])
