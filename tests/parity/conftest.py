"""Two worlds with one face: real loopback sockets on threads, and the simulator.

A case is a function of a world: it starts peers and runs client code there. `both(case)` runs it in each
and returns what came of it, told in the same words; ports are written PORT and object ids ID.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

from cxsim.emulator.host import Host
from cxsim.emulator.serving import Server as EmulatorServer
from cxsim.emulator.thread_host import ThreadHost
from cxsim.sim.identities import Identity
from cxsim.sim.kernel import Attempt, Fate, Hub, NameAnswer, SocketService, hooks

ADDRESS = "127.0.0.1"
NAME = "localhost"

Peer = Callable[[Any], object]


def reset(conn: Any) -> None:
    """Close with an RST."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def read_request(conn: Any) -> bytes:
    """Read a request's head, and its body if it has a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return data
        data += more
    found = re.search(rb"(?i)content-length: (\d+)", data)
    size = data.index(b"\r\n\r\n") + 4 + (int(found[1]) if found else 0)
    while len(data) < size:
        data += conn.recv(65536)
    return data


class RealWorld:
    """Loopback, threads, the real OpenSSL."""

    name = "real"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._closing = contextlib.ExitStack()
        self.sleep = time.sleep
        self.emulator_host: Host = ThreadHost("server")

    def serve(self, peer: Peer, identity: Identity | None = None) -> int:
        """Start a peer that gets every accepted connection (after TLS, if it has an identity)."""
        listener = socket.create_server((ADDRESS, 0))

        def stop() -> None:
            # Closing alone leaves a thread in accept() for ever.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

        self._closing.callback(stop)
        context = self._server_context(identity) if identity is not None else None

        def converse(conn: Any) -> None:
            with contextlib.suppress(OSError, ValueError):
                if context is not None:
                    conn = context.wrap_socket(conn, server_side=True)
                try:
                    peer(conn)
                finally:
                    conn.close()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    conn, _ = listener.accept()
                    conn.settimeout(5)
                    # Nagle would hold an answer back behind TLS 1.3's session tickets for 40 ms.
                    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=converse, args=(conn,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    def serve_wsgi(self, app: Callable[..., Any], identity: Identity | None = None) -> int:
        """Start an HTTP server for an application (cheroot)."""
        server = Server((ADDRESS, 0), app)
        server.timeout = 5
        server.error_log = lambda *args, **kwargs: None
        if identity is not None:
            server.ssl_adapter = BuiltinSSLAdapter(*self._files(identity))
        server.prepare()
        threading.Thread(target=server.serve, daemon=True).start()
        self._closing.callback(server.stop)
        return int(server.bind_addr[1])

    def serve_emulator(self, app: Callable[..., Any], identity: Identity | None = None) -> int:
        """Start the server of the emulators for an application."""
        files = [Path(file) for file in self._files(identity)] if identity is not None else []
        server = EmulatorServer(app, 0, ADDRESS, *files).start()
        self._closing.callback(server.stop)
        return server.port

    def closed_port(self) -> int:
        """A port that nothing listens on."""
        with socket.create_server((ADDRESS, 0)) as listener:
            return int(listener.getsockname()[1])

    def silent_port(self) -> int:
        """A port whose SYNs are dropped: its queue of accepted connections is full."""
        listener = socket.socket()
        listener.bind((ADDRESS, 0))
        listener.listen(0)
        self._closing.callback(listener.close)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            self._closing.callback(filler.close)
        time.sleep(0.02)
        return int(listener.getsockname()[1])

    def run(self, work: Callable[[], Any]) -> Any:
        return work()

    def close(self) -> None:
        self._closing.close()

    def _files(self, identity: Identity) -> tuple[str, str]:
        certificate, key = self._folder / "certificate.pem", self._folder / "key.pem"
        certificate.write_text(identity.certificate_pem())
        key.write_text(identity.private_key_pem())
        return str(certificate), str(key)

    def _server_context(self, identity: Identity) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._files(identity))
        return context


@dataclass
class LoopbackCircuit:
    """With zero latency it delivers as synchronously as loopback does."""

    latency_s: float
    fate: Fate = Fate.ACCEPTED
    max_segment_bytes: int | None = None
    on_change: Callable[[], None] | None = None
    forgotten_by: tuple[str, ...] = ()

    def touched(self, now_s: float) -> None:
        pass

    def closed(self) -> None:
        pass


class SimWorld:
    """The simulator, its clock at the wall's, one server called localhost."""

    name = "simulated"

    def __init__(self, latency_s: float = 0.0) -> None:
        self._latency_s = latency_s
        self.hub = Hub(0, float(int(time.time())))
        self.hub.network = self
        self._client = self.hub.add_host("client")
        self._server = self.emulator_host = self.hub.add_host("server")
        self._silent: set[int] = set()
        self._port = 20000

    def resolve(self, source_host: str, name: str) -> NameAnswer:
        if name in (NAME, ADDRESS):
            return NameAnswer((ADDRESS,), None, 0.0)
        return NameAnswer((), socket.EAI_NONAME, 0.0)

    def connect(self, source_host: str, address: str, port: int) -> Attempt:
        if port in self._silent:
            return Attempt(Fate.SILENT, 0.0)
        listener = self._server.listeners.get(port)
        if listener is None:
            return Attempt(Fate.REFUSED, 0.0)
        circuit = LoopbackCircuit(self._latency_s)
        return Attempt(Fate.ACCEPTED, 2 * self._latency_s, listener, circuit, (ADDRESS, 40000))

    def serve(self, peer: Peer, identity: Identity | None = None) -> int:
        return self._listen(SocketService(peer), identity)

    def serve_wsgi(self, app: Callable[..., Any], identity: Identity | None = None) -> int:
        return self._listen(app, identity)

    def serve_emulator(self, app: Callable[..., Any], identity: Identity | None = None) -> int:
        return self._listen(app, identity)

    def closed_port(self) -> int:
        return 19999

    def silent_port(self) -> int:
        self._silent.add(19998)
        return 19998

    def sleep(self, seconds: float) -> None:
        """Sleep on either host: clients and peers call this."""
        self._client.sleep(seconds)

    def run(self, work: Callable[[], Any]) -> Any:
        with hooks.installed():
            task = self.hub.spawn(self._client, work)
            self.hub.run()
            return task.result()

    def close(self) -> None:
        self.hub.close()

    def _listen(self, app: Any, identity: Identity | None) -> int:
        self._port += 1
        self._server.listen(self._port, app, identity)
        return self._port


def outcome(world: Any, case: Callable[[Any], Callable[[], Any]]) -> Any:
    """What a case's client came to in a world: its result, or its exception told by `tell`."""
    work = case(world)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return world.run(work)
        except Exception as error:
            return tell(error)


def tell(error: BaseException) -> list[str]:
    """An exception and all that hangs on it: class, errno, text of each, and where it hangs."""
    told: list[str] = []
    seen: list[BaseException] = []

    def visit(this: BaseException, where: str) -> None:
        if any(this is other for other in seen):
            told.append(f"{where}: the same as {seen.index(this)}")
            return
        seen.append(this)
        kind = type(this)
        codes = "".join(
            f" {name}={getattr(this, name)!r}"
            for name in ("errno", "verify_code", "library", "reason")
            if isinstance(getattr(this, name, None), (int, str))
        )
        told.append(f"{where}: {kind.__module__}.{kind.__qualname__}{codes} {_plain(str(this))!r}")
        for name in ("__cause__", "__context__", "reason"):
            child = getattr(this, name, None)
            if isinstance(child, BaseException):
                visit(child, f"{where}.{name}")
        for number, argument in enumerate(this.args):
            if isinstance(argument, BaseException):
                visit(argument, f"{where}.args[{number}]")

    visit(error, "error")
    return told


def _plain(text: str) -> str:
    text = re.sub(r"0x[0-9a-f]{6,}", "ID", text)
    return re.sub(r"(port=|:)\d{4,5}\b", r"\1PORT", text)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Callable[..., tuple[Any, Any]]]:
    """Run a case in both worlds: (real outcome, simulated outcome). In the simulator also a millisecond away,
    with the same outcome; `far_differs`: with another one."""
    worlds = RealWorld(tmp_path), SimWorld(), SimWorld(0.001)

    def run(case: Callable[[Any], Callable[[], Any]], far_differs: bool = False) -> tuple[Any, Any]:
        real, simulated, far = (outcome(world, case) for world in worlds)
        assert (far != simulated) == far_differs, (far, simulated)
        return real, simulated

    yield run
    for world in worlds:
        world.close()


@pytest.fixture
def peer_tools() -> Any:
    """The functions that peers use on their connections."""

    class Tools:
        reset = staticmethod(reset)
        read_request = staticmethod(read_request)

    return Tools
