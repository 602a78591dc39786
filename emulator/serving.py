"""Serve a WSGI application over real sockets: one server, one port, started and stopped.

Rules of this file: the only place that listens on a real socket. TLS takes PEM files. Transport faults
(`fault_rules.TransportFault`) become what a client's socket really sees. cheroot is imported here alone,
so an emulator that runs in the simulator does not need it.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from cxsim.emulator.exchange import WsgiApp
from cxsim.emulator.fault_rules import TRUNCATED, TransportFault

THREADS = 24
"""Requests in progress at once; a long poll holds one."""


class Server:
    """One application on one address. `port` 0 takes a free one: read `port` after `start`.

    A context manager: `with Server(app) as server: ... server.url`.
    """

    def __init__(
        self,
        app: WsgiApp,
        port: int = 0,
        address: str = "127.0.0.1",
        certificate: Path | None = None,
        private_key: Path | None = None,
    ) -> None:
        self.address = address
        self.port = port
        self.scheme = "https" if certificate else "http"
        self._stopping = threading.Event()
        self._server = wsgi.Server((address, port), app, numthreads=THREADS, server_name="cxsim")
        self._server.gateway = _gateway(self._stopping)
        self._server.shutdown_timeout = 1
        self._server.expiration_interval = 0.1  # how long `stop` may go unnoticed
        if certificate is not None:
            self._server.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(private_key or certificate))
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a path."""
        return f"{self.scheme}://{self.address}:{self.port}"

    def start(self) -> Server:
        """Listen and answer on background threads. Raises OSError if the port is taken."""
        self._server.prepare()
        self.port = self._server.bind_addr[1]
        self._thread = threading.Thread(target=self._server.serve, name=f"serving {self.url}", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection; handlers that hang are released."""
        self._stopping.set()
        self._server.stop()
        if self._thread is not None:
            self._thread.join(5.0)
            self._thread = None

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _gateway(stopping: threading.Event) -> type[Any]:
    class Gateway(wsgi.Gateway_10):
        def respond(self) -> None:
            try:
                super().respond()
            except TransportFault as fault:
                _break(self.req, fault.kind, stopping)

    return Gateway


def _break(request: Any, kind: str, stopping: threading.Event) -> None:
    """Let the client's socket see a transport fault instead of an answer, then drop the connection."""
    connection = request.conn
    request.sent_headers, request.ready, request.close_connection = True, False, True
    if kind == "hang":
        stopping.wait()
    elif kind == "truncate":
        connection.wfile.write(TRUNCATED)
        connection.wfile.flush()
    elif kind == "reset":
        # A close with zero linger time sends RST instead of FIN.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.socket.detach())
        connection.linger = True
