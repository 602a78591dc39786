"""Connecting elsewhere than to the place that was asked for, as curl's `--connect-to` does.

Rules of this file: one map a process, because it says from where this process looks at the network (behind a
NAT, in a lab, beside a simulator), as /etc/hosts does. It changes where the TCP connection goes and nothing
else: the name in the TLS hello, the Host header, the place that a certificate is trusted for and every
message keep what was asked for. So an address that a product advertises can be followed although it leads
nowhere from here.
"""

from __future__ import annotations

from collections.abc import Mapping

ANY = ("*", 0)
"""Stands for every place that is not named itself."""

REFUSE = ("", 0)
"""Do not connect at all: as if the port were closed."""

Place = tuple[str, int]


class LedNowhere(ConnectionRefusedError):
    """The map says that nobody is to connect there."""


_map: dict[Place, Place] = {}


def use(connect_to: Mapping[Place, Place]) -> None:
    """Use this map from now on, for every connection of the process. Host names are compared without case."""
    _map.clear()
    _map.update({(host.lower(), port): there for (host, port), there in connect_to.items()})


def route(host: str, port: int | None) -> Place | None:
    """Where to connect instead of `host:port` (None: 443); None: there itself. Raises ConnectionRefusedError
    (`LedNowhere`) where the map says so."""
    if not _map:
        return None
    there = _map.get((host.strip("[]").lower(), port or 443), _map.get(ANY))
    if there == REFUSE:
        raise LedNowhere(111, f"connect_to leads {host}:{port or 443} nowhere")
    return there
