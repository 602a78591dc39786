"""An effect: a fault that is on. And what effects can reach of a world.

Rules of this file: the protocol of the world and the record; no kind of fault is known here. An effect can be
taken back, and says whether anything met it, because a fault that met nothing proves nothing (DESIGN
section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cxsim.sim.identities import Identity
from cxsim.sim.network import Change, Network
from cxsim.sim.world.fronts import Manner

Undo = Callable[[], None]


class World(Protocol):
    """What faults can reach."""

    network: Network
    places: dict[str, str]
    """Where the state of a line or an edge was last changed, by its name."""

    def set_public_endpoint(self, appliance: str, typed: str, place: str) -> None:
        """Type another Public Endpoint URL for a Replication Manager or replicator, at `place` of a file."""

    def public_endpoint(self, appliance: str) -> str:
        """The Public Endpoint URL of an appliance as it is now."""

    def endpoint_uses(self, appliance: str) -> int:
        """How many calls carried an appliance's public endpoint to somebody who will use it."""

    def ports_of(self, host: str) -> Sequence[int]:
        """The ports that a host listens on."""

    def dns_server(self, site: str) -> str:
        """The host that resolves names for a site."""

    def identity(self, host: str) -> Identity:
        """The certificate that a host shows now."""

    def new_identity(self, host: str, generation: int, expired_s: float | None = None) -> Identity:
        """A certificate for a host: of another generation, or one that expired so long before the start."""

    def show_identity(self, host: str, identity: Identity, place: str, restart: bool) -> Undo:
        """Let a host show another certificate. `restart`: its services start anew, connections are reset."""

    def times_shown(self, host: str) -> int:
        """How many clients have been shown the certificate of a host."""

    def end_tls(self, edge: str, port: int, by: str, place: str) -> Undo:
        """A device at an edge ends TLS on a published port."""

    def times_ended(self, by: str) -> int:
        """How many connections a device that ends TLS has taken."""

    def skew_clock(self, host: str, ahead_s: float, place: str) -> Undo:
        """Put the clock of a host forward."""

    def calls_of(self, host: str) -> int:
        """How many calls a host has made or answered."""

    def answer_otherwise(self, host: str, manner: Manner, place: str) -> Undo:
        """Let the web server of a host answer in another manner."""

    def times_answered(self, host: str) -> int:
        """How many requests a web server has answered in a manner that is not the product's."""


@dataclass(frozen=True)
class Effect:
    """A fault that is on."""

    undo: Undo
    met: Callable[[], int]


def of_changes(made: Sequence[Change]) -> Effect:
    """The effect of changes of the network."""

    def undo() -> None:
        for change in reversed(made):
            change.undo()

    return Effect(undo, lambda: sum(change.met for change in made))


def counting(undo: Undo, count: Callable[[], int]) -> Effect:
    """An effect that is met as often as `count` grows while it is on."""
    before = count()
    met: list[int] = []

    def ended() -> None:
        if not met:
            met.append(count() - before)
            undo()

    return Effect(ended, lambda: met[0] if met else count() - before)
