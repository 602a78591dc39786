"""Every kind of bad answer to a CX client, with the exact text that the user gets."""

# ruff: noqa: E501 (texts for users are compared whole and stay on one line)
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
import urllib3.exceptions as u3
from cx_provider import error_object

from cxsim.core.cx_http import JsonService, missing, own_error, percent_or_null, text
from cxsim.core.errors import (
    BadAnswer,
    Conflict,
    ConnectionTrouble,
    InputError,
    LoginRefused,
    NotFound,
    UserError,
)
from cxsim.core.pinning import FirstSight

URL = "https://vcde.mycloud.local"
WHERE = "CX cloud service (https://vcde.mycloud.local)"
JSON = "application/json"
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Welcome to the portal</title></head></html>"
OWN = json.dumps(error_object("InvalidState", "The migration is not ready."))


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as answers:
        yield answers


@pytest.fixture
def service() -> Iterator[JsonService]:
    made = JsonService("CX cloud service", URL + "/", FirstSight(), (3.0, 7.0))
    yield made
    made.close()


POOL: Any = None
GENERAL = "that the URL names the right appliance, and what its log says"
BUSY = "the state of the service and its log, then try again"
PORTAL = "that the URL names the right appliance and that no proxy or portal answers in its place"

# (status, content type, body, class, answer, check)
BAD: list[tuple[int, str, str | bytes, type[UserError], str, str]] = [
    (400, JSON, OWN, InputError, "it cannot use the request (HTTP 400): The migration is not ready [InvalidState]", "the values, and both versions"),
    (401, JSON, "", LoginRefused, "it does not accept the login (HTTP 401)", "user, organization and password"),
    (401, JSON, json.dumps(error_object("NotAuthenticated", "")), LoginRefused, "it does not accept the login (HTTP 401): NotAuthenticated", "user, organization and password"),
    (403, JSON, json.dumps(error_object("Forbidden", "Permission denied.")), LoginRefused, "the user has no permission (HTTP 403): Permission denied [Forbidden]", "the user's role (organization administrator)"),
    (404, JSON, json.dumps(error_object("MigrationNotFound", "No such migration.")), NotFound, "it does not know what was asked for (HTTP 404): No such migration [MigrationNotFound]", GENERAL),
    (404, "text/html", LOGIN_PAGE, NotFound, "it does not know what was asked for (HTTP 404); a web page ('Welcome to the portal') came back instead of JSON", GENERAL),
    (405, JSON, "", BadAnswer, "it does not offer this call (HTTP 405)", GENERAL),
    (409, JSON, OWN, Conflict, "its state does not allow this (HTTP 409): The migration is not ready [InvalidState]", "the state shown at the provider, then try again"),
    (418, JSON, "", BadAnswer, "it answered in an unexpected way (HTTP 418)", GENERAL),
    (500, JSON, "", BadAnswer, "it reports an internal error (HTTP 500)", BUSY),
    (500, JSON, json.dumps(error_object("GeneralServerFailure", "Out of memory.")), BadAnswer, "it reports an internal error (HTTP 500): Out of memory [GeneralServerFailure]", BUSY),
    (500, JSON, '{"code": "Gene', BadAnswer, "it reports an internal error (HTTP 500)", BUSY),
    (500, "text/plain", "boom", BadAnswer, "it reports an internal error (HTTP 500); 'text/plain' came back instead of JSON", BUSY),
    (502, "text/html", "<html><title>Bad Gateway</title>", BadAnswer, "a proxy reports a bad answer from it (HTTP 502); a web page ('Bad Gateway') came back instead of JSON", BUSY),
    (503, "text/html", "", BadAnswer, "the service is not available (HTTP 503)", BUSY),
    (507, JSON, "", BadAnswer, "it reports an internal error (HTTP 507)", BUSY),
    (200, JSON, "", BadAnswer, "it answered 200 with nothing in it", BUSY),
    (200, JSON, '{"items": [{"id": "M-', BadAnswer, "its answer is cut off or not JSON", PORTAL),
    (200, JSON, b"\xff\xfe\x00{", BadAnswer, "its answer is cut off or not JSON", PORTAL),
    (200, "text/html; charset=utf-8", LOGIN_PAGE, BadAnswer, "a web page ('Welcome to the portal') came back instead of JSON", PORTAL),
    (200, "text/plain", LOGIN_PAGE, BadAnswer, "a web page ('Welcome to the portal') came back instead of JSON", PORTAL),
    (200, "application/xml", "<a/>", BadAnswer, "'application/xml' came back instead of JSON", PORTAL),
    (200, "", "{}", BadAnswer, "'no content type' came back instead of JSON", PORTAL),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "body", "error", "answer", "check"), BAD)
def test_bad_answers_are_told(
    mock: Any,
    service: JsonService,
    status: int,
    kind: str,
    body: str | bytes,
    error: type[UserError],
    answer: str,
    check: str,
) -> None:
    mock.add("GET", URL + "/x", body=body, status=status, content_type=kind)
    with pytest.raises(UserError) as caught:
        service.call("GET", "/x", "look at the migrations")
    assert type(caught.value) is error
    assert caught.value.fields() == {
        "attempted": "look at the migrations",
        "where": WHERE,
        "answer": answer,
        "check": check,
    }
    assert caught.value.status == status


# (what the transport raises, kind, answer)
BROKEN: list[tuple[Exception, str, str]] = [
    (
        requests.ConnectionError(
            u3.MaxRetryError(POOL, "/", u3.NewConnectionError(POOL, "x")),
            ConnectionRefusedError(111, "Connection refused"),
        ),
        "refused",
        "the connection was refused",
    ),
    (
        requests.ConnectionError(u3.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))),
        "reset",
        "the connection was reset",
    ),
    (
        requests.ConnectTimeout("timed out"),
        "timed out",
        "nothing answered the connection attempt (timed out)",
    ),
    (requests.ReadTimeout("timed out"), "no answer", "it accepted the connection but did not answer in time"),
]


@pytest.mark.parametrize(("raised", "kind", "answer"), BROKEN)
def test_broken_connections_are_told(
    mock: Any, service: JsonService, raised: Exception, kind: str, answer: str
) -> None:
    mock.add("GET", URL + "/x", body=raised)
    with pytest.raises(ConnectionTrouble) as caught:
        service.call("GET", "/x", "look at the migrations", check_connection="port 443")
    assert (caught.value.kind, caught.value.answer, caught.value.check) == (kind, answer, "port 443")
    assert caught.value.where == WHERE


def test_a_redirect_is_refused_and_not_followed(mock: Any, service: JsonService) -> None:
    mock.add("GET", URL + "/x", status=302, headers={"Location": "https://portal/login"})
    with pytest.raises(BadAnswer, match=r"it redirects to https://portal/login \(HTTP 302\)"):
        service.call("GET", "/x", "look")


def test_an_unexpected_success_is_no_success(mock: Any, service: JsonService) -> None:
    mock.add("POST", URL + "/x", json={}, status=200)
    with pytest.raises(BadAnswer, match="unexpected way"):
        service.call("POST", "/x", "start", expected=(202,), body={})


def test_time_limits_and_json_go_out_with_every_call(mock: Any, service: JsonService) -> None:
    mock.add("POST", URL + "/x", json={"a": 1}, status=201)
    answer = service.call("POST", "/x", "start", expected=(201,), body={"b": "ü"}, headers={"X-T": "1"})
    request = mock.calls[0].request
    assert answer.document == {"a": 1}
    assert json.loads(request.body) == {"b": "ü"}
    assert request.headers["Content-Type"] == request.headers["Accept"] == JSON
    assert request.headers["X-T"] == "1"
    assert request.req_kwargs["timeout"] == (3.0, 7.0)
    assert request.req_kwargs["verify"] is False


def test_the_environments_proxies_and_netrc_are_ignored(
    mock: Any, service: JsonService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    mock.add("GET", URL + "/x", json={})
    service.call("GET", "/x", "look")
    assert mock.calls[0].request.req_kwargs["proxies"] == {}


@pytest.mark.parametrize("document", [None, [], "x", {}, {"code": 7}, b"not json", b""])
def test_what_is_no_error_object_is_none(document: object) -> None:
    assert own_error(document) is None


def test_missing_and_wrong_fields_are_named() -> None:
    fields = {"id": text, "percent": percent_or_null}
    assert missing({"id": "a"}, fields) is None
    assert missing({"id": "a", "percent": 40.5}, fields) is None
    assert missing([], fields) == "it is not an object"
    assert missing({"id": 1}, fields) == "'id' is missing or of the wrong type"
    for wrong in (True, -1, 101, "40"):
        assert missing({"id": "a", "percent": wrong}, fields) == "'percent' is missing or of the wrong type"
