"""The event queue: SimPy's, plus call-backs that can be cancelled.

Rules of this file: time here is seconds since the start of the run, as SimPy counts it (small numbers keep
microseconds exact; epoch seconds are made by the Hub). A cancelled call-back leaves no trace: it does not
even move the clock, so a run does not last as long as its longest unused time-out.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

import simpy
from simpy.core import EmptySchedule
from simpy.events import Event

_NORMAL = 1  # simpy.events.NORMAL as a plain int: the queue compares it on every push
_COMPACT_AT = 4096


class Timer(Event):
    """Calls `callback()` once, `delay_s` from now, in the scheduler (never inside a simulated greenlet)."""

    def __init__(self, env: KernelEnvironment, delay_s: float, callback: Callable[[], Any]) -> None:
        # Event.__init__ is not called: this is the hottest constructor of the simulator.
        self.env = env
        self.callbacks: Any = ()
        self._ok = True
        self._value: Any = None
        self.callback: Callable[[], Any] | None = callback
        env.push(self, delay_s)

    @classmethod
    def at(cls, env: KernelEnvironment, at_s: float, callback: Callable[[], Any]) -> Timer:
        """A Timer for an instant, seconds since the start; at once if it has passed. `now + (at - now)` may
        differ from `at` in the last bit, and what is due at one instant must tie."""
        timer = cls.__new__(cls)
        timer.env = env
        timer.callbacks = ()
        timer._ok = True
        timer._value = None
        timer.callback = callback
        env.push_at(timer, max(at_s, env.now))
        return timer

    def cancel(self) -> None:
        """Do not call back. Cancelling twice, or after the call, does nothing."""
        if self.callback is not None:
            self.callback = None
            self.env.cancelled += 1  # type: ignore[attr-defined]


class KernelEnvironment(simpy.Environment):
    """SimPy's environment, which also knows Timers. Ordinary SimPy events and processes work as ever."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.cancelled = 0
        """Cancelled timers still in the queue (an upper bound)."""

    def push(self, event: Event, delay_s: float) -> None:
        """Schedule with normal priority; equal times keep the order of scheduling."""
        self.push_at(event, self._now + delay_s)

    def push_at(self, event: Event, at_s: float) -> None:
        """Schedule for exactly this instant, which has not passed."""
        heappush(self._queue, (at_s, _NORMAL, next(self._eid), event))  # type: ignore[misc]
        if self.cancelled > _COMPACT_AT:
            self._compact()

    def _compact(self) -> None:
        queue = self._queue
        if self.cancelled * 2 > len(queue):
            queue[:] = [entry for entry in queue if not _is_cancelled(entry[3])]
            heapify(queue)  # order is total (time, priority, number): the heap's shape does not matter
        self.cancelled = 0

    def peek(self) -> float:
        """Time of the next event, seconds since the start; infinity when there is none."""
        queue = self._queue
        while queue and _is_cancelled(queue[0][3]):
            heappop(queue)
        return queue[0][0] if queue else float("inf")

    def step(self) -> None:
        """Process the next event. Raises simpy's EmptySchedule when there is none."""
        queue = self._queue
        while queue:
            event = queue[0][3]
            if type(event) is not Timer:
                super().step()
                return
            at_s = heappop(queue)[0]
            callback = event.callback
            if callback is not None:
                self._now = at_s
                event.callback = None
                callback()
                return
        raise EmptySchedule


def _is_cancelled(event: Event) -> bool:
    return type(event) is Timer and event.callback is None
