"""Outgoing HTTPS of an appliance: requests, a SHA-256 pin on every connect, errors in the appliance's words.

Rules of this file: TLS is unverified and the certificate of the very connection that is about to be used is
compared with the pin (cx.md P9: trust is per certificate); proxies and certificates of the environment are
ignored; redirects are not followed; bodies are read to bytes before anybody parses them. Whatever requests
or urllib3 raise becomes an `H4Error` that says what was tried and what came back.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as u3
from cryptography import x509
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors
from cxsim.fake_cx.settings import CxSettings


def thumbprint_of(certificate_der: bytes) -> str:
    """`SHA-256:AB:CD:..` of a certificate in DER."""
    digest = hashlib.sha256(certificate_der).hexdigest().upper()
    return "SHA-256:" + ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def thumbprint_of_pem(certificate_pem: str) -> str:
    """The thumbprint of the first certificate of a PEM text; '' when there is none."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start = certificate_pem.find(begin)
    stop = certificate_pem.find(end, start)
    if start < 0 or stop < 0:
        return ""
    return thumbprint_of(ssl.PEM_cert_to_DER_cert(certificate_pem[start : stop + len(end)]))


@dataclass
class Pin:
    """What certificate a peer must show, and what it showed last. `now`: a clock, when the certificate must
    also be within its dates."""

    expected: str | None
    seen: str | None = None
    now: Callable[[], float] | None = None

    def check(self, url: str, certificate_der: bytes) -> None:
        """Raises `CertificateMismatch`. Without an expectation every certificate is accepted."""
        self.seen = thumbprint_of(certificate_der)
        if self.expected is not None and self.seen.lower() != self.expected.lower():
            raise errors.CertificateMismatch(url, self.expected, self.seen)
        if self.now is not None:
            self._check_dates(url, certificate_der, self.now())

    @staticmethod
    def _check_dates(url: str, certificate_der: bytes, now_s: float) -> None:
        try:
            certificate = x509.load_der_x509_certificate(certificate_der)
        except ValueError:
            return
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not first.timestamp() <= now_s < last.timestamp():
            raise errors.CertificateNotValid(url, f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}")


AdapterFactory = Callable[[Pin], BaseAdapter]
"""Makes the transport of one peer; unit tests give one that calls WSGI apps."""


class PinnedConnection(HTTPSConnection):
    """An HTTPS connection that reads the certificate of its own socket as soon as it stands."""

    pin: Pin

    def connect(self) -> None:
        """Connect, shake hands, compare. Raises `CertificateMismatch`, with the connection closed."""
        super().connect()
        try:
            tls: Any = self.sock
            self.pin.check(f"https://{self.host}:{self.port}", tls.getpeercert(True) or b"")
        except (errors.CertificateMismatch, errors.CertificateNotValid):
            self.close()
            raise
        self.is_verified = True  # by the pin, or unverified on purpose: no warning either way


MOST_NAMED = 50
"""Identifiers in a query: 2 kB of URL, which every proxy on the way takes."""


class PinnedPool(HTTPSConnectionPool):
    """Connections to one peer, all with its pin."""

    ConnectionCls = PinnedConnection

    def __init__(self, *args: Any, pin: Pin, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pin = pin

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        connection.pin = self._pin  # type: ignore[attr-defined]
        return connection


class PinnedAdapter(HTTPAdapter):
    """The transport of one peer over sockets."""

    def __init__(self, pin: Pin) -> None:
        self._pin = pin
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Give the pools an unverified context and the pin."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().init_poolmanager(connections, maxsize, block, ssl_context=context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "https": partial(PinnedPool, pin=self._pin),
            "http": HTTPConnectionPool,
        }


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer, with what was asked (for error messages)."""

    url: str
    method: str
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """A header by name, whatever its case; '' when absent."""
        return self.headers.get(name.lower(), "")

    @property
    def content_type(self) -> str:
        """The media type without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON. Raises `UnexpectedAnswer`."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise self._unexpected("no JSON") from None

    def document(self) -> dict[str, Any]:
        """The body as a JSON object. Raises `UnexpectedAnswer`."""
        document = self.json()
        if not isinstance(document, dict):
            raise self._unexpected("no JSON object")
        return document

    def text(self, name: str) -> str:
        """A text of the JSON object. Raises `UnexpectedAnswer` when it is absent."""
        value = self.document().get(name)
        if not isinstance(value, str):
            raise self._unexpected(f"no {name}")
        return value

    def expect(self, *statuses: int) -> Answer:
        """Itself when the status is one of these. Raises the peer's own error, else `UnexpectedAnswer`."""
        if self.status in statuses:
            return self
        try:
            error = errors.relayed(json.loads(self.body), self.status)
        except ValueError:
            error = None
        raise error or self._unexpected(None)

    def _unexpected(self, lack: str | None) -> errors.UnexpectedAnswer:
        what = f"HTTP {self.status}" + (f" {self.content_type}" if self.content_type else "")
        return errors.UnexpectedAnswer(
            f"{self.method} {self.url} was answered with {what}" + (f", {lack}" if lack else ""),
            self.url,
            self.status,
        )


class Peer:
    """One other appliance, at one URL, with one pin."""

    def __init__(self, host: Host, settings: CxSettings, base_url: str, pin: Pin, adapter: BaseAdapter):
        self._host = host
        self._settings = settings
        self.base_url = base_url.rstrip("/")
        self.pin = pin
        self._last_used_s = host.now()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = False
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def call(
        self,
        method: str,
        path: str,
        *,
        json_body: Any = None,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        connect_timeout_s: float | None = None,
    ) -> Answer:
        """One request to `base_url + path` (or to `path` when it is a URL). Raises the
        `CommunicationError` family; an error status is an answer (`Answer.expect`)."""
        url = path if "://" in path else self.base_url + path
        now_s = self._host.now()
        if now_s - self._last_used_s > self._settings.keep_alive_s:
            self._session.close()
        self._last_used_s = now_s
        timeouts = (connect_timeout_s or self._settings.connect_timeout_s, self._settings.read_timeout_s)
        all_headers = {"Accept": b"application/json"}
        # Bytes: a password in a header may be outside Latin-1, which http.client could not encode.
        all_headers.update({name: value.encode() for name, value in (headers or {}).items()})
        if json_body is not None:
            data = json.dumps(json_body, separators=(",", ":")).encode()
            all_headers["Content-Type"] = b"application/json"
        try:
            response = self._session.request(
                method, url, data=data, headers=all_headers, auth=basic_header(basic), timeout=timeouts,
                allow_redirects=False,
            )  # fmt: skip
            body = response.content
        except (
            requests.RequestException,
            u3.HTTPError,
            OSError,
            http.client.HTTPException,
            ValueError,
        ) as error:
            raise translated(url, error) from error
        return Answer(
            url, method, response.status_code, {k.lower(): v for k, v in response.headers.items()}, body
        )


def naming(ids: Sequence[str]) -> str:
    """The query that restricts a bulk status to these; none when they are too many to be named, and then
    the answer tells of others too."""
    return "?id=" + ",".join(ids) if len(ids) <= MOST_NAMED else ""


def basic_header(credentials: tuple[str, str] | None) -> Any:
    """Basic credentials in UTF-8 (requests itself would encode Latin-1 and warn)."""
    if credentials is None:
        return None
    user, password = credentials
    return requests.auth.HTTPBasicAuth(user.encode(), password.encode())


class Outgoing:
    """Makes the peers of one appliance."""

    def __init__(self, host: Host, settings: CxSettings, adapters: AdapterFactory = PinnedAdapter) -> None:
        self._host = host
        self._settings = settings
        self._adapters = adapters

    def peer(self, base_url: str, thumbprint: str | None) -> Peer:
        """A peer at `base_url`; `thumbprint` None accepts any certificate (`Peer.pin.seen` tells which)."""
        pin = Pin(thumbprint, now=self._host.now if self._settings.certificate_dates else None)
        return Peer(self._host, self._settings, base_url, pin, self._adapters(pin))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and everything it wraps, outermost first."""
    pending, seen = [error], set()
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]
        pending.extend(e for e in inner if isinstance(e, BaseException))


_Sentence = tuple[type[errors.CommunicationError], str]

# First matching row wins. `{place}` is scheme://host:port, `{detail}` the exception's own text.
_BY_CLASS: tuple[tuple[tuple[type[BaseException], ...], _Sentence], ...] = (
    (
        (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema,
         u3.LocationParseError, UnicodeError),
        (errors.InvalidUrl, "{url} is not a valid URL"),
    ),
    ((requests.exceptions.InvalidHeader,), (errors.CommunicationError, "A header is not valid")),
    (
        (u3.NameResolutionError, socket.gaierror),
        (errors.NameNotResolved, "The name {name} could not be resolved"),
    ),
    # Not urllib3's ConnectTimeoutError: its NewConnectionError (refused, unreachable) is one too.
    ((requests.exceptions.ConnectTimeout,), (errors.ConnectionTimedOut, "Connection to {place} timed out")),
    (
        (u3.ReadTimeoutError,),
        (errors.AnswerTimedOut, "{place} accepted the connection but did not answer in time"),
    ),
    ((ssl.SSLError, u3.SSLError), (errors.TlsFailure, "TLS with {place} failed: {detail}")),
)  # fmt: skip

_BY_ERRNO: dict[int, _Sentence] = {
    errno.ECONNREFUSED: (errors.ConnectionRefused, "Connection to {place} was refused"),
    errno.ETIMEDOUT: (errors.ConnectionTimedOut, "Connection to {place} timed out"),
    errno.EHOSTUNREACH: (errors.HostUnreachable, "There is no route to {place}"),
    errno.ENETUNREACH: (errors.HostUnreachable, "The network of {place} is unreachable"),
    errno.ECONNRESET: (errors.ConnectionLost, "Connection to {place} was reset"),
    errno.EPIPE: (errors.ConnectionLost, "Connection to {place} was closed by the other side"),
    errno.ECONNABORTED: (errors.ConnectionLost, "Connection to {place} was aborted"),
}

_LOST: _Sentence = (errors.ConnectionLost, "Connection to {place} was closed before the answer was complete")


def translated(url: str, error: BaseException) -> errors.CommunicationError:
    """What the appliance says of a failed request to `url`."""
    causes = list(_chain(error))
    kind, sentence = _LOST
    detail = str(error)
    for classes, row in _BY_CLASS:
        found = next((c for c in causes if isinstance(c, classes)), None)
        if found is not None:
            (kind, sentence), detail = row, str(found)
            break
    else:
        number = next((c.errno for c in causes if isinstance(c, OSError) and c.errno in _BY_ERRNO), None)
        if number is not None:
            kind, sentence = _BY_ERRNO[number]
    place, name = _place(url)
    message = sentence.format(url=url, place=place, name=name, detail=detail)
    return kind(message, place)


def _place(url: str) -> tuple[str, str]:
    """(scheme://host:port, host) of a URL; the URL itself when it cannot be parsed."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}", parts.hostname or url
    except ValueError:
        return url, url
