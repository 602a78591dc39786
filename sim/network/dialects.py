"""Rules in the words of the device they are on: one line a rule, as its administrator knows it.

Rules of this file: a table from device type to `Dialect`; formatting only. The same functions quote a rule
that exists and write one that is proposed, so that both look alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cxsim.sim.network.addresses import prefix, split_port
from cxsim.sim.network.model import FilterRule, NatRule


@dataclass(frozen=True)
class Dialect:
    """How a kind of device writes things. `path_*`: where its administrator finds the rules."""

    actions: Mapping[str, str]
    rule: Callable[[FilterRule, Mapping[str, str]], str]
    nat: Callable[[NatRule], str]
    default: Callable[[str], str]
    path_rules: str
    path_nat: str
    inserted: Callable[[str, int], str] = lambda quote, position: quote
    """A new rule's line with the position it goes to, where the device's command says so."""
    removed: Callable[[str], str] = lambda quote: ""
    """The command that takes a rule away; empty where it is disabled in a table."""
    listed: Callable[[FilterRule], str] = lambda rule: ""
    """The list that a rule is kept in, where a device has several."""
    commands: bool = False
    """True: configured by commands; False: in tables of a user interface."""
    hairpin: str = ""
    """What a hairpin needs besides NAT."""


def quote_rule(device_type: str, rule: FilterRule) -> str:
    """A firewall rule on one line."""
    dialect = DIALECTS[device_type]
    return dialect.rule(rule, dialect.actions)


def insert_rule(device_type: str, rule: FilterRule, position: int) -> str:
    """A new firewall rule on one line, to be put at this position (0 = top)."""
    dialect = DIALECTS[device_type]
    return dialect.inserted(dialect.rule(rule, dialect.actions), position)


def remove_rule(device_type: str, rule: FilterRule) -> str:
    """The command that takes a rule away; empty where a rule is disabled in a table."""
    dialect = DIALECTS[device_type]
    return dialect.removed(dialect.rule(rule, dialect.actions))


def quote_nat(device_type: str, rule: NatRule) -> str:
    """A NAT rule on one line."""
    return DIALECTS[device_type].nat(rule)


def quote_default(device_type: str, action: str) -> str:
    """What the device does when no rule matches, on one line."""
    dialect = DIALECTS[device_type]
    return dialect.default(dialect.actions[action])


def _listed(values: str | tuple[str | int, ...]) -> str:
    items = (values,) if isinstance(values, str) else values
    return ",".join(str(v) for v in items) or "any"


def _label(identity: str, name: str) -> str:
    return f'{identity} "{name}"'.strip() if name else identity


def _nsx_rule(rule: FilterRule, actions: Mapping[str, str]) -> str:
    ports = f":{_listed(rule.ports)}" if rule.ports else ""
    source_ports = f":{_listed(rule.source_ports)}" if rule.source_ports else ""
    source = f"{'not ' if rule.source_negated else ''}{_listed(rule.source)}{source_ports}"
    destination = f"{'not ' if rule.destination_negated else ''}{_listed(rule.destination)}{ports}"
    seen = f", match on {rule.matches}" if rule.matches else ""
    return (
        f"rule {_label(rule.id, rule.name)}: {actions[rule.action]} {rule.protocol} "
        f"{source} -> {destination}{seen}"
    )


def _nsx_nat(rule: NatRule) -> str:
    on = "" if rule.interface == "outside" else f", applied on {rule.interface}"
    target = f" -> {rule.translated}" if rule.translated else ""
    only = f", from {_listed(rule.source)}" if rule.source != "any" else ""
    only += f", to {_listed(rule.destination)}" if rule.destination != "any" else ""
    return (
        f"{rule.type.upper()} rule {_label(rule.id, rule.name)}: {rule.protocol} {rule.original}{target}"
        f"{only}{on}"
    )


def _named(rule: FilterRule | NatRule) -> str:
    text = f"{rule.id} {rule.name}".strip()
    return f"  # {text}" if text else ""


def _netfilter_ports(flag: str, ports: tuple[int | str, ...]) -> str:
    if not ports:
        return ""
    written = _listed(ports).replace("-", ":")
    return f" -m multiport --{flag}s {written}" if len(ports) > 1 else f" --{flag} {written}"


def _netfilter_side(flag: str, value: str | tuple[str, ...], negated: bool) -> str:
    written = _listed(value)
    return "" if written.lower() == "any" and not negated else f" {'! ' if negated else ''}-{flag} {written}"


def _netfilter_rule(rule: FilterRule, actions: Mapping[str, str]) -> str:
    interface = {"in": " -i outside", "out": " -i inside"}.get(rule.direction, "")
    protocol = "" if rule.protocol == "any" else f" -p {rule.protocol}"
    answer = ""
    if rule.action == "reject":
        answer = f" --reject-with {_NETFILTER_ANSWERS[rule.reject_with]}"
    source = _netfilter_side("s", rule.source, rule.source_negated)
    source += _netfilter_ports("sport", rule.source_ports)
    destination = _netfilter_side("d", rule.destination, rule.destination_negated)
    destination += _netfilter_ports("dport", rule.ports)
    target = f"{actions[rule.action]}{answer}{_named(rule)}"
    return f"-A FORWARD{interface}{protocol}{source}{destination} -j {target}"


def _netfilter_nat(rule: NatRule) -> str:
    host, port = split_port(rule.original)
    destination = "dnat" in rule.type
    flag = "i" if destination else "o"
    interface = "" if rule.interface == "any" else f" -{flag} {rule.interface}"
    matched = f" -p {rule.protocol}" if rule.protocol != "any" else ""
    if destination:
        matched += _netfilter_side("s", rule.source, negated=False)
    if host.lower() != "any":
        matched += f" -{'d' if destination else 's'} {host}"
    if not destination:
        matched += _netfilter_side("d", rule.destination, negated=False)
    if port:
        matched += f" --{'dport' if destination else 'sport'} {port}"
    chain = "PREROUTING" if destination else "POSTROUTING"
    target = f"{rule.type.upper()} --to-{'destination' if destination else 'source'} {rule.translated}"
    if not rule.translated:
        target = "ACCEPT"
    return f"-t nat -A {chain}{interface}{matched} -j {target}{_named(rule)}"


def _asa_address(written: str) -> str:
    if written.lower() == "any":
        return "any"
    if "-" in written and written[0].isdigit():
        return f"range {written.replace('-', ' ')}"
    try:
        low, high = prefix(written)
    except ValueError:
        return f"object-group {written}"
    return f"host {written.split('/')[0]}" if low == high else f"{written.split('/')[0]} {_mask(high - low)}"


def _mask(span: int) -> str:
    bits = 0xFFFFFFFF & ~span
    return ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))


def _asa_ports(ports: tuple[int | str, ...]) -> list[str]:
    """What stands behind an address: an access-list entry takes one port or one range."""
    written = [str(port) for port in ports]
    return [f" range {p.replace('-', ' ')}" if "-" in p else f" eq {p}" for p in written] or [""]


def _asa_list(rule: FilterRule) -> str:
    return "inside_access_in" if rule.direction == "out" else "outside_access_in"


def _asa_rule(rule: FilterRule, actions: Mapping[str, str]) -> str:
    """An entry, or several: one for every source, destination and port (there is no list in an entry)."""
    protocol = "ip" if rule.protocol == "any" and not (rule.ports or rule.source_ports) else rule.protocol
    protocols = {"any": ["tcp", "udp"], "tcpudp": ["tcp", "udp"]}.get(protocol, [protocol])
    sources = (rule.source,) if isinstance(rule.source, str) else rule.source or ("any",)
    targets = (rule.destination,) if isinstance(rule.destination, str) else rule.destination or ("any",)
    head = f"access-list {_asa_list(rule)} extended {actions[rule.action]}"
    off = "" if rule.enabled else " inactive"
    return _THEN.join(
        f"{head} {kind} {_asa_address(source)}{source_port} {_asa_address(target)}{port}{off}"
        for kind in protocols
        for source in sources
        for source_port in _asa_ports(rule.source_ports)
        for target in targets
        for port in _asa_ports(rule.ports)
    )


def _asa_inserted(quote: str, position: int) -> str:
    entries = quote.split(_THEN)
    return _THEN.join(
        entry.replace(" extended ", f" line {position + number} extended ", 1)
        for number, entry in enumerate(entries, 1)
    )


def _object(rule: NatRule) -> str:
    return re.sub(r"[^\w.]+", "-", rule.name or rule.id).strip("-")


def _asa_object(rule: NatRule, written: str) -> str:
    low, high = prefix(written)
    network = written.split("/")[0]
    body = f"host {network}" if low == high else f"subnet {network} {_mask(high - low)}"
    return f"object network {_object(rule)}{_THEN}{body}"


def _asa_nat(rule: NatRule) -> str:
    original, original_port = split_port(rule.original)
    real, real_port = split_port(rule.translated)
    mapped = {"outside": "outside", "inside": "inside"}.get(rule.interface, "any")
    if not rule.translated:
        return f"nat (inside,{mapped}) source static {original} {original}"
    if rule.type == "snat":
        if rule.destination != "any":
            target = _listed(rule.destination)
            return (
                f"nat (inside,{mapped}) source dynamic {original} {real} destination static {target} {target}"
            )
        if original.lower() == "any":
            return f"nat (inside,{mapped}) source dynamic any {real}"
        return f"{_asa_object(rule, original)}{_THEN}nat (inside,{mapped}) dynamic {real}"
    port = original_port or real_port
    service = f" service tcp {real_port or original_port} {port}" if port else ""
    return f"{_asa_object(rule, real)}{_THEN}nat (inside,{mapped}) static {original}{service}"


_THEN = "; "
"""Between commands on one line."""
_NETFILTER_ANSWERS = {"tcp-reset": "tcp-reset", "icmp-prohibited": "icmp-admin-prohibited"}
_PLAIN = {"allow": "allow", "drop": "drop", "reject": "reject"}
_NSX = {"allow": "accept", "drop": "deny", "reject": "reject"}  # edge-config 2
_NSXT = {"allow": "Allow", "drop": "Drop", "reject": "Reject"}
_NETFILTER = {"allow": "ACCEPT", "drop": "DROP", "reject": "REJECT"}
_ASA = {"allow": "permit", "drop": "deny", "reject": "deny"}  # an ASA's reset is `service resetinbound` [K]

_GENERIC = Dialect(_PLAIN, _nsx_rule, _nsx_nat, lambda action: f"default action: {action}", "Firewall", "NAT")

DIALECTS: Mapping[str, Dialect] = {
    "nsx-v": Dialect(_NSX, _nsx_rule, _nsx_nat, lambda a: f"default rule: {a}", "Firewall", "NAT"),
    "nsx-t": Dialect(_NSXT, _nsx_rule, _nsx_nat, lambda a: f"default rule: {a}", "Gateway Firewall", "NAT"),
    "netfilter": Dialect(
        _NETFILTER,
        _netfilter_rule,
        _netfilter_nat,
        lambda a: f"-P FORWARD {a}",
        "iptables",
        "iptables",
        lambda quote, position: quote.replace("-A FORWARD", f"-I FORWARD {position + 1}", 1),
        lambda quote: quote.replace("-A FORWARD", "-D FORWARD", 1),
        commands=True,
    ),
    "asa": Dialect(
        _ASA,
        _asa_rule,
        _asa_nat,
        lambda a: (
            "implicit deny at the end of the access list" if a == "deny" else "no access list: permitted"
        ),
        "configuration",
        "configuration",
        _asa_inserted,
        lambda quote: _THEN.join(f"no {entry}" for entry in quote.split(_THEN)),
        _asa_list,
        commands=True,
        hairpin="same-security-traffic permit intra-interface, or it does not go back where it came from [K]",
    ),
    "generic-pre-nat": _GENERIC,
    "generic-post-nat": _GENERIC,
}
