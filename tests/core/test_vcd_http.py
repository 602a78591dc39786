"""Every kind of bad answer to the vCD client, with the exact text that the user gets."""

# ruff: noqa: E501 (texts for users are compared whole and stay on one line)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
import urllib3.exceptions as u3

from cxsim.core import vcd_http
from cxsim.core.errors import (
    BadAnswer,
    Conflict,
    ConnectionTrouble,
    InputError,
    LoginRefused,
    NotFound,
    UserError,
)
from cxsim.core.vcd import VcdClient
from cxsim.core.vcd_http import XmlService, own_error

URL = "https://chc.mycloud.local"
WHERE = "vCloud Director (https://chc.mycloud.local)"
XML = "application/vnd.vmware.vcloud.org+xml;version=29.0"
ERROR = "application/vnd.vmware.vcloud.error+xml;version=29.0"
ORG = '<Org xmlns="http://www.vmware.com/vcloud/v1.5" name="Tyrell"/>'
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Welcome to the portal</title></head></html>"
REQUEST = "48830fe5-1c8c-4b04-944e-3d8714b8ea00"
BOMB = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;">]><Org>&c;</Org>'
FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Org>&x;</Org>'


def error_body(minor: str, message: str) -> str:
    return (
        f'<Error xmlns="http://www.vmware.com/vcloud/v1.5" minorErrorCode="{minor}" message="{message}" '
        'majorErrorCode="0"/>'
    )


FORBIDDEN = error_body("ACCESS_TO_RESOURCE_IS_FORBIDDEN", f"[ {REQUEST} ] Access is forbidden")
INTERNAL = error_body("INTERNAL_SERVER_ERROR", f"[ {REQUEST} ] Internal Server Error")
BAD = error_body("BAD_REQUEST", "The request has invalid accept header: none.")

VALUES = "the values, and the versions of both products"
LOGIN = "user, organization and password"
ROLE = "the organization in the Provider Cloud URL and the user's role (Organization Administrator)"
MODEL = "that the Provider Cloud URL leads to vCloud Director, and what its log says"
BUSY = "the state of the vCloud Director cells and their log, then try again"
PORTAL = (
    "that the Provider Cloud URL leads to vCloud Director and that no proxy or portal answers in its place"
)
VERSION = "that the provider runs vCloud Director 8.20 or later (API version 27.0 or 29.0)"
STATE = "the state shown at the provider, then try again"
PAGE = "a web page ('Welcome to the portal') came back instead of XML"

# (status, content type, body, class, answer, check)
ROWS: list[tuple[int, str, str | bytes, type[UserError], str, str]] = [
    (400, ERROR, BAD, InputError, "it cannot use the request (HTTP 400): The request has invalid accept header: none [BAD_REQUEST]", VALUES),
    (400, "text/html", LOGIN_PAGE, InputError, f"it cannot use the request (HTTP 400); {PAGE}", VALUES),
    (401, "", "", LoginRefused, "it does not accept the login (HTTP 401)", LOGIN),
    (401, "text/html", LOGIN_PAGE, LoginRefused, f"it does not accept the login (HTTP 401); {PAGE}", LOGIN),
    (403, ERROR, FORBIDDEN, LoginRefused, f"it does not give access (HTTP 403): Access is forbidden [ACCESS_TO_RESOURCE_IS_FORBIDDEN], request {REQUEST}", ROLE),
    (403, "", "", LoginRefused, "it does not give access (HTTP 403)", ROLE),
    (404, ERROR, error_body("RESOURCE_NOT_FOUND", ""), NotFound, "it does not know what was asked for (HTTP 404): RESOURCE_NOT_FOUND", MODEL),
    (404, "text/html; charset=utf-8", LOGIN_PAGE, NotFound, f"it does not know what was asked for (HTTP 404); {PAGE}", MODEL),
    (404, "", "", NotFound, "it does not know what was asked for (HTTP 404)", MODEL),
    (405, ERROR, "", BadAnswer, "it does not offer this call (HTTP 405)", MODEL),
    (406, "text/plain", "No valid API version can be selected.", BadAnswer, "it does not speak this API version (HTTP 406): No valid API version can be selected", VERSION),
    (409, ERROR, error_body("CONFLICT", "In use."), Conflict, "its state does not allow this (HTTP 409): In use [CONFLICT]", STATE),
    (415, ERROR, "", BadAnswer, "it does not take this type of request (HTTP 415)", MODEL),
    (418, "", "", BadAnswer, "it answered in an unexpected way (HTTP 418)", MODEL),
    (500, ERROR, INTERNAL, BadAnswer, f"it reports an internal error (HTTP 500): Internal Server Error [INTERNAL_SERVER_ERROR], request {REQUEST}", BUSY),
    (500, ERROR, INTERNAL[:40], BadAnswer, "it reports an internal error (HTTP 500)", BUSY),
    (500, ERROR, ORG, BadAnswer, "it reports an internal error (HTTP 500)", BUSY),
    (500, "", "", BadAnswer, "it reports an internal error (HTTP 500)", BUSY),
    (500, "text/plain", "boom\nat line 1", BadAnswer, "it reports an internal error (HTTP 500): boom", BUSY),
    (500, "application/json", "{}", BadAnswer, "it reports an internal error (HTTP 500); 'application/json' came back instead of XML", BUSY),
    (502, "text/html", "<html><title>Bad Gateway</title>", BadAnswer, "a proxy reports a bad answer from it (HTTP 502); a web page ('Bad Gateway') came back instead of XML", BUSY),
    (503, "text/html", "<html>", BadAnswer, "the service is not available (HTTP 503); a web page came back instead of XML", BUSY),
    (504, "", "", BadAnswer, "a proxy reports no answer from it (HTTP 504)", BUSY),
    (507, "", "", BadAnswer, "it reports an internal error (HTTP 507)", BUSY),
    (200, XML, "", BadAnswer, "it answered 200 with nothing in it", BUSY),
    (200, XML, " \n ", BadAnswer, "it answered 200 with nothing in it", BUSY),
    (200, XML, ORG[:30], BadAnswer, "its answer is cut off or not XML", PORTAL),
    (200, XML, "no XML", BadAnswer, "its answer is cut off or not XML", PORTAL),
    (200, XML, b"\xff\xfe<", BadAnswer, "its answer is cut off or not XML", PORTAL),
    (200, XML, "<Org>" + "<a>" * 1000, BadAnswer, "its answer is cut off or not XML", PORTAL),
    (200, XML, BOMB, BadAnswer, "its answer declares a document type, which vCloud Director never does", PORTAL),
    (200, XML, FILE, BadAnswer, "its answer declares a document type, which vCloud Director never does", PORTAL),
    (200, XML, BOMB.encode("utf-16"), BadAnswer, "its answer declares a document type, which vCloud Director never does", PORTAL),
    (200, XML, "<Vdc/>", BadAnswer, "its answer is not as documented: Vdc came instead of Org", MODEL),
    (200, XML, FORBIDDEN, BadAnswer, "its answer is not as documented: Error came instead of Org", MODEL),
    (200, "text/html; charset=utf-8", LOGIN_PAGE, BadAnswer, PAGE, PORTAL),
    (200, XML, LOGIN_PAGE, BadAnswer, PAGE, PORTAL),
    (200, "text/plain", ORG, BadAnswer, "'text/plain' came back instead of XML", PORTAL),
    (200, "application/json", "{}", BadAnswer, "'application/json' came back instead of XML", PORTAL),
    (200, "", ORG, BadAnswer, "'no content type' came back instead of XML", PORTAL),
    (204, XML, "", BadAnswer, "it answered in an unexpected way (HTTP 204)", MODEL),
]  # fmt: skip


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as answers:
        yield answers


@pytest.fixture
def service() -> Iterator[XmlService]:
    session = requests.Session()
    session.trust_env = False
    yield XmlService(URL + "/", session, (3.0, 7.0))
    session.close()


def ask(service: XmlService, url: str = "/api/org/1") -> Any:
    return service.call("GET", url, "look at the organization", root="Org")


@pytest.mark.parametrize(("status", "kind", "body", "error", "answer", "check"), ROWS)
def test_a_bad_answer_is_told(
    mock: responses.RequestsMock,
    service: XmlService,
    status: int,
    kind: str,
    body: str | bytes,
    error: type[UserError],
    answer: str,
    check: str,
) -> None:
    mock.get(URL + "/api/org/1", status=status, body=body, content_type=kind)
    with pytest.raises(UserError) as caught:
        ask(service)
    assert type(caught.value) is error
    assert str(caught.value) == f"Could not look at the organization. {WHERE}: {answer}. Check {check}."
    assert getattr(caught.value, "status", None) == status


def test_a_redirect_is_not_followed_and_told(mock: responses.RequestsMock, service: XmlService) -> None:
    mock.get(URL + "/api/org/1", status=302, headers={"Location": "https://sso.example/login"})
    with pytest.raises(BadAnswer) as caught:
        ask(service)
    assert str(caught.value) == (
        f"Could not look at the organization. {WHERE}: it redirects to https://sso.example/login (HTTP 302). Check {PORTAL}."
    )
    assert len(mock.calls) == 1


def test_an_endless_answer_is_given_up(
    mock: responses.RequestsMock, service: XmlService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vcd_http, "BODY_LIMIT_BYTES", 200_000)
    monkeypatch.setattr(vcd_http, "CHUNK_BYTES", 50_000)
    mock.get(URL + "/api/org/1", body=f"<Org>{'x' * 1_000_000}</Org>", content_type=XML)
    with pytest.raises(BadAnswer) as caught:
        ask(service)
    assert str(caught.value) == (
        f"Could not look at the organization. {WHERE}: its answer is too large to be true. Check {PORTAL}."
    )


POOL: Any = None
SLOW = "the state and load of the service, and that replies find their way back (asymmetric routing, MTU)"
PATH = "that firewall rules on both sides allow this port, and that NAT forwards it to the right appliance"
LISTEN = "the port as typed, that the service runs, and that NAT forwards the port to the right appliance"
CUT = "the state of the service, and devices on the way that cut connections (firewall sessions, proxies)"
REFUSED = requests.ConnectionError(u3.NewConnectionError(POOL, "x"))
REFUSED.args[0].__cause__ = ConnectionRefusedError(111, "Connection refused")

TROUBLE: list[tuple[Exception, type[UserError], str, str]] = [
    (requests.ReadTimeout(u3.ReadTimeoutError(POOL, "/", "Read timed out.")), ConnectionTrouble, "it accepted the connection but did not answer in time", SLOW),
    (requests.ConnectTimeout(), ConnectionTrouble, "nothing answered the connection attempt (timed out)", PATH),
    (REFUSED, ConnectionTrouble, "the connection was refused", LISTEN),
    (requests.ConnectionError(u3.ProtocolError("x", ConnectionResetError(104, "Connection reset by peer"))), ConnectionTrouble, "the connection was reset", CUT),
    (requests.exceptions.ChunkedEncodingError(u3.IncompleteRead(3, 9)), BadAnswer, "its answer was cut off or damaged", CUT),
]  # fmt: skip


@pytest.mark.parametrize(("raised", "error", "answer", "check"), TROUBLE)
def test_trouble_on_the_way_is_told(
    mock: responses.RequestsMock,
    service: XmlService,
    raised: Exception,
    error: type[UserError],
    answer: str,
    check: str,
) -> None:
    mock.get(URL + "/api/org/1", body=raised)
    with pytest.raises(UserError) as caught:
        ask(service)
    assert type(caught.value) is error
    assert str(caught.value) == f"Could not look at the organization. {WHERE}: {answer}. Check {check}."


def test_trouble_at_an_address_that_an_answer_led_to_names_the_providers_setting(
    mock: responses.RequestsMock, service: XmlService
) -> None:
    mock.get("https://10.3.0.41/api/org/1", body=requests.ConnectTimeout())
    with pytest.raises(ConnectionTrouble) as caught:
        ask(service, "https://10.3.0.41/api/org/1")
    assert str(caught.value) == (
        "Could not look at the organization. vCloud Director (https://10.3.0.41): nothing answered the connection "
        "attempt (timed out). Check at the provider, the REST API base URL among vCloud Director's public "
        "addresses: vCloud Director's answer led there."
    )
    assert caught.value.kind == "timed out"


def test_an_href_without_tls_is_not_followed(mock: responses.RequestsMock, service: XmlService) -> None:
    with pytest.raises(BadAnswer) as caught:
        ask(service, "http://10.3.0.41/api/org/1")
    assert "its answer leads to an address that is not https" in str(caught.value)
    assert len(mock.calls) == 0


def test_time_outs_are_handed_on_and_the_environment_is_not_asked(
    mock: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    mock.get(URL + "/api/versions", body=VERSIONS, content_type="text/xml")
    session = requests.Session()
    vcd = VcdClient(session, URL, "Tyrell", "tyrelladmin", "vmware", (3.0, 7.0))
    with pytest.raises(UserError):
        vcd.login()
    assert session.trust_env is False
    assert mock.calls[0].request.req_kwargs["timeout"] == (3.0, 7.0)
    assert not mock.calls[0].request.req_kwargs["proxies"]


VERSIONS = (
    '<SupportedVersions xmlns="http://www.vmware.com/vcloud/versions"><VersionInfo><Version>29.0</Version>'
    "</VersionInfo></SupportedVersions>"
)
SESSION = '<Session xmlns="http://www.vmware.com/vcloud/v1.5" org="{org}" user="tyrelladmin"/>'

# (versions, headers of the session, session, what is wrong)
LOGINS = [
    (VERSIONS.replace("29.0", ""), {}, "", "agree on an API version", "no API version is listed"),
    (VERSIONS, {}, SESSION.format(org="Tyrell"), "log in as tyrelladmin@Tyrell", "the header 'x-vcloud-authorization' is missing"),
    (VERSIONS, {"x-vcloud-authorization": "t"}, SESSION.format(org="Wallace"), "log in as tyrelladmin@Tyrell", "the session is for organization 'Wallace'"),
]  # fmt: skip


@pytest.mark.parametrize(("versions", "headers", "session", "attempted", "wrong"), LOGINS)
def test_a_login_whose_answer_lacks_something_is_told(
    mock: responses.RequestsMock,
    versions: str,
    headers: dict[str, str],
    session: str,
    attempted: str,
    wrong: str,
) -> None:
    mock.get(URL + "/api/versions", body=versions, content_type="text/xml")
    if session:
        mock.post(URL + "/api/sessions", body=session, content_type=XML, headers=headers)
    vcd = VcdClient(requests.Session(), URL, "Tyrell", "tyrelladmin", "vmware")
    with pytest.raises(BadAnswer) as caught:
        vcd.login()
    assert str(caught.value) == (
        f"Could not {attempted}. {WHERE}: its answer is not as documented: {wrong}. Check {MODEL}."
    )


def test_vcds_own_error_is_read() -> None:
    assert own_error(FORBIDDEN.encode()) == vcd_http.OwnError(
        "ACCESS_TO_RESOURCE_IS_FORBIDDEN", "Access is forbidden", REQUEST
    )
    assert own_error(b"<Error/>") is not None
    for body in (b"", b"<Org/>", b"<Error", b"{}"):
        assert own_error(body) is None
