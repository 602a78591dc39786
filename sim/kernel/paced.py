"""Virtual time paced by the wall clock, and the inbox through which other threads hand in work.

Rules of this file: the thread in `run` alone touches the hub; other threads put work into the inbox and
wait for a Future. Work is taken at the virtual instant that corresponds to its arrival.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from cxsim.sim.kernel.clock import Timer

if TYPE_CHECKING:
    from cxsim.sim.kernel.host import SimHost
    from cxsim.sim.kernel.hub import Hub

T = TypeVar("T")

_wall_s = time.monotonic
_LONGEST_NAP_S = 3600.0


class Inbox:
    """Work from other threads, in order of arrival."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._work: deque[Callable[[], None]] = deque()
        self.stopped = False

    def submit(self, hub: Hub, work: Callable[[], T], host: SimHost | None) -> Future[T]:
        """See Hub.submit."""
        future: Future[T] = Future()

        def do() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                value = work()
            except BaseException as error:
                future.set_exception(error)
                if not isinstance(error, Exception):
                    raise
            else:
                future.set_result(value)

        def start() -> None:
            if host is None:
                do()
            else:
                hub.spawn(host, do, name="submitted")

        with self._condition:
            self._work.append(start)
            self._condition.notify()
        return future

    def stop(self) -> None:
        """See Hub.stop."""
        with self._condition:
            self.stopped = True
            self._condition.notify()

    def wait(self, timeout_s: float) -> None:
        """Wait for work, a stop, or the time-out (seconds of wall time)."""
        with self._condition:
            if not self._work and not self.stopped and timeout_s > 0:
                self._condition.wait(min(timeout_s, _LONGEST_NAP_S))

    def take(self) -> list[Callable[[], None]]:
        """All work that has arrived."""
        with self._condition:
            taken = list(self._work)
            self._work.clear()
        return taken


def run(hub: Hub, inbox: Inbox, speed: float, until_s: float | None) -> None:
    """See Hub.run_paced."""
    if not speed > 0:
        raise ValueError(f"speed must be more than 0, not {speed!r}")
    env = hub.env
    end_s = float("inf") if until_s is None else until_s - hub.start_s
    wall_start_s, virtual_start_s = _wall_s(), float(env.now)

    def due_s() -> float:
        return virtual_start_s + (_wall_s() - wall_start_s) * speed

    def advance(to_s: float, *work: Callable[[], Any]) -> None:
        """Process everything up to an instant, then do the work at that instant."""
        arrived: list[Timer] = []
        arrived.append(Timer(env, max(0.0, to_s - env.now), lambda: None))
        while arrived[0].callback is not None:
            env.step()
        for item in work:
            item()

    inbox.stopped = False
    while not inbox.stopped:
        wake_s = min(env.peek(), end_s)
        inbox.wait((wake_s - due_s()) / speed)
        work = inbox.take()
        now_s = min(due_s(), end_s)
        if work or now_s >= wake_s:
            advance(now_s, *work)
        if now_s >= end_s:
            return
