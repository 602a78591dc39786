"""Broken connections look the same in the simulator and on real loopback sockets.

Every row is run with three clients - http.client, requests, pyVmomi - over plain HTTP and over TLS; compared
are the whole chain of exceptions with class, errno and text, or the result.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import requests
from pyVim.connect import SmartConnect
from pyVmomi import SoapStubAdapter, vim
from requests.adapters import HTTPAdapter

from cxsim.emulator.fault_rules import TRANSPORT_FAULTS, FaultRule, FaultRules
from cxsim.sim.identities import self_signed

IDENTITY = self_signed(1, "localhost", ["127.0.0.1"], around_s=1.7e9)
TIMEOUT_S = 0.1
LATE_S = 0.16
BETWEEN_S = 0.04
"""Between a client's two requests: the peer has closed by then, if it closes."""


def with_http_client(host: str, port: int, tls: ssl.SSLContext | None, world: Any) -> Any:
    if tls is None:
        conn = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    else:
        conn = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=tls)
    answers = []
    for pause_s in (BETWEEN_S, 0):
        conn.request("GET", "/thing")
        response = conn.getresponse()
        answers.append((response.status, response.read()))
        world.sleep(pause_s)
    return answers


class ContextAdapter(HTTPAdapter):
    """requests with the caller's SSLContext (its own loads every root certificate, 30 ms each time)."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)


def with_requests(host: str, port: int, tls: ssl.SSLContext | None, world: Any) -> Any:
    session = requests.Session()
    session.trust_env = False
    if tls is not None:
        session.mount("https://", ContextAdapter(tls))
    answers = []
    for pause_s in (BETWEEN_S, 0):
        scheme = "http" if tls is None else "https"
        response = session.post(f"{scheme}://{host}:{port}/thing", b"body", timeout=TIMEOUT_S, verify=False)
        answers.append((response.status_code, response.content))
        world.sleep(pause_s)
    return answers


def with_pyvmomi_stub(host: str, port: int, tls: ssl.SSLContext | None, world: Any) -> Any:
    stub = SoapStubAdapter(
        host,
        port if tls is not None else -port,
        version="vim.version.version9",
        sslContext=tls,
        httpConnectionTimeout=TIMEOUT_S,
    )
    service = vim.ServiceInstance("ServiceInstance", stub)
    answers = []
    for pause_s in (BETWEEN_S, 0):
        answers.append(str(service.CurrentTime()))
        world.sleep(pause_s)
    return answers


def with_smart_connect(host: str, port: int, tls: ssl.SSLContext | None, world: Any) -> Any:
    protocol = "http" if tls is None else "https"
    return str(SmartConnect(protocol, host, port, "root", "vmware", sslContext=tls))


CLIENTS = {
    "http.client": with_http_client,
    "requests": with_requests,
    "pyVmomi stub": with_pyvmomi_stub,
    "SmartConnect": with_smart_connect,
}

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SOAP_OK = (
    b'<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    b'<soapenv:Body><CurrentTimeResponse xmlns="urn:vim25"><returnval>2017-11-06T09:00:00Z</returnval>'
    b"</CurrentTimeResponse></soapenv:Body></soapenv:Envelope>"
)


def answer(body: bytes, head: bytes = b"200 OK\r\nContent-Type: text/xml") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (head, len(body), body)


def good(conn: Any, world: Any, tools: Any) -> None:
    while request := tools.read_request(conn):
        conn.sendall(answer(SOAP_OK if b"CurrentTime" in request else b"ok"))


def silent_after_accept(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    world.sleep(LATE_S)


def slow_answer(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    world.sleep(LATE_S)
    conn.sendall(OK)


def slow_body(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst")
    world.sleep(LATE_S)


def not_too_slow(conn: Any, world: Any, tools: Any) -> None:
    while request := tools.read_request(conn):
        world.sleep(TIMEOUT_S / 3)
        conn.sendall(answer(SOAP_OK if b"CurrentTime" in request else b"ok"))


def reset_instead_of_answer(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    tools.reset(conn)


def reset_in_head(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    world.sleep(0.03)
    tools.reset(conn)


def reset_in_body(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst")
    world.sleep(0.03)
    tools.reset(conn)


def closed_instead_of_answer(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)


def closed_in_head(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2")


def truncated_body(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n" + SOAP_OK[:200])


def truncated_chunked_body(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nfirst")


def body_until_close(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.0 200 OK\r\n\r\nall of it")


def stale_keep_alive(conn: Any, world: Any, tools: Any) -> None:
    request = tools.read_request(conn)
    conn.sendall(answer(SOAP_OK if b"CurrentTime" in request else b"ok"))
    world.sleep(0.02)


def reset_keep_alive(conn: Any, world: Any, tools: Any) -> None:
    request = tools.read_request(conn)
    conn.sendall(answer(SOAP_OK if b"CurrentTime" in request else b"ok"))
    world.sleep(0.02)
    tools.reset(conn)


def garbage(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"SSH-2.0-OpenSSH_7.4\r\n")


def binary_garbage(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(bytes(range(256)))


def empty_line(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"\r\n\r\n")


def bad_status(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 fine\r\n\r\n")


def endless_line(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000)
    world.sleep(LATE_S)


def bad_chunk(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")


def html(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(answer(b"<html><body><p>503 for you</body></html>", b"503 Service Unavailable"))


def not_xml(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(answer(b"<html><br></html>"))


def empty_500(conn: Any, world: Any, tools: Any) -> None:
    tools.read_request(conn)
    conn.sendall(answer(b"", b"500 Internal Server Error"))


PEERS = [
    good,
    silent_after_accept,
    slow_answer,
    slow_body,
    not_too_slow,
    reset_instead_of_answer,
    reset_in_head,
    reset_in_body,
    closed_instead_of_answer,
    closed_in_head,
    truncated_body,
    truncated_chunked_body,
    body_until_close,
    stale_keep_alive,
    reset_keep_alive,
    garbage,
    binary_garbage,
    empty_line,
    bad_status,
    endless_line,
    bad_chunk,
    html,
    not_xml,
    empty_500,
]

WAIT_FOR_EVER = [silent_after_accept, slow_answer, slow_body, endless_line]
"""SmartConnect's first request has no time-out: these rows would never end in reality."""

COMBINATIONS = [
    pytest.param(peer, client, tls, id=f"{peer.__name__}-{client}-{'tls' if tls else 'plain'}")
    for peer in PEERS
    for client in CLIENTS
    for tls in (False, True)
    if client != "SmartConnect" or (tls and peer not in WAIT_FOR_EVER)
]
"""SmartConnect over TLS alone: a vCenter speaks nothing else."""


def good_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """`good`, as an application."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/xml")])
    return [SOAP_OK if b"CurrentTime" in body else b"ok"]


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize(("peer", "client", "tls"), COMBINATIONS)
def test_a_peer_that_misbehaves_looks_the_same(
    both: Any, peer_tools: Any, peer: Callable[..., None], client: str, tls: bool
) -> None:

    def case(world: Any) -> Callable[[], Any]:
        port = world.serve(lambda conn: peer(conn, world, peer_tools), IDENTITY if tls else None)
        return lambda: CLIENTS[client]("localhost", port, unverified() if tls else None, world)

    # pyVmomi sends head and body apart. On loopback the reset has come back in between; over any distance it
    # comes after both, and the client finds the end of the stream instead of an error in sending.
    far_differs = client == "pyVmomi stub" and peer is stale_keep_alive
    real, simulated = both(case, far_differs)
    assert simulated == real


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("client", ["http.client", "requests", "pyVmomi stub"])
@pytest.mark.parametrize("kind", TRANSPORT_FAULTS)
def test_a_transport_fault_of_an_emulator_looks_the_same(
    both: Any, kind: str, client: str, tls: bool
) -> None:
    """The first request is answered, the second meets the fault: late enough to have been sent whole."""

    def case(world: Any) -> Callable[[], Any]:
        rule = FaultRule("broken", nth=2, latency_s=0.03, transport=kind)
        rules = FaultRules(world.emulator_host, [rule])
        port = world.serve_emulator(rules.wrap(good_app), IDENTITY if tls else None)
        return lambda: CLIENTS[client]("localhost", port, unverified() if tls else None, world)

    real, simulated = both(case)
    assert real[0].startswith("error: ")
    assert simulated == real


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_closed_port_looks_the_same(both: Any, client: str, tls: bool) -> None:
    def case(world: Any) -> Callable[[], Any]:
        port = world.closed_port()
        return lambda: CLIENTS[client]("localhost", port, unverified() if tls else None, world)

    real, simulated = both(case)
    assert "Connection refused" in str(real)
    assert simulated == real


@pytest.mark.parametrize("client", ["http.client", "requests", "pyVmomi stub"])
def test_dropped_syns_look_the_same(both: Any, client: str) -> None:
    def case(world: Any) -> Callable[[], Any]:
        port = world.silent_port()
        return lambda: CLIENTS[client]("localhost", port, None, world)

    real, simulated = both(case)
    assert "timed out" in str(real)
    assert simulated == real


@pytest.mark.parametrize("client", CLIENTS)
def test_an_unknown_name_looks_the_same(both: Any, client: str) -> None:
    def case(world: Any) -> Callable[[], Any]:
        return lambda: CLIENTS[client]("no-such-host.invalid", 443, unverified(), world)

    real, simulated = both(case)
    if "[Errno -2]" not in str(real):
        pytest.skip(f"the resolver of this machine cannot say NXDOMAIN: {real[0]}")
    assert simulated == real
