"""What the kernel's sockets need to know of a network: a name's addresses, and a connection's fate.

Rules of this file: protocols and plain records only. The kernel turns a fate into what the operating
system would have told the client (an errno, a time-out, silence); it never asks why. The network decides
fates and keeps the reasons (its traces); it never touches a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol


class Fate(Enum):
    """What the client's operating system sees of a connection attempt or of a live connection."""

    ACCEPTED = "accepted"
    SILENT = "silent"
    """No answer ever comes: DROP, a dead host, a lost return path. The client's SYN limit decides."""
    REFUSED = "refused"
    """An RST came back: closed port or REJECT with tcp-reset (ECONNREFUSED; ECONNRESET when live)."""
    UNREACHABLE = "unreachable"
    """ICMP host unreachable or administratively prohibited (EHOSTUNREACH, `No route to host`)."""
    NO_ROUTE = "no route"
    """The client's own host has no route (ENETUNREACH, `Network is unreachable`)."""


class TlsIdentity(Protocol):
    """What a TLS server shows."""

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """Certificates, its own first, as DER."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening port. `app` is a WSGI application (None: the port accepts and says nothing, as a data
    port does); `tls` is the identity shown at the handshake, or None for a plain port."""

    host: str
    port: int
    app: Callable[..., Any] | None
    tls: TlsIdentity | None


class Circuit(Protocol):
    """A live connection, as the network keeps it."""

    fate: Fate
    """ACCEPTED while it works; SILENT = black hole (bytes vanish both ways); REFUSED = reset both ends."""
    max_segment_bytes: int | None
    """Larger sends vanish (an MTU black hole); None = no limit. A circuit that also has `max_reply_bytes`
    means the client's by this and the server's by that."""
    on_change: Callable[[], None] | None
    """Set by the kernel: called by the network whenever `fate` changes, and when larger segments pass than
    before."""

    @property
    def forgotten_by(self) -> Collection[str]:
        """Hosts that lost power while it lived and run again: their end is gone, so that they answer with a
        reset; told through `on_change`."""

    @property
    def latency_s(self) -> float:
        """One way, seconds; with jitter another for every segment."""

    def touched(self, now_s: float) -> None:
        """Called by the kernel for every payload sent or sent again (idle time-outs, resets that answer)."""

    def closed(self) -> None:
        """Called once by the kernel when both ends are closed."""


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """The answer of a resolver. `error` is a socket.EAI_* code, None when there are addresses."""

    addresses: tuple[str, ...]
    error: int | None
    delay_s: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """The network's answer to one SYN. `delay_s`: until the fate is known to the client (a round trip;
    ignored for SILENT). `listener` and `circuit` only when ACCEPTED. `source_address`: what the server
    sees as the client's address and port, after NAT."""

    fate: Fate
    delay_s: float
    listener: Listener | None = None
    circuit: Circuit | None = None
    source_address: tuple[str, int] = ("0.0.0.0", 0)


class Network(Protocol):
    """A network between simulated hosts, called with the hosts' names."""

    def resolve(self, source_host: str, name: str) -> NameAnswer:
        """Resolve a name (or an address literal) with the resolver of `source_host`."""

    def connect(self, source_host: str, address: str, port: int) -> Attempt:
        """Decide the fate of a TCP connection from a host to an address."""
