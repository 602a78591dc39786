"""The records of the replication engine: its events, and what it tells.

Rules of this file: plain data. Times are seconds since the engine's
origin, volumes bytes; capacities and caps `_bps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from cxsim.fake_cx.dataplane import ReplicationState
from cxsim.sim.replication.workload import RunningTime, VmWorkload


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
    cap_cause: str = "path"
    """What sets the cap (accounting.CAUSES)."""


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
    cause: str | None = None
    """When it came back: what most of the violation was spent on (accounting.CAUSES)."""


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
