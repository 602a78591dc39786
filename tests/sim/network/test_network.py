"""The network as the kernel's sockets use it: names, attempts, listeners, the memory of decisions."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest

from cxsim.sim.kernel import wire
from cxsim.sim.kernel.wire import Fate, Listener
from cxsim.sim.network import (
    Dns,
    FilterRule,
    Network,
    Outcome,
    Parameters,
    Reason,
    Topology,
    TopologyError,
    UnknownName,
    changes,
)


def app(environ: object, start: object) -> list[bytes]:
    return []


def test_it_is_the_network_that_the_kernel_asks_for(network: Network) -> None:
    as_network: wire.Network = network
    attempt = as_network.connect("tyrell-cce01", "203.0.113.32", 8044)
    assert attempt.circuit is not None
    circuit: wire.Circuit = attempt.circuit
    assert circuit.fate is Fate.ACCEPTED


def test_names_resolve_as_the_site_of_the_asking_host_sees_them(network: Network) -> None:
    assert network.resolve("tyrell-vcde01", "vcde.mycloud.local").addresses == ("203.0.113.32",)
    assert network.resolve("chc-ccm01", "vcde.mycloud.local").addresses == ("10.3.0.32",)
    assert network.resolve("tyrell-vcde01", "VCDE.MyCloud.Local.").addresses == ("203.0.113.32",)


def test_an_address_is_its_own_name_and_costs_nothing(network: Network) -> None:
    answer = network.resolve("tyrell-vcde01", "203.0.113.32")
    assert (answer.addresses, answer.error, answer.delay_s) == (("203.0.113.32",), None, 0.0)


def test_a_name_that_nobody_knows_is_not_found(network: Network) -> None:
    answer = network.resolve("tyrell-vcde01", "nowhere.example")
    assert (answer.addresses, answer.error) == ((), socket.EAI_NONAME)


def test_a_dead_dns_server_costs_the_resolvers_patience(network: Network) -> None:
    changes.host_down(network, "tyrell-dns")
    answer = network.resolve("tyrell-vcde01", "vcde.mycloud.local")
    assert (answer.addresses, answer.error, answer.delay_s) == ((), socket.EAI_AGAIN, 10.0)
    assert network.resolve("chc-ccm01", "vcde.mycloud.local").error is None


def test_public_names_and_search_domains_are_tried_after_the_sites_own(topology: Topology) -> None:
    tyrell, mycloud = topology.sites
    searching = replace(tyrell, dns=replace(tyrell.dns, search=("tyrell.local",)))
    public = Dns({"www.example": ("192.0.2.80",)})
    network = Network(replace(topology, sites=(searching, mycloud), public_dns=public))
    assert network.resolve("tyrell-cce01", "tyrell-vc01").addresses == ("192.168.0.13",)
    assert network.resolve("tyrell-cce01", "www.example").addresses == ("192.0.2.80",)
    assert network.resolve("chc-ccm01", "tyrell-vc01").error == socket.EAI_NONAME


def test_a_connection_is_answered_by_the_application_that_listens(network: Network) -> None:
    network.listen(Listener("chc-ccm01", 8044, app, None))
    attempt = network.connect("tyrell-cce01", "203.0.113.32", 8044)
    assert attempt.listener is not None
    assert attempt.listener.app is app
    assert attempt.delay_s == pytest.approx(0.02004)
    assert attempt.circuit is not None
    assert attempt.circuit.latency_s == pytest.approx(0.01002)


def test_the_server_sees_the_translated_client_and_a_fresh_port_each_time(network: Network) -> None:
    seen = [network.connect("tyrell-cce01", "203.0.113.32", 8044).source_address for _ in range(3)]
    assert seen == [("198.51.100.10", 32768), ("198.51.100.10", 32769), ("198.51.100.10", 32770)]
    assert network.connect("chc-cce01", "10.3.0.33", 8044).source_address == ("10.3.0.34", 32768)


def test_a_port_that_opens_later_is_found_although_it_was_refused_before(topology: Topology) -> None:
    listening: dict[tuple[str, int], Listener] = {}
    network = Network(topology, listeners=lambda host, port: listening.get((host, port)))
    assert network.connect("tyrell-cce01", "192.168.0.32", 8443).fate is Fate.REFUSED
    listening["tyrell-vcde01", 8443] = Listener("tyrell-vcde01", 8443, app, None)
    assert network.connect("tyrell-cce01", "192.168.0.32", 8443).fate is Fate.ACCEPTED
    listening["tyrell-vcde01", 8443] = replaced = Listener("tyrell-vcde01", 8443, None, None)
    assert network.connect("tyrell-cce01", "192.168.0.32", 8443).listener is replaced
    listening.clear()
    assert network.connect("tyrell-cce01", "192.168.0.32", 8443).fate is Fate.REFUSED


def test_a_dead_neighbour_takes_until_arp_gives_up(network: Network) -> None:
    changes.host_down(network, "tyrell-vcde01")
    attempt = network.connect("tyrell-cce01", "192.168.0.32", 443)
    assert (attempt.fate, attempt.delay_s) == (Fate.UNREACHABLE, 3.1)


def test_a_dead_host_behind_a_router_is_silence(network: Network) -> None:
    changes.host_down(network, "chc-ccm01")
    assert network.connect("tyrell-cce01", "203.0.113.32", 8044).fate is Fate.SILENT


def test_failed_attempts_are_remembered_once_with_their_trace_and_name(topology: Topology) -> None:
    now = [100.0]
    network = Network(topology, clock=lambda: now[0])
    changes.add_rule(network, "CHC-ESG", FilterRule("99", "drop", "hardening", ports=(443,)))
    network.resolve("tyrell-vcde01", "chc.mycloud.local")
    for later in (100.0, 130.0, 190.0):
        now[0] = later
        network.connect("tyrell-vcde01", "203.0.113.41", 443)
    (failure,) = network.failures
    assert (failure.name, failure.count) == ("chc.mycloud.local", 3)
    assert (failure.first_s, failure.last_s) == (100.0, 190.0)
    assert failure.trace.deciding.rule_id == "99"


def test_a_full_table_of_connections_drops_new_ones_until_one_is_closed(topology: Topology) -> None:
    network = Network(topology.with_edge("CHC-ESG", max_connections=2))
    one, two = (network.connect("tyrell-cce01", "203.0.113.32", 8044) for _ in range(2))
    third = network.connect("tyrell-vcde01", "203.0.113.41", 443)
    assert third.fate is Fate.SILENT
    assert network.failures[-1].trace.deciding.reason is Reason.CONNECTION_LIMIT
    assert network.trace("tyrell-vcde01", "203.0.113.41", 443).outcome is Outcome.SILENT
    assert one.circuit is not None
    one.circuit.closed()
    assert network.connect("tyrell-vcde01", "203.0.113.41", 443).fate is Fate.ACCEPTED
    assert two.fate is Fate.ACCEPTED


def test_an_undetermined_connection_ends_as_the_parameter_says(topology: Topology) -> None:
    unknown = topology.with_edge("CHC-ESG", rules_known=False)
    assert Network(unknown).connect("tyrell-cce01", "203.0.113.32", 8044).fate is Fate.SILENT
    refusing = Network(unknown, Parameters(undetermined_as=Fate.REFUSED))
    assert refusing.connect("tyrell-cce01", "203.0.113.32", 8044).fate is Fate.REFUSED


def test_names_that_nothing_has_are_refused_with_the_nearest(network: Network) -> None:
    with pytest.raises(UnknownName, match="no host named 'tyrell-cce1': did you mean tyrell-cce01"):
        network.connect("tyrell-cce1", "203.0.113.32", 8044)
    with pytest.raises(UnknownName, match="no edge named 'CHC-ESX': did you mean CHC-ESG"):
        network.edge("CHC-ESX")
    with pytest.raises(UnknownName, match="no link named 'tyrell-wan'"):
        network.capacity_bps("tyrell-wan")


def test_an_impossible_topology_is_refused_when_the_network_is_made(topology: Topology) -> None:
    with pytest.raises(TopologyError):
        Network(topology.with_edge("CHC-ESG", type="nsx"))


def test_a_host_is_found_by_address_or_name_near_the_asking_one(network: Network) -> None:
    assert network.host_at("tyrell-cce01", "192.168.0.21") == "tyrell-esx01"
    assert network.host_at("chc-cce01", "chc-esx01.mycloud.local") == "chc-esx01"
    assert network.host_at("tyrell-cce01", "10.3.0.21") is None
    assert network.host_at("tyrell-cce01", "no.such.name") is None


def test_who_administers_what(network: Network) -> None:
    devices = ["TYR-ESG", "chc-ccm01", "tyrell-wan:up", "tyrell-dns", "mycloud", "internet"]
    assert [network.party_of(d) for d in devices] == [
        "tenant", "provider", "tenant", "tenant", "provider", None,
    ]  # fmt: skip


def test_tracing_counts_nothing(network: Network) -> None:
    rule = network.edge("CHC-ESG").rules[3]
    network.trace("tyrell-cce01", "203.0.113.32", 8044)
    assert rule.met == 0
    network.connect("tyrell-cce01", "203.0.113.32", 8044)
    network.connect("tyrell-cce01", "203.0.113.32", 8044)
    assert rule.met == 2


def test_a_thousand_rules_are_walked_in_time(topology: Topology) -> None:
    many = tuple(
        FilterRule(f"x{n}", "drop", destination=f"192.0.2.{n % 250}", ports=(n,)) for n in range(1, 1001)
    )
    network = Network(topology.with_edge("CHC-ESG", rules=(*many, *topology.edges[1].rules)))
    began = time.process_time()
    for number in range(20):
        network.changed()
        assert network.trace("tyrell-cce01", "203.0.113.32", 8044, float(number)).accepted
    assert (time.process_time() - began) / 20 < 0.02
