"""Every required flow of an environment, tried on its network: passes, fails, or cannot be known.

Rules of this file: one verdict a flow, nothing printed. A connection that is accepted by another host or
port than the flow needs has failed, whatever the client's system thinks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from cxsim.sim.explain.finding import Finding
from cxsim.sim.explain.flows import FLOWS, TITLES, Endpoint, FlowRow, Phase
from cxsim.sim.explain.view import Asked, EnvironmentView, Inspect, ViewHost, asked
from cxsim.sim.network import Network, Outcome, Trace


class Status(Enum):
    """What became of a flow."""

    PASS = "PASS"
    FAIL = "FAIL"
    WARN = "WARN"
    UNDETERMINED = "UNDETERMINED"


@dataclass(frozen=True)
class FlowVerdict:
    """One flow between two hosts, tried. `trace` is None when what was typed cannot be an address at all;
    `stranger`: the host and port that accepted instead of the target."""

    row: FlowRow
    source: ViewHost
    target: ViewHost
    asked: Asked
    status: Status
    trace: Trace | None
    stranger: tuple[str, int] | None = None
    finding: Finding | None = None
    """What is wrong although the right host and port accept."""
    inspect: Inspect | None = field(default=None, compare=False)

    @property
    def failed(self) -> bool:
        """True when something has to be changed."""
        return self.status is Status.FAIL

    @property
    def flow(self) -> str:
        """The flow on one line: who, to what."""
        where = f"{self.asked.host}:{self.asked.port}" if not self.asked.error else repr(_typed(self.asked))
        return (
            f"{self.source.party}:{self.source.name} -> {where}"
            f" ({TITLES[self.target.role]} {self.target.name})"
        )


def evaluate(view: EnvironmentView, network: Network) -> list[FlowVerdict]:
    """Try every required flow, in the order of the table. Nothing on the network is counted or changed."""
    return [
        verdict
        for row in FLOWS
        for source in view.of(row.from_party, row.from_role)
        for verdict in _from(source, row, view, network)
    ]


def failing(verdicts: list[FlowVerdict], *phases: Phase) -> list[FlowVerdict]:
    """The flows that fail, in these phases if any are named."""
    return [v for v in verdicts if v.failed and (not phases or v.row.phase in phases)]


def _from(source: ViewHost, row: FlowRow, view: EnvironmentView, network: Network) -> Iterator[FlowVerdict]:
    targets = view.of(row.to_party, row.to_role)
    if row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
        # The URL says which of several clouds is meant: any of them may answer, the first is expected.
        for cloud in view.clouds:
            tried = [_tried(row, source, t, asked(row, t, cloud), view, network) for t in targets]
            reached = [v for v in tried if v.status is Status.PASS or v.finding is not None]
            yield from reached[:1] or tried[:1]
        return
    for target in targets:
        if row.endpoint is not Endpoint.PRIVATE or source.site == target.site:
            yield _tried(row, source, target, asked(row, target), view, network)


def _tried(
    row: FlowRow, source: ViewHost, target: ViewHost, where: Asked, view: EnvironmentView, network: Network
) -> FlowVerdict:
    """Try one flow, and look behind its connection."""
    verdict = replace(verdict_of(row, source, target, where, network), inspect=view.inspect)
    if verdict.status is not Status.PASS or view.inspect is None:
        return verdict
    finding = view.inspect(verdict)
    if finding is None:
        return verdict
    return replace(verdict, status=Status.FAIL if row.required else Status.WARN, finding=finding)


def verdict_of(
    row: FlowRow, source: ViewHost, target: ViewHost, where: Asked, network: Network
) -> FlowVerdict:
    """Try one flow."""
    bad = Status.FAIL if row.required else Status.WARN
    if where.error:
        return FlowVerdict(row, source, target, where, bad, None)
    trace = network.trace(source.name, where.host, where.port)
    if trace.outcome is Outcome.UNDETERMINED:
        return FlowVerdict(row, source, target, where, Status.UNDETERMINED, trace)
    if reaches(trace, target, row.port):
        return FlowVerdict(row, source, target, where, Status.PASS, trace)
    stranger = None
    if trace.accepted_by is not None and trace.accepted_port is not None:
        stranger = (trace.accepted_by, trace.accepted_port)
    return FlowVerdict(row, source, target, where, bad, trace, stranger)


def reaches(trace: Trace, target: ViewHost, port: int) -> bool:
    """True when the connection is accepted by the right port of the right host."""
    return trace.accepted_by == target.name and trace.accepted_port == port


def _typed(where: Asked) -> str:
    return where.typed.value if where.typed else where.host
