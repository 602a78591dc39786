"""URLs of the mobility API for administrators, https 443 (cx.md 5.2 [C]), and the pages around it.

Rules of this file: parse, check the administrator, call the model, write JSON. What the reverse-engineered
client uses and the emulator has not answers `EmulatorGap`. The bare host gives an error page, the set-up UI
lives at `/ui/mgmt` (cx.md P6).
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from cxsim.emulator.tasks import Task
from cxsim.fake_cx import errors
from cxsim.fake_cx.endpoints import LWD_PORT, MANAGER_PORT
from cxsim.fake_cx.mobility import LOCAL_MACHINE, Entry, Mobility
from cxsim.fake_cx.outgoing import thumbprint_of_pem
from cxsim.fake_cx.wire import basic_credentials, body, error_reply, page, reply, routing_reply

AUTHENTICATOR_HEADER = "x-mobility-authenticator"
TOKEN_HEADER = "x-mobility-authorization"

GAPS: tuple[tuple[str, str], ...] = (
    ("PUT", "/mgmt/security/certificatechain"),
    ("POST", "/mgmt/vc"),
    ("PUT", "/mgmt/vc"),
    ("POST", "/mgmt/wp/managers/install"),
    ("POST", "/mgmt/wp/managers/*/configure"),
    ("DELETE", "/mgmt/wp/managers/*/uninstall"),
    ("POST", "/mgmt/wp/replicators/install"),
    ("POST", "/mgmt/wp/replicators/*/configure"),
    ("POST", "/mgmt/wp/replicators/*/register"),
    ("DELETE", "/mgmt/wp/replicators/*/uninstall"),
    ("POST", "/mm/sites"),
    ("DELETE", "/mm/sites/*"),
    ("PUT", "/mm/mgmt/sites/*/vcs/resource/*"),
)
"""Documented calls of the product that deploy or replace appliances: not emulated."""


def require_administrator(mobility: Mobility) -> None:
    """Raises `NotAuthenticated`. A session token comes in either header: the known client sends it as
    Authorization."""
    for header in (TOKEN_HEADER, "Authorization"):
        if mobility.sessions.find(request.headers.get(header, "")) is not None:
            return
    authenticator = request.headers.get(AUTHENTICATOR_HEADER, LOCAL_MACHINE)
    mobility.log_in(authenticator, basic_credentials())


def add_mgmt_urls(
    app: Flask, mobility: Mobility, change_manager: Callable[[Entry, str], Task] | None
) -> None:
    """Add every URL. `change_manager` tells the Replication Manager a new endpoint; None: there is none."""
    _add_pages(app, mobility)
    _add_identity_urls(app, mobility)
    _add_security_urls(app, mobility)
    _add_appliance_urls(app, mobility, change_manager)


def _is_gap() -> bool:
    """True when the request that no rule took is one of `GAPS`."""
    path = request.path.removeprefix("/mobility").rstrip("/")
    return any(request.method == method and fnmatchcase(path, pattern) for method, pattern in GAPS)


def _add_pages(app: Flask, mobility: Mobility) -> None:
    @app.get("/ui/mgmt")
    def ui() -> Response:
        return page("vCloud Director Extender", "The set-up wizard is not emulated: use /mobility.", 200)

    @app.errorhandler(404)
    @app.errorhandler(405)
    def not_routed(error: HTTPException) -> Response:
        if not request.path.startswith("/mobility"):
            return page("HTTP Status 404", f"{request.path} is not available.", 404)
        if _is_gap():
            gap = errors.EmulatorGap(f"{request.method} {request.path} is not emulated.", request.path)
            return error_reply(mobility.host, gap)
        return routing_reply(error)


def _add_identity_urls(app: Flask, mobility: Mobility) -> None:
    routes = Blueprint("identity", __name__)
    identity = mobility.identity

    @routes.get("/mobility/info")
    def info() -> Response:
        return reply(
            {
                "deploymentType": identity.deployment_type,
                "deploymentEnv": "PRODUCTION",
                "version": mobility.settings.cx_version,
                "dbUrl": "jdbc:postgresql://localhost:5432/mobility",
            }
        )

    @routes.get("/mobility/mgmt/login")
    def log_in() -> Response:
        token = mobility.log_in(request.headers.get(AUTHENTICATOR_HEADER, ""), basic_credentials())
        return reply(None, 204, {TOKEN_HEADER: token} if token is not None else None)

    @routes.get("/mobility/mgmt/vc")
    def vcenter() -> Response:
        require_administrator(mobility)
        if not identity.vcenter_url:
            return reply(None, 204)
        return reply(
            {
                "type": "vcenter",
                "id": identity.vcenter_name,
                "name": identity.vcenter_name,
                "url": identity.vcenter_url,
                "adminUser": {"username": identity.sso_user},
                "infraManagerType": "VCENTER_SERVER",
                "lookupServiceUrl": identity.lookup_service_url,
            }
        )

    app.register_blueprint(routes)


def _add_security_urls(app: Flask, mobility: Mobility) -> None:
    routes = Blueprint("security", __name__)

    @routes.get("/mobility/mgmt/security/certificatechain")
    def chain() -> Response:
        require_administrator(mobility)
        own, *others = _split_pem(mobility.host.certificate_pem())
        return reply({"pemCertificate": own, "pemPrivateKey": None, "pemCertificateChain": others})

    @routes.get("/mobility/mgmt/security/trustedcertificates")
    def trusted() -> Response:
        require_administrator(mobility)
        return reply(list(mobility.certificates.values()))

    @routes.post("/mobility/mgmt/security/trustedcertificates")
    def trust() -> Response:
        require_administrator(mobility)
        wanted = body()
        pem = wanted.text("pemCertificate")
        try:
            thumbprint = thumbprint_of_pem(pem)
        except ValueError:
            thumbprint = ""
        if not thumbprint:
            raise errors.InvalidRequest("pemCertificate is not a certificate.", "pemCertificate")
        cert_id = mobility.host.new_uuid("certificate")
        mobility.certificates[cert_id] = {
            "certId": cert_id,
            "pemCertificate": pem,
            "thumbprint": thumbprint,
            "allowedIPsAndHosts": wanted.texts("allowedIPsAndHosts"),
            "accessibility": wanted.text("accessibility", "SOME_HOSTS"),
            "ca": wanted.flag("ca", False),
        }
        return reply(mobility.certificates[cert_id], 201)

    @routes.delete("/mobility/mgmt/security/trustedcertificates/<cert_id>")
    def distrust(cert_id: str) -> Response:
        require_administrator(mobility)
        if mobility.certificates.pop(cert_id, None) is None:
            raise errors.NotFound(f"There is no certificate {cert_id}.", cert_id)
        return reply(None, 204)

    app.register_blueprint(routes)


def _split_pem(pem: str) -> list[str]:
    end = "-----END CERTIFICATE-----"
    parts = [part.strip() + f"\n{end}\n" for part in pem.split(end) if part.strip()]
    return parts or [""]


def _add_appliance_urls(
    app: Flask, mobility: Mobility, change_manager: Callable[[Entry, str], Task] | None
) -> None:
    routes = Blueprint("appliances", __name__)

    @routes.get("/mobility/mgmt/wp/managers")
    def managers() -> Response:
        require_administrator(mobility)
        return reply([e.to_json() for e in mobility.managers])

    @routes.get("/mobility/mgmt/wp/replicators")
    def replicators() -> Response:
        require_administrator(mobility)
        return reply([e.to_json() for e in mobility.replicators])

    @routes.post("/mobility/mgmt/wp/managers/<entity_id>/publicendpoint")
    def manager_endpoint(entity_id: str) -> Response:
        require_administrator(mobility)
        wanted = body()
        # The known client sends the manager's private API URL as `url`, so the other two decide.
        typed = f"{wanted.text('ipAddress')}:{wanted.whole('port', 1, 65535, MANAGER_PORT)}"
        entry = next((e for e in mobility.managers if e.id == entity_id), None)
        if entry is None or change_manager is None:
            raise errors.NotFound(f"There is no Replication Manager {entity_id}.", entity_id)
        return _accepted(change_manager(entry, typed))

    @routes.post("/mobility/mgmt/wp/replicators/<entity_id>/publicendpoint")
    def replicator_endpoint(entity_id: str) -> Response:
        require_administrator(mobility)
        wanted = body()
        url, lwd_address = wanted.text("url"), wanted.text("lwdIpAddress")
        lwd_port = wanted.whole("lwdPort", 1, 65535, LWD_PORT)
        task = mobility.set_public_endpoint(
            mobility.replicators,
            entity_id,
            url,
            lambda appliance: mobility.tell_replicator(appliance, url, lwd_address, lwd_port),
        )
        return _accepted(task)

    @routes.get("/mobility/mgmt/wp/tasks/<task_id>")
    def task(task_id: str) -> Response:
        require_administrator(mobility)
        return reply(mobility.task_json(task_id))

    app.register_blueprint(routes)


def _accepted(task: Task) -> Response:
    return reply({"taskId": task.id, "taskName": task.kind}, 202)
