"""The data plane on the real kernel clock and the real network, in the Tyrell environment."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from replication_fakes import GIB, HOUR_S, LWD, MIN_S, START_S, Constant, Sink, Source, vm

from cxsim.fake_cx.dataplane import ReplicationState
from cxsim.sim.kernel import Hub
from cxsim.sim.network import FilterRule, Network, Topology, changes
from cxsim.sim.replication.plane import SimDataPlane, SimReplication

VMS = {
    "d": vm("deckard", 16 * GIB, Constant(0.4e6), 40 * GIB),
    "r": vm("rachael", 24 * GIB, Constant(0.8e6), 60 * GIB),
    "roy": vm("roy", 30 * GIB, Constant(1.6e6), 80 * GIB),
}
DROP_LWD = FilterRule("98", "drop", "no unknown ports out", "192.168.0.0/24", "any", "tcp", (44045,))


def _topology() -> Topology:
    path = Path(__file__).parents[1] / "network" / "tyrell.py"
    spec = importlib.util.spec_from_file_location("cxsim_tests_replication_tyrell", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    built: Topology = module.tyrell_topology()
    return built


class World:
    """Hub, network and data plane."""

    def __init__(self) -> None:
        self.hub = Hub(1, START_S)
        self.network = Network(_topology(), clock=lambda: self.hub.now_s)
        self.plane = SimDataPlane(self.hub, self.network, VMS, log=self.hub.events)

    def migrate(self, uuid: str) -> SimReplication:
        self.plane.expect("chc-cce01", Sink(uuid, "10.3.0.21", True))
        source = Source(uuid, uuid, "192.168.0.21", "192.168.0.34", *LWD, rpo_s=900.0, disk_keys=(2000,))
        return self.plane.start("tyrell-cce01", source)

    def at(self, after_s: float, callback: Callable[[], object]) -> None:
        self.hub.call_at(START_S + after_s, callback)

    def run(self, until_s: float) -> None:
        self.hub.run(START_S + until_s)


def test_the_initial_sync_takes_the_line_at_its_efficiency() -> None:
    world = World()
    world.migrate("d")
    world.run(2 * HOUR_S)
    (first, *_) = world.hub.events.of("instance")
    full_copy_s = 16 * GIB / (100e6 * 0.72 / 8)
    assert first.fields["started_us"] / 1e6 == pytest.approx(full_copy_s, rel=1e-3)
    assert world.plane.report().vm("deckard").violations == ()


def test_a_rule_that_drops_44045_keeps_it_at_0_percent_and_ends_in_error() -> None:
    world = World()
    change = changes.add_rule(world.network, "TYR-ESG", DROP_LWD)
    replication = world.migrate("d")
    world.run(29 * MIN_S)
    assert (replication.progress().state, replication.progress().percent) == (ReplicationState.SYNCING, 0)
    world.run(31 * MIN_S)
    progress = replication.progress()
    assert (progress.state, progress.percent) == (ReplicationState.ERROR, 0)
    assert "tyrell-cce01 -> 203.0.113.32:44045: timed out" in (progress.error or "")
    assert change is not None


def test_a_flushed_rule_cuts_a_running_stream_and_its_removal_lets_it_go_on() -> None:
    world = World()
    replication = world.migrate("d")
    world.at(500, lambda: changes.add_rule(world.network, "TYR-ESG", DROP_LWD, flush=True))
    world.run(600)
    stopped = replication.progress().bytes_transferred
    assert stopped == pytest.approx(500 * 9e6, rel=1e-3)
    world.at(900, lambda: changes.remove_rule(world.network, "TYR-ESG", "98"))
    world.run(890)
    assert replication.progress().bytes_transferred == stopped
    world.run(1000)
    assert replication.progress().bytes_transferred > stopped


@pytest.mark.parametrize("degraded", [True, False])
def test_a_line_that_drops_for_four_hours_is_seen_in_the_figures(degraded: bool) -> None:
    world = World()
    for uuid in VMS:
        world.migrate(uuid)
    if degraded:
        world.at(8 * HOUR_S, lambda: changes.set_line(world.network, "tyrell-wan", up_bps=20e6))
        world.at(12 * HOUR_S, lambda: changes.set_line(world.network, "tyrell-wan", up_bps=100e6))
    world.run(16 * HOUR_S)
    report = world.plane.report()
    roy = report.vm("roy")
    if degraded:
        assert roy.time_in_rpo is not None
        assert roy.time_in_rpo < 0.9
        assert START_S + 8 * HOUR_S < roy.violations[0].from_s < START_S + 12 * HOUR_S
    else:
        assert report.fleet.time_in_rpo == 1.0


def test_a_stopped_replicator_service_is_an_outage() -> None:
    world = World()
    replication = world.migrate("d")
    world.at(300, lambda: changes.stop_service(world.network, "chc-cce01", 44045))
    world.run(400)
    assert world.plane.troubles()["d"].leg == "source replicator to destination LWD endpoint"
    before = replication.progress().bytes_transferred
    world.run(600)
    assert replication.progress().bytes_transferred == before
