"""Work conservation, to 1e-9: while a transfer gets less than its cap, one of its links is full.

Rates are measured between two events of the engine, from what has arrived, and not computed again.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.fake_cx.dataplane import ReplicationState
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import Route
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload, WorkingSet

NEAR = 1e-9
SHIPS = (ReplicationState.SYNCING, ReplicationState.ACTIVE)


def rates(engine: Engine, count: int, from_s: float, until_s: float) -> list[float | None]:
    """Bytes a second of every transfer that is at work between two instants without an event; else None."""
    found: list[float | None] = []
    for i in range(count):
        before, after = engine.progress(i, from_s), engine.progress(i, until_s)
        moving = before.connected and before.state in SHIPS and before.to_transfer_bytes > 0
        moved = after.transferred_bytes - before.transferred_bytes
        found.append(moved / (until_s - from_s) if moving and moved > 0 else None)
    return found


def check(engine: Engine, caps: list[float], routes: list[tuple[int, ...]], usable: list[float]) -> int:
    """Look at the time until the next event; how many transfers were held back by a full link."""
    from_s, until_s = engine.clock_s, engine.next_event()
    if not 1.0 < until_s - from_s < math.inf:
        return 0
    # Strictly inside: what happens at the ends belongs to other intervals.
    a, b = from_s + 0.1 * (until_s - from_s), from_s + 0.9 * (until_s - from_s)
    got = rates(engine, len(caps), a, b)
    carried = [0.0] * len(usable)
    for rate, route in zip(got, routes, strict=True):
        for link in route:
            carried[link] += rate or 0.0
    for used, carries in zip(carried, usable, strict=True):
        assert used <= carries * (1 + NEAR)
    held_back = 0
    for rate, cap, route in zip(got, caps, routes, strict=True):
        if rate is None:
            continue
        assert rate <= cap * (1 + NEAR)
        if rate < cap * (1 - NEAR):
            assert any(carried[link] == pytest.approx(usable[link], rel=NEAR) for link in route)
            held_back += 1
    return held_back


def overloaded(one_route: bool, caps_mbit: list[float], rates_mb: list[float]) -> tuple[Engine, Any]:
    given = Settings(link_efficiency=1.0, source_read_bps=1e12, min_interval_s=30.0)
    engine = Engine(given)
    capacity = [80e6, 50e6, 60e6]
    for bps in capacity:
        engine.add_link(bps)
    routes = [(0,) if one_route else ((0,), (0, 1), (0, 2), (1, 2))[n % 4] for n in range(len(caps_mbit))]
    for n, (cap, rate) in enumerate(zip(caps_mbit, rates_mb, strict=True)):
        workload = WorkingSet(rate * 1e6, 5e9) if n % 3 == 1 else Constant(rate * 1e6)
        vm = engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e13, 1e9 * (n + 1), workload),)))
        i = engine.start(vm, 900.0, (2000,), False, 0.0)
        engine.set_path(i, Route(routes[n], cap * 1e6), 0.0)
    return engine, ([cap * 1e6 / 8 for cap in caps_mbit], routes, [bps / 8 for bps in capacity])


@pytest.mark.parametrize("one_route", [True, False])
def test_while_a_transfer_has_less_than_its_cap_a_link_of_it_is_full(one_route: bool) -> None:
    engine, (caps, routes, usable) = overloaded(one_route, [10, 200, 35, 200, 60], [1, 4, 2, 3, 4])
    held_back = steps = 0
    engine.next_event()
    while engine.clock_s < 40_000:
        held_back += check(engine, caps, routes, usable)
        engine.advance(engine.next_event())
        steps += 1
        if engine.clock_s > 20_000 and usable[0] == 80e6 / 8:
            engine.set_capacity(0, 30e6, engine.clock_s + 0.5)
            usable[0] = 30e6 / 8
    assert steps > 100
    assert held_back > 100


@given(
    one_route=st.booleans(),
    vms=st.lists(st.tuples(st.floats(2, 300), st.floats(0.1, 6)), min_size=1, max_size=6),
)
@settings(deadline=None, max_examples=15)
def test_work_is_conserved_for_any_fleet(one_route: bool, vms: list[tuple[float, float]]) -> None:
    engine, (caps, routes, usable) = overloaded(one_route, [cap for cap, _ in vms], [rate for _, rate in vms])
    for _ in range(150):
        check(engine, caps, routes, usable)
        engine.advance(engine.next_event())
