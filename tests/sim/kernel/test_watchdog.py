"""The watchdog names a task that does not let go of the processor."""

from __future__ import annotations

import io
import threading
import time
from typing import Any

from cxsim.sim.kernel import Hub, watchdog


def hold_the_processor(seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        sum(range(1000))


def test_the_stack_of_a_task_that_holds_on_is_printed_once(hub: Hub) -> None:
    out = io.StringIO()
    host = hub.add_host("chc-ccm01")
    hub.call_in(2, lambda: hub.spawn(host, hold_the_processor, 0.3, name="poll"))
    with watchdog.watching(hub, limit_s=0.1, out=out):
        hub.run()
    text = out.getvalue()
    assert text.count("has held the processor") == 1
    assert "task 'poll' on host chc-ccm01" in text
    assert "virtual time stands still at 2000000 us" in text
    assert "hold_the_processor" in text


def test_a_task_that_lets_go_is_left_alone_and_the_thread_ends(hub: Hub) -> None:
    out = io.StringIO()
    host = hub.add_host("a")

    def work() -> None:
        for _ in range(5):
            hold_the_processor(0.05)
            host.sleep(1)

    hub.spawn(host, work)
    threads = threading.active_count()
    with watchdog.watching(hub, limit_s=0.15, out=out):
        assert threading.active_count() == threads + 1
        hub.run()
    assert threading.active_count() == threads
    assert out.getvalue() == ""


def test_a_scheduler_that_is_idle_is_left_alone(hub: Hub) -> None:
    out = io.StringIO()
    with watchdog.watching(hub, limit_s=0.02, out=out):
        time.sleep(0.08)
    assert out.getvalue() == ""


def test_it_does_not_hide_what_the_run_raises(hub: Hub) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    hub.call_in(1, broken)
    caught: Any = None
    try:
        with watchdog.watching(hub):
            hub.run()
    except ZeroDivisionError as error:
        caught = error
    assert caught is not None
