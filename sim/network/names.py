"""Names to addresses as a site sees them (split horizon).

Rules of this file: it answers from the site's view, then from the public one, and says why not. A resolver
whose server is down costs the client its whole patience (`RESOLVER_PATIENCE_S`).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from cxsim.sim.kernel.wire import NameAnswer
from cxsim.sim.network.addresses import is_address
from cxsim.sim.network.state import DnsState, HostState, Meeting
from cxsim.sim.network.trace import Reason, Step, StepKind, Verdict

RESOLVER_PATIENCE_S = 10.0
"""glibc: 5 s a try, 2 tries (resolv.conf(5), options timeout and attempts) [K]."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A name looked up. `step` is None for an address literal; `met`: what counts this lookup."""

    answer: NameAnswer
    step: Step | None = None
    met: tuple[Meeting, ...] = ()


def look_up(source: HostState, name: str, public: DnsState, hosts: Mapping[str, HostState]) -> Lookup:
    """What the resolver of `source` answers for a name or an address literal."""
    if is_address(name):
        return Lookup(NameAnswer((name,), None, 0.0))
    view = source.site.dns
    server = hosts.get(view.server) if view.server is not None else None
    if server is not None and not (server.alive.value and not server.stopped_port(53)):
        step = Step(
            StepKind.DNS,
            view.title,
            f"{name}: the server is down",
            Verdict.NAME_NO_ANSWER,
            view.place,
            Reason.NAME,
        )
        return Lookup(NameAnswer((), socket.EAI_AGAIN, RESOLVER_PATIENCE_S), step, (view, server))
    candidates = [name]
    if "." not in name:
        candidates += [f"{name}.{domain}" for domain in view.search]
    met: list[Meeting] = [view]
    for where in (view, public):
        for candidate in candidates:
            record = where.record(candidate)
            met.append(record)
            if record.addresses.value:
                text = f"{candidate} A {', '.join(record.addresses.value)}"
                step = Step(StepKind.DNS, view.title, text, place=record.place)
                return Lookup(NameAnswer(record.addresses.value, None, view.delay_s.value), step, tuple(met))
    step = Step(
        StepKind.DNS, view.title, f"{name}: no such name", Verdict.NAME_NOT_FOUND, view.place, Reason.NAME
    )
    return Lookup(NameAnswer((), socket.EAI_NONAME, view.delay_s.value), step, tuple(met))
