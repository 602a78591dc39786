"""Logging in and out: what a token is good for, and for how long."""

from __future__ import annotations

import pytest
from vcd_lab import Api, Lab, basic, find


def test_a_login_gives_a_token_a_cookie_and_links(lab: Lab) -> None:
    api = Api(lab.vcd.wsgi_app.test_client(), "29.0")
    answer = api.post("sessions", headers=basic("tyrelladmin@Tyrell"))
    token = answer.headers["x-vcloud-authorization"]
    assert answer.status_code == 200
    assert len(token) == 32
    assert answer.headers["Set-Cookie"] == f"vcloud-token={token}; Secure; Path=/"
    assert answer.headers["Content-Type"] == "application/vnd.vmware.vcloud.session+xml;version=29.0"
    assert len(answer.headers["X-VMWARE-VCLOUD-REQUEST-ID"]) == 36


def test_organizations_and_users_are_found_whatever_their_case(lab: Lab) -> None:
    assert lab.login("TyrellAdmin@TYRELL").xml("session").get("org") == "Tyrell"
    assert lab.login("administrator@system").xml("session").get("org") == "System"


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("tyrelladmin@Tyrell", "wrong"),
        ("nobody@Tyrell", "vmware"),
        ("tyrelladmin@Nowhere", "vmware"),
        ("tyrelladmin", "vmware"),
        ("tyrelladmin@System", "vmware"),
        ("gone@Tyrell", "vmware"),
        ("", ""),
    ],
)
def test_wrong_credentials_are_401_without_a_body(lab: Lab, user: str, password: str) -> None:
    api = Api(lab.vcd.wsgi_app.test_client(), "29.0")
    answer = api.post("sessions", headers=basic(user, password))
    assert (answer.status_code, answer.data) == (401, b"")
    assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_login_without_or_with_odd_credentials_is_401(lab: Lab) -> None:
    api = Api(lab.vcd.wsgi_app.test_client(), "29.0")
    for header in (
        {},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Bearer abc"},
        {"Authorization": ""},
    ):
        assert api.post("sessions", headers=header).status_code == 401


def test_a_request_without_a_token_is_forbidden_and_with_a_strange_one_unauthorized(lab: Lab) -> None:
    api = Api(lab.vcd.wsgi_app.test_client(), "29.0")
    answer = api.get("org")
    assert answer.status_code == 403
    assert b"Access is forbidden" in answer.data
    assert b'minorErrorCode="ACCESS_TO_RESOURCE_IS_FORBIDDEN"' in answer.data
    assert api.get("org", headers={"x-vcloud-authorization": "0" * 32}).status_code == 401


def test_the_cookie_is_as_good_as_the_header(lab: Lab) -> None:
    token = lab.login().headers["x-vcloud-authorization"]
    client = lab.vcd.wsgi_app.test_client()
    client.set_cookie("vcloud-token", token)
    assert client.get("/api/org", headers={"Accept": "application/*+xml;version=29.0"}).status_code == 200


def test_a_session_ends_after_30_idle_minutes(lab: Lab) -> None:
    api = lab.login()
    for _ in range(3):
        lab.host.advance(29 * 60)
        assert api.get("session").status_code == 200
    lab.host.advance(30 * 60 + 1)
    assert api.get("session").status_code == 401
    assert api.get("session").status_code == 401
    assert lab.login().get("session").status_code == 200


def test_a_session_ends_after_24_hours_however_busy(lab: Lab) -> None:
    api = lab.login()
    statuses = []
    for _ in range(60):
        lab.host.advance(25 * 60)
        statuses.append(api.get("session").status_code)
    assert statuses[:57] == [200] * 57
    assert statuses[57] == 401


def test_logging_out_ends_the_session(lab: Lab) -> None:
    api = lab.login()
    other = lab.login()
    assert api.delete("session").status_code == 204
    assert api.get("org").status_code == 401
    assert other.get("org").status_code == 200


def test_a_session_shows_who_it_is_and_only_the_system_sees_the_extension(lab: Lab) -> None:
    session = lab.login().xml("session")
    assert (session.get("user"), session.get("org")) == ("tyrelladmin", "Tyrell")
    types = {link.get("type") for link in find(session, "v:Link")}
    assert "application/vnd.vmware.admin.vmwExtension+xml" not in types
    system = lab.login("administrator@System").xml("session")
    assert "application/vnd.vmware.admin.vmwExtension+xml" in {e.get("type") for e in find(system, "v:Link")}


def test_two_clouds_of_the_same_estate_give_the_same_bytes(lab: Lab) -> None:
    from vcd_lab import make_lab

    other = make_lab()
    assert lab.login().get("query").data == other.login().get("query").data
    assert lab.login().get("org").data == other.login().get("org").data
