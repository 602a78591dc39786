"""The engine alone: stepping and running free are the same, inputs come in order of time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replication_engine_oracle import OracleEngine

from cxsim.sim.replication.accounting import VmRpo
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import InstanceDone, Route, RpoChanged
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload, WorkingSet

HOUR_S = 3600.0
Outcome = tuple[list[InstanceDone | RpoChanged], list[VmRpo]]


def run(
    until: Callable[[Engine, float], None], make: Callable[[], Engine] = Engine, one_route: bool = False
) -> Outcome:
    """Four VMs over two links, with throttles, an outage, a pause, power and syncs; `until` moves time."""
    engine = make()
    wan, lan = engine.add_link(100e6), engine.add_link(60e6)
    route = Route((wan,), 80e6)
    for n, workload in enumerate((Constant(1e6), WorkingSet(3e6, 2e9), Constant(0.2e6), Constant(0.0))):
        engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e12, 1e9 * (n + 1), workload),)))
    inputs: list[tuple[float, Callable[[float], object]]] = []
    for n in range(4):
        inputs.append((10.0 * n, lambda t, n=n: engine.start(n, 900.0, (2000,), n == 3, t)))
        links = Route((lan, wan), math.inf) if n % 2 and not one_route else route
        inputs.append((10.0 * n, lambda t, n=n, links=links: engine.set_path(n, links, t)))
    inputs += [
        (1.0 * HOUR_S, lambda t: engine.set_capacity(wan, 20e6, t)),
        (2.0 * HOUR_S, lambda t: engine.set_capacity(wan, 100e6, t)),
        (2.5 * HOUR_S, lambda t: engine.set_path(1, None, t)),
        (3.1 * HOUR_S, lambda t: engine.set_path(1, route if one_route else Route((lan, wan), math.inf), t)),
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


def free(engine: Engine, until_s: float) -> None:
    engine.advance(until_s)


@pytest.mark.parametrize("one_route", [False, True])
def test_event_by_event_and_running_free_are_identical(one_route: bool) -> None:
    at_once = run(free, one_route=one_route)
    assert len(at_once[0]) > 100
    assert run(by_events, one_route=one_route) == at_once


@pytest.mark.parametrize("one_route", [False, True])
def test_without_telling_the_figures_are_the_same(one_route: bool) -> None:
    told = run(free, one_route=one_route)
    assert run(free, lambda: Engine(notify=False), one_route) == ([], told[1])


@pytest.mark.parametrize("one_route", [False, True])
def test_the_compiled_engine_agrees_with_the_slow_one(one_route: bool) -> None:
    same(run(free, Engine, one_route), run(free, cast("Callable[[], Engine]", OracleEngine), one_route))


def same(fast: Outcome, slow: Outcome) -> None:
    """Equal but for rounding."""
    assert len(fast[0]) == len(slow[0])
    for a, b in zip(fast[0], slow[0], strict=True):
        assert (type(a), a.replication) == (type(b), b.replication)
        assert figures(a) == pytest.approx(figures(b), rel=1e-9, abs=1e-3)
    for x, y in zip(fast[1], slow[1], strict=True):
        assert (x.syncs, x.late_syncs, x.violation_count) == (y.syncs, y.late_syncs, y.violation_count)
        assert x.violated_s == pytest.approx(y.violated_s, rel=1e-9, abs=1e-6)
        assert x.peak_age_s == pytest.approx(y.peak_age_s, rel=1e-9)
        assert sum(spent for _, spent in x.causes) == pytest.approx(x.violated_s, rel=1e-9, abs=1e-6)


def figures(event: InstanceDone | RpoChanged) -> tuple[float, ...]:
    if isinstance(event, InstanceDone):
        return event.sequence, event.started_s, event.completed_s, event.transfer_bytes
    return event.violated, event.at_s, event.age_s


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
