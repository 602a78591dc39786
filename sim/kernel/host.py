"""A simulated machine: its clock, its listening ports, its identity.

Rules of this file: SimHost implements emulator.host.Host and knows no product. What listens is a WSGI
application, a SocketService, or None (a port that accepts and says nothing). Whether a packet gets here is
the network's business.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cxsim.sim.identities import Identity, self_signed
from cxsim.sim.kernel.greenlets import Process, current, current_or_fail, sleep
from cxsim.sim.kernel.streams import Identifiers, stream
from cxsim.sim.kernel.wire import Listener, TlsIdentity

if TYPE_CHECKING:
    from cxsim.sim.kernel.hub import Hub


class SimHost:
    """A machine in a Hub. Make it with Hub.add_host."""

    def __init__(self, hub: Hub, name: str, clock_skew_s: float = 0.0) -> None:
        self.hub = hub
        self.name = name
        self.clock_skew_s = clock_skew_s
        self.alive = True
        """False: powered off; it accepts no connection."""
        self.process = Process(self, name)
        """The process of what was started without one of its own."""
        self.listeners: dict[int, Listener] = {}
        self.keep_alive_s: float | None = None
        """How long this host's HTTP servers keep an idle connection open; None: for ever."""
        self.identity: Identity | None = None
        self._identifiers = Identifiers(hub.seed, name)
        self._streams: dict[str, random.Random] = {}

    # -- emulator.host.Host -----------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the epoch on this host's own clock."""
        return self.hub.start_s + float(self.hub.env.now) + self.clock_skew_s

    def sleep(self, seconds: float) -> None:
        """Block the calling greenlet for `seconds` of virtual time. Raises ProcessDead, and RuntimeError
        outside the simulation."""
        sleep(current_or_fail("Host.sleep"), seconds)

    def spawn(self, work: Callable[[], object], name: str) -> None:
        """Run `work` on this host beside the caller; an exception ends it alone, as `trouble`."""
        self.hub.spawn(self, work, name=name)

    def log(self, event: str, **fields: Any) -> None:
        """Record an event of this host (docs/events.md)."""
        caller = current()
        if caller is not None:
            caller.process.check()
        self.hub.record(self.name, event, fields)

    def new_uuid(self, purpose: str) -> str:
        """A new UUID; the n-th for a purpose on a host is the same in every run of a seed."""
        return self._identifiers.new(purpose)

    def rng(self, purpose: str) -> random.Random:
        """The random stream of this host for this purpose; the same object each time."""
        found = self._streams.get(purpose)
        if found is None:
            found = self._streams[purpose] = stream(self.hub.seed, f"host/{self.name}/{purpose}")
        return found

    def certificate_pem(self) -> str:
        """The certificate chain this host serves, PEM, its own first. A host that was given no identity
        has a self-signed one for its name, valid from a month before the start, for ten years."""
        if self.identity is None:
            self.identity = self_signed(self.hub.seed, self.name, around_s=self.hub.start_s)
        return self.identity.certificate_pem()

    # -- ports ------------------------------------------------------------------------------------------

    def listen(
        self, port: int, app: Callable[..., Any] | None, identity: TlsIdentity | None = None
    ) -> Listener:
        """Open a port: a WSGI application, a SocketService, or None (accepts and says nothing); TLS if an
        identity is given. Raises OSError(EADDRINUSE) if the port is open."""
        if port in self.listeners:
            raise OSError(98, "Address already in use")
        if self.identity is None and isinstance(identity, Identity):
            self.identity = identity
        listener = Listener(self.name, port, app, identity)
        self.listeners[port] = listener
        return listener

    def close(self, port: int) -> None:
        """Close a port (open connections live on). Raises KeyError if it is not open."""
        del self.listeners[port]

    # -- life and death ---------------------------------------------------------------------------------

    def crash(self, sockets: str = "reset") -> None:
        """The host's process dies: ports closed, connections reset (or silent: Process.crash)."""
        self.listeners.clear()
        self.process.crash(sockets)

    def restart(self) -> Process:
        """A new process after a crash. Nothing listens until somebody listens again."""
        self.process = Process(self, self.name)
        self.alive = True
        return self.process
