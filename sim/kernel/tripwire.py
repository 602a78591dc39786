"""The tripwire: simulated code that reaches for the real clock, real entropy or a real thread is stopped.

Rules of this file: outside a simulated greenlet every guarded function is itself. Inside one, the module
that calls decides:

* code of ours or of whoever is under test (any module that is neither in the standard library nor in
  site-packages, and every module of the packages in `watched`, by default `cxsim`) gets TripwireError,
  which names what to use instead;
* libraries (urllib3 reads `time.monotonic`, http.cookiejar and logging `time.time`, pyVmomi's pool ages by
  `time.time`, urllib3's multipart boundary comes from `os.urandom`) get the host's virtual time, virtual
  sleep, and the host's random stream `library`: so their behaviour is right and the same in every run;
* nobody gets a thread or a socket of the operating system.

The caller is the Python frame that made the call; a decision is made once per code object. `date.today()`
calls `time.time` and is guarded with it. Not seen: names bound before (`from time import time`; requests'
`preferred_clock`, so `Response.elapsed` is wall time and means nothing), and `datetime.now()`, whose type
cannot be patched: a lint rule's business (ruff DTZ005).
"""

from __future__ import annotations

import os
import random
import secrets
import socket
import sys
import sysconfig
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from types import CodeType, FrameType
from typing import Any

from cxsim.sim.kernel.greenlets import SimGreenlet, current_or_fail, getcurrent, sleep

Substitute = Callable[..., Any]


class TripwireError(RuntimeError):
    """Simulated code called something real."""


def _now(caller: SimGreenlet) -> float:
    return caller.host.now()


def _elapsed(caller: SimGreenlet) -> float:
    return float(caller.hub.env.now)


def _sleep(caller: SimGreenlet, seconds: float) -> None:
    sleep(current_or_fail("time.sleep"), seconds)


def _entropy(caller: SimGreenlet, size: int) -> bytes:
    return caller.host.rng("library").randbytes(size)


def _uuid4(caller: SimGreenlet) -> uuid.UUID:
    return uuid.UUID(caller.host.new_uuid("library"))


def _drawn(method: str) -> Substitute:
    def draw(caller: SimGreenlet, *args: Any, **kwargs: Any) -> Any:
        return getattr(caller.host.rng("library"), method)(*args, **kwargs)

    return draw


def _token(size: int | None) -> int:
    return secrets.DEFAULT_ENTROPY if size is None else size


_CLOCK = "Runtime.now() or Host.now()"
_ENTROPY = "Runtime.rng or Host.rng(purpose)"
_IDS = "Runtime.new_id(kind) or Host.new_uuid(purpose)"
_SPAWN = "Runtime.spawn(work, name=...) or Host.spawn(work, name)"
_NETWORK = "requests, http.client or pyVmomi: the hooks connect them over the simulated network"

GUARDED: list[tuple[Any, str, str, Substitute | None]] = [
    (time, "time", _CLOCK, _now),
    (time, "time_ns", _CLOCK, lambda caller: round(_now(caller) * 1e9)),
    (time, "monotonic", _CLOCK, _elapsed),
    (time, "monotonic_ns", _CLOCK, lambda caller: round(_elapsed(caller) * 1e9)),
    (time, "perf_counter", _CLOCK, _elapsed),
    (time, "perf_counter_ns", _CLOCK, lambda caller: round(_elapsed(caller) * 1e9)),
    (time, "sleep", "Runtime.sleep(seconds) or Host.sleep(seconds)", _sleep),
    (uuid, "uuid1", _IDS, lambda caller, *unused: _uuid4(caller)),
    (uuid, "uuid4", _IDS, _uuid4),
    (os, "urandom", _ENTROPY, _entropy),
    (secrets, "token_bytes", _ENTROPY, lambda caller, size=None: _entropy(caller, _token(size))),
    (secrets, "token_hex", _ENTROPY, lambda caller, size=None: _entropy(caller, _token(size)).hex()),
    (threading.Thread, "start", _SPAWN, None),
    (socket.socket, "connect", _NETWORK, None),
]
"""Owner, name, what to use instead, what a library gets (None: libraries are stopped too)."""

GUARDED += [
    (random, name, _ENTROPY, _drawn(name))
    for name in (
        "betavariate",
        "choice",
        "choices",
        "expovariate",
        "gauss",
        "getrandbits",
        "lognormvariate",
        "normalvariate",
        "randbytes",
        "randint",
        "random",
        "randrange",
        "sample",
        "shuffle",
        "triangular",
        "uniform",
    )
]

_LIBRARY_ROOTS = tuple(
    {
        os.path.realpath(sysconfig.get_path(key)) + os.sep
        for key in ("stdlib", "platstdlib", "purelib", "platlib")
    }
)


_REAL = {"urllib3.connection"}
"""Libraries that are to see the real clock: this one asks whether the machine's clock is older than its own
release, and would warn on every connection of a scenario that plays in 2017."""


class _Verdict(Enum):
    """What becomes of a caller."""

    STOPPED = "stopped"
    VIRTUAL = "virtual"
    REAL = "real"


class _Judge:
    """Who is calling? Remembered by code object."""

    def __init__(self, watched: tuple[str, ...]) -> None:
        self._watched = watched
        self._known: dict[CodeType, _Verdict] = {}

    def verdict(self, frame: FrameType) -> _Verdict:
        """What becomes of the caller in this frame."""
        found = self._known.get(frame.f_code)
        if found is None:
            found = self._known[frame.f_code] = self._judge(frame)
        return found

    def _judge(self, frame: FrameType) -> _Verdict:
        module, place = str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename
        if any(module == package or module.startswith(package + ".") for package in self._watched):
            return _Verdict.STOPPED
        if not (place.startswith("<frozen") or os.path.realpath(place).startswith(_LIBRARY_ROOTS)):
            return _Verdict.STOPPED
        return _Verdict.REAL if module in _REAL else _Verdict.VIRTUAL


_originals: list[tuple[Any, str, Any]] = []


def _guard(
    owner: Any, name: str, instead: str, substitute: Substitute | None, judge: _Judge
) -> Callable[..., Any]:
    original = getattr(owner, name)
    title = f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else owner.__name__

    def guarded(*args: Any, **kwargs: Any) -> Any:
        caller = getcurrent()
        if type(caller) is not SimGreenlet:
            return original(*args, **kwargs)
        frame = sys._getframe(1)
        if substitute is not None:
            verdict = judge.verdict(frame)
            if verdict is _Verdict.VIRTUAL:
                return substitute(caller, *args, **kwargs)
            if verdict is _Verdict.REAL:
                return original(*args, **kwargs)
        raise TripwireError(
            f"{title}.{name}() called in simulated code ({frame.f_globals.get('__name__')}, line "
            f"{frame.f_lineno}) on host {caller.host.name}: use {instead}"
        )

    guarded.__name__ = guarded.__qualname__ = name
    guarded.__doc__ = original.__doc__
    return guarded


def install(watched: tuple[str, ...] = ("cxsim",)) -> None:
    """Set the tripwire. `watched`: packages whose modules count as simulated code wherever they are
    installed. Installing twice does nothing."""
    if _originals:
        return
    judge = _Judge(watched)
    for owner, name, instead, substitute in GUARDED:
        guarded = _guard(owner, name, instead, substitute, judge)
        inherited = isinstance(owner, type) and name not in vars(owner)
        _originals.append((owner, name, None if inherited else vars(owner)[name]))
        setattr(owner, name, guarded)


def uninstall() -> None:
    """Remove the tripwire."""
    while _originals:
        owner, name, original = _originals.pop()
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


@contextmanager
def installed(watched: tuple[str, ...] = ("cxsim",)) -> Iterator[None]:
    """The tripwire is set inside the `with` block; nested blocks do no harm."""
    mine = not _originals
    install(watched)
    try:
        yield
    finally:
        if mine:
            uninstall()
