"""The flows whose fate differs between two environments or scenarios, each with the steps that decide.

Rules of this file: a flow is the same flow in both when row, port, client and server are (the addresses that
are asked for may differ). Its fate is the worst that happens to it at any moment; the rule that decides is
shown, but a flow that passes by another rule is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cxsim.sim.diagnosis.observation import AT_THE_START, Instant, glance
from cxsim.sim.diagnosis.repairs import FlowId, flow_id
from cxsim.sim.diagnosis.subjects import Subject
from cxsim.sim.diagnosis.wording import instant
from cxsim.sim.explain import FlowVerdict, Status, evaluate
from cxsim.sim.world.world import World

WORST_FIRST = (Status.FAIL, Status.UNDETERMINED, Status.WARN, Status.PASS)


@dataclass(frozen=True)
class Fate:
    """What happens to a flow, and when it is at its worst."""

    verdict: FlowVerdict
    when: Instant

    @property
    def compared(self) -> tuple[object, ...]:
        """What must be equal for a fate to be the same."""
        verdict, trace = self.verdict, self.verdict.trace
        outcome = trace.outcome if trace is not None else "no connection"
        return (verdict.status, verdict.stranger, outcome, verdict.finding and verdict.finding.verdict)

    @property
    def text(self) -> str:
        """The verdict and the step that decides."""
        verdict, trace = self.verdict, self.verdict.trace
        step = str(verdict.finding or (trace.deciding if trace is not None else verdict.asked.error))
        time = "" if self.when.label == AT_THE_START else f"  ({instant(self.when)})"
        return f"{verdict.status.value:<12} {step}{time}"


@dataclass(frozen=True)
class Difference:
    """A flow whose fate differs; None where the flow does not exist."""

    a: Fate | None
    b: Fate | None

    @property
    def verdict(self) -> FlowVerdict:
        """One of the two."""
        fate = self.a or self.b
        assert fate is not None
        return fate.verdict


@dataclass
class _Fates:
    worst: dict[FlowId, Fate] = field(default_factory=dict)

    def __call__(self, world: World, when: Instant) -> None:
        for verdict in evaluate(world.view(), world.network):
            key = flow_id(verdict)
            known = self.worst.get(key)
            rank = WORST_FIRST.index
            if known is None or rank(verdict.status) < rank(known.verdict.status):
                self.worst[key] = Fate(verdict, when)


def difference(a: Subject, b: Subject) -> tuple[list[Difference], int]:
    """The differences, in the order of the flow table, and how many flows were compared. Raises
    TopologyError."""
    fates: list[dict[FlowId, Fate]] = []
    for subject in (a, b):
        seen = _Fates()
        glance(subject, seen)
        fates.append(seen.worst)
    keys = dict.fromkeys([*fates[0], *fates[1]])
    pairs = [Difference(fates[0].get(key), fates[1].get(key)) for key in keys]
    differing = [p for p in pairs if p.a is None or p.b is None or p.a.compared != p.b.compared]
    return differing, len(pairs)


def difference_lines(a: Subject, b: Subject, found: list[Difference], compared: int) -> Iterator[str]:
    """The differences as text."""
    yield f"A  {a.file}: {a.title}"
    yield f"B  {b.file}: {b.title}"
    yield f"{len(found)} of {compared} flows differ"
    for one in found:
        row = one.verdict.row
        yield ""
        yield f"row {row.row} [{row.grade}] {row.phase.value}: {one.verdict.flow}"
        for name, fate in (("A", one.a), ("B", one.b)):
            yield f"  {name} {fate.text if fate is not None else 'has no such flow'}"
        if one.a is not None and one.b is not None and one.a.verdict.flow != one.b.verdict.flow:
            yield f"  in B: {one.b.verdict.flow}"
