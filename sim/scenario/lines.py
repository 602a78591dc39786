"""What a line carries at which time: hours, outages, the traffic of others; bursts above what is committed.

Rules of this file: models only. A term holds at times of the week (`days`, `from`, `until`, by the clock of
the site) or once (`at`, `for`, since the start of the scenario), and says one thing. What follows from
several terms at once is `sim/world/lines.py`'s business.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from cxsim.sim.scenario.clocktimes import ClockTime, Days
from cxsim.sim.scenario.model import Model, Name, YesNo
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import Bandwidth, Duration

WEEK_S = 7 * 86400.0
DAY_S = 86400.0


class OtherTraffic(Model):
    """What others send over the line. It is served first [I]: replication gets what it leaves."""

    up_bps: Bandwidth = Field(default=0.0, alias="up", description="to the internet", examples=["30 Mbit/s"])
    down_bps: Bandwidth = Field(
        default=0.0, alias="down", description="from the internet", examples=["30 Mbit/s"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.up_bps == self.down_bps == 0:
            raise mistake("takes nothing", "add up, down, or both")
        return self


class LineTerm(Model):
    """What is so at some times: another capacity, the traffic of others, or an outage."""

    name: Name = Field(description="what people call it", examples=["office hours"])
    days: Days | None = Field(
        default=None,
        description="days on which it begins, with from and until; default: daily",
        examples=["Mon-Fri"],
    )
    from_clock_s: ClockTime | None = Field(
        default=None, alias="from", description="time of day, by the site's clock", examples=["8:00"]
    )
    until_clock_s: ClockTime | None = Field(
        default=None,
        alias="until",
        description="time of day; not after from: on the next day",
        examples=["18:00"],
    )
    at_s: Duration | None = Field(
        default=None, alias="at", description="once, so long after the start", examples=["26 h"]
    )
    lasts_s: Duration | None = Field(
        default=None, alias="for", gt=0, description="with at: how long", examples=["30 min"]
    )
    up_bps: Bandwidth | None = Field(
        default=None, alias="up", gt=0, description="the line carries this up", examples=["20 Mbit/s"]
    )
    down_bps: Bandwidth | None = Field(
        default=None, alias="down", gt=0, description="the line carries this down", examples=["50 Mbit/s"]
    )
    other_traffic: OtherTraffic | None = Field(
        default=None, description="others use this much of the line", examples=[{"up": "30 Mbit/s"}]
    )
    outage: YesNo = Field(default=False, description="the line is down", examples=["yes"])

    @property
    def once(self) -> bool:
        """At an instant of the scenario, not at times of the week."""
        return self.at_s is not None

    @property
    def has_capacity(self) -> bool:
        """It gives the line another capacity."""
        return self.up_bps is not None or self.down_bps is not None

    @model_validator(mode="after")
    def _when(self) -> Self:
        weekly = self.from_clock_s is not None or self.until_clock_s is not None or self.days is not None
        one = self.at_s is not None or self.lasts_s is not None
        if weekly and one:
            raise mistake(
                "has both times of the week and a time since the start", "from and until, or at and for"
            )
        if one and (self.at_s is None or self.lasts_s is None):
            raise mistake("is not said when it begins and ends", "both at and for")
        if not one and (self.from_clock_s is None or self.until_clock_s is None):
            raise mistake(
                "is not said when it begins and ends", 'from: "8:00" and until: "18:00", or at and for'
            )
        return self

    @model_validator(mode="after")
    def _what(self) -> Self:
        said = [self.has_capacity, self.other_traffic is not None, self.outage]
        if sum(said) != 1:
            wrong = "says several things at once" if any(said) else "does not say what is so then"
            raise mistake(wrong, "one of up and down, other_traffic, outage: yes")
        return self

    def holds(self, since_start_s: float, week_s: float) -> bool:
        """Whether it holds at an instant: seconds since the start, and since Monday 0:00 of the site."""
        if self.at_s is not None and self.lasts_s is not None:
            return self.at_s <= since_start_s < self.at_s + self.lasts_s
        return any((week_s - begin) % WEEK_S < length for begin, length in self._weekly())

    def next_change_s(self, since_start_s: float, week_s: float) -> float | None:
        """How long after that instant it begins or ends next; None: never again."""
        if self.at_s is not None and self.lasts_s is not None:
            ahead = [t - since_start_s for t in (self.at_s, self.at_s + self.lasts_s) if t > since_start_s]
            return min(ahead, default=None)
        edges = [t for begin, length in self._weekly() for t in (begin, begin + length)]
        return min((edge - week_s) % WEEK_S or WEEK_S for edge in edges)

    def _weekly(self) -> list[tuple[float, float]]:
        """(begin since Monday 0:00, length) of each day's."""
        assert self.from_clock_s is not None
        assert self.until_clock_s is not None
        length = (self.until_clock_s - self.from_clock_s) % DAY_S or DAY_S
        days = range(7) if self.days is None else sorted(self.days)
        return [(day * DAY_S + self.from_clock_s, length) for day in days]


class Burst(Model):
    """Commit and burst: `up` and `down` of the line are committed, this much may be used for a while. What is
    left of the commitment is saved up for it (a token bucket, full at the start)."""

    up_bps: Bandwidth | None = Field(
        default=None, alias="up", description="at most, up", examples=["200 Mbit/s"]
    )
    down_bps: Bandwidth | None = Field(
        default=None, alias="down", description="at most, down", examples=["200 Mbit/s"]
    )
    lasts_s: Duration = Field(
        alias="for", gt=0, description="how long the most can be used, when all is saved", examples=["10 min"]
    )
