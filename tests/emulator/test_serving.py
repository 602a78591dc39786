"""Serving over real sockets: free ports, TLS, transport faults as a client's socket sees them."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest
import requests
import trustme

from cxsim.emulator.admin import Instrumented
from cxsim.emulator.fault_rules import FaultRule
from cxsim.emulator.serving import Server
from cxsim.emulator.thread_host import ThreadHost


def test_a_free_port_is_taken_and_given_back(echo_app) -> None:
    with Server(echo_app) as server:
        assert server.port > 0
        assert requests.post(f"{server.url}/x", data=b"hello", timeout=5).content == b"hello"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()


def test_tls_shows_the_certificate_it_was_given(echo_app, tmp_path) -> None:
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    with Server(echo_app, certificate=tmp_path / "server.pem") as server:
        assert server.url.startswith("https://")
        shown = ssl.get_server_certificate((server.address, server.port))
        assert ssl.PEM_cert_to_DER_cert(shown) == ssl.PEM_cert_to_DER_cert(
            issued.cert_chain_pems[0].bytes().decode()
        )


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", ConnectionResetError),
        ("empty", http.client.RemoteDisconnected),
        ("truncate", http.client.IncompleteRead),
        ("hang", TimeoutError),
    ],
)
def test_a_transport_fault_is_what_the_socket_sees(echo_app, model, kind, error) -> None:
    app = Instrumented(echo_app, ThreadHost("vc"), model)
    app.fault_rules.add(FaultRule("broken", path="/x", transport=kind))
    with Server(app) as server:
        connection = http.client.HTTPConnection(server.address, server.port, timeout=0.3)
        connection.request("GET", "/x")
        with pytest.raises(error):
            connection.getresponse().read()
        connection.close()
        assert requests.get(f"{server.url}/y", timeout=5).status_code == 200
