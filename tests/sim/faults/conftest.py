"""Runs of catalogue scenarios: as written, and again with the changes that explain proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from cxsim.sim.eventlog import EventLog
from cxsim.sim.explain import Cause, Endpoint, causes, evaluate
from cxsim.sim.faults import FaultSchedule
from cxsim.sim.figures import RunFigures
from cxsim.sim.kernel import hooks
from cxsim.sim.run import take_steps
from cxsim.sim.scenario import Outcome, Scenario, Watch
from cxsim.sim.scenario import evaluate as judge
from cxsim.sim.world.world import World

URLS = (Endpoint.CLOUD_URL, Endpoint.CX_URL)


@dataclass(frozen=True)
class Ran:
    """A run: what it was expected to be, what broke, what explains its end."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[str, ...]
    unmet_faults: tuple[str, ...]
    causes: tuple[Cause, ...]
    judge: Callable[[Sequence[Any]], tuple[Outcome, ...]]
    """Other expectations of the same run."""

    @property
    def unmet(self) -> list[str]:
        """Everything that is not as expected."""
        return [o.detail() for o in self.outcomes if not o.met] + list(self.problems)


def run(scenario: Scenario, cured: Sequence[Cause] = (), with_faults: bool = True) -> Ran:
    """Run a scenario; with `cured`, make the changes of these causes as soon as all its faults are on."""
    if not with_faults:
        scenario = scenario.model_copy(update={"faults": ()})
    log, on = EventLog(), list[bool]()
    with hooks.installed():
        world = World(scenario, scenario.seed, log)

        def begun() -> None:
            on.append(True)
            if len(on) == len(scenario.faults):
                for cause in cured:
                    _make(cause, world)

        with world.hub:
            watch = Watch(log)
            schedule = FaultSchedule(world.hub, world, scenario, watch, begun)
            problems = take_steps(world, scenario, watch)
            end_us, figures = world.hub.elapsed_us, RunFigures(world.plane.report(), scenario.start_s)
            unmet = tuple(fault.name for fault in schedule.finish() if not fault.met)
            found = causes(evaluate(world.view(), world.network), world.network)
    expected = scenario.without_faults if cured or not with_faults else scenario.expect

    def judged(expectations: Sequence[Any]) -> tuple[Outcome, ...]:
        return tuple(judge(expectations, log.events, end_us, scenario, figures))

    return Ran(judged(expected), tuple(problems), unmet, tuple(found), judged)


def _make(cause: Cause, world: World) -> None:
    for remedy in cause.cure.remedies:
        if remedy.apply is not None:
            remedy.apply(world.network)
        elif remedy.asked is not None and cause.verdicts[0].row.endpoint not in URLS:
            typed = f"{remedy.asked.host}:{remedy.asked.port}"
            world.set_public_endpoint(cause.verdicts[0].target.name, typed, "")


@pytest.fixture(scope="session")
def run_scenario() -> Callable[..., Ran]:
    """`run`."""
    return run
