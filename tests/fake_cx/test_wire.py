"""JSON over HTTP: reading fields, and what never leaves an appliance."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.fake_cx import errors
from cxsim.fake_cx.sessions import Sessions
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.wire import Fields, epoch_ms, instant, new_app, page

from .conftest import Cx, Tenant
from .world import Clock, FakeHost


@pytest.mark.parametrize(
    ("document", "read", "words"),
    [
        ({}, lambda f: f.text("name"), "name is missing"),
        ({"name": ""}, lambda f: f.text("name"), "name must not be empty"),
        ({"name": 7}, lambda f: f.text("name"), "name must be a string"),
        ({"rpo": True}, lambda f: f.whole("rpo", 1, 9), "rpo must be a whole number"),
        ({"rpo": 10}, lambda f: f.whole("rpo", 1, 9), "rpo must be from 1 to 9, not 10"),
        ({"on": 1}, lambda f: f.flag("on"), "on must be true or false"),
        ({"type": "HOT"}, lambda f: f.choice("type", ("WARM", "COLD")), "one of WARM, COLD, not HOT"),
        ({"keys": [1, "2"]}, lambda f: f.wholes("keys"), "keys must be a list of whole numbers"),
        ({"a": {"b": {}}}, lambda f: f.child("a").child("b").text("c"), r"a\.b\.c is missing"),
        ({"disks": [{}]}, lambda f: f.children("disks")[0].text("key"), r"disks\[0\]\.key is missing"),
        ({"at": "soon"}, lambda f: f.time_s("at"), "at must be an ISO 8601 time, not soon"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(document, read, words):
    with pytest.raises(errors.InvalidRequest, match=words):
        read(Fields(document))


@pytest.mark.parametrize(
    ("text", "at_s"),
    [
        ("2017-11-06T09:00:00Z", 1509958800.0),
        ("2017-11-06T10:00:00+01:00", 1509958800.0),
        ("2017-11-06T09:00:00", 1509958800.0),
        (None, None),
    ],
)
def test_times_are_read_in_utc_unless_they_name_a_zone(text, at_s):
    assert Fields({"at": text}).time_s("at") == at_s


def test_instants_are_written_in_utc():
    assert instant(1509958800.25) == "2017-11-06T09:00:00.250Z"
    assert (instant(None), epoch_ms(None), epoch_ms(1.5)) == (None, -1, 1500)


def test_a_mistake_of_the_emulator_is_logged_and_answered_without_a_traceback():
    host = FakeHost("chc-ccm01", Clock())
    app = new_app("test", host, CxSettings())

    @app.get("/broken")
    def broken() -> None:
        raise KeyError("inner detail")

    answer = app.test_client().get("/broken")
    assert (answer.status_code, json.loads(answer.data)["code"]) == (500, "GeneralServerFailure")
    assert b"inner detail" not in answer.data
    assert host.logged("trouble") == [{"task": "GET /broken", "error": "KeyError: 'inner detail'"}]


def test_a_path_in_a_page_is_escaped():
    assert b"<script>" not in page("x", "<script>", 404).data


def test_expired_sessions_are_dropped_when_a_new_one_is_opened():
    clock = Clock()
    sessions: Sessions[str] = Sessions(FakeHost("h", clock), "session", 100.0)
    token = sessions.open("one")
    clock.now_s += 101
    assert sessions.find(token) is None
    sessions.open("two")
    assert len(sessions._open) == 1


_NAMES = (
    "externalKey", "vmName", "type", "site", "replicatorId", "vcId", "vmId", "rpo", "target", "vdc", "url",
    "storageProfile", "network", "vAppName", "startTime", "details", "apiUrl", "rootPassword", "ssoUser",
    "ssoPassword", "owner", "sourceLocation", "destinationLocation", "excludedDiskKeys", "username",
    "password", "final", "powerOn", "lwdIpAddress", "lwdPort", "ipAddress", "port",
)  # fmt: skip
_LEAVES = st.none() | st.booleans() | st.integers(-5, 70_000) | st.text(max_size=8)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=8),
    max_leaves=12,
)
_PLACES = (
    ("https://203.0.113.32/mobility/tenant/migrations", "x-mobility-authorization"),
    ("https://203.0.113.32:8044/replicators", "X-VCAV-Auth"),
    ("https://203.0.113.32:8044/replications", "X-VCAV-Auth"),
    ("https://203.0.113.32:8044/registration-tokens", "X-VCAV-Auth"),
    ("https://203.0.113.32:8044/sessions", "X-VCAV-Auth"),
    ("https://203.0.113.32:8044/config/endpoints", "X-VCAV-Auth"),
)


@pytest.fixture(scope="module")
def opened() -> tuple[Cx, dict[str, str]]:
    """A world with a token of each kind."""
    cx = Cx()
    tenant = Tenant(cx)

    def log_in() -> dict[str, str]:
        tenant.register()
        login = {"type": "ssoCredentials", "username": "administrator@vsphere.local", "password": "vmware"}
        answer = cx.call("POST", "https://203.0.113.32:8044/sessions", login)
        return {"x-mobility-authorization": tenant.token, "X-VCAV-Auth": answer.header("X-VCAV-Auth")}

    return cx, cx.run(log_in)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(place=st.sampled_from(_PLACES), document=_JSON)
def test_any_json_is_answered_without_trouble(opened, place, document):
    cx, tokens = opened
    url, header = place
    headers = {header: tokens[header], "Config-Secret": "vmware"}
    answer = cx.run(lambda: cx.call("POST", url, document, headers=headers))
    assert answer.status in (200, 201, 202, 400, 401, 403, 404, 409)
