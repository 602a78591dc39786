"""TLS verdicts and broken handshakes are the same as real OpenSSL's, with the same three clients.

Certificates are judged at the wall clock's date here, because the real OpenSSL can do no other.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from pyVim.connect import SmartConnect
from pyVmomi import SoapStubAdapter, vim
from requests.adapters import HTTPAdapter

from cxsim.sim.identities import DAY_S, Authority, Identity, self_signed

NOW_S = float(int(time.time()))
TIMEOUT_S = 0.1

ROOT = Authority(7, "Root of the tests", around_s=NOW_S)
OTHER_ROOT = Authority(8, "Another root", around_s=NOW_S)
MIDDLE = Authority(7, "Intermediate", around_s=NOW_S, issuer=ROOT)
OLD_MIDDLE = Authority(7, "Old intermediate", around_s=NOW_S, not_after_s=NOW_S - DAY_S, issuer=ROOT)
OLD_ROOT = Authority(7, "Old root", around_s=NOW_S, not_after_s=NOW_S - DAY_S)
SHORT = Authority(7, "Short", around_s=NOW_S, issuer=ROOT, path_length=0)
TOO_DEEP = Authority(7, "Too deep", around_s=NOW_S, issuer=SHORT)
LEAF = MIDDLE.issue("localhost", ["127.0.0.1"], around_s=NOW_S)
LONELY = self_signed(7, "localhost", ["127.0.0.1"], around_s=NOW_S)


def with_http_client(host: str, port: int, context: ssl.SSLContext) -> Any:
    conn = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
    conn.connect()
    shown = conn.sock.getpeercert(), conn.sock.getpeercert(True), conn.sock.version(), conn.sock.cipher()
    conn.request("GET", "/")
    return (*shown, conn.getresponse().read())


class ContextAdapter(HTTPAdapter):
    """requests with the caller's SSLContext."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)


def with_requests(host: str, port: int, context: ssl.SSLContext) -> Any:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ContextAdapter(context))
    verify = context.verify_mode != ssl.CERT_NONE
    return session.get(f"https://{host}:{port}/", timeout=TIMEOUT_S, verify=verify).text


def with_pyvmomi_stub(host: str, port: int, context: ssl.SSLContext) -> Any:
    stub = SoapStubAdapter(
        host, port, version="vim.version.version9", sslContext=context, httpConnectionTimeout=TIMEOUT_S
    )
    return vim.ServiceInstance("ServiceInstance", stub).CurrentTime()


def with_smart_connect(host: str, port: int, context: ssl.SSLContext) -> Any:
    return SmartConnect("https", host, port, "root", "vmware", sslContext=context)


CLIENTS = {
    "http.client": with_http_client,
    "requests": with_requests,
    "pyVmomi stub": with_pyvmomi_stub,
    "SmartConnect": with_smart_connect,
}


@dataclass
class Row:
    """A chain, what the client trusts, what it asks for, and the code OpenSSL gives (None: accepted)."""

    identity: Identity
    trusts: tuple[str, ...]
    code: int | None
    host: str = "localhost"
    checks_name: bool = True
    common_name_counts: bool = True
    partial_chain: bool = False


def pem(*authorities: Authority | Identity) -> tuple[str, ...]:
    return tuple(a.certificate_pem() for a in authorities)


def issue(by: Authority, host: str = "localhost", **options: Any) -> Identity:
    return by.issue(host, around_s=NOW_S, **options)


ROOT_DER = ssl.PEM_cert_to_DER_cert(ROOT.certificate_pem())
WITH_ROOT = Identity("x", (*LEAF.chain_der, ROOT_DER), LEAF.key)
WITHOUT_CHAIN = Identity("x", LEAF.chain_der[:1], LEAF.key)

ROWS = {
    "good": Row(LEAF, pem(ROOT), None),
    "good with the root in the chain": Row(WITH_ROOT, pem(ROOT), None),
    "good by address": Row(LEAF, pem(ROOT), None, "127.0.0.1"),
    "self-signed": Row(LONELY, pem(ROOT), 18),
    "self-signed, nothing trusted": Row(LONELY, (), 18),
    "self-signed and trusted": Row(LONELY, pem(LONELY), None),
    "self-signed root in the chain": Row(WITH_ROOT, pem(OTHER_ROOT), 19),
    "unknown issuer": Row(LEAF, pem(OTHER_ROOT), 20),
    "intermediate not sent": Row(WITHOUT_CHAIN, pem(ROOT), 20),
    "intermediate in the store": Row(WITHOUT_CHAIN, pem(ROOT, MIDDLE), None),
    "only the intermediate trusted": Row(WITHOUT_CHAIN, pem(MIDDLE), 2),
    "only the intermediate trusted, partial chains": Row(
        WITHOUT_CHAIN, pem(MIDDLE), None, partial_chain=True
    ),
    "expired": Row(issue(ROOT, not_after_s=NOW_S - DAY_S), pem(ROOT), 10),
    "not yet valid": Row(issue(ROOT, not_before_s=NOW_S + DAY_S), pem(ROOT), 9),
    "expired intermediate": Row(issue(OLD_MIDDLE), pem(ROOT), 10),
    "expired root": Row(issue(OLD_ROOT), pem(OLD_ROOT), 10),
    "expired and self-signed": Row(
        self_signed(7, "localhost", around_s=NOW_S, not_after_s=NOW_S - DAY_S), pem(ROOT), 18
    ),
    "wrong name": Row(issue(ROOT, "elsewhere.example"), pem(ROOT), 62),
    "wrong name, not checked": Row(issue(ROOT, "elsewhere.example"), pem(ROOT), None, checks_name=False),
    "wrong name and expired": Row(issue(ROOT, "elsewhere.example", not_after_s=NOW_S - DAY_S), pem(ROOT), 62),
    "wrong address": Row(issue(ROOT), pem(ROOT), 64, "127.0.0.1"),
    "wildcard over a bare name": Row(issue(ROOT, "*.localhost"), pem(ROOT), 62),
    "client certificate": Row(issue(ROOT, client_only=True), pem(ROOT), 26),
    "authority under a limit": Row(issue(TOO_DEEP), pem(ROOT), 25),
}


def context_of(row: Row) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = row.checks_name
    context.hostname_checks_common_name = row.common_name_counts
    if row.partial_chain:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for text in row.trusts:
        context.load_verify_locations(cadata=text)
    return context


def hello(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@pytest.mark.parametrize("client", ["http.client", "requests", "pyVmomi stub"])
@pytest.mark.parametrize("row", ROWS)
def test_a_chain_is_judged_as_openssl_judges_it(both: Any, peer_tools: Any, row: str, client: str) -> None:
    that = ROWS[row]

    def case(world: Any) -> Callable[[], Any]:
        port = world.serve(lambda conn: hello(conn, world, peer_tools), that.identity)
        return lambda: CLIENTS[client](that.host, port, context_of(that))

    real, simulated = both(case)
    assert simulated == real
    if that.code is not None:
        assert f"verify_code={that.code} " in str(real)
    elif client == "http.client":
        assert real[-1] == b"hello"


@pytest.mark.parametrize("row", ["good", "self-signed", "wrong name", "expired", "not yet valid"])
def test_smart_connect_meets_the_same_verdict(both: Any, peer_tools: Any, row: str) -> None:
    that = ROWS[row]

    def case(world: Any) -> Callable[[], Any]:
        port = world.serve(lambda conn: hello(conn, world, peer_tools), that.identity)
        return lambda: CLIENTS["SmartConnect"](that.host, port, context_of(that))

    real, simulated = both(case)
    assert simulated == real


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def answers_http(conn: Any, world: Any, tools: Any) -> None:
    conn.recv(65536)
    conn.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def answers_ssh(conn: Any, world: Any, tools: Any) -> None:
    conn.sendall(b"SSH-2.0-OpenSSH_7.4\r\n")
    conn.recv(65536)
    world.sleep(0.02)


def answers_short(conn: Any, world: Any, tools: Any) -> None:
    conn.recv(65536)
    conn.sendall(b"\x16\x03")


def refuses_with_an_alert(conn: Any, world: Any, tools: Any) -> None:
    conn.recv(65536)
    conn.sendall(b"\x15\x03\x03\x00\x02\x02\x28")


def closes_on_hello(conn: Any, world: Any, tools: Any) -> None:
    conn.recv(65536)


def resets_on_hello(conn: Any, world: Any, tools: Any) -> None:
    conn.recv(65536)
    tools.reset(conn)


def says_nothing(conn: Any, world: Any, tools: Any) -> None:
    world.sleep(TIMEOUT_S * 1.5)


@pytest.mark.parametrize("client", ["http.client", "requests", "pyVmomi stub"])
@pytest.mark.parametrize(
    "peer",
    [
        answers_http,
        answers_ssh,
        answers_short,
        refuses_with_an_alert,
        closes_on_hello,
        resets_on_hello,
        says_nothing,
    ],
    ids=lambda peer: peer.__name__,
)
def test_a_handshake_with_what_is_no_tls_server_fails_the_same(
    both: Any, peer_tools: Any, peer: Callable[..., None], client: str
) -> None:
    def case(world: Any) -> Callable[[], Any]:
        port = world.serve(lambda conn: peer(conn, world, peer_tools))
        return lambda: CLIENTS[client]("localhost", port, unverified())

    real, simulated = both(case)
    assert isinstance(real, list)
    assert simulated == real


@pytest.mark.parametrize("client", ["http.client", "requests"])
def test_a_plain_request_to_a_tls_port_is_reset(both: Any, client: str) -> None:
    def case(world: Any) -> Callable[[], Any]:
        port = world.serve_wsgi(lambda environ, start_response: [], LONELY)

        def with_plain_http_client() -> Any:
            conn = http.client.HTTPConnection("localhost", port, timeout=1)
            conn.request("GET", "/")
            return conn.getresponse().status

        def with_plain_requests() -> Any:
            return requests.get(f"http://localhost:{port}/", timeout=1).status_code

        return with_plain_http_client if client == "http.client" else with_plain_requests

    real, simulated = both(case)
    assert "Connection reset by peer" in real[0]
    assert simulated == real
