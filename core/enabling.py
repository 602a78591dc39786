"""Enabling a provider cloud: the steps from the organization administrator's login to the list of vDCs.

Rules of this file: straight-line steps, each of which can be done again; the first that fails ends the
attempt with its reason. No state is kept here. Order and content: cx.md 2.3 (c) and 1.2 rows 2-5; the calls
are documented in docs/inferred-api.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.cx_cloud_service import CloudService
from cxsim.core.cx_manager import ManagerTask, ReplicationManager, advertised_url
from cxsim.core.errors import BadAnswer, InputError, UserError
from cxsim.core.neighbours import OfferedVdc, OpenVcd
from cxsim.core.pinning import FirstSight, Judge, look_at
from cxsim.core.runtime import Runtime
from cxsim.core.wizard import CloudEndpoints, ProviderCloudForm

_INBOUND = (
    "at the tenant: that the firewall lets the provider's addresses reach the replicator's public endpoint, "
    "that NAT forwards it to the replicator's port 8043, and the replicator's Public Endpoint URL"
)
_CALL_BACK = (
    "that the tenant's replicator can reach the Replication Manager's public endpoint (8044): firewalls of "
    "both sides, the provider's NAT, and the manager's Public Endpoint URL"
)
_CERTIFICATE = (
    "that the replicator's public endpoint leads to the replicator itself, and that nothing between ends TLS"
)
_DATES = "the dates of the certificate and the clocks of both machines"
_CLOCKS = "that the replicator and its vCenter (single sign-on) have the same time (NTP; cx.md P17)"
_ACCOUNT = "the replicator's root password and its SSO user and password"

# fmt: off
REGISTRATION_ADVICE: dict[str, str] = {
    "ConnectionTimedOut": _INBOUND,
    "ConnectionRefused": _INBOUND,
    "HostUnreachable": _INBOUND,
    "ConnectionLost": _INBOUND,
    "AnswerTimedOut": _INBOUND,
    "TlsFailure": _INBOUND,
    "UnexpectedAnswer": _INBOUND,
    "UnexpectedAppliance": _INBOUND,
    "NameNotResolved": "that the provider can resolve the name in the replicator's Public Endpoint URL",
    "InvalidUrl": "the replicator's Public Endpoint URL (host:port, without https://)",
    "CertificateMismatch": _CERTIFICATE,
    "CertificateNotValid": _DATES,
    "CertificateShared": "that each side has a certificate of its own (no wildcard for both; cx.md P10)",
    "OperationAborted": _CLOCKS,
    "RemoteAuthenticationFailure": _ACCOUNT,
    "NotAuthenticated": "whether the registration token ran out: edit the provider cloud to try again",
    "ManagerUnreachable": _CALL_BACK,
}
# fmt: on
"""What to check, by the error code of the registration task. A code that is not listed: `_INBOUND`."""


@dataclass(frozen=True)
class Enabled:
    """What enabling has found out."""

    replicator_id: str
    vdcs: Sequence[OfferedVdc]


class Enabling:
    """One attempt to enable one provider cloud."""

    def __init__(
        self,
        runtime: Runtime,
        config: ApplianceConfig,
        open_vcd: OpenVcd,
        form: ProviderCloudForm,
        endpoints: CloudEndpoints,
        service: CloudService,
        judge: Judge,
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._open_vcd = open_vcd
        self._form = form
        self._endpoints = endpoints
        self._service = service
        self._judge = judge

    def run(self) -> Enabled:
        """Do all steps. Raises the `UserError` of the step that failed."""
        with self._open_vcd(self._endpoints, self._form.user, self._form.password, self._judge) as vcd:
            self._service.check_deployment()
            replicator_id = self._register()
            return Enabled(replicator_id, tuple(vcd.vdcs()))

    def _register(self) -> str:
        now = self._runtime.now if self._config.certificate_dates else None
        manager = ReplicationManager(self._service.replication_manager(), self._config.timeouts_s, now)
        try:
            manager.check_product()
            task = manager.register_replicator(
                self._config.site, self._endpoints.org, self._config.replicator, self._own_thumbprint()
            )
            task = self._follow(manager, task)
        finally:
            manager.close()
        if task.state != "SUCCEEDED":
            raise self._registration_failed(manager, task)
        if task.result_id is None:
            raise BadAnswer(
                "register the replicator",
                manager.where,
                "its task succeeded but does not name the replicator",
                "the versions of both sides",
            )
        return task.result_id

    def _own_thumbprint(self) -> str:
        """The certificate of the tenant's own replicator, read from it inside the site."""
        url = self._config.replicator.url
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            host, port = None, 0
        if not host:
            raise InputError(
                "register the replicator",
                f"Replicator URL ({url})",
                "it is not a URL",
                "the replicator's activation: https://<address>:8043",
            )
        seen = FirstSight()
        look_at(host, port, seen, self._config.connect_timeout_s)
        return seen.shown[0].thumbprint

    def _follow(self, manager: ReplicationManager, task: ManagerTask) -> ManagerTask:
        deadline_s = self._runtime.now() + self._config.enable_limit_s
        while task.state not in ("SUCCEEDED", "FAILED"):
            if self._runtime.now() >= deadline_s:
                raise BadAnswer(
                    "register the replicator",
                    manager.where,
                    f"the registration has not ended after {self._config.enable_limit_s:g} s",
                    _INBOUND,
                )
            self._runtime.sleep(self._config.task_poll_s)
            task = manager.task(task.id)
        return task

    def _registration_failed(self, manager: ReplicationManager, task: ManagerTask) -> UserError:
        error = UserError(
            f"register the replicator as {advertised_url(self._config.replicator)}",
            manager.where,
            f"it reports: {task.error or 'no reason'}",
            REGISTRATION_ADVICE.get(task.error_code or "", _INBOUND),
        )
        error.code = task.error_code
        return error
