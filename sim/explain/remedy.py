"""What to change so that a flow passes: the smallest change, in the words of the device it is made on.

Rules of this file: a remedy is tried before it is proposed. Inside `network.trial()` each change is made, the
flow is traced again, and whatever stands in the way next is dealt with too, until the right host accepts or
no change is known; then everything is taken back. Which reason calls for which change is one table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cxsim.sim.explain import edge_remedies
from cxsim.sim.explain.evaluate import FlowVerdict, reaches
from cxsim.sim.explain.flows import Endpoint, Role
from cxsim.sim.explain.line import raise_limit
from cxsim.sim.explain.proposal import Cure, Remedy, published
from cxsim.sim.explain.view import Asked
from cxsim.sim.network import Change, Network, Outcome, Reason, Step, Trace, changes
from cxsim.sim.network.addresses import dotted
from cxsim.sim.network.names import RESOLVER_PATIENCE_S
from cxsim.sim.network.state import SiteState

DNS_PORT = 53
ROOM = 1_000_000
"""Connections of an edge that has room."""
CHANGES_TRIED = 6
"""Obstacles one after the other that are dealt with in one remedy."""


def cure(verdict: FlowVerdict, network: Network) -> Cure:
    """Find changes for a failing flow. The network is left as it was."""
    remedies: list[Remedy] = []
    made: list[Change] = []
    where = verdict.asked
    with network.trial():
        try:
            for _ in range(CHANGES_TRIED):
                trace = None if where.error else network.trace(verdict.source.name, where.host, where.port)
                now = replace(verdict, asked=where, trace=trace)
                if trace is not None and reaches(trace, verdict.target, verdict.row.port):
                    finding = verdict.inspect(now) if verdict.inspect is not None else None
                    if finding is None:
                        return Cure(tuple(remedies), True)
                    remedy: Remedy | None = finding.remedy
                else:
                    remedy = _next(now, network)
                if remedy is None:
                    break
                remedies.append(remedy)
                if remedy.asked is not None:
                    where = remedy.asked
                elif remedy.apply is not None:
                    made.append(remedy.apply(network))
                else:
                    break
            return Cure(tuple(remedies), False)
        finally:
            for change in reversed(made):
                change.undo()


def _next(verdict: FlowVerdict, network: Network) -> Remedy | None:
    tunnel = _tunnel(verdict, network)
    if tunnel is not None:
        return tunnel
    setting = _setting(verdict, network)
    if setting is not None:
        return setting
    if verdict.trace is None:
        return None
    if verdict.trace.accepted:
        return _wrong_target(verdict, network, verdict.trace)
    step = verdict.trace.deciding
    treat = _TREATMENTS.get(step.reason) if step.reason is not None else None
    return treat(verdict, network, step) if treat is not None else None


# --- a setting that was typed wrongly ---


def _setting(verdict: FlowVerdict, network: Network) -> Remedy | None:
    """The endpoint as typed leads elsewhere, and there is one that leads to the target."""
    if verdict.row.endpoint is Endpoint.PRIVATE:
        return None
    right = published(verdict, network)
    if right is None:
        return None
    address, port = right
    where = verdict.asked
    if verdict.row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
        name = where.host
        resolved = verdict.trace.address if verdict.trace else None
        if where.error or where.port == port or (resolved is not None and resolved != address):
            return None
        host, role = name, "tenant"
        text = f'set the {where.setting} to "{_with_port(where, port)}"'
    else:
        if not where.error and (where.host, where.port) == (address, port):
            return None
        if not where.error and where.port == port and verdict.trace and verdict.trace.address == address:
            return None
        host, role = address, verdict.target.party
        text = f'set the {where.setting} to "{address}:{port}"'
    typed = where.typed
    was = f'typed: "{typed.value}"' if typed and typed.value else "it was left empty"
    place = f", {typed.place}" if typed and typed.place else ""
    now = Asked(host, port, typed, where.setting)
    return Remedy(role, f"{text} ({was}{place})", steps=_endpoint_steps(verdict, address, port), asked=now)


def _with_port(where: Asked, port: int) -> str:
    url = where.typed.value if where.typed else f"https://{where.host}"
    wrong = f"{where.host}:{where.port}"
    if wrong in url:
        return url.replace(wrong, f"{where.host}:{port}")
    return url.replace(where.host, f"{where.host}:{port}", 1)


def _endpoint_steps(verdict: FlowVerdict, address: str, port: int) -> tuple[str, ...]:
    if verdict.row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
        return ()
    kind, body = (
        "replicators",
        f'{{"url": "{address}:{port}", "lwdIpAddress": "{address}", "lwdPort": 44045}}',
    )
    if verdict.target.role is Role.MANAGER:
        kind, body = "managers", f'{{"url": "{address}:{port}", "ipAddress": "{address}", "port": {port}}}'
    return (
        f"redeploying {verdict.target.name} and typing it at activation (the UI of 1.0 offers no later"
        " change [O] K2)",
        f"POST /mobility/mgmt/wp/{kind}/{{id}}/publicendpoint {body} ([C] BEGG)",
    )


# --- translations ---


def _wrong_target(verdict: FlowVerdict, network: Network, trace: Trace) -> Remedy | None:
    """Another host or port answers: the translation on the way leads there, or the name does."""
    found = edge_remedies.misled(verdict, network, trace)
    if found is None:
        return _renamed(verdict, network, None)
    if verdict.row.endpoint is Endpoint.PRIVATE:
        return None
    if verdict.row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
        renamed = _renamed(verdict, network, None)
        if renamed is not None:
            return renamed
    return edge_remedies.retarget(verdict, *found)


def _stopped(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A rule stops it. What is on its way to the wrong place must not be let in there."""
    trace = verdict.trace
    if trace is not None and not step.reply and edge_remedies.misled(verdict, network, trace) is not None:
        led = _wrong_target(verdict, network, trace)
        if led is not None:
            return led
    return edge_remedies.blocked(verdict, network, step)


# --- names, hosts, lines ---


def _resolver(network: Network, site: SiteState) -> Remedy | None:
    """The resolver of the client's site does not answer."""
    server = site.dns.server
    if server is None:
        return None
    if not network.host(server).alive.value:
        return Remedy(site.party, f"start {server}", apply=lambda net: changes.start_host(net, server))
    text = f"let the DNS service of {server} answer in time (within {RESOLVER_PATIENCE_S:g} s)"
    return Remedy(site.party, text, apply=lambda net: changes.start_service(net, server, DNS_PORT))


def _renamed(verdict: FlowVerdict, network: Network, step: Step | None) -> Remedy | None:
    """The name does not lead to the target: a record on the client's site."""
    name = verdict.asked.host
    site = network.site(verdict.source.site)
    if step is not None and verdict.trace is not None and verdict.trace.outcome is Outcome.NAME_NO_ANSWER:
        return _resolver(network, site)
    right = published(verdict, network)
    address = right[0] if right is not None else None
    if verdict.source.site == verdict.target.site:
        address = verdict.target.address
    if address is None or (verdict.trace is not None and verdict.trace.address == address):
        return None
    text = f"{site.dns.title}: add or correct the record {name} A {address}"
    return Remedy(site.party, text, apply=lambda net: changes.set_record(net, site.name, name, (address,)))


def _wake(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A host is down."""
    host, place = step.device, f" ({step.place})" if step.place else ""
    party = network.party_of(host) or verdict.target.party
    return Remedy(party, f"start {host}{place}", apply=lambda net: changes.start_host(net, host))


def _start_edge(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """An edge is down."""
    edge, place = step.device, f" ({step.place})" if step.place else ""
    party = network.party_of(edge) or verdict.source.party
    return Remedy(party, f"start edge {edge}{place}", apply=lambda net: changes.start_edge(net, edge))


def _gateway(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A host has no gateway, or one that nobody is: its site's edge."""
    name = verdict.target.name if step.reply else verdict.source.name
    host = network.hosts.get(name)
    edge = network.edge_of(host.site) if host is not None else None
    if host is None or edge is None or host.gateway.value == edge.inside_address:
        return None
    gateway, place = dotted(edge.inside_address), f" ({host.place})" if host.place else ""
    text = f"{name}{place}: set the gateway to {gateway}, the inside address of {edge.name}"
    return Remedy(host.site.party, text, apply=lambda net: changes.set_gateway(net, name, gateway))


def _route(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A static route discards it: a change that no running network can try."""
    party = network.party_of(step.device) or verdict.source.party
    return Remedy(party, f"{step.device}: remove {step.text} ({step.place or 'no place'})")


def _make_room(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    party = network.party_of(step.device) or verdict.source.party
    edge = network.edges.get(step.device)
    most = edge.edge.max_connections if edge is not None else None
    if most is None:
        return Remedy(party, f"edge {step.device}: close connections or raise the limit ({step.text})")
    return Remedy(
        party,
        raise_limit(step.device, most),
        ("close connections that nobody needs",),
        apply=lambda net: changes.set_table(net, step.device, most=ROOM),
    )


def _switch_on(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    party = network.party_of(step.device) or verdict.source.party
    return Remedy(party, f"edge {step.device}: switch the firewall service on; NAT goes with it")


def _open(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A port is closed: the target's own, or one that a translation should not lead to."""
    host, port = step.device, step.packet.dport if step.packet is not None else verdict.asked.port
    if host != verdict.target.name or port != verdict.row.port:
        return _wrong_target(verdict, network, verdict.trace) if verdict.trace is not None else None
    party = network.party_of(host) or verdict.target.party
    text = f"start the service of {host} that listens on {port}"
    return Remedy(party, text, apply=lambda net: changes.start_service(net, host, port))


def _nobody(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    return _wrong_target(verdict, network, verdict.trace) if verdict.trace is not None else None


def _repair(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A line is down."""
    link = network.links.get(step.device)
    if link is None or link.wan.is_up.value:
        return Remedy(network.party_of(step.device) or verdict.source.party, f"repair {step.device}")
    line, place = link.wan.name, f" ({link.wan.place})" if link.wan.place else ""
    party = network.party_of(line) or verdict.source.party
    text = f"bring up the line {line}{place}"
    return Remedy(party, text, apply=lambda net: changes.set_line(net, line, is_up=True))


def _tunnel(verdict: FlowVerdict, network: Network) -> Remedy | None:
    """A site-to-site tunnel is down. It leads to private addresses, so an endpoint that was left empty, or
    has one, is right as it is: to type a public one would be to do without the tunnel."""
    step = verdict.trace.deciding if verdict.trace is not None else None
    if step is None or step.reason is not Reason.LINK_DOWN:
        return None
    if all(vpn.name != step.device for vpn in network.vpns):
        return None
    place = f" ({step.place})" if step.place else ""
    return Remedy(
        verdict.source.party,
        f"bring up the tunnel {step.device}{place}, at both ends",
        apply=lambda net: changes.tunnel_up(net, step.device),
    )


def _tell(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    party = network.party_of(step.device) or verdict.source.party
    return Remedy(party, f"{step.device}: say what is unknown ({step.place or 'no place'})")


_TREATMENTS: Mapping[Reason, Callable[[FlowVerdict, Network, Step], Remedy | None]] = {
    Reason.RULE: _stopped,
    Reason.DEFAULT_ACTION: _stopped,
    Reason.NO_TRANSLATION: edge_remedies.untranslated,
    Reason.NOT_PUBLIC: edge_remedies.lost_private,
    Reason.NO_STATE: edge_remedies.other_way_back,
    Reason.NO_OWNER: _renamed,
    Reason.REPLY_FROM_STRANGER: edge_remedies.stranger,
    Reason.NAME: _renamed,
    Reason.HOST_DOWN: _wake,
    Reason.EDGE_DOWN: _start_edge,
    Reason.NO_GATEWAY: _gateway,
    Reason.NO_ROUTE: _gateway,
    Reason.BLACKHOLE: _route,
    Reason.CONNECTION_LIMIT: _make_room,
    Reason.FIREWALL_OFF: _switch_on,
    Reason.PORT_CLOSED: _open,
    Reason.NO_HOST: _nobody,
    Reason.LINK_DOWN: _repair,
    Reason.UNKNOWN_RULE: _tell,
}

__all__ = ["Cure", "Remedy", "cure"]
