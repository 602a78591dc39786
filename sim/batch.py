"""Several scenarios, one after another or in processes; results come in the order of the scenarios.

Rules of this file: a scenario runs alone (its own hub, network and emulators), so where it runs changes
nothing. `concurrent.futures.Executor` is the seam for other ways to spread runs.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cxsim.sim.result import RunResult
from cxsim.sim.run import run_scenario
from cxsim.sim.scenario import Scenario


@dataclass(frozen=True)
class RunOptions:
    """How to run: `log` receives the events (`many`: the scenario's name goes into the file's name)."""

    log: Path | None = None
    many: bool = False
    without_faults: bool = False


def log_path(options: RunOptions, scenario: Scenario) -> Path | None:
    """Where the events of this scenario go: FILE, or FILE with the name before its suffix."""
    if options.log is None or not options.many:
        return options.log
    return options.log.with_name(f"{options.log.stem}.{scenario.name}{options.log.suffix}")


def run_one(
    scenario: Scenario, options: RunOptions, on_line: Callable[[str], None] | None = None
) -> RunResult:
    """Run one scenario in this process."""
    return run_scenario(
        scenario, log_path=log_path(options, scenario), without_faults=options.without_faults, on_line=on_line
    )


def _ignore_interrupt() -> None:
    """Ctrl-C is the parent's to handle: it stops handing out work and keeps what has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_batch(
    scenarios: list[Scenario],
    options: RunOptions,
    jobs: int,
    on_line: Callable[[str], None] | None = None,
) -> Iterator[RunResult]:
    """Yield a result per scenario, in order. `on_line` (one process only) sees the story as it happens."""
    if jobs == 1 or len(scenarios) == 1:
        for scenario in scenarios:
            yield run_one(scenario, options, on_line)
        return
    pool = ProcessPoolExecutor(min(jobs, len(scenarios)), initializer=_ignore_interrupt)
    try:
        futures = [pool.submit(run_one, scenario, options) for scenario in scenarios]
        for future in futures:
            yield future.result()
    finally:
        # After Ctrl-C: what has not begun never does, what runs ends by itself within seconds.
        pool.shutdown(wait=True, cancel_futures=True)
