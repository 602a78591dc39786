"""An environment that runs beside the wall clock, with its endpoints on real sockets.

Rules of this file: two threads, one for the hub (which builds the world and paces it) and one for the sockets
(bridge.py). The core inside the world is never used: whoever connects plays its part. Only the last events
are kept, so that a twin may run for weeks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from cxsim.sim.eventlog import EventLog, LoggedEvent
from cxsim.sim.faults import FaultSchedule
from cxsim.sim.identities import thumbprint
from cxsim.sim.kernel import Fate, Hub, hooks
from cxsim.sim.scenario import Scenario, Watch
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.serve.bridge import Bridge, Listening
from cxsim.sim.serve.endpoints import endpoints_of
from cxsim.sim.serve.warm import compile_data_plane
from cxsim.sim.world.world import World

KEPT_EVENTS = 20_000
"""Older ones are forgotten."""


class RollingLog(EventLog):
    """An event log that keeps the newest events."""

    def record(self, t_us: int, host: str, event: str, fields: dict[str, Any]) -> LoggedEvent:
        """As EventLog."""
        if len(self.events) >= 2 * KEPT_EVENTS:
            del self.events[:KEPT_EVENTS]
        return super().record(t_us, host, event, fields)


class Twin:
    """A running environment. `speed`: virtual seconds per second of wall time. `on_event` is called in the
    hub's thread for every event."""

    def __init__(
        self,
        environment: Environment,
        *,
        speed: float = 1.0,
        address: str = "127.0.0.1",
        port_base: int = 0,
        everything: bool = False,
        on_event: Callable[[LoggedEvent], None] | None = None,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be more than 0, not {speed!r}")
        self.environment = environment
        self.speed = speed
        self.listening: list[Listening] = []
        self.unserved: dict[str, str] = {}
        """Places that a product began to advertise and that could not be given a socket, and why."""
        self.world: World | None = None
        self._address, self._port_base, self._everything = address, port_base, everything
        self._on_event = on_event
        self._ready = threading.Event()
        self._ended = threading.Event()
        self._stopping = False
        self._error: BaseException | None = None
        self._bridge: Bridge | None = None
        self._hub: Hub | None = None
        self._thread = threading.Thread(target=self._run, name="cxsim hub", daemon=True)

    def start(self) -> list[Listening]:
        """Build the world and listen; returns when connections are taken. Raises OSError (a port is taken)
        and what building the world raised."""
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self.listening

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the hub's thread, at most `timeout_s` of wall time; True if it has ended.
        Raises what ended it, unless that was `stop`."""
        ended = self._ended.wait(timeout_s)
        if ended and self._error is not None:
            raise self._error
        return ended

    def thumbprints(self) -> dict[str, str]:
        """The certificates that the endpoints show as things stand now, by place; places where nothing with
        TLS answers are left out."""
        assert self._hub is not None
        return self._hub.submit(self._look).result()

    def clock(self) -> tuple[float, float]:
        """(virtual, wall) seconds since the epoch at one moment."""
        assert self._hub is not None
        hub = self._hub
        return hub.submit(lambda: (hub.now_s, time.time())).result()

    def _look(self) -> dict[str, str]:
        """Asks the network as a connection would, without making one. In the hub's thread."""
        assert self.world is not None
        found: dict[str, str] = {}
        network = self.world.network
        for endpoint in (one.endpoint for one in self.listening):
            for address in network.resolve(endpoint.source, endpoint.host).addresses:
                attempt = network.connect(endpoint.source, address, endpoint.port)
                if attempt.circuit is not None:
                    attempt.circuit.closed()
                if attempt.fate is Fate.ACCEPTED and attempt.listener is not None and attempt.listener.tls:
                    found[endpoint.place] = thumbprint(attempt.listener.tls.chain_der[0])
                    break
        return found

    def stop(self) -> None:
        """Stop listening, then the world. Doing it again does nothing."""
        self._stopping = True
        if self._bridge is not None:
            self._bridge.stop()
        if self._hub is not None:
            self._hub.stop()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(10.0)

    def __enter__(self) -> Twin:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            with hooks.installed():
                self._live()
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()
            self._ready.set()

    def _live(self) -> None:
        compile_data_plane(self.environment)
        log = RollingLog()
        if self._on_event is not None:
            log.listeners.append(self._on_event)
        environment = self.environment
        seed = environment.seed if isinstance(environment, Scenario) else 0
        self.world = world = World(environment, seed, log)
        with world.hub as hub:
            if isinstance(environment, Scenario):
                FaultSchedule(hub, world, environment, Watch(log))
            endpoints = endpoints_of(world, self._everything)
            self._bridge = Bridge(hub, endpoints, self._address, self._port_base)
            self.listening = self._bridge.listening
            self._hub = hub
            log.listeners.append(self._watch_endpoints)
            # The first thing in the hub's own pace: connections are taken from now on.
            hub.submit(self._begin)
            try:
                hub.run_paced(self.speed)
            finally:
                self._bridge.stop()

    def _watch_endpoints(self, event: LoggedEvent) -> None:
        """Give a Public Endpoint URL that a client has typed a socket of its own."""
        if event.event == "call" and event.fields["method"] == "POST" and "endpoint" in event.fields["path"]:
            assert self._hub is not None
            self._hub.submit(self._serve_new)

    def _serve_new(self) -> None:
        assert self.world is not None
        assert self._bridge is not None
        known = {one.endpoint.place.lower() for one in self.listening}
        for endpoint in endpoints_of(self.world, self._everything):
            if endpoint.place.lower() not in known:
                try:
                    self._bridge.add(endpoint)
                except OSError as error:
                    self.unserved[endpoint.place] = str(error)

    def _begin(self) -> None:
        assert self._bridge is not None
        self._bridge.start()
        self._ready.set()
