"""What a fault does: one function a kind, in a table at the end.

Rules of this file: an effect changes a running world through its rooms' own means and can be taken back. It
says whether anything met it, because a fault that met nothing proves nothing (DESIGN section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cxsim.sim.network import Change, Network, changes
from cxsim.sim.scenario import faults as written
from cxsim.sim.world.topology import filter_rule_of


class World(Protocol):
    """What faults can reach."""

    network: Network

    def set_public_endpoint(self, appliance: str, typed: str, place: str) -> None:
        """Type another Public Endpoint URL for a Replication Manager or replicator, at `place` of a file."""

    def public_endpoint(self, appliance: str) -> str:
        """The Public Endpoint URL of an appliance as it is now."""

    def endpoint_uses(self, appliance: str) -> int:
        """How many calls carried an appliance's public endpoint to somebody who will use it."""

    def ports_of(self, host: str) -> Sequence[int]:
        """The ports that a host listens on."""


@dataclass(frozen=True)
class Effect:
    """A fault that is on."""

    undo: Callable[[], None]
    met: Callable[[], int]


def _of(changes_made: Sequence[Change]) -> Effect:
    def undo() -> None:
        for change in reversed(changes_made):
            change.undo()

    return Effect(undo, lambda: sum(change.met for change in changes_made))


def firewall_rule(world: World, fault: written.FirewallRuleFault, place: str) -> Effect:
    """Put the rule there."""
    return _of([changes.add_rule(world.network, fault.edge, filter_rule_of(fault.rule), fault.at)])


def nat_rule_missing(world: World, fault: written.NatRuleMissingFault, place: str) -> Effect:
    """Take the translation away."""
    return _of([changes.remove_nat(world.network, fault.edge, fault.rule, place=place)])


def public_endpoint(world: World, fault: written.PublicEndpointFault, place: str) -> Effect:
    """Type another Public Endpoint URL. Met: it was handed on to somebody who uses it."""
    right = world.public_endpoint(fault.appliance)
    world.set_public_endpoint(fault.appliance, fault.url, place)
    before = world.endpoint_uses(fault.appliance)
    met: list[int] = []

    def undo() -> None:
        met.append(world.endpoint_uses(fault.appliance) - before)
        world.set_public_endpoint(fault.appliance, right, "")

    return Effect(undo, lambda: met[0] if met else world.endpoint_uses(fault.appliance) - before)


def bandwidth(world: World, fault: written.BandwidthFault, place: str) -> Effect:
    """Give the line another capacity."""
    change = changes.set_line(
        world.network, fault.link, up_bps=fault.up_bps, down_bps=fault.down_bps, place=place
    )
    return _of([change])


def host_down(world: World, fault: written.HostDownFault, place: str) -> Effect:
    """Silence the host."""
    return _of([changes.host_down(world.network, fault.host, place)])


def service_down(world: World, fault: written.ServiceDownFault, place: str) -> Effect:
    """Close the port, or all of them."""
    ports = [fault.port] if fault.port is not None else list(world.ports_of(fault.host))
    return _of([changes.stop_service(world.network, fault.host, port, place) for port in ports])


def dns_record(world: World, fault: written.DnsRecordFault, place: str) -> Effect:
    """Give the name another address, or none."""
    addresses = None if fault.answer == written.NO_ANSWER else (fault.answer,)
    return _of([changes.set_record(world.network, fault.site, fault.record, addresses, place)])


EFFECTS: dict[type, Callable[[World, Any, str], Effect]] = {
    written.FirewallRuleFault: firewall_rule,
    written.NatRuleMissingFault: nat_rule_missing,
    written.PublicEndpointFault: public_endpoint,
    written.BandwidthFault: bandwidth,
    written.HostDownFault: host_down,
    written.ServiceDownFault: service_down,
    written.DnsRecordFault: dns_record,
}


def take_effect(world: World, fault: written.Fault) -> Effect:
    """Switch a fault on. Raises KeyError for a kind that has no line in the table (a test holds it full)."""
    return EFFECTS[type(fault.fault)](world, fault.fault, str(fault.fault.place))
