"""One connection, traced there and back: from a host to a host and port, as names or addresses.

Rules of this file: what is typed means what the client would ask for. A name that the client's site resolves
is asked as it is; the name of a host means its own address on the same site, and from elsewhere the address
that CX would use (a Public Endpoint URL, a provider cloud URL) or that an edge publishes. How it was
understood is always said. Names that nothing has are told with the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cxsim.sim.diagnosis.observation import Instant, glance
from cxsim.sim.diagnosis.subjects import Subject
from cxsim.sim.diagnosis.wording import instant
from cxsim.sim.explain import evaluate
from cxsim.sim.network import Network, Outcome, Trace, nearest
from cxsim.sim.network.addresses import address, dotted, is_address
from cxsim.sim.world.world import World

PORT_NAMES: Mapping[str, int] = {
    "http": 80,
    "https": 443,
    "nfc": 902,
    "replicator": 8043,
    "cce": 8043,
    "manager": 8044,
    "ccm": 8044,
    "lwd": 44045,
    "dns": 53,
}
"""Ports by name (cx.md 1.1, 1.2)."""

SEEN: Mapping[Outcome, str] = {
    Outcome.ACCEPTED: "a connection after {rtt}",
    Outcome.SILENT: "nothing, until its own limit (CX appliances 30 s [I], Linux about 130 s)",
    Outcome.REFUSED: "Connection refused after {rtt}",
    Outcome.UNREACHABLE: "No route to host",
    Outcome.NO_ROUTE: "Network is unreachable at once",
    Outcome.NAME_NOT_FOUND: "Name or service not known",
    Outcome.NAME_NO_ANSWER: "Temporary failure in name resolution",
    Outcome.UNDETERMINED: "cannot be told: rules are unknown",
}


class NotUnderstood(Exception):
    """What was typed names nothing, or too much."""


@dataclass(frozen=True)
class Traced:
    """A connection at one instant. `meaning`: how the target was understood, when it was not taken as
    typed."""

    when: Instant
    trace: Trace
    meaning: str

    def lines(self) -> Iterator[str]:
        """The trace as text, there and back apart."""
        trace = self.trace
        yield f"{trace.source} -> {trace.target}:{trace.port}   {instant(self.when)}"
        if self.meaning:
            yield f"  {self.meaning}"
        back = [step for step in trace.steps if step.reply]
        there = [step for step in trace.steps if not step.reply]
        last = there.pop() if back and trace.accepted else None
        yield "  there"
        yield from (f"    {number:>2} {step}" for number, step in enumerate(there, 1))
        yield "  back" if back else "  back: not reached"
        yield from (f"    {number:>2} {step}" for number, step in enumerate(back, len(there) + 1))
        if last is not None:
            yield f"    {len(trace.steps):>2} {last}"
        yield f"  {trace.lines()[0].partition('   ')[2]}"
        yield f"  The client sees: {SEEN[trace.outcome].format(rtt=f'{trace.rtt_s * 1000:.3g} ms')}"


@dataclass
class _Tracer:
    source: str
    target: str
    found: list[Traced] = field(default_factory=list)

    def __call__(self, world: World, when: Instant) -> None:
        name = host_named(world.network, self.source)
        host, port, meaning = asked_for(world, name, self.target)
        trace = world.network.trace(name, host, port)
        if self.found and self.found[-1].trace.steps == trace.steps:
            return
        self.found.append(Traced(when, trace, meaning))


def trace_connection(subject: Subject, source: str, target: str) -> list[Traced]:
    """Trace at the start, and again whenever a fault changes it. Raises NotUnderstood, TopologyError."""
    tracer = _Tracer(source, target)
    glance(subject, tracer)
    return tracer.found


def host_named(network: Network, text: str) -> str:
    """The host that a name or an address means. Raises NotUnderstood."""
    if text in network.hosts:
        return text
    if is_address(text):
        value = address(text)
        found = [host.name for host in network.hosts.values() if host.address == value]
        if len(found) > 1:
            raise NotUnderstood(f"{text} is the address of {' and of '.join(found)}: name one of them")
        if found:
            return found[0]
        known = {dotted(host.address): name for name, host in network.hosts.items()}
        raise NotUnderstood(f"no host has the address {text}{nearest(text, known)}")
    raise NotUnderstood(f"no host named {text!r}{nearest(text, network.hosts)}")


def asked_for(world: World, source: str, target: str) -> tuple[str, int, str]:
    """What a client asks for when somebody says `target` (HOST:PORT), and why. Raises NotUnderstood."""
    text, colon, port_text = target.rpartition(":")
    if not colon or not text:
        raise NotUnderstood(f"{target!r}: write HOST:PORT, as chc-ccm01:8044 or 203.0.113.32:https")
    port = port_number(port_text)
    network = world.network
    # Before the name is asked for: a resolver remembers names that it does not know.
    records = [(n, r) for site in network.sites.values() for n, r in site.dns.records.items()]
    names = [*network.hosts, *(name for name, record in records if record.addresses.value)]
    if is_address(text) or network.trace(source, text, port).address is not None:
        return text, port, ""
    if text not in network.hosts:
        resolver = network.host(source).site.dns.title
        raise NotUnderstood(
            f"{resolver} does not know {text!r}, and no host has that name{nearest(text, names)}"
        )
    return _of_host(world, source, text, port)


def _of_host(world: World, source: str, target: str, port: int) -> tuple[str, int, str]:
    network = world.network
    here, there = network.host(source), network.host(target)
    if here.site is there.site:
        return dotted(there.address), port, f"{target} is {dotted(there.address)} on the same site"
    for verdict in evaluate(world.view(), network):
        if (verdict.source.name, verdict.target.name, verdict.row.port) == (source, target, port):
            asked = verdict.asked
            place = f" ({asked.typed.place})" if asked.typed is not None and asked.typed.place else ""
            if not asked.error:
                said = f"{source} asks for {target} as {asked.host}:{asked.port}"
                return asked.host, asked.port, f"{said}: {asked.setting}{place}"
    published = _published(network, target, port)
    if published is not None:
        public, public_port, device = published
        return public, public_port, f"{device} publishes {target}:{port} as {public}:{public_port}"
    private = dotted(there.address)
    return private, port, f"nothing publishes {target}:{port}; tried at its own address {private}"


def _published(network: Network, target: str, port: int) -> tuple[str, int, str] | None:
    """The address and port that an edge of the target's site translates to it, and the edge."""
    host = network.host(target)
    for edge in network.edges.values():
        if edge.site is not host.site:
            continue
        for nat in edge.nat:
            ranges, ports = nat.original.ranges, nat.original_ports.ranges
            single = len(ranges) == len(ports) == 1 and ranges[0][0] == ranges[0][1]
            if not nat.translates_destination or nat.removed or not nat.rule.enabled or not single:
                continue
            if nat.rule.translated == f"{dotted(host.address)}:{port}" and ports[0][0] == ports[0][1]:
                return dotted(ranges[0][0]), ports[0][0], edge.name
    return None


def port_number(text: str) -> int:
    """A port by number or name. Raises NotUnderstood."""
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    if text.lower() in PORT_NAMES:
        return PORT_NAMES[text.lower()]
    if text.isascii() and text.isdigit():
        raise NotUnderstood(f"port {text} does not exist: 1 to 65535")
    raise NotUnderstood(f"no port named {text!r}{nearest(text.lower(), PORT_NAMES)}")
