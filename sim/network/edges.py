"""An edge's rules, compiled: which packets each matches, and how often it was met.

Rules of this file: matching only; what an edge does with the answer is in crossing.py. A rule that was
removed stays in its position as a shadow and goes on counting the packets that it would have matched.
"""

from __future__ import annotations

from collections.abc import Callable

from cxsim.sim.network.addresses import (
    AddressSet,
    Ask,
    Packet,
    PortSet,
    Range,
    Side,
    address,
    address_set,
    port,
    port_set,
    prefix,
    split_port,
)
from cxsim.sim.network.devices import DEVICE_TYPES, Order
from cxsim.sim.network.dialects import quote_nat, quote_rule
from cxsim.sim.network.model import Edge, FilterRule, NatRule
from cxsim.sim.network.state import Layered, Meeting, SiteState
from cxsim.sim.network.trace import Step

PROTOCOLS = ("any", "tcp", "udp", "tcpudp", "icmp")
ACTIONS = ("allow", "drop", "reject")
DIRECTIONS = ("any", "in", "out")
NAT_TYPES = ("dnat", "snat", "no-dnat", "no-snat")
INTERFACES = ("outside", "inside", "any")
UNKNOWN = "unknown"
"""As the translation of a NAT rule: nobody gave it, so what the rule applies to is undetermined."""
REJECT_ANSWERS = ("tcp-reset", "icmp-prohibited")


class Doubt(Exception):
    """Raised while a packet is judged, when an unknown group could decide. `key`: what must be assumed to
    go on; `step`: the rule that asks."""

    def __init__(self, group: str, value: object) -> None:
        super().__init__(group)
        self.key = (group, value)
        self.group = group
        self.step: Step | None = None
        self.steps: tuple[Step, ...] = ()


def _speaks(protocol: str, packet: Packet) -> bool:
    return protocol in ("any", packet.protocol) or (
        protocol == "tcpudp" and packet.protocol in ("tcp", "udp")
    )


class RuleState(Meeting):
    """A firewall rule, compiled. Raises ValueError when something in it is not what it should be."""

    __slots__ = (
        "certain",
        "destination",
        "entered",
        "order",
        "ports",
        "quote",
        "removed",
        "removed_at",
        "rule",
        "source",
        "source_ports",
    )

    def __init__(self, rule: FilterRule, edge: Edge) -> None:
        super().__init__()
        self.rule = rule
        self.source = address_set(rule.source, edge.groups, rule.source_negated)
        self.destination = address_set(rule.destination, edge.groups, rule.destination_negated)
        self.ports: PortSet = port_set(rule.ports, edge.groups)
        self.source_ports = port_set(rule.source_ports, edge.groups)
        parts = (self.source, self.destination, self.ports, self.source_ports)
        self.certain = not any(part.unknown for part in parts)
        self.entered = {"in": Side.OUTSIDE, "out": Side.INSIDE}.get(rule.direction)
        self.order: Order | None = DEVICE_TYPES[edge.type].orders[rule.matches] if rule.matches else None
        self.quote = quote_rule(edge.type, rule)
        self.removed = 0
        self.removed_at = ""

    def matches(self, packet: Packet, entered: Side, left: Side, ask: Ask) -> bool:
        """True when the rule is for this packet. Unknown groups are asked last, and so only when they matter
        to this rule."""
        if (self.entered is not None and self.entered is not entered) or not _speaks(
            self.rule.protocol, packet
        ):
            return False
        if self.certain:
            return (
                self.ports.holds(packet.dport, ask)
                and self.destination.holds(packet.dst, left, ask)
                and self.source.holds(packet.src, entered, ask)
                and self.source_ports.holds(packet.sport, ask)
            )
        tests: list[tuple[bool, Callable[[], bool]]] = [
            (bool(self.ports.unknown), lambda: self.ports.holds(packet.dport, ask)),
            (bool(self.destination.unknown), lambda: self.destination.holds(packet.dst, left, ask)),
            (bool(self.source.unknown), lambda: self.source.holds(packet.src, entered, ask)),
            (bool(self.source_ports.unknown), lambda: self.source_ports.holds(packet.sport, ask)),
        ]
        return all(holds() for _, holds in sorted(tests, key=lambda test: test[0]))


class NatState(Meeting):
    """A NAT rule, compiled. Raises ValueError."""

    __slots__ = (
        "destination",
        "on",
        "original",
        "original_ports",
        "quote",
        "removed",
        "removed_at",
        "rule",
        "source",
        "to_address",
        "to_port",
        "translates_destination",
        "unknown",
    )

    def __init__(self, rule: NatRule, edge: Edge) -> None:
        super().__init__()
        self.rule = rule
        self.translates_destination = rule.type in ("dnat", "no-dnat")
        host, ports = split_port(rule.original)
        self.original: AddressSet = address_set(host, edge.groups)
        self.original_ports = port_set(ports or (), edge.groups)
        host, to_port = split_port(rule.translated)
        self.unknown = rule.translated == UNKNOWN
        if rule.type in ("dnat", "snat"):
            self.to_address: Range | None = None if self.unknown else prefix(host)
        elif rule.translated:
            raise ValueError(f"a {rule.type} rule translates nothing: leave `translated` out")
        else:
            self.to_address = None
        self.to_port = port(to_port) if to_port not in (None, "any") else None
        self.on = {"inside": Side.INSIDE, "outside": Side.OUTSIDE}.get(rule.interface)
        self.source = address_set(rule.source, edge.groups)
        self.destination = address_set(rule.destination, edge.groups)
        self.quote = quote_nat(edge.type, rule)
        self.removed = 0
        self.removed_at = ""

    def matches(self, packet: Packet, side: Side, ask: Ask) -> bool:
        """True when the rule is for this packet. `side`: entered on (DNAT) or leaving on (SNAT)."""
        if (self.on is not None and self.on is not side) or not _speaks(self.rule.protocol, packet):
            return False
        if self.translates_destination:
            value, number = packet.dst, packet.dport
            others = self.source.holds(packet.src, side, ask)
        else:
            value, number = packet.src, packet.sport
            others = self.destination.holds(packet.dst, side, ask)
        return others and self.original_ports.holds(number, ask) and self.original.holds(value, side, ask)

    def translate(self, packet: Packet) -> Packet:
        """The packet after this rule. A prefix translates to a prefix of the same size address by address."""
        if self.to_address is None:
            return packet
        low, high = self.to_address
        if self.translates_destination:
            return packet._replace(
                dst=self._mapped(packet.dst, low, high), dport=self.to_port or packet.dport
            )
        return packet._replace(src=self._mapped(packet.src, low, high), sport=self.to_port or packet.sport)

    def _mapped(self, value: int, low: int, high: int) -> int:
        if low == high:
            return low
        first = next((a for a, b in self.original.ranges if a <= value <= b and b - a == high - low), None)
        return low if first is None else low + value - first


class EdgeState(Meeting):
    """An edge at work, with its rules in order."""

    def __init__(self, edge: Edge, site: SiteState) -> None:
        super().__init__()
        self.is_up = Layered(True)
        self.edge = edge
        self.name = edge.name
        self.site = site
        self.device = DEVICE_TYPES[edge.type]
        self.inside_address = address(edge.inside_address)
        self.own = {self.inside_address, *(address(a) for a in edge.addresses)}
        self.routed = tuple(prefix(text) for text in edge.routed)
        self.rules = [RuleState(rule, edge) for rule in edge.rules]
        self.nat = [NatState(rule, edge) for rule in edge.nat]
        default = edge.default_action
        self.defaults = {
            Side.OUTSIDE: default or self.device.default_in,
            Side.INSIDE: edge.default_action_out or default or self.device.default_out,
        }
        self.live_connections = 0
        self.table = Meeting()
        """Met by connections that found no room, or that were silent for too long and then used again."""

    @property
    def idle_timeout_s(self) -> float:
        """Seconds of silence after which a connection is forgotten; 0 = never."""
        own = self.edge.idle_timeout_s
        return self.device.idle_timeout_s if own is None else own

    def order(self, nat: NatState | None) -> Order:
        """The order of filter and NAT for a packet that this NAT rule translates (None: none does)."""
        chosen = nat.rule.firewall_match if nat else ""
        return self.device.orders[chosen or self.device.order]
