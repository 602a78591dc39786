"""Every shipped scenario ends as it says, and not without its faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.sim.result import Exit
from cxsim.sim.run import run_scenario
from cxsim.sim.scenario import Scenario, discover

LIBRARY = discover([Path(__file__).parents[2] / "scenarios"], tags=(), seed=None)


@pytest.mark.parametrize("scenario", LIBRARY, ids=lambda s: s.name)
def test_a_scenario_ends_as_expected(scenario: Scenario) -> None:
    result = run_scenario(scenario)
    assert result.exit is Exit.MET, [*result.problems, *(c.detail for c in result.checks if not c.met)]
    assert result.checks_met == len(result.checks) > 0
    assert all(fault.met for fault in result.faults)


@pytest.mark.parametrize("scenario", [s for s in LIBRARY if s.faults], ids=lambda s: s.name)
def test_without_its_faults_a_scenario_ends_in_success(scenario: Scenario) -> None:
    assert scenario.without_faults, "says how it ends without its faults"
    result = run_scenario(scenario, without_faults=True)
    assert result.exit is Exit.MET, [*result.problems, *(c.detail for c in result.checks if not c.met)]


@pytest.mark.parametrize("scenario", [s for s in LIBRARY if "enable-failed" in s.tags], ids=lambda s: s.name)
def test_a_failed_enabling_names_the_injected_device_or_setting(scenario: Scenario) -> None:
    causes = "\n".join(run_scenario(scenario).causes)
    fault = scenario.faults[0].fault
    named = getattr(fault, "edge", None) or getattr(fault, "appliance", None)
    assert named is not None
    assert named in causes
    assert "Would pass with:" in causes


def test_no_cause_is_told_when_nothing_fails() -> None:
    warm = next(s for s in LIBRARY if s.name == "warm-migration")
    assert run_scenario(warm).causes == ()
