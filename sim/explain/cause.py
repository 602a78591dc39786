"""Why flows fail, told to whoever must act: trace, rule, what the client saw, what to change, what then.

Rules of this file: text only, from verdicts and cures; one text for flows that fail of the same cause. What
the client sees stays apart from why (DESIGN section 3). Golden files: tests/golden/explain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cxsim.sim.explain.evaluate import FlowVerdict, Status
from cxsim.sim.explain.flows import SYMPTOMS, TITLES, Phase
from cxsim.sim.explain.remedy import Cure, Remedy, cure
from cxsim.sim.network import Network, Outcome, Reason

AFTERWARDS = {
    Phase.TEST: "tenant: press Test again",
    Phase.ENABLE: "tenant: edit and re-add the provider cloud (cx.md P1 [O] K4)",
    Phase.DATA: "tenant: remove the migration that is in Error and start it again [I]",
    Phase.ACTIVATION: "provider: repeat the step of the wizard that failed [I]",
    Phase.CUTOVER: "tenant: start the cutover again [I]",
}

UNTESTED = {
    Phase.TEST: "TLS, organisation, log-in, and everything after Test",
    Phase.ENABLE: "TLS, certificate, log-in, registration of the replicator, and replication",
    Phase.DATA: "the encrypted stream, and every later synchronisation",
    Phase.ACTIVATION: "TLS and log-in between the appliances",
    Phase.CUTOVER: "log-in at vCloud Director and the import",
}


@dataclass(frozen=True)
class ClientLimits:
    """How long clients wait; only for the sentence on what they saw."""

    connect_s: float = 30.0
    """The CX appliances' and the core's limit for a connection [I]; without one Linux gives up after about
    130 s (edge-config 4.2)."""
    arp_s: float = 3.1


@dataclass(frozen=True)
class Cause:
    """One cause and the flows that fail of it. `lines`: the whole text."""

    verdicts: tuple[FlowVerdict, ...]
    cure: Cure
    lines: tuple[str, ...]

    def remedies_for(self, party: str) -> list[Remedy]:
        """What this party must do, in order."""
        return [remedy for remedy in self.cure.remedies if remedy.party == party]


def causes(
    verdicts: list[FlowVerdict],
    network: Network,
    limits: ClientLimits | None = None,
    statuses: tuple[Status, ...] = (Status.FAIL,),
) -> list[Cause]:
    """Every cause among the verdicts with one of these statuses, in the order of the table."""
    groups: dict[tuple[object, ...], list[tuple[FlowVerdict, Cure]]] = {}
    for verdict in verdicts:
        if verdict.status in statuses:
            cured = cure(verdict, network)
            groups.setdefault(_key(verdict, cured), []).append((verdict, cured))
    found = []
    for members in groups.values():
        failed, cured = [verdict for verdict, _ in members], _merged([each for _, each in members])
        found.append(Cause(tuple(failed), cured, tuple(_lines(failed, cured, limits or ClientLimits()))))
    return found


def cause_lines(
    verdicts: list[FlowVerdict],
    network: Network,
    limits: ClientLimits | None = None,
) -> list[str]:
    """The texts of all causes of failing flows, a blank line between them; empty when nothing fails."""
    lines: list[str] = []
    for cause in causes(verdicts, network, limits):
        lines += ["", *cause.lines] if lines else cause.lines
    return lines


def flow_table(verdicts: list[FlowVerdict]) -> list[str]:
    """One line a flow: verdict, row and grade, flow."""
    return [
        f"{v.status.value:<12} row {v.row.row:<2} [{v.row.grade}]  {v.flow}"
        + (f"  - {v.row.note}" if v.status is Status.WARN and v.row.note else "")
        for v in verdicts
    ]


def _key(verdict: FlowVerdict, cured: Cure) -> tuple[object, ...]:
    """Flows have one cause when one rule stops them, or one set of changes lets them pass."""
    step = verdict.trace.deciding if verdict.trace else None
    if step is not None and step.reason is Reason.RULE:
        return (step.device, step.rule_id, cured.works, len(cured.remedies))
    if cured.works:
        return tuple(remedy.text for remedy in cured.remedies)
    return (verdict.flow,)


def _merged(cures: list[Cure]) -> Cure:
    """One cure for flows of one cause: the same changes, with the alternatives of each."""
    first = cures[0]
    remedies = []
    for position, remedy in enumerate(first.remedies):
        others = [cured.remedies[position].alternatives for cured in cures]
        alternatives = tuple(dict.fromkeys(text for texts in others for text in texts))
        remedies.append(replace(remedy, alternatives=alternatives))
    return replace(first, remedies=tuple(remedies))


def _lines(group: list[FlowVerdict], cured: Cure, limits: ClientLimits) -> list[str]:
    first, row = group[0], group[0].row
    lines = [f"{first.flow}   FAILED   {ended(first)}   (client saw: {predicted(first, limits)})"]
    for other in group[1:]:
        phase = "" if other.row.phase is row.phase else f", {other.row.phase.value}"
        lines.append(f"  also row {other.row.row}{phase}: {other.flow}")
    if first.trace is not None:
        steps = [*first.trace.steps, *([first.finding] if first.finding is not None else [])]
        lines += [f"  {number:>2} {step}" for number, step in enumerate(steps, 1)]
    lines.append(f"  Why: {why(first)}")
    note = f"; {row.note}" if row.note else ""
    source = f"cx.md 1.2 row {row.row} [{row.grade}] {row.sources}{note}"
    lines.append(f"  Needed for {row.phase.value} ({source}). Without it: {SYMPTOMS[row.phase]}.")
    if cured.remedies:
        lines.append("  Would pass with:" if cured.works else "  Known to be in the way:")
        for remedy in cured.remedies:
            lines.append(f"    {remedy.party}: {remedy.text}")
            lines += [f"      or {other}" for other in remedy.alternatives]
            lines += [f"      by: {step}" for step in remedy.steps]
            lines += [f"      note: {note}" for note in remedy.notes]
    else:
        lines.append("  No change is known that makes it pass.")
    lines.append(f"  Then: {AFTERWARDS[row.phase]}")
    if cured.works:
        what = "this change" if len(cured.remedies) == 1 else f"these {len(cured.remedies)} changes"
        and_more = " and nothing else is wrong with it" if first.finding is not None else ""
        lines.append(f"  Checked: with {what}, {first.target.name} accepts on {row.port}{and_more}.")
    lines.append(f"  Not tested because of this: {UNTESTED[row.phase]}.")
    return lines


def ended(verdict: FlowVerdict) -> str:
    """Where a failing flow ended, in a few words."""
    if verdict.trace is None:
        return "the setting cannot be used"
    if verdict.finding is not None:
        return f"{verdict.finding.verdict} at {verdict.finding.device}"
    if verdict.stranger is not None:
        return f"ACCEPTED by {verdict.stranger[0]}:{verdict.stranger[1]}, which is not it"
    step = verdict.trace.deciding
    return f"{step.verdict.value} at {step.device}{' on the way back' if step.reply else ''}"


def predicted(verdict: FlowVerdict, limits: ClientLimits) -> str:
    """What the client of a failing flow would see, and after how long."""
    trace = verdict.trace
    if trace is None:
        return "no connection was tried"
    if verdict.finding is not None:
        return verdict.finding.seen
    if trace.accepted:
        return "a connection at once, then the certificate and the answers of another service"
    data = verdict.row.phase is Phase.DATA
    if trace.outcome is Outcome.SILENT:
        # HBR's reconnects: 10 s more after each failure, at most 90 s (cx.md 6.2).
        return (
            "no answer; it tries again after 10 s, 20 s, up to every 90 s"
            if data
            else f"ConnectTimeout after {limits.connect_s:g} s"
        )
    after = limits.arp_s if _neighbour(trace.deciding.reason) else trace.rtt_s
    return {
        Outcome.REFUSED: f"Connection refused after {_duration(trace.rtt_s)}",
        Outcome.UNREACHABLE: f"No route to host after {_duration(after)}",
        Outcome.NO_ROUTE: "Network is unreachable at once",
        Outcome.NAME_NOT_FOUND: "Name or service not known",
        Outcome.NAME_NO_ANSWER: "Temporary failure in name resolution",
        Outcome.UNDETERMINED: "cannot be told",
    }[trace.outcome]


def _neighbour(reason: Reason | None) -> bool:
    return reason in (Reason.NO_HOST, Reason.HOST_DOWN, Reason.EDGE_DOWN, Reason.NO_GATEWAY)


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def why(verdict: FlowVerdict) -> str:
    """Why a flow fails, in one sentence that quotes the rule and its place."""
    trace, where = verdict.trace, verdict.asked
    typed = f" ({where.typed.place})" if where.typed and where.typed.place else ""
    if trace is None:
        return f"{where.setting} is {where.error}{typed}."
    if verdict.finding is not None:
        place = f" ({verdict.finding.place})" if verdict.finding.place else ""
        return f"{verdict.finding.why}{place}."
    if verdict.stranger is not None:
        answered, port = verdict.stranger
        said = f"the {where.setting} says {where.host}:{where.port}{typed}, and " if where.setting else ""
        return (
            f"{said}{answered} answers there on {port}; the flow needs {TITLES[verdict.target.role]} "
            f"{verdict.target.name} on {verdict.row.port}."
        )
    step = trace.deciding
    place = f" ({step.place})" if step.place else ""
    words = _WHY.get(step.reason, "{device}: {text}") if step.reason is not None else "{device}: {text}"
    return f"{words.format(device=step.device, text=step.text)}{place}."


_WHY = {
    Reason.RULE: "a rule of {device} stops it: {text}",
    Reason.DEFAULT_ACTION: "no rule of {device} lets it through: {text}",
    Reason.NO_TRANSLATION: "{device} does not know where to send it: {text}",
    Reason.NOT_PUBLIC: "{text}",
    Reason.HOST_DOWN: "{device} is down",
    Reason.EDGE_DOWN: "edge {device} is down, and everything through it",
    Reason.PORT_CLOSED: "{device} does not listen: {text}",
    Reason.NAME: "{device} does not know the name: {text}",
}
