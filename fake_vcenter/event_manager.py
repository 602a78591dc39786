"""EventManager: what happened, in order.

Rules of this file: events are vim objects from the moment they are posted; the latest 5,000 are kept. The
replication events of vSphere Replication are EventEx with the type ids of cx.md 5.5.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl
from pyVmomi.VmomiSupport import DataObject, long

from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data, field
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model

if TYPE_CHECKING:
    from cxsim.fake_vcenter.managed_entity import ManagedEntity
    from cxsim.fake_vcenter.virtual_machine import VirtualMachine

KEPT_EVENTS = 5000
DEFAULT_QUERY_COUNT = 1000

HBR_EVENTS = {
    "hbr.primary.SyncCompletedEvent": "Full synchronization completed for virtual machine {vm}",
    "hbr.primary.DeltaCompletedEvent": "Delta synchronization completed for virtual machine {vm}",
    "hbr.primary.FSQuiescedDeltaCompletedEvent": "Quiesced delta (file system) completed for {vm}",
    "hbr.primary.AppQuiescedDeltaCompletedEvent": "Quiesced delta (application) completed for {vm}",
    "hbr.primary.RpoTooLowForServerEvent": "The RPO of virtual machine {vm} is too low for the server",
    "hbr.primary.NoConnectionToHbrServerEvent": "No connection to the replication server for {vm}",
}
"""Type id -> text. The first four have one argument, the bytes sent (cx.md 5.5)."""


class EventManager(Managed):
    """Keeps events."""

    vim_type = vim.event.EventManager

    def __init__(self, model: Model) -> None:
        super().__init__(model, "EventManager")
        self.events: deque[Any] = deque(maxlen=KEPT_EVENTS)
        self._last_key = 0

    def post(self, cls: Any, text: str, user: str, vm: VirtualMachine | None = None, **fields: Any) -> Any:
        """Record an event of a vim type; `fields` are the type's own."""
        self._last_key += 1
        if vm is not None:
            fields.update(_place(vm))
            if "template" in _field_names(cls):
                fields["template"] = vm.record.template
        event = data(
            cls,
            key=self._last_key,
            chainId=self._last_key,
            createdTime=self.model.now(),
            userName=user,
            fullFormattedMessage=text,
            **fields,
        )
        self.events.append(event)
        self.touch()
        return event

    def post_replication(self, vm: VirtualMachine, type_id: str, sent_bytes: int | None = None) -> Any:
        """Record an event of vSphere Replication on the source; `type_id` is a key of `HBR_EVENTS`."""
        arguments = (
            [] if sent_bytes is None else [data(vmodl.KeyAnyValue, key="bytes", value=long(sent_bytes))]
        )
        return self.post(
            vim.event.EventEx,
            HBR_EVENTS[type_id].format(vm=vm.name),
            "",
            vm=vm,
            eventTypeId=type_id,
            severity="info" if sent_bytes is not None else "warning",
            arguments=arguments,
            objectId=vm.moid,
            objectType="VirtualMachine",
            objectName=vm.name,
        )

    @prop("latestEvent")
    def _latest(self) -> Any:
        return self.events[-1] if self.events else None

    @prop("maxCollector")
    def _max_collector(self) -> int:
        return 32

    @prop("description")
    def _description(self) -> Any:
        words = {"info": "Information", "warning": "Warning", "error": "Error", "user": "User"}
        return data(
            vim.event.EventDescription,
            category=[data(vim.ElementDescription, key=k, label=v, summary=v) for k, v in words.items()],
        )

    @operation("QueryEvents")
    def _query(self, call: Call, filter: Any, eventViewSpec: Any = None) -> list[Any]:
        count = filter.maxCount or DEFAULT_QUERY_COUNT
        found = [event for event in list(self.events) if self._matches(event, filter)]
        return found[-count:]

    @operation("LogUserEvent")
    def _log_user_event(self, call: Call, entity: Any, msg: str) -> None:
        target: Any = self.model.resolve(entity)
        vm = target if target.is_a(vim.VirtualMachine) else None
        self.post(vim.event.GeneralUserEvent, msg, call.user, vm=vm, message=msg)

    def _matches(self, event: Any, wanted: Any) -> bool:
        if wanted.type and not isinstance(event, tuple(wanted.type)):
            return False
        if wanted.eventTypeId and event_type_id(event) not in wanted.eventTypeId:
            return False
        users = wanted.userName.userList if wanted.userName is not None else None
        if users and event.userName not in users:
            return False
        if wanted.time is not None:
            begin, end = wanted.time.beginTime, wanted.time.endTime
            if (begin and event.createdTime < begin) or (end and event.createdTime > end):
                return False
        return wanted.entity is None or self._is_about(event, wanted.entity)

    def _is_about(self, event: Any, wanted: Any) -> bool:
        entity: Any = self.model.resolve(wanted.entity)
        about = field(event, "vm")
        vm = self.model.objects.get(about.vm.moid) if about is not None else None
        if vm is None:
            return about is not None and about.vm.moid == entity.moid
        if wanted.recursion == "self":
            return vm is entity
        at: Any = vm if wanted.recursion == "all" else vm.parent  # type: ignore[attr-defined]
        while at is not None:
            if at is entity:
                return True
            at = at.parent
        return entity is getattr(vm, "host", None)


def event_type_id(event: Any) -> str:
    """`vim.event.VmPoweredOffEvent`, or the id that an EventEx carries."""
    return field(event, "eventTypeId") or type(event).__name__


def _field_names(cls: Any) -> set[str]:
    return {info.name for info in cls._GetPropertyList()} if issubclass(cls, DataObject) else set()


def vm_argument(vm: VirtualMachine) -> Any:
    """A VM as an event names it."""
    return data(vim.event.VmEventArgument, name=vm.name, vm=vm)


def _place(vm: VirtualMachine) -> dict[str, Any]:
    """Which VM, host, cluster and datacenter an event is about."""
    home: ManagedEntity | None = vm.datacenter()
    cluster = vm.host.parent
    return {
        "vm": vm_argument(vm),
        "host": data(vim.event.HostEventArgument, name=vm.host.name, host=vm.host),
        "computeResource": data(
            vim.event.ComputeResourceEventArgument,
            name=cluster.name if cluster else "",
            computeResource=cluster,
        ),
        "datacenter": data(
            vim.event.DatacenterEventArgument, name=home.name if home else "", datacenter=home
        ),
    }
