"""Real sockets on one side, simulated ones on the other.

Rules of this file: one thread with an asyncio loop owns every real socket, whatever their number; the thread
of the hub owns every simulated one; they hand each other bytes and never wait for each other. A connection
that arrives is first made in the simulation, from the tenant's site, so the network decides its fate and the
certificate that is shown; what goes through it afterwards meets the same firewalls, translations, faults and
latencies as the core's own calls. What a real client can be shown of a fate: SILENT is a connection on which
nothing is said until the operating system's limit in virtual time, then its end; a name that does not exist,
REFUSED and the rest end it with a reset at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from cxsim.core.pinning import unverified_context
from cxsim.sim.identities import Identity
from cxsim.sim.kernel import Hub, SimHost, SimSocket
from cxsim.sim.kernel.hub import TcpLimits
from cxsim.sim.serve.endpoints import Endpoint
from cxsim.sim.serve.identities import ServerContexts
from cxsim.sim.world.machines import Shown

MOST_CONNECTIONS = 256
"""Open at once; further ones are closed as they come."""

HANDSHAKE_LIMIT_S = 30.0
"""A real client's handshake may take this long, seconds of wall time."""

LOOK_S = 30.0
"""A reader looks this often (virtual seconds) whether its real client has gone."""

_CHUNK_BYTES = 65536
_BACKLOG = 64
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Listening:
    """An endpoint and the real address that stands for it."""

    endpoint: Endpoint
    address: str
    port: int

    @property
    def url(self) -> str:
        """For a client on this machine."""
        return f"https://{self.address}:{self.port}{self.endpoint.path}"


class Far:
    """The simulated side of one connection. Its methods run in the hub's thread."""

    def __init__(self, sock: SimSocket, identity: Identity) -> None:
        self.identity = identity
        self._sock = sock
        self._gone = False

    def send(self, data: bytes) -> None:
        """Bytes from the real client. That the connection is broken, the reader finds as well."""
        with contextlib.suppress(OSError):
            self._sock.sendall(data)

    def leave(self) -> None:
        """The real client has gone."""
        self._gone = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def read_for(self, near: _Near) -> None:
        """Hand what arrives to the real client until either side ends. Blocks in virtual time."""
        try:
            while not self._gone:
                if not self._sock.wait_readable(LOOK_S):
                    continue
                data = self._sock.recv(_CHUNK_BYTES)
                near.hand(data)
                if not data:
                    return
        except OSError:
            near.break_off()
        finally:
            self._sock.close()


def dial(endpoint: Endpoint, limit_s: float) -> Far:
    """Connect in the simulation, in a greenlet of the host that the connection comes from. Raises OSError,
    as a client's socket would."""
    sock = socket.create_connection((endpoint.host, endpoint.port))
    sock.settimeout(limit_s)
    secured = unverified_context().wrap_socket(sock, server_hostname=endpoint.host)
    assert isinstance(secured, SimSocket)
    shown = secured._endpoint().connection.listener.tls
    identity = shown.identity if isinstance(shown, Shown) else shown
    if not isinstance(identity, Identity):
        secured.close()
        raise ssl.SSLError("this identity has no key that could be shown")
    secured.settimeout(None)
    return Far(secured, identity)


class _Near(asyncio.Protocol):
    """The real side of one connection."""

    def __init__(self, hub: Hub, source: SimHost, far: Far, loop: asyncio.AbstractEventLoop) -> None:
        self._hub, self._source, self._far, self._loop = hub, source, far, loop
        self._transport: asyncio.Transport | None = None
        self.ended = loop.create_future()

    # called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._hub.submit(partial(self._far.read_for, self), self._source)

    def data_received(self, data: bytes) -> None:
        self._hub.submit(partial(self._far.send, data))

    def connection_lost(self, error: Exception | None) -> None:
        self._hub.submit(self._far.leave)
        if not self.ended.done():
            self.ended.set_result(None)

    # called by the hub's thread

    def hand(self, data: bytes) -> None:
        """Bytes for the real client; none: the end of the stream."""
        self._call(self._write, data)

    def break_off(self) -> None:
        """The simulated connection was reset."""
        self._call(self._abort)

    def _call(self, do: object, *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the twin is being stopped
            self._loop.call_soon_threadsafe(do, *args)  # type: ignore[arg-type]

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        else:
            self._transport.close()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Bridge:
    """Listens for the endpoints. `port_base` 0: free ports; else this one and those that follow.

    Raises OSError from the constructor when a port is taken.
    """

    def __init__(
        self, hub: Hub, endpoints: Sequence[Endpoint], address: str = "127.0.0.1", port_base: int = 0
    ) -> None:
        self._hub = hub
        self._address, self._port_base = address, port_base
        self._contexts = ServerContexts()
        self._limit_s = TcpLimits().syn_s
        self._sockets: list[socket.socket] = []
        self.listening: list[Listening] = []
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="cxsim sockets", daemon=True)
        try:
            for endpoint in endpoints:
                self._listen(endpoint)
        except OSError:
            self._close_sockets()
            self._loop.close()
            raise

    def _listen(self, endpoint: Endpoint) -> socket.socket:
        port = self._port_base and self._port_base + len(self.listening)
        made = socket.create_server((self._address, port), backlog=_BACKLOG)
        made.setblocking(False)
        self._sockets.append(made)
        self.listening.append(Listening(endpoint, self._address, made.getsockname()[1]))
        return made

    def add(self, endpoint: Endpoint) -> None:
        """Listen for one more, from now on; in the hub's thread, after `start`. Raises OSError when the port
        is taken."""
        made = self._listen(endpoint)
        with contextlib.suppress(RuntimeError):  # the loop is closed: the twin is being stopped
            self._loop.call_soon_threadsafe(lambda: self._start(self._accept(made, endpoint)))

    def start(self) -> None:
        """Take connections from now on. Connections wait in the backlog until then."""
        self._thread.start()

    def stop(self) -> None:
        """Close every socket and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10.0)
        self._close_sockets()

    def _close_sockets(self) -> None:
        for made in self._sockets:
            made.close()

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        for made, listening in zip(self._sockets, self.listening, strict=True):
            self._start(self._accept(made, listening.endpoint))
        try:
            loop.run_forever()
        finally:
            for task in self._tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            loop.close()

    def _start(self, work: object) -> None:
        task = self._loop.create_task(work)  # type: ignore[arg-type,var-annotated]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, made: socket.socket, endpoint: Endpoint) -> None:
        while True:
            try:
                near, _ = await self._loop.sock_accept(made)
            except OSError:  # the client has gone already, or no descriptor is free
                await asyncio.sleep(0.05)
                continue
            if len(self._tasks) - len(self._sockets) >= MOST_CONNECTIONS:
                _reset(near)
                continue
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._converse(near, endpoint))

    async def _converse(self, near: socket.socket, endpoint: Endpoint) -> None:
        source = self._hub.hosts[endpoint.source]
        try:
            asked = self._hub.submit(partial(dial, endpoint, self._limit_s), source)
            far = await asyncio.wrap_future(asked)
        except TimeoutError:
            near.close()
            return
        except OSError:
            _reset(near)
            return
        except asyncio.CancelledError:
            near.close()
            raise
        protocol = _Near(self._hub, source, far, self._loop)
        try:
            await self._loop.connect_accepted_socket(
                lambda: protocol,
                near,
                ssl=self._contexts.of(far.identity),
                ssl_handshake_timeout=HANDSHAKE_LIMIT_S,
            )
        except (OSError, asyncio.CancelledError) as error:
            self._hub.submit(far.leave)
            near.close()
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        await protocol.ended


def _reset(near: socket.socket) -> None:
    """End a connection with RST."""
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    near.close()
