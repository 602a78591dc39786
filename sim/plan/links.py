"""Links as they are quoted: `100/20 Mbit/s`, `200 Mbit/s up, 50 Mbit/s 8:00-18:00 Mon-Fri, 30 % shared`.

Rules of this file: terms between commas, in any order, each with its unit; what replication can use is the
upload, of a committed rate what is committed (a burst is nobody's promise), less what other traffic takes, in
office hours no more than their limit. Two figures with a slash are download and upload, as access links are
sold. Nothing is guessed: a term that is not understood is refused. Rates are bits a second, payload and
headers together; efficiency and loss are the data plane's (sim/replication), `measured` replaces them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cxsim.sim.scenario.quantities import BANDWIDTH, FRACTION, QuantityError, parse, render

DAY_S, WEEK_S = 86400, 7 * 86400
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE_HOURS = "8:00-18:00 Mon-Fri"
"""What `office hours` means where no hours are given."""
EXAMPLE = '"200 Mbit/s up", "100/20 Mbit/s", "100 Mbit/s commit, 200 Mbit/s burst"'


class LinkError(ValueError):
    """A text that is no link: what is wrong and what would be right."""

    def __init__(self, what: str, right: str) -> None:
        super().__init__(f"{what}: {right}")
        self.what, self.right = what, right


@dataclass(frozen=True)
class HourLimit:
    """A lower rate at some hours of some days. Seconds of the day; `until_s` may be before `from_s`, over
    midnight; days from 0, Monday, are those on which it begins."""

    limit_bps: float
    from_s: int
    until_s: int
    days: tuple[int, ...]

    def spans(self) -> list[tuple[int, int]]:
        """(from, until) in seconds of the week, Monday 0:00 being 0; cut at the week's end."""
        found = []
        length = (self.until_s - self.from_s) % DAY_S or DAY_S
        for day in self.days:
            start = day * DAY_S + self.from_s
            end = start + length
            found.append((start, min(end, WEEK_S)))
            if end > WEEK_S:
                found.append((0, end - WEEK_S))
        return found


@dataclass(frozen=True)
class Link:
    """A link as quoted. `up_bps`: what may be sent at most, a burst included."""

    text: str
    up_bps: float
    down_bps: float | None = None
    commit_bps: float | None = None
    hours: tuple[HourLimit, ...] = ()
    other_bps: float = 0.0
    """Taken by other traffic."""
    other_share: float = 0.0
    """The same as a share of what there is, 0..1."""
    assumed: tuple[str, ...] = field(default=(), compare=False)
    """What was taken for granted in reading it."""

    @property
    def planned_bps(self) -> float:
        """What replication may count on outside limited hours."""
        return self._usable(self.up_bps if self.commit_bps is None else self.commit_bps)

    @property
    def best_bps(self) -> float:
        """The same with the whole burst."""
        return self._usable(self.up_bps)

    def _usable(self, rate_bps: float) -> float:
        return max(0.0, rate_bps * (1.0 - self.other_share) - self.other_bps)

    def at(self, week_s: float) -> float:
        """bit/s to count on at an instant of the week (seconds since Monday 0:00, of the site's time)."""
        committed = self.up_bps if self.commit_bps is None else self.commit_bps
        limits = [
            limit.limit_bps
            for limit in self.hours
            if any(start <= week_s % WEEK_S < end for start, end in limit.spans())
        ]
        return self._usable(min([committed, *limits]))

    def changes(self, start_week_s: float, duration_s: float) -> tuple[tuple[float, float], ...]:
        """(seconds since the start, bit/s) at 0 and at every change after it, for the data plane. The run
        starts `start_week_s` seconds after Monday 0:00."""
        edges = sorted({edge % WEEK_S for limit in self.hours for span in limit.spans() for edge in span})
        found = [(0.0, self.at(start_week_s))]
        week = start_week_s // WEEK_S * WEEK_S
        while edges and week - start_week_s < duration_s:
            for edge in edges:
                at_s = week + edge - start_week_s
                rate_bps = self.at(edge)
                if 0 < at_s < duration_s and rate_bps != found[-1][1]:
                    found.append((at_s, rate_bps))
            week += WEEK_S
        return tuple(found)

    def scaled_to(self, up_bps: float) -> Link:
        """A link of another size sold the same way: commit, hours and shared rates in proportion. Raises
        ValueError for a rate of 0 or less, of either."""
        if not (up_bps > 0 and self.up_bps > 0):
            raise ValueError(f"up_bps = {up_bps!r}: must be above 0")
        factor = up_bps / self.up_bps
        return replace(
            self,
            text=render(round(up_bps), BANDWIDTH),
            up_bps=up_bps,
            down_bps=None if self.down_bps is None else self.down_bps * factor,
            commit_bps=None if self.commit_bps is None else self.commit_bps * factor,
            hours=tuple(replace(limit, limit_bps=limit.limit_bps * factor) for limit in self.hours),
            other_bps=self.other_bps * factor,
        )


@dataclass
class _Terms:
    """What has been said so far: one value a kind."""

    said: dict[str, float] = field(default_factory=dict)
    hours: list[HourLimit] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)

    def put(self, kind: str, value: float, term: str) -> None:
        if kind in self.said:
            raise LinkError(f"{term!r} says again what was said", f"one {kind} a link")
        self.said[kind] = value


def parse_rate(text: str) -> float:
    """`61 Mbit/s`, also for --measured: bits a second. Raises LinkError."""
    try:
        rate_bps = float(parse(text.strip(), BANDWIDTH))
    except QuantityError as error:
        raise LinkError(error.wrong, error.right) from None
    if rate_bps <= 0:
        raise LinkError(f"{text.strip()!r} carries nothing", 'write "61 Mbit/s"')
    return rate_bps


_HOURS = r"(\d{1,2})[:.]?(\d{2})?\s*(?:h)?\s*-\s*(\d{1,2})[:.]?(\d{2})?\s*(?:h)?"
_DAYS = r"(?:[A-Za-z]{3}(?:\s*-\s*[A-Za-z]{3})?)(?:\s+[A-Za-z]{3}(?:\s*-\s*[A-Za-z]{3})?)*"


def _slash(terms: _Terms, match: re.Match[str], term: str) -> None:
    terms.put("download", parse_rate(f"{match[1]} {match[3]}"), term)
    terms.put("upload", parse_rate(f"{match[2]} {match[3]}"), term)
    terms.assumed.append(f"{match[1]}/{match[2]} is download/upload")


def _kind(kind: str) -> Callable[[_Terms, re.Match[str], str], None]:
    def put(terms: _Terms, match: re.Match[str], term: str) -> None:
        terms.put(kind, parse_rate(match[1]), term)

    return put


def _limited(terms: _Terms, match: re.Match[str], term: str) -> None:
    found = re.search(rf"{_HOURS}\s*({_DAYS})?\s*$", match[2])
    hours = found
    if found is None:
        hours = re.fullmatch(rf"{_HOURS}\s*({_DAYS})?", OFFICE_HOURS)
        terms.assumed.append(f"office hours are {OFFICE_HOURS}")
    assert hours is not None
    start, end = (_second_of_day(hours[n], hours[n + 1], term) for n in (1, 3))
    terms.hours.append(HourLimit(parse_rate(match[1]), start, end % DAY_S, _days(hours[5], term)))


def _second_of_day(hour: str, minute: str | None, term: str) -> int:
    if int(hour) > 24 or int(minute or 0) > 59 or (int(hour) == 24 and int(minute or 0)):
        raise LinkError(f"{term!r} has no such hour", f"write {OFFICE_HOURS!r}")
    return int(hour) * 3600 + int(minute or 0) * 60


def _days(text: str | None, term: str) -> tuple[int, ...]:
    if not text:
        return tuple(range(7))
    found: set[int] = set()
    for first, last in re.findall(r"([A-Za-z]{3})(?:\s*-\s*([A-Za-z]{3}))?", text):
        names = (first.lower(), (last or first).lower())
        if any(name not in DAYS for name in names):
            raise LinkError(f"{term!r} has no such day", "write Mon, Tue, Wed, Thu, Fri, Sat, Sun or Mon-Fri")
        start, end = (DAYS.index(name) for name in names)
        found.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return tuple(sorted(found))


def _shared(terms: _Terms, match: re.Match[str], term: str) -> None:
    if "%" in match[1]:
        try:
            share = float(parse(match[1], FRACTION))
        except QuantityError as error:
            raise LinkError(error.wrong, error.right) from None
        terms.put("share of other traffic", share, term)
    else:
        terms.put("rate of other traffic", parse_rate(match[1]), term)


_RATE = r"([+-]?[\d.]+\s*[A-Za-z/]*)"
_TERMS: tuple[tuple[str, Callable[[_Terms, re.Match[str], str], None]], ...] = (
    (r"([\d.]+)\s*/\s*([\d.]+)\s*([A-Za-z]+/s)", _slash),
    (rf"{_RATE}\s+(?:up|upload|upstream)", _kind("upload")),
    (rf"{_RATE}\s+(?:down|download|downstream)", _kind("download")),
    (rf"{_RATE}\s+(?:commit|committed|guaranteed|cir)", _kind("commit")),
    (rf"{_RATE}\s+(?:burst|peak)", _kind("burst")),
    (rf"([\d.]+\s*%|{_RATE})\s+(?:is\s+)?(?:shared|other traffic|for others|in use)", _shared),
    (rf"{_RATE}\s+((?:in\s+)?(?:at\s+)?(?:office hours\s*)?(?:{_HOURS}\s*(?:{_DAYS})?)?)", _limited),
    (_RATE, _kind("upload")),
)
"""What a term may be, tried in order. The bare rate comes last."""


def parse_link(text: str) -> Link:
    """A link out of a quote or a --link option. Raises LinkError."""
    terms = _Terms()
    given = [term.strip() for term in re.split(r"[,;]", text) if term.strip()]
    if not given:
        raise LinkError(f"{text!r} is no link", f"write {EXAMPLE}")
    for term in given:
        for pattern, take in _TERMS:
            if match := re.fullmatch(pattern, term, re.IGNORECASE):
                take(terms, match, term)
                break
        else:
            right = f'write {EXAMPLE}, "50 Mbit/s {OFFICE_HOURS}", "30 % shared"'
            raise LinkError(f"{term!r} says nothing of a link", right)
    return _link(text.strip(), terms)


def _link(text: str, terms: _Terms) -> Link:
    said = terms.said
    up_bps = said.get("upload", said.get("burst", said.get("commit")))
    if up_bps is None:
        down = "the download alone is said" if "download" in said else "no rate is said"
        raise LinkError(f"{text!r}: {down}", 'replication sends: add the upload, "200 Mbit/s up"')
    commit_bps, burst_bps = said.get("commit"), said.get("burst")
    if burst_bps is not None and commit_bps is None:
        if "upload" not in said:
            raise LinkError(f"{text!r}: only a burst is said", 'add what is committed: "100 Mbit/s commit"')
        commit_bps = said["upload"]
    most_bps = max(up_bps, burst_bps or 0.0)
    if commit_bps is not None and commit_bps > most_bps:
        raise LinkError(f"{text!r}: more is committed than the link carries", "check which is which")
    for limit in terms.hours:
        if limit.limit_bps > most_bps:
            raise LinkError(f"{text!r}: more in limited hours than outside them", "check which is which")
    assumed = list(terms.assumed)
    if "upload" in said and "download" not in said and " up" not in f" {text.lower()}":
        assumed.append("one figure alone is the upload")
    link = Link(
        text,
        most_bps,
        said.get("download"),
        commit_bps,
        tuple(terms.hours),
        said.get("rate of other traffic", 0.0),
        said.get("share of other traffic", 0.0),
        tuple(assumed),
    )
    if link.planned_bps <= 0:
        raise LinkError(f"{text!r}: other traffic takes all of it", "nothing is left for replication")
    return link
