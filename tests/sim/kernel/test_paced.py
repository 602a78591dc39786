"""Virtual time at the pace of the wall clock, and work handed in by other threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from cxsim.sim.kernel import Hub

START_S = 1509958800.0


@pytest.fixture
def running(hub: Hub) -> Iterator[Hub]:
    """A hub that another thread runs at a thousand times real time."""
    hub.add_host("a")
    failed: Future[None] = Future()

    def run() -> None:
        try:
            with hub:
                hub.run_paced(speed=1000.0)
            failed.set_result(None)
        except BaseException as error:
            failed.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield hub
    hub.stop()
    failed.result(5)
    thread.join(5)


def test_virtual_time_passes_at_the_given_speed(hub: Hub) -> None:
    seen: list[float] = []
    for delay_s in (20, 40):
        hub.call_in(delay_s, lambda: seen.append(hub.env.now))
    began_s = time.monotonic()
    hub.run_paced(speed=1000.0, until_s=START_S + 60)
    assert seen == [20, 40]
    assert hub.now_s == START_S + 60
    assert 0.055 < time.monotonic() - began_s < 1.0


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_that_is_none_is_refused(hub: Hub, speed: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        hub.run_paced(speed)


def test_work_from_another_thread_is_done_by_the_thread_that_runs_the_hub(running: Hub) -> None:
    assert running.submit(threading.get_ident).result(5) != threading.get_ident()


def test_submitted_work_on_a_host_may_wait_in_virtual_time(running: Hub) -> None:
    host = running.hosts["a"]

    def work() -> tuple[float, float]:
        began_s = host.now()
        host.sleep(30)
        return began_s, host.now()

    began_s, ended_s = running.submit(work, host).result(5)
    assert ended_s - began_s == pytest.approx(30)


def test_work_comes_at_the_instant_that_the_wall_clock_says(running: Hub) -> None:
    first = running.submit(lambda: running.now_s).result(5)
    time.sleep(0.05)
    second = running.submit(lambda: running.now_s).result(5)
    assert 45 < second - first < 1000


def test_an_exception_of_submitted_work_goes_to_its_future(running: Hub) -> None:
    def broken() -> None:
        raise LookupError("no such VM")

    for host in (None, running.hosts["a"]):
        with pytest.raises(LookupError, match="no such VM"):
            running.submit(broken, host).result(5)
    assert running.submit(lambda: 1).result(5) == 1


def test_many_threads_may_submit_at_once(running: Hub) -> None:
    host = running.hosts["a"]

    def ask(number: int) -> int:
        def work() -> int:
            host.sleep(number % 7)
            return number

        return running.submit(work, host).result(10)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(64))) == list(range(64))


def test_stop_ends_an_idle_run(hub: Hub) -> None:
    stopped: list[Any] = []
    timer = threading.Timer(0.05, lambda: (stopped.append(True), hub.stop()))
    timer.start()
    hub.run_paced(speed=1.0)
    timer.join()
    assert stopped == [True]
