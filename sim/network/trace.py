"""What happened to a packet, hop by hop: typed steps, each with the rule that decided and its place.

Rules of this file: records and their text only. A trace's last step carries its verdict, and the outcome is
what that verdict means to the client (`OUTCOME_OF`); nothing else decides it. What the client sees and why
are kept apart (DESIGN section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from cxsim.sim.kernel.wire import Fate
from cxsim.sim.network.addresses import Packet


class StepKind(Enum):
    """What a step is about."""

    HOST = "HOST"
    DNS = "DNS"
    ROUTE = "ROUTE"
    LINK = "LINK"
    ACL = "ACL"
    DNAT = "DNAT"
    SNAT = "SNAT"
    STATE = "STATE"
    LISTENER = "LISTENER"
    ACCEPTED = "ACCEPTED"


class Verdict(Enum):
    """What a step did to the packet."""

    PASS = "PASS"
    ACCEPTED = "ACCEPTED"
    DROP = "DROP"
    RESET = "RESET"
    PROHIBITED = "PROHIBITED"
    NO_ROUTE = "NO ROUTE"
    NAME_NOT_FOUND = "NXDOMAIN"
    NAME_NO_ANSWER = "NO ANSWER"
    UNKNOWN = "UNKNOWN"


class Outcome(Enum):
    """How a connection attempt ends. The first five are fates that an operating system can show."""

    ACCEPTED = "accepted"
    SILENT = "silent"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    NO_ROUTE = "no route"
    NAME_NOT_FOUND = "name not found"
    NAME_NO_ANSWER = "no answer from the resolver"
    UNDETERMINED = "undetermined"


OUTCOME_OF: dict[Verdict, Outcome] = {
    Verdict.ACCEPTED: Outcome.ACCEPTED,
    Verdict.DROP: Outcome.SILENT,
    Verdict.RESET: Outcome.REFUSED,
    Verdict.PROHIBITED: Outcome.UNREACHABLE,
    Verdict.NO_ROUTE: Outcome.NO_ROUTE,
    Verdict.NAME_NOT_FOUND: Outcome.NAME_NOT_FOUND,
    Verdict.NAME_NO_ANSWER: Outcome.NAME_NO_ANSWER,
    Verdict.UNKNOWN: Outcome.UNDETERMINED,
}

FATE_OF: dict[Outcome, Fate] = {
    Outcome.ACCEPTED: Fate.ACCEPTED,
    Outcome.SILENT: Fate.SILENT,
    Outcome.REFUSED: Fate.REFUSED,
    Outcome.UNREACHABLE: Fate.UNREACHABLE,
    Outcome.NO_ROUTE: Fate.NO_ROUTE,
    # A name that does not resolve never becomes a SYN; a transfer to it is as good as unreachable.
    Outcome.NAME_NOT_FOUND: Fate.UNREACHABLE,
    Outcome.NAME_NO_ANSWER: Fate.UNREACHABLE,
}


class Reason(Enum):
    """Why a step did not pass the packet on, for code that proposes a remedy."""

    RULE = "a firewall rule matched"
    DEFAULT_ACTION = "no firewall rule matched"
    NO_TRANSLATION = "no NAT rule translates the address"
    FIREWALL_OFF = "the firewall service is off, and NAT with it"
    NO_STATE = "the device has no state for the packet"
    CONNECTION_LIMIT = "the device's table of connections is full"
    HOST_DOWN = "the host is down"
    EDGE_DOWN = "the edge is down"
    NO_HOST = "no host has the address"
    PORT_CLOSED = "nothing listens on the port"
    NO_GATEWAY = "the gateway does not exist"
    NO_ROUTE = "there is no route"
    BLACKHOLE = "a route discards the packet"
    NOT_PUBLIC = "private addresses are not routed on the internet"
    NO_OWNER = "no edge owns the public address"
    LINK_DOWN = "the line is down"
    LOOP = "the packet goes round in circles"
    REPLY_FROM_STRANGER = "the reply comes from another address than the client asked"
    NAME = "the name cannot be resolved"
    UNKNOWN_RULE = "a rule that nobody gave could decide"


class Step(NamedTuple):
    """One thing on the way. `text`: what was decided, quoting the rule; `packet`: as it arrived there."""

    kind: StepKind
    device: str
    text: str
    verdict: Verdict = Verdict.PASS
    place: str = ""
    reason: Reason | None = None
    rule_id: str | None = None
    packet: Packet | None = None
    reply: bool = False
    """True on the way back."""

    def __str__(self) -> str:
        back = "<- " if self.reply else ""
        place = f"  ({self.place})" if self.place else ""
        verdict = "" if self.verdict is Verdict.PASS else f"  {self.verdict.value}"
        return f"{self.kind.value:<8} {self.device:<16} {back}{self.text}{verdict}{place}"


@dataclass(frozen=True, slots=True)
class Trace:
    """One connection attempt, both ways. `address`: the dotted quad it went to, None when the name did not
    resolve; `rtt_s`: of the whole path, 0.0 unless the packet reached a host; `link_ids`: the directed
    links that it crossed on the way there, in order."""

    source: str
    target: str
    port: int
    address: str | None
    t_s: float
    steps: tuple[Step, ...]
    outcome: Outcome
    accepted_by: str | None = None
    accepted_port: int | None = None
    rtt_s: float = 0.0
    link_ids: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """True when the connection is established."""
        return self.outcome is Outcome.ACCEPTED

    @property
    def deciding(self) -> Step:
        """The step that decided: the last one."""
        return self.steps[-1]

    def step(self, kind: StepKind) -> Step | None:
        """The last step of a kind on the way there."""
        return next((s for s in reversed(self.steps) if s.kind is kind and not s.reply), None)

    def lines(self) -> list[str]:
        """The trace as text: a headline, then a numbered line a step."""
        last = self.deciding
        if self.accepted:
            head = f"{self._flow}   ACCEPTED by {self.accepted_by}:{self.accepted_port}"
        else:
            way = " on the way back" if last.reply else ""
            why = last.reason.value if last.reason else last.text
            head = f"{self._flow}   FAILED   {last.verdict.value} at {last.device}{way}: {why}"
        return [head, *(f"  {number:>2} {step}" for number, step in enumerate(self.steps, 1))]

    @property
    def _flow(self) -> str:
        return f"{self.source} -> {self.target}:{self.port}"
