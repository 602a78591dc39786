"""A scenario's sites, edges and hosts as the network's topology.

Rules of this file: translation only, place by place; what is wrong with a topology is the network's to say
(`network.topology`). The ports of a role are cx.md 1.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from cxsim.sim.network import Problem, problems_of
from cxsim.sim.network import model as net
from cxsim.sim.scenario.addresses import NatEnd, PortGroup, Ports
from cxsim.sim.scenario.environment import Environment, Tunnel
from cxsim.sim.scenario.sites import FirewallRule, NatRule, Site

DATA_PORTS: dict[str, tuple[int, ...]] = {
    "esxi": (902, 80, 44045, 44046, 31031),  # rows 13-14
    "replicator": (44045,),  # rows 6-7
    "dns": (53,),
    "psc": (443,),
}
"""Ports that listen without an application behind them."""


def topology_of(environment: Environment) -> net.Topology:
    """The whole network of an environment."""
    return net.Topology(
        sites=tuple(made for site in environment.sites.values() for made in _sites(site)),
        hosts=tuple(_hosts(environment)),
        edges=tuple(edge for site in environment.sites.values() for edge in _edges(site)),
        vpns=tuple(_vpn(tunnel, environment) for tunnel in environment.tunnels.values()),
    )


def impossible(environment: Environment) -> list[Problem]:
    """Why the network of an environment cannot be; empty when it can."""
    return [problem for problem in problems_of(topology_of(environment)) if problem.is_error]


def _site(site: Site) -> net.Site:
    lan, wan = site.network, site.wan
    return net.Site(
        name=site.name,
        party=site.party,
        subnets=(net.Subnet(lan.name, lan.cidr, lan.gateway, str(lan.place)),),
        wan=net.Wan(
            wan.name,
            wan.up_bps,
            wan.down_bps,
            wan.rtt_s,
            wan.loss,
            wan.mtu_bytes,
            jitter_s=wan.jitter_s,
            place=str(wan.place),
        ),
        dns=net.Dns(records=site.dns.records, server=site.dns.server, place=str(site.dns.place)),
        place=str(site.place),
    )


def _sites(site: Site) -> Iterator[net.Site]:
    """A site, and the network between its two devices if it has two."""
    yield _site(site)
    upstream = site.edge.upstream
    if upstream is not None:
        lan = net.Subnet(f"{upstream.name} LAN", upstream.network, upstream.gateway, str(upstream.place))
        yield net.Site(_between(site), site.party, (lan,), place=str(upstream.place))


def _between(site: Site) -> str:
    return f"{site.name} access"


def _vpn(tunnel: Tunnel, environment: Environment) -> net.Vpn:
    one, other = (environment.sites[name] for name in tunnel.sites)
    ends = (one.name, (one.network.cidr,), other.name, (other.network.cidr,))
    return net.Vpn(tunnel.name, *ends, place=str(tunnel.place))


def _hosts(environment: Environment) -> Iterator[net.HostAttachment]:
    for host in environment.hosts.values():
        yield net.HostAttachment(
            host.name, host.site, host.address, services=DATA_PORTS.get(host.role, ()), place=str(host.place)
        )
    for vm in environment.vms.values():
        site = environment.hosts[vm.esxi].site
        yield net.HostAttachment(vm.name, site, vm.address, alive=vm.power == "on", place=str(vm.place))


def _edges(site: Site) -> Iterator[net.Edge]:
    yield edge_of(site)
    upstream = site.edge.upstream
    if upstream is not None:
        yield net.Edge(
            name=upstream.name,
            type=upstream.type,
            site=_between(site),
            inside_address=upstream.gateway,
            addresses=upstream.addresses,
            rules=tuple(filter_rule_of(rule) for rule in upstream.firewall.rules or ()),
            nat=tuple(nat_rule_of(rule) for rule in upstream.nat or ()),
            default_action=upstream.firewall.default,
            default_place=str(upstream.firewall.place),
            place=str(upstream.place),
            firewall_enabled=upstream.firewall.enabled,
            rules_known=upstream.firewall.rules is not None,
            nat_known=upstream.nat is not None,
            groups=upstream.groups,
        )


def edge_of(site: Site) -> net.Edge:
    """A site's edge device with its rules."""
    edge = site.edge
    return net.Edge(
        name=edge.name,
        type=edge.type,
        site=site.name,
        inside_address=site.network.gateway,
        addresses=edge.addresses,
        rules=tuple(filter_rule_of(rule) for rule in edge.firewall.rules or ()),
        nat=tuple(nat_rule_of(rule) for rule in edge.nat or ()),
        outside=net.INTERNET if edge.upstream is None else _between(site),
        default_action=edge.firewall.default,
        default_place=str(edge.firewall.place),
        place=str(edge.place),
        firewall_enabled=edge.firewall.enabled,
        rules_known=edge.firewall.rules is not None,
        nat_known=edge.nat is not None,
        groups=edge.groups,
    )


def filter_rule_of(rule: FirewallRule) -> net.FilterRule:
    """A firewall rule."""
    return net.FilterRule(
        id=str(rule.id),
        name=rule.name,
        action=rule.action,
        source=rule.source,
        destination=rule.destination,
        direction=rule.direction,
        protocol=rule.protocol,
        ports=tuple(port_range(ports) for ports in rule.ports),
        source_ports=tuple(port_range(ports) for ports in rule.source_ports),
        enabled=rule.enabled,
        logged=rule.logged,
        source_negated=rule.source_negated,
        destination_negated=rule.destination_negated,
        matches=rule.match_on or "",
        place=str(rule.place),
    )


def nat_rule_of(rule: NatRule) -> net.NatRule:
    """A translation."""
    return net.NatRule(
        id=str(rule.id),
        name=rule.name,
        type=rule.type,
        original=nat_end(rule.original),
        translated=nat_end(rule.translated),
        protocol=rule.protocol,
        interface=rule.interface,
        source=_alone(rule.source),
        destination=_alone(rule.destination),
        enabled=rule.enabled,
        place=str(rule.place),
    )


def _alone(values: tuple[str, ...]) -> str | tuple[str, ...]:
    return values[0] if len(values) == 1 else values


def port_range(ports: Ports | PortGroup) -> int | str:
    """Ports as the network writes them: a number, a range `a-b`, or the name of a group."""
    return ports.low if isinstance(ports, Ports) and ports.low == ports.high else str(ports)


def nat_end(end: NatEnd) -> str:
    """One side of a translation as the network writes it."""
    return str(end)
