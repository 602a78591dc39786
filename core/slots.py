"""Bounded concurrency: how many may do something at the same place at a time; the others wait their turn.

Rules of this file: first come, first served, by key; waiting is the Runtime's. A slot that is given back goes
to the first who waits, so nobody is overtaken. The lock is held for the bookkeeping alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from cxsim.core.runtime import Event, Runtime


class Slots:
    """`each` slots for each key."""

    def __init__(self, runtime: Runtime, each: int) -> None:
        self._runtime = runtime
        self._each = max(1, each)
        self._lock = runtime.lock()
        self._used: dict[str, int] = {}
        self._waiting: dict[str, deque[Event]] = {}

    @contextmanager
    def taken(self, key: str) -> Iterator[None]:
        """Have a slot of this key during the block; waits until there is one."""
        turn = self._runtime.event()
        with self._lock:
            free = self._used.get(key, 0) < self._each
            if free:
                self._used[key] = self._used.get(key, 0) + 1
            else:
                self._waiting.setdefault(key, deque()).append(turn)
        try:
            if not free:
                turn.wait()
            yield
        finally:
            self._give_back(key, None if free or turn.is_set() else turn)

    def _give_back(self, key: str, never_had: Event | None) -> None:
        with self._lock:
            waiting = self._waiting.get(key, deque())
            if never_had is not None and never_had in waiting:
                waiting.remove(never_had)
            elif waiting:
                waiting.popleft().set()
            else:
                self._used[key] -= 1
