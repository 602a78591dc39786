"""Diagnoses, traces and differences as JSON (docs/explain.md).

Rules of this file: plain data, field by field as documented; a new field goes after those that are there.
Times are seconds of virtual time since the start of the scenario.
"""

from __future__ import annotations

from typing import Any

from cxsim.sim.diagnosis.diagnosis import Diagnosis, Explained
from cxsim.sim.diagnosis.difference import Difference, Fate
from cxsim.sim.diagnosis.observation import Instant, Moment
from cxsim.sim.diagnosis.tracing import SEEN, Traced
from cxsim.sim.diagnosis.wording import client_saw
from cxsim.sim.explain import FlowVerdict
from cxsim.sim.explain.cause import AFTERWARDS, why
from cxsim.sim.network import Step, Trace

EXPLAIN_VERSION = 1


def of_diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis."""
    subject, seen = diagnosis.subject, diagnosis.observation
    scenario = subject.scenario
    return {
        "explain_version": EXPLAIN_VERSION,
        "subject": subject.name,
        "title": subject.title,
        "path": subject.file,
        "kind": "environment" if scenario is None else "scenario",
        "seed": None if scenario is None else scenario.seed,
        "exit": int(diagnosis.exit),
        "faults": [
            {
                "name": fault.name,
                "place": str(fault.place),
                "changes": [
                    {"t_s": event.t_us / 1e6, "change": event.fields["change"]}
                    for event in seen.events
                    if event.event == "fault" and event.fields["fault"] == fault.name
                ],
            }
            for fault in (scenario.faults if scenario is not None else ())
        ],
        "moments": [_moment(moment) for moment in seen.moments],
        "causes": [_cause(explained) for explained in diagnosis.explained],
        "told": [
            {
                "t_s": one.told.t_us / 1e6,
                "subject": one.told.subject,
                "text": one.told.text,
                "attempted": one.told.attempted,
                "where": one.told.where,
                "answer": one.told.answer,
                "check": one.told.check,
                "causes_cured": one.after,
            }
            for one in diagnosis.told
        ],
        "ends_with": None if seen.judgement is None else seen.judgement.states,
        "warnings": list(seen.warnings),
        "gaps": list(seen.gaps),
    }


def _when(when: Instant) -> dict[str, Any]:
    return {"t_s": when.t_us / 1e6, "when": when.label, "faults_on": list(when.faults_on)}


def _moment(moment: Moment) -> dict[str, Any]:
    return {**_when(moment.when), "flows": [_flow(verdict) for verdict in moment.verdicts]}


def _flow(verdict: FlowVerdict) -> dict[str, Any]:
    row, asked, trace = verdict.row, verdict.asked, verdict.trace
    typed = asked.typed
    return {
        "row": row.row,
        "grade": row.grade,
        "needed_for": row.phase.value,
        "required": row.required,
        "verdict": verdict.status.value,
        "source": verdict.source.name,
        "source_party": verdict.source.party,
        "target": verdict.target.name,
        "target_party": verdict.target.party,
        "port": row.port,
        "asked": {
            "host": asked.host,
            "port": asked.port,
            "setting": asked.setting,
            "typed": typed.value if typed is not None else None,
            "place": typed.place if typed is not None else None,
            "error": asked.error or None,
        },
        "outcome": trace.outcome.value if trace is not None else None,
        "accepted_by": trace.accepted_by if trace is not None else None,
        "accepted_port": trace.accepted_port if trace is not None else None,
        "decided": _step(trace.deciding) if trace is not None else None,
        "finding": None
        if verdict.finding is None
        else {
            "matter": verdict.finding.matter.value,
            "device": verdict.finding.device,
            "text": verdict.finding.text,
            "verdict": verdict.finding.verdict,
            "place": verdict.finding.place or None,
        },
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind.value,
        "device": step.device,
        "text": step.text,
        "verdict": step.verdict.value,
        "reason": step.reason.value if step.reason is not None else None,
        "rule": step.rule_id,
        "place": step.place or None,
        "reply": step.reply,
    }


def _steps(trace: Trace | None) -> list[dict[str, Any]]:
    return [_step(step) for step in trace.steps] if trace is not None else []


def _cause(explained: Explained) -> dict[str, Any]:
    cause, first, seen = explained.cause, explained.cause.verdicts[0], explained.seen
    party, _, then = AFTERWARDS[first.row.phase].partition(": ")
    return {
        **_when(explained.found.when),
        "undetermined": explained.found.undetermined,
        "in_rerun": explained.in_rerun,
        "flows": [_flow(verdict) for verdict in cause.verdicts],
        "trace": _steps(first.trace),
        "why": why(first),
        "client": {
            "text": client_saw(explained),
            "measured": seen is not None,
            "host": seen.host if seen is not None else first.source.name,
            "t_s": seen.t_us / 1e6 if seen is not None else None,
            "after_s": seen.after_s if seen is not None else None,
        },
        "user": None
        if explained.user is None
        else {"t_s": explained.user.t_us / 1e6, "text": explained.user.text},
        "changes": [
            {
                "party": remedy.party,
                "text": remedy.text,
                "alternatives": list(remedy.alternatives),
                "steps": list(remedy.steps),
                "notes": list(remedy.notes),
            }
            for remedy in cause.cure.remedies
        ],
        "then": {"party": party, "text": then},
        "rerun": _rerun(explained),
        "untested": _untested(explained),
        "rests_on": [str(item) for item in explained.evidence],
    }


def _rerun(explained: Explained) -> dict[str, Any]:
    proof = explained.proof
    record: dict[str, Any] = {"ran": proof is not None, "covered": explained.covered}
    if proof is None:
        return record
    judgement = proof.judgement
    return record | {
        "helps": proof.helps,
        "earlier_causes_cured": proof.before,
        "text": judgement.text if judgement is not None else None,
        "unmet": list(judgement.unmet) if judgement is not None else [],
        "changes_made": list(proof.observation.changed),
        "changes_refused": list(proof.observation.refused),
        "still_failing": list(proof.still_failing),
        "fails_next": list(proof.fails_next),
        "problems": list(proof.observation.problems),
    }


def _untested(explained: Explained) -> dict[str, Any] | None:
    left = explained.untested
    if left is None:
        return None
    return {
        "not_reached": [phase.value for phase in left.phases],
        "not_asked_for": [phase.value for phase in left.not_asked],
        "flows": list(left.flows),
        "steps_not_taken": list(left.steps),
    }


def of_traced(traced: Traced) -> dict[str, Any]:
    """A connection at one instant."""
    trace = traced.trace
    return {
        **_when(traced.when),
        "source": trace.source,
        "target": trace.target,
        "port": trace.port,
        "meaning": traced.meaning or None,
        "address": trace.address,
        "outcome": trace.outcome.value,
        "accepted_by": trace.accepted_by,
        "accepted_port": trace.accepted_port,
        "rtt_s": trace.rtt_s,
        "client_sees": SEEN[trace.outcome].format(rtt=f"{trace.rtt_s * 1000:.3g} ms"),
        "steps": _steps(trace),
    }


def of_difference(one: Difference) -> dict[str, Any]:
    """A flow whose fate differs."""
    return {"a": _fate(one.a), "b": _fate(one.b)}


def _fate(fate: Fate | None) -> dict[str, Any] | None:
    return None if fate is None else {**_when(fate.when), "flow": _flow(fate.verdict)}
