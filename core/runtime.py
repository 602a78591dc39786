"""What the migration core may ask of the machine it runs on, and nothing else.

Rules of this file: it holds the `Runtime` protocol and no implementation. The core is straight-line
blocking code; every wait, clock reading, random draw, identifier and background activity goes through a
Runtime, so that the same code runs in real time (`threads.ThreadRuntime`) and in virtual time (the
simulator's kernel). Times are seconds; instants are seconds since the Unix epoch.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class TaskCancelled(Exception):
    """Raised inside a task at its next Runtime call after `Task.cancel()`, and by `Task.result()`."""


class Event(Protocol):
    """A one-way flag: starts unset, is set once, stays set."""

    def set(self) -> None:
        """Set the flag and wake every waiter. Setting it again does nothing."""

    def is_set(self) -> bool:
        """True once `set` was called."""

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until set or until `timeout_s` seconds have passed; True if the flag is set."""


class Task(Protocol[T_co]):
    """Background work started by `Runtime.spawn`."""

    name: str

    def join(self, timeout_s: float | None = None) -> bool:
        """Block until the task has ended or `timeout_s` has passed; True if it has ended. Never raises
        what the task raised."""

    def cancel(self) -> None:
        """Ask the task to stop: its next (or current) Runtime wait raises `TaskCancelled`."""

    def result(self) -> T_co:
        """The value returned by the work. Blocks until it has ended. Raises what the work raised, with
        the original traceback, or `TaskCancelled`."""


class Runtime(Protocol):
    """Time, concurrency, identity and randomness for the core."""

    rng: random.Random
    """Randomness (back-off jitter). In the simulator it comes from the scenario's seed."""

    def now(self) -> float:
        """Seconds since the Unix epoch on this machine's clock."""

    def sleep(self, seconds: float) -> None:
        """Block the calling task for `seconds`."""

    def event(self) -> Event:
        """A new unset event."""

    def spawn(self, work: Callable[..., T], *args: Any, name: str) -> Task[T]:
        """Run `work(*args)` beside the caller. An exception ends that task alone."""

    def lock(self) -> AbstractContextManager[Any]:
        """A new lock, not re-entrant, that excludes tasks (never hold it across a network call)."""

    def new_id(self, kind: str) -> str:
        """A new identifier, unique on this machine: `<kind>-<uuid>`."""

    def log(self, event: str, **fields: Any) -> None:
        """Record that something happened (docs/events.md names the events and their fields)."""
