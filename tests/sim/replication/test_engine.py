"""The engine alone: stepping and running free are the same, inputs come in order of time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
from cxsim.sim.replication.accounting import VmRpo
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import InstanceDone, Route, RpoChanged
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload, WorkingSet
from hypothesis import given, settings
from hypothesis import strategies as st

HOUR_S = 3600.0
Outcome = tuple[list[InstanceDone | RpoChanged], list[VmRpo]]


def run(until: Callable[[Engine, float], None]) -> Outcome:
    """Four VMs over two links, with throttles, an outage, a pause, power and syncs; `until` moves time."""
    engine = Engine()
    wan, lan = engine.add_link(100e6), engine.add_link(60e6)
    route = Route((wan,), 80e6)
    for n, workload in enumerate((Constant(1e6), WorkingSet(3e6, 2e9), Constant(0.2e6), Constant(0.0))):
        engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e12, 1e9 * (n + 1), workload),)))
    inputs: list[tuple[float, Callable[[float], object]]] = []
    for n in range(4):
        inputs.append((10.0 * n, lambda t, n=n: engine.start(n, 900.0, (2000,), n == 3, t)))
        links = Route((lan, wan), math.inf) if n % 2 else route
        inputs.append((10.0 * n, lambda t, n=n, links=links: engine.set_path(n, links, t)))
    inputs += [
        (1.0 * HOUR_S, lambda t: engine.set_capacity(wan, 20e6, t)),
        (2.0 * HOUR_S, lambda t: engine.set_capacity(wan, 100e6, t)),
        (2.5 * HOUR_S, lambda t: engine.set_path(1, None, t)),
        (3.1 * HOUR_S, lambda t: engine.set_path(1, Route((lan, wan), math.inf), t)),
        (3.2 * HOUR_S, lambda t: engine.pause(0, t)),
        (3.8 * HOUR_S, lambda t: engine.resume(0, t)),
        (4.0 * HOUR_S, lambda t: engine.set_power(2, False, t)),
        (4.0 * HOUR_S, lambda t: engine.sync(2, True, t)),
        (4.5 * HOUR_S, lambda t: engine.sync(0, False, t)),
        (5.0 * HOUR_S, lambda t: engine.stop(3, t)),
    ]
    for at_s, apply in inputs:
        if at_s > 0:
            until(engine, math.nextafter(at_s, 0.0))
        apply(at_s)
    until(engine, 8 * HOUR_S)
    return engine.take_events(), [engine.rpo(n, 8 * HOUR_S) for n in range(4)]


def by_events(engine: Engine, until_s: float) -> None:
    while engine.next_event() <= until_s:
        for n in range(4 if engine.clock_s > 40 else 0):
            engine.progress(n, engine.clock_s)
        engine.advance(engine.next_event())


def test_event_by_event_and_running_free_are_identical() -> None:
    free = run(lambda engine, until_s: engine.advance(until_s))
    assert len(free[0]) > 100
    assert run(by_events) == free


@given(st.floats(30.0, 5000.0))
@settings(deadline=None, max_examples=8)
def test_the_length_of_the_slices_changes_nothing(slice_s: float) -> None:
    def in_slices(engine: Engine, until_s: float) -> None:
        t = engine.clock_s
        while t < until_s:
            t = min(t + slice_s, until_s)
            engine.advance(t)

    assert run(in_slices) == run(lambda engine, until_s: engine.advance(until_s))


def test_every_byte_that_changed_is_shipped_once() -> None:
    """Instances cover the VM's life without gap or overlap."""
    events, _ = run(lambda engine, until_s: engine.advance(until_s))
    for vm, rate in ((0, 1e6), (2, 0.2e6)):
        done = [e for e in events if isinstance(e, InstanceDone) and e.replication == vm]
        for before, after in itertools.pairwise(done):
            off_s = max(0.0, after.started_s - max(before.started_s, 4 * HOUR_S)) if vm == 2 else 0.0
            assert after.transfer_bytes == pytest.approx(rate * (after.started_s - before.started_s - off_s))
        assert [e.sequence for e in done] == list(range(1, len(done) + 1))


def test_time_never_goes_back() -> None:
    engine = Engine()
    link = engine.add_link(1e6)
    engine.set_capacity(link, 2e6, 10.0)
    with pytest.raises(ValueError, match="time goes back"):
        engine.set_capacity(link, 1e6, 9.0)


def test_an_impossible_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity_bps"):
        Engine().add_link(-1.0)


def test_nothing_to_do_is_never() -> None:
    assert Engine().next_event() == math.inf
