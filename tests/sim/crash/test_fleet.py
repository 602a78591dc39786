"""Many migrations at once: the same invariants, and a control plane whose cost per VM does not rise."""

from __future__ import annotations

import pytest

from cxsim.sim.crash.fleet import run_fleet


@pytest.mark.timeout(300)
def test_calls_per_vm_and_hour_do_not_rise_with_the_number_of_vms(capsys: pytest.CaptureFixture[str]) -> None:
    few, more = run_fleet(10, 2), run_fleet(40, 2)
    print(few.text())
    print(more.text())
    for figures in (few, more):
        assert figures.problems == ()
        assert figures.completed == figures.vms
    assert more.calls_per_vm_hour <= few.calls_per_vm_hour
    assert more.core_calls_per_vm_hour <= few.core_calls_per_vm_hour
    assert "calls per VM and hour" in capsys.readouterr().out
