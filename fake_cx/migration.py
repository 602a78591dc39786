"""A migration of one VM, as the cloud service keeps it: the states, one literal table, the record.

Rules of this file: the table is the whole protocol; an event that it does not know for a state raises
`InvalidState` and changes nothing; no calls, no waiting. State names: `CREATED` is documented (cx.md 3.3),
the others follow the statuses of the plugin [I].
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from cxsim.fake_cx import errors
from cxsim.fake_cx.wire import instant


class State(Enum):
    """What a migration is doing."""

    SCHEDULED = "SCHEDULED"
    CREATED = "CREATED"
    SYNCING = "SYNCING"
    PAUSED = "PAUSED"
    CUTOVER_READY = "CUTOVER_READY"
    CUTTING_OVER = "CUTTING_OVER"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"


class Event(Enum):
    """What can happen to it."""

    DUE = "its start time has come"
    STARTED = "the replication was configured"
    SYNCED = "the initial synchronization is complete"
    SYNCED_COLD = "the transfer of a cold migration is complete"
    PAUSE = "a pause was asked for"
    RESUME = "a pause ended before the initial synchronization was complete"
    RESUME_READY = "a pause ended"
    CUTOVER = "a cutover was asked for"
    IMPORTED = "the VM is in vCloud Director"
    FAILED = "something failed"


_S, _E = State, Event

TABLE: dict[tuple[State, Event], State] = {
    (_S.SCHEDULED, _E.DUE): _S.CREATED,
    (_S.CREATED, _E.STARTED): _S.SYNCING,
    (_S.SYNCING, _E.SYNCED): _S.CUTOVER_READY,
    (_S.SYNCING, _E.SYNCED_COLD): _S.CUTTING_OVER,
    (_S.SYNCING, _E.PAUSE): _S.PAUSED,
    (_S.CUTOVER_READY, _E.PAUSE): _S.PAUSED,
    (_S.PAUSED, _E.RESUME): _S.SYNCING,
    (_S.PAUSED, _E.RESUME_READY): _S.CUTOVER_READY,
    (_S.CUTOVER_READY, _E.CUTOVER): _S.CUTTING_OVER,
    (_S.CUTTING_OVER, _E.IMPORTED): _S.COMPLETED,
    (_S.SCHEDULED, _E.FAILED): _S.ERROR,
    (_S.CREATED, _E.FAILED): _S.ERROR,
    (_S.SYNCING, _E.FAILED): _S.ERROR,
    (_S.PAUSED, _E.FAILED): _S.ERROR,
    (_S.CUTOVER_READY, _E.FAILED): _S.ERROR,
    (_S.CUTTING_OVER, _E.FAILED): _S.ERROR,
}

ENDED = (State.COMPLETED, State.ERROR)
REPLICATING = (State.SYNCING, State.PAUSED, State.CUTOVER_READY, State.CUTTING_OVER)


class Phase(Enum):
    """Steps of a cutover: the percent at which a step begins and ends [I]."""

    FINAL_SYNC = (0, 30)
    EXPORT = (30, 60)
    IMPORT = (60, 85)
    NETWORK = (85, 92)
    POWER_ON = (92, 97)
    CLEAN_UP = (97, 99)

    def percent(self, of_step: int) -> int:
        """The percent of the cutover when this much of the step is done."""
        begin, end = self.value
        return int(begin + (end - begin) * max(0, min(100, of_step)) / 100)


@dataclass(frozen=True)
class Target:
    """Where the VM goes. hrefs as the tenant's vCD showed them."""

    vdc: str
    storage_profile: str
    network: str
    vapp_name: str
    group_vapp: bool


@dataclass(frozen=True)
class MigrationRequest:
    """What the tenant asked for (docs/inferred-api.md section 1). `start_s`: epoch seconds, None = now."""

    external_key: str
    job_name: str
    vm_name: str
    cold: bool
    site: str
    replicator_id: str
    vc_id: str
    vm_id: str
    vm_uuid: str
    rpo_min: int
    quiesced: bool
    target_disk_type: str
    start_s: float | None
    power_on: bool
    """Of a cold migration, which has no cutover dialogue (cx.md 3.2)."""
    tag: str
    target: Target


@dataclass
class Migration:
    """One migration. `status` is the Replication Manager's newest word on its replication."""

    id: str
    org: str
    request: MigrationRequest
    state: State
    ordered: bool = False
    """The Replication Manager may have been asked for the replication."""
    replication_id: str | None = None
    status: dict[str, Any] | None = None
    error: errors.H4Error | None = None
    error_since_s: float | None = None
    asked_at_s: float = 0.0
    """When the Replication Manager was last asked for `status`; 0: it is out of date."""
    cutover_percent: int = 0
    cutover_asked: bool = False
    final_sequence: int | None = None
    power_on: bool = False
    exported_vm: str | None = None
    """moref of the VM that the cutover made of the replica, in the provider's vCenter."""
    vapp_href: str | None = None
    vm_href: str | None = None
    deleted: bool = False

    def apply(self, event: Event) -> None:
        """Change the state. Raises `InvalidState` when the table has no such row; then nothing changed."""
        following = TABLE.get((self.state, event))
        if following is None or self.deleted:
            raise errors.InvalidState(
                f"The migration of {self.request.vm_name} is {self.state.value}: {event.value}.",
                self.state.value,
                event.name,
            )
        self.state = following

    @property
    def latest(self) -> dict[str, Any] | None:
        """The newest complete instance, as the Replication Manager writes it."""
        state = (self.status or {}).get("destinationState") or {}
        latest = state.get("latestInstance")
        return latest if isinstance(latest, dict) else None

    @property
    def source_state(self) -> dict[str, Any]:
        """What the sending side shows."""
        state = (self.status or {}).get("sourceState")
        return state if isinstance(state, dict) else {}

    @property
    def percent(self) -> int | None:
        """Of the initial synchronization or of the cutover; None in states without progress."""
        if self.state is State.SYNCING:
            return min(99, int(self.source_state.get("percent") or 0))
        return self.cutover_percent if self.state is State.CUTTING_OVER else None

    def to_json(self) -> dict[str, Any]:
        """The migration as tenants see it."""
        request, latest = self.request, self.latest
        return {
            "id": self.id,
            "externalKey": request.external_key,
            "jobName": request.job_name,
            "vmName": request.vm_name,
            "type": "COLD" if request.cold else "WARM",
            "tag": request.tag,
            "state": self.state.value,
            "percent": self.percent,
            "error": None if self.error is None else self.error.to_json(),
            "latestInstance": None if latest is None else _instance_json(latest),
            "replicationId": self.replication_id,
            "vAppHref": self.vapp_href,
            "vmHref": self.vm_href,
        }


def _instance_json(instance: dict[str, Any]) -> dict[str, Any]:
    started_s = float(instance["timestamp"]) / 1000
    return {
        "sequence": instance["sequenceNumber"],
        "startedAt": instant(started_s),
        "completedAt": instant(started_s + float(instance["transferSeconds"])),
        "transferBytes": instance["transferBytes"],
    }
