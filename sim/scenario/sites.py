"""Sites: network, WAN link, edge with firewall and NAT, DNS.

Rules of this file: models only. What a device does with its rules is the network's business
(`sim/network`); the order of evaluation follows from `Edge.type`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cxsim.sim.scenario.addresses import (
    Address,
    AddressOrHost,
    Cidr,
    Endpoints,
    NatSide,
    PortRanges,
)
from cxsim.sim.scenario.model import Model, Name, Named, YesNo, one_or_many
from cxsim.sim.scenario.quantities import Bandwidth, Duration, Fraction
from cxsim.sim.scenario.references import Ref

DeviceType = Literal["nsx-v", "nsx-t", "netfilter", "asa", "generic-pre-nat", "generic-post-nat"]
Action = Literal["allow", "drop", "reject"]
RuleId = Annotated[int, Field(strict=True, ge=0, le=2**31)]


class Lan(Model):
    """The network of a site."""

    name: Name = Field(description="name as people know it", examples=["Tyrell LAN"])
    cidr: Cidr = Field(description="its addresses", examples=["192.168.0.0/24"])
    gateway: Address = Field(
        description="the edge's inside address; in the network", examples=["192.168.0.1"]
    )


class Wan(Model):
    """The link between a site's edge and the internet. Directions as the site sees them."""

    name: Name = Field(description="name of the link, for faults and figures", examples=["tyrell-wan"])
    up_bps: Bandwidth = Field(
        alias="up", gt=0, description="from the site to the internet", examples=["100 Mbit/s"]
    )
    down_bps: Bandwidth = Field(
        alias="down", gt=0, description="from the internet to the site", examples=["100 Mbit/s"]
    )
    rtt_s: Duration = Field(
        default=0.0, alias="rtt", le=60, description="round trip that this link adds", examples=["20 ms"]
    )
    loss: Fraction = Field(default=0.0, description="packets lost, both ways", examples=["0.1 %"])
    mtu_bytes: Annotated[int, Field(strict=True, ge=576, le=9216)] | None = Field(
        default=None, description="larger packets vanish; default: no limit below the hosts'", examples=[1400]
    )


class FirewallRule(Model):
    """A rule; the first that matches decides."""

    id: RuleId = Field(description="number, unique on its edge", examples=[99])
    name: Name = Field(description="name, quoted by explanations", examples=["hardening"])
    action: Action = Field(description="reject answers (RST or ICMP), drop does not", examples=["drop"])
    source: Endpoints = Field(default=("any",), description="where from", examples=["any"])
    destination: Endpoints = Field(default=("any",), description="where to", examples=["203.0.113.32"])
    direction: Literal["any", "in", "out"] = Field(
        default="any", description="in: entering from the internet; out: from the site", examples=["in"]
    )
    protocol: Literal["tcp", "udp", "icmp", "any"] = Field(
        default="any", description="protocol", examples=["tcp"]
    )
    ports: PortRanges = Field(default=(), description="destination ports; default: any", examples=[[8044]])
    enabled: YesNo = Field(default=True, description="a disabled rule is skipped", examples=["no"])


class Firewall(Model):
    """Rules in order, and what happens when none matches."""

    default: Action = Field(default="drop", description="when no rule matches", examples=["drop"])
    rules: tuple[FirewallRule, ...] = Field(default=(), description="rules, in order")


class NatRule(Model):
    """A translation of addresses."""

    id: RuleId = Field(description="number, unique on its edge", examples=[101])
    name: Name = Field(description="name, quoted by explanations", examples=["replicator management"])
    type: Literal["dnat", "snat"] = Field(
        description="dnat: of the destination; snat: of the source", examples=["dnat"]
    )
    original: NatSide = Field(
        description="before; dnat: destination, snat: source", examples=["198.51.100.10:443"]
    )
    translated: NatSide = Field(description="after", examples=["192.168.0.34:8043"])
    protocol: Literal["tcp", "udp", "any"] = Field(default="any", description="protocol", examples=["tcp"])
    interface: Literal["outside", "inside", "any"] = Field(
        default="outside",
        description="side it is applied on; inside (or any) is what a hairpin needs",
        examples=["any"],
    )
    enabled: YesNo = Field(default=True, description="a disabled rule is skipped", examples=["no"])


class Upstream(Model):
    """A device of the same site between its edge and the internet: an access router that translates too. The
    edge's `addresses` are then private ones of the network between the two."""

    name: Name = Field(description="name of the device", examples=["ISP-ROUTER"])
    type: DeviceType = Field(description="decides the order of firewall and NAT", examples=["netfilter"])
    network: Cidr = Field(description="the network between the two devices", examples=["100.64.0.0/24"])
    gateway: Address = Field(description="its address on that network", examples=["100.64.0.1"])
    addresses: tuple[Address, ...] = Field(
        min_length=1, description="its public addresses", examples=[["198.51.100.10"]]
    )
    firewall: Firewall = Field(default_factory=Firewall, description="firewall")
    nat: tuple[NatRule, ...] = Field(default=(), description="translations, in order")


class Edge(Model):
    """The device between a site and the internet."""

    name: Name = Field(description="name of the device", examples=["TYR-ESG"])
    type: DeviceType = Field(description="decides the order of firewall and NAT", examples=["nsx-v"])
    addresses: tuple[Address, ...] = Field(
        min_length=1, description="its public addresses", examples=[["198.51.100.10"]]
    )
    firewall: Firewall = Field(default_factory=Firewall, description="firewall")
    nat: tuple[NatRule, ...] = Field(default=(), description="translations, in order")
    upstream: Upstream | None = Field(
        default=None,
        description="a second translating device between this one and the internet (double NAT)",
    )


_ANSWERS, _ANSWERS_JSON = one_or_many({"type": "string", "x-type": "address, host or VM; or a list"})
Answers = Annotated[tuple[AddressOrHost, ...], _ANSWERS, Field(min_length=1), _ANSWERS_JSON]


class SiteDns(Model):
    """The names that a site's hosts can resolve."""

    server: Annotated[Name, Ref("host", ("dns",))] = Field(
        description="host with role dns", examples=["tyrell-dns"]
    )
    records: dict[Name, Answers] = Field(
        default_factory=dict, description="name: address", examples=[{"chc.mycloud.local": "203.0.113.41"}]
    )


class Site(Named):
    """A tenant's or a provider's data centre."""

    party: Literal["tenant", "provider"] = Field(description="whose it is, for remedies", examples=["tenant"])
    network: Lan = Field(description="its network")
    wan: Wan = Field(description="its link to the internet")
    edge: Edge = Field(description="its edge device")
    dns: SiteDns = Field(description="its names")
