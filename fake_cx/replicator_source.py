"""The sending side of a replicator: configure the source VM, start the stream, report progress.

Rules of this file: the order is vCenter first, data plane second (cx.md 3.4); a replication is known by its
id and belongs to the pairing that started it; starting it again answers the existing one.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors
from cxsim.fake_cx.dataplane import DataPlane, Instance, Replication, Source
from cxsim.fake_cx.endpoints import LWD_PORT
from cxsim.fake_cx.vcenter_client import ReplicationSpec, VcenterClient, VmShape


@dataclass(frozen=True)
class SourceRequest:
    """What a manager asks of the sending side. `rpo_min` in minutes, 1..1440 (cx.md 5.5)."""

    replication_id: str
    vm_id: str
    destination_address: str
    destination_port: int
    rpo_min: int
    quiesce: bool
    network_compression: bool
    excluded_disk_keys: tuple[int, ...]


@dataclass
class SourceReplication:
    """A replication that this replicator sends."""

    request: SourceRequest
    owner: str
    shape: VmShape
    stream: Replication | None = None
    """None while it is being set up."""


class Sources:
    """The replications that one replicator sends."""

    def __init__(self, host: Host, address: str, vcenter: VcenterClient, data_plane: DataPlane) -> None:
        self._host = host
        self._address = address
        self._vcenter = vcenter
        self._data_plane = data_plane
        self._replications: dict[str, SourceReplication] = {}

    def start(self, request: SourceRequest, owner: str) -> SourceReplication:
        """Configure the VM and start the stream. Raises `VmNotFound`, `VcenterFailure`, `InvalidState` (it
        is being started), `Forbidden` (it is another manager's)."""
        existing = self._replications.get(request.replication_id)
        if existing is not None:
            return self._running(existing, owner)
        shape = self._vcenter.vm_shape(request.vm_id)
        keys = tuple(d.key for d in shape.disks if d.key not in request.excluded_disk_keys)
        if not keys:
            raise errors.InvalidRequest(f"VM {shape.name} has no disk to replicate", request.vm_id)
        replication = SourceReplication(request, owner, shape)
        if self._replications.setdefault(request.replication_id, replication) is not replication:
            return self._running(self._replications[request.replication_id], owner)
        try:
            self._supersede(replication)
            self._vcenter.reconfigure_replication(
                request.vm_id,
                ReplicationSpec(
                    replication_id=request.replication_id,
                    destination_address=self._address,
                    port=LWD_PORT,
                    rpo_min=request.rpo_min,
                    quiesce=request.quiesce,
                    network_compression=request.network_compression,
                    disk_keys=keys,
                ),
            )
            replication.stream = self._data_plane.start(
                self._host.name,
                Source(
                    replication_id=request.replication_id,
                    vm_uuid=shape.instance_uuid,
                    esxi_address=shape.esxi_address,
                    replicator_address=self._address,
                    destination_address=request.destination_address,
                    destination_port=request.destination_port,
                    rpo_s=request.rpo_min * 60.0,
                    disk_keys=keys,
                    quiesce=request.quiesce,
                    network_compression=request.network_compression,
                ),
            )
        except errors.VcenterFailure as failure:
            # vCenter may have done it all the same: then it is kept, without a stream, to be removed later.
            if not failure.unanswered:
                self._replications.pop(request.replication_id, None)
            raise
        except Exception:
            self._replications.pop(request.replication_id, None)
            raise
        return replication

    def _supersede(self, replication: SourceReplication) -> None:
        """A VM has one replication: an earlier one of the same manager ends, whose start nobody heard of."""
        for earlier in list(self._replications.values()):
            same = earlier.request.vm_id == replication.request.vm_id and earlier.owner == replication.owner
            if same and earlier is not replication:
                self.stop(earlier)

    def _running(self, replication: SourceReplication, owner: str) -> SourceReplication:
        if replication.owner != owner:
            raise errors.Forbidden()
        if replication.stream is None:
            raise errors.InvalidState("The replication is being started.", replication.request.replication_id)
        return replication

    def find(self, replication_id: str, owner: str) -> SourceReplication | None:
        """A replication of this owner, None when there is none."""
        replication = self._replications.get(replication_id)
        return replication if replication is not None and replication.owner == owner else None

    def sync(self, replication: SourceReplication, final: bool) -> int:
        """Ask for an instance; its sequence number. `final`: raises `SourceVmPoweredOn` while the VM runs
        (cx.md 3.4: the source is off before the last sync)."""
        if final and self._vcenter.vm_shape(replication.request.vm_id).powered_on:
            raise errors.SourceVmPoweredOn(
                f"VM {replication.shape.name} is powered on: the last synchronization needs it off.",
                replication.shape.name,
            )
        return self._stream(replication).sync(final)

    def pause(self, replication: SourceReplication) -> None:
        """Stop shipping."""
        self._stream(replication).pause()

    def resume(self, replication: SourceReplication) -> None:
        """Go on after a pause."""
        self._stream(replication).resume()

    def stop(self, replication: SourceReplication) -> None:
        """End the stream and remove the replication from the VM; a VM that is gone is no error. When
        vCenter cannot be asked the stream has ended all the same, and stopping again asks it again."""
        if replication.stream is not None:
            replication.stream.stop()
            replication.stream = None
        with suppress(errors.VmNotFound):
            self._vcenter.clear_replication(replication.request.vm_id)
        self._replications.pop(replication.request.replication_id, None)

    def _stream(self, replication: SourceReplication) -> Replication:
        if replication.stream is None:
            raise errors.InvalidState("The replication is being started.", replication.request.replication_id)
        return replication.stream

    def status(self, replication: SourceReplication) -> dict[str, Any]:
        """What the data plane shows of it now."""
        progress = self._stream(replication).progress()
        return {
            "id": replication.request.replication_id,
            "role": "source",
            "state": progress.state.value,
            "percent": progress.percent,
            "bytesTransferred": progress.bytes_transferred,
            "bytesToTransfer": progress.bytes_to_transfer,
            "checksumComparedBytes": progress.checksum_compared_bytes,
            "checksumTotalBytes": progress.checksum_total_bytes,
            "error": progress.error,
            "latestInstance": None if progress.latest is None else instance_json(progress.latest),
        }

    def statuses(self, owner: str, wanted: Collection[str] | None = None) -> list[dict[str, Any]]:
        """The status of every running replication of this owner; `wanted`: of these ids only."""
        return [
            self.status(r)
            for replication_id, r in list(self._replications.items())
            if r.owner == owner and r.stream is not None and (wanted is None or replication_id in wanted)
        ]


def instance_json(instance: Instance) -> dict[str, Any]:
    """An instance on the wire: instants in seconds since the epoch. `key` is what H4 clients name it by."""
    return {
        "key": f"instance-{instance.sequence}",
        "sequenceNumber": instance.sequence,
        "startedAt": instance.started_s,
        "completedAt": instance.completed_s,
        "transferBytes": instance.transfer_bytes,
    }
