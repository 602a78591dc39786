"""The gate that every decision of the core passes: a change of state together with what is done next.

Rules of this file: nothing changes state but `Decisions.take`. It finds the transition (an illegal one
raises and changes nothing), hands the decision to the journal, then lets it take effect, all before the
action is begun. So whatever is written down by the journal is a superset of what was acted on. The lock is
held for the bookkeeping alone, never across a call to a product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeVar

from cxsim.core.runtime import Runtime
from cxsim.core.transitions import TransitionTable

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

    def record(self, decision: Decision) -> None:
        """Write the decision down for good, or raise (then it does not take effect)."""


class NoJournal:
    """Keeps nothing: the state lives as long as the process."""

    def record(self, decision: Decision) -> None:
        """Do nothing."""


class Decisions:
    """The gate."""

    def __init__(self, runtime: Runtime, journal: Journal) -> None:
        self._journal = journal
        self._lock = runtime.lock()

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
            self._journal.record(
                Decision(table.name, subject, event.value, before.value, after.value, action.value, facts)
            )
            apply(after)
            return action
