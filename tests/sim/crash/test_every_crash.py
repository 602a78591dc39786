"""The core dies before and after every distinct journal write and call of a warm and of a cold migration."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.sim.crash.harness import every_crash
from cxsim.sim.crash.plans import COLD, WARM, Plan


@pytest.mark.timeout(600)
@pytest.mark.parametrize("plan", [WARM, COLD], ids=lambda plan: plan.name)
def test_no_crash_loses_a_vm_doubles_it_or_leaves_anything_behind(plan: Plan, tmp_path: Path) -> None:
    run = every_crash(plan, tmp_path)
    bad = [f"{verdict.case}: {verdict.problems}" for verdict in run.verdicts if verdict.problems]
    assert not bad, "\n".join(bad)
    assert len(run.verdicts) >= 2 * len({point.what for point in run.points}) - 2
    assert {point.when for point in run.points} == {"before", "after"}
