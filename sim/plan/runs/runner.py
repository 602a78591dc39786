"""Who runs many simulations: processes here, or any other `concurrent.futures.Executor`.

Rules of this file: results do not depend on where, in which order, or how often work is done. What has a
result already is not done again; equal work is done once. A worker that dies costs the work it had begun: it
is done again, one piece at a time, so that the one that kills workers is found. What is done is kept at once,
so that an interrupt loses only what was under way.

The seam for a cluster: `executor` makes anything with `submit(function, work)`; work and result are plain
values that pickle (a run of 1,000 VMs about 0.7 MB), and a worker needs this package and nothing else - no
shared folder, no state. When the executor raises `BrokenExecutor`, a new one is made. For example, with Dask:
`Runner(workers=64, executor=lambda: Client("scheduler:8786").get_executor())`.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from cxsim.sim.plan.runs.execute import execute
from cxsim.sim.plan.runs.kept import RUNS, Form, Kept
from cxsim.sim.plan.runs.model import Run, RunResult

MOST_DEATHS = 3
"""Work whose workers died so often is given up."""
SYNCS_PER_S = 1.5e6
"""About what one core does; only to decide whether processes are worth starting."""
WORTH_PROCESSES_S = 8.0
"""Starting processes takes about 3 s each."""


class Workers:
    """The processes, or whatever `executor` makes, of one or several `Works`: made when they are first
    needed, and anew after they broke. Raises ValueError for less than one."""

    def __init__(self, count: int | None = None, executor: Callable[[], Executor] | None = None) -> None:
        self.count = count if count is not None else os.cpu_count() or 1
        if self.count < 1:
            raise ValueError(f"workers = {count!r}: must be 1 or more")
        self.elsewhere = executor is not None
        self._make = executor or (lambda: processes(self.count))
        self._executor: Executor | None = None

    def executor(self) -> Executor:
        """To hand work to."""
        if self._executor is None:
            self._executor = self._make()
        return self._executor

    def close(self) -> None:
        """Let them go; what has begun ends."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


class Work(Protocol):
    """Something to be done."""

    @property
    def digest(self) -> str:
        """Of everything that its result depends on, except the code."""

    @property
    def weight(self) -> float:
        """About how long it takes, in any unit: for progress."""


W = TypeVar("W", bound=Work)
R = TypeVar("R")


class RunFailed(RuntimeError):
    """Work that no worker survives."""


@dataclass(frozen=True)
class Progress:
    """How far it has come. `kept`: of `done`, those that were there already."""

    done: int
    total: int
    kept: int
    share: float
    """0..1, of the work that is not kept."""
    elapsed_s: float
    left_s: float | None
    """None: nothing is known yet."""


def _ignore_interrupt() -> None:
    """Ctrl-C is the parent's to handle: what runs ends by itself within seconds, and is kept."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Processes(ProcessPoolExecutor):
    """Starts its processes at the first submit."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with _interrupt_later():
            return super().submit(fn, *args, **kwargs)


@contextmanager
def _interrupt_later() -> Iterator[None]:
    """A process that is started in here is deaf to Ctrl-C from its first instruction: one that still imports
    would end with a traceback. Where a thread has no signal mask (Windows) only `_ignore_interrupt` helps."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it lifts the mask when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processes(workers: int) -> Executor:
    """Worker processes, started the same way on every system."""
    return _Processes(workers, mp_context=get_context("spawn"), initializer=_ignore_interrupt)


@dataclass(frozen=True)
class Kind(Generic[W, R]):
    """Of work. `function`: what does one piece, importable by its name. `form`: how results are kept.
    `weight_per_s`: what one core does, to decide whether processes are worth starting; None: they always
    are."""

    function: Callable[[W], R]
    form: Form[R]
    weight_per_s: float | None = None


class Works(Generic[W, R]):
    """Does work of the kind that a subclass names; a context manager, because it holds worker processes.

    `workers`: how many pieces at once (default: the cores; 1 does them here), or those that other `Works`
    have as well. `executor`: makes what does them elsewhere. `folder`: where results are kept and looked up;
    None: nowhere. `progress`: told after every piece. Raises ValueError for less than one worker."""

    kind: Kind[W, R]

    def __init__(
        self,
        workers: int | Workers | None = None,
        executor: Callable[[], Executor] | None = None,
        folder: Path | None = None,
        progress: Callable[[Progress], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workers = workers if isinstance(workers, Workers) else Workers(workers, executor)
        self._kept = Kept(folder, self.kind.form) if folder is not None else None
        self._progress, self._clock = progress, clock
        self._here_s = 0.0
        """Spent in this process so far on what several could have done."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the workers go."""
        self.workers.close()

    def run(self, runs: Iterable[W]) -> tuple[R, ...]:
        """The results, in the order of the runs. Raises what `each` raises."""
        given = list(runs)
        found = dict(self.each(given))
        return tuple(found[n] for n in range(len(given)))

    def each(self, runs: Iterable[W]) -> Iterator[tuple[int, R]]:
        """(place, result), as they come. Raises ValueError or KeyError for a run that cannot be simulated,
        RunFailed for one that no worker survives, OSError when a result cannot be kept."""
        given = list(runs)
        places: dict[str, list[int]] = {}
        for n, run in enumerate(given):
            places.setdefault(run.digest, []).append(n)
        todo: dict[str, W] = {}
        count = _Count(len(given), self._clock, self._progress)
        for digest, where in places.items():
            run = given[where[0]]
            result = self._kept.get(run) if self._kept else None
            if result is None:
                todo[digest] = run
                count.weight += run.weight
                continue
            count.kept += len(where)
            count.add(len(where), 0.0)
            yield from ((n, result) for n in where)
        for digest, result in self._fresh(todo, count):
            run = given[places[digest][0]]
            if self._kept:
                self._kept.put(run, result)
            count.add(len(places[digest]), run.weight)
            yield from ((n, result) for n in places[digest])

    def _fresh(self, todo: dict[str, W], count: _Count) -> Iterator[tuple[str, R]]:
        if not self.workers.elsewhere and not self._worth_processes(todo.values()):
            for digest, run in todo.items():
                begin_s = self._clock()
                result = self.here(run, count.during)
                if len(todo) > 1:
                    self._here_s += self._clock() - begin_s
                yield digest, result
            return
        deaths: Counter[str] = Counter()
        suspects: dict[str, W] = {}
        while todo or suspects:
            part, most = (suspects, 1) if suspects else (todo, 2 * self.workers.count)
            begun: dict[Future[R], str] = {}
            try:
                yield from self._submitted(part, most, begun)
            except BrokenExecutor:
                self.close()
                for digest in begun.values():
                    if digest in part:
                        deaths[digest] += 1
                        suspects[digest] = part[digest]
                        todo.pop(digest, None)
                killers = [digest for digest in suspects if deaths[digest] >= MOST_DEATHS]
                if killers:
                    raise RunFailed(
                        f"{MOST_DEATHS} worker processes died at one run ({killers[0][:12]}); "
                        "short of memory? try fewer processes, as -j 1"
                    ) from None

    def _worth_processes(self, todo: Collection[W]) -> bool:
        """When there is much to do, or has been: a search asks for a little many times."""
        if self.workers.count < 2 or len(todo) < 2:
            return False
        weight_per_s = self.kind.weight_per_s
        if weight_per_s is None or self._here_s > WORTH_PROCESSES_S / 2:
            return True
        return sum(run.weight for run in todo) / weight_per_s > WORTH_PROCESSES_S

    def here(self, run: W, during: Callable[[float], object]) -> R:
        """Do one piece in this process; `during` may be told of the weight that is done of it."""
        return self.kind.function(run)

    def _submitted(
        self, part: dict[str, W], most: int, begun: dict[Future[R], str]
    ) -> Iterator[tuple[str, R]]:
        """Results of `part`, which loses what is done; never more than `most` are handed out, so that
        little waits in memory."""
        executor = self.workers.executor()
        waiting = deque(part)
        try:
            while waiting or begun:
                while waiting and len(begun) < most:
                    digest = waiting.popleft()
                    future = executor.submit(self.kind.function, part[digest])
                    begun[future] = digest
                done, _ = wait(begun, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=lambda one: one.exception() is not None):
                    result = future.result()
                    digest = begun.pop(future)
                    del part[digest]
                    yield digest, result
        except BrokenExecutor:
            raise
        except BaseException:
            self._keep_what_ends(part, begun)
            raise

    def _keep_what_ends(self, part: dict[str, W], begun: dict[Future[R], str]) -> None:
        """After an interrupt: what has not begun never does, what runs ends and is kept."""
        self.close()
        for future, digest in begun.items():
            ended = future.done() and not future.cancelled() and future.exception() is None
            if ended and self._kept and digest in part:
                self._kept.put(part[digest], future.result())


class Runner(Works[Run, RunResult]):
    """Does runs of the data plane (execute.py); options as for Works."""

    kind = Kind(execute, RUNS, SYNCS_PER_S)

    def here(self, run: Run, during: Callable[[float], object]) -> RunResult:
        return execute(run, lambda at_s: during(run.weight * min(1.0, at_s / run.duration_s)))


class _Count:
    """Counts runs and tells."""

    def __init__(
        self, total: int, clock: Callable[[], float], tell: Callable[[Progress], object] | None
    ) -> None:
        self.total, self._clock, self._tell = total, clock, tell
        self.weight = self._passed = 0.0
        self.kept = self._done = 0
        self._begin_s = clock()

    def add(self, runs: int, weight: float) -> None:
        """So many runs are done."""
        self._done += runs
        self._passed += weight
        self._say(self._passed)

    def during(self, weight: float) -> None:
        """So much of the work that is being done is done."""
        self._say(self._passed + weight)

    def _say(self, passed: float) -> None:
        if self._tell is None:
            return
        elapsed_s = self._clock() - self._begin_s
        share = min(1.0, passed / self.weight) if self.weight else 1.0
        left_s = elapsed_s * (1 - share) / share if share > 0 else None
        self._tell(Progress(self._done, self.total, self.kept, share, elapsed_s, left_s))
