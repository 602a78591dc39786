"""seed, deadline and waves: their runs in other processes, kept, interrupted and gone on with."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from plan_by_hand import START, basis, rate, vm

from cxsim.sim.cli import main
from cxsim.sim.plan.answers import Answer
from cxsim.sim.plan.links import parse_link
from cxsim.sim.plan.questions import deadline, seed, waves
from cxsim.sim.plan.questions.deadline import DeadlineQuestion
from cxsim.sim.plan.questions.seed import SeedQuestion
from cxsim.sim.plan.questions.waves import WavesQuestion
from cxsim.sim.plan.runs import Progress
from cxsim.sim.plan.runs.runner import Workers, processes
from cxsim.sim.plan.seeding import Job, JobRunner, Member, Outcome, run_job
from cxsim.sim.plan.seeding.work import OUTCOMES
from cxsim.sim.plan.waves import Calendar, parse_window
from cxsim.sim.replication.churn import bursty
from cxsim.sim.replication.fleet import FleetVm
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk

LINK = parse_link("40 Mbit/s, 10 Mbit/s 9:00-17:00")
PLAN = basis(
    [vm(name, 20 + 5 * n) for n, name in enumerate("abcd")],
    {name: replace(rate(name, 4e4, (0.5, 2.0), bursts=True), made_up="bursts") for name in "abcd"},
)
WINDOWS = Calendar((parse_window("22:00-23:00"),))
Ask = Callable[[JobRunner | None], Answer]
QUESTIONS: dict[str, Ask] = {
    "seed": lambda jobs: seed.answer(PLAN, SeedQuestion(LINK, 3600.0, within_s=4 * 3600.0), jobs),
    "deadline": lambda jobs: deadline.answer(
        PLAN, DeadlineQuestion(LINK, 3600.0, datetime(2017, 11, 7, 8, 0), draws=5), jobs
    ),
    "waves": lambda jobs: waves.answer(
        PLAN, WavesQuestion(LINK, 14400.0, calendar=WINDOWS, by=START + timedelta(days=9)), jobs
    ),
}
EACH = pytest.mark.parametrize("name", QUESTIONS)


@pytest.fixture(scope="module")
def expected() -> dict[str, Answer]:
    """Of every question, asked in this process, with nothing kept."""
    return {name: ask(None) for name, ask in QUESTIONS.items()}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Digests of the jobs that were run in this process."""
    digests: list[str] = []

    def counted(self: JobRunner, job: Job, during: object) -> Outcome:
        digests.append(job.digest)
        return run_job(job)

    monkeypatch.setattr(JobRunner, "here", counted)
    return digests


class _Counting(Executor):
    """Worker processes, and what was handed to them."""

    def __init__(self, handed: list[str]) -> None:
        self._real, self._handed = processes(2), handed

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._handed.append(args[0].digest)
        return self._real.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._real.shutdown(wait, cancel_futures=cancel_futures)


@pytest.fixture(scope="module")
def handed() -> list[str]:
    """Digests of the jobs that were handed to other processes."""
    return []


@pytest.fixture(scope="module")
def two(handed: list[str]) -> Iterator[Workers]:
    """Two processes that everything is handed to, however little it is."""
    workers = Workers(2, lambda: _Counting(handed))
    yield workers
    workers.close()


@EACH
def test_two_processes_answer_the_same_and_a_second_time_nothing_is_run(
    name: str,
    expected: dict[str, Answer],
    two: Workers,
    handed: list[str],
    ran: list[str],
    tmp_path: Path,
) -> None:
    handed.clear()
    assert QUESTIONS[name](JobRunner(two, folder=tmp_path)) == expected[name]
    assert handed
    assert max(Counter(handed).values()) == 1
    handed.clear()
    assert QUESTIONS[name](JobRunner(two, folder=tmp_path)) == expected[name]
    assert QUESTIONS[name](JobRunner(1, folder=tmp_path)) == expected[name]
    assert (handed, ran) == ([], [])


def test_a_killed_worker_costs_only_what_it_had_begun(
    expected: dict[str, Answer], two: Workers, handed: list[str], tmp_path: Path
) -> None:
    handed.clear()
    killed: list[int] = []

    def kill_one(told: Progress) -> None:
        if not killed and told.done >= 2 and told.total > 4:
            killed.append(multiprocessing.active_children()[0].pid or 0)
            os.kill(killed[0], signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    found = QUESTIONS["deadline"](JobRunner(two, folder=tmp_path, progress=kill_one))
    assert killed
    assert found == expected["deadline"]
    again = [digest for digest, times in Counter(handed).items() if times > 1]
    assert len(again) <= 4  # 2 processes, each with one that runs and one that waits
    assert not list(tmp_path.rglob("*.part"))


@EACH
def test_after_an_interrupt_it_goes_on_where_it_was(
    name: str, expected: dict[str, Answer], ran: list[str], tmp_path: Path
) -> None:
    QUESTIONS[name](JobRunner(1, folder=tmp_path / "whole"))
    whole = list(ran)
    done = len(whole) // 2
    assert done
    ran.clear()

    def interrupt(told: Progress) -> None:
        if len(ran) == done and told.done > told.kept:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        QUESTIONS[name](JobRunner(1, folder=tmp_path / "part", progress=interrupt))
    assert ran == whole[:done]
    ran.clear()
    assert QUESTIONS[name](JobRunner(1, folder=tmp_path / "part")) == expected[name]
    assert ran == whole[done:]


COMMANDS = {
    "seed": ["--within", "3 h"],
    "deadline": ["--by", "2017-11-07", "--draws", "3"],
    "waves": ["--window", "22:00-23:00"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_and_the_same_command_again(
    name: str, ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "vms.csv"
    table.write_text("vm,power,size_GB,used_GB\na,on,60,45\nb,on,60,30\nc,on,60,9\n", encoding="utf-8")
    words = ["plan", name, str(table), "--for", "migration", "--link", "100 Mbit/s up", *COMMANDS[name]]
    words += ["--start", "2017-11-06 09:00", "--default-rate", "10 GB/d", "-j", "1", "--json"]

    def ask(folder: str) -> Any:
        monkeypatch.setattr("cxsim.sim.plan.asking.results_folder", lambda: tmp_path / folder)
        return CliRunner().invoke(main, words)

    first = ask("whole")
    assert first.exit_code == 0, first.output
    whole = list(ran)
    ran.clear()
    with monkeypatch.context() as patch:

        def interrupted(self: JobRunner, job: Job, during: object) -> Outcome:
            if len(ran) == len(whole) // 2:
                raise KeyboardInterrupt
            ran.append(job.digest)
            return run_job(job)

        patch.setattr(JobRunner, "here", interrupted)
        stopped = ask("part")
    assert stopped.exit_code == 130
    assert f"interrupted: runs that were done are kept; to go on: cxsim plan {name} " in stopped.stderr
    assert stopped.stdout == ""
    again = ask("part")
    assert again.stdout == first.stdout
    assert len(whole) > 2
    assert ran == whole


def _jobs() -> list[Job]:
    vms = [FleetVm(f"v{n}", (Disk(2000, 9e9, 9e9, bursty(1e5, n)),), 3600.0, host="esx1") for n in range(3)]
    members = tuple(Member(one, 600.0 * n, 40 * 3600.0, f"u{n // 2}") for n, one in enumerate(vms))
    plain = Job(members, LINK, 0.0)
    beside = Member(FleetVm("w", (Disk(2000, 9e9, 0.0, Constant(1e6)),), 900.0), -86400.0)
    return [
        plain,
        replace(
            plain, samples=20, hold_s=86400.0, members=tuple(replace(m, cutover_s=None) for m in members)
        ),
        replace(plain, members=(*members, beside), samples=10),
        replace(plain, give_up_s=60.0),
    ]


@pytest.mark.parametrize("job", _jobs())
def test_a_kept_outcome_is_the_one_that_was_computed(job: Job) -> None:
    outcome = run_job(job)
    assert OUTCOMES.from_plain(json.loads(json.dumps(OUTCOMES.to_plain(outcome)))) == outcome


def test_the_digest_is_of_everything_that_the_outcome_depends_on() -> None:
    job = _jobs()[0]
    first = job.members[0]
    other_disk = replace(first.vm.disks[0], workload=bursty(1e5, 99))
    others = [
        *(replace(job, **{name: value}) for name, value in (
            ("week_s", 3600.0), ("limits", {"host": 1}), ("measured_bps", 3e7), ("give_up_s", 1e5),
            ("hold_s", 1.0), ("samples", 5), ("sync_ahead_s", 60.0), ("cutovers_at_once", 1),
            ("settings", Settings(link_efficiency=1.0)), ("members", job.members[1:]),
        )),
        *(replace(job, link=parse_link(text)) for text in (
            "40 Mbit/s, 10 Mbit/s 9:00-18:00", "40 Mbit/s, 11 Mbit/s 9:00-17:00", "40 Mbit/s",
            "40 Mbit/s, 10 Mbit/s 9:00-17:00, 5 % shared", "40 Mbit/s, 10 Mbit/s 9:00-17:00 Mon-Fri",
        )),
        *(replace(job, members=(replace(first, **{name: value}), *job.members[1:])) for name, value in (
            ("start_s", 1.0), ("cutover_s", None), ("unit", "other"), ("powered_on", False),
            ("vm", replace(first.vm, rpo_s=900.0)), ("vm", replace(first.vm, disks=(other_disk,))),
            ("vm", replace(first.vm, cap_bps=1e6)), ("vm", replace(first.vm, host="esx2")),
        )),
    ]  # fmt: skip
    assert len({one.digest for one in (job, *others)}) == 1 + len(others)
    assert _jobs()[0].digest == job.digest
    assert replace(job, link=replace(LINK, text="the same, told otherwise")).digest == job.digest
