"""Cutover windows and blackouts: `Sat 22:00-06:00`, `Fri 20:00-Mon 6:00`, `2017-12-23-2018-01-02`.

Rules of this file: times are the site's local time as given. A weekly period begins on its days and may run
over midnight; a dated one is once, whole days unless hours are said, its last day included. Periods that
meet or overlap are one. Nothing is guessed: what is not understood is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cxsim.sim.plan.links import DAY_S, DAYS

WEEK = timedelta(days=7)
EXAMPLE = '"Sat 22:00-06:00", "Mon-Thu 20:00-23:00", "Fri 20:00-Mon 6:00", "2017-12-23 - 2018-01-02"'


class WindowError(ValueError):
    """A text that is no period: what is wrong and what would be right."""


@dataclass(frozen=True)
class Period:
    """From an instant to another."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class Window:
    """Weekly: `days` (0 is Monday) on which it begins, seconds of the day, and a length; or once."""

    text: str
    days: tuple[int, ...] = ()
    from_s: int = 0
    length_s: int = 0
    once: Period | None = None

    def periods(self, start: datetime, until: datetime) -> Iterator[Period]:
        """Those that have not ended at `start` and begin before `until`, in order."""
        if self.once is not None:
            if self.once.end > start and self.once.start < until:
                yield self.once
            return
        day = datetime.combine(start.date(), time()) - timedelta(seconds=self.length_s) - timedelta(days=1)
        day = datetime.combine(day.date(), time())
        while day < until:
            if day.weekday() in self.days:
                begin = day + timedelta(seconds=self.from_s)
                period = Period(begin, begin + timedelta(seconds=self.length_s))
                if period.end > start and period.start < until:
                    yield period
            day += timedelta(days=1)


_CLOCK = r"(\d{1,2})(?:[:.](\d{2}))?"
_DATE = r"(\d{4}-\d{2}-\d{2})"
_WEEKLY = re.compile(rf"((?:[a-z]{{3}}[\s,]*-?[\s]*)*){_CLOCK}\s*-\s*([a-z]{{3}})?\s*{_CLOCK}", re.IGNORECASE)
_DATED = re.compile(rf"{_DATE}(?:\s+{_CLOCK})?(?:\s*(?:-|to)\s*{_DATE}(?:\s+{_CLOCK})?)?", re.IGNORECASE)


def parse_window(text: str) -> Window:
    """A window or blackout. Raises WindowError."""
    said = text.strip()
    if match := _DATED.fullmatch(said):
        return _dated(said, match)
    if match := _WEEKLY.fullmatch(said):
        return _weekly(said, match)
    raise WindowError(f"{text!r} is no time of the week or date: write {EXAMPLE}")


def _dated(text: str, match: re.Match[str]) -> Window:
    try:
        first = date.fromisoformat(match[1])
        last = date.fromisoformat(match[4] or match[1])
    except ValueError as error:
        raise WindowError(f"{text!r}: {error}: write {EXAMPLE}") from None
    start = datetime.combine(first, time()) + timedelta(seconds=_seconds(text, match[2], match[3], 0))
    if match[5] is None:
        end = datetime.combine(last, time()) + timedelta(days=1)
    else:
        end = datetime.combine(last, time()) + timedelta(seconds=_seconds(text, match[5], match[6], 0))
    if end <= start:
        raise WindowError(f"{text!r} ends before it begins: write the earlier one first")
    return Window(text, once=Period(start, end))


def _weekly(text: str, match: re.Match[str]) -> Window:
    days = _days(text, match[1]) or tuple(range(7))
    from_s = _seconds(text, match[2], match[3], 0)
    until_s = _seconds(text, match[5], match[6], 0)
    if match[4] is None:
        return Window(text, days, from_s, (until_s - from_s) % DAY_S or DAY_S)
    if len(days) != 1 or not match[1].strip():
        raise WindowError(f'{text!r}: one day at each end: write "Fri 20:00-Mon 6:00"')
    last = _day(text, match[4])
    length_s = ((last - days[0]) % 7) * DAY_S + until_s - from_s
    if length_s <= 0:
        length_s += 7 * DAY_S
    return Window(text, days, from_s, length_s)


def _seconds(text: str, hour: str | None, minute: str | None, default: int) -> int:
    if hour is None:
        return default
    if int(hour) > 24 or int(minute or 0) > 59 or (int(hour) == 24 and int(minute or 0)):
        raise WindowError(f"{text!r} has no such hour: write {EXAMPLE}")
    return int(hour) * 3600 + int(minute or 0) * 60


def _day(text: str, name: str) -> int:
    if name.lower() not in DAYS:
        raise WindowError(f"{text!r}: {name!r} is no day: write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    return DAYS.index(name.lower())


def _days(text: str, said: str) -> tuple[int, ...]:
    found: set[int] = set()
    for first, last in re.findall(r"([a-z]{3})(?:\s*-\s*([a-z]{3}))?", said, re.IGNORECASE):
        start, end = _day(text, first), _day(text, last or first)
        found.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return tuple(sorted(found))


def together(periods: Iterable[Period]) -> list[Period]:
    """In order, those that meet or overlap as one."""
    found: list[Period] = []
    for one in sorted(periods, key=lambda one: (one.start, one.end)):
        if found and one.start <= found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def without(periods: Iterable[Period], blackouts: Sequence[Period]) -> list[Period]:
    """What is left of periods outside of blackouts, in order."""
    found = []
    for one in together(periods):
        start = one.start
        for dark in together(blackouts):
            if dark.end <= start or dark.start >= one.end:
                continue
            if dark.start > start:
                found.append(Period(start, dark.start))
            start = max(start, dark.end)
        if start < one.end:
            found.append(Period(start, one.end))
    return found


@dataclass(frozen=True)
class Calendar:
    """When VMs may be cut over (any time without windows), and when nothing may be started or cut over."""

    windows: tuple[Window, ...] = ()
    blackouts: tuple[Window, ...] = ()

    def dark(self, start: datetime, until: datetime) -> list[Period]:
        """The blackouts of that time."""
        return together(one for window in self.blackouts for one in window.periods(start, until))

    def cutovers(self, start: datetime, until: datetime) -> list[Period]:
        """When VMs may be cut over between two instants, in order: what is left of windows."""
        given = [one for window in self.windows for one in window.periods(start, until)]
        if not self.windows:
            given = [Period(start, until)]
        cut = [Period(max(one.start, start), min(one.end, until)) for one in given]
        return without([one for one in cut if one.start < one.end], self.dark(start, until))

    def may_start(self, at: datetime) -> datetime:
        """The first instant from `at` on that is in no blackout."""
        for _ in range(1000):
            dark = [one for one in self.dark(at, at + WEEK) if one.start <= at < one.end]
            if not dark:
                return at
            at = dark[0].end
        return at
