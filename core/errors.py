"""What a user is told when something fails: what was attempted, where, what came back, what to check.

Rules of this file: it holds the `UserError` family and ONE table that translates what sockets, TLS, HTTP
and parsers raise into it. The table is read from the top; the first row that matches any exception in the
chain decides, so the specific causes stand above the general ones. An exception that no row names is a
mistake in this program and is left alone.

Sources: exception classes as raised by CPython's `socket`, `ssl`, `http.client` and by urllib3 2 /
requests 2; what to check follows cx.md 1.2, 1.3 and 4.
"""

from __future__ import annotations

import errno
import http.client
import json
import socket
import ssl
import xml.parsers.expat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import lxml.etree
import requests
import urllib3.exceptions

from cxsim.core.connect_to import LedNowhere


class UserError(Exception):
    """Something failed in a way that a user can act on.

    `attempted`: in the infinitive, as after "Could not": `log in`. `where`: the URL, object or form field.
    `answer`: what came back, or what was noticed. `check`: what to look at, as after "Check": `the password`.
    """

    status: int | None = None
    """The HTTP status, if there was an answer."""
    code: str | None = None
    """The product's own error code, if it gave one."""

    def __init__(self, attempted: str, where: str, answer: str, check: str) -> None:
        super().__init__(attempted, where, answer, check)
        self.attempted = attempted
        self.where = where
        self.answer = answer
        self.check = check

    def __str__(self) -> str:
        return f"{self.text}. Check {self.check}."

    @property
    def text(self) -> str:
        """What happened, in one line, without the advice and without a full stop."""
        return f"Could not {self.attempted}. {self.where}: {self.answer}"

    @property
    def reason(self) -> str:
        """The short form for a status column: where and what came back."""
        return f"{self.where}: {self.answer}"

    def fields(self) -> dict[str, str]:
        """The four texts, as the `message` event carries them (docs/events.md)."""
        return {"attempted": self.attempted, "where": self.where, "answer": self.answer, "check": self.check}


class ConnectionTrouble(UserError):
    """No conversation took place or it was cut: name not found, refused, timed out, reset, no TLS.

    `kind` is a word of the table below; `sent` is true when the request may have reached the server, so
    that it must be looked up before it is repeated.
    """

    kind: str = "connection failed"
    sent: bool = False


class CertificateMismatch(UserError):
    """The server showed another certificate than the trusted one (cx.md P9, P11), or an untrusted one."""


class LoginRefused(UserError):
    """The server does not accept the account (401), or does not let it do this (403)."""


class BadAnswer(UserError):
    """The answer is not what this server should say: HTML, cut off, another type, an internal error."""


class NotFound(UserError):
    """The thing does not exist there."""


class Conflict(UserError):
    """The thing exists already, or is in a state that does not allow this."""


class InputError(UserError):
    """What the user asked for cannot be done as typed; nothing was begun."""


def chain(error: BaseException) -> list[BaseException]:
    """The exception and all it wraps (`args`, `reason`, `__cause__`, `__context__`), outermost first."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        candidate = waiting.pop(0)
        if not isinstance(candidate, BaseException) or any(candidate is seen for seen in found):
            continue
        found.append(candidate)
        waiting += [getattr(candidate, "reason", None), *candidate.args]
        waiting += [candidate.__cause__, None if candidate.__suppress_context__ else candidate.__context__]
    return found


@dataclass(frozen=True)
class Cause:
    """A row of the table: which exception, what it means, what to check."""

    matches: Callable[[BaseException], bool]
    error: type[UserError]
    kind: str
    answer: str
    """May use {error}, the matching exception's own text."""
    check: str
    sent: bool = False


def is_a(*classes: type[BaseException]) -> Callable[[BaseException], bool]:
    """Matches by class."""
    return lambda error: isinstance(error, classes)


def has_errno(*numbers: int) -> Callable[[BaseException], bool]:
    """Matches an OSError by its number."""
    return lambda error: isinstance(error, OSError) and error.errno in numbers


def says(kind: type[BaseException], *texts: str) -> Callable[[BaseException], bool]:
    """Matches by class and a part of the text (OpenSSL and CPython tell some causes apart by text alone)."""
    return lambda error: isinstance(error, kind) and any(text in str(error) for text in texts)


_NAME = "the name as typed, and the DNS records of the site this appliance stands in"
_PATH = "that firewall rules on both sides allow this port, and that NAT forwards it to the right appliance"
_ROUTE = "connect_to; the product may advertise another Public Endpoint URL since it was written"
_LISTEN = "the port as typed, that the service runs, and that NAT forwards the port to the right appliance"
_CUT = "the state of the service, and devices on the way that cut connections (firewall sessions, proxies)"
_TLS = "that this is the https port of the right appliance and that nothing on the way ends TLS (proxy)"
_CLOCK = "the certificate and the clocks of both machines"
_SLOW = "the state and load of the service, and that replies find their way back (asymmetric routing, MTU)"
_ANSWER = "that the URL names the right appliance and that no proxy or portal answers in its place"
_URL = "the URL as typed"

_NOT_FOUND = "the name was not found in DNS"
_UNANSWERED = "nothing answered the connection attempt (timed out)"
_TOO_SLOW = "it accepted the connection but did not answer in time"
_NO_TLS = "what answers there does not speak TLS"
_HANDSHAKE = "the port accepted the connection but the TLS handshake was never answered"

_requests, _urllib3 = requests.exceptions, urllib3.exceptions
_damaged = is_a(
    http.client.IncompleteRead,
    _urllib3.IncompleteRead,
    _urllib3.DecodeError,
    _requests.ChunkedEncodingError,
    _requests.ContentDecodingError,
    EOFError,
)
_bad_url = is_a(
    _requests.InvalidURL, _requests.MissingSchema, _requests.InvalidSchema, _urllib3.LocationParseError
)
_not_tls = says(ssl.SSLError, "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER")
_syn_silent = is_a(_requests.ConnectTimeout, _urllib3.ConnectTimeoutError)
_read_silent = is_a(_requests.ReadTimeout, _urllib3.ReadTimeoutError)
_tls_read_silent = says(TimeoutError, "read operation", "write operation")
_reset = is_a(ConnectionResetError, ConnectionAbortedError, BrokenPipeError)

_Trouble = ConnectionTrouble

# fmt: off
CAUSES: tuple[Cause, ...] = (
    # names
    Cause(has_errno(socket.EAI_AGAIN), _Trouble, "DNS silent", "the DNS server did not answer", _NAME),
    Cause(is_a(socket.gaierror, _urllib3.NameResolutionError), _Trouble, "name not found", _NOT_FOUND, _NAME),
    # TLS
    Cause(is_a(ssl.SSLCertVerificationError), CertificateMismatch, "certificate",
          "its certificate is not valid ({error})", _CLOCK),
    Cause(is_a(ssl.SSLEOFError, ssl.SSLZeroReturnError), _Trouble, "TLS cut off",
          "the connection was closed during TLS", _TLS, sent=True),
    Cause(_not_tls, _Trouble, "no TLS", _NO_TLS, _TLS),
    Cause(says(TimeoutError, "handshake operation"), _Trouble, "TLS silent", _HANDSHAKE, _TLS),
    Cause(is_a(ssl.SSLError), _Trouble, "TLS failed", "the TLS handshake failed ({error})", _TLS),
    # the TCP connection
    Cause(is_a(LedNowhere), _Trouble, "led nowhere", "connect_to leads it nowhere", _ROUTE),
    Cause(has_errno(errno.ECONNREFUSED), _Trouble, "refused", "the connection was refused", _LISTEN),
    Cause(is_a(ConnectionRefusedError), _Trouble, "refused", "the connection was refused", _LISTEN),
    Cause(has_errno(errno.EHOSTUNREACH), _Trouble, "no route", "no route to the host", _PATH),
    Cause(has_errno(errno.ENETUNREACH), _Trouble, "no route", "the network is unreachable from here", _PATH),
    Cause(has_errno(errno.ETIMEDOUT), _Trouble, "timed out", _UNANSWERED, _PATH),
    Cause(_syn_silent, _Trouble, "timed out", _UNANSWERED, _PATH),
    Cause(_read_silent, _Trouble, "no answer", _TOO_SLOW, _SLOW, sent=True),
    Cause(_tls_read_silent, _Trouble, "no answer", _TOO_SLOW, _SLOW, sent=True),
    Cause(is_a(TimeoutError, _requests.Timeout, _urllib3.TimeoutError), _Trouble, "timed out",
          "nothing answered in time (timed out)", _PATH, sent=True),
    Cause(is_a(http.client.RemoteDisconnected), _Trouble, "closed",
          "it closed the connection without an answer", _CUT, sent=True),
    Cause(_reset, _Trouble, "reset", "the connection was reset", _CUT, sent=True),
    # the answer
    Cause(_damaged, BadAnswer, "cut off", "its answer was cut off or damaged", _CUT, sent=True),
    Cause(is_a(lxml.etree.XMLSyntaxError, xml.parsers.expat.ExpatError), BadAnswer, "not XML",
          "its answer is not readable XML ({error})", _ANSWER, sent=True),
    Cause(is_a(json.JSONDecodeError), BadAnswer, "not JSON",
          "its answer is not readable JSON ({error})", _ANSWER, sent=True),
    Cause(is_a(_requests.TooManyRedirects), BadAnswer, "redirects", "it redirects without end", _ANSWER),
    Cause(_bad_url, InputError, "bad URL", "the URL is not valid ({error})", _URL),
    Cause(is_a(http.client.HTTPException), BadAnswer, "not HTTP",
          "its answer is not readable HTTP ({error})", _ANSWER, sent=True),
    # whatever else the operating system or the libraries say of a connection
    Cause(is_a(OSError, _urllib3.HTTPError), _Trouble, "connection failed",
          "the connection failed ({error})", _PATH, sent=True),
)
# fmt: on

TRANSPORT = (
    OSError,  # includes requests.RequestException, ssl.SSLError and TimeoutError
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
    json.JSONDecodeError,
    lxml.etree.XMLSyntaxError,
    xml.parsers.expat.ExpatError,
    EOFError,
)
"""What clients may raise for reasons outside this program. Nothing else is translated, whatever it wraps."""


def translate(error: BaseException, attempted: str, where: str, check: str | None = None) -> UserError | None:
    """The user's words for what a client library raised, or None if it is no trouble of communication.

    `check` replaces the table's advice for connection trouble where the caller knows better (which rule,
    which translation). A `UserError` comes back as it is.
    """
    if isinstance(error, UserError):
        return error
    if not isinstance(error, TRANSPORT):
        return None
    exceptions = chain(error)
    for cause in CAUSES:
        for found in exceptions:
            if cause.matches(found):
                advice = check if check and cause.error is ConnectionTrouble else cause.check
                told = cause.error(attempted, where, cause.answer.format(error=found), advice)
                if isinstance(told, ConnectionTrouble):
                    told.kind, told.sent = cause.kind, cause.sent
                return told
    return None


@contextmanager
def translated(attempted: str, where: str, check: str | None = None) -> Iterator[None]:
    """Raise trouble of communication inside the block as a `UserError`; everything else passes unchanged."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        told = translate(error, attempted, where, check)
        if told is None:
            raise
        raise told from error
