"""Modelled TLS: its clock is the host's, its handshake takes its time, its flights can be lost."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from cxsim.sim.identities import DAY_S, Authority, self_signed, thumbprint
from cxsim.sim.kernel import Fate, SocketService

START_S = 1509958800.0
IDENTITY = self_signed(0, "server", ["server.test"], around_s=START_S)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.url_scheme"].encode()]


def trusting(pem: str = IDENTITY.certificate_pem()) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    return context


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def get(context: ssl.SSLContext, timeout_s: float | None = 30) -> bytes:
    conn = http.client.HTTPSConnection("server.test", timeout=timeout_s, context=context)
    conn.request("GET", "/")
    body = conn.getresponse().read()
    conn.close()
    return body


def test_a_request_over_tls_costs_one_round_trip_more(world: Any) -> None:
    world.server.listen(443, app, IDENTITY)
    assert world.run(lambda: get(trusting())) == b"https"
    (call,) = world.hub.events.of("call")
    assert call.t_us == 25_000  # SYN and hello there and back, the request there; 5 ms each
    assert world.net.circuits[0].closings == 1


@pytest.mark.parametrize(
    ("skew_s", "text"),
    [(0, None), (-31 * DAY_S, "certificate is not yet valid"), (3651 * DAY_S, "certificate has expired")],
)
def test_the_clients_own_clock_judges_the_dates(world: Any, skew_s: float, text: str | None) -> None:
    world.server.listen(443, app, IDENTITY)
    world.client.clock_skew_s = skew_s
    if text is None:
        assert world.run(lambda: get(trusting())) == b"https"
        return
    with pytest.raises(ssl.SSLCertVerificationError, match=text) as caught:
        world.run(lambda: get(trusting()))
    assert caught.value.verify_message == text


def test_a_certificate_expires_in_the_middle_of_a_run(world: Any) -> None:
    world.server.listen(
        443, app, self_signed(0, "server", ["server.test"], around_s=START_S, not_after_s=START_S + 60)
    )
    (der,) = world.hub.listener("server", 443).tls.chain_der
    context = trusting(ssl.DER_cert_to_PEM_cert(der))

    def client() -> None:
        get(context)
        world.client.sleep(60)
        get(context)

    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        world.run(client)
    assert len(world.events("call")) == 1


def test_a_refused_certificate_is_recorded_at_the_client_and_no_trouble_at_the_server(world: Any) -> None:
    world.server.listen(443, app, IDENTITY)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        world.run(lambda: get(trusting(Authority(0, "other", around_s=START_S).certificate_pem())))
    assert (caught.value.verify_code, caught.value.reason) == (18, "CERTIFICATE_VERIFY_FAILED")
    assert not [e for e in world.events("call", "trouble") if e["host"] == "server"]
    assert world.events("tls") == [
        {
            "host": "client",
            "event": "tls",
            "src": "client",
            "dst": "server.test",
            "port": 443,
            "error": str(caught.value),
        }
    ]
    assert world.net.circuits[0].closings == 1


def test_pinning_compares_the_der_of_an_unverified_connection(world: Any) -> None:
    world.server.listen(443, app, IDENTITY)

    def client() -> tuple[Any, ...]:
        with socket.create_connection(("server.test", 443)) as plain, unverified().wrap_socket(plain) as sock:
            return sock.getpeercert(), thumbprint(sock.getpeercert(True)), sock.version(), sock.cipher()[0]

    assert world.run(client) == ({}, IDENTITY.thumbprint(), "TLSv1.3", "TLS_AES_256_GCM_SHA384")


def test_wrap_socket_keeps_the_rules_of_the_original(world: Any) -> None:
    world.server.listen(443, app, IDENTITY)

    def client() -> None:
        context = trusting()
        with pytest.raises(ValueError, match="check_hostname requires server_hostname"):
            context.wrap_socket(socket.create_connection(("server.test", 443)))
        plain = socket.create_connection(("server.test", 443))
        later = context.wrap_socket(plain, server_hostname="server.test", do_handshake_on_connect=False)
        with pytest.raises(ValueError, match="handshake not done yet"):
            later.getpeercert()
        with pytest.raises(OSError, match="Bad file descriptor"):
            plain.sendall(b"the plain socket is gone")
        later.do_handshake()
        assert later.getpeercert()["subjectAltName"] == (("DNS", "server"), ("DNS", "server.test"))
        assert later.context is context
        assert later.unwrap().getpeername() == ("10.0.0.2", 443)

    world.run(client)


def test_a_silent_port_times_the_handshake_out(world: Any) -> None:
    world.server.listen(443, None)
    with pytest.raises(TimeoutError, match="handshake operation timed out"):
        world.run(lambda: get(unverified(), timeout_s=12))
    assert [(e.event, e.t_us) for e in world.hub.events.of("tls", "connect")] == [("tls", 12_010_000)]


def test_an_mtu_black_hole_swallows_the_servers_certificates(world: Any) -> None:
    root = Authority(0, "root", around_s=START_S)
    middle = Authority(0, "middle", around_s=START_S, issuer=root)
    world.server.listen(443, app, middle.issue("server.test", around_s=START_S))
    world.net.max_segment_bytes = 1000
    with pytest.raises(TimeoutError, match="handshake operation timed out"):
        world.run(lambda: get(trusting(root.certificate_pem()), timeout_s=10))


def test_a_circuit_that_is_reset_in_the_handshake_resets_it(world: Any) -> None:
    world.server.listen(443, SocketService(lambda sock: None), IDENTITY)
    world.net.latency_s = 1.0
    world.hub.call_in(2.5, lambda: world.net.circuits[0].become(Fate.REFUSED))
    with pytest.raises(ConnectionResetError):
        world.run(lambda: get(unverified()))


def test_a_plain_client_of_a_tls_port_is_reset(world: Any) -> None:
    world.server.listen(443, app, IDENTITY)

    def client() -> None:
        conn = http.client.HTTPConnection("server.test", 443, timeout=30)
        conn.request("GET", "/")
        conn.getresponse()

    with pytest.raises(ConnectionResetError):
        world.run(client)
    assert not [e for e in world.events("call", "trouble") if e["host"] == "server"]
