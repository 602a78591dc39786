"""What a replicator does at its vCenter, over pyVmomi (cx.md 1.2 row 12, 5.5).

Rules of this file: `VcenterClient` is the whole of what the replicator needs, so tests can give another one;
`PyVmomiVcenter` opens a session for each operation and ends it, polls tasks with the host's sleep, and turns
every fault or transport error into `VcenterFailure` or `VmNotFound` in client-side words.
"""

from __future__ import annotations

import http.client
import ssl
import xml.parsers.expat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from pyVim import connect as pyvim
from pyVmomi import vim as _vim
from pyVmomi import vmodl as _vmodl

from cxsim.fake_cx import errors
from cxsim.fake_cx.config import ReplicatorConfig
from cxsim.fake_cx.settings import CxSettings

# Untyped on purpose: pyVmomi makes its classes from tables at run time.
vim: Any = _vim
vmodl: Any = _vmodl
_pyvim: Any = pyvim

MIB = 1024 * 1024


@dataclass(frozen=True)
class DiskShape:
    """A virtual disk. `key` is the device key (2000...)."""

    key: int
    capacity_bytes: int


@dataclass(frozen=True)
class VmShape:
    """A VM as replication and import need it."""

    name: str
    instance_uuid: str
    cpus: int
    memory_bytes: int
    guest_id: str
    hardware_version: str
    disks: tuple[DiskShape, ...]
    nics: int
    powered_on: bool
    esxi_address: str
    """The ESXi host that runs it, as vCenter names it."""


@dataclass(frozen=True)
class Placement:
    """Where a replica lives: an ESXi host and a datastore it can write to."""

    host_id: str
    esxi_address: str
    datastore_id: str
    datastore: str


@dataclass(frozen=True)
class ReplicationSpec:
    """The fields of vim.vm.ReplicationConfigSpec that are set (cx.md 5.5)."""

    replication_id: str
    destination_address: str
    port: int
    rpo_min: int
    quiesce: bool
    network_compression: bool
    disk_keys: tuple[int, ...]


class VcenterClient(Protocol):
    """A replicator's vCenter. Every method raises `VcenterFailure`; those with a moref also `VmNotFound`."""

    def instance_uuid(self) -> str:
        """instanceUuid of the vCenter itself (`vcId`)."""

    def vms(self) -> list[tuple[str, str]]:
        """(moref, name) of every VM."""

    def vm_shape(self, moref: str) -> VmShape:
        """The VM as it is now."""

    def reconfigure_replication(self, moref: str, spec: ReplicationSpec) -> None:
        """Enable or change the replication of a VM (ReconfigVM_Task with repConfig)."""

    def clear_replication(self, moref: str) -> None:
        """Remove the replication's configuration from a VM."""

    def placement(self, datastore: str, host_id: str) -> Placement:
        """A host and datastore for a replica; `datastore` by moref or name, '' = most free space."""

    def create_vm(self, names: tuple[str, ...], shape: VmShape, placement: Placement, thin: bool) -> str:
        """Register a VM of this shape and instance UUID, powered off, under the first name that is free; its
        moref. One with this UUID that is there already is as good: an earlier answer was lost."""

    def destroy_vm(self, instance_uuid: str) -> None:
        """Delete a VM with its disks; one that is gone already is no error."""


_VM_PROPERTIES = (
    "name", "config.instanceUuid", "config.hardware.numCPU", "config.hardware.memoryMB",
    "config.hardware.device", "config.guestId", "config.version", "runtime.powerState", "runtime.host",
)  # fmt: skip


@dataclass(frozen=True)
class _Session:
    """A session that is open: vCenter's ServiceContent, and the stub that speaks in it."""

    content: Any
    stub: Any


class PyVmomiVcenter:
    """A vCenter over pyVmomi with unverified TLS: at activation the wizard step trusts it (cx.md 5.2)."""

    def __init__(
        self, config: ReplicatorConfig, settings: CxSettings, sleep: Callable[[float], None]
    ) -> None:
        self._config = config
        self._settings = settings
        self._sleep = sleep
        self._place = f"https://{config.vcenter_host}:{config.vcenter_port}/sdk"
        self._instance_uuid = ""

    def instance_uuid(self) -> str:
        if not self._instance_uuid:  # a vCenter keeps it for ever
            with self._session("read its identity") as session:
                self._instance_uuid = str(session.content.about.instanceUuid)
        return self._instance_uuid

    def vms(self) -> list[tuple[str, str]]:
        with self._session("list its VMs") as session:
            found = self._view(session, vim.VirtualMachine, ("name",))
            return [(moref._GetMoId(), str(values.get("name", ""))) for moref, values in found]

    def vm_shape(self, moref: str) -> VmShape:
        with self._session("read a VM", moref) as session:
            vm = vim.VirtualMachine(moref, session.stub)
            values = self._read(session, vm, _VM_PROPERTIES)
            devices = values.get("config.hardware.device") or []
            host = values.get("runtime.host")
            return VmShape(
                name=str(values["name"]),
                instance_uuid=str(values.get("config.instanceUuid") or ""),
                cpus=int(values.get("config.hardware.numCPU") or 1),
                memory_bytes=int(values.get("config.hardware.memoryMB") or 0) * MIB,
                guest_id=str(values.get("config.guestId") or "otherGuest64"),
                hardware_version=str(values.get("config.version") or ""),
                disks=tuple(
                    DiskShape(d.key, int(d.capacityInBytes or (d.capacityInKB or 0) * 1024))
                    for d in devices
                    if isinstance(d, vim.vm.device.VirtualDisk)
                ),
                nics=sum(isinstance(d, vim.vm.device.VirtualEthernetCard) for d in devices),
                powered_on=str(values.get("runtime.powerState")) == "poweredOn",
                esxi_address=self._address(session, host) if host is not None else "",
            )

    def reconfigure_replication(self, moref: str, spec: ReplicationSpec) -> None:
        config = vim.vm.ReplicationConfigSpec(
            generation=0,
            vmReplicationId=spec.replication_id,
            destination=spec.destination_address,
            port=spec.port,
            rpo=spec.rpo_min,
            quiesceGuestEnabled=spec.quiesce,
            paused=False,
            oppUpdatesEnabled=False,
            netCompressionEnabled=spec.network_compression,
            disk=[
                vim.vm.ReplicationConfigSpec.DiskSettings(
                    key=key, diskReplicationId=f"{spec.replication_id}-{key}"
                )
                for key in spec.disk_keys
            ],
        )
        with self._session("configure the replication of a VM", moref) as session:
            vm = vim.VirtualMachine(moref, session.stub)
            self._finish(vm.ReconfigVM_Task(spec=vim.vm.ConfigSpec(repConfig=config)), "ReconfigVM_Task")

    def clear_replication(self, moref: str) -> None:
        # An empty destination and no disks: what vSphere keeps of a VM that is not replicated.
        config = vim.vm.ReplicationConfigSpec(
            generation=0, vmReplicationId="", destination="", port=0, rpo=0, quiesceGuestEnabled=False,
            paused=False, oppUpdatesEnabled=False, disk=[],
        )  # fmt: skip
        with self._session("remove the replication of a VM", moref) as session:
            vm = vim.VirtualMachine(moref, session.stub)
            self._finish(vm.ReconfigVM_Task(spec=vim.vm.ConfigSpec(repConfig=config)), "ReconfigVM_Task")

    def placement(self, datastore: str, host_id: str) -> Placement:
        with self._session("choose a host and datastore") as session:
            stores = [
                (moref, values)
                for moref, values in self._view(session, vim.Datastore, ("name", "summary.freeSpace", "host"))
                if not datastore or datastore in (moref._GetMoId(), values.get("name"))
            ]
            if not stores:
                raise errors.VcenterFailure(
                    f"{self._place} has no datastore {datastore}".rstrip(), self._place
                )
            stores.sort(key=lambda s: (-int(s[1].get("summary.freeSpace") or 0), s[0]._GetMoId()))
            store, values = stores[0]
            hosts = [mount.key for mount in values.get("host") or []]
            if not hosts:
                hosts = [moref for moref, _ in self._view(session, vim.HostSystem, ("name",))]
            wanted = [h for h in hosts if not host_id or h._GetMoId() == host_id]
            if not wanted:
                raise errors.VcenterFailure(
                    f"{self._place} has no host for datastore {values.get('name')}", self._place
                )
            host = min(wanted, key=lambda h: h._GetMoId())
            return Placement(
                host._GetMoId(), self._address(session, host), store._GetMoId(), str(values.get("name"))
            )

    def create_vm(self, names: tuple[str, ...], shape: VmShape, placement: Placement, thin: bool) -> str:
        with self._session("register a VM") as session:
            made = self._with_uuid(session, shape.instance_uuid)
            if made is not None:
                return str(made._GetMoId())
            host = vim.HostSystem(placement.host_id, session.stub)
            folder, pool = self._folder_and_pool(session, host)
            for last, name in enumerate(names, start=1 - len(names)):
                spec = _vm_spec(name, shape, placement.datastore, thin)
                try:
                    task = folder.CreateVM_Task(config=spec, pool=pool, host=host)
                    return str(self._finish(task, "CreateVM_Task").result._GetMoId())
                except vim.fault.DuplicateName:
                    if last == 0:
                        raise
            raise ValueError("no name was given")

    def destroy_vm(self, instance_uuid: str) -> None:
        try:
            with self._session("delete a VM", instance_uuid) as session:
                made = self._with_uuid(session, instance_uuid)
                if made is not None:
                    self._finish(made.Destroy_Task(), "Destroy_Task")
        except errors.VmNotFound:
            return

    def _with_uuid(self, session: _Session, instance_uuid: str) -> Any:
        index = session.content.searchIndex
        return index.FindByUuid(uuid=instance_uuid, vmSearch=True, instanceUuid=True)

    @contextmanager
    def _session(self, purpose: str, moref: str = "") -> Iterator[_Session]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        session = None
        try:
            si = _pyvim.SmartConnect(
                host=self._config.vcenter_host,
                port=self._config.vcenter_port,
                user=self._config.vcenter_user,
                pwd=self._config.vcenter_password,
                sslContext=context,
                httpConnectionTimeout=self._settings.vcenter_timeout_s,
            )
            session = _Session(si.RetrieveContent(), si._stub)
            yield session
        except vmodl.fault.ManagedObjectNotFound:
            if not moref:
                raise self._failure(purpose, "an object is gone") from None
            raise errors.VmNotFound(f"{self._place} has no VM {moref}", moref) from None
        except vim.fault.InvalidLogin:
            user = self._config.vcenter_user
            raise errors.VcenterFailure(f"{self._place} refused the login of {user}", self._place) from None
        except vmodl.MethodFault as fault:
            raise self._failure(purpose, _fault_words(fault)) from fault
        except (OSError, http.client.HTTPException, xml.parsers.expat.ExpatError) as error:
            failure = self._failure(purpose, str(error) or type(error).__name__)
            failure.unanswered = session is not None
            raise failure from error
        finally:
            if session is not None:
                _end(session)

    def _failure(self, purpose: str, answer: str) -> errors.VcenterFailure:
        return errors.VcenterFailure(f"Could not {purpose} at {self._place}: {answer}", self._place, answer)

    def _finish(self, task: Any, method: str) -> Any:
        """Poll a vim.Task to its end; its info. Raises the task's fault, or `TookTooLong`."""
        waited_s = 0.0
        while True:
            info = task.info
            if info.state == vim.TaskInfo.State.success:
                return info
            if info.state == vim.TaskInfo.State.error:
                raise info.error
            if waited_s >= self._settings.vcenter_task_limit_s:
                raise errors.TookTooLong(f"{method} at {self._place} has not ended after {waited_s:g} s")
            self._sleep(self._settings.vcenter_task_poll_s)
            waited_s += self._settings.vcenter_task_poll_s

    def _read(self, session: _Session, target: Any, paths: tuple[str, ...]) -> dict[str, Any]:
        query = vmodl.query.PropertyCollector
        filter_spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=target)],
            propSet=[query.PropertySpec(type=type(target), pathSet=list(paths))],
        )
        return _values(self._retrieve(session, filter_spec)[0])

    def _view(self, session: _Session, kind: Any, paths: tuple[str, ...]) -> list[tuple[Any, dict[str, Any]]]:
        content = session.content
        view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
        query = vmodl.query.PropertyCollector
        along = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
        filter_spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[along])],
            propSet=[query.PropertySpec(type=kind, pathSet=list(paths))],
        )
        found = [(o.obj, _values(o)) for o in self._retrieve(session, filter_spec)]
        view.DestroyView()
        return found

    def _retrieve(self, session: _Session, filter_spec: Any) -> list[Any]:
        collector = session.content.propertyCollector
        options = vmodl.query.PropertyCollector.RetrieveOptions()
        page = collector.RetrievePropertiesEx([filter_spec], options)
        objects: list[Any] = []
        while page is not None:
            objects.extend(page.objects)
            page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
        return objects

    def _address(self, session: _Session, host: Any) -> str:
        """The management address of an ESXi host, else the name vCenter knows it by."""
        values = self._read(session, host, ("name", "config.network.vnic"))
        for nic in values.get("config.network.vnic") or []:
            if nic.spec is not None and nic.spec.ip is not None and nic.spec.ip.ipAddress:
                return str(nic.spec.ip.ipAddress)
        return str(values["name"])

    def _folder_and_pool(self, session: _Session, host: Any) -> tuple[Any, Any]:
        """The VM folder of the host's datacenter and the root resource pool of its compute resource."""
        compute = self._read(session, host, ("parent",))["parent"]
        pool = self._read(session, compute, ("resourcePool",))["resourcePool"]
        place = compute
        while not isinstance(place, vim.Datacenter):
            place = self._read(session, place, ("parent",)).get("parent")
            if place is None:
                raise errors.VcenterFailure(f"{self._place} has the host in no datacenter", self._place)
        return self._read(session, place, ("vmFolder",))["vmFolder"], pool


def _values(content: Any) -> dict[str, Any]:
    return {p.name: p.val for p in content.propSet or []}


def _fault_words(fault: Any) -> str:
    text = fault.msg or (fault.faultMessage[0].message if fault.faultMessage else "")
    return f"{type(fault).__name__.rpartition('.')[2]}" + (f" ({text})" if text else "")


def _end(session: _Session) -> None:
    try:
        session.content.sessionManager.Logout()
    except (vmodl.MethodFault, OSError, http.client.HTTPException, xml.parsers.expat.ExpatError):
        return  # the session ends by itself; what the caller met first is what matters
    finally:
        session.stub.DropConnections()


def _vm_spec(name: str, shape: VmShape, datastore: str, thin: bool) -> Any:
    """A ConfigSpec for a powered-off VM with this shape."""
    device = vim.vm.device
    controller = device.ParaVirtualSCSIController(
        key=1000, busNumber=0, sharedBus=device.VirtualSCSIController.Sharing.noSharing
    )
    changes = [device.VirtualDeviceSpec(operation="add", device=controller)]
    for unit, disk in enumerate(shape.disks):
        backing = device.VirtualDisk.FlatVer2BackingInfo(
            fileName=f"[{datastore}]", diskMode="persistent", thinProvisioned=thin
        )
        virtual_disk = device.VirtualDisk(
            key=disk.key, controllerKey=1000, unitNumber=unit if unit < 7 else unit + 1,
            capacityInKB=disk.capacity_bytes // 1024, capacityInBytes=disk.capacity_bytes, backing=backing,
        )  # fmt: skip
        changes.append(device.VirtualDeviceSpec(operation="add", fileOperation="create", device=virtual_disk))
    changes.extend(
        device.VirtualDeviceSpec(operation="add", device=device.VirtualVmxnet3(key=4000 + n))
        for n in range(shape.nics)
    )
    return vim.vm.ConfigSpec(
        name=name,
        instanceUuid=shape.instance_uuid,
        numCPUs=shape.cpus,
        memoryMB=shape.memory_bytes // MIB,
        guestId=shape.guest_id,
        version=shape.hardware_version or None,
        files=vim.vm.FileInfo(vmPathName=f"[{datastore}]"),
        deviceChange=changes,
    )
