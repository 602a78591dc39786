"""A host on real threads and the wall clock, for serving an emulator over real sockets.

Rules of this file: it implements `host.Host` and nothing else. `speed` makes this host's clock run faster
than the wall clock: a sleep of 10 s at speed 20 takes half a second of real time. Identifiers and random
streams depend on seed, host name and purpose alone, never on the clock.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

LogSink = Callable[[str, dict[str, Any]], None]
"""Takes an event's name and its fields (docs/events.md)."""


class ThreadHost:
    """A `Host` whose background work runs on daemon threads.

    `log` takes each event and its fields (default: kept in `events`). `speed`: seconds of this host per
    second of wall time. `start_s`: what this host's clock shows now (default: the real time).
    """

    def __init__(
        self,
        name: str,
        seed: int = 0,
        log: LogSink | None = None,
        speed: float = 1.0,
        start_s: float | None = None,
        certificate_pem: str = "",
    ) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be positive, not {speed}")
        self.name = name
        self.speed = speed
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._seed = seed
        self._log = log or (lambda event, fields: self.events.append((event, fields)))
        self._certificate_pem = certificate_pem
        self._wall_start_s = time.monotonic()
        self._start_s = time.time() if start_s is None else start_s
        self._guard = threading.Lock()
        self._drawn: Counter[str] = Counter()
        self._streams: dict[str, random.Random] = {}
        self._threads: list[threading.Thread] = []

    def now(self) -> float:
        """Seconds since the epoch on this host's clock."""
        return self._start_s + (time.monotonic() - self._wall_start_s) * self.speed

    def sleep(self, seconds: float) -> None:
        """Block for `seconds` of this host's clock."""
        if seconds > 0:
            time.sleep(seconds / self.speed)

    def spawn(self, work: Callable[[], object], name: str) -> None:
        """Run `work` on a thread of its own; an exception is logged as `trouble` and ends that work alone."""

        def run() -> None:
            try:
                work()
            except Exception as error:
                self.log("trouble", task=name, error=repr(error))

        thread = threading.Thread(target=run, name=f"{self.name}: {name}", daemon=True)
        with self._guard:
            self._threads = [t for t in self._threads if t.is_alive()]
            self._threads.append(thread)
        thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait until all background work has ended, at most `timeout_s` of wall time; True if it has."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            with self._guard:
                alive = [t for t in self._threads if t.is_alive() and t is not threading.current_thread()]
            if not alive:
                return True
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0:
                return False
            alive[0].join(remaining_s)

    def log(self, event: str, **fields: Any) -> None:
        """Hand the event to the sink."""
        self._log(event, fields)

    def new_uuid(self, purpose: str) -> str:
        """The n-th UUID for a purpose: the same for a seed and host name in every run."""
        with self._guard:
            self._drawn[purpose] += 1
            nth = self._drawn[purpose]
        return str(uuid.UUID(bytes=self._digest("uuid", purpose, str(nth))[:16], version=4))

    def rng(self, purpose: str) -> random.Random:
        """The random stream for a purpose; asking again gives the same stream where it stands."""
        with self._guard:
            if purpose not in self._streams:
                self._streams[purpose] = random.Random(int.from_bytes(self._digest("rng", purpose), "big"))
            return self._streams[purpose]

    def certificate_pem(self) -> str:
        """The certificate this host serves, as given at construction."""
        return self._certificate_pem

    def _digest(self, *words: str) -> bytes:
        return hashlib.sha256("\0".join((str(self._seed), self.name, *words)).encode()).digest()
