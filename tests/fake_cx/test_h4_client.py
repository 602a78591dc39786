"""The H4 1.x calls in the order in which the published sample client makes them (cx.md 5.3 [C H4S])."""

from __future__ import annotations

import pytest

from cxsim.fake_cx.config import ManagerConfig, ReplicatorConfig
from cxsim.fake_cx.replication_manager import ReplicationManager
from cxsim.fake_cx.replicator import Replicator

from .conftest import Cx, shape, thumbprint

MANAGER, REPLICATOR = "https://10.0.0.5:8044", "https://10.0.0.5:8043"
LOGIN = {"type": "ssoCredentials", "username": "administrator@vsphere.local", "password": "vmware"}


@pytest.fixture
def h4() -> Cx:
    """A manager and a replicator on one address, as in the sample's single appliance, not configured."""
    cx = Cx()
    host = cx.hosts["chc-ccm01"]
    adapters = cx.wires.adapters("h4va")
    cx.manager = ReplicationManager(
        ManagerConfig("10.0.0.5", preconfigured=False), cx.settings, host, adapters=adapters
    )
    replicator = Replicator(
        ReplicatorConfig("10.0.0.5", "vc", preconfigured=False), cx.settings, cx.hosts["chc-cce01"],
        cx.data_plane, vcenter=lambda *_: cx.cloud_vcenter, adapters=adapters,
    )  # fmt: skip
    cx.cloud_vcenter.shapes["vm-7"] = shape("photon02")
    cx.wires.listen("10.0.0.5:8044", "chc-ccm01", cx.manager.wsgi_app)
    cx.wires.listen("10.0.0.5:8043", "chc-cce01", replicator.wsgi_app)
    return cx


def _log_in(cx, base):
    answer = cx.call("POST", f"{base}/sessions", LOGIN)
    return {"X-VCAV-Auth": answer.expect(200).header("X-VCAV-Auth")}


def _configure(cx, base, secret="vmware"):
    body = {
        "rootPassword": "new", "lsUrl": "https://vc/lookupservice/sdk", "lsThumbprint": "SHA-256:00",
        "site": "site1",
    }  # fmt: skip
    return cx.call("POST", f"{base}/config", body, headers={"Config-Secret": secret})


def _register(cx):
    _configure(cx, MANAGER).expect(200)
    _configure(cx, REPLICATOR).expect(200)
    certificate = cx.call("GET", f"{REPLICATOR}/config/certificate", headers=_log_in(cx, REPLICATOR))
    found = certificate.document()["certificate"]["thumbPrint"]
    details = {
        "apiUrl": REPLICATOR, "apiThumbprint": found, "rootPassword": "new",
        "ssoUser": LOGIN["username"], "ssoPassword": "vmware",
    }  # fmt: skip
    body = {"owner": "*", "site": "site1", "description": "Test Replicator", "details": details}
    auth = _log_in(cx, MANAGER)
    cx.call("POST", f"{MANAGER}/replicators", body, headers=auth).expect(202)
    cx.clock.sleep(1.0)
    return auth


def _replicate(cx, auth):
    (listed,) = cx.call("GET", f"{MANAGER}/inventory/vms", headers=auth).json()
    (info,) = listed["info"]
    vm = next(v for v in info["vms"] if v["name"] == "photon02")
    location = {"site": "site1", "replicatorId": listed["replicatorId"]}
    body = {
        "vcId": info["vcId"], "vmId": vm["id"], "description": "replication description", "externalKey": None,
        "excludedDiskKeys": [], "rpo": 15, "sourceLocation": location, "destinationLocation": location,
        "replicationPlacement": {
            "datastoreId": "datastore-1", "datastoreFolder": "photon02", "nfcHostId": "host-1",
            "vcId": info["vcId"],
        },
        "autopinInstances": True, "targetDiskType": "THIN",
    }  # fmt: skip
    task = cx.call("POST", f"{MANAGER}/replications", body, headers=auth).document()
    return task["workflowInfo"]["resourceId"]


def test_the_sample_clients_whole_path_works(h4):
    def walk():
        auth = _register(h4)
        one = f"{MANAGER}/replications/{_replicate(h4, auth)}"
        h4.clock.sleep(120.0)
        health = h4.call("GET", one, headers=auth).text("overallHealth")
        synced = h4.call("POST", f"{one}/sync", headers=auth).document()
        h4.clock.sleep(60.0)
        key = h4.call("GET", one, headers=auth).document()["destinationState"]["latestInstance"]["key"]
        body = {"instanceId": key, "datastoreId": "datastore-1", "datastoreFolder": "photon03"}
        exported = h4.call("POST", f"{one}/export-instance", body, headers=auth).document()
        instance = h4.call("GET", f"{one}/instances/{key}", headers=auth).document()
        h4.clock.sleep(300.0)
        done = h4.call("GET", f"{MANAGER}/tasks/{exported['id']}", headers=auth).document()
        deleted = h4.call("DELETE", f"{one}?diskCleanup=AUTO", headers=auth).status
        h4.clock.sleep(1.0)
        return (
            one,
            health,
            synced,
            exported,
            instance,
            done,
            deleted,
            h4.call("GET", one, headers=auth).status,
        )

    one, health, synced, exported, instance, done, deleted, after = h4.run(walk)
    assert "/replications/H4-" in one
    assert (health, synced["state"], exported["state"]) == ("GREEN", "SUCCEEDED", "RUNNING")
    assert instance["sequenceNumber"] == 2
    assert (done["state"], done["result"]["vmId"]) == ("SUCCEEDED", "vm-100")
    assert (deleted, after) == (202, 404)


def test_a_wrong_config_secret_is_refused_and_changes_nothing(h4):
    def walk():
        return _configure(h4, MANAGER, "guess").status, h4.call("POST", f"{MANAGER}/sessions", LOGIN).status

    assert h4.run(walk) == (401, 409)


def test_a_wrong_thumbprint_fails_the_registration(h4):
    def walk():
        auth = _register(h4)
        details = {
            "apiUrl": REPLICATOR, "apiThumbprint": thumbprint("chc-ccm01"), "rootPassword": "new",
            "ssoUser": LOGIN["username"], "ssoPassword": "vmware",
        }  # fmt: skip
        body = {"owner": "*", "site": "site2", "details": details}
        task = h4.call("POST", f"{MANAGER}/replicators", body, headers=auth).document()
        h4.clock.sleep(1.0)
        return h4.call("GET", f"{MANAGER}/tasks/{task['id']}", headers=auth).document()

    task = h4.run(walk)
    assert (task["state"], task["error"]["code"]) == ("FAILED", "CertificateMismatch")
    assert task["error"]["args"] == [REPLICATOR, thumbprint("chc-ccm01"), thumbprint("chc-cce01")]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/sessions", {"type": "localUser"}, 400, "InvalidRequest"),
        (
            "POST",
            "/sessions",
            {"type": "ssoCredentials", "username": 7, "password": "x"},
            400,
            "InvalidRequest",
        ),
        ("POST", "/replications", {"rpo": 0, "vcId": "v", "vmId": "x"}, 400, "InvalidRequest"),
        ("POST", "/replications", [], 400, "InvalidRequest"),
        ("GET", "/replications/H4-none", None, 404, "ReplicationNotFound"),
        ("GET", "/tasks/none", None, 404, "TaskNotFound"),
        ("GET", "/replicators/none", None, 404, "ReplicatorNotFound"),
        ("GET", "/tasks?limit=1000", None, 400, "InvalidRequest"),
        ("PUT", "/replications", {}, 405, "MethodNotAllowed"),
        ("GET", "/nothing", None, 404, "NotFound"),
    ],
)
def test_bad_requests_get_an_error_object(h4, method, path, body, status, code):
    def walk():
        auth = _register(h4)
        return h4.call(method, MANAGER + path, body, headers=auth)

    answer = h4.run(walk)
    assert (answer.status, answer.document()["code"]) == (status, code)
    assert sorted(answer.document()) == ["args", "code", "msg", "stacktrace"]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b'"text"'])
def test_a_body_that_is_no_json_object_is_400(h4, data):
    answer = h4.run(lambda: h4.call("POST", f"{MANAGER}/sessions", data=data))
    assert (answer.status, answer.document()["code"]) == (400, "InvalidRequest")


def test_a_body_that_is_too_large_is_refused(h4):
    data = b" " * (h4.settings.max_body_bytes + 1)
    answer = h4.run(lambda: h4.call("POST", f"{MANAGER}/sessions", data=data))
    assert (answer.status, answer.document()["code"]) == (400, "InvalidRequest")


def test_tasks_are_paged(h4):
    def walk():
        auth = _register(h4)
        return h4.call("GET", f"{MANAGER}/tasks?offset=0&limit=1", headers=auth).document()

    page = h4.run(walk)
    assert (page["total"], len(page["items"]), page["items"][0]["endTime"] > 0) == (1, 1, True)
