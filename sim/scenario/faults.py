"""Faults: what is injected into an environment, and when.

Rules of this file: models only; one class a kind, one line of `Fault` a kind. What a kind does to the
simulation is `sim/faults`' business. A fault is on from the start unless it says otherwise; times are
durations since the start of the scenario.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from cxsim.sim.scenario.addresses import Port, resolved
from cxsim.sim.scenario.model import Model, Name, OneOf
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import Bandwidth, Duration
from cxsim.sim.scenario.references import Ref
from cxsim.sim.scenario.sites import FirewallRule
from cxsim.sim.scenario.triggers import When

EdgeName = Annotated[Name, Ref("edge")]
LinkName = Annotated[Name, Ref("link")]
HostName = Annotated[Name, Ref("host")]


def _rule_key(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


RuleName = Annotated[
    Name,
    BeforeValidator(_rule_key),
    WithJsonSchema({"type": ["string", "integer"], "x-type": "name or id of a rule"}),
]


class FirewallRuleFault(Model):
    """A rule is added to an edge's firewall."""

    edge: EdgeName = Field(description="edge", examples=["CHC-ESG"])
    at: Literal["top", "bottom"] = Field(
        default="top", description="before or after the other rules", examples=["top"]
    )
    rule: FirewallRule = Field(description="the rule")


class NatRuleMissingFault(Model):
    """A translation is missing from an edge."""

    edge: EdgeName = Field(description="edge", examples=["TYR-ESG"])
    rule: RuleName = Field(description="name or id of the NAT rule", examples=["replicator management"])


class PublicEndpointFault(Model):
    """The Public Endpoint URL of an appliance was typed wrongly."""

    appliance: Annotated[Name, Ref("host", ("replication-manager", "replicator"))] = Field(
        description="Replication Manager or replicator", examples=["chc-ccm01"]
    )
    url: str = Field(
        strict=True,
        max_length=256,
        description='what was typed; "" = left empty',
        examples=["203.0.113.32:443"],
    )


class BandwidthFault(Model):
    """A link carries less (or more)."""

    link: LinkName = Field(description="link", examples=["tyrell-wan"])
    up_bps: Bandwidth | None = Field(
        default=None, alias="up", description="default: unchanged", examples=["20 Mbit/s"]
    )
    down_bps: Bandwidth | None = Field(
        default=None, alias="down", description="default: unchanged", examples=["20 Mbit/s"]
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.up_bps is None and self.down_bps is None:
            raise mistake("changes nothing", "add up, down, or both")
        return self


class HostDownFault(Model):
    """A host is off: nothing answers at its address."""

    host: HostName = Field(description="host", examples=["chc-ccm01"])


class ServiceDownFault(Model):
    """A host is up, but nothing listens on a port: connections are refused."""

    host: HostName = Field(description="host", examples=["chc-ccm01"])
    port: Port | None = Field(default=None, description="default: all its ports", examples=[8044])


NO_ANSWER = "none"


def _answer(value: str, info: ValidationInfo) -> str:
    return value if value == NO_ANSWER else resolved(value, info)


class DnsRecordFault(Model):
    """A site's DNS gives a wrong answer, or none."""

    site: Annotated[Name, Ref("site")] = Field(description="whose DNS", examples=["tyrell"])
    record: Name = Field(description="the name that is asked", examples=["chc.mycloud.local"])
    answer: Annotated[str, Field(strict=True), AfterValidator(_answer)] = Field(
        description="an address; none: no such name (NXDOMAIN)", examples=["none"]
    )


FaultKind = (
    FirewallRuleFault
    | NatRuleMissingFault
    | PublicEndpointFault
    | BandwidthFault
    | HostDownFault
    | ServiceDownFault
    | DnsRecordFault
)


class Fault(OneOf):
    """Something that is wrong, and when. `body` is the model of its kind."""

    WHAT: ClassVar[str] = "a fault"
    BESIDE: ClassVar[frozenset[str]] = frozenset({"name", "from_s", "until_s", "lasts_s", "when"})

    name: Name = Field(
        description="what is wrong, unique in the scenario", examples=["provider edge drops 8044"]
    )
    firewall_rule: FirewallRuleFault | None = Field(default=None, description="a firewall rule is added")
    nat_rule_missing: NatRuleMissingFault | None = Field(default=None, description="a translation is missing")
    public_endpoint: PublicEndpointFault | None = Field(
        default=None, description="a Public Endpoint URL is wrong"
    )
    bandwidth: BandwidthFault | None = Field(default=None, description="a link carries less")
    host_down: HostDownFault | None = Field(default=None, description="a host is off")
    service_down: ServiceDownFault | None = Field(default=None, description="a port is closed")
    dns_record: DnsRecordFault | None = Field(default=None, description="a DNS answer is wrong")
    from_s: Duration | None = Field(
        default=None, alias="from", description="since the start; default: from the start", examples=["8 h"]
    )
    until_s: Duration | None = Field(
        default=None, alias="until", description="since the start; default: to the end", examples=["12 h"]
    )
    lasts_s: Duration | None = Field(
        default=None,
        alias="for",
        gt=0,
        description="how long, once it has begun; instead of until",
        examples=["10 min"],
    )
    when: When | None = Field(
        default=None,
        description="begins when this is first reached",
        examples=[{"status": "Syncing", "percent": 40}],
    )

    @property
    def fault(self) -> FaultKind:
        """The model of its kind."""
        kind: FaultKind = self.body
        return kind

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.when is not None and self.from_s is not None:
            raise mistake("has from and when", "one of them", "when")
        if self.until_s is not None and self.lasts_s is not None:
            raise mistake("has until and for", "one of them", "for")
        if self.until_s is not None and self.until_s <= (self.from_s or 0.0):
            raise mistake("ends before it begins", "an until later than from", "until")
        return self


FAULT_KINDS: dict[str, str] = {
    name: Fault.model_fields[name].description or ""
    for name in Fault.model_fields
    if name not in Fault.BESIDE
}
"""Every kind with its meaning."""
