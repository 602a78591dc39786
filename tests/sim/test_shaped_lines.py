"""A scenario's lines and workloads as they reach the network and the data plane."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.sim.network import changes
from cxsim.sim.replication.accounting import CAUSES
from cxsim.sim.replication.churn import BURST_PERSISTENCE, BURST_SIGMA, HALF_HOUR_S, Tabled
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, PeriodicRewrite, Several, WorkingSet
from cxsim.sim.scenario import load_environment
from cxsim.sim.scenario import writes as written
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.expect.rpo import Bottleneck
from cxsim.sim.scenario.replication import Replication
from cxsim.sim.scenario.sites import Wan
from cxsim.sim.world.lines import LineNow, line_at, next_change_s
from cxsim.sim.world.workloads import lines_of, settings_of, week_s, workloads_of
from cxsim.sim.world.world import World

HOUR_S, DAY_S = 3600.0, 86400.0
MBIT = 1e6


def environment(folder: Path, text: str) -> Environment:
    path = folder / "here.yaml"
    path.write_text(f"schema: 1\ntitle: here\nextends: environments/tyrell-mycloud.yaml\n{text}")
    return load_environment(path)


def line(**given: object) -> Wan:
    return Wan.model_validate({"name": "wan", "up": "100 Mbit/s", "down": "100 Mbit/s", **given})


OFFICE = {"name": "office", "days": "Mon-Fri", "from": "8:00", "until": "18:00", "up": "20 Mbit/s"}
NIGHT = {"name": "backup", "from": "22:00", "until": "2:00", "other_traffic": {"up": "90 Mbit/s"}}
CUT = {"name": "digger", "at": "26 h", "for": "30 min", "outage": "yes"}


@pytest.mark.parametrize(
    ("week_h", "up_mbit"),
    [(7.99, 100), (8, 20), (17.99, 20), (18, 100), (22, 10), (25.99, 10), (26, 100), (24 * 5 + 9, 100)],
)
def test_a_term_holds_from_its_begin_until_its_end(week_h: float, up_mbit: float) -> None:
    now = line_at(line(shape=[OFFICE, NIGHT]), 0.0, week_h * HOUR_S)
    assert now == LineNow(up_mbit * MBIT, 100 * MBIT, True)


def test_sunday_night_reaches_into_monday() -> None:
    assert line_at(line(shape=[NIGHT]), 0.0, 1 * HOUR_S).up_bps == 10 * MBIT


def test_capacities_override_other_traffic_adds_up_and_one_outage_is_enough() -> None:
    more = {"name": "more", "from": "9:00", "until": "10:00", "other_traffic": {"up": "15 Mbit/s"}}
    again = {"name": "late", "from": "9:00", "until": "10:00", "up": "50 Mbit/s"}
    shaped = line(shape=[OFFICE, NIGHT, more, again, CUT])
    assert line_at(shaped, 0.0, 9.5 * HOUR_S).up_bps == 35 * MBIT
    assert line_at(line(shape=[OFFICE, more, more]), 0.0, 9.5 * HOUR_S).up_bps == 0.0
    assert not line_at(shaped, 26.2 * HOUR_S, 35.2 * HOUR_S).is_up
    assert line_at(shaped, 26.5 * HOUR_S, 35.5 * HOUR_S).is_up


@given(st.floats(0, 7 * DAY_S - 1), st.floats(0, 3 * DAY_S))
@settings(max_examples=200)
def test_nothing_changes_before_the_next_change(week: float, since_s: float) -> None:
    shaped = line(shape=[OFFICE, NIGHT, CUT])
    after_s = next_change_s(shaped, since_s, week)
    assert after_s is not None
    assert after_s > 0
    for part in (0.0, 0.3, 0.999):
        t = after_s * part
        assert line_at(shaped, since_s + t, (week + t) % (7 * DAY_S)) == line_at(shaped, since_s, week)


def test_monday_nine_in_utc_is_ten_an_hour_east() -> None:
    start_s = 1509958800.0  # 2017-11-06T09:00:00Z, a Monday
    assert week_s(start_s, 0.0) == 9 * HOUR_S
    assert week_s(start_s, HOUR_S) == 10 * HOUR_S
    assert week_s(start_s, -10 * HOUR_S) == 7 * DAY_S - HOUR_S


SHAPED = """
sites:
  tyrell:
    utc_offset: 1 h
    wan:
      shape:
        - {name: lunch, from: "12:00", until: "13:00", up: 20 Mbit/s}
        - {name: cut, at: 5 h, for: 10 min, outage: yes}
"""


def test_a_line_changes_in_virtual_time_below_the_faults(tmp_path: Path) -> None:
    world = World(environment(tmp_path, SHAPED), 1)
    with world.hub:
        seen = []

        def look() -> None:
            seen.append((world.hub.elapsed_us / 3.6e9, world.network.capacity_bps("tyrell-wan:up") / MBIT))

        for hour in (1.99, 2.01, 3.01, 5.1, 5.2, 26.5):
            world.hub.call_at(world.hub.start_s + hour * HOUR_S, look)
        world.hub.run(world.hub.start_s + 27 * HOUR_S)
        assert seen == [(1.99, 100), (2.01, 20), (3.01, 100), (5.1, 0), (5.2, 100), (26.5, 20)]
        fault = changes.set_line(world.network, "tyrell-wan", up_bps=5e6)
        world.hub.run(world.hub.start_s + 40 * HOUR_S)
        assert world.network.capacity_bps("tyrell-wan:up") == 5e6
        fault.undo()
        assert world.network.capacity_bps("tyrell-wan:up") == 100e6


FIGURES = """
replication: {schedule: fixed, interval: 10 min, compression: 40 %, source_read: 400 Mbit/s, window: 4 MiB,
  link_efficiency: 90 %, seed_difference: 20 %, allocation_known: no, interrupted_delta: restart}
sites:
  tyrell: {wan: {measured_up: 60 Mbit/s, burst: {down: 300 Mbit/s, for: 10 min}}}
  mycloud: {wan: {efficiency: 50 %}}
"""


def test_every_setting_reaches_the_data_plane(tmp_path: Path) -> None:
    given = environment(tmp_path, FIGURES)
    found = settings_of(given)
    assert (found.schedule, found.fixed_interval_s, found.compression) == ("fixed", 600.0, 0.4)
    assert (found.source_read_bps, found.window_bytes, found.link_efficiency) == (400e6, 4 * 2**20, 0.9)
    assert (found.seed_difference, found.allocation_known, found.interrupted_delta) == (0.2, False, "restart")
    lines = lines_of(given)
    assert lines["tyrell-wan:up"].efficiency == 0.6
    assert (lines["tyrell-wan:down"].burst_bps, lines["tyrell-wan:down"].saved_bytes) == (300e6, 15e9)
    assert lines["tyrell-wan:up"].burst_bps is None
    assert lines["mycloud-wan:down"].efficiency == 0.5


def test_what_is_not_said_is_the_data_planes_default_as_described(tmp_path: Path) -> None:
    assert settings_of(environment(tmp_path, "")) == Settings()
    shown = {
        "expected_of_last": "15 ",
        "margin": "20 %",
        "even_out_up_to": "50 ",
        "compression": "0 %",
        "link_efficiency": "72 %",
        "source_read_bps": "800 Mbit/s",
        "window_bytes": "512 KiB",
        "seed_difference": "5 %",
        "allocation_known": "yes",
        "interrupted_delta": "resume",
        "schedule": "vendor",
    }
    d = Settings()
    values = (d.expected_of_last, d.expected_margin, d.even_out_up_to, d.compression, d.link_efficiency)
    assert values == (15, 0.2, 50, 0.0, 0.72)
    assert (d.source_read_bps, d.window_bytes, d.seed_difference) == (800e6, 512 * 1024, 0.05)
    assert (d.allocation_known, d.interrupted_delta, d.schedule) == (True, "resume", "vendor")
    for name, text in shown.items():
        assert f"default: {text}".rstrip() in (Replication.model_fields[name].description or ""), name
    fitted = (written.BURST_SIGMA, written.BURST_PERSISTENCE, written.BURST_WINDOW_S)
    assert fitted == (BURST_SIGMA, BURST_PERSISTENCE, HALF_HOUR_S)
    assert Bottleneck.__args__ == CAUSES  # type: ignore[attr-defined]


DISKS = """
sites: {tyrell: {utc_offset: 1 h}}
vms:
  deckard:
    seed: yes
    disks:
      - {size: 40 GiB, used: 4 GiB, workload: {rate: 1 MB/s}, quiesce: 20 MB, provisioning: thick}
      - {size: 40 GiB, workload: {rate: 1 MB/s, working_set: 1 GB}, replicated: no}
      - {size: 40 GiB, workload: {block: 1 MB, every: 1 h, offset: 10 min}}
      - {size: 40 GiB, workload: {rate: 1 MB/s, hours: [TEN]}}
      - {size: 40 GiB, workload: {rate: 1 MB/s, bursts: {sigma: 1, window: 10 min}, working_set: 1 GB}}
      - {size: 40 GiB, workload: {trace: t.csv, rows: nexus}}
      - {size: 40 GiB, workload: {writers: [{rate: 1 MB/s}, {trace: t.csv}]}}
"""


def test_every_kind_of_workload_reaches_its_disk(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "vm,time_s,changed_MB\ndeckard,0,1\ndeckard,60,2\nnexus,0,5\nnexus,60,6\n"
    )
    ten = ", ".join("1" if hour == 10 else "0" for hour in range(24))
    given = environment(tmp_path, DISKS.replace("TEN", ten))
    vm = workloads_of(given, 7)["deckard"]
    constant, working, rewrite, week, bursts, trace, several = (disk.workload for disk in vm.disks)
    assert vm.has_seed
    assert (vm.disks[0].quiesce_bytes, vm.disks[0].thick, vm.disks[0].allocated_bytes) == (
        20e6,
        True,
        4 * 2**30,
    )
    assert [disk.replicated for disk in vm.disks] == [True, False, True, True, True, True, True]
    assert constant == Constant(1e6)
    assert working == WorkingSet(1e6, 1e9)
    assert rewrite == PeriodicRewrite(1e6, 3600.0, 600.0)
    # It starts at 9 UTC, 10 by the site's clock: all of the day's writes are in its first hour.
    assert week.dirty_bytes(0.0, HOUR_S) == pytest.approx(86400e6)
    assert week.dirty_bytes(HOUR_S, 23 * HOUR_S) == pytest.approx(0.0, abs=1.0)
    assert isinstance(bursts, Tabled)
    assert (bursts.window_s, bursts.set_bytes) == (600.0, 1e9)
    assert trace.dirty_bytes(0.0, 1e6) == 11e6
    assert isinstance(several, Several)
    assert several.dirty_bytes(0.0, 120.0) == 120e6 + 3e6


def test_bursts_differ_by_disk_and_by_seed_and_are_the_same_again(tmp_path: Path) -> None:
    text = "vms: {deckard: {disks: [&d {size: 40 GiB, workload: {rate: 1 MB/s, bursts: {}}}, *d]}}\n"
    given = environment(tmp_path, text)

    def drawn(seed: int) -> list[float]:
        return [d.workload.dirty_bytes(0.0, 7200.0) for d in workloads_of(given, seed)["deckard"].disks]

    assert drawn(1) == drawn(1)
    assert len({*drawn(1), *drawn(2)}) == 4


def test_a_thick_disk_is_compared_whole_and_a_limit_counts_at_the_host(tmp_path: Path) -> None:
    text = "replication: {limits: {tyrell-esx01: 1, tyrell-cce01: 3}}\n"
    world = World(environment(tmp_path, text), 1)
    slots = world.plane.engine.store.state.slots
    assert slots[:2, 0].tolist() == [1, 3]
