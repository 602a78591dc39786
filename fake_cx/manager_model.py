"""What a Replication Manager remembers: replicators and replications, and how they are written.

Rules of this file: plain records and their JSON (cx.md 5.3, 5.4); no calls, no waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cxsim.emulator.tasks import Task
from cxsim.fake_cx import errors
from cxsim.fake_cx.replicator_client import ReplicatorClient
from cxsim.fake_cx.wire import epoch_ms

PROVIDER = "*"
"""Owner of what belongs to the provider, and the owner that sees everything."""

MOST_INSTANCES = 24
"""Instances that are remembered for a replication (cx.md 6.1: at most 24)."""

_HEALTH = {"error": "RED", "paused": "YELLOW"}


@dataclass(frozen=True)
class Principal:
    """Who a session stands for. `owner`: `*` = the provider, else an organization that may register."""

    user: str
    owner: str


@dataclass
class ReplicatorRecord:
    """A registered replicator."""

    id: str
    owner: str
    site: str
    description: str
    api_url: str
    thumbprint: str
    cookie: str
    client: ReplicatorClient
    pending_cookie: str | None = None
    """Of a pairing that is under way."""
    online: bool = False
    error: errors.H4Error | None = None
    retry_at_s: float = 0.0
    asking: bool = False
    """Its status is being asked right now."""

    def to_json(self) -> dict[str, Any]:
        """The replicator as clients see it; the cookie is nobody's business."""
        return {
            "id": self.id,
            "owner": self.owner,
            "site": self.site,
            "description": self.description,
            "apiUrl": self.api_url,
            "certThumbprint": self.thumbprint,
            "isInMaintenanceMode": False,
            "state": {
                "isOnline": self.online,
                "incomingCommError": None,
                "outgoingCommError": None if self.error is None else self.error.to_json(),
            },
        }


@dataclass(frozen=True)
class ReplicationRequest:
    """What was asked for (cx.md 5.3 POST /replications). `rpo_min` in minutes."""

    owner: str
    external_key: str
    description: str
    vc_id: str
    vm_id: str
    rpo_min: int
    quiesced: bool
    network_compression: bool
    target_disk_type: str
    excluded_disk_keys: tuple[int, ...]
    datastore_id: str
    datastore_folder: str
    nfc_host_id: str


@dataclass
class ReplicationRecord:
    """A replication. `status` is the source replicator's newest status (docs/inferred-api.md 2.1)."""

    id: str
    request: ReplicationRequest
    source: ReplicatorRecord
    destination: ReplicatorRecord
    vm: dict[str, Any] = field(default_factory=dict)
    started: bool = False
    status: dict[str, Any] = field(default_factory=dict)
    status_at_s: float = 0.0
    asked_at_s: float = 0.0
    """When its status was last asked for; 0: what is known is out of date."""
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    wanted_sequence: int = 1
    """The newest instance somebody waits for; 1 = the initial synchronization."""
    start_task: Task | None = None
    export_task: Task | None = None

    @property
    def vm_name(self) -> str:
        """Name of the source VM, its moref until it is known."""
        return str(self.vm.get("name") or self.request.vm_id)

    @property
    def state(self) -> str:
        """none, syncing, idle, active, paused or error (cx.md 5.5)."""
        return str(self.status.get("state") or "none")

    @property
    def latest(self) -> dict[str, Any] | None:
        """The newest complete instance."""
        latest = self.status.get("latestInstance")
        return latest if isinstance(latest, dict) else None

    @property
    def awaited(self) -> bool:
        """True while somebody waits for an instance that is not complete."""
        return self.latest is None or int(self.latest["sequenceNumber"]) < self.wanted_sequence

    def take(self, status: dict[str, Any], now_s: float) -> bool:
        """Remember a new status; True when state or error changed."""
        before = (self.state, self.status.get("error"))
        self.status, self.status_at_s = status, now_s
        if self.latest is not None:
            self.instances[str(self.latest["key"])] = self.latest
            while len(self.instances) > MOST_INSTANCES:
                del self.instances[next(iter(self.instances))]
        return before != (self.state, status.get("error"))

    def to_json(self, now_s: float) -> dict[str, Any]:
        """The replication as clients see it at `now_s`."""
        latest, rpo_s = self.latest, self.request.rpo_min * 60
        age_s = 0.0 if latest is None else max(0.0, now_s - float(latest["startedAt"]))
        health = _HEALTH.get(self.state, "GREEN" if self.source.online else "YELLOW")
        return {
            "id": self.id,
            "externalKey": self.request.external_key or None,
            "owner": self.request.owner,
            "description": self.request.description,
            "vcId": self.request.vc_id,
            "vmId": self.request.vm_id,
            "vmName": self.vm_name,
            "overallHealth": health,
            "isPaused": self.state == "paused",
            "settings": {"rpo": self.request.rpo_min, "quiesced": self.request.quiesced},
            "sourceLocation": {"site": self.source.site, "replicatorId": self.source.id},
            "destinationLocation": {"site": self.destination.site, "replicatorId": self.destination.id},
            "targetDiskType": self.request.target_disk_type,
            "sourceState": {
                "state": self.state,
                "percent": self.status.get("percent", 0),
                "bytesTransferred": self.status.get("bytesTransferred", 0),
                "bytesToTransfer": self.status.get("bytesToTransfer", 0),
                "checksumComparedBytes": self.status.get("checksumComparedBytes", 0),
                "checksumTotalBytes": self.status.get("checksumTotalBytes", 0),
                "isOnline": self.source.online,
                "lastError": self._last_error(),
            },
            "destinationState": {
                "state": "opened" if self.started else "closed",
                "latestInstance": None if latest is None else instance_json(latest),
                "currentRpoViolation": int(max(0.0, age_s - rpo_s) // 60),
            },
            "lastUpdated": epoch_ms(self.status_at_s) if self.status_at_s else -1,
        }

    def _last_error(self) -> dict[str, Any] | None:
        text = self.status.get("error")
        if self.state == "error" or text:
            return errors.ReplicationFailed(str(text or "The replication is in error."), self.id).to_json()
        return None if self.source.error is None else self.source.error.to_json()


def instance_json(instance: dict[str, Any]) -> dict[str, Any]:
    """An instance as H4 clients see it; `timestamp` is the point in time that it reflects, ms."""
    started_s, completed_s = float(instance["startedAt"]), float(instance["completedAt"])
    return {
        "key": instance["key"],
        "sequenceNumber": instance["sequenceNumber"],
        "timestamp": epoch_ms(started_s),
        "transferBytes": instance["transferBytes"],
        "transferSeconds": round(completed_s - started_s, 3),
    }
