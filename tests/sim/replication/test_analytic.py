"""Against theory: a processor-sharing queue; against the slow engine on arbitrary fleets."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replication_engine_oracle import OracleEngine

from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import InstanceDone, Route, RpoChanged
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.sharing import Flows
from cxsim.sim.replication.solver import solve
from cxsim.sim.replication.workload import Constant, Disk, PeriodicRewrite, VmWorkload, WorkingSet, Workload

HOUR_S = 3600.0


@pytest.mark.parametrize("sizes", ["exponential", "lognormal", "constant"])
def test_the_mean_sojourn_of_m_g_1_processor_sharing_is_size_over_spare_capacity(sizes: str) -> None:
    """E[T] = E[S] / (1 - load), whatever the distribution (Kleinrock, Queueing Systems 2, 4.4)."""
    rng, count, load = np.random.default_rng(7), 1_000_000, 0.6
    drawn = {
        "exponential": lambda: rng.exponential(1.0, count),
        "lognormal": lambda: rng.lognormal(-0.5, 1.0, count),
        "constant": lambda: np.ones(count),
    }[sizes]()
    starts = np.cumsum(rng.exponential(1 / load, count))
    routes = np.arange(count + 1, dtype=np.int64)
    flows = Flows(starts, drawn, np.full(count, math.inf), routes, np.zeros(count, np.int64))
    sojourn = (solve([1.0], flows) - starts).mean()
    busy = drawn.sum() / starts[-1]
    assert sojourn == pytest.approx(drawn.mean() / (1 - busy), rel=0.01)


_WORKLOADS = st.one_of(
    st.builds(Constant, st.floats(0, 3e6)),
    st.builds(WorkingSet, st.floats(0, 3e6), st.floats(0, 1e9)),
    st.builds(PeriodicRewrite, st.floats(0, 1e8), st.floats(60, 5000)),
)
_INPUTS = st.lists(
    st.tuples(
        st.integers(1, 8 * 60).map(lambda minute: 60.0 * minute + 0.37),
        st.sampled_from(["capacity", "cut", "mend", "pause", "resume", "sync", "final", "off", "on"]),
        st.integers(0, 3),
        st.floats(0.2, 1.5),
    ),
    max_size=12,
)


def apply(engine: Any, what: str, n: int, at_s: float, capacity_bps: float, routes: list[Route]) -> None:
    {
        "capacity": lambda: engine.set_capacity(0, capacity_bps, at_s),
        "cut": lambda: engine.set_path(n, None, at_s),
        "mend": lambda: engine.set_path(n, routes[n], at_s),
        "pause": lambda: engine.pause(n, at_s),
        "resume": lambda: engine.resume(n, at_s),
        "sync": lambda: engine.sync(n, False, at_s),
        "final": lambda: engine.sync(n, True, at_s),
        "off": lambda: engine.set_power(n, False, at_s),
        "on": lambda: engine.set_power(n, True, at_s),
    }[what]()


def play(
    engine: Any, workloads: list[Workload], rpos: list[float], inputs: list[Any], one_route: bool
) -> list[tuple[float, ...]]:
    wan, lan = engine.add_link(60e6), engine.add_link(45e6)
    count = len(workloads)
    routes = [Route((wan,) if one_route or n % 2 else (lan, wan), 30e6 + 1e6 * n) for n in range(count)]
    for n, workload in enumerate(workloads):
        vm = engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e12, 3e8 * (n + 1), workload),)))
        engine.set_path(engine.start(vm, rpos[n], (2000,), False, 0.0), routes[n], 0.0)
    for at_s, what, which, size in sorted(inputs, key=lambda given: given[0]):
        apply(engine, what, which % count, at_s, 60e6 * size, routes)
    engine.advance(9 * HOUR_S)
    reports = [engine.rpo(n, 9 * HOUR_S) for n in range(count)]
    shipped = [0.0] * count
    for event in cast("list[InstanceDone | RpoChanged]", engine.take_events()):
        if isinstance(event, InstanceDone):
            shipped[event.replication] += event.transfer_bytes
    return [(r.violated_s, r.peak_age_s, r.syncs, s) for r, s in zip(reports, shipped, strict=True)]


@given(
    vms=st.lists(st.tuples(_WORKLOADS, st.sampled_from([300.0, 900.0, 3600.0])), min_size=1, max_size=4),
    inputs=_INPUTS,
    one_route=st.booleans(),
    margin=st.sampled_from([0.0, 0.2]),
)
@settings(deadline=None, max_examples=15)
def test_the_compiled_engine_agrees_with_the_slow_one_on_any_fleet(
    vms: list[tuple[Workload, float]], inputs: list[Any], one_route: bool, margin: float
) -> None:
    # The rounding of ten thousand steps may decide a tie between two plans: nothing is evened out here.
    chosen = Settings(expected_margin=margin, even_out_up_to=0, min_interval_s=60.0)
    workloads, rpos = [vm[0] for vm in vms], [vm[1] for vm in vms]
    fast = play(Engine(chosen), workloads, rpos, inputs, one_route)
    slow = play(OracleEngine(chosen), workloads, rpos, inputs, one_route)
    for a, b in zip(fast, slow, strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=0.01)
