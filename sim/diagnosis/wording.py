"""A diagnosis in words: passages with a label, the same for a terminal, a pipe and a page.

Rules of this file: text only, nothing is decided here. Times are since the start of the scenario, `h:mm:ss`.
What the client sees stays apart from why (DESIGN section 3). Golden files: tests/golden/explain-command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cxsim.sim.diagnosis.diagnosis import Diagnosis, Explained, Proof, Unexplained
from cxsim.sim.diagnosis.measured import seconds
from cxsim.sim.diagnosis.observation import Instant, Moment
from cxsim.sim.diagnosis.untested import Untested
from cxsim.sim.explain import ClientLimits, FlowVerdict, Remedy, Status
from cxsim.sim.explain.cause import AFTERWARDS, ended, predicted, why
from cxsim.sim.explain.flows import SYMPTOMS
from cxsim.sim.render import offset


@dataclass(frozen=True)
class Passage:
    """Some lines under one label."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class CauseText:
    """A cause: `head` says where it ends, `flows` what fails of it, `trace` how it got there."""

    head: str
    flows: tuple[str, ...]
    trace: tuple[str, ...]
    passages: tuple[Passage, ...]


def at(t_us: int) -> str:
    """An instant of a run: `0:00:30`."""
    return offset(t_us / 1e6)


def instant(when: Instant) -> str:
    """An instant and what happens at it."""
    return when.label if not when.t_us else f"{when.label} at {at(when.t_us)}"


def count(number: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def tally(verdicts: Sequence[FlowVerdict]) -> str:
    """How many flows have which verdict: `20 PASS, 2 FAIL`."""
    numbers = {status: sum(v.status is status for v in verdicts) for status in Status}
    return ", ".join(f"{number} {status.value}" for status, number in numbers.items() if number)


def changed_flows(before: Moment, after: Moment) -> list[FlowVerdict]:
    """The verdicts of `after` that `before` did not have."""
    old = {v.flow: v.status for v in before.verdicts}
    return [v for v in after.verdicts if old.get(v.flow) is not v.status]


def fault_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """The faults of the scenario and when each is on."""
    scenario = diagnosis.subject.scenario
    for fault in scenario.faults if scenario is not None else ():
        changes = [
            (event.t_us, event.fields["change"])
            for event in diagnosis.observation.events
            if event.event == "fault" and event.fields["fault"] == fault.name
        ]
        times = [f"{change} {at(t_us)}" for t_us, change in changes if change in ("on", "off")]
        if len(times) > 4:
            times = [*times[:3], f"... {count(len(times) - 3, 'more change')}"]
        told = ", ".join(times) or "never comes on in this run"
        told = "on from the start" if times == ["on 0:00:00"] else told
        yield f"{fault.name}: {told}  ({fault.place})"


def cause_text(explained: Explained, diagnosis: Diagnosis) -> CauseText:
    """Everything about one cause."""
    cause = explained.cause
    first = cause.verdicts[0]
    when = explained.found.when
    time = "" if not when.t_us else f", {instant(when)}"
    after = ", once the changes above are made" if explained.in_rerun else ""
    word = "cannot be told" if explained.found.undetermined else "FAILED"
    also = [
        f"also row {v.row.row}{'' if v.row.phase is first.row.phase else f', {v.row.phase.value}'}: {v.flow}"
        for v in cause.verdicts[1:]
    ]
    trace = [*first.trace.steps] if first.trace is not None else []
    behind = [first.finding] if first.finding is not None else []
    return CauseText(
        f"{word}: {ended(first)}{time}{after}",
        (first.flow, *also),
        tuple(f"{number:>2} {step}" for number, step in enumerate([*trace, *behind], 1)),
        tuple(_passages(explained, diagnosis)),
    )


def _passages(explained: Explained, diagnosis: Diagnosis) -> Iterator[Passage]:
    cause = explained.cause
    first, row = cause.verdicts[0], cause.verdicts[0].row
    if explained.found.undetermined:
        yield Passage("Unknown", (why(first),))
        yield Passage("To find out", tuple(f"{r.party}: {r.text}" for r in cause.cure.remedies))
        yield Passage("Rests on", tuple(str(item) for item in explained.evidence))
        return
    yield Passage("Client saw", (client_saw(explained),))
    if explained.user is not None:
        yield Passage("User saw", (f"{explained.user.text} (at {at(explained.user.t_us)})",))
    yield Passage("Why", (why(first),))
    yield Passage("Needed for", (f"{row.phase.value}. Without it: {SYMPTOMS[row.phase]}.",))
    remedies = cause.cure.remedies
    label = "Change" if cause.cure.works else "Known to be in the way"
    if remedies:
        yield Passage(label, tuple(line for remedy in remedies for line in remedy_lines(remedy)))
    else:
        yield Passage("Change", ("no change is known that makes it pass",))
    yield Passage("Then", (AFTERWARDS[row.phase],))
    yield proof_passage(explained)
    if explained.untested is not None:
        yield Passage("Not tested because of this", tuple(untested_lines(explained.untested)))
    yield Passage("Rests on", tuple(str(item) for item in explained.evidence))


def client_saw(explained: Explained) -> str:
    """What the client saw: measured if the run shows it, else predicted."""
    seen, first = explained.seen, explained.cause.verdicts[0]
    expected = predicted(first, ClientLimits())
    if seen is None:
        if explained.run.judgement is None:
            return f"{expected} (predicted: nothing was run)"
        why_not = "the run did not try it" if explained.user is None else "the run shows what came of it"
        return f"{expected} (predicted: {why_not})"
    after = "" if seen.after_s is None else f" after {seconds(seen.after_s)}"
    return f"{seen.text}{after} (measured: {seen.host} at {at(seen.t_us)})"


def remedy_lines(remedy: Remedy) -> Iterator[str]:
    """One change, by owner, with its alternatives and what belongs to it."""
    yield f"{remedy.party}: {remedy.text}"
    yield from (f"  or {other}" for other in remedy.alternatives)
    yield from (f"  by: {step}" for step in remedy.steps)
    yield from (f"  note: {note}" for note in remedy.notes)


def proof_passage(explained: Explained) -> Passage:
    """What came of making the change."""
    proof = explained.proof
    if proof is None:
        why_not = "too many causes; make the changes above first"
        if explained.covered:
            why_not = "not needed: its flows pass with the changes above"
        elif not explained.cause.cure.works:
            why_not = "none: there is no change to try"
        return Passage("Re-run", (why_not,))
    number = len(explained.cause.cure.remedies)
    what = "this change" if number == 1 else f"these {number} changes"
    above = f" and {'that' if proof.before == 1 else 'those'} above" if proof.before else ""
    how = "Re-run" if proof.judgement is not None else "Traced again"
    return Passage(f"{how} with {what}{above}", tuple(_outcome(proof)))


def _outcome(proof: Proof) -> Iterator[str]:
    verdicts, judgement = proof.observation.moments[-1].verdicts, proof.judgement
    nothing_ran = f"flows: {tally(verdicts)} (an environment has no steps to run)"
    yield judgement.text if judgement is not None else nothing_ran
    yield from (f"could not be made: {text}" for text in proof.observation.refused)
    yield from (f"it does not help: still fails: {flow}" for flow in proof.still_failing)
    yield from (f"next fails: {flow}" for flow in proof.fails_next)
    if judgement is not None and not judgement.good:
        yield from (f"not met: {text}" for text in judgement.unmet)
        yield from (f"stopped: {text}" for text in proof.observation.problems)
        if not proof.still_failing and not proof.fails_next:
            yield "every flow passes, but the run does not end well"


def untested_lines(left: Untested) -> Iterator[str]:
    """What a run left unproved."""
    if left.phases:
        yield f"not reached: {', '.join(phase.value for phase in left.phases)}"
    yield from (f"step not taken: {step}" for step in left.steps)
    yield from left.flows
    if left.not_asked:
        yield f"no step of this scenario asks for: {', '.join(phase.value for phase in left.not_asked)}"
    if not (left.phases or left.steps or left.flows or left.not_asked):
        yield "nothing: the run tried everything that its steps ask for"


def told_text(unexplained: Unexplained) -> CauseText:
    """An error of the core that no failing flow explains."""
    told = unexplained.told
    network = "not the cause: every required flow passes"
    if not unexplained.flows_pass:
        network = "not the cause: this run was not seen to try any of the flows that fail"
    return CauseText(
        f"FAILED: {told.subject} at {at(told.t_us)}"
        + (", once the changes above are made" if unexplained.after else ""),
        (told.text,),
        (),
        (
            Passage("Attempted", (told.attempted,)),
            Passage("Where", (told.where,)),
            Passage("Answer", (told.answer,)),
            Passage("Check", (told.check,)),
            Passage("Network", (network,)),
            Passage("Re-run", ("none: it is no change of a network device or a public endpoint",)),
        ),
    )


def closing_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """How it stands, in the last lines."""
    seen = diagnosis.observation
    causes = [explained for explained in diagnosis.explained if not explained.found.undetermined]
    if seen.judgement is not None:
        yield f"The run ends with: {seen.judgement.states}."
    if seen.all_pass and not diagnosis.told:
        yield "Every required flow passes: nothing to change."
    if diagnosis.told and seen.all_pass:
        yield "Every required flow passes: look at what the core says."
    proofs = [explained.proof for explained in causes if explained.proof is not None]
    if proofs:
        yield _final(proofs[-1], len(causes))
    yield from (f"Emulator gap: {gap}" for gap in seen.gaps)


def _final(last: Proof, causes: int) -> str:
    all_made = "the change" if causes == 1 else f"the changes for all {count(last.before + 1, 'cause')}"
    if last.judgement is None:
        outcome = "every required flow passes" if last.observation.all_pass else "flows still fail"
    else:
        outcome = last.judgement.text
    return f"With {all_made}: {outcome}."
