"""How far a command has come: silent for two seconds, then with what is left."""

from __future__ import annotations

import io

from rich.console import Console

from cxsim.sim.plan.progress import Meter


class _Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def _meter(**console: object) -> tuple[Meter, _Clock, io.StringIO]:
    clock, stream = _Clock(), io.StringIO()
    return Meter(Console(file=stream, width=100, **console), clock), clock, stream  # type: ignore[arg-type]


def test_what_is_quick_says_nothing() -> None:
    meter, clock, stream = _meter()
    with meter:
        clock.now_s = 1.9
        meter.tell(0.9, "runs")
    assert stream.getvalue() == ""


def test_a_log_gets_a_line_now_and_then() -> None:
    meter, clock, stream = _meter()
    with meter:
        for second in range(41):
            clock.now_s = float(second)
            meter.tell(second / 40, "8 of 20 runs")
    lines = stream.getvalue().splitlines()
    assert lines == [
        "5 %, 8 of 20 runs, about 38 s left",
        "42 %, 8 of 20 runs, about 23 s left",
        "80 %, 8 of 20 runs, about 8 s left",
    ]


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    meter, clock, stream = _meter(force_terminal=True)
    with meter:
        clock.now_s = 3.0
        meter.tell(0.5, "8 of 20 runs", 60.0)
    text = stream.getvalue()
    assert "8 of 20 runs" in text
    assert "about 1 min left" in text


def test_time_left_is_of_the_part_that_is_under_way() -> None:
    meter, clock, stream = _meter()
    with meter:
        clock.now_s = 1.0
        meter.tell(1.0, "first")
        clock.now_s = 100.0
        meter.tell(0.1, "second")
        clock.now_s = 120.0
        meter.tell(0.5, "second")
    assert "50 %, second, about 20 s left" in stream.getvalue()
