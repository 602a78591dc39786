"""The machine an emulated appliance runs on, as far as the appliance may know.

Rules of this file: it holds the `Host` protocol and no implementation. An emulator takes every clock
reading, wait, random draw, identifier and background activity from its Host; so the same WSGI app runs
in the simulator's virtual time and on threads in real time (`thread_host.ThreadHost`). Outgoing HTTP is
ordinary `requests`: the simulator delivers it over its own network.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Protocol


class Host(Protocol):
    """What an emulated appliance may ask for. Times are seconds; instants since the Unix epoch."""

    name: str
    """Host name, unique in an environment, for example `chc-ccm01`."""

    def now(self) -> float:
        """Seconds since the Unix epoch on this host's own clock (which may be wrong: clock skew)."""

    def sleep(self, seconds: float) -> None:
        """Block the calling handler or background work."""

    def spawn(self, work: Callable[[], object], name: str) -> None:
        """Run `work` on this host beside the caller. An exception ends that work alone and is logged."""

    def log(self, event: str, **fields: Any) -> None:
        """Record that something happened (docs/events.md)."""

    def new_uuid(self, purpose: str) -> str:
        """A new UUID string; the n-th for a purpose on a host is the same in every run of a seed."""

    def rng(self, purpose: str) -> random.Random:
        """A random stream of this host for this purpose."""

    def certificate_pem(self) -> str:
        """The certificate this host serves (its own first, then the chain), PEM."""
