"""How a Replication Manager speaks to a replicator (https 8043 or its public endpoint).

Rules of this file: one method a call of docs/inferred-api.md section 2.1; nothing is decided here. Every
method raises the `CommunicationError` family or the replicator's own error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cxsim.fake_cx import errors
from cxsim.fake_cx.appliance_setup import AUTH_HEADER, SECRET_HEADER
from cxsim.fake_cx.outgoing import Answer, Outgoing, naming
from cxsim.fake_cx.replicator_api import PRODUCT
from cxsim.fake_cx.replicator_pairing import COOKIE_HEADER


@dataclass(frozen=True)
class ReplicatorCredentials:
    """What somebody who registers a replicator must know of it (cx.md 5.3 POST /replicators)."""

    root_password: str
    sso_user: str
    sso_password: str


class ReplicatorClient:
    """A replicator at one URL, pinned. `cookie`: of the pairing, '' before it is paired."""

    def __init__(
        self, outgoing: Outgoing, api_url: str, thumbprint: str | None, cookie: str, status_timeout_s: float
    ) -> None:
        self.api_url = api_url
        self._peer = outgoing.peer(api_url, thumbprint)
        self._cookie = cookie
        self._status_timeout_s = status_timeout_s

    @property
    def seen_thumbprint(self) -> str | None:
        """Of the certificate that was shown on the newest connection."""
        return self._peer.pin.seen

    def pair(
        self,
        credentials: ReplicatorCredentials,
        replicator_id: str,
        manager_url: str,
        thumbprint: str,
        cookie: str,
        refuse_shared: bool = False,
    ) -> None:
        """Check what answers, log in, pair. `refuse_shared`: not with an appliance that shows the manager's
        own certificate (`CertificateShared`). Raises `UnexpectedAppliance` when it is no replicator,
        `RemoteAuthenticationFailure` when it refuses the credentials, and what the replicator reports of
        its call back."""
        self._check_product()
        if refuse_shared and (self.seen_thumbprint or "").lower() == thumbprint.lower():
            raise errors.CertificateShared(
                f"{self.api_url} has the same certificate as this Replication Manager ({thumbprint}).",
                self.api_url,
                thumbprint,
            )
        try:
            session = self._peer.call(
                "POST",
                "/sessions",
                json_body={
                    "type": "ssoCredentials",
                    "username": credentials.sso_user,
                    "password": credentials.sso_password,
                },
            ).expect(200)
            self._peer.call(
                "POST",
                "/managers",
                json_body={
                    "apiUrl": manager_url,
                    "thumbprint": thumbprint,
                    "replicatorId": replicator_id,
                    "cookie": cookie,
                },
                headers={
                    AUTH_HEADER: session.header(AUTH_HEADER),
                    SECRET_HEADER: credentials.root_password,
                },
            ).expect(204)
        except errors.H4Error as error:
            if error.code != errors.NotAuthenticated.code:
                raise
            raise errors.RemoteAuthenticationFailure(
                f"The replicator at {self.api_url} refused the credentials: {error.msg}", self.api_url
            ) from error
        self._cookie = cookie

    def _check_product(self) -> None:
        answer = self._peer.call("GET", "/diagnostics/about")
        try:
            product = answer.expect(200).text("product")
        except errors.H4Error as error:
            raise errors.UnexpectedAppliance(
                f"{self.api_url} is not answered by a replicator: {error.msg}", self.api_url, error.code
            ) from error
        if product != PRODUCT:
            raise errors.UnexpectedAppliance(
                f"{self.api_url} is answered by {product}, not by a replicator.", self.api_url, product
            )

    def statuses(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """The bulk status of these replications, as far as they exist."""
        path = f"/replications{naming(ids)}"
        answer = self._call("GET", path, connect_timeout_s=self._status_timeout_s).expect(200)
        items = answer.document().get("items")
        return [i for i in items if isinstance(i, dict)] if isinstance(items, list) else []

    def start(self, document: dict[str, Any]) -> dict[str, Any]:
        """POST /replications, either role."""
        return self._call("POST", "/replications", document).expect(200, 201).document()

    def sync(self, replication_id: str, final: bool) -> int:
        """Ask for an instance; its sequence number."""
        answer = self._call("POST", f"/replications/{replication_id}/sync", {"final": final}).expect(200)
        sequence = answer.document().get("sequenceNumber")
        if not isinstance(sequence, int):
            raise errors.UnexpectedAnswer(f"{answer.url} was answered without sequenceNumber", answer.url)
        return sequence

    def act(self, replication_id: str, action: str) -> None:
        """`pause` or `resume`."""
        self._call("POST", f"/replications/{replication_id}/{action}", {}).expect(204)

    def export(self, replication_id: str, document: dict[str, Any]) -> dict[str, Any]:
        """Start an export; the replicator's task."""
        path = f"/replications/{replication_id}/export-instance"
        return self._call("POST", path, document).expect(202).document()

    def task(self, task_id: str) -> dict[str, Any]:
        """A task of the replicator."""
        return self._call("GET", f"/tasks/{task_id}").expect(200).document()

    def remove(self, replication_id: str, disk_cleanup: str) -> None:
        """Delete a replication; one that is gone already is no error."""
        self._call("DELETE", f"/replications/{replication_id}?diskCleanup={disk_cleanup}").expect(204, 404)

    def inventory(self) -> Any:
        """[{vcId, vms}]."""
        return self._call("GET", "/inventory/vms").expect(200).json()

    def _call(
        self, method: str, path: str, document: Any = None, connect_timeout_s: float | None = None
    ) -> Answer:
        return self._peer.call(
            method,
            path,
            json_body=document,
            headers={COOKIE_HEADER: self._cookie},
            connect_timeout_s=connect_timeout_s,
        )
