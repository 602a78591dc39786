"""A network as somebody wrote it down: frozen records, each with the place (file:line) it was written at.

Rules of this file: plain data, as typed. Addresses, prefixes and ports are text here, so that everything
wrong in them can be reported at once with its place (topology.py); the running state is elsewhere
(state.py, edges.py). Capacities are bits per second, times seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cxsim.sim.network.addresses import Groups

INTERNET = "internet"
"""Name of the segment that every public address is routed on."""


@dataclass(frozen=True)
class Subnet:
    """One LAN of a site. `gateway`: the inside address of the edge that its hosts send to."""

    name: str
    cidr: str
    gateway: str | None = None
    place: str = ""


@dataclass(frozen=True)
class Wan:
    """A site's line. Its link ids are `<name>:up` (leaving the site) and `<name>:down`."""

    name: str
    up_bps: float
    down_bps: float
    rtt_s: float = 0.0
    """Round trip from the site's edge to the middle of the internet and back."""
    loss: float = 0.0
    """Fraction of packets lost, 0..1."""
    mtu_bytes: int | None = None
    """Smaller than the hosts' 1500, with the ICMP answers lost: larger segments vanish. None: no limit."""
    transfer_bps: float | None = None
    """The most that a single transfer may take of it. None: no limit."""
    jitter_s: float = 0.0
    """The most that a segment is delayed more than another, each way. Transfers take no notice."""
    place: str = ""


@dataclass(frozen=True)
class Dns:
    """What the hosts of a site resolve names with (split horizon: one view a site)."""

    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    server: str | None = None
    """The host that answers; while it is down, nothing is resolved. None: a resolver that never fails."""
    delay_s: float = 0.0
    search: tuple[str, ...] = ()
    """Domains tried after a name without a dot."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each record was written."""
    place: str = ""


@dataclass(frozen=True)
class Route:
    """A static route of a site. `via`: an edge or VPN by name, or `blackhole`, or `unreachable`."""

    cidr: str
    via: str
    place: str = ""


@dataclass(frozen=True)
class Site:
    """One place with LANs, a line and a view of the names. `party`: who administers it."""

    name: str
    party: str
    """`tenant` or `provider`."""
    subnets: tuple[Subnet, ...]
    wan: Wan | None = None
    dns: Dns = field(default_factory=Dns)
    routes: tuple[Route, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class HostAttachment:
    """A host's place in the network. `services`: ports that listen although no application was started
    for them (a data port; every port when flows are only analysed)."""

    name: str
    site: str
    address: str
    gateway: str | None = None
    """None: the subnet's."""
    services: tuple[int, ...] = ()
    alive: bool = True
    place: str = ""


@dataclass(frozen=True)
class FilterRule:
    """A firewall rule. The first rule that matches decides. An empty tuple of ports is any."""

    id: str
    action: str
    """`allow`, `drop` or `reject`."""
    name: str = ""
    source: str | tuple[str, ...] = "any"
    destination: str | tuple[str, ...] = "any"
    protocol: str = "any"
    ports: tuple[int | str, ...] = ()
    source_ports: tuple[int | str, ...] = ()
    direction: str = "any"
    """`in` (entering on the outside), `out` (entering on the inside) or `any`."""
    enabled: bool = True
    logged: bool = False
    source_negated: bool = False
    destination_negated: bool = False
    matches: str = ""
    """A name of an order of the device type (devices.py), for devices that let each rule choose: NSX-v's
    Match on Translated is `translated`. Empty: the device's default."""
    reject_with: str = "tcp-reset"
    """What `reject` answers: `tcp-reset` or `icmp-prohibited`."""
    place: str = ""


@dataclass(frozen=True)
class NatRule:
    """A translation. DNAT: `original` is the destination as received; SNAT: the source as received
    (edge-config 1). Both are `address[:port]`, prefixes allowed; a port left out stays as it is."""

    id: str
    type: str
    """`dnat`, `snat`, `no-dnat` or `no-snat`."""
    original: str
    translated: str = ""
    """`unknown`: nobody gave it."""
    name: str = ""
    protocol: str = "any"
    interface: str = "outside"
    """The side it is applied on: `outside` (the uplink), `inside` or `any`. DNAT looks at the side a packet
    enters on, SNAT at the side it leaves on."""
    source: str | tuple[str, ...] = "any"
    """DNAT only: sources it applies to (dnatMatchSourceAddress)."""
    destination: str | tuple[str, ...] = "any"
    """SNAT only: destinations it applies to (snatMatchDestinationAddress)."""
    enabled: bool = True
    firewall_match: str = ""
    """A name of an order of the device type, for devices that let each NAT rule choose: NSX-T's `internal`,
    `external`, `bypass`. Empty: the device's default."""
    place: str = ""


@dataclass(frozen=True)
class Edge:
    """A site's router with firewall and NAT, between the site (inside) and `outside`."""

    name: str
    type: str
    """A device type of devices.py; it decides the order of firewall and NAT."""
    site: str
    inside_address: str
    addresses: tuple[str, ...] = ()
    """Its own addresses on the outside."""
    outside: str = INTERNET
    """The internet, or the name of the site beyond it (double NAT)."""
    routed: tuple[str, ...] = ()
    """Prefixes that the outside routes to it besides its own addresses (no NAT needed)."""
    rules: tuple[FilterRule, ...] = ()
    nat: tuple[NatRule, ...] = ()
    default_action: str = ""
    """When no rule matches; empty: the device type's."""
    default_action_out: str = ""
    """The same for packets entering on the inside; empty: `default_action`, else the device type's."""
    default_place: str = ""
    stateful: bool = True
    firewall_enabled: bool = True
    rules_known: bool = True
    """False: nobody gave its rules, so nothing through it can be determined."""
    nat_known: bool = True
    groups: Groups = field(default_factory=dict)
    """Address and port groups by name; None = members unknown."""
    max_connections: int | None = None
    idle_timeout_s: float | None = None
    """None: the device type's; 0: connections never expire."""
    place: str = ""


@dataclass(frozen=True)
class Vpn:
    """A site-to-site tunnel: packets between the two lists of prefixes pass it untranslated. No firewall
    rule is consulted: the devices make one for the tunnel themselves (edge-config 2, internal_high [K])."""

    name: str
    site_a: str
    networks_a: tuple[str, ...]
    site_b: str
    networks_b: tuple[str, ...]
    up: bool = True
    place: str = ""


@dataclass(frozen=True)
class Topology:
    """A whole network. `public_dns`: names that every site resolves when its own view has none."""

    sites: tuple[Site, ...]
    hosts: tuple[HostAttachment, ...]
    edges: tuple[Edge, ...] = ()
    vpns: tuple[Vpn, ...] = ()
    public_dns: Dns = field(default_factory=Dns)

    def with_edge(self, name: str, **changes: object) -> Topology:
        """A copy in which one edge differs. Raises KeyError when there is no such edge."""
        if all(edge.name != name for edge in self.edges):
            raise KeyError(name)
        edges = tuple(replace(e, **changes) if e.name == name else e for e in self.edges)  # type: ignore[arg-type]
        return replace(self, edges=edges)
