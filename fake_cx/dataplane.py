"""What the emulated replicators need of a data plane: streams of blocks, not HTTP.

Rules of this file: the protocol between the replicator emulators and whatever moves the bytes (the
simulator's replication engine; an instant one in unit tests), and plain records. Bytes, seconds and
seconds since the epoch throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class ReplicationState(Enum):
    """State of a replicated VM as vSphere names it (ReplicationVmState; cx.md 5.5 [D])."""

    NONE = "none"
    SYNCING = "syncing"  # the initial, full sync
    IDLE = "idle"
    ACTIVE = "active"  # an instance (delta) is being made
    PAUSED = "paused"
    ERROR = "error"


@dataclass(frozen=True)
class Source:
    """The sending side of a replication, as the source replicator configures it."""

    replication_id: str
    vm_uuid: str
    """instanceUuid of the source VM."""
    esxi_address: str
    """The ESXi host that runs the VM; it sends to `replicator_address` (cx.md 1.2 row 14)."""
    replicator_address: str
    destination_address: str
    """The destination replicator's LWD endpoint as it was advertised (name or address)."""
    destination_port: int
    rpo_s: float
    disk_keys: tuple[int, ...]
    quiesce: bool = False
    network_compression: bool = False


@dataclass(frozen=True)
class Sink:
    """The receiving side of a replication, as the destination replicator expects it."""

    replication_id: str
    esxi_address: str
    """The target ESXi host that the replica is written to by NFC (cx.md 1.2 row 13)."""
    thin: bool
    has_seed: bool = False


@dataclass(frozen=True)
class Instance:
    """A complete point in time at the destination. It reflects the source at `started_s`."""

    sequence: int
    started_s: float
    completed_s: float
    transfer_bytes: int
    write_sequences: tuple[tuple[int, int], ...] = ()
    """(disk key, write sequence) of the content it holds."""


@dataclass(frozen=True)
class Progress:
    """What can be seen of a replication now. `percent` is of the sync that is running, 100 when none."""

    state: ReplicationState
    percent: int
    bytes_transferred: int
    bytes_to_transfer: int
    checksum_compared_bytes: int
    checksum_total_bytes: int
    latest: Instance | None
    error: str | None = None


class Replication(Protocol):
    """A handle on one running replication, held by the source replicator."""

    def progress(self) -> Progress:
        """What can be seen now; looking changes nothing."""

    def sync(self, final: bool = False) -> int:
        """Ask for an instance that starts now or later; returns the sequence number it will have.
        `final`: the source is off, this is the last one of a cutover (RPO accounting ends here)."""

    def pause(self) -> None:
        """Stop shipping; data age goes on growing."""

    def resume(self) -> None:
        """Go on after a pause."""

    def stop(self) -> None:
        """End for good."""


class DataPlane(Protocol):
    """Moves the bytes between replicators."""

    def expect(self, replicator_host: str, sink: Sink) -> None:
        """The destination replicator `replicator_host` will accept this replication from now on."""

    def forget(self, replicator_host: str, replication_id: str) -> None:
        """It will no longer."""

    def start(self, replicator_host: str, source: Source) -> Replication:
        """Start replicating from the source replicator `replicator_host`. Connection trouble is no
        exception: the replication reconnects, and finally shows ERROR."""
