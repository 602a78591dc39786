"""Sites: network, WAN link, edge with firewall and NAT, DNS.

Rules of this file: models only. What a device does with its rules is the network's business
(`sim/network`); the order of evaluation follows from `Edge.type`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from cxsim.sim.scenario.addresses import (
    OR_UNKNOWN,
    UNKNOWN,
    Address,
    AddressOrHost,
    Cidr,
    Endpoints,
    Members,
    NatSide,
    OrUnknown,
    PortRanges,
)
from cxsim.sim.scenario.lines import Burst, LineTerm
from cxsim.sim.scenario.model import Model, Name, Named, YesNo, one_or_many
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import Bandwidth, Duration, Fraction, SignedDuration
from cxsim.sim.scenario.references import Loading, Ref

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
    jitter_s: Duration = Field(
        default=0.0,
        alias="jitter",
        le=60,
        description="the most that a segment is later than another, each way; transfers take no notice",
        examples=["5 ms"],
    )
    loss: Fraction = Field(default=0.0, description="packets lost, both ways", examples=["0.1 %"])
    mtu_bytes: Annotated[int, Field(strict=True, ge=576, le=9216)] | None = Field(
        default=None, description="larger packets vanish; default: no limit below the hosts'", examples=[1400]
    )
    efficiency: Fraction | None = Field(
        default=None,
        gt=0,
        description="of its capacity that replication gets; default: replication's link_efficiency",
        examples=["80 %"],
    )
    measured_up_bps: Bandwidth | None = Field(
        default=None,
        alias="measured_up",
        gt=0,
        description="what transfers were measured to get up, instead of the efficiency",
        examples=["66 Mbit/s"],
    )
    measured_down_bps: Bandwidth | None = Field(
        default=None, alias="measured_down", gt=0, description="the same, down", examples=["66 Mbit/s"]
    )
    shape: tuple[LineTerm, ...] = Field(
        default=(),
        description="what is otherwise at some times",
        examples=[[{"name": "office hours", "from": "8:00", "until": "18:00", "up": "20 Mbit/s"}]],
    )
    burst: Burst | None = Field(
        default=None,
        description="more than up and down for a while",
        examples=[{"up": "200 Mbit/s", "for": "10 min"}],
    )

    def of_direction(self, direction: str) -> tuple[float, float | None, float | None]:
        """Capacity, what was measured, and the burst of `up` or `down`, bits per second."""
        burst = None if self.burst is None else getattr(self.burst, f"{direction}_bps")
        return getattr(self, f"{direction}_bps"), getattr(self, f"measured_{direction}_bps"), burst

    @model_validator(mode="after")
    def _figures_fit(self) -> Self:
        for direction in ("up", "down"):
            carries, measured, burst = self.of_direction(direction)
            if measured is not None and self.efficiency is not None:
                raise mistake("stands beside efficiency", "one of them", f"measured_{direction}")
            if measured is not None and measured > carries:
                right = f"at most {direction}"
                raise mistake("is more than the line carries", right, f"measured_{direction}")
            if burst is not None and burst <= carries:
                raise mistake(
                    f"bursts to no more than {direction} of the line", f"more than {direction}", "burst"
                )
        if self.burst is not None and self.burst.up_bps is None and self.burst.down_bps is None:
            raise mistake("bursts nowhere", "add up, down, or both", "burst")
        return self


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
    protocol: Literal["tcp", "udp", "tcpudp", "icmp", "any"] = Field(
        default="any", description="protocol", examples=["tcp"]
    )
    ports: PortRanges = Field(default=(), description="destination ports; default: any", examples=[[8044]])
    enabled: YesNo = Field(default=True, description="a disabled rule is skipped", examples=["no"])
    source_ports: PortRanges = Field(default=(), description="default: any", examples=["1024-65535"])
    source_negated: YesNo = Field(
        default=False, description="the source is anything but what is named", examples=["yes"]
    )
    destination_negated: YesNo = Field(
        default=False, description="the destination is anything but what is named", examples=["yes"]
    )
    match_on: Literal["original", "translated"] | None = Field(
        default=None,
        description="nsx-v only: addresses before or after NAT (Match on Translated); default: original",
        examples=["translated"],
    )
    logged: YesNo = Field(default=False, description="whether the device logs it", examples=["yes"])


class Firewall(Model):
    """Rules in order, and what happens when none matches. `rules` is None when nobody gave them."""

    default: Action = Field(default="drop", description="when no rule matches", examples=["drop"])
    rules: Annotated[tuple[FirewallRule, ...] | None, OR_UNKNOWN] = Field(
        default=(), description="rules, in order"
    )
    enabled: YesNo = Field(
        default=True, description="no: the firewall service is off (on some devices NAT goes with it)"
    )

    @classmethod
    def shaped(cls, data: Any, loading: Loading | None) -> Any:
        """`firewall: unknown` stands for `{rules: unknown}`."""
        return {"rules": UNKNOWN} if data == UNKNOWN else data


FirewallOrUnknown = Annotated[Firewall, OrUnknown(as_none=False)]


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
    protocol: Literal["tcp", "udp", "tcpudp", "icmp", "any"] = Field(
        default="any", description="protocol", examples=["tcp"]
    )
    interface: Literal["outside", "inside", "any"] = Field(
        default="outside",
        description="side it is applied on; inside (or any) is what a hairpin needs",
        examples=["any"],
    )
    enabled: YesNo = Field(default=True, description="a disabled rule is skipped", examples=["no"])
    source: Endpoints = Field(
        default=("any",), description="dnat only: sources that it applies to", examples=["203.0.113.0/24"]
    )
    destination: Endpoints = Field(
        default=("any",), description="snat only: destinations that it applies to", examples=["any"]
    )


NatRules = Annotated[tuple[NatRule, ...] | None, OR_UNKNOWN]
"""Translations in order; None: nobody gave them."""
GroupsByName = dict[Name, Members]


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
    firewall: FirewallOrUnknown = Field(default_factory=Firewall, description="firewall")
    nat: NatRules = Field(default=(), description="translations, in order")
    groups: GroupsByName = Field(
        default_factory=dict,
        description="groups that its rules name: members, or unknown",
        examples=[{"Branches": ["203.0.113.0/24"]}],
    )


class Edge(Model):
    """The device between a site and the internet."""

    name: Name = Field(description="name of the device", examples=["TYR-ESG"])
    type: DeviceType = Field(description="decides the order of firewall and NAT", examples=["nsx-v"])
    addresses: tuple[Address, ...] = Field(
        min_length=1, description="its public addresses", examples=[["198.51.100.10"]]
    )
    firewall: FirewallOrUnknown = Field(default_factory=Firewall, description="firewall")
    nat: NatRules = Field(default=(), description="translations, in order")
    groups: GroupsByName = Field(
        default_factory=dict,
        description="groups that its rules name: members, or unknown",
        examples=[{"Branches": ["203.0.113.0/24"]}],
    )
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
    utc_offset_s: SignedDuration = Field(
        default=0.0,
        alias="utc_offset",
        ge=-43200,
        le=50400,
        description="how far its clock is ahead of UTC, all year, for hours and days",
        examples=["1 h"],
    )
