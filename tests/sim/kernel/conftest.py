"""A network of the tests' own: every host has an address, every port is reached, unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cxsim.sim.kernel import Attempt, Fate, Hub, NameAnswer, hooks

START_S = 1509958800.0  # 2017-11-06T09:00:00Z


@dataclass
class TinyCircuit:
    latency_s: float = 0.005
    fate: Fate = Fate.ACCEPTED
    max_segment_bytes: int | None = None
    on_change: Callable[[], None] | None = None
    forgotten_by: list[str] = field(default_factory=list)
    touches: int = 0
    closings: int = 0

    def touched(self, now_s: float) -> None:
        self.touches += 1

    def closed(self) -> None:
        self.closings += 1

    def become(self, fate: Fate) -> None:
        self.fate = fate
        if self.on_change is not None:
            self.on_change()


@dataclass
class TinyNetwork:
    """Host n (in order of adding) is 10.0.0.n and `<name>.test`."""

    hub: Hub
    latency_s: float = 0.005
    fates: dict[tuple[str, int], Fate] = field(default_factory=dict)
    """(host, port) -> what a SYN meets."""
    name_errors: dict[str, int] = field(default_factory=dict)
    circuits: list[TinyCircuit] = field(default_factory=list)
    max_segment_bytes: int | None = None
    dns_delay_s: float = 0.0

    def resolve(self, source_host: str, name: str) -> NameAnswer:
        for number, host in enumerate(self.hub.hosts, 1):
            if name in (host, f"{host}.test") and name not in self.name_errors:
                return NameAnswer((f"10.0.0.{number}",), None, self.dns_delay_s)
        return NameAnswer((), self.name_errors.get(name, -2), self.dns_delay_s)

    def connect(self, source_host: str, address: str, port: int) -> Attempt:
        hosts = list(self.hub.hosts.values())
        number = int(address.rpartition(".")[2]) - 1
        if not address.startswith("10.0.0.") or number >= len(hosts):
            return Attempt(Fate.SILENT, 0.0)
        host = hosts[number]
        fate = self.fates.get((host.name, port), Fate.ACCEPTED)
        listener = host.listeners.get(port)
        if fate is Fate.ACCEPTED and listener is None:
            fate = Fate.REFUSED
        if fate is not Fate.ACCEPTED:
            return Attempt(fate, 2 * self.latency_s)
        circuit = TinyCircuit(self.latency_s, max_segment_bytes=self.max_segment_bytes)
        self.circuits.append(circuit)
        source = (f"10.0.0.{list(self.hub.hosts).index(source_host) + 1}", 40000 + len(self.circuits))
        return Attempt(Fate.ACCEPTED, 2 * self.latency_s, listener, circuit, source)


class World:
    """A hub with hosts `client` and `server`, the hooks in place, and a network."""

    def __init__(self, seed: int = 0) -> None:
        self.hub = Hub(seed, START_S)
        self.client = self.hub.add_host("client")
        self.server = self.hub.add_host("server")
        self.net = TinyNetwork(self.hub)
        self.hub.network = self.net

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """Run work on the client until nothing is left to happen; what it returns or raises."""
        task = self.hub.spawn(self.client, work, *args)
        self.hub.run()
        return task.result()

    def events(self, *names: str) -> list[dict[str, Any]]:
        return [{"host": e.host, "event": e.event, **e.fields} for e in self.hub.events.of(*names)]


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with hooks.installed(), made.hub:
        yield made


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub(0, START_S) as made:
        yield made
