"""An HTTP/1.1 server for WSGI applications over sockets in memory.

Rules of this file: it reads a whole request before it calls the application (bodies are bytes, never a
stream that blocks inside a parser), and records a `call` event for every answer. What is not HTTP gets
400; an exception of the application gets 500 and `trouble`, a transport fault of its fault rules breaks
the connection as `emulator.serving` breaks a real one. One greenlet serves one connection, in the listener's
host.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from cxsim.emulator.fault_rules import TRUNCATED, TransportFault
from cxsim.sim.kernel.connection import Connection
from cxsim.sim.kernel.sockets import SimSocket

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 256 * 1024 * 1024

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_REQUEST_LINE = re.compile(rb"[^ ]+ [^ ]+ HTTP/[0-9.]+").fullmatch
_SOAP_METHOD = re.compile(rb"<(?:[\w.-]+:)?Body[^>]*>\s*<(?:[\w.-]+:)?([\w.-]+)").search
_SOAP_LOOKED_AT_BYTES = 64 * 1024  # a SOAP header (a SAML token) may stand before the body

_ENV_NAMES: dict[str, str] = {}
"""Header name -> environ key, as met: the set of names is small."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BadRequest(Exception):
    """The bytes are no HTTP request this server takes. `status` is the answer's."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Gone(Exception):
    """The client closed the connection between requests, or in the middle of one."""


class HttpServer:
    """Serves one connection. `keep_alive_s`: an idle connection is closed after this long (None: never)."""

    def __init__(
        self,
        connection: Connection,
        sock: SimSocket,
        app: Callable[..., Any],
        keep_alive_s: float | None = None,
    ) -> None:
        self._connection = connection
        self._sock = sock
        self._end = connection.server
        self._app = app
        self._keep_alive_s = keep_alive_s
        self._hub = connection.hub
        self._base = self._base_environ()

    def serve(self) -> None:
        """Answer requests until the connection ends. Raises OSError when it breaks."""
        try:
            while self._serve_one():
                pass
        except _Gone:
            pass
        finally:
            # A server has taken what has arrived off its socket: closing is no reset, whatever it was.
            self._end.received.clear()

    # -- one request ----------------------------------------------------------------------------------

    def _serve_one(self) -> bool:
        """Answer one request; True if the connection stays open."""
        try:
            head = self._read_head()
            environ, keep_alive = self._parse_head(head)
            body = self._read_body(environ)
        except BadRequest as bad:
            text = str(bad).encode("latin-1", "replace")
            self._record("-", "-", bad.status)
            self._sock.sendall(
                b"HTTP/1.1 %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
                b"Connection: close\r\n\r\n%b" % (bad.status.encode(), len(text), text)
            )
            return False
        environ["wsgi.input"] = io.BytesIO(body)
        return _Answer(self, environ, body, keep_alive).send(self._app)

    def _read_head(self) -> bytes:
        received = self._end.received
        searched = 0
        while True:
            at = received.find(b"\r\n\r\n", searched)
            if at >= 0:
                head = bytes(received[:at])
                del received[: at + 4]
                return head
            if len(received) > MAX_HEAD_BYTES:
                raise BadRequest("431 Request Header Fields Too Large", "the request head is too long")
            if received and not _may_be_http(received):
                raise BadRequest("400 Bad Request", "Malformed Request-Line")
            searched = max(0, len(received) - 3)
            self._more(self._keep_alive_s)

    def _more(self, timeout_s: float | None = None) -> None:
        """Wait until something more has arrived."""
        end = self._end
        before = len(end.received)
        while len(end.received) == before:
            if end.eof:
                raise _Gone
            if end.error is not None or end.reset:
                raise _Gone
            if not end.wait_more(timeout_s):
                raise _Gone

    def _parse_head(self, head: bytes) -> tuple[dict[str, Any], bool]:
        lines = head.decode("latin-1").split("\r\n")
        while lines and not lines[0]:
            del lines[0]  # RFC 9112 2.2: an empty line before a request is ignored
        parts = lines[0].split(" ") if lines else []
        if len(parts) != 3 or not _TOKEN(parts[0]) or not parts[1]:
            raise BadRequest("400 Bad Request", "Malformed Request-Line")
        method, target, version = parts
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            known = version.startswith("HTTP/")
            status = "505 HTTP Version Not Supported" if known else "400 Bad Request"
            raise BadRequest(status, "Malformed Request-Line: bad version")
        environ = dict(self._base)
        environ["REQUEST_METHOD"] = method
        environ["SERVER_PROTOCOL"] = version
        environ["RAW_URI"] = environ["REQUEST_URI"] = target
        path, _, query = target.partition("?")
        if not path.startswith("/") and path != "*":
            scheme, separator, rest = path.partition("://")
            if not separator or scheme not in ("http", "https"):
                raise BadRequest("400 Bad Request", "Malformed Request-URI")
            path = "/" + rest.partition("/")[2]
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
        environ["QUERY_STRING"] = query
        names = _ENV_NAMES
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            key = names.get(name)
            if key is None:
                if not colon or not _TOKEN(name):
                    raise BadRequest("400 Bad Request", "Illegal header line.")
                key = names[name] = _environ_key(name)
            value = value.strip(" \t")
            environ[key] = f"{environ[key]},{value}" if key in environ and key.startswith("HTTP_") else value
        connection = environ.get("HTTP_CONNECTION", "").lower()
        keep_alive = "close" not in connection if version == "HTTP/1.1" else "keep-alive" in connection
        return environ, keep_alive

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        coding = environ.get("HTTP_TRANSFER_ENCODING")
        length = environ.get("CONTENT_LENGTH")
        if coding is None and length is None:
            return b""
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue" and not self._end.received:
            self._sock.sendall(_CONTINUE)
        if coding is not None:
            if coding.lower() != "chunked":
                raise BadRequest("501 Not Implemented", f"Transfer-Encoding {coding} is not supported")
            body = self._read_chunked()
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input_terminated"] = True
            return body
        if length is None or not (length.isascii() and length.isdigit()):
            raise BadRequest("400 Bad Request", "Malformed Content-Length Header.")
        return self._read_exactly(int(length))

    def _read_exactly(self, size: int) -> bytes:
        if size > MAX_BODY_BYTES:
            raise BadRequest("413 Request Entity Too Large", "the request body is too long")
        received = self._end.received
        while len(received) < size:
            self._more()
        body = bytes(received[:size])
        del received[:size]
        return body

    def _read_line(self) -> bytes:
        received = self._end.received
        while (at := received.find(b"\r\n")) < 0:
            if len(received) > MAX_HEAD_BYTES:
                raise BadRequest("400 Bad Request", "a line of the chunked body is too long")
            self._more()
        line = bytes(received[:at])
        del received[: at + 2]
        return line

    def _read_chunked(self) -> bytes:
        body = bytearray()
        while True:
            size_text = self._read_line().partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size_text):
                raise BadRequest("400 Bad Request", "Bad chunked transfer size")
            size = int(size_text, 16)
            if size == 0:
                while self._read_line():
                    pass  # trailers
                return bytes(body)
            if len(body) + size > MAX_BODY_BYTES:
                raise BadRequest("413 Request Entity Too Large", "the request body is too long")
            body += self._read_exactly(size)
            if self._read_line():
                raise BadRequest("400 Bad Request", "Bad chunked transfer coding (expected CRLF)")

    # -- environment and log --------------------------------------------------------------------------

    def _base_environ(self) -> dict[str, Any]:
        connection = self._connection
        listener = connection.listener
        return {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if listener.tls is not None else "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "SCRIPT_NAME": "",
            "SERVER_NAME": listener.host,
            "SERVER_PORT": str(listener.port),
            "SERVER_SOFTWARE": "cxsim",
            "REMOTE_ADDR": connection.client_address[0],
            "REMOTE_PORT": str(connection.client_address[1]),
        }

    def record(self, environ: dict[str, Any], body: bytes, status: str) -> None:
        """Record the `call` event of an answer."""
        path = environ["PATH_INFO"]
        if "HTTP_SOAPACTION" in environ:
            found = _SOAP_METHOD(body, 0, _SOAP_LOOKED_AT_BYTES)
            if found:
                path = "SOAP " + found[1].decode("ascii", "replace")
        self._record(environ["REQUEST_METHOD"], path, status)

    def _record(self, method: str, path: str, status: str) -> None:
        connection = self._connection
        server = connection.listener.host
        fields = {
            "src": connection.client.process.host.name,
            "dst": server,
            "port": connection.listener.port,
            "method": method,
            "path": path,
            "status": int(status[:3]),
        }
        self._hub.record(server, "call", fields)

    def failed(self, environ: dict[str, Any], error: Exception) -> None:
        """An exception of the application: keep it and record `trouble`."""
        task = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self._hub.failed(self._connection.listener.host, task, error)

    def break_off(self, kind: str) -> None:
        """Let the client see a transport fault (`fault_rules.TRANSPORT_FAULTS`); the connection ends with
        it. Only a truncated answer is a `call`: of the others no status is sent."""
        if kind == "hang":
            while True:
                self._end.received.clear()
                self._more()  # until the client has gone
        if kind == "truncate":
            self.write(TRUNCATED)
        elif kind == "reset":
            self._end.linger_reset = True

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""
        self._sock.sendall(data)


class _Answer:
    """One answer on its way: start_response's state and the framing of the body."""

    def __init__(self, server: HttpServer, environ: dict[str, Any], body: bytes, keep_alive: bool) -> None:
        self._server = server
        self._environ = environ
        self._body = body
        self._keep_alive = keep_alive
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._sent_head = False
        self._chunked = False
        self._bodiless = environ["REQUEST_METHOD"] == "HEAD"

    def send(self, app: Callable[..., Any]) -> bool:
        """Call the application and send what it says; True if the connection stays open."""
        try:
            result: Iterable[bytes] = app(self._environ, self._start_response)
            try:
                if isinstance(result, (list, tuple)) and not self._sent_head:
                    self._finish(b"".join(result), whole=True)
                else:
                    for piece in result:
                        if piece:
                            self._write(piece)
                    self._finish(b"", whole=not self._sent_head)
            finally:
                close = getattr(result, "close", None)
                if close is not None:
                    close()
        except TransportFault as fault:
            if fault.kind == "truncate":
                self._server.record(self._environ, self._body, "200")
            self._server.break_off(fault.kind)
            return False
        except Exception as error:
            self._server.failed(self._environ, error)
            if self._sent_head:
                return False  # the answer cannot be taken back: the client finds it truncated
            self._status, text = "500 Internal Server Error", b"Internal Server Error"
            self._headers = [("Content-Type", "text/plain")]
            self._finish(text, whole=True)
        return self._keep_alive

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info is not None and self._sent_head:
            raise exc_info[1].with_traceback(exc_info[2])
        self._status, self._headers = status, headers
        return self._write

    def _write(self, piece: bytes) -> None:
        """A piece of a body whose end is not known yet."""
        data = b"" if self._sent_head else self._head(None)
        if not self._bodiless:
            data += b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece
        if data:
            self._server.write(data)

    def _finish(self, rest: bytes, whole: bool) -> None:
        if whole:
            head = self._head(len(rest))
            self._server.write(head if self._bodiless else head + rest)
        elif self._chunked and not self._bodiless:
            self._server.write(b"0\r\n\r\n")

    def _head(self, length: int | None) -> bytes:
        """The head of the answer. `length`: of the whole body if it is known."""
        status = self._status
        self._server.record(self._environ, self._body, status)
        self._sent_head = True
        code = status[:3]
        out = ["HTTP/1.1 ", status, "\r\n"]
        has_length = closes = False
        for name, value in self._headers:
            out += (name, ": ", value, "\r\n")
            if len(name) == 14 and name.lower() == "content-length":
                has_length = True
            elif len(name) == 10 and name.lower() == "connection":
                closes = value.lower() == "close"
        if code in ("204", "304") or code[0] == "1":
            self._bodiless = True
        elif not has_length:
            if length is not None and not self._bodiless:
                out.append(f"Content-Length: {length}\r\n")
            elif length is None and self._environ["SERVER_PROTOCOL"] == "HTTP/1.1":
                self._chunked = True
                out.append("Transfer-Encoding: chunked\r\n")
            elif length is None:
                self._keep_alive = False
        if closes:
            self._keep_alive = False
        elif not self._keep_alive:
            out.append("Connection: close\r\n")
        elif self._environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            out.append("Connection: keep-alive\r\n")
        out.append("\r\n")
        return "".join(out).encode("latin-1")


def _may_be_http(received: bytearray) -> bool:
    """False as soon as the first line cannot be a request line any more."""
    line, end, _ = received.lstrip(b"\r\n").partition(b"\r\n")
    return bool(_REQUEST_LINE(line)) if end else line.isascii() and line.decode("ascii").isprintable()


def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key
