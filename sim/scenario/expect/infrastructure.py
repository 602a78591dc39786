"""Subjects at vCenter and vCloud Director: VMs and vApps, whether they exist and whether they run.

Rules of this file: one class a subject. A VM of the environment has a state at its vCenter before the first
event; nothing of a migration exists in vCloud Director before an event says so.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario.expect.product import VmName
from cxsim.sim.scenario.expect.subjects import Subject
from cxsim.sim.scenario.expect.timeline import Run
from cxsim.sim.scenario.model import Name
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.references import Ref

Power = Literal["on", "off", "suspended"]
GONE = frozenset({"unregistered", "destroyed", "deleted"})
"""Values of `change` after which the object is no longer there."""


class VCenterVmSubject(Subject):
    """A VM at a vCenter: it is there, and (if given) in this power state."""

    EVENTS = frozenset({"vcenter.vm"})

    vcenter: Annotated[Name, Ref("host", ("vcenter",))] = Field(
        description="vCenter", examples=["tyrell-vc01"]
    )
    vm: VmName = Field(description="VM", examples=["deckard"])
    power: Power | None = Field(
        default=None, description="power state; without: it is there", examples=["off"]
    )

    def concerns(self, event: LoggedEvent) -> bool:
        return bool(event.fields["vcenter"] == self.vcenter and event.fields["vm"] == self.vm)

    def holds(self, event: LoggedEvent) -> bool:
        return event.fields["change"] not in GONE and self.power in (None, event.fields["power"])

    def initially(self, run: Run) -> tuple[bool, str] | None:
        power = run.initial_power.get((self.vcenter, self.vm))
        return None if power is None else (self.power in (None, power), f"power {power} from the start")

    def saw(self, event: LoggedEvent) -> str:
        gone = event.fields["change"] in GONE
        return event.fields["change"] if gone else f"power {event.fields['power']} ({event.fields['change']})"

    def text(self) -> str:
        state = f"is powered {self.power}" if self.power else "is there"
        return f"VM {self.vm} at vCenter {self.vcenter} {state}"


class VcdSubject(Subject):
    """A vApp, or a VM in a vApp, in vCloud Director: it is there, and (if given) in this power state."""

    EVENTS = frozenset({"vcd.vapp", "vcd.vm"})

    vcd: Annotated[Name, Ref("org")] = Field(description="organisation", examples=["Tyrell"])
    vdc: Annotated[Name, Ref("vdc")] | None = Field(
        default=None, description="in this vDC", examples=["CHC Tyrell PAYG"]
    )
    vapp: Annotated[Name, Ref("vapp")] | None = Field(default=None, description="vApp", examples=["deckard"])
    vm: VmName | None = Field(default=None, description="VM in it", examples=["deckard"])
    power: Power | None = Field(
        default=None, description="power state; without: it is there", examples=["on"]
    )

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.vapp is None and self.vm is None:
            raise mistake("names neither a vApp nor a VM", "add vapp or vm")
        return self

    def concerns(self, event: LoggedEvent) -> bool:
        fields = event.fields
        if fields["org"] != self.vcd or self.vapp not in (None, fields["vapp"]):
            return False
        if self.vm is None:
            return event.event == "vcd.vapp"
        if event.event == "vcd.vm":
            return bool(fields["vm"] == self.vm)
        return self.vapp is not None and fields["change"] in GONE

    def holds(self, event: LoggedEvent) -> bool:
        fields = event.fields
        if fields["change"] in GONE:
            return False
        return self.vdc in (None, fields["vdc"]) and self.power in (None, fields["power"])

    def saw(self, event: LoggedEvent) -> str:
        fields = event.fields
        what = (
            f"vApp {fields['vapp']}"
            if event.event == "vcd.vapp"
            else f"VM {fields['vm']} in vApp {fields['vapp']}"
        )
        state = (
            fields["change"] if fields["change"] in GONE else f"{fields['change']}, power {fields['power']}"
        )
        return f"{what} in vDC {fields['vdc']}: {state}"

    def text(self) -> str:
        what = " in ".join(
            f"{kind} {name}"
            for kind, name in (("VM", self.vm), ("vApp", self.vapp), ("vDC", self.vdc))
            if name
        )
        state = f"is powered {self.power}" if self.power else "is there"
        return f"{what} of organisation {self.vcd} {state}"
