"""The network between simulated hosts: names, connections, transfers, traces (wire.Network).

Rules of this file: the face of the room. It decides by walking (walk.py), remembers decisions until
something changes, keeps the connections that live, and logs the attempts that failed with their traces.
How things change is in changes.py. Times are seconds of virtual time, capacities bits per second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TypeVar

from cxsim.sim.kernel.streams import stream
from cxsim.sim.kernel.wire import Attempt, Fate, Listener, NameAnswer
from cxsim.sim.network.addresses import Side, address, dotted, is_address
from cxsim.sim.network.crossing import Passage
from cxsim.sim.network.decide import Decision, decide
from cxsim.sim.network.edges import EdgeState
from cxsim.sim.network.live import Circuit, Live, Path
from cxsim.sim.network.model import INTERNET, Topology
from cxsim.sim.network.names import Lookup, look_up
from cxsim.sim.network.state import DnsState, HostState, LinkState, SiteState, VpnState
from cxsim.sim.network.topology import Problem, TopologyError, UnknownName, problems_of
from cxsim.sim.network.trace import FATE_OF, OUTCOME_OF, Outcome, Reason, Step, StepKind, Trace, Verdict

V = TypeVar("V")

FAILURES_KEPT = 10_000
"""Different failures that are remembered; later ones are only counted in `failures_lost`."""

EPHEMERAL = (32768, 60999)
"""Source ports that servers see, in turn for each host (Linux default range)."""


@dataclass(frozen=True)
class Parameters:
    """Figures that no environment file gives."""

    lan_one_way_s: float = 10e-6
    """Each LAN that is crossed, one way."""
    internet_rtt_s: float = 0.0
    """Added to the round trips of the two sites' lines."""
    lan_bps: float = 10e9
    """The most a single transfer carries where no line limits it: a 10 Gbit/s adapter [I]."""
    arp_failure_s: float = 3.1
    """Until `No route to host` for a dead neighbour (edge-config 4.1 [M])."""
    icmp_every_s: float = 0.0
    """A router answers one client's rejected SYNs with ICMP no more often than this and drops the others in
    silence; 0 = it always answers. Linux: icmp_ratelimit, 1 s [K]; measured 0 to 7.1 s (edge-config 4.1)."""
    undetermined_as: Fate = Fate.SILENT
    """What a client sees when unknown rules decide: the network does not guess, but time must go on."""


@dataclass
class Failure:
    """A connection that failed, once or often. `name`: what the host had resolved to that address."""

    trace: Trace
    name: str | None
    first_s: float
    last_s: float
    count: int = 1


class Network:
    """A network in being. Raises TopologyError with everything that is wrong with `topology`; warnings are
    kept in `warnings`. `clock` gives virtual time; without it every instant is 0.0. `listeners` says what
    listens on a port of a host (`Hub.listener`), beside what was told by `listen` and declared services; it
    is asked at every connection. `streams` gives the random stream of a path (kernel.streams, with the
    scenario's seed); only jitter draws from it."""

    def __init__(
        self,
        topology: Topology,
        parameters: Parameters | None = None,
        clock: Callable[[], float] | None = None,
        listeners: Callable[[str, int], Listener | None] | None = None,
        streams: Callable[[str], Random] | None = None,
    ) -> None:
        problems = problems_of(topology)
        if any(problem.is_error for problem in problems):
            raise TopologyError(problems)
        self.warnings: tuple[Problem, ...] = tuple(problems)
        self.parameters = parameters or Parameters()
        self.clock: Callable[[], float] = clock or (lambda: 0.0)
        self.sites: dict[str, SiteState] = {site.name: SiteState(site) for site in topology.sites}
        self.hosts: dict[str, HostState] = {}
        for attachment in topology.hosts:
            host = HostState(attachment, self.sites[attachment.site])
            self.hosts[host.name] = host
            host.site.hosts[host.address] = host
        self.edges: dict[str, EdgeState] = {e.name: EdgeState(e, self.sites[e.site]) for e in topology.edges}
        self.vpns: tuple[VpnState, ...] = tuple(VpnState(vpn) for vpn in topology.vpns)
        self.public_dns = DnsState(topology.public_dns, "public DNS")
        self.links: dict[str, LinkState] = {
            link.id: link for site in self.sites.values() if site.wan for link in (site.wan.up, site.wan.down)
        }
        self.failures: list[Failure] = []
        self.failures_lost = 0
        self.walks = 0
        """How often the way of a connection was decided afresh, not remembered."""
        self._failure_of: dict[tuple[str, int, int, Outcome, str], Failure] = {}
        self._owners: dict[str, dict[int, EdgeState]] = {}
        self._gateways: dict[tuple[str, int], EdgeState] = {}
        self._first_edge: dict[str, EdgeState] = {}
        for edge in self.edges.values():
            outside = self._owners.setdefault(edge.edge.outside, {})
            outside.update(dict.fromkeys((address(a) for a in edge.edge.addresses), edge))
            self._gateways[edge.site.name, edge.inside_address] = edge
            self._first_edge.setdefault(edge.site.name, edge)
        self._source = listeners
        self._listeners: dict[tuple[str, int], Listener] = {}
        self._decisions: dict[tuple[str, str, int], Decision] = {}
        self._judged: dict[tuple[object, ...], tuple[Fate, Decision, tuple[Passage, ...]]] = {}
        self._streams: Callable[[str], Random] = streams or partial(stream, 0)
        self._jittering: dict[str, int] = {}
        self._answered_s: dict[tuple[str, str], float] = {}
        self._live: dict[int, Live] = {}
        self._live_count = 0
        self._asked: dict[tuple[str, str], str] = {}
        self._trial = 0
        self.composition: object | None = None
        """Whoever composed hosts and network, for changes of what is not the network's own."""

    # --- what a walk looks up (walk.Ground) ---

    def owner(self, segment: str, value: int) -> EdgeState | None:
        """The edge that an address on this segment leads to from outside it."""
        edge = self._owners.get(segment, {}).get(value)
        if edge is None:
            for candidate in self.edges.values():
                if candidate.routed and candidate.edge.outside == segment:
                    for low, high in candidate.routed:
                        if low <= value <= high:
                            return candidate
        return edge

    def gateway(self, site: SiteState, value: int) -> EdgeState | None:
        """The edge of a site with this inside address."""
        return self._gateways.get((site.name, value))

    def edge_of(self, site: SiteState) -> EdgeState | None:
        """The edge that a site's packets leave through when no route names another: the first written."""
        return self._first_edge.get(site.name)

    def listens(self, host: HostState, port: int) -> bool:
        """True when a connection to this port of the host is answered."""
        return self.listener(host, port) is not None

    # --- listeners ---

    def listener(self, host: HostState, port: int) -> Listener | None:
        """What answers on a port of a host. A declared service is a port that accepts and says nothing."""
        if host.stopped_port(port):
            return None
        found = self._listeners.get((host.name, port))
        if found is None and self._source is not None:
            found = self._source(host.name, port)
        return host.services.get(port) if found is None else found

    def listen(self, listener: Listener) -> None:
        """A port of a host listens from now on (where no `listeners` says so). Raises UnknownName."""
        self.host(listener.host)
        self._listeners[listener.host, listener.port] = listener
        self.changed(live=False)

    def unlisten(self, host: str, port: int) -> None:
        """It no longer does, and its program has ended: its live connections are reset."""
        self._listeners.pop((host, port), None)
        state = self.host(host)
        state.services.pop(port, None)
        for live in self.living():
            if live.target is state and live.accepted_port == port:
                live.final = Fate.REFUSED
        self.changed()

    # --- names ---

    def resolve(self, source_host: str, name: str) -> NameAnswer:
        """Resolve a name (or an address literal) with the resolver of `source_host`. Raises UnknownName."""
        lookup = self._look_up(source_host, name)
        for meeting in lookup.met:
            meeting.met += 1
        for text in lookup.answer.addresses:
            self._asked[source_host, text] = name
        return lookup.answer

    def host_at(self, near_host: str, address: str) -> str | None:
        """The name of the host that an address (or a name) is on the site of `near_host`, or at the other
        end of a tunnel; None when there is none."""
        near = self.host(near_host)
        answer = self._look_up(near_host, address).answer
        for text in answer.addresses:
            value = _int(text)
            far = [vpn.far_site(near.site.name, near.address, value) for vpn in self.vpns]
            for site in (near.site, *(self.sites[name] for name in far if name is not None)):
                if value in site.hosts:
                    return site.hosts[value].name
        return None

    def _look_up(self, source_host: str, name: str) -> Lookup:
        return look_up(self.host(source_host), name, self.public_dns, self.hosts)

    # --- connections ---

    def connect(self, source_host: str, address: str, port: int) -> Attempt:
        """Decide the fate of a TCP connection from a host to an address. Raises UnknownName for the host,
        ValueError for an address that is none."""
        decision = self._decided(source_host, address, port)
        for meeting in decision.met:
            meeting.met += 1
        if decision.fate is not Fate.ACCEPTED or (decision.limited and self._full(decision)):
            return self._refused(self._if_full(decision), self._asked.get((source_host, address)))
        source, arrived, listener = decision.source, decision.arrived, decision.listener
        assert arrived is not None
        assert listener is not None
        low, high = EPHEMERAL
        number = low + source.next_port
        source.next_port = (source.next_port + 1) % (high - low + 1)
        circuit = Circuit(self, decision, self.clock())
        self._keep(circuit)
        delay_s = 2 * circuit.latency_s
        return Attempt(Fate.ACCEPTED, delay_s, listener, circuit, (dotted(arrived.src), number))

    def open_transfer(self, source_host: str, address: str, port: int) -> Path:
        """Try a connection for replication data from a host to an address or a name. Never raises for one
        that fails: the path says its fate, and keeps saying it until closed. Raises UnknownName."""
        now_s = self.clock()
        lookup = self._look_up(source_host, address)
        for meeting in lookup.met:
            meeting.met += 1
        before = () if lookup.step is None else (lookup.step,)
        if not lookup.answer.addresses:
            assert lookup.step is not None
            outcome = OUTCOME_OF[lookup.step.verdict]
            source = self.host(source_host)
            decision = Decision(source, 0, port, outcome, FATE_OF[outcome], before)
            trace = Trace(source_host, address, port, None, now_s, before, outcome)
        else:
            decision = self._if_full(self._decided(source_host, lookup.answer.addresses[0], port))
            decision.count()
            trace = decision.trace(address, now_s, before)
        if decision.fate is not Fate.ACCEPTED:
            self._log(trace, decision.dst, address)
        path = Path(self, decision, now_s, trace)
        self._keep(path)
        return path

    def trace(self, source_host: str, target: str, port: int, t_s: float | None = None) -> Trace:
        """What would happen to a connection now, step by step, both ways; nothing is counted or changed.
        `t_s` only dates the trace. Raises UnknownName for the host."""
        when_s = self.clock() if t_s is None else t_s
        lookup = self._look_up(source_host, target)
        before = () if lookup.step is None else (lookup.step,)
        if not lookup.answer.addresses:
            assert lookup.step is not None
            return Trace(source_host, target, port, None, when_s, before, OUTCOME_OF[lookup.step.verdict])
        decision = self._if_full(self._decided(source_host, lookup.answer.addresses[0], port))
        return decision.trace(target, when_s, before)

    def _decided(self, source_host: str, address: str, port: int) -> Decision:
        key = (source_host, address, port)
        decision = self._decisions.get(key)
        # Applications open and close ports without telling the network.
        if decision is None or self._answering(decision) is not decision.listener:
            decision = self.judge(self.host(source_host), _int(address), port)
            self._decisions[key] = decision
        return decision

    def judge(
        self,
        source: HostState,
        dst: int,
        port: int,
        established: Mapping[tuple[str, Side], Passage] | None = None,
        end: HostState | None = None,
    ) -> Decision:
        """Decide afresh, for a new connection or for one that lives (`established`, with the host that has
        its other `end`)."""
        self.walks += 1
        decision = decide(self, source, dst, port, self.parameters.undetermined_as, established, end)
        decision.rtt_s = self.rtt_s(decision)
        decision.listener = self._answering(decision)
        return decision

    def judged_live(self, live: Live) -> tuple[Fate, Decision]:
        """The fate of a connection that lives, with the entries that it still has, and why. Connections that
        are alike are judged once."""
        states = tuple(live.states.values())
        key = (live.source.name, live.decision.dst, live.decision.port, live.target, *map(id, states))
        known = self._judged.get(key)
        if known is None:
            decision = self.judge(
                live.source, live.decision.dst, live.decision.port, live.states, live.target
            )
            fate = Fate.REFUSED if decision.outcome is Outcome.REFUSED else Fate.SILENT
            if decision.outcome is Outcome.ACCEPTED:
                fate = Fate.ACCEPTED
            # The entries are kept with the answer: while they are, no other has their id.
            known = self._judged[key] = (fate, decision, states)
        return known[:2]

    def jitter(self, decision: Decision) -> Callable[[], float] | None:
        """Draws how much later a segment arrives on this way, seconds; None when no line has jitter. Each
        line delays evenly between nothing and its `jitter_s` [I], from a stream of the connection's own."""
        wans = decision.wans
        if not any(wan.jitter_s.value for wan in wans):
            return None
        path = f"network/jitter/{decision.source.name}/{dotted(decision.dst)}:{decision.port}"
        number = self._jittering[path] = self._jittering.get(path, 0) + 1
        draw = self._streams(f"{path}/{number}").random
        return lambda: sum(wan.jitter_s.value * draw() for wan in wans)

    def _answering(self, decision: Decision) -> Listener | None:
        if decision.target is None or decision.arrived is None:
            return None
        return self.listener(decision.target, decision.arrived.dport)

    def rtt_s(self, decision: Decision) -> float:
        """Round trip of a decision's way, as the lines are now."""
        rtt_s = 2 * self.parameters.lan_one_way_s * decision.lan_hops
        for wan in decision.wans:
            rtt_s += wan.rtt_s.value
        return rtt_s + self.parameters.internet_rtt_s if decision.internet else rtt_s

    def capacity_bps(self, link_id: str) -> float:
        """What a link carries at this moment, bits per second; 0 while it is down. Raises UnknownName."""
        link = _get("link", self.links, link_id)
        return link.capacity_bps.value if link.wan.is_up.value else 0.0

    def set_line_itself(self, line: str, up_bps: float, down_bps: float, is_up: bool) -> None:
        """What a site's line is by itself from now on; changes (changes.set_line) stay on top. Raises
        UnknownName."""
        wan = _get("line", {link.wan.name: link.wan for link in self.links.values()}, line)
        wan.up.capacity_bps.set_base(up_bps)
        wan.down.capacity_bps.set_base(down_bps)
        wan.is_up.set_base(is_up)
        self.changed()

    def _full(self, decision: Decision) -> EdgeState | None:
        for passage in decision.passages:
            limit = passage.edge.edge.max_connections
            if limit is not None and passage.edge.live_connections >= limit:
                return passage.edge
        return None

    def _if_full(self, decision: Decision) -> Decision:
        edge = self._full(decision) if decision.limited and decision.fate is Fate.ACCEPTED else None
        if edge is None:
            return decision
        text = f"{edge.live_connections} connections, the most it keeps"
        step = Step(StepKind.STATE, edge.name, text, Verdict.DROP, edge.edge.place, Reason.CONNECTION_LIMIT)
        return Decision(
            decision.source,
            decision.dst,
            decision.port,
            Outcome.SILENT,
            Fate.SILENT,
            (*decision.steps[:-1], step),
        )

    def _refused(self, decision: Decision, name: str | None) -> Attempt:
        if decision.steps[-1].reason is Reason.CONNECTION_LIMIT:
            self.edges[decision.steps[-1].device].table.met += 1
        text = dotted(decision.dst)
        self._log(decision.trace(text, self.clock()), decision.dst, name)
        last = decision.steps[-1]
        if self._held_back(decision):
            return Attempt(Fate.SILENT, 0.0)
        neighbour = last.reason in (Reason.NO_HOST, Reason.HOST_DOWN, Reason.EDGE_DOWN, Reason.NO_GATEWAY)
        delay_s = self.parameters.arp_failure_s if neighbour else decision.rtt_s
        return Attempt(decision.fate, 0.0 if decision.fate is Fate.NO_ROUTE else delay_s)

    def _held_back(self, decision: Decision) -> bool:
        """True when the ICMP answer of an edge comes too soon after its last to the same client."""
        last = decision.steps[-1]
        if not self.parameters.icmp_every_s or last.kind is not StepKind.ACL:
            return False
        if decision.fate is not Fate.UNREACHABLE:
            return False
        key, now_s = (last.device, decision.source.name), self.clock()
        held = now_s - self._answered_s.get(key, -math.inf) < self.parameters.icmp_every_s
        if not held:
            self._answered_s[key] = now_s
        return held

    def _log(self, trace: Trace, dst: int, name: str | None) -> None:
        key = (trace.source, dst, trace.port, trace.outcome, trace.deciding.text)
        known = self._failure_of.get(key)
        if known is not None:
            known.count += 1
            known.last_s = trace.t_s
        elif len(self.failures) < FAILURES_KEPT:
            named = name if name is not None and not is_address(name) else None
            self._failure_of[key] = failure = Failure(trace, named, trace.t_s, trace.t_s)
            self.failures.append(failure)
        else:
            self.failures_lost += 1

    # --- what lives, and what changes ---

    def _keep(self, live: Live) -> None:
        self._live_count += 1
        live.number = self._live_count
        self._live[live.number] = live

    def forget(self, live: Live) -> None:
        """A connection has been closed."""
        self._live.pop(live.number, None)

    def living(self) -> list[Live]:
        """The connections that are open, oldest first."""
        return list(self._live.values())

    def changed(self, live: bool = True) -> None:
        """Something is different: forget decisions and judge what lives again. `live=False`: only new
        connections can be affected."""
        self._decisions.clear()
        self._judged.clear()
        if live and not self._trial:
            for connection in self.living():
                connection.reconsider()

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Inside, changes are tried without anybody noticing: live connections are not judged again. Every
        change must be undone before the end."""
        self._trial += 1
        try:
            yield
        finally:
            self._trial -= 1
            self._decisions.clear()
            self._judged.clear()

    @property
    def in_trial(self) -> bool:
        """True inside `trial()`."""
        return self._trial > 0

    # --- by name ---

    def host(self, name: str) -> HostState:
        """A host by name. Raises UnknownName with the nearest."""
        return _get("host", self.hosts, name)

    def edge(self, name: str) -> EdgeState:
        """An edge by name. Raises UnknownName with the nearest."""
        return _get("edge", self.edges, name)

    def site(self, name: str) -> SiteState:
        """A site by name. Raises UnknownName with the nearest."""
        return _get("site", self.sites, name)

    def party_of(self, device: str) -> str | None:
        """Who administers a device, host, line, resolver or site: `tenant` or `provider`; None: unknown."""
        if device in self.edges:
            return self.edges[device].site.party
        if device in self.hosts:
            return self.hosts[device].site.party
        for site in self.sites.values():
            names = [site.name, site.dns.title]
            names += [site.wan.name, site.wan.up.id, site.wan.down.id] if site.wan else []
            if device in names:
                return site.party
        return None


def _get(kind: str, known: Mapping[str, V], name: str) -> V:
    value = known.get(name)
    if value is None:
        raise UnknownName(kind, name, known)
    return value


def _int(text: str) -> int:
    return address(text)


__all__ = ["INTERNET", "Failure", "Network", "Parameters"]
