"""The clock and the queue: instants, order, cancelled call-backs, the end of a run."""

from __future__ import annotations

from typing import Any

import pytest

from cxsim.sim.kernel import Hub

START_S = 1509958800.0


def test_the_hub_starts_at_its_start_and_sleeping_moves_it(hub: Hub) -> None:
    host = hub.add_host("a")
    seen = []

    def work() -> None:
        seen.append((hub.now_s, hub.elapsed_us))
        host.sleep(2.5)
        seen.append((hub.now_s, hub.elapsed_us))

    hub.spawn(host, work)
    hub.run()
    assert seen == [(START_S, 0), (START_S + 2.5, 2_500_000)]


def test_call_backs_at_one_instant_come_in_the_order_of_their_making(hub: Hub) -> None:
    order: list[int] = []
    for number in range(5):
        hub.call_at(START_S + 10, lambda number=number: order.append(number))
    hub.run()
    assert order == [0, 1, 2, 3, 4]


def test_call_at_is_rounded_to_the_microsecond(hub: Hub) -> None:
    hub.call_at(START_S + 60.0, lambda: hub.record("-", "fault", {}))
    hub.run()
    assert hub.env.now == 60.0
    assert hub.events.events[0].t_us == 60_000_000


def test_call_at_ties_exactly_from_wherever_it_is_asked(hub: Hub) -> None:
    called: list[float] = []
    for asked_at_s in (0.0, 0.1, 0.7, 1.3, 28799.123456, 28799.9):
        hub.call_in(
            asked_at_s,
            lambda: hub.call_at(START_S + 28800.000001, lambda: called.append(float(hub.env.now))),
        )
    hub.run()
    assert called == [28800.000001] * 6


def test_call_at_an_instant_that_has_passed_calls_at_once(hub: Hub) -> None:
    seen: list[float] = []
    hub.call_in(5, lambda: hub.call_at(START_S + 1, lambda: seen.append(hub.now_s)))
    hub.run()
    assert seen == [START_S + 5]


def test_a_cancelled_call_back_does_not_even_move_the_clock(hub: Hub) -> None:
    called: list[int] = []
    late = hub.call_in(1000, lambda: called.append(1))
    hub.call_in(3, late.cancel)
    hub.run()
    late.cancel()
    assert called == []
    assert hub.env.now == 3


def test_thousands_of_cancelled_call_backs_are_dropped_from_the_queue(hub: Hub) -> None:
    for _ in range(20_000):
        hub.call_in(1000, lambda: None).cancel()
    assert len(hub.env._queue) < 10_000


def test_run_until_stops_before_what_happens_at_that_instant(hub: Hub) -> None:
    called: list[float] = []
    for delay_s in (1.0, 2.0, 3.0):
        hub.call_in(delay_s, lambda: called.append(hub.env.now))
    hub.run(START_S + 2)
    assert (called, hub.now_s) == ([1.0], START_S + 2)
    hub.run(START_S + 10)
    assert (called, hub.now_s) == ([1.0, 2.0, 3.0], START_S + 10)


def test_ordinary_simpy_processes_run_on_the_same_clock(hub: Hub) -> None:
    seen = []

    def process() -> Any:
        yield hub.env.timeout(4)
        seen.append(hub.now_s)

    hub.env.process(process())
    hub.run()
    assert seen == [START_S + 4]


def test_what_a_call_back_raises_comes_out_of_run(hub: Hub) -> None:
    def broken() -> None:
        raise KeyError("a bug in the simulator")

    hub.call_in(1, broken)
    with pytest.raises(KeyError, match="a bug in the simulator"):
        hub.run()


def test_a_skewed_host_reads_another_time(hub: Hub) -> None:
    slow = hub.add_host("slow", clock_skew_s=-3600)
    assert slow.now() == START_S - 3600
    assert hub.runtime(slow).now() == START_S - 3600
    assert hub.now_s == START_S


def test_a_host_name_is_taken_once(hub: Hub) -> None:
    hub.add_host("a")
    with pytest.raises(ValueError, match="'a'"):
        hub.add_host("a")
