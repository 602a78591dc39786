"""Client of the provider's Replication Manager (H4 1.x on 8044), as far as a tenant's appliance calls it.

Rules of this file: the manager is reached at the Public Endpoint URL that somebody typed at its
activation, so first it is asked, without any secret, what it is (cx.md 1.3 and P3: wrong port, swapped
screens); only then is its certificate compared and the registration token sent.
Sources: cx.md 5.3 [C H4S], docs/inferred-api.md section 2 [I].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cxsim.core.configuration import ReplicatorConfig
from cxsim.core.cx_cloud_service import ReplicationManagerInfo
from cxsim.core.cx_http import Field, JsonService, missing, object_or_null, own_error, text
from cxsim.core.errors import BadAnswer, LoginRefused, NotFound
from cxsim.core.pinning import Dated, FirstSight, Judge, Pins

PRODUCT = "h4-manager"
NAME = "Replication Manager"

PRODUCTS = {
    "h4-manager": "a Replication Manager",
    "h4-replicator": "a Replicator",
    "cx-cloud-service": "a CX cloud service",
    "cx-connector": "a tenant's CX appliance",
}
"""What answers, in the user's words."""

_ENDPOINT = "at the provider: the Replication Manager's Public Endpoint URL (address and port, normally 8044)"
_REACH = (
    "that the firewalls of both sides let this appliance reach this address and port (normally 8044), that "
    "the provider's NAT forwards it to the Replication Manager, and the manager's Public Endpoint URL"
)
_TASK: dict[str, Field] = {"id": text, "state": text, "error": object_or_null}


@dataclass(frozen=True)
class ManagerTask:
    """An H4 task: RUNNING, SUCCEEDED or FAILED. `result_id`: what it made."""

    id: str
    state: str
    error_code: str | None
    error: str | None
    result_id: str | None


class ReplicationManager:
    """One tenant's conversation with the Replication Manager."""

    def __init__(
        self,
        info: ReplicationManagerInfo,
        timeouts_s: tuple[float, float],
        now: Callable[[], float] | None = None,
    ) -> None:
        """Nothing is sent yet. `now`: a clock, when certificates must also be within their dates. Raises
        `BadAnswer` when the advertised URL cannot be used at all."""
        self._info = info
        self._timeouts_s = timeouts_s
        try:
            parts = urlsplit(info.api_url)
            place = (parts.hostname or "", parts.port or 443)
        except ValueError:
            place = ("", 0)
        if not place[0] or not info.api_url.startswith("https://"):
            raise BadAnswer(
                f"reach the {NAME}",
                f"{NAME} ({info.api_url})",
                "the address that the cloud service gives is not a URL",
                _ENDPOINT,
            )
        pins = Pins({place: info.thumbprint})
        self._pins: Judge = pins if now is None else Dated(pins, now)
        self._http = JsonService(NAME, info.api_url, self._pins, timeouts_s)

    @property
    def where(self) -> str:
        """Name and URL, for messages."""
        return self._http.where

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def check_product(self) -> None:
        """See that a Replication Manager with the announced certificate answers. Sends no secret.

        Raises `ConnectionTrouble`, `BadAnswer` (another product answers) or `CertificateMismatch`.
        """
        attempted = f"reach the {NAME}"
        seen = FirstSight()
        probe = JsonService(NAME, self._info.api_url, seen, self._timeouts_s)
        try:
            document = probe.call("GET", "/diagnostics/about", attempted, check_connection=_REACH).document
        except (BadAnswer, NotFound, LoginRefused) as error:
            if error.status is not None and error.status >= 500:
                raise
            raise BadAnswer(
                attempted,
                self.where,
                f"something answers there that is not a {NAME}: {error.answer}",
                _ENDPOINT,
            ) from error
        finally:
            probe.close()
        product = document.get("product") if isinstance(document, dict) else None
        if product != PRODUCT:
            named = PRODUCTS.get(str(product), f"'{product}'" if product else "another product")
            raise BadAnswer(attempted, self.where, f"{named} answers there, not a {NAME}", _ENDPOINT)
        for shown in seen.shown:  # refused in the same words as on every later connect
            self._pins.judge(shown.host, shown.port, shown.der)

    def register_replicator(
        self, site: str, org: str, config: ReplicatorConfig, thumbprint: str
    ) -> ManagerTask:
        """Make the manager know the tenant's replicator. `thumbprint`: of the replicator's own certificate.

        The manager calls the replicator at its public endpoint before the task ends.
        """
        attempted = f"register the replicator with the {NAME}"
        body = {
            "owner": org,
            "site": site,
            "description": f"tenant replicator of {site}",
            "details": {
                "apiUrl": advertised_url(config),
                "apiThumbprint": thumbprint,
                "rootPassword": config.root_password,
                "ssoUser": config.sso_user,
                "ssoPassword": config.sso_password,
            },
        }
        answer = self._http.call(
            "POST",
            "/replicators",
            attempted,
            expected=(202,),
            body=body,
            headers=self._authorization(),
            check_connection=_REACH,
        )
        return self._task(answer.document, attempted)

    def task(self, task_id: str) -> ManagerTask:
        """Look at a task."""
        attempted = f"follow the registration at the {NAME}"
        answer = self._http.call(
            "GET", f"/tasks/{task_id}", attempted, headers=self._authorization(), check_connection=_REACH
        )
        return self._task(answer.document, attempted)

    def _authorization(self) -> dict[str, str]:
        return {"X-VCAV-Auth": self._info.registration_token}

    def _task(self, document: Any, attempted: str) -> ManagerTask:
        wrong = missing(document, _TASK)
        if wrong:
            raise self._http.unexpected(attempted, wrong)
        error = own_error(document["error"])
        workflow = document.get("workflowInfo")
        made = workflow.get("resourceId") if isinstance(workflow, dict) else None
        return ManagerTask(
            document["id"],
            document["state"],
            error.code if error else None,
            error.text if error else None,
            made if isinstance(made, str) else None,
        )


def advertised_url(config: ReplicatorConfig) -> str:
    """What the tenant's replicator is registered as: the public endpoint as typed, else its own URL."""
    typed = config.public_endpoint.strip()
    return f"https://{typed}" if typed else config.url
