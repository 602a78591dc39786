"""The data plane beside a clock and a network: connections, faults, what is told and what is logged."""

from __future__ import annotations

import itertools
import math

import pytest
from replication_fakes import GIB, HOUR_S, LWD, MIN_S, START_S, TYRELL, FakeNetwork, Rig, vm

from cxsim.fake_cx.dataplane import DataPlane, ReplicationState, Source
from cxsim.sim.kernel.wire import Fate
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, PeriodicRewrite

LEGS = [
    ("tyrell-esx01", "192.168.0.34", 44045),
    ("tyrell-cce01", *LWD),
    ("chc-cce01", "10.3.0.21", 902),
    ("chc-cce01", "10.3.0.21", 80),
]
ROY = "uuid-roy"


def test_it_is_a_data_plane() -> None:
    plane: DataPlane = Rig().plane
    assert plane.start


@pytest.mark.parametrize(("link_bps", "hours"), [(1.544e6, 200), (10e6, 30), (100e6, 3)])
def test_100_gb_take_as_long_as_the_vendor_says(link_bps: float, hours: float) -> None:
    rig = Rig({"u": vm("big", 100e9, Constant(0.0))}, network=FakeNetwork(link_bps))
    replication = rig.migrate("u")
    rig.run(210 * HOUR_S)
    latest = replication.progress().latest
    assert latest is not None
    assert latest.transfer_bytes == 0  # a delta of the idle VM; the initial sync is in the log
    ended_us, fields = rig.log.of("instance")[0]
    assert fields == {
        "vm": "big",
        "sequence": 1,
        "started_us": fields["started_us"],
        "bytes": 100_000_000_000,
    }
    assert ended_us / 3.6e9 == pytest.approx(hours, rel=0.05)


def test_a_warm_migration_syncs_keeps_its_rpo_and_cuts_over_with_everything_written() -> None:
    rig = Rig()
    replication = rig.migrate()
    percents = []
    for minute in range(40):
        rig.run(minute * MIN_S)
        percents.append(replication.progress().percent)
    assert percents[0] == 0
    assert percents[:32] == sorted(percents[:32])
    assert percents[31] in range(90, 100)
    rig.run(3 * HOUR_S)
    assert replication.progress().state in (ReplicationState.IDLE, ReplicationState.ACTIVE)
    rig.plane.vm_power("uuid-deckard", False)
    sequence = replication.sync(final=True)
    written = rig.plane.write_sequences("uuid-deckard")
    rig.run(4 * HOUR_S)
    progress = replication.progress()
    assert progress.latest is not None
    assert (progress.latest.sequence, progress.latest.write_sequences) == (sequence, written)
    assert (progress.state, progress.percent) == (ReplicationState.IDLE, 100)
    report = rig.plane.report().vm("deckard")
    assert report.violations == ()
    assert report.time_in_rpo == 1.0
    assert report.rpo_until_s == START_S + 3 * HOUR_S
    replication.stop()
    assert replication.progress().state is ReplicationState.NONE
    assert rig.network.open == []


@pytest.mark.parametrize("leg", LEGS, ids=lambda leg: f"{leg[0]}-{leg[2]}")
@pytest.mark.parametrize("fate", [Fate.SILENT, Fate.REFUSED, Fate.UNREACHABLE, Fate.NO_ROUTE])
def test_a_blocked_leg_stays_at_0_percent_and_ends_in_error(leg: tuple[str, str, int], fate: Fate) -> None:
    rig = Rig()
    rig.network.block(leg, fate)
    replication = rig.migrate()
    for minute in range(30):
        rig.run(minute * MIN_S)
        progress = replication.progress()
        assert (progress.state, progress.percent) == (ReplicationState.SYNCING, 0)
        assert progress.error is None
    rig.run(31 * MIN_S)
    progress = replication.progress()
    assert (progress.state, progress.percent) == (ReplicationState.ERROR, 0)
    assert progress.error is not None
    assert f"{leg[0]} -> {leg[1]}:{leg[2]}" in progress.error
    assert rig.plane.troubles()["H4-uuid-deckard"].fate is fate
    assert rig.plane.report().vm("deckard").time_in_rpo is None
    rig.network.unblock(leg)
    rig.run(34 * MIN_S)
    progress = replication.progress()
    assert (progress.state, progress.error) == (ReplicationState.SYNCING, None)
    assert progress.percent > 0
    assert rig.plane.troubles() == {}


def test_reconnects_come_10_s_apart_more_each_time_up_to_90_s() -> None:
    rig = Rig()
    rig.network.block(LEGS[1])
    rig.migrate()
    seen = []
    for second in range(700):
        before = len(rig.network.attempts)
        rig.run(second)
        if len(rig.network.attempts) > before:
            seen.append(second)
    waits = [b - a for a, b in itertools.pairwise(seen)]
    assert seen[0] == 0
    assert waits == [10, 20, 30, 40, 50, 60, 70, 80, 90, 90, 90]


def test_a_replicator_that_does_not_expect_the_replication_blocks_it() -> None:
    rig = Rig()
    replication = rig.migrate(expect=False)
    rig.run(40 * MIN_S)
    progress = replication.progress()
    assert progress.state is ReplicationState.ERROR
    assert progress.error is not None
    assert "answered by chc-cce01, which does not expect this replication" in progress.error


def test_the_lwd_address_of_another_appliance_blocks_it() -> None:
    rig = Rig()
    rig.network.answers[LEGS[1]] = "chc-ccm01"
    replication = rig.migrate()
    rig.run(40 * MIN_S)
    assert "answered by chc-ccm01" in (replication.progress().error or "")


def test_an_unknown_source_esxi_is_told() -> None:
    rig = Rig()
    source = Source("H4-x", "uuid-roy", "192.168.0.99", "192.168.0.34", *LWD, rpo_s=900.0, disk_keys=(2000,))
    replication = rig.plane.start("tyrell-cce01", source)
    rig.run(40 * MIN_S)
    assert "192.168.0.99" in (replication.progress().error or "")


def test_a_path_that_swallows_full_segments_carries_nothing() -> None:
    rig = Rig()
    replication = rig.migrate()
    rig.run(100)
    wan = next(path for path in rig.network.open if path.link_ids)
    before = replication.progress().bytes_transferred
    wan.changed(max_segment_bytes=1372)
    assert "segments above 1372 bytes vanish" in rig.plane.troubles()["H4-uuid-deckard"].text()
    rig.run(105)
    assert replication.progress().bytes_transferred == before


def test_an_outage_costs_its_time_and_the_way_to_the_next_attempt() -> None:
    quiet = {"u": vm("still", 9e9, Constant(0.0))}  # 1000 s at 72 Mbit/s
    rig = Rig(quiet)
    rig.migrate("u")
    rig.at(300, lambda: rig.network.block(LEGS[1]))
    rig.at(415, lambda: rig.network.unblock(LEGS[1]))
    rig.run(2 * HOUR_S)
    # Attempts at 310, 330, 360, 400, 450.
    assert rig.log.of("instance")[0][0] == 1_150_000_000


def test_an_interrupted_transfer_can_start_over() -> None:
    rig = Rig({"u": vm("still", 9e9, Constant(0.0))}, Settings(interrupted_delta="restart"))
    rig.migrate("u")
    rig.at(300, lambda: rig.network.block(LEGS[1]))
    rig.at(415, lambda: rig.network.unblock(LEGS[1]))
    rig.run(2 * HOUR_S)
    assert rig.log.of("instance")[0][0] == 1_450_000_000


def test_a_lost_connection_in_service_ages_the_data_and_shows_error_only_when_asked() -> None:
    for patience_s, state in ((math.inf, ReplicationState.IDLE), (3600.0, ReplicationState.ERROR)):
        rig = Rig(settings=Settings(error_after_lost_s=patience_s))
        replication = rig.migrate()
        rig.at(2 * HOUR_S + 20, lambda rig=rig: rig.network.block(LEGS[0]))
        rig.run(6 * HOUR_S)
        assert replication.progress().state is state
        violation = rig.plane.report().vm("deckard").violations[-1]
        assert violation.ongoing
        assert violation.from_s < START_S + 2 * HOUR_S + 900


def test_a_capacity_change_counts_at_once() -> None:
    rig = Rig({"u": vm("still", 9e9, Constant(0.0))})
    rig.migrate("u")
    rig.at(500, lambda: rig.network.set_capacity(50e6))
    rig.run(2 * HOUR_S)
    assert rig.log.of("instance")[0][0] == 1_500_000_000


def test_a_dead_link_stalls_and_goes_on() -> None:
    rig = Rig({"u": vm("still", 9e9, Constant(0.0))})
    replication = rig.migrate("u")
    rig.at(500, lambda: rig.network.set_capacity(0.0))
    rig.at(4000, lambda: rig.network.set_capacity(100e6))
    rig.run(3000)
    assert replication.progress().percent == 50
    rig.run(2 * HOUR_S)
    assert rig.log.of("instance")[0][0] == 4_500_000_000


def test_the_window_over_the_round_trip_limits_one_vm_on_a_fast_link() -> None:
    rig = Rig({"u": vm("still", 10 * 2.0**20 * 100, Constant(0.0))}, network=FakeNetwork(1e9, rtt_s=0.05))
    rig.migrate("u")
    rig.run(HOUR_S)
    assert rig.log.of("instance")[0][0] == 100_000_000  # 512 KiB / 50 ms = 10 MiB/s


def test_loss_limits_by_mathis() -> None:
    rig = Rig({"u": vm("still", 1e9, Constant(0.0))}, network=FakeNetwork(1e9, rtt_s=0.02, loss=0.01))
    rig.migrate("u")
    rig.run(2 * HOUR_S)
    expected_s = 1e9 * 8 / (1460 * 8 / 0.02 * math.sqrt(1.5 / 0.01))
    assert rig.log.of("instance")[0][0] / 1e6 == pytest.approx(expected_s, rel=1e-9)


def test_reading_a_source_slower_than_the_link_limits_the_initial_sync() -> None:
    rig = Rig({"u": vm("still", 1e9, Constant(0.0))}, Settings(source_read_bps=8e6))
    replication = rig.migrate("u")
    rig.run(500)
    progress = replication.progress()
    assert progress.checksum_compared_bytes == progress.bytes_transferred == 500_000_000
    rig.run(HOUR_S)
    assert rig.log.of("instance")[0][0] == 1_000_000_000


def test_a_seed_ships_only_what_differs_but_everything_is_compared() -> None:
    rig = Rig({"u": vm("still", 100e9, Constant(0.0))})
    replication = rig.migrate("u", has_seed=True)
    rig.run(500)
    progress = replication.progress()
    assert progress.percent == 50
    assert (progress.checksum_compared_bytes, progress.checksum_total_bytes) == (
        50_000_000_000,
        100_000_000_000,
    )
    rig.run(HOUR_S)
    assert rig.log.of("instance")[0] == (
        1_000_000_000,  # 100 GB at 100 MB/s; 5 GB of it shipped meanwhile
        {"vm": "still", "sequence": 1, "started_us": 1_000_000_000, "bytes": 5_000_000_000},
    )


@pytest.mark.parametrize(
    ("transfer_min", "margin", "every_min", "in_rpo"),
    [(5.0, 0.0, 10.0, 1.0), (7.5, 0.0, 7.5, 1.0), (10.0, 0.0, 10.0, 0.5), (5.0, 0.2, 9.0, 1.0)],
)
def test_the_vendors_examples_run_to_the_second(
    transfer_min: float, margin: float, every_min: float, in_rpo: float
) -> None:
    """Every delta takes `transfer_min`: the same blocks are rewritten every second. The first twenty are
    left out: their mean holds the first delta, scaled."""
    block = transfer_min * 60 * 9e6
    machine = vm("steady", 9e6 * 60, PeriodicRewrite(block, 1.0))
    rig = Rig({"u": machine}, Settings(expected_margin=margin))
    rig.migrate("u")
    rig.run(24 * HOUR_S)
    starts = [fields["started_us"] / 60e6 for _, fields in rig.log.of("instance")][20:]
    assert [b - a for a, b in itertools.pairwise(starts)] == pytest.approx(
        [every_min] * (len(starts) - 1), abs=1e-9
    )
    report = rig.plane.report().vm("steady")
    if in_rpo == 1.0:
        assert report.violations == ()
    else:
        assert report.time_in_rpo == pytest.approx(in_rpo, abs=0.01)
        assert all(v.until_s - v.from_s == pytest.approx(300.0, abs=1e-6) for v in report.violations[20:-1])


def test_a_vm_that_is_off_writes_nothing() -> None:
    rig = Rig()
    rig.migrate()
    rig.at(2 * HOUR_S, lambda: rig.plane.vm_power("uuid-deckard", False))
    rig.run(4 * HOUR_S)
    assert rig.log.of("instance")[-1][1]["bytes"] == 0
    rig.plane.vm_power("some other VM", True)
    rig.plane.vm_power("uuid-deckard", True)
    rig.run(5 * HOUR_S)
    assert rig.log.of("instance")[-1][1]["bytes"] > 0


def test_pauses_count_in_the_data_age() -> None:
    rig = Rig()
    replication = rig.migrate()
    rig.at(2 * HOUR_S, replication.pause)
    rig.run(3 * HOUR_S)
    assert replication.progress().state is ReplicationState.PAUSED
    replication.resume()
    rig.run(4 * HOUR_S)
    (violation,) = rig.plane.report().vm("deckard").violations
    assert violation.until_s > START_S + 3 * HOUR_S
    assert [fields["change"] for _, fields in rig.log.of("rpo")] == ["violated", "restored"]
    assert rig.log.of("rpo")[0][1]["age_s"] == 900.0


def test_a_sync_asked_for_starts_now_or_after_the_one_being_made() -> None:
    rig = Rig()
    replication = rig.migrate()
    rig.run(60)
    assert replication.sync() == replication.sync() == 2
    rig.run(2 * HOUR_S)
    while replication.progress().state is not ReplicationState.IDLE:
        rig.run(rig.scheduler.now_s - START_S + 10)
    latest = replication.progress().latest
    assert latest is not None
    sequence = replication.sync()
    assert sequence == latest.sequence + 1 == replication.sync()
    rig.run(rig.scheduler.now_s - START_S + 1)
    assert replication.progress().state is ReplicationState.ACTIVE
    assert replication.sync() == sequence + 1


def test_forgetting_a_replication_cuts_its_stream() -> None:
    rig = Rig()
    replication = rig.migrate()
    rig.run(100)
    before = replication.progress().bytes_transferred
    rig.plane.forget("chc-cce01", "H4-uuid-deckard")
    rig.run(200)
    assert replication.progress().bytes_transferred == before
    assert rig.network.open == []


def test_changes_made_meanwhile_are_caught_up_before_the_clock_starts() -> None:
    rig = Rig()
    rig.migrate(ROY)
    rig.run(8 * HOUR_S)
    (first, *_) = rig.log.of("instance")
    assert first[1]["bytes"] > 30 * GIB
    assert first[0] - first[1]["started_us"] <= 450e6
    assert rig.plane.report().vm("roy").violations == ()


def test_left_to_the_first_delta_the_initial_sync_starts_with_a_violation() -> None:
    rig = Rig(settings=Settings(initial_catch_up=False))
    rig.migrate(ROY)
    rig.run(8 * HOUR_S)
    assert rig.log.of("instance")[0][1]["bytes"] == 30 * GIB
    report = rig.plane.report().vm("roy")
    assert report.violations[0].from_s == report.rpo_from_s


def test_a_link_too_slow_for_the_writes_ends_the_initial_sync_in_violation() -> None:
    rig = Rig(network=FakeNetwork(20e6))  # 1.8 MB/s for 2 MB/s
    rig.migrate(ROY)
    rig.run(100 * HOUR_S)
    report = rig.plane.report().vm("roy")
    assert report.time_in_rpo == pytest.approx(0.0)


@pytest.mark.parametrize("degraded", [True, False])
def test_three_vms_on_a_link_that_drops_for_four_hours(degraded: bool) -> None:
    """The scenario rpo-bandwidth, as far as it is the data plane's."""
    vms = {
        "d": vm("deckard", 16 * GIB, Constant(0.4e6), 40 * GIB),
        "r": vm("rachael", 24 * GIB, Constant(0.8e6), 60 * GIB),
        "roy": vm("roy", 30 * GIB, Constant(1.6e6), 80 * GIB),
    }
    rig = Rig(vms, network=FakeNetwork(rtt_s=0.02))
    for name in vms:
        rig.migrate(name)
    if degraded:
        rig.at(8 * HOUR_S, lambda: rig.network.set_capacity(20e6))
        rig.at(12 * HOUR_S, lambda: rig.network.set_capacity(100e6))
    rig.run(7 * HOUR_S)
    report = rig.plane.report()
    assert [v.name for v in report.vms] == ["deckard", "rachael", "roy"]
    assert all(v.rpo_from_s is not None for v in report.vms)
    rig.run(16 * HOUR_S)
    report = rig.plane.report()
    roy = report.vm("roy")
    assert roy.time_in_rpo is not None
    assert report.fleet.time_in_rpo is not None
    if degraded:
        assert roy.time_in_rpo < 0.9
        assert START_S + 8 * HOUR_S < roy.violations[0].from_s < START_S + 12 * HOUR_S
        assert 0.5 < report.fleet.time_in_rpo < 1
    else:
        assert roy.violations == ()
        assert report.fleet.time_in_rpo >= 0.999


def test_looking_often_changes_nothing() -> None:
    def story(look_every_s: float | None) -> list[object]:
        rig = Rig()
        replications = [rig.migrate(u) for u in TYRELL]
        rig.at(3 * HOUR_S, lambda: rig.network.set_capacity(30e6))
        rig.at(3.5 * HOUR_S, lambda: rig.network.block(LEGS[1]))
        rig.at(4 * HOUR_S, lambda: rig.network.unblock(LEGS[1]))
        t = 0.0
        while look_every_s and t < 8 * HOUR_S:
            rig.run(t)
            for replication in replications:
                replication.progress()
            rig.plane.report()
            t += look_every_s
        rig.run(8 * HOUR_S)
        return [rig.log.events, rig.plane.report()]

    assert story(None) == story(7.3)


def test_a_fault_at_the_instant_of_a_completion_comes_first() -> None:
    rig = Rig({"u": vm("still", 9e9, Constant(0.0))})
    rig.migrate("u")
    rig.at(1000, lambda: rig.network.block(LEGS[1]))
    rig.at(1001, lambda: rig.network.unblock(LEGS[1]))
    rig.run(2 * HOUR_S)
    assert rig.log.of("instance")[0][0] == 1_010_000_000


def test_an_unknown_vm_is_refused() -> None:
    with pytest.raises(KeyError, match="no workload is known for VM nobody"):
        Rig().migrate("nobody")


def test_the_report_names_what_it_rests_on() -> None:
    assert "window_bytes" in {constant.name for constant in Rig().plane.report().inferred}


def test_the_log_is_in_order_of_time() -> None:
    rig = Rig()
    for u in TYRELL:
        rig.migrate(u)
    rig.run(12 * HOUR_S)
    times = [event[0] for event in rig.log.events]
    assert times == sorted(times)
    assert len(times) > 100
