"""How far a command has come: silent for two seconds, then with what is left."""

from __future__ import annotations

import io

from rich.console import Console

from cxsim.sim.plan.progress import Meter, Stages
from cxsim.sim.plan.runs import Progress


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


def _staged() -> tuple[Stages, _Clock, io.StringIO]:
    meter, clock, stream = _meter(force_terminal=False)
    return Stages(meter, clock), clock, stream


def _ran(done: int, total: int, kept: int = 0) -> Progress:
    share = (done - kept) / (total - kept) if total > kept else 1.0
    return Progress(done, total, kept, share, 0.0, None)


def test_runs_move_the_stage_they_are_of() -> None:
    stages, clock, stream = _staged()
    stages.told(0.2, "draws", 0.6)
    for done in range(1, 5):
        clock.now_s = 20.0 * done
        stages.ran(_ran(done, 4))
    stages.told(0.6, "a search", 1.0, batches=4)
    for _ in range(2):
        clock.now_s += 20.0
        stages.ran(_ran(1, 1))
    assert stream.getvalue().splitlines() == [
        "30 %, draws: 1 of 4 runs, about 47 s left",
        "40 %, draws: 2 of 4 runs, about 1 min left",
        "50 %, draws: 3 of 4 runs, about 1 min left",
        "60 %, draws: 4 of 4 runs, about 53 s left",
        "70 %, a search, about 43 s left",
        "80 %, a search, about 30 s left",
    ]


def test_runs_that_were_kept_promise_nothing() -> None:
    stages, clock, stream = _staged()
    stages.told(0.0, "draws", 0.5)
    for done in range(1, 5):
        stages.ran(_ran(done, 4, done))
    stages.told(0.5, "a search", 1.0, batches=2)
    clock.now_s = 30.0
    stages.ran(_ran(1, 1))
    assert stream.getvalue() == "75 %, a search (4 kept), about 30 s left\n"


def test_runs_of_a_question_that_says_nothing_are_told_as_they_are() -> None:
    stages, clock, stream = _staged()
    stages.told(1.0, "done")
    clock.now_s = 30.0
    stages.ran(Progress(3, 6, 1, 0.4, 30.0, 45.0))
    assert stream.getvalue() == "40 %, 3 of 6 runs, 1 of them kept from before, about 45 s left\n"
