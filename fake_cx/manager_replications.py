"""Replications of a Replication Manager: start, sync, pause, export, delete (cx.md 5.3).

Rules of this file: the manager moves no data; it tells the destination replicator to expect, the source
replicator to send to the destination's advertised data address, and undoes the first when the second
fails. Starting is idempotent by (owner, externalKey).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cxsim.emulator.host import Host
from cxsim.emulator.tasks import Task, TaskState
from cxsim.fake_cx import errors
from cxsim.fake_cx.h4_tasks import H4Tasks, Workflow
from cxsim.fake_cx.manager_model import (
    PROVIDER,
    ReplicationRecord,
    ReplicationRequest,
    ReplicatorRecord,
)
from cxsim.fake_cx.settings import CxSettings

DISK_CLEANUP = ("AUTO", "ALL")
"""AUTO: an exported VM stays (its caller owns it); ALL: it goes too [I]."""


class Replications:
    """The replications of one manager."""

    def __init__(self, host: Host, settings: CxSettings, tasks: H4Tasks) -> None:
        self._host = host
        self._settings = settings
        self._tasks = tasks
        self._records: dict[str, ReplicationRecord] = {}
        self._by_key: dict[tuple[str, str], ReplicationRecord] = {}

    def start(
        self, request: ReplicationRequest, source: ReplicatorRecord, destinations: list[ReplicatorRecord]
    ) -> Task:
        """Start a replication towards the least used of these replicators; its task. The same externalKey
        answers the task of the first start."""
        key = (request.owner, request.external_key)
        existing = self._by_key.get(key) if request.external_key else None
        if existing is not None and existing.start_task is not None:
            return existing.start_task
        record = ReplicationRecord(
            f"H4-{self._host.new_uuid('replication')}", request, source, self._least_used(destinations)
        )
        self._records[record.id] = record
        if request.external_key:
            self._by_key[key] = record
        workflow = Workflow("startReplication", "replication", record.id, request.vm_id, request.owner)
        record.start_task = self._tasks.start(workflow, lambda task: self._set_up(record))
        return record.start_task

    def _least_used(self, replicators: list[ReplicatorRecord]) -> ReplicatorRecord:
        used = [sum(r.destination is candidate for r in self.all()) for candidate in replicators]
        return replicators[used.index(min(used))]

    def _set_up(self, record: ReplicationRecord) -> dict[str, str]:
        request = record.request
        try:
            expected = record.destination.client.start(
                {
                    "role": "destination",
                    "replicationId": record.id,
                    "targetDiskType": request.target_disk_type,
                    "datastoreId": request.datastore_id,
                    "nfcHostId": request.nfc_host_id,
                }
            )
            answer = record.source.client.start(
                {
                    "role": "source",
                    "replicationId": record.id,
                    "vcId": request.vc_id,
                    "vmId": request.vm_id,
                    "rpo": request.rpo_min,
                    "quiesced": request.quiesced,
                    "networkCompression": request.network_compression,
                    "excludedDiskKeys": list(request.excluded_disk_keys),
                    "destination": {"address": expected.get("lwdAddress"), "port": expected.get("lwdPort")},
                }
            )
        except Exception:
            self._forget(record)
            self._undo(record)
            raise
        if self._records.get(record.id) is not record:  # it was removed meanwhile
            self._undo(record)
            raise errors.ReplicationNotFound("The replication was removed.", record.id)
        record.vm = answer["vm"] if isinstance(answer.get("vm"), dict) else {}
        record.started = True
        record.take({"state": "syncing", "percent": 0}, self._host.now())
        self.log(record)
        record.source.online, record.source.error = True, None
        return {"replicationId": record.id}

    def log(self, record: ReplicationRecord) -> None:
        """Record the state that a replication has now (docs/events.md)."""
        self._host.log(
            "replication",
            id=record.id,
            vm=record.vm_name,
            state=record.state,
            percent=record.status.get("percent", 0),
            error=record.status.get("error"),
        )

    def _undo(self, record: ReplicationRecord) -> None:
        """Remove what a start that failed has left at the destination, and, later, what a start whose answer
        was lost may have left at the source."""
        try:
            record.destination.client.remove(record.id, "ALL")
        except errors.H4Error as error:
            self._host.log("task", kind="undo", target=record.id, state="FAILED", error=error.to_json())
            self._remove_later(record.id, record.destination, "ALL")
        self._remove_later(record.id, record.source, "ALL")

    def _remove_later(self, replication_id: str, replicator: ReplicatorRecord, disk_cleanup: str) -> None:
        """Remove what is left at a replicator that could not be reached, when it can be [I]."""

        def work() -> None:
            for _ in range(self._settings.removal_attempts):
                self._host.sleep(self._settings.removal_retry_s)
                with suppress(errors.H4Error):
                    replicator.client.remove(replication_id, disk_cleanup)
                    return

        self._host.spawn(work, f"remove replication {replication_id}")

    def _forget(self, record: ReplicationRecord) -> None:
        self._records.pop(record.id, None)
        key = (record.request.owner, record.request.external_key)
        if self._by_key.get(key) is record:
            del self._by_key[key]

    def find(self, replication_id: str, owner: str = PROVIDER) -> ReplicationRecord:
        """A replication of this owner (the provider finds all). Raises `ReplicationNotFound`."""
        record = self._records.get(replication_id)
        if record is None or owner not in (PROVIDER, record.request.owner):
            raise errors.ReplicationNotFound(f"There is no replication {replication_id}.", replication_id)
        return record

    def all(self) -> list[ReplicationRecord]:
        """Every replication, oldest first."""
        return list(self._records.values())

    def sync(self, record: ReplicationRecord, final: bool) -> Task:
        """Ask for an instance now; the task's result is `{"sequenceNumber", "instanceId"}` of the instance
        that was asked for. Raises what the source replicator answers."""
        sequence = record.source.client.sync(record.id, final)
        record.wanted_sequence = max(record.wanted_sequence, sequence)
        record.asked_at_s = 0.0
        result = {"sequenceNumber": sequence, "instanceId": f"instance-{sequence}"}
        return self._tasks.finished(self._workflow("syncReplication", record), result)

    def act(self, record: ReplicationRecord, action: str) -> Task:
        """`pause` or `resume`. Raises what the source replicator answers."""
        record.source.client.act(record.id, action)
        record.asked_at_s = 0.0
        return self._tasks.finished(self._workflow(f"{action}Replication", record), None)

    def _workflow(self, kind: str, record: ReplicationRecord) -> Workflow:
        return Workflow(kind, "replication", record.id, record.vm_name, record.request.owner)

    def export(self, record: ReplicationRecord, instance_id: str, datastore_id: str, folder: str) -> Task:
        """Have the destination replicator make a VM of an instance; the task's result is
        `{"vmId", "vcId"}`. Raises `InstanceNotFound`. Exporting again answers the first export."""
        if instance_id not in record.instances:
            raise errors.InstanceNotFound(f"There is no instance {instance_id}.", instance_id)
        earlier = record.export_task
        if earlier is not None and earlier.state is not TaskState.FAILED:
            return earlier
        document = {
            "instanceId": instance_id,
            "datastoreId": datastore_id,
            "datastoreFolder": folder,
            "name": record.vm_name,
            "vm": record.vm,
        }

        def work(task: Task) -> Any:
            return self._await(task, record, record.destination.client.export(record.id, document))

        record.export_task = self._tasks.start(self._workflow("exportInstance", record), work)
        return record.export_task

    def _await(self, task: Task, record: ReplicationRecord, remote: dict[str, Any]) -> Any:
        """Follow a replicator's task to its end; its result. Raises its error."""
        while remote.get("state") in ("RUNNING", "QUEUED"):
            progress = remote.get("progress")
            task.reported_percent = progress if isinstance(progress, int) else None
            self._host.sleep(self._settings.task_poll_s)
            remote = record.destination.client.task(str(remote.get("id")))
        if remote.get("state") == "SUCCEEDED":
            return remote.get("result")
        raise errors.relayed(remote.get("error"), 500) or errors.UnexpectedAnswer(
            f"{record.destination.api_url} answered a task without state", record.destination.api_url
        )

    def remove(self, record: ReplicationRecord, disk_cleanup: str) -> Task:
        """Delete a replication at both replicators. One that cannot be reached is a warning of the task:
        the manager forgets the replication all the same, and tries again there until it is gone [I]."""

        def work(task: Task) -> None:
            for replicator in (record.source, record.destination):
                try:
                    replicator.client.remove(record.id, disk_cleanup)
                except errors.H4Error as error:
                    task.details.setdefault("warnings", []).append(error.to_json())
                    self._remove_later(record.id, replicator, disk_cleanup)
            self._forget(record)
            record.take({"state": "none"}, self._host.now())
            self.log(record)

        return self._tasks.start(self._workflow("deleteReplication", record), work)
