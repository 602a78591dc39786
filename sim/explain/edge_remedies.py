"""Changes to an edge: rules, translations, and the way back, in the terms that this device matches.

Rules of this file: every rule is written from the packet as the filter of the device saw it (the trace has
it), so that it names the original or the translated address as devices.py says. Nothing is tried here; `cure`
does that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cxsim.sim.explain.evaluate import FlowVerdict
from cxsim.sim.explain.flows import TITLES
from cxsim.sim.explain.proposal import NEW, Remedy, received
from cxsim.sim.network import Change, FilterRule, NatRule, Network, Reason, Step, StepKind, Trace, changes
from cxsim.sim.network.addresses import Packet, Side, dotted, nothing_known
from cxsim.sim.network.dialects import DIALECTS, insert_rule, quote_nat, quote_rule, remove_rule
from cxsim.sim.network.edges import EdgeState, NatState, RuleState


def _purpose(verdict: FlowVerdict) -> str:
    return f"{TITLES[verdict.target.role]} {verdict.target.name}"


def _entered(edge: EdgeState, verdict: FlowVerdict, reply: bool = False) -> Side:
    """The side that the packet, or the reply to it, entered on."""
    near = verdict.target.site if reply else verdict.source.site
    return Side.INSIDE if edge.site.name == near else Side.OUTSIDE


# --- rules ---


def blocked(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """A rule, or the default action, stops the packet or a reply that no state lets back: an allow for just
    this, or without that rule."""
    edge, packet = network.edges.get(step.device), step.packet
    if edge is None or packet is None:
        return None
    dialect = DIALECTS[edge.edge.type]
    entered = _entered(edge, verdict, step.reply)
    allow = FilterRule(
        NEW,
        "allow",
        f"replies of {verdict.target.name}" if step.reply else _purpose(verdict),
        dotted(packet.src),
        dotted(packet.dst),
        packet.protocol,
        () if step.reply else (packet.dport,),
        (packet.sport,) if step.reply else (),
        direction="in" if entered is Side.OUTSIDE else "out",
    )
    notes = tuple(_meant(edge, packet, entered)) if not step.reply else (f"{edge.name} keeps no state",)
    where = f"edge {edge.name} > {dialect.path_rules}"
    if step.reason is not Reason.RULE:
        text = f"{where}: add {quote_rule(edge.edge.type, allow)}"
        return Remedy(edge.site.party, text, notes=notes, apply=_adding(edge.name, allow, "bottom"))
    rule = next(s for s in edge.rules if s.rule.id == step.rule_id and not s.removed)
    allow = replace(allow, matches=rule.rule.matches)  # the packet is as that rule saw it
    quoted = insert_rule(edge.edge.type, allow, _position(edge, rule))
    above = f"add above {_short(rule)}: {quoted}"
    disable = _disabling(edge.name, rule.rule.id)
    if not _lets_through(verdict, network, edge, disable):
        apply = _adding(edge.name, allow, f"before:{rule.rule.id}")
        return Remedy(edge.site.party, f"{where}: {above}", notes=notes, apply=apply)
    others = (above,) if step.reply else (f"keep {packet.protocol}/{packet.dport} out of it", above)
    away = remove_rule(edge.edge.type, rule.rule) or f"disable {_short(rule)}"
    return Remedy(edge.site.party, f"{where}: {away}", others, notes=notes, apply=disable)


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
    found = [(nat, received(nat)) for nat in edge.nat if not nat.removed]
    return [p for nat, p in found if p is not None and nat.translate(p)[3:] == seen[3:]]


def _position(edge: EdgeState, rule: RuleState) -> int:
    """The place of a rule in the list that its device keeps it in (an ASA keeps one a side)."""
    listed = DIALECTS[edge.edge.type].listed
    same = [s for s in edge.rules if not s.removed and listed(s.rule) == listed(rule.rule)]
    return same.index(rule)


def _short(state: RuleState) -> str:
    return f'rule {state.rule.id} "{state.rule.name}"' if state.rule.name else f"rule {state.rule.id}"


# --- translations ---


def untranslated(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """The edge has no DNAT for what is asked: add it, to the target."""
    edge, packet = network.edges.get(step.device), step.packet
    if edge is None or packet is None:
        return None
    inner = next((e for e in network.edges.values() if e.edge.outside == edge.site.name), None)
    if inner is not None and inner.site.name == verdict.target.site and inner.edge.addresses:
        # Double NAT: the outer device hands on to the inner one, which translates to the host.
        own = f"{inner.edge.addresses[0]}:{packet.dport}"
        published = f"{dotted(packet.dst)}:{packet.dport}"
        return _add_nat(edge, NatRule(NEW, "dnat", published, own, f"to {inner.name}", "tcp"))
    if edge.site.name != verdict.target.site:
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
    return _add_nat(edge, nat)


def misled(verdict: FlowVerdict, network: Network, trace: Trace) -> tuple[EdgeState, NatState] | None:
    """The translation on the way that leads elsewhere than to the target, with its edge."""
    step = trace.step(StepKind.DNAT)
    edge = network.edges.get(step.device) if step is not None else None
    if step is None or step.packet is None or edge is None or edge.site.name != verdict.target.site:
        return None
    nat = next((nat for nat in edge.nat if nat.rule.id == step.rule_id and not nat.removed), None)
    if nat is None:
        return None
    after = nat.translate(step.packet)
    right = dotted(after.dst) == verdict.target.address and after.dport == verdict.row.port
    return None if right else (edge, nat)


def retarget(verdict: FlowVerdict, edge: EdgeState, old: NatState) -> Remedy:
    """Let a translation lead to the target."""
    new = replace(old.rule, id=NEW, translated=f"{verdict.target.address}:{verdict.row.port}")
    dialect = DIALECTS[edge.edge.type]
    where, place = f"edge {edge.name} > {dialect.path_nat}", old.rule.place or "no place"
    if dialect.commands:
        named = replace(new, name=old.rule.name or old.rule.id)
        text = f"{where}: replace {old.quote} ({place}) with {quote_nat(edge.edge.type, named)}"
    else:
        text = (
            f"{where}: in rule {old.rule.id} set the translation to {new.translated} "
            f"(now {old.rule.translated}, {place})"
        )
    return Remedy(edge.site.party, text, apply=lambda net: changes.add_nat(net, edge.name, new, "top"))


def lost_private(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
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
                return _add_nat(edge, nat)
    return None


def _add_nat(edge: EdgeState, nat: NatRule) -> Remedy:
    dialect = DIALECTS[edge.edge.type]
    host, _, port = nat.original.rpartition(":")
    on = ""
    if dialect.commands:
        what = quote_nat(edge.edge.type, nat)
    else:
        what = f"SNAT {nat.original} -> {nat.translated}"
        if nat.type == "dnat":
            what = f"DNAT {host} tcp/{port} -> {nat.translated}"
        if nat.interface == "inside":
            on = " (applied on the inside interface)"
    notes = (dialect.hairpin,) if dialect.hairpin and nat.interface == "inside" else ()
    text = f"edge {edge.name} > {dialect.path_nat} > add {what}{on}"
    return Remedy(edge.site.party, text, notes=notes, apply=lambda net: changes.add_nat(net, edge.name, nat))


# --- the way back ---


def stranger(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """The reply does not come from where the client asked: a hairpinned connection whose reply goes round
    the edge (translate its source too), or a reply that left by another edge."""
    if verdict.source.site != verdict.target.site:
        return other_way_back(verdict, network, step)
    for edge in network.edges.values():
        if edge.site.name == verdict.source.site:
            return _add_nat(edge, _sent_back(verdict, verdict.source.address, edge, "hairpin"))
    return None


def other_way_back(verdict: FlowVerdict, network: Network, step: Step) -> Remedy | None:
    """The reply goes through an edge that never saw the connection: let the target answer through the edge
    that let it in, by its gateway; or let that edge put its own address in front."""
    trace, target = verdict.trace, network.hosts.get(verdict.target.name)
    if trace is None or target is None or not step.reply:
        return None
    inbound = [
        network.edges[s.device]
        for s in trace.steps
        if not s.reply and s.device in network.edges and network.edges[s.device].site is target.site
    ]
    if not inbound:
        return None
    edge = inbound[-1]
    gateway = dotted(edge.inside_address)
    client = next((s.packet for s in reversed(trace.steps) if s.reply and s.packet is not None), None)
    snat = _sent_back(verdict, dotted(client.dst) if client else "any", edge, "replies come back here")
    answered = _add_nat(edge, snat)
    if target.gateway.value == edge.inside_address:
        return answered
    place = f" ({target.place})" if target.place else ""
    text = f"{target.name}{place}: set the gateway to {gateway}, the inside address of {edge.name}"
    other = f"{answered.party}: {answered.text}"
    return Remedy(
        target.site.party, text, (other,), apply=lambda net: changes.set_gateway(net, target.name, gateway)
    )


def _sent_back(verdict: FlowVerdict, client: str, edge: EdgeState, name: str) -> NatRule:
    """A translation of the source to the edge's inside address, so that the target answers to the edge."""
    return NatRule(
        NEW,
        "snat",
        client,
        dotted(edge.inside_address),
        name,
        interface="inside",
        destination=verdict.target.address,
    )
