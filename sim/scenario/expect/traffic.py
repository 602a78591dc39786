"""Subjects of what went over the wire and of the simulation itself: calls, emulator gaps, faults.

Rules of this file: one class a subject. A call is `METHOD /path`, or `SOAP <Method>`; in a path `*` stands
for one segment and `**` for any; a query is ignored unless the pattern has one.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario.comparisons import CountComparison
from cxsim.sim.scenario.expect.subjects import MOMENT_OPERATORS, STATE_OPERATORS, Pattern, Subject, glob
from cxsim.sim.scenario.expect.timeline import Counted, LastEvent, Run, Tracker
from cxsim.sim.scenario.model import Name, Text
from cxsim.sim.scenario.places import shown
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.references import Ref

_CALL = re.compile(r"(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS|\*) /\S*\Z|SOAP \S+\Z")


def _call(value: str) -> str:
    if not _CALL.match(value):
        raise mistake(f"{shown(value)} is not a call", 'write "POST /path/*" or "SOAP PowerOffVM_Task"')
    return value


CallPattern = Annotated[
    Text,
    AfterValidator(_call),
    Field(json_schema_extra={"x-type": "METHOD /path or SOAP Method; * is one segment"}),
]
HostName = Annotated[Name, Ref("host")]


def call_text(event: LoggedEvent, with_query: bool = True) -> str:
    """`POST /path` or `SOAP Method` of a `call` event."""
    path = str(event.fields["path"])
    if path.startswith("SOAP "):
        return path
    return f"{event.fields['method']} {path if with_query else path.partition('?')[0]}"


def matches(pattern: str, event: LoggedEvent) -> bool:
    """A `call` event is as the pattern says."""
    return bool(glob(pattern, in_paths=True).match(call_text(event, "?" in pattern)))


class CallsSubject(Subject):
    """Calls that reached a server. With `count` it is a state: so many so far."""

    EVENTS = frozenset({"call"})
    MOMENT = True

    calls: CallPattern = Field(description="which", examples=["POST /tenant/migrations"])
    source: HostName | None = Field(
        default=None, alias="from", description="calling host", examples=["tyrell-vcde01"]
    )
    target: HostName | None = Field(
        default=None, alias="to", description="called host", examples=["chc-vcde01"]
    )
    status: CountComparison | None = Field(default=None, description="HTTP status", examples=[">= 500"])
    count: CountComparison | None = Field(default=None, description="how many so far", examples=[1])

    def concerns(self, event: LoggedEvent) -> bool:
        fields = event.fields
        return (
            matches(self.calls, event)
            and self.source in (None, fields["src"])
            and self.target in (None, fields["dst"])
            and (self.status is None or self.status.holds(fields["status"] or 0))
        )

    def holds(self, event: LoggedEvent) -> bool:
        return True

    def tracker(self) -> Tracker:
        if self.count is not None:
            return Counted(lambda e: e.event == "call" and self.concerns(e), lambda n: self.count_holds(n))
        return LastEvent(lambda e: e.event == "call" and self.concerns(e), self.holds)

    def count_holds(self, count: int) -> bool:
        """So many calls are as `count` wants."""
        return self.count is None or self.count.holds(count)

    def initially(self, run: Run) -> tuple[bool, str] | None:
        return None if self.count is None else (self.count_holds(0), "none")

    def saw(self, event: LoggedEvent) -> str:
        fields = event.fields
        return f"{call_text(event)} from {fields['src']} to {fields['dst']}: {fields['status']}"

    def text(self) -> str:
        ends = f"{f' from {self.source}' if self.source else ''}{f' to {self.target}' if self.target else ''}"
        answer = f" answered {self.status}" if self.status else ""
        return f"{f'{self.count} calls of' if self.count else 'call'} {self.calls}{ends}{answer}"


class GapSubject(Subject):
    """The core asked for something that an emulator does not implement."""

    EVENTS = frozenset({"gap"})
    MOMENT = True
    OPERATORS = MOMENT_OPERATORS

    gap: Pattern = Field(description="operation; `*` stands for any text", examples=["*"])

    def concerns(self, event: LoggedEvent) -> bool:
        return True

    def holds(self, event: LoggedEvent) -> bool:
        return bool(glob(self.gap).match(str(event.fields.get("operation", ""))))

    def saw(self, event: LoggedEvent) -> str:
        return f"{event.fields.get('product', event.host)} does not implement {event.fields.get('operation')}"

    def text(self) -> str:
        return f"emulator gap {self.gap}"


class FaultSubject(Subject):
    """A fault of the scenario was switched on or off, or met a packet, a call or a transfer."""

    EVENTS = frozenset({"fault"})
    MOMENT = True
    OPERATORS = STATE_OPERATORS - {"at_end"}

    fault: Annotated[Name, Ref("fault")] = Field(
        description="name of the fault", examples=["the link degrades"]
    )
    change: Literal["on", "off", "met"] = Field(
        default="met", description="what became of it", examples=["on"]
    )

    def concerns(self, event: LoggedEvent) -> bool:
        return bool(event.fields["fault"] == self.fault)

    def holds(self, event: LoggedEvent) -> bool:
        return bool(event.fields["change"] == self.change)

    def saw(self, event: LoggedEvent) -> str:
        return f"fault {event.fields['change']}"

    def text(self) -> str:
        return f'fault "{self.fault}" {self.change}'
