"""The tripwire: who is stopped, who gets virtual values, and that nothing changes outside."""

from __future__ import annotations

import datetime
import http.cookiejar
import logging
import os
import random
import secrets
import socket
import threading
import time
import types
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from urllib3.exceptions import SystemTimeWarning
from urllib3.filepost import choose_boundary
from urllib3.util.retry import Retry
from urllib3.util.timeout import Timeout

from cxsim.sim.identities import self_signed
from cxsim.sim.kernel import SocketService, tripwire

START_S = 1509958800.0


@pytest.fixture(autouse=True)
def _tripwire() -> Iterator[None]:
    with tripwire.installed():
        yield


REAL = {
    "time.time": (lambda: time.time(), "Runtime.now"),
    "time.monotonic": (lambda: time.monotonic(), "Runtime.now"),
    "time.perf_counter": (lambda: time.perf_counter(), "Runtime.now"),
    "time.sleep": (lambda: time.sleep(0), "Runtime.sleep"),
    "uuid.uuid4": (lambda: uuid.uuid4(), "Runtime.new_id"),
    "uuid.uuid1": (lambda: uuid.uuid1(), "Runtime.new_id"),
    "os.urandom": (lambda: os.urandom(8), "Runtime.rng"),
    "secrets.token_hex": (lambda: secrets.token_hex(), "Runtime.rng"),
    "random.random": (lambda: random.random(), "Runtime.rng"),
    "random.choice": (lambda: random.choice([1]), "Runtime.rng"),
    "random.shuffle": (lambda: random.shuffle([1]), "Runtime.rng"),
    "threading.Thread.start": (lambda: threading.Thread(target=print).start(), "Runtime.spawn"),
    "socket.socket.connect": (lambda: socket.socket().connect(("127.0.0.1", 1)), "requests"),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", REAL)
def test_simulated_code_is_stopped_and_told_what_to_use(world: Any, name: str) -> None:
    call, instead = REAL[name]
    with pytest.raises(tripwire.TripwireError) as caught:
        world.run(call)
    text = str(caught.value)
    assert text.startswith(f"{name}() called in simulated code (")
    assert "on host client: use " in text
    assert instead in text


def test_outside_the_simulation_nothing_is_stopped() -> None:
    assert abs(time.time() - time.time()) < 5
    time.sleep(0)
    assert uuid.uuid4() != uuid.uuid4()
    assert len(os.urandom(3)) == 3
    assert 0 <= random.random() < 1
    worker = threading.Thread(target=time.monotonic)
    worker.start()
    worker.join()


def test_everything_is_itself_again_afterwards() -> None:
    tripwire.uninstall()
    for owner, name, _, _ in tripwire.GUARDED:
        assert (
            "guarded"
            not in getattr(getattr(owner, name), "__code__", types.SimpleNamespace(co_name="")).co_name
        )
    assert "connect" not in vars(socket.socket)
    assert time.time.__module__ == "time"


def in_library(source: str, name: str = "some_library.module") -> Callable[[], Any]:
    """A function whose module lies in the standard library's folder."""
    namespace: dict[str, Any] = {"__name__": name}
    exec(compile(source, os.__file__.replace("os.py", "pretended.py"), "exec"), namespace)
    work: Callable[[], Any] = namespace["work"]
    return work


def test_libraries_get_the_hosts_virtual_time_and_its_random_stream(world: Any) -> None:
    world.client.clock_skew_s = 100.0
    source = (
        "import time, random, os, uuid, secrets\n"
        "def work():\n"
        "    time.sleep(5)\n"
        "    return (time.time(), time.time_ns(), time.monotonic(), time.perf_counter(), random.random(),\n"
        "            random.randint(1, 6), os.urandom(4), uuid.uuid4(), secrets.token_hex(4))\n"
    )
    answers = []
    for _ in range(2):
        fresh = type(world)()
        fresh.client.clock_skew_s = 100.0
        with fresh.hub:
            answers.append(fresh.run(in_library(source)))
    assert answers[0] == answers[1]
    now_s, now_ns, monotonic_s, counter_s, *_ = answers[0]
    assert now_s == START_S + 105
    assert now_ns == (START_S + 105) * 1e9
    assert monotonic_s == counter_s == 5.0


def test_a_watched_package_is_stopped_wherever_it_is_installed(world: Any) -> None:
    with pytest.raises(tripwire.TripwireError, match=r"\(cxsim\.core\.somewhere, line 3\)"):
        world.run(in_library("import time\ndef work():\n    time.time()\n", "cxsim.core.somewhere"))


def test_today_is_guarded_with_the_clock(world: Any) -> None:
    with pytest.raises(tripwire.TripwireError, match=r"time\.time\(\)"):
        world.run(lambda: datetime.date.today())
    assert (
        world.run(in_library("import datetime\ndef work():\n    return datetime.date.today().year\n")) == 2017
    )


def test_a_scenario_of_the_past_gets_no_warning_about_the_clock(world: Any) -> None:
    silent = SocketService(lambda sock: sock.wait_readable(None) and world.server.sleep(60))
    world.server.listen(443, silent, self_signed(0, "server", around_s=START_S))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(requests.exceptions.ReadTimeout):
            world.run(lambda: requests.get("https://server.test/", verify=False, timeout=5))
    assert SystemTimeWarning not in [warning.category for warning in told]


def test_a_library_gets_no_thread_and_no_socket_either(world: Any) -> None:
    with pytest.raises(tripwire.TripwireError, match=r"threading\.Thread\.start"):
        world.run(in_library("import threading\ndef work():\n    threading.Thread().start()\n"))
    source = (
        "import socket\ndef work():\n    with socket.socket() as s:\n        s.connect(('127.0.0.1', 1))\n"
    )
    with pytest.raises(tripwire.TripwireError, match=r"socket\.socket\.connect"):
        world.run(in_library(source))


def test_real_libraries_work_in_virtual_time(world: Any) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    log = logging.getLogger("test_tripwire")
    log.addHandler(handler)

    def work() -> tuple[Any, ...]:
        timeout = Timeout(total=30)
        timeout.start_connect()
        Retry(backoff_factor=2, total=5, history=()).sleep()
        world.client.sleep(7)
        log.warning("in virtual time")
        jar = http.cookiejar.CookieJar()
        return timeout.get_connect_duration(), len(choose_boundary()), len(jar)

    assert world.run(work) == (7.0, 32, 0)
    assert records[0].created == START_S + 7
