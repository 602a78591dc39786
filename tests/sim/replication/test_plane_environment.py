"""What an environment says of VMs and lines, in the data plane: limits, seeds, disks, efficiency, bursts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from replication_fakes import GIB, HOUR_S, LWD, Constant, FakeNetwork, FakeScheduler, Sink, Source

from cxsim.sim.replication.plane import LineFacts, SimDataPlane
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Disk, VmWorkload

WIDE = Settings(window_bytes=1e18, source_read_bps=8e9)
WAN = "tyrell-wan:up"
DISKS = (Disk(2000, 20 * GIB, 2 * GIB, Constant(0.0)), Disk(2001, 20 * GIB, 6 * GIB, Constant(1e6)))


def first_syncs(vms: dict[str, VmWorkload], settings: Settings = WIDE, **more: object) -> list[float]:
    """When the initial sync of each VM ends, all started at once; seconds."""
    scheduler = FakeScheduler()
    plane = SimDataPlane(scheduler, FakeNetwork(), vms, settings, **more)  # type: ignore[arg-type]
    for uuid in vms:
        plane.expect("chc-cce01", Sink(uuid, "10.3.0.21", True))
        source = Source(uuid, uuid, "192.168.0.21", "192.168.0.34", *LWD, rpo_s=900.0, disk_keys=(2000, 2001))
        plane.start("tyrell-cce01", source)
    scheduler.run(6 * HOUR_S)
    found = [vm.rpo_from_s for vm in plane.report().vms]
    assert None not in found
    return [at_s - plane.report().at_s + 6 * HOUR_S for at_s in found if at_s is not None]


def vm(**more: object) -> VmWorkload:
    return VmWorkload("deckard", (DISKS[0], replace(DISKS[1], replicated=False)), **more)  # type: ignore[arg-type]


def test_an_excluded_disk_is_neither_compared_nor_shipped() -> None:
    assert first_syncs({"a": vm()}) == [pytest.approx(2 * GIB / 9e6, rel=1e-6)]


def test_the_write_sequences_are_those_of_replicated_disks() -> None:
    plane = SimDataPlane(FakeScheduler(), FakeNetwork(), {"a": vm()}, WIDE)
    assert [key for key, _ in plane.write_sequences("a")] == [2000]


def test_a_seed_of_the_vm_ships_what_differs() -> None:
    (took_s,) = first_syncs({"a": vm(has_seed=True)})
    assert took_s == pytest.approx(max(0.05 * 2 * GIB / 9e6, 2 * GIB / 1e9), rel=1e-6)


def test_a_thick_disk_is_read_whole_and_ships_what_is_in_use() -> None:
    slow = replace(WIDE, source_read_bps=80e6)
    thick = replace(vm(), disks=(replace(DISKS[0], thick=True), vm().disks[1]))
    assert first_syncs({"a": thick}, slow) == [pytest.approx(20 * GIB / 10e6, rel=1e-6)]


@pytest.mark.parametrize("limited", ["tyrell-esx01", "tyrell-cce01", "chc-cce01"])
def test_a_limit_of_the_host_or_a_replicator_makes_vms_wait_for_each_other(limited: str) -> None:
    both = {"a": vm(), "b": vm()}
    alone_s = 2 * GIB / 9e6
    assert first_syncs(both) == [pytest.approx(2 * alone_s, rel=1e-3)] * 2
    assert first_syncs(both, limits={limited: 1}) == [
        pytest.approx(alone_s, rel=1e-3),
        pytest.approx(2 * alone_s, rel=1e-3),
    ]
    assert first_syncs(both, limits={"chc-cce02": 1}) == first_syncs(both)


def test_a_line_has_its_own_efficiency() -> None:
    lines = {WAN: LineFacts(efficiency=0.36)}
    assert first_syncs({"a": vm()}, lines=lines) == [pytest.approx(2 * GIB / 4.5e6, rel=1e-6)]


def test_a_line_bursts_beside_the_clock() -> None:
    lines = {WAN: LineFacts(burst_bps=200e6, saved_bytes=100e6 / 8 * 60)}
    (took_s,) = first_syncs({"a": vm()}, lines=lines)
    burst_bytes = 60 * 18e6
    assert took_s == pytest.approx(60 + (2 * GIB - burst_bytes) / 9e6, rel=1e-6)
