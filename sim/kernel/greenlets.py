"""Simulated activity: greenlets that wait in virtual time, the process they belong to, and how waits end.

Rules of this file: a simulated greenlet runs until it waits; only the scheduler (the greenlet that called
`Hub.run`) switches into one. Whoever ends a wait first - the thing waited for, the time-out, a cancel -
wins and the others find it ended. A dead process's greenlets are never switched to again: killing them
would run their `finally` blocks, which a crash does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import greenlet

from cxsim.core.runtime import TaskCancelled
from cxsim.sim.kernel.clock import Timer

if TYPE_CHECKING:
    from cxsim.sim.kernel.connection import Endpoint
    from cxsim.sim.kernel.host import SimHost
    from cxsim.sim.kernel.hub import Hub
    from cxsim.sim.kernel.tasks import SimTask


class ProcessDead(BaseException):
    """Raised by every hook and Runtime call of a process that has crashed. Not an Exception: no handler of
    the program may survive its own death."""


class Process:
    """What dies together in a crash: greenlets and sockets of one program on one host."""

    def __init__(self, host: SimHost, name: str) -> None:
        self.host = host
        self.name = name
        self.dead = False
        self.endpoints: dict[Endpoint, None] = {}
        """Open ends of connections, in order of opening."""

    def crash(self, sockets: str = "reset") -> None:
        """Die now. `sockets`: `reset` (the operating system lives and answers RST) or `silent` (power
        lost: the peers hear nothing more)."""
        if sockets not in ("reset", "silent"):
            raise ValueError(f"sockets: {sockets!r} is neither 'reset' nor 'silent'")
        self.dead = True
        endpoints, self.endpoints = list(self.endpoints), {}
        for endpoint in endpoints:
            if sockets == "reset":
                endpoint.abort()
            else:
                endpoint.vanish()

    def check(self) -> None:
        """Raise ProcessDead if this process is dead."""
        if self.dead:
            raise ProcessDead(f"{self.name} on {self.host.name} has crashed")


GreenletExit: type[BaseException] = greenlet.GreenletExit
getcurrent: Callable[[], Any] = greenlet.getcurrent


class SimGreenlet(greenlet.greenlet):  # type: ignore[misc]
    """A greenlet of a simulated process."""

    hub: Hub
    host: SimHost
    process: Process
    task: SimTask[Any]
    wait: Wait | None = None


def current() -> SimGreenlet | None:
    """The simulated greenlet that is running; None in ordinary code and in the scheduler."""
    running = getcurrent()
    return running if type(running) is SimGreenlet else None


def current_or_fail(what: str) -> SimGreenlet:
    """The simulated greenlet that is running. Raises RuntimeError in ordinary code, ProcessDead if its
    process has crashed."""
    running = getcurrent()
    if type(running) is not SimGreenlet:
        raise RuntimeError(f"{what} would block, and only code started by Hub.spawn can wait in virtual time")
    if running.process.dead:
        running.process.check()
    return running


class Wait:
    """One greenlet's wait for one thing."""

    __slots__ = ("cancellable", "ended", "error", "greenlet", "hub", "timer", "value")

    def __init__(self, waiter: SimGreenlet, cancellable: bool = False) -> None:
        self.greenlet = waiter
        self.hub = waiter.hub
        self.cancellable = cancellable
        self.ended = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.timer: Timer | None = None

    def block(self, timeout_s: float | None = None) -> Any:
        """Wait. Returns what `fire` was given, or False when `timeout_s` has passed. Raises TaskCancelled
        (only if cancellable) or ProcessDead."""
        waiter, hub = self.greenlet, self.hub
        if waiter.process.dead:
            waiter.process.check()
        if hub.running is not waiter:
            # Not switched to by the scheduler: the greenlet is being finalised and runs its `finally`s.
            raise ProcessDead("the simulation is over")
        if self.cancellable and waiter.task.cancel_requested:
            waiter.task.cancel_requested = False
            raise TaskCancelled(waiter.task.name)
        if timeout_s is not None:
            self.timer = Timer(hub.env, timeout_s if timeout_s > 0 else 0.0, self._time_out)
        waiter.wait = self
        hub.scheduler.switch()
        waiter.wait = None
        if self.error is not None:
            raise self.error
        return self.value

    def _time_out(self) -> None:
        if not self.ended:
            self.ended = True
            self.value = False
            self.hub.resume(self.greenlet)

    def fire(self, value: Any = True) -> None:
        """End the wait and run the waiter at once. Only as the last act of a scheduler call-back."""
        if not self.ended:
            self._end(value)
            self.hub.resume(self.greenlet)

    def fire_soon(self, value: Any = True) -> None:
        """End the wait; the waiter runs at this instant, after what is already scheduled for it."""
        if not self.ended:
            self._end(value)
            Timer(self.hub.env, 0.0, self._resume)

    def interrupt(self, error: BaseException) -> None:
        """End the wait with an exception in the waiter."""
        if not self.ended:
            self.error = error
            self.fire_soon()

    def _end(self, value: Any) -> None:
        self.ended = True
        self.value = value
        if self.timer is not None:
            self.timer.cancel()

    def _resume(self) -> None:
        self.hub.resume(self.greenlet)


def sleep(waiter: SimGreenlet, seconds: float, cancellable: bool = True) -> None:
    """Let `seconds` of virtual time pass for this greenlet."""
    Wait(waiter, cancellable).block(seconds)
