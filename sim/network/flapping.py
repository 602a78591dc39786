"""A change that comes and goes: on for a while, off for a while, again and again.

Rules of this file: it makes and undoes a change at exact instants and keeps no state of the network. Seen
from outside it is like one change: it can be undone at any time, and says what it met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cxsim.sim.network.changes import Change


class Timer(Protocol):
    """A call-back that is due."""

    def cancel(self) -> None:
        """It will not be called."""


class Scheduler(Protocol):
    """The kernel's clock (`Hub` implements it)."""

    @property
    def now_s(self) -> float:
        """Virtual time, seconds since the epoch."""

    def call_at(self, time_s: float, callback: Callable[[], object]) -> Timer:
        """Call back at an instant."""


class Flapping:
    """A change made now for `on_s` seconds, undone for `off_s`, and so on, `times` times (None: until it is
    undone). Raises ValueError unless both periods are above 0, and what `make` raises."""

    def __init__(
        self,
        scheduler: Scheduler,
        make: Callable[[], Change],
        on_s: float,
        off_s: float,
        times: int | None = None,
    ) -> None:
        for name, period_s in (("on", on_s), ("off", off_s)):
            if not period_s > 0:
                raise ValueError(f"{name} for {period_s:g} s: it must be above 0")
        self._scheduler, self._make = scheduler, make
        self._on_s, self._off_s, self._times = on_s, off_s, times
        self._made: list[Change] = []
        self._timer: Timer | None = None
        self._next_s = scheduler.now_s
        self.undone = False
        self._on()

    @property
    def description(self) -> str:
        """What comes and goes, and how."""
        return f"{self._made[0].description}, on {self._on_s:g} s, off {self._off_s:g} s"

    @property
    def place(self) -> str:
        """Where the change was written."""
        return self._made[0].place

    @property
    def times(self) -> int:
        """How often it has come so far."""
        return len(self._made)

    @property
    def met(self) -> int:
        """What all its comings met."""
        return sum(change.met for change in self._made)

    def undo(self) -> None:
        """Take it back, and let it come no more. Doing so twice does nothing."""
        self.undone = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._made[-1].undo()

    def _on(self) -> None:
        self._made.append(self._make())
        self._after(self._on_s, self._off)

    def _off(self) -> None:
        self._made[-1].undo()
        self._timer = None
        if self._times is None or len(self._made) < self._times:
            self._after(self._off_s, self._on)

    def _after(self, period_s: float, callback: Callable[[], None]) -> None:
        self._next_s += period_s
        self._timer = self._scheduler.call_at(self._next_s, callback)
