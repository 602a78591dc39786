"""Connections that live: what each passed, and what becomes of it when the network changes.

Rules of this file: a live connection is judged again by the same walk that let it in, with the entries that
the edges hold for it. So a stateful allow survives a change of rules; a lost entry is a black hole; a
restarted host answers with a reset. A reset answers a packet: a circuit that would be reset seems to work
until one end sends something (RFC 9293 3.5.1), a transfer always sends. Whoever owns the connection is told
through its callback; sockets are never touched here. `ACCEPTED` again after `SILENT` is possible (a line
comes back), after `REFUSED` never.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cxsim.sim.kernel.wire import Fate
from cxsim.sim.network.addresses import Side
from cxsim.sim.network.crossing import Passage
from cxsim.sim.network.state import HostState, LinkState, WanState
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
        self.forgotten_by: list[str] = []
        """Hosts at its ends that lost power and know nothing of it: they answer with a reset."""
        self.last_s = now_s
        self.seen: tuple[object, ...] = ()
        """What its ends could notice when it was last judged."""
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
    def accepted_port(self) -> int | None:
        """The port on that host, after translation; None for a transfer that never was."""
        arrived = self.decision.arrived
        return arrived.dport if arrived is not None and self.decision.outcome is Outcome.ACCEPTED else None

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
        was = self.seen
        if self.final is not None:
            self.fate = self.final
        elif self.decision.outcome is Outcome.ACCEPTED:
            self.fate = self._judged()
            if self.fate is Fate.REFUSED:
                self.fate = self._reset()
        self.seen = self.visible()
        if self.seen != was:
            self._tell(was)

    def _judged(self) -> Fate:
        fate, decision = self.network.judged_live(self)
        if fate is not Fate.ACCEPTED:
            decision.count()
        return fate

    def _reset(self) -> Fate:
        """Something on the way would answer with a reset; the fate until then."""
        self.final = Fate.REFUSED
        return Fate.REFUSED

    def touched(self, now_s: float) -> None:
        """A payload is sent: entries of devices that have waited too long are gone."""
        if self._idle_s and now_s - self.last_s > self._idle_s:
            idle_s = now_s - self.last_s
            for name, side in list(self.states):
                limit_s = self.states[name, side].edge.idle_timeout_s
                if limit_s and idle_s > limit_s:
                    self.states.pop((name, side)).edge.table.met += 1
            self.reconsider()
        self.last_s = now_s

    def close(self) -> None:
        """Both ends have given it up. Closing it twice does nothing."""
        if self._open:
            self._open = False
            self.network.forget(self)
            for passage in self.decision.passages:
                passage.edge.live_connections -= 1

    def visible(self) -> tuple[object, ...]:
        """Everything that its two ends can notice: when it differs after a change, the change met it."""
        raise NotImplementedError

    def _tell(self, was: tuple[object, ...]) -> None:
        """Something that can be noticed is not what it was."""
        raise NotImplementedError


class Circuit(Live):
    """A TCP connection of the kernel's sockets (wire.Circuit)."""

    def __init__(self, network: Network, decision: Decision, now_s: float) -> None:
        super().__init__(network, decision, now_s)
        self.on_change: Callable[[], None] | None = None
        self.max_segment_bytes = max_segment_bytes(decision.links)
        self.max_reply_bytes = max_segment_bytes(back(decision.links))
        self._one_way_s = decision.rtt_s / 2
        self._jitter = network.jitter(decision)
        self._reset_waits = False
        self.seen = self.visible()

    @property
    def latency_s(self) -> float:
        """One way, seconds: of the next segment when a line has jitter."""
        return self._one_way_s if self._jitter is None else self._one_way_s + self._jitter()

    def touched(self, now_s: float) -> None:
        """A payload is sent: to a device that forgot the connection, or to one that answers with a reset."""
        super().touched(now_s)
        if self._reset_waits and self.final is None:
            self.final = Fate.REFUSED
            self.reconsider()

    def closed(self) -> None:
        """Called once by the kernel when both ends are closed."""
        self.close()

    def reconsider(self) -> None:
        """Judge it again; latency and segment limit follow the lines."""
        self._one_way_s = self.network.rtt_s(self.decision) / 2
        self._jitter = self.network.jitter(self.decision) if self._jitter is None else self._jitter
        self.max_segment_bytes = max_segment_bytes(self.decision.links)
        self.max_reply_bytes = max_segment_bytes(back(self.decision.links))
        self._reset_waits = False
        super().reconsider()

    def visible(self) -> tuple[object, ...]:
        """Fate, segment limit, a reset that waits for the next payload, latency."""
        jitter_s = sum(wan.jitter_s.value for wan in self.wans)
        sizes = (self.max_segment_bytes, self.max_reply_bytes)
        return (self.fate, *sizes, self._reset_waits, self._one_way_s, jitter_s)

    def _reset(self) -> Fate:
        self._reset_waits = True
        return Fate.ACCEPTED

    def _tell(self, was: tuple[object, ...]) -> None:
        # Only what wakes the kernel: another fate, and a wider way for what was too large to pass.
        wider = _wider(was[1], self.max_segment_bytes) or _wider(was[2], self.max_reply_bytes)
        if self.on_change is not None and (self.fate is not was[0] or wider):
            self.on_change()


class Path(Live):
    """A connection that carries replication data, from the moment it was tried until `close`. Its
    attributes may change at any time; the network says so through the callbacks."""

    def __init__(self, network: Network, decision: Decision, now_s: float, trace: Trace) -> None:
        super().__init__(network, decision, now_s)
        self.trace = trace
        self._callbacks: list[Callable[[], None]] = []
        self.seen = self.visible()

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
        return max_segment_bytes(self.decision.links)

    @property
    def accepted_by(self) -> str | None:
        """The host that answers at the far end; None unless the fate is ACCEPTED."""
        return self.target.name if self.target is not None and self.fate is Fate.ACCEPTED else None

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call back whenever an attribute, or the capacity of one of the links, has changed."""
        self._callbacks.append(callback)

    def _judged(self) -> Fate:
        fate = super()._judged()
        return Fate.REFUSED if fate is Fate.ACCEPTED and self.forgotten_by else fate

    def visible(self) -> tuple[object, ...]:
        """Fate and every figure, and the capacities of its links."""
        capacities = tuple(self.network.capacity_bps(link.id) for link in self.decision.links)
        return (self.fate, self.cap_bps, self.rtt_s, self.loss, self.max_segment_bytes, capacities)

    def _tell(self, was: tuple[object, ...]) -> None:
        for callback in list(self._callbacks):
            callback()


def _wider(was: object, limit: int | None) -> bool:
    """True when a limit of segments was lifted."""
    return isinstance(was, int) and (limit is None or limit > was)


def max_segment_bytes(links: tuple[LinkState, ...]) -> int | None:
    """The largest payload of a segment that gets through these links; None when none of them limits it."""
    layers = [layer for link in links for layer in (link.wan.mtu_bytes, link.mtu_bytes)]
    limits = [layer.value for layer in layers if layer.value is not None]
    return min(limits) - TCP_HEADERS_BYTES if limits else None


def back(links: tuple[LinkState, ...]) -> tuple[LinkState, ...]:
    """The links that the answers take."""
    return tuple(link.other for link in links)
