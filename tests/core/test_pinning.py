"""Thumbprint pinning over real TLS on the loopback: the judge sees every connect before a byte is sent."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import requests
import trustme

from cxsim.core.errors import CertificateMismatch, ConnectionTrouble, InputError, translated
from cxsim.core.pinning import (
    FirstSight,
    PinnedHTTPSConnection,
    Pins,
    ShownCertificate,
    look_at,
    pinned_session,
    same_thumbprint,
    thumbprint,
)


class Server:
    """An https server whose certificate can be exchanged while it runs. Counts connections and requests."""

    def __init__(self) -> None:
        self.requests = 0
        self.connections = 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def do_GET(self) -> None:
                server.requests += 1
                self.send_response(200)
                if self.path == "/close":
                    self.send_header("Connection", "close")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *args: Any) -> None:
                pass

        class Tls(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> tuple[Any, Any]:
                sock, address = super().get_request()
                return server.context.wrap_socket(
                    sock, server_side=True, do_handshake_on_connect=False
                ), address

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that refuses the certificate just goes away

        self.show_another()
        self.http = Tls(("127.0.0.1", 0), Handler)
        self.port: int = self.http.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def show_another(self) -> None:
        """A new certificate from the next connection on."""
        leaf = trustme.CA().issue_cert("127.0.0.1")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(self.context)
        self.thumbprint = thumbprint(ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode()))

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


def pins(server: Server, pin: str | None = None) -> Pins:
    return Pins({("127.0.0.1", server.port): pin or server.thumbprint})


def test_the_right_pin_passes_without_a_warning(server: Server) -> None:
    with warnings.catch_warnings(), pinned_session(pins(server)) as session:
        warnings.simplefilter("error")
        assert session.get(server.url + "/", timeout=5).text == "ok"
        assert session.get(server.url + "/", timeout=5).text == "ok"
    assert server.connections == 1, "the connection is kept"


def test_a_wrong_pin_is_refused_on_every_connect_before_anything_is_sent(server: Server) -> None:
    with pinned_session(pins(server, "SHA-256:" + ":".join(["00"] * 32))) as session:
        for _ in range(3):
            with pytest.raises(CertificateMismatch, match="the certificate differs from the expected one"):
                session.get(server.url + "/", timeout=5)
    assert server.requests == 0


def test_a_certificate_that_changes_is_refused_on_the_reconnect(server: Server) -> None:
    with pinned_session(pins(server)) as session:
        assert session.get(server.url + "/close", timeout=5).text == "ok"
        server.show_another()
        with pytest.raises(CertificateMismatch):
            session.get(server.url + "/", timeout=5)
    assert server.requests == 1


def test_a_place_that_nobody_trusted_is_refused(server: Server) -> None:
    with (
        pinned_session(Pins({})) as session,
        pytest.raises(CertificateMismatch, match="not been trusted yet"),
    ):
        session.get(server.url + "/", timeout=5)


def test_first_sight_records_what_is_shown_and_refuses_a_change(server: Server) -> None:
    sight = FirstSight()
    with pinned_session(sight) as session:
        assert session.get(server.url + "/close", timeout=5).text == "ok"
        assert [shown.thumbprint for shown in sight.shown] == [server.thumbprint]
        server.show_another()
        with pytest.raises(CertificateMismatch):
            session.get(server.url + "/", timeout=5)
    assert len(sight.shown) == 1


def test_first_sight_holds_trusted_places_to_their_pins(server: Server) -> None:
    sight = FirstSight({("127.0.0.1", server.port): "SHA-256:00"})
    with pinned_session(sight) as session, pytest.raises(CertificateMismatch):
        session.get(server.url + "/", timeout=5)


def test_what_was_shown_can_be_pinned(server: Server) -> None:
    sight = FirstSight()
    look_at("127.0.0.1", server.port, sight, 5)
    with pinned_session(sight.pins()) as session:
        assert session.get(server.url + "/", timeout=5).text == "ok"


def test_looking_sends_no_request(server: Server) -> None:
    look_at("127.0.0.1", server.port, FirstSight(), 5)
    assert server.requests == 0


def test_the_connection_for_pyvmomi_judges_every_connect(server: Server) -> None:
    connection = PinnedHTTPSConnection("127.0.0.1", server.port, judge=pins(server), timeout=5)
    connection.request("GET", "/close")
    assert connection.getresponse().read() == b"ok"
    server.show_another()
    with pytest.raises(CertificateMismatch):
        connection.request("GET", "/")  # http.client connects again by itself
    assert connection.sock is None
    assert server.requests == 1


def test_a_pyvmomi_stub_connects_through_the_judge(server: Server) -> None:
    from pyVmomi import SoapStubAdapter

    stub = SoapStubAdapter(host="127.0.0.1", port=server.port, version="vim.version.version9")
    sight = FirstSight()
    stub.scheme = partial(PinnedHTTPSConnection, judge=sight)
    stub.GetConnection().close()
    assert [shown.thumbprint for shown in sight.shown] == [server.thumbprint]
    stub.scheme = partial(PinnedHTTPSConnection, judge=Pins({}))
    with pytest.raises(CertificateMismatch):
        stub.GetConnection()


def test_trouble_while_looking_is_told(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionTrouble) as caught:
            look_at("127.0.0.1", unused.getsockname()[1], FirstSight(), 5)
    assert caught.value.kind == "refused"


def test_plain_http_is_never_used() -> None:
    with pinned_session(FirstSight()) as session:
        with pytest.raises(requests.exceptions.InvalidSchema):
            session.get("http://127.0.0.1:1/", timeout=5)
        with pytest.raises(InputError, match="only https is used"), translated("log in", "http://x"):
            session.get("http://127.0.0.1:1/", timeout=5)


def test_the_dialogue_can_show_who_a_certificate_names_and_survives_an_unreadable_one(server: Server) -> None:
    sight = FirstSight()
    look_at("127.0.0.1", server.port, sight, 5)
    shown = sight.shown[0]
    assert "trustme" in shown.subject
    assert "trustme" in shown.issuer
    assert shown.valid is not None
    assert shown.valid[0] < shown.valid[1]
    assert shown.place == f"127.0.0.1:{server.port}"
    unreadable = ShownCertificate("h", 443, thumbprint(b"x"), b"x")
    assert (unreadable.subject, unreadable.issuer, unreadable.valid) == ("unreadable", "unreadable", None)


def test_thumbprints_compare_whatever_their_spelling() -> None:
    full = thumbprint(b"certificate")
    assert full.startswith("SHA-256:")
    assert len(full) == len("SHA-256:") + 32 * 3 - 1
    assert same_thumbprint(full, full.lower())
    assert same_thumbprint(full, full.removeprefix("SHA-256:").replace(":", ""))
    assert not same_thumbprint(full, thumbprint(b"other"))
    assert not same_thumbprint("", "")
