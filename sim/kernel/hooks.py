"""The five hooks, all of them: what requests, urllib3, http.client and pyVmomi call when they need a network.

Rules of this file: each hook delegates to the original unless the running greenlet has a host; nothing
else of any library is replaced anywhere (the tripwire guards clocks and entropy, not libraries).

1. `socket.create_connection`  2. urllib3's own copy of it  3. `socket.getaddrinfo`
4. `ssl.SSLContext.sslsocket_class` (wrap_socket on a socket in memory fails otherwise)
5. `urllib3.connection.wait_for_read` (is the pooled connection still usable?)
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3.connection
import urllib3.util.connection
import urllib3.util.timeout
from urllib3.exceptions import LocationParseError

from cxsim.sim.kernel import dial, tls
from cxsim.sim.kernel.greenlets import current
from cxsim.sim.kernel.sockets import SimSocket

_originals: dict[str, Any] = {}
"""What stood there when the hooks were installed, by the hook's name."""

_SOCKET_DEFAULT: Any = socket._GLOBAL_DEFAULT_TIMEOUT  # type: ignore[attr-defined]
_URLLIB3_DEFAULT: Any = urllib3.util.timeout._DEFAULT_TIMEOUT


def _hook_create_connection(
    address: tuple[str, int],
    timeout: Any = _SOCKET_DEFAULT,
    source_address: Any = None,
    *,
    all_errors: bool = False,
) -> Any:
    caller = current()
    if caller is None:
        return _originals["create_connection"](address, timeout, source_address, all_errors=all_errors)
    timeout_s = socket.getdefaulttimeout() if timeout is _SOCKET_DEFAULT else timeout
    return dial.create_connection(caller, address, timeout_s)


def _hook_urllib3_create_connection(
    address: tuple[str, int],
    timeout: Any = _URLLIB3_DEFAULT,
    source_address: Any = None,
    socket_options: Any = None,
) -> Any:
    caller = current()
    if caller is None:
        return _originals["urllib3_create_connection"](address, timeout, source_address, socket_options)
    host, port = address
    try:
        host.encode("idna")
    except UnicodeError:
        raise LocationParseError(f"'{host}', label empty or too long") from None
    timeout_s = socket.getdefaulttimeout() if timeout is _URLLIB3_DEFAULT else timeout
    return dial.create_connection(caller, (host.strip("[]"), port), timeout_s)


def _hook_getaddrinfo(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> Any:
    caller = current()
    if caller is None:
        return _originals["getaddrinfo"](host, port, family, type, proto, flags)
    return dial.address_infos(caller, host, port, family, type, proto)


class _HookSSLSocket(ssl.SSLSocket):
    """Stands where wrap_socket looks for the class to make."""

    @classmethod
    def _create(cls, sock: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(sock, SimSocket):
            return tls.wrap(sock, *args, **kwargs)
        return _originals["sslsocket_class"]._create(sock, *args, **kwargs)


def _hook_wait_for_read(sock: Any, timeout: float | None = None) -> bool:
    if isinstance(sock, SimSocket):
        return sock.readable() or sock.wait_readable(timeout)
    return bool(_originals["wait_for_read"](sock, timeout))


_HOOKS: tuple[tuple[str, Any, str, Any], ...] = (
    ("create_connection", socket, "create_connection", _hook_create_connection),
    (
        "urllib3_create_connection",
        urllib3.util.connection,
        "create_connection",
        _hook_urllib3_create_connection,
    ),
    ("getaddrinfo", socket, "getaddrinfo", _hook_getaddrinfo),
    ("sslsocket_class", ssl.SSLContext, "sslsocket_class", _HookSSLSocket),
    ("wait_for_read", urllib3.connection, "wait_for_read", _hook_wait_for_read),
)


def install() -> None:
    """Put the hooks in place. Installing twice does nothing."""
    if not _originals:
        for key, owner, name, hook in _HOOKS:
            _originals[key] = getattr(owner, name)
            setattr(owner, name, hook)


def uninstall() -> None:
    """Put the originals back. Uninstalling twice does nothing."""
    if _originals:
        for key, owner, name, _hook in _HOOKS:
            setattr(owner, name, _originals.pop(key))


@contextmanager
def installed() -> Iterator[None]:
    """The hooks are in place inside the `with` block; nested blocks do no harm."""
    mine = not _originals
    install()
    try:
        yield
    finally:
        if mine:
            uninstall()
