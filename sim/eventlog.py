"""The event log: everything that happened in a run, in order, as plain records.

Rules of this file: an event is recorded once, at its virtual time, and never changed. Times are whole
microseconds since the start of the scenario, so the same scenario and seed give the same bytes. The
events and their fields are listed in docs/events.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

LOG_VERSION = 1


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event. `t_us`: microseconds of virtual time since the start of the scenario."""

    t_us: int
    host: str
    event: str
    fields: dict[str, Any]

    def to_json(self) -> str:
        """One line of JSON: t_us, host, event, then the event's own fields in their given order."""
        record = {"t_us": self.t_us, "host": self.host, "event": self.event, **self.fields}
        return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


@dataclass
class EventLog:
    """Events in order of occurrence; listeners see each as it is recorded."""

    events: list[LoggedEvent] = field(default_factory=list)
    listeners: list[Callable[[LoggedEvent], None]] = field(default_factory=list)

    def record(self, t_us: int, host: str, event: str, fields: dict[str, Any]) -> LoggedEvent:
        """Append an event and tell the listeners."""
        logged = LoggedEvent(t_us, host, event, fields)
        self.events.append(logged)
        for listener in self.listeners:
            listener(logged)
        return logged

    def of(self, *names: str) -> Iterator[LoggedEvent]:
        """The events with one of these names, in order."""
        return (e for e in self.events if e.event in names)

    def write(self, stream: IO[str], header: dict[str, Any]) -> None:
        """Write JSON lines: a header (`log_version` first), then every event."""
        stream.write(json.dumps({"log_version": LOG_VERSION, **header}, ensure_ascii=False) + "\n")
        stream.writelines(lines(self.events))


def lines(events: Iterable[LoggedEvent]) -> Iterator[str]:
    """The events as JSON lines."""
    return (e.to_json() + "\n" for e in events)
