"""Connections that live: what each passed, and what becomes of it when the network changes.

Rules of this file: a live connection is judged again by the same walk that let it in, with the entries that
the edges hold for it. So a stateful allow survives a change of rules; a lost entry is a black hole; a
restarted host answers with a reset. Whoever owns the connection is told through its callback; sockets are
never touched here. `ACCEPTED` again after `SILENT` is possible (a line comes back), after `REFUSED` never.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cxsim.sim.kernel.wire import Fate
from cxsim.sim.network.addresses import Side
from cxsim.sim.network.crossing import Passage
from cxsim.sim.network.state import HostState, WanState
from cxsim.sim.network.trace import Outcome, Trace

if TYPE_CHECKING:
    from cxsim.sim.network.decide import Decision
    from cxsim.sim.network.network import Network

TCP_HEADERS_BYTES = 40
"""IPv4 and TCP without options: what an MTU leaves for a segment."""


class Live:
    """A connection between two hosts, from the moment it was accepted until it is closed."""

    def __init__(self, network: Network, decision: Decision, now_s: float) -> None:
        self.network = network
        self.number = 0
        """Given by the network: the order of opening."""
        self.decision = decision
        self.states: dict[tuple[str, Side], Passage] = {
            (passage.edge.name, passage.entered): passage
            for passage in decision.passages
            if passage.edge.edge.stateful
        }
        self.fate = decision.fate
        self.final: Fate | None = None
        """Set when nothing can bring the connection back."""
        self.last_s = now_s
        self._idle_s = decision.idle_s
        self._open = True
        for passage in decision.passages:
            passage.edge.live_connections += 1

    @property
    def source(self) -> HostState:
        """The client."""
        return self.decision.source

    @property
    def target(self) -> HostState | None:
        """The host that accepted; None for a transfer that never was."""
        return self.decision.target

    @property
    def wans(self) -> tuple[WanState, ...]:
        """The lines it crosses."""
        return self.decision.wans

    def ends_at(self, host: HostState) -> bool:
        """True when this host is one of the two ends."""
        return host is self.source or host is self.target

    def forget(self, edge_name: str, nat_rule_id: str | None = None) -> bool:
        """An edge lost its entry for this connection (only when it uses that NAT rule, if one is given)."""
        lost = [
            key
            for key, passage in self.states.items()
            if key[0] == edge_name
            and (nat_rule_id is None or any(nat.rule.id == nat_rule_id for nat in passage.nat))
        ]
        for key in lost:
            del self.states[key]
        return bool(lost)

    def reconsider(self) -> None:
        """Judge it again after a change; tell the owner when something it can see has changed."""
        was = self._visible()
        if self.final is not None:
            self.fate = self.final
        elif self.decision.outcome is Outcome.ACCEPTED:
            self.fate = self._judged()
            if self.fate is Fate.REFUSED:
                self.final = Fate.REFUSED
        if self._visible() != was:
            self._tell()

    def _judged(self) -> Fate:
        decision = self.network.judge(self.source, self.decision.dst, self.decision.port, self.states)
        if decision.outcome is Outcome.ACCEPTED and decision.target is self.target:
            return Fate.ACCEPTED
        decision.count()
        # Another host than the one that accepted answers a packet of a connection it does not know: RST.
        reset = decision.outcome in (Outcome.REFUSED, Outcome.ACCEPTED)
        return Fate.REFUSED if reset else Fate.SILENT

    def touched(self, now_s: float) -> None:
        """A payload is sent: entries of devices that have waited too long are gone."""
        if self._idle_s and now_s - self.last_s > self._idle_s:
            idle_s = now_s - self.last_s
            for name, side in list(self.states):
                limit_s = self.states[name, side].edge.idle_timeout_s
                if limit_s and idle_s > limit_s:
                    del self.states[name, side]
            self.reconsider()
        self.last_s = now_s

    def close(self) -> None:
        """Both ends have given it up. Closing it twice does nothing."""
        if self._open:
            self._open = False
            self.network.forget(self)
            for passage in self.decision.passages:
                passage.edge.live_connections -= 1

    def _visible(self) -> tuple[object, ...]:
        return (self.fate,)

    def _tell(self) -> None:
        raise NotImplementedError


class Circuit(Live):
    """A TCP connection of the kernel's sockets (wire.Circuit)."""

    def __init__(self, network: Network, decision: Decision, now_s: float) -> None:
        super().__init__(network, decision, now_s)
        self.on_change: Callable[[], None] | None = None
        self.latency_s = decision.rtt_s / 2
        self.max_segment_bytes = max_segment_bytes(decision.wans)

    def closed(self) -> None:
        """Called once by the kernel when both ends are closed."""
        self.close()

    def reconsider(self) -> None:
        """Judge it again; latency and segment limit follow the lines."""
        self.latency_s = self.network.rtt_s(self.decision) / 2
        self.max_segment_bytes = max_segment_bytes(self.decision.wans)
        super().reconsider()

    def _tell(self) -> None:
        if self.on_change is not None:
            self.on_change()


class Path(Live):
    """A connection that carries replication data, from the moment it was tried until `close`. Its
    attributes may change at any time; the network says so through the callbacks."""

    def __init__(self, network: Network, decision: Decision, now_s: float, trace: Trace) -> None:
        super().__init__(network, decision, now_s)
        self.trace = trace
        self._callbacks: list[Callable[[], None]] = []
        self._seen = self._visible()

    @property
    def link_ids(self) -> tuple[str, ...]:
        """The directed links whose capacity it uses, in the order of the route; one id never twice."""
        return tuple(dict.fromkeys(self.trace.link_ids))

    @property
    def cap_bps(self) -> float:
        """The most that this path alone may carry, bits per second."""
        limits = [wan.transfer_bps.value for wan in self.wans]
        return min([self.network.parameters.lan_bps, *(limit for limit in limits if limit is not None)])

    @property
    def rtt_s(self) -> float:
        """Round-trip time, seconds."""
        return self.network.rtt_s(self.decision)

    @property
    def loss(self) -> float:
        """Fraction of packets lost on the way, 0..1."""
        kept = 1.0
        for wan in self.wans:
            kept *= 1.0 - wan.loss.value
        return 1.0 - kept

    @property
    def max_segment_bytes(self) -> int | None:
        """Larger segments vanish (an MTU black hole); None = no limit."""
        return max_segment_bytes(self.wans)

    @property
    def accepted_by(self) -> str | None:
        """The host that answers at the far end; None unless the fate is ACCEPTED."""
        return self.target.name if self.target is not None and self.fate is Fate.ACCEPTED else None

    @property
    def accepted_port(self) -> int | None:
        """The port on that host, after translation."""
        return self.trace.accepted_port

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call back whenever an attribute, or the capacity of one of the links, has changed."""
        self._callbacks.append(callback)

    def reconsider(self) -> None:
        """Judge it again, and compare everything the owner can see with what it last saw."""
        super().reconsider()
        if self._visible() != self._seen:
            self._tell()

    def _visible(self) -> tuple[object, ...]:
        capacities = tuple(self.network.capacity_bps(link.id) for link in self.decision.links)
        return (self.fate, self.cap_bps, self.rtt_s, self.loss, self.max_segment_bytes, capacities)

    def _tell(self) -> None:
        self._seen = self._visible()
        for callback in list(self._callbacks):
            callback()


def max_segment_bytes(wans: tuple[WanState, ...]) -> int | None:
    """The largest payload of a segment that gets through these lines; None when none of them limits it."""
    limits = [wan.mtu_bytes.value for wan in wans if wan.mtu_bytes.value is not None]
    return min(limits) - TCP_HEADERS_BYTES if limits else None
