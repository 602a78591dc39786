"""What this build of Python and OpenSSL says when TLS breaks: asked of the real thing, once, when needed.

Rules of this file: the texts of CPython's ssl errors name a line of _ssl.c, and CPython 3.10 to 3.12.2
report a reset inside TLS as an end of the stream (gh-115627). Both differ between builds, so they are not
written down here but provoked: on a local socket pair or in memory, without certificates, without
the wall clock mattering; each takes a few milliseconds and is remembered.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from functools import cache

_NO_CERTIFICATE = "AECDH-AES128-SHA:@SECLEVEL=0"
"""An anonymous cipher suite: neither side needs an identity."""


@cache
def handshake_site() -> str:
    """Where the ssl module raises handshake errors, as it says in their texts: `(_ssl.c:1006)`."""
    incoming = ssl.MemoryBIO()
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    try:
        _client().wrap_bio(incoming, ssl.MemoryBIO()).do_handshake()
    except ssl.SSLError as error:
        found = re.search(r"\(_ssl\.c:\d+\)$", str(error))
        if found:
            return found[0]
    return "(_ssl.c)"


@cache
def handshake_timeout_text() -> str:
    """The text of the time-out of a handshake."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.001)
        try:
            _client().wrap_socket(ours)
        except TimeoutError as error:
            return str(error)
    return "The handshake operation timed out"


@cache
def reset_reads_as_end() -> bool:
    """True if reading from a TLS connection that was reset looks like the end of the stream."""
    with _broken_connection() as broken:
        try:
            return broken.recv(1) == b""
        except OSError:
            return False


@cache
def broken_write() -> tuple[type[OSError], tuple[object, ...]] | None:
    """Class and arguments of what writing to a broken TLS connection raises, if the ssl module does not
    pass the operating system's error on."""
    with _broken_connection() as broken:
        try:
            broken.send(b"x")
        except ssl.SSLError as error:
            return type(error), error.args
        except OSError:
            pass
    return None


def _client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _broken_connection() -> ssl.SSLSocket:
    """The client's end of a real TLS connection whose server closed with unread data, which resets it."""
    ours, theirs = socket.socketpair()
    ends: list[ssl.SSLSocket] = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for end, context in ((ours, _client()), (theirs, server)):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_NO_CERTIFICATE)
        end.setblocking(False)
        ends.append(context.wrap_socket(end, server_side=context is server, do_handshake_on_connect=False))
    for end in ends * 4:
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    ends[0].send(b"unread")
    ends[1].close()
    return ends[0]
