"""The vendor's scheduling rule, by the vendor's examples (cx.md 6.1, 6.4 E3)."""

from __future__ import annotations

import pytest
from cxsim.sim.replication.scheduler import expected_s, latest_start_s, next_start_s

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
    assert next_start_s(0.0, done_s, RPO_S, done_s, margin, 5.0) == pytest.approx(next_min * MIN, abs=1e-9)


def test_the_latest_start_is_last_start_plus_rpo_less_expected() -> None:
    assert latest_start_s(100.0, RPO_S, 300.0, 0.0) == 700.0


def test_expected_is_the_mean_of_the_last_n() -> None:
    assert expected_s([1.0, 2.0, 3.0, 5.0], of_last=2) == 4.0
    assert expected_s([7.0], of_last=15) == 7.0
    assert expected_s([], of_last=15) is None


def test_without_experience_the_next_starts_at_once() -> None:
    assert next_start_s(0.0, 50.0, RPO_S, None, 0.2, 5.0) == 50.0


def test_empty_deltas_do_not_chase_each_other() -> None:
    assert next_start_s(0.0, 0.0, RPO_S, 2000.0, 0.2, 5.0) == 5.0
