"""Tasks, events and locks between greenlets, and the core's Runtime over them."""

from __future__ import annotations

import contextvars
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from cxsim.core.runtime import Runtime, TaskCancelled
from cxsim.sim.kernel import Hub, SimRuntime, current


@pytest.fixture
def runtime(hub: Hub) -> SimRuntime:
    return hub.runtime(hub.add_host("a"))


def test_a_sim_runtime_is_a_runtime(runtime: SimRuntime) -> None:
    checked: Runtime = runtime
    assert checked.new_id("job").startswith("job-")


def test_tasks_run_beside_each_other_in_virtual_time(hub: Hub, runtime: SimRuntime) -> None:
    seen: list[tuple[str, float]] = []

    def work(name: str, seconds: float) -> str:
        runtime.sleep(seconds)
        seen.append((name, hub.env.now))
        return name

    def main() -> list[str]:
        tasks = [runtime.spawn(work, n, s, name=n) for n, s in (("x", 3), ("y", 1), ("z", 2))]
        return [task.result() for task in tasks]

    done = runtime.spawn(main, name="main")
    hub.run()
    assert seen == [("y", 1), ("z", 2), ("x", 3)]
    assert done.result() == ["x", "y", "z"]


def test_an_exception_ends_that_task_alone_and_keeps_its_traceback(hub: Hub, runtime: SimRuntime) -> None:
    class Unusual(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__("text of one argument")

    def breaks() -> None:
        runtime.sleep(1)
        raise Unusual(1, 2)

    def goes_on() -> str:
        runtime.sleep(5)
        return "still here"

    broken = runtime.spawn(breaks, name="broken")
    other = runtime.spawn(goes_on, name="other")
    hub.run()
    assert other.result() == "still here"
    with pytest.raises(Unusual) as caught:
        broken.result()
    assert "breaks" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert [(f.host, f.task, f.error) for f in hub.failures] == [("a", "broken", caught.value)]
    (trouble,) = hub.events.events
    assert (trouble.event, trouble.t_us) == ("trouble", 1_000_000)
    assert trouble.fields == {"task": "broken", "error": "Unusual: text of one argument"}


def test_a_joiner_does_not_get_the_exception(hub: Hub, runtime: SimRuntime) -> None:
    def breaks() -> None:
        raise ValueError("no")

    def main() -> tuple[bool, bool]:
        task = runtime.spawn(lambda: runtime.sleep(10), name="slow")
        return task.join(3), runtime.spawn(breaks, name="broken").join()

    done = runtime.spawn(main, name="main")
    hub.run()
    assert done.result() == (False, True)


def test_spawn_copies_the_host_and_the_context_variables(hub: Hub, runtime: SimRuntime) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    seen: dict[str, Any] = {}

    def child() -> None:
        running = current()
        seen["child"] = variable.get(), running.host.name if running else None
        variable.set("changed by the child")

    def parent() -> None:
        variable.set("set by the parent")
        runtime.spawn(child, name="child").join()
        seen["parent"] = variable.get()

    runtime.spawn(parent, name="parent")
    hub.run()
    assert seen == {"child": ("set by the parent", "a"), "parent": "set by the parent"}
    assert variable.get() == "unset"


def waits(runtime: SimRuntime) -> dict[str, Callable[[], Any]]:
    held = runtime.lock()

    def take_lock() -> None:
        with held:
            pass

    def hold() -> None:
        with held:
            runtime.sleep(50)

    def lock_wait() -> None:
        runtime.spawn(hold, name="holder")
        runtime.sleep(0)
        take_lock()

    return {
        "sleep": lambda: runtime.sleep(100),
        "event": lambda: runtime.event().wait(),
        "event with time-out": lambda: runtime.event().wait(100),
        "join": lambda: runtime.spawn(lambda: runtime.sleep(100), name="long").join(),
        "lock": lock_wait,
    }


@pytest.mark.parametrize("kind", ["sleep", "event", "event with time-out", "join", "lock"])
def test_cancel_ends_the_wait_at_once(hub: Hub, runtime: SimRuntime, kind: str) -> None:
    ended: list[float] = []

    def work() -> None:
        try:
            waits(runtime)[kind]()
        finally:
            ended.append(hub.env.now)

    task = runtime.spawn(work, name="work")
    hub.call_in(7, task.cancel)
    hub.run()
    assert ended == [7]
    with pytest.raises(TaskCancelled):
        task.result()
    assert not hub.failures


def test_a_cancel_before_the_first_wait_is_met_at_the_first_wait(hub: Hub, runtime: SimRuntime) -> None:
    seen: list[str] = []

    def work() -> None:
        seen.append("started")
        runtime.sleep(1)
        seen.append("not reached")

    task = runtime.spawn(work, name="work")
    task.cancel()
    hub.run()
    assert seen == ["started"]
    assert hub.env.now == 0


def test_a_cancel_is_met_once(hub: Hub, runtime: SimRuntime) -> None:
    def work() -> str:
        try:
            runtime.sleep(10)
        except TaskCancelled:
            runtime.sleep(1)
        return "cleaned up"

    task = runtime.spawn(work, name="work")
    hub.call_in(2, task.cancel)
    hub.run()
    assert task.result() == "cleaned up"
    assert hub.env.now == 3


def test_an_event_wakes_all_its_waiters_and_times_out_the_others(hub: Hub, runtime: SimRuntime) -> None:
    event = runtime.event()
    seen: list[tuple[int, bool, float]] = []

    def work(number: int, timeout_s: float | None) -> None:
        seen.append((number, event.wait(timeout_s), hub.env.now))

    for number, timeout_s in enumerate((None, 10, 2)):
        runtime.spawn(work, number, timeout_s, name=f"waiter {number}")
    hub.call_in(5, event.set)
    hub.run()
    assert seen == [(2, False, 2), (0, True, 5), (1, True, 5)]
    assert event.is_set()
    assert hub.env.now == 5


def test_a_lock_excludes_greenlets_across_waits_first_come_first_served(
    hub: Hub, runtime: SimRuntime
) -> None:
    lock = runtime.lock()
    inside: list[tuple[int, float]] = []

    def work(number: int) -> None:
        with lock:
            inside.append((number, hub.env.now))
            runtime.sleep(1)
            assert inside[-1][0] == number

    for number in range(3):
        runtime.spawn(work, number, name=f"w{number}")
    hub.run()
    assert inside == [(0, 0), (1, 1), (2, 2)]


def test_a_lock_is_not_reentrant_and_says_so(hub: Hub, runtime: SimRuntime) -> None:
    lock = runtime.lock()

    def work() -> None:
        with lock, lock:
            pass

    task = runtime.spawn(work, name="twice")
    hub.run()
    with pytest.raises(RuntimeError, match="twice already holds this lock"):
        task.result()


def test_a_cancelled_waiter_leaves_the_lock_to_the_next(hub: Hub, runtime: SimRuntime) -> None:
    lock = runtime.lock()
    got: list[int] = []

    def work(number: int) -> None:
        with lock:
            got.append(number)
            runtime.sleep(2)

    tasks = [runtime.spawn(work, number, name=f"w{number}") for number in range(3)]
    hub.call_in(2, tasks[1].cancel)  # at the very instant at which the lock is handed to it
    hub.run()
    assert got == [0, 2] or got == [0, 1, 2]
    assert lock._owner is None


def test_waiting_outside_the_simulation_is_refused(hub: Hub, runtime: SimRuntime) -> None:
    with pytest.raises(RuntimeError, match=r"only code started by Hub\.spawn"):
        runtime.sleep(1)
    with pytest.raises(RuntimeError, match=r"only code started by Hub\.spawn"):
        runtime.event().wait()
    with pytest.raises(RuntimeError, match=r"only code started by Hub\.spawn"):
        runtime.spawn(lambda: None, name="not run yet").result()


def test_a_hub_cannot_be_run_from_inside(hub: Hub, runtime: SimRuntime) -> None:
    task = runtime.spawn(hub.run, name="inside")
    hub.run()
    with pytest.raises(RuntimeError, match="inside the simulation"):
        task.result()


def test_an_interrupt_in_a_task_reaches_whoever_runs_the_hub(hub: Hub, runtime: SimRuntime) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    runtime.spawn(interrupted, name="interrupted")
    with pytest.raises(KeyboardInterrupt):
        hub.run()


def test_closing_a_hub_ends_what_waits_and_its_cleaning_up_cannot_wait(hub: Hub, runtime: SimRuntime) -> None:
    seen: list[str] = []

    def work() -> None:
        try:
            runtime.event().wait()
        finally:
            seen.append("finally")
            runtime.sleep(1)
            seen.append("not reached")

    task = runtime.spawn(work, name="work")
    hub.run()
    hub.close()
    assert seen == ["finally"]
    assert task.ended
    assert not hub.live
