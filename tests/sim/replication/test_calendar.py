"""Starts come in order of time whatever the RPOs: the calendar of starts against the slow engine."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from replication_engine_oracle import OracleEngine

from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import InstanceDone, Route
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload

HOUR_S = 3600.0
SETTINGS = Settings(even_out_up_to=0)


def instances(engine: Any, seed: int) -> list[tuple[int, int, float]]:
    """40 replications with RPOs from a minute to a week that begin during the first hours, some paused,
    stopped or asked for an instance; what was complete, in order."""
    rng = random.Random(seed)
    link = engine.add_link(400e6)
    inputs: list[tuple[float, int, str]] = [(0.0, n, "start") for n in range(3)]
    inputs += [(rng.uniform(0.0, 3 * HOUR_S), n, "start") for n in range(3, 40)]
    inputs += [(rng.uniform(4.0, 5.0) * HOUR_S, n, "pause") for n in range(0, 40, 5)]
    inputs += [(rng.uniform(5.0, 6.0) * HOUR_S, n, "resume") for n in range(0, 40, 5)]
    inputs += [(rng.uniform(4.0, 9.0) * HOUR_S, n, "sync") for n in range(1, 40, 3)]
    inputs += [(rng.uniform(6.0, 9.0) * HOUR_S, n, "stop") for n in range(2, 40, 7)]
    for n in range(40):
        engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e12, 1e8, Constant(rng.uniform(1e3, 4e5))),)))
    of: dict[int, int] = {}
    for at_s, n, what in sorted(inputs):
        if what == "start":
            rpo_s = 60.0 * math.exp(rng.uniform(0.0, math.log(7 * 24 * 60)))
            of[n] = engine.start(n, rpo_s, (2000,), False, at_s)
            engine.set_path(of[n], Route((link,), 200e6), at_s)
        elif what == "sync":
            engine.sync(of[n], False, at_s)
        else:
            getattr(engine, what)(of[n], at_s)
    engine.advance(12 * HOUR_S)
    done = [event for event in engine.take_events() if isinstance(event, InstanceDone)]
    return [(event.replication, event.sequence, event.started_s) for event in done]


@pytest.mark.parametrize("seed", range(4))
def test_starts_come_in_order_whatever_the_rpos(seed: int) -> None:
    fast = instances(Engine(SETTINGS), seed)
    slow = instances(OracleEngine(SETTINGS), seed)
    assert len(fast) > 1000
    assert [row[:2] for row in fast] == [row[:2] for row in slow]
    assert [row[2] for row in fast] == pytest.approx([row[2] for row in slow], rel=1e-9)


def test_a_start_that_is_years_of_the_calendar_away_comes() -> None:
    """Nothing but one instance a week, after the calendar was made for RPOs of a minute."""
    engine = Engine(SETTINGS)
    link = engine.add_link(1e9)
    for n, rpo_s in enumerate((60.0, 7 * 24 * HOUR_S)):
        engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e12, 1e6, Constant(1e3)),)))
        engine.start(n, rpo_s, (2000,), False, 0.0)
        engine.set_path(n, Route((link,), 1e9), 0.0)
    engine.advance(HOUR_S)
    engine.stop(0, HOUR_S)
    engine.advance(29 * 24 * HOUR_S)
    assert engine.rpo(1, 29 * 24 * HOUR_S).syncs >= 4
    assert engine.rpo(1, 29 * 24 * HOUR_S).violation_count == 0
