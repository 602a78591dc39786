"""What an expectation, a wait or a trigger can be about: the base of all subjects.

Rules of this file: a subject says which events concern it (whatever its state) and whether its predicate
holds after such an event. It either happens (a message, a call: a moment) or lasts (a status: a state).
Each subject is one small class in the file of its field: product.py, infrastructure.py, traffic.py, rpo.py;
the table of all is `table.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from pydantic import Field

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario.expect.timeline import BEFORE_ALL, LastEvent, Run, Sighting, Tracker
from cxsim.sim.scenario.model import Model, Text
from cxsim.sim.scenario.places import written

STATE_OPERATORS = frozenset({"eventually", "at_end", "never", "within", "in_order", "at_most", "wait"})
MOMENT_OPERATORS = STATE_OPERATORS - {"at_end"}


class Subject(Model):
    """Something that can be observed in the events, and what is wanted of it."""

    EVENTS: ClassVar[frozenset[str]]
    """Names of the events that can concern it."""
    MOMENT: ClassVar[bool] = False
    """True: it happens; False: it lasts until the next event that concerns it."""
    OPERATORS: ClassVar[frozenset[str]] = STATE_OPERATORS
    NOT_ALLOWED: ClassVar[tuple[str, str]] = (
        "happens at a moment, it does not last",
        "use eventually or never",
    )
    """Why any other operator means nothing, and what would be right."""

    def concerns(self, event: LoggedEvent) -> bool:
        """The event is about this subject. Only asked of events in EVENTS."""
        raise NotImplementedError

    def holds(self, event: LoggedEvent) -> bool:
        """The predicate, after an event that concerns the subject."""
        raise NotImplementedError

    def saw(self, event: LoggedEvent) -> str:
        """What that event shows of the subject, for `got`."""
        raise NotImplementedError

    def text(self) -> str:
        """The predicate in words: `provider cloud MyCloud-CHC is Running`."""
        raise NotImplementedError

    def each(self) -> Sequence[Subject]:
        """One subject a name, for a subject that was written with several names."""
        return (self,)

    def tracker(self) -> Tracker:
        """A fresh tracker, before any event."""
        return LastEvent(lambda e: e.event in self.EVENTS and self.concerns(e), self.holds)

    def initially(self, run: Run) -> tuple[bool, str] | None:
        """Whether the predicate holds before any event, and what is then seen; None: not known."""
        return None

    def sightings(self, run: Run) -> list[Sighting]:
        """Every event of the run that concerned the subject, and whether the predicate held after it."""
        tracker = self.tracker()
        found: list[Sighting] = []
        before = self.initially(run)
        if before is not None:
            tracker.now = before[0]
            found.append(Sighting(BEFORE_ALL, None, before[0]))
        for number, event in run.numbered(self.EVENTS):
            if tracker.feed(event):
                found.append(Sighting(number, event, tracker.now))
        return found

    def at_end(self, run: Run) -> bool | None:
        """Whether the predicate holds when the run ends; None: the subject was never seen."""
        sightings = self.sightings(run)
        return sightings[-1].holds if sightings else None

    def summary(self, sightings: Sequence[Sighting], run: Run) -> str:
        """What the last sighting shows, for `got`."""
        if not sightings:
            return "never seen"
        last = sightings[-1]
        if last.event is not None:
            return self.saw(last.event)
        initial = self.initially(run)
        return initial[1] if initial else "never seen"


@lru_cache(maxsize=512)
def glob(pattern: str, in_paths: bool = False) -> re.Pattern[str]:
    """A pattern with `*` as a regular expression; in paths `*` stays within a segment, `**` does not."""
    parts = re.split(r"(\*\*|\*)", pattern)
    wild = {"**": ".*", "*": "[^/]*" if in_paths else ".*"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts) + r"\Z", re.DOTALL)


Pattern = Annotated[Text, Field(json_schema_extra={"x-type": "text; * stands for any text"})]
"""A text in which `*` stands for any text."""


def either(values: Sequence[str] | None) -> str:
    """`Running or Enable Failed`."""
    return " or ".join(values or ())


def figures(fields: dict[str, Any]) -> str:
    """An event's fields as `key=value`, text with spaces in quotes; fields without a value are left out."""
    parts = []
    for key, value in fields.items():
        if value is None:
            continue
        text = written(value) if not isinstance(value, str) else value
        parts.append(f"{key}={text}" if text and " " not in text else f'{key}="{text}"')
    return " ".join(parts)
