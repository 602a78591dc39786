"""Other addresses for the addresses of a scenario, with the same relations between them.

Rules of this file: an address in a network, or in a range, stays in it; order is kept; private stays private
and public stays public (documentation and benchmarking ranges: RFC 5737, RFC 2544); no new address is one of
the old. Very large networks shrink to what they hold. What cannot be kept raises, it is never approximated.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cxsim.sim.case.bundle import CaseError
from cxsim.sim.network.addresses import address as number_of
from cxsim.sim.network.addresses import dotted
from cxsim.sim.network.state import is_private

MENTION = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2}))?(?![\d.]*\d)")
PRIVATE_POOL = ("10.128.0.0/9", "172.16.0.0/12", "192.168.0.0/16")
PUBLIC_POOL = ("192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24")
KEEPS_SIZE_PRIVATE, KEEPS_SIZE_PUBLIC = 16, 24
"""Prefix lengths from which a network keeps its size."""
LEAST_SHRUNK = 8
Span = tuple[int, int]


@dataclass
class _Net:
    first: int
    last: int
    children: list[_Net] = field(default_factory=list)
    rigid: bool = False
    size: int = 0
    new: int = -1

    @property
    def single(self) -> bool:
        return self.first == self.last


def is_special(value: int) -> bool:
    """Addresses that identify nobody and mean something by themselves."""
    return value >> 24 in (0, 127) or value >> 28 >= 14 or value >> 16 == 0xA9FE


class AddressMap:
    """A map of addresses. `map_text` replaces every address and network in a text."""

    def __init__(self, texts: Iterable[str], rigid: Iterable[str] = ()) -> None:
        self._ranges: set[Span] = set()
        self._spans = self._mentioned(texts)
        self._rigid = {span for text in rigid for span in _spans(text)}
        self._nets: dict[Span, _Net] = {}
        for private in (True, False):
            spans = [s for s in self._spans if is_private(s[0]) is private]
            self._place(spans, PRIVATE_POOL if private else PUBLIC_POOL, private)
        self._verify()

    def _mentioned(self, texts: Iterable[str]) -> list[Span]:
        found: set[Span] = set()
        for text in texts:
            spans = list(_spans(text))
            if len(spans) == 2 and re.fullmatch(r"\s*[\d.]+\s*-\s*[\d.]+\s*", text):
                self._ranges.add((spans[0][0], spans[1][0]))
            found.update(span for span in spans if not is_special(span[0]))
        return sorted(found, key=lambda span: (span[0], -span[1]))

    # -- placing --------------------------------------------------------------------------------------

    def _place(self, spans: list[Span], pool: tuple[str, ...], private: bool) -> None:
        roots: list[_Net] = []
        stack: list[_Net] = []
        for span in spans:
            net = _Net(*span, rigid=span in self._rigid)
            self._nets[span] = net
            while stack and stack[-1].last < net.first:
                stack.pop()
            (stack[-1].children if stack else roots).append(net)
            stack.append(net)
        keeps = KEEPS_SIZE_PRIVATE if private else KEEPS_SIZE_PUBLIC
        for root in roots:
            _measure(root, keeps)
        cursor = _Cursor(pool, self._spans)
        for root in roots:
            _settle(root, cursor.take(root.size))

    def _verify(self) -> None:
        """Containment, order within ranges, and private or public, are as before."""
        for span, net in self._nets.items():
            if is_private(span[0]) is not is_private(net.new):
                raise CaseError(f"{dotted(span[0])} cannot be replaced: there is no room for its like")
        singles = [net for net in self._nets.values() if net.single]
        nets = [net for net in self._nets.values() if not net.single]
        for net in nets:
            for one in singles:
                before = net.first <= one.first <= net.last
                if before != (net.new <= one.new < net.new + net.size):
                    raise CaseError(
                        f"{dotted(net.first)} and {dotted(one.first)} cannot be replaced consistently"
                    )
        for low, high in self._ranges:
            for one in singles:
                before = low <= one.first <= high
                if before != (self.map(low) <= one.new <= self.map(high)):
                    raise CaseError(f"the range {dotted(low)}-{dotted(high)} cannot be replaced consistently")

    # -- using ----------------------------------------------------------------------------------------

    def map(self, value: int) -> int:
        """The new address of a mentioned one. Raises KeyError for another."""
        return value if is_special(value) else self._nets[value, value].new

    def map_text(self, text: str) -> str:
        """The text with every mentioned address and network replaced; others stay."""

        def put(match: re.Match[str]) -> str:
            span = _span(match)
            if span is None or is_special(span[0]):
                return match[0]
            net = self._nets.get(span)
            if net is None:
                return match[0]
            if match[2] is None:
                return dotted(net.new)
            return f"{dotted(net.new)}/{32 - (net.size - 1).bit_length()}"

        return MENTION.sub(put, text)

    def originals(self) -> list[str]:
        """Every replaced address and network address, dotted."""
        return [dotted(first) for first, _ in self._spans]


def _spans(text: str) -> Iterator[Span]:
    for match in MENTION.finditer(text):
        span = _span(match)
        if span is not None:
            yield span


def _span(match: re.Match[str]) -> Span | None:
    """First and last address of a mention; None when it is no address, or everything."""
    try:
        first = number_of(match[1])
        length = 32 if match[2] is None else int(match[2])
    except ValueError:
        return None
    if not 0 < length <= 32 or first & ((1 << (32 - length)) - 1):
        return None
    return first, first + (1 << (32 - length)) - 1


def _measure(net: _Net, keeps: int) -> None:
    """New sizes, from the leaves up: powers of two."""
    for child in net.children:
        _measure(child, keeps)
    own = net.last - net.first + 1
    length = 32 - (own - 1).bit_length()
    if net.single or length >= keeps or net.rigid:
        net.size = own
        return
    end = 1
    for child in net.children:
        end = -(-end // child.size) * child.size + child.size
    net.size = max(LEAST_SHRUNK, 1 << end.bit_length())


def _settle(net: _Net, new: int) -> None:
    """Give a network and everything in it new places, in order."""
    net.new = new
    if not net.children:
        return
    cursor = new if net.children[0].first == net.first else new + 1
    for child in net.children:
        if net.rigid:
            place = new + child.first - net.first
        elif child.single and child.first == net.last:
            place = new + net.size - 1
        else:
            place = -(-cursor // child.size) * child.size
        _settle(child, place)
        cursor = place + child.size


class _Cursor:
    """Hands out aligned blocks of a pool in ascending order, around the old addresses."""

    def __init__(self, pool: tuple[str, ...], old: list[Span]) -> None:
        networks = [ipaddress.IPv4Network(text) for text in pool]
        self._segments = [(int(n.network_address), int(n.broadcast_address)) for n in networks]
        self._old = old
        self._at = self._segments[0][0]

    def take(self, size: int) -> int:
        """The first address of a free block. Raises CaseError when the pool is used up."""
        while self._segments:
            low, high = self._segments[0]
            self._at = max(self._at, low)
            while True:
                start = -(-max(self._at, low + 1 if size == 1 else low) // size) * size
                if start + size - 1 > high:
                    break
                if size == 1 and start & 255 in (0, 255):
                    self._at = start + 1
                    continue
                clash = max(
                    (last for first, last in self._old if first < start + size and last >= start),
                    default=None,
                )
                if clash is None:
                    self._at = start + size
                    return start
                self._at = clash + 1
            self._segments.pop(0)
            if self._segments:
                self._at = self._segments[0][0]
        raise CaseError("there are more networks than can be replaced: leave --anonymise out")
