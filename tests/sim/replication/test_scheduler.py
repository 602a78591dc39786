"""The vendor's scheduling rule, by the vendor's examples (cx.md 6.1, 6.4 E3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.replication.scheduler import (
    Plan,
    even_out,
    expected_s,
    first_expected_s,
    latest_start_s,
    plan,
)

MIN = 60.0
RPO_S = 15 * MIN


@pytest.mark.parametrize(
    ("transfer_min", "margin", "next_min"),
    [
        (5.0, 0.0, 10.0),  # start 12:00, next no later than 12:10
        (7.5, 0.0, 7.5),  # RPO/2: back to back
        (10.0, 0.0, 10.0),  # longer than RPO/2: at once when done
        (5.0, 0.20, 9.0),  # our default margin: 12:09
        (5.0, 0.15, 9.25),
    ],
)
def test_the_next_start_is_the_vendors(transfer_min: float, margin: float, next_min: float) -> None:
    done_s = transfer_min * MIN
    found = plan(0.0, done_s, RPO_S, done_s, margin, 5.0)
    assert found.latest_s == pytest.approx(next_min * MIN, abs=1e-9)
    assert even_out([found]) == [found.latest_s]


def test_the_latest_start_is_last_start_plus_rpo_less_expected() -> None:
    assert latest_start_s(100.0, RPO_S, 300.0, 0.0) == 700.0


def test_expected_is_the_mean_of_the_last_n() -> None:
    assert expected_s([1.0, 2.0, 3.0, 5.0], of_last=2) == 4.0
    assert expected_s([7.0], of_last=15) == 7.0
    assert expected_s([], of_last=15) is None


def test_the_first_delta_is_scaled_to_a_whole_rpo() -> None:
    assert first_expected_s(took_s=10.0, covered_s=90.0, rpo_s=RPO_S) == 100.0
    assert first_expected_s(took_s=90.0, covered_s=90.0, rpo_s=RPO_S) == RPO_S / 2
    assert first_expected_s(took_s=0.0, covered_s=0.0, rpo_s=RPO_S) == 0.0


def test_without_experience_the_next_starts_at_once() -> None:
    assert plan(0.0, 50.0, RPO_S, None, 0.2, 5.0) == Plan(50.0, 50.0, 0.0)


def test_empty_deltas_do_not_chase_each_other() -> None:
    assert plan(0.0, 0.0, RPO_S, 2000.0, 0.2, 5.0).latest_s == 5.0


def test_two_that_would_overlap_follow_each_other() -> None:
    assert even_out([Plan(0.0, 100.0, 50.0), Plan(0.0, 100.0, 50.0)]) == [50.0, 100.0]
    assert even_out([Plan(0.0, 100.0, 50.0), Plan(0.0, 120.0, 50.0)]) == [70.0, 120.0]


def test_one_that_cannot_move_far_enough_keeps_its_latest_start() -> None:
    assert even_out([Plan(90.0, 100.0, 50.0), Plan(0.0, 101.0, 50.0)]) == [100.0, 101.0]


_PLANS = st.lists(
    st.builds(
        lambda at, early, takes: Plan(at - early, at, takes),
        st.floats(0, 1e4),
        st.floats(0, 150),
        st.floats(0, 200),
    ),
    max_size=8,
)


@given(_PLANS)
def test_nobody_is_moved_out_of_its_bounds(plans: list[Plan]) -> None:
    for start_s, p in zip(even_out(plans), plans, strict=True):
        assert p.from_s <= start_s <= p.latest_s


@given(_PLANS)
def test_plans_that_do_not_overlap_stay(plans: list[Plan]) -> None:
    apart = [Plan(0.0, 1e4 * n, p.takes_s) for n, p in enumerate(plans)]
    assert even_out(apart) == [p.latest_s for p in apart]
