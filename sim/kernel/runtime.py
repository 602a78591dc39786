"""The core's Runtime in virtual time (core.runtime.Runtime).

Rules of this file: no state of its own beyond names; every method first makes sure that the process it
serves has not crashed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from cxsim.sim.kernel.greenlets import Process, current_or_fail, sleep
from cxsim.sim.kernel.streams import Identifiers, stream
from cxsim.sim.kernel.tasks import SimEvent, SimLock, SimTask

if TYPE_CHECKING:
    from cxsim.sim.kernel.host import SimHost
    from cxsim.sim.kernel.hub import Hub

T = TypeVar("T")


class SimRuntime:
    """A Runtime on a simulated host. Make it with Hub.runtime."""

    def __init__(self, hub: Hub, host: SimHost, process: Process | None = None) -> None:
        self._hub = hub
        self._host = host
        self._process = process if process is not None else host.process
        # A second process of a host must not give out the first one's identifiers again.
        own = "" if self._process is host.process else f"/{self._process.name}"
        self._identifiers = Identifiers(hub.seed, f"runtime/{host.name}{own}")
        self.rng = stream(hub.seed, f"runtime/{host.name}/{self._process.name}")

    def now(self) -> float:
        """Seconds since the epoch on the host's clock."""
        self._process.check()
        return self._host.now()

    def sleep(self, seconds: float) -> None:
        """Block the calling task for `seconds` of virtual time. Raises TaskCancelled, ProcessDead."""
        sleep(current_or_fail("Runtime.sleep"), seconds)

    def event(self) -> SimEvent:
        """A new unset event."""
        self._process.check()
        return SimEvent()

    def spawn(self, work: Callable[..., T], *args: Any, name: str) -> SimTask[T]:
        """Run `work(*args)` beside the caller, in this Runtime's process."""
        self._process.check()
        return self._hub.spawn(self._host, work, *args, name=name, process=self._process)

    def lock(self) -> SimLock:
        """A new lock between greenlets."""
        self._process.check()
        return SimLock()

    def new_id(self, kind: str) -> str:
        """`<kind>-<uuid>`: the n-th of a kind is the same in every run of a seed."""
        self._process.check()
        return f"{kind}-{self._identifiers.new(kind)}"

    def log(self, event: str, **fields: Any) -> None:
        """Record an event of the core (docs/events.md)."""
        self._process.check()
        self._hub.record(self._host.name, event, fields)
