"""The Runtime on threads: the same promises as in virtual time, kept by the wall clock."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from cxsim.core.runtime import Runtime, TaskCancelled
from cxsim.core.threads import ThreadRuntime


@pytest.fixture
def runtime() -> ThreadRuntime:
    return ThreadRuntime(speed=100.0)


def test_it_is_a_runtime(runtime: ThreadRuntime) -> None:
    checked: Runtime = runtime
    assert checked.new_id("job").startswith("job-")
    assert checked.new_id("job") != checked.new_id("job")


def test_speed_scales_the_clock_and_sleeps(runtime: ThreadRuntime) -> None:
    assert abs(runtime.now() - time.time()) < 60
    began_s, wall_s = runtime.now(), time.monotonic()
    runtime.sleep(5)
    assert 5 <= runtime.now() - began_s < 100
    assert 0.05 <= time.monotonic() - wall_s < 1


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        ThreadRuntime(speed)


def test_tasks_run_beside_each_other_and_give_their_results(runtime: ThreadRuntime) -> None:
    def work(number: int) -> int:
        runtime.sleep(2)
        return number * 2

    began_s = runtime.now()
    tasks = [runtime.spawn(work, number, name=f"task {number}") for number in range(5)]
    assert [task.result() for task in tasks] == [0, 2, 4, 6, 8]
    assert runtime.now() - began_s < 10
    assert tasks[3].name == "task 3"


def test_an_exception_ends_that_task_alone_with_its_traceback_and_is_logged() -> None:
    logged: list[tuple[str, dict[str, Any]]] = []
    runtime = ThreadRuntime(log=lambda event, fields: logged.append((event, fields)))

    def breaks() -> None:
        raise LookupError("no such VM")

    task = runtime.spawn(breaks, name="broken")
    assert task.join(5)
    with pytest.raises(LookupError) as caught:
        task.result()
    assert "breaks" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert logged == [("trouble", {"task": "broken", "error": "LookupError: no such VM"})]


def test_join_times_out(runtime: ThreadRuntime) -> None:
    task = runtime.spawn(lambda: runtime.sleep(1000), name="long")
    assert not task.join(1)
    task.cancel()
    assert task.join(500)


WAITS: dict[str, Callable[[ThreadRuntime], object]] = {
    "sleep": lambda runtime: runtime.sleep(1e6),
    "event": lambda runtime: runtime.event().wait(),
    "event with time-out": lambda runtime: runtime.event().wait(1e6),
    "join": lambda runtime: runtime.spawn(lambda: runtime.sleep(50), name="other").join(),
}


@pytest.mark.parametrize("kind", WAITS)
def test_cancel_ends_a_wait(runtime: ThreadRuntime, kind: str) -> None:
    started = threading.Event()

    def work() -> None:
        started.set()
        WAITS[kind](runtime)
        runtime.sleep(1e6)

    task = runtime.spawn(work, name="work")
    started.wait(5)
    task.cancel()
    with pytest.raises(TaskCancelled):
        task.result()


def test_a_cancel_is_met_once(runtime: ThreadRuntime) -> None:
    def work() -> str:
        try:
            runtime.sleep(1e6)
        except TaskCancelled:
            runtime.sleep(1)
        return "cleaned up"

    task = runtime.spawn(work, name="work")
    task.cancel()
    assert task.result() == "cleaned up"
    task.cancel()
    assert task.result() == "cleaned up"


def test_an_event_wakes_its_waiters(runtime: ThreadRuntime) -> None:
    event = runtime.event()
    tasks = [runtime.spawn(event.wait, name=f"w{number}") for number in range(3)]
    assert not event.wait(1)
    event.set()
    assert [task.result() for task in tasks] == [True, True, True]
    assert event.is_set()


def test_a_lock_excludes(runtime: ThreadRuntime) -> None:
    lock = runtime.lock()
    inside: list[int] = []

    def work(number: int) -> None:
        with lock:
            inside.append(number)
            runtime.sleep(0.5)
            assert inside[-1] == number

    for task in [runtime.spawn(work, number, name="w") for number in range(4)]:
        task.result()


def test_the_seed_decides_the_random_stream() -> None:
    assert ThreadRuntime(seed=3).rng.random() == ThreadRuntime(seed=3).rng.random()
    assert ThreadRuntime(seed=3).rng.random() != ThreadRuntime(seed=4).rng.random()


def test_log_calls_come_one_at_a_time() -> None:
    busy = threading.Lock()
    overlaps: list[bool] = []

    def log(event: str, fields: dict[str, Any]) -> None:
        overlaps.append(not busy.acquire(blocking=False))
        time.sleep(0.001)
        busy.release()

    runtime = ThreadRuntime(log=log)
    for task in [runtime.spawn(lambda: runtime.log("message", text="x"), name="w") for _ in range(8)]:
        task.result()
    assert overlaps == [False] * 8
