"""When a fault begins: a status that is reached, a call that is made, or any subject of an expectation.

Rules of this file: models only; `waiting.Condition` follows them through the events. `{status: Syncing,
percent: 40}` without a VM means whichever VM is the first.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario.expect.infrastructure import VcdSubject, VCenterVmSubject
from cxsim.sim.scenario.expect.product import (
    CertificatesSubject,
    CloudSubject,
    HomeSubject,
    MessageSubject,
    VmStatuses,
    VmSubject,
)
from cxsim.sim.scenario.expect.subjects import MOMENT_OPERATORS, Subject, either
from cxsim.sim.scenario.expect.table import subject_key
from cxsim.sim.scenario.expect.timeline import Counted, Tracker
from cxsim.sim.scenario.expect.traffic import CallPattern, FaultSubject, HostName, call_text, matches
from cxsim.sim.scenario.model import Positive

Percent = Annotated[int, Field(strict=True, ge=0, le=100)]


class AnyVmTrigger(Subject):
    """Any VM shows this status, with at least this percentage."""

    EVENTS = frozenset({"workload"})
    MOMENT = True
    OPERATORS = MOMENT_OPERATORS

    status: VmStatuses = Field(description="status of a migration", examples=["Syncing"])
    percent: Percent = Field(default=0, description="at least this percentage", examples=[40])

    def concerns(self, event: LoggedEvent) -> bool:
        return True

    def holds(self, event: LoggedEvent) -> bool:
        return event.fields["status"] in self.status and (event.fields.get("percent") or 0) >= self.percent

    def saw(self, event: LoggedEvent) -> str:
        return f"{event.fields['vm']}: {event.fields['status']}"

    def text(self) -> str:
        return f"any VM is {either(self.status)}" + (f" at {self.percent} % or more" if self.percent else "")


class NthCallTrigger(Subject):
    """The n-th call of a kind reaches a server."""

    EVENTS = frozenset({"call"})
    MOMENT = True
    OPERATORS = MOMENT_OPERATORS

    call: CallPattern = Field(description="which", examples=["POST /replications"])
    nth: Positive = Field(default=1, description="which of them, from 1", examples=[2])
    source: HostName | None = Field(
        default=None, alias="from", description="calling host", examples=["chc-ccm01"]
    )
    target: HostName | None = Field(
        default=None, alias="to", description="called host", examples=["chc-cce01"]
    )

    def concerns(self, event: LoggedEvent) -> bool:
        ends = self.source in (None, event.fields["src"]) and self.target in (None, event.fields["dst"])
        return ends and matches(self.call, event)

    def holds(self, event: LoggedEvent) -> bool:
        return True

    def tracker(self) -> Tracker:
        return Counted(lambda e: e.event == "call" and self.concerns(e), lambda count: count == self.nth)

    def saw(self, event: LoggedEvent) -> str:
        return call_text(event)

    def text(self) -> str:
        return f"call number {self.nth} of {self.call}"


def _kind(data: Any) -> str | None:
    if isinstance(data, NthCallTrigger) or (isinstance(data, dict) and "call" in data):
        return "trigger call"
    key = subject_key(data)
    if key in ("rpo", "gap", "calls"):
        return None
    if key is not None:
        return f"subject {key}"
    has_status = isinstance(data, AnyVmTrigger) or (
        isinstance(data, dict) and ("status" in data or "percent" in data)
    )
    return "trigger status" if has_status else None


When = Annotated[
    Annotated[NthCallTrigger, Tag("trigger call")]
    | Annotated[AnyVmTrigger, Tag("trigger status")]
    | Annotated[MessageSubject, Tag("subject message")]
    | Annotated[CertificatesSubject, Tag("subject certificates")]
    | Annotated[CloudSubject, Tag("subject cloud")]
    | Annotated[VCenterVmSubject, Tag("subject vcenter")]
    | Annotated[VcdSubject, Tag("subject vcd")]
    | Annotated[HomeSubject, Tag("subject home")]
    | Annotated[FaultSubject, Tag("subject fault")]
    | Annotated[VmSubject, Tag("subject vm")],
    Discriminator(_kind),
]
WHEN_KEYS = ("status", "call", "message", "certificates", "cloud", "vcenter", "vcd", "home", "fault", "vm")
