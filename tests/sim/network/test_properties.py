"""What holds for every network: NAT round trips, first match, allow rules, traces, and what is unknown.

Rules of this file: generated networks of two sites with an edge each, judged against oracles that know
nothing of the implementation. Every order of devices.py is tried, also those that a rule chooses.
"""

from __future__ import annotations

import errno
import ipaddress
import itertools
import socket
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.sim.kernel import Hub, hooks
from cxsim.sim.kernel.wire import Fate
from cxsim.sim.network import (
    DEVICE_TYPES,
    Dns,
    Edge,
    FilterRule,
    HostAttachment,
    NatRule,
    Network,
    Order,
    Outcome,
    Site,
    Stage,
    Subnet,
    Topology,
    changes,
)
from cxsim.sim.network.addresses import Packet, Side, address, dotted, nothing_known
from cxsim.sim.network.crossing import Crossing
from cxsim.sim.network.edges import EdgeState
from cxsim.sim.network.state import SiteState
from cxsim.sim.network.trace import OUTCOME_OF, Step, Verdict

OWN = "198.51.100.1"
NEAR = Site("near", "tenant", (Subnet("near", "10.0.0.0/24", "10.0.0.1"),))
FAR = Site("far", "provider", (Subnet("far", "10.9.0.0/24", "10.9.0.1"),))
SERVERS, CLIENTS = ("10.0.0.2", "10.0.0.3"), ("10.9.0.2", "10.9.0.3")
PUBLIC = "203.0.113.9"
PORTS = (443, 8043, 8044)
ORDERS = [(kind, name) for kind, device in DEVICE_TYPES.items() for name in device.orders]
ids = "{0[0]} {0[1]}".format

places = st.sampled_from(
    [
        "any",
        *SERVERS,
        *CLIENTS,
        OWN,
        PUBLIC,
        "10.0.0.0/24",
        "10.9.0.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
    ]
)
rules = st.builds(
    FilterRule,
    id=st.just("r"),
    action=st.sampled_from(["allow", "drop", "reject"]),
    source=places,
    destination=places,
    protocol=st.sampled_from(["any", "tcp", "udp"]),
    ports=st.lists(st.sampled_from(PORTS), max_size=2).map(tuple),
    direction=st.sampled_from(["any", "in", "out"]),
    enabled=st.booleans(),
    reject_with=st.sampled_from(["tcp-reset", "icmp-prohibited"]),
)
dnats = st.builds(
    lambda port, server, to: NatRule("d", "dnat", f"{OWN}:{port}", f"{server}:{to}"),
    st.sampled_from(PORTS),
    st.sampled_from(SERVERS),
    st.sampled_from(PORTS),
)
rule_lists = st.lists(rules, max_size=6).map(
    lambda made: tuple(replace(rule, id=str(number)) for number, rule in enumerate(made))
)
nat_lists = st.lists(dnats, max_size=3).map(
    lambda made: tuple(replace(nat, id=str(number)) for number, nat in enumerate(made))
)
defaults = st.sampled_from(["allow", "drop", ""])


def edge_of(
    kind: str, order: str, rules: tuple[FilterRule, ...], nat: tuple[NatRule, ...], default: str
) -> Edge:
    """The near site's edge; where rules or NAT rules choose the order, all of them choose this one."""
    if order != DEVICE_TYPES[kind].order:
        if kind == "nsx-t":
            nat = tuple(replace(rule, firewall_match=order) for rule in nat)
        else:
            rules = tuple(replace(rule, matches=order) for rule in rules)
    return Edge("E", kind, "near", "10.0.0.1", (OWN,), rules=rules, nat=nat, default_action=default)


def world(edge: Edge, far_rules: tuple[FilterRule, ...] = (), far_kind: str = "nsx-v") -> Topology:
    far = Edge("F", far_kind, "far", "10.9.0.1", (PUBLIC,), rules=far_rules, default_action="allow",
               nat=(NatRule("1", "snat", "10.9.0.0/24", PUBLIC),))  # fmt: skip
    hosts = [HostAttachment(f"server{n}", "near", a, services=(443, 8043)) for n, a in enumerate(SERVERS, 1)]
    hosts += [HostAttachment(f"client{n}", "far", a) for n, a in enumerate(CLIENTS, 1)]
    return Topology((NEAR, FAR), tuple(hosts), (edge, far), public_dns=Dns({"shop.example": (OWN,)}))


def held(written: object, value: int) -> bool:
    return written == "any" or ipaddress.IPv4Address(value) in ipaddress.IPv4Network(str(written))


def first_match(edge: Edge, order: Order, default: str, entered: Side, packet: Packet) -> tuple[str, Packet]:
    """Run the stages literally: what becomes of the packet, and the packet at the end."""
    inbound = entered is Side.OUTSIDE
    for stage in order.inbound if inbound else order.outbound:
        if stage is Stage.FILTER:
            action, answer = default, ""
            for rule in edge.rules:
                if (
                    rule.enabled
                    and rule.protocol in ("any", "tcp")
                    and rule.direction in ("any", "in" if inbound else "out")
                    and held(rule.source, packet.src)
                    and held(rule.destination, packet.dst)
                    and (not rule.ports or packet.dport in rule.ports)
                ):
                    action, answer = rule.action, rule.reject_with
                    break
            if action != "allow":
                return (answer if action == "reject" else "drop"), packet
        elif stage is Stage.DNAT and inbound:
            for nat in edge.nat:
                if nat.type == "dnat" and nat.original == f"{dotted(packet.dst)}:{packet.dport}":
                    host, port = nat.translated.split(":")
                    packet = packet._replace(dst=address(host), dport=int(port))
                    break
            else:
                return "itself", packet
        elif stage is Stage.SNAT and not inbound:
            for nat in edge.nat:
                if nat.type == "snat" and held(nat.original, packet.src):
                    packet = packet._replace(src=address(nat.translated))
                    break
    return "allow", packet


ENDS = {Verdict.DROP: "drop", Verdict.RESET: "tcp-reset", Verdict.PROHIBITED: "icmp-prohibited"}
SNAT = NatRule("s", "snat", "10.0.0.0/24", OWN)
sides = st.sampled_from([Side.OUTSIDE, Side.INSIDE])


@pytest.mark.parametrize("order", ORDERS, ids=ids)
@given(rules=rule_lists, nat=nat_lists, default=defaults, port=st.sampled_from(PORTS), entered=sides)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_first_match_in_each_order(
    order: tuple[str, str],
    rules: tuple[FilterRule, ...],
    nat: tuple[NatRule, ...],
    default: str,
    port: int,
    entered: Side,
) -> None:
    kind, name = order
    edge = edge_of(kind, name, rules, (*nat, SNAT), default)
    packet = Packet("tcp", address(PUBLIC), 50000, address(OWN), port)
    if entered is Side.INSIDE:
        packet = Packet("tcp", address(SERVERS[0]), 50000, address(PUBLIC), port)
    steps: list[Step] = []
    passage = Crossing(EdgeState(edge, SiteState(NEAR)), packet, entered, nothing_known, steps).run()
    device = DEVICE_TYPES[kind]
    translated = entered is Side.INSIDE or any(rule.original == f"{OWN}:{port}" for rule in nat)
    # What a rule chooses makes a difference only to what is translated.
    used = device.orders[name if translated else device.order]
    action = default or (device.default_in if entered is Side.OUTSIDE else device.default_out)
    end, final = first_match(edge, used, action, entered, packet)
    if passage is not None:
        assert (end, passage.after) == ("allow", final)
        assert all(step.verdict is Verdict.PASS for step in steps)
    elif end == "itself":
        assert steps[-1].verdict is (Verdict.RESET if device.resets_closed_ports else Verdict.DROP)
    else:
        assert ENDS[steps[-1].verdict] == end


@pytest.mark.parametrize("order", ORDERS, ids=ids)
@given(nat=nat_lists, port=st.sampled_from(PORTS))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_nat_there_and_back_gives_the_client_what_it_asked(
    order: tuple[str, str], nat: tuple[NatRule, ...], port: int
) -> None:
    """Through both edges: SNAT at the client's, DNAT at the server's. The server sees the translated ends,
    and the reply is recognised."""
    edge = edge_of(*order, (FilterRule("0", "allow"),), nat, "allow")
    network = Network(world(edge))
    trace = network.trace("client1", OWN, port)
    wanted = next((rule.translated for rule in nat if rule.original == f"{OWN}:{port}"), None)
    if wanted is None:
        assert not trace.accepted
        return
    host, target_port = wanted.split(":")
    listens = int(target_port) in (443, 8043)
    assert trace.outcome is (Outcome.ACCEPTED if listens else Outcome.REFUSED)
    if listens:
        assert (trace.accepted_by, trace.accepted_port) == (
            f"server{SERVERS.index(host) + 1}",
            int(target_port),
        )
        attempt = network.connect("client1", OWN, port)
        assert attempt.source_address[0] == PUBLIC


@pytest.mark.parametrize("order", ORDERS, ids=ids)
@given(
    rules=rule_lists,
    far=rule_lists,
    nat=nat_lists,
    default=defaults,
    port=st.sampled_from(PORTS),
    where=st.sampled_from("EF"),
    allow=rules,
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_an_allow_at_the_top_never_removes_reachability(
    order: tuple[str, str],
    rules: tuple[FilterRule, ...],
    far: tuple[FilterRule, ...],
    nat: tuple[NatRule, ...],
    default: str,
    port: int,
    where: str,
    allow: FilterRule,
) -> None:
    network = Network(world(edge_of(*order, rules, nat, default), far, order[0]))
    before = {name: network.trace(name, OWN, port).accepted for name in ("client1", "client2")}
    changes.add_rule(network, where, replace(allow, id="top", action="allow"))
    for name, accepted in before.items():
        assert network.trace(name, OWN, port).accepted or not accepted


SEEN = {
    Outcome.ACCEPTED: None,
    Outcome.SILENT: errno.ETIMEDOUT,
    Outcome.REFUSED: errno.ECONNREFUSED,
    Outcome.UNREACHABLE: errno.EHOSTUNREACH,
    Outcome.NO_ROUTE: errno.ENETUNREACH,
}
breakages = st.sampled_from(
    [
        lambda n: None,
        lambda n: changes.host_down(n, "server1"),
        lambda n: changes.host_down(n, "client1"),
        lambda n: changes.stop_service(n, "server2", 443),
        lambda n: changes.edge_down(n, "E"),
        lambda n: changes.edge_down(n, "F"),
    ]
)


@pytest.mark.parametrize("order", ORDERS, ids=ids)
@given(
    rules=rule_lists,
    far=rule_lists,
    nat=nat_lists,
    default=defaults,
    target=st.sampled_from([OWN, "shop.example", "198.51.100.7", "10.9.0.3", "10.9.0.77", "10.0.0.2"]),
    port=st.sampled_from(PORTS),
    breaks=breakages,
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_the_last_verdict_of_the_trace_is_what_connect_says_and_what_the_socket_sees(
    order: tuple[str, str],
    rules: tuple[FilterRule, ...],
    far: tuple[FilterRule, ...],
    nat: tuple[NatRule, ...],
    default: str,
    target: str,
    port: int,
    breaks: object,
) -> None:
    topology = world(edge_of(*order, rules, nat, default), far, order[0])
    with Hub(0, 1509958800.0) as hub, hooks.installed():
        for host in topology.hosts:
            hub.add_host(host.name)
        network = hub.network = Network(topology, clock=lambda: hub.now_s)
        breaks(network)  # type: ignore[operator]
        trace = network.trace("client1", target, port)
        path = network.open_transfer("client1", target, port)
        attempt = network.connect("client1", OWN if target == "shop.example" else target, port)

        def work() -> int | None:
            try:
                socket.create_connection((target, port)).close()
            except OSError as error:
                return error.errno
            return None

        task = hub.spawn(hub.hosts["client1"], work)
        hub.run()
        seen = task.result()
    assert trace.outcome is OUTCOME_OF[trace.deciding.verdict]
    assert seen == SEEN[trace.outcome]
    assert path.fate is attempt.fate
    assert (attempt.fate is Fate.ACCEPTED) == trace.accepted
    assert path.accepted_by == trace.accepted_by


GROUPS = ("Branches", "Servers", "Web")
MEMBERS = {
    "Branches": ([], [PUBLIC], ["10.9.0.0/24"], [PUBLIC, "10.9.0.0/24"]),
    "Servers": ([], [OWN], ["10.0.0.0/24"], [OWN, "10.0.0.0/24"]),
    "Web": ([], ["443"], ["8043"], ["443", "8043"]),
}
"""Every way in which the members of a group could differ for the packets of this network. The empty list is
written as something that no packet has."""
NOBODY = {"Branches": ["192.0.2.1"], "Servers": ["192.0.2.1"], "Web": ["1"]}
guarded = st.builds(
    FilterRule,
    id=st.just("r"),
    action=st.sampled_from(["allow", "drop", "reject"]),
    source=st.sampled_from(["any", "Branches", PUBLIC, "10.9.0.0/24"]),
    destination=st.sampled_from(["any", "Servers", OWN, "10.0.0.0/24"]),
    ports=st.sampled_from([(), (443,), ("Web",), (8043, "Web")]),
    source_negated=st.booleans(),
)


@pytest.mark.parametrize("kind", sorted(DEVICE_TYPES))
@given(
    written=st.lists(guarded, max_size=4),
    far=st.lists(guarded, max_size=2),
    default=defaults,
    masked=st.booleans(),
)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_undetermined_exactly_when_unknown_groups_could_decide(
    kind: str, written: list[FilterRule], far: list[FilterRule], default: str, masked: bool
) -> None:
    """Unknown at both edges, in rules and in a NAT rule's condition: every assignment of members is tried."""
    numbered = tuple(replace(rule, id=str(number)) for number, rule in enumerate(written))
    beyond = tuple(replace(rule, id=str(number)) for number, rule in enumerate(far))
    nat = NatRule("1", "dnat", f"{OWN}:443", "10.0.0.2:8043", source="Branches" if masked else "any")

    def outcome(near_groups: dict[str, list[str] | None], far_groups: dict[str, list[str] | None]) -> Outcome:
        edge = Edge("E", kind, "near", "10.0.0.1", (OWN,), rules=numbered, nat=(nat,), default_action=default,
                    groups=near_groups)  # fmt: skip
        topology = world(edge, beyond, kind).with_edge("F", groups=far_groups)
        return Network(topology).trace("client1", OWN, 443).outcome

    unknown: dict[str, list[str] | None] = dict.fromkeys(GROUPS)
    near_used = sorted({g for rule in numbered for g in _groups(rule)} | ({"Branches"} if masked else set()))
    far_used = sorted({g for rule in beyond for g in _groups(rule)})
    possible = set()
    for members in itertools.product(*(MEMBERS[g] for g in near_used), *(MEMBERS[g] for g in far_used)):
        named = [m or NOBODY[g] for m, g in zip(members, near_used + far_used, strict=True)]
        split = len(near_used)
        possible.add(
            outcome(
                {**NOBODY, **dict(zip(near_used, named[:split], strict=True))},
                {**NOBODY, **dict(zip(far_used, named[split:], strict=True))},
            )
        )
        if len(possible) > 1:
            break
    assert outcome(unknown, unknown) is (possible.pop() if len(possible) == 1 else Outcome.UNDETERMINED)


def _groups(rule: FilterRule) -> set[str]:
    return {str(item) for item in (rule.source, rule.destination, *rule.ports)} & set(GROUPS)
