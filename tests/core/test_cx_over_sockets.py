"""The CX client against a server on the loopback that misbehaves: what sockets and OpenSSL really raise."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from cxsim.core.cx_http import JsonService
from cxsim.core.errors import BadAnswer, ConnectionTrouble, UserError
from cxsim.core.pinning import FirstSight

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "


class Misbehaving:
    """Accepts one connection after the other and treats it as the test says."""

    def __init__(self, treat: Callable[[Misbehaving, socket.socket], None]) -> None:
        self.released = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(self.context)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self._treat = treat
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            try:
                self._treat(self, sock)
            except OSError:
                pass
            finally:
                sock.close()

    def request(self, sock: socket.socket) -> ssl.SSLSocket:
        """Shake hands and read the request."""
        secure = self.context.wrap_socket(sock, server_side=True)
        secure.recv(65536)
        return secure

    def stop(self) -> None:
        self.released.set()
        self.listener.close()


def silent_after_connect(server: Misbehaving, sock: socket.socket) -> None:
    server.released.wait(10)


def speaks_plain_http(server: Misbehaving, sock: socket.socket) -> None:
    sock.recv(1024)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hangs_up_during_tls(server: Misbehaving, sock: socket.socket) -> None:
    sock.recv(1024)


def closes_after_the_request(server: Misbehaving, sock: socket.socket) -> None:
    server.request(sock).close()


def resets_after_the_request(server: Misbehaving, sock: socket.socket) -> None:
    secure = server.request(sock)
    secure.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(secure.detach())  # without close_notify, with RST


def never_answers(server: Misbehaving, sock: socket.socket) -> None:
    secure = server.request(sock)
    server.released.wait(10)
    secure.close()


def stops_inside_the_body(server: Misbehaving, sock: socket.socket) -> None:
    secure = server.request(sock)
    secure.sendall(HEAD + b'100\r\n\r\n{"items": [')
    secure.close()


def hangs_inside_the_body(server: Misbehaving, sock: socket.socket) -> None:
    secure = server.request(sock)
    secure.sendall(HEAD + b'100\r\n\r\n{"items": [')
    server.released.wait(10)
    secure.close()


def is_not_http(server: Misbehaving, sock: socket.socket) -> None:
    secure = server.request(sock)
    secure.sendall(b"SSH-2.0-OpenSSH_7.4\r\n\r\n")
    secure.close()


def answers_zipped_rubbish(server: Misbehaving, sock: socket.socket) -> None:
    secure = server.request(sock)
    secure.sendall(HEAD + b"4\r\nContent-Encoding: gzip\r\n\r\n{}{}")
    secure.close()


ROWS: list[tuple[Any, type[UserError], str, str]] = [
    (silent_after_connect, ConnectionTrouble, "TLS silent", "the TLS handshake was never answered"),
    (speaks_plain_http, ConnectionTrouble, "no TLS", "what answers there does not speak TLS"),
    (hangs_up_during_tls, ConnectionTrouble, "TLS cut off", "the connection was closed during TLS"),
    (closes_after_the_request, ConnectionTrouble, "closed", "closed the connection without an answer"),
    # CPython 3.11's ssl reads a reset as the end of the stream; later versions raise ConnectionResetError.
    (resets_after_the_request, ConnectionTrouble, "reset|closed", "was reset|closed the connection"),
    (never_answers, ConnectionTrouble, "no answer", "did not answer in time"),
    (stops_inside_the_body, BadAnswer, "", "its answer was cut off"),
    (hangs_inside_the_body, ConnectionTrouble, "no answer", "did not answer in time"),
    (is_not_http, BadAnswer, "", "its answer is not readable HTTP"),
    (answers_zipped_rubbish, BadAnswer, "", "its answer was cut off or damaged"),
]


@pytest.fixture
def serve() -> Iterator[Callable[[Any], JsonService]]:
    running: list[Any] = []

    def start(treat: Any) -> JsonService:
        server = Misbehaving(treat)
        service = JsonService(
            "CX cloud service", f"https://127.0.0.1:{server.port}", FirstSight(), (0.3, 0.3)
        )
        running.extend((server.stop, service.close))
        return service

    yield start
    for stop in running:
        stop()


@pytest.mark.parametrize(("treat", "kind", "word", "answer"), ROWS, ids=[row[0].__name__ for row in ROWS])
def test_what_a_server_does_to_a_connection_is_told(
    serve: Any, treat: Any, kind: type[UserError], word: str, answer: str
) -> None:
    with pytest.raises(kind) as caught:
        serve(treat).call("GET", "/x", "look at the migrations")
    assert any(part in caught.value.answer for part in answer.split("|"))
    if isinstance(caught.value, ConnectionTrouble):
        assert caught.value.kind in word.split("|")


def test_a_closed_port_and_an_unknown_name_are_told() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = JsonService("x", f"https://127.0.0.1:{unused.getsockname()[1]}", FirstSight(), (0.3, 0.3))
        with pytest.raises(ConnectionTrouble, match="the connection was refused"):
            closed.call("GET", "/x", "look")
