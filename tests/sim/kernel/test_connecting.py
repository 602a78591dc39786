"""What the client's operating system says when a connection cannot be made, and how long that takes."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from cxsim.sim.kernel import Fate, Hub, SocketService, TcpLimits, hooks


def attempt(world: Any, host: str = "server.test", port: int = 80, timeout_s: float | None = 30.0) -> Any:
    """(exception, seconds) of a failed socket.create_connection."""

    def work() -> tuple[BaseException, float]:
        began_s = world.hub.env.now
        try:
            socket.create_connection((host, port), timeout=timeout_s)
        except OSError as error:
            return error, world.hub.env.now - began_s
        raise AssertionError("connected")

    return world.run(work)


@pytest.mark.parametrize(
    ("fate", "timeout_s", "kind", "arguments", "after_s"),
    [
        (Fate.REFUSED, None, ConnectionRefusedError, (111, "Connection refused"), 0.01),
        (Fate.UNREACHABLE, None, OSError, (113, "No route to host"), 0.01),
        (Fate.NO_ROUTE, None, OSError, (101, "Network is unreachable"), 0.01),
        (Fate.SILENT, 30, TimeoutError, ("timed out",), 30),
        (Fate.SILENT, None, TimeoutError, (110, "Connection timed out"), 130),
        (Fate.SILENT, 500, TimeoutError, (110, "Connection timed out"), 130),
        (Fate.REFUSED, 0.004, TimeoutError, ("timed out",), 0.004),
    ],
)
def test_each_fate_has_its_errno_and_its_time(
    world: Any,
    fate: Fate,
    timeout_s: float | None,
    kind: type[OSError],
    arguments: tuple[Any, ...],
    after_s: float,
) -> None:
    world.net.fates["server", 80] = fate
    error, seconds = attempt(world, timeout_s=timeout_s)
    assert (type(error), error.args) == (kind, arguments)
    assert seconds == pytest.approx(after_s)


def test_nothing_listens(world: Any) -> None:
    error, _ = attempt(world)
    assert error.errno == errno.ECONNREFUSED


def test_a_host_that_is_off_is_silent(world: Any) -> None:
    world.server.listen(80, None)
    world.server.alive = False
    error, seconds = attempt(world, timeout_s=5)
    assert (error.args, seconds) == (("timed out",), 5)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (socket.EAI_NONAME, "Name or service not known"),
        (socket.EAI_AGAIN, "Temporary failure in name resolution"),
        (socket.EAI_NODATA, "No address associated with hostname"),
        (socket.EAI_FAIL, "Non-recoverable failure in name resolution"),
    ],
)
def test_each_resolver_answer_has_its_text(world: Any, code: int, text: str) -> None:
    world.net.name_errors["server.test"] = code
    world.net.dns_delay_s = 5.0
    error, seconds = attempt(world)
    assert (type(error), error.args, seconds) == (socket.gaierror, (code, text), 5.0)


def test_the_resolver_texts_are_the_c_librarys() -> None:
    ctypes = pytest.importorskip("ctypes")
    from cxsim.sim.kernel.dial import GAI_TEXT

    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        pytest.skip("not glibc")
    library.gai_strerror.restype = ctypes.c_char_p
    assert {code: library.gai_strerror(code).decode() for code in GAI_TEXT} == GAI_TEXT


def test_a_failed_connect_is_recorded_and_a_good_one_is_not(world: Any) -> None:
    world.server.listen(443, None)
    world.net.fates["server", 80] = Fate.SILENT

    def work() -> None:
        socket.create_connection(("server.test", 443)).close()
        with pytest.raises(TimeoutError):
            socket.create_connection(("server.test", 80), timeout=7)
        with pytest.raises(socket.gaierror):
            socket.create_connection(("unknown.test", 80), timeout=7)

    world.run(work)
    assert world.events("connect") == [
        {
            "host": "client",
            "event": "connect",
            "src": "client",
            "dst": "server.test",
            "port": 80,
            "fate": "silent",
            "after_us": 7_000_000,
            "error": "timed out",
        },
        {
            "host": "client",
            "event": "connect",
            "src": "client",
            "dst": "unknown.test",
            "port": 80,
            "fate": "unresolved",
            "after_us": 0,
            "error": "[Errno -2] Name or service not known",
        },
    ]


def test_the_syn_limit_is_a_parameter() -> None:
    with Hub(0, 0.0, tcp=TcpLimits(syn_s=21.0)) as hub, hooks.installed():
        client = hub.add_host("client")
        task = hub.spawn(client, lambda: socket.create_connection(("10.9.9.9", 1)))
        hub.run()
        assert task.ended
        assert hub.env.now == 0  # no network at all: no route

        class Silence:
            def resolve(self, *unused: Any) -> Any:
                raise AssertionError

            def connect(self, *unused: Any) -> Any:
                from cxsim.sim.kernel import Attempt

                return Attempt(Fate.SILENT, 0.0)

        hub.network = Silence()
        hub.spawn(client, lambda: socket.create_connection(("10.9.9.9", 1)))
        hub.run()
        assert hub.env.now == 21.0


def test_every_address_of_a_name_is_tried_in_turn(world: Any) -> None:
    from cxsim.sim.kernel import NameAnswer

    world.server.listen(80, None)
    world.net.resolve = lambda source, name: NameAnswer(("10.0.0.1", "10.0.0.77", "10.0.0.2"), None, 0.0)

    def work() -> tuple[Any, float]:
        with socket.create_connection(("many.test", 80), timeout=3) as sock:
            return sock.getpeername(), world.hub.env.now

    peer, seconds = world.run(work)
    assert peer == ("10.0.0.2", 80)
    assert seconds == pytest.approx(0.01 + 3 + 0.01)
    assert [e["fate"] for e in world.events("connect")] == ["refused", "silent"]


def test_getaddrinfo_answers_as_the_c_library_does(world: Any) -> None:
    def work() -> list[Any]:
        return [
            socket.getaddrinfo("server.test", 443, type=socket.SOCK_STREAM),
            socket.getaddrinfo("10.1.2.3", "https", proto=socket.IPPROTO_TCP),
            len(socket.getaddrinfo("server.test", None)),
            socket.getaddrinfo(b"server", b"80", socket.AF_INET, socket.SOCK_STREAM)[0][4],
        ]

    stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    assert world.run(work) == [
        [(*stream, ("10.0.0.2", 443))],
        [(*stream, ("10.1.2.3", 443))],
        3,
        ("10.0.0.2", 80),
    ]

    def unknown_service() -> None:
        socket.getaddrinfo("server.test", "no-such-service")

    with pytest.raises(socket.gaierror, match="Servname not supported"):
        world.run(unknown_service)


def test_the_server_sees_the_address_after_translation(world: Any) -> None:
    seen: list[Any] = []
    world.server.listen(80, SocketService(lambda sock: seen.append((sock.getpeername(), sock.getsockname()))))
    world.run(lambda: socket.create_connection(("server.test", 80)).close())
    assert seen == [(("10.0.0.1", 40001), ("10.0.0.2", 80))]


@pytest.mark.parametrize(
    ("opens_after_s", "connected_after_s"), [(0.5, 1.01), (4.5, 5.01), (8.0, 11.01), (40.0, 67.01)]
)
def test_a_way_that_opens_is_taken_by_the_next_syn(
    world: Any, opens_after_s: float, connected_after_s: float
) -> None:
    """SYNs: 0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 s (edge-config 4.2)."""
    world.net.fates["server", 80] = Fate.SILENT
    world.server.listen(80, SocketService(lambda sock: None))
    world.hub.call_in(opens_after_s, lambda: world.net.fates.clear())

    def work() -> float:
        socket.create_connection(("server.test", 80)).close()
        return float(world.hub.env.now)

    assert world.run(work) == pytest.approx(connected_after_s)


def test_a_way_that_closes_its_port_meanwhile_refuses_the_next_syn(world: Any) -> None:
    world.net.fates["server", 80] = Fate.SILENT
    world.hub.call_in(2.5, lambda: world.net.fates.clear())
    error, seconds = attempt(world)
    assert (error.errno, seconds) == (errno.ECONNREFUSED, pytest.approx(3.01))


def test_no_syn_is_sent_after_the_clients_own_limit(world: Any) -> None:
    world.net.fates["server", 80] = Fate.SILENT
    world.server.listen(80, SocketService(lambda sock: None))
    world.hub.call_in(5.5, lambda: world.net.fates.clear())
    error, seconds = attempt(world, timeout_s=6.0)
    assert (str(error), seconds) == ("timed out", pytest.approx(6.0))
