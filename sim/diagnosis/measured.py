"""What a run shows of a failing flow: the client's own error, after how long, and what its user saw.

Rules of this file: facts come from recorded events (docs/events.md); the prediction is `explain`'s. A table
of witnesses, one for each kind of event that can show a flow failing; the earliest counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cxsim.sim.diagnosis.told import ENABLE_FAILED, ERROR, one_line
from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.explain import FlowVerdict

BAD_REQUEST, HTTPS = 400, 443
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


@dataclass(frozen=True)
class Measured:
    """What the client of a flow saw. `t_us`: when, since the start of the scenario; `after_s`: how long it
    had waited, None when that is not recorded; `host`: who saw it."""

    t_us: int
    text: str
    after_s: float | None
    host: str


@dataclass(frozen=True)
class UserSaw:
    """What the product showed its user because of that."""

    t_us: int
    text: str


def measured(verdicts: Sequence[FlowVerdict], events: Sequence[LoggedEvent], from_us: int) -> Measured | None:
    """The first evidence, at `from_us` or later, that one of these flows failed; None: the run never tried
    them, or does not show it."""
    found = [
        fact
        for event in events
        if event.t_us >= from_us and event.event in _WITNESSES
        for verdict in verdicts
        for fact in _WITNESSES[event.event](verdict, event, events)
    ]
    return min(found, key=lambda fact: fact.t_us, default=None)


def user_saw(events: Sequence[LoggedEvent], from_us: int) -> UserSaw | None:
    """The first status at `from_us` or later that tells a user that something is wrong; without any, the
    first error message."""
    later = [event for event in events if event.t_us >= from_us]
    for event in later:
        fields = event.fields
        reason = f" - {one_line(fields['reason'])}" if fields.get("reason") else ""
        if event.event == "cloud" and fields["status"] == ENABLE_FAILED:
            return UserSaw(event.t_us, f"provider cloud {fields['cloud']}: {ENABLE_FAILED}{reason}")
        if event.event == "workload" and fields["status"] == ERROR:
            return UserSaw(event.t_us, f"{fields['vm']}: {_before(events, event)}{ERROR}{reason}")
    errors = (e for e in later if e.event == "message" and e.fields["level"] == "error")
    return next((UserSaw(error.t_us, one_line(error.fields["text"])) for error in errors), None)


def seconds(value: float) -> str:
    """A waiting time as people say it: `30 s`, `20 ms`, `30 min`."""
    if value >= 300:
        return f"{value / 60:.3g} min"
    return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"


def _before(events: Sequence[LoggedEvent], end: LoggedEvent) -> str:
    """The texts of a migration's row before it failed, without repetition."""
    texts: dict[str, None] = {}
    for event in events:
        if event is end:
            break
        if event.event == "workload" and event.fields["vm"] == end.fields["vm"]:
            texts[event.fields["text"]] = None
    shown = list(texts)
    if len(shown) > 4:
        shown = [*shown[:2], "...", shown[-1]]
    return "".join(f"{text}, " for text in shown)


def _connect(verdict: FlowVerdict, event: LoggedEvent, _: Sequence[LoggedEvent]) -> Iterator[Measured]:
    if not _asked(verdict, event):
        return
    after_s = event.fields["after_us"] / 1e6
    yield Measured(event.t_us, _ERRNO.sub("", event.fields["error"]), after_s, event.host)


def _tls(verdict: FlowVerdict, event: LoggedEvent, _: Sequence[LoggedEvent]) -> Iterator[Measured]:
    if _asked(verdict, event):
        yield Measured(event.t_us, event.fields["error"], None, event.host)


def _asked(verdict: FlowVerdict, event: LoggedEvent) -> bool:
    fields, asked = event.fields, verdict.asked
    return (fields["src"], fields["dst"], fields["port"]) == (verdict.source.name, asked.host, asked.port)


def _call(verdict: FlowVerdict, event: LoggedEvent, _: Sequence[LoggedEvent]) -> Iterator[Measured]:
    """Somebody else answered."""
    fields = event.fields
    if verdict.stranger != (fields["dst"], fields["port"]) or fields["src"] != verdict.source.name:
        return
    if fields["status"] >= BAD_REQUEST:
        what = f"{fields['method']} {fields['path']}"
        text = f"HTTP {fields['status']} to {what}, from {fields['dst']}"
        yield Measured(event.t_us, text, None, verdict.source.name)


def _replication(
    verdict: FlowVerdict, event: LoggedEvent, events: Sequence[LoggedEvent]
) -> Iterator[Measured]:
    """The data plane names the leg that it could not open (sim/replication/legs.py)."""
    error = event.fields["error"] or ""
    leg = f"{verdict.source.name} -> {verdict.asked.host}:{verdict.asked.port}: "
    if leg not in error:
        return
    same = [e for e in events if e.event == "replication" and e.fields["id"] == event.fields["id"]]
    began_us = next((e.t_us for e in same if e.fields["state"] == "syncing"), None)
    after_s = None if began_us is None else (event.t_us - began_us) / 1e6
    yield Measured(event.t_us, error.partition(leg)[2], after_s, verdict.source.name)


def _message(verdict: FlowVerdict, event: LoggedEvent, _: Sequence[LoggedEvent]) -> Iterator[Measured]:
    """The core reports an error and names what was asked for: the only trace that something wrong behind a
    connection leaves."""
    fields, asked = event.fields, verdict.asked
    if fields["level"] != "error":
        return
    said = f"{fields['where']} {fields['text']}"
    typed = asked.typed.value if asked.typed is not None else ""
    end = r"(?![\d.:])" if asked.port == HTTPS else r"(?!.)"
    names = rf"(?<![\w.-]){re.escape(asked.host)}(?::{asked.port}(?!\d)|{end})"
    if (asked.error and typed and typed in said) or (not asked.error and re.search(names, said)):
        yield Measured(event.t_us, one_line(fields["answer"]), None, event.host)


_WITNESSES: dict[str, Callable[[FlowVerdict, LoggedEvent, Sequence[LoggedEvent]], Iterator[Measured]]] = {
    "connect": _connect,
    "tls": _tls,
    "call": _call,
    "replication": _replication,
    "message": _message,
}
