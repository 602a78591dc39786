"""RPO accounting: exact at the boundaries (the plain-Python clock that the compiled one is held to)."""

from __future__ import annotations

import math

import pytest
from replication_clock_oracle import RpoClock

from cxsim.sim.replication.accounting import Violation, fleet_of

RPO_S = 900.0


def clock(started_s: float = 0.0, at_s: float = 0.0) -> RpoClock:
    made = RpoClock(RPO_S, late_tolerance_s=60.0)
    made.start(started_s, at_s)
    return made


def test_ten_minute_transfers_violate_12_15_to_12_20_and_5_of_every_10_minutes() -> None:
    c = clock(0.0, 600.0)  # 12:00-12:10
    for n in range(1, 5):
        c.completed(600.0 * n, 600.0 * (n + 1))
    vm = c.report("deckard", 3000.0)
    assert vm.violations == tuple(Violation(600.0 * n - 300.0, 600.0 * n) for n in range(2, 6))
    assert vm.time_in_rpo == pytest.approx(0.5)
    assert vm.peak_age_s == 1200.0


def test_an_instance_at_exactly_the_rpo_violates_nothing() -> None:
    c = clock()
    c.completed(600.0, 900.0)
    vm = c.report("deckard", 1500.0)
    assert (vm.violations, vm.time_in_rpo, vm.peak_age_s) == ((), 1.0, 900.0)


def test_a_violation_goes_on_when_the_new_instance_is_too_old_too() -> None:
    c = clock()
    c.completed(100.0, 1900.0)
    c.completed(1900.0, 2000.0)
    assert c.report("deckard", 2000.0).violations == (Violation(900.0, 2000.0),)


def test_nothing_is_counted_before_the_initial_sync_is_complete() -> None:
    c = RpoClock(RPO_S, 60.0)
    c.completed(0.0, 5000.0)
    vm = c.report("deckard", 9000.0)
    assert (vm.rpo_from_s, vm.time_in_rpo, vm.syncs) == (None, None, 0)


def test_an_initial_sync_older_than_the_rpo_violates_from_its_end() -> None:
    c = clock(0.0, 2000.0)
    assert c.report("deckard", 2500.0).violations == (Violation(2000.0, 2500.0, ongoing=True),)


def test_an_ongoing_violation_shows_in_the_report_and_reading_changes_nothing() -> None:
    c = clock()
    first = c.report("deckard", 1000.0)
    assert first.violations == (Violation(900.0, 1000.0, ongoing=True),)
    assert c.report("deckard", 1000.0) == first
    assert c.next_violation_s() == 900.0


def test_the_clock_stops_at_the_final_sync() -> None:
    c = clock()
    c.finish(1200.0)
    c.completed(1200.0, 9000.0)
    vm = c.report("deckard", 20000.0)
    assert vm.violations == (Violation(900.0, 1200.0),)
    assert vm.time_in_rpo == pytest.approx(0.75)
    assert (vm.rpo_until_s, vm.syncs, vm.peak_age_s) == (1200.0, 0, 1200.0)


def test_a_sync_is_late_beyond_the_tolerance() -> None:
    c = clock()
    c.completed(600.0, 955.0)  # 55 s over: violated, within the tolerance
    c.completed(1200.0, 1561.0)  # 61 s over
    vm = c.report("deckard", 1600.0)
    assert (vm.syncs, vm.late_syncs, len(vm.violations)) == (2, 1, 2)


def test_the_fleet_weighs_by_observed_time() -> None:
    bad, good, unseen = clock(), clock(), RpoClock(RPO_S, 60.0)
    for n in range(1, 30):
        good.completed(300.0 * n, 300.0 * n)
    fleet = fleet_of((bad.report("a", 1800.0), good.report("b", 9000.0), unseen.report("c", 9000.0)))
    assert fleet.vms == 2
    assert fleet.time_in_rpo == pytest.approx(1 - 900.0 / (1800.0 + 9000.0))
    assert fleet.violations == 1
    assert fleet.peak_age_s == 1800.0


def test_an_empty_fleet_has_no_figure() -> None:
    assert fleet_of(()).time_in_rpo is None


@pytest.mark.parametrize("rpo_s", [0.0, -1.0, math.inf, math.nan])
def test_an_impossible_rpo_is_refused(rpo_s: float) -> None:
    with pytest.raises(ValueError, match="rpo_s"):
        RpoClock(rpo_s, 60.0)
