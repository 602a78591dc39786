"""The core's client of the tenant's vCenter, over pyVmomi.

Rules of this file: blocking calls; every wait goes through the Runtime. A task is polled: `WaitForUpdates`
would hold a connection for minutes, and in virtual time a poll costs nothing. A session that has ended is
begun anew once, without the caller noticing. Every error is of the `UserError` family. Sources: cx.md 1.2
row 12, 3.2, 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from pyVmomi import vim, vmodl

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.errors import UserError
from cxsim.core.neighbours import RunningVm, SourceVm
from cxsim.core.pinning import FirstSight, Judge, Pins
from cxsim.core.runtime import Runtime
from cxsim.core.vcenter_errors import VcenterError, VcenterNotFound, refused, told
from cxsim.core.vcenter_inventory import POWER, Inventory, InventoryVm, TreeNode, power_states
from cxsim.core.vcenter_stub import JudgedStub

T = TypeVar("T")


class VcenterSession:
    """A logged-in conversation with a vCenter (`neighbours.SourceVcenter`). Made by `VcenterLogins`."""

    def __init__(self, runtime: Runtime, config: ApplianceConfig, judge: Judge) -> None:
        self._runtime = runtime
        self._config = config
        self._stub = JudgedStub(runtime, config.vcenter_host, config.vcenter_port, judge, config.timeouts_s)
        self._where = f"vCenter (https://{config.vcenter_host}:{config.vcenter_port})"
        self._service: Any = vim.ServiceInstance("ServiceInstance", self._stub)
        self._content: Any = None

    # -- session

    def login(self) -> None:
        """Raises `ConnectionTrouble`, `CertificateMismatch`, `VcenterLoginRefused`, `VcenterBadAnswer`."""
        with told(f"log in to the vCenter as {self._config.vcenter_user}", self._where):
            self._stub.negotiate()
            self._login()

    def _login(self) -> None:
        self._stub.SetSessionId(None)
        content = self._service.RetrieveContent()
        content.sessionManager.Login(self._config.vcenter_user, self._config.vcenter_password, None)
        self._content = content

    def logout(self) -> None:
        """End the session, if there is one, and close the connections. A vCenter that cannot be reached any
        more ends it by itself."""
        content, self._content = self._content, None
        try:
            if content is not None:
                with suppress(UserError), told("log out of the vCenter", self._where):
                    content.sessionManager.Logout()
        finally:
            self._stub.DropConnections()

    def _do(self, attempted: str, work: Callable[[], T]) -> T:
        """Do something in the session, once more after a new login if the session has ended."""
        with told(attempted, self._where):
            try:
                return work()
            except vim.fault.NotAuthenticated:
                self._login()
                return work()

    # -- looking

    def instance_uuid(self) -> str:
        """The vCenter's own identifier (`about.instanceUuid`)."""
        return str(self._content.about.instanceUuid or "")

    def vms(self) -> list[InventoryVm]:
        """Every VM that can be migrated, by name; two VMs in different folders may share a name."""
        return self._do("list the virtual machines", lambda: Inventory(self._content).vms())

    def tree(self) -> TreeNode:
        """The inventory tree: datacenters, clusters, hosts, folders, VMs."""
        return self._do("read the inventory", lambda: Inventory(self._content).tree())

    def vm(self, name: str) -> InventoryVm:
        """The one VM of this name. Raises `VcenterNotFound`, `VcenterError` when there are several."""
        attempted = f"find the virtual machine {name}"
        found = [vm for vm in self.vms() if vm.name == name]
        if not found:
            raise VcenterNotFound(attempted, self._where, "it is not in the inventory", "the name as typed")
        if len(found) > 1:
            raise VcenterError(
                attempted,
                self._where,
                f"{len(found)} virtual machines have this name",
                "that the name is unique, or name the one that is meant by its identifier",
            )
        return found[0]

    def vm_by_moref(self, moref: str) -> InventoryVm:
        """The VM with this identifier. Raises `VcenterNotFound`."""
        for vm in self.vms():
            if vm.moref == moref:
                return vm
        raise VcenterNotFound(
            f"find the virtual machine {moref}",
            self._where,
            "it is not in the inventory",
            "whether the VM was deleted or registered anew (it then has another identity)",
        )

    def power(self, vm: SourceVm) -> str:
        """`on`, `off` or `suspended`, now. Raises `VcenterNotFound`."""
        state = self._do(f"read the power state of {vm.name}", lambda: self._ref(vm).runtime.powerState)
        return POWER[str(state)]

    # -- doing

    def power_off(self, vm: SourceVm) -> None:
        """Power the VM off and wait for it. A VM that is off already is as good. Raises `VcenterError`."""
        self._power(vm, "off", f"power off {vm.name}", lambda ref: ref.PowerOffVM_Task())

    def power_on(self, vm: SourceVm) -> None:
        """Power the VM on and wait for it. A VM that is on already is as good. Raises `VcenterError`."""
        self._power(vm, "on", f"power on {vm.name}", lambda ref: ref.PowerOnVM_Task())

    def _power(self, vm: SourceVm, wanted: str, attempted: str, start: Callable[[Any], Any]) -> None:
        if self.power(vm) == wanted:
            return
        try:
            self.finish(self._do(attempted, lambda: start(self._ref(vm))), attempted)
        except VcenterError as error:
            # Somebody else was quicker: what was wanted is so.
            if error.fault != "InvalidPowerState" or self.power(vm) != wanted:
                raise

    def mark(self, vm: SourceVm, attribute: str, text: str, suffix: str = "") -> None:
        """Mark a VM so that nobody takes it for one in use: a custom attribute and a suffix to its name
        ("": not this one). Both may be there already. Raises `VcenterError`."""
        if attribute:
            self._do(f"mark {vm.name}", lambda: self._set_attribute(vm, attribute, text))
        attempted = f"rename {vm.name}"
        if suffix and not str(self._do(attempted, lambda: self._ref(vm).name)).endswith(suffix):
            name = f"{vm.name}{suffix}"
            self.finish(self._do(attempted, lambda: self._ref(vm).Rename_Task(name)), attempted)

    def _set_attribute(self, vm: SourceVm, attribute: str, text: str) -> None:
        fields = self._content.customFieldsManager
        known = {f.name: f.key for f in fields.field or []}
        key = known.get(attribute)
        if key is None:
            key = fields.AddCustomFieldDef(attribute, vim.VirtualMachine).key
        fields.SetField(self._ref(vm), key, text)

    def disconnect(self, vm: SourceVm) -> None:
        """Take all adapters off their networks, now and at power-on. Raises `VcenterError`."""
        attempted = f"disconnect {vm.name}"
        changes = []
        for card in self._cards(vm, attempted):
            state = card.connectable
            if state is not None and (state.connected or state.startConnected):
                state.connected = state.startConnected = False
                changes.append(vim.vm.device.VirtualDeviceSpec(operation="edit", device=card))
        if changes:
            spec = vim.vm.ConfigSpec(deviceChange=changes)
            self.finish(self._do(attempted, lambda: self._ref(vm).ReconfigVM_Task(spec)), attempted)

    def _cards(self, vm: SourceVm, attempted: str) -> list[Any]:
        devices = self._do(attempted, lambda: self._ref(vm).config.hardware.device)
        return [d for d in devices if isinstance(d, vim.vm.device.VirtualEthernetCard)]

    def running(self, vms: Sequence[SourceVm]) -> list[RunningVm]:
        """Those of these VMs that are powered on now; one look at the power states for all, and at more
        only of those that run. Raises `VcenterError`."""
        states = self._do("look at the source VMs", lambda: power_states(self._content))
        on = {vm.moref for vm in vms if states.get(vm.moref) == "on"}
        return [self._running(vm) for vm in self.vms() if vm.moref in on] if on else []

    def _running(self, vm: InventoryVm) -> RunningVm:
        attempted = f"look at the adapters of {vm.name}"
        connected = [
            card
            for card in self._cards(vm, attempted)
            if card.connectable is not None and card.connectable.connected
        ]
        # A card on a distributed switch names a port, not a network: then any of the VM's may be meant.
        names = [str(getattr(card.backing, "deviceName", None) or "") for card in connected]
        networks = tuple(dict.fromkeys(names)) if all(names) else vm.networks
        address = self._do(attempted, lambda: self._ref(vm).guest.ipAddress)
        return RunningVm(vm.moref, networks, address)

    def finish(self, task: Any, attempted: str) -> Any:
        """Poll a task to its end; its result. Raises `VcenterError` with the task's fault, or when it takes
        longer than the configured limit."""
        limit_s = self._runtime.now() + self._config.vcenter_task_limit_s
        while True:
            info = self._do(attempted, lambda: task.info)
            if info.state == vim.TaskInfo.State.success:
                return info.result
            if info.state == vim.TaskInfo.State.error:
                raise refused(info.error or vmodl.RuntimeFault(), attempted, self._where)
            if self._runtime.now() >= limit_s:
                raise VcenterError(
                    attempted,
                    self._where,
                    f"the task has not ended after {self._config.vcenter_task_limit_s:g} s "
                    f"({info.state}, {info.progress or 0} %)",
                    "the task in the vCenter, and the load of its hosts",
                )
            self._runtime.sleep(self._config.vcenter_task_poll_s)

    def _ref(self, vm: SourceVm) -> Any:
        return vim.VirtualMachine(vm.moref, self._stub)


class VcenterLogins:
    """Logs in at the tenant's vCenter, for one block at a time (`neighbours.OpenVcenter`).

    Trust: the configured thumbprint; without one, what the vCenter shows first is registered and every
    other certificate refused from then on, as `first_sight` judges (None: for the life of this object).
    """

    def __init__(self, runtime: Runtime, config: ApplianceConfig, first_sight: Judge | None = None) -> None:
        self._runtime = runtime
        self._config = config
        self._judge: Judge = first_sight or FirstSight()
        if config.vcenter_thumbprint is not None:
            place = (config.vcenter_host, config.vcenter_port)
            self._judge = Pins({place: config.vcenter_thumbprint})

    @contextmanager
    def __call__(self) -> Iterator[VcenterSession]:
        """Log in, and out at the end of the block. Raises as `VcenterSession.login`."""
        session = VcenterSession(self._runtime, self._config, self._judge)
        try:
            session.login()
            yield session
        finally:
            session.logout()
