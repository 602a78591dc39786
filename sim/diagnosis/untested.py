"""What a failing run leaves unproved: phases that it never reached, flows that nobody tried.

Rules of this file: from recorded events. A flow is tried when a call arrived at its target, a connect of it
failed, or a replication needed it. When the re-run got further, what it tried says what the failing run left
out; without one, every required flow of the phases that were not reached counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cxsim.sim.diagnosis.observation import Observation
from cxsim.sim.diagnosis.repairs import FlowId, flow_id
from cxsim.sim.diagnosis.told import RUNNING
from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.explain import FlowVerdict, Phase, Role
from cxsim.sim.replication.legs import TO_DESTINATION, TO_REPLICATOR, TO_TARGET
from cxsim.sim.scenario import Scenario

CONNECTED = "Connected successfully!"
PHASES = (Phase.TEST, Phase.ENABLE, Phase.DATA, Phase.CUTOVER)
"""In the order in which a user meets them."""

WANTED_BY = {
    Phase.TEST: ("test_cloud", "add_cloud"),
    Phase.ENABLE: ("add_cloud", "edit_cloud"),
    Phase.DATA: ("migrate",),
    Phase.CUTOVER: ("cutover",),
}
"""Kinds of step that ask for a phase."""


@dataclass(frozen=True)
class Untested:
    """`phases`: asked for by the steps and not completed; `not_asked`: no step asks for them; `flows`: lines,
    one a flow that was not tried; `steps`: steps that were never taken."""

    phases: tuple[Phase, ...]
    not_asked: tuple[Phase, ...]
    flows: tuple[str, ...]
    steps: tuple[str, ...]


def untested(scenario: Scenario, run: Observation, rerun: Observation | None) -> Untested:
    """What a run left unproved."""
    done = set(completed(run.events))
    kinds = {step.kind for step in scenario.steps}
    asked = [phase for phase in PHASES if kinds & set(WANTED_BY[phase])]
    verdicts = run.moments[0].verdicts
    tried = set(tried_flows(verdicts, run.events))
    if rerun is not None:
        left = dict.fromkeys(tried_flows(rerun.moments[0].verdicts, rerun.events), "")
        how = "tried in the re-run only"
    else:
        late = set(PHASES) - done
        left = {flow_id(v): "" for v in verdicts if v.row.phase in late and v.row.required}
        how = "never tried"
    flows = tuple(
        f"row {v.row.row:<2} {v.flow}: {how}"
        for v in verdicts
        if flow_id(v) in left and flow_id(v) not in tried
    )
    taken = sum(event.event == "step" for event in run.events)
    return Untested(
        tuple(phase for phase in asked if phase not in done),
        tuple(phase for phase in PHASES if phase not in asked),
        flows,
        tuple(f"{step.place}: {step.text}" for step in scenario.steps[taken:]),
    )


def completed(events: Sequence[LoggedEvent]) -> Iterator[Phase]:
    """The phases that a run completed at some moment."""
    for event in events:
        fields = event.fields
        if event.event == "message" and fields["text"] == CONNECTED:
            yield Phase.TEST
        elif event.event == "cloud":
            yield Phase.TEST
            if fields["status"] == RUNNING:
                yield Phase.ENABLE
        elif event.event == "instance" or (event.event == "workload" and (fields["percent"] or 0) > 0):
            yield Phase.DATA
        elif event.event == "workload" and fields["status"] == "Completed":
            yield Phase.CUTOVER


DATA_LEGS = (
    ("tenant", Role.ESXI, Role.REPLICATOR, 44045),
    ("tenant", Role.REPLICATOR, Role.REPLICATOR, 44045),
    ("provider", Role.REPLICATOR, Role.ESXI, 902),
    ("provider", Role.REPLICATOR, Role.ESXI, 80),
)
"""The connections of a replication, in the order in which it opens them (cx.md 1.2 rows 14, 6, 13)."""


def tried_flows(verdicts: Sequence[FlowVerdict], events: Sequence[LoggedEvent]) -> Iterator[FlowId]:
    """The flows that a run tried, whatever came of it."""
    calls = {(e.fields["src"], e.fields["dst"], e.fields["port"]) for e in events if e.event == "call"}
    failed = {(e.fields["src"], e.fields["dst"], e.fields["port"]) for e in events if e.event == "connect"}
    data = _legs_tried(events)
    for verdict in verdicts:
        row, source = verdict.row, verdict.source.name
        leg = (verdict.source.party, verdict.source.role, verdict.target.role, row.port)
        if (
            (source, verdict.target.name, row.port) in calls
            or (verdict.stranger is not None and (source, *verdict.stranger) in calls)
            or (source, verdict.asked.host, verdict.asked.port) in failed
            or leg in data
        ):
            yield flow_id(verdict)


def _legs_tried(events: Sequence[LoggedEvent]) -> tuple[tuple[str, Role, Role, int], ...]:
    """Legs are opened one after the other: one that failed was tried, and so were those before it."""
    if any(event.event == "instance" for event in events):
        return DATA_LEGS
    errors = "".join(e.fields["error"] or "" for e in events if e.event == "replication")
    return next((DATA_LEGS[:count] for words, count in _LEGS_UP_TO if words in errors), ())


_LEGS_UP_TO = ((TO_TARGET, 4), (TO_DESTINATION, 2), (TO_REPLICATOR, 1))
