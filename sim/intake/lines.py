"""Lines in which people write rules, translations, hosts and VMs: `allow any -> 198.51.100.10 tcp 443`.

Rules of this file: one grammar a kind of line, in its docstring; a name may stand in front with a colon and a
space. Every parser returns a record or raises `Unreadable` with what is wrong and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cxsim.sim.intake.values import ANY_PORT, Unreadable, address, ends, ports, split
from cxsim.sim.scenario.quantities import BYTE_RATE, SIZE, QuantityError, parse

ARROW = re.compile(r"\s*(?:->|→|=>)\s*")
NAMED = re.compile(r"(?P<name>[^:>]*[^:>\s]):\s+(?P<rest>.+)\Z", re.DOTALL)
ACTIONS: Mapping[str, str] = {
    "allow": "allow", "accept": "allow", "permit": "allow", "pass": "allow",
    "drop": "drop", "deny": "drop", "block": "drop", "reject": "reject",
}  # fmt: skip
PROTOCOLS = ("tcp", "udp", "tcpudp", "icmp", "any")
SIDES = ("inside", "outside", "any")
NAT_RIGHT = "198.51.100.10:443 -> 192.168.0.34:8043"
RULE_RIGHT = "allow 203.0.113.0/24 -> 198.51.100.10 tcp 443, or default drop"
VM_RIGHT = "deckard 192.168.0.100 cpus 2 memory 4 GiB disk 40 GiB used 16 GiB writes 0.5 MB/s"


@dataclass(frozen=True)
class NatAnswer:
    """A translation. `type` "" = to be told from its addresses; ports are numbers or ranges as text."""

    name: str
    type: str
    original: str
    original_port: str
    translated: str
    translated_port: str
    protocol: str
    interface: str


@dataclass(frozen=True)
class RuleAnswer:
    """A firewall rule."""

    name: str
    action: str
    source: tuple[str, ...]
    destination: tuple[str, ...]
    protocol: str
    ports: tuple[str, ...]
    direction: str


@dataclass(frozen=True)
class DefaultAnswer:
    """What happens when no rule matches."""

    action: str


@dataclass(frozen=True)
class HostAnswer:
    """A host. "" where nothing was said."""

    name: str
    address: str


@dataclass(frozen=True)
class VmAnswer:
    """A VM; quantities as they were written."""

    name: str
    address: str
    cpus: int = 2
    memory: str = "4 GiB"
    disk: str = "40 GiB"
    used: str = ""
    writes: str = "0.5 MB/s"
    power: str = "on"


def _named(text: str) -> tuple[str, str]:
    match = NAMED.match(text)
    return (match["name"], match["rest"].strip()) if match else ("", text.strip())


def _two(text: str, right: str) -> tuple[str, str]:
    parts = ARROW.split(text)
    if len(parts) != 2 or not all(parts):
        raise Unreadable(f"{text!r} has {'no' if len(parts) < 2 else 'more than one'} arrow", right)
    return parts[0], parts[1]


def nat_line(text: str) -> NatAnswer:
    """`[NAME: ] [dnat|snat] ADDRESS[:PORT] -> ADDRESS[:PORT] [PROTOCOL] [on inside|outside|any]`."""
    name, rest = _named(text)
    before, after = _two(rest, NAT_RIGHT)
    kind = ""
    words = before.split()
    if words and words[0].lower() in ("dnat", "snat"):
        kind, words = words[0].lower(), words[1:]
    if len(words) != 1:
        raise Unreadable(f"{before!r} is not one address before the arrow", NAT_RIGHT)
    target, *more = after.split()
    interface, protocol = "outside", ""
    while more:
        word = more.pop(0).lower()
        if word == "on" and more and more[0].lower() in SIDES:
            interface = more.pop(0).lower()
        elif word in PROTOCOLS and not protocol:
            protocol = word
        else:
            raise Unreadable(f"{word!r} after the translation is not known", f"{NAT_RIGHT} tcp on outside")
    original, original_port = _end(words[0])
    translated, translated_port = _end(target)
    if translated == "any":
        raise Unreadable("translates to any address", NAT_RIGHT)
    with_port = original_port or translated_port
    return NatAnswer(
        name,
        kind,
        original,
        original_port,
        translated,
        translated_port,
        protocol or ("tcp" if with_port else "any"),
        interface,
    )


def _end(text: str) -> tuple[str, str]:
    where, _, port = text.partition(":")
    found = ends([where])
    if len(found.items) != 1 or found.ipv6 or (found.groups and where[:1].isdigit()):
        raise Unreadable(f"{text!r} is not an IPv4 address", NAT_RIGHT)
    listed = ports(port) if port else ANY_PORT
    if len(listed) > 1:
        raise Unreadable(f"{text!r} has a list of ports", "a line for each port, or one range")
    return found.items[0], listed[0] if listed else ""


def rule_line(text: str) -> RuleAnswer | DefaultAnswer:
    """`[NAME: ] ACTION SOURCE -> DESTINATION [PROTOCOL [PORTS]] [in|out]`, or `default ACTION`. Lists with
    commas."""
    name, rest = _named(text)
    words = rest.split()
    if words[:1] == ["default"] and len(words) == 2:
        return DefaultAnswer(_action(words[1]))
    before, after = _two(rest, RULE_RIGHT)
    first, _, source = before.partition(" ")
    action = _action(first)
    tail = re.sub(r"\s*,\s*", ",", after).split()
    destination, more = tail[0], tail[1:]
    direction = more.pop().lower() if more and more[-1].lower() in ("in", "out") else "any"
    protocol = more.pop(0).lower() if more else "any"
    if protocol not in PROTOCOLS:
        raise Unreadable(f"{protocol!r} is no protocol", f"one of {', '.join(PROTOCOLS)}; {RULE_RIGHT}")
    listed = ports(more.pop(0)) if more else ANY_PORT
    if more:
        raise Unreadable(f"{' '.join(more)!r} at the end is not known", RULE_RIGHT)
    if listed and protocol == "icmp":
        raise Unreadable("icmp has no ports", "leave them out")
    return RuleAnswer(name, action, _addresses(source), _addresses(destination), protocol, listed, direction)


def _action(word: str) -> str:
    if word.lower() not in ACTIONS:
        raise Unreadable(f"{word!r} is no action", f"one of {', '.join(ACTIONS)}; {RULE_RIGHT}")
    return ACTIONS[word.lower()]


def _addresses(text: str) -> tuple[str, ...]:
    found = ends(split(text or "any"))
    if found.ipv6:
        raise Unreadable(f"{', '.join(found.ipv6)} is IPv6, which is not in this model", "IPv4")
    return found.items


def host_line(text: str) -> HostAnswer:
    """`NAME ADDRESS`, or one of them."""
    words = text.replace(",", " ").split()
    if not 1 <= len(words) <= 2:
        raise Unreadable(f"{text!r} is not a name and an address", "tyrell-vc01 192.168.0.13")
    if len(words) == 2:
        return HostAnswer(words[0], address(words[1]))
    return HostAnswer("", address(words[0])) if words[0][0].isdigit() else HostAnswer(words[0], "")


VM_KEYS = ("cpus", "memory", "disk", "used", "writes", "power")


def vm_line(text: str) -> VmAnswer:
    """`NAME ADDRESS` and any of `cpus N`, `memory SIZE`, `disk SIZE`, `used SIZE`, `writes RATE`,
    `power on|off`."""
    head, *tail = re.split(rf"[,\s]+(?=(?:{'|'.join(VM_KEYS)})\s)", text.strip())
    words = head.split()
    if len(words) != 2:
        raise Unreadable(f"{head!r} is not a name and an address", VM_RIGHT)
    given: dict[str, str] = {}
    for part in tail:
        key, _, value = part.strip(" ,").partition(" ")
        if key in given:
            raise Unreadable(f"says {key} twice", VM_RIGHT)
        given[key] = value.strip()
    cpus = given.pop("cpus", "2")
    if not re.fullmatch(r"\d{1,3}", cpus) or not 1 <= int(cpus) <= 128:
        raise Unreadable(f"{cpus!r} is not a number of CPUs", "1 to 128")
    if given.get("power", "on") not in ("on", "off"):
        raise Unreadable(f"{given['power']!r} is no power state", "on or off")
    for key, dimension in (("memory", SIZE), ("disk", SIZE), ("used", SIZE), ("writes", BYTE_RATE)):
        if key in given:
            try:
                parse(given[key], dimension)
            except QuantityError as error:
                raise Unreadable(f"{key} {given[key]!r}: {error}", VM_RIGHT) from None
    return VmAnswer(words[0], address(words[1]), int(cpus), **given)
