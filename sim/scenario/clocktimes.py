"""Times of the week: `8:00`, `Mon-Fri`.

Rules of this file: texts to seconds since midnight and to days (0 is Monday), and nothing else. Whose clock
it is, is said where they are used.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from cxsim.sim.scenario.places import shown
from cxsim.sim.scenario.problems import advice, mistake

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAILY = "daily"
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)\Z")


def _clock(value: Any) -> float:
    if isinstance(value, float) and value.is_integer() and 0 <= value <= 86400:
        return value  # made in code
    match = _CLOCK.match(value) if isinstance(value, str) else None
    if match is None:
        raise mistake(f"{shown(value)} is no time of day", 'write "8:00", from "0:00" to "24:00"')
    hours, minutes = int(match[1]), int(match[2])
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise mistake(f"{shown(value)} is no time of day", 'from "0:00" to "24:00"')
    return hours * 3600.0 + minutes * 60.0


def _days(value: Any) -> frozenset[int]:
    if isinstance(value, frozenset):
        return value
    if not isinstance(value, str):
        raise mistake(f"{shown(value)} is no days", "write Mon-Fri, or Sat, Sun, or daily")
    if value.strip() == DAILY:
        return frozenset(range(7))
    found: set[int] = set()
    for part in value.split(","):
        first, _, last = (name.strip() for name in part.partition("-"))
        ends = [_day(name, value) for name in (first, last or first)]
        count = (ends[1] - ends[0]) % 7 + 1
        found.update((ends[0] + n) % 7 for n in range(count))
    return frozenset(found)


def _day(name: str, text: str) -> int:
    if name not in DAY_NAMES:
        raise mistake(f"{shown(text)} is no days", advice(name, [*DAY_NAMES, DAILY], "days"))
    return DAY_NAMES.index(name)


ClockTime = Annotated[
    float,
    BeforeValidator(_clock),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{1,2}:\d\d$",
            "examples": ["8:00"],
            "x-type": "a time of day",
        }
    ),
]
"""Seconds since midnight."""
Days = Annotated[
    frozenset[int],
    BeforeValidator(_days),
    WithJsonSchema({"type": "string", "examples": ["Mon-Fri"], "x-type": "days"}),
]
"""Days of the week, 0 is Monday."""
