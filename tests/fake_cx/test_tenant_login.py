"""Who may use the tenant API: credentials are vCloud Director's business."""

from __future__ import annotations

import pytest


def test_a_login_is_checked_at_vcloud_director_and_gives_a_token(cx, tenant):
    answer = cx.run(tenant.log_in)
    assert (answer.status, bool(tenant.token)) == (204, True)
    assert ("chc-vcde01", "POST https://10.3.0.41/api/sessions") in cx.wires.calls
    assert ("chc-vcde01", "DELETE https://10.3.0.41/api/session") in cx.wires.calls


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("tyrelladmin@Tyrell", "wrong"),
        ("nobody@Tyrell", "vmware"),
        ("tyrelladmin@Wallace", "vmware"),
        ("tyrelladmin", "vmware"),
        ("administrator@System", "vmware"),
        ("@Tyrell", "vmware"),
        ("tyrelladmin@Tyrell", "пароль"),
    ],
)
def test_wrong_credentials_are_401_not_authenticated(cx, tenant, user, password):
    answer = cx.run(lambda: tenant.log_in(user, password))
    assert (answer.status, answer.document()["code"]) == (401, "NotAuthenticated")


def test_an_unreachable_vcloud_director_is_a_server_error_that_names_it(cx, tenant):
    cx.wires.drop("10.3.0.41:443")
    answer = cx.run(tenant.log_in)
    assert answer.status == 500
    assert answer.document()["msg"] == "Connection to https://10.3.0.41 timed out"


def test_without_a_token_every_call_is_401(cx, tenant):
    tenant.token = "guessed"
    calls = [("GET", "/replicationmanager"), ("POST", "/migrations"), ("GET", "/migrations/x")]
    assert cx.run(lambda: [tenant.ask(*call).status for call in calls]) == [401, 401, 401]


def test_a_token_ends_half_an_hour_after_its_last_use(cx, tenant):
    def idle(seconds):
        cx.clock.sleep(seconds)
        return tenant.ask("GET", "/migrations").status

    def use():
        tenant.log_in()
        return [idle(1700.0), idle(1700.0), idle(1900.0)]

    assert cx.run(use) == [200, 200, 401]


def test_an_unreachable_replication_manager_is_a_server_error_that_names_it(cx, tenant):
    cx.wires.drop("10.3.0.33:8044")

    def ask():
        tenant.log_in()
        return tenant.ask("GET", "/replicationmanager")

    answer = cx.run(ask)
    assert (answer.status, answer.document()["code"]) == (500, "ConnectionTimedOut")
    assert "https://10.3.0.33:8044" in answer.document()["msg"]
