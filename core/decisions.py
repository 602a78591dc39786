"""The gate that every decision of the core passes: a change of state together with what is done next.

Rules of this file: nothing changes state but `Decisions.take`. It finds the transition (an illegal one
raises and changes nothing), hands the decision to the journal, then lets it take effect, all before the
action is begun. So whatever is written down by the journal is a superset of what was acted on. The lock is
held for the bookkeeping alone, never across a call to a product. The journal does not grow without end: when
much was written since the last time, what everybody keeps now takes the place of how it came about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeVar

from cxsim.core.runtime import Runtime
from cxsim.core.transitions import TransitionTable

SNAPSHOT = "snapshot"
"""The event of a decision that stands for all those before it: `after` and `facts` are how things are."""

COMPACT_AFTER = 5000
"""Decisions written before the journal is compacted; more when there is more to keep."""

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)
A = TypeVar("A", bound=Enum)


@dataclass(frozen=True)
class Decision:
    """One decision, in plain values that can be written down. `facts`: what was learned with the event."""

    machine: str
    subject: str
    event: str
    before: str
    after: str
    action: str
    facts: Mapping[str, Any]


class Journal(Protocol):
    """Where decisions are written before they take effect. Must not wait on the Runtime."""

    def record(self, *decisions: Decision) -> None:
        """Write decisions down for good, all or none, or raise (then they do not take effect)."""

    def decisions(self) -> Iterable[Decision]:
        """Everything that was written down, in order."""

    def replace(self, *decisions: Decision) -> bool:
        """Write decisions down in the place of everything: wholly, or not at all and False."""


class NoJournal:
    """Keeps nothing: the state lives as long as the process."""

    def record(self, *decisions: Decision) -> None:
        """Do nothing."""

    def decisions(self) -> Iterable[Decision]:
        """Nothing."""
        return ()

    def replace(self, *decisions: Decision) -> bool:
        """Do nothing."""
        return True


class Decisions:
    """The gate."""

    def __init__(self, runtime: Runtime, journal: Journal, compact_after: int = COMPACT_AFTER) -> None:
        self._journal = journal
        self._lock = runtime.lock()
        self._keepers: list[Callable[[], Iterable[Decision]]] = []
        self._compact_after = self._limit = compact_after
        self._written = 0

    def keep(self, snapshot: Callable[[], Iterable[Decision]]) -> None:
        """`snapshot` gives what must be known of a part of the core: decisions that restore it. It is called
        under the lock and must not wait."""
        self._keepers.append(snapshot)

    def read(self) -> list[Decision]:
        """What earlier processes have written down."""
        known = list(self._journal.decisions())
        self._written = len(known)
        return known

    def _record(self, *decisions: Decision) -> None:
        self._journal.record(*decisions)
        self._written += len(decisions)

    def _compact_if_due(self) -> None:
        """After what was decided has taken effect. A journal that cannot be compacted stays as it is."""
        if self._written <= self._limit:
            return
        kept = [decision for snapshot in self._keepers for decision in snapshot()]
        self._journal.replace(*kept)
        self._written, self._limit = 0, max(self._compact_after, 4 * len(kept))

    def take(
        self,
        table: TransitionTable[S, E, A],
        subject: str,
        state: Callable[[], S],
        event: E,
        apply: Callable[[S], None],
        facts: Mapping[str, Any],
        valid: Callable[[], bool] = lambda: True,
    ) -> A | None:
        """Decide: look up, write down, apply; returns the action to do now.

        `state` reads the present state, `apply` stores the next one and shows it; both run under the lock
        and must not wait. Raises `IllegalTransition`. `valid` is asked first, under the same lock: when it
        says no (the event belongs to something that was overtaken) nothing happens and None is returned.
        """
        with self._lock:
            if not valid():
                return None
            before = state()
            after, action = table.step(before, event)
            self._record(
                Decision(table.name, subject, event.value, before.value, after.value, action.value, facts)
            )
            apply(after)
            self._compact_if_due()
            return action

    def begin(
        self,
        table: TransitionTable[S, E, A],
        event: E,
        begun: Sequence[tuple[str, Mapping[str, Any], Callable[[S], None]]],
    ) -> A:
        """Let one event begin several things that are at the table's start: (subject, facts, apply) each.
        All are written down or none; returns the action that each of them needs. Raises as `take`."""
        with self._lock:
            before = table.start
            after, action = table.step(before, event)
            self._record(
                *(
                    Decision(table.name, subject, event.value, before.value, after.value, action.value, facts)
                    for subject, facts, _ in begun
                )
            )
            for _, _, apply in begun:
                apply(after)
            self._compact_if_due()
            return action

    def note(self, machine: str, subject: str, event: str, facts: Mapping[str, Any]) -> None:
        """Write something down that has no states: it is so from now on."""
        with self._lock:
            self._record(Decision(machine, subject, event, "", "", "", facts))
