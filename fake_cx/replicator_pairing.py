"""Pairing of a replicator with Replication Managers [I].

Rules of this file: a manager pairs by giving its address, the id it knows the replicator by and a cookie;
before the replicator accepts, it calls the manager back (cx.md 1.2 rows 4 and 10). Afterwards the cookie
authenticates the manager's control calls. A replicator can be paired with several managers: a tenant may
use several providers.
"""

from __future__ import annotations

from dataclasses import dataclass

from cxsim.fake_cx import errors
from cxsim.fake_cx.outgoing import Outgoing

COOKIE_HEADER = "X-VCAV-Cookie"


@dataclass(frozen=True)
class Pairing:
    """A Replication Manager that may control this replicator."""

    manager_url: str
    thumbprint: str | None
    replicator_id: str
    cookie: str


class Pairings:
    """The managers that one replicator is paired with."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._by_replicator_id: dict[str, Pairing] = {}

    def pair(self, pairing: Pairing) -> None:
        """Call the manager back and remember it; an earlier pairing with the same manager is replaced.
        Raises `ManagerUnreachable` with nothing changed."""
        peer = self._outgoing.peer(pairing.manager_url, pairing.thumbprint)
        try:
            peer.call(
                "GET",
                f"/replicators/{pairing.replicator_id}/heartbeat",
                headers={COOKIE_HEADER: pairing.cookie},
            ).expect(204)
        except errors.H4Error as error:
            raise errors.ManagerUnreachable(
                f"Could not call the Replication Manager back at {pairing.manager_url}: {error.msg}",
                pairing.manager_url,
                error.code,
            ) from error
        self.adopt(pairing)

    def adopt(self, pairing: Pairing) -> None:
        """Remember a manager without calling it (an appliance that was set up before)."""
        self._by_replicator_id[pairing.replicator_id] = pairing

    def of_cookie(self, cookie: str) -> Pairing:
        """The manager that shows this cookie. Raises `NotPaired`."""
        for pairing in list(self._by_replicator_id.values()):
            if pairing.cookie == cookie:
                return pairing
        raise errors.NotPaired("This replicator is not paired with the caller.")
