"""A state machine as a literal table: what may happen in which state, where it leads, what is done next.

Rules of this file: a table knows nothing of what it is about. A pair that is not in the table is illegal:
asking for it raises and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)
A = TypeVar("A", bound=Enum)


class IllegalTransition(Exception):
    """This event cannot happen in this state."""

    def __init__(self, table: str, state: Enum, event: Enum) -> None:
        super().__init__(f"{table}: {event.value} is not possible in state {state.value}")
        self.state = state
        self.event = event


class TransitionTable(Generic[S, E, A]):
    """States x events -> (next state, action). `final` states have no way out."""

    def __init__(
        self, name: str, start: S, rows: Mapping[tuple[S, E], tuple[S, A]], final: frozenset[S]
    ) -> None:
        self.name = name
        self.start = start
        self.rows = dict(rows)
        self.final = final

    def step(self, state: S, event: E) -> tuple[S, A]:
        """The next state and the action that belongs to it. Raises `IllegalTransition`."""
        try:
            return self.rows[state, event]
        except KeyError:
            raise IllegalTransition(self.name, state, event) from None

    def allows(self, state: S, event: E) -> bool:
        """True if the event is possible in the state."""
        return (state, event) in self.rows

    def reachable(self, origin: S | None = None) -> frozenset[S]:
        """Every state that some sequence of events leads to from `origin` (default: the start)."""
        seen: set[S] = set()
        waiting = [self.start if origin is None else origin]
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting += [after for (before, _), (after, _) in self.rows.items() if before is state]
        return frozenset(seen)
