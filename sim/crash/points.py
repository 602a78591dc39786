"""Where the core can die: before and after every write to its journal and every call that it sends.

Rules of this file: a point is known by when, what, and the state that everything is in; repeated ones (polls)
are told apart by their number. A call is seen at the server: "before" means that it never had an effect,
"after" that it had and the core never heard of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cxsim.core.decisions import Decision
from cxsim.core.journal import SqliteJournal
from cxsim.sim.kernel import Hub, Process
from cxsim.sim.kernel.wire import Listener

BEFORE, AFTER = "before", "after"

_IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[A-Za-z]+-\d+(?=/|$)")
_SOAP_METHOD = re.compile(rb"<[\w:]*Body[^>]*>\s*<(?:\w+:)?(\w+)")


@dataclass(frozen=True)
class Point:
    """A moment at which the core can die."""

    when: str
    what: str
    state: str

    def __str__(self) -> str:
        return f"{self.when} {self.what} ({self.state})"


def chosen(points: Sequence[Point]) -> list[int]:
    """The numbers of the points to try: of the same ones the first, the second and the last."""
    numbers: dict[Point, list[int]] = {}
    for number, point in enumerate(points):
        numbers.setdefault(point, []).append(number)
    return sorted({n for same in numbers.values() for n in (*same[:2], same[-1])})


class JournalPoints:
    """A journal whose writes are points. `reach` is called before and after each; a write that waited on
    the hub would be an error of the core (asserted)."""

    def __init__(self, journal: SqliteJournal, hub: Hub, reach: Callable[[str, str], None]) -> None:
        self._journal, self._hub, self._reach = journal, hub, reach

    def record(self, *decisions: Decision) -> None:
        """Write decisions down."""
        what = "journal: " + "; ".join(f"{d.machine} {d.event} from {d.before or '-'}" for d in decisions)
        self._reach(BEFORE, what)
        switches = self._hub.switches
        self._journal.record(*decisions)
        assert self._hub.switches == switches, "the core waited during a journal write"
        self._reach(AFTER, what)

    def decisions(self) -> Iterable[Decision]:
        """Everything that was written down."""
        return self._journal.decisions()

    def replace(self, *decisions: Decision) -> bool:
        """Compact."""
        self._reach(BEFORE, "journal: compact")
        done = self._journal.replace(*decisions)
        self._reach(AFTER, "journal: compact")
        return done


def watch_calls(
    hub: Hub, process: Callable[[], Process], reach: Callable[[str, str], bool], hosts: Iterable[str]
) -> None:
    """Let the calls of a process that arrive at these hosts be points. `reach` says whether the core lives
    on: if it died before a call, the call is not carried out."""
    for name in hosts:
        host = hub.hosts[name]
        for port, listener in list(host.listeners.items()):
            if listener.app is not None:
                app = _watched(listener, listener.app, process, reach)
                host.listeners[port] = Listener(listener.host, listener.port, app, listener.tls)


def _watched(
    listener: Listener,
    app: Callable[..., Any],
    process: Callable[[], Process],
    reach: Callable[[str, str], bool],
) -> Callable[..., Any]:
    def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if not _sent_by(process(), environ):
            return app(environ, start_response)
        what = f"{listener.host}: {_call(environ)}"
        if not reach(BEFORE, what):
            start_response("503 Service Unavailable", [])
            return [b""]
        answer = app(environ, start_response)
        reach(AFTER, what)
        return answer

    return watched


def _sent_by(process: Process, environ: dict[str, Any]) -> bool:
    peer = (environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"]))
    return any(_client_address(end) == peer for end in _clients(process))


def _clients(process: Process) -> Iterator[Any]:
    return (end for end in process.endpoints if end.connection.client is end)


def _client_address(end: Any) -> tuple[str, int]:
    address: tuple[str, int] = end.connection.client_address
    return address


def _call(environ: dict[str, Any]) -> str:
    """The call without its identifiers."""
    if "HTTP_SOAPACTION" in environ:
        body = environ["wsgi.input"]
        found = _SOAP_METHOD.search(body.getvalue())
        return "SOAP " + (found[1].decode() if found else "?")
    return f"{environ['REQUEST_METHOD']} {_IDENTIFIER.sub('{id}', environ['PATH_INFO'])}"
