"""URLs of the Replication Manager, https 8044: H4 1.x (cx.md 5.3) and docs/inferred-api.md section 2.

Rules of this file: parse, check who asks, call the model, write JSON. What a replicator answers too is in
`appliance_setup`. A tenant's registration token may register replicators and see its own replicators and
tasks; everything else is the provider's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request

from cxsim.emulator.tasks import Task
from cxsim.fake_cx import errors
from cxsim.fake_cx.appliance_setup import AUTH_HEADER, add_setup_urls, require_secret
from cxsim.fake_cx.manager_model import (
    PROVIDER,
    Principal,
    ReplicationRecord,
    ReplicationRequest,
    instance_json,
)
from cxsim.fake_cx.manager_replications import DISK_CLEANUP
from cxsim.fake_cx.manager_replicators import Registration
from cxsim.fake_cx.replicator_api import MAX_RPO_MIN
from cxsim.fake_cx.replicator_client import ReplicatorCredentials
from cxsim.fake_cx.replicator_pairing import COOKIE_HEADER
from cxsim.fake_cx.wire import Fields, body, optional_body, reply

if TYPE_CHECKING:
    from cxsim.fake_cx.replication_manager import ReplicationManager

PRODUCT = "h4-manager"
_PAGE = 100
"""Most items of a page (cx.md 5.4)."""


def add_manager_urls(app: Flask, manager: ReplicationManager) -> None:
    """Add every URL of the manager to its app."""
    _add_setup_urls(app, manager)
    _add_replicator_urls(app, manager)
    _add_replication_urls(app, manager)


def _principal(manager: ReplicationManager) -> Principal:
    principal = manager.sessions.find(request.headers.get(AUTH_HEADER, ""))
    if principal is None:
        raise errors.NotAuthenticated("There is no session.")
    return principal


def _provider(manager: ReplicationManager) -> None:
    if _principal(manager).owner != PROVIDER:
        raise errors.Forbidden()


def _accepted(manager: ReplicationManager, task: Task) -> Response:
    headers = {"Location": f"/tasks/{task.id}"}
    return reply(manager.tasks.to_json(task), 202, headers)


def _add_setup_urls(app: Flask, manager: ReplicationManager) -> None:
    routes = Blueprint("setup", __name__)
    add_setup_urls(
        routes,
        manager,
        PRODUCT,
        require_reader=lambda: _provider(manager),
        endpoints=lambda: {"publicEndpoint": manager.public_endpoint, "apiUrl": manager.api_url},
        open_session=lambda user: manager.sessions.open(Principal(user, PROVIDER)),
    )

    @routes.get("/diagnostics/health")
    def health() -> Response:
        _provider(manager)
        known = manager.replicators.visible(PROVIDER)
        return reply(
            {
                "onlineReplicators": [r.id for r in known if r.online],
                "offlineReplicators": [r.id for r in known if not r.online],
            }
        )

    @routes.post("/config/endpoints")
    def set_endpoints() -> Response:
        require_secret(manager)
        manager.set_public_endpoint(body().text("publicEndpoint", ""))
        return reply({"publicEndpoint": manager.public_endpoint, "apiUrl": manager.api_url})

    @routes.get("/sessions")
    def session() -> Response:
        principal = _principal(manager)
        roles = ["ADMINISTRATORS"] if principal.owner == PROVIDER else ["REGISTRATION"]
        return reply({"user": principal.user, "roles": roles})

    @routes.post("/registration-tokens")
    def registration_token() -> Response:
        _provider(manager)
        owner = body().text("owner")
        if owner == PROVIDER:
            raise errors.InvalidRequest("owner must be an organization.", "owner")
        return reply({"token": manager.sessions.open(Principal(f"registration@{owner}", owner))}, 201)

    @routes.get("/tasks")
    def tasks() -> Response:
        items = [manager.tasks.to_json(t) for t in manager.tasks.visible(_principal(manager).owner)]
        return _page(items)

    @routes.get("/tasks/<task_id>")
    def task(task_id: str) -> Response:
        found = manager.tasks.find(task_id, _principal(manager).owner)
        return reply(manager.tasks.to_json(found))

    app.register_blueprint(routes)


def _page(items: list[dict[str, object]]) -> Response:
    """A page of a list: `offset`, `limit` (cx.md 5.4). Raises `InvalidRequest`."""
    try:
        offset = int(request.args.get("offset", "0"))
        limit = int(request.args.get("limit", str(_PAGE)))
    except ValueError:
        raise errors.InvalidRequest("offset and limit must be whole numbers.") from None
    if offset < 0 or not 1 <= limit <= _PAGE:
        raise errors.InvalidRequest(f"limit must be from 1 to {_PAGE}, offset not negative.")
    return reply({"items": items[offset : offset + limit], "total": len(items)})


def _add_replicator_urls(app: Flask, manager: ReplicationManager) -> None:
    routes = Blueprint("replicators", __name__)
    replicators = manager.replicators

    @routes.post("/replicators")
    def register() -> Response:
        principal = _principal(manager)
        wanted = body()
        owner = wanted.text("owner", PROVIDER)
        if principal.owner != PROVIDER:
            if owner not in (PROVIDER, principal.owner):
                raise errors.Forbidden()
            owner = principal.owner
        details = wanted.child("details")
        site = wanted.text("site")
        if owner != PROVIDER and site == manager.site:
            raise errors.InvalidRequest(f"site {site} is the provider's own.", "site")
        registration = Registration(
            owner,
            site,
            wanted.text("description", ""),
            details.text("apiUrl"),
            details.text("apiThumbprint", "") or None,
            ReplicatorCredentials(
                details.text("rootPassword"), details.text("ssoUser"), details.text("ssoPassword")
            ),
        )
        return _accepted(manager, replicators.register(registration))

    @routes.get("/replicators")
    def listing() -> Response:
        return reply(replicators.to_json(_principal(manager).owner))

    @routes.get("/replicators/<replicator_id>")
    def one(replicator_id: str) -> Response:
        return reply(replicators.find(replicator_id, _principal(manager).owner).to_json())

    @routes.delete("/replicators/<replicator_id>")
    def remove(replicator_id: str) -> Response:
        record = replicators.find(replicator_id, _principal(manager).owner)
        if any(record in (r.source, r.destination) for r in manager.replications.all()):
            raise errors.InvalidState("The replicator has replications.", replicator_id)
        replicators.remove(record)
        return reply(None, 204)

    @routes.get("/replicators/<replicator_id>/heartbeat")
    def heartbeat(replicator_id: str) -> Response:
        replicators.heard(replicator_id, request.headers.get(COOKIE_HEADER, ""))
        return reply(None, 204)

    @routes.get("/inventory/vms")
    def inventory() -> Response:
        _provider(manager)
        known = [r for r in replicators.visible(PROVIDER) if r.online]
        return reply([{"replicatorId": r.id, "info": r.client.inventory()} for r in known])

    app.register_blueprint(routes)


def _add_replication_urls(app: Flask, manager: ReplicationManager) -> None:
    routes = Blueprint("replications", __name__)
    replications, replicators = manager.replications, manager.replicators

    def record(replication_id: str) -> ReplicationRecord:
        _provider(manager)
        return replications.find(replication_id)

    @routes.post("/replications")
    def start() -> Response:
        _provider(manager)
        wanted = body()
        asked = _replication_request(wanted)
        source, destination = wanted.child("sourceLocation"), wanted.child("destinationLocation")
        sender = replicators.find(source.text("replicatorId"), asked.owner)
        if sender.site != source.text("site"):
            raise errors.SiteNotFound(f"Replicator {sender.id} is not at this site.", source.text("site"))
        named = destination.text("replicatorId", "")
        receivers = replicators.of_site(destination.text("site"), PROVIDER)
        if named:
            receivers = [replicators.find(named, PROVIDER)]
        return _accepted(manager, replications.start(asked, sender, receivers))

    @routes.get("/replications")
    def bulk() -> Response:
        _provider(manager)
        manager.status.refresh()
        ids = request.args.get("id")
        wanted = None if ids is None else ids.split(",")
        now_s = manager.host.now()
        items = [r.to_json(now_s) for r in replications.all() if wanted is None or r.id in wanted]
        return reply({"items": items, "total": len(items)})

    @routes.get("/replications/<replication_id>")
    def one(replication_id: str) -> Response:
        found = record(replication_id)
        manager.status.refresh()
        return reply(found.to_json(manager.host.now()))

    @routes.get("/replications/<replication_id>/instances/<instance_id>")
    def instance(replication_id: str, instance_id: str) -> Response:
        found = record(replication_id).instances.get(instance_id)
        if found is None:
            raise errors.InstanceNotFound(f"There is no instance {instance_id}.", instance_id)
        return reply(instance_json(found))

    @routes.post("/replications/<replication_id>/sync")
    def sync(replication_id: str) -> Response:
        found = record(replication_id)
        return _accepted(manager, replications.sync(found, optional_body().flag("final", False)))

    @routes.post("/replications/<replication_id>/pause")
    def pause(replication_id: str) -> Response:
        return _accepted(manager, replications.act(record(replication_id), "pause"))

    @routes.post("/replications/<replication_id>/resume")
    def resume(replication_id: str) -> Response:
        return _accepted(manager, replications.act(record(replication_id), "resume"))

    @routes.post("/replications/<replication_id>/export-instance")
    def export(replication_id: str) -> Response:
        found = record(replication_id)
        wanted = body()
        task = replications.export(
            found,
            wanted.text("instanceId"),
            wanted.text("datastoreId", ""),
            wanted.text("datastoreFolder", ""),
        )
        return _accepted(manager, task)

    @routes.delete("/replications/<replication_id>")
    def remove(replication_id: str) -> Response:
        found = record(replication_id)
        cleanup = request.args.get("diskCleanup", "AUTO")
        if cleanup not in DISK_CLEANUP:
            raise errors.InvalidRequest(f"diskCleanup must be one of {', '.join(DISK_CLEANUP)}.")
        return _accepted(manager, replications.remove(found, cleanup))

    app.register_blueprint(routes)


def _replication_request(wanted: Fields) -> ReplicationRequest:
    placement = wanted.child("replicationPlacement") if wanted.has("replicationPlacement") else Fields({})
    return ReplicationRequest(
        owner=wanted.text("owner", PROVIDER),
        external_key=wanted.text("externalKey", ""),
        description=wanted.text("description", ""),
        vc_id=wanted.text("vcId"),
        vm_id=wanted.text("vmId"),
        rpo_min=wanted.whole("rpo", 1, MAX_RPO_MIN),
        quiesced=wanted.flag("quiesced", False),
        network_compression=wanted.flag("networkCompression", False),
        target_disk_type=wanted.choice("targetDiskType", ("THIN", "THICK"), "THIN"),
        excluded_disk_keys=wanted.wholes("excludedDiskKeys"),
        datastore_id=placement.text("datastoreId", ""),
        datastore_folder=placement.text("datastoreFolder", ""),
        nfc_host_id=placement.text("nfcHostId", ""),
    )
