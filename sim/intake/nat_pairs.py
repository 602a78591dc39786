"""The two ends of a translation, as an export writes them, in the format's `address[:port]`.

Rules of this file: a translation that one rule of the format cannot say (a pool of addresses, ports shifted
as a range) is `unknown`; its scope stays exact. A port that is kept is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from cxsim.sim.intake.reading import Reading
from cxsim.sim.intake.records import Kind
from cxsim.sim.intake.values import ANY_PORT, Ends, ports, split
from cxsim.sim.scenario.places import Place

UNKNOWN = "unknown"


@dataclass(frozen=True)
class NatPair:
    """What the export says of one translation. None: the field is missing, which is any."""

    type: str
    original: str | None
    original_port: str | None
    translated: str | None
    translated_port: str | None
    subject: str
    place: Place


def written_pair(pair: NatPair, reading: Reading) -> tuple[str, str]:
    """`original` and `translated` of the format; mistakes and unknowns are told."""
    original = _end(pair, pair.original, "original", reading)
    translated = _end(pair, pair.translated, "translated", reading)
    before = reading.tried(pair.place, pair.subject, ANY_PORT, ports, pair.original_port)
    after = reading.tried(pair.place, pair.subject, ANY_PORT, ports, pair.translated_port)
    if len(before) > 1 or len(after) > 1:
        reading.problems.add(pair.place, pair.subject, "translates a list of ports", "one port or one range")
        return original, UNKNOWN
    if pair.type == "snat":
        before = after = ANY_PORT  # a source's port is the client's own; CX does not look at it
    where = f"{original}:{before[0]}" if before and original != "any" else original
    if before and original == "any":
        why = f"translates port {before[0]} of any address: the address stays unknown"
        group = reading.guard(pair.place, pair.subject, f"{pair.subject}, original address", why)
        where = f"{group}"
        return where, UNKNOWN
    return where, _after(pair, translated, before, after, original, reading)


def _end(pair: NatPair, written: str | None, what: str, reading: Reading) -> str:
    found: Ends = reading.ends(pair.place, pair.subject, split(written or "any"))
    if len(found.items) > 1:
        wrong = f"has a list as {what} address"
        reading.problems.add(pair.place, pair.subject, wrong, "one address, range or network")
    return found.items[0] if found.items else "any"


def _after(
    pair: NatPair,
    translated: str,
    before: tuple[str, ...],
    after: tuple[str, ...],
    original: str,
    reading: Reading,
) -> str:
    """The translated end, or unknown when the format cannot say it."""
    if translated == "any":
        return _not_said(pair, f"translates to {pair.translated or 'nothing'}", "give one address", reading)
    if "-" in translated or ("/" in translated and not _same_size(original, translated)):
        why = f"translates to one of {translated}"
        return _not_said(pair, why, "which one stays unknown; give one address", reading)
    if not after or (after == before and "-" in after[0]):
        return translated
    if "-" in after[0]:
        why = f"translates port {before[0] if before else 'any'} to {after[0]}"
        return _not_said(pair, why, "give a rule for each port", reading)
    if before and "-" in before[0]:
        reading.note(
            Kind.INFERRED, pair.place, f"{pair.subject}: every port of {before[0]} becomes {after[0]}"
        )
    return f"{translated}:{after[0]}"


def _not_said(pair: NatPair, why: str, right: str, reading: Reading) -> str:
    reading.note(Kind.UNKNOWN, pair.place, f"{pair.subject} {why}: {right}")
    return UNKNOWN


def _same_size(one: str, other: str) -> bool:
    return one.partition("/")[2] == other.partition("/")[2]
