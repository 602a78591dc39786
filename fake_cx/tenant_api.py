"""The tenant's API of the cloud service, https 443 `/mobility/tenant` [I]: docs/inferred-api.md section 1.

Rules of this file: every path is our own design; parse, check the tenant, call the model, write JSON. A
tenant's credentials are checked at vCloud Director (cx.md 1.2 row 11) and not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request

from cxsim.fake_cx import errors
from cxsim.fake_cx.cutover import SYSTEM_ORG
from cxsim.fake_cx.mgmt_api import AUTHENTICATOR_HEADER, TOKEN_HEADER
from cxsim.fake_cx.migration import Migration, MigrationRequest, Target
from cxsim.fake_cx.replicator_api import MAX_RPO_MIN
from cxsim.fake_cx.wire import Fields, basic_credentials, body, reply

if TYPE_CHECKING:
    from cxsim.fake_cx.cloud_service import CloudService

VCD = "VCD"


@dataclass(frozen=True)
class Tenant:
    """Who a token stands for."""

    user: str
    org: str


def add_tenant_urls(app: Flask, service: CloudService) -> None:
    """Add every URL of the tenant API."""
    _add_registration_urls(app, service)
    _add_migration_urls(app, service)


def _tenant(service: CloudService) -> Tenant:
    tenant = service.tenants.find(request.headers.get(TOKEN_HEADER, ""))
    if tenant is None:
        raise errors.NotAuthenticated("There is no session.")
    return tenant


def _add_registration_urls(app: Flask, service: CloudService) -> None:
    routes = Blueprint("registration", __name__)

    @routes.get("/mobility/tenant/login")
    def log_in() -> Response:
        user, password = basic_credentials() or ("", "")
        name, _, org = user.rpartition("@")
        known = request.headers.get(AUTHENTICATOR_HEADER, "") == VCD
        if not known or not name or not org or org.lower() == SYSTEM_ORG.lower():
            raise errors.NotAuthenticated("Log in as user@organization.")
        with service.vcd.session(name, org, password) as session:
            token = service.tenants.open(Tenant(name, session.org))
        return reply(None, 204, {TOKEN_HEADER: token})

    @routes.get("/mobility/tenant/replicationmanager")
    def replication_manager() -> Response:
        tenant = _tenant(service)
        manager = service.manager
        return reply(
            {
                "apiUrl": manager.api_url(),
                "thumbprint": manager.thumbprint(),
                "registrationToken": manager.registration_token(tenant.org),
            }
        )

    app.register_blueprint(routes)


def _add_migration_urls(app: Flask, service: CloudService) -> None:
    routes = Blueprint("migrations", __name__)
    migrations = service.migrations

    def one(migration_id: str) -> Migration:
        return migrations.find(migration_id, _tenant(service).org)

    @routes.post("/mobility/tenant/migrations")
    def create() -> Response:
        tenant = _tenant(service)
        migration, new = migrations.create(tenant.org, _migration_request(body()))
        return reply(migration.to_json(), 201 if new else 200)

    @routes.get("/mobility/tenant/migrations")
    def listing() -> Response:
        tenant = _tenant(service)
        ids = request.args.get("id")
        wanted = None if ids is None else ids.split(",")
        migrations.refresh()
        items = [m.to_json() for m in migrations.of(tenant.org) if wanted is None or m.id in wanted]
        return reply({"items": items})

    @routes.get("/mobility/tenant/migrations/<migration_id>")
    def show(migration_id: str) -> Response:
        migration = one(migration_id)
        migrations.refresh()
        return reply(migration.to_json())

    @routes.post("/mobility/tenant/migrations/<migration_id>/cutover")
    def cut_over(migration_id: str) -> Response:
        migration = one(migration_id)
        migrations.cut_over(migration, body().flag("powerOn", False))
        return reply(migration.to_json(), 202)

    @routes.post("/mobility/tenant/migrations/<migration_id>/pause")
    def pause(migration_id: str) -> Response:
        migration = one(migration_id)
        migrations.pause(migration)
        return reply(migration.to_json(), 202)

    @routes.post("/mobility/tenant/migrations/<migration_id>/resume")
    def resume(migration_id: str) -> Response:
        migration = one(migration_id)
        migrations.resume(migration)
        return reply(migration.to_json(), 202)

    @routes.delete("/mobility/tenant/migrations/<migration_id>")
    def delete(migration_id: str) -> Response:
        migrations.delete(one(migration_id))
        return reply(None, 204)

    app.register_blueprint(routes)


def _migration_request(wanted: Fields) -> MigrationRequest:
    target = wanted.child("target")
    return MigrationRequest(
        external_key=wanted.text("externalKey"),
        job_name=wanted.text("jobName", ""),
        vm_name=wanted.text("vmName"),
        cold=wanted.choice("type", ("WARM", "COLD")) == "COLD",
        site=wanted.text("site"),
        replicator_id=wanted.text("replicatorId"),
        vc_id=wanted.text("vcId"),
        vm_id=wanted.text("vmId"),
        vm_uuid=wanted.text("vmUuid", ""),
        rpo_min=wanted.whole("rpo", 1, MAX_RPO_MIN, MAX_RPO_MIN),
        quiesced=wanted.flag("quiesced", False),
        target_disk_type=wanted.choice("targetDiskType", ("THIN", "THICK"), "THIN"),
        start_s=wanted.time_s("startTime"),
        power_on=wanted.flag("powerOn", False),
        tag=wanted.text("tag", ""),
        target=Target(
            vdc=target.text("vdc"),
            storage_profile=target.text("storageProfile"),
            network=target.text("network"),
            vapp_name=target.text("vAppName"),
            group_vapp=target.flag("groupVApp", False),
        ),
    )
