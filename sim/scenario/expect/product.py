"""Subjects that the product's user sees: messages, certificates, provider clouds, migrations, Home.

Rules of this file: one class a subject; statuses are those of docs/events.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario.comparisons import CountComparison
from cxsim.sim.scenario.expect.subjects import MOMENT_OPERATORS, Pattern, Subject, either, glob
from cxsim.sim.scenario.expect.timeline import AllOf, Tracker
from cxsim.sim.scenario.model import Model, Name, Text, YesNo, one_or_many
from cxsim.sim.scenario.places import shown
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.references import Ref

CloudStatus = Literal["Enabling", "Running", "Enable Failed", "Deleted"]
VmStatus = Literal[
    "Scheduled",
    "Created",
    "Syncing",
    "Paused",
    "Cutover ready",
    "Cutting over",
    "Completed",
    "Error",
    "Cancelled",
]
CLOUD_STATUSES: tuple[str, ...] = ("Enabling", "Running", "Enable Failed", "Deleted")
VM_STATUSES: tuple[str, ...] = (
    "Scheduled",
    "Created",
    "Syncing",
    "Paused",
    "Cutover ready",
    "Cutting over",
    "Completed",
    "Error",
    "Cancelled",
)
_NAMES, _NAMES_JSON = one_or_many({"type": "string", "x-type": "name, or a list"})
_CLOUD_STATUS, _CLOUD_STATUS_JSON = one_or_many({"enum": list(CLOUD_STATUSES), "x-type": "status, or a list"})
_VM_STATUS, _VM_STATUS_JSON = one_or_many({"enum": list(VM_STATUSES), "x-type": "status, or a list"})
CloudName = Annotated[Name, Ref("cloud")]
VmName = Annotated[Name, Ref("vm")]
Clouds = Annotated[tuple[CloudName, ...], _NAMES, Field(min_length=1), _NAMES_JSON]
Vms = Annotated[tuple[VmName, ...], _NAMES, Field(min_length=1), _NAMES_JSON]
CloudStatuses = Annotated[tuple[CloudStatus, ...], _CLOUD_STATUS, Field(min_length=1), _CLOUD_STATUS_JSON]
VmStatuses = Annotated[tuple[VmStatus, ...], _VM_STATUS, Field(min_length=1), _VM_STATUS_JSON]


class MessageSubject(Subject):
    """A message that the product shows."""

    EVENTS = frozenset({"message"})
    MOMENT = True
    OPERATORS = MOMENT_OPERATORS

    message: Pattern = Field(
        description="its text; `*` stands for any text", examples=["Connected successfully!"]
    )
    level: Literal["info", "error"] | None = Field(default=None, description="its level", examples=["error"])

    def concerns(self, event: LoggedEvent) -> bool:
        return True

    def holds(self, event: LoggedEvent) -> bool:
        fields = event.fields
        return bool(glob(self.message).match(fields["text"])) and self.level in (None, fields.get("level"))

    def saw(self, event: LoggedEvent) -> str:
        return f'message "{event.fields["text"]}"'

    def text(self) -> str:
        return f'{f"{self.level} " if self.level else ""}message "{self.message}"'


class CertificatesSubject(Subject):
    """Certificates of a provider's hosts were shown (or were trusted already)."""

    EVENTS = frozenset({"certificates"})
    MOMENT = True
    OPERATORS = MOMENT_OPERATORS

    certificates: CloudName = Field(description="provider cloud", examples=["MyCloud-CHC"])
    at: Literal["Test", "Add", "Edit"] | None = Field(
        default=None, description="at which step", examples=["Add"]
    )
    trusted: YesNo | None = Field(default=None, description="the answer", examples=["yes"])
    asked: YesNo | None = Field(default=None, description="no: all were trusted already", examples=["yes"])

    def concerns(self, event: LoggedEvent) -> bool:
        return bool(event.fields["cloud"] == self.certificates)

    def holds(self, event: LoggedEvent) -> bool:
        wanted = {"at": self.at, "trusted": self.trusted, "asked": self.asked}
        return all(value is None or event.fields.get(key) == value for key, value in wanted.items())

    def saw(self, event: LoggedEvent) -> str:
        fields = event.fields
        asked = (
            ("trusted" if fields["trusted"] else "declined")
            if fields["asked"]
            else "not asked, trusted already"
        )
        return f"certificates at {fields['at']}: {asked}"

    def text(self) -> str:
        words = [f"certificates of {self.certificates}"]
        words += [f"at {self.at}"] if self.at else []
        words += [] if self.trusted is None else ["trusted" if self.trusted else "declined"]
        words += [] if self.asked is None else ["asked" if self.asked else "not asked"]
        return " ".join(words)


LOADING = "Loading..."


def _vdc_names(value: Any) -> str | tuple[str, ...]:
    if value == LOADING:
        return LOADING
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise mistake(f"{shown(value)} is no vDC list", f'write "{LOADING}" or a list of names')


VdcList = Annotated[
    str | tuple[str, ...],
    PlainValidator(_vdc_names),
    WithJsonSchema(
        {
            "anyOf": [{"const": "Loading..."}, {"type": "array", "items": {"type": "string"}}],
            "x-type": '"Loading..." or a list of vDC names',
        }
    ),
]


class CloudSubject(Subject):
    """A provider cloud as the plugin lists it: its status, or its vDCs."""

    EVENTS = frozenset({"cloud", "vdc"})
    ASPECTS: ClassVar[tuple[str, ...]] = ("status", "vdcs", "vdc")

    cloud: Clouds = Field(description="provider cloud", examples=["MyCloud-CHC"])
    status: CloudStatuses | None = Field(
        default=None, description="its status; several: any of them", examples=["Running"]
    )
    reason: Pattern | None = Field(
        default=None, description="with status: the reason shown", examples=["*8044*"]
    )
    vdcs: VdcList | None = Field(default=None, description="its whole vDC list", examples=["Loading..."])
    vdc: Annotated[Name, Ref("vdc")] | None = Field(
        default=None, description="a vDC in its list", examples=["CHC Tyrell PAYG"]
    )
    cpu: Text | None = Field(
        default=None, description="with vdc: text shown for CPU", examples=["0 MHz / Unlimited"]
    )
    memory: Text | None = Field(default=None, description="with vdc: for memory", examples=["0 / Unlimited"])
    storage: Text | None = Field(
        default=None, description="with vdc: for storage", examples=["0 / 200.00 GB"]
    )

    @model_validator(mode="after")
    def _one_aspect(self) -> Self:
        given = [name for name in self.ASPECTS if getattr(self, name) is not None]
        if len(given) != 1:
            said = f"names {' and '.join(given)} at once" if given else "says nothing of the provider cloud"
            raise mistake(said, f"exactly one of {', '.join(self.ASPECTS)}")
        needs = {"reason": "status", "cpu": "vdc", "memory": "vdc", "storage": "vdc"}
        for key, other in needs.items():
            if getattr(self, key) is not None and getattr(self, other) is None:
                raise mistake(f"{key} goes with {other}", f"add {other}, or leave {key} out", key)
        return self

    def each(self) -> Sequence[Subject]:
        return [self.model_copy(update={"cloud": (name,)}) for name in self.cloud]

    def tracker(self) -> Tracker:
        return super().tracker() if len(self.cloud) == 1 else AllOf([one.tracker() for one in self.each()])

    def concerns(self, event: LoggedEvent) -> bool:
        return event.fields["cloud"] in self.cloud and (event.event == "cloud") == (self.status is not None)

    def holds(self, event: LoggedEvent) -> bool:
        fields = event.fields
        if self.status is not None:
            return fields["status"] in self.status and _like(self.reason, fields.get("reason"))
        shown = fields["vdcs"]
        if self.vdcs is not None:
            return bool(shown == self.vdcs) if isinstance(shown, str) else _vdc_list(shown) == self.vdcs
        return not isinstance(shown, str) and any(self._is_vdc(vdc) for vdc in shown)

    def _is_vdc(self, vdc: dict[str, Any]) -> bool:
        wanted = {"name": self.vdc, "cpu": self.cpu, "memory": self.memory, "storage": self.storage}
        return all(value is None or vdc.get(key) == value for key, value in wanted.items())

    def saw(self, event: LoggedEvent) -> str:
        fields = event.fields
        if event.event == "cloud":
            return str(fields["status"]) + (f" ({fields['reason']})" if fields.get("reason") else "")
        if isinstance(fields["vdcs"], str):
            return f"vDC list {fields['vdcs']}"
        rows = [f"{v['name']}: {v.get('cpu')}, {v.get('memory')}, {v.get('storage')}" for v in fields["vdcs"]]
        return f"vDC list [{'; '.join(rows)}]"

    def text(self) -> str:
        name = f"provider cloud {' and '.join(self.cloud)}"
        if self.status is not None:
            return f"{name} is {either(self.status)}" + (
                f' with reason "{self.reason}"' if self.reason else ""
            )
        if self.vdcs is not None:
            listed = self.vdcs if isinstance(self.vdcs, str) else f"[{', '.join(self.vdcs)}]"
            return f"{name} shows vDC list {listed}"
        texts = [
            f"{key} {value}"
            for key in ("cpu", "memory", "storage")
            if (value := getattr(self, key)) is not None
        ]
        return f"{name} shows vDC {self.vdc}" + (f" with {', '.join(texts)}" if texts else "")


def _vdc_list(shown: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(vdc["name"] for vdc in shown)


def _like(pattern: str | None, text: str | None) -> bool:
    return pattern is None or (text is not None and bool(glob(pattern).match(text)))


class VmSubject(Subject):
    """A migration as the Workloads list shows it, by its VM."""

    EVENTS = frozenset({"workload"})

    vm: Vms = Field(description="VM", examples=["deckard"])
    status: VmStatuses | None = Field(
        default=None, description="status; several: any of them", examples=["Cutover ready"]
    )
    percent: CountComparison | None = Field(default=None, description="percentage shown", examples=["> 0"])
    reason: Pattern | None = Field(default=None, description="the reason shown", examples=["*44045*"])

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.status is None and self.percent is None and self.reason is None:
            raise mistake("says nothing of the VM", "one or more of status, percent, reason")
        return self

    def each(self) -> Sequence[Subject]:
        return [self.model_copy(update={"vm": (name,)}) for name in self.vm]

    def tracker(self) -> Tracker:
        return super().tracker() if len(self.vm) == 1 else AllOf([one.tracker() for one in self.each()])

    def concerns(self, event: LoggedEvent) -> bool:
        return event.fields["vm"] in self.vm

    def holds(self, event: LoggedEvent) -> bool:
        fields = event.fields
        percent = fields.get("percent")
        return (
            (self.status is None or fields["status"] in self.status)
            and (self.percent is None or (percent is not None and self.percent.holds(percent)))
            and _like(self.reason, fields.get("reason"))
        )

    def saw(self, event: LoggedEvent) -> str:
        fields = event.fields
        shown_text = str(fields.get("text") or fields["status"])
        return shown_text + (f" ({fields['reason']})" if fields.get("reason") else "")

    def text(self) -> str:
        words = f"VM {' and '.join(self.vm)}"
        words += f" is {either(self.status)}" if self.status else ""
        words += f" shows a percentage {self.percent}" if self.percent else ""
        return words + (f' with reason "{self.reason}"' if self.reason else "")


class HomeFigures(Model):
    """Figures of the Home page."""

    completed: CountComparison | None = Field(default=None, description="Completed", examples=[1])
    error: CountComparison | None = Field(default=None, description="Error", examples=[0])
    transition: CountComparison | None = Field(default=None, description="Transition", examples=[0])


class HomeSubject(Subject):
    """The figures of the Home page."""

    EVENTS = frozenset({"home"})

    home: HomeFigures = Field(
        description="its figures", examples=[{"completed": 1, "error": 0, "transition": 0}]
    )

    def _wanted(self) -> dict[str, Any]:
        return {
            key: value for key in HomeFigures.model_fields if (value := getattr(self.home, key)) is not None
        }

    def concerns(self, event: LoggedEvent) -> bool:
        return True

    def holds(self, event: LoggedEvent) -> bool:
        return all(comparison.holds(event.fields[key]) for key, comparison in self._wanted().items())

    def saw(self, event: LoggedEvent) -> str:
        return ", ".join(f"{event.fields[key]} {key.capitalize()}" for key in HomeFigures.model_fields)

    def text(self) -> str:
        wanted = [f"{comparison} {key.capitalize()}" for key, comparison in self._wanted().items()]
        return f"Home shows {', '.join(wanted)}"
