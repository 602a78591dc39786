"""What an explanation rests on, each part with the grade of its evidence.

Rules of this file: no claim without a source (cx.md 1.2, 1.3, 2.3, 4; edge-config 3). Whatever is inferred
says so. Grades of several sources stand in their text; the legend explains those that were used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cxsim.sim.explain import Cause, Endpoint, FlowVerdict, Phase
from cxsim.sim.explain.cause import AFTERWARDS
from cxsim.sim.explain.view import MANAGEMENT_PORTS
from cxsim.sim.network import DEVICE_TYPES, Outcome, StepKind
from cxsim.sim.scenario import Environment

LEGEND: Mapping[str, str] = {
    "D": "vendor documentation",
    "O": "observed by a practitioner",
    "C": "read in published client code",
    "I": "inferred, stated by no source",
    "S": "read in the source named (edge-config.md)",
    "M": "measured",
    "K": "general knowledge, not looked up",
}
"""The grades of cx.md, then those of edge-config.md."""


@dataclass(frozen=True)
class Evidence:
    """One thing that an explanation rests on. `grade`: "" when the grades stand in the text."""

    grade: str
    text: str

    def __str__(self) -> str:
        return f"[{self.grade}] {self.text}" if self.grade else self.text


_CONNECT_LIMIT = Evidence(
    "I", "the appliances and the core give up connecting after 30 s; Linux itself after about 130 s [M] (4.2)"
)
_LIMITS: Mapping[Phase, Evidence] = {
    Phase.DATA: Evidence(
        "I",
        "after how long it becomes Error; it reconnects 10 s later each time, 90 s at most [D] (6.2)",
    )
}
"""How long who waits: edge-config 4.2, cx.md 6.2."""

_GRADE = re.compile(r"\[([A-Z])\]")
_BY_RULES = (StepKind.ACL, StepKind.DNAT, StepKind.SNAT)


def evidence(cause: Cause, environment: Environment, after_limit: bool, ran: bool) -> tuple[Evidence, ...]:
    """What the explanation of a cause rests on. `after_limit`: the client gave up waiting; `ran`: the
    outcome was taken from a run."""
    first = cause.verdicts[0]
    found = [*_needed(cause.verdicts), *(_symptom(first) if first.failed else ())]
    found += [*_devices(cause, environment), *_typed(first)]
    if after_limit:
        found.append(_LIMITS.get(first.row.phase, _CONNECT_LIMIT))
    if first.failed:
        found.append(Evidence("", f"afterwards: {AFTERWARDS[first.row.phase].partition(': ')[2]}"))
    if ran:
        text = "the run: jobs and enabling go over the tenant API of docs/inferred-api.md"
        found.append(Evidence("I", text))
    return tuple(dict.fromkeys(found))


def legend(texts: Iterable[str]) -> list[str]:
    """One line for each grade that is used in these texts, in the order of `LEGEND`."""
    used = {grade for text in texts for grade in _GRADE.findall(text)}
    return [f"[{grade}] {meaning}" for grade, meaning in LEGEND.items() if grade in used]


def _needed(verdicts: Iterable[FlowVerdict]) -> Iterator[Evidence]:
    for verdict in verdicts:
        row = verdict.row
        note = f"; {row.note}" if row.note else ""
        text = f"{row.phase.value} needs port {row.port} (cx.md 1.2 row {row.row}: {row.sources}{note})"
        yield Evidence(row.grade, text)


def _symptom(verdict: FlowVerdict) -> Iterator[Evidence]:
    if verdict.row.phase is Phase.ENABLE:
        text = "Test does not try this connection, enabling does (cx.md 2.3 [D] DX0-proxy, K4 [O])"
        yield Evidence("I", text)
    elif verdict.row.phase is Phase.DATA:
        yield Evidence("O", "0 % and then Error is almost certainly the network (cx.md P2: K4)")
        yield Evidence("I", "which port it is (cx.md P2: mapping to ports); enabling tries none of them")


def _devices(cause: Cause, environment: Environment) -> Iterator[Evidence]:
    """The order of firewall and NAT of each edge whose rules the flow met."""
    devices = [d for s in environment.sites.values() for d in (s.edge, s.edge.upstream) if d is not None]
    types = {device.name: device.type for device in devices}
    met = [
        step.device
        for verdict in cause.verdicts
        for step in (verdict.trace.steps if verdict.trace is not None else ())
        if step.kind in _BY_RULES and step.device in types
    ]
    for name in dict.fromkeys(types[device] for device in met):
        device = DEVICE_TYPES[name]
        yield Evidence("", f"what a rule of {_article(device.title)} sees: {device.source}")


def _article(words: str) -> str:
    return words if words.startswith(("a ", "an ")) else f"{'an' if words[0] in 'AEINO' else 'a'} {words}"


def _typed(verdict: FlowVerdict) -> Iterator[Evidence]:
    asked, row = verdict.asked, verdict.row
    if row.endpoint not in (Endpoint.MANAGEMENT, Endpoint.DATA):
        return
    typed = asked.typed.value.strip() if asked.typed is not None else ""
    if not typed:
        yield Evidence("I", "an empty Public Endpoint URL advertises the private address (cx.md 1.3)")
    elif asked.error:
        yield Evidence("O", "the field takes IP_Address:PORT, without a scheme (cx.md 1.3: K2)")
    elif row.endpoint is Endpoint.DATA and typed.endswith(tuple(f":{port}" for port in MANAGEMENT_PORTS)):
        text = "a Replicator's endpoint with a management port leaves its data port at 44045 (cx.md 1.3)"
        yield Evidence("I", text)


def gave_up(verdict: FlowVerdict, error: str | None) -> bool:
    """True when the client's own limit ended the attempt."""
    if error is not None:
        return error == "timed out"
    return verdict.trace is not None and verdict.trace.outcome is Outcome.SILENT
