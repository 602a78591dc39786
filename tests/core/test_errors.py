"""What clients raise, in the user's words: one row per cause, wrapped as the libraries really wrap it."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import ssl
import xml.parsers.expat
from typing import Any

import lxml.etree
import pytest
import requests
import urllib3.exceptions as u3

from cxsim.core.errors import (
    BadAnswer,
    CertificateMismatch,
    ConnectionTrouble,
    InputError,
    UserError,
    chain,
    translate,
    translated,
)
from cxsim.core.runtime import TaskCancelled


def by_requests(cause: BaseException, outer: Any = requests.ConnectionError) -> BaseException:
    """As requests shows what urllib3 met while connecting."""
    pool: Any = None
    retry = u3.MaxRetryError(pool, "/x", cause if isinstance(cause, Exception) else None)
    return outer(retry)


def caused(outer: BaseException, cause: BaseException) -> BaseException:
    """`raise outer from cause`."""
    outer.__cause__ = cause
    return outer


def tls(text: str, kind: type[ssl.SSLError] = ssl.SSLError) -> ssl.SSLError:
    """An OpenSSL error with its text."""
    return kind(1, text)


def expat_error() -> BaseException:
    try:
        xml.parsers.expat.ParserCreate().Parse("<a", True)
    except xml.parsers.expat.ExpatError as error:
        return error
    raise AssertionError


def xml_error() -> BaseException:
    try:
        lxml.etree.fromstring(b"<a><b></a>")
    except lxml.etree.XMLSyntaxError as error:
        return error
    raise AssertionError


def new_connection(cause: OSError) -> BaseException:
    connection: Any = None
    return caused(u3.NewConnectionError(connection, f"Failed to establish a new connection: {cause}"), cause)


NAME_UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
DNS_SILENT = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
POOL: Any = None

# (what is raised, class, kind, part of the answer)
ROWS: list[tuple[str, BaseException, type[UserError], str, str]] = [
    ("unknown name, plain", NAME_UNKNOWN, ConnectionTrouble, "name not found", "not found in DNS"),
    (
        "unknown name, requests",
        by_requests(caused(u3.NameResolutionError("h", POOL, NAME_UNKNOWN), NAME_UNKNOWN)),
        ConnectionTrouble,
        "name not found",
        "not found in DNS",
    ),
    ("silent DNS", DNS_SILENT, ConnectionTrouble, "DNS silent", "DNS server did not answer"),
    ("refused, plain", ConnectionRefusedError(111, "x"), ConnectionTrouble, "refused", "refused"),
    (
        "refused, requests",
        by_requests(new_connection(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))),
        ConnectionTrouble,
        "refused",
        "the connection was refused",
    ),
    ("no route", OSError(errno.EHOSTUNREACH, "x"), ConnectionTrouble, "no route", "no route to the host"),
    ("no network", OSError(errno.ENETUNREACH, "x"), ConnectionTrouble, "no route", "unreachable from here"),
    ("kernel gave up", TimeoutError(errno.ETIMEDOUT, "x"), ConnectionTrouble, "timed out", "(timed out)"),
    (
        "connect time-out, requests",
        requests.ConnectTimeout(u3.MaxRetryError(POOL, "/", u3.ConnectTimeoutError(POOL, "timed out"))),
        ConnectionTrouble,
        "timed out",
        "nothing answered the connection attempt",
    ),
    ("time-out, http.client", TimeoutError("timed out"), ConnectionTrouble, "timed out", "nothing answered"),
    (
        "read time-out, requests",
        requests.ReadTimeout(u3.ReadTimeoutError(POOL, "/", "Read timed out.")),
        ConnectionTrouble,
        "no answer",
        "did not answer in time",
    ),
    (
        "read time-out inside a body",
        requests.ConnectionError(u3.ReadTimeoutError(POOL, "/", "Read timed out.")),
        ConnectionTrouble,
        "no answer",
        "did not answer in time",
    ),
    (
        "read time-out, http.client over TLS",
        TimeoutError("The read operation timed out"),
        ConnectionTrouble,
        "no answer",
        "did not answer in time",
    ),
    (
        "handshake never answered",
        TimeoutError("_ssl.c:999: The handshake operation timed out"),
        ConnectionTrouble,
        "TLS silent",
        "the TLS handshake was never answered",
    ),
    (
        "reset, requests",
        requests.ConnectionError(
            u3.ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))
        ),
        ConnectionTrouble,
        "reset",
        "the connection was reset",
    ),
    ("broken pipe", BrokenPipeError(32, "Broken pipe"), ConnectionTrouble, "reset", "was reset"),
    (
        "closed without an answer",
        requests.ConnectionError(
            u3.ProtocolError("Connection aborted.", http.client.RemoteDisconnected("Remote end closed"))
        ),
        ConnectionTrouble,
        "closed",
        "closed the connection without an answer",
    ),
    (
        "TLS cut off",
        by_requests(
            u3.SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
            requests.exceptions.SSLError,
        ),
        ConnectionTrouble,
        "TLS cut off",
        "closed during TLS",
    ),
    (
        "plain HTTP behind the port",
        by_requests(u3.SSLError(tls("[SSL: WRONG_VERSION_NUMBER] wrong version number"))),
        ConnectionTrouble,
        "no TLS",
        "does not speak TLS",
    ),
    (
        "TLS alert",
        tls("handshake failure"),
        ConnectionTrouble,
        "TLS failed",
        "TLS handshake failed (handshake failure",
    ),
    (
        "invalid certificate",
        tls("certificate has expired", ssl.SSLCertVerificationError),
        CertificateMismatch,
        "",
        "certificate is not valid",
    ),
    (
        "truncated, requests",
        requests.exceptions.ChunkedEncodingError(u3.ProtocolError("x", u3.IncompleteRead(3, 7))),
        BadAnswer,
        "",
        "cut off",
    ),
    ("truncated, http.client", http.client.IncompleteRead(b"abc", 7), BadAnswer, "", "cut off"),
    (
        "damaged compression",
        requests.exceptions.ContentDecodingError("gzip"),
        BadAnswer,
        "",
        "cut off or damaged",
    ),
    ("not HTTP", http.client.BadStatusLine("SSH-2.0"), BadAnswer, "", "not readable HTTP (SSH-2.0)"),
    ("not XML, pyVmomi", expat_error(), BadAnswer, "", "not readable XML"),
    ("not XML, lxml", xml_error(), BadAnswer, "", "not readable XML"),
    ("not JSON", json.JSONDecodeError("Expecting value", "<", 0), BadAnswer, "", "not readable JSON"),
    ("redirects", requests.TooManyRedirects("30"), BadAnswer, "", "redirects without end"),
    ("no host", requests.exceptions.InvalidURL("No host supplied"), InputError, "", "URL is not valid"),
    (
        "anything else",
        OSError(errno.EMFILE, "Too many open files"),
        ConnectionTrouble,
        "connection failed",
        "open files",
    ),
]


@pytest.mark.parametrize(("name", "error", "kind", "word", "answer"), ROWS, ids=[row[0] for row in ROWS])
def test_each_cause_has_its_class_and_words(
    name: str, error: BaseException, kind: type[UserError], word: str, answer: str
) -> None:
    told = translate(error, "log in", "vCenter (https://vc)")
    assert type(told) is kind
    assert answer in told.answer
    assert told.attempted == "log in"
    assert told.where == "vCenter (https://vc)"
    assert told.check
    if isinstance(told, ConnectionTrouble):
        assert told.kind == word


def test_trouble_before_the_request_was_sent_is_told_apart() -> None:
    def sent(error: BaseException) -> bool:
        told = translate(error, "x", "y")
        assert isinstance(told, ConnectionTrouble)
        return told.sent

    assert not sent(NAME_UNKNOWN)
    assert not sent(ConnectionRefusedError(111, "x"))
    assert not sent(requests.ConnectTimeout("x"))
    assert sent(requests.ReadTimeout("x"))
    assert sent(ConnectionResetError(104, "x"))


def test_the_callers_advice_replaces_the_general_one_for_connections_only() -> None:
    refused = translate(ConnectionRefusedError(111, "x"), "x", "y", "port 8044")
    broken = translate(http.client.BadStatusLine("x"), "x", "y", "port 8044")
    assert refused is not None
    assert broken is not None
    assert refused.check == "port 8044"
    assert broken.check != "port 8044"


@pytest.mark.parametrize("error", [KeyError("x"), TaskCancelled(), AssertionError("x"), ValueError("x")])
def test_mistakes_of_the_program_and_cancellation_pass_unchanged(error: Exception) -> None:
    error.__context__ = ConnectionResetError(104, "met before")
    assert translate(error, "x", "y") is None
    with pytest.raises(type(error)) as caught, translated("x", "y"):
        raise error
    assert caught.value is error


def test_a_users_error_passes_unchanged_and_others_keep_their_cause() -> None:
    own = InputError("a", "b", "c", "d")
    with pytest.raises(InputError) as caught, translated("x", "y"):
        raise own
    assert caught.value is own
    refused = ConnectionRefusedError(111, "x")
    with pytest.raises(ConnectionTrouble) as trouble, translated("x", "y"):
        raise refused
    assert trouble.value.__cause__ is refused


def test_the_four_texts_read_as_sentences() -> None:
    error = ConnectionTrouble("log in", "vCenter (https://vc)", "the connection was refused", "the port")
    assert str(error) == "Could not log in. vCenter (https://vc): the connection was refused. Check the port."
    assert error.text == "Could not log in. vCenter (https://vc): the connection was refused"
    assert error.reason == "vCenter (https://vc): the connection was refused"
    assert list(error.fields()) == ["attempted", "where", "answer", "check"]


def test_a_chain_that_bites_its_tail_ends() -> None:
    one, other = OSError("one"), OSError("other")
    one.__cause__, other.__cause__ = other, one
    assert chain(one) == [one, other]
