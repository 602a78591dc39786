"""The receiving side of a replicator: expect a stream, export a replica as a VM, clean up.

Rules of this file: a replica is no VM until it is exported (cx.md 3.4: until cutover nothing exists in vCD);
an export takes time and a host does one at a time (cx.md 3.5 [C]); exporting again answers the first export.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from cxsim.emulator.host import Host
from cxsim.emulator.tasks import Task
from cxsim.fake_cx import errors
from cxsim.fake_cx.dataplane import DataPlane, Sink
from cxsim.fake_cx.h4_tasks import H4Tasks, Workflow
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.vcenter_client import Placement, VcenterClient, VmShape


@dataclass
class Replica:
    """A replication that this replicator receives."""

    replication_id: str
    owner: str
    placement: Placement
    thin: bool
    export: Task | None = None
    exported_vm: str | None = None
    unwanted: bool = False
    """It was removed with its exported VM; an export that was under way is undone at its end."""

    @property
    def vm_uuid(self) -> str:
        """Instance UUID of the VM that it is exported as, by which that is found again."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.replication_id))


class Destinations:
    """The replications that one replicator receives."""

    def __init__(
        self,
        host: Host,
        settings: CxSettings,
        datastore: str,
        vcenter: VcenterClient,
        data_plane: DataPlane,
        tasks: H4Tasks,
    ) -> None:
        self._host = host
        self._settings = settings
        self._datastore = datastore
        self._vcenter = vcenter
        self._data_plane = data_plane
        self._tasks = tasks
        self._replicas: dict[str, Replica] = {}
        self._export_ends_s: dict[str, list[float]] = {}
        """For each host: when its export slots become free."""

    def expect(self, replication_id: str, owner: str, datastore: str, host_id: str, thin: bool) -> Replica:
        """Prepare to receive. Raises `VcenterFailure`, `Forbidden` (another manager's)."""
        replica = self._replicas.get(replication_id)
        if replica is None:
            placement = self._vcenter.placement(datastore or self._datastore, host_id)
            replica = self._replicas.setdefault(
                replication_id, Replica(replication_id, owner, placement, thin)
            )
        if replica.owner != owner:
            raise errors.Forbidden()
        self._data_plane.expect(
            self._host.name, Sink(replication_id, replica.placement.esxi_address, replica.thin)
        )
        return replica

    def find(self, replication_id: str, owner: str) -> Replica | None:
        """A replica of this owner, None when there is none."""
        replica = self._replicas.get(replication_id)
        return replica if replica is not None and replica.owner == owner else None

    def export(self, replica: Replica, name: str, shape: VmShape) -> Task:
        """Start making a VM of the replica; the task's result is `{"vmId": <moref>, "vcId"}`."""
        if replica.export is not None and replica.export.error is None:
            return replica.export
        copied_bytes = sum(d.capacity_bytes for d in shape.disks)
        rate = self._settings.export_bytes_per_s
        duration_s = self._settings.export_base_s + (copied_bytes / rate if rate > 0 else 0.0)

        def work(task: Task) -> dict[str, str]:
            self._wait_for_slot(replica.placement.host_id, duration_s)
            task.started_s = self._host.now()
            self._host.sleep(duration_s)
            if replica.unwanted:
                raise errors.ReplicationNotFound("The replication is gone.", replica.replication_id)
            # vCenter may have the name already: then the id tells them apart [I].
            names = (name, f"{name} ({replica.replication_id})")
            wanted = replace(shape, instance_uuid=replica.vm_uuid)
            replica.exported_vm = self._vcenter.create_vm(names, wanted, replica.placement, replica.thin)
            if replica.unwanted:
                self._patiently(lambda: self._vcenter.destroy_vm(replica.vm_uuid))
                raise errors.ReplicationNotFound("The replication is gone.", replica.replication_id)
            return {"vmId": replica.exported_vm, "vcId": self._vcenter.instance_uuid()}

        workflow = Workflow("exportInstance", "replication", replica.replication_id, name)
        replica.export = self._tasks.start(workflow, work, duration_s)
        return replica.export

    def _wait_for_slot(self, host_id: str, duration_s: float) -> None:
        """Wait for one of the host's export slots and take it for this long."""
        slots = self._export_ends_s.setdefault(host_id, [0.0] * self._settings.exports_per_host)
        while True:
            now_s = self._host.now()
            slot = min(range(len(slots)), key=lambda n: (slots[n], n))
            if slots[slot] <= now_s:
                slots[slot] = now_s + duration_s
                return
            self._host.sleep(slots[slot] - now_s)

    def remove(self, replica: Replica, with_exported_vm: bool) -> None:
        """Stop expecting and drop the replica. An exported VM belongs to whoever asked for the export,
        unless `with_exported_vm` [I]. Raises `VcenterFailure`: then the replica is still there."""
        replica.unwanted = with_exported_vm
        if with_exported_vm and replica.export is not None:
            self._vcenter.destroy_vm(replica.vm_uuid)
        self._data_plane.forget(self._host.name, replica.replication_id)
        self._replicas.pop(replica.replication_id, None)

    def _patiently(self, work: Callable[[], None]) -> None:
        """Try until vCenter can be reached. Raises what the last try raised."""
        for _ in range(self._settings.removal_attempts - 1):
            try:
                work()
                return
            except errors.H4Error:
                self._host.sleep(self._settings.removal_retry_s)
        work()

    def statuses(self, owner: str, wanted: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Every replica of this owner; `wanted`: of these ids only."""
        return [
            {"id": r.replication_id, "role": "destination", "exportedVmId": r.exported_vm}
            for r in list(self._replicas.values())
            if r.owner == owner and (wanted is None or r.replication_id in wanted)
        ]
