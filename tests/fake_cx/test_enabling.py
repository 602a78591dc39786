"""Registering the tenant's replicator: what decides between Running and Enable Failed (cx.md 2.3)."""

from __future__ import annotations

import pytest

from cxsim.fake_cx.endpoints import MANAGER_PORT

from .conftest import TENANT_REPLICATOR, Cx, Tenant, thumbprint


def test_registering_succeeds_when_both_directions_work(cx, tenant):
    task = cx.run(tenant.register)
    assert (task["state"], task["error"], task["progress"]) == ("SUCCEEDED", None, 100)
    callback = f"https://203.0.113.32:{MANAGER_PORT}/replicators/{tenant.replicator_id}/heartbeat"
    assert ("chc-ccm01", f"POST https://{TENANT_REPLICATOR}/managers") in cx.wires.calls
    assert ("tyrell-cce01", f"GET {callback}") in cx.wires.calls


def test_registering_the_same_replicator_again_keeps_its_id(cx, tenant):
    def twice():
        return tenant.register()["result"], tenant.register()["result"]

    first, second = cx.run(twice)
    assert first == second
    owners = [r.owner for r in cx.manager.replicators.visible("*")]
    assert owners == ["*", "Tyrell"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (
            {"apiUrl": "https://198.51.100.99:443"},
            "ConnectionRefused",
            "https://198.51.100.99:443 was refused",
        ),
        ({"apiUrl": "https://198.51.100.10:port"}, "InvalidUrl", "is not a valid URL"),
        ({"apiThumbprint": "SHA-256:00"}, "CertificateMismatch", "expected was SHA-256:00"),
        ({"ssoPassword": "wrong"}, "RemoteAuthenticationFailure", "refused the credentials"),
        ({"rootPassword": "wrong"}, "RemoteAuthenticationFailure", "The root password is wrong."),
    ],
)
def test_a_failed_registration_says_what_was_tried_and_what_came_back(cx, tenant, change, code, words):
    task = cx.run(lambda: tenant.register(**change))
    assert (task["state"], task["error"]["code"]) == ("FAILED", code)
    assert words in task["error"]["msg"]
    assert [r.owner for r in cx.manager.replicators.visible("*")] == ["*"]


def test_a_dropped_public_endpoint_times_out_and_names_the_address(cx, tenant):
    cx.wires.drop(TENANT_REPLICATOR)
    started_s = cx.clock.now_s
    task = cx.run(tenant.register)
    assert task["error"]["code"] == "ConnectionTimedOut"
    assert task["error"]["msg"] == f"Connection to https://{TENANT_REPLICATOR} timed out"
    assert cx.clock.now_s - started_s >= cx.settings.connect_timeout_s


def test_the_manager_that_cannot_be_called_back_fails_the_registration(cx, tenant):
    def register():
        tenant.log_in()
        cx.manager.set_public_endpoint("203.0.113.99:8044")
        # The tenant itself reaches the manager on another way; only the call back fails.
        headers = {"X-VCAV-Auth": tenant.ask("GET", "/replicationmanager").text("registrationToken")}
        url = "https://203.0.113.32:8044"
        task = cx.call("POST", f"{url}/replicators", tenant.registration(), headers=headers).document()
        cx.clock.sleep(200.0)
        return cx.call("GET", f"{url}/tasks/{task['id']}", headers=headers).document()

    error = cx.run(register)["error"]
    assert error["code"] == "ManagerUnreachable"
    assert "https://203.0.113.99:8044" in error["msg"]
    assert error["args"] == ["https://203.0.113.99:8044", "ConnectionRefused"]


@pytest.mark.parametrize(
    ("place", "name", "app"),
    [
        ("198.51.100.20:443", "chc-vcde01", "cloud_service"),
        ("198.51.100.21:443", "tyrell-vcde01", "connector"),
        ("198.51.100.22:443", "chc-ccm01", "manager"),
    ],
)
def test_an_endpoint_that_reaches_another_appliance_says_so(cx, tenant, place, name, app):
    cx.wires.listen(place, name, getattr(cx, app).wsgi_app)
    task = cx.run(lambda: tenant.register(apiUrl=f"https://{place}", apiThumbprint=thumbprint(name)))
    assert task["error"]["code"] == "UnexpectedAppliance"
    assert f"https://{place}" in task["error"]["msg"]


def test_the_managers_endpoint_is_told_as_it_was_typed():
    cx = Cx(manager="203.0.113.32:443")
    tenant = Tenant(cx)

    def ask():
        tenant.log_in().expect(204)
        return tenant.ask("GET", "/replicationmanager").document()

    assert cx.run(ask)["apiUrl"] == "https://203.0.113.32:443"


def test_another_organizations_token_sees_neither_replicators_nor_tasks(cx, tenant):
    def look():
        task = tenant.register()
        other = cx.cloud_service.manager.registration_token("Wallace")
        headers = {"X-VCAV-Auth": other}
        manager = "https://203.0.113.32:8044"
        return [
            cx.call("GET", f"{manager}/replicators", headers=headers).document()["total"],
            cx.call("GET", f"{manager}/tasks/{task['id']}", headers=headers).status,
            cx.call("GET", f"{manager}/replications", headers=headers).status,
            cx.call("POST", f"{manager}/replicators", tenant.registration(), headers=headers).status,
        ]

    assert cx.run(look) == [0, 404, 403, 403]


def test_the_heartbeat_needs_the_pairing_cookie(cx, tenant):
    def forge():
        tenant.register()
        url = f"https://203.0.113.32:8044/replicators/{tenant.replicator_id}/heartbeat"
        return cx.call("GET", url, headers={"X-VCAV-Cookie": "guessed"}).status, cx.call("GET", url).status

    assert cx.run(forge) == (401, 401)
