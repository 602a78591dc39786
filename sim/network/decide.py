"""From a walk to a decision, also when rules are unknown.

Rules of this file: an unknown group is tried both ways. When every way ends alike, the unknown did not
matter; otherwise the outcome is UNDETERMINED and the trace ends at the rule that asks. Never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cxsim.sim.kernel.wire import Fate, Listener
from cxsim.sim.network.addresses import Packet, Side, dotted
from cxsim.sim.network.crossing import Passage
from cxsim.sim.network.edges import Doubt
from cxsim.sim.network.model import INTERNET
from cxsim.sim.network.state import HostState, LinkState, Meeting, WanState
from cxsim.sim.network.trace import FATE_OF, Outcome, Step, Trace
from cxsim.sim.network.walk import SOURCE_PORT, Ground, Walk

TRIES = 256
"""Ways of answering unknown groups that are tried before giving up as UNDETERMINED."""


@dataclass(slots=True)
class Decision:
    """What becomes of a connection from a host to an address and port, as the network is now."""

    source: HostState
    dst: int
    port: int
    outcome: Outcome
    fate: Fate
    steps: tuple[Step, ...]
    met: tuple[Meeting, ...] = ()
    links: tuple[LinkState, ...] = ()
    wans: tuple[WanState, ...] = ()
    passages: tuple[Passage, ...] = ()
    target: HostState | None = None
    arrived: Packet | None = None
    lan_hops: int = 0
    internet: bool = False
    listener: Listener | None = None
    """What answers there, filled in with `rtt_s` by the network."""
    rtt_s: float = 0.0
    idle_s: float = 0.0
    limited: bool = False
    """True when an edge on the way has a limit of connections, which no cached decision can know."""

    def count(self) -> None:
        """A packet took this way: everything it met has been met once more."""
        for meeting in self.met:
            meeting.met += 1

    def trace(self, target: str, t_s: float, before: tuple[Step, ...] = ()) -> Trace:
        """The decision as a trace. `target`: as the client named it; `before`: steps of the look-up."""
        accepted = self.outcome is Outcome.ACCEPTED
        return Trace(
            self.source.name,
            target,
            self.port,
            dotted(self.dst),
            t_s,
            before + self.steps,
            self.outcome,
            self.target.name if accepted and self.target else None,
            self.arrived.dport if accepted and self.arrived else None,
            self.rtt_s,
            tuple(link.id for link in self.links),
        )


def decide(
    ground: Ground,
    source: HostState,
    dst: int,
    port: int,
    undetermined_as: Fate,
    established: Mapping[tuple[str, Side], Passage] | None = None,
    end: HostState | None = None,
) -> Decision:
    """Walk, and when a rule asks about something unknown, walk every way it could be. `established`, `end`:
    for a connection that lives, the entries that the edges hold and the host that accepted it."""
    tries = _Tries(ground, source, dst, port, undetermined_as, established, end)
    return tries.assuming({})


@dataclass
class _Tries:
    ground: Ground
    source: HostState
    dst: int
    port: int
    undetermined_as: Fate
    established: Mapping[tuple[str, Side], Passage] | None
    end: HostState | None
    left: int = TRIES

    def assuming(self, known: Mapping[tuple[str, object], bool]) -> Decision:
        """The decision when these memberships hold and everything else is unknown."""
        self.left -= 1

        def ask(group: str, value: object) -> bool:
            answer = known.get((group, value))
            if answer is None:
                raise Doubt(group, value)
            return answer

        first = Packet("tcp", self.source.address, SOURCE_PORT, self.dst, self.port)
        walk = Walk(self.ground, ask, self.source, first, self.established, self.end)
        try:
            outcome = walk.run()
        except Doubt as doubt:
            return self._both_ways(doubt, known)
        return self._decision(walk, outcome)

    def _both_ways(self, doubt: Doubt, known: Mapping[tuple[str, object], bool]) -> Decision:
        if self.left > 0:
            without = self.assuming({**known, doubt.key: False})
            if without.outcome is Outcome.UNDETERMINED:
                return without
            within = self.assuming({**known, doubt.key: True})
            if _alike(without, within):
                return without
        steps = doubt.steps + ((doubt.step,) if doubt.step else ())
        return Decision(self.source, self.dst, self.port, Outcome.UNDETERMINED, self.undetermined_as, steps)

    def _decision(self, walk: Walk, outcome: Outcome) -> Decision:
        wans = tuple(dict.fromkeys(link.wan for link in walk.links))
        stateful = [p.edge for p in walk.passages if p.edge.edge.stateful]
        limits = [edge.idle_timeout_s for edge in stateful if edge.idle_timeout_s]
        return Decision(
            self.source,
            self.dst,
            self.port,
            outcome,
            FATE_OF.get(outcome, self.undetermined_as),
            tuple(walk.steps),
            tuple(walk.met),
            tuple(walk.links),
            wans,
            tuple(walk.passages),
            walk.host,
            walk.arrived,
            walk.lan_hops,
            any(p.edge.edge.outside == INTERNET for p in walk.passages),
            idle_s=min(limits, default=0.0),
            limited=any(p.edge.edge.max_connections is not None for p in walk.passages),
        )


def _alike(one: Decision, other: Decision) -> bool:
    if one.outcome is not other.outcome:
        return False
    if one.outcome is not Outcome.ACCEPTED:
        return True
    return (
        one.target is other.target
        and one.arrived is not None
        and other.arrived is not None
        and (one.arrived.dport == other.arrived.dport)
    )
