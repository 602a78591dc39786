"""TLS, modelled: a handshake that costs its round trip and ends in the verdict that OpenSSL would give.

Rules of this file: nothing is encrypted. The client sends a hello, the server answers with a flight as
long as its certificates (so that an MTU black hole swallows it), the client judges the chain
(certificates.py) at its host's virtual time and confirms or leaves. A peer that does not speak TLS is
judged by the real OpenSSL, fed with what the peer said; so classes, codes and texts are OpenSSL's own.
A plain request to a TLS port is read as far as a record's head and the connection closed, which resets it:
so do servers on Python's ssl, cheroot among them; no source says what the CX appliances do.
"""

from __future__ import annotations

import errno
import ssl
from typing import Any

from cxsim.sim.kernel import build, certificates
from cxsim.sim.kernel.connection import Endpoint
from cxsim.sim.kernel.sockets import SimSocket
from cxsim.sim.kernel.wire import TlsIdentity

_HANDSHAKE, _ALERT, _CHANGE_CIPHER_SPEC = 0x16, 0x15, 0x14
_RECORD_HEAD_BYTES = 5
_SERVER_HELLO = b"\x16\x03\x03"
_MODELLED = b"cxsim"
"""Marks a modelled server flight, right after the record head."""
_FINISHED = b"\x14\x03\x03\x00\x01\x01"
_CERTIFICATE_ALERT = b"\x15\x03\x03\x00\x02\x02\x2e"
_FLIGHT_OVERHEAD_BYTES = 400
"""ServerHello, EncryptedExtensions, CertificateVerify, Finished and record heads of a TLS 1.3 server."""


def wrap(
    sock: SimSocket,
    server_side: bool = False,
    do_handshake_on_connect: bool = True,
    suppress_ragged_eofs: bool = True,
    server_hostname: str | None = None,
    context: ssl.SSLContext | None = None,
    session: Any = None,
) -> TlsSocket:
    """What SSLContext.wrap_socket does for a client's socket in memory. Raises ssl.SSLError and its kin,
    TimeoutError, ConnectionResetError, ValueError (as the original does)."""
    if context is None or server_side:
        raise NotImplementedError("in the simulation a listener's identity makes the server side of TLS")
    if context.check_hostname and not server_hostname:
        raise ValueError("check_hostname requires server_hostname")
    if server_hostname is not None and (not server_hostname or server_hostname.startswith(".")):
        raise ValueError("server_hostname cannot be an empty string or start with a leading dot.")
    timeout_s = sock.gettimeout()
    wrapped = TlsSocket(sock.detach_endpoint(), timeout_s, context, server_hostname)
    if do_handshake_on_connect:
        if timeout_s == 0.0:
            wrapped.close()
            raise ValueError("do_handshake_on_connect should not be specified for non-blocking sockets")
        try:
            wrapped.do_handshake()
        except (OSError, ValueError):
            wrapped.close()
            raise
    return wrapped


class TlsSocket(SimSocket):
    """The client's side of a TLS connection: as much of ssl.SSLSocket as clients use."""

    server_side = False
    session = None
    session_reused = False

    def __init__(
        self,
        endpoint: Endpoint,
        timeout_s: float | None,
        context: ssl.SSLContext,
        server_hostname: str | None,
    ) -> None:
        super().__init__(endpoint, timeout_s)
        self.context = context
        self.server_hostname = server_hostname
        self._chain: tuple[bytes, ...] | None = None
        self._verified = False

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands. A failure is recorded as `tls` (docs/events.md)."""
        end = self._endpoint()
        connection = end.connection
        try:
            self._handshake(end)
        except OSError as error:
            host = end.process.host
            fields = {"src": host.name, "dst": connection.target, "port": connection.server_address[1]}
            host.hub.record(host.name, "tls", {**fields, "error": str(error)})
            raise

    def _handshake(self, end: Endpoint) -> None:
        end.send(_client_hello(self.server_hostname))
        self._read_flight(end)
        identity = end.connection.listener.tls
        assert identity is not None
        self._chain = identity.chain_der
        self._verified = self.context.verify_mode != ssl.CERT_NONE
        if self._verified:
            refusal = certificates.judge(
                self.context, self._chain, self.server_hostname, end.process.host.now()
            )
            if refusal is not None:
                end.send(_CERTIFICATE_ALERT)
                raise refusal.as_exception(self.server_hostname, build.handshake_site())
        end.send(_FINISHED)

    def _read_flight(self, end: Endpoint) -> None:
        """Read the server's flight. What is not a modelled one is given to the real OpenSSL."""
        received = end.received
        while len(received) < _RECORD_HEAD_BYTES + len(_MODELLED):
            if not _may_be_modelled(received):
                break
            if not self._more(end):
                break
        else:
            size = _RECORD_HEAD_BYTES + int.from_bytes(received[3:5], "big")
            if received[5:10] == _MODELLED:
                while len(received) < size:
                    if not self._more(end):
                        break
                else:
                    del received[:size]
                    return
        self._ask_openssl(end)

    def _more(self, end: Endpoint) -> bool:
        """Wait for more of the handshake; False at the end of the stream."""
        if not end.wait_more(self._timeout_s):
            raise TimeoutError(build.handshake_timeout_text())
        if end.error is not None and not end.eof:
            raise end.take_error()
        return not (end.eof or end.reset)

    def _ask_openssl(self, end: Endpoint) -> None:
        """Feed what the peer said to OpenSSL until it has an opinion. Always raises."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        opinion = self.context.wrap_bio(incoming, outgoing, server_hostname=self.server_hostname)
        ended = False
        while True:
            if end.received:
                incoming.write(bytes(end.received))
                end.received.clear()
            elif ended:
                incoming.write_eof()
            try:
                opinion.do_handshake()
            except ssl.SSLWantReadError:
                if not ended:
                    ended = not self._more(end)
                    continue
            raise ssl.SSLError(1, "the peer speaks a TLS that is not modelled")

    # -- what clients ask -----------------------------------------------------------------------------

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The server's certificate: DER; or decoded, and {} if it was not verified. Raises ValueError
        before the handshake."""
        if self._chain is None:
            raise ValueError("handshake not done yet")
        if binary_form:
            return self._chain[0]
        return certificates.decoded(self._chain[0]) if self._verified else {}

    def version(self) -> str | None:
        """The protocol version; the context's maximum if that is below TLS 1.3."""
        if self._chain is None:
            return None
        return "TLSv1.2" if self._is_12() else "TLSv1.3"

    def cipher(self) -> tuple[str, str, int] | None:
        """Name, protocol, secret bits."""
        if self._chain is None:
            return None
        if self._is_12():
            return ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2", 256)
        return ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)

    def _is_12(self) -> bool:
        return self.context.maximum_version == ssl.TLSVersion.TLSv1_2

    def selected_alpn_protocol(self) -> str | None:
        """None: the servers of the simulation negotiate none."""
        return None

    def selected_npn_protocol(self) -> str | None:
        """None."""
        return None

    def compression(self) -> str | None:
        """None."""
        return None

    def get_channel_binding(self, cb_type: str = "tls-unique") -> bytes | None:
        """None."""
        return None

    def pending(self) -> int:
        """Bytes that can be read without waiting."""
        return len(self._endpoint().received)

    def read(self, length: int = 1024, buffer: Any = None) -> Any:
        """recv or recv_into."""
        return self.recv(length) if buffer is None else self.recv_into(buffer, length)

    def write(self, data: Any) -> int:
        """send."""
        return self.send(data)

    def unwrap(self) -> SimSocket:
        """The plain socket under it; the TLS socket is closed without closing it."""
        timeout_s = self._timeout_s
        return SimSocket(self.detach_endpoint(), timeout_s)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything; a broken connection is reported as this build's ssl module does."""
        self._write(bytes(data))

    def send(self, data: Any, flags: int = 0) -> int:
        """Send; everything is taken at once."""
        data = bytes(data)
        self._write(data)
        return len(data)

    def _write(self, data: bytes) -> None:
        try:
            self._endpoint().send(data)
            return
        except OSError as error:
            raised = build.broken_write()
            broken = error if raised is None else raised[0](*raised[1])
        raise broken

    def _await(self, end: Endpoint) -> bool:
        try:
            return super()._await(end)
        except OSError as error:
            if error.errno is not None and error.errno != errno.EAGAIN and build.reset_reads_as_end():
                return False
            raise

    def _timed_out_text(self) -> str:
        return "The read operation timed out"


def accept(sock: SimSocket, identity: TlsIdentity) -> SimSocket | None:
    """The server's side of the handshake. None if the client does not speak TLS or does not like the
    certificate: the connection is then to be closed."""
    hello = _read_record(sock)
    if hello is None:
        return None
    if hello[0] != _HANDSHAKE:
        return None
    size = sum(len(der) for der in identity.chain_der) + _FLIGHT_OVERHEAD_BYTES
    sock.sendall(_SERVER_HELLO + size.to_bytes(2, "big") + _MODELLED.ljust(size, b"\0"))
    answer = _read_record(sock)
    return sock if answer is not None and answer[0] == _CHANGE_CIPHER_SPEC else None


def _read_record(sock: SimSocket) -> bytes | None:
    """One TLS record, or the first bytes of what is none; None at the end of the stream."""
    record = sock.recv(_RECORD_HEAD_BYTES)
    if not record:
        return None
    if record[0] not in (_HANDSHAKE, _ALERT, _CHANGE_CIPHER_SPEC):
        return record
    while len(record) < _RECORD_HEAD_BYTES or len(record) < _record_bytes(record):
        more = sock.recv((_record_bytes(record) if len(record) >= 5 else _RECORD_HEAD_BYTES) - len(record))
        if not more:
            return None
        record += more
    return record


def _record_bytes(record: bytes) -> int:
    return _RECORD_HEAD_BYTES + int.from_bytes(record[3:5], "big")


def _client_hello(server_hostname: str | None) -> bytes:
    """A record that looks like a ClientHello, the same every time."""
    name = (server_hostname or "").encode("idna" if server_hostname else "ascii")
    body = b"\x01\x00\x01\xfc\x03\x03" + b"\xc5" * 32 + name.ljust(480, b"\0")
    return b"\x16\x03\x01" + len(body).to_bytes(2, "big") + body


def _may_be_modelled(received: bytearray) -> bool:
    head = _SERVER_HELLO
    return received[: len(head)] == head[: len(received)]
