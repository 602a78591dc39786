"""Registering replicators with a Replication Manager: the call that decides about 'Enable Failed'.

Rules of this file: registering really calls the replicator's apiUrl (cx.md 1.2 row 5) and is done when the
replicator has called back (row 4). A failed registration leaves the registry as it was. Registering the
same appliance again (same owner, site and certificate) renews its pairing and URL and keeps its id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cxsim.emulator.host import Host
from cxsim.emulator.tasks import Task
from cxsim.fake_cx import errors
from cxsim.fake_cx.h4_tasks import H4Tasks, Workflow
from cxsim.fake_cx.manager_model import PROVIDER, ReplicatorRecord
from cxsim.fake_cx.outgoing import Outgoing
from cxsim.fake_cx.replicator_client import ReplicatorClient, ReplicatorCredentials
from cxsim.fake_cx.settings import CxSettings


@dataclass(frozen=True)
class Registration:
    """What was asked for (cx.md 5.3 POST /replicators). `thumbprint` None: trust what is shown."""

    owner: str
    site: str
    description: str
    api_url: str
    thumbprint: str | None
    credentials: ReplicatorCredentials


class Replicators:
    """The replicators that one manager knows. `callback_url(site)` is where a replicator of this site
    calls the manager back; `own_thumbprint()` what it will see there."""

    def __init__(
        self,
        host: Host,
        settings: CxSettings,
        outgoing: Outgoing,
        tasks: H4Tasks,
        callback_url: Callable[[str], str],
        own_thumbprint: Callable[[], str],
    ) -> None:
        self._host = host
        self._settings = settings
        self._outgoing = outgoing
        self._tasks = tasks
        self._callback_url = callback_url
        self._own_thumbprint = own_thumbprint
        self._records: dict[str, ReplicatorRecord] = {}
        self._pending: dict[str, tuple[str, ...]] = {}
        """Cookies of pairings under way, by replicator id."""

    def register(self, registration: Registration) -> Task:
        """Start registering; the task's resourceId is the replicator's id."""
        known = self._known(registration)
        replicator_id = known.id if known is not None else self._host.new_uuid("replicator")

        def work(task: Task) -> dict[str, str]:
            self._pair(registration, replicator_id)
            return {"replicatorId": replicator_id}

        workflow = Workflow(
            "registerReplicator", "replicator", replicator_id, registration.api_url, registration.owner
        )
        return self._tasks.start(workflow, work)

    def _pair(self, registration: Registration, replicator_id: str) -> None:
        client = self._client(registration.api_url, registration.thumbprint, "")
        cookie = self._host.new_uuid("pairing cookie")
        self._pending[replicator_id] = (*self._pending.get(replicator_id, ()), cookie)
        try:
            client.pair(
                registration.credentials,
                replicator_id,
                self._callback_url(registration.site),
                self._own_thumbprint(),
                cookie,
                self._settings.refuse_shared_certificate,
            )
        finally:
            left = tuple(c for c in self._pending.pop(replicator_id, ()) if c != cookie)
            if left:
                self._pending[replicator_id] = left
        thumbprint = registration.thumbprint or client.seen_thumbprint or ""
        self._keep(registration, replicator_id, thumbprint, cookie)

    def _keep(self, registration: Registration, replicator_id: str, thumbprint: str, cookie: str) -> None:
        client = self._client(registration.api_url, thumbprint or None, cookie)
        record = self._records.get(replicator_id)
        if record is None:
            self._records[replicator_id] = ReplicatorRecord(
                replicator_id,
                registration.owner,
                registration.site,
                registration.description,
                registration.api_url,
                thumbprint,
                cookie,
                client,
                online=True,
            )
            return
        record.description, record.api_url = registration.description, registration.api_url
        record.thumbprint, record.cookie, record.client = thumbprint, cookie, client
        record.online, record.error, record.retry_at_s = True, None, 0.0

    def adopt(self, registration: Registration, thumbprint: str) -> tuple[str, str]:
        """Put a replicator that was paired before; (replicator id, cookie) for its side."""
        replicator_id, cookie = self._host.new_uuid("replicator"), self._host.new_uuid("pairing cookie")
        self._keep(registration, replicator_id, thumbprint, cookie)
        return replicator_id, cookie

    def _client(self, api_url: str, thumbprint: str | None, cookie: str) -> ReplicatorClient:
        return ReplicatorClient(self._outgoing, api_url, thumbprint, cookie, self._settings.status_timeout_s)

    def _known(self, registration: Registration) -> ReplicatorRecord | None:
        for record in self.visible(PROVIDER):
            same = (record.owner, record.site) == (registration.owner, registration.site)
            expected = (registration.thumbprint or "").lower()
            if same and record.thumbprint.lower() == expected:
                return record
        return None

    def heard(self, replicator_id: str, cookie: str) -> None:
        """A replicator called back. Raises `NotAuthenticated` when the cookie is not its own."""
        record = self._records.get(replicator_id)
        cookies = [*self._pending.get(replicator_id, ()), *([record.cookie] if record is not None else [])]
        if not cookie or cookie not in cookies:
            raise errors.NotAuthenticated("The pairing cookie is not known.")

    def find(self, replicator_id: str, owner: str) -> ReplicatorRecord:
        """A replicator of this owner (the provider finds all). Raises `ReplicatorNotFound`."""
        record = self._records.get(replicator_id)
        if record is None or owner not in (PROVIDER, record.owner):
            raise errors.ReplicatorNotFound(f"There is no replicator {replicator_id}.", replicator_id)
        return record

    def known_by(self, api_url: str) -> ReplicatorRecord | None:
        """The replicator that is registered with this URL; None when there is none."""
        return next((r for r in list(self._records.values()) if r.api_url == api_url), None)

    def visible(self, owner: str) -> list[ReplicatorRecord]:
        """Every replicator of this owner (the provider sees all), in the order of registration."""
        return [r for r in list(self._records.values()) if owner in (PROVIDER, r.owner)]

    def of_site(self, site: str, owner: str) -> list[ReplicatorRecord]:
        """The replicators of a site. Raises `SiteNotFound` when there is none."""
        found = [r for r in self.visible(owner) if r.site == site]
        if not found:
            raise errors.SiteNotFound(f"There is no replicator of site {site}.", site)
        return found

    def remove(self, record: ReplicatorRecord) -> None:
        """Forget a replicator."""
        self._records.pop(record.id, None)

    def to_json(self, owner: str) -> dict[str, Any]:
        """The list."""
        items = [r.to_json() for r in self.visible(owner)]
        return {"items": items, "total": len(items)}
