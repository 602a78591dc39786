"""The socket object that a program holds: Python's socket API over an Endpoint.

Rules of this file: what a program sees - classes, errno, text, time-outs - is what Python's socket module
shows on Linux; what happens on the wire is connection.py's. Time-outs are virtual. `fileno()` is -1:
nothing of the operating system stands behind it.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

from cxsim.sim.kernel.connection import Endpoint, os_error


class SocketService:
    """A listener's program that speaks for itself instead of being a WSGI application: `converse` is
    called with the connected server socket, in a greenlet of its own; the socket is closed after it."""

    def __init__(self, converse: Callable[[SimSocket], object]) -> None:
        self.converse = converse

    def __call__(self, *unused: Any) -> Any:
        """Listener.app is a callable by type; this one is not called."""
        raise TypeError("a SocketService is not a WSGI application")


class SimSocket:
    """A connected stream socket in memory."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, endpoint: Endpoint, timeout_s: float | None = None) -> None:
        self._end: Endpoint | None = endpoint
        self._timeout_s = timeout_s
        self._io_refs = 0
        self._closed = False
        self._options: dict[tuple[int, int], Any] = {}

    # -- options --------------------------------------------------------------------------------------

    def settimeout(self, value: float | None) -> None:
        """Seconds of virtual time, None to block for ever, 0 not to block."""
        if value is not None and value < 0:
            raise ValueError("Timeout value out of range")
        self._timeout_s = value

    def gettimeout(self) -> float | None:
        """The time-out, seconds."""
        return self._timeout_s

    def setblocking(self, flag: bool) -> None:
        """settimeout(None) or settimeout(0)."""
        self._timeout_s = None if flag else 0.0

    def getblocking(self) -> bool:
        """False if the time-out is 0."""
        return self._timeout_s != 0.0

    def setsockopt(self, level: int, option: int, value: Any = None, length: int = 0) -> None:
        """Remembered; only SO_LINGER with zero seconds changes anything (closing resets)."""
        end = self._endpoint()
        self._options[level, option] = value
        if (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER):
            end.linger_reset = struct.unpack("ii", value) == (1, 0)

    def getsockopt(self, level: int, option: int, length: int = 0) -> Any:
        """What was set, else 0; SO_TYPE and SO_ERROR as the operating system has them."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_TYPE):
            return int(socket.SOCK_STREAM)
        if (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR):
            error = self._endpoint().error
            return error.errno if error is not None else 0
        return self._options.get((level, option), 0)

    # -- data -----------------------------------------------------------------------------------------

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything. Never blocks: there is no window."""
        self._endpoint().send(bytes(data))

    def send(self, data: Any, flags: int = 0) -> int:
        """Send; everything is taken at once."""
        data = bytes(data)
        self._endpoint().send(data)
        return len(data)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Read what is there, at most the buffer; blocks until something is. 0 at the end of the stream.
        Raises TimeoutError, ConnectionResetError, BlockingIOError (time-out 0)."""
        end = self._endpoint()
        received = end.received
        if not received and not self._await(end):
            return 0
        with memoryview(buffer) as view, view.cast("B") as octets:
            size = min(nbytes or len(octets), len(octets), len(received))
            octets[:size] = received[:size]
        if not flags & socket.MSG_PEEK:
            del received[:size]
        return size

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Read at most `bufsize` bytes, as recv_into."""
        end = self._endpoint()
        received = end.received
        if not received and not self._await(end):
            return b""
        data = bytes(received[:bufsize])
        if not flags & socket.MSG_PEEK:
            del received[:bufsize]
        return data

    def _await(self, end: Endpoint) -> bool:
        if not end.wait_readable(self._timeout_s):
            if self._timeout_s == 0.0:
                raise os_error(errno.EAGAIN)
            raise TimeoutError(self._timed_out_text())
        return end.check_read()

    def _timed_out_text(self) -> str:
        return "timed out"

    makefile = socket.socket.makefile

    # -- the end --------------------------------------------------------------------------------------

    def shutdown(self, how: int) -> None:
        """Half-close. Raises OSError(ENOTCONN) once the connection is reset."""
        end = self._endpoint()
        if end.reset:
            raise os_error(errno.ENOTCONN)
        if how in (socket.SHUT_WR, socket.SHUT_RDWR):
            end.shut_write()
        if how in (socket.SHUT_RD, socket.SHUT_RDWR):
            end.eof = True

    def close(self) -> None:
        """Close, once no file made by makefile is open any more (as Python's sockets do)."""
        self._closed = True
        if self._io_refs <= 0:
            self._real_close()

    def _decref_socketios(self) -> None:
        if self._io_refs > 0:
            self._io_refs -= 1
        if self._closed:
            self.close()

    def _real_close(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end.close()

    def detach_endpoint(self) -> Endpoint:
        """Give the connection away (to a TLS socket); this socket is closed without closing it."""
        end = self._endpoint()
        self._end = None
        self._closed = True
        return end

    def detach(self) -> int:
        """Forget the connection without closing it."""
        self._end = None
        self._closed = True
        return -1

    def fileno(self) -> int:
        """-1: there is no descriptor."""
        return -1

    # -- who ------------------------------------------------------------------------------------------

    def getpeername(self) -> tuple[str, int]:
        """Address and port of the other end, as this end sees it."""
        end = self._endpoint()
        connection = end.connection
        return connection.server_address if end is connection.client else connection.client_address

    def getsockname(self) -> tuple[str, int]:
        """Address and port of this end."""
        end = self._endpoint()
        connection = end.connection
        return connection.client_address if end is connection.client else connection.server_address

    def readable(self) -> bool:
        """True if a read would not block."""
        return self._end is None or self._end.readable()

    def wait_readable(self, timeout_s: float | None) -> bool:
        """Wait until a read would not block; False after `timeout_s` of virtual time."""
        return self._endpoint().wait_readable(timeout_s)

    def _endpoint(self) -> Endpoint:
        end = self._end
        if end is None:
            raise os_error(errno.EBADF)
        return end

    def __enter__(self) -> SimSocket:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._end is None:
            return "<SimSocket [closed]>"
        return f"<SimSocket laddr={self.getsockname()}, raddr={self.getpeername()}>"
