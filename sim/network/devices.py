"""What a firewall rule sees on each type of device: the order of filter and NAT, as one table.

Rules of this file: the table is the model. A stage before FILTER has already rewritten what the filter
matches: DNAT the destination, SNAT the source. To support another device, add a row; no code asks for a
device type by name. Sources: edge-config section 3 ([K] there = general knowledge); where a row says [I] it
is our inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Stage(Enum):
    """One thing that a device does to a packet."""

    FILTER = "filter"
    DNAT = "dnat"
    ROUTE = "route"
    SNAT = "snat"


F, D, R, S = Stage.FILTER, Stage.DNAT, Stage.ROUTE, Stage.SNAT


@dataclass(frozen=True)
class Order:
    """Stages for packets that enter on the outside, and on the inside."""

    inbound: tuple[Stage, ...]
    outbound: tuple[Stage, ...]
    filter_sees_dnat: bool = field(init=False)
    filter_sees_snat_in: bool = field(init=False)
    filter_sees_snat_out: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "filter_sees_dnat", _before(self.inbound, D))
        object.__setattr__(self, "filter_sees_snat_in", _before(self.inbound, S))
        object.__setattr__(self, "filter_sees_snat_out", _before(self.outbound, S))

    @property
    def filters(self) -> bool:
        """False when the filter is bypassed altogether."""
        return F in self.inbound


def _before(stages: tuple[Stage, ...], stage: Stage) -> bool:
    return F in stages and stages.index(stage) < stages.index(F)


BEFORE_NAT = Order((F, D, R, S), (F, D, R, S))
AFTER_NAT = Order((D, R, S, F), (D, R, S, F))
BETWEEN = Order((D, R, F, S), (D, R, F, S))
"""After DNAT and before SNAT: the filter sees the inside host on either way."""
OUTERMOST = Order((F, D, R, S), (D, R, S, F))
"""The filter sees public addresses on either way."""
BYPASS = Order((D, R, S), (D, R, S))


@dataclass(frozen=True)
class DeviceType:
    """A row of the table. `orders` by the name that a rule may choose it with; `order` is the default."""

    name: str
    title: str
    orders: Mapping[str, Order]
    order: str
    default_in: str
    """Action for packets entering on the outside when no rule matches and the edge does not say."""
    default_out: str
    resets_closed_ports: bool
    """True: a packet for the device's own address that no DNAT takes is answered with an RST; False:
    silence."""
    picks_up_ongoing: bool
    """True: after its state was lost, a packet in the middle of a connection is judged by the rules."""
    idle_timeout_s: float
    """Established TCP connections are forgotten after this much silence; 0 = never."""
    nat_without_firewall: str
    """What NAT does while the firewall service is off: `works`, `inactive` or `drops`."""
    source: str


_ROWS = (
    DeviceType(
        "nsx-v",
        "NSX for vSphere edge",
        {"original": BEFORE_NAT, "translated": AFTER_NAT},
        "original",
        "drop",
        "drop",
        # tcpSendResetForClosedVsePorts true, tcpPickOngoingConnections false, tcpTimeoutEstablished 3600 are
        # the documented defaults of the edge's globalConfig.
        resets_closed_ports=True,
        picks_up_ongoing=False,
        idle_timeout_s=3600.0,
        nat_without_firewall="inactive",
        source="edge-config 3 row 1 [S], NSX edge API globalConfig [D]",
    ),
    DeviceType(
        "nsx-t",
        "NSX-T tier-0/tier-1 gateway",
        {"internal": BETWEEN, "external": OUTERMOST, "bypass": BYPASS},
        "internal",
        "allow",
        "allow",
        resets_closed_ports=False,  # [I]
        picks_up_ongoing=False,  # [I]
        idle_timeout_s=43200.0,  # established timer of the default session profile [K]
        nat_without_firewall="drops",
        source="edge-config 3 rows 3-5 [S]; default allow [K]",
    ),
    DeviceType(
        "netfilter",
        "Linux netfilter",
        {"between": BETWEEN},
        "between",
        "allow",
        "allow",
        resets_closed_ports=False,  # INPUT is a chain of its own; gateways drop there [I]
        picks_up_ongoing=True,  # nf_conntrack_tcp_loose=1 [K]
        idle_timeout_s=432000.0,  # nf_conntrack_tcp_timeout_established, 5 days [K]
        nat_without_firewall="works",
        source="edge-config 3 row 6 [S]",
    ),
    DeviceType(
        "asa",
        "Cisco ASA 8.3 or later",
        {"real": BETWEEN},
        "real",
        "drop",
        "allow",  # from a higher to a lower security level [K]
        resets_closed_ports=False,  # [K]
        picks_up_ongoing=False,  # [K]
        idle_timeout_s=3600.0,  # timeout conn 1:00:00 [K]
        nat_without_firewall="works",
        source="edge-config 3 row 7 [S]",
    ),
    DeviceType(
        "generic-pre-nat",
        "a firewall that filters before it translates",
        {"pre": BEFORE_NAT},
        "pre",
        "drop",
        "drop",
        resets_closed_ports=False,
        picks_up_ongoing=False,
        idle_timeout_s=3600.0,
        nat_without_firewall="works",
        source="[I]; behaves like Check Point and Palo Alto as to addresses (edge-config 3)",
    ),
    DeviceType(
        "generic-post-nat",
        "a firewall whose rules name the inside host",
        {"post": BETWEEN},
        "post",
        "drop",
        "drop",
        resets_closed_ports=False,
        picks_up_ongoing=False,
        idle_timeout_s=3600.0,
        nat_without_firewall="works",
        source="[I]; behaves like pfSense and FortiGate as to addresses (edge-config 3)",
    ),
)

DEVICE_TYPES: Mapping[str, DeviceType] = {row.name: row for row in _ROWS}
