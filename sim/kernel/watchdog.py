"""The watchdog: names a simulated greenlet that does not let go of the processor.

Rules of this file: it only looks and prints; it runs in a thread of its own, the one thing here that does,
and touches nothing of the simulation. Limits are wall time, seconds.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from cxsim.sim.kernel.hub import Hub

_now_s = time.monotonic


@contextmanager
def watching(hub: Hub, limit_s: float = 10.0, out: TextIO | None = None) -> Iterator[None]:
    """Watch the hub that this thread runs inside the `with` block. A greenlet that has not let go for
    `limit_s` has its stack printed to `out` (standard error), once for each time it holds on."""
    done = threading.Event()
    watched = threading.get_ident()
    watcher = threading.Thread(
        target=_watch, args=(hub, limit_s, out, watched, done), name="cxsim watchdog", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(hub: Hub, limit_s: float, out: TextIO | None, watched: int, done: threading.Event) -> None:
    seen, since_s, told = -1, _now_s(), -1
    while not done.wait(limit_s / 4):
        running, switches = hub.running, hub.switches
        if running is None or switches != seen:
            seen, since_s = switches, _now_s()
        elif _now_s() - since_s >= limit_s and told != switches:
            told = switches
            frame = _frame_of(watched)
            stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
            print(
                f"cxsim: task {running.task.name!r} on host {running.host.name} has held the processor for "
                f"{limit_s:g} s (virtual time stands still at {hub.elapsed_us} us); it is here:\n{stack}",
                file=out or sys.stderr,
                flush=True,
            )


def _frame_of(thread: int) -> FrameType | None:
    """Where a thread is. Without the collector: CPython up to 3.12 holds a lock while it makes this mapping,
    and a `threading.local` that is collected meanwhile wants the same one (CPython issue 106883)."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames().get(thread)
    finally:
        if collecting:
            gc.enable()
