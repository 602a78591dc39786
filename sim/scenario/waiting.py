"""Has it been reached? Conditions followed event by event, for `wait` steps and for faults with `when`.

Rules of this file: constant work per event. A condition must see every event from the start of the run, so
that it knows the state in which a wait begins: attach all of them to one `Watch` before the run. A wait is
over when each name has satisfied it at some moment since it was armed (a state that already holds counts at
once; a message or call that came earlier does not).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cxsim.sim.eventlog import EventLog, LoggedEvent
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.expect.outcome import initial_power
from cxsim.sim.scenario.expect.subjects import Subject
from cxsim.sim.scenario.expect.timeline import Run, Tracker


@dataclass
class _Part:
    subject: Subject
    tracker: Tracker
    saw: str
    latched: bool = False


class Condition:
    """A subject (all of its names) and whether it has been reached since `arm`."""

    def __init__(self, subject: Subject, environment: Environment | None = None) -> None:
        before = Run((), 0, None, initial_power(environment) if environment else {})
        self.subject = subject
        self.events = subject.EVENTS
        self._parts: list[_Part] = []
        for one in subject.each():
            initially = one.initially(before)
            tracker = one.tracker()
            if initially is not None:
                tracker.now = initially[0]
            self._parts.append(_Part(one, tracker, initially[1] if initially else "never seen"))
        self._armed = False
        self._missing = len(self._parts)

    @property
    def reached(self) -> bool:
        """Every name has satisfied it since it was armed."""
        return self._armed and self._missing == 0

    def arm(self) -> bool:
        """Start to wait: True when there is nothing to wait for. Arming again starts anew."""
        self._armed = True
        for part in self._parts:
            part.latched = part.tracker.now and not part.subject.MOMENT
        self._missing = sum(not part.latched for part in self._parts)
        return self.reached

    def feed(self, event: LoggedEvent) -> bool:
        """Take an event; True when it has just been reached by it."""
        if event.event not in self.events:
            return False
        was_reached = self.reached
        for part in self._parts:
            if part.tracker.feed(event):
                part.saw = part.subject.saw(event)
                if part.tracker.now and self._armed and not part.latched:
                    part.latched = True
                    self._missing -= 1
        return self.reached and not was_reached

    def text(self) -> str:
        """What is waited for, in words."""
        return self.subject.text()

    def got(self) -> str:
        """What was seen last of the names that have not got there, for a wait that ran out of time."""
        missing = [part for part in self._parts if not part.latched] or self._parts
        if len(self._parts) == 1:
            return missing[0].saw
        return "; ".join(f"{part.subject.text()}: {part.saw}" for part in missing)


class Watch:
    """Feeds conditions from an event log. `on_reached` is called within `EventLog.record`: it may record
    events, and it may add and remove conditions."""

    def __init__(self, log: EventLog) -> None:
        self._by_event: defaultdict[str, list[tuple[Condition, Callable[[], None]]]] = defaultdict(list)
        self._log = log
        log.listeners.append(self._feed)

    def add(self, condition: Condition, on_reached: Callable[[], None]) -> None:
        """Feed a condition; events recorded before are replayed into it (without `on_reached`)."""
        for event in self._log.events:
            condition.feed(event)
        for name in sorted(condition.events):
            self._by_event[name].append((condition, on_reached))

    def remove(self, condition: Condition) -> None:
        """Stop feeding it. Removing one that is not there does nothing."""
        for name in condition.events:
            self._by_event[name] = [pair for pair in self._by_event[name] if pair[0] is not condition]

    def _feed(self, event: LoggedEvent) -> None:
        watching: Sequence[tuple[Condition, Callable[[], None]]] = self._by_event.get(event.event, ())
        for condition, on_reached in tuple(watching):
            if condition.feed(event):
                on_reached()
