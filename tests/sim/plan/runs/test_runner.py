"""Many runs: kept, resumed, interrupted, and run again when workers die."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plan_fleets import fleet, some_run

from cxsim.sim.plan.runs import Progress, Run, RunFailed, Runner, RunResult
from cxsim.sim.plan.runs.execute import execute
from cxsim.sim.plan.runs.kept import RUNS as RUNS_FORM
from cxsim.sim.plan.runs.kept import Kept
from cxsim.sim.plan.runs.runner import processes

RUNS = [some_run(mbit * 1e6) for mbit in (5, 10, 20, 40)]

BEFORE = replace(RUNS_FORM, code=lambda: "before")


@pytest.fixture(scope="module")
def expected() -> tuple[RunResult, ...]:
    return tuple(map(execute, RUNS))


def test_results_come_in_the_order_of_the_runs_and_equal_runs_are_run_once(
    expected: tuple[RunResult, ...],
) -> None:
    seen: list[Progress] = []
    found = Runner(workers=1, progress=seen.append).run([*RUNS, RUNS[0]])
    assert found == (*expected, expected[0])
    assert seen[-1].done == seen[-1].total == 5
    assert seen[-1].share == 1.0
    assert [one.done for one in seen] == sorted(one.done for one in seen)


def test_what_was_run_is_not_run_again(
    tmp_path: Path, expected: tuple[RunResult, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    Runner(workers=1, folder=tmp_path).run(RUNS[:2])
    ran: list[Run] = []

    def counted(run: Run, seen: object = None) -> RunResult:
        ran.append(run)
        return execute(run)

    monkeypatch.setattr("cxsim.sim.plan.runs.runner.execute", counted)
    seen: list[Progress] = []
    assert Runner(workers=1, folder=tmp_path, progress=seen.append).run(RUNS) == expected
    assert ran == RUNS[2:]
    assert seen[-1].kept == 2


def test_results_of_other_code_are_not_answered(tmp_path: Path, expected: tuple[RunResult, ...]) -> None:
    Kept(tmp_path, BEFORE).put(RUNS[0], expected[1])
    assert Kept(tmp_path, BEFORE).get(RUNS[0]) == expected[1]
    assert Kept(tmp_path, RUNS_FORM).get(RUNS[0]) is None
    assert Runner(workers=1, folder=tmp_path).run(RUNS[:1]) == expected[:1]


@pytest.mark.parametrize("damage", [b"", b"{", b"\x1f\x8b\x08\x00broken"])
def test_a_damaged_file_is_as_none(tmp_path: Path, expected: tuple[RunResult, ...], damage: bytes) -> None:
    Runner(workers=1, folder=tmp_path).run(RUNS[:1])
    (file,) = tmp_path.rglob("*.gz")
    whole = file.read_bytes()
    file.write_bytes(damage or whole[: len(whole) // 2])
    assert Runner(workers=1, folder=tmp_path).run(RUNS[:1]) == expected[:1]
    assert file.read_bytes() == whole


def test_a_worker_killed_in_the_middle_changes_nothing(
    tmp_path: Path, expected: tuple[RunResult, ...]
) -> None:
    killed: list[int] = []

    def kill_one(told: Progress) -> None:
        if not killed:
            killed.append(multiprocessing.active_children()[0].pid or 0)
            os.kill(killed[0], signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    long = [some_run(mbit * 1e6, 40.0) for mbit in (5, 10, 20, 40)]
    pools: list[Executor] = []

    def pool() -> Executor:
        pools.append(processes(2))
        return pools[-1]

    with Runner(2, pool, tmp_path, kill_one) as runner:
        found = runner.run([*RUNS, *long])
    assert killed
    assert len(pools) > 1
    assert found == (*expected, *map(execute, long))
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.skipif(os.name == "nt", reason="no signal masks")
def test_an_interrupt_does_not_reach_a_worker_that_is_still_starting() -> None:
    with processes(1) as pool:
        answer = pool.submit(abs, -3)
        (child,) = multiprocessing.active_children()
        os.kill(child.pid or 0, signal.SIGINT)
        assert answer.result() == 3


class _Dies(Executor):
    """Breaks at one run, every time or the first so many times."""

    def __init__(self, at: Run, lives: list[int]) -> None:
        self._at, self._lives, self._broken = at.digest, lives, False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self._broken or (args[0].digest == self._at and self._lives[0] > 0):
            self._lives[0] -= not self._broken
            self._broken = True
            future.set_exception(BrokenExecutor("died"))
        else:
            future.set_result(fn(*args))
        return future


def test_another_executor_may_break_and_is_made_anew(expected: tuple[RunResult, ...]) -> None:
    lives = [2]
    assert Runner(2, lambda: _Dies(RUNS[1], lives)).run(RUNS) == expected
    assert lives == [0]


def test_a_run_that_no_worker_survives_is_named() -> None:
    with pytest.raises(RunFailed, match=RUNS[1].digest[:12]):
        Runner(2, lambda: _Dies(RUNS[1], [99])).run(RUNS)


def test_threads_do_as_well(expected: tuple[RunResult, ...]) -> None:
    with Runner(2, lambda: ThreadPoolExecutor(2)) as runner:
        assert runner.run(RUNS) == expected


def test_an_interrupt_keeps_what_is_done(tmp_path: Path, expected: tuple[RunResult, ...]) -> None:
    def interrupt(told: Progress) -> None:
        if told.done == 2:
            raise KeyboardInterrupt

    for make in (None, lambda: ThreadPoolExecutor(1)):
        folder = tmp_path / str(make is None)
        with pytest.raises(KeyboardInterrupt), Runner(1, make, folder, interrupt) as runner:
            runner.run(RUNS)
        kept = [Kept(folder, RUNS_FORM).get(run) for run in RUNS]
        assert kept[:2] == list(expected[:2])
        seen: list[Progress] = []
        assert Runner(1, folder=folder, progress=seen.append).run(RUNS) == expected
        assert seen[-1].kept >= 2


def test_what_is_left_is_told() -> None:
    ticks: Iterator[float] = iter(range(0, 1000, 10))
    seen: list[Progress] = []
    Runner(workers=1, progress=seen.append, clock=lambda: float(next(ticks))).run(RUNS[:2])
    halfway = next(one for one in seen if one.done == 1)
    assert 0 < halfway.share < 1
    assert halfway.left_s == pytest.approx(halfway.elapsed_s * (1 - halfway.share) / halfway.share)
    assert seen[-1].left_s == 0


def test_a_run_that_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity_bps"):
        Runner(workers=1).run([Run(fleet(), -1.0, 3600.0)])
    with pytest.raises(ValueError, match="workers"):
        Runner(workers=0)
