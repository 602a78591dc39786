"""A crash and a fault of the network at the same time, drawn by seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.sim.crash.harness import crashes
from cxsim.sim.crash.plans import COLD, GROUPED, WARM, Plan
from cxsim.sim.crash.trouble import sampled

PLANS = (WARM, COLD, GROUPED)
FIRST, MANY = 100, 3334
"""Seeds a plan in `make test`, and in `make test-long`: 300 and 10,000 in all."""


def bad_of(plan: Plan, seeds: range, directory: Path) -> list[str]:
    run = crashes(plan, directory, lambda points: sampled(len(points), seeds))
    assert len(run.verdicts) == len(seeds)
    return [f"{verdict.case}: {verdict.problems}" for verdict in run.verdicts if verdict.problems]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_fault_at_the_same_time_changes_nothing_of_that(plan: Plan, tmp_path: Path) -> None:
    bad = bad_of(plan, range(FIRST), tmp_path)
    assert not bad, "\n".join(bad)


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_fault_at_the_same_time_changes_nothing_in_ten_thousand_cases(plan: Plan, tmp_path: Path) -> None:
    bad = bad_of(plan, range(FIRST, FIRST + MANY), tmp_path)
    assert not bad, "\n".join(bad)
