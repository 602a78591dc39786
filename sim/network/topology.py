"""What can be wrong with a network as somebody wrote it down, all of it at once, each with its place.

Rules of this file: it reports and never repairs. An error makes the network impossible (`TopologyError`);
a warning is allowed but will surprise. Texts are `what is wrong: what would be right`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from cxsim.sim.network.addresses import address, is_address, prefix, split_port
from cxsim.sim.network.devices import DEVICE_TYPES
from cxsim.sim.network.edges import (
    ACTIONS,
    DIRECTIONS,
    INTERFACES,
    NAT_TYPES,
    PROTOCOLS,
    REJECT_ANSWERS,
    NatState,
    RuleState,
)
from cxsim.sim.network.model import INTERNET, Edge, FilterRule, NatRule, Site, Topology, Wan

PARTIES = ("tenant", "provider")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where."""

    place: str
    text: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{self.place or '-'}: {'' if self.is_error else 'warning: '}{self.text}"


class TopologyError(Exception):
    """The network cannot be. `problems` holds all of them, warnings too."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownName(LookupError):
    """Something was asked for by a name that nothing has. The text suggests the nearest one."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"no {kind} named {name!r}{nearest(name, known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """`: did you mean ...` with the nearest known name, or the list when none is near."""
    names = sorted(known)
    close = get_close_matches(name, names, 1, 0.5)
    if close:
        return f": did you mean {close[0]}?"
    return f": known are {', '.join(names)}" if names else ""


def problems_of(topology: Topology) -> list[Problem]:
    """Everything that is wrong, errors and warnings, in the order in which it is written."""
    return [problem for check in _CHECKS for problem in check(topology)]


def _choice(place: str, what: str, value: str, known: Iterable[str]) -> Iterator[Problem]:
    if value not in known:
        yield Problem(place, f"{what} {value!r} does not exist{nearest(value, known)}")


def _unique(kind: str, named: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, place in named:
        if name in seen:
            yield Problem(place, f"{kind} {name!r} exists twice: first at {seen[name] or '-'}")
        else:
            seen[name] = place


def _tried(place: str, what: str, parse: Callable[..., object], *written: object) -> Iterator[Problem]:
    try:
        parse(*written)
    except ValueError as error:
        yield Problem(place, f"{what}: {error}")


def _valid(parse: Callable[[str], object], text: str | None) -> bool:
    try:
        return text is not None and parse(text) is not None
    except ValueError:
        return False


def _names(topology: Topology) -> Iterator[Problem]:
    yield from _unique("site", ((s.name, s.place) for s in topology.sites))
    yield from _unique("host", ((h.name, h.place) for h in topology.hosts))
    yield from _unique("edge", ((e.name, e.place) for e in topology.edges))
    yield from _unique("line", ((s.wan.name, s.wan.place) for s in topology.sites if s.wan))
    for site in topology.sites:
        if site.name == INTERNET:
            yield Problem(site.place, f"a site cannot be named {INTERNET!r}")


def _sites(topology: Topology) -> Iterator[Problem]:
    vias = {e.name for e in topology.edges} | {"blackhole", "unreachable"}
    for site in topology.sites:
        yield from _choice(site.place, "party", site.party, PARTIES)
        taken: list[tuple[int, int, str]] = []
        for subnet in site.subnets:
            place = subnet.place or site.place
            yield from _tried(place, f"LAN {subnet.name!r}", prefix, subnet.cidr)
            if not _valid(prefix, subnet.cidr):
                continue
            low, high = prefix(subnet.cidr)
            for other_low, other_high, other in taken:
                if low <= other_high and other_low <= high:
                    yield Problem(place, f"LAN {subnet.name!r} overlaps {other!r} on site {site.name!r}")
            taken.append((low, high, subnet.name))
            if subnet.gateway is None:
                continue
            if not is_address(subnet.gateway) or not low <= address(subnet.gateway) <= high:
                yield Problem(
                    place,
                    f"gateway {subnet.gateway} is not an address of LAN {subnet.name!r} ({subnet.cidr})",
                )
            elif not any(e.site == site.name and e.inside_address == subnet.gateway for e in topology.edges):
                inside = [e.inside_address for e in topology.edges if e.site == site.name]
                right = f": the site's edge is {', '.join(inside)}" if inside else ": the site has no edge"
                yield Problem(place, f"gateway {subnet.gateway} is nobody's inside address{right}", False)
        for route in site.routes:
            yield from _tried(route.place, "route", prefix, route.cidr)
            yield from _choice(route.place, "route via", route.via, vias)
        if site.wan:
            yield from _line(site, site.wan)
        yield from _dns(topology, site)


def _line(site: Site, wan: Wan) -> Iterator[Problem]:
    place = wan.place or site.place
    for what, value in (("up", wan.up_bps), ("down", wan.down_bps), ("transfer", wan.transfer_bps)):
        if value is not None and not value > 0:
            yield Problem(place, f"line {wan.name!r}: {what} is {value:.0f} bit/s: it must be above 0")
    for what, seconds in (("rtt", wan.rtt_s), ("jitter", wan.jitter_s)):
        if not seconds >= 0:
            yield Problem(place, f"line {wan.name!r}: {what} is {seconds:g} s: it must not be negative")
    if not 0 <= wan.loss < 1:
        yield Problem(place, f"line {wan.name!r}: loss is {wan.loss:g}: it is a fraction from 0 to below 1")
    if wan.mtu_bytes is not None and wan.mtu_bytes < 68:
        yield Problem(place, f"line {wan.name!r}: MTU is {wan.mtu_bytes}: IPv4 needs at least 68")


def _dns(topology: Topology, site: Site) -> Iterator[Problem]:
    place = site.dns.place or site.place
    if site.dns.server is not None:
        yield from _choice(place, "DNS server", site.dns.server, [h.name for h in topology.hosts])
    if not site.dns.delay_s >= 0:
        yield Problem(place, f"DNS delay is {site.dns.delay_s:g} s: it must not be negative")
    for name, addresses in site.dns.records.items():
        for text in addresses:
            yield from _tried(site.dns.places.get(name, place), f"record {name!r}", address, text)


def _hosts(topology: Topology) -> Iterator[Problem]:
    sites = {site.name: site for site in topology.sites}
    taken = {
        (e.site, e.inside_address): f"edge {e.name!r} has it inside"
        for e in topology.edges
        if e.site in sites
    }
    for host in topology.hosts:
        yield from _choice(host.place, f"host {host.name!r}: site", host.site, sites)
        yield from _tried(host.place, f"host {host.name!r}", address, host.address)
        for port in host.services:
            if not 0 < port < 65536:
                yield Problem(host.place, f"host {host.name!r}: {port} is not a port (1 to 65535)")
        if host.site not in sites or not is_address(host.address):
            continue
        if (host.site, host.address) in taken:
            yield Problem(
                host.place,
                f"host {host.name!r}: address {host.address} is taken: {taken[host.site, host.address]}",
            )
        taken.setdefault((host.site, host.address), f"host {host.name!r} has it ({host.place or '-'})")
        cidrs = [s.cidr for s in sites[host.site].subnets if _valid(prefix, s.cidr)]
        value = address(host.address)
        if not any(low <= value <= high for low, high in map(prefix, cidrs)):
            where = f"outside site {host.site!r} ({', '.join(cidrs)})"
            yield Problem(host.place, f"host {host.name!r}: address {host.address} is {where}")
        if host.gateway is not None and not is_address(host.gateway):
            yield Problem(host.place, f"host {host.name!r}: gateway {host.gateway!r} is not an IPv4 address")


def _edges(topology: Topology) -> Iterator[Problem]:
    sites = {site.name: site for site in topology.sites}
    owners: dict[tuple[str, str], str] = {}
    for edge in topology.edges:
        yield from _choice(edge.place, f"edge {edge.name!r}: device type", edge.type, DEVICE_TYPES)
        yield from _choice(edge.place, f"edge {edge.name!r}: site", edge.site, sites)
        yield from _choice(edge.place, f"edge {edge.name!r}: outside", edge.outside, [INTERNET, *sites])
        yield from _tried(edge.place, f"edge {edge.name!r}: inside address", address, edge.inside_address)
        cidrs = (
            [s.cidr for s in sites[edge.site].subnets if _valid(prefix, s.cidr)] if edge.site in sites else []
        )
        if is_address(edge.inside_address) and edge.site in sites:
            value = address(edge.inside_address)
            if not any(low <= value <= high for low, high in map(prefix, cidrs)):
                yield Problem(
                    edge.place,
                    f"edge {edge.name!r}: inside address {edge.inside_address} is outside site "
                    f"{edge.site!r} ({', '.join(cidrs)})",
                )
        for text in edge.addresses:
            yield from _tried(edge.place, f"edge {edge.name!r}", address, text)
            owner = owners.setdefault((edge.outside, text), edge.name)
            if owner != edge.name:
                yield Problem(
                    edge.place, f"edge {edge.name!r}: address {text} belongs to edge {owner!r} already"
                )
        for text in edge.routed:
            yield from _tried(edge.place, f"edge {edge.name!r}: routed", prefix, text)
        for action in (edge.default_action, edge.default_action_out):
            if action:
                yield from _choice(edge.default_place or edge.place, "default action", action, ACTIONS)
        if edge.outside in sites and _goes_round(topology, edge):
            yield Problem(
                edge.place, f"edge {edge.name!r}: following `outside` from edge to edge comes back here"
            )
        if edge.type in DEVICE_TYPES:
            yield from _rules(topology, edge)


def _goes_round(topology: Topology, edge: Edge) -> bool:
    segment = edge.outside
    for _ in topology.edges:
        if segment == edge.site:
            return True
        beyond = [e.outside for e in topology.edges if e.site == segment]
        if not beyond:
            return False
        segment = beyond[0]
    return segment == edge.site


def _rules(topology: Topology, edge: Edge) -> Iterator[Problem]:
    yield from _unique(f"edge {edge.name!r}: rule", ((r.id, r.place) for r in edge.rules))
    yield from _unique(f"edge {edge.name!r}: NAT rule", ((r.id, r.place) for r in edge.nat))
    for rule in edge.rules:
        yield from rule_problems(edge, rule)
    for nat in edge.nat:
        wrong = list(nat_problems(edge, nat))
        yield from wrong or _nat_targets(topology, edge, nat)


def rule_problems(edge: Edge, rule: FilterRule) -> Iterator[Problem]:
    """What is wrong with a firewall rule of this edge by itself."""
    what = f"edge {edge.name!r}: rule {rule.id}"
    choices = (
        ("action", rule.action, ACTIONS),
        ("protocol", rule.protocol, PROTOCOLS),
        ("direction", rule.direction, DIRECTIONS),
        ("match on", rule.matches, ("", *DEVICE_TYPES[edge.type].orders)),
        ("reject with", rule.reject_with, REJECT_ANSWERS),
    )
    wrong = [
        p for name, value, known in choices for p in _choice(rule.place, f"{what}: {name}", value, known)
    ]
    yield from wrong or _tried(rule.place, what, RuleState, rule, edge)


def nat_problems(edge: Edge, nat: NatRule) -> Iterator[Problem]:
    """What is wrong with a NAT rule of this edge by itself."""
    what = f"edge {edge.name!r}: NAT rule {nat.id}"
    choices = (
        ("type", nat.type, NAT_TYPES),
        ("protocol", nat.protocol, PROTOCOLS),
        ("interface", nat.interface, INTERFACES),
        ("firewall match", nat.firewall_match, ("", *DEVICE_TYPES[edge.type].orders)),
    )
    wrong = [p for name, value, known in choices for p in _choice(nat.place, f"{what}: {name}", value, known)]
    yield from wrong or _tried(nat.place, what, NatState, nat, edge)


def _nat_targets(topology: Topology, edge: Edge, nat: NatRule) -> Iterator[Problem]:
    what = f"edge {edge.name!r}: NAT rule {nat.id}"
    if nat.type == "dnat":
        target = split_port(nat.translated)[0]
        inner = {h.address for h in topology.hosts if h.site == edge.site}
        inner |= {a for e in topology.edges if e.outside == edge.site for a in e.addresses}
        if is_address(target) and target not in inner:
            yield Problem(nat.place, f"{what}: {target} is no host of site {edge.site!r}", False)
        public = split_port(nat.original)[0]
        if nat.interface != "inside" and is_address(public) and public not in edge.addresses:
            owned = ", ".join(edge.addresses) or "none"
            yield Problem(nat.place, f"{what}: {public} is not an address of the edge ({owned})", False)


def _tunnels(topology: Topology) -> Iterator[Problem]:
    names = [site.name for site in topology.sites]
    for vpn in topology.vpns:
        for site in (vpn.site_a, vpn.site_b):
            yield from _choice(vpn.place, f"tunnel {vpn.name!r}: site", site, names)
        for text in (*vpn.networks_a, *vpn.networks_b):
            yield from _tried(vpn.place, f"tunnel {vpn.name!r}", prefix, text)


_CHECKS: tuple[Callable[[Topology], Iterator[Problem]], ...] = (_names, _sites, _hosts, _edges, _tunnels)
