"""The diagnosis of a subject: every cause, what it rests on, and whether its remedy really helps.

Rules of this file: causes are taken in the order in which a user would meet them, and the change for each is
made on top of those before it, in a run of its own: same steps, same seed. What fails next in such a run is a
cause too. A change whose flow still fails, or whose run does not end well, is reported as just that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxsim.sim.diagnosis.evidence import Evidence, evidence, gave_up
from cxsim.sim.diagnosis.judgement import Judgement
from cxsim.sim.diagnosis.measured import Measured, UserSaw, measured, user_saw
from cxsim.sim.diagnosis.observation import Found, Observation, observe, troubled
from cxsim.sim.diagnosis.repairs import flow_id
from cxsim.sim.diagnosis.subjects import Subject
from cxsim.sim.diagnosis.told import Told, standing_errors
from cxsim.sim.diagnosis.untested import Untested, tried_flows, untested
from cxsim.sim.explain import Cause, FlowVerdict
from cxsim.sim.result import Exit

MOST_RERUNS = 6
"""Re-runs in one diagnosis; causes beyond that are told without one."""


@dataclass(frozen=True)
class Proof:
    """A re-run with the change for one cause, on top of `before` earlier ones."""

    before: int
    observation: Observation
    still_failing: tuple[str, ...]
    """Flows of this cause that fail all the same."""
    fails_next: tuple[str, ...]
    """Other flows that fail in the re-run."""

    @property
    def judgement(self) -> Judgement | None:
        """How the re-run ended; None for an environment, which has no steps."""
        return self.observation.judgement

    @property
    def helps(self) -> bool:
        """True when the flows of the cause pass, and the run (if there is one) ends well."""
        ends_well = self.judgement is None or self.judgement.good
        return ends_well and not self.still_failing and not self.observation.refused


@dataclass(frozen=True)
class Explained:
    """A cause with everything that is known of it. `run`: the run in which it showed; `in_rerun`: it showed
    only after an earlier change; `covered`: an earlier change made its flows pass."""

    found: Found
    run: Observation
    in_rerun: bool
    covered: bool
    seen: Measured | None
    user: UserSaw | None
    evidence: tuple[Evidence, ...]
    proof: Proof | None
    untested: Untested | None

    @property
    def cause(self) -> Cause:
        """The flows and the changes."""
        return self.found.cause


@dataclass(frozen=True)
class Unexplained:
    """An error of the core that no failing flow explains. `after`: for how many causes the changes had been
    made when it showed; `flows_pass`: every required flow passed then."""

    told: Told
    after: int
    flows_pass: bool


@dataclass(frozen=True)
class Diagnosis:
    """All that can be said."""

    subject: Subject
    observation: Observation
    explained: tuple[Explained, ...]
    told: tuple[Unexplained, ...]

    @property
    def exit(self) -> Exit:
        """0 when every required flow passes at every moment and the run shows no other failure."""
        if self.observation.gaps:
            return Exit.EMULATOR_GAP
        return Exit.MET if self.observation.all_pass and not self.told else Exit.NOT_MET


def diagnose(subject: Subject) -> Diagnosis:
    """Look, run, and prove every change by running again. Raises TopologyError when the network of the
    subject cannot be."""
    first = observe(subject)
    waiting = [(found, first) for found in first.found]
    known = {found.signature for found in first.found}
    explained: list[Explained] = []
    applied: list[Cause] = []
    latest, reruns = first, 0
    while waiting:
        found, run = waiting.pop(0)
        covered = bool(applied) and not found.flows & latest.failing and not found.undetermined
        proof = None
        if not covered and found.cause.cure.works and not found.undetermined and reruns < MOST_RERUNS:
            latest = observe(subject, [*applied, found.cause])
            proof = _proof(found, len(applied), latest)
            applied.append(found.cause)
            reruns += 1
            new = [other for other in latest.found if other.signature not in known]
            known |= {other.signature for other in new}
            waiting = [*((other, latest) for other in new), *waiting]
        explained.append(_explained(subject, found, run, run is not first, covered, proof))
    told = _unexplained(first, 0)
    if latest is not first:
        # An error that is gone once the changes are made was about them, whoever named it.
        standing = {one.text for one in standing_errors(latest.events)}
        told = [one for one in told if one.told.text in standing]
        known_texts = {one.told.text for one in told}
        told += [one for one in _unexplained(latest, len(applied)) if one.told.text not in known_texts]
    return Diagnosis(subject, first, tuple(explained), tuple(told))


def _proof(found: Found, before: int, rerun: Observation) -> Proof:
    still, others = dict[str, None](), dict[str, None]()
    for moment in rerun.moments:
        for verdict in moment.verdicts:
            if flow_id(verdict) in found.flows and troubled(verdict):
                still[verdict.flow] = None
            elif verdict.failed:
                others[verdict.flow] = None
    return Proof(before, rerun, tuple(still), tuple(others))


def _unexplained(run: Observation, after: int) -> list[Unexplained]:
    """Errors of the core in a run in which no flow that fails (or may fail) was seen to fail."""
    for moment in run.moments:
        failing = [verdict for verdict in moment.verdicts if troubled(verdict)]
        if measured(failing, run.events, moment.when.t_us) is not None or _behind(failing, run):
            return []
    return [Unexplained(told, after, run.all_pass) for told in standing_errors(run.events)]


def _behind(verdicts: Sequence[FlowVerdict], run: Observation) -> bool:
    """True when the run tried one of these flows, and something is wrong behind its connection."""
    tried = set(tried_flows(verdicts, run.events))
    return any(verdict.finding is not None and flow_id(verdict) in tried for verdict in verdicts)


def _explained(
    subject: Subject, found: Found, run: Observation, in_rerun: bool, covered: bool, proof: Proof | None
) -> Explained:
    seen = measured(found.cause.verdicts, run.events, found.when.t_us)
    tried = seen is not None or _behind(found.cause.verdicts, run)
    user = user_saw(run.events, seen.t_us if seen is not None else found.when.t_us) if tried else None
    after_limit = gave_up(found.cause.verdicts[0], seen.text if seen is not None else None)
    left = None
    if subject.scenario is not None:
        good = proof is not None and proof.helps
        left = untested(subject.scenario, run, proof.observation if proof is not None and good else None)
    return Explained(
        found,
        run,
        in_rerun,
        covered,
        seen,
        user,
        evidence(found.cause, subject.environment, after_limit, subject.scenario is not None),
        proof,
        left,
    )
