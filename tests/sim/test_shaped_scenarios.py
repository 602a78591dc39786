"""The scenarios with shaped lines and limits: they end as they say because of these, and not otherwise."""

from __future__ import annotations

import re
from pathlib import Path

from cxsim.sim.result import Exit
from cxsim.sim.run import run_scenario
from cxsim.sim.scenario import Scenario, load

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def without_shape(scenario: Scenario) -> Scenario:
    site = scenario.sites["tyrell"]
    straight = site.model_copy(update={"wan": site.wan.model_copy(update={"shape": ()})})
    return scenario.model_copy(update={"sites": {**scenario.sites, "tyrell": straight}})


def with_limits(scenario: Scenario, limits: dict[str, int]) -> Scenario:
    limited = scenario.replication.model_copy(update={"limits": limits})
    return scenario.model_copy(update={"replication": limited})


def test_without_its_shape_the_line_misses_no_rpo() -> None:
    (scenario,) = load(SCENARIOS / "rpo-office-hours.yaml")
    result = run_scenario(without_shape(scenario))
    assert result.exit is Exit.NOT_MET
    assert [check.met for check in result.checks] == [False, False, True]
    assert all(line.time_in_rpo == 1.0 for line in result.rpo)


def test_without_its_limit_the_host_keeps_the_rpo() -> None:
    (scenario,) = load(SCENARIOS / "rpo-few-at-once.yaml")
    result = run_scenario(with_limits(scenario, {}))
    assert [check.met for check in result.checks] == [False, False, True]
    assert result.rpo[-1].time_in_rpo > 0.99


def test_a_replicator_limits_alike_at_either_end() -> None:
    (scenario,) = load(SCENARIOS / "rpo-few-at-once.yaml")
    sending, receiving = (
        run_scenario(with_limits(scenario, {name: 1})) for name in ("tyrell-cce01", "chc-cce01")
    )
    assert receiving.rpo == sending.rpo
    assert receiving.rpo[-1].bottlenecks[0][0] == "replicator"
    assert receiving.rpo[-1].time_in_rpo < 0.95


def test_the_same_seed_gives_the_same_figures_bursts_and_traces_included() -> None:
    (scenario,) = load(SCENARIOS / "rpo-few-at-once.yaml")
    first, again = (run_scenario(scenario) for _ in range(2))
    assert first.rpo == again.rpo
    assert first.story == again.story
    assert first.exit is Exit.MET


def test_the_worked_example_of_the_page_runs(tmp_path: Path) -> None:
    page = (SCENARIOS.parent / "docs" / "replication.md").read_text()
    blocks = dict(re.findall(r"```(yaml|csv)\n(.*?)```", page, re.DOTALL))
    (tmp_path / "example.yaml").write_text(blocks["yaml"])
    (tmp_path / "churn.csv").write_text(blocks["csv"])
    (scenario,) = load(tmp_path / "example.yaml")
    result = run_scenario(scenario)
    assert result.exit is Exit.MET, [c.detail for c in result.checks if not c.met]
    without = run_scenario(without_shape(scenario))
    assert not any(check.met for check in without.checks)
