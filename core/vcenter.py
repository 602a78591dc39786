"""The core's client of the tenant's vCenter: a conversation over pyVmomi that lists VMs and powers them off.

Rules of this file: pyVmomi does the wire format; what is ours is the pinned connection (core/pinning.py;
pyVmomi's own `thumbprint=` differs between its releases), waiting for tasks with the Runtime's sleep instead
of a long poll (so that a wait takes no connection and can be cancelled), and words a user can act on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from pyVmomi import SoapStubAdapter, vim, vmodl

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.errors import BadAnswer, Conflict, LoginRefused, NotFound, UserError, translated
from cxsim.core.neighbours import SourceVm
from cxsim.core.pinning import FirstSight, Judge, PinnedHTTPSConnection, Pins, unverified_context
from cxsim.core.runtime import Runtime

T = TypeVar("T")

API_VERSION = "vim.version.version10"
"""vim25 6.0, the oldest vCenter that CX supports (cx.md 1.1); newer ones speak it too."""

VM_PROPERTIES = (
    "name",
    "config.instanceUuid",
    "config.template",
    "config.hardware.device",
    "runtime.powerState",
)
POWER = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}
KIB = 1024
PAGE_OBJECTS = 500
"""Objects in one answer of RetrievePropertiesEx."""


class VcenterClient:
    """A logged-in conversation: `neighbours.SourceVcenter`. Every method raises the `UserError` family."""

    def __init__(self, service: Any, where: str, runtime: Runtime, config: ApplianceConfig) -> None:
        self._service, self._where, self._runtime, self._config = service, where, runtime, config

    def instance_uuid(self) -> str:
        """The vCenter's own identifier (`about.instanceUuid`)."""
        with self._asking("read the identity of the vCenter"):
            return str(self._service.RetrieveContent().about.instanceUuid)

    def vms(self) -> Sequence[SourceVm]:
        """Every VM of the inventory that is no template, by name and then by moref."""
        with self._asking("list the virtual machines"):
            content = self._service.RetrieveContent()
            view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
            try:
                found = [_source_vm(item) for item in self._retrieve(content, view)]
            finally:
                view.DestroyView()
        return sorted((vm for vm in found if vm is not None), key=lambda vm: (vm.name, vm.moref))

    def _retrieve(self, content: Any, view: Any) -> Iterator[Any]:
        query = vmodl.query.PropertyCollector
        walk = query.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
        spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
            propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=list(VM_PROPERTIES))],
        )
        collector = content.propertyCollector
        page = collector.RetrievePropertiesEx([spec], query.RetrieveOptions(maxObjects=PAGE_OBJECTS))
        while page is not None:
            yield from page.objects
            page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None

    def power_off(self, vm: SourceVm) -> None:
        """Power the VM off and wait for it. A VM that is off already is as good."""
        attempted = f"power off {vm.name}"
        with self._asking(attempted):
            try:
                self._finish(vim.VirtualMachine(vm.moref, self._service._stub).PowerOffVM_Task(), attempted)
            except vim.fault.InvalidPowerState as refused:
                if POWER.get(str(refused.existingState)) != "off":
                    raise

    def _finish(self, task: Any, attempted: str) -> None:
        """Look at a task until it has ended. Raises the fault that ended it."""
        deadline_s = self._runtime.now() + self._config.vcenter_task_limit_s
        while True:
            info = task.info
            if info.state == "success":
                return
            if info.state == "error":
                raise info.error or vmodl.fault.SystemError(msg="the task failed without a reason")
            if self._runtime.now() >= deadline_s:
                raise BadAnswer(
                    attempted,
                    self._where,
                    f"the task has not ended after {self._config.vcenter_task_limit_s:g} s",
                    "the task in the vSphere Client, and whether the ESXi host answers",
                )
            self._runtime.sleep(self._config.vcenter_task_poll_s)

    @contextmanager
    def _asking(self, attempted: str) -> Iterator[None]:
        with _told(attempted, self._where):
            yield


class VcenterLogins:
    """Opens conversations with the tenant's vCenter: the appliance's `neighbours.OpenVcenter`.

    The certificate is the one in the configuration, or the one shown first (`ApplianceConfig
    .vcenter_thumbprint`), and is compared on every connect."""

    def __init__(self, runtime: Runtime, config: ApplianceConfig) -> None:
        self._runtime, self._config = runtime, config
        place = (config.vcenter_host, config.vcenter_port)
        pinned = config.vcenter_thumbprint
        self._judge: Judge = FirstSight() if pinned is None else Pins({place: pinned})

    @contextmanager
    def __call__(self) -> Iterator[VcenterClient]:
        """Log in; log out and close the connections at the end of the block."""
        where = f"vCenter {self._config.vcenter_host}"
        stub = _stub(self._config, self._judge)
        try:
            service: Any = vim.ServiceInstance("ServiceInstance", stub)
            with _told("log in at vCenter", where):
                service.RetrieveContent().sessionManager.Login(
                    self._config.vcenter_user, self._config.vcenter_password
                )
            try:
                yield VcenterClient(service, where, self._runtime, self._config)
            finally:
                with suppress(UserError), _told("log out of vCenter", where):
                    service.RetrieveContent().sessionManager.Logout()
        finally:
            stub.DropConnections()


def _stub(config: ApplianceConfig, judge: Judge) -> Any:
    """A SOAP stub whose connections are judged. It keeps no idle connection: pyVmomi's pool ages by the wall
    clock, whatever the Runtime's clock says."""
    stub = SoapStubAdapter(
        config.vcenter_host,
        config.vcenter_port,
        version=API_VERSION,
        sslContext=unverified_context(),
        httpConnectionTimeout=config.read_timeout_s,
        poolSize=1,
        connectionPoolTimeout=-1,
    )
    stub.scheme = functools.partial(PinnedHTTPSConnection, judge=judge)
    return stub


def _source_vm(item: Any) -> SourceVm | None:
    values = {prop.name: prop.val for prop in item.propSet}
    if values.get("config.template"):
        return None
    disks = [
        d for d in values.get("config.hardware.device") or () if isinstance(d, vim.vm.device.VirtualDisk)
    ]
    return SourceVm(
        name=str(values.get("name") or ""),
        moref=str(item.obj._moId),
        instance_uuid=str(values.get("config.instanceUuid") or ""),
        power=POWER.get(str(values.get("runtime.powerState")), "off"),
        disk_bytes=sum(int(d.capacityInBytes or d.capacityInKB * KIB) for d in disks),
    )


Telling = Callable[[str, str, Any], UserError]


def _no_permission(attempted: str, where: str, fault: Any) -> UserError:
    return LoginRefused(
        attempted,
        where,
        f"the account may not do this ({fault.privilegeId})",
        "the account's role in vCenter",
    )


# fmt: off
FAULTS: tuple[tuple[type[BaseException], Telling], ...] = (
    (vim.fault.InvalidLogin, lambda a, w, f: LoginRefused(
        a, w, "the user name or the password is wrong", "the account in the appliance's vCenter settings")),
    (vim.fault.NoPermission, _no_permission),
    (vim.fault.NotAuthenticated, lambda a, w, f: LoginRefused(
        a, w, "the session has ended", "whether the vCenter was restarted; try again")),
    (vmodl.fault.ManagedObjectNotFound, lambda a, w, f: NotFound(
        a, w, "the object is gone from the inventory", "the inventory in the vSphere Client")),
    (vim.fault.InvalidPowerState, lambda a, w, f: Conflict(
        a, w, f"the VM is {f.existingState}", "the VM's power state in the vSphere Client")),
    (vim.fault.TaskInProgress, lambda a, w, f: Conflict(
        a, w, "another task is at work on the object", "Recent Tasks in the vSphere Client; try again")),
)
# fmt: on
"""What vCenter's faults mean to the user; a fault that is not listed is told by its name."""


@contextmanager
def _told(attempted: str, where: str) -> Iterator[None]:
    """Raise faults, and trouble of communication, as the `UserError` family."""
    try:
        with translated(attempted, where):
            yield
    except vmodl.MethodFault as fault:
        for kind, telling in FAULTS:
            if isinstance(fault, kind):
                raise telling(attempted, where, fault) from fault
        name = type(fault).__name__.rpartition(".")[2]
        text = f"{name}: {fault.msg}" if fault.msg else name
        raise BadAnswer(
            attempted, where, f"vCenter answered with the fault {text}", "vpxd.log of the vCenter"
        ) from fault
