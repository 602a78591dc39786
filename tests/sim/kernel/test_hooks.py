"""The five hooks: exactly these, only inside the simulation, and gone afterwards."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any

import requests
import urllib3.connection
import urllib3.util.connection

from cxsim.sim.kernel import hooks

PLACES = [
    (socket, "create_connection"),
    (urllib3.util.connection, "create_connection"),
    (socket, "getaddrinfo"),
    (ssl.SSLContext, "sslsocket_class"),
    (urllib3.connection, "wait_for_read"),
]


def test_five_hooks_are_installed_and_the_originals_come_back() -> None:
    before = [getattr(owner, name) for owner, name in PLACES]
    with hooks.installed():
        during = [getattr(owner, name) for owner, name in PLACES]
        with hooks.installed():
            pass
        assert [getattr(owner, name) for owner, name in PLACES] == during
    assert all(a is not b for a, b in zip(before, during, strict=True))
    assert [getattr(owner, name) for owner, name in PLACES] == before
    assert len(hooks._HOOKS) == 5


def test_outside_the_simulation_everything_is_the_operating_systems(world: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                conn, _ = listener.accept()
                conn.recv(1000)
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nreal")
                conn.close()

        server = threading.Thread(target=serve)
        server.start()
        port = listener.getsockname()[1]
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(f"http://127.0.0.1:{port}/", timeout=5).text == "real"
        with socket.create_connection(("localhost", port), timeout=5) as sock:
            assert isinstance(sock, socket.socket)
            sock.sendall(b"x")
            assert urllib3.connection.wait_for_read(sock, 5)
        server.join()
    assert socket.getaddrinfo("127.0.0.1", 80)[0][4] == ("127.0.0.1", 80)


def test_a_real_tls_handshake_goes_past_the_hook(world: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        wrapped = context.wrap_socket(ours, do_handshake_on_connect=False)
        assert type(wrapped) is ssl.SSLSocket
        wrapped.close()


def test_a_pooled_connection_that_the_server_closed_is_replaced_and_an_open_one_reused(world: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    world.server.keep_alive_s = 10.0
    world.server.listen(80, app)

    def client() -> None:
        session = requests.Session()
        for pause_s in (5, 5, 20, 0):
            assert session.post("http://server.test/", b"body", timeout=60).text == "ok"
            world.client.sleep(pause_s)

    world.run(client)
    assert len(world.net.circuits) == 2


def test_every_greenlet_sees_the_network_from_its_own_host(world: Any) -> None:
    third = world.hub.add_host("third")
    seen: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ["REMOTE_ADDR"])
        start_response("200 OK", [("Content-Length", "0")])
        return []

    world.server.listen(80, app)
    for host in (world.client, third):
        world.hub.spawn(host, lambda: requests.get("http://server.test/", timeout=5))
    world.hub.run()
    assert seen == ["10.0.0.1", "10.0.0.3"]
