"""Ways through a network, there and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxsim.sim.network import (
    Edge,
    FilterRule,
    HostAttachment,
    NatRule,
    Network,
    Outcome,
    Reason,
    Route,
    Site,
    StepKind,
    Subnet,
    Topology,
    Verdict,
    Vpn,
    Wan,
)


def kinds(network: Network, source: str, target: str, port: int) -> list[str]:
    return [step.kind.value for step in network.trace(source, target, port).steps]


def test_a_connection_between_sites_passes_both_edges_and_both_lines(network: Network) -> None:
    trace = network.trace("tyrell-vcde01", "chc.mycloud.local", 443)
    assert [(s.kind.value, s.device) for s in trace.steps] == [
        ("DNS", "tyrell-dns"),
        ("ACL", "TYR-ESG"),
        ("SNAT", "TYR-ESG"),
        ("LINK", "tyrell-wan:up"),
        ("ROUTE", "internet"),
        ("LINK", "mycloud-wan:down"),
        ("ACL", "CHC-ESG"),
        ("DNAT", "CHC-ESG"),
        ("LISTENER", "chc-vcd01"),
        ("STATE", "CHC-ESG"),
        ("STATE", "TYR-ESG"),
        ("ACCEPTED", "chc-vcd01"),
    ]
    assert (trace.accepted_by, trace.accepted_port, trace.address) == ("chc-vcd01", 443, "203.0.113.41")
    assert trace.link_ids == ("tyrell-wan:up", "mycloud-wan:down")
    assert trace.rtt_s == pytest.approx(0.020 + 4 * 10e-6)


def test_the_other_direction_uses_the_other_links(network: Network) -> None:
    assert network.trace("chc-ccm01", "198.51.100.10", 443).link_ids == ("mycloud-wan:up", "tyrell-wan:down")


def test_traffic_of_one_site_does_not_pass_its_edge(network: Network) -> None:
    trace = network.trace("chc-ccm01", "10.3.0.34", 8043)
    assert trace.accepted
    assert all(step.device != "CHC-ESG" for step in trace.steps)
    assert trace.link_ids == ()


def test_a_step_quotes_the_rule_that_decided_and_its_place(network: Network) -> None:
    step = network.trace("tyrell-cce01", "203.0.113.32", 8044).step(StepKind.ACL)
    assert step is not None
    assert step.text == 'rule 4 "Replication Manager": accept tcp any -> 203.0.113.32:8044'
    assert (step.place, step.rule_id) == ("env.yaml:55", "4")


def test_when_no_rule_matches_the_default_says_so(network: Network) -> None:
    trace = network.trace("tyrell-cce01", "203.0.113.32", 9999)
    assert trace.outcome is Outcome.SILENT
    assert trace.deciding.reason is Reason.DEFAULT_ACTION
    assert "no rule matches tcp 192.168.0.34 -> 203.0.113.32:9999" in trace.deciding.text
    assert trace.deciding.place == "env.yaml:19"


@pytest.mark.parametrize(
    ("target", "port", "outcome", "reason"),
    [
        ("10.3.0.34", 8043, Outcome.SILENT, Reason.DEFAULT_ACTION),
        ("10.3.0.34", 443, Outcome.SILENT, Reason.NOT_PUBLIC),
        ("192.0.2.7", 443, Outcome.SILENT, Reason.NO_OWNER),
        ("192.168.0.99", 443, Outcome.UNREACHABLE, Reason.NO_HOST),
        ("192.168.0.32", 8443, Outcome.REFUSED, Reason.PORT_CLOSED),
        ("rm.mycloud.local", 443, Outcome.NAME_NOT_FOUND, Reason.NAME),
    ],
)
def test_a_failing_connection_ends_as_its_reason_says(
    network: Network, target: str, port: int, outcome: Outcome, reason: Reason
) -> None:
    trace = network.trace("tyrell-vcde01", target, port)
    assert trace.outcome is outcome
    assert trace.deciding.reason is reason


def test_without_dnat_an_nsx_v_edge_answers_for_itself_that_the_port_is_closed(topology: Topology) -> None:
    tyr = topology.edges[0]
    network = Network(topology.with_edge("TYR-ESG", nat=tyr.nat[1:]))
    trace = network.trace("chc-ccm01", "198.51.100.10", 443)
    assert trace.outcome is Outcome.REFUSED
    assert (trace.deciding.device, trace.deciding.reason) == ("TYR-ESG", Reason.NO_TRANSLATION)


def test_without_snat_the_reply_is_lost_on_the_internet(topology: Topology) -> None:
    tyr = topology.edges[0]
    network = Network(topology.with_edge("TYR-ESG", nat=tyr.nat[:2]))
    trace = network.trace("tyrell-vcde01", "203.0.113.41", 443)
    assert trace.outcome is Outcome.SILENT
    assert trace.deciding.reply
    assert trace.deciding.reason is Reason.NOT_PUBLIC
    assert "192.168.0.32 is a private address" in trace.deciding.text


def test_a_refusal_that_cannot_come_back_is_silence(topology: Topology) -> None:
    tyr, chc = topology.edges
    closed = replace(chc, nat=(NatRule("9", "dnat", "203.0.113.41:443", "10.3.0.41:8080"), *chc.nat))
    broken = replace(topology, edges=(replace(tyr, nat=tyr.nat[:2]), closed))
    assert Network(broken).trace("tyrell-vcde01", "203.0.113.41", 443).outcome is Outcome.SILENT
    whole = replace(topology, edges=(tyr, closed))
    assert Network(whole).trace("tyrell-vcde01", "203.0.113.41", 443).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("tcp-reset", Outcome.REFUSED), ("icmp-prohibited", Outcome.UNREACHABLE)],
)
def test_a_reject_is_seen_as_the_answer_it_gives(topology: Topology, answer: str, outcome: Outcome) -> None:
    rule = FilterRule("9", "reject", ports=(8044,), reject_with=answer, place="x:1")
    network = Network(topology.with_edge("CHC-ESG", rules=(rule, *topology.edges[1].rules)))
    trace = network.trace("tyrell-cce01", "203.0.113.32", 8044)
    assert trace.outcome is outcome
    assert trace.deciding.place == "x:1"


def hairpin(topology: Topology, *nat: NatRule) -> Network:
    chc = topology.edges[1]
    return Network(topology.with_edge("CHC-ESG", nat=chc.nat + nat))


INSIDE_DNAT = NatRule("301", "dnat", "203.0.113.32:443", "10.3.0.32:443", interface="inside")
INSIDE_SNAT = NatRule("302", "snat", "10.3.0.0/24", "10.3.0.1", interface="inside")


def test_a_public_address_is_not_reached_from_inside_without_hairpin(topology: Topology) -> None:
    trace = hairpin(topology).trace("chc-ccm01", "203.0.113.32", 443)
    assert trace.deciding.reason is Reason.NO_TRANSLATION


def test_a_hairpin_without_source_translation_gets_its_reply_from_a_stranger(topology: Topology) -> None:
    trace = hairpin(topology, INSIDE_DNAT).trace("chc-ccm01", "203.0.113.32", 443)
    assert trace.outcome is Outcome.SILENT
    assert trace.deciding.reason is Reason.REPLY_FROM_STRANGER
    assert "10.3.0.32:443, chc-ccm01 asked 203.0.113.32:443" in trace.deciding.text


def test_a_hairpin_with_both_translations_works_and_uses_no_line(topology: Topology) -> None:
    trace = hairpin(topology, INSIDE_DNAT, INSIDE_SNAT).trace("chc-ccm01", "203.0.113.32", 443)
    assert trace.accepted_by == "chc-vcde01"
    assert trace.link_ids == ()


def test_a_stateless_edge_judges_replies_by_its_rules(topology: Topology) -> None:
    network = Network(topology.with_edge("CHC-ESG", stateful=False))
    trace = network.trace("tyrell-cce01", "203.0.113.32", 8044)
    assert trace.outcome is Outcome.SILENT
    assert trace.deciding.reply
    assert trace.deciding.device == "CHC-ESG"
    back = FilterRule("6", "allow", "replies", "10.3.0.0/24", source_ports=(8044,))
    rules = (*topology.edges[1].rules, back)
    assert (
        Network(topology.with_edge("CHC-ESG", stateful=False, rules=rules))
        .trace("tyrell-cce01", "203.0.113.32", 8044)
        .accepted
    )


def test_a_reply_by_another_edge_is_dropped_there_for_want_of_state(topology: Topology) -> None:
    other = Edge("CHC-ESG2", "nsx-v", "mycloud", "10.3.0.2", ("203.0.113.99",), default_action="allow",
                 nat=(NatRule("1", "snat", "10.3.0.0/24", "203.0.113.99"),))  # fmt: skip
    hosts = tuple(replace(h, gateway="10.3.0.2") if h.name == "chc-ccm01" else h for h in topology.hosts)
    network = Network(replace(topology, edges=(*topology.edges, other), hosts=hosts))
    trace = network.trace("tyrell-cce01", "203.0.113.32", 8044)
    assert trace.outcome is Outcome.SILENT
    assert (trace.deciding.device, trace.deciding.reason) == ("CHC-ESG2", Reason.NO_STATE)
    assert trace.deciding.reply


def double_nat(topology: Topology, *forwards: NatRule) -> Network:
    """Tyrell's edge behind a provider's: its outside is a private network."""
    carrier = Site("carrier", "provider", (Subnet("shared", "100.64.0.0/24", "100.64.0.1"),))
    inner = replace(
        topology.edges[0],
        outside="carrier",
        addresses=("100.64.0.2",),
        rules=(FilterRule("1", "allow"),),
        nat=(
            NatRule("1", "dnat", "100.64.0.2:443", "192.168.0.34:8043"),
            NatRule("2", "snat", "192.168.0.0/24", "100.64.0.2"),
        ),
    )
    cgn = Edge("CGN", "netfilter", "carrier", "100.64.0.1", ("198.51.100.10",), default_action="allow",
               nat=(NatRule("1", "snat", "100.64.0.0/24", "198.51.100.10"), *forwards))  # fmt: skip
    return Network(replace(topology, sites=(*topology.sites, carrier), edges=(inner, topology.edges[1], cgn)))


def test_double_nat_lets_out_and_lets_nothing_in_without_a_second_forward(topology: Topology) -> None:
    network = double_nat(topology)
    out = network.trace("tyrell-vcde01", "203.0.113.41", 443)
    assert out.accepted_by == "chc-vcd01"
    assert [s.device for s in out.steps if s.kind is StepKind.SNAT] == ["TYR-ESG", "CGN"]
    inward = network.trace("chc-ccm01", "198.51.100.10", 443)
    assert (inward.deciding.device, inward.deciding.reason) == ("CGN", Reason.NO_TRANSLATION)


def test_double_nat_with_both_forwards_lets_in(topology: Topology) -> None:
    network = double_nat(topology, NatRule("2", "dnat", "198.51.100.10:443", "100.64.0.2:443"))
    assert network.trace("chc-ccm01", "198.51.100.10", 443).accepted_by == "tyrell-cce01"


def test_a_tunnel_carries_private_addresses_and_no_rule_is_asked(topology: Topology) -> None:
    vpn = Vpn("s2s", "tyrell", ("192.168.0.0/24",), "mycloud", ("10.3.0.0/24",))
    network = Network(replace(topology, vpns=(vpn,)))
    trace = network.trace("tyrell-cce01", "10.3.0.33", 8044)
    assert trace.accepted_by == "chc-ccm01"
    assert trace.link_ids == ("tyrell-wan:up", "mycloud-wan:down")
    assert all(step.kind is not StepKind.ACL for step in trace.steps)
    assert network.trace("chc-ccm01", "192.168.0.34", 8043).accepted_by == "tyrell-cce01"


def test_both_sites_may_use_the_same_private_range() -> None:
    def site(name: str, party: str) -> Site:
        return Site(name, party, (Subnet("lan", "10.0.0.0/24", "10.0.0.1"),), Wan(f"{name}-wan", 1e8, 1e8))

    def edge(name: str, at: str, public: str) -> Edge:
        nat = (
            NatRule("1", "dnat", f"{public}:443", "10.0.0.2:443"),
            NatRule("2", "snat", "10.0.0.0/24", public),
        )
        return Edge(name, "nsx-v", at, "10.0.0.1", (public,), nat=nat, default_action="allow")

    network = Network(
        Topology(
            (site("a", "tenant"), site("b", "provider")),
            (HostAttachment("one", "a", "10.0.0.2"), HostAttachment("two", "b", "10.0.0.2", services=(443,))),
            (edge("A", "a", "198.51.100.1"), edge("B", "b", "203.0.113.1")),
        )
    )
    assert network.trace("one", "203.0.113.1", 443).accepted_by == "two"
    assert network.trace("one", "10.0.0.2", 443).accepted_by is None


@pytest.mark.parametrize(
    ("via", "outcome"), [("blackhole", Outcome.SILENT), ("unreachable", Outcome.UNREACHABLE)]
)
def test_a_static_route_can_discard(topology: Topology, via: str, outcome: Outcome) -> None:
    tyrell, mycloud = topology.sites
    routed = replace(tyrell, routes=(Route("203.0.113.0/24", via, "r:1"),))
    trace = Network(replace(topology, sites=(routed, mycloud))).trace("tyrell-cce01", "203.0.113.32", 8044)
    assert trace.outcome is outcome
    assert trace.deciding.place == "r:1"


def test_a_host_without_gateway_has_no_route(topology: Topology) -> None:
    tyrell, mycloud = topology.sites
    cut = replace(tyrell, subnets=(replace(tyrell.subnets[0], gateway=None),))
    trace = Network(replace(topology, sites=(cut, mycloud))).trace("tyrell-cce01", "203.0.113.32", 8044)
    assert trace.outcome is Outcome.NO_ROUTE


def test_a_wrong_gateway_answers_no_arp(topology: Topology) -> None:
    hosts = tuple(
        replace(h, gateway="192.168.0.254") if h.name == "tyrell-cce01" else h for h in topology.hosts
    )
    trace = Network(replace(topology, hosts=hosts)).trace("tyrell-cce01", "203.0.113.32", 8044)
    assert (trace.outcome, trace.deciding.reason) == (Outcome.UNREACHABLE, Reason.NO_GATEWAY)


def test_the_last_verdict_is_what_the_client_gets(network: Network) -> None:
    for source in ("tyrell-vcde01", "tyrell-cce01", "chc-ccm01", "chc-esx01"):
        for target in (
            "203.0.113.32",
            "203.0.113.41",
            "198.51.100.10",
            "10.3.0.33",
            "192.168.0.34",
            "192.0.2.1",
        ):
            for port in (443, 8043, 8044, 44045, 5480):
                trace = network.trace(source, target, port)
                attempt = network.connect(source, target, port)
                assert attempt.fate.value == trace.outcome.value
                assert (trace.deciding.verdict is Verdict.ACCEPTED) == (attempt.listener is not None)
                if attempt.listener is not None:
                    assert (attempt.listener.host, attempt.listener.port) == (
                        trace.accepted_by,
                        trace.accepted_port,
                    )
