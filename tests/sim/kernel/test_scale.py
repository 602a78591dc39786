"""Many clients, one thread, the same bytes every time."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, jsonify


def busy_log(world: Any, clients: int) -> str:
    """The event log of many clients that call a service that calls another, with delays of their own."""
    front, back = Flask("front"), Flask("back")

    @back.get("/slow/<int:number>")
    def slow(number: int) -> Any:
        world.server.sleep(world.server.rng("delay").random() * 5)
        return jsonify(id=world.server.new_uuid("thing"), names=sorted({"b", "a", str(number)}))

    @front.get("/hop/<int:number>")
    def hop(number: int) -> Any:
        return requests.get(f"http://server.test:81/slow/{number % 17}", timeout=60).json()

    middle = world.hub.add_host("middle")
    middle.listen(80, front)
    world.server.listen(81, back)

    def client(number: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            for _ in range(2):
                answer = session.get(f"http://middle.test/hop/{number}", timeout=60).json()
                world.client.log("message", **answer)
                world.client.sleep(number % 3)

    for number in range(clients):
        world.hub.spawn(world.client, client, number, name=f"client {number}")
    world.hub.run()
    assert not world.hub.failures
    return "".join(event.to_json() + "\n" for event in world.hub.events.events)


def test_five_hundred_clients_at_once_in_one_thread(world: Any) -> None:
    threads: set[int] = set()
    counts: set[int] = set()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        threads.add(threading.get_ident())
        counts.add(threading.active_count())
        world.server.sleep(10)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    world.server.listen(80, app)
    before = threading.active_count()
    done: list[float] = []

    def client(number: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            assert session.get("http://server.test/", timeout=30).text == "ok"
        done.append(world.hub.env.now)

    for number in range(500):
        world.hub.spawn(world.client, client, number)
    world.hub.run()
    assert len(done) == 500
    assert max(done) == pytest.approx(10.02)
    assert threads == {threading.get_ident()}
    assert counts == {before}


def test_the_event_log_has_the_same_bytes_under_another_hash_seed_zone_and_locale(world: Any) -> None:
    digests = {hashlib.sha256(busy_log(world, 20).encode()).hexdigest()}
    for settings in (
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "America/Lima", "LC_ALL": "C.UTF-8"},
    ):
        done = subprocess.run(
            [sys.executable, __file__],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def test_another_seed_gives_another_log(world: Any) -> None:
    other = type(world)(seed=1)
    with other.hub:
        assert busy_log(other, 3) != busy_log(world, 3)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    from conftest import World

    from cxsim.sim.kernel import hooks

    with hooks.installed():
        print(hashlib.sha256(busy_log(World(), 20).encode()).hexdigest())
