"""TLS trust as CX has it: a certificate is trusted by its SHA-256 thumbprint, compared on every connect.

Rules of this file: contexts never verify chains; instead a judge sees the certificate of EVERY connection
before a byte of a request is sent, also when a library reconnects by itself. A judge either pins (`Pins`)
or records what was shown for the certificate dialogue (`FirstSight`), and even then it refuses a second,
different certificate from the same place. Sources: cx.md 2.3 and P9; DESIGN section 2 on why pyVmomi's
own `thumbprint=` is not used.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import requests
import urllib3
from cryptography import x509
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from cxsim.core import connect_to
from cxsim.core.errors import CertificateMismatch, translated


def thumbprint(certificate_der: bytes) -> str:
    """`SHA-256:AB:CD:..` of a certificate in DER."""
    digest = hashlib.sha256(certificate_der).hexdigest().upper()
    return "SHA-256:" + ":".join(digest[i : i + 2] for i in range(0, 64, 2))


def same_thumbprint(one: str, other: str) -> bool:
    """Compare two thumbprints whatever their case, separators and prefix."""
    return _plain(one) == _plain(other) != ""


def _plain(text: str) -> str:
    return text.upper().removeprefix("SHA-256").replace(":", "").replace(" ", "")


@dataclass(frozen=True)
class ShownCertificate:
    """A certificate that a server showed, as the certificate dialogue presents it."""

    host: str
    port: int
    thumbprint: str
    der: bytes

    @property
    def place(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"

    @cached_property
    def _parsed(self) -> x509.Certificate | None:
        try:
            return x509.load_der_x509_certificate(self.der)
        except ValueError:
            return None

    @property
    def subject(self) -> str:
        """The subject's distinguished name, `unreadable` for a certificate that cannot be parsed."""
        return "unreadable" if self._parsed is None else self._parsed.subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        """The issuer's distinguished name."""
        return "unreadable" if self._parsed is None else self._parsed.issuer.rfc4514_string()

    @property
    def valid(self) -> tuple[float, float] | None:
        """First and last instant of validity, seconds since the epoch."""
        if self._parsed is None:
            return None
        return self._parsed.not_valid_before_utc.timestamp(), self._parsed.not_valid_after_utc.timestamp()


class Judge(Protocol):
    """Decides about the certificate of one connection."""

    def judge(self, host: str, port: int, certificate_der: bytes) -> None:
        """Return to let the connection be used; raise `CertificateMismatch` to have it closed."""


class Pins:
    """Only the given thumbprint is accepted at each place; a place that is not named is refused."""

    def __init__(self, trusted: Mapping[tuple[str, int], str]) -> None:
        self._trusted = dict(trusted)

    def judge(self, host: str, port: int, certificate_der: bytes) -> None:
        """Raises `CertificateMismatch`: another certificate (cx.md P11), or one that nobody trusted."""
        shown = thumbprint(certificate_der)
        expected = self._trusted.get((host, port))
        if expected is None:
            raise CertificateMismatch(
                "open a trusted connection",
                f"https://{host}:{port}",
                f"its certificate has not been trusted yet (shown: {shown})",
                "the certificate, then trust it by editing the provider cloud",
            )
        if not same_thumbprint(shown, expected):
            raise CertificateMismatch(
                "open a trusted connection",
                f"https://{host}:{port}",
                f"the certificate differs from the expected one (shown: {shown}, trusted: {expected})",
                "whether the certificate was renewed (then trust it again), whether something on the way "
                "ends TLS, and whether the address and port lead to the right appliance",
            )


class Dated:
    """Another judge, and the dates of the certificate besides, by this appliance's own clock."""

    def __init__(self, judge: Judge, now: Callable[[], float]) -> None:
        self._judge, self._now = judge, now

    def judge(self, host: str, port: int, certificate_der: bytes) -> None:
        """Raises what the other judge raises, and `CertificateMismatch` outside the dates."""
        self._judge.judge(host, port, certificate_der)
        shown = ShownCertificate(host, port, thumbprint(certificate_der), certificate_der)
        if shown.valid is None:
            return
        first_s, last_s = shown.valid
        if first_s <= self._now() < last_s:
            return
        early = self._now() < first_s
        limit = datetime.fromtimestamp(first_s if early else last_s, UTC)
        said = "is not valid before" if early else "expired at"
        raise CertificateMismatch(
            "open a trusted connection",
            f"https://{host}:{port}",
            f"its certificate {said} {limit:%Y-%m-%d %H:%M} UTC by this appliance's clock",
            "the certificate, and the clocks of both machines",
        )


class FirstSight:
    """Accepts what is shown first at each place and remembers it; refuses a change afterwards.

    `shown` lists the certificates in the order of first sight. For the certificate dialogue, and for an
    endpoint whose certificate is registered when it is first used. Places in `trusted` are pinned already.
    """

    def __init__(self, trusted: Mapping[tuple[str, int], str] | None = None) -> None:
        self.shown: list[ShownCertificate] = []
        self._trusted = dict(trusted or {})

    def judge(self, host: str, port: int, certificate_der: bytes) -> None:
        """Raises `CertificateMismatch` when the place has shown another certificate before."""
        if (host, port) in self._trusted:
            Pins(self._trusted).judge(host, port, certificate_der)
        for seen in self.shown:
            if (seen.host, seen.port) == (host, port):
                Pins({(host, port): seen.thumbprint}).judge(host, port, certificate_der)
                return
        self.shown.append(ShownCertificate(host, port, thumbprint(certificate_der), certificate_der))

    def pins(self) -> Pins:
        """Trust exactly what was shown."""
        return Pins({(seen.host, seen.port): seen.thumbprint for seen in self.shown})


def unverified_context() -> ssl.SSLContext:
    """A client context that checks neither chain nor name; the judge does the checking."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _ask(judge: Judge, host: str, port: int | None, sock: Any) -> None:
    certificate = sock.getpeercert(True)
    if not certificate:
        raise ssl.SSLError("the server showed no certificate")
    judge.judge(host, port or 443, certificate)


class PinnedHTTPSConnection(http.client.HTTPSConnection):
    """An `http.client` connection whose certificate is judged at every connect.

    For pyVmomi: set `stub.scheme = functools.partial(PinnedHTTPSConnection, judge=judge)`; the stub adds
    host, port, timeout and context.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        judge: Judge,
        timeout: float | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(host, port, timeout=timeout, context=context or unverified_context())
        self._judge = judge
        dial: Any = self._create_connection  # type: ignore[has-type]
        self._create_connection = lambda place, *rest: dial(connect_to.route(*place) or place, *rest)

    def connect(self) -> None:
        """Connect, then judge. Raises `CertificateMismatch` with the connection closed."""
        super().connect()
        try:
            _ask(self._judge, self.host, self.port, self.sock)
        except BaseException:
            self.close()
            raise


class PinnedAdapter(HTTPAdapter):
    """A requests transport for https whose certificates are judged at every connect."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool: Any) -> None:
        """Make the pools with judged connections."""
        judge = self._judge

        class JudgedConnection(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                try:
                    _ask(judge, self.host, self.port, self.sock)
                except BaseException:
                    self.close()
                    raise
                # The judge has looked; without this urllib3 warns of an unverified request.
                self.is_verified = True

            def _new_conn(self) -> Any:
                try:
                    there = connect_to.route(self.host, self.port)
                except ConnectionRefusedError as refused:
                    raise NewConnectionError(self, str(refused)) from refused
                if there is None:
                    return super()._new_conn()
                asked = self._dns_host, self.port
                self._dns_host, self.port = there
                try:
                    return super()._new_conn()
                finally:
                    self._dns_host, self.port = asked

        class JudgedPool(HTTPSConnectionPool):
            ConnectionCls = JudgedConnection

        super().init_poolmanager(
            connections, maxsize, block, ssl_context=unverified_context(), assert_hostname=False, **pool
        )
        manager: urllib3.PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": JudgedPool}


def pinned_session(judge: Judge) -> requests.Session:
    """A requests session that trusts by the judge alone: no proxies or certificates from the environment
    (`trust_env`), https only."""
    session = requests.Session()
    session.trust_env = False
    session.verify = False
    session.mount("https://", PinnedAdapter(judge))
    session.mount("http://", _Refuse())
    return session


class _Refuse(HTTPAdapter):
    """CX speaks https everywhere; a redirect or a typed URL must not take a password in the clear."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        raise requests.exceptions.InvalidSchema(f"only https is used: {request.url}", request=request)


def look_at(host: str, port: int, judge: Judge, timeout_s: float) -> None:
    """Open a TLS connection, let the judge see the certificate, close it. Sends nothing.

    `timeout_s` bounds the connection attempt and each step of the handshake. Raises `ConnectionTrouble`
    or what the judge raises.
    """
    with translated("look at the certificate", f"https://{host}:{port}"):
        connection = PinnedHTTPSConnection(host, port, judge=judge, timeout=timeout_s)
        try:
            connection.connect()
        finally:
            connection.close()
