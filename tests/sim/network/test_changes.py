"""Changes: what they do, what undoes them, and whether anything met them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from cxsim.sim.kernel.wire import Fate
from cxsim.sim.network import (
    Change,
    FilterRule,
    NatRule,
    Network,
    TopologyError,
    UnknownName,
    changes,
)

DROP = FilterRule("99", "drop", "hardening", ports=(8044,), place="s.yaml:14")
DATA = ("tyrell-cce01", "203.0.113.32", 44045)
MANAGER = ("tyrell-cce01", "203.0.113.32", 8044)
CALL_BACK = ("chc-ccm01", "198.51.100.10", 443)

ELSEWHERE = NatRule("9", "dnat", "198.51.100.10:443", "192.168.0.99:443")

BREAKING: dict[str, tuple[Callable[[Network], Change], tuple[str, str, int]]] = {
    "add_rule": (lambda n: changes.add_rule(n, "CHC-ESG", DROP), MANAGER),
    "remove_rule": (lambda n: changes.remove_rule(n, "CHC-ESG", "Replication Manager"), MANAGER),
    "remove_nat": (lambda n: changes.remove_nat(n, "TYR-ESG", "replicator management"), CALL_BACK),
    "add_nat": (
        lambda n: changes.add_nat(n, "TYR-ESG", ELSEWHERE, "top"),
        CALL_BACK,
    ),
    "line down": (lambda n: changes.set_line(n, "tyrell-wan", is_up=False), DATA),
    "no capacity": (lambda n: changes.set_line(n, "tyrell-wan", up_bps=0.0), DATA),
    "host_down": (lambda n: changes.host_down(n, "chc-cce01"), DATA),
    "stop_service": (lambda n: changes.stop_service(n, "chc-cce01", 44045), DATA),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_change_breaks_is_met_and_can_be_undone(network: Network, name: str) -> None:
    make, (source, target, port) = BREAKING[name]
    assert network.connect(source, target, port).fate is Fate.ACCEPTED
    change = make(network)
    met = change.met
    assert network.connect(source, target, port).fate is not Fate.ACCEPTED
    assert change.met > met
    change.undo()
    change.undo()
    assert network.connect(source, target, port).fate is Fate.ACCEPTED


@pytest.mark.parametrize("name", BREAKING)
def test_a_change_that_no_packet_met_says_so_also_after_it_is_undone(network: Network, name: str) -> None:
    make, _ = BREAKING[name]
    change = make(network)
    network.connect("tyrell-vcde01", "192.168.0.13", 443)
    assert change.met == 0
    change()
    for flow in (DATA, MANAGER, CALL_BACK):
        network.connect(*flow)
    assert change.met == 0


def test_a_removed_translation_counts_what_it_would_have_matched(network: Network) -> None:
    change = changes.remove_nat(network, "TYR-ESG", "101", place="s.yaml:9")
    for _ in range(3):
        network.connect(*CALL_BACK)
    network.connect("chc-cce01", "198.51.100.10", 44045)
    assert change.met == 3
    step = network.trace(*CALL_BACK).deciding
    assert "taken away: DNAT rule 101" in step.text
    assert (step.place, step.rule_id) == ("s.yaml:9", "101")


def test_changes_of_one_value_can_be_undone_in_any_order(network: Network) -> None:
    for order in itertools.permutations(range(3)):
        made = [changes.set_line(network, "tyrell-wan", up_bps=figure) for figure in (30e6, 20e6, 10e6)]
        left = [30e6, 20e6, 10e6]
        for index in order:
            made[index].undo()
            left = [figure for number, figure in zip((0, 1, 2), (30e6, 20e6, 10e6), strict=True)
                    if not made[number].undone]  # fmt: skip
            assert network.capacity_bps("tyrell-wan:up") == (left[-1] if left else 100e6)


def test_a_rule_goes_where_it_is_told(network: Network) -> None:
    changes.add_rule(network, "CHC-ESG", DROP, "bottom")
    assert network.connect(*MANAGER).fate is Fate.ACCEPTED
    changes.add_rule(
        network, "CHC-ESG", FilterRule("97", "drop", ports=(8044,)), "before:Replication Manager"
    )
    assert [state.rule.id for state in network.edge("CHC-ESG").rules] == ["1", "2", "3", "97", "4", "5", "99"]
    assert network.connect(*MANAGER).fate is Fate.SILENT


def test_a_record_can_be_changed_removed_and_restored(network: Network) -> None:
    def now() -> tuple[str, ...]:
        return network.resolve("tyrell-vcde01", "vcde.mycloud.local").addresses

    stale = changes.set_record(network, "tyrell", "vcde.mycloud.local", ("203.0.113.99",))
    assert now() == ("203.0.113.99",)
    gone = changes.set_record(network, "tyrell", "vcde.mycloud.local", None)
    assert now() == ()
    assert gone.met == 1
    stale.undo()
    gone.undo()
    assert now() == ("203.0.113.32",)


def test_a_slow_resolver_delays_its_answers(network: Network) -> None:
    change = changes.slow_resolver(network, "tyrell", 4.0)
    assert network.resolve("tyrell-vcde01", "vcde.mycloud.local").delay_s == 4.0
    assert change.met == 1


def test_a_drop_that_flushes_counts_the_connections_it_hit(network: Network) -> None:
    network.connect(*MANAGER)
    network.connect(*DATA)
    assert changes.add_rule(network, "CHC-ESG", DROP, flush=True).met >= 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda n: changes.remove_nat(n, "TYR-ESG", "replicator managment"),
            "did you mean replicator management",
        ),
        (lambda n: changes.remove_rule(n, "CHC-ESG", "77"), "no firewall rule of CHC-ESG named '77'"),
        (lambda n: changes.set_line(n, "tyrel-wan", up_bps=1.0), "did you mean tyrell-wan"),
        (lambda n: changes.host_down(n, "chc-ccm1"), "did you mean chc-ccm01"),
        (lambda n: changes.set_record(n, "tyrel", "x", None), "did you mean tyrell"),
        (lambda n: changes.tunnel_down(n, "s2s"), "no tunnel named 's2s'"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(
    network: Network, make: Callable[[Network], Change], message: str
) -> None:
    with pytest.raises(UnknownName, match=message):
        make(network)


def test_a_bad_rule_is_refused_and_nothing_has_changed(network: Network) -> None:
    with pytest.raises(
        TopologyError, match=r"s\.yaml:3: edge 'CHC-ESG': rule 9: action 'block' does not exist"
    ):
        changes.add_rule(network, "CHC-ESG", FilterRule("9", "block", place="s.yaml:3"))
    with pytest.raises(TopologyError, match=r"NAT rule 9: '10\.0\.0' is not an IPv4 address"):
        changes.add_nat(network, "CHC-ESG", NatRule("9", "dnat", "203.0.113.32:1", "10.0.0"))
    with pytest.raises(ValueError, match="must not be negative"):
        changes.set_line(network, "tyrell-wan", up_bps=-1.0)
    with pytest.raises(ValueError, match="top, bottom or before"):
        changes.add_rule(network, "CHC-ESG", DROP, "middle")
    assert len(network.edge("CHC-ESG").rules) == 5
    assert network.connect(*MANAGER).fate is Fate.ACCEPTED


def test_a_trial_disturbs_no_live_connection(network: Network) -> None:
    path = network.open_transfer(*DATA)
    told: list[Fate] = []
    path.on_change(lambda: told.append(path.fate))
    with network.trial():
        change = changes.set_line(network, "tyrell-wan", is_up=False)
        assert not network.trace(*DATA).accepted
        change.undo()
    assert told == []
    assert network.trace(*DATA).accepted


def test_an_edge_without_power_answers_no_neighbour_and_nobody_else_either(network: Network) -> None:
    change = changes.edge_down(network, "TYR-ESG", "s.yaml:5")
    lan, wan = network.connect("tyrell-cce01", "203.0.113.32", 8044), network.connect(*CALL_BACK)
    assert (lan.fate, lan.delay_s) == (Fate.UNREACHABLE, network.parameters.arp_failure_s)
    assert wan.fate is Fate.SILENT
    assert change.met == 2
    assert network.connect("tyrell-vcde01", "192.168.0.13", 443).fate is Fate.ACCEPTED
    started = changes.start_edge(network, "TYR-ESG")
    assert network.connect(*MANAGER).fate is Fate.ACCEPTED
    started.undo()
    change.undo()
    assert network.connect(*MANAGER).fate is Fate.ACCEPTED


def test_a_host_with_another_gateway_sends_elsewhere(network: Network) -> None:
    change = changes.set_gateway(network, "tyrell-cce01", "192.168.0.254")
    assert network.connect(*MANAGER).fate is Fate.UNREACHABLE
    change.undo()
    none = changes.set_gateway(network, "tyrell-cce01", None)
    assert network.connect(*MANAGER).fate is Fate.NO_ROUTE
    none.undo()
    assert network.connect(*MANAGER).fate is Fate.ACCEPTED
    with pytest.raises(ValueError, match="is not an IPv4 address"):
        changes.set_gateway(network, "tyrell-cce01", "the edge")
