"""vCloud Director edge gateway XML: EdgeGatewayServiceConfiguration, alone or inside EdgeGateway.

Rules of this file: the elements and their meaning are edge-config section 1; rules are evaluated in document
order. A field that the format requires and the export lacks is unknown, not any. Services other than firewall
and NAT are left out, and told when they are on.
"""

from __future__ import annotations

import ipaddress

from cxsim.sim.intake import xmlfile as xml
from cxsim.sim.intake.nat_pairs import NatPair, written_pair
from cxsim.sim.intake.reading import Reading
from cxsim.sim.intake.records import ANY, Kind, NatLine, RuleLine
from cxsim.sim.intake.values import ANY_PORT, Ends, action, address, name_of, ports, rule_id, split, yes_or_no
from cxsim.sim.intake.xmlfile import Element, child, children, place, tag, text

ROOTS = ("EdgeGateway", "EdgeGatewayServiceConfiguration")
ACTIONS = {"allow": "allow", "drop": "drop"}
PROTOCOLS = ("Tcp", "Udp", "Icmp")
OTHER_SERVICES = {
    "GatewayIpsecVpnService": "check that no tunnel carries traffic of CX",
    "StaticRoutingService": "check that no static route takes traffic of CX elsewhere",
    "LoadBalancerService": "check that no virtual server answers on an address of CX",
}
"""Services whose content is not read, and what to check when they are on [K]."""
NAT_KINDS = ("GatewayNatRule",)
OTHER_NAT = ("OneToOneBasicRule", "OneToOneVmRule", "PortForwardingRule", "VmRule")
NAT_PROTOCOLS = {
    "tcp": "tcp",
    "udp": "udp",
    "tcpudp": "tcpudp",
    "tcp_udp": "tcpudp",
    "icmp": "icmp",
    "any": "any",
}


def read(root: Element, reading: Reading) -> None:
    """Read the export into the config; mistakes go to the problems."""
    config = reading.config
    inside = "inside EdgeGateway" if tag(root) == "EdgeGateway" else "alone"
    config.sources.append(f"{reading.file}: vCloud Director EdgeGatewayServiceConfiguration, {inside}")
    config.device = "nsx-v"
    _interfaces(root, reading)
    services = xml.find(root, "EdgeGatewayServiceConfiguration")
    firewall, nat = child(services, "FirewallService"), child(services, "NatService")
    if services is None or (firewall is None and nat is None):
        where = place(root if services is None else services, reading.file)
        reading.problems.add(
            where,
            tag(root),
            "has neither FirewallService nor NatService",
            "export the edge with its services",
        )
        return
    if firewall is not None:
        _firewall(firewall, reading)
    if nat is not None:
        _nat(nat, reading)
    for service in services:
        if tag(service) in OTHER_SERVICES and yes_or_no(text(service, "IsEnabled"), True):
            said = f"{tag(service)} is on and was not read: {OTHER_SERVICES[tag(service)]}"
            config.note(Kind.INFERRED, place(service, reading.file), said)


# -- interfaces ---------------------------------------------------------------------------------------


def _interfaces(root: Element, reading: Reading) -> None:
    """The sides of the edge's interfaces, its public addresses and inside networks (EdgeGateway only)."""
    config = reading.config
    for interface in children(xml.find(root, "GatewayInterfaces"), "GatewayInterface"):
        kind = (text(interface, "InterfaceType") or "").lower()
        side = {"uplink": "outside", "internal": "inside"}.get(kind)
        if side is None:
            continue
        network = child(interface, "Network")
        names = (
            text(interface, "Name"),
            text(interface, "DisplayName"),
            network is not None and network.get("name"),
        )
        config.sides.update({name: side for name in names if name})
        for part in children(interface, "SubnetParticipation"):
            _subnet(part, side, reading)


def _subnet(part: Element, side: str, reading: Reading) -> None:
    config, where, subject = reading.config, place(part, reading.file), "SubnetParticipation"
    if side == "outside":
        own = text(part, "IpAddress")
        if own:
            config.addresses.append(reading.tried(where, subject, own, address, own))
        for span in children(child(part, "IpRanges"), "IpRange"):
            config.addresses += reading.tried(where, subject, [], _sub_allocated, span)
        return
    gateway, mask = text(part, "Gateway"), text(part, "Netmask")
    if gateway and mask:
        try:
            network = ipaddress.IPv4Network(f"{gateway}/{mask}", strict=False)
        except ValueError:
            reading.problems.add(where, subject, f"{gateway}/{mask} is not a network", xml.EXPORT)
            return
        config.networks.append(f"{network} (gateway {gateway})")


MOST_SUB_ALLOCATED = 256


def _sub_allocated(span: Element) -> list[str]:
    first, last = address(text(span, "StartAddress") or ""), address(text(span, "EndAddress") or "")
    low, high = int(ipaddress.IPv4Address(first)), int(ipaddress.IPv4Address(last))
    return [str(ipaddress.IPv4Address(n)) for n in range(low, min(high, low + MOST_SUB_ALLOCATED - 1) + 1)]


# -- firewall -----------------------------------------------------------------------------------------


def _firewall(service: Element, reading: Reading) -> None:
    config, where = reading.config, place(service, reading.file)
    if config.rules is not None:
        reading.problems.add(
            where, "FirewallService", "is the second firewall of this edge", "one file with it"
        )
        return
    config.firewall_place = where
    config.firewall_enabled = reading.tried(
        where, "FirewallService", True, yes_or_no, text(service, "IsEnabled"), True
    )
    if not config.firewall_enabled:
        said = "the firewall service is off: nothing is filtered, and NAT does not work without it [S]"
        config.note(Kind.INFERRED, where, said)
    default = text(service, "DefaultAction")
    if default is not None:
        config.default = reading.tried(where, "DefaultAction", "drop", action, default, ACTIONS)
    rules = list(children(service, "FirewallRule"))
    taken = {text(rule, "Id") for rule in rules}
    config.rules = []
    for number, rule in enumerate(rules, 1):
        _rule(rule, _free(number, taken), reading)


def _free(number: int, taken: set[str | None]) -> str:
    while str(number) in taken:
        number += 100_000
    return str(number)


def _rule(rule: Element, own_id: str, reading: Reading) -> None:
    where = place(rule, reading.file)
    written = text(rule, "Id") or own_id
    subject = f"rule {written}"
    number = reading.tried(where, subject, 0, rule_id, written)
    enabled = reading.tried(where, subject, True, yes_or_no, text(rule, "IsEnabled"), True)
    reading.quiet = not (enabled and reading.config.firewall_enabled)
    noted = len(reading.config.notes)
    protocol, nothing, unknown_protocol = _protocol(rule, subject, reading)
    source = _end(rule, "Source", subject, reading)
    destination = _end(rule, "Destination", subject, reading)
    if not nothing and not (source.items and destination.items):
        nothing = "for IPv6 only"
    port_ranges = unknown_protocol or _ports(rule, "", subject, protocol, reading)
    assert reading.config.rules is not None
    reading.config.rules.append(
        RuleLine(
            id=number,
            name=name_of(text(rule, "Description"), subject),
            action=reading.tried(where, f"{subject}, Policy", "drop", action, text(rule, "Policy"), ACTIONS),
            source=source.items,
            destination=destination.items,
            protocol=protocol,
            ports=port_ranges,
            source_ports=_ports(rule, "Source", subject, protocol, reading),
            place=where,
            translated=reading.tried(where, subject, False, yes_or_no, text(rule, "MatchOnTranslate"), False),
            enabled=enabled,
            logged=reading.tried(where, subject, False, yes_or_no, text(rule, "EnableLogging"), False),
            matches_nothing=bool(nothing),
            comment=nothing,
        )
    )
    if nothing:
        reading.forget(noted)
    reading.quiet = False


def _protocol(rule: Element, subject: str, reading: Reading) -> tuple[str, str, tuple[str, ...]]:
    """The protocol; why the rule matches nothing of this model, or ""; the group that stands for ports when
    the protocol is unknown."""
    where = place(rule, reading.file)
    listed = child(rule, "Protocols")
    if listed is None:
        group = f"{subject}, protocol"
        why = "has no Protocols: which it is for stays unknown"
        return "any", "", (reading.guard(where, subject, group, why),)
    on = {tag(one) for one in listed if tag(one) != "Other" and _is_on(one, subject, reading)}
    other = (text(listed, "Other") or "false").lower()
    if "Any" in on:
        return "any", "", ()
    rest = [name.lower() for name in sorted(on - {"Tcp", "Udp"})] + ([] if other == "false" else ["others"])
    if on & {"Tcp", "Udp"}:
        if rest:
            said = f"{subject} is for {', '.join(rest)} too: this network carries tcp and udp only"
            reading.note(Kind.LEFT_OUT, where, said)
        return "tcpudp" if {"Tcp", "Udp"} <= on else "tcp" if "Tcp" in on else "udp", "", ()
    if on == {"Icmp"}:
        return "icmp", "", ()
    nothing = "for another protocol than tcp and udp" if rest else "for no protocol"
    reading.note(Kind.LEFT_OUT, where, f"{subject} is {nothing}: it decides nothing here")
    return "any", nothing, ()


def _is_on(element: Element, subject: str, reading: Reading) -> bool:
    where = place(element, reading.file)
    return reading.tried(where, f"{subject}, {tag(element)}", False, yes_or_no, element.text, False)


def _end(rule: Element, side: str, subject: str, reading: Reading) -> Ends:
    """`SourceIp`, in its two spellings, or the VM that a rule of a vApp network names."""
    found = child(rule, f"{side}Ip", f"{side}IP")
    if found is not None and (found.text or "").strip():
        return reading.ends(place(found, reading.file), subject, split(found.text or ""))
    vm = child(rule, f"{side}Vm")
    if vm is not None:
        name = vm.get("name") or text(vm, "VAppScopedVmId") or "unnamed"
        group = reading.unknown_group(place(vm, reading.file), subject, f"VM {name}")
        return Ends((group,), (group,))
    where = place(rule, reading.file)
    group = f"{subject}, {side.lower()}"
    reading.guard(where, subject, group, f"has no {side}Ip: its {side.lower()} stays unknown")
    return Ends((group,), (group,))


def _ports(rule: Element, side: str, subject: str, protocol: str, reading: Reading) -> tuple[str, ...]:
    """Ports: the Range field, or the old single field, in which -1 is any."""
    where = place(rule, reading.file)
    fields = (f"{side or 'Destination'}PortRange", f"{side}Port")
    for name in fields:
        found = child(rule, name)
        if found is not None and (found.text or "").strip():
            return reading.tried(
                place(found, reading.file), f"{subject}, {name}", ANY_PORT, ports, found.text
            )
    if protocol == "icmp":
        return ()
    group = f"{subject}, {'source' if side else 'destination'} ports"
    reading.guard(where, subject, group, f"has neither {fields[0]} nor {fields[1]}: it stays unknown")
    return (group,)


# -- NAT ----------------------------------------------------------------------------------------------


def _nat(service: Element, reading: Reading) -> None:
    config, where = reading.config, place(service, reading.file)
    if config.nat is not None:
        reading.problems.add(where, "NatService", "is the second NAT of this edge", "one file with it")
        return
    config.nat_place = where
    config.nat_enabled = reading.tried(where, "NatService", True, yes_or_no, text(service, "IsEnabled"), True)
    rules = list(children(service, "NatRule"))
    taken = {text(rule, "Id") for rule in rules}
    config.nat = []
    for number, rule in enumerate(rules, 1):
        line = _nat_rule(rule, text(rule, "Id") or _free(number, taken), reading)
        reading.quiet = False
        if line is not None:
            config.nat.append(line)


def _nat_rule(rule: Element, written: str, reading: Reading) -> NatLine | None:
    where = place(rule, reading.file)
    subject = f"NAT rule {written}"
    number = reading.tried(where, subject, 0, rule_id, written)
    kind = (text(rule, "RuleType") or "").lower()
    body = child(rule, *NAT_KINDS)
    enabled = reading.tried(where, subject, True, yes_or_no, text(rule, "IsEnabled"), True)
    reading.quiet = not (enabled and reading.config.nat_enabled)
    other = child(rule, *OTHER_NAT)
    if body is None and other is not None:
        why = f"is a {tag(other)}, which belongs to a vApp network: what it translates is not read"
        group = reading.guard(place(other, reading.file), subject, f"NAT rule {written}", why)
        return NatLine(
            number, subject, "dnat", group, "unknown", "any", where, side="outside", enabled=enabled
        )
    if kind not in ("snat", "dnat") or body is None:
        said = f"RuleType is {text(rule, 'RuleType')!r}" if body is not None else "has no GatewayNatRule"
        reading.problems.add(where, subject, said, "SNAT or DNAT with a GatewayNatRule")
        return None
    interface = child(body, "Interface")
    protocol = reading.tried(
        where, f"{subject}, Protocol", "any", action, text(body, "Protocol") or "any", NAT_PROTOCOLS
    )
    written_as = NatPair(
        kind,
        text(body, "OriginalIp"),
        text(body, "OriginalPort"),
        text(body, "TranslatedIp"),
        text(body, "TranslatedPort"),
        subject,
        place(body, reading.file),
    )
    original, translated = written_pair(written_as, reading)
    return NatLine(
        id=number,
        name=name_of(text(rule, "Description"), subject),
        type=kind,
        original=original,
        translated=translated,
        protocol=protocol,
        place=where,
        interface="" if interface is None else interface.get("name") or interface.get("href") or "",
        source=ANY,
        destination=ANY,
        enabled=enabled,
    )
