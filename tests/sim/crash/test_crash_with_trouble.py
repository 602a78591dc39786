"""A crash and a fault of the network at the same time, drawn by seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.fake_cx.cutover import Cutover
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


UNDOING = 30
"""A seed whose fault lets a cutover of `WARM` fail when its VM is in vCloud Director already."""


def test_the_harness_sees_what_a_product_leaves_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The administrator of the harness does not clean up: a product that does not is found out."""
    monkeypatch.setattr(Cutover, "undo", lambda self, migration: None)
    (bad,) = bad_of(WARM, range(UNDOING, UNDOING + 1), tmp_path)
    assert "left behind: vApp deckard after the migration of deckard was cancelled" in bad
