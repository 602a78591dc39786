"""The table of subjects, and bodies that hold a subject beside keys of their own.

Rules of this file: the key that a mapping holds says its subject; the first of the table that is there
counts, because `vm` is also a qualifier of others. A new subject is one class and one line of the table.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, GetJsonSchemaHandler, Tag
from pydantic_core import CoreSchema

from cxsim.sim.scenario.expect.infrastructure import VcdSubject, VCenterVmSubject
from cxsim.sim.scenario.expect.product import (
    CertificatesSubject,
    CloudSubject,
    HomeSubject,
    MessageSubject,
    VmSubject,
)
from cxsim.sim.scenario.expect.rpo import RpoSubject
from cxsim.sim.scenario.expect.subjects import Subject
from cxsim.sim.scenario.expect.traffic import CallsSubject, FaultSubject, GapSubject
from cxsim.sim.scenario.model import Model
from cxsim.sim.scenario.places import TreeMap, below
from cxsim.sim.scenario.problems import mistake, nearest
from cxsim.sim.scenario.references import Loading

SUBJECTS: dict[str, type[Subject]] = {
    "message": MessageSubject,
    "certificates": CertificatesSubject,
    "cloud": CloudSubject,
    "vcenter": VCenterVmSubject,
    "vcd": VcdSubject,
    "calls": CallsSubject,
    "rpo": RpoSubject,
    "home": HomeSubject,
    "gap": GapSubject,
    "fault": FaultSubject,
    "vm": VmSubject,
}


def tag_of(key: str) -> str:
    """The tag of a subject in the union (spelt so that it never equals a key of the YAML)."""
    return f"subject {key}"


def subject_key(data: Any) -> str | None:
    """The key that says what a mapping is about."""
    if isinstance(data, dict):
        return next((key for key in SUBJECTS if key in data), None)
    return next((key for key, model in SUBJECTS.items() if type(data) is model), None)


def _tag(data: Any) -> str | None:
    key = subject_key(data)
    return None if key is None else tag_of(key)


AnySubject = Annotated[
    Annotated[MessageSubject, Tag(tag_of("message"))]
    | Annotated[CertificatesSubject, Tag(tag_of("certificates"))]
    | Annotated[CloudSubject, Tag(tag_of("cloud"))]
    | Annotated[VCenterVmSubject, Tag(tag_of("vcenter"))]
    | Annotated[VcdSubject, Tag(tag_of("vcd"))]
    | Annotated[CallsSubject, Tag(tag_of("calls"))]
    | Annotated[RpoSubject, Tag(tag_of("rpo"))]
    | Annotated[HomeSubject, Tag(tag_of("home"))]
    | Annotated[GapSubject, Tag(tag_of("gap"))]
    | Annotated[FaultSubject, Tag(tag_of("fault"))]
    | Annotated[VmSubject, Tag(tag_of("vm"))],
    Discriminator(_tag),
]


def check_allowed(subject: Subject, operator: str, key: str | None = None) -> None:
    """Refuse an operator that means nothing for a subject."""
    if operator not in subject.OPERATORS:
        why, right = subject.NOT_ALLOWED
        raise mistake(f"{operator} means nothing for {subject.text()}, which {why}", right, key)


class SubjectBody(Model):
    """A mapping that holds the keys of a subject and some of its own, side by side."""

    subject: AnySubject

    def each_subject(self) -> list[Self]:
        """One body a name of its subject."""
        return [self.model_copy(update={"subject": one}) for one in self.subject.each()]

    @classmethod
    def own_keys(cls) -> dict[str, bool]:
        """The keys that are not the subject's; True: required."""
        return {key: required for key, required in cls.keys().items() if key != "subject"}

    @classmethod
    def shaped(cls, data: Any, loading: Loading | None) -> Any:
        if not isinstance(data, dict) or ("subject" in data and not isinstance(data, TreeMap)):
            return data
        own = cls.own_keys()
        theirs = [key for key in data if key not in own]
        if not isinstance(data, TreeMap):
            return {**{k: v for k, v in data.items() if k in own}, "subject": {k: data[k] for k in theirs}}
        subject = data.part(theirs)
        subject.siblings = tuple(own)
        if loading is not None and subject_key(subject) is None:
            _no_subject(subject, loading)
        body = data.part(key for key in data if key in own)
        body.put("subject", subject, data.place, data.place)
        return body

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler.resolve_ref_schema(handler(core_schema))
        own = {key: value for key, value in schema["properties"].items() if key != "subject"}
        required = [key for key, needed in cls.own_keys().items() if needed]
        variants = []
        for reference in schema["properties"]["subject"]["oneOf"]:
            subject = handler.resolve_ref_schema(reference)
            variants.append(
                {
                    "type": "object",
                    "description": subject.get("description", ""),
                    "properties": {**subject["properties"], **own},
                    "required": [*subject.get("required", []), *required],
                    "additionalProperties": False,
                }
            )
        schema.clear()
        schema.update({"description": cls.__doc__ or "", "anyOf": variants})
        schema.update({"x-own": own, "x-required": required})
        return schema


def _no_subject(subject: TreeMap, loading: Loading) -> None:
    """Report a mapping without a subject: as a slip of the pen when one is near."""
    for key in subject:
        near = nearest(key, SUBJECTS)
        if near is not None:
            wrong, right = f'unknown key "{key}"', f'did you mean "{near}"?'
            loading.problems.add(subject.key_places[key], below(subject.path, key), wrong, right)
            break
    else:
        wrong = "does not say what it is about"
        loading.problems.add(subject.place, subject.path, wrong, f"one of the keys {', '.join(SUBJECTS)}")
    loading.problems.trouble(subject.path)


class Windowed(SubjectBody):
    """A body that may look at a part of the run only."""

    before: AnySubject | None = Field(
        default=None,
        description="look only at what comes before this first holds",
        examples=[{"vm": "deckard", "status": "Cutting over"}],
    )
    after: AnySubject | None = Field(
        default=None,
        description="look only at what comes after this first holds",
        examples=[{"cloud": "MyCloud-CHC", "status": "Running"}],
    )
