"""Tasks, events and locks between simulated greenlets.

Rules of this file: everything is first come, first served; nothing here knows real threads. Waiting is
allowed only inside a simulated greenlet; setting, cancelling and looking are allowed anywhere.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cxsim.core.runtime import TaskCancelled
from cxsim.sim.kernel.clock import Timer
from cxsim.sim.kernel.greenlets import (
    GreenletExit,
    Process,
    ProcessDead,
    SimGreenlet,
    Wait,
    current_or_fail,
)

if TYPE_CHECKING:
    from cxsim.sim.kernel.host import SimHost
    from cxsim.sim.kernel.hub import Hub

T = TypeVar("T")


class SimEvent:
    """A one-way flag (core.runtime.Event)."""

    def __init__(self) -> None:
        self._set = False
        self._waits: list[Wait] = []

    def set(self) -> None:
        """Set the flag and wake every waiter, in the order in which they came."""
        self._set = True
        waits, self._waits = self._waits, []
        for wait in waits:
            wait.fire_soon()

    def is_set(self) -> bool:
        """True once `set` was called."""
        return self._set

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until set or until `timeout_s` virtual seconds have passed; True if the flag is set.
        Raises TaskCancelled, ProcessDead, and RuntimeError outside the simulation."""
        waiter = current_or_fail("Event.wait")
        if self._set:
            return True
        wait = Wait(waiter, cancellable=True)
        self._waits.append(wait)
        try:
            wait.block(timeout_s)
        finally:
            if not self._set and wait in self._waits:
                self._waits.remove(wait)
        return self._set


class SimLock:
    """A lock between greenlets, not re-entrant."""

    def __init__(self) -> None:
        self._owner: SimGreenlet | None = None
        self._waits: deque[Wait] = deque()

    def __enter__(self) -> SimLock:
        waiter = current_or_fail("acquiring a lock")
        if self._owner is None:
            self._owner = waiter
            return self
        if self._owner is waiter:
            raise RuntimeError(f"task {waiter.task.name} already holds this lock; it is not re-entrant")
        wait = Wait(waiter, cancellable=True)
        self._waits.append(wait)
        try:
            wait.block()
        except BaseException:
            if wait in self._waits:
                self._waits.remove(wait)
            elif self._owner is waiter:
                self._hand_on()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hand_on()

    def _hand_on(self) -> None:
        while self._waits:
            wait = self._waits.popleft()
            if not wait.ended and not wait.greenlet.process.dead:
                self._owner = wait.greenlet
                wait.fire_soon()
                return
        self._owner = None


class SimTask(Generic[T]):
    """Background work in a greenlet (core.runtime.Task). Made by Hub.spawn."""

    def __init__(
        self,
        hub: Hub,
        host: SimHost,
        process: Process,
        name: str,
        work: Callable[..., T],
        args: tuple[Any, ...],
        context: contextvars.Context,
    ) -> None:
        self.name = name
        self.host = host
        self.process = process
        self.ended = False
        self.error: BaseException | None = None
        """What ended the work, with its original traceback; None if it returned or still runs."""
        self.cancel_requested = False
        self.greenlet: SimGreenlet | None = None
        self._hub = hub
        self._work = work
        self._args = args
        self._context = context
        self._value: Any = None
        self._done = SimEvent()
        Timer(hub.env, 0.0, self._start)

    def _start(self) -> None:
        if self.process.dead:
            return
        hub = self._hub
        started = SimGreenlet(self._run, hub.scheduler)
        started.hub, started.host, started.process, started.task = hub, self.host, self.process, self
        started.gr_context = self._context
        self.greenlet = started
        hub.live[started] = None
        hub.resume(started)

    def _run(self) -> None:
        hub = self._hub
        try:
            self._value = self._work(*self._args)
        except (ProcessDead, GreenletExit) as death:
            self.error = death
        except TaskCancelled as cancelled:
            self.error = cancelled
        except Exception as error:
            self.error = error
            hub.failed(self.host.name, self.name, error)
        except BaseException as error:  # KeyboardInterrupt and a test runner's own: to whoever runs the hub
            self.error = error
            raise
        finally:
            self.ended = True
            if self.greenlet is not None:
                hub.live.pop(self.greenlet, None)
            self._done.set()

    def join(self, timeout_s: float | None = None) -> bool:
        """Block until the task has ended or `timeout_s` has passed; True if it has ended. Never raises
        what the task raised."""
        return self._done.wait(timeout_s)

    def cancel(self) -> None:
        """Ask the task to stop: its current or next Runtime wait raises TaskCancelled, once. A wait for a
        socket is not interrupted, as it would not be on threads."""
        if self.ended:
            return
        wait = self.greenlet.wait if self.greenlet is not None else None
        if wait is not None and wait.cancellable and not wait.ended:
            wait.interrupt(TaskCancelled(self.name))
        else:
            self.cancel_requested = True

    def result(self) -> T:
        """The value returned by the work; blocks until it has ended (outside the simulation it must have
        ended: RuntimeError). Raises what the work raised, with the original traceback."""
        if not self.ended:
            self._done.wait()
        if self.error is not None:
            raise self.error
        value: T = self._value
        return value
