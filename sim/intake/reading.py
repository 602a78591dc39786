"""What every reader of exports does: try a value, tell its mistake with the place, and note what is unknown.

Rules of this file: a mistake in one value never hides another; a reader goes on with a stand-in that is
thrown away, because the import is refused then. What is only unknown becomes a group of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cxsim.sim.intake.records import EdgeConfig, Kind
from cxsim.sim.intake.values import Ends, Unreadable, ends
from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import Problems

T = TypeVar("T")


@dataclass
class Reading:
    """One file being read into a config. `subject`: the rule that is being read, for messages."""

    config: EdgeConfig
    file: str
    problems: Problems
    quiet: bool = False
    """True while a rule is read that cannot decide anything (disabled, or its service is off)."""

    def note(self, kind: Kind, place: Place, text: str, group: str = "") -> None:
        """Note something, unless it cannot matter."""
        if not self.quiet:
            self.config.note(kind, place, text, group)

    def tried(self, place: Place, subject: str, stand_in: T, read: Callable[..., T], *given: object) -> T:
        """What `read` makes of the given values; the stand-in, and a problem, when they are unreadable."""
        try:
            return read(*given)
        except Unreadable as error:
            self.problems.add(place, subject, str(error), error.right)
            return stand_in

    def ends(self, place: Place, subject: str, written: list[str]) -> Ends:
        """A source or destination; notes groups, IPv6 and what was read otherwise than written."""
        found = self.tried(place, subject, Ends(), ends, written)
        for change in found.changed:
            self.note(Kind.INFERRED, place, f"{subject}: {change}")
        for group in found.groups:
            self.unknown_group(place, subject, group)
        if found.ipv6:
            listed = ", ".join(found.ipv6)
            text = f"{subject}: IPv6 is not in this model: {listed}"
            self.note(Kind.LEFT_OUT, place, text)
        return found

    def forget(self, since: int) -> None:
        """Drop what was noted as unknown since there were so many notes: the rule decides nothing."""
        notes = self.config.notes
        notes[since:] = [note for note in notes[since:] if note.kind is not Kind.UNKNOWN]

    def unknown_group(self, place: Place, subject: str, group: str, what: str = "addresses") -> str:
        """A group that the export does not define; returns its name."""
        if self.config.groups.setdefault(group, None) is not None:
            return group
        text = f"{subject} uses group {group!r}: give its {what} or it stays unknown"
        self.note(Kind.UNKNOWN, place, text, group)
        return group

    def guard(self, place: Place, subject: str, group: str, why: str) -> str:
        """A group made here, for a condition of a rule that cannot be expressed; returns its name."""
        self.config.groups.setdefault(group, None)
        self.note(Kind.UNKNOWN, place, f"{subject} {why}", group)
        return group
