"""Which effect each kind of fault has: one table. The effects are in a file a family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cxsim.sim.faults import dns, endpoints, firewall, nat, path, service, tls
from cxsim.sim.faults.effect import Effect, World
from cxsim.sim.scenario import faults as written

__all__ = ["EFFECTS", "Effect", "World", "take_effect"]

EFFECTS: dict[type, Callable[[World, Any, str], Effect]] = {
    written.FirewallRuleFault: firewall.rule_added,
    written.FirewallRuleMissingFault: firewall.rule_missing,
    written.FirewallRuleChangedFault: firewall.rule_changed,
    written.NatRuleMissingFault: nat.rule_missing,
    written.NatRuleChangedFault: nat.rule_changed,
    written.PublicEndpointFault: endpoints.typed_wrongly,
    written.DnsRecordFault: dns.record,
    written.ResolverSlowFault: dns.slow,
    written.ResolverDownFault: dns.down,
    written.CertificateExpiredFault: tls.expired,
    written.CertificateReplacedFault: tls.replaced,
    written.CertificateSharedFault: tls.shared,
    written.TlsTerminatedFault: tls.terminated,
    written.ClockSkewFault: tls.clock,
    written.BandwidthFault: path.bandwidth,
    written.LatencyFault: path.latency,
    written.PacketLossFault: path.loss,
    written.MtuBlackHoleFault: path.mtu,
    written.LinkDownFault: path.link_down,
    written.TunnelDownFault: path.tunnel_down,
    written.ConnectionLimitFault: path.connection_limit,
    written.IdleTimeoutFault: path.idle_timeout,
    written.HostDownFault: service.host_down,
    written.ServiceDownFault: service.service_down,
    written.ServiceErrorFault: service.error,
    written.ServiceSlowFault: service.slow,
    written.ServiceGarbageFault: service.garbage,
}


def take_effect(world: World, fault: written.Fault) -> Effect:
    """Switch a fault on. Raises KeyError for a kind that has no line in the table (a test holds it full)."""
    return EFFECTS[type(fault.fault)](world, fault.fault, str(fault.fault.place))
