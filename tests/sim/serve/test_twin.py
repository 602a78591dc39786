"""What a client of this machine sees of a served environment: certificates, fates, bounds, an end."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from cxsim.core.pinning import unverified_context
from cxsim.sim import identities
from cxsim.sim.scenario import load
from cxsim.sim.scenario.loader import load_environment
from cxsim.sim.serve.bridge import MOST_CONNECTIONS
from cxsim.sim.serve.twin import Twin

pytestmark = [pytest.mark.timeout(200), pytest.mark.filterwarnings("ignore:Unverified HTTPS request")]

ENVIRONMENT = """\
schema: 1
extends: environments/tyrell-mycloud.yaml
title: served
"""
FAULT = """\
seed: 1
faults:
  - name: hardening
    firewall_rule:
      edge: CHC-ESG
      at: top
      rule: {{id: 99, name: hardening, action: {action}, source: any, destination: any, ports: [8044]}}
steps:
  - run_for: 1 min
expect:
  - never: {{cloud: MyCloud-CHC, status: Running}}
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Twin]]:
    """Starts twins in this process; stops them after the test."""
    started: list[Twin] = []

    def make(action: str | None = None, **options: Any) -> Twin:
        path = tmp_path / f"environment-{len(started)}.yaml"
        path.write_text(ENVIRONMENT + (FAULT.format(action=action) if action else ""))
        environment = load(path)[0] if action else load_environment(path)
        twin = Twin(environment, **{"speed": 100.0, **options})
        started.append(twin)
        twin.start()
        return twin

    yield make
    for twin in started:
        twin.stop()


def port_of(twin: Twin, place: str) -> int:
    return next(one.port for one in twin.listening if one.endpoint.place == place)


def handshake(port: int, timeout_s: float = 10.0) -> bytes:
    """The certificate that a port shows, DER."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
    with sock, closing(unverified_context().wrap_socket(sock, server_hostname="any.example")) as secured:
        return secured.getpeercert(True) or b""


def is_cut(port: int) -> bool:
    """Whether a connection is ended at once."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_certificates_are_those_of_the_simulated_hosts(start: Callable[..., Twin]) -> None:
    twin = start()
    around_s = twin.environment.start_s
    for place, host in (
        ("192.168.0.13:443", "tyrell-vc01"),
        ("chc.mycloud.local:443", "chc-vcd01"),
        ("203.0.113.32:8044", "chc-ccm01"),
    ):
        expected = identities.self_signed(0, host, around_s=around_s)
        assert handshake(port_of(twin, place)) == expected.chain_der[0]
        assert twin.thumbprints()[place] == expected.thumbprint()


def test_a_session_keeps_its_connection_through_the_simulated_network(start: Callable[..., Twin]) -> None:
    calls: list[dict[str, Any]] = []
    twin = start(on_event=lambda event: calls.append(event.fields) if event.event == "call" else None)
    url = f"https://127.0.0.1:{port_of(twin, 'chc.mycloud.local:443')}"
    with requests.Session() as session:
        session.verify, session.trust_env = False, False
        session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=1))
        for _ in range(5):
            assert session.get(f"{url}/api/versions", timeout=10).status_code == 200
    assert [call["src"] for call in calls] == ["tyrell-vcde01"] * 5
    assert {call["dst"] for call in calls} == {"chc-vcd01"}


def test_a_refused_connection_is_reset_at_once(start: Callable[..., Twin]) -> None:
    twin = start("reject")
    began_s = time.monotonic()
    with pytest.raises(OSError) as caught:
        handshake(port_of(twin, "203.0.113.32:8044"))
    assert caught.value.errno in (errno.ECONNRESET, errno.ENOTCONN, None) or isinstance(
        caught.value, ssl.SSLEOFError
    )
    assert time.monotonic() - began_s < 5
    assert handshake(port_of(twin, "vcde.mycloud.local:443")), "the rule is for 8044 alone"


def test_a_dropped_connection_says_nothing_until_the_limit_and_ends_then(start: Callable[..., Twin]) -> None:
    twin = start("drop", speed=100.0)
    began_s = time.monotonic()
    with pytest.raises(OSError):
        handshake(port_of(twin, "203.0.113.32:8044"))
    # 130 s of SYNs at 100 seconds a second.
    assert 1.0 < time.monotonic() - began_s < 8


def test_a_client_that_leaves_early_or_talks_nonsense_does_no_harm(start: Callable[..., Twin]) -> None:
    twin = start()
    port = port_of(twin, "203.0.113.32:8044")
    for said in (b"", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\x00" * 4096):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(said)
    assert handshake(port)


def test_threads_do_not_grow_with_connections_and_those_are_bounded(start: Callable[..., Twin]) -> None:
    twin = start("drop", speed=1.0)
    port = port_of(twin, "203.0.113.32:8044")
    before = threading.active_count()
    with_all = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(MOST_CONNECTIONS)]
    try:
        time.sleep(0.5)
        assert threading.active_count() == before
        assert is_cut(port)
    finally:
        for sock in with_all:
            sock.close()


def test_stopping_closes_the_ports_and_ends_the_threads(start: Callable[..., Twin]) -> None:
    before = threading.active_count()
    twin = start()
    port = port_of(twin, "192.168.0.13:443")
    held = socket.create_connection(("127.0.0.1", port), timeout=5)
    twin.stop()
    twin.stop()
    assert threading.active_count() == before
    with held, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_port_that_is_taken_is_told_before_anything_is_served(start: Callable[..., Twin]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError) as caught:
        start(port_base=taken.getsockname()[1])
    assert caught.value.errno == errno.EADDRINUSE


def test_all_serves_the_private_places_too(start: Callable[..., Twin]) -> None:
    twin = start("drop", everything=True)
    assert handshake(port_of(twin, "10.3.0.33:8044")), "seen from the host itself, whatever the edges drop"
    assert handshake(port_of(twin, "10.3.0.31:443"))
    with pytest.raises(ValueError, match="speed"):
        start(speed=0)


LATER = """\
seed: 1
faults:
  - name: a typing mistake
    from: 1 h
    public_endpoint: {appliance: chc-ccm01, url: "203.0.113.32:8045"}
steps:
  - run_for: 2 h
expect:
  - never: {cloud: MyCloud-CHC, status: Running}
"""


def test_a_public_endpoint_that_a_fault_types_later_has_its_socket_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "later.yaml"
    path.write_text(ENVIRONMENT + LATER)
    with Twin(load(path)[0], speed=100.0) as twin:
        assert is_cut(port_of(twin, "203.0.113.32:8045")), "nobody listens there, as in the environment"
        assert handshake(port_of(twin, "203.0.113.32:8044"))


def test_a_public_endpoint_that_a_client_types_gets_a_socket(start: Callable[..., Twin]) -> None:
    twin = start(everything=True)
    url = f"https://127.0.0.1:{port_of(twin, '10.3.0.33:8044')}/config/endpoints"
    before = {one.endpoint.place for one in twin.listening}
    for typed in ("203.0.113.41:8044", "203.0.113.41:8044"):
        answer = requests.post(
            url, json={"publicEndpoint": typed}, headers={"Config-Secret": "vmware"}, verify=False, timeout=10
        )
        assert answer.status_code == 200, answer.text
    deadline_s = time.monotonic() + 10
    while len(twin.listening) == len(before) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert {one.endpoint.place for one in twin.listening} - before == {"203.0.113.41:8044"}
    sock = socket.create_connection(("127.0.0.1", port_of(twin, "203.0.113.41:8044")), timeout=5)
    sock.close()
    assert twin.unserved == {}
