"""What a filter sees on each type of device, against an oracle that runs the stages one after the other."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.sim.network import DEVICE_TYPES, Edge, FilterRule, NatRule, Network, Site, Stage, Subnet, Topology
from cxsim.sim.network import HostAttachment as Host
from cxsim.sim.network.addresses import Packet, Side, address, dotted, nothing_known
from cxsim.sim.network.crossing import Crossing
from cxsim.sim.network.edges import EdgeState
from cxsim.sim.network.state import SiteState
from cxsim.sim.network.trace import Step, Verdict

INSIDE = ["10.0.0.2", "10.0.0.3"]
OWN = ["198.51.100.1", "198.51.100.2"]
OUTSIDE = ["203.0.113.5", "203.0.113.6"]
PORTS = [443, 8043, 8044]
SITE = Site("in", "tenant", (Subnet("lan", "10.0.0.0/24", "10.0.0.1"),))

everywhere = st.sampled_from(
    ["any", *INSIDE, *OWN, *OUTSIDE, "10.0.0.0/24", "198.51.100.0/24", "203.0.113.0/24"]
)
rules = st.builds(
    FilterRule,
    id=st.just("r"),
    action=st.sampled_from(["allow", "drop"]),
    source=everywhere,
    destination=everywhere,
    protocol=st.sampled_from(["any", "tcp", "udp"]),
    ports=st.lists(st.sampled_from(PORTS), max_size=2).map(tuple),
    direction=st.sampled_from(["any", "in", "out"]),
    enabled=st.booleans(),
)
dnats = st.builds(
    lambda public, port, private, to, enabled: NatRule(
        "d", "dnat", f"{public}:{port}", f"{private}:{to}", enabled=enabled
    ),
    st.sampled_from(OWN),
    st.sampled_from(PORTS),
    st.sampled_from(INSIDE),
    st.sampled_from(PORTS),
    st.booleans(),
)
snats = st.builds(
    lambda original, public: NatRule("s", "snat", original, public),
    st.sampled_from(["10.0.0.0/24", *INSIDE]),
    st.sampled_from(OWN),
)
edges = st.builds(
    lambda kind, rules, nat, default: Edge(
        "E", kind, "in", "10.0.0.1", tuple(OWN), rules=tuple(rules), nat=tuple(nat), default_action=default
    ),
    st.sampled_from(sorted(DEVICE_TYPES)),
    st.lists(rules, max_size=6),
    st.lists(st.one_of(dnats, snats), max_size=5),
    st.sampled_from(["allow", "drop", ""]),
)
packets = st.one_of(
    st.tuples(
        st.just(Side.OUTSIDE),
        st.builds(Packet, st.just("tcp"), st.sampled_from(OUTSIDE).map(address), st.just(50000),
                  st.sampled_from(OWN).map(address), st.sampled_from(PORTS)),
    ),
    st.tuples(
        st.just(Side.INSIDE),
        st.builds(Packet, st.just("tcp"), st.sampled_from(INSIDE).map(address), st.just(50000),
                  st.sampled_from(OUTSIDE).map(address), st.sampled_from(PORTS)),
    ),
)  # fmt: skip


def _named(written: object, value: int) -> bool:
    return written == "any" or ipaddress.IPv4Address(value) in ipaddress.IPv4Network(str(written))


def oracle(edge: Edge, entered: Side, packet: Packet) -> tuple[bool, Packet]:
    """Run the stages literally; (passed, packet at the end)."""
    device = DEVICE_TYPES[edge.type]
    order = device.orders[device.order]
    for stage in order.inbound if entered is Side.OUTSIDE else order.outbound:
        if stage is Stage.FILTER:
            default = device.default_in if entered is Side.OUTSIDE else device.default_out
            action = edge.default_action or default
            for rule in edge.rules:
                if (
                    rule.enabled
                    and rule.protocol in ("any", "tcp")
                    and rule.direction in ("any", "in" if entered is Side.OUTSIDE else "out")
                    and _named(rule.source, packet.src)
                    and _named(rule.destination, packet.dst)
                    and (not rule.ports or packet.dport in rule.ports)
                ):
                    action = rule.action
                    break
            if action == "drop":
                return False, packet
        elif stage is Stage.DNAT and entered is Side.OUTSIDE:
            for nat in edge.nat:
                if (
                    nat.enabled
                    and nat.type == "dnat"
                    and nat.original == f"{dotted(packet.dst)}:{packet.dport}"
                ):
                    host, port = nat.translated.split(":")
                    packet = packet._replace(dst=address(host), dport=int(port))
                    break
            else:
                return False, packet  # the edge itself
        elif stage is Stage.SNAT and entered is Side.INSIDE:
            for nat in edge.nat:
                if nat.enabled and nat.type == "snat" and _named(nat.original, packet.src):
                    packet = packet._replace(src=address(nat.translated))
                    break
    return True, packet


@given(edges, packets)
@settings(derandomize=True, max_examples=250, deadline=None)
def test_first_match_agrees_with_the_stages_run_one_by_one(edge: Edge, sent: tuple[Side, Packet]) -> None:
    entered, packet = sent
    steps: list[Step] = []
    passage = Crossing(EdgeState(edge, SiteState(SITE)), packet, entered, nothing_known, steps).run()
    passed, final = oracle(edge, entered, packet)
    assert (passage is not None) == passed
    if passage is not None:
        assert passage.after == final
        assert all(step.verdict is Verdict.PASS for step in steps)
    else:
        assert steps[-1].verdict in (Verdict.DROP, Verdict.RESET)


@given(edges, packets)
@settings(derandomize=True, max_examples=120, deadline=None)
def test_an_allow_at_the_top_never_removes_reachability(edge: Edge, sent: tuple[Side, Packet]) -> None:
    entered, packet = sent

    def passes(of: Edge) -> bool:
        return Crossing(EdgeState(of, SiteState(SITE)), packet, entered, nothing_known, []).run() is not None

    wider = replace(edge, rules=(FilterRule("0", "allow"), *edge.rules))
    assert passes(wider) or not passes(edge)


@given(edges, packets)
@settings(derandomize=True, max_examples=120, deadline=None)
def test_a_reply_undoes_exactly_what_nat_did(edge: Edge, sent: tuple[Side, Packet]) -> None:
    entered, packet = sent
    open_edge = replace(edge, rules=(FilterRule("0", "allow"),), default_action="allow")
    passage = Crossing(EdgeState(open_edge, SiteState(SITE)), packet, entered, nothing_known, []).run()
    if passage is not None:
        assert passage.after.reply().reply() == passage.after
        assert passage.before == packet
        changed = {"src", "sport"} if entered is Side.INSIDE else {"dst", "dport"}
        for field in set(Packet._fields) - changed:
            assert getattr(passage.after, field) == getattr(packet, field)


PUBLIC = FilterRule("1", "allow", "public", destination="198.51.100.1", ports=(443,))
PRIVATE = FilterRule("1", "allow", "private", destination="10.0.0.2", ports=(8043,))
SEES = {
    "nsx-v": "public",
    "nsx-t": "private",
    "netfilter": "private",
    "asa": "private",
    "generic-pre-nat": "public",
    "generic-post-nat": "private",
}


def _reaches(edge: Edge) -> bool:
    world = Topology(
        (SITE, Site("out", "provider", (Subnet("far", "10.9.0.0/24", "10.9.0.1"),))),
        (Host("server", "in", "10.0.0.2", services=(8043,)), Host("client", "out", "10.9.0.2")),
        (
            edge,
            Edge("F", "nsx-v", "out", "10.9.0.1", ("203.0.113.9",), default_action="allow",
                 nat=(NatRule("1", "snat", "10.9.0.0/24", "203.0.113.9"),)),
        ),
    )  # fmt: skip
    return Network(world).trace("client", "198.51.100.1", 443).accepted


def _edge(kind: str, rule: FilterRule, **more: object) -> Edge:
    nat = NatRule("1", "dnat", "198.51.100.1:443", "10.0.0.2:8043")
    made = Edge(
        "E", kind, "in", "10.0.0.1", ("198.51.100.1",), rules=(rule,), nat=(nat,), default_action="drop"
    )
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", sorted(SEES))
def test_only_the_rule_that_this_type_of_device_matches_lets_inbound_traffic_in(kind: str) -> None:
    assert _reaches(_edge(kind, PUBLIC)) == (SEES[kind] == "public")
    assert _reaches(_edge(kind, PRIVATE)) == (SEES[kind] == "private")


def test_match_on_translated_makes_one_nsx_v_rule_see_the_private_address() -> None:
    assert _reaches(_edge("nsx-v", replace(PRIVATE, matches="translated")))
    assert not _reaches(_edge("nsx-v", replace(PUBLIC, matches="translated")))


@pytest.mark.parametrize(
    ("match", "rule", "reached"),
    [
        ("external", PUBLIC, True),
        ("external", PRIVATE, False),
        ("internal", PRIVATE, True),
        ("bypass", FilterRule("9", "drop"), True),
    ],
)
def test_an_nsx_t_nat_rule_chooses_what_the_firewall_sees(
    match: str, rule: FilterRule, reached: bool
) -> None:
    nat = NatRule("1", "dnat", "198.51.100.1:443", "10.0.0.2:8043", firewall_match=match)
    assert _reaches(_edge("nsx-t", rule, nat=(nat,))) == reached


@pytest.mark.parametrize(("kind", "reached"), [("nsx-v", False), ("nsx-t", False), ("netfilter", True)])
def test_what_nat_does_while_the_firewall_is_off_is_the_devices(kind: str, reached: bool) -> None:
    assert _reaches(_edge(kind, PUBLIC, firewall_enabled=False)) == reached


def test_the_whole_environment_works_on_every_device_type_with_the_rules_right_for_it(
    topology: Topology, of_type: Callable[[Topology, str], Topology]
) -> None:
    for kind in DEVICE_TYPES:
        network = Network(of_type(topology, kind))
        assert network.trace("tyrell-cce01", "203.0.113.32", 8044).accepted_by == "chc-ccm01", kind
        assert network.trace("chc-ccm01", "198.51.100.10", 443).accepted_port == 8043, kind
