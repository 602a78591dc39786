"""How the cloud service speaks to its Replication Manager (https 8044, private; cx.md 1.2 row 8).

Rules of this file: one method a call of docs/inferred-api.md section 2 and cx.md 5.3; a session that the
manager has forgotten is opened again once. Every method raises the `CommunicationError` family or the
manager's own error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors
from cxsim.fake_cx.appliance_setup import AUTH_HEADER, SECRET_HEADER
from cxsim.fake_cx.config import ManagedAppliance
from cxsim.fake_cx.outgoing import Answer, Outgoing, naming
from cxsim.fake_cx.settings import CxSettings


class ManagerClient:
    """The Replication Manager of one cloud service."""

    def __init__(
        self,
        host: Host,
        settings: CxSettings,
        outgoing: Outgoing,
        manager: ManagedAppliance,
        sso_user: str,
        sso_password: str,
    ) -> None:
        self._host = host
        self._settings = settings
        self._peer = outgoing.peer(manager.url, manager.thumbprint)
        self._login = {"type": "ssoCredentials", "username": sso_user, "password": sso_password}
        self._token = ""

    def _call(self, method: str, path: str, document: Any = None) -> Answer:
        if not self._token:
            self._open_session()
        answer = self._peer.call(method, path, json_body=document, headers={AUTH_HEADER: self._token})
        if answer.status == 401:
            self._open_session()
            answer = self._peer.call(method, path, json_body=document, headers={AUTH_HEADER: self._token})
        return answer

    def _open_session(self) -> None:
        answer = self._peer.call("POST", "/sessions", json_body=self._login)
        if answer.status == 401:
            raise errors.RemoteAuthenticationFailure(
                f"The Replication Manager at {self._peer.base_url} refused the credentials.",
                self._peer.base_url,
            )
        self._token = answer.expect(200).header(AUTH_HEADER)

    def api_url(self) -> str:
        """The URL that tenants are told."""
        return self._call("GET", "/config").expect(200).text("apiUrl")

    def thumbprint(self) -> str:
        """Of the manager's certificate."""
        answer = self._call("GET", "/config/certificate").expect(200)
        certificate = answer.document().get("certificate")
        if not isinstance(certificate, dict) or not isinstance(certificate.get("thumbPrint"), str):
            raise errors.UnexpectedAnswer(f"{answer.url} was answered without a certificate", answer.url)
        return str(certificate["thumbPrint"])

    def registration_token(self, owner: str) -> str:
        """A token with which this organization may register replicators."""
        return self._call("POST", "/registration-tokens", {"owner": owner}).expect(201).text("token")

    def statuses(self, ids: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Every replication by id, or at least those of `ids` that exist."""
        named = "" if ids is None else naming(ids)
        answer = self._call("GET", f"/replications{named}").expect(200)
        items = answer.document().get("items")
        found = items if isinstance(items, list) else []
        return {str(i.get("id")): i for i in found if isinstance(i, dict)}

    def find(self, external_key: str) -> str | None:
        """The id of the replication with this key: the answer to its start may have been lost."""
        found = (i for i, shown in self.statuses().items() if shown.get("externalKey") == external_key)
        return next(found, None)

    def start(self, document: dict[str, Any]) -> str:
        """Start a replication and wait until it was configured; its id."""
        task = self._call("POST", "/replications", document).expect(202).document()
        result = self.follow(task)
        if not isinstance(result, dict) or not isinstance(result.get("replicationId"), str):
            raise errors.UnexpectedAnswer(f"{self._peer.base_url} started a replication without id")
        return str(result["replicationId"])

    def sync(self, replication_id: str, final: bool) -> int:
        """Ask for an instance; its sequence number."""
        answer = self._call("POST", f"/replications/{replication_id}/sync", {"final": final}).expect(202)
        result = answer.document().get("result")
        if not isinstance(result, dict) or not isinstance(result.get("sequenceNumber"), int):
            raise errors.UnexpectedAnswer(f"{answer.url} was answered without sequenceNumber", answer.url)
        return int(result["sequenceNumber"])

    def act(self, replication_id: str, action: str) -> None:
        """`pause` or `resume`."""
        self._call("POST", f"/replications/{replication_id}/{action}").expect(202)

    def export(self, replication_id: str, instance_id: str) -> dict[str, Any]:
        """Start an export; the task."""
        path = f"/replications/{replication_id}/export-instance"
        return self._call("POST", path, {"instanceId": instance_id}).expect(202).document()

    def remove(self, replication_id: str, disk_cleanup: str) -> None:
        """Delete a replication and wait for it; one that is gone already is no error."""
        answer = self._call("DELETE", f"/replications/{replication_id}?diskCleanup={disk_cleanup}")
        if answer.status != 404:
            self.follow(answer.expect(202).document())

    def follow(self, task: dict[str, Any], on_progress: Any = None) -> Any:
        """Poll a task to its end; its result. `on_progress(percent)` is called after each look. Raises the
        task's error. Connections that fail meanwhile are tried again `attempts` times."""
        failures = 0
        while task.get("state") in ("RUNNING", "QUEUED"):
            self._host.sleep(self._settings.task_poll_s)
            try:
                task, failures = self._call("GET", f"/tasks/{task.get('id')}").expect(200).document(), 0
            except errors.H4Error as error:
                failures += 1
                if failures >= self._settings.attempts or not errors.is_transient(error):
                    raise
            if on_progress is not None:
                on_progress(int(task.get("progress") or 0))
        if task.get("state") == "SUCCEEDED":
            return task.get("result")
        raise errors.relayed(task.get("error"), 500) or errors.UnexpectedAnswer(
            f"{self._peer.base_url} answered a task without state", self._peer.base_url
        )

    def set_public_endpoint(self, typed: str, root_password: str) -> None:
        """Replace the Public Endpoint URL (cx.md P3)."""
        self._peer.call(
            "POST",
            "/config/endpoints",
            json_body={"publicEndpoint": typed},
            headers={SECRET_HEADER: root_password},
        ).expect(200)
