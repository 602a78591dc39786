"""A small scheduler and a small network to stand in for the kernel and sim/network."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cxsim.fake_cx.dataplane import Sink, Source
from cxsim.sim.kernel.wire import Fate
from cxsim.sim.replication.plane import SimDataPlane, SimReplication
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload, Workload

START_S = 1509958800.0  # 2017-11-06T09:00:00Z
GIB = 2.0**30
MIN_S, HOUR_S = 60.0, 3600.0


class FakeTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FakeScheduler:
    """Virtual time in whole microseconds, first asked first called."""

    def __init__(self) -> None:
        self.now_s = START_S
        self._queue: list[tuple[int, int, FakeTimer]] = []
        self._order = itertools.count()

    def call_at(self, time_s: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(callback)
        us = round((max(time_s, self.now_s) - START_S) * 1e6)
        heapq.heappush(self._queue, (us, next(self._order), timer))
        return timer

    def at(self, after_s: float, callback: Callable[[], object]) -> None:
        self.call_at(START_S + after_s, lambda: callback() and None)

    def run(self, until_s: float) -> None:
        """To `until_s` after the start, inclusive."""
        while self._queue and self._queue[0][0] <= round(until_s * 1e6):
            us, _, timer = heapq.heappop(self._queue)
            if timer.callback is not None:
                self.now_s = START_S + us / 1e6
                callback, timer.callback = timer.callback, None
                callback()
        self.now_s = START_S + until_s


@dataclass
class FakePath:
    network: FakeNetwork
    link_ids: tuple[str, ...]
    fate: Fate
    accepted_by: str | None
    cap_bps: float = math.inf
    rtt_s: float = 0.0
    loss: float = 0.0
    max_segment_bytes: int | None = None
    callbacks: list[Callable[[], None]] = field(default_factory=list)

    def on_change(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def close(self) -> None:
        self.network.open.remove(self)

    def changed(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)
        for callback in list(self.callbacks):
            callback()


LAN = ("10.3.0.21", "192.168.0.34")
LWD = ("203.0.113.32", 44045)


class FakeNetwork:
    """Tyrell and MyCloud: one WAN link between the replicators, nothing in the way anywhere else."""

    def __init__(self, wan_bps: float = 100e6, rtt_s: float = 0.0, loss: float = 0.0) -> None:
        self.capacities = {"tyrell-wan:up": wan_bps}
        self.rtt_s, self.loss = rtt_s, loss
        self.answers = {
            ("tyrell-esx01", "192.168.0.34", 44045): "tyrell-cce01",
            ("tyrell-cce01", *LWD): "chc-cce01",
            ("chc-cce01", "10.3.0.21", 902): "chc-esx01",
            ("chc-cce01", "10.3.0.21", 80): "chc-esx01",
        }
        self.blocked: dict[tuple[str, str, int], Fate] = {}
        self.open: list[FakePath] = []
        self.attempts: list[tuple[str, str, int]] = []

    def open_transfer(self, source_host: str, address: str, port: int) -> FakePath:
        attempt = (source_host, address, port)
        self.attempts.append(attempt)
        fate = self.blocked.get(attempt, Fate.ACCEPTED if attempt in self.answers else Fate.SILENT)
        wan = (address, port) == LWD
        path = FakePath(
            self,
            ("tyrell-wan:up",) if wan else (),
            fate,
            self.answers[attempt] if fate is Fate.ACCEPTED else None,
            rtt_s=self.rtt_s if wan else 0.0,
            loss=self.loss if wan else 0.0,
        )
        self.open.append(path)
        return path

    def capacity_bps(self, link_id: str) -> float:
        return self.capacities[link_id]

    def host_at(self, near_host: str, address: str) -> str | None:
        return {"192.168.0.21": "tyrell-esx01"}.get(address)

    def block(self, leg: tuple[str, str, int], fate: Fate = Fate.SILENT) -> None:
        """From now on, live connections included."""
        self.blocked[leg] = fate
        for path in list(self.open):
            if path.accepted_by == self.answers[leg]:
                path.changed(fate=fate, accepted_by=None)

    def unblock(self, leg: tuple[str, str, int]) -> None:
        del self.blocked[leg]

    def set_capacity(self, bps: float) -> None:
        self.capacities["tyrell-wan:up"] = bps
        for path in list(self.open):
            if path.link_ids:
                path.changed()


@dataclass
class FakeLog:
    events: list[tuple[int, str, str, dict[str, Any]]] = field(default_factory=list)

    def record(self, t_us: int, host: str, event: str, fields: dict[str, Any]) -> None:
        self.events.append((t_us, host, event, fields))

    def of(self, name: str) -> list[tuple[int, dict[str, Any]]]:
        return [(t_us, fields) for t_us, _, event, fields in self.events if event == name]


def vm(name: str, used_bytes: float, workload: Workload, size_bytes: float | None = None) -> VmWorkload:
    size_bytes = max(used_bytes * 2, 1e12) if size_bytes is None else size_bytes
    return VmWorkload(name, (Disk(2000, size_bytes, used_bytes, workload),))


TYRELL = {
    "uuid-deckard": vm("deckard", 16 * GIB, Constant(0.5e6), 40 * GIB),
    "uuid-rachael": vm("rachael", 24 * GIB, Constant(1e6), 60 * GIB),
    "uuid-roy": vm("roy", 30 * GIB, Constant(2e6), 80 * GIB),
}


class Rig:
    """A data plane in its small world."""

    def __init__(
        self,
        vms: dict[str, VmWorkload] = TYRELL,
        settings: Settings | None = None,
        network: FakeNetwork | None = None,
    ) -> None:
        self.scheduler, self.network, self.log = FakeScheduler(), network or FakeNetwork(), FakeLog()
        self.plane = SimDataPlane(self.scheduler, self.network, vms, settings, self.log)

    def migrate(
        self, vm_uuid: str = "uuid-deckard", rpo_s: float = 900.0, expect: bool = True, has_seed: bool = False
    ) -> SimReplication:
        name = f"H4-{vm_uuid}"
        if expect:
            self.plane.expect("chc-cce01", Sink(name, "10.3.0.21", True, has_seed))
        return self.plane.start(
            "tyrell-cce01",
            Source(name, vm_uuid, "192.168.0.21", "192.168.0.34", *LWD, rpo_s=rpo_s, disk_keys=(2000,)),
        )

    def run(self, until_s: float) -> None:
        self.scheduler.run(until_s)

    def at(self, after_s: float, callback: Callable[[], object]) -> None:
        self.scheduler.at(after_s, callback)
