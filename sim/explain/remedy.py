"""What to change so that a flow passes: the smallest change, in the words of the device it is made on.

Rules of this file: a remedy is tried before it is proposed. Inside `network.trial()` each change is made, the
flow is traced again, and whatever stands in the way next is dealt with too, until the right host accepts or
no change is known; then everything is taken back. Which reason calls for which change is one table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cxsim.sim.explain.evaluate import FlowVerdict, reaches
from cxsim.sim.explain.flows import TITLES, Endpoint, Role
from cxsim.sim.explain.view import Asked
from cxsim.sim.network import (
    Change,
    FilterRule,
    NatRule,
    Network,
    Outcome,
    Reason,
    Step,
    StepKind,
    Trace,
    changes,
)
from cxsim.sim.network.addresses import Packet, Side, dotted, nothing_known
from cxsim.sim.network.dialects import DIALECTS, insert_rule, quote_nat, quote_rule
from cxsim.sim.network.edges import EdgeState, NatState, RuleState

CHANGES_TRIED = 6
"""Obstacles one after the other that are dealt with in one remedy."""

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


def cure(verdict: FlowVerdict, network: Network) -> Cure:
    """Find changes for a failing flow. The network is left as it was."""
    remedies: list[Remedy] = []
    made: list[Change] = []
    where = verdict.asked
    with network.trial():
        try:
            for _ in range(CHANGES_TRIED):
                trace = None if where.error else network.trace(verdict.source.name, where.host, where.port)
                if trace is not None and reaches(trace, verdict.target, verdict.row.port):
                    return Cure(tuple(remedies), True)
                remedy = _next(replace(verdict, asked=where, trace=trace), network)
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


def published(verdict: FlowVerdict, network: Network) -> tuple[str, int] | None:
    """The public address and port that some edge already translates to the target, if any."""
    for edge in network.edges.values():
        if edge.site.name != verdict.target.site:
            continue
        for nat in edge.nat:
            packet = _received(nat)
            if packet is None or nat.removed or not nat.rule.enabled:
                continue
            after = nat.translate(packet)
            if dotted(after.dst) == verdict.target.address and after.dport == verdict.row.port:
                return dotted(packet.dst), packet.dport
    return None


def _received(nat: NatState) -> Packet | None:
    """A packet that a DNAT rule is for, when it is for one address and one port."""
    ranges, ports = nat.original.ranges, nat.original_ports.ranges
    single = len(ranges) == len(ports) == 1 and ranges[0][0] == ranges[0][1] and ports[0][0] == ports[0][1]
    if not nat.translates_destination or not single:
        return None
    return Packet("tcp", 0, 0, ranges[0][0], ports[0][0])


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


# --- rules ---


def _blocked(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A rule, or the default action, stops the packet: an allow for just this, or without that rule."""
    edge, packet = network.edges.get(step.device), step.packet
    if edge is None or packet is None or step.reply:
        return None
    dialect = DIALECTS[edge.edge.type]
    entered = _entered(edge, verdict)
    allow = FilterRule(
        NEW,
        "allow",
        _purpose(verdict),
        dotted(packet.src),
        dotted(packet.dst),
        packet.protocol,
        (packet.dport,),
        direction="in" if entered is Side.OUTSIDE else "out",
    )
    notes = tuple(_meant(edge, packet, entered))
    where = f"edge {edge.name} > {dialect.path_rules}"
    if step.reason is not Reason.RULE:
        text = f"{where}: add {quote_rule(edge.edge.type, allow)}"
        return Remedy(edge.site.party, text, notes=notes, apply=_adding(edge.name, allow, "bottom"))
    rule = next(s for s in edge.rules if s.rule.id == step.rule_id and not s.removed)
    quoted = insert_rule(edge.edge.type, allow, _position(edge, rule))
    above = f"add above {_short(rule)}: {quoted}"
    disable = _disabling(edge.name, rule.rule.id)
    if not _lets_through(verdict, network, edge, disable):
        apply = _adding(edge.name, allow, f"before:{rule.rule.id}")
        return Remedy(edge.site.party, f"{where}: {above}", notes=notes, apply=apply)
    others = (f"keep {packet.protocol}/{packet.dport} out of it", above)
    return Remedy(edge.site.party, f"{where}: disable {_short(rule)}", others, notes=notes, apply=disable)


def _adding(edge: str, rule: FilterRule, at: str) -> Callable[[Network], Change]:
    return lambda network: changes.add_rule(network, edge, rule, at)


def _disabling(edge: str, rule: str) -> Callable[[Network], Change]:
    return lambda network: changes.remove_rule(network, edge, rule)


def _lets_through(
    verdict: FlowVerdict, network: Network, edge: EdgeState, apply: Callable[[Network], Change]
) -> bool:
    """True when, with this change, the filter of the edge no longer stops the flow."""
    change = apply(network)
    step = network.trace(verdict.source.name, verdict.asked.host, verdict.asked.port).deciding
    change.undo()
    return step.device != edge.name or step.kind is not StepKind.ACL


def _meant(edge: EdgeState, seen: Packet, entered: Side) -> list[str]:
    """An allow rule that names the other side of the translation, which this device never matches."""
    if entered is Side.INSIDE:
        return []
    live = [nat for nat in edge.nat if nat.translates_destination and not nat.removed and nat.rule.enabled]
    others = [nat.translate(seen) for nat in live if nat.matches(seen, entered, nothing_known)]
    others += [seen._replace(dst=before.dst, dport=before.dport) for before in _before_nat(edge, seen)]
    for other in others:
        for state in edge.rules:
            allows = state.rule.action == "allow" and state.rule.enabled and not state.removed
            if not allows or not state.certain:
                continue
            if state.matches(other, entered, Side.INSIDE, nothing_known):
                return [
                    f"{_short(state)} names {dotted(other.dst)}:{other.dport}, which rules on this type of "
                    f"device ({edge.device.title}) never see; they see {dotted(seen.dst)}:{seen.dport}"
                ]
    return []


def _before_nat(edge: EdgeState, seen: Packet) -> list[Packet]:
    received = [(nat, _received(nat)) for nat in edge.nat if not nat.removed]
    return [p for nat, p in received if p is not None and nat.translate(p)[3:] == seen[3:]]


def _entered(edge: EdgeState, verdict: FlowVerdict) -> Side:
    return Side.INSIDE if edge.site.name == verdict.source.site else Side.OUTSIDE


def _position(edge: EdgeState, rule: RuleState) -> int:
    return [state for state in edge.rules if not state.removed].index(rule)


def _short(state: RuleState) -> str:
    return f'rule {state.rule.id} "{state.rule.name}"' if state.rule.name else f"rule {state.rule.id}"


def _purpose(verdict: FlowVerdict) -> str:
    return f"{TITLES[verdict.target.role]} {verdict.target.name}"


# --- translations ---


def _untranslated(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """The edge has no DNAT for what is asked: add it, to the target."""
    edge, packet = network.edges.get(step.device), step.packet
    if edge is None or packet is None or edge.site.name != verdict.target.site:
        return None
    hairpin = _entered(edge, verdict) is Side.INSIDE
    nat = NatRule(
        NEW,
        "dnat",
        f"{dotted(packet.dst)}:{packet.dport}",
        f"{verdict.target.address}:{verdict.row.port}",
        _purpose(verdict),
        "tcp",
        "inside" if hairpin else "outside",
    )
    return _add_nat(edge, nat, network)


def _wrong_target(verdict: FlowVerdict, network: Network, trace: Trace) -> Remedy | None:
    """Another host or port answers: the translation on the way leads there, or the name does."""
    step = trace.step(StepKind.DNAT)
    edge = network.edges.get(step.device) if step is not None else None
    if step is None or edge is None or edge.site.name != verdict.target.site:
        return _renamed(verdict, network, None)
    old = next((nat for nat in edge.nat if nat.rule.id == step.rule_id and not nat.removed), None)
    if old is None or verdict.row.endpoint is Endpoint.PRIVATE:
        return None
    if verdict.row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
        renamed = _renamed(verdict, network, None)
        if renamed is not None:
            return renamed
    new = replace(old.rule, id=NEW, translated=f"{verdict.target.address}:{verdict.row.port}")
    dialect = DIALECTS[edge.edge.type]
    text = (
        f"edge {edge.name} > {dialect.path_nat}: in rule {old.rule.id} set the translation to "
        f"{new.translated} (now {old.rule.translated}, {old.rule.place or 'no place'})"
    )
    return Remedy(edge.site.party, text, apply=lambda net: changes.add_nat(net, edge.name, new, "top"))


def _lost_private(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """Private addresses on the internet: of the sender when the reply is lost, else of what was typed."""
    if not step.reply:
        return None
    for edge in network.edges.values():
        if edge.site.name == verdict.source.site and edge.edge.addresses:
            subnet = edge.site.subnet_of(network.host(verdict.source.name).address)
            if subnet is not None:
                bits = 32 - (subnet.high - subnet.low).bit_length()
                cidr = f"{dotted(subnet.low)}/{bits}"
                nat = NatRule(NEW, "snat", cidr, edge.edge.addresses[0], f"{edge.site.name} to internet")
                return _add_nat(edge, nat, network)
    return None


def _stranger(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A hairpinned connection whose reply goes round the edge: translate its source too."""
    for edge in network.edges.values():
        if edge.site.name == verdict.source.site == verdict.target.site:
            nat = NatRule(
                NEW,
                "snat",
                verdict.source.address,
                dotted(edge.inside_address),
                "hairpin",
                interface="inside",
                destination=verdict.target.address,
            )
            return _add_nat(edge, nat, network)
    return None


def _add_nat(edge: EdgeState, nat: NatRule, network: Network) -> Remedy:
    dialect = DIALECTS[edge.edge.type]
    host, _, port = nat.original.rpartition(":")
    if edge.edge.type in ("netfilter", "asa"):
        what = quote_nat(edge.edge.type, nat)
    elif nat.type == "dnat":
        what = f"DNAT {host} tcp/{port} -> {nat.translated}"
    else:
        what = f"SNAT {nat.original} -> {nat.translated}"
    on = " (applied on the inside interface)" if nat.interface == "inside" else ""
    text = f"edge {edge.name} > {dialect.path_nat} > add {what}{on}"
    return Remedy(edge.site.party, text, apply=lambda net: changes.add_nat(net, edge.name, nat))


# --- names, hosts, lines ---


def _renamed(verdict: FlowVerdict, network: Network, step: Step | None) -> Remedy | None:
    """The name does not lead to the target: a record on the client's site."""
    name = verdict.asked.host
    site = network.site(verdict.source.site)
    right = published(verdict, network)
    address = right[0] if right is not None else None
    if verdict.source.site == verdict.target.site:
        address = verdict.target.address
    if address is None or (verdict.trace is not None and verdict.trace.address == address):
        return None
    if step is not None and verdict.trace is not None and verdict.trace.outcome is Outcome.NAME_NO_ANSWER:
        return None
    text = f"{site.dns.title}: add or correct the record {name} A {address}"
    return Remedy(site.party, text, apply=lambda net: changes.set_record(net, site.name, name, (address,)))


def _wake(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A host is down."""
    host, place = step.device, f" ({step.place})" if step.place else ""
    party = network.party_of(host) or verdict.target.party
    return Remedy(party, f"start {host}{place}", apply=lambda net: changes.start_host(net, host))


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


def _tell(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    party = network.party_of(step.device) or verdict.source.party
    return Remedy(party, f"{step.device}: say what is unknown ({step.place or 'no place'})")


_TREATMENTS: Mapping[Reason, Callable[[FlowVerdict, Network, Step], Remedy | None]] = {
    Reason.RULE: _blocked,
    Reason.DEFAULT_ACTION: _blocked,
    Reason.NO_TRANSLATION: _untranslated,
    Reason.NOT_PUBLIC: _lost_private,
    Reason.NO_OWNER: _renamed,
    Reason.REPLY_FROM_STRANGER: _stranger,
    Reason.NAME: _renamed,
    Reason.HOST_DOWN: _wake,
    Reason.PORT_CLOSED: _open,
    Reason.NO_HOST: _nobody,
    Reason.LINK_DOWN: _repair,
    Reason.UNKNOWN_RULE: _tell,
}
