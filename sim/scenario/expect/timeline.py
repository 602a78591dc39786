"""From events to what is true when: trackers, sightings, windows.

Rules of this file: an event is seen once, in the order of the log; a tracker does constant work per event, so
the same trackers serve expectations (after the run) and waits and triggers (during it). Order in the log, not
the time, decides what came first.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Protocol

from cxsim.sim.eventlog import LoggedEvent


class Tracker(Protocol):
    """Follows one subject through the events. `now`: whether its predicate holds after the last event that
    concerned it (for something that happens, not lasts: whether that very event was such a happening)."""

    now: bool

    def feed(self, event: LoggedEvent) -> bool:
        """Take an event; True when it concerns the subject."""


@dataclass
class LastEvent:
    """The predicate is a function of the last event that concerned the subject."""

    concerns: Callable[[LoggedEvent], bool]
    holds: Callable[[LoggedEvent], bool]
    now: bool = False

    def feed(self, event: LoggedEvent) -> bool:
        if not self.concerns(event):
            return False
        self.now = self.holds(event)
        return True


@dataclass
class Counted:
    """The predicate is about how often something has happened so far."""

    concerns: Callable[[LoggedEvent], bool]
    holds: Callable[[int], bool]
    count: int = 0
    now: bool = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.holds(0)

    def feed(self, event: LoggedEvent) -> bool:
        if not self.concerns(event):
            return False
        self.count += 1
        self.now = self.holds(self.count)
        return True


@dataclass
class AllOf:
    """Several subjects at once."""

    parts: Sequence[Tracker]
    now: bool = field(init=False)

    def __post_init__(self) -> None:
        self.now = all(part.now for part in self.parts)

    def feed(self, event: LoggedEvent) -> bool:
        concerned = [part.feed(event) for part in self.parts]
        self.now = all(part.now for part in self.parts)
        return any(concerned)


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event that concerned a subject, its number in the log, and whether the predicate held after it.
    `event` None: the state before anything happened (number -1)."""

    number: int
    event: LoggedEvent | None
    holds: bool

    @property
    def t_us(self) -> int:
        """Microseconds since the start."""
        return self.event.t_us if self.event else 0


BEFORE_ALL = -1
"""The number of the state before the first event."""


class VmFigures(Protocol):
    """RPO figures of one VM, or of the fleet (DESIGN section 4)."""

    @property
    def name(self) -> str:
        """The VM; `fleet` for all."""

    @property
    def time_in_rpo(self) -> float | None:
        """Fraction 0..1 of the accounted time; None when none was accounted (no initial sync ended)."""

    @property
    def violations(self) -> Sequence[tuple[int, int]]:
        """From and until of each violation, microseconds since the start, in order."""

    @property
    def peak_age_s(self) -> float:
        """The largest data age, seconds."""

    @property
    def p95_age_s(self) -> float | None:
        """The data age that was kept for 95 % of the time, seconds; None for the fleet."""

    @property
    def bottleneck(self) -> str | None:
        """What most of the violated time was spent on; None without violations."""


class RpoReport(Protocol):
    """What the replication engine knows at the end of a run."""

    @property
    def vms(self) -> Mapping[str, VmFigures]:
        """By VM name; a VM that was never replicated is absent."""

    @property
    def fleet(self) -> VmFigures:
        """All VMs together."""


@dataclass(frozen=True)
class Figures:
    """VmFigures as plain data."""

    name: str
    time_in_rpo: float | None
    violations: tuple[tuple[int, int], ...]
    peak_age_s: float
    p95_age_s: float | None = None
    bottleneck: str | None = None


@dataclass(frozen=True)
class Report:
    """RpoReport as plain data."""

    vms: Mapping[str, Figures]
    fleet: Figures


@dataclass(frozen=True)
class Run:
    """What expectations are judged from: the events, the end of the run, the RPO figures, and the power
    state that each VM had at its vCenter when the run began."""

    events: Sequence[LoggedEvent]
    end_us: int
    rpo: RpoReport | None = None
    initial_power: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[tuple[int, LoggedEvent]]]:
        by_name: defaultdict[str, list[tuple[int, LoggedEvent]]] = defaultdict(list)
        for number, event in enumerate(self.events):
            by_name[event.event].append((number, event))
        return by_name

    def numbered(self, names: frozenset[str]) -> Iterable[tuple[int, LoggedEvent]]:
        """The events with these names and their numbers, in order."""
        return heapq.merge(*(self._by_name.get(name, ()) for name in sorted(names)), key=itemgetter(0))


def clock(t_us: int) -> str:
    """Virtual time since the start as `h:mm:ss.mmm`."""
    milliseconds = round(t_us / 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
