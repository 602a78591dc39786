"""A small application to put middleware around, and a host whose clock the test moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cxsim.emulator.thread_host import ThreadHost


class SteppedHost(ThreadHost):
    """A host whose clock stands still except for its own sleeps; background work runs at once."""

    def __init__(self, name: str = "chc-vc01", seed: int = 0) -> None:
        super().__init__(name, seed)
        self.clock_s = 1_000_000.0

    def now(self) -> float:
        return self.clock_s

    def sleep(self, seconds: float) -> None:
        self.clock_s += seconds

    def spawn(self, work: Callable[[], object], name: str) -> None:
        work()


@pytest.fixture
def host() -> SteppedHost:
    return SteppedHost()


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answers 404 under /missing, else the body it was sent."""
    status = "404 Not Found" if environ["PATH_INFO"].startswith("/missing") else "200 OK"
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response(status, [("Content-Type", "text/plain")])
    return [content]


class Model:
    """The smallest Stateful."""

    product = "Echo"

    def __init__(self) -> None:
        self.value = "new"
        self.resets = 0

    def reset(self) -> None:
        self.value = "new"
        self.resets += 1

    def save(self) -> dict[str, Any]:
        return {"value": self.value}

    def load(self, state: dict[str, Any]) -> None:
        self.value = state["value"]


@pytest.fixture
def echo_app() -> Callable[..., list[bytes]]:
    return echo


@pytest.fixture
def model() -> Model:
    return Model()
