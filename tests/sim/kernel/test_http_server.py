"""The HTTP server of the simulated hosts: what it takes, what it answers, what it records."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask, Response, abort, g, jsonify, request

from cxsim.emulator.fault_rules import FaultRule, FaultRules

WSGI = Callable[..., Any]


def respond(*pieces: bytes, headers: list[tuple[str, str]] | None = None, status: str = "200 OK") -> WSGI:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response(status, headers or [])
        yield from pieces

    return app


def raw(world: Any, app: WSGI, *sends: bytes, pause_s: float = 0.0) -> bytes:
    """What the server answers to bytes, up to its closing the connection."""
    world.server.listen(80, app)

    def client() -> bytes:
        with socket.create_connection(("server.test", 80), timeout=30) as sock:
            for data in sends:
                sock.sendall(data)
                world.client.sleep(pause_s)
            sock.shutdown(socket.SHUT_WR)
            return sock.makefile("rb").read()

    answer: bytes = world.run(client)
    return answer


def echo_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} ".encode(), body]


def test_a_connection_is_kept_alive_and_requests_may_be_pipelined(world: Any) -> None:
    answer = raw(
        world,
        echo_app,
        b"GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
    )
    assert answer == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nGET /a x=1 "
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nPOST /b  abc"
    )


def test_a_request_may_come_in_pieces(world: Any) -> None:
    answer = raw(
        world, echo_app, b"POST /x HT", b"TP/1.1\r\nContent-Le", b"ngth: 4\r\n\r", b"\nab", b"cd", pause_s=1
    )
    assert answer.endswith(b"\r\n\r\nPOST /x  abcd")


def test_chunked_requests_are_taken(world: Any) -> None:
    answer = raw(
        world,
        echo_app,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;name=value\r\nabc\r\n",
        b"A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
        b"GET /next HTTP/1.1\r\n\r\n",
        pause_s=1,
    )
    assert b"POST /  abc0123456789" in answer
    assert b"GET /next" in answer


def test_connection_close_and_http_1_0_close(world: Any) -> None:
    request_bytes = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET /not-answered HTTP/1.1\r\n\r\n"
    answer = raw(world, respond(b"ok"), request_bytes)
    assert b"Connection: close\r\n" in answer
    assert b"not-answered" not in answer
    world.server.close(80)
    assert raw(world, respond(b"a", b"b"), b"GET / HTTP/1.0\r\n\r\n").endswith(b"Connection: close\r\n\r\nab")
    world.server.close(80)
    kept = raw(world, echo_app, b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert b"Connection: keep-alive\r\n" in kept


def test_a_body_of_unknown_length_is_chunked_as_it_comes(world: Any) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"first"
        world.server.sleep(5)
        yield b""
        yield b"second"

    world.server.listen(80, app)

    def client() -> list[tuple[float, bytes]]:
        answer = requests.get("http://server.test/", stream=True, timeout=30)
        return [(world.hub.env.now, piece) for piece in answer.iter_content(None)]

    (at_first, first), (at_second, second) = world.run(client)
    assert (first, second) == (b"first", b"second")
    assert at_second - at_first == pytest.approx(5)


def test_head_has_no_body_but_its_length(world: Any) -> None:
    flask_app = Flask("server")
    flask_app.add_url_rule("/", view_func=lambda: "five!")
    answer = raw(world, flask_app, b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    head, get = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert b"Content-Length: 5\r\n" in head
    assert head.endswith(b"\r\n\r\n")
    assert get.endswith(b"\r\n\r\nfive!")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_that_have_no_body_have_none(world: Any, status: str) -> None:
    answer = raw(world, respond(status=status), b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert answer == f"HTTP/1.1 {status}\r\n\r\n".encode() * 2


def test_expect_continue_is_answered_before_the_body_comes(world: Any) -> None:
    world.server.listen(80, echo_app)

    def client() -> bytes:
        with socket.create_connection(("server.test", 80), timeout=30) as sock:
            sock.sendall(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            first: bytes = sock.recv(1000)
            assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(b"ok")
            return sock.recv(1000)

    assert world.run(client).endswith(b"PUT /  ok")


BAD = {
    "no request line": (b"nonsense\r\n\r\n", 400),
    "an SSH client": (b"SSH-2.0-OpenSSH_7.4\r\n\x00\x01", 400),
    "binary": (bytes(range(128, 256)) + b"\r\n\r\n", 400),
    "a version of the future": (b"GET / HTTP/2.0\r\n\r\n", 505),
    "a header without a colon": (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400),
    "a header name with a space": (b"GET / HTTP/1.1\r\nBad Name: x\r\n\r\n", 400),
    "a relative target": (b"GET somewhere HTTP/1.1\r\n\r\n", 400),
    "a negative length": (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
    "a length that is no number": (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
    "an enormous length": (b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", 413),
    "a bad chunk": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "a chunk without its end": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
    "an unknown coding": (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    "an endless head": (b"GET / HTTP/1.1\r\nX: " + b"x" * 70000, 431),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_request_is_refused_and_the_connection_closed(world: Any, name: str) -> None:
    data, status = BAD[name]
    answer = raw(world, respond(b"never"), data)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close\r\n" in answer
    assert [e["status"] for e in world.events("call")] == [status]
    assert not world.hub.failures


def test_a_client_that_leaves_in_the_middle_of_a_request_is_no_trouble(world: Any) -> None:
    assert raw(world, echo_app, b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc") == b""
    assert world.events("call", "trouble") == []


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("reset", "ConnectionResetError: [Errno 104] Connection reset by peer"),
        ("empty", "RemoteDisconnected: Remote end closed connection without response"),
        ("truncate", "IncompleteRead: IncompleteRead(6 bytes read, 4090 more expected)"),
        ("hang", "TimeoutError: timed out"),
    ],
)
def test_a_transport_fault_breaks_the_connection_and_is_no_trouble(world: Any, kind: str, says: str) -> None:
    rules = FaultRules(world.server, [FaultRule("broken", path="/broken", transport=kind, latency_s=2)])
    world.server.listen(80, rules.wrap(echo_app))
    left_s: list[float] = []

    def ask(path: str) -> bytes:
        conn = http.client.HTTPConnection("server.test", timeout=30)
        try:
            conn.request("POST", path, b"body")
            return conn.getresponse().read()
        finally:
            conn.close()
            left_s.append(world.hub.env.now)

    def client() -> str:
        with pytest.raises((OSError, http.client.HTTPException)) as broken:
            ask("/broken")
        assert ask("/other") == b"POST /other  body"
        return f"{type(broken.value).__name__}: {broken.value}"

    assert world.run(client) == says
    world.hub.run()
    assert left_s[0] == pytest.approx(30.01 if kind == "hang" else 2.02)
    assert all(circuit.closings == 1 for circuit in world.net.circuits)
    answered = [("/broken", 200), ("/other", 200)] if kind == "truncate" else [("/other", 200)]
    assert [(e["path"], e["status"]) for e in world.events("call")] == answered
    assert world.events("trouble") == []


def test_an_exception_of_the_application_is_500_and_trouble_and_the_connection_goes_on(world: Any) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/broken":
            raise ValueError("a bug in the emulator")
        start_response("200 OK", [])
        return [b"fine"]

    answer = raw(world, app, b"GET /broken HTTP/1.1\r\n\r\nGET /other HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert answer.endswith(b"fine")
    assert [(e["path"], e["status"]) for e in world.events("call")] == [("/broken", 500), ("/other", 200)]
    (trouble,) = world.events("trouble")
    assert (trouble["task"], trouble["error"]) == ("GET /broken", "ValueError: a bug in the emulator")
    assert world.hub.failures[0].error.__traceback__ is not None


def test_an_exception_in_the_middle_of_an_answer_truncates_it(world: Any) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"first"
        raise ValueError("too late for a 500")

    world.server.listen(80, app)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        world.run(lambda: requests.get("http://server.test/", timeout=30))


def test_start_response_may_be_replaced_until_something_was_sent(world: Any) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [])
        try:
            raise ValueError("changed its mind")
        except ValueError as error:
            start_response("409 Conflict", [], (ValueError, error, error.__traceback__))
        return [b"no"]

    assert raw(world, app, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 409 Conflict\r\n")


def test_the_write_callable_of_old_applications_works(world: Any) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        write = start_response("200 OK", [("Content-Length", "6")])
        write(b"abc")
        return [b"def"]

    assert raw(world, app, b"GET / HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\nabcdef")


def test_the_environ_is_what_pep_3333_says(world: Any) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    raw(
        world,
        app,
        b"GET http://server.test/a%20b%C3%A9?q=%20 HTTP/1.1\r\nHost: server.test\r\nX-Two: 1\r\nX-Two: 2\r\n"
        b"Content-Type: text/xml\r\nCookie: a=b\r\n\r\n",
    )
    wanted = {
        "PATH_INFO": "/a b\xc3\xa9",
        "QUERY_STRING": "q=%20",
        "RAW_URI": "http://server.test/a%20b%C3%A9?q=%20",
        "HTTP_HOST": "server.test",
        "HTTP_X_TWO": "1,2",
        "HTTP_COOKIE": "a=b",
        "CONTENT_TYPE": "text/xml",
        "SERVER_NAME": "server",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "10.0.0.1",
        "wsgi.url_scheme": "http",
    }
    assert {key: seen[key] for key in wanted} == wanted


def test_calls_are_recorded_at_the_server_with_soap_methods_by_name(world: Any) -> None:
    world.server.listen(80, respond(b"ok"))
    envelope = (
        b'<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="x"><soapenv:Header><Body2/></soapenv:Header>'
        b'<soapenv:Body>\n <vim:PowerOffVM_Task xmlns="urn:vim25"><_this/></vim:PowerOffVM_Task>'
        b"</soapenv:Body></soapenv:Envelope>"
    )

    def client() -> None:
        requests.get("http://server.test/api/org?page=1", timeout=30)
        requests.post("http://server.test/sdk", envelope, headers={"SOAPAction": "urn:vim25/6.5"}, timeout=30)
        requests.post("http://server.test/sdk", b"garbage", headers={"SOAPAction": "x"}, timeout=30)

    world.run(client)
    common = {"host": "server", "event": "call", "src": "client", "dst": "server", "port": 80}
    assert world.events("call") == [
        {**common, "method": "GET", "path": "/api/org", "status": 200},
        {**common, "method": "POST", "path": "SOAP PowerOffVM_Task", "status": 200},
        {**common, "method": "POST", "path": "/sdk", "status": 200},
    ]


def test_an_idle_connection_is_closed_after_the_hosts_keep_alive_time(world: Any) -> None:
    world.server.keep_alive_s = 20.0
    world.server.listen(80, echo_app)

    def client() -> int:
        conn = http.client.HTTPConnection("server.test", timeout=60)
        for pause_s in (15, 15, 25):
            conn.request("GET", "/")
            conn.getresponse().read()
            world.client.sleep(pause_s)
        conn.request("GET", "/")
        conn.getresponse()
        return 0

    with pytest.raises(http.client.RemoteDisconnected):
        world.run(client)


def test_flask_handlers_may_sleep_and_call_others_and_keep_their_request(world: Any) -> None:
    inner, outer = Flask("inner"), Flask("outer")

    @inner.get("/slow/<int:number>")
    def slow(number: int) -> Response:
        g.number = number
        world.server.sleep(number)
        assert (g.number, request.path) == (number, f"/slow/{number}")
        return jsonify(number=number)

    @outer.get("/hop/<int:number>")
    def hop(number: int) -> Response:
        if number == 3:
            abort(418)
        via = requests.get(f"http://server.test:81/slow/{number}", timeout=60).json()
        assert request.path == f"/hop/{number}"
        return jsonify(via=via["number"])

    middle = world.hub.add_host("middle")
    middle.listen(80, outer)
    world.server.listen(81, inner)
    seen: list[tuple[int, int]] = []

    def client(number: int) -> None:
        answer = requests.get(f"http://middle.test/hop/{number}", timeout=60)
        seen.append((number, answer.json()["via"] if answer.ok else answer.status_code))

    for number in (5, 3, 1, 4, 2):
        world.hub.spawn(world.client, client, number)
    world.hub.run()
    assert seen == [(3, 418), (1, 1), (2, 2), (4, 4), (5, 5)]
    calls = world.events("call")
    assert {(e["src"], e["dst"]) for e in calls} == {("client", "middle"), ("middle", "server")}
