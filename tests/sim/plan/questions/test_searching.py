"""The smallest rate that passes: on the grid, verified, also where more is not always better."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.plan.questions.searching import MARGIN, rate_of, smallest, step_of


@given(st.floats(1.0, 1e12))
def test_the_grid_is_at_most_one_percent_apart(rate_bps: float) -> None:
    step = step_of(rate_bps)
    assert rate_of(step) <= rate_bps * (1 + 1e-9)
    assert rate_of(step + 1) > rate_bps * (1 - 1e-9)
    assert rate_of(step + 1) / rate_of(step) <= 1.01 * (1 + 1e-12)
    assert step_of(rate_of(step)) == step


@given(st.floats(1e5, 1e11), st.floats(1e5, 1e11))
def test_it_finds_the_threshold_wherever_it_begins(threshold_bps: float, guess_bps: float) -> None:
    def passes(rates: Sequence[float]) -> list[bool]:
        return [rate >= threshold_bps for rate in rates]

    found = smallest(passes, guess_bps, 1e4, 1e12)
    assert found.rate_bps is not None
    step = step_of(found.rate_bps)
    assert rate_of(step - 1) < threshold_bps <= rate_of(step)
    tried = dict(found.tried)
    assert tried[found.rate_bps]
    assert not tried[found.rate_bps * (1 - MARGIN)]
    assert found.monotone
    assert len(tried) < 60


@given(st.floats(1e6, 1e9), st.sets(st.integers(-40, -1), max_size=8), st.floats(1e6, 1e9))
def test_rates_that_pass_by_chance_below_are_found_or_out_of_reach(
    threshold_bps: float, lucky: set[int], guess_bps: float
) -> None:
    """Nothing that was tried below the answer passes, and the answer itself does."""
    edge = step_of(threshold_bps)

    def passes(rates: Sequence[float]) -> list[bool]:
        return [rate >= threshold_bps or step_of(rate) - edge in lucky for rate in rates]

    found = smallest(passes, guess_bps, 1e5, 1e11)
    assert found.rate_bps is not None
    assert passes([found.rate_bps]) == [True]
    exact = found.rate_bps * (1 - MARGIN)
    assert not any(good for rate, good in found.tried if rate < found.rate_bps and rate != exact)


@given(st.floats(1e6, 1e10), st.floats(1e6, 1e10))
def test_a_rough_search_is_within_the_margin_and_shorter(threshold_bps: float, guess_bps: float) -> None:
    def passes(rates: Sequence[float]) -> list[bool]:
        return [rate >= threshold_bps for rate in rates]

    rough = smallest(passes, guess_bps, 1e5, 1e11, sure=False)
    assert rough.rate_bps is not None
    assert threshold_bps <= rough.rate_bps <= threshold_bps / (1 - MARGIN) * 1.01
    assert len(rough.tried) < len(smallest(passes, guess_bps, 1e5, 1e11).tried)


def test_what_nothing_passes_is_said() -> None:
    found = smallest(lambda rates: [False] * len(rates), 5e6, 1e6, 1e9)
    assert found.rate_bps is None
    assert found.most_bps == 1e9
    assert found.tried[-1] == (1e9, False)


def test_what_everything_passes_is_the_least() -> None:
    found = smallest(lambda rates: [True] * len(rates), 5e8, 1e6, 1e9)
    assert found.rate_bps == 1e6


def test_a_rate_is_asked_for_once() -> None:
    asked: list[float] = []

    def passes(rates: Sequence[float]) -> list[bool]:
        asked.extend(rates)
        return [rate >= 3.21e7 for rate in rates]

    smallest(passes, 1e7, 1e6, 1e9)
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("rate_bps", [0.0, -1.0, math.nan])
def test_a_rate_that_means_nothing_is_refused(rate_bps: float) -> None:
    with pytest.raises(ValueError):
        step_of(rate_bps)
