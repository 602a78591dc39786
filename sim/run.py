"""One scenario from its file to its result.

Rules of this file: build the world, switch the faults, let the driver take its steps, judge. A run ends when
the last step has been taken; what goes on in the background then is cut off. The wall clock is read for the
report only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from cxsim.sim.driver import Driver
from cxsim.sim.eventlog import EventLog, LoggedEvent
from cxsim.sim.faults import FaultSchedule
from cxsim.sim.figures import RunFigures, assumptions_of, rpo_lines
from cxsim.sim.kernel import hooks, tripwire, watchdog
from cxsim.sim.result import Check, Exit, RunResult
from cxsim.sim.scenario import Outcome, Scenario, Watch, evaluate
from cxsim.sim.story import Storyteller
from cxsim.sim.world.causes import causes_of
from cxsim.sim.world.world import World

PINNED = ("flask", "werkzeug", "requests", "urllib3", "lxml", "pyvmomi", "simpy", "numpy", "cryptography")
"""Packages whose version can change the bytes of an event log."""


def pins() -> dict[str, str]:
    """Versions of the packages that can change the events."""
    return {name: version(name) for name in PINNED}


def run_scenario(
    scenario: Scenario,
    log_path: Path | None = None,
    without_faults: bool = False,
    on_line: Callable[[str], None] | None = None,
) -> RunResult:
    """Run a scenario. `without_faults`: leave its faults out and judge it by its `without_faults`; its
    `expect` must then not be met. `on_line` sees the story as it happens. Raises OSError when the log cannot
    be written."""
    started = time.perf_counter()
    if without_faults:
        scenario = scenario.model_copy(update={"faults": ()})
    log = EventLog()
    teller, story = Storyteller(scenario.start_s), list[str]()

    def tell(event: LoggedEvent) -> None:
        line = teller.tell(event)
        if line is not None:
            story.append(line)
            if on_line is not None:
                on_line(line)

    log.listeners.append(tell)
    with hooks.installed(), tripwire.installed():
        world = World(scenario, scenario.seed, log)
        with world.hub, watchdog.watching(world.hub):
            watch = Watch(log)
            schedule = FaultSchedule(world.hub, world, scenario, watch)
            problems = take_steps(world, scenario, watch)
            end_us = world.hub.elapsed_us
            report, settings = world.plane.report(), world.plane.settings
            faults = schedule.finish()
            causes = causes_of(world)
    figures = RunFigures(report, scenario.start_s)
    judged = scenario.without_faults if without_faults else scenario.expect
    outcomes = evaluate(judged, log.events, end_us, scenario, figures)
    if without_faults:
        as_with_faults = evaluate(scenario.expect, log.events, end_us, scenario, figures)
        if all(outcome.met for outcome in as_with_faults):
            problems.append("every `expect` is met without the faults too: the scenario does not need them")
    checks = tuple(_check(outcome) for outcome in outcomes)
    gaps = tuple(dict.fromkeys(gap_text(event) for event in log.of("gap")))
    problems += [f"{f.place}: fault '{f.name}' never met a packet" for f in faults if not f.met]
    if log_path is not None:
        write_log(log_path, log, scenario)
    met = all(check.met for check in checks) and not problems
    code = Exit.EMULATOR_GAP if gaps else Exit.MET if met else Exit.NOT_MET
    known_issue = scenario.expect_fail.issue if scenario.expect_fail and not without_faults else None
    if known_issue is not None and code is not Exit.EMULATOR_GAP:
        code = Exit.NOT_MET if met else Exit.MET
    return RunResult(
        scenario=scenario.name,
        title=scenario.title,
        path=scenario.file,
        seed=scenario.seed,
        tags=scenario.tags,
        exit=code,
        checks=checks,
        story=tuple(story),
        causes=tuple(causes),
        rpo=(lines := rpo_lines(report, scenario.start_s)),
        faults=faults,
        gaps=gaps,
        problems=tuple(problems),
        expected_failure=known_issue,
        virtual_s=end_us / 1e6,
        wall_s=time.perf_counter() - started,
        events=len(log.events),
        pins=pins(),
        replication=assumptions_of(settings) if lines else (),
    )


def take_steps(world: World, scenario: Scenario, watch: Watch) -> list[str]:
    """Run until the driver has taken its steps; why it could not, and what broke meanwhile."""
    runtime = world.hub.runtime(world.core_host)
    driver = Driver(scenario, world.appliance, runtime, watch)
    task = world.hub.spawn(world.core_host, driver.run, name="administrator")
    world.hub.run_until(task)
    stopped = [] if task.error is not None else [reason for reason in (task.result(),) if reason]
    broken = [f"{e.host}: {e.fields['task']}: {e.fields['error']}" for e in world.log.of("trouble")]
    return stopped + broken


def write_log(path: Path, log: EventLog, scenario: Scenario) -> None:
    """Write the events with their header (docs/events.md). Raises OSError."""
    header = {
        "cxsim": version("cxsim"),
        "scenario": scenario.name,
        "seed": scenario.seed,
        "start": scenario.start.isoformat(),
        "pins": pins(),
    }
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        log.write(stream, header)


def _check(outcome: Outcome) -> Check:
    return Check(outcome.text, str(outcome.place), outcome.met, "" if outcome.met else outcome.detail())


def gap_text(event: LoggedEvent) -> str:
    """A `gap` event in words."""
    return f"{event.fields['product']} ({event.host}) does not implement {event.fields['operation']}"
