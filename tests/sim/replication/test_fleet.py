"""A fleet over one link: the worked example, bottlenecks by name, limits, and the published arithmetic."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.sim.replication.fleet import FleetResult, FleetVm, simulate
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk

DOCUMENT = Path(__file__).parents[3] / "docs" / "replication.md"
HOUR_S, DAY_S = 3600.0, 86400.0
FULL = Settings(link_efficiency=1.0)


def vm(name: str, rate: float, used: float = 1e9, **more: Any) -> FleetVm:
    return FleetVm(name, (Disk(2000, 1e13, used, Constant(rate)),), **{"rpo_s": 900.0, **more})


def test_the_worked_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S)
    found: dict[str, Any] = {}
    exec(code, found)
    assert len(found["frame"]) == 20
    assert "in RPO" in capsys.readouterr().out
    assert 0.5 < found["result"].fleet.time_in_rpo < 1


def test_the_frame_needs_pandas_only_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    result = simulate([vm("a", 1e5)], 100e6, HOUR_S)
    real: Callable[..., Any] = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="rows\\(\\) does not"):
        result.to_frame()
    assert result.rows()[0]["vm"] == "a"


def test_the_frame_is_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pandas is installed `to_frame` hands it the rows; here something stands in for it."""
    stand_in = ModuleType("pandas")
    stand_in.DataFrame = lambda rows: ("frame", rows)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", stand_in)
    result = simulate([vm("a", 1e5), vm("b", 2e5)], 100e6, HOUR_S)
    assert result.to_frame() == ("frame", result.rows())


def test_a_real_frame_has_a_row_a_vm_and_units_in_its_columns() -> None:
    pytest.importorskip("pandas")
    frame = simulate([vm("a", 1e5), vm("b", 2e5)], 100e6, HOUR_S).to_frame()
    assert list(frame["vm"]) == ["a", "b"]
    assert {"rpo_s", "violated_s", "age_p95_s", "shipped_bytes", "bottleneck"} <= set(frame.columns)
    assert frame["shipped_bytes"].iloc[1] > 0


def main_cause(result: FleetResult) -> str:
    return result.fleet.causes[0][0]


def test_violations_name_their_bottleneck() -> None:
    slow_link = simulate([vm("a", 3e6), vm("b", 3e6)], 40e6, DAY_S, FULL)
    slow_path = simulate([vm("a", 6e6, cap_bps=30e6)], 1e9, DAY_S, FULL)
    slow_read = simulate([vm("a", 6e6)], 1e9, DAY_S, Settings(link_efficiency=1.0, source_read_bps=30e6))
    assert [main_cause(x) for x in (slow_link, slow_path, slow_read)] == ["wan", "path", "source read"]
    one_at_once = [vm(f"vm{n}", 0.5e6, cap_bps=20e6, host="esx") for n in range(6)]
    limited = simulate(one_at_once, 1e9, DAY_S, FULL, limits={"esx": 1})
    assert main_cause(limited) == "host"
    by_replicator = simulate(one_at_once, 1e9, DAY_S, FULL, limits={"cce": 1}, replicator="cce")
    assert main_cause(by_replicator) == "replicator"
    outage = simulate([vm("a", 1e5)], 100e6, DAY_S, FULL, [(6 * HOUR_S, 0.0), (9 * HOUR_S, 100e6)])
    assert main_cause(outage) == "wan"


def test_violated_seconds_are_all_accounted_for() -> None:
    result = simulate([vm(f"vm{n}", 1e6 * (n + 1)) for n in range(4)], 80e6, 2 * DAY_S, FULL)
    for seen in result.vms:
        assert sum(spent for _, spent in seen.causes) == pytest.approx(seen.violated_s)


def test_excluded_disks_are_not_shipped() -> None:
    disks = (Disk(2000, 1e12, 1e9, Constant(1e5)), Disk(2001, 1e12, 5e9, Constant(1e6)))
    both, one = (
        simulate([FleetVm("a", disks, 900.0, excluded_disks=out)], 100e6, DAY_S) for out in ((), (2001,))
    )
    assert one.shipped_bytes[0] < both.shipped_bytes[0] / 5
    with pytest.raises(KeyError, match="a has no disk 2009"):
        simulate([FleetVm("a", disks, 900.0, excluded_disks=(2009,))], 100e6, DAY_S)


def test_percentiles_of_a_steady_age_are_those_of_its_saw() -> None:
    """RPO 15 min, every transfer a moment, starts every 900 s: age rises from 0 to 900 s."""
    quiet = Settings(schedule="fixed", link_efficiency=1.0)
    (seen,) = simulate([vm("a", 1.0, used=1.0)], 1e9, 30 * DAY_S, quiet).vms
    assert seen.ages is not None
    assert (seen.ages.p50, seen.ages.p95, seen.ages.p99) == pytest.approx((450, 855, 891), rel=1e-3)


def test_measured_throughput_replaces_the_efficiency() -> None:
    (seen,) = simulate([vm("a", 0.0, used=9e9)], 1e9, DAY_S, measured_bps=72e6).vms
    assert seen.rpo_from_s == pytest.approx(1000.0)


@given(
    rates=st.lists(st.floats(1e4, 3e6), min_size=1, max_size=5),
    link_bps=st.floats(5e6, 60e6),
    more=st.floats(1.01, 3.0),
)
@settings(deadline=None, max_examples=40)
def test_more_bandwidth_never_lowers_time_in_rpo(rates: list[float], link_bps: float, more: float) -> None:
    """One link, no slots, start = max(done, last + T), no traffic before the clocks start."""
    given_ = Settings(link_efficiency=1.0, schedule="fixed", fixed_interval_s=600.0)
    fleet = [vm(f"vm{n}", rate, used=0.0) for n, rate in enumerate(rates)]
    low, high = (simulate(fleet, bps, DAY_S, given_).fleet.time_in_rpo for bps in (link_bps, link_bps * more))
    assert low is not None
    assert high is not None
    assert high >= low - 1e-9


@given(scale=st.floats(0.01, 100.0))
@settings(deadline=None, max_examples=10)
def test_scaling_volumes_and_rates_together_changes_nothing(scale: float) -> None:
    def figures(k: float) -> tuple[float, ...]:
        given_ = Settings(link_efficiency=1.0, source_read_bps=800e6 * k)
        fleet = [vm(f"vm{n}", 1e6 * k * (n + 1), used=1e9 * k, cap_bps=40e6 * k) for n in range(4)]
        result = simulate(fleet, 70e6 * k, DAY_S, given_)
        return tuple(v.violated_s for v in result.vms) + tuple(v.peak_age_s for v in result.vms)

    assert figures(scale) == pytest.approx(figures(1.0), rel=1e-6, abs=1e-3)
