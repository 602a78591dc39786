"""Addresses, ports, numbers and yes-or-no as exports write them.

Rules of this file: each reader returns the environment format's spelling, or raises `Unreadable` with what is
wrong and what would be right. A word that is no address is the name of a group: its reader says so and
decides nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

ANY_WORDS = ("any", "*", "-1", "")
SIDE_WORDS = ("internal", "external")
MOST_PORT = 65535
ANY_PORT: tuple[str, ...] = ()
_SEPARATORS = re.compile(r"[,;|\n]+")
_RANGE = re.compile(r"(?<=\d) *- *(?=\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_ADDRESS_LIKE = re.compile(r"[\d./-]+\Z|[0-9a-fA-F:./]*:[0-9a-fA-F:./]*\Z")
MOST_NAME = 100


class Unreadable(ValueError):
    """A value that is none. `str()` is what is wrong; `right` what would be."""

    def __init__(self, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.right = right


@dataclass
class Ends:
    """What a rule's source or destination names."""

    items: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Those of `items` that are names of groups."""
    changed: list[str] = field(default_factory=list)
    """What was read otherwise than written, in words."""
    ipv6: tuple[str, ...] = ()
    """IPv6 entries, which this model does not carry."""


def name_of(text: str | None, otherwise: str) -> str:
    """A name on one line, of bounded length."""
    cleaned = _CONTROL.sub(" ", text or "").strip()
    cleaned = re.sub(r"\s+", " ", cleaned)
    return (cleaned[: MOST_NAME - 3] + "...") if len(cleaned) > MOST_NAME else (cleaned or otherwise)


def yes_or_no(text: str | None, otherwise: bool) -> bool:
    """`true` or `false`. Raises Unreadable."""
    word = (text or "").strip().lower()
    if not word:
        return otherwise
    if word in ("true", "1", "yes", "on", "y", "enabled"):
        return True
    if word in ("false", "0", "no", "off", "n", "disabled"):
        return False
    raise Unreadable(f"{text!r} is neither true nor false", "true or false")


def rule_id(text: str) -> int:
    """The number of a rule. Raises Unreadable."""
    if not re.fullmatch(r"\d{1,10}", text.strip()) or int(text) > 2**31:
        raise Unreadable(f"{text!r} is not the number of a rule", "a whole number")
    return int(text)


def split(text: str) -> list[str]:
    """The items of a list in one text, with commas, semicolons, bars or line ends between them; also spaces
    between addresses and ports (the name of a group may hold spaces)."""
    items: list[str] = []
    for part in _SEPARATORS.split(_RANGE.sub("-", text)):
        words = part.split()
        items += words if all(map(_ADDRESS_LIKE.match, words)) else [" ".join(words)]
    return items


def ends(written: Iterable[str]) -> Ends:
    """Source or destination: words, addresses, networks, ranges; anything else is a group. Raises Unreadable
    for what looks like an address and is none."""
    found = Ends()
    items: list[str] = []
    groups: list[str] = []
    ipv6: list[str] = []
    for item in written:
        if item.lower() in ANY_WORDS:
            items.append("any")
        elif item.lower() in SIDE_WORDS:
            items.append(item.lower())
        elif ":" in item and _ADDRESS_LIKE.match(item):
            ipv6.append(item)
        elif _ADDRESS_LIKE.match(item):
            items.append(_numbers(item, found.changed))
        else:
            name = item.replace(":", " ")  # a colon would begin a port
            items.append(name)
            groups.append(name)
    found.items = ("any",) if "any" in items else tuple(dict.fromkeys(items))
    found.groups = tuple(dict.fromkeys(groups)) if found.items != ("any",) else ()
    found.ipv6 = tuple(ipv6)
    return found


def _numbers(item: str, changed: list[str]) -> str:
    first, dash, last = item.partition("-")
    if dash:
        low, high = address(first), address(last)
        if ipaddress.IPv4Address(low) > ipaddress.IPv4Address(high):
            raise Unreadable(f"{item!r} runs backwards", f"{high}-{low}")
        return low if low == high else f"{low}-{high}"
    if "/" not in item:
        return address(item)
    try:
        network = ipaddress.IPv4Network(item, strict=False)
    except ValueError:
        raise Unreadable(f"{item!r} is not a network", "a network as 192.168.0.0/24") from None
    if network.prefixlen == 0:
        return "any"
    if str(network) != item:
        changed.append(f"{item} is read as the network {network}")
    return str(network)


def address(text: str) -> str:
    """One IPv4 address. Raises Unreadable."""
    try:
        return str(ipaddress.IPv4Address(text.strip()))
    except ValueError:
        raise Unreadable(f"{text!r} is not an IPv4 address", "four numbers of 0 to 255") from None


def ports(text: str | None) -> tuple[str, ...]:
    """Ports: numbers, ranges, lists; empty for any. Raises Unreadable."""
    found: list[str] = []
    for item in split(text or "any"):
        if item.lower() in ANY_WORDS:
            return ()
        low, dash, high = item.partition("-")
        first = port(low, item, least=0 if dash else 1)
        last = port(high, item) if dash else first
        if first > last:
            raise Unreadable(f"{item!r} runs backwards", f"{last}-{first}")
        first = max(first, 1)
        if (first, last) == (1, MOST_PORT):
            return ()
        found.append(str(first) if first == last else f"{first}-{last}")
    return tuple(dict.fromkeys(found))


def port(text: str, written: str, least: int = 1) -> int:
    """One port. Raises Unreadable."""
    if not re.fullmatch(r"\d{1,5}", text) or not least <= int(text) <= MOST_PORT:
        raise Unreadable(f"{written!r} is not a port", f"1 to {MOST_PORT}, a range as 8000-8100, or any")
    return int(text)


def action(text: str | None, words: dict[str, str]) -> str:
    """An action by the product's word for it. Raises Unreadable."""
    found = words.get((text or "").strip().lower())
    if found is None:
        raise Unreadable(f"{text or ''!r} is no action", f"one of {', '.join(words)}")
    return found
