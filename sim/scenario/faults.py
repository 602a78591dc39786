"""Faults: what is injected into an environment, and when.

Rules of this file: one line of `Fault` a kind; the models of the kinds are in fault_kinds, a file a family.
What a kind does to the simulation is `sim/faults`' business. A fault is on from the start unless it says
otherwise; times are durations since the start of the scenario.
"""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from cxsim.sim.scenario.fault_kinds.dns import (
    NO_ANSWER,
    DnsRecordFault,
    ResolverDownFault,
    ResolverSlowFault,
)
from cxsim.sim.scenario.fault_kinds.endpoints import PublicEndpointFault
from cxsim.sim.scenario.fault_kinds.firewall import (
    FirewallRuleChangedFault,
    FirewallRuleFault,
    FirewallRuleMissingFault,
)
from cxsim.sim.scenario.fault_kinds.nat import NatRuleChangedFault, NatRuleMissingFault
from cxsim.sim.scenario.fault_kinds.path import (
    BandwidthFault,
    ConnectionLimitFault,
    IdleTimeoutFault,
    LatencyFault,
    LinkDownFault,
    MtuBlackHoleFault,
    PacketLossFault,
    TunnelDownFault,
)
from cxsim.sim.scenario.fault_kinds.service import (
    HostDownFault,
    ServiceDownFault,
    ServiceErrorFault,
    ServiceGarbageFault,
    ServiceSlowFault,
)
from cxsim.sim.scenario.fault_kinds.tls import (
    CertificateExpiredFault,
    CertificateReplacedFault,
    CertificateSharedFault,
    ClockSkewFault,
    TlsTerminatedFault,
)
from cxsim.sim.scenario.model import Model, Name, OneOf
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import Duration
from cxsim.sim.scenario.triggers import When

__all__ = [
    "FAULT_KINDS",
    "NO_ANSWER",
    "BandwidthFault",
    "CertificateExpiredFault",
    "CertificateReplacedFault",
    "CertificateSharedFault",
    "ClockSkewFault",
    "ConnectionLimitFault",
    "DnsRecordFault",
    "Fault",
    "FaultKind",
    "FirewallRuleChangedFault",
    "FirewallRuleFault",
    "FirewallRuleMissingFault",
    "Flapping",
    "HostDownFault",
    "IdleTimeoutFault",
    "LatencyFault",
    "LinkDownFault",
    "MtuBlackHoleFault",
    "NatRuleChangedFault",
    "NatRuleMissingFault",
    "PacketLossFault",
    "PublicEndpointFault",
    "ResolverDownFault",
    "ResolverSlowFault",
    "ServiceDownFault",
    "ServiceErrorFault",
    "ServiceGarbageFault",
    "ServiceSlowFault",
    "TlsTerminatedFault",
    "TunnelDownFault",
]

FaultKind = (
    FirewallRuleFault
    | FirewallRuleMissingFault
    | FirewallRuleChangedFault
    | NatRuleMissingFault
    | NatRuleChangedFault
    | PublicEndpointFault
    | DnsRecordFault
    | ResolverSlowFault
    | ResolverDownFault
    | CertificateExpiredFault
    | CertificateReplacedFault
    | CertificateSharedFault
    | TlsTerminatedFault
    | ClockSkewFault
    | BandwidthFault
    | LatencyFault
    | PacketLossFault
    | MtuBlackHoleFault
    | LinkDownFault
    | TunnelDownFault
    | ConnectionLimitFault
    | IdleTimeoutFault
    | HostDownFault
    | ServiceDownFault
    | ServiceErrorFault
    | ServiceSlowFault
    | ServiceGarbageFault
)


class Flapping(Model):
    """A fault that comes and goes, on first."""

    on_s: Duration = Field(alias="on", gt=0, description="how long it is there", examples=["30 s"])
    off_s: Duration = Field(alias="off", gt=0, description="how long it is gone", examples=["60 s"])


class Fault(OneOf):
    """Something that is wrong, and when. `body` is the model of its kind."""

    WHAT: ClassVar[str] = "a fault"
    BESIDE: ClassVar[frozenset[str]] = frozenset({"name", "from_s", "until_s", "lasts_s", "when", "flapping"})

    name: Name = Field(
        description="what is wrong, unique in the scenario", examples=["provider edge drops 8044"]
    )
    firewall_rule: FirewallRuleFault | None = Field(default=None, description="a firewall rule is added")
    firewall_rule_missing: FirewallRuleMissingFault | None = Field(
        default=None, description="a firewall rule is missing or disabled"
    )
    firewall_rule_changed: FirewallRuleChangedFault | None = Field(
        default=None, description="a firewall rule says something else"
    )
    nat_rule_missing: NatRuleMissingFault | None = Field(default=None, description="a translation is missing")
    nat_rule_changed: NatRuleChangedFault | None = Field(
        default=None, description="a translation leads somewhere else"
    )
    public_endpoint: PublicEndpointFault | None = Field(
        default=None, description="a Public Endpoint URL is wrong"
    )
    dns_record: DnsRecordFault | None = Field(default=None, description="a DNS answer is wrong")
    resolver_slow: ResolverSlowFault | None = Field(default=None, description="DNS answers late")
    resolver_down: ResolverDownFault | None = Field(default=None, description="DNS does not answer")
    certificate_expired: CertificateExpiredFault | None = Field(
        default=None, description="a certificate has expired"
    )
    certificate_replaced: CertificateReplacedFault | None = Field(
        default=None, description="a host shows a new certificate"
    )
    certificate_shared: CertificateSharedFault | None = Field(
        default=None, description="two hosts show the same certificate"
    )
    tls_terminated: TlsTerminatedFault | None = Field(
        default=None, description="a device on the way ends TLS"
    )
    clock_skew: ClockSkewFault | None = Field(default=None, description="a clock is wrong")
    bandwidth: BandwidthFault | None = Field(default=None, description="a link carries less")
    latency: LatencyFault | None = Field(default=None, description="a link takes longer")
    packet_loss: PacketLossFault | None = Field(default=None, description="a link loses packets")
    mtu_black_hole: MtuBlackHoleFault | None = Field(
        default=None, description="large packets vanish on a link"
    )
    link_down: LinkDownFault | None = Field(default=None, description="a link is down")
    tunnel_down: TunnelDownFault | None = Field(default=None, description="a site-to-site tunnel is down")
    connection_limit: ConnectionLimitFault | None = Field(
        default=None, description="an edge keeps only so many connections"
    )
    idle_timeout: IdleTimeoutFault | None = Field(
        default=None, description="an edge forgets idle connections early"
    )
    host_down: HostDownFault | None = Field(default=None, description="a host is off")
    service_down: ServiceDownFault | None = Field(default=None, description="a port is closed")
    service_error: ServiceErrorFault | None = Field(
        default=None, description="a web server answers with errors"
    )
    service_slow: ServiceSlowFault | None = Field(default=None, description="a web server answers late")
    service_garbage: ServiceGarbageFault | None = Field(
        default=None, description="a port answers something that is no HTTP"
    )
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
    flapping: Flapping | None = Field(
        default=None,
        description="comes and goes while it lasts; default: stays",
        examples=[{"on": "30 s", "off": "60 s"}],
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
