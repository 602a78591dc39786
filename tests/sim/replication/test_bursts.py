"""Commit and burst: exact arithmetic, alone and shared, and the same however it is stepped."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import Route
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload

FULL = Settings(link_efficiency=1.0, source_read_bps=8e9)


def started(used: float, settings: Settings = FULL, rate: float = 0.0, cap: float = math.inf) -> Engine:
    """One replication over a link of 100 Mbit/s that may carry 200 until 7.5 GB are spent."""
    engine = Engine(settings)
    link = engine.add_link(100e6)
    engine.set_burst(link, 200e6, 7.5e9, 0.0)
    vm = engine.add_vm(VmWorkload("vm", (Disk(2000, 1e13, used, Constant(rate)),)))
    engine.set_path(engine.start(vm, 900.0, (2000,), False, 0.0), Route((link,), cap), 0.0)
    return engine


def end_of_first_sync(engine: Engine, until_s: float = 1e5) -> float:
    engine.advance(until_s)
    from_s = engine.rpo(0, until_s).rpo_from_s
    assert from_s is not None
    return from_s


def test_the_burst_lasts_as_long_as_what_was_saved() -> None:
    # 200 Mbit/s spend 100 a second more than is committed: 60 Gbit last 600 s, in which 15 GB pass.
    assert end_of_first_sync(started(10e9)) == pytest.approx(400.0)
    assert end_of_first_sync(started(30e9)) == pytest.approx(600.0 + 15e9 * 8 / 100e6)


def test_what_is_not_used_is_saved_up_to_the_size() -> None:
    # 60 Mbit/s leave 40 a second to be saved, but the bucket is full already.
    engine = started(30e9, cap=60e6)
    engine.set_path(0, Route((0,), math.inf), 1000.0)
    left = 30e9 - 60e6 / 8 * 1000
    expected = 1000.0 + 600.0 + (left - 15e9) * 8 / 100e6
    assert end_of_first_sync(engine) == pytest.approx(expected)


def test_an_empty_bucket_fills_while_less_than_the_commitment_is_used() -> None:
    engine = started(60e9)
    engine.set_path(0, Route((0,), 50e6), 1000.0)  # 600 s at 200, 400 s at 100, then half of the commitment
    engine.set_path(0, Route((0,), math.inf), 2000.0)  # saved: 1000 s x 50 Mbit/s = 50 Gbit, 500 s of burst
    sent = 15e9 + 400 * 12.5e6 + 1000 * 6.25e6
    expected = 2000.0 + 500.0 + (60e9 - sent - 500 * 25e6) * 8 / 100e6
    assert end_of_first_sync(engine) == pytest.approx(expected)


def test_a_line_that_carries_otherwise_does_not_burst() -> None:
    engine = started(30e9)
    engine.set_capacity(0, 40e6, 100.0)
    engine.set_capacity(0, 100e6, 1100.0)  # the 60 s saved meanwhile fill the bucket again: 600 s of burst
    left = 30e9 - 100 * 25e6 - 1000 * 5e6
    assert end_of_first_sync(engine) == pytest.approx(1100.0 + 600.0 + (left - 15e9) * 8 / 100e6)


def test_the_efficiency_is_of_the_wire() -> None:
    half = Settings(link_efficiency=0.5, source_read_bps=8e9)
    assert end_of_first_sync(started(15e9, half)) == pytest.approx(600.0 + 7.5e9 * 8 / 50e6)


@pytest.mark.parametrize(
    "wrong", [lambda e: e.set_burst(0, 50e6, 1e9, 0.0), lambda e: e.set_burst(0, 200e6, 0.0, 0.0)]
)
def test_an_impossible_burst_is_refused(wrong: Callable[[Engine], Any]) -> None:
    engine = Engine(FULL)
    engine.add_link(100e6)
    with pytest.raises(ValueError, match="burst_bps"):
        wrong(engine)


def fleet() -> Engine:
    engine = Engine(Settings(expected_margin=0.1))
    wan, lan = engine.add_link(60e6), engine.add_link(90e6)
    engine.set_burst(wan, 120e6, 2e9, 0.0)
    engine.set_burst(lan, 130e6, 1e9, 0.0)
    for n in range(3):
        vm = engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e12, 2e9, Constant(0.9e6 * (n + 1))),)))
        links = (wan,) if n == 0 else (lan, wan)
        engine.set_path(engine.start(vm, 900.0, (2000,), False, 0.0), Route(links, 80e6), 0.0)
    return engine


def inputs(engine: Engine, until: Callable[[Engine, float], None]) -> tuple[object, ...]:
    until(engine, 7200.0)
    engine.pause(1, 7200.0)
    until(engine, 9000.0)
    engine.resume(1, 9000.0)
    engine.set_capacity(0, 30e6, 12000.0)
    until(engine, 15000.0)
    engine.set_capacity(0, 60e6, 15000.0)
    until(engine, 40000.0)
    return engine.take_events(), [engine.rpo(n, 40000.0) for n in range(3)]


def test_bursts_event_by_event_and_running_free_are_identical() -> None:
    def by_events(engine: Engine, until_s: float) -> None:
        while (due_s := engine.next_event()) <= until_s:
            engine.advance(due_s)
            engine.carried_bps()

    def in_slices(engine: Engine, until_s: float) -> None:
        t = engine.clock_s
        while t < until_s:
            t = min(t + 77.7, until_s)
            engine.advance(t)

    at_once = inputs(fleet(), lambda engine, until_s: engine.advance(until_s))
    assert len(at_once[0]) > 50  # type: ignore[arg-type]
    assert inputs(fleet(), by_events) == at_once
    assert inputs(fleet(), in_slices) == at_once
