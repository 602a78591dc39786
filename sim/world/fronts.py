"""Web servers in front of products: each answers in the product's manner unless a manner is laid over it.

Rules of this file: a front is a WSGI application that stands before the product's own. A manner is what a
broken server does to every request; the latest one that is still there holds. What the servers of the CX
appliances answer when they are broken is documented nowhere: texts and statuses are [I].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cxsim.sim.kernel.sockets import SimSocket

App = Callable[..., Any]
GARBAGE = b"\x00\x01220 mail ready\r\n"
"""What is no HTTP: the greeting of something else, with the noise of a binary protocol before it."""


@dataclass(frozen=True)
class Refusing:
    """Every request gets an error page of the server itself."""

    status: int

    def text(self) -> str:
        """What it does, in words."""
        return f"answers every request with HTTP {self.status}"


@dataclass(frozen=True)
class Late:
    """Every answer begins late."""

    delay_s: float

    def text(self) -> str:
        """What it does, in words."""
        return f"begins to answer after {self.delay_s:g} s"


@dataclass(frozen=True)
class Garbage:
    """Every answer is no HTTP."""

    def text(self) -> str:
        """What it does, in words."""
        return "answers something that is no HTTP"


Manner = Refusing | Late | Garbage


class Front:
    """The web server of one product. `sleep` blocks for seconds of virtual time."""

    def __init__(self, app: App, sleep: Callable[[float], None]) -> None:
        self._app, self._sleep = app, sleep
        self._manners: list[tuple[Manner | None, str]] = []
        self.answered = 0
        """Requests that were not answered in the product's manner."""

    @property
    def manner(self) -> Manner | None:
        """How it answers now; None: as the product does."""
        return self._manners[-1][0] if self._manners else None

    @property
    def place(self) -> str:
        """Where that was written."""
        return self._manners[-1][1] if self._manners else ""

    def lay_over(self, manner: Manner | None, place: str) -> Callable[[], None]:
        """Answer in this manner (None: the product's) from now on; the answer takes it back, once."""
        layer = (manner, place)
        self._manners.append(layer)

        def undo() -> None:
            self._manners = [one for one in self._manners if one is not layer]

        return undo

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        manner = self.manner
        if manner is None:
            return self._app(environ, start_response)  # type: ignore[no-any-return]
        self.answered += 1
        if isinstance(manner, Late):
            self._sleep(manner.delay_s)
            return self._app(environ, start_response)  # type: ignore[no-any-return]
        status = HTTPStatus(manner.status) if isinstance(manner, Refusing) else HTTPStatus.OK
        page = f"<html><body><h1>{status.value} {status.phrase}</h1></body></html>".encode()
        body = page if isinstance(manner, Refusing) else GARBAGE
        headers = [("Content-Type", "text/html"), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def converse(self, sock: SimSocket) -> None:
        """Garbage for a new connection: take what is sent and answer no HTTP."""
        self.answered += 1
        sock.recv(65536)
        sock.sendall(GARBAGE)
