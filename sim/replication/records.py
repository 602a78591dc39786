"""The records of the replication engine: its events, what it tells, and the state of one replication.

Rules of this file: plain data; what changes it is in engine.py alone. Times are seconds since the engine's
origin, volumes bytes; capacities and caps `_bps`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum

from cxsim.fake_cx.dataplane import ReplicationState
from cxsim.sim.replication.accounting import RpoClock
from cxsim.sim.replication.scheduler import Plan
from cxsim.sim.replication.workload import Disk, RunningTime, VmWorkload


class Kind(IntEnum):
    """The engine's own events in their order at equal times."""

    CONNECT = 1
    GIVE_UP = 2
    SCANNED = 3
    DONE = 4
    RPO_PASSED = 5
    START = 6


@dataclass(frozen=True)
class Route:
    """What a replication's data passes: link ids and the most it may carry there (path, window, loss)."""

    links: tuple[int, ...]
    cap_bps: float


@dataclass(frozen=True)
class InstanceDone:
    """An instance is complete at the destination."""

    replication: int
    sequence: int
    started_s: float
    completed_s: float
    transfer_bytes: float
    write_sequences: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class RpoChanged:
    """The data age passed the RPO (`violated`), or came back under it."""

    replication: int
    violated: bool
    at_s: float
    age_s: float


@dataclass(frozen=True)
class EngineProgress:
    """What can be seen of a replication. Bytes of the sync that is running, or of the last one."""

    state: ReplicationState
    percent: int
    transferred_bytes: float
    to_transfer_bytes: float
    compared_bytes: float
    compare_total_bytes: float
    latest: InstanceDone | None
    connected: bool


@dataclass
class SourceVm:
    """A source VM and how long it has run."""

    workload: VmWorkload
    running: RunningTime


@dataclass
class ReplicationRecord:
    """The state of one replication; only the engine writes it."""

    vm: int
    rpo_s: float
    disks: tuple[Disk, ...]
    clock: RpoClock
    lost_s: float
    attempt_s: float
    scan_left: float
    scan_total: float
    state: ReplicationState = ReplicationState.SYNCING
    route: Route | None = None
    connected: bool = False
    ever_connected: bool = False
    failures: int = 0
    in_error: bool = False
    paused: bool = False
    sequence: int = 0
    """Of the newest complete instance."""
    round: int = 0
    """0: the full copy; 1, 2, ...: blocks changed meanwhile, still part of the initial sync."""
    total: float = 0.0
    left: float = 0.0
    rate: float = 0.0
    moved: float = 0.0
    """By earlier rounds of this sync."""
    started_s: float = 0.0
    """Of the running sync, or of the last one; what it ships is the source at this instant."""
    started_run_s: float = 0.0
    """Running time of the VM then."""
    covered_s: float = math.inf
    """The interval whose changes it ships; inf for the full copy."""
    start_s: float = math.inf
    """When the next instance is due."""
    plan: Plan | None = None
    """What `start_s` was chosen from."""
    wanted: bool = False
    final: bool = False
    durations_s: list[float] = field(default_factory=list)
    latest: InstanceDone | None = None

    @property
    def shipping(self) -> bool:
        """Data can move now."""
        return (
            self.state in (ReplicationState.SYNCING, ReplicationState.ACTIVE)
            and self.connected
            and not self.paused
        )

    @property
    def ended(self) -> bool:
        """Stopped for good."""
        return self.state is ReplicationState.NONE
