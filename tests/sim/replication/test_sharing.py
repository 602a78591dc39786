"""Max-min fair sharing against SimGrid, a slow oracle and arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from cxsim.sim.replication.sharing import CapacityChange, Flows, fair_rates, fluid
from hypothesis import given, settings
from hypothesis import strategies as st
from replication_golden import SETS, load, private_links_as_caps
from replication_oracles import finish_times, max_min


@pytest.mark.parametrize("name", SETS)
def test_simgrid_is_matched_to_1e9_of_the_flow_time(name: str) -> None:
    capacity, flows, simgrid = load(name)
    finish = fluid(capacity, flows)
    assert np.max(np.abs(finish - simgrid) / (simgrid - flows.start_s)) < 1e-9


def test_a_private_link_is_the_same_as_a_cap() -> None:
    capacity, flows, simgrid = load("cap_n2000_c10")
    finish = fluid(*private_links_as_caps(capacity, flows))
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


def test_two_flows_of_one_link_finish_when_arithmetic_says() -> None:
    flows = Flows.of([0.0, 0.0], [100.0, 300.0], [[0], [0]])
    assert fluid([100.0], flows).tolist() == [2.0, 4.0]


def test_an_outage_lasts_as_long_as_it_lasts() -> None:
    flows = Flows.of([0.0], [100.0], [[0]])
    changes = [CapacityChange(5.0, 0, 0.0), CapacityChange(65.0, 0, 10.0)]
    assert fluid([10.0], flows, changes).tolist() == [70.0]
    assert fluid([10.0], flows, changes[:1]).tolist() == [math.inf]


def test_a_capacity_change_counts_from_its_own_instant() -> None:
    flows = Flows.of([0.0, 10.0], [100.0, 100.0], [[0], [0]])
    changes = [CapacityChange(10.0, 0, 50.0)]
    assert fluid([10.0], flows, changes).tolist() == [10.0, 12.0]


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


@given(_sharings(), st.data())
@settings(deadline=None, max_examples=60)
def test_finish_times_are_those_of_the_textbook(
    case: tuple[list[int], list[int], list[list[int]]], data: st.DataObject
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
    found = fluid(
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
def test_impossible_input_is_refused(capacity: list[float], flows: Flows, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        fluid(capacity, flows)
