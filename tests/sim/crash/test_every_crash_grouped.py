"""The core dies before and after every distinct journal write and call of two VMs that share a vApp."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.sim.crash.harness import every_crash
from cxsim.sim.crash.plans import GROUPED


@pytest.mark.timeout(600)
def test_no_crash_loses_a_vm_doubles_it_or_leaves_anything_behind(tmp_path: Path) -> None:
    run = every_crash(GROUPED, tmp_path)
    bad = [f"{verdict.case}: {verdict.problems}" for verdict in run.verdicts if verdict.problems]
    assert not bad, "\n".join(bad)
    assert len(run.verdicts) > 150
