"""What a filter sees on each type of device, by example; test_properties.py tries every order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cxsim.sim.network import DEVICE_TYPES, Edge, FilterRule, NatRule, Network, Site, Subnet, Topology
from cxsim.sim.network import HostAttachment as Host

SITE = Site("in", "tenant", (Subnet("lan", "10.0.0.0/24", "10.0.0.1"),))

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
