"""The Runtime on threads and the wall clock: the core in real time.

Rules of this file: one condition variable wakes every waiter (a core has tens of tasks, not thousands), so
that a cancel reaches a task wherever it waits. `speed` runs time faster for tests and demonstrations: it
scales `now`, sleeps and time-outs of this Runtime alike; the time-outs of sockets are the core's own
settings and stay real.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from cxsim.core.runtime import TaskCancelled

T = TypeVar("T")

_LONGEST_WAIT_S = 86400.0
"""A single wait of a thread; longer ones are repeated (the platform limits a wait)."""


class ThreadRuntime:
    """core.runtime.Runtime in real time. `speed`: runtime seconds per wall second. `start_s`: what its clock
    reads now (None: as the wall clock). `seed`: of `rng` alone; identifiers are always new. What the core
    logs goes to `log(event, fields)`, one at a time, whatever the thread. ValueError unless speed > 0."""

    def __init__(
        self,
        speed: float = 1.0,
        seed: int = 0,
        log: Callable[[str, dict[str, Any]], None] | None = None,
        start_s: float | None = None,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be more than 0, not {speed!r}")
        self.rng = random.Random(seed)
        self._speed = speed
        self._log = log
        self._log_lock = threading.Lock()
        self._start_s = time.time() if start_s is None else start_s
        self._wall_start_s = time.monotonic()
        self._changed = threading.Condition()
        self._current = threading.local()

    def now(self) -> float:
        """Seconds since the epoch: what its clock read when made, and `speed` seconds per second since."""
        return self._start_s + (time.monotonic() - self._wall_start_s) * self._speed

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for `seconds` of this Runtime's time. Raises TaskCancelled."""
        self.wait_until(lambda: False, seconds)

    def event(self) -> ThreadEvent:
        """A new unset event."""
        return ThreadEvent(self)

    def spawn(self, work: Callable[..., T], *args: Any, name: str) -> ThreadTask[T]:
        """Run `work(*args)` in a daemon thread."""
        return ThreadTask(self, work, args, name)

    def lock(self) -> threading.Lock:
        """A new lock between threads."""
        return threading.Lock()

    def new_id(self, kind: str) -> str:
        """`<kind>-<uuid>`, a random one."""
        return f"{kind}-{uuid.uuid4()}"

    def log(self, event: str, **fields: Any) -> None:
        """Hand an event to the `log` given at the start."""
        if self._log is not None:
            with self._log_lock:
                self._log(event, fields)

    # -- for the classes of this file -------------------------------------------------------------------

    def change(self, act: Callable[[], None]) -> None:
        """Change what somebody may be waiting for."""
        with self._changed:
            act()
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until the condition holds or `timeout_s` (this Runtime's seconds) has passed; whether it
        holds. Raises TaskCancelled in a task that was cancelled."""
        task: ThreadTask[Any] | None = getattr(self._current, "task", None)
        deadline_s = None if timeout_s is None else time.monotonic() + max(0.0, timeout_s) / self._speed
        with self._changed:
            while True:
                if task is not None and task.cancel_requested:
                    task.cancel_requested = False
                    raise TaskCancelled(task.name)
                if condition():
                    return True
                left_s = _LONGEST_WAIT_S if deadline_s is None else deadline_s - time.monotonic()
                if left_s <= 0:
                    return False
                self._changed.wait(min(left_s, _LONGEST_WAIT_S))

    def enter(self, task: ThreadTask[Any]) -> None:
        """This thread runs that task."""
        self._current.task = task


class ThreadEvent:
    """A one-way flag (core.runtime.Event)."""

    def __init__(self, runtime: ThreadRuntime) -> None:
        self._runtime = runtime
        self._set = False

    def set(self) -> None:
        """Set the flag and wake every waiter."""

        def act() -> None:
            self._set = True

        self._runtime.change(act)

    def is_set(self) -> bool:
        """True once `set` was called."""
        return self._set

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until set or until `timeout_s` has passed; True if set. Raises TaskCancelled."""
        return self._runtime.wait_until(self.is_set, timeout_s)


class ThreadTask(Generic[T]):
    """Background work in a thread (core.runtime.Task)."""

    def __init__(
        self, runtime: ThreadRuntime, work: Callable[..., T], args: tuple[Any, ...], name: str
    ) -> None:
        self.name = name
        self.cancel_requested = False
        self._runtime = runtime
        self._work = work
        self._args = args
        self._ended = False
        self._value: Any = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        self._runtime.enter(self)
        try:
            self._value = self._work(*self._args)
        except TaskCancelled as cancelled:
            self._error = cancelled
        except BaseException as error:
            self._error = error
            self._runtime.log("trouble", task=self.name, error=f"{type(error).__name__}: {error}")

        def act() -> None:
            self._ended = True

        self._runtime.change(act)

    def join(self, timeout_s: float | None = None) -> bool:
        """Block until the task has ended or `timeout_s` has passed; True if it has ended."""
        return self._runtime.wait_until(lambda: self._ended, timeout_s)

    def cancel(self) -> None:
        """Ask the task to stop: its current or next Runtime wait raises TaskCancelled, once."""

        def act() -> None:
            self.cancel_requested = not self._ended

        self._runtime.change(act)

    def result(self) -> T:
        """The value returned by the work; blocks until it has ended. Raises what the work raised."""
        self.join()
        if self._error is not None:
            raise self._error
        value: T = self._value
        return value
