"""A TCP connection between two simulated processes: bytes, order, end of stream, resets, silence.

Rules of this file: it behaves as Linux does, one end each (net/ipv4/tcp_input.c, tcp.c): data received
before a reset can still be read; a reset is reported once, as EPIPE to a side that had seen the end of the
stream; closing with unread data resets. What a silent circuit swallows is retransmitted when the circuit
works again and the doubling time-out expires, in order, until the sender's retransmission limit. Segments
of one direction arrive in the order of sending, whatever the latency does. Sending never blocks (no window).
"""

from __future__ import annotations

import errno
import os
from functools import partial
from typing import TYPE_CHECKING

from cxsim.sim.kernel.clock import Timer
from cxsim.sim.kernel.greenlets import Process, Wait, current_or_fail
from cxsim.sim.kernel.wire import Circuit, Fate, Listener

if TYPE_CHECKING:
    from cxsim.sim.kernel.hub import Hub

FIN = b""
"""The end of the stream travels as an empty segment."""


def os_error(code: int) -> OSError:
    """The exception the operating system's answer becomes (its class follows from the errno)."""
    return OSError(code, os.strerror(code))


class Connection:
    """What the two ends share. `target` is the name or address as the client typed it."""

    def __init__(
        self,
        hub: Hub,
        circuit: Circuit,
        listener: Listener,
        target: str,
        client: Process,
        server: Process,
        client_address: tuple[str, int],
        server_address: tuple[str, int],
    ) -> None:
        self.hub = hub
        self.circuit = circuit
        self.listener = listener
        self.target = target
        self.client_address = client_address
        self.server_address = server_address
        self.client = Endpoint(self, client)
        self.server = Endpoint(self, server)
        self.client.peer, self.server.peer = self.server, self.client
        circuit.on_change = self._changed

    def _changed(self) -> None:
        fate, latency_s = self.circuit.fate, self.circuit.latency_s
        for end in (self.client, self.server):
            if end.process.host.name in self.circuit.forgotten_by:
                end.reset_arrives(soon=True)  # its program ended with the power, and says nothing
            elif fate is Fate.REFUSED and latency_s > 0:
                Timer(self.hub.env, latency_s, end.reset_arrives)
            elif fate is Fate.REFUSED:
                end.reset_arrives(soon=True)
            elif fate is Fate.ACCEPTED:
                end.works_again()

    def end_closed(self) -> None:
        """One end has closed; the circuit ends with the second."""
        if self.client.closed and self.server.closed:
            self.circuit.on_change = None
            self.circuit.closed()


class Endpoint:
    """One end of a connection, in the operating system."""

    __slots__ = (
        "_early",
        "_expected",
        "_give_up",
        "_held",
        "_held_since_s",
        "_last_s",
        "_next",
        "_reader",
        "_retransmission",
        "closed",
        "connection",
        "eof",
        "error",
        "linger_reset",
        "peer",
        "process",
        "received",
        "reset",
        "vanished",
        "write_shut",
    )

    peer: Endpoint

    def __init__(self, connection: Connection, process: Process) -> None:
        self.connection = connection
        self.process = process
        self.received = bytearray()
        """Arrived and not yet read."""
        self.eof = False
        """The peer's end of stream has arrived."""
        self.error: OSError | None = None
        """To be reported to the next call."""
        self.reset = False
        self.closed = False
        self.vanished = False
        """The machine lost power: nothing comes from here any more."""
        self.write_shut = False
        self.linger_reset = False
        """SO_LINGER with zero seconds: closing resets."""
        self._next = 0
        self._expected = 0
        self._early: dict[int, bytes] = {}
        self._held: list[tuple[int, bytes]] = []
        self._held_since_s = 0.0
        self._retransmission: Timer | None = None
        self._give_up: Timer | None = None
        self._last_s = 0.0
        """When the last segment sent arrives: nothing sent later arrives before it."""
        self._reader: Wait | None = None
        process.endpoints[self] = None

    # -- called by the program ------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send. Raises BrokenPipeError, ConnectionResetError, TimeoutError(ETIMEDOUT), ProcessDead."""
        if self.process.dead:
            self.process.check()
        if self.error is not None:
            raise self.take_error()
        if self.write_shut or self.reset:
            raise os_error(errno.EPIPE)
        if data:
            self._transmit(data)

    def readable(self) -> bool:
        """True if a read would return at once: bytes, end of stream or an error."""
        return bool(self.received) or self.eof or self.reset or self.error is not None

    def wait_readable(self, timeout_s: float | None) -> bool:
        """Block until readable or until the time-out; True if readable."""
        if self.process.dead:
            self.process.check()
        return bool(self.received) or self.wait_more(timeout_s)

    def wait_more(self, timeout_s: float | None) -> bool:
        """Block until something more arrives than is there now (bytes, end of stream, an error), or until
        the time-out; False on the time-out."""
        if self.process.dead:
            self.process.check()
        if self.eof or self.reset or self.error is not None:
            return True
        if timeout_s is not None and timeout_s <= 0:
            return False
        wait = self._reader = Wait(current_or_fail("reading from a socket"))
        try:
            return bool(wait.block(timeout_s))
        finally:
            self._reader = None

    def check_read(self) -> bool:
        """After waiting: True if bytes are there, False at the end of the stream. Raises the pending
        error."""
        if self.received:
            return True
        if self.error is not None and not self.eof:
            raise self.take_error()
        return False

    def shut_write(self) -> None:
        """Send the end of the stream."""
        if not self.write_shut and not self.reset:
            self.write_shut = True
            self._transmit(FIN)

    def close(self) -> None:
        """Close this end; a reset if something was left unread, or if SO_LINGER says so."""
        if self.closed:
            return
        if self.linger_reset or self.received:
            self.abort()
            return
        self.shut_write()
        self._end()

    def abort(self) -> None:
        """Close this end with a reset."""
        if self.closed:
            return
        if not self.reset:
            self._send_reset()
        self._held.clear()
        self._end()

    def vanish(self) -> None:
        """Lose power: this end is gone and says nothing."""
        self.vanished = True
        self._end()

    def _end(self) -> None:
        self.closed = True
        self.received.clear()
        self._stop_giving_up()
        self.process.endpoints.pop(self, None)
        self.connection.end_closed()

    def take_error(self) -> OSError:
        """The pending error, which is reported only once."""
        error, self.error = self.error, None
        assert error is not None
        return error

    # -- the wire -------------------------------------------------------------------------------------

    def _transmit(self, segment: bytes) -> None:
        number = self._next
        self._next = number + 1
        connection = self.connection
        connection.circuit.touched(connection.hub.now_s)
        if self._held:
            self._hold(number, segment)
        else:
            self._emit(number, segment)

    def _emit(self, number: int, segment: bytes) -> None:
        circuit = self.connection.circuit
        limit = circuit.max_segment_bytes
        if self is self.connection.server:
            limit = getattr(circuit, "max_reply_bytes", limit)
        if circuit.fate is not Fate.ACCEPTED or (limit is not None and len(segment) > limit):
            self._hold(number, segment)
            return
        latency_s = circuit.latency_s
        if latency_s > 0:
            Timer.at(
                self.connection.hub.env,
                self._arrival_s(latency_s),
                partial(self.peer.arrives, number, segment),
            )
        else:
            self.peer.arrives(number, segment, soon=True)

    def _arrival_s(self, latency_s: float) -> float:
        arrival_s = float(self.connection.hub.env.now) + latency_s
        if arrival_s < self._last_s:
            return self._last_s
        self._last_s = arrival_s
        return arrival_s

    def arrives(self, number: int, segment: bytes, soon: bool = False) -> None:
        """A segment reaches this end. `soon`: the caller is not the scheduler."""
        if self.vanished or self.connection.circuit.fate is Fate.SILENT:
            self.peer._hold(number, segment)
            return
        if number != self._expected:
            self._early[number] = segment
            return
        self._expected = number + 1
        self._accept(segment)
        if self._early:
            while (next_segment := self._early.pop(self._expected, None)) is not None:
                self._expected += 1
                self._accept(next_segment)
        reader = self._reader
        if reader is not None:
            if soon:
                reader.fire_soon()
            else:
                reader.fire()

    def _accept(self, segment: bytes) -> None:
        if self.closed:
            if segment:
                self._send_reset()
        elif not self.reset:
            if segment:
                self.received += segment
            else:
                self.eof = True
                if self.connection.listener.app is None and self is self.connection.server:
                    self.close()  # a port that says nothing has no program that would close

    def _send_reset(self) -> None:
        circuit = self.connection.circuit
        if circuit.fate is not Fate.ACCEPTED or self.vanished:
            return  # a lost RST is not sent again
        latency_s = circuit.latency_s
        if latency_s > 0:
            Timer.at(self.connection.hub.env, self._arrival_s(latency_s), self.peer.reset_arrives)
        else:
            self.peer.reset_arrives(soon=True)

    def reset_arrives(self, soon: bool = False) -> None:
        """An RST reaches this end."""
        self._fail(os_error(errno.EPIPE if self.eof else errno.ECONNRESET), soon)

    def _fail(self, error: OSError, soon: bool) -> None:
        if self.closed or self.reset:
            return
        self.reset = True
        self.error = error
        self._held.clear()
        if self._reader is not None:
            if soon:
                self._reader.fire_soon()
            else:
                self._reader.fire()

    # -- retransmission -------------------------------------------------------------------------------

    def _hold(self, number: int, segment: bytes) -> None:
        hub = self.connection.hub
        if not self._held:
            self._held_since_s = float(hub.env.now)
        self._held.append((number, segment))
        if self._give_up is None and not self.closed:  # a closed end has nobody to tell
            self._give_up = Timer(hub.env, hub.tcp.retransmit_s, self._retransmitted_in_vain)

    def works_again(self) -> None:
        """The circuit works again: what was lost is sent again when its time-out next expires."""
        if self._held and self._retransmission is None:
            env = self.connection.hub.env
            self._retransmission = Timer.at(env, self._next_retransmission_s(), self._retransmit)

    def _next_retransmission_s(self) -> float:
        """The first expiry from now on of the time-out that doubles since the oldest loss (RFC 6298 5.5)."""
        hub = self.connection.hub
        due_s, rto_s = self._held_since_s, hub.tcp.rto_s + 2 * self.connection.circuit.latency_s
        while (due_s := due_s + rto_s) < hub.env.now:
            rto_s = min(2 * rto_s, hub.tcp.rto_max_s)
        return due_s

    def _retransmit(self) -> None:
        """Send what was lost, in order; what is lost again waits for the circuit."""
        self._retransmission = None
        circuit = self.connection.circuit
        if circuit.fate is not Fate.ACCEPTED:
            return
        held, self._held = sorted(self._held), []
        self._stop_giving_up()
        if held:
            circuit.touched(self.connection.hub.now_s)
        for number, segment in held:
            if self._held:
                self._hold(number, segment)
            else:
                self._emit(number, segment)

    def _stop_giving_up(self) -> None:
        if self._give_up is not None:
            self._give_up.cancel()
            self._give_up = None

    def _retransmitted_in_vain(self) -> None:
        self._give_up = None
        self._fail(os_error(errno.ETIMEDOUT), soon=False)
