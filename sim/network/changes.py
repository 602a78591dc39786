"""What can happen to a network while it runs. Every change can be undone and says what it met.

Rules of this file: one function a change; each returns a `Change`. Names that nothing has raise UnknownName
with the nearest. A change of rules leaves connections alone that a stateful device already knows, unless it
says `flush`. All changes end in `network.changed()`, which judges what lives again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cxsim.sim.kernel.wire import Fate, Listener
from cxsim.sim.network.addresses import address
from cxsim.sim.network.edges import EdgeState, NatState, RuleState
from cxsim.sim.network.model import FilterRule, NatRule
from cxsim.sim.network.network import Network
from cxsim.sim.network.state import HostState, Layered, Meeting, WanState
from cxsim.sim.network.topology import Problem, TopologyError, UnknownName, nat_problems, rule_problems

_Figure = Layered[float] | Layered[bool] | Layered[int | None] | Layered[float | None]


class Change:
    """A change that was made. Calling it, or `undo`, takes it back; doing so twice does nothing."""

    def __init__(
        self, description: str, place: str, undo: Callable[[], None], meetings: tuple[Meeting, ...]
    ) -> None:
        self.description = description
        self.place = place
        self.undone = False
        self.hit = 0
        """Live connections that it changed or broke."""
        self._undo = undo
        self._meetings = [(meeting, meeting.met) for meeting in meetings]
        self._met = 0

    @property
    def met(self) -> int:
        """First packets that met it while it lasted, and live connections that it hit. 0: it did nothing."""
        if not self.undone:
            self._met = sum(meeting.met - before for meeting, before in self._meetings)
        return self._met + self.hit

    def undo(self) -> None:
        """Take the change back."""
        if not self.undone:
            self._met = self.met - self.hit
            self.undone = True
            self._undo()

    __call__ = undo


def add_rule(network: Network, edge: str, rule: FilterRule, at: str = "top", flush: bool = False) -> Change:
    """Put a firewall rule at `top`, `bottom` or `before:<id or name>`. Raises UnknownName, TopologyError."""
    device = network.edge(edge)
    _refuse(rule_problems(device.edge, rule))
    state = RuleState(rule, device.edge)
    device.rules.insert(_position(device, at), state)

    def undo() -> None:
        device.rules.remove(state)
        network.changed()

    return _made(network, f"{edge}: {state.quote}", rule.place, undo, (state,), edge if flush else None)


def remove_rule(network: Network, edge: str, rule: str, flush: bool = False, place: str = "") -> Change:
    """Take a firewall rule away, by id or name; it stays as a shadow that counts what it would match."""
    device = network.edge(edge)
    state = find_rule(device, rule)
    state.removed += 1
    state.removed_at = place

    def undo() -> None:
        state.removed -= 1
        network.changed()

    text = f"{edge}: without {state.quote}"
    return _made(network, text, place or state.rule.place, undo, (state,), edge if flush else None)


def remove_nat(network: Network, edge: str, rule: str, flush: bool = False, place: str = "") -> Change:
    """Take a NAT rule away, by id or name; it stays as a shadow that counts what it would match. Entries of
    connections that live stay in the device's table [I] unless `flush`."""
    device = network.edge(edge)
    state = find_nat(device, rule)
    state.removed += 1
    state.removed_at = place

    def undo() -> None:
        state.removed -= 1
        network.changed()

    text = f"{edge}: without {state.quote}"
    return _made(network, text, place or state.rule.place, undo, (state,), edge if flush else None)


def add_nat(network: Network, edge: str, rule: NatRule, at: str = "bottom", flush: bool = False) -> Change:
    """Put a NAT rule at `top` or `bottom`. Raises UnknownName, TopologyError."""
    device = network.edge(edge)
    _refuse(nat_problems(device.edge, rule))
    state = NatState(rule, device.edge)
    device.nat.insert(0 if at == "top" else len(device.nat), state)

    def undo() -> None:
        device.nat.remove(state)
        network.changed()

    return _made(network, f"{edge}: {state.quote}", rule.place, undo, (state,), edge if flush else None)


def flush(network: Network, edge: str) -> Change:
    """The edge forgets every connection (a restart, a failover without state). Cannot be undone."""
    network.edge(edge)
    return _made(network, f"{edge}: forgets its connections", "", _nothing, (), edge)


def edge_down(network: Network, edge: str, place: str = "") -> Change:
    """The edge loses power. Undone, it is back and has forgotten every connection."""
    device = network.edge(edge)
    token = device.is_up.push(False)
    for live in network.living():
        if not network.in_trial:
            live.forget(edge)

    def undo() -> None:
        device.is_up.remove(token)
        network.changed()

    return _made(network, f"{edge} is down", place or device.edge.place, undo, (device,))


def start_edge(network: Network, edge: str, place: str = "") -> Change:
    """The edge runs, whatever kept it down."""
    device = network.edge(edge)
    token = device.is_up.push(True)

    def undo() -> None:
        device.is_up.remove(token)
        network.changed()

    return _made(network, f"{edge} runs", place, undo, (device,))


def drop_nat_entries(network: Network, edge: str, rule: str) -> Change:
    """The entries made by one NAT rule expire. Cannot be undone."""
    state = find_nat(network.edge(edge), rule)
    return _made(network, f"{edge}: entries of {state.quote} expire", "", _nothing, (), edge, state.rule.id)


def set_line(
    network: Network,
    line: str,
    up_bps: float | None = None,
    down_bps: float | None = None,
    is_up: bool | None = None,
    rtt_s: float | None = None,
    loss: float | None = None,
    mtu_bytes: int | None = None,
    place: str = "",
    transfer_bps: float | None = None,
    jitter_s: float | None = None,
    mtu_up_bytes: int | None = None,
    mtu_down_bytes: int | None = None,
) -> Change:
    """Change a site's line, by its name. Capacities in bits per second (0 = nothing gets through).
    Raises UnknownName, and ValueError for a negative figure."""
    wan = _line(network, line)
    wanted: list[tuple[str, _Figure, float | None]] = [
        ("up", wan.up.capacity_bps, up_bps),
        ("down", wan.down.capacity_bps, down_bps),
        ("rtt", wan.rtt_s, rtt_s),
        ("loss", wan.loss, loss),
        ("mtu", wan.mtu_bytes, mtu_bytes),
        ("mtu up", wan.up.mtu_bytes, mtu_up_bytes),
        ("mtu down", wan.down.mtu_bytes, mtu_down_bytes),
        ("transfer", wan.transfer_bps, transfer_bps),
        ("jitter", wan.jitter_s, jitter_s),
        ("is up", wan.is_up, is_up),
    ]
    asked = [(name, layered, value) for name, layered, value in wanted if value is not None]
    for name, _, value in asked:
        if not value >= 0:
            raise ValueError(f"line {line!r}: {name} is {value:g}: it must not be negative")
    tokens = [(layered, layered.push(value)) for _, layered, value in asked]  # type: ignore[arg-type]

    def undo() -> None:
        for layered, token in tokens:
            layered.remove(token)
        network.changed()

    text = ", ".join(f"{name} {value:g}" for name, _, value in asked)
    return _made(network, f"line {line}: {text}", place, undo, (wan.up, wan.down))


def host_down(network: Network, host: str, place: str = "") -> Change:
    """The host loses power. Undone, it is back and knows nothing of what was connected to it: it answers
    with a reset when it hears of it."""
    state = network.host(host)
    token = state.alive.push(False)

    def undo() -> None:
        state.alive.remove(token)
        for live in network.living():
            if live.ends_at(state) and not network.in_trial:
                live.forgotten_by.append(host)
        network.changed()

    return _made(network, f"{host} is down", place, undo, (state,))


def restart_host(network: Network, host: str, place: str = "") -> Change:
    """The host restarts in no time: its programs end, so its connections are reset. Cannot be undone."""
    state = network.host(host)
    _reset(network, state)
    return _made(network, f"{host} restarts", place, _nothing, ())


def stop_service(network: Network, host: str, port: int, place: str = "") -> Change:
    """The service ends: its connections are reset, new ones refused."""
    state = network.host(host)
    stopped = state.stopped.setdefault(port, Layered(False))
    token = stopped.push(True)
    _reset(network, state, port)

    def undo() -> None:
        stopped.remove(token)
        network.changed()

    return _made(network, f"{host}: nothing listens on {port}", place, undo, (state,))


def start_host(network: Network, host: str, place: str = "") -> Change:
    """The host runs, whatever kept it down."""
    state = network.host(host)
    token = state.alive.push(True)

    def undo() -> None:
        state.alive.remove(token)
        network.changed()

    return _made(network, f"{host} runs", place, undo, (state,))


def start_service(network: Network, host: str, port: int, place: str = "") -> Change:
    """The port listens, whatever kept it closed; without an application it accepts and says nothing."""
    state = network.host(host)
    stopped = state.stopped.setdefault(port, Layered(False))
    token = stopped.push(False)
    added = network.listener(state, port) is None
    if added:
        state.services[port] = Listener(host, port, None, None)

    def undo() -> None:
        stopped.remove(token)
        if added:
            del state.services[port]
        network.changed()

    return _made(network, f"{host} listens on {port}", place, undo, (state,))


def set_gateway(network: Network, host: str, gateway: str | None, place: str = "") -> Change:
    """The host sends what is not for its LAN to another gateway, or nowhere (None). Raises ValueError."""
    state = network.host(host)
    token = state.gateway.push(None if gateway is None else address(gateway))

    def undo() -> None:
        state.gateway.remove(token)
        network.changed()

    return _made(network, f"{host}: gateway {gateway or 'none'}", place, undo, (state,))


def set_record(
    network: Network, site: str, name: str, addresses: tuple[str, ...] | None, place: str = ""
) -> Change:
    """Give a name other addresses on a site, or none (NXDOMAIN)."""
    record = network.site(site).dns.record(name)
    token = record.addresses.push(addresses)

    def undo() -> None:
        record.addresses.remove(token)
        network.changed(live=False)

    text = f"{name} A {', '.join(addresses)}" if addresses else f"{name} does not exist"
    return _made(network, f"{site}: {text}", place, undo, (record,))


def slow_resolver(network: Network, site: str, delay_s: float, place: str = "") -> Change:
    """The site's resolver takes `delay_s` to answer. Raises ValueError when it is negative."""
    if delay_s < 0:
        raise ValueError(f"site {site!r}: a resolver cannot answer after {delay_s:g} s")
    dns = network.site(site).dns
    token = dns.delay_s.push(delay_s)

    def undo() -> None:
        dns.delay_s.remove(token)
        network.changed(live=False)

    return _made(network, f"{site}: names take {delay_s:g} s", place, undo, (dns,))


def tunnel_down(network: Network, vpn: str, place: str = "") -> Change:
    """A site-to-site tunnel is down."""
    return _set_tunnel(network, vpn, False, place)


def tunnel_up(network: Network, vpn: str, place: str = "") -> Change:
    """A site-to-site tunnel is up, whatever kept it down."""
    return _set_tunnel(network, vpn, True, place)


def _set_tunnel(network: Network, vpn: str, is_up: bool, place: str) -> Change:
    state = next((v for v in network.vpns if v.name == vpn), None)
    if state is None:
        raise UnknownName("tunnel", vpn, [v.name for v in network.vpns])
    token = state.is_up.push(is_up)

    def undo() -> None:
        state.is_up.remove(token)
        network.changed()

    return _made(network, f"tunnel {vpn} is {'up' if is_up else 'down'}", place, undo, (state,))


def set_table(
    network: Network,
    edge: str,
    most: int | None = None,
    idle_timeout_s: float | None = None,
    place: str = "",
) -> Change:
    """Change an edge's table of connections: how many it keeps, and for how long in silence. None: as it is.
    Met: connections that found no room, or that were forgotten and used again. Raises UnknownName."""
    device = network.edge(edge)
    before = device.edge
    figures: dict[str, float | None] = {}
    if most is not None:
        figures["max_connections"] = most
    if idle_timeout_s is not None:
        figures["idle_timeout_s"] = idle_timeout_s
    device.edge = replace(before, **figures)  # type: ignore[arg-type]

    def undo() -> None:
        kept = {key: getattr(before, key) for key in figures}
        device.edge = replace(device.edge, **kept)
        network.changed()

    text = ", ".join(f"{key} {value:g}" for key, value in figures.items() if value is not None)
    return _made(network, f"{edge}: {text}", place, undo, (device.table,))


def find_rule(device: EdgeState, rule: str) -> RuleState:
    """A firewall rule of an edge by id or name. Raises UnknownName."""
    for state in device.rules:
        if rule in (state.rule.id, state.rule.name):
            return state
    known = [n for s in device.rules for n in (s.rule.id, s.rule.name) if n]
    raise UnknownName(f"firewall rule of {device.name}", rule, known)


def find_nat(device: EdgeState, rule: str) -> NatState:
    """A NAT rule of an edge by id or name. Raises UnknownName."""
    for state in device.nat:
        if rule in (state.rule.id, state.rule.name):
            return state
    known = [n for s in device.nat for n in (s.rule.id, s.rule.name) if n]
    raise UnknownName(f"NAT rule of {device.name}", rule, known)


def _refuse(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise TopologyError(found)


def _position(device: EdgeState, at: str) -> int:
    if at in ("top", "bottom"):
        return 0 if at == "top" else len(device.rules)
    kind, _, name = at.partition(":")
    if kind != "before":
        raise ValueError(f"{at!r}: a rule goes at top, bottom or before:<id or name>")
    return device.rules.index(find_rule(device, name))


def _line(network: Network, line: str) -> WanState:
    name = line.removesuffix(":up").removesuffix(":down")
    for link in network.links.values():
        if link.wan.name == name:
            return link.wan
    raise UnknownName("line", line, [link.wan.name for link in network.links.values()])


def _reset(network: Network, host: HostState, port: int | None = None) -> None:
    """The programs at one end have ended: resets come at once."""
    for live in network.living():
        ends = live.ends_at(host) if port is None else live.target is host and live.accepted_port == port
        if ends and not network.in_trial:
            live.final = Fate.REFUSED


def _nothing() -> None:
    """Nothing to undo."""


def _made(
    network: Network,
    description: str,
    place: str,
    undo: Callable[[], None],
    meetings: tuple[Meeting, ...],
    flushed: str | None = None,
    nat_rule_id: str | None = None,
) -> Change:
    """A change that has been made to the state: the network takes notice, and the connections that live and
    can notice it are counted."""
    change = Change(description, place, undo, meetings)
    if network.in_trial:
        network.changed()
        return change
    living = network.living()
    lost = {live for live in living if flushed is not None and live.forget(flushed, nat_rule_id)}
    seen = [live.seen for live in living]
    network.changed()
    change.hit = sum(live in lost or live.seen != was for live, was in zip(living, seen, strict=True))
    return change
