"""What is proposed: changes, and the cure that they make together.

Rules of this file: records, and the look-up of what an edge already publishes. A remedy is proposed only by
`cure` (remedy.py), which has tried it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cxsim.sim.explain.evaluate import FlowVerdict
from cxsim.sim.explain.view import Asked
from cxsim.sim.network import INTERNET, Change, Network
from cxsim.sim.network.addresses import Packet, dotted
from cxsim.sim.network.edges import NatState

NEW = ""
"""Id of a proposed rule; the device will give its own."""


@dataclass(frozen=True)
class Remedy:
    """One change. `party`: who makes it; `text`: what and where; `steps`: what belongs to it."""

    party: str
    text: str
    alternatives: tuple[str, ...] = ()
    """Other changes that would do instead."""
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    apply: Callable[[Network], Change] | None = None
    asked: Asked | None = None
    """What the client asks for once this is done, when the change is to a setting."""


@dataclass(frozen=True)
class Cure:
    """The changes that make a flow pass, in order. `works`: tried on the network, and the right host
    accepted."""

    remedies: tuple[Remedy, ...]
    works: bool


def published(verdict: FlowVerdict, network: Network) -> tuple[str, int] | None:
    """The public address and port that some edge already translates to the target, if any."""
    for edge in network.edges.values():
        if edge.site.name != verdict.target.site or edge.edge.outside != INTERNET:
            continue  # what an inner device translates is published by the one before it
        for nat in edge.nat:
            packet = received(nat)
            if packet is None or nat.removed or not nat.rule.enabled:
                continue
            after = nat.translate(packet)
            if dotted(after.dst) == verdict.target.address and after.dport == verdict.row.port:
                return dotted(packet.dst), packet.dport
    return None


def received(nat: NatState) -> Packet | None:
    """A packet that a DNAT rule is for, when it is for one address and one port."""
    ranges, ports = nat.original.ranges, nat.original_ports.ranges
    single = len(ranges) == len(ports) == 1 and ranges[0][0] == ranges[0][1] and ports[0][0] == ports[0][1]
    if not nat.translates_destination or not single:
        return None
    return Packet("tcp", 0, 0, ranges[0][0], ports[0][0])
