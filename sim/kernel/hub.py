"""The Hub: one virtual world - its clock, its hosts, its greenlets and its event log.

Rules of this file: one operating-system thread runs a hub; only `submit` and `stop` may be called from
another. Only the hub starts greenlets. Instants in the public API are seconds since the Unix epoch, unless
the name says otherwise.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from cxsim.sim.eventlog import EventLog
from cxsim.sim.kernel import paced
from cxsim.sim.kernel.clock import KernelEnvironment, Timer
from cxsim.sim.kernel.greenlets import Process, SimGreenlet, current, getcurrent
from cxsim.sim.kernel.host import SimHost
from cxsim.sim.kernel.runtime import SimRuntime
from cxsim.sim.kernel.tasks import SimTask
from cxsim.sim.kernel.wire import Listener, Network

T = TypeVar("T")

_graves: list[SimGreenlet] = []
"""Greenlets of crashed processes: letting go of one would run its `finally` blocks."""


@dataclass(frozen=True)
class TcpLimits:
    """How long the clients' operating system waits, seconds (Linux's defaults)."""

    syn_s: float = 130.0
    """Unanswered SYNs: measured 129.5-130.2 s (edge-config 4.2)."""
    syn_again_s: tuple[float, ...] = (1, 2, 3, 4, 5, 7, 11, 19, 35, 67)
    """When an unanswered SYN is sent again, seconds after the first: tcp_syn_retries 6 after
    tcp_syn_linear_timeouts 4, the last at 67 s (edge-config 4.2)."""
    retransmit_s: float = 924.6
    """Unacknowledged data: net.ipv4.tcp_retries2 = 15 (kernel documentation, ip-sysctl)."""
    rto_s: float = 0.2
    """Until unacknowledged data is sent again, beside a round trip: TCP_RTO_MIN; doubled each time."""
    rto_max_s: float = 120.0
    """TCP_RTO_MAX: with the two above, 15 retransmissions take 924.6 s."""


@dataclass(frozen=True)
class Failure:
    """Background work or a request handler that was ended by an exception (with its traceback)."""

    host: str
    task: str
    error: Exception


class Hub:
    """A simulation. `start_s`: the virtual instant at which it starts, seconds since the epoch."""

    def __init__(
        self, seed: int, start_s: float, log: EventLog | None = None, tcp: TcpLimits | None = None
    ) -> None:
        self.seed = seed
        self.start_s = start_s
        self.events = log if log is not None else EventLog()
        self.tcp = tcp or TcpLimits()
        self.env = KernelEnvironment()
        self.network: Network | None = None
        self.hosts: dict[str, SimHost] = {}
        self.failures: list[Failure] = []
        """What was ended by an exception, in order."""
        self.scheduler: Any = getcurrent()
        self.running: SimGreenlet | None = None
        self.switches = 0
        """How often a greenlet was switched to: a watchdog sees from it that one does not let go."""
        self.live: dict[SimGreenlet, None] = {}
        self._inbox = paced.Inbox()

    # -- the world ------------------------------------------------------------------------------------

    def add_host(self, name: str, clock_skew_s: float = 0.0) -> SimHost:
        """A new machine. `clock_skew_s`: its clock minus true time. Raises ValueError if the name is
        taken."""
        if name in self.hosts:
            raise ValueError(f"there is a host {name!r} already")
        host = SimHost(self, name, clock_skew_s)
        self.hosts[name] = host
        return host

    def listener(self, host: str, port: int) -> Listener | None:
        """What listens on a port of a host: for the network. None: nothing, or there is no such host."""
        found = self.hosts.get(host)
        return found.listeners.get(port) if found is not None else None

    def runtime(self, host: SimHost, process: Process | None = None) -> SimRuntime:
        """A core Runtime on this host, in its own process if one is given."""
        return SimRuntime(self, host, process)

    @property
    def now_s(self) -> float:
        """True time, seconds since the epoch."""
        return self.start_s + float(self.env.now)

    @property
    def elapsed_us(self) -> int:
        """Whole microseconds since the start."""
        return round(self.env.now * 1e6)

    def record(self, host: str, event: str, fields: dict[str, Any]) -> None:
        """Record an event now (docs/events.md). `host`: who saw it, `-` for the simulator."""
        self.events.record(round(self.env.now * 1e6), host, event, fields)

    # -- activity -------------------------------------------------------------------------------------

    def spawn(
        self,
        host: SimHost,
        work: Callable[..., T],
        *args: Any,
        name: str | None = None,
        process: Process | None = None,
        context: contextvars.Context | None = None,
    ) -> SimTask[T]:
        """Run `work(*args)` in a greenlet on `host`, from this instant on. It belongs to `process`; if none
        is given, to the caller's when that is on the same host, else to the host's. It sees a copy of the
        caller's context variables unless given its own. An exception ends that task alone."""
        caller = current()
        if caller is not None:
            caller.process.check()
        if process is None:
            same_host = caller is not None and caller.host is host
            process = caller.process if same_host and caller is not None else host.process
        title = name if name is not None else getattr(work, "__name__", "task")
        if context is None:
            context = contextvars.copy_context()
        return SimTask(self, host, process, title, work, args, context)

    def call_at(self, time_s: float, callback: Callable[[], Any]) -> Timer:
        """Call back in the scheduler at an instant, rounded to the microsecond (at once if it has passed);
        the call-back must not block. The Timer can be cancelled. Whatever is asked for one instant ties
        exactly, from wherever it was asked."""
        return Timer.at(self.env, round((time_s - self.start_s) * 1e6) / 1e6, callback)

    def call_in(self, delay_s: float, callback: Callable[[], Any]) -> Timer:
        """Call back in the scheduler `delay_s` from now."""
        return Timer(self.env, max(0.0, delay_s), callback)

    def resume(self, waiter: SimGreenlet) -> None:
        """Switch to a greenlet until it waits again. Only for the kernel, only in the scheduler."""
        if waiter.process.dead or waiter.dead:
            return
        self.running = waiter
        self.switches += 1
        try:
            waiter.switch()
        finally:
            self.running = None

    def failed(self, host: str, task: str, error: Exception) -> None:
        """Background work or a request handler was ended by an exception: keep it (with its traceback) and
        record `trouble`."""
        self.failures.append(Failure(host, task, error))
        self.record(host, "trouble", {"task": task, "error": f"{type(error).__name__}: {error}"})

    # -- running --------------------------------------------------------------------------------------

    def run(self, until_s: float | None = None) -> None:
        """Run until nothing is left to happen, or up to (not including) the instant `until_s`, which is
        then the time. Raises what a call-back raised."""
        self._take_over()
        if until_s is None:
            self.env.run()
        elif until_s > self.now_s:
            self.env.run(until=until_s - self.start_s)

    def run_until(self, task: SimTask[Any]) -> None:
        """Run until a task has ended; what else would happen at that instant or later does not. Raises what
        a call-back raised."""
        self._take_over()
        ended = self.env.event()

        def watch() -> None:
            task.join()
            ended.succeed()

        self.spawn(task.host, watch, name=f"end of {task.name}")
        self.env.run(until=ended)

    def run_paced(self, speed: float, until_s: float | None = None) -> None:
        """Run with the wall clock: `speed` virtual seconds per real second, taking what `submit` brings,
        until `stop()`, or until the instant `until_s`. Raises ValueError unless speed > 0."""
        self._take_over()
        paced.run(self, self._inbox, speed, until_s)

    def submit(self, work: Callable[[], T], host: SimHost | None = None) -> Future[T]:
        """From any thread: have `work` done by the thread in `run_paced`, and get a Future of its result.
        With a host it runs in a greenlet there and may block in virtual time; without, it must not."""
        return self._inbox.submit(self, work, host)

    def stop(self) -> None:
        """From any thread: make `run_paced` return soon."""
        self._inbox.stop()

    def close(self) -> None:
        """Let go of what still runs. Its `finally` blocks run now, and every kernel call in them raises
        ProcessDead; those of crashed processes never run. Greenlets that wait are not found by the garbage
        collector, so a program that makes many hubs must close them."""
        here = getcurrent()
        while self.live:
            left = next(iter(self.live))
            del self.live[left]
            if left.process.dead:
                _graves.append(left)
                continue
            left.parent = here
            left.throw()

    def __enter__(self) -> Hub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_over(self) -> None:
        here = getcurrent()
        if isinstance(here, SimGreenlet):
            raise RuntimeError("a hub cannot be run from inside the simulation")
        if here is not self.scheduler:
            self.scheduler = here
            for waiter in self.live:
                waiter.parent = here
