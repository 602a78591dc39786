"""A crash: the process is dead at once, its peers notice, its clean-up code never runs."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests

from cxsim.sim.kernel import Process, ProcessDead


def test_nothing_of_a_dead_process_runs_any_more(world: Any) -> None:
    core = Process(world.client, "core")
    runtime = world.hub.runtime(world.client, core)
    ran: list[str] = []

    def work() -> None:
        try:
            runtime.sleep(10)
            ran.append("went on")
        finally:
            ran.append("cleaned up")

    task = runtime.spawn(work, name="work")
    child_started: list[int] = []
    world.hub.call_in(5, lambda: runtime.spawn(lambda: child_started.append(1), name="child"))
    world.hub.call_in(5, core.crash)
    world.hub.run()
    world.hub.close()
    assert (ran, child_started, task.ended) == ([], [], False)


def test_every_call_of_a_dead_process_raises_process_dead(world: Any) -> None:
    core = Process(world.client, "core")
    runtime = world.hub.runtime(world.client, core)
    world.server.listen(80, None)
    raised: list[str] = []

    def work() -> None:
        sock = socket.create_connection(("server.test", 80))
        core.crash()
        calls = {
            "sleep": lambda: runtime.sleep(1),
            "now": runtime.now,
            "event": runtime.event,
            "lock": runtime.lock,
            "log": lambda: runtime.log("message"),
            "new_id": lambda: runtime.new_id("job"),
            "spawn": lambda: runtime.spawn(print, name="x"),
            "connect": lambda: socket.create_connection(("server.test", 80)),
            "resolve": lambda: socket.getaddrinfo("server.test", 80),
            "send": lambda: sock.sendall(b"x"),
            "recv": lambda: sock.recv(1),
            "requests": lambda: requests.get("http://server.test/"),
            "host": lambda: world.client.sleep(1),
            "host log": lambda: world.client.log("x"),
        }
        for name, call in calls.items():
            try:
                call()
            except ProcessDead:
                raised.append(name)
        assert raised == list(calls)

    task = runtime.spawn(work, name="work")
    world.hub.run()
    task.result()
    assert len(raised) == 14


def test_no_handler_of_exceptions_survives_its_process() -> None:
    assert not issubclass(ProcessDead, Exception)


@pytest.mark.parametrize(
    ("sockets", "kind"), [("reset", requests.exceptions.ConnectionError), ("silent", requests.ReadTimeout)]
)
def test_a_client_of_a_crashed_server_sees_a_reset_or_silence(world: Any, sockets: str, kind: type) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        world.server.sleep(60)
        raise AssertionError("not reached")

    world.server.listen(80, app)
    world.hub.call_in(5, lambda: world.server.crash(sockets))

    def client() -> float:
        with pytest.raises(kind):
            requests.get("http://server.test/", timeout=30)
        return float(world.hub.env.now)

    assert world.run(client) == pytest.approx(5.005 if sockets == "reset" else 30.01)
    assert world.events("call") == []


def test_after_a_crash_the_port_is_closed_and_after_a_restart_open_again(world: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"ok"]

    world.server.listen(80, app)

    def client() -> str:
        world.server.crash()
        with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused"):
            requests.get("http://server.test/", timeout=30)
        world.server.restart()
        world.server.listen(80, app)
        return requests.get("http://server.test/", timeout=30).text

    assert world.run(client) == "ok"


def test_one_process_of_a_host_dies_alone(world: Any) -> None:
    one, two = Process(world.client, "one"), Process(world.client, "two")
    survived: list[str] = []
    for process in (one, two):

        def work(process: Process = process) -> None:
            world.client.sleep(10)
            survived.append(process.name)

        world.hub.spawn(world.client, work, process=process)
    world.hub.call_in(5, one.crash)
    world.hub.run()
    assert survived == ["two"]


def test_what_a_dead_process_held_does_not_hold_up_the_others(world: Any) -> None:
    one, two = Process(world.client, "one"), Process(world.client, "two")
    runtime_one, runtime_two = (world.hub.runtime(world.client, p) for p in (one, two))
    lock = runtime_two.lock()
    got: list[str] = []

    def hold() -> None:
        with lock:
            world.client.sleep(10)

    def take(runtime: Any, name: str) -> None:
        with lock:
            got.append(name)

    runtime_two.spawn(hold, name="holder")
    runtime_one.spawn(take, runtime_one, "dead", name="dead")
    runtime_two.spawn(take, runtime_two, "alive", name="alive")
    world.hub.call_in(5, one.crash)
    world.hub.run()
    assert got == ["alive"]


def test_the_manner_of_a_crash_is_checked(world: Any) -> None:
    with pytest.raises(ValueError, match="'loud'"):
        world.server.crash("loud")
