"""Bytes on a simulated connection: latency, order, ends, resets, black holes and their ends."""

from __future__ import annotations

import io
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from cxsim.sim.kernel import Fate, SimSocket, SocketService


def connect(timeout_s: float | None = None, port: int = 80) -> Any:
    return socket.create_connection(("server.test", port), timeout=timeout_s)


def talk(world: Any, server: Callable[[SimSocket], object], client: Callable[[], Any]) -> Any:
    """Run a client against a server that speaks for itself on port 80."""
    world.server.listen(80, SocketService(server))
    return world.run(client)


def echo(sock: SimSocket) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


def test_bytes_take_the_circuits_latency_each_way(world: Any) -> None:
    def client() -> list[float]:
        times = [world.hub.env.now]
        with connect() as sock:
            times.append(world.hub.env.now)
            sock.sendall(b"ping")
            assert sock.recv(100) == b"ping"
            times.append(world.hub.env.now)
        return times

    assert talk(world, echo, client) == pytest.approx([0, 0.01, 0.02])


def test_a_changed_latency_never_reorders_bytes(world: Any) -> None:
    def client() -> bytes:
        with connect() as sock:
            for number in range(10):
                world.net.circuits[0].latency_s = 1.0 / (number + 1)
                sock.sendall(b"%d," % number)
            sock.shutdown(socket.SHUT_WR)
            return sock.makefile("rb").read()

    assert talk(world, echo, client) == b"0,1,2,3,4,5,6,7,8,9,"


def test_a_read_times_out_in_virtual_time_and_the_socket_stays_usable(world: Any) -> None:
    def server(sock: SimSocket) -> None:
        world.server.sleep(10)
        sock.sendall(b"late")

    def client() -> bytes:
        with connect(timeout_s=3) as sock:
            with pytest.raises(TimeoutError, match=r"^timed out$"):
                sock.recv(1)
            assert world.hub.env.now == pytest.approx(3.01)
            sock.settimeout(60)
            return sock.recv(100)

    assert talk(world, server, client) == b"late"


def test_without_a_timeout_a_read_waits_as_long_as_it_takes(world: Any) -> None:
    def server(sock: SimSocket) -> None:
        world.server.sleep(86400)
        sock.sendall(b"x")

    assert talk(world, server, lambda: connect().recv(1)) == b"x"
    assert world.hub.env.now > 86400


def test_a_nonblocking_read_says_that_it_would_block(world: Any) -> None:
    def client() -> None:
        sock = connect()
        sock.setblocking(False)
        assert not sock.getblocking()
        with pytest.raises(BlockingIOError) as caught:
            sock.recv(1)
        assert caught.value.errno == 11

    talk(world, echo, client)


def test_reading_in_pieces_peeking_and_files(world: Any) -> None:
    def client() -> None:
        with connect() as sock:
            sock.sendall(b"one\ntwo\nthree")
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(2, socket.MSG_PEEK) == b"on"
            buffer = bytearray(10)
            assert sock.recv_into(buffer, 3) == 3
            assert buffer[:3] == b"one"
            file = sock.makefile("rb")
            assert isinstance(file, io.BufferedReader)
            assert file.readline() == b"\n"
            assert file.readline() == b"two\n"
            assert file.read() == b"three"
            assert sock.recv(1) == b""

    talk(world, echo, client)


def test_a_file_keeps_a_closed_socket_open_until_it_is_closed(world: Any) -> None:
    ended: list[float] = []

    def server(sock: SimSocket) -> None:
        sock.sendall(b"data")
        assert sock.recv(1) == b""
        ended.append(world.hub.env.now)

    def client() -> None:
        sock = connect()
        file = sock.makefile("rb")
        sock.close()
        assert file.read(4) == b"data"
        world.client.sleep(5)
        file.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            sock.recv(1)

    talk(world, server, client)
    assert ended == pytest.approx([5.02])


def test_a_half_closed_connection_still_carries_the_other_half(world: Any) -> None:
    def server(sock: SimSocket) -> None:
        data = sock.makefile("rb").read()
        world.server.sleep(1)
        sock.sendall(data.upper())

    def client() -> bytes:
        with connect() as sock:
            sock.sendall(b"question")
            sock.shutdown(socket.SHUT_WR)
            with pytest.raises(BrokenPipeError):
                sock.sendall(b"more")
            return sock.makefile("rb").read()

    assert talk(world, server, client) == b"QUESTION"


def linger_reset(sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_what_arrived_before_a_reset_can_be_read_and_the_reset_is_told_once(world: Any) -> None:
    def server(sock: SimSocket) -> None:
        sock.sendall(b"last words")
        linger_reset(sock)

    def client() -> None:
        sock = connect()
        world.client.sleep(1)
        assert sock.recv(100) == b"last words"
        with pytest.raises(ConnectionResetError) as caught:
            sock.recv(100)
        assert caught.value.args == (104, "Connection reset by peer")
        assert sock.recv(100) == b""
        with pytest.raises(BrokenPipeError):
            sock.sendall(b"x")

    talk(world, server, client)


def test_closing_with_unread_data_resets(world: Any) -> None:
    def server(sock: SimSocket) -> None:
        world.server.sleep(1)

    def client() -> None:
        sock = connect()
        sock.sendall(b"nobody reads this")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)

    talk(world, server, client)


def test_sending_to_a_closed_peer_is_answered_with_a_reset(world: Any) -> None:
    def client() -> None:
        sock = connect()
        assert sock.recv(1) == b""
        sock.sendall(b"first: accepted, the answer is a reset")
        world.client.sleep(1)
        with pytest.raises(BrokenPipeError) as caught:
            sock.sendall(b"second")
        assert caught.value.args == (32, "Broken pipe")
        assert sock.recv(1) == b""

    talk(world, lambda sock: None, client)


def test_a_black_hole_lasts_until_the_readers_time_out(world: Any) -> None:
    def client() -> None:
        sock = connect(timeout_s=20)
        sock.sendall(b"a")
        assert sock.recv(1) == b"a"
        world.net.circuits[0].become(Fate.SILENT)
        sock.sendall(b"b")
        with pytest.raises(TimeoutError, match="timed out"):
            sock.recv(1)
        assert world.hub.env.now == pytest.approx(20.02)

    talk(world, echo, client)


def test_bytes_lost_in_a_short_black_hole_arrive_after_it_in_order(world: Any) -> None:
    def client() -> bytes:
        sock = connect(timeout_s=60)
        circuit = world.net.circuits[0]
        sock.sendall(b"1")
        circuit.become(Fate.SILENT)  # this one is already on its way
        sock.sendall(b"2")
        world.hub.call_in(10, lambda: circuit.become(Fate.ACCEPTED))
        world.hub.call_in(10.001, lambda: circuit.become(Fate.SILENT))
        world.hub.call_in(20, lambda: circuit.become(Fate.ACCEPTED))
        world.client.sleep(1)
        sock.sendall(b"3")
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while more := sock.recv(100):
            data += more
        return data

    assert talk(world, echo, client) == b"123"
    # Works again at 20 s; the time-out of 0.21 s doubles: 0.21, 0.63, 1.47 ... 13.23, 26.67 s (RFC 6298 5.5).
    assert world.hub.env.now == pytest.approx(26.67, abs=0.1)


def test_unacknowledged_data_gives_up_after_the_retransmission_limit(world: Any) -> None:
    def client() -> None:
        sock = connect()
        world.net.circuits[0].become(Fate.SILENT)
        sock.sendall(b"into the void")
        with pytest.raises(TimeoutError) as caught:
            sock.recv(1)
        assert caught.value.args == (110, "Connection timed out")

    talk(world, echo, client)
    assert world.hub.env.now == pytest.approx(924.61)


def test_a_reader_with_nothing_outstanding_never_notices_a_black_hole(world: Any) -> None:
    task = None

    def client() -> None:
        sock = connect()
        world.net.circuits[0].become(Fate.SILENT)
        sock.recv(1)

    world.server.listen(80, SocketService(echo))
    task = world.hub.spawn(world.client, client)
    world.hub.run()
    assert not task.ended


def test_a_refused_circuit_resets_both_ends_while_they_read(world: Any) -> None:
    seen: list[tuple[str, str]] = []

    def read(who: str, sock: Any) -> None:
        try:
            sock.recv(1)
        except ConnectionResetError as error:
            seen.append((who, str(error)))

    def client() -> None:
        sock = connect()
        world.hub.call_in(3, lambda: world.net.circuits[0].become(Fate.REFUSED))
        read("client", sock)
        sock.close()

    talk(world, lambda sock: read("server", sock), client)
    assert sorted(seen) == [(w, "[Errno 104] Connection reset by peer") for w in ("client", "server")]
    assert world.net.circuits[0].closings == 1


def test_a_large_segment_vanishes_in_an_mtu_black_hole_and_blocks_what_follows(world: Any) -> None:
    world.net.max_segment_bytes = 1400

    def client() -> None:
        sock = connect(timeout_s=10)
        sock.sendall(b"x" * 1400)
        assert len(sock.recv(2000)) == 1400
        sock.sendall(b"x" * 1401)
        sock.sendall(b"small, but behind it")
        with pytest.raises(TimeoutError):
            sock.recv(1)
        circuit = world.net.circuits[0]
        circuit.max_segment_bytes = None
        circuit.become(Fate.ACCEPTED)
        world.client.sleep(5)  # until the time-out expires again
        assert len(sock.recv(4000)) == 1421

    talk(world, echo, client)


def test_every_payload_touches_the_circuit_and_it_closes_once(world: Any) -> None:
    def client() -> None:
        with connect() as sock:
            sock.sendall(b"1")
            sock.recv(1)
            sock.sendall(b"2")
            sock.recv(1)

    talk(world, echo, client)
    (circuit,) = world.net.circuits
    assert circuit.touches >= 4
    assert circuit.closings == 1


def test_an_idle_time_out_found_at_a_send_swallows_that_send(world: Any) -> None:
    def client() -> None:
        sock = connect(timeout_s=5)
        circuit = world.net.circuits[0]
        circuit.touched = lambda now_s: circuit.become(Fate.SILENT)  # type: ignore[method-assign]
        sock.sendall(b"too late")
        with pytest.raises(TimeoutError):
            sock.recv(1)

    talk(world, echo, client)


def test_a_port_without_a_program_accepts_says_nothing_and_closes_after_the_client(world: Any) -> None:
    world.server.listen(44045, None)

    def client() -> None:
        sock = connect(timeout_s=10, port=44045)
        sock.sendall(b"hello?")
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.close()

    world.run(client)
    assert world.net.circuits[0].closings == 1


def test_an_exception_of_a_server_ends_its_connection_alone(world: Any) -> None:
    def server(sock: SimSocket) -> None:
        raise LookupError("a bug in the server")

    def client() -> bytes:
        return connect().recv(1)

    assert talk(world, server, client) == b""
    assert world.events("trouble") == [
        {
            "host": "server",
            "event": "trouble",
            "task": "server:80",
            "error": "LookupError: a bug in the server",
        }
    ]


def test_a_port_is_opened_once_and_can_be_closed(world: Any) -> None:
    world.server.listen(80, None)
    with pytest.raises(OSError, match="Address already in use"):
        world.server.listen(80, None)
    world.server.close(80)
    assert world.hub.listener("server", 80) is None
    world.server.listen(80, None)
    assert world.hub.listener("server", 80).port == 80
    assert world.hub.listener("nobody", 80) is None


@pytest.mark.parametrize(
    ("works_after_s", "answered_after_s"), [(0.1, 0.22), (0.5, 0.64), (3.2, 6.52), (30.0, 53.56)]
)
def test_lost_bytes_are_sent_again_when_their_time_out_expires(
    world: Any, works_after_s: float, answered_after_s: float
) -> None:
    """RFC 6298 5.5 with TCP_RTO_MIN and a round trip of 10 ms: 0.21, 0.63, 1.47, 3.15, 6.51 .. 53.55 s."""

    def client() -> float:
        sock = connect(timeout_s=None)
        circuit = world.net.circuits[0]
        circuit.become(Fate.SILENT)
        began_s = world.hub.env.now
        sock.sendall(b"1")
        world.hub.call_in(works_after_s, lambda: circuit.become(Fate.ACCEPTED))
        assert sock.recv(1) == b"1"
        return float(world.hub.env.now - began_s)

    assert talk(world, echo, client) == pytest.approx(answered_after_s, abs=0.02)


def test_bytes_arrive_in_order_when_the_latency_drops_under_them(world: Any) -> None:
    def server(sock: Any) -> None:
        for number in range(20):
            world.net.circuits[0].latency_s = 0.1 / (number + 1)
            sock.sendall(b"%02d" % number)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets

    def client() -> bytes:
        sock = connect(timeout_s=5)
        data = b""
        try:
            while more := sock.recv(100):
                data += more
        except ConnectionResetError:
            data += b"!"
        return data

    assert talk(world, server, client) == b"".join(b"%02d" % number for number in range(20)) + b"!"


def test_an_end_whose_host_lost_power_answers_with_a_reset_and_says_nothing_itself(world: Any) -> None:
    seen: list[str] = []

    def server(sock: Any) -> None:
        try:
            sock.recv(1)
        except ConnectionResetError:
            seen.append("its program is gone")

    def client() -> None:
        sock = connect(timeout_s=5)
        circuit = world.net.circuits[0]
        circuit.become(Fate.SILENT)
        circuit.forgotten_by.append("server")
        circuit.become(Fate.ACCEPTED)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.sendall(b"are you there?")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)

    talk(world, server, client)
    assert seen == ["its program is gone"]
