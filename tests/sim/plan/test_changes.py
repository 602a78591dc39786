"""Change rates: from every source to a delta at an RPO, with bounds and grades."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.plan.changes import (
    CLASSES,
    ChangeRate,
    Changes,
    Default,
    DefaultError,
    Grade,
    Sources,
    disk_of,
    grade_rates,
    parse_default,
)
from cxsim.sim.plan.inventory import InventoryError, InventoryVm, Power, synthetic, told
from cxsim.sim.replication.churn import Tabled
from cxsim.sim.replication.fleet import FleetVm, simulate

GB, MINUTE, HOUR, DAY = 1e9, 60.0, 3600.0, 86400.0
Golden = Callable[[str, str], None]
VMS = tuple(
    replace(vm, label=f"vm{n}", name=f"vm{n}", power=Power.ON) for n, vm in enumerate(synthetic(4, 1).vms)
)


def graded(vms: tuple[InventoryVm, ...] = VMS, **sources: object) -> Changes:
    return grade_rates(vms, Sources(**sources), seed=1)  # type: ignore[arg-type]


def file(folder: Path, name: str, text: str) -> tuple[Path, ...]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return (path,)


def daily(days: int, gb: float = 10.0, vm: str = "vm0") -> str:
    rows = "".join(f"{vm},2017-11-{day + 1:02d} 22:00,{gb},Incremental,Success\n" for day in range(days))
    return f"vm,start,read_GB,type,status\n{rows}"


def test_a_trace_is_measured_and_repeats(tmp_path: Path) -> None:
    text = "vm,time_s,changed_MB\nvm0,0,100\nvm0,1800,300\nelsewhere,0,1\nelsewhere,1800,1\n"
    changes = graded(traces=file(tmp_path, "trace.csv", text))
    rate = changes.of("vm0")
    assert (rate.grade, rate.window_s) == (Grade.MEASURED, 1800.0)
    assert rate.delta(1800).low_bytes == rate.delta(1800).high_bytes == pytest.approx(200e6)
    assert rate.workload(1800).dirty_bytes(5400, 7200) == pytest.approx(300e6)
    assert [problem.what for problem in changes.problems] == ["'elsewhere' is not in the inventory"]
    assert changes.grades() == {Grade.MEASURED: 1, Grade.DERIVED: 0, Grade.ASSUMED: 3}


def test_daily_incrementals_bound_the_delta_from_below(tmp_path: Path) -> None:
    rate = graded(backups=file(tmp_path, "veeam.csv", daily(8))).of("vm0")
    assert (rate.grade, rate.window_s) == (Grade.DERIVED, DAY)
    assert rate.delta(DAY).low_bytes == rate.delta(DAY).high_bytes == pytest.approx(10 * GB)
    quarter = rate.delta(15 * MINUTE)
    assert quarter.low_bytes == pytest.approx(10 * GB / 96)
    assert quarter.mid_bytes == pytest.approx(10 * GB / 96 * 96**0.15)
    assert quarter.low_bytes < quarter.mid_bytes < quarter.high_bytes <= 10 * GB


def test_days_of_a_backup_keep_their_order(tmp_path: Path) -> None:
    text = daily(2) + "vm0,2017-11-03 22:00,70,Incremental,Success\n"
    rate = graded(backups=file(tmp_path, "veeam.csv", text)).of("vm0")
    base = rate.base
    assert base.dirty_bytes(0, DAY) == pytest.approx(10 * GB)
    assert base.dirty_bytes(DAY, 2 * DAY) == pytest.approx(70 * GB)


def test_fulls_failures_and_first_runs_are_no_change(tmp_path: Path) -> None:
    text = daily(1) + (
        "vm0,2017-11-02 22:00,500,Full,Success\n"
        "vm0,2017-11-03 22:00,12,Incremental,Success\n"
        "vm0,2017-11-04 22:00,0.1,Incremental,Failed\n"
        "vm0,2017-11-05 22:00,24,Incremental,Warning\n"
    )
    changes = graded(backups=file(tmp_path, "veeam.csv", text))
    assert changes.of("vm0").base.table[-1] == pytest.approx(36 * GB)
    assert changes.of("vm0").mean_bytes_per_s == pytest.approx(36 * GB / (3 * DAY))


def test_a_full_is_seen_without_a_type(tmp_path: Path) -> None:
    rows = [500, 10, 11, 9, 480, 10, 10]
    text = "vm,date,read_GB\n" + "".join(f"vm0,2017-11-{n:02d},{gb}\n" for n, gb in enumerate(rows, 1))
    rate = graded(backups=file(tmp_path, "veeam.csv", text)).of("vm0")
    assert rate.base.table[-1] == pytest.approx(50 * GB)


def test_what_a_report_of_backups_says_wrong(tmp_path: Path, golden: Golden) -> None:
    text = (
        "VM name,Start time,Read (GB),Type,Status\n"
        "vm0,2017-11-01 22:00,10,Full,Success\n"
        "vm0,2017-11-02 22:00,lots,Incremental,Success\n"
        "vm1,2017-11-01 22:00,0,Full,Success\n"
        "vm1,2017-11-02 22:00,0,Incremental,Success\n"
        "vm2,2017-11-02 22:00,5,Incremental,Failed\n"
        "vm9,2017-11-02 22:00,5,Incremental,Success\n"
        ",2017-11-02 22:00,5,Incremental,Success\n"
        "vm3,2017-11-01 22:00,1,Full,Success\n"
        "vm3,2017-11-02 22:00,1,Incremental,Success\n"
    )
    changes = graded(backups=file(tmp_path, "veeam.csv", text))
    golden("changes-backups.txt", "".join(f"{line}\n" for line in told(changes.problems)))
    assert [rate.grade for rate in changes.rates] == [Grade.ASSUMED] * 3 + [Grade.DERIVED]
    assert changes.of("vm3").delta(DAY).mid_bytes == pytest.approx(2**30)


def test_cells_of_a_report_may_have_their_units(tmp_path: Path, golden: Golden) -> None:
    text = (
        "Name;Start time;Data read;Type\n"
        "vm0;23.10.2017 22:00;100,5 GB;Full\nvm0;24.10.2017 22:00;1,5 GB;Incremental\n"
        "vm0;25.10.2017 22:00;512 MB;Incremental\nvm0;26.10.2017 22:00;7;Incremental\n"
        "vm0;27.10.2017 22:00;some GB;Incremental\nvm0;28.10.2017 22:00;0 B;Incremental\n"
    )
    changes = graded(backups=file(tmp_path, "report.csv", text))
    assert changes.of("vm0").base.table[-1] == pytest.approx(2 * 2**30)
    golden("changes-units-in-cells.txt", "".join(f"{line}\n" for line in told(changes.problems)))


def test_a_vm_that_is_off_changes_nothing_unless_a_source_says_so(tmp_path: Path) -> None:
    off = tuple(replace(vm, power=Power.OFF) for vm in VMS[:2])
    changes = graded(off, classes=file(tmp_path, "classes.csv", "vm,class\nvm1,light\n"))
    assert [rate.grade for rate in changes.rates] == [Grade.DERIVED, Grade.ASSUMED]
    assert changes.of("vm0").delta(DAY).high_bytes == 0
    assert changes.measure_first(900) == (changes.of("vm1"),)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("backups", "vm,start,transferred_GB\nvm0,2017-11-01,1\n"),
        ("counters", "vm,write\nvm0,17\n"),
        ("classes", "vm\nvm0\n"),
        ("traces", "vm,time_s\nvm0,0\n"),
        ("traces-gap", "vm,time_s,changed_MB\nvm0,0,1\nvm0,60,1\nvm0,180,1\n"),
    ],
)
def test_files_without_the_column_are_refused(tmp_path: Path, golden: Golden, kind: str, text: str) -> None:
    with pytest.raises(InventoryError) as error:
        graded(**{kind.split("-")[0]: file(tmp_path, f"{kind}.csv", text)})
    golden(f"changes-refused-{kind}.txt", f"{error.value}\n")


def test_counters_count_writes_of_1024_bytes(tmp_path: Path) -> None:
    rate = graded(counters=file(tmp_path, "c.csv", "vm,write_KBps\nvm0,1000\nvm0,3000\nvm0,-1\nvm0,\n")).of(
        "vm0"
    )
    assert rate.grade is Grade.DERIVED
    assert rate.delta(1800).mid_bytes == pytest.approx(0.54 * 2000 * 1024 * 1800, rel=0.05)
    assert rate.delta(1800).low_bytes == pytest.approx(0.23 * 2000 * 1024 * 1800, rel=0.05)
    assert rate.factor(1) == pytest.approx(1 / 0.54)


def test_counters_with_times_keep_their_shape(tmp_path: Path) -> None:
    rows = "".join(
        f"vm0,2017-11-06 {minute // 60:02d}:{minute % 60:02d},{1000 if minute < 60 else 10}\n"
        for minute in range(0, 120, 5)
        if minute != 30
    )
    rate = graded(counters=file(tmp_path, "c.csv", f"vm,time,write_KBps\n{rows}")).of("vm0")
    assert rate.base.window_s == 300
    assert rate.base.dirty_bytes(0, 300) == pytest.approx(1000 * 1024 * 300 * 0.54)
    assert rate.base.dirty_bytes(3600, 3900) == pytest.approx(10 * 1024 * 300 * 0.54)


def test_a_class_is_assumed_from_a_file_or_the_inventory(tmp_path: Path, golden: Golden) -> None:
    vms = (*VMS[:2], replace(VMS[2], change_class="Heavy"), replace(VMS[3], change_class="huge"))
    text = "vm,class\nvm0,idle\nvm1,enormous\n"
    changes = graded(vms, classes=file(tmp_path, "classes.csv", text), default=Default(class_name="light"))
    means = [rate.mean_bytes_per_s * 1800 for rate in changes.rates]
    names = ("idle", "light", "heavy", "light")
    assert means == pytest.approx([CLASSES[name].bytes_in_30_min for name in names])
    assert {rate.grade for rate in changes.rates} == {Grade.ASSUMED}
    golden("changes-classes.txt", "".join(f"{line}\n" for line in told(changes.problems)))


def test_the_drawn_fleet_is_the_published_one() -> None:
    vms = tuple(replace(VMS[0], label=f"x{n}") for n in range(3000))
    logs = [math.log(rate.mean_bytes_per_s * 1800 / 140e6) for rate in graded(vms).rates]
    assert statistics.fmean(logs) == pytest.approx(0, abs=0.08)
    assert statistics.stdev(logs) == pytest.approx(1.27, rel=0.05)


def test_a_vms_rate_is_its_own_whoever_else_is_there() -> None:
    alone, among = graded(VMS[:1]).rates[0], graded().rates[0]
    assert alone.workload(900).dirty_bytes(0, 1e6) == among.workload(900).dirty_bytes(0, 1e6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fleet", Default()),
        ("Light", Default("Light", class_name="light")),
        ("2 GB/d", Default("2 GB/d", bytes_per_s=2e9 / 86400)),
        ("3 %/d", Default("3 %/d", share_per_day=0.03)),
    ],
)
def test_defaults_are_read(text: str, expected: Default) -> None:
    assert parse_default(text) == expected


def test_defaults_without_meaning_are_refused(golden: Golden) -> None:
    said = []
    for text in ("3 %", "2 GB", "lots", "16 Mbit/s", "-1 GB/d", ""):
        with pytest.raises(DefaultError) as error:
            parse_default(text)
        said.append(f"{error.value}\n")
    golden("changes-defaults.txt", "".join(said))


def test_a_share_is_of_what_the_vm_has_in_use() -> None:
    rate = graded(default=parse_default("3 %/d")).of("vm0")
    in_use = sum(disk.allocated_bytes or 0 for disk in VMS[0].disks)
    assert rate.mean_bytes_per_s * DAY == pytest.approx(0.03 * in_use)


def test_the_better_source_wins_and_a_far_one_is_told(tmp_path: Path, golden: Golden) -> None:
    backups = file(tmp_path, "veeam.csv", daily(5))
    counters = file(tmp_path, "counters.csv", "vm,write_KBps\nvm0,90000\nvm1,50\n")
    changes = graded(backups=backups, counters=counters)
    assert [rate.source.split()[0] for rate in changes.rates[:2]] == ["backup", "vCenter"]
    golden("changes-far-off.txt", "".join(f"{line}\n" for line in told(changes.problems)))


def rate_of(
    mean: float, window_s: float = DAY, grade: Grade = Grade.ASSUMED, name: str = "vm0"
) -> ChangeRate:
    base = Tabled(np.array([0.0, mean * window_s]), window_s)
    return ChangeRate(name, grade, base, window_s, "made up", "a test", low=0.5, high=2.0)


@given(st.floats(1, 1e9), st.floats(60, 7 * DAY), st.floats(300, 2 * DAY), st.floats(1.01, 50))
def test_deltas_are_bounded_and_grow_less_than_the_interval(
    mean: float, window_s: float, rpo_s: float, longer: float
) -> None:
    """Bounds in order; D non-decreasing and sub-additive: D(kt) <= k D(t)."""
    rate = rate_of(mean, window_s)
    short, long = rate.delta(rpo_s), rate.delta(rpo_s * longer)
    assert short.low_bytes <= short.mid_bytes <= short.high_bytes
    assert short.mid_bytes <= long.mid_bytes <= short.mid_bytes * longer * (1 + 1e-9)
    assert rate.delta(rpo_s, capacity_bytes=5.0).high_bytes <= 5.0


@given(st.floats(300, 2 * DAY), st.floats(0.1, 10))
def test_halving_or_doubling_moves_the_workload_alone(rpo_s: float, factor: float) -> None:
    rate = rate_of(1e6)
    assert rate.times(factor).delta(rpo_s).mid_bytes == pytest.approx(factor * rate.delta(rpo_s).mid_bytes)
    assert rate.workload(rpo_s).dirty_bytes(0, rpo_s) == pytest.approx(rate.delta(rpo_s).mid_bytes)


def test_sensitivity_leaves_what_is_measured() -> None:
    changes = Changes((rate_of(1e6), rate_of(1e6, grade=Grade.MEASURED, name="vm1")))
    doubled = changes.with_assumed_times(2.0)
    assert [rate.mean_bytes_per_s for rate in doubled.rates] == pytest.approx([2e6, 1e6])


def test_the_vms_to_measure_first_are_the_widest_open_ones() -> None:
    rates = [rate_of(1e6 * n, name=f"vm{n}") for n in range(1, 5)]
    rates.append(rate_of(1e9, grade=Grade.MEASURED, name="known"))
    assert [rate.vm for rate in Changes(tuple(rates)).measure_first(900, 2)] == ["vm4", "vm3"]


def test_a_statement_says_the_delta_and_its_bounds(golden: Golden) -> None:
    golden("changes-stated.txt", f"{rate_of(1e6).stated(900)}\n{graded().of('vm0').stated(900)}\n")


def test_the_data_plane_takes_it() -> None:
    """A link far above and one below the mean rate."""
    rate = rate_of(1e6, 1800.0)
    vm = VMS[0]
    fleet = [FleetVm(vm.label, (disk_of(vm, rate.workload(900.0)),), 900.0, has_seed=True)]
    kept = simulate(fleet, 1e9, 20 * 900.0).fleet.time_in_rpo
    lost = simulate(fleet, 4e6, 20 * 900.0).fleet.time_in_rpo
    assert kept == 1.0
    assert lost < 1.0
