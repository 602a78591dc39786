"""Outgoing HTTPS: pins on real TLS sockets, and the words for every kind of trouble."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import responses
import trustme

from cxsim.emulator.serving import Server
from cxsim.fake_cx import errors
from cxsim.fake_cx.outgoing import Outgoing, Peer, thumbprint_of_pem
from cxsim.fake_cx.settings import CxSettings

from .world import Clock, FakeHost

SETTINGS = CxSettings(connect_timeout_s=2.0, read_timeout_s=2.0)
URL = "https://peer.example:8044"


def peer(url: str = URL, thumbprint: str | None = None) -> tuple[Peer, Clock]:
    clock = Clock()
    return Outgoing(FakeHost("here", clock), SETTINGS).peer(url, thumbprint), clock


class Listening:
    """A TLS server that notes the (path, client port) of every request."""

    def __init__(self, pem: Path | None) -> None:
        self.requests: list[tuple[str, str]] = []
        self.thumbprint = thumbprint_of_pem(pem.read_text()) if pem is not None else ""
        self.server = Server(self._app, certificate=pem).start()
        self.url = self.server.url

    def _app(self, environ, start_response):
        self.requests.append((environ["PATH_INFO"], environ["REMOTE_PORT"]))
        body = b'{"proxied": false}'
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture(scope="module")
def servers(tmp_path_factory) -> Iterator[list[Listening]]:
    """Two servers with certificates of their own, and one without TLS."""
    folder = tmp_path_factory.mktemp("pems")
    made = []
    for name in ("first", "second"):
        path = folder / f"{name}.pem"
        trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(path))
        made.append(Listening(path))
    made.append(Listening(None))
    yield made
    for one in made:
        one.server.stop()


def test_a_pinned_certificate_is_accepted_without_any_chain(servers):
    known, _ = peer(servers[0].url, servers[0].thumbprint)
    assert known.call("GET", "/").document() == {"proxied": False}


def test_another_certificate_is_refused_before_anything_is_sent(servers):
    known, _ = peer(servers[1].url, servers[0].thumbprint)
    with pytest.raises(errors.CertificateMismatch) as caught:
        known.call("GET", "/secret")
    assert caught.value.args_ == [servers[1].url, servers[0].thumbprint, servers[1].thumbprint]
    assert "/secret" not in [path for path, _ in servers[1].requests]


def test_the_pin_holds_for_every_connection_of_a_peer(servers):
    known, _ = peer(servers[0].url, servers[0].thumbprint)
    known.call("GET", "/")
    with pytest.raises(errors.CertificateMismatch):
        known.call("GET", f"{servers[1].url}/")


def test_without_a_pin_the_thumbprint_that_was_shown_is_told(servers):
    known, _ = peer(servers[0].url)
    known.call("GET", "/")
    assert known.pin.seen == servers[0].thumbprint


def test_a_connection_that_idled_too_long_is_not_used_again(servers):
    known, clock = peer(servers[0].url)
    for _ in range(2):
        known.call("GET", "/idle")
    clock.now_s += SETTINGS.keep_alive_s + 1
    known.call("GET", "/idle")
    first, second, third = [port for path, port in servers[0].requests if path == "/idle"]
    assert first == second != third


def test_a_closed_port_is_refused():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(errors.ConnectionRefused, match=f"https://127.0.0.1:{port} was refused"):
        peer(f"https://127.0.0.1:{port}")[0].call("GET", "/")


def test_a_plain_port_is_a_tls_failure(servers):
    with pytest.raises(errors.TlsFailure):
        peer(servers[2].url.replace("http:", "https:"))[0].call("GET", "/")


def test_a_silent_server_times_out_after_it_accepted():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(errors.AnswerTimedOut, match="accepted the connection but did not answer"):
            peer(f"https://127.0.0.1:{port}")[0].call("GET", "/", connect_timeout_s=0.2)


def test_a_name_that_does_not_exist_is_named(monkeypatch):
    def fail(*_args, **_more):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(errors.NameNotResolved, match=r"peer\.example could not be resolved"):
        peer()[0].call("GET", "/")


@pytest.mark.parametrize(
    "url",
    [
        "https://host:port",
        "https://",
        "https://:443",
        "https://a b:443",
        "https://1.2.3.4:99999",
        "https://[::1",
    ],
)
def test_what_cannot_be_parsed_fails_when_it_is_used(url):
    with pytest.raises(errors.InvalidUrl):
        peer(url)[0].call("GET", "/x")


@responses.activate
@pytest.mark.parametrize(
    ("status", "body", "content_type", "code", "words"),
    [
        (401, '{"code":"NotAuthenticated","msg":"No."}', "application/json", "NotAuthenticated", "No."),
        (403, '{"code":"Forbidden","msg":"Permission denied."}', "application/json", "Forbidden", "denied"),
        (404, "<html>no</html>", "text/html", "UnexpectedAnswer", "HTTP 404 text/html"),
        (500, "", "application/json", "UnexpectedAnswer", "HTTP 500 application/json"),
        (500, '{"code":7}', "application/json", "UnexpectedAnswer", "HTTP 500"),
        (500, '{"code":"X","msg":null,"args":"a"}', "application/json", "X", "X"),
        (502, "[1,2]", "application/json", "UnexpectedAnswer", "HTTP 502"),
        (302, "", "text/html", "UnexpectedAnswer", "HTTP 302"),
    ],
)
def test_a_bad_answer_is_the_peers_own_error_or_unexpected(status, body, content_type, code, words):
    headers = {"Location": "https://elsewhere.example/"}
    responses.add("GET", f"{URL}/x", body, status=status, content_type=content_type, headers=headers)
    with pytest.raises(errors.H4Error, match=words) as caught:
        peer()[0].call("GET", "/x").expect(200)
    assert caught.value.code == code
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize("body", ["<html>", '{"a":', "", "[]", '{"other": 1}'])
def test_an_answer_of_the_wrong_form_is_unexpected(body):
    responses.add("GET", f"{URL}/x", body, content_type="application/json")
    with pytest.raises(errors.UnexpectedAnswer, match=f"GET {URL}/x was answered with HTTP 200"):
        peer()[0].call("GET", "/x").expect(200).text("token")


@responses.activate
@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (requests.exceptions.ConnectTimeout("slow"), errors.ConnectionTimedOut),
        (requests.exceptions.ConnectionError(ConnectionResetError(104, "reset")), errors.ConnectionLost),
        (requests.exceptions.ConnectionError(OSError(113, "No route to host")), errors.HostUnreachable),
        (requests.exceptions.ConnectionError(OSError(101, "unreachable")), errors.HostUnreachable),
        (requests.exceptions.ChunkedEncodingError("cut"), errors.ConnectionLost),
        (requests.exceptions.ContentDecodingError("bad"), errors.ConnectionLost),
    ],
)
def test_broken_connections_are_told_by_kind_and_place(raised, kind):
    responses.add("GET", f"{URL}/x", body=raised)
    with pytest.raises(kind, match=URL):
        peer()[0].call("GET", "/x")


@responses.activate
def test_the_environments_proxies_are_ignored(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    responses.add("GET", f"{URL}/x", "{}")
    assert peer()[0].call("GET", "/x").status == 200


@responses.activate
def test_passwords_outside_latin_1_can_be_sent():
    responses.add("GET", f"{URL}/x", "{}")
    peer()[0].call("GET", "/x", basic=("tyrelladmin@Tyrell", "пароль"), headers={"Config-Secret": "пароль"})
    assert responses.calls[0].request.headers["Config-Secret"] == "пароль".encode()
