"""Connections that live while the network changes: circuits of sockets, and transfers of replication data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cxsim.sim.kernel.wire import Fate
from cxsim.sim.network import (
    Change,
    Circuit,
    FilterRule,
    Network,
    Outcome,
    Path,
    Reason,
    Topology,
    Wan,
    changes,
)

DROP = FilterRule("99", "drop", "hardening", ports=(8044, 44045))
REJECT = replace(DROP, action="reject")
Make = Callable[[Network], Change]


def opened(network: Network) -> tuple[Circuit, list[Fate]]:
    attempt = network.connect("tyrell-cce01", "203.0.113.32", 8044)
    circuit = attempt.circuit
    assert isinstance(circuit, Circuit)
    told: list[Fate] = []
    circuit.on_change = lambda: told.append(circuit.fate)
    return circuit, told


def transfer(network: Network) -> tuple[Path, list[Fate]]:
    path = network.open_transfer("tyrell-cce01", "203.0.113.32", 44045)
    told: list[Fate] = []
    path.on_change(lambda: told.append(path.fate))
    return path, told


CASES: list[tuple[str, Make, Fate, Fate]] = [
    ("an allow is added", lambda n: changes.add_rule(n, "CHC-ESG", FilterRule("9", "allow")),
     Fate.ACCEPTED, Fate.ACCEPTED),
    ("a drop is added", lambda n: changes.add_rule(n, "CHC-ESG", DROP), Fate.ACCEPTED, Fate.ACCEPTED),
    ("a drop is added and the table flushed", lambda n: changes.add_rule(n, "CHC-ESG", DROP, flush=True),
     Fate.SILENT, Fate.SILENT),
    ("a reject is added and the table flushed", lambda n: changes.add_rule(n, "CHC-ESG", REJECT, flush=True),
     Fate.SILENT, Fate.SILENT),
    ("the allow is taken away", lambda n: changes.remove_rule(n, "CHC-ESG", "4"),
     Fate.ACCEPTED, Fate.ACCEPTED),
    ("the edge forgets", lambda n: changes.flush(n, "CHC-ESG"), Fate.SILENT, Fate.SILENT),
    ("the tenant's source translation expires", lambda n: changes.drop_nat_entries(n, "TYR-ESG", "103"),
     Fate.SILENT, Fate.SILENT),
    ("the server goes down", lambda n: changes.host_down(n, "chc-ccm01"), Fate.SILENT, Fate.ACCEPTED),
    ("the server restarts", lambda n: changes.restart_host(n, "chc-ccm01"), Fate.REFUSED, Fate.ACCEPTED),
    ("the client restarts", lambda n: changes.restart_host(n, "tyrell-cce01"), Fate.REFUSED, Fate.REFUSED),
    ("the service stops", lambda n: changes.stop_service(n, "chc-ccm01", 8044), Fate.REFUSED, Fate.ACCEPTED),
    ("the line goes down", lambda n: changes.set_line(n, "tyrell-wan", is_up=False),
     Fate.SILENT, Fate.SILENT),
    ("another site's rule changes", lambda n: changes.remove_nat(n, "TYR-ESG", "101"),
     Fate.ACCEPTED, Fate.ACCEPTED),
]  # fmt: skip


@pytest.mark.parametrize(("what", "make", "circuit_fate", "path_fate"), CASES, ids=[c[0] for c in CASES])
def test_a_live_connection_and_a_transfer_when(
    network: Network, what: str, make: Make, circuit_fate: Fate, path_fate: Fate
) -> None:
    circuit, told = opened(network)
    path, path_told = transfer(network)
    make(network)
    assert (circuit.fate, path.fate) == (circuit_fate, path_fate)
    assert told == ([] if circuit_fate is Fate.ACCEPTED else [circuit_fate])
    assert path_told == ([] if path_fate is Fate.ACCEPTED else [path_fate])


def test_a_line_that_comes_back_carries_the_connection_again(network: Network) -> None:
    circuit, told = opened(network)
    change = changes.set_line(network, "tyrell-wan", is_up=False)
    change.undo()
    assert told == [Fate.SILENT, Fate.ACCEPTED]
    assert circuit.fate is Fate.ACCEPTED


def test_a_host_that_comes_back_has_forgotten_what_it_had(network: Network) -> None:
    circuit, told = opened(network)
    path, path_told = transfer(network)
    changes.host_down(network, "chc-ccm01")()
    changes.host_down(network, "chc-cce01")()
    assert told == [Fate.SILENT, Fate.ACCEPTED]
    assert circuit.forgotten_by == ["chc-ccm01"]
    assert network.connect("tyrell-cce01", "203.0.113.32", 8044).fate is Fate.ACCEPTED
    assert path_told == [Fate.SILENT, Fate.REFUSED]
    assert path.fate is Fate.REFUSED


def test_a_reject_that_is_taken_away_before_anything_is_sent_has_reset_nothing(topology: Topology) -> None:
    rules = (*topology.edges[1].rules, FilterRule("6", "allow", "replies", "10.3.0.0/24"))
    network = Network(topology.with_edge("CHC-ESG", stateful=False, rules=rules))
    circuit, told = opened(network)
    change = changes.add_rule(network, "CHC-ESG", REJECT)
    change.undo()
    circuit.touched(1.0)
    assert told == []
    changes.add_rule(network, "CHC-ESG", REJECT)
    circuit.touched(2.0)
    assert told == [Fate.REFUSED]


def test_netfilter_picks_ongoing_connections_up_after_a_flush(topology: Topology) -> None:
    rules = tuple(replace(r, destination="any") for r in topology.edges[1].rules)
    network = Network(topology.with_edge("CHC-ESG", type="netfilter", rules=rules))
    circuit, told = opened(network)
    changes.flush(network, "CHC-ESG")
    assert told == []
    changes.add_rule(network, "CHC-ESG", REJECT, flush=True)
    assert told == []
    circuit.touched(1.0)
    assert told == [Fate.REFUSED]


def test_a_program_that_stops_listening_keeps_what_it_had_accepted(network: Network) -> None:
    """Closing a listening socket closes no accepted one."""
    circuit, told = opened(network)
    del network.host("chc-ccm01").services[8044]
    changes.set_line(network, "mycloud-wan", rtt_s=0.001)
    assert network.connect("tyrell-cce01", "203.0.113.32", 8044).fate is Fate.REFUSED
    assert (circuit.fate, told) == (Fate.ACCEPTED, [])


def test_a_wider_way_wakes_what_was_too_large_to_pass(network: Network) -> None:
    circuit, told = opened(network)
    change = changes.set_line(network, "tyrell-wan", mtu_bytes=1400)
    assert told == []
    change.undo()
    assert told == [Fate.ACCEPTED]
    assert circuit.max_segment_bytes is None


LINE = {
    "up": {"up_bps": 20e6},
    "lower down": {"down_bps": 5e6},
    "rtt": {"rtt_s": 0.1},
    "loss": {"loss": 0.02},
    "mtu": {"mtu_bytes": 1400},
    "one transfer": {"transfer_bps": 1e6},
    "jitter": {"jitter_s": 0.005},
    "down": {"is_up": False},
}
MEETS = {"up": (False, True), "lower down": (False, False), "rtt": (True, True), "loss": (False, True),
         "mtu": (True, True), "one transfer": (False, True), "jitter": (True, False),
         "down": (True, True)}  # fmt: skip


@pytest.mark.parametrize("what", LINE)
def test_a_running_connection_or_transfer_that_can_notice_a_change_of_its_line_has_met_it(
    network: Network, what: str
) -> None:
    """HTTP costs no bandwidth, a fluid has no jitter, and a transfer uses one direction of a line."""
    met = []
    for opens in (opened, transfer):
        live, _ = opens(network)  # type: ignore[operator]
        change = changes.set_line(network, "tyrell-wan", **LINE[what])  # type: ignore[arg-type]
        met.append(change.met > 0)
        live.close()
        change.undo()
    assert tuple(met) == MEETS[what]


def test_a_change_of_another_line_has_met_nothing(topology: Topology) -> None:
    tyrell, mycloud = topology.sites
    other = replace(mycloud, name="other", subnets=(), wan=Wan("other-wan", 1e6, 1e6))
    network = Network(replace(topology, sites=(tyrell, mycloud, other)))
    opened(network)
    transfer(network)
    assert changes.set_line(network, "other-wan", is_up=False).met == 0


def test_jitter_delays_each_segment_by_its_own_draw_from_the_connections_stream(topology: Topology) -> None:
    tyrell, mycloud = topology.sites
    shaky = replace(tyrell, wan=Wan("tyrell-wan", 100e6, 100e6, 0.020, jitter_s=0.008))
    made = [Network(replace(topology, sites=(shaky, mycloud))) for _ in range(2)]
    drawn = [[circuit.latency_s for _ in range(50)] for circuit in (opened(network)[0] for network in made)]
    assert drawn[0] == drawn[1]
    assert all(0.01002 <= latency_s <= 0.01802 for latency_s in drawn[0])
    assert len(set(drawn[0])) == 50
    second = opened(made[0])[0]
    assert [second.latency_s for _ in range(50)] != drawn[0]


def test_a_stateless_edge_drops_live_connections_when_its_rules_do(topology: Topology) -> None:
    rules = (*topology.edges[1].rules, FilterRule("6", "allow", "replies", "10.3.0.0/24"))
    network = Network(topology.with_edge("CHC-ESG", stateful=False, rules=rules))
    _, told = opened(network)
    change = changes.add_rule(network, "CHC-ESG", DROP)
    change.undo()
    assert told == [Fate.SILENT, Fate.ACCEPTED]
    assert change.met >= 1


def test_an_idle_connection_is_forgotten_and_vanishes_at_the_next_payload(
    topology: Topology,
) -> None:
    now = [0.0]
    network = Network(topology.with_edge("CHC-ESG", idle_timeout_s=600.0), clock=lambda: now[0])
    circuit, told = opened(network)
    circuit.touched(500.0)
    circuit.touched(1000.0)
    assert told == []
    circuit.touched(1601.0)
    assert told == [Fate.SILENT]


def test_a_documented_hour_of_silence_is_too_long_for_an_nsx_v_edge(network: Network) -> None:
    circuit, told = opened(network)
    circuit.touched(3600.0)
    assert told == []
    circuit.touched(7201.0)
    assert told == [Fate.SILENT]


def test_a_closed_connection_is_told_nothing_more(network: Network) -> None:
    circuit, told = opened(network)
    circuit.closed()
    circuit.closed()
    changes.restart_host(network, "chc-ccm01")
    assert told == []
    assert network.living() == []


def test_a_smaller_mtu_swallows_large_segments_only(network: Network) -> None:
    circuit, told = opened(network)
    path, _ = transfer(network)
    assert circuit.max_segment_bytes is None
    changes.set_line(network, "tyrell-wan", mtu_bytes=1400)
    assert (circuit.max_segment_bytes, path.max_segment_bytes) == (1360, 1360)
    assert told == []


def test_latency_follows_the_line(network: Network) -> None:
    circuit, _ = opened(network)
    changes.set_line(network, "mycloud-wan", rtt_s=0.080)
    assert circuit.latency_s == pytest.approx(0.05002)


def test_a_transfer_knows_its_links_and_figures(topology: Topology) -> None:
    tyrell, mycloud = topology.sites
    lossy = replace(tyrell, wan=Wan("tyrell-wan", 100e6, 100e6, 0.020, loss=0.01, transfer_bps=60e6))
    network = Network(replace(topology, sites=(lossy, mycloud)))
    path = network.open_transfer("tyrell-cce01", "vcde.mycloud.local", 44045)
    assert path.link_ids == ("tyrell-wan:up", "mycloud-wan:down")
    assert (path.fate, path.accepted_by, path.accepted_port) == (Fate.ACCEPTED, "chc-cce01", 44045)
    assert path.cap_bps == 60e6
    assert path.rtt_s == pytest.approx(0.02004)
    assert path.loss == pytest.approx(0.01)
    assert [network.capacity_bps(link) for link in path.link_ids] == [100e6, 1e9]


def test_a_transfer_inside_a_site_has_no_links_and_the_speed_of_its_adapter(network: Network) -> None:
    path = network.open_transfer("tyrell-esx01", "192.168.0.34", 44045)
    assert path.link_ids == ()
    assert path.cap_bps == 10e9


def test_a_transfer_is_told_when_the_capacity_of_its_line_changes_and_no_other(network: Network) -> None:
    told: list[tuple[float, ...]] = []
    path = network.open_transfer("tyrell-cce01", "203.0.113.32", 44045)
    path.on_change(lambda: told.append(tuple(network.capacity_bps(link) for link in path.link_ids)))
    changes.set_line(network, "tyrell-wan", down_bps=10e6)
    assert told == []
    change = changes.set_line(network, "tyrell-wan", up_bps=20e6)
    change.undo()
    assert told == [(20e6, 1e9), (100e6, 1e9)]


def test_a_transfer_that_fails_says_so_and_why_until_closed(network: Network) -> None:
    changes.add_rule(network, "TYR-ESG", replace(DROP, id="98"))
    path = network.open_transfer("tyrell-cce01", "203.0.113.32", 44045)
    assert (path.fate, path.accepted_by) == (Fate.SILENT, None)
    assert path.trace.deciding.rule_id == "98"
    assert network.failures[-1].trace is path.trace
    path.close()
    path.close()
    assert network.living() == []


def test_a_transfer_to_a_name_that_does_not_resolve_is_unreachable(network: Network) -> None:
    path = network.open_transfer("tyrell-cce01", "nowhere.example", 44045)
    assert path.fate is Fate.UNREACHABLE
    assert (path.trace.outcome, path.trace.deciding.reason) == (Outcome.NAME_NOT_FOUND, Reason.NAME)


def test_callbacks_come_in_the_order_of_opening(network: Network) -> None:
    order: list[int] = []
    for number in range(5):
        path = network.open_transfer("tyrell-cce01", "203.0.113.32", 44045)
        path.on_change(lambda number=number: order.append(number))  # type: ignore[misc]
    changes.set_line(network, "tyrell-wan", is_up=False)
    assert order == [0, 1, 2, 3, 4]


def test_a_callback_may_close_its_connection(network: Network) -> None:
    circuit, _ = opened(network)
    other, told = opened(network)
    circuit.on_change = circuit.closed
    changes.restart_host(network, "chc-ccm01")
    assert told == [Fate.REFUSED]
    assert network.living() == [other]
