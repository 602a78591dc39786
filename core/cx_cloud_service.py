"""Client of the provider's CX cloud service: the documented `/mobility/info` and the tenant API.

Rules of this file: one method a call, typed answers, no decisions. The token is renewed when the service
says 401 (it lives 30 min after its last use); a call that was refused with 401 was not carried out, so it
is repeated once. Sources: cx.md 5.2 (`/info` [C BEGG]); docs/inferred-api.md section 1 for the rest [I].
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cxsim.core.cx_http import (
    Answer,
    Field,
    JsonService,
    missing,
    object_or_null,
    own_error,
    percent_or_null,
    text,
    text_or_null,
)
from cxsim.core.errors import BadAnswer, LoginRefused
from cxsim.core.pinning import Judge

AUTHENTICATOR = "x-mobility-authenticator"
AUTHORIZATION = "x-mobility-authorization"

STATES = (
    "CREATED",
    "SCHEDULED",
    "SYNCING",
    "PAUSED",
    "CUTOVER_READY",
    "CUTTING_OVER",
    "COMPLETED",
    "ERROR",
)
"""States of a migration on the wire (docs/inferred-api.md section 1)."""

_MIGRATION: dict[str, Field] = {
    "id": text,
    "externalKey": text,
    "state": lambda value: value in STATES,
    "percent": percent_or_null,
    "error": object_or_null,
}
_MANAGER: dict[str, Field] = {"apiUrl": text, "thumbprint": text, "registrationToken": text}


@dataclass(frozen=True)
class ReplicationManagerInfo:
    """Where the provider's Replication Manager is said to be."""

    api_url: str
    thumbprint: str
    registration_token: str


@dataclass(frozen=True)
class RemoteMigration:
    """A migration as the cloud service reports it. `percent`: of what is running, None when nothing is."""

    id: str
    external_key: str
    state: str
    percent: int | None
    error: str | None
    vapp_href: str | None = None
    vm_href: str | None = None


@dataclass(frozen=True)
class MigrationOrder:
    """What is sent to start a migration. `rpo_minutes` None for a cold one."""

    external_key: str
    job: str
    vm: str
    type: str
    site: str
    replicator_id: str
    vcenter_id: str
    vm_moref: str
    vm_uuid: str
    rpo_minutes: int | None
    disk_type: str
    start_time: str | None
    power_on: bool
    """Of a cold migration, which has no cutover dialogue."""
    tag: str
    vdc_href: str
    storage_profile_href: str
    network_href: str
    vapp_name: str
    group_vapp: bool

    def to_json(self) -> dict[str, Any]:
        """The body of POST `/tenant/migrations`."""
        return {
            "externalKey": self.external_key,
            "jobName": self.job,
            "vmName": self.vm,
            "type": self.type,
            "site": self.site,
            "replicatorId": self.replicator_id,
            "vcId": self.vcenter_id,
            "vmId": self.vm_moref,
            "vmUuid": self.vm_uuid,
            "rpo": self.rpo_minutes,
            "quiesced": False,
            "targetDiskType": self.disk_type,
            "startTime": self.start_time,
            "powerOn": self.power_on,
            "tag": self.tag,
            "target": {
                "vdc": self.vdc_href,
                "storageProfile": self.storage_profile_href,
                "network": self.network_href,
                "vAppName": self.vapp_name,
                "groupVApp": self.group_vapp,
            },
        }


class CloudService:
    """One tenant's conversation with one cloud service."""

    def __init__(
        self, url: str, org: str, user: str, password: str, judge: Judge, timeouts_s: tuple[float, float]
    ) -> None:
        """`url` without `/mobility`. Nothing is sent yet."""
        self._http = JsonService("CX cloud service", url, judge, timeouts_s)
        self._account = f"{user}@{org}"
        credentials = f"{self._account}:{password}".encode()
        self._basic = "Basic " + base64.b64encode(credentials).decode("ascii")
        self._token: str | None = None

    @property
    def where(self) -> str:
        """Name and URL, for messages."""
        return self._http.where

    def close(self) -> None:
        """Close the connections and forget the token."""
        self._token = None
        self._http.close()

    def check_deployment(self) -> None:
        """See that a provider's cloud service answers, before any password is sent (cx.md P7, P6).

        Raises `BadAnswer` when it is a tenant's appliance or another product.
        """
        attempted = "find the CX cloud service"
        document = self._http.call("GET", "/mobility/info", attempted).document
        if not isinstance(document, dict) or not isinstance(document.get("deploymentType"), str):
            raise self._http.unexpected(attempted, "'deploymentType' is missing")
        if document["deploymentType"] != "cx-cloud-service":
            raise BadAnswer(
                attempted,
                self.where,
                f"an appliance of type '{document['deploymentType']}' answers, not a cx-cloud-service",
                "the vCD Extender Cloud Service URL, and at the provider which OVA type was deployed",
            )

    def login(self) -> None:
        """Get a token. Raises `LoginRefused` among others."""
        attempted = f"log in as {self._account}"
        answer = self._http.call(
            "GET",
            "/mobility/tenant/login",
            attempted,
            expected=(204,),
            headers={"Authorization": self._basic, AUTHENTICATOR: "VCD"},
        )
        token = answer.headers.get(AUTHORIZATION)
        if not token:
            raise self._http.unexpected(attempted, f"the header '{AUTHORIZATION}' is missing")
        self._token = token

    def replication_manager(self) -> ReplicationManagerInfo:
        """The Replication Manager's public address, certificate and a token to register with."""
        attempted = "ask for the Replication Manager's address"
        document = self._call("GET", "/replicationmanager", attempted).document
        wrong = missing(document, _MANAGER)
        if wrong:
            raise self._http.unexpected(attempted, wrong)
        return ReplicationManagerInfo(
            document["apiUrl"], document["thumbprint"], document["registrationToken"]
        )

    def start_migration(self, order: MigrationOrder) -> RemoteMigration:
        """Hand a migration over. The same external key again gives the existing one."""
        attempted = f"start the migration of {order.vm}"
        answer = self._call("POST", "/migrations", attempted, (200, 201), order.to_json())
        return self._migration(answer.document, attempted)

    def migrations(self, ids: Sequence[str] | None = None) -> list[RemoteMigration]:
        """All migrations of this tenant, or those of `ids` that exist, in one call."""
        attempted = "look at the migrations"
        named = "" if ids is None else "?id=" + ",".join(quote(one, safe="") for one in ids)
        document = self._call("GET", f"/migrations{named}", attempted).document
        wrong = missing(document, {"items": lambda value: isinstance(value, list)})
        if wrong:
            raise self._http.unexpected(attempted, wrong)
        return [self._migration(item, attempted) for item in document["items"]]

    def migration(self, migration_id: str) -> RemoteMigration:
        """One migration. Raises `NotFound`."""
        attempted = "look at the migration"
        return self._migration(
            self._call("GET", f"/migrations/{migration_id}", attempted).document, attempted
        )

    def cut_over(self, migration_id: str, vm: str, power_on: bool, tag: str) -> RemoteMigration:
        """Start the cutover; the source VM must be off. Raises `Conflict` when a state does not allow it."""
        attempted = f"start the cutover of {vm}"
        body = {"powerOn": power_on, "tag": tag}
        answer = self._call("POST", f"/migrations/{migration_id}/cutover", attempted, (202,), body)
        return self._migration(answer.document, attempted)

    def pause(self, migration_id: str, vm: str) -> None:
        """Ask for a pause."""
        self._call("POST", f"/migrations/{migration_id}/pause", f"pause {vm}", (202,))

    def resume(self, migration_id: str, vm: str) -> None:
        """Ask to go on."""
        self._call("POST", f"/migrations/{migration_id}/resume", f"resume {vm}", (202,))

    def remove(self, migration_id: str, vm: str) -> None:
        """Remove the migration with its replica. Raises `NotFound` when it is gone already."""
        self._call("DELETE", f"/migrations/{migration_id}", f"remove the migration of {vm}", (204,))

    def _call(
        self,
        method: str,
        path: str,
        attempted: str,
        expected: tuple[int, ...] = (200,),
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        had_token = self._token is not None
        if not had_token:
            self.login()
        try:
            return self._authorized(method, path, attempted, expected, body)
        except LoginRefused as refused:
            # Only 401 means that the token ran out; a fresh one that is refused will not get better.
            if refused.status != 401 or not had_token:
                raise
        self.login()
        return self._authorized(method, path, attempted, expected, body)

    def _authorized(
        self,
        method: str,
        path: str,
        attempted: str,
        expected: tuple[int, ...],
        body: Mapping[str, Any] | None,
    ) -> Answer:
        headers = {AUTHORIZATION: self._token or ""}
        return self._http.call(
            method, f"/mobility/tenant{path}", attempted, expected=expected, body=body, headers=headers
        )

    def _migration(self, document: Any, attempted: str) -> RemoteMigration:
        wrong = missing(document, _MIGRATION)
        if wrong:
            raise self._http.unexpected(attempted, wrong)
        error = own_error(document["error"])
        percent = document["percent"]
        hrefs = [href if text_or_null(href) else None for href in map(document.get, ("vAppHref", "vmHref"))]
        return RemoteMigration(
            document["id"],
            document["externalKey"],
            document["state"],
            None if percent is None else int(percent),
            error.text if error else ("no reason given" if document["state"] == "ERROR" else None),
            *hrefs,
        )
