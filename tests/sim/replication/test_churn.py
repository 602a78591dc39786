"""Workloads by tables: hours and weekdays, bursts, traces; what is refused, and why."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from cxsim.sim.replication.churn import bursty, read_traces, weekly
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.fluidfiles import FileProblem
from cxsim.sim.replication.records import InstanceDone, Route
from cxsim.sim.replication.workload import (
    Constant,
    Disk,
    PeriodicRewrite,
    Several,
    VmWorkload,
    WorkingSet,
    Workload,
)

HOUR_S, DAY_S = 3600.0, 86400.0
OFFICE = [0.0] * 8 + [1.0] * 10 + [0.0] * 6


def test_office_hours_write_in_office_hours_and_keep_the_mean() -> None:
    workload = weekly(1e6, OFFICE, (1, 1, 1, 1, 1, 0, 0))
    assert workload.dirty_bytes(0, 8 * HOUR_S) == 0
    assert workload.dirty_bytes(5 * DAY_S, 7 * DAY_S) == pytest.approx(0, abs=1)
    assert workload.dirty_bytes(0, 7 * DAY_S) == pytest.approx(1e6 * 7 * DAY_S)
    assert workload.dirty_bytes(8 * HOUR_S, 9 * HOUR_S) == pytest.approx(1e6 * 168 / 50 * HOUR_S)
    assert weekly(1e6, OFFICE, starts_s=9 * HOUR_S).dirty_bytes(0, HOUR_S) > 0


def test_bursts_have_the_mean_the_spread_and_the_memory_they_were_given() -> None:
    workload = bursty(1e5, seed=3)
    windows = np.array([workload.dirty_bytes(n * 1800.0, (n + 1) * 1800.0) for n in range(40_000)])
    assert windows.mean() == pytest.approx(1e5 * 1800, rel=0.02)
    assert np.log(windows).std() == pytest.approx(0.71, rel=0.03)
    logs = np.log(windows) - np.log(windows).mean()
    assert (logs[1:] * logs[:-1]).mean() / logs.var() == pytest.approx(0.30, abs=0.03)
    assert np.percentile(windows, 95) / windows.mean() == pytest.approx(2.5, rel=0.05)


def test_two_vms_burst_independently() -> None:
    a, b = (bursty(1e5, seed=n) for n in (1, 2))
    series = [np.array([w.dirty_bytes(n * 1800.0, (n + 1) * 1800.0) for n in range(5000)]) for w in (a, b)]
    assert abs(np.corrcoef(*series)[0, 1]) < 0.05


def trace(folder: Path, text: str) -> Path:
    path = folder / "trace.csv"
    path.write_text(text)
    return path


def test_a_trace_is_summed_over_windows_and_spread_within_them(tmp_path: Path) -> None:
    path = trace(tmp_path, "vm,time_s,changed_MB\nroy,0,10\nroy,600,0\nroy,1200,20\n")
    roy = read_traces(path, ["roy"])["roy"]
    assert roy.dirty_bytes(0, 600) == 10e6
    assert roy.dirty_bytes(300, 1500) == 5e6 + 10e6
    assert roy.dirty_bytes(0, 1e6) == roy.written_bytes(1e6) == 30e6


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "roy,0,1\nroy,600,1\nroy,1800,1\n",
            ":4: time_s: '1800' leaves a gap or overlaps: the next window starts at 1200",
        ),
        ("roy,0,1\nroy,600,-1\n", ":3: changed_bytes: '-1' must be 0 or more"),
        ("roy,0,1\nbatty,600,1\n", ":3: vm: 'batty' is not a VM here"),
        ("roy,0,1\nroy,600,1\nroy,300,1\n", ":4: time_s: '300' goes back: the row before is of 600"),
        ("roy,60,1\nroy,600,1\n", ":2: time_s: '60' must be 0 in the first row of a VM"),
        ("roy,0,much\n", ":2: changed_bytes: 'much' is not a number"),
        ("roy,0,1\n", ": roy has one row: the length of its window is unknown"),
    ],
)
def test_a_bad_trace_is_refused_with_line_and_reason(rows: str, message: str, tmp_path: Path) -> None:
    path = trace(tmp_path, "vm,time_s,changed_bytes\n" + rows)
    with pytest.raises(FileProblem) as problem:
        read_traces(path, ["roy"])
    assert str(problem.value) == f"{path}{message}"


def test_a_trace_without_a_known_unit_is_refused(tmp_path: Path) -> None:
    path = trace(tmp_path, "vm,time_s,changed\nroy,0,1\n")
    with pytest.raises(FileProblem, match=r":1: needs one column of changed_bytes, .*; has changed$"):
        read_traces(path, ["roy"])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: weekly(1.0, [1.0] * 23),
        lambda: weekly(1.0, [0.0] * 24),
        lambda: weekly(-1.0, [1.0] * 24),
        lambda: weekly(1.0, [math.nan] * 24),
        lambda: bursty(1.0, 1, sigma=-1),
        lambda: bursty(1.0, 1, persistence=1.0),
    ],
)
def test_impossible_figures_are_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError):
        wrong()


@pytest.mark.parametrize(
    "workload",
    [
        Constant(2e5),
        WorkingSet(2e5, 5e7),
        PeriodicRewrite(1e6, 1000.0, 300.0),
        Several((Constant(1e5), WorkingSet(2e5, 1e7))),
        weekly(2e5, OFFICE, starts_s=3 * DAY_S),
        bursty(2e5, 5, set_bytes=1e8),
    ],
    ids=lambda w: type(w).__name__,
)
def test_the_compiled_engine_ships_what_the_workload_says(workload: Workload) -> None:
    engine = Engine()
    link = engine.add_link(100e6)
    vm = engine.add_vm(VmWorkload("vm", (Disk(2000, 1e12, 1e6, workload, quiesce_bytes=1e4),)))
    replication = engine.start(vm, 900.0, (2000,), False, 0.0)
    engine.set_path(replication, Route((link,), 1e9), 0.0)
    engine.advance(2 * DAY_S)
    done = [e for e in engine.take_events() if isinstance(e, InstanceDone)]
    assert len(done) > 150
    for before, after in itertools.pairwise(done):
        expected = workload.dirty_bytes(before.started_s, after.started_s) + 1e4
        assert after.transfer_bytes == pytest.approx(expected, rel=1e-9, abs=1e-3)
