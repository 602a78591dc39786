"""A value of an answer as people read it, and the unit that fits an axis or a column.

Rules of this file: one table of units; sizes in binary units, rates in decimal bits, as they are typed
(sim/scenario/quantities.py). Rounding never claims what is not so: a share below 1 is not shown as 100 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from cxsim.sim.plan.answers.model import Kind, Tone, Value

UNKNOWN, NEVER = "unknown", "never"
SIGNS: dict[Tone, str] = {"good": "\u2713", "fair": "!", "bad": "\u2717", "plain": "\u2022"}
"""What a tone is told by where colour is not seen."""
PLAIN_SIGNS: dict[Tone, str] = {"good": "+", "fair": "!", "bad": "x", "plain": "-"}
"""The same for a terminal without these characters."""


@dataclass(frozen=True)
class Unit:
    """`value / size` is in this unit."""

    name: str
    size: float


UNITS: dict[Kind, tuple[Unit, ...]] = {
    "bytes": tuple(
        Unit(name, 2.0**power) for name, power in (("MiB", 20), ("GiB", 30), ("TiB", 40), ("PiB", 50))
    ),
    "bps": tuple(Unit(name, 10.0**power) for name, power in (("kbit/s", 3), ("Mbit/s", 6), ("Gbit/s", 9))),
    "seconds": (Unit("s", 1.0), Unit("min", 60.0), Unit("h", 3600.0), Unit("d", 86400.0)),
    "share": (Unit("%", 0.01),),
}
_ENOUGH: dict[Kind, float] = {"bytes": 5.0, "bps": 5.0, "seconds": 2.0, "share": 0.0}
"""An axis takes the largest unit of which its greatest value holds this many."""


def unit_of(kind: Kind, values: Iterable[object]) -> Unit:
    """The one unit for all values of an axis; nameless where the kind has none."""
    units = UNITS.get(kind)
    if units is None:
        return Unit("", 1.0)
    numbers = (abs(float(value)) for value in values if isinstance(value, int | float))
    most = max((number for number in numbers if math.isfinite(number)), default=0.0)
    fitting = [unit for unit in units if most >= _ENOUGH[kind] * unit.size]
    return fitting[-1] if fitting else units[0]


def shown(value: Value, kind: Kind = "text") -> str:
    """`1.34 TiB`, `2 h 05 min`, `99.98 %`, `Mon 2017-11-06 09:00`."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%a %Y-%m-%d %H:%M}"
    if isinstance(value, str):
        return value
    number = float(value)
    if math.isnan(number):
        return UNKNOWN
    if math.isinf(number):
        return NEVER if kind in ("seconds", "instant") else "unlimited"
    if kind == "seconds":
        return _duration(number)
    if kind == "share":
        return _share(number)
    if kind == "count":
        return f"{number:,.0f}"
    if kind == "money":
        return f"{number:,.0f}" if number == round(number) else f"{number:,.2f}"
    if kind in UNITS:
        return _with_unit(number, UNITS[kind])
    return _number(number)


def _number(number: float) -> str:
    if number == round(number) and abs(number) < 1e15:
        return f"{number:,.0f}"
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"


def _with_unit(number: float, units: tuple[Unit, ...]) -> str:
    fitting = [unit for unit in units if abs(number) >= unit.size]
    unit = fitting[-1] if fitting else units[0]
    amount = number / unit.size
    digits = 0 if abs(amount) >= 100 or amount == round(amount) else 1 if abs(amount) >= 10 else 2
    return f"{amount:,.{digits}f} {unit.name}"


def _share(share: float) -> str:
    for digits in (1, 2, 3):
        text = f"{100 * share:.{digits}f}"
        if float(text) not in (0.0, 100.0) or share in (0.0, 1.0):
            return f"{text.rstrip('0').rstrip('.') if share in (0.0, 1.0) else text} %"
    return "<100 %" if share > 0.5 else ">0 %"


def _duration(seconds: float) -> str:
    sign, left = ("-", -seconds) if seconds < 0 else ("", seconds)
    if left < 60:
        return f"{sign}{left:.0f} s" if left >= 10 else f"{sign}{left:.1f}".removesuffix(".0") + " s"
    minutes = round(left / 60)
    if minutes < 60:
        rest = round(left) % 60
        return (
            f"{sign}{round(left) // 60} min {rest:02d} s" if left < 600 and rest else f"{sign}{minutes} min"
        )
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{sign}{hours} h {minutes:02d} min" if minutes else f"{sign}{hours} h"
    days, hours = divmod(round(left / 3600), 24)
    return f"{sign}{days} d {hours} h" if hours else f"{sign}{days} d"


def plain(value: object) -> object:
    """For CSV and JSON: dates as ISO 8601, what is not finite as None."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
