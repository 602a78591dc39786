"""URLs of the Replicator, https 8043: H4 1.x (cx.md 5.3) and docs/inferred-api.md section 2.1.

Rules of this file: parse, check who asks, call the model, write JSON. What a manager answers too is in
`appliance_setup`. Control calls carry the pairing cookie; set-up calls carry a session token or the root
password (`Config-Secret`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, request

from cxsim.fake_cx import errors
from cxsim.fake_cx.appliance_setup import AUTH_HEADER, add_setup_urls, require_secret
from cxsim.fake_cx.endpoints import ReplicatorEndpoint
from cxsim.fake_cx.replicator_destination import Replica
from cxsim.fake_cx.replicator_pairing import COOKIE_HEADER, Pairing
from cxsim.fake_cx.replicator_source import SourceReplication, SourceRequest
from cxsim.fake_cx.vcenter_client import DiskShape, VmShape
from cxsim.fake_cx.wire import Fields, body, optional_body, reply

if TYPE_CHECKING:
    from cxsim.fake_cx.replicator import Replicator

PRODUCT = "h4-replicator"
MAX_RPO_MIN = 1440


def add_replicator_urls(app: Flask, replicator: Replicator) -> None:
    """Add every URL of the replicator to its app."""
    _add_setup_urls(app, replicator)
    _add_replication_urls(app, replicator)


def _require_session(replicator: Replicator) -> None:
    if replicator.sessions.find(request.headers.get(AUTH_HEADER, "")) is None:
        raise errors.NotAuthenticated("There is no session.")


def _add_setup_urls(app: Flask, replicator: Replicator) -> None:
    routes = Blueprint("setup", __name__)

    def open_session(user: str) -> str:
        replicator.check_clock()
        return replicator.sessions.open(user)

    add_setup_urls(
        routes,
        replicator,
        PRODUCT,
        require_reader=lambda: _require_session(replicator),
        endpoints=lambda: {"endpoint": _endpoint_json(replicator.endpoint)},
        open_session=open_session,
    )

    @routes.post("/config/endpoints")
    def set_endpoints() -> Response:
        require_secret(replicator)
        wanted = body()
        typed = wanted.text("url")
        replicator.endpoint = ReplicatorEndpoint(
            f"https://{typed}", wanted.text("lwdIpAddress"), wanted.whole("lwdPort", 1, 65535)
        )
        replicator.public_endpoint = typed
        return reply(_endpoint_json(replicator.endpoint))

    @routes.post("/managers")
    def pair() -> Response:
        _require_session(replicator)
        require_secret(replicator)
        wanted = body()
        replicator.pairings.pair(
            Pairing(
                wanted.text("apiUrl"),
                wanted.text("thumbprint", "") or None,
                wanted.text("replicatorId"),
                wanted.text("cookie"),
            )
        )
        return reply(None, 204)

    app.register_blueprint(routes)


def _add_replication_urls(app: Flask, replicator: Replicator) -> None:
    routes = Blueprint("replications", __name__)
    sources, destinations = replicator.sources, replicator.destinations

    def owner() -> str:
        """The manager that asks, by the id it knows this replicator by. Raises `NotPaired`."""
        return replicator.pairings.of_cookie(request.headers.get(COOKIE_HEADER, "")).replicator_id

    def source(replication_id: str) -> SourceReplication:
        found = sources.find(replication_id, owner())
        if found is None:
            raise errors.ReplicationNotFound(f"There is no replication {replication_id}.", replication_id)
        return found

    @routes.get("/inventory/vms")
    def inventory() -> Response:
        owner()
        vms = [{"id": moref, "name": name} for moref, name in replicator.vcenter.vms()]
        return reply([{"vcId": replicator.vcenter.instance_uuid(), "vms": vms}])

    @routes.get("/replications")
    def bulk() -> Response:
        asking = owner()
        ids = request.args.get("id")
        wanted = None if ids is None else frozenset(ids.split(","))
        items = sources.statuses(asking, wanted) + destinations.statuses(asking, wanted)
        return reply({"items": items, "total": len(items)})

    @routes.post("/replications")
    def start() -> Response:
        asking = owner()
        wanted = body()
        replication_id = wanted.text("replicationId")
        if wanted.choice("role", ("source", "destination")) == "source":
            replication = sources.start(_source_request(wanted, replication_id), asking)
            return reply({"id": replication_id, "vm": shape_json(replication.shape)}, 201)
        replica = destinations.expect(
            replication_id,
            asking,
            wanted.text("datastoreId", ""),
            wanted.text("nfcHostId", ""),
            wanted.choice("targetDiskType", ("THIN", "THICK"), "THIN") == "THIN",
        )
        return reply(_replica_json(replica, replicator.endpoint), 201)

    @routes.post("/replications/<replication_id>/sync")
    def sync(replication_id: str) -> Response:
        final = optional_body().flag("final", False)
        return reply({"sequenceNumber": sources.sync(source(replication_id), final)})

    @routes.post("/replications/<replication_id>/pause")
    def pause(replication_id: str) -> Response:
        sources.pause(source(replication_id))
        return reply(None, 204)

    @routes.post("/replications/<replication_id>/resume")
    def resume(replication_id: str) -> Response:
        sources.resume(source(replication_id))
        return reply(None, 204)

    @routes.post("/replications/<replication_id>/export-instance")
    def export(replication_id: str) -> Response:
        replica = destinations.find(replication_id, owner())
        if replica is None:
            raise errors.ReplicationNotFound(f"There is no replication {replication_id}.", replication_id)
        wanted = body()
        task = destinations.export(replica, wanted.text("name"), read_shape(wanted.child("vm")))
        return reply(replicator.tasks.to_json(task), 202)

    @routes.delete("/replications/<replication_id>")
    def remove(replication_id: str) -> Response:
        asking = owner()
        replication = sources.find(replication_id, asking)
        replica = destinations.find(replication_id, asking)
        if replication is None and replica is None:
            raise errors.ReplicationNotFound(f"There is no replication {replication_id}.", replication_id)
        if replication is not None:
            sources.stop(replication)
        if replica is not None:
            destinations.remove(replica, request.args.get("diskCleanup", "AUTO") == "ALL")
        return reply(None, 204)

    @routes.get("/tasks/<task_id>")
    def task(task_id: str) -> Response:
        owner()
        return reply(replicator.tasks.to_json(replicator.tasks.find(task_id)))

    app.register_blueprint(routes)


def _source_request(wanted: Fields, replication_id: str) -> SourceRequest:
    destination = wanted.child("destination")
    return SourceRequest(
        replication_id=replication_id,
        vm_id=wanted.text("vmId"),
        destination_address=destination.text("address"),
        destination_port=destination.whole("port", 1, 65535),
        rpo_min=wanted.whole("rpo", 1, MAX_RPO_MIN),
        quiesce=wanted.flag("quiesced", False),
        network_compression=wanted.flag("networkCompression", False),
        excluded_disk_keys=wanted.wholes("excludedDiskKeys"),
    )


def _replica_json(replica: Replica, endpoint: ReplicatorEndpoint) -> dict[str, Any]:
    return {
        "id": replica.replication_id,
        "lwdAddress": endpoint.lwd_address,
        "lwdPort": endpoint.lwd_port,
        "datastoreId": replica.placement.datastore_id,
        "nfcHostId": replica.placement.host_id,
    }


def _endpoint_json(endpoint: ReplicatorEndpoint) -> dict[str, Any]:
    return {
        "apiUrl": endpoint.api_url,
        "lwdIpAddress": endpoint.lwd_address,
        "lwdPort": endpoint.lwd_port,
    }


def shape_json(shape: VmShape) -> dict[str, Any]:
    """A VM's shape on the wire."""
    return {
        "name": shape.name,
        "instanceUuid": shape.instance_uuid,
        "cpus": shape.cpus,
        "memoryBytes": shape.memory_bytes,
        "guestId": shape.guest_id,
        "hardwareVersion": shape.hardware_version,
        "disks": [{"key": d.key, "capacityBytes": d.capacity_bytes} for d in shape.disks],
        "nics": shape.nics,
        "poweredOn": shape.powered_on,
        "esxiAddress": shape.esxi_address,
    }


def read_shape(wanted: Fields) -> VmShape:
    """The inverse of `shape_json`. Raises `InvalidRequest`."""
    most = 2**63
    return VmShape(
        name=wanted.text("name"),
        instance_uuid=wanted.text("instanceUuid", ""),
        cpus=wanted.whole("cpus", 1, 1024),
        memory_bytes=wanted.whole("memoryBytes", 1, most),
        guest_id=wanted.text("guestId", "otherGuest64"),
        hardware_version=wanted.text("hardwareVersion", ""),
        disks=tuple(
            DiskShape(disk.whole("key", 0, most), disk.whole("capacityBytes", 1, most))
            for disk in wanted.children("disks")
        ),
        nics=wanted.whole("nics", 0, 10),
        powered_on=wanted.flag("poweredOn", False),
        esxi_address=wanted.text("esxiAddress", ""),
    )
