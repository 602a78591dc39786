"""RPO figures as people, programs and CI servers get them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console

from cxsim.sim import render
from cxsim.sim.figures import assumptions_of, rpo_lines
from cxsim.sim.junit import write_junit
from cxsim.sim.replication.accounting import CAUSES, RpoReport, fleet_of
from cxsim.sim.replication.fleet import FleetVm, simulate
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk
from cxsim.sim.result import Exit, RpoLine, RunResult

DAY_S = 86400.0
START_S = 1509958800.0


def report() -> RpoReport:
    """Two VMs on a line that is too narrow for a quarter of a day."""
    vms = [FleetVm(f"vm{n}", (Disk(2000, 1e12, 5e9, Constant(1e6 * (n + 1))),), 900.0) for n in range(2)]
    return simulate(vms, 60e6, DAY_S, capacity_changes=[(30000.0, 20e6), (50000.0, 60e6)]).report


def lines() -> tuple[RpoLine, ...]:
    return rpo_lines(report(), 0.0)


def result(settings: Settings | None = None) -> RunResult:
    return RunResult(
        scenario="s",
        title="t",
        path="s.yaml",
        seed=1,
        tags=(),
        exit=Exit.MET,
        checks=(),
        story=(),
        causes=(),
        rpo=lines(),
        faults=(),
        gaps=(),
        problems=(),
        expected_failure=None,
        virtual_s=DAY_S,
        wall_s=0.0,
        events=0,
        replication=assumptions_of(settings or Settings()),
    )


def text_of(one: RunResult, width: int = 80) -> str:
    stream = io.StringIO()
    render.details(Console(file=stream, width=width, highlight=False), one, with_checks=False)
    return stream.getvalue()


def test_the_lines_are_the_reports_figures() -> None:
    source, (first, second, fleet) = report(), lines()
    for line, vm in zip((first, second), source.vms, strict=True):
        assert (line.vm, line.rpo_s, line.violation_count) == (vm.name, 900.0, vm.violation_count)
        assert sum(seconds for _, seconds in line.bottlenecks) == vm.violated_s or vm.violated_s
        assert line.age_s is not None
        assert vm.ages is not None
        assert line.age_s == (vm.ages.p50, vm.ages.p95, vm.ages.p99)
        assert line.age_rpos == tuple(age / 900.0 for age in line.age_s)
        assert len(line.violation_bottlenecks) == len(line.violations)
        assert set(line.violation_bottlenecks) <= set(CAUSES)
    assert (fleet.vm, fleet.age_s, fleet.violations) == ("fleet", None, ())
    assert fleet.violation_count == first.violation_count + second.violation_count > 0
    assert fleet.violated_s == first.violated_s + second.violated_s
    assert fleet.bottlenecks[0][0] == "wan"


def test_no_percentile_is_above_the_peak() -> None:
    source = report()
    for line in lines():
        if line.age_s is not None:
            assert line.age_s[0] <= line.age_s[1] <= line.age_s[2] <= line.peak_age_s
    assert source.fleet.ages is not None
    assert source.fleet.ages.p99 <= source.fleet.peak_age_s / 900.0
    assert fleet_of(source.vms, None).ages is None


def test_the_text_shows_percentiles_bottlenecks_and_what_is_inferred() -> None:
    text = text_of(result())
    _, second, fleet = lines()
    assert second.age_s is not None
    row = next(line for line in text.splitlines() if line.startswith("vm1"))
    assert f"{second.age_s[1] / 60:.1f}" in row
    assert f"{second.age_s[2] / 60:.1f}" in row
    assert f"vm1 outside its RPO at {render.offset(second.violations[0][0])}" in text
    assert f"bottleneck: {render.bottlenecks_text(second)}" in text
    assert f"fleet outside its RPO; bottleneck: {render.bottlenecks_text(fleet)}" in text
    assert "mean of the last 15 [I] + 20% [I]" in text
    assert "Inferred too [I]: window_bytes" in text


def test_a_narrow_terminal_cuts_no_figure_off() -> None:
    assert "…" not in text_of(result(), width=40)


def test_the_schedule_that_was_chosen_is_told() -> None:
    fixed = Settings(schedule="fixed", fixed_interval_s=600.0)
    assert "schedule: fixed, a start every 10 min" in text_of(result(fixed))
    assert "schedule: continuous" in text_of(result(Settings(schedule="continuous")))
    given = {one.name for one in assumptions_of(Settings(expected_margin=0.15)) if one.given}
    assert given == {"expected_margin"}


def test_the_json_is_json_and_complete() -> None:
    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    record = json.loads(json.dumps(result().to_dict()), parse_constant=refuse)
    assert record["rpo"][-1]["age_rpos"][1] == list(lines()[-1].age_rpos or ())[1]
    settings = {one["name"]: one for one in record["replication"]}
    assert (settings["expected_of_last"]["value"], settings["expected_of_last"]["grade"]) == (15, "I")
    assert (settings["expected_margin"]["value"], settings["expected_margin"]["grade"]) == (0.2, "I")
    assert settings["error_after_lost_s"]["value"] == "infinite"


def test_the_junit_file_carries_the_figures(tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    write_junit(path, [result()])
    told = ElementTree.parse(path).getroot().findtext("testsuite/system-out") or ""
    assert "vm1: time in RPO" in told
    assert "data age p50/p95/p99" in told
    assert "bottleneck: wan" in told
    assert "[I]" in told


def test_every_field_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "output.md").read_text()
    for field in (*RpoLine.__dataclass_fields__, *RunResult.__dataclass_fields__):
        assert f"`{field}`" in page, field
