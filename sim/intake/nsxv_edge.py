"""NSX for vSphere edge XML: `firewall` and `nat`, each alone or inside `edge`.

Rules of this file: the elements and their meaning are edge-config section 2; a missing source, destination or
application is any. Ids of groups and applications are opaque: what is behind them is not in the export.
"""

from __future__ import annotations

import ipaddress

from cxsim.sim.intake import xmlfile as xml
from cxsim.sim.intake.nat_pairs import NatPair, written_pair
from cxsim.sim.intake.nsxv_services import application
from cxsim.sim.intake.reading import Reading
from cxsim.sim.intake.records import ANY, VSE, Kind, NatLine, RuleLine
from cxsim.sim.intake.values import ANY_PORT, Ends, action, address, name_of, ports, rule_id, split, yes_or_no
from cxsim.sim.intake.xmlfile import Element, child, children, place, tag, text

ROOTS = ("firewall", "nat", "edge", "pagedEdge", "features")
ACTIONS = {"accept": "allow", "allow": "allow", "deny": "drop", "drop": "drop", "reject": "reject"}
NAT_PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "any": "any", "tcpudp": "tcpudp"}
NO_ADDRESS = "127.0.0.1"
"""A member for `vse` as a source: no forwarded packet comes from the edge itself [K]."""
OTHER_SERVICES = {
    "loadBalancer": "check that no virtual server answers on an address of CX",
    "ipsec": "check that no tunnel carries traffic of CX",
    "l2Vpn": "check that no stretched network carries traffic of CX",
    "routing": "check that no static route takes traffic of CX elsewhere",
}


def read(root: Element, reading: Reading) -> None:
    """Read the export into the config; mistakes go to the problems."""
    config = reading.config
    config.sources.append(f"{reading.file}: NSX-v {tag(root)} XML")
    config.device = "nsx-v"
    _vnics(root, reading)
    firewall, nat = xml.find(root, "firewall"), xml.find(root, "nat")
    if firewall is None and nat is None:
        reading.problems.add(
            place(root, reading.file), tag(root), "has neither firewall nor nat", "export the edge with them"
        )
        return
    if firewall is not None:
        _firewall(firewall, reading)
    if nat is not None:
        _nat(nat, reading)
    for name, why in OTHER_SERVICES.items():
        service = xml.find(root, name)
        if service is not None and text(service, "enabled") == "true":
            said = f"{name} is on and was not read: {why}"
            config.note(Kind.INFERRED, place(service, reading.file), said)


# -- interfaces ---------------------------------------------------------------------------------------


def _vnics(root: Element, reading: Reading) -> None:
    """Sides, public addresses and inside networks, of a whole `edge` only [K]."""
    config = reading.config
    for vnic in children(xml.find(root, "vnics", "interfaces"), "vnic", "interface"):
        side = {"uplink": "outside", "internal": "inside"}.get((text(vnic, "type") or "").lower())
        index = text(vnic, "index") or text(vnic, "label")
        if side is None or index is None:
            continue
        config.sides[index] = side
        config.groups[f"vnic-index-{index}"] = ("external" if side == "outside" else "internal",)
        for group in children(child(vnic, "addressGroups"), "addressGroup"):
            _address_group(group, side, reading)


def _address_group(group: Element, side: str, reading: Reading) -> None:
    config, where = reading.config, place(group, reading.file)
    primary = text(group, "primaryAddress")
    second = children(child(group, "secondaryAddresses"), "ipAddress")
    listed = [primary, *(one.text for one in second)]
    own = [reading.tried(where, "addressGroup", "0.0.0.0", address, one or "") for one in listed if one]
    if side == "outside":
        config.addresses += own
        return
    length = text(group, "subnetPrefixLength") or text(group, "subnetMask")
    if own and length:
        try:
            config.networks.append(
                f"{ipaddress.IPv4Network(f'{own[0]}/{length}', strict=False)} (gateway {own[0]})"
            )
        except ValueError:
            reading.problems.add(where, "addressGroup", f"{own[0]}/{length} is not a network", xml.EXPORT)


# -- firewall -----------------------------------------------------------------------------------------


def _firewall(service: Element, reading: Reading) -> None:
    config, where = reading.config, place(service, reading.file)
    if config.rules is not None:
        reading.problems.add(where, "firewall", "is the second firewall of this edge", "one file with it")
        return
    config.firewall_place = where
    config.firewall_enabled = reading.tried(
        where, "firewall", True, yes_or_no, text(service, "enabled"), True
    )
    if not config.firewall_enabled:
        said = "the firewall service is off: nothing is filtered, and NAT does not work without it [S]"
        config.note(Kind.INFERRED, where, said)
    default = text(child(service, "defaultPolicy"), "action")
    if default is not None:
        config.default = reading.tried(where, "defaultPolicy", "drop", action, default, ACTIONS)
    config.rules = []
    for rule in children(child(service, "firewallRules"), "firewallRule"):
        _rule(rule, reading)
        reading.quiet = False


def _rule(rule: Element, reading: Reading) -> None:
    where = place(rule, reading.file)
    written = text(rule, "id") or text(rule, "ruleTag") or ""
    subject = f"rule {written}"
    number = reading.tried(where, subject, 0, rule_id, written)
    enabled = reading.tried(where, subject, True, yes_or_no, text(rule, "enabled"), True)
    reading.quiet = not (enabled and reading.config.firewall_enabled)
    noted = len(reading.config.notes)
    service = application(child(rule, "application"), subject, reading)
    nothing = service.nothing
    source, source_negated = _end(child(rule, "source"), True, subject, reading)
    destination, destination_negated = _end(child(rule, "destination"), False, subject, reading)
    if not nothing and not (source.items and destination.items):
        nothing = "for IPv6 only"
    assert reading.config.rules is not None
    reading.config.rules.append(
        RuleLine(
            id=number,
            name=name_of(text(rule, "name") or text(rule, "description"), subject),
            action=reading.tried(where, f"{subject}, action", "drop", action, text(rule, "action"), ACTIONS),
            source=source.items,
            source_negated=source_negated,
            destination=destination.items,
            destination_negated=destination_negated,
            protocol=service.protocol,
            ports=service.ports,
            source_ports=service.source_ports,
            place=where,
            translated=reading.tried(where, subject, False, yes_or_no, text(rule, "matchTranslated"), False),
            enabled=enabled,
            logged=reading.tried(where, subject, False, yes_or_no, text(rule, "loggingEnabled"), False),
            matches_nothing=bool(nothing),
            comment=nothing or _kind_of(text(rule, "ruleType")),
        )
    )
    if nothing:
        reading.forget(noted)


def _kind_of(rule_type: str | None) -> str:
    return {
        "internal_high": "made by the system (internal_high)",
        "default_policy": "the default policy",
    }.get(rule_type or "", "")


def _end(side: Element | None, is_source: bool, subject: str, reading: Reading) -> tuple[Ends, bool]:
    """A source or destination, and whether it is negated."""
    if side is None:
        return Ends(ANY), False
    here = place(side, reading.file)
    negated = reading.tried(here, subject, False, yes_or_no, text(side, "exclude"), False)
    written: list[str] = []
    for one in children(side, "ipAddress", "groupingObjectId", "vnicGroupId"):
        value = (one.text or "").strip()
        if tag(one) == "ipAddress":
            written += split(value)
        elif value.lower() == VSE and is_source:
            reading.config.groups["vse as source"] = (NO_ADDRESS,)
            written.append("vse as source")
        else:
            written.append(value)
    if not written:
        return Ends(ANY), False
    return reading.ends(here, subject, written), negated


# -- NAT ----------------------------------------------------------------------------------------------


def _nat(service: Element, reading: Reading) -> None:
    config, where = reading.config, place(service, reading.file)
    if config.nat is not None:
        reading.problems.add(where, "nat", "is the second NAT of this edge", "one file with it")
        return
    config.nat_place = where
    config.nat_enabled = reading.tried(where, "nat", True, yes_or_no, text(service, "enabled"), True)
    config.nat = []
    for rule in children(child(service, "natRules"), "natRule"):
        line = _nat_rule(rule, reading)
        reading.quiet = False
        if line is not None:
            config.nat.append(line)


def _nat_rule(rule: Element, reading: Reading) -> NatLine | None:
    where = place(rule, reading.file)
    written = text(rule, "ruleId") or text(rule, "ruleTag") or ""
    subject = f"NAT rule {written}"
    number = reading.tried(where, subject, 0, rule_id, written)
    kind = (text(rule, "action") or "").lower()
    if kind not in ("dnat", "snat"):
        reading.problems.add(where, subject, f"action is {text(rule, 'action')!r}", "dnat or snat")
        return None
    enabled = reading.tried(where, subject, True, yes_or_no, text(rule, "enabled"), True)
    reading.quiet = not (enabled and reading.config.nat_enabled)
    pair = NatPair(
        kind,
        text(rule, "originalAddress"),
        text(rule, "originalPort"),
        text(rule, "translatedAddress"),
        text(rule, "translatedPort"),
        subject,
        where,
    )
    original, translated = written_pair(pair, reading)
    ends = {"dnat": ("dnatMatchSourceAddress", "dnatMatchSourcePort"),
            "snat": ("snatMatchDestinationAddress", "snatMatchDestinationPort")}[kind]  # fmt: skip
    peers = reading.ends(where, subject, split(text(rule, ends[0]) or "any"))
    items = peers.items or ("any",)
    if reading.tried(where, f"{subject}, {ends[1]}", ANY_PORT, ports, text(rule, ends[1])):
        why = f"applies to some ports only ({ends[1]} {text(rule, ends[1])}): when stays unknown"
        items = (reading.guard(where, subject, f"{subject}, {ends[1]}", why),)
    protocol = (text(rule, "protocol") or "any").lower()
    return NatLine(
        id=number,
        name=name_of(text(rule, "description"), subject),
        type=kind,
        original=original,
        translated=translated,
        protocol=reading.tried(where, f"{subject}, protocol", "any", action, protocol, NAT_PROTOCOLS),
        place=where,
        interface=text(rule, "vnic") or "",
        source=items if kind == "dnat" else ANY,
        destination=items if kind == "snat" else ANY,
        enabled=enabled,
        comment=_kind_of(text(rule, "ruleType")),
    )
