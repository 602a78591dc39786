"""Did a run end well? By the scenario's own `without_faults`, else by what its user would call well.

Rules of this file: a judgement is made from the recorded events alone. Without expectations of its own a run
is good when every provider cloud is Running, no migration is in Error and no error message stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxsim.sim.diagnosis.told import ERROR, RUNNING, last_statuses, standing_errors
from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.figures import RunFigures
from cxsim.sim.scenario import Scenario, evaluate


@dataclass(frozen=True)
class Judgement:
    """How a run ended. `states`: last statuses, in one line; `text`: the same with the expectations that it
    is judged by; `unmet`: those that were not met, as written."""

    good: bool
    states: str
    text: str
    unmet: tuple[str, ...] = ()


def judge(
    scenario: Scenario,
    events: Sequence[LoggedEvent],
    end_us: int,
    figures: RunFigures,
    problems: Sequence[str],
) -> Judgement:
    """Judge a run that should end well. `problems`: steps that could not be taken."""
    clouds, vms = last_statuses(events)
    states = [f"{name} {status}" for name, status in (*clouds.items(), *vms.items())]
    outcomes = evaluate(scenario.without_faults, events, end_us, scenario, figures)
    unmet = tuple(f"{outcome.place}: {outcome.text}" for outcome in outcomes if not outcome.met)
    good = all(s == RUNNING for s in clouds.values()) and ERROR not in vms.values()
    good = good and not standing_errors(events)
    parts = [*states]
    if outcomes:
        parts.append(f"{len(outcomes) - len(unmet)}/{len(outcomes)} expectations met")
        good = not unmet and not problems
    if problems:
        parts.append("not all steps could be taken")
    nothing = "no provider cloud was added"
    return Judgement(good, ", ".join(states) or nothing, ", ".join(parts) or nothing, unmet)
