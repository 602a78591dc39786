"""What is wrong with a network as written: all of it at once, with its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cxsim.sim.network import (
    Dns,
    Edge,
    FilterRule,
    HostAttachment,
    NatRule,
    Network,
    Route,
    Site,
    Subnet,
    Topology,
    TopologyError,
    Vpn,
    Wan,
    problems_of,
)


def test_the_environment_has_no_problems(topology: Topology) -> None:
    assert problems_of(topology) == []
    assert Network(topology).warnings == ()


def impossible() -> Topology:
    """A network in which nearly everything is wrong."""
    tyrell = Site(
        "tyrell",
        "tennant",
        (
            Subnet("LAN", "192.168.0.0/24", "192.168.1.1", "t.yaml:3"),
            Subnet("DMZ", "192.168.0.128/25", None, "t.yaml:4"),
            Subnet("odd", "192.168.7.1/24", None, "t.yaml:5"),
        ),
        Wan("wan", -5e6, 0.0, -0.1, loss=1.5, mtu_bytes=20, place="t.yaml:6"),
        Dns({"vc": ("192.168.0.300",)}, "tyrell-dsn", -1.0, place="t.yaml:7"),
        (Route("10.0.0.0/8", "TYR-ESQ", "t.yaml:8"), Route("10.0.0.1/8", "blackhole", "t.yaml:9")),
        "t.yaml:2",
    )
    cloud = Site("mycloud", "provider", (Subnet("mgmt", "10.3.0.0/24", "10.3.0.1", "m.yaml:3"),),
                 Wan("wan", 1e9, 1e9, place="m.yaml:4"), place="m.yaml:2")  # fmt: skip
    hosts = (
        HostAttachment("tyrell-dns", "tyrell", "192.168.0.10", place="h.yaml:1"),
        HostAttachment("tyrell-dns", "tyrell", "192.168.0.11", place="h.yaml:2"),
        HostAttachment("vc", "tyrell", "192.168.0.10", place="h.yaml:3"),
        HostAttachment("far", "tyrell", "10.3.0.9", place="h.yaml:4"),
        HostAttachment("lost", "tyrel", "10.3.0.9", place="h.yaml:5"),
        HostAttachment("bad", "mycloud", "10.3.0", services=(0, 99999), place="h.yaml:6"),
        HostAttachment("gw", "mycloud", "10.3.0.1", gateway="none", place="h.yaml:7"),
    )
    edges = (
        Edge("TYR-ESG", "nsx-w", "tyrell", "192.168.0.1", ("198.51.100.10",), place="e.yaml:1"),
        Edge(
            "CHC-ESG", "nsx-v", "mycloud", "10.3.0.1", ("198.51.100.10", "203.0.113"), default_action="deny",
            rules=(
                FilterRule("1", "block", place="e.yaml:3"),
                FilterRule("2", "allow", source="Branches", place="e.yaml:4"),
                FilterRule("2", "allow", protocol="tpc", matches="translate", place="e.yaml:5"),
                FilterRule("3", "allow", ports=("44045x",), place="e.yaml:5"),
            ),
            nat=(
                NatRule("1", "dnat", "203.0.113.32:443", "10.3.0.77:443", place="e.yaml:6"),
                NatRule("2", "dnatt", "203.0.113.32:443", "10.3.0.77:443", place="e.yaml:7"),
                NatRule("3", "no-snat", "10.3.0.0/24", "203.0.113.32", place="e.yaml:8"),
            ),
            place="e.yaml:2",
        ),
        Edge("A", "asa", "mycloud", "10.4.0.2", outside="tyrel", place="e.yaml:9"),
    )  # fmt: skip
    return Topology((tyrell, cloud), hosts, edges, (Vpn("s2s", "tyrell", ("10.0.0.1/8",), "nowhere", ()),))


def test_everything_wrong_is_reported_at_once_with_its_place(golden: Callable[[str, str], None]) -> None:
    with pytest.raises(TopologyError) as caught:
        Network(impossible())
    golden("network/impossible-topology.txt", f"{caught.value}\n")


def test_a_translation_to_nobody_is_a_warning_and_the_network_lives(topology: Topology) -> None:
    nat = (NatRule("9", "dnat", "203.0.113.32:9", "10.3.0.77:9", place="e.yaml:6"), *topology.edges[1].nat)
    network = Network(topology.with_edge("CHC-ESG", nat=nat))
    assert [str(warning) for warning in network.warnings] == [
        "e.yaml:6: warning: edge 'CHC-ESG': NAT rule 9: 10.3.0.77 is no host of site 'mycloud'"
    ]
    assert network.trace("tyrell-cce01", "203.0.113.32", 8044).accepted


def test_a_gateway_that_is_no_edge_is_a_warning_that_names_the_edge(topology: Topology) -> None:
    tyrell, mycloud = topology.sites
    moved = replace(tyrell, subnets=(replace(tyrell.subnets[0], gateway="192.168.0.254"),))
    (warning,) = problems_of(replace(topology, sites=(moved, mycloud)))
    assert str(warning) == (
        "env.yaml:11: warning: gateway 192.168.0.254 is nobody's inside address: "
        "the site's edge is 192.168.0.1"
    )


def test_edges_that_lead_in_a_circle_are_refused(topology: Topology) -> None:
    tyr, chc = topology.edges
    edges = (replace(tyr, outside="mycloud"), replace(chc, outside="tyrell"))
    problems = problems_of(replace(topology, edges=edges))
    assert [str(problem) for problem in problems if problem.is_error] == [
        "env.yaml:14: edge 'TYR-ESG': following `outside` from edge to edge comes back here",
        "env.yaml:45: edge 'CHC-ESG': following `outside` from edge to edge comes back here",
    ]
