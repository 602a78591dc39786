"""Every kind of bad answer to the vCenter client: each becomes a typed error that says what came back."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest
from core_world import VirtualRuntime, config

from cxsim.core import vcenter_stub
from cxsim.core.errors import BadAnswer, ConnectionTrouble, UserError
from cxsim.core.vcenter import VcenterLogins
from cxsim.core.vcenter_errors import VcenterError

VERSIONS = (
    b'<namespaces version="1.0"><namespace><name>urn:vim25</name><version>6.5</version>'
    b"<priorVersions><version>6.0</version></priorVersions></namespace></namespaces>"
)
Script = Callable[[str, str], "Answer"]


class Answer(io.BytesIO):
    """An answer as http.client gives it."""

    def __init__(self, status: int, content: bytes = b"", reason: str = "") -> None:
        super().__init__(content)
        self.status, self.reason = status, reason or http.client.responses[status]
        self.headers = Message()

    def getheader(self, name: str, default: str | None = None) -> str | None:
        return self.headers.get(name, default)


class Scripted:
    """Stands where the client opens connections; answers from a script or raises what it returns."""

    script: Script = staticmethod(lambda method, path: Answer(200))
    opened = 0

    def __init__(self, *args: Any, **given: Any) -> None:
        type(self).opened += 1
        self.sock: object | None = object()

    def connect(self) -> None:
        """There is nobody to connect to."""

    def close(self) -> None:
        self.sock = None

    def request(self, method: str, path: str, body: bytes = b"", headers: Any = None) -> None:
        self._asked = (method, path)

    def getresponse(self) -> Answer:
        answer = type(self).script(*self._asked)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def soap(content: str) -> bytes:
    return (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>'
        f"{content}</e:Body></e:Envelope>"
    ).encode()


def answered(content: str) -> bytes:
    name = "RetrieveServiceContentResponse"
    return soap(f"<{name} xmlns='urn:vim25'>{content}</{name}>")


@pytest.fixture
def attempt(monkeypatch: pytest.MonkeyPatch) -> Callable[..., UserError]:
    """Log in at a server that answers so; the error."""
    monkeypatch.setattr(vcenter_stub, "JudgedConnection", Scripted)

    def run(script: Script) -> UserError:
        monkeypatch.setattr(Scripted, "script", staticmethod(script))
        with pytest.raises(UserError) as raised, VcenterLogins(VirtualRuntime(), config())():
            pytest.fail("logged in")
        assert raised.value.attempted == "log in to the vCenter as administrator@vsphere.local"
        assert raised.value.where == "vCenter (https://tyrell-vc01.tyrell.local:443)"
        assert raised.value.check
        return raised.value

    return run


def after_versions(answer: Any) -> Script:
    return lambda method, path: Answer(200, VERSIONS) if method == "GET" else answer


@pytest.mark.parametrize("status", [301, 401, 403, 404, 500, 502, 503])
def test_any_other_status_for_the_versions_is_no_vcenter(attempt: Any, status: int) -> None:
    error = attempt(lambda method, path: Answer(status, b"<html>login</html>"))
    assert isinstance(error, BadAnswer)
    assert error.status == status
    assert error.answer == f"it answered {status} {http.client.responses[status]}"


@pytest.mark.parametrize("status", [301, 401, 403, 404, 502, 503])
def test_any_other_status_for_a_call_is_no_vcenter(attempt: Any, status: int) -> None:
    error = attempt(after_versions(Answer(status, b"<html/>")))
    assert isinstance(error, BadAnswer)
    assert error.status == status


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>Please log in</body></html>",
        soap(""),
        answered(""),
        soap(
            "<RetrieveServiceContentResponse><returnval><colour>red</colour></returnval></RetrieveServiceContentResponse>"
        ),
        soap(
            "<RetrieveServiceContentResponse><returnval xsi:type='Colour'/></RetrieveServiceContentResponse>"
        ),
        b'{"status": "ok"}',
        b"",
        answered("<returnval>")[:-40],
    ],
)
def test_an_answer_that_is_no_soap_or_not_whole_is_a_bad_answer(attempt: Any, content: bytes) -> None:
    assert isinstance(attempt(after_versions(Answer(200, content))), BadAnswer)


@pytest.mark.parametrize("content", [b"", b"<html>oops</html>", b"oops"])
def test_an_error_without_a_fault_is_told_as_an_error(attempt: Any, content: bytes) -> None:
    error = attempt(after_versions(Answer(500, content)))
    assert isinstance(error, BadAnswer)


@pytest.mark.parametrize(
    "content",
    [
        b"<namespaces/>",
        b"<html/>",
        b"not xml",
        b"",
        VERSIONS.replace(b"6.5", b"99.9").replace(b"6.0", b"98"),
        VERSIONS.replace(b"urn:vim25", b"urn:sms"),
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><namespaces>&a;</namespaces>',
    ],
)
def test_versions_that_offer_nothing_known_are_a_bad_answer(attempt: Any, content: bytes) -> None:
    error = attempt(lambda method, path: Answer(200, content))
    assert isinstance(error, BadAnswer)
    assert "root:" not in str(error)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "refused"),
        (ConnectionResetError(104, "Connection reset by peer"), "reset"),
        (http.client.RemoteDisconnected("Remote end closed connection without response"), "closed"),
        (TimeoutError("The read operation timed out"), "no answer"),
    ],
)
def test_trouble_of_the_connection_keeps_its_kind(attempt: Any, raised: Exception, kind: str) -> None:
    error = attempt(after_versions(raised))
    assert isinstance(error, ConnectionTrouble)
    assert error.kind == kind


def test_a_fault_without_detail_is_the_vcenters_error_all_the_same(attempt: Any) -> None:
    fault = soap("<e:Fault><faultstring>Out of memory</faultstring></e:Fault>")
    error = attempt(after_versions(Answer(500, fault)))
    assert isinstance(error, VcenterError)
    assert error.answer == "Out of memory (RuntimeFault)"


def test_a_fault_that_is_not_in_the_table_is_told_with_its_name(attempt: Any) -> None:
    fault = soap(
        "<e:Fault><faultcode>ServerFaultCode</faultcode><faultstring>The disk is on fire.</faultstring>"
        '<detail><HostConnectFaultFault xmlns="urn:vim25" xsi:type="HostConnectFault"/></detail></e:Fault>'
    )
    error = attempt(after_versions(Answer(500, fault)))
    assert error.answer == "The disk is on fire (HostConnectFault)"


def test_after_a_bad_answer_no_connection_is_kept(attempt: Any) -> None:
    Scripted.opened = 0
    attempt(after_versions(Answer(404)))
    attempt(after_versions(Answer(404)))
    assert Scripted.opened >= 2
