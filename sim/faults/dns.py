"""Faults of names put into effect."""

from __future__ import annotations

from cxsim.sim.faults.effect import Effect, World, of_changes
from cxsim.sim.network import changes
from cxsim.sim.network.names import RESOLVER_PATIENCE_S
from cxsim.sim.scenario import faults as written

DNS_PORT = 53


def record(world: World, fault: written.DnsRecordFault, place: str) -> Effect:
    """Give the name another address, or none."""
    addresses = None if fault.answer == written.NO_ANSWER else (fault.answer,)
    return of_changes([changes.set_record(world.network, fault.site, fault.record, addresses, place)])


def slow(world: World, fault: written.ResolverSlowFault, place: str) -> Effect:
    """Let the resolver take its time. Who asks gives up after `RESOLVER_PATIENCE_S`, so a slower one is as
    good as one that does not answer."""
    if fault.delay_s >= RESOLVER_PATIENCE_S:
        return _silent(world, fault.site, place)
    return of_changes([changes.slow_resolver(world.network, fault.site, fault.delay_s, place)])


def down(world: World, fault: written.ResolverDownFault, place: str) -> Effect:
    """Silence the resolver."""
    return _silent(world, fault.site, place)


def _silent(world: World, site: str, place: str) -> Effect:
    return of_changes([changes.stop_service(world.network, world.dns_server(site), DNS_PORT, place)])
