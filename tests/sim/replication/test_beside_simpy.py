"""Beside the kernel's clock (SimPy) and running free, with faults, throttles and pauses: one result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from replication_fakes import GIB, HOUR_S, LWD, START_S, TYRELL, Constant, FakeNetwork, Sink, Source, vm

from cxsim.sim.kernel import Hub
from cxsim.sim.replication.accounting import VmRpo
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.plane import SimDataPlane
from cxsim.sim.replication.records import Route
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import PeriodicRewrite, Several, WorkingSet

END_S = 24 * HOUR_S
LEG = ("tyrell-cce01", *LWD)
SETTINGS = Settings(window_bytes=1e18)
VMS = {
    **TYRELL,
    "uuid-pris": vm("pris", 4 * GIB, Several((WorkingSet(3e6, 2e9), PeriodicRewrite(5e8, 3600.0))), 1e11),
    "uuid-zhora": vm("zhora", 1 * GIB, Constant(0.0), 1e10),
}
THROTTLED = {3.0: 20e6, 7.0: 100e6, 15.0: 9e6, 17.5: 60e6}
"""Hours to capacities; the fault: no connection from hour 9 to 10 (all), a pause of one from 12 to 13."""


def beside_simpy(look_every_s: float | None = None) -> list[VmRpo]:
    hub, network = Hub(1, START_S), FakeNetwork()
    with hub:
        plane = SimDataPlane(hub, network, VMS, SETTINGS)

        def at(hour: float, what: Callable[[], Any]) -> None:
            hub.call_at(START_S + hour * HOUR_S, what)

        replications = []
        for uuid in VMS:
            plane.expect("chc-cce01", Sink(uuid, "10.3.0.21", True))
            ends = ("192.168.0.21", "192.168.0.34", *LWD)
            replications.append(plane.start("tyrell-cce01", Source(uuid, uuid, *ends, 900.0, (2000,))))
        for hour, bps in THROTTLED.items():
            at(hour, lambda bps=bps: network.set_capacity(bps))
        at(9, lambda: network.block(LEG))
        at(10, lambda: network.unblock(LEG))
        at(12, replications[1].pause)
        at(13, replications[1].resume)
        at(20, lambda: replications[2].sync())
        at(21, lambda: plane.vm_power("uuid-roy", False))
        at(22, lambda: replications[2].sync(final=True))
        looked = 0.0
        while look_every_s is not None and looked < END_S:
            hub.call_at(START_S + looked, lambda: [r.progress() for r in replications] and plane.report())
            looked += look_every_s
        hub.run(START_S + END_S)
        return [plane.engine.rpo(r.index, END_S) for r in replications]


def running_free(advance_every_s: float = END_S) -> list[VmRpo]:
    engine = Engine(SETTINGS)
    link = engine.add_link(100e6)
    route = Route((link,), float("inf"))
    for n, given in enumerate(VMS.values()):
        i = engine.start(engine.add_vm(given), 900.0, (2000,), False, 0.0)
        assert i == n
        engine.set_path(i, route, 0.0)
    count = len(VMS)
    inputs: list[tuple[float, Callable[[float], Any]]] = [
        *((hour, lambda t, bps=bps: engine.set_capacity(link, bps, t)) for hour, bps in THROTTLED.items()),
        (9, lambda t: [engine.set_path(i, None, t) for i in range(count)]),
        (10, lambda t: [engine.set_path(i, route, t) for i in range(count)]),
        (12, lambda t: engine.pause(1, t)),
        (13, lambda t: engine.resume(1, t)),
        (20, lambda t: engine.sync(2, False, t)),
        (21, lambda t: engine.set_power(2, False, t)),
        (22, lambda t: engine.sync(2, True, t)),
    ]
    reached = 0.0
    for hour, apply in sorted(inputs, key=lambda one: one[0]):
        while reached + advance_every_s < hour * HOUR_S:
            reached += advance_every_s
            engine.advance(reached)
        apply(hour * HOUR_S)
    engine.advance(END_S)
    return [engine.rpo(i, END_S) for i in range(count)]


@pytest.fixture(scope="module")
def free() -> list[VmRpo]:
    return running_free()


def test_the_case_is_one_with_violations_of_several_causes(free: list[VmRpo]) -> None:
    causes = {name for one in free for name, seconds in one.causes if seconds > 0}
    assert {"wan", "connection", "pause"} <= causes
    assert sum(one.syncs for one in free) > 300
    assert sum(one.violation_count for one in free) > 5


def test_beside_simpy_and_running_free_are_identical_for_every_vm(free: list[VmRpo]) -> None:
    assert beside_simpy() == free


@pytest.mark.parametrize("every_s", [61.7, 900.0])
def test_how_often_progress_is_looked_at_changes_nothing(every_s: float) -> None:
    assert beside_simpy(every_s) == beside_simpy()


@pytest.mark.parametrize("every_s", [7.3, 600.0])
def test_the_steps_in_which_time_is_advanced_change_nothing(every_s: float, free: list[VmRpo]) -> None:
    assert running_free(every_s) == free
