"""Connecting: from a name to a socket, as the client's operating system does it.

Rules of this file: it asks the network what becomes of a name and of a SYN and turns the answer into what
Linux and Python would tell the program: class, errno, text, and the time it takes. A failed connect is
recorded as `connect` (docs/events.md); why it failed is the network's to know.
"""

from __future__ import annotations

import contextvars
import errno
import ipaddress
import socket
from typing import Any

from cxsim.sim.kernel.accept import serve
from cxsim.sim.kernel.connection import Connection, os_error
from cxsim.sim.kernel.greenlets import SimGreenlet, sleep
from cxsim.sim.kernel.sockets import SimSocket
from cxsim.sim.kernel.wire import Attempt, Fate

GAI_TEXT = {
    socket.EAI_NONAME: "Name or service not known",
    socket.EAI_AGAIN: "Temporary failure in name resolution",
    socket.EAI_FAIL: "Non-recoverable failure in name resolution",
    socket.EAI_NODATA: "No address associated with hostname",
    socket.EAI_SERVICE: "Servname not supported for ai_socktype",
    socket.EAI_FAMILY: "ai_family not supported",
}
"""glibc's gai_strerror texts."""

_ANSWERS = {
    Fate.REFUSED: errno.ECONNREFUSED,
    Fate.UNREACHABLE: errno.EHOSTUNREACH,
    Fate.NO_ROUTE: errno.ENETUNREACH,
}


def gai_error(code: int) -> socket.gaierror:
    """The exception for an EAI_* code."""
    return socket.gaierror(code, GAI_TEXT.get(code, "Unknown error"))


def resolve(caller: SimGreenlet, name: str) -> tuple[str, ...]:
    """The addresses of a name (or of an address literal). Raises socket.gaierror."""
    caller.process.check()
    try:
        return (str(ipaddress.IPv4Address(name)),)
    except ValueError:
        pass
    network = caller.hub.network
    if network is None:
        raise gai_error(socket.EAI_AGAIN)
    answer = network.resolve(caller.host.name, name)
    if answer.delay_s > 0:
        sleep(caller, answer.delay_s, cancellable=False)
    if answer.error is not None or not answer.addresses:
        raise gai_error(answer.error if answer.error is not None else socket.EAI_NODATA)
    return answer.addresses


def create_connection(caller: SimGreenlet, address: tuple[str, int], timeout_s: float | None) -> SimSocket:
    """Connect to a (name, port) as socket.create_connection does: every address in turn, the last error
    raised. `timeout_s` for each address; None = the operating system's SYN limit."""
    target, port = address
    hub = caller.hub
    began_s = hub.env.now

    def failed(fate: str, error: OSError) -> OSError:
        after_us = round((hub.env.now - began_s) * 1e6)
        fields = {"src": caller.host.name, "dst": target, "port": port, "fate": fate}
        hub.record(caller.host.name, "connect", {**fields, "after_us": after_us, "error": str(error)})
        return error

    try:
        addresses = resolve(caller, target)
    except socket.gaierror as error:
        raise failed("unresolved", error)  # noqa: B904 (the same exception, recorded on its way)
    last: OSError = OSError("getaddrinfo returns an empty list")
    for ip in addresses:
        began_s = hub.env.now
        attempt = _answered(caller, ip, port, timeout_s)
        try:
            return _connect(caller, target, ip, port, attempt, began_s, timeout_s)
        except OSError as error:
            last = failed(attempt.fate.value, error)
    raise last


def _answered(caller: SimGreenlet, ip: str, port: int, timeout_s: float | None) -> Attempt:
    """The network's answer to a SYN, sent again while nothing is heard: the way may open meanwhile."""
    tcp, began_s = caller.hub.tcp, caller.hub.env.now
    attempt = _attempt(caller, ip, port)
    for after_s in tcp.syn_again_s:
        if attempt.fate is not Fate.SILENT or after_s >= min(
            tcp.syn_s, tcp.syn_s if timeout_s is None else timeout_s
        ):
            break
        sleep(caller, began_s + after_s - caller.hub.env.now, cancellable=False)
        attempt = _attempt(caller, ip, port)
    return attempt


def _attempt(caller: SimGreenlet, ip: str, port: int) -> Attempt:
    hub = caller.hub
    if hub.network is None:
        return Attempt(Fate.NO_ROUTE, 0.0)
    attempt = hub.network.connect(caller.host.name, ip, port)
    if attempt.fate is Fate.ACCEPTED:
        if attempt.listener is None or attempt.circuit is None:
            raise ValueError(f"the network accepted {ip}:{port} without a listener and a circuit")
        server = hub.hosts[attempt.listener.host]
        if not server.alive:
            return Attempt(Fate.SILENT, 0.0)
        if server.process.dead:
            return Attempt(Fate.REFUSED, attempt.delay_s)
    return attempt


def _connect(
    caller: SimGreenlet,
    target: str,
    ip: str,
    port: int,
    attempt: Attempt,
    began_s: float,
    timeout_s: float | None,
) -> SimSocket:
    hub = caller.hub
    if timeout_s == 0.0:
        raise os_error(errno.EINPROGRESS)
    tried_s = hub.env.now - began_s
    answer_s = hub.tcp.syn_s if attempt.fate is Fate.SILENT else tried_s + attempt.delay_s
    if timeout_s is not None and timeout_s < answer_s:
        sleep(caller, began_s + timeout_s - hub.env.now, cancellable=False)
        _forget(attempt)
        raise TimeoutError("timed out")
    if answer_s > tried_s:
        sleep(caller, answer_s - tried_s, cancellable=False)
    if attempt.fate is Fate.SILENT:
        raise os_error(errno.ETIMEDOUT)
    if attempt.fate is not Fate.ACCEPTED:
        raise os_error(_ANSWERS[attempt.fate])
    listener, circuit = attempt.listener, attempt.circuit
    assert listener is not None
    assert circuit is not None
    server = hub.hosts[listener.host]
    connection = Connection(
        hub, circuit, listener, target, caller.process, server.process, attempt.source_address, (ip, port)
    )
    if listener.app is not None:
        name = f"{server.name}:{listener.port}"
        hub.spawn(server, serve, connection, name=name, process=server.process, context=contextvars.Context())
    return SimSocket(connection.client, timeout_s)


def _forget(attempt: Attempt) -> None:
    if attempt.circuit is not None:
        attempt.circuit.closed()


def address_infos(
    caller: SimGreenlet, host: Any, port: Any, family: int, kind: int, proto: int
) -> list[tuple[Any, ...]]:
    """socket.getaddrinfo for IPv4. Raises socket.gaierror."""
    if family not in (socket.AF_UNSPEC, socket.AF_INET):
        raise gai_error(socket.EAI_NONAME)
    number = _port_number(port)
    name = "127.0.0.1" if host is None else host.decode("ascii") if isinstance(host, bytes) else str(host)
    kinds = [
        (code, protocol) for code, protocol in _SOCKET_KINDS if kind in (0, code) and proto in (0, protocol)
    ]
    return [
        (socket.AF_INET, code, protocol, "", (ip, number))
        for ip in resolve(caller, name)
        for code, protocol in kinds
    ]


_SOCKET_KINDS = (
    (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    (socket.SOCK_RAW, socket.IPPROTO_IP),
)


def _port_number(port: Any) -> int:
    text = port.decode("ascii") if isinstance(port, bytes) else port
    if text is None:
        return 0
    try:
        return int(text)
    except ValueError:
        numbers = {"http": 80, "https": 443}
        if text in numbers:
            return numbers[text]
        raise gai_error(socket.EAI_SERVICE) from None
