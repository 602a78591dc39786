"""The application of an NSX-v firewall rule: services and opaque ids, as protocol and ports of one rule.

Rules of this file: CX uses tcp only, so the tcp part of a rule is kept exactly; what else the rule is for is
left out and told. What cannot be decided from the export (an application id, an unknown protocol) becomes a
group of ports that is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from cxsim.sim.intake.reading import Reading
from cxsim.sim.intake.records import Kind
from cxsim.sim.intake.values import ANY_PORT, ports
from cxsim.sim.intake.xmlfile import Element, children, place, text
from cxsim.sim.scenario.places import Place

OTHER_PROTOCOLS = frozenset(
    (
        "icmp", "icmpv6", "igmp", "ipcomp", "ggp", "egp", "pup", "rsvp", "gre", "esp", "ah", "l2tp",
        "sctp", "ospf", "ipv6-icmp", "ipv6icmp", "ipv6route", "ipv6frag", "ipv6nonxt", "ipv6opts", "vrrp",
        "pim", "ipip",
    )
)  # fmt: skip
"""Protocols that carry neither tcp nor udp: such a service decides no flow of CX [K]."""
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Services:
    """What a rule is for. Empty ports are any. `nothing`: why it matches nothing of this model, or ""."""

    protocol: str = "any"
    ports: tuple[str, ...] = ()
    source_ports: tuple[str, ...] = ()
    nothing: str = ""


@dataclass(frozen=True)
class _Service:
    protocol: str
    ports: tuple[str, ...]
    source_ports: tuple[str, ...]


def application(element: Element | None, subject: str, reading: Reading) -> Services:
    """The `application` of a rule; missing or empty, it is any."""
    if element is None:
        return Services()
    services = [_service(one, subject, reading) for one in children(element, "service")]
    ids = [(place(one, reading.file), (one.text or "").strip()) for one in children(element, "applicationId")]
    if not services and not ids:
        return Services()
    here = place(element, reading.file)
    tcp = [one for one in services if one.protocol in ("tcp", "any")]
    if any(not one.ports and not one.source_ports for one in tcp):
        return Services("any" if any(one.protocol == "any" for one in tcp) else _with_udp(tcp, services))
    opaque = tuple(reading.unknown_group(where, subject, name, "ports") for where, name in ids)
    if any(one.protocol == UNKNOWN for one in services) or (
        len(tcp) > 1 and any(one.source_ports for one in tcp)
    ):
        why = "has services that cannot be said here: for which ports it is stays unknown"
        opaque += (reading.guard(here, subject, f"{subject}, services", why),)
    if opaque:
        return Services("any", (*_union(tcp), *opaque))
    if tcp:
        protocol = _with_udp(tcp, services)
        _tell_the_rest(services, protocol, subject, here, reading)
        return Services(
            "any" if all(s.protocol == "any" for s in tcp) else protocol, _union(tcp), tcp[0].source_ports
        )
    udp = [one for one in services if one.protocol == "udp"]
    if udp:
        return Services("udp", _union(udp) if all(one.ports for one in udp) else ())
    protocols = ", ".join(dict.fromkeys(one.protocol for one in services))
    if protocols == "icmp":
        return Services("icmp")
    nothing = f"for {protocols}"
    reading.note(Kind.LEFT_OUT, here, f"{subject} is {nothing}: this network carries tcp and udp only")
    return Services(nothing=nothing)


def _union(services: list[_Service]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(port for one in services for port in one.ports))


def _with_udp(tcp: list[_Service], services: list[_Service]) -> str:
    """`tcpudp` when the rule's udp part says the same as its tcp part."""
    udp = [one for one in services if one.protocol == "udp"]
    same = {(s.ports, s.source_ports) for s in tcp} == {(s.ports, s.source_ports) for s in udp}
    return "tcpudp" if same else "tcp"


def _tell_the_rest(
    services: list[_Service], protocol: str, subject: str, here: Place, reading: Reading
) -> None:
    kept = {"tcp", "any"} | ({"udp"} if protocol == "tcpudp" else set())
    rest = [one for one in services if one.protocol not in kept]
    if rest:
        listed = "; ".join(dict.fromkeys(f"{s.protocol} {', '.join(s.ports)}".strip() for s in rest))
        reading.note(Kind.LEFT_OUT, here, f"{subject} is for {listed} too: only its tcp part is kept")


def _service(element: Element, subject: str, reading: Reading) -> _Service:
    protocol = (text(element, "protocol") or "any").lower()
    if protocol in OTHER_PROTOCOLS:
        return _Service(protocol, (), ())
    if protocol not in ("tcp", "udp", "any"):
        return _Service(UNKNOWN, (), ())
    return _Service(
        protocol, _listed(element, "port", subject, reading), _listed(element, "sourcePort", subject, reading)
    )


def _listed(element: Element, name: str, subject: str, reading: Reading) -> tuple[str, ...]:
    """Ports of a service; several elements are a list, and any among them is any."""
    found: list[str] = []
    for one in children(element, name):
        part = reading.tried(place(one, reading.file), f"{subject}, {name}", ANY_PORT, ports, one.text)
        if not part:
            return ()
        found += part
    return tuple(dict.fromkeys(found))
