"""Max-min fair sharing against SimGrid, a slow oracle and arithmetic: the reference and the kernels."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replication_golden import SETS, load, private_links_as_caps
from replication_oracles import finish_times, max_min

from cxsim.sim.replication.sharing import CapacityChange, Floats, Flows, fair_rates, fluid
from cxsim.sim.replication.solver import solve

Solver = Callable[..., Floats]
BOTH = pytest.mark.parametrize("solver", [fluid, solve], ids=lambda solver: solver.__name__)


@BOTH
@pytest.mark.parametrize("name", SETS)
def test_simgrid_is_matched_to_1e9_of_the_flow_time(solver: Solver, name: str) -> None:
    capacity, flows, simgrid = load(name)
    finish = solver(capacity, flows)
    assert np.max(np.abs(finish - simgrid) / (simgrid - flows.start_s)) < 1e-9


def test_a_comparison_with_simgrid_sees_the_smallest_difference() -> None:
    """The reference agrees to the bit: it settles links and steps time in SimGrid's own order."""
    capacity, flows, simgrid = load("n1000_c10")
    flows.size[500] *= 1 + 1e-12
    assert 0 < np.max(np.abs(fluid(capacity, flows) - simgrid) / (simgrid - flows.start_s)) < 1e-9


@BOTH
def test_a_private_link_is_the_same_as_a_cap(solver: Solver) -> None:
    capacity, flows, simgrid = load("cap_n2000_c10")
    finish = solver(*private_links_as_caps(capacity, flows))
    assert np.max(np.abs(finish - simgrid) / (simgrid - flows.start_s)) < 1e-9


def test_one_link_is_shared_equally() -> None:
    assert fair_rates([90.0], [math.inf] * 3, [[0]] * 3) == [30.0, 30.0, 30.0]


def test_what_a_cap_leaves_goes_to_the_others() -> None:
    assert fair_rates([90.0], [10.0, math.inf, math.inf], [[0]] * 3) == [10.0, 40.0, 40.0]


def test_the_long_route_gets_the_share_of_its_narrowest_link() -> None:
    assert fair_rates([10.0, 4.0], [math.inf] * 3, [[0, 1], [0], [1]]) == [2.0, 8.0, 2.0]


def test_a_dead_link_stops_its_transfers_only() -> None:
    assert fair_rates([0.0, 8.0], [math.inf] * 2, [[0, 1], [1]]) == [0.0, 8.0]


def test_a_transfer_without_links_runs_at_its_cap() -> None:
    assert fair_rates([], [5.0, math.inf], [[], []]) == [5.0, math.inf]


@BOTH
def test_two_flows_of_one_link_finish_when_arithmetic_says(solver: Solver) -> None:
    flows = Flows.of([0.0, 0.0], [100.0, 300.0], [[0], [0]])
    assert solver([100.0], flows).tolist() == [2.0, 4.0]


@BOTH
def test_an_outage_lasts_as_long_as_it_lasts(solver: Solver) -> None:
    flows = Flows.of([0.0], [100.0], [[0]])
    changes = [CapacityChange(5.0, 0, 0.0), CapacityChange(65.0, 0, 10.0)]
    assert solver([10.0], flows, changes).tolist() == [70.0]
    assert solver([10.0], flows, changes[:1]).tolist() == [math.inf]


@BOTH
def test_a_capacity_change_counts_from_its_own_instant(solver: Solver) -> None:
    flows = Flows.of([0.0, 10.0], [100.0, 100.0], [[0], [0]])
    changes = [CapacityChange(10.0, 0, 50.0)]
    assert solver([10.0], flows, changes).tolist() == [10.0, 12.0]


_NUMBERS = st.integers(0, 20)


@st.composite
def _sharings(draw: st.DrawFn) -> tuple[list[int], list[int], list[list[int]]]:
    links = draw(st.lists(_NUMBERS, min_size=1, max_size=4))
    count = draw(st.integers(1, 6))
    caps = draw(st.lists(_NUMBERS, min_size=count, max_size=count))
    route = st.lists(st.integers(0, len(links) - 1), unique=True, max_size=len(links))
    return links, caps, draw(st.lists(route, min_size=count, max_size=count))


@given(_sharings())
@settings(deadline=None, max_examples=150)
def test_rates_are_those_of_the_textbook(case: tuple[list[int], list[int], list[list[int]]]) -> None:
    links, caps, routes = case
    rates = fair_rates([float(c) for c in links], [float(c) for c in caps], routes)
    exact = max_min([Fraction(c) for c in links], [Fraction(c) for c in caps], routes)
    assert rates == pytest.approx([float(rate) for rate in exact], rel=1e-12, abs=1e-12)


@BOTH
@given(case=_sharings(), data=st.data())
@settings(deadline=None, max_examples=150)
def test_finish_times_are_those_of_the_textbook(
    solver: Solver, case: tuple[list[int], list[int], list[list[int]]], data: st.DataObject
) -> None:
    links, caps, routes = case
    count = len(caps)
    starts = data.draw(st.lists(_NUMBERS, min_size=count, max_size=count))
    sizes = data.draw(st.lists(_NUMBERS, min_size=count, max_size=count))
    times = st.integers(0, 30)
    change = st.tuples(times, st.integers(0, len(links) - 1), _NUMBERS)
    changes = data.draw(st.lists(change, max_size=3, unique_by=lambda c: c[:2]))
    exact = finish_times(
        [Fraction(c) for c in links],
        [Fraction(t) for t in starts],
        [Fraction(s) for s in sizes],
        [Fraction(c) for c in caps],
        routes,
        [(Fraction(t), link, Fraction(value)) for t, link, value in changes],
    )
    found = solver(
        np.array(links, float),
        Flows.of(starts, sizes, routes, caps),
        [CapacityChange(float(t), link, float(value)) for t, link, value in changes],
    )
    assert found.tolist() == pytest.approx(exact, rel=1e-9, abs=1e-9)


@given(_sharings(), st.sampled_from([2.0**-10, 2.0**20]))
@settings(deadline=None, max_examples=50)
def test_the_unit_does_not_matter(case: tuple[list[int], list[int], list[list[int]]], unit: float) -> None:
    links, caps, routes = case
    rates = fair_rates([float(c) for c in links], [float(c) for c in caps], routes)
    scaled = fair_rates([c * unit for c in links], [c * unit for c in caps], routes)
    assert scaled == [rate * unit for rate in rates]


@BOTH
@pytest.mark.parametrize(
    ("capacity", "flows", "wrong"),
    [
        ([-1.0], Flows.of([0.0], [1.0], [[0]]), r"capacity\[0\] = -1.0"),
        ([1.0], Flows.of([0.0], [math.nan], [[0]]), r"size\[0\] = nan"),
        ([1.0], Flows.of([0.0], [1.0], [[1]]), "route of flow 0"),
        ([1.0], Flows.of([0.0], [1.0], [[0, 0]]), "route of flow 0"),
        ([1.0], Flows.of([math.inf], [1.0], [[0]]), r"start_s\[0\]"),
    ],
)
def test_impossible_input_is_refused(solver: Solver, capacity: list[float], flows: Flows, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        solver(capacity, flows)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_one_bottleneck_with_caps_is_the_reference(data: st.DataObject) -> None:
    """Fractions that binary cannot hold, equal caps, caps and capacities of 0: where rounding could make
    the classes change places for ever."""
    tenths = st.integers(0, 12).map(lambda n: n / 10)
    count = data.draw(st.integers(1, 25))
    many = {"min_size": count, "max_size": count}
    starts = data.draw(st.lists(tenths, **many))
    sizes = data.draw(st.lists(tenths, **many))
    caps = data.draw(st.lists(st.one_of(tenths, st.just(math.inf)), **many))
    changes = [CapacityChange(t, 0, c) for t, c in data.draw(st.lists(st.tuples(tenths, tenths), max_size=3))]
    flows = Flows.of(starts, sizes, [[0]] * count, caps)
    capacity = [data.draw(tenths)]
    assert solve(capacity, flows, changes).tolist() == pytest.approx(
        fluid(capacity, flows, changes).tolist(), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_link_that_carries_nothing_carries_not_even_rounding(seed: int) -> None:
    """With caps that come and go, one of them 0, until the link is cut: what is left then never arrives."""
    rng = np.random.default_rng(seed)
    starts, sizes = rng.uniform(0, 30, 20).tolist(), rng.uniform(0.1, 100, 20).tolist()
    caps = [0.0, math.inf, *rng.uniform(0.1, 20, 18).tolist()]
    changes = [CapacityChange(20.0, 0, 7.3), CapacityChange(40.0, 0, 0.0)]
    flows = Flows.of(starts, sizes, [[0]] * 20, caps)
    finish = solve([50.0], flows, changes)
    assert finish.tolist() == pytest.approx(fluid([50.0], flows, changes).tolist(), rel=1e-9)
    assert math.isinf(max(finish))
    assert all(t <= 40.0 or math.isinf(t) for t in finish)


def test_links_that_all_share_act_as_the_narrowest_at_every_instant() -> None:
    flows = Flows.of([0.0, 0.0], [100.0, 100.0], [[0, 1], [1, 0]], [math.inf, 4.0])
    changes = [CapacityChange(5.0, 0, 2.0), CapacityChange(15.0, 1, 1.0), CapacityChange(50.0, 0, 50.0)]
    capacity = [20.0, 10.0]
    assert solve(capacity, flows, changes) == pytest.approx(fluid(capacity, flows, changes), rel=1e-12)


def test_processor_sharing_keeps_the_mean_sojourn_of_queueing_theory() -> None:
    """M/G/1 with processor sharing: mean sojourn = mean size / (capacity (1 - load)), whatever the sizes'
    distribution (Kleinrock, Queueing Systems II, 4.4)."""
    rng = np.random.default_rng(20171106)
    count, load_ = 400_000, 0.6
    starts = np.cumsum(rng.exponential(1 / load_, count))
    sizes = rng.lognormal(-0.5, 1.0, count)  # mean 1
    sizes /= sizes.mean()
    sojourn = solve([1.0], Flows.of(starts.tolist(), sizes.tolist(), [[0]] * count)) - starts
    assert sojourn[count // 100 :].mean() == pytest.approx(1 / (1 - load_), rel=0.01)


def test_the_virtual_clock_is_set_back_before_it_loses_digits() -> None:
    rng = np.random.default_rng(1)
    starts = np.sort(rng.uniform(0, 1e5, 40)).tolist()
    flows = Flows.of(
        starts, rng.uniform(1e12, 9e12, 40).tolist(), [[0]] * 40, rng.uniform(1e7, 1e9, 40).tolist()
    )
    assert solve([1e9], flows) == pytest.approx(fluid([1e9], flows), rel=1e-12)
