"""Fault rules: which requests of an emulator go wrong, and how.

Rules of this file: a rule is a struct; the first rule that fires decides, and each firing is recorded. A
rule may delay a request (latency), answer in the product's place (HTTP status and body), ask the product
for one of its own faults (`SOAP_FAULT_KEY` in the WSGI environ), or break the transport (`TransportFault`,
which the server turns into what a client's socket sees). Chance comes from the host's random streams.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from cxsim.emulator.exchange import Environ, WsgiApp, path, soap_method
from cxsim.emulator.host import Host

SOAP_FAULT_KEY = "cxsim.soap_fault"
"""WSGI environ key under which a SOAP product finds the `SoapFault` that it must answer with."""

TRANSPORT_FAULTS = ("reset", "empty", "truncate", "hang")
"""reset: RST instead of an answer. empty: orderly close without an answer. truncate: headers promise more
than is sent. hang: no answer, ever."""

TRUNCATED = b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n<trunc"
"""What is sent of a truncated answer."""

PROTOCOLS = ("any", "http", "soap")


class TransportFault(Exception):
    """Raised out of the application instead of an answer; the server that runs it breaks the connection:
    `serving.Server` over real sockets, the simulator's over its own."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind
        """One of `TRANSPORT_FAULTS`."""


@dataclass(frozen=True)
class SoapFault:
    """A fault in the product's own terms: `type` is a WSDL type name such as `InvalidState`."""

    type: str
    message: str = ""


@dataclass
class FaultRule:
    """Match, then when, then what. Globs are case-sensitive; times are seconds of the host's clock."""

    name: str
    # what it matches
    protocol: str = "any"
    method: str = "*"
    path: str = "*"
    soap_method: str = "*"
    # when it fires
    nth: int | None = None
    """Only the n-th matching request (1 = the first)."""
    skip_count: int = 0
    """Let this many matching requests pass first."""
    max_count: int | None = None
    """Fire at most this often."""
    probability: float = 1.0
    enabled: bool = True
    # what happens
    latency_s: float = 0.0
    latency_max_s: float | None = None
    """With it, latency is uniform between `latency_s` and this."""
    status: int | None = None
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    soap_fault: SoapFault | None = None
    transport: str | None = None
    # what happened
    matched: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        problems = [
            (self.protocol not in PROTOCOLS, f"protocol must be one of {', '.join(PROTOCOLS)}"),
            (not 0.0 <= self.probability <= 1.0, "probability must be between 0 and 1"),
            (self.latency_s < 0, "latency_s must not be negative"),
            (self.skip_count < 0, "skip_count must not be negative"),
            (self.nth is not None and self.nth < 1, "nth counts from 1"),
            (self.max_count is not None and self.max_count < 1, "max_count must be at least 1"),
            (self.status is not None and not 100 <= self.status <= 599, "status must be an HTTP status"),
            (
                self.latency_max_s is not None and self.latency_max_s < self.latency_s,
                "latency_max_s must not be less than latency_s",
            ),
            (
                self.transport is not None and self.transport not in TRANSPORT_FAULTS,
                f"transport must be one of {', '.join(TRANSPORT_FAULTS)}",
            ),
        ]
        wrong = [text for failed, text in problems if failed]
        if wrong:
            raise ValueError(f"fault rule {self.name!r}: {'; '.join(wrong)}")

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> FaultRule:
        """A rule from JSON. Raises ValueError naming unknown keys and wrong values."""
        known = {f.name for f in fields(cls)} - {"matched", "fired"}
        unknown = sorted(set(given) - known)
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        values = dict(given)
        try:
            if values.get("soap_fault") is not None:
                values["soap_fault"] = SoapFault(**values["soap_fault"])
            return cls(**values)
        except TypeError as error:
            raise ValueError(str(error)) from error

    def to_dict(self) -> dict[str, Any]:
        """As the admin API shows it."""
        return asdict(self)

    def matches(self, environ: Environ) -> bool:
        """True if the request is one that this rule is about."""
        soap = soap_method(environ)
        place = path(environ)
        return (
            self.enabled
            and (self.protocol == "any" or (self.protocol == "soap") == (soap is not None))
            and fnmatchcase(environ["REQUEST_METHOD"], self.method)
            and (fnmatchcase(place, self.path) or fnmatchcase(place.partition("?")[0], self.path))
            and (self.soap_method == "*" or fnmatchcase(soap or "", self.soap_method))
        )


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule met a request."""

    at_s: float
    rule: str
    method: str
    path: str
    soap_method: str | None
    latency_s: float

    def to_dict(self) -> dict[str, Any]:
        """As the admin API shows it."""
        return asdict(self)


class FaultRules:
    """An ordered list of rules around an application; `firings` is the record of what they did."""

    def __init__(self, host: Host, rules: Iterable[FaultRule] = ()) -> None:
        self._host = host
        self.rules: list[FaultRule] = list(rules)
        self.firings: list[Firing] = []

    def add(self, rule: FaultRule) -> None:
        """Append a rule. Raises ValueError if the name is taken."""
        if any(known.name == rule.name for known in self.rules):
            raise ValueError(f"fault rule {rule.name!r} exists already")
        self.rules.append(rule)

    def remove(self, name: str) -> bool:
        """Remove a rule by name; False if there was none."""
        kept = [rule for rule in self.rules if rule.name != name]
        found = len(kept) != len(self.rules)
        self.rules = kept
        return found

    def clear(self) -> None:
        """Remove all rules and the record of firings."""
        self.rules, self.firings = [], []

    def choose(self, environ: Environ) -> FaultRule | None:
        """The rule that fires for this request, counted as fired; None if none does."""
        for rule in self.rules:
            if not rule.matches(environ):
                continue
            rule.matched += 1
            if rule.nth is not None and rule.matched != rule.nth:
                continue
            if rule.matched <= rule.skip_count:
                continue
            if rule.max_count is not None and rule.fired >= rule.max_count:
                continue
            if rule.probability < 1.0 and self._chance(rule).random() >= rule.probability:
                continue
            rule.fired += 1
            return rule
        return None

    def wrap(self, app: WsgiApp) -> WsgiApp:
        """The application with these rules in front of it."""

        def faulted(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            rule = self.choose(environ) if self.rules else None
            if rule is None:
                return app(environ, start_response)
            latency_s = self._latency_s(rule)
            self.firings.append(
                Firing(
                    self._host.now(),
                    rule.name,
                    environ["REQUEST_METHOD"],
                    path(environ),
                    soap_method(environ),
                    latency_s,
                )
            )
            if latency_s > 0:
                self._host.sleep(latency_s)
            if rule.transport is not None:
                raise TransportFault(rule.transport)
            if rule.status is not None:
                return _answer(rule, start_response)
            if rule.soap_fault is not None:
                environ[SOAP_FAULT_KEY] = rule.soap_fault
            return app(environ, start_response)

        return faulted

    def _latency_s(self, rule: FaultRule) -> float:
        if rule.latency_max_s is None:
            return rule.latency_s
        return self._chance(rule).uniform(rule.latency_s, rule.latency_max_s)

    def _chance(self, rule: FaultRule) -> random.Random:
        return self._host.rng(f"fault rule {rule.name}")


def _answer(rule: FaultRule, start_response: Callable[..., Any]) -> Iterable[bytes]:
    content = rule.body.encode()
    headers = {"Content-Type": "text/plain; charset=utf-8", **rule.headers}
    headers["Content-Length"] = str(len(content))
    start_response(f"{rule.status} Injected", list(headers.items()))
    return [content]
