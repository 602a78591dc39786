"""Quantities with their units: `15 min`, `100 Mbit/s`, `40 GiB`, `0.5 MB/s`, `99 %`.

Rules of this file: one table of dimensions; a number without its unit is never accepted, nor a unit that
has two meanings. MB is 10^6, MiB 2^20 bytes; a bandwidth is in bits, a rate of change in bytes. Values are
kept in the dimension's base unit: seconds, bits/s, bytes, bytes/s, fraction (1 = 100 %), MHz. Arithmetic is
exact (fractions) until the last step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction as Exact
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from cxsim.sim.scenario.places import shown
from cxsim.sim.scenario.problems import mistake

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_PART = re.compile(rf"\s*({_NUMBER})\s*([^\d\s+.-][^\s]*)\s*")
MOST_CHARACTERS = 60
MOST_DIGITS = 6
"""Characters of a number that people still read at a glance."""


class QuantityError(ValueError):
    """A text that is not a quantity of its dimension: what is wrong and what would be right."""

    def __init__(self, wrong: str, right: str) -> None:
        super().__init__(f"{wrong}: {right}")
        self.wrong, self.right = wrong, right


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: its units (the base unit has factor 1), how people slip, an example, a limit."""

    what: str
    units: Mapping[str, Exact]
    example: str
    most: Exact
    slips: Mapping[str, str] = field(default_factory=dict)
    """What people write (lower case) instead of a unit, and the unit they mean."""
    whole: bool = False
    """Only whole multiples of the base unit exist."""
    compound: bool = False
    """`1 h 30 min` is allowed."""

    @property
    def usual(self) -> list[str]:
        """The units to offer: a rate of change per second."""
        return [unit for unit in self.units if not unit.endswith(("/h", "/d"))]

    @property
    def pattern(self) -> str:
        """A regular expression for editors (JSON Schema)."""
        units = "|".join(re.escape(u) for u in self.units)
        part = rf"\d+(\.\d+)?\s*({units})"
        return rf"^{part}(\s+{part})*$" if self.compound else rf"^{part}$"


def _units(**factors: str) -> dict[str, Exact]:
    return {name: Exact(factor) for name, factor in factors.items()}


_DECIMAL = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50}
_BYTES = {f"{p}B": Exact(10) ** e for p, e in _DECIMAL.items()} | {
    f"{p}B": Exact(2**e) for p, e in _BINARY.items()
}
_BITS_PER_S = {f"{p}bit/s": Exact(10) ** e for p, e in _DECIMAL.items() if p != "P"}
_PER = {"s": 1, "h": 3600, "d": 86400}
_BYTES_PER_S = {
    f"{unit}/{per}": factor / seconds
    for per, seconds in _PER.items()
    for unit, factor in _BYTES.items()
    if unit not in ("PB", "PiB")
}
_BIT_SLIPS = {
    f"{p.lower()}{word}": f"{p}bit/s"
    for p in ("", "k", "M", "G", "T")
    for word in ("bps", "b/s", "bit", "bits", "bits/s", "bit/sec", "bits/sec", "b/sec", "bitps")
}
_BYTE_SLIPS = {f"{p.lower()}": f"{p}B" for p in ("k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti")} | {
    f"{p.lower()}bytes": f"{p}B" for p in _DECIMAL
}
_BYTE_RATE_SLIPS = {
    f"{p.lower()}{w}": f"{p}B/s" for p in _DECIMAL for w in ("bps", "b/sec", "bytes/s", "b")
} | {
    f"{p.lower()}b/{w}": f"{p}B/{u}" for p in _DECIMAL for w, u in (("day", "d"), ("hour", "h"), ("hr", "h"))
}
_TIME_SLIPS = {
    word: unit
    for unit, words in {
        "ms": "msec msecs millisecond milliseconds",
        "s": "sec secs second seconds",
        "min": "m mins minute minutes",
        "h": "hr hrs hour hours",
        "d": "day days",
    }.items()
    for word in words.split()
}

DURATION = Dimension(
    "a duration",
    _units(us="0.000001", ms="0.001", s="1", min="60", h="3600", d="86400"),
    "15 min",
    Exact(3650 * 86400),
    _TIME_SLIPS,
    compound=True,
)
BANDWIDTH = Dimension("a bandwidth", _BITS_PER_S, "100 Mbit/s", Exact(10) ** 15, _BIT_SLIPS)
SIZE = Dimension("a size", _BYTES, "40 GiB", Exact(2) ** 60, _BYTE_SLIPS, whole=True)
BYTE_RATE = Dimension("a rate of change", _BYTES_PER_S, "0.5 MB/s", Exact(10) ** 15, _BYTE_RATE_SLIPS)
FRACTION = Dimension("a percentage", {"%": Exact(1, 100)}, "99 %", Exact(1), {"percent": "%", "pct": "%"})
FREQUENCY = Dimension("a clock rate", _units(MHz="1", GHz="1000"), "2000 MHz", Exact(10) ** 9, whole=True)

DIMENSIONS = (DURATION, BANDWIDTH, SIZE, BYTE_RATE, FRACTION, FREQUENCY)


def parse(text: Any, dimension: Dimension, signed: bool = False) -> Exact:
    """The value of a text in the base unit of its dimension. Raises QuantityError."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise QuantityError(f"{shown(text)} is not {dimension.what}", f'write "{dimension.example}"')
    if isinstance(text, int | float):
        number = str(text) if len(str(text)) < 20 else dimension.example.split()[0]
        raise QuantityError(f"{number} has no unit", _with_unit(number, dimension))
    value = _sum(text, dimension)
    if value < 0 and not signed:
        raise QuantityError(f"{shown(text)} is negative", f'write "{text.strip().lstrip("-")}"')
    if abs(value) > dimension.most:
        raise QuantityError(f"{shown(text)} is too much", f"at most {render(dimension.most, dimension)}")
    if dimension.whole and value.denominator != 1:
        base = next(u for u, factor in dimension.units.items() if factor == 1)
        raise QuantityError(f"{shown(text)} is not a whole number of {base}", f'write "{dimension.example}"')
    return value


def _sum(text: str, dimension: Dimension) -> Exact:
    parts: list[tuple[str, str]] = []
    at = 0
    while at < len(text) and len(text) <= MOST_CHARACTERS:
        match = _PART.match(text, at)
        if match is None:
            break
        parts.append((match[1], match[2]))
        at = match.end()
    if not parts or at < len(text) or (len(parts) > 1 and not dimension.compound):
        raise QuantityError(f"{shown(text)} is not {dimension.what}", _example_for(text, dimension))
    for number, unit in parts:
        if unit not in dimension.units:
            raise QuantityError(
                f"{shown(text)} is not {dimension.what}", _right_unit(number, unit, dimension)
            )
    signs = {number[0] for number, _ in parts[1:]}
    if signs & {"+", "-"}:
        raise QuantityError(f"{shown(text)} is not {dimension.what}", f'write "{dimension.example}"')
    total = sum((abs(Exact(number)) * dimension.units[unit] for number, unit in parts), Exact(0))
    return -total if parts[0][0].startswith("-") else total


def _example_for(text: str, dimension: Dimension) -> str:
    bare = re.fullmatch(rf"\s*({_NUMBER})\s*", text)
    return _with_unit(bare[1], dimension) if bare and len(text) < 20 else f'write "{dimension.example}"'


def _with_unit(number: str, dimension: Dimension) -> str:
    unit = dimension.example.split()[1]
    others = f" (units: {', '.join(dimension.usual)})" if len(dimension.usual) > 1 else ""
    return f'write "{number.lstrip("+-")} {unit}"{others}'


def _right_unit(number: str, unit: str, dimension: Dimension) -> str:
    """What to write instead: the unit that was meant, the same amount in this dimension, or an example."""
    if dimension is BANDWIDTH and unit in _BYTES_PER_S:
        same = render(Exact(number) * _BYTES_PER_S[unit] * 8, BANDWIDTH)
        return f'write "{same}" (a bandwidth is in bits)'
    if dimension is BYTE_RATE and unit in _BITS_PER_S:
        same = render(Exact(number) * _BITS_PER_S[unit] / 8, BYTE_RATE)
        return f'write "{same}" (a rate of change is in bytes)'
    folded = {u.lower(): u for u in reversed(list(dimension.units))} | dict(dimension.slips)
    meant = folded.get(unit.lower())
    if meant is not None:
        return f'write "{number} {meant}"'
    return f'write "{dimension.example}" (units: {", ".join(dimension.usual)})'


def render(value: Exact | float | int, dimension: Dimension) -> str:
    """A value in the largest unit that writes it exactly in few digits; `parse` reads it back unchanged. A
    float is taken as the shortest decimal that means it."""
    exact = Exact(repr(value)) if isinstance(value, float) else Exact(value)
    for unit in sorted(dimension.usual, key=lambda unit: dimension.units[unit], reverse=True):
        amount = exact / dimension.units[unit]
        if abs(amount) >= 1 and len(text := _decimal(amount)) <= MOST_DIGITS and Exact(text) == amount:
            return f"{text} {unit}"
    base = "%" if dimension is FRACTION else next(u for u, factor in dimension.units.items() if factor == 1)
    return f"{_decimal(exact / dimension.units[base])} {base}"


def _decimal(number: Exact) -> str:
    """A number without an exponent. Exact when it has a finite decimal form."""
    text = format(Decimal(number.numerator) / Decimal(number.denominator), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _checked(dimension: Dimension, signed: bool, whole: bool) -> BeforeValidator:
    def validate(raw: Any) -> float | int:
        try:
            value = parse(raw, dimension, signed)
        except QuantityError as error:
            raise mistake(error.wrong, error.right) from None
        return int(value) if whole else float(value)

    return BeforeValidator(validate)


def _schema(dimension: Dimension) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": dimension.pattern,
            "examples": [dimension.example],
            "x-type": dimension.what,
        }
    )


Duration = Annotated[float, _checked(DURATION, False, False), _schema(DURATION)]
"""Seconds."""
SignedDuration = Annotated[
    float,
    _checked(DURATION, True, False),
    WithJsonSchema({"type": "string", "examples": ["-5 min"], "x-type": "a duration, may be negative"}),
]
"""Seconds, may be negative."""
Bandwidth = Annotated[float, _checked(BANDWIDTH, False, False), _schema(BANDWIDTH)]
"""Bits per second."""
Size = Annotated[int, _checked(SIZE, False, True), _schema(SIZE)]
"""Bytes."""
ByteRate = Annotated[float, _checked(BYTE_RATE, False, False), _schema(BYTE_RATE)]
"""Bytes per second."""
Fraction = Annotated[float, _checked(FRACTION, False, False), _schema(FRACTION)]
"""0..1; written in per cent."""
Frequency = Annotated[int, _checked(FREQUENCY, False, True), _schema(FREQUENCY)]
"""MHz."""
