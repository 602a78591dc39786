"""Runs a plan with the core in a process of its own, kills the core at chosen points, and judges the end.

Rules of this file: the undisturbed run goes through once to list its points, then again; at each chosen
point it forks: the child lets the core die there, restarts it on a copy of the journal and runs to the end,
the parent goes on to the next point. So a case costs only what comes after its point, and every case has the
same past (the run is deterministic). POSIX only. A child never returns to its caller's code.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cxsim.core.journal import SqliteJournal
from cxsim.sim.crash.plans import Plan, environment_of, form
from cxsim.sim.crash.points import JournalPoints, Point, chosen, watch_calls
from cxsim.sim.crash.safety import Safety
from cxsim.sim.crash.user import Memory, User
from cxsim.sim.kernel import Process, hooks
from cxsim.sim.world.world import World

LIMIT_S = 12 * 3600.0
"""Virtual time after which a run is given up."""
SETTLE_S, MOST_SETTLE_S = 400.0, 2400.0
"""Virtual time after the last VM is Completed, and after other trouble has ended, for which a run goes on;
and in which loose ends must be tied up after trouble."""
LOOK_S = 100.0
"""Between two looks for loose ends."""
RESTART_S = 5.0
"""From a crash to the new process."""
MOST_WALL_S = 60


@dataclass(frozen=True)
class Case:
    """A crash, and what else goes wrong with it. `trouble` is given the world as the core dies; it is over
    `trouble_s` of virtual time after that. `seed`: what it was drawn by."""

    point: int
    sockets: str = "reset"
    trouble: Callable[[World], None] | None = None
    name: str = ""
    trouble_s: float = 0.0
    seed: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What came of a case."""

    case: str
    problems: tuple[str, ...]
    seed: int | None = None


def _tell_nobody(verdict: Verdict) -> None:
    """Nobody listens."""


@dataclass
class Run:
    """One run of a plan. `cases`: by the number of the point at which they begin. `told` hears of every
    verdict as it comes."""

    plan: Plan
    directory: Path
    seed: int = 1
    cases: Mapping[int, Sequence[Case]] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    told: Callable[[Verdict], None] = _tell_nobody
    _trouble_ends_s: float | None = None
    """By the core's clock; None: there is none."""
    _pipe: int | None = None
    """In a child: where its verdict goes."""

    def go(self) -> list[str]:
        """Run to the end; what did not hold in this run itself. In a child it does not return."""
        try:
            with hooks.installed():
                problems = self._go()
        except BaseException:
            if self._pipe is None:
                raise
            problems = [traceback.format_exc()]
        if self._pipe is not None:
            os.write(self._pipe, json.dumps(problems).encode()[:60_000])
            os._exit(0)
        return problems

    def _go(self) -> list[str]:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._file = self.directory / "journal"
        self._world = World(environment_of(self.plan), self.seed)
        self._world.core_config = replace(self._world.core_config, vcenter_task_poll_s=2.0)
        self._safety = Safety(self._world, self.plan)
        self._memory, self._generation, self._finished = Memory(), 0, False
        hosts = [h for h in self._world.hosts if h != self._world.core_host.name]
        watch_calls(self._world.hub, lambda: self._process, self._at_call, hosts)
        with self._world.hub as hub:
            self._start(carry_on=False)
            conductor = hub.spawn(self._world.core_host, self._conduct, name="conductor")
            hub.run_until(conductor)
            rows = {row.vm: row for row in self._world.appliance.workloads()}
            statuses = [(row.vm, row.text, row.reason) for row in rows.values()]
            if not statuses or any(row.status != "Completed" for row in rows.values()):
                clouds = self._world.appliance.clouds()
                told = [e.fields["text"] for e in self._world.log.of("message")][-3:]
                self._safety.problem(f"not completed: {statuses}, {clouds}, {told}, {self._memory}")
            for orphan in self._memory.orphans:
                self._safety.problem(f"left behind: {orphan}")
            return self._safety.finish(self._journal.decisions())

    def _conduct(self) -> None:
        host, limit_s = self._world.core_host, self._world.core_host.now() + LIMIT_S
        while not self._finished and host.now() < limit_s:
            host.sleep(30)
        host.sleep(SETTLE_S)
        if self._trouble_ends_s is None:
            return
        host.sleep(max(0.0, self._trouble_ends_s + SETTLE_S - host.now()))
        limit_s = host.now() + MOST_SETTLE_S
        while self._safety.left() and host.now() < limit_s:
            host.sleep(LOOK_S)

    def _start(self, carry_on: bool) -> None:
        world = self._world
        self._generation += 1
        self._process = Process(world.core_host, f"core {self._generation}")
        self._journal = SqliteJournal(self._file, durable=False)
        watched = JournalPoints(self._journal, world.hub, self._at_write)
        appliance = world.start_core(self._process, watched)
        runtime = world.hub.runtime(world.core_host, self._process)

        def work() -> None:
            if carry_on:
                password = form(world.environment).password
                appliance.carry_on(lambda cloud, user: password)
            User(world, self.plan, appliance, runtime, self._memory).run()
            self._finished = True

        world.hub.spawn(world.core_host, work, name="administrator", process=self._process)

    # --- dying

    def _at_write(self, when: str, what: str) -> None:
        if not self._reach(when, what):
            # The greenlet is left where it is: its `finally` blocks do not run, as in a crash.
            self._world.hub.scheduler.switch()

    def _at_call(self, when: str, what: str) -> bool:
        return self._reach(when, what)

    def _reach(self, when: str, what: str) -> bool:
        """A point is reached; False: the core has died here."""
        if self._generation > 1 or self._process.dead:
            return not self._process.dead
        number = len(self.points)
        self.points.append(Point(when, what, self._state()))
        for case in self.cases.get(number, ()):
            if self._fork(case):
                self._die(case)
                return False
        return True

    def _state(self) -> str:
        appliance = self._world.appliance
        clouds = ", ".join(cloud.status for cloud in appliance.clouds()) or "no cloud"
        return "; ".join([clouds, *(row.status for row in appliance.workloads())])

    def _fork(self, case: Case) -> bool:
        """True in the child. The parent waits for its verdict."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            gc.disable()  # collecting would copy the parent's pages
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, MOST_WALL_S)
            self._pipe = writing
            return True
        os.close(writing)
        answer = bytearray()
        while part := os.read(reading, 65_536):
            answer += part
        os.close(reading)
        os.waitpid(child, 0)
        problems = json.loads(answer) if answer else ["the child ended without a verdict"]
        verdict = Verdict(f"{case.name}{self.points[case.point]}", tuple(problems), case.seed)
        self.verdicts.append(verdict)
        self.told(verdict)
        return False

    def _die(self, case: Case) -> None:
        self._process.crash(case.sockets)
        copy = self.directory / f"journal-{os.getpid()}"
        for suffix in ("", "-wal"):
            if Path(f"{self._file}{suffix}").exists():
                shutil.copyfile(f"{self._file}{suffix}", f"{copy}{suffix}")
        self._file = copy
        if case.trouble is not None:
            self._trouble_ends_s = self._world.core_host.now() + case.trouble_s
            case.trouble(self._world)
        self._world.hub.call_in(RESTART_S, lambda: self._start(carry_on=True))


def every_crash(plan: Plan, directory: Path, seed: int = 1) -> Run:
    """Crash at every distinct point of a plan; of repeated ones at the first, the second and the last."""
    return crashes(plan, directory, lambda points: {n: (Case(n),) for n in chosen(points)}, seed)


def crashes(
    plan: Plan,
    directory: Path,
    choose: Callable[[Sequence[Point]], Mapping[int, Sequence[Case]]],
    seed: int = 1,
    told: Callable[[Verdict], None] = _tell_nobody,
) -> Run:
    """Run a plan with the cases that are chosen of its points; `told` hears of each verdict. Raises
    AssertionError when the plan fails without a crash, or is not the same twice."""
    listing = Run(plan, directory / "listing", seed)
    problems = listing.go()
    if problems:
        raise AssertionError(f"{plan.name} does not even work without a crash: {problems}")
    run = Run(plan, directory / "run", seed, choose(listing.points), told=told)
    run.go()
    if run.points != listing.points:
        raise AssertionError("the run is not deterministic: its points differ from the listing's")
    return run
