"""Steps: what the tenant's administrator does, one after the other.

Rules of this file: models only; one class a kind, one line of `Step` a kind. The runner takes a step when the
one before it has ended; waiting is a step of its own and always has a limit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, GetJsonSchemaHandler, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import CoreSchema

from cxsim.sim.scenario.environment import instant
from cxsim.sim.scenario.expect.product import CloudName, Vms
from cxsim.sim.scenario.expect.table import SubjectBody, check_allowed
from cxsim.sim.scenario.model import Model, Name, OneOf, Text, YesNo
from cxsim.sim.scenario.places import TreeMap, shown
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import DURATION, Duration, QuantityError, parse
from cxsim.sim.scenario.references import Loading, Ref

LEAST_RPO_S, MOST_RPO_S = 60.0, 24 * 3600.0
"""1..1440 min: the engine's range (cx.md 5.5); what the product allows is the core's business."""


class TestCloud(Model):
    """Press Test in "Add a Provider Cloud"."""

    cloud: CloudName = Field(description="provider cloud", examples=["MyCloud-CHC"])
    trust: YesNo = Field(
        default=True, description="answer to certificates shown at Test (cx_version 1.0)", examples=["yes"]
    )


class AddCloud(Model):
    """Press Add in "Add a Provider Cloud"; enabling goes on in the background."""

    cloud: CloudName = Field(description="provider cloud", examples=["MyCloud-CHC"])
    trust: YesNo = Field(
        description="answer to certificates that are shown; no: nothing is added", examples=["yes"]
    )


class EditCloud(Model):
    """Edit a provider cloud; what is not given stays. Enabling is tried again."""

    cloud: CloudName = Field(description="provider cloud", examples=["MyCloud-CHC"])
    url: Text | None = Field(
        default=None,
        description="new Provider Cloud URL",
        examples=["https://chc.mycloud.local/cloud/org/Tyrell"],
    )
    cx_url: Text | None = Field(
        default=None, description="new CX Cloud Service URL", examples=["https://vcde.mycloud.local:443"]
    )
    user: Text | None = Field(default=None, description="new user", examples=["tyrelladmin"])
    password: Text | None = Field(default=None, description="new password", examples=["vmware"])
    trust: YesNo = Field(default=True, description="answer to certificates that are shown", examples=["yes"])


class DeleteCloud(Model):
    """Delete a provider cloud."""

    cloud: CloudName = Field(description="provider cloud", examples=["MyCloud-CHC"])


class Wait(SubjectBody):
    """Wait until something holds; several names: until each has. Not reached in time: the step fails."""

    at_most_s: Duration = Field(alias="at_most", gt=0, description="give up after", examples=["15 min"])

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        check_allowed(self.subject, "wait")
        return self


def _start(value: Any) -> Any:
    if value == "immediately" or isinstance(value, datetime):
        return value
    if isinstance(value, str) and "T" in value:
        return instant(value)
    try:
        return float(parse(value, DURATION))
    except QuantityError:
        raise mistake(
            f"{shown(value)} is not a start",
            'write immediately, "3 h" (since the start), or 2017-11-06T12:00:00Z',
        ) from None


Start = Annotated[
    Literal["immediately"] | float | datetime,
    PlainValidator(_start),
    WithJsonSchema({"type": "string", "x-type": "immediately, a duration since the start, or an instant"}),
]
"""`immediately`, seconds since the start of the scenario, or an instant."""


class Migrate(Model):
    """The migration wizard (cx.md 3.2)."""

    job: Name = Field(description="name of the job", examples=["Move deckard"])
    type: Literal["Warm", "Cold"] = Field(
        description="Warm: the VMs run; Cold: they are off", examples=["Warm"]
    )
    vms: Vms = Field(description="VMs", examples=[["deckard"]])
    cloud: CloudName = Field(description="target cloud", examples=["MyCloud-CHC"])
    vdc: Annotated[Name, Ref("vdc")] = Field(description="target vDC", examples=["CHC Tyrell PAYG"])
    storage_profile: Name = Field(description="storage profile", examples=["CHC Performance"])
    network: Name = Field(description="network of the vDC", examples=["Tyrell Servers"])
    layout: Literal["individual", "group"] = Field(
        default="individual", description="each VM individually, or all in one vApp", examples=["individual"]
    )
    vapp_name: Name | None = Field(
        default=None, description="with group: name of the vApp", examples=["Wave 1"]
    )
    start: Start = Field(
        default="immediately", description="when synchronisation starts", examples=["immediately"]
    )
    rpo_s: Duration | None = Field(
        default=None,
        alias="rpo",
        ge=LEAST_RPO_S,
        le=MOST_RPO_S,
        description="Warm only: target RPO",
        examples=["15 min"],
    )
    disk_type: Literal["Thin", "Thick"] = Field(
        default="Thin", description="disks at the target", examples=["Thin"]
    )
    power_on: YesNo = Field(
        default=False, description="Cold only: power on after migration", examples=["yes"]
    )
    tag: Text | None = Field(default=None, description="free text", examples=["wave-1"])

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.type == "Warm" and self.rpo_s is None:
            raise mistake("a Warm migration needs an RPO", "add rpo: 15 min")
        if self.type == "Cold" and self.rpo_s is not None:
            raise mistake("a Cold migration has no RPO", "leave it out", "rpo")
        if self.type == "Warm" and self.power_on:
            raise mistake("power_on belongs to Cold migrations", "give it to cutover", "power_on")
        if (self.layout == "group") != (self.vapp_name is not None):
            raise mistake("layout group and vapp_name go together", "give both or none", "layout")
        return self


class Cutover(Model):
    """Start Cutover."""

    vms: Vms = Field(description="VMs", examples=[["deckard"]])
    power_on: YesNo = Field(default=True, description="power on target VMs after cutover", examples=["yes"])
    tag: Text | None = Field(default=None, description="free text", examples=["wave-1"])
    confirm: YesNo = Field(default=True, description="answer to the confirmation", examples=["yes"])


class VmsOnly(Model):
    """A button pressed for some VMs."""

    vms: Vms = Field(description="VMs", examples=[["deckard"]])


class Pause(VmsOnly):
    """Pause synchronisation."""


class Resume(VmsOnly):
    """Resume synchronisation."""


class Cancel(VmsOnly):
    """Cancel migrations; their replicas are removed."""


def _one_value(data: Any, key: str) -> Any:
    """The mapping that a value alone stands for."""
    if isinstance(data, TreeMap):
        raise mistake("this is a mapping", 'write a duration, as "2 h"')
    return data if isinstance(data, dict) else {key: data}


class _OneValue(Model):
    """A step that is written as a value alone."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler.resolve_ref_schema(handler(core_schema))
        (value,) = schema["properties"].values()
        schema.clear()
        schema.update({"description": cls.__doc__ or "", **value})
        return schema


class RunFor(_OneValue):
    """Let this much virtual time pass."""

    duration_s: Duration = Field(alias="duration", gt=0)

    @classmethod
    def shaped(cls, data: Any, loading: Loading | None) -> Any:
        return _one_value(data, "duration")


class RunUntil(_OneValue):
    """Let virtual time pass until this long after the start; it has not passed yet."""

    at_s: Duration = Field(alias="at", gt=0)

    @classmethod
    def shaped(cls, data: Any, loading: Loading | None) -> Any:
        return _one_value(data, "at")


StepKind = (
    TestCloud
    | AddCloud
    | EditCloud
    | DeleteCloud
    | Wait
    | Migrate
    | Cutover
    | Pause
    | Resume
    | Cancel
    | RunFor
    | RunUntil
)


class Step(OneOf):
    """One step. `body` is the model of its kind."""

    WHAT: ClassVar[str] = "a step"

    test_cloud: TestCloud | None = Field(default=None, description="press Test")
    add_cloud: AddCloud | None = Field(default=None, description="press Add")
    edit_cloud: EditCloud | None = Field(default=None, description="edit a provider cloud")
    delete_cloud: DeleteCloud | None = Field(default=None, description="delete a provider cloud")
    wait: Wait | None = Field(default=None, description="wait until something holds")
    migrate: Migrate | None = Field(default=None, description="the migration wizard")
    cutover: Cutover | None = Field(default=None, description="Start Cutover")
    pause: Pause | None = Field(default=None, description="pause synchronisation")
    resume: Resume | None = Field(default=None, description="resume it")
    cancel: Cancel | None = Field(default=None, description="cancel migrations")
    run_for: RunFor | None = Field(default=None, description="let time pass")
    run_until: RunUntil | None = Field(default=None, description="let time pass until then")

    @property
    def step(self) -> StepKind:
        """The model of its kind."""
        kind: StepKind = self.body
        return kind

    @property
    def text(self) -> str:
        """As written, without the outer braces."""
        return self.written[1:-1] if self.written else self.kind
