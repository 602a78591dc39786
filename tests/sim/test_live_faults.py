"""Faults in mid-life: what happens to an idle pooled connection, a request in flight and a running transfer.

Rules of this file: one table. It runs through the real kernel, network, requests and data plane in the Tyrell
environment; what is not expected of a real Linux client and a real stateful edge is a fault of the simulator.
Each row says what its expectations rest on; [I] = inferred.

Clients give 30 s to connect and 30 s to read. An idle connection was used at 0 s, meets its fault at 100 s
and is used again at 200 s. A request in flight is sent at 100 s, its fault comes at 105 s, its answer is sent
at 110 s. A transfer meets its fault at 500 s.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
import urllib3

from cxsim.fake_cx.dataplane import ReplicationState, Sink, Source
from cxsim.sim import identities
from cxsim.sim.kernel import Hub, build, hooks
from cxsim.sim.network import Change, FilterRule, Network, Parameters, Topology, changes
from cxsim.sim.replication.plane import SimDataPlane, SimReplication
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
START_S = 1509958800.0  # 2017-11-06T09:00:00Z
URL = "https://203.0.113.32:8044"
GIB = 2.0**30
LINE_BYTES_PER_S = 100e6 * 0.72 / 8
PORTS = (8044, 44045)
DROP = FilterRule("99", "drop", "hardening", protocol="tcp", ports=PORTS)
REJECT = replace(DROP, action="reject")
CLOUD, TENANT, LINE = "CHC-ESG", "TYR-ESG", "tyrell-wan"


def _topology() -> Topology:
    path = Path(__file__).parent / "network" / "tyrell.py"
    spec = importlib.util.spec_from_file_location("cxsim_tests_live_tyrell", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    built: Topology = module.tyrell_topology()
    return built


def _stateless(topology: Topology) -> Topology:
    rules = (*topology.edges[1].rules, FilterRule("6", "allow", "replies", "10.3.0.0/24", source_ports=PORTS))
    return topology.with_edge(CLOUD, stateful=False, rules=rules)


def _netfilter(topology: Topology) -> Topology:
    rules = tuple(replace(rule, destination="any") for rule in topology.edges[1].rules)
    return topology.with_edge(CLOUD, type="netfilter", rules=rules)


class World:
    """Hub, network, the Replication Manager's port and the data plane."""

    def __init__(self, topology: Topology, settings: Settings | None = None) -> None:
        self.hub = Hub(1, START_S)
        for host in topology.hosts:
            self.hub.add_host(host.name)
        self.network = Network(topology, clock=lambda: self.hub.now_s, listeners=self.hub.listener)
        self.hub.network = self.network
        self.serve(generation=0)
        disk = Disk(2000, 40 * GIB, 16 * GIB, Constant(0.0))
        vms = {"d": VmWorkload("deckard", (disk,), powered_on=True)}
        self.plane = SimDataPlane(self.hub, self.network, vms, settings, self.hub.events)

    def serve(self, generation: int) -> None:
        """The Replication Manager's API: answers at once, or after 10 s."""
        manager = self.hub.hosts["chc-ccm01"]

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            if environ["PATH_INFO"] == "/slow":
                manager.sleep(10)
            start_response("200 OK", [])
            return [b"done"]

        identity = identities.self_signed(1, "chc-ccm01", around_s=START_S, generation=generation)
        if generation:
            manager.close(8044)
        manager.listen(8044, app, identity)

    def at(self, after_s: float, callback: Callable[[], object]) -> None:
        self.hub.call_at(START_S + after_s, callback)

    def request(self, session: requests.Session, path: str = "/") -> tuple[str, float]:
        """What the client sees, and after how long."""
        began_s = self.hub.now_s
        try:
            seen = session.get(URL + path, verify=False, timeout=(30, 30)).text
        except requests.RequestException as error:
            seen = told(error)
        return seen, round(self.hub.now_s - began_s, 2)

    def client(self, work: Callable[[requests.Session], tuple[str, float]]) -> tuple[str, float]:
        """Run work on the tenant's CX appliance to its end."""
        host = self.hub.hosts["tyrell-vcde01"]
        task = self.hub.spawn(host, lambda: work(requests.Session()))
        self.hub.run(START_S + 2000)
        return task.result()

    def migrate(self) -> SimReplication:
        self.plane.expect("chc-cce01", Sink("d", "10.3.0.21", True))
        ends = ("192.168.0.21", "192.168.0.34", "203.0.113.32", 44045)
        return self.plane.start("tyrell-cce01", Source("d", "d", *ends, rpo_s=900.0, disk_keys=(2000,)))


def told(error: BaseException) -> str:
    """The chain of exceptions as the client finds it: classes, and the errno or text of the last."""
    names = [type(error).__name__]
    while True:
        inner = getattr(error, "reason", None) or next(
            (a for a in reversed(error.args) if isinstance(a, BaseException)), None
        )
        if isinstance(error, urllib3.exceptions.NewConnectionError):
            inner = error.__cause__
        if inner is None:
            break
        names.append(type(inner).__name__)
        error = inner
    number = getattr(error, "errno", None)
    return " < ".join(names) + (f" {number}" if number is not None else "")


RESET = (
    "ConnectionError < ProtocolError < RemoteDisconnected"
    if build.reset_reads_as_end()  # so do some builds of OpenSSL (sim/kernel/build.py)
    else "ConnectionError < ProtocolError < ConnectionResetError 104"
)
READ_TIMEOUT = "ReadTimeout < ReadTimeoutError"
REFUSED = "ConnectionError < MaxRetryError < NewConnectionError < ConnectionRefusedError 111"
UNREACHABLE = "ConnectionError < MaxRetryError < NewConnectionError < OSError 113"
OK, AT_ONCE, NEW_CONNECTION, SLOWLY = "done", 0.02, 0.06, 10.02
RESUMES_AT_ONCE = 10.0
RESUMES_LATE = 450.0
"""The first attempt after 900 s: 10, 20, 30 .. 90 s after each failure (cx.md 6.2) are 510, 530, 560, 600,
650, 710, 780, 860, 950 s."""


class Row(NamedTuple):
    """A fault and what it does. Client: what it sees, and after how many seconds. Transfer: how long it
    stands still, in seconds."""

    fault: Callable[[World], object]
    idle: tuple[str, float]
    in_flight: tuple[str, float]
    transfer_s: float
    source: str
    again: Callable[[World], object] | None = None
    """What happens some seconds later (`again_s`; to a transfer at 900 s when it is 0)."""
    again_s: float = 0.0
    shape: Callable[[Topology], Topology] = lambda topology: topology


def _rule(rule: FilterRule, flush: bool = False) -> Callable[[World], object]:
    return lambda w: changes.add_rule(w.network, CLOUD, rule, flush=flush)


def _without_allows(w: World) -> None:
    for rule in ("4", "5"):
        changes.remove_rule(w.network, CLOUD, rule)


def _without_nat(w: World) -> None:
    for rule in ("202", "203"):
        changes.remove_nat(w.network, CLOUD, rule)


def _servers(change: Callable[..., object]) -> Callable[[World], object]:
    return lambda w: [change(w.network, host) for host in ("chc-ccm01", "chc-cce01")]


def _line(is_up: bool) -> Callable[[World], object]:
    return lambda w: changes.set_line(w.network, LINE, is_up=is_up)


TABLE: dict[str, Row] = {
    "a rule is changed to drop": Row(
        _rule(DROP), (OK, AT_ONCE), (OK, SLOWLY), 0.0,
        "DESIGN 2: a stateful allow survives a rule change unless flushed; conntrack: edge-config 3 row 6",
    ),
    "a rule is changed to reject": Row(
        _rule(REJECT), (OK, AT_ONCE), (OK, SLOWLY), 0.0, "DESIGN 2, as for drop",
    ),
    "the allow is taken away": Row(
        _without_allows, (OK, AT_ONCE), (OK, SLOWLY), 0.0, "DESIGN 2, as for drop",
    ),
    "a rule is changed to drop and the table flushed": Row(
        _rule(DROP, flush=True), (READ_TIMEOUT, 30.0), (READ_TIMEOUT, 30.0), RESUMES_LATE,
        "DESIGN 2: drop = black hole until the reader's time-out; reconnects: cx.md 6.2 [D], noticed at once"
        " [I]",
        again=lambda w: changes.remove_rule(w.network, CLOUD, "99"),
    ),
    "a rule is changed to reject and the table flushed": Row(
        _rule(REJECT, flush=True), (READ_TIMEOUT, 30.0), (READ_TIMEOUT, 30.0), RESUMES_LATE,
        "tcpPickOngoingConnections false (edge-config 2): no rule is asked in the middle of a connection [I]",
        again=lambda w: changes.remove_rule(w.network, CLOUD, "99"),
    ),
    "drop on a device without state": Row(
        _rule(DROP), (READ_TIMEOUT, 30.0), (READ_TIMEOUT, 30.0), RESUMES_LATE,
        "every packet is judged by the rules [D]",
        again=lambda w: changes.remove_rule(w.network, CLOUD, "99"), shape=_stateless,
    ),
    "reject on a device without state": Row(
        _rule(REJECT), (RESET, 0.01), (RESET, 10.02), RESUMES_LATE,
        "tcp-reset answers the next packet (iptables-extensions(8)); that of the server's answer too [I]",
        again=lambda w: changes.remove_rule(w.network, CLOUD, "99"), shape=_stateless,
    ),
    "the edge restarts and keeps no state": Row(
        lambda w: changes.flush(w.network, CLOUD), (READ_TIMEOUT, 30.0), (READ_TIMEOUT, 30.0),
        RESUMES_AT_ONCE,
        "tcpPickOngoingConnections false (edge-config 2): later packets are dropped",
    ),
    "a Linux edge restarts and keeps no state": Row(
        lambda w: changes.flush(w.network, CLOUD), (OK, AT_ONCE), (OK, SLOWLY), 0.0,
        "nf_conntrack_tcp_loose=1 picks connections up [K]", shape=_netfilter,
    ),
    "the edge is without power for a minute": Row(
        lambda w: setattr(w, "down", changes.edge_down(w.network, CLOUD)), (READ_TIMEOUT, 30.0),
        (READ_TIMEOUT, 30.0), 100.0,
        "attempts at 510, 530 and 560 s; up at 560.5 s; the next at 600 s (cx.md 6.2)",
        again=lambda w: w.down.undo(), again_s=60.5,  # type: ignore[attr-defined]
    ),
    "the server restarts": Row(
        _servers(changes.restart_host), (OK, NEW_CONNECTION), (RESET, 5.01), RESUMES_AT_ONCE,
        "DESIGN 2: restart = RST; urllib3 drops a pooled connection that is readable and connects anew",
    ),
    "the server loses power for three seconds": Row(
        lambda w: setattr(w, "down", [changes.host_down(w.network, h) for h in ("chc-ccm01", "chc-cce01")]),
        (RESET, 0.02), (READ_TIMEOUT, 30.0), RESUMES_AT_ONCE,
        "RFC 9293 3.5.1: no connection, so a reset answers what the client sends; one that only waits hears"
        " nothing",
        again=lambda w: [change.undo() for change in w.down], again_s=3.0,  # type: ignore[attr-defined]
    ),
    "the NAT entry expires": Row(
        lambda w: changes.drop_nat_entries(w.network, TENANT, "103"), (READ_TIMEOUT, 30.0),
        (READ_TIMEOUT, 30.0), RESUMES_AT_ONCE,
        "no entry: the answer is translated to nobody, and an NSX-v edge picks up nothing (edge-config 2)",
    ),
    "the NAT rule is taken away": Row(
        _without_nat, (OK, AT_ONCE), (OK, SLOWLY), 0.0,
        "only the first packet of a connection crosses nat (edge-config 3 row 6); other devices alike [I]",
    ),
    "the certificate is changed": Row(
        lambda w: w.serve(generation=1), (OK, AT_ONCE), (OK, SLOWLY), 0.0,
        "RFC 8446: a certificate is shown at the handshake only",
    ),
    "the line goes down": Row(
        _line(False), (READ_TIMEOUT, 30.0), (READ_TIMEOUT, 30.0), RESUMES_LATE,
        "nothing arrives, and no end learns it: black hole (edge-config 4.1)",
        again=_line(True),
    ),
    "the line goes down and comes up while nothing is sent": Row(
        _line(False), (OK, AT_ONCE), (OK, SLOWLY), RESUMES_AT_ONCE,
        "TCP does not see what it does not use (RFC 1122 4.2.3.6); a transfer always sends, reconnects [I]",
        again=_line(True), again_s=4.0,
    ),
    "the line is down when the answer is sent": Row(
        _line(False), (OK, AT_ONCE), (OK, 13.32), RESUMES_AT_ONCE,
        "the answer is sent again after 0.22, 0.66, 1.54 and 3.3 s (RFC 6298 5.5; TCP_RTO_MIN 0.2 s and"
        " a round trip): up at 112 s, there at 113.32 s",
        again=_line(True), again_s=7.0,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with hooks.installed():
        yield


def broken(row: Row, at_s: float, default_again_s: float | None = None, **more: Any) -> World:
    """The world of a row, with its fault to come."""
    world = World(row.shape(_topology()), **more)
    world.at(at_s, lambda: row.fault(world))
    again_s = row.again_s or default_again_s
    if row.again is not None and again_s is not None:
        again = row.again
        world.at(at_s + again_s, lambda: again(world))
    return world


@pytest.mark.parametrize("fault", TABLE)
def test_an_idle_pooled_connection_that_is_used_again(fault: str) -> None:
    row = TABLE[fault]
    world = broken(row, 100)

    def work(session: requests.Session) -> tuple[str, float]:
        assert world.request(session) == (OK, 0.06)
        world.hub.hosts["tyrell-vcde01"].sleep(START_S + 200 - world.hub.now_s)
        return world.request(session)

    assert world.client(work) == row.idle


@pytest.mark.parametrize("fault", TABLE)
def test_a_request_in_flight(fault: str) -> None:
    row = TABLE[fault]
    world = broken(row, 105)

    def work(session: requests.Session) -> tuple[str, float]:
        world.request(session)
        world.hub.hosts["tyrell-vcde01"].sleep(START_S + 100 - world.hub.now_s)
        return world.request(session, "/slow")

    assert world.client(work) == row.in_flight


WORDS = {OK: "answered", RESET: "reset", READ_TIMEOUT: "read time-out"}


def line_of(fault: str) -> str:
    """A row of the table as docs/live-connections.md has it."""
    row = TABLE[fault]

    def client(seen: tuple[str, float], usual_s: float) -> str:
        what, after_s = seen
        return WORDS[what] if what == OK and after_s == usual_s else f"{WORDS[what]}, {after_s:g} s"

    new = " on a new connection" if row.idle == (OK, NEW_CONNECTION) else ""
    usual_s = NEW_CONNECTION if new else AT_ONCE
    transfer = f"stands still {row.transfer_s:g} s" if row.transfer_s else "goes on"
    return (
        f"| {fault} | {client(row.idle, usual_s)}{new} | {client(row.in_flight, SLOWLY)} | {transfer} "
        f"| {row.source} |"
    )


@pytest.mark.parametrize("fault", TABLE)
def test_the_page_says_so(fault: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "live-connections.md"
    assert line_of(fault) in page.read_text(encoding="utf-8").splitlines()


def undisturbed_s() -> float:
    return 16 * GIB / LINE_BYTES_PER_S


@pytest.mark.parametrize("fault", TABLE)
def test_a_running_transfer(fault: str) -> None:
    row = TABLE[fault]
    world = broken(row, 500, default_again_s=400)
    replication = world.migrate()
    world.hub.run(START_S + 505)
    seen, trouble = replication.progress(), world.plane.troubles().get("d")
    assert seen.state is ReplicationState.SYNCING
    if row.transfer_s:
        assert seen.bytes_transferred == pytest.approx(500 * LINE_BYTES_PER_S, rel=1e-3)
        assert trouble is not None
        assert trouble.leg == "source replicator to destination LWD endpoint"
    else:
        assert seen.bytes_transferred == pytest.approx(505 * LINE_BYTES_PER_S, rel=1e-3)
        assert trouble is None
    world.hub.run(START_S + 4000)
    first = next(iter(world.hub.events.of("instance")))
    assert first.t_us / 1e6 == pytest.approx(undisturbed_s() + row.transfer_s, abs=0.2)


@pytest.mark.parametrize(("interrupted", "lost_s"), [("resume", 0.0), ("restart", 500.0)])
def test_a_transfer_keeps_what_had_arrived_or_starts_again_as_it_is_set(
    interrupted: str, lost_s: float
) -> None:
    """No source says which [I]: a named setting."""
    settings = Settings(interrupted_delta=interrupted)  # type: ignore[arg-type]
    world = broken(TABLE["the server restarts"], 500, settings=settings)
    world.migrate()
    world.hub.run(START_S + 4000)
    first = next(iter(world.hub.events.of("instance")))
    assert first.t_us / 1e6 == pytest.approx(undisturbed_s() + 10.0 + lost_s, abs=0.2)


def test_a_transfer_that_lost_its_line_ends_in_error_when_it_is_set_so() -> None:
    world = broken(TABLE["the line goes down"], 500, settings=Settings(error_after_lost_s=60.0))
    replication = world.migrate()
    world.hub.run(START_S + 559)
    assert replication.progress().state is ReplicationState.SYNCING
    world.hub.run(START_S + 561)
    assert replication.progress().state is ReplicationState.ERROR


def test_after_a_change_of_certificate_a_new_connection_sees_the_new_one() -> None:
    world = broken(TABLE["the certificate is changed"], 100)
    pinned = identities.self_signed(1, "chc-ccm01", around_s=START_S).chain_der[0]

    def work(session: requests.Session) -> tuple[str, float]:
        world.hub.hosts["tyrell-vcde01"].sleep(150)
        answer = session.get(URL, verify=False, timeout=30, stream=True)
        shown = answer.raw.connection.sock.getpeercert(True)
        return ("other" if shown != pinned else "pinned", 0.0)

    assert world.client(work) == ("other", 0.0)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("a rule is changed to drop", ("ConnectTimeout < MaxRetryError < ConnectTimeoutError", 30.0)),
        ("a rule is changed to reject", (REFUSED, 0.02)),
        ("the NAT rule is taken away", (REFUSED, 0.02)),
        ("the line goes down", ("ConnectTimeout < MaxRetryError < ConnectTimeoutError", 30.0)),
        ("the NAT entry expires", (OK, 0.06)),
    ],
)
def test_a_new_connection_after_the_fault_meets_it_as_a_new_one(fault: str, seen: tuple[str, float]) -> None:
    world = broken(TABLE[fault], 100)

    def work(session: requests.Session) -> tuple[str, float]:
        world.hub.hosts["tyrell-vcde01"].sleep(150)
        return world.request(session)

    assert world.client(work) == seen


def test_a_connection_attempt_succeeds_with_the_first_syn_after_the_line_comes_up() -> None:
    """SYNs go out at 0, 1, 2, 3, 4, 5, 7, 11 s (edge-config 4.2): up after 8 s, connected at 11 s."""
    world = World(_topology())
    world.at(100, lambda: changes.set_line(world.network, LINE, is_up=False))
    world.at(158, lambda: changes.set_line(world.network, LINE, is_up=True))

    def work(session: requests.Session) -> tuple[str, float]:
        world.hub.hosts["tyrell-vcde01"].sleep(150)
        return world.request(session)

    assert world.client(work) == (OK, 11.06)


def test_a_reject_that_is_held_back_answers_a_later_syn() -> None:
    """Routers limit ICMP: some seconds and then `No route to host` is no drop (edge-config 4.1 [M])."""
    world = World(_topology())
    world.network.parameters = Parameters(icmp_every_s=4.0)
    prohibited = replace(REJECT, reject_with="icmp-prohibited")
    changes.add_rule(world.network, CLOUD, prohibited)

    def work(session: requests.Session) -> tuple[str, float]:
        assert world.request(session) == (UNREACHABLE, 0.02)
        return world.request(session)

    assert world.client(work) == (UNREACHABLE, 4.02)


def test_a_flapping_line_lets_through_what_is_sent_again_while_it_is_up() -> None:
    """Down for 5 of every 15 s from 108 s on: the answer of 110 s comes when it is sent again at 113.3 s."""
    world = World(_topology())
    made: list[Change] = []

    def down() -> None:
        made.append(changes.set_line(world.network, LINE, is_up=False))

    for number in range(20):
        world.at(108 + 15 * number, down)
        world.at(113 + 15 * number, lambda: made[-1].undo())

    def work(session: requests.Session) -> tuple[str, float]:
        world.request(session)
        world.hub.hosts["tyrell-vcde01"].sleep(START_S + 100 - world.hub.now_s)
        return world.request(session, "/slow")

    assert world.client(work) == (OK, 13.32)
    assert len(made) == 20
    assert sum(change.met for change in made) > 0
    assert world.network.capacity_bps("tyrell-wan:up") == 100e6


def test_jitter_changes_when_an_answer_comes_and_never_the_order_of_its_bytes() -> None:
    def run(jitter_s: float) -> tuple[list[float], bytes]:
        world = World(_topology())
        if jitter_s:
            changes.set_line(world.network, LINE, jitter_s=jitter_s)
        manager = world.hub.hosts["chc-ccm01"]

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
            start_response("200 OK", [])
            for number in range(200):
                manager.sleep(0.001)
                yield b"%04d" % number

        manager.close(8044)
        manager.listen(8044, app, identities.self_signed(1, "chc-ccm01", around_s=START_S))
        took: list[float] = []
        body: list[bytes] = []

        def work(session: requests.Session) -> tuple[str, float]:
            for _ in range(3):
                began_s = world.hub.now_s
                body.append(session.get(URL, verify=False, timeout=30).content)
                took.append(world.hub.now_s - began_s)
            return "", 0.0

        world.client(work)
        assert len(set(body)) == 1
        return took, body[0]

    steady, wanted = run(0.0)
    shaky, body = run(0.040)
    assert body == wanted == b"".join(b"%04d" % number for number in range(200))
    assert shaky != steady
    assert all(steady[1] <= took_s <= steady[1] + 2 * 0.040 + 1e-6 for took_s in shaky[1:])
    assert run(0.040)[0] == shaky
