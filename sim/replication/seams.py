"""What the data plane needs of the kernel and of the network, and nothing else.

Rules of this file: protocols only, declared by the side that needs them. The network owns topology and
decides what reaches what; the data plane owns rates. Rates are bits per second (`_bps`), instants are
seconds since the Unix epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from cxsim.sim.kernel.wire import Fate


class Timer(Protocol):
    """A callback that is due."""

    def cancel(self) -> None:
        """It will not be called. Cancelling one that was called or cancelled does nothing."""


class Scheduler(Protocol):
    """The kernel's clock, as far as the data plane may know (`Hub` implements it)."""

    @property
    def now_s(self) -> float:
        """Virtual time."""

    def call_at(self, time_s: float, callback: Callable[[], None]) -> Timer:
        """Call back at `time_s`, or now when that has passed; callbacks of one instant in the order in
        which they were asked for."""


class Recorder(Protocol):
    """The event log (sim/eventlog.py)."""

    def record(self, t_us: int, host: str, event: str, fields: dict[str, Any]) -> object:
        """Append an event (docs/events.md)."""


class Path(Protocol):
    """A connection that carries replication data, from the moment it was tried until `close`.

    The attributes may change at any time; the network says so through `on_change`."""

    @property
    def link_ids(self) -> Sequence[str]:
        """The directed links whose capacity it uses, in the order of the route; one id never twice."""

    @property
    def cap_bps(self) -> float:
        """The most that this path alone may carry; inf when only its links limit it."""

    @property
    def rtt_s(self) -> float:
        """Round-trip time."""

    @property
    def loss(self) -> float:
        """Fraction of packets lost, 0..1."""

    @property
    def max_segment_bytes(self) -> int | None:
        """Larger segments vanish on the way (an MTU black hole); None when none does."""

    @property
    def fate(self) -> Fate:
        """ACCEPTED while data can flow; anything else is why not, as the sender's system sees it."""

    @property
    def accepted_by(self) -> str | None:
        """The name of the host that answers at the far end; None unless ACCEPTED."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call back whenever an attribute, or the capacity of one of the links, has changed."""

    def close(self) -> None:
        """The sender has given this connection up."""


class TransferNetwork(Protocol):
    """A network that data can be sent across (sim/network implements it)."""

    def open_transfer(self, source_host: str, address: str, port: int) -> Path:
        """Try a connection from a host (by name) to an address or name and a port. Never raises for a
        connection that fails: the path says its fate, and keeps saying it until closed."""

    def capacity_bps(self, link_id: str) -> float:
        """What a link carries at this moment, before any efficiency; 0 while it is down."""

    def host_at(self, near_host: str, address: str) -> str | None:
        """The name of the host that `address` (or a name) is, as resolved from `near_host`; None when
        there is none."""
