"""One run: its figures are the data plane's, its notes add up, and its digest is of its content."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
from dataclasses import replace

import pytest
from plan_fleets import DAY_S, basis, fleet, some_run

from cxsim.sim.plan.runs import Fleet, Run, drawn_fleet
from cxsim.sim.plan.runs.execute import execute
from cxsim.sim.plan.runs.model import from_plain, to_plain
from cxsim.sim.replication.fleet import simulate
from cxsim.sim.replication.settings import Settings


def test_a_run_has_the_figures_of_the_fleet_simulation() -> None:
    given = Fleet(fleet().vms)
    result = execute(Run(given, 20e6, 2 * DAY_S))
    expected = simulate(given.vms, 20e6, 2 * DAY_S)
    assert result.fleet.time_in_rpo == expected.fleet.time_in_rpo
    assert result.fleet.causes == expected.fleet.causes
    for mine, vm, shipped in zip(result.vms, expected.vms, expected.shipped_bytes, strict=True):
        assert (mine.name, mine.time_in_rpo, mine.violations) == (vm.name, vm.time_in_rpo, vm.violation_count)
        assert (mine.peak_age_s, mine.shipped_bytes) == (vm.peak_age_s, shipped)
        assert vm.ages is not None
        assert mine.age_p95_s == vm.ages.p95


def test_notes_change_no_figure_and_add_up_to_the_run() -> None:
    plain = execute(some_run(55e6, 3.0))
    noted = execute(some_run(55e6, 3.0, sample_s=3600.0, daily=True))
    assert noted.fleet == plain.fleet
    assert noted.vms == plain.vms
    series = noted.series
    assert series is not None
    assert len(series.at_s) == 72
    assert plain.fleet.violations > 10
    assert sum(series.violations) == plain.fleet.violations
    assert [sum(days) for days in series.day_violations] == [vm.violations for vm in plain.vms]
    assert [max(days) for days in series.day_peak_age_s] == [vm.peak_age_s for vm in plain.vms]
    assert max(age for age in series.worst_age_s if age is not None) == plain.fleet.peak_age_s
    carried_bytes = sum(series.carried_bps) * 3600 / 8
    assert plain.fleet.shipped_bytes <= carried_bytes <= plain.fleet.shipped_bytes * 1.02
    usable = 55e6 * Settings().link_efficiency
    assert all(math.isclose(bps, usable) for bps in series.usable_bps)
    assert max(series.carried_bps) <= usable * (1 + 1e-9)


def test_the_link_may_change_and_the_notes_know() -> None:
    changes = ((0.0, 40e6), (DAY_S / 4, 10e6), (DAY_S / 2, 40e6))
    series = execute(some_run(40e6, 1.0, capacity_changes=changes, sample_s=3600.0)).series
    assert series is not None
    usable = [round(bps / 0.72) for bps in series.usable_bps]
    assert usable == [40_000_000] * 6 + [10_000_000] * 6 + [40_000_000] * 12
    assert max(series.carried_bps[6:12]) <= 7.2e6 * (1 + 1e-9)


def test_vms_begin_when_they_are_told_and_stay_in_their_order() -> None:
    vms = fleet(3).vms
    result = execute(Run(Fleet(vms, (7200.0, 0.0, 2 * DAY_S)), 50e6, DAY_S, sample_s=3600.0, daily=True))
    assert [vm.name for vm in result.vms] == ["vm0", "vm1", "vm2"]
    assert [vm.synced_s for vm in result.vms] == [7200.0, 0.0, None]
    assert result.vms[0].observed_s == DAY_S - 7200.0
    assert result.series is not None
    assert result.series.day_peak_age_s[2] == (0.0,)


def test_a_measured_link_is_not_reduced_again() -> None:
    measured = execute(some_run(50e6, measured_bps=36e6))
    assert measured == execute(some_run(50e6, settings=Settings(link_efficiency=0.72)))


def test_digests_are_of_the_content() -> None:
    run = some_run()
    assert run.digest == some_run().digest == pickle.loads(pickle.dumps(run)).digest
    shifted = replace(run.fleet, starts_s=tuple(s + 1 for s in run.fleet.starts_s))
    others = [
        replace(run, link_bps=51e6),
        replace(run, duration_s=2 * DAY_S),
        replace(run, settings=Settings(expected_margin=0.1)),
        replace(run, capacity_changes=((10.0, 1e6),)),
        replace(run, limits=(("esx", 2),)),
        replace(run, measured_bps=1e6),
        replace(run, sample_s=60.0),
        replace(run, fleet=fleet(rate=2.1e5)),
        replace(run, fleet=shifted),
    ]
    assert len({run.digest, *(other.digest for other in others)}) == len(others) + 1


def test_a_digest_is_the_same_in_another_process() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from plan_fleets import some_run, basis;"
        "from cxsim.sim.plan.runs import drawn_fleet;"
        "print(some_run().digest, drawn_fleet(basis(), 900.0, 5).digest)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, __file__.rsplit("/runs/", 1)[0]],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    ).stdout.split()
    assert told == [some_run().digest, drawn_fleet(basis(), 900.0, 5).digest]


def test_a_result_survives_a_file() -> None:
    result = execute(some_run(20e6, sample_s=3600.0, daily=True))
    assert from_plain(to_plain(result)) == result


@pytest.mark.parametrize(
    "wrong",
    [{"duration_s": 0.0}, {"sample_s": -1.0}, {"daily": True}, {"sample_s": 7000.0, "daily": True}],
)
def test_a_run_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Run(**{"fleet": fleet(), "link_bps": 1e6, "duration_s": DAY_S, **wrong})  # type: ignore[arg-type]


def test_other_seeds_make_up_other_bursts_and_leave_what_was_measured() -> None:
    plan = basis()
    first, again, other = (drawn_fleet(plan, 900.0, seed) for seed in (plan.seed, None, plan.seed + 1))
    assert first.digest == again.digest != other.digest
    assert [vm.name for vm in first.vms] == [vm.name for vm in other.vms]
    changes = plan.changes
    kept = tuple(replace(rate, made_up="no") for rate in changes.rates)
    measured = replace(plan, changes=replace(changes, rates=kept))
    assert Fleet(drawn_fleet(measured, 900.0, 9).vms).digest == Fleet(first.vms).digest
