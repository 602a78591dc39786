"""The running state of a network: what was written, plus what changes while time passes.

Rules of this file: state and lookups only; it decides no connection. A value that faults may change is
`Layered`: changes lie on top of each other and can be taken away in any order. Everything that a packet can
meet is a `Meeting` with a counter, so that a change that met nothing can be told from one that did.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from cxsim.sim.kernel.wire import Listener
from cxsim.sim.network.addresses import Range, address, prefix
from cxsim.sim.network.model import Dns, HostAttachment, Route, Site, Vpn, Wan

T = TypeVar("T")


class Meeting:
    """Something that packets meet; `met` counts first packets (a cached decision counts each time)."""

    __slots__ = ("met",)

    def __init__(self) -> None:
        self.met = 0


class Layered(Generic[T]):
    """A value with changes on top of it: the latest one that is still there holds."""

    __slots__ = ("_base", "_layers", "value")

    def __init__(self, base: T) -> None:
        self._base = base
        self._layers: list[tuple[object, T]] = []
        self.value = base

    def set_base(self, value: T) -> None:
        """What it is by itself; changes stay on top."""
        self._base = value
        if not self._layers:
            self.value = value

    def push(self, value: T) -> object:
        """Lay a change on top; the answer takes it away again."""
        token = object()
        self._layers.append((token, value))
        self.value = value
        return token

    def remove(self, token: object) -> None:
        """Take a change away, wherever it lies. Removing it twice does nothing."""
        self._layers = [layer for layer in self._layers if layer[0] is not token]
        self.value = self._layers[-1][1] if self._layers else self._base


class LinkState(Meeting):
    """One direction of a site's line. Its id is `<wan>:up` or `<wan>:down`."""

    __slots__ = ("capacity_bps", "id", "mtu_bytes", "wan")

    def __init__(self, wan: WanState, direction: str, capacity_bps: float) -> None:
        super().__init__()
        self.id = f"{wan.name}:{direction}"
        self.wan = wan
        self.capacity_bps = Layered(capacity_bps)
        self.mtu_bytes: Layered[int | None] = Layered(None)
        """Of this direction alone; the line's own holds for both."""

    @property
    def other(self) -> LinkState:
        """The other direction."""
        return self.wan.down if self is self.wan.up else self.wan.up


class WanState:
    """A site's line: two links that share their condition."""

    __slots__ = (
        "down",
        "is_up",
        "jitter_s",
        "loss",
        "mtu_bytes",
        "name",
        "place",
        "rtt_s",
        "transfer_bps",
        "up",
    )

    def __init__(self, wan: Wan) -> None:
        self.name = wan.name
        self.place = wan.place
        self.is_up = Layered(True)
        self.rtt_s = Layered(wan.rtt_s)
        self.jitter_s = Layered(wan.jitter_s)
        self.loss = Layered(wan.loss)
        self.mtu_bytes = Layered(wan.mtu_bytes)
        self.transfer_bps = Layered(wan.transfer_bps)
        self.up = LinkState(self, "up", wan.up_bps)
        self.down = LinkState(self, "down", wan.down_bps)


class HostState(Meeting):
    """A host: where it is, whether it runs, and its ports that listen without an application."""

    __slots__ = ("address", "alive", "gateway", "name", "next_port", "place", "services", "site", "stopped")

    def __init__(self, host: HostAttachment, site: SiteState) -> None:
        super().__init__()
        self.name = host.name
        self.site = site
        self.address = address(host.address)
        gateway = address(host.gateway) if host.gateway else site.gateway_of(self.address)
        self.gateway: Layered[int | None] = Layered(gateway)
        self.alive = Layered(host.alive)
        self.services = {port: Listener(host.name, port, None, None) for port in host.services}
        self.stopped: dict[int, Layered[bool]] = {}
        """Ports whose service was stopped by a change."""
        self.next_port = 0
        self.place = host.place

    def stopped_port(self, port: int) -> bool:
        """True while a change keeps the service on this port down."""
        return port in self.stopped and self.stopped[port].value


class SubnetState:
    """A LAN: its range of addresses and the gateway that its hosts use."""

    __slots__ = ("gateway", "high", "low", "name", "place")

    def __init__(self, name: str, cidr: str, gateway: str | None, place: str) -> None:
        self.name = name
        self.low, self.high = prefix(cidr)
        self.gateway = address(gateway) if gateway else None
        self.place = place

    def holds(self, value: int) -> bool:
        """True when the address belongs to this LAN."""
        return self.low <= value <= self.high


class RouteState:
    """A static route."""

    __slots__ = ("high", "low", "place", "text", "via")

    def __init__(self, route: Route) -> None:
        self.low, self.high = prefix(route.cidr)
        self.via = route.via
        self.place = route.place
        self.text = f"route {route.cidr} via {route.via}"


class VpnState(Meeting):
    """A tunnel between two sites."""

    __slots__ = ("is_up", "name", "networks", "place", "sites")

    def __init__(self, vpn: Vpn) -> None:
        super().__init__()
        self.name = vpn.name
        self.place = vpn.place
        self.is_up = Layered(vpn.up)
        self.sites = (vpn.site_a, vpn.site_b)
        self.networks = (_ranges(vpn.networks_a), _ranges(vpn.networks_b))

    def far_site(self, near: str, src: int, dst: int) -> str | None:
        """The site at the other end when this tunnel takes packets from `near` with these addresses."""
        for here, there in ((0, 1), (1, 0)):
            if self.sites[here] == near and _in(self.networks[here], src) and _in(self.networks[there], dst):
                return self.sites[there]
        return None


class RecordState(Meeting):
    """A name in a view. None: no such record (removed, or never there)."""

    __slots__ = ("addresses", "place")

    def __init__(self, addresses: tuple[str, ...] | None, place: str) -> None:
        super().__init__()
        self.addresses = Layered(addresses)
        self.place = place


class DnsState(Meeting):
    """A site's view of the names, or the public one."""

    __slots__ = ("delay_s", "place", "records", "search", "server", "title")

    def __init__(self, dns: Dns, title: str) -> None:
        super().__init__()
        self.title = dns.server or title
        self.server = dns.server
        self.delay_s = Layered(dns.delay_s)
        self.search = dns.search
        self.place = dns.place
        self.records = {
            fold(name): RecordState(addresses, dns.places.get(name, dns.place))
            for name, addresses in dns.records.items()
        }

    def record(self, name: str) -> RecordState:
        """The record of a name; made empty when there is none, so that it can be met and set."""
        key = fold(name)
        if key not in self.records:
            self.records[key] = RecordState(None, self.place)
        return self.records[key]


class SiteState:
    """A site: its LANs and who is on them. `outer_edges` and `inner_edges` are filled by the network."""

    __slots__ = ("dns", "hosts", "name", "party", "place", "routes", "subnets", "wan")

    def __init__(self, site: Site) -> None:
        self.name = site.name
        self.party = site.party
        self.place = site.place
        self.subnets = [SubnetState(s.name, s.cidr, s.gateway, s.place or site.place) for s in site.subnets]
        self.wan = WanState(site.wan) if site.wan else None
        self.routes = sorted((RouteState(r) for r in site.routes), key=lambda r: r.high - r.low)
        self.dns = DnsState(site.dns, f"{site.name} resolver")
        self.hosts: dict[int, HostState] = {}

    def subnet_of(self, value: int) -> SubnetState | None:
        """The LAN that an address belongs to."""
        return next((s for s in self.subnets if s.low <= value <= s.high), None)

    def gateway_of(self, value: int) -> int | None:
        """The gateway of the LAN that an address belongs to."""
        subnet = self.subnet_of(value)
        return subnet.gateway if subnet else None

    def route(self, dst: int) -> RouteState | None:
        """The most specific static route to an address."""
        return next((r for r in self.routes if r.low <= dst <= r.high), None)


def fold(name: str) -> str:
    """A name as resolvers compare it."""
    return name.rstrip(".").lower()


def _ranges(written: Iterable[str]) -> tuple[Range, ...]:
    return tuple(prefix(text) for text in written)


def _in(ranges: tuple[Range, ...], value: int) -> bool:
    return any(low <= value <= high for low, high in ranges)


PRIVATE: tuple[Range, ...] = _ranges(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))


def is_private(value: int) -> bool:
    """True for addresses that the internet does not route (RFC 1918, RFC 6598)."""
    return _in(PRIVATE, value)
