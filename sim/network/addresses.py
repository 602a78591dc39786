"""Addresses and ports as rules write them: single values, ranges, prefixes, words and groups.

Rules of this file: values only, no devices. An IPv4 address is an int everywhere inside the network and a
dotted quad only where people read it (IPv6 is not modelled). A group whose members nobody gave is *unknown*:
asking whether it holds an address goes to an `Ask`, which answers from an assumption or raises; it is never
guessed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

Ask = Callable[[str, object], bool]
"""Asks whether an unknown group (its name) holds a value. May raise to say that it cannot be decided."""

Range = tuple[int, int]


def nothing_known(group: str, value: object) -> bool:
    """An Ask for sets without unknown groups. Raises LookupError."""
    raise LookupError(group)


class Side(Enum):
    """The two sides of an edge. A packet enters on one and leaves on one (the same when it is hairpinned)."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class Packet(NamedTuple):
    """The first packet of a connection, or its answer, at one point of the path."""

    protocol: str
    src: int
    sport: int
    dst: int
    dport: int

    def reply(self) -> Packet:
        """The packet that answers this one."""
        return Packet(self.protocol, self.dst, self.dport, self.src, self.sport)

    def __str__(self) -> str:
        return f"{self.protocol} {dotted(self.src)} -> {dotted(self.dst)}:{self.dport}"


def address(text: str) -> int:
    """The int of a dotted quad. Raises ValueError naming the text."""
    found = _QUAD(text)
    if found is not None:
        a, b, c, d = map(int, found.groups())
        if a < 256 and b < 256 and c < 256 and d < 256:
            return a << 24 | b << 16 | c << 8 | d
    raise ValueError(f"{text!r} is not an IPv4 address")


_QUAD = re.compile(r"\s*(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\s*", re.ASCII).fullmatch


@lru_cache(maxsize=4096)
def dotted(value: int) -> str:
    """The dotted quad of an address."""
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def is_address(text: str) -> bool:
    """True for a dotted quad."""
    try:
        address(text)
    except ValueError:
        return False
    return True


def prefix(text: str) -> Range:
    """First and last address of `10.0.0.0/8` (or of one address). Raises ValueError, also for bits set
    right of the mask, which is a typing slip more often than an intention."""
    base, slash, length = text.strip().partition("/")
    low = address(base)
    if not slash:
        return low, low
    if not length.isdigit() or int(length) > 32:
        raise ValueError(f"{text!r}: the prefix length is a number from 0 to 32")
    span = (1 << (32 - int(length))) - 1
    if low & span:
        raise ValueError(
            f"{text!r}: has bits right of the mask; the network is {dotted(low & ~span)}/{length}"
        )
    return low, low + span


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Which addresses a rule names. `sides` holds the words Internal and External of a vCloud Director
    edge (edge-config 1), which mean the side that the packet comes from or goes to."""

    ranges: tuple[Range, ...] = ()
    everything: bool = False
    sides: tuple[Side, ...] = ()
    unknown: tuple[str, ...] = ()
    negated: bool = False

    def holds(self, value: int, side: Side, ask: Ask) -> bool:
        """True when the address (at this side of the device) is in the set."""
        return self.negated != (
            self.everything
            or any(low <= value <= high for low, high in self.ranges)
            or (side in self.sides)
            or any(ask(group, value) for group in self.unknown)
        )


SIDE_WORDS = {"internal": Side.INSIDE, "external": Side.OUTSIDE}
Groups = Mapping[str, Sequence[str] | None]
"""Groups that rules of a device may name: their members, or None when nobody gave them."""


def address_set(
    written: str | Sequence[str], groups: Groups | None = None, negated: bool = False
) -> AddressSet:
    """What was written: `any`, `internal`, `external`, an address, a prefix, `a-b`, a group name, or a list
    of these; an empty list is any. Raises ValueError naming the item that is none of them."""
    items = [written] if isinstance(written, str) else list(written)
    ranges: list[Range] = []
    sides: list[Side] = []
    unknown: list[str] = []
    everything = not items
    for item in items:
        word = item.strip()
        if word.lower() == "any":
            everything = True
        elif word.lower() in SIDE_WORDS:
            sides.append(SIDE_WORDS[word.lower()])
        elif groups is not None and word in groups:
            members = groups[word]
            if members is None:
                unknown.append(word)
                continue
            inner = address_set(members, groups)
            ranges += inner.ranges
            sides += inner.sides
            unknown += inner.unknown
            everything = everything or inner.everything
        else:
            ranges.append(_range(word))
    return AddressSet(tuple(ranges), everything, tuple(sides), tuple(unknown), negated)


def _range(word: str) -> Range:
    first, dash, last = word.partition("-")
    if dash and is_address(first) and is_address(last):
        low, high = address(first), address(last)
        if low > high:
            raise ValueError(f"{word!r}: the range ends before it begins")
        return low, high
    try:
        return prefix(word)
    except ValueError as error:
        if word and word[0].isdigit():
            raise
        raise ValueError(f"{word!r} is neither an address nor a group of this device") from error


@dataclass(frozen=True, slots=True)
class PortSet:
    """Which ports a rule names. `unknown`: opaque applications (application-N of an NSX-v export)."""

    ranges: tuple[Range, ...] = ()
    everything: bool = False
    unknown: tuple[str, ...] = ()

    def holds(self, port: int, ask: Ask) -> bool:
        """True when the port is in the set."""
        return (
            self.everything
            or any(low <= port <= high for low, high in self.ranges)
            or any(ask(group, port) for group in self.unknown)
        )


def port_set(written: Sequence[int | str] | int | str, groups: Groups | None = None) -> PortSet:
    """`any`, `443`, `8000-8100`, a group, or a list of these; an empty list is any. Raises ValueError."""
    items: list[int | str] = [written] if isinstance(written, int | str) else list(written)
    ranges: list[Range] = []
    unknown: list[str] = []
    everything = not items
    for item in items:
        word = str(item).strip()
        if word.lower() == "any" or word == "-1":  # -1: the old Port field of a vCD edge (edge-config 1)
            everything = True
        elif groups is not None and word in groups:
            members = groups[word]
            if members is None:
                unknown.append(word)
                continue
            inner = port_set(members, groups)
            ranges += inner.ranges
            unknown += inner.unknown
            everything = everything or inner.everything
        else:
            low, dash, high = word.partition("-")
            ranges.append((port(low), port(high if dash else low)))
    return PortSet(tuple(ranges), everything, tuple(unknown))


def port(text: str | int) -> int:
    """A port number. Raises ValueError."""
    word = str(text).strip()
    if not (word.isascii() and word.isdigit()) or not 0 <= int(word) <= 65535:
        raise ValueError(f"{word!r} is not a port (0 to 65535)")
    return int(word)


def split_port(written: str) -> tuple[str, str | None]:
    """`198.51.100.10:443` -> (`198.51.100.10`, `443`); no port -> None."""
    host, colon, tail = written.strip().rpartition(":")
    return (host, tail) if colon else (written.strip(), None)
