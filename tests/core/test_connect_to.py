"""Connecting elsewhere: the TCP connection goes there, everything else keeps the place that was asked for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import requests

from cxsim.core import connect_to
from cxsim.core.errors import ConnectionTrouble, translated
from cxsim.core.pinning import FirstSight, look_at, pinned_session


@pytest.fixture(autouse=True)
def _no_map_is_left() -> Iterator[None]:
    yield
    connect_to.use({})


@pytest.fixture
def port() -> Iterator[int]:
    """A port that closes every connection after its first bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            try:
                while True:
                    accepted, _ = server.accept()
                    with accepted:
                        accepted.recv(4096)
            except OSError:
                return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_without_a_map_nothing_is_rerouted() -> None:
    assert connect_to.route("203.0.113.32", 8044) is None


def test_names_are_compared_without_case_and_a_missing_port_is_443() -> None:
    connect_to.use({("VCDE.mycloud.local", 443): ("127.0.0.1", 1)})
    assert connect_to.route("vcde.MyCloud.local", None) == ("127.0.0.1", 1)
    assert connect_to.route("vcde.mycloud.local", 8044) is None


def test_every_other_place_can_lead_nowhere() -> None:
    connect_to.use({("a", 443): ("127.0.0.1", 1), connect_to.ANY: connect_to.REFUSE})
    assert connect_to.route("a", 443) == ("127.0.0.1", 1)
    with pytest.raises(ConnectionRefusedError):
        connect_to.route("b", 443)


def test_both_kinds_of_connections_go_there_and_name_the_place_asked_for(port: int) -> None:
    connect_to.use({("203.0.113.32", 8044): ("127.0.0.1", port)})
    with pytest.raises(ConnectionTrouble) as looked:
        look_at("203.0.113.32", 8044, FirstSight(), 5.0)
    assert looked.value.where == "https://203.0.113.32:8044"
    assert looked.value.kind != "timed out", "it was answered at the other place"
    with (
        pinned_session(FirstSight()) as session,
        pytest.raises(requests.ConnectionError, match=r"203\.0\.113\.32"),
    ):
        session.get("https://203.0.113.32:8044/", timeout=5)


def test_a_place_that_leads_nowhere_says_so() -> None:
    connect_to.use({connect_to.ANY: connect_to.REFUSE})
    with pytest.raises(ConnectionTrouble) as looked:
        look_at("203.0.113.32", 8044, FirstSight(), 5.0)
    assert looked.value.kind == "led nowhere"
    session = pinned_session(FirstSight())
    with session, pytest.raises(ConnectionTrouble) as called, translated("ask", "there"):
        session.get("https://203.0.113.32:8044/", timeout=5)
    assert called.value.kind == "led nowhere"
