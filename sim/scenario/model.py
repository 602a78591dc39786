"""The base of every model of the format, and the field types that several of them use.

Rules of this file: a model is frozen and refuses unknown keys; it knows the place and the text it was written
at. Unknown and missing keys are reported here, to the `Loading` in the context, because only the model knows
its keys; every other mistake is pydantic's to find and wording.py's to tell. A key without a value (null)
counts as not given.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from cxsim.sim.scenario.places import NOWHERE, Place, TreeMap, below, shown, written
from cxsim.sim.scenario.problems import advice, mistake, nearest
from cxsim.sim.scenario.references import Loading

MOST_NAME_CHARACTERS = 128
MOST_TEXT_CHARACTERS = 4096


class Model(BaseModel):
    """Something that was written in a scenario."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True, defer_build=True
    )

    _place: Place = PrivateAttr(default=NOWHERE)
    _source: TreeMap | None = PrivateAttr(default=None)

    ADVICE: ClassVar[dict[str, str]] = {}
    """What to do about a missing key, when an example of it does not say enough."""

    @property
    def place(self) -> Place:
        """Where it was written; `str(place)` is `file:line`."""
        return self._place

    @property
    def written(self) -> str:
        """It as one line of YAML without passwords, as explanations and results quote it; "" when made in
        code."""
        return "" if self._source is None else written(self._source, hide_secrets=True)

    def place_of(self, *keys: str) -> Place:
        """Where the value below these keys was written; its own place when it was not written."""
        node: Any = self._source
        place = self._place
        for key in keys:
            if not isinstance(node, TreeMap) or key not in node:
                return self._place
            place, node = node.value_places[key], node[key]
        return place

    @classmethod
    def keys(cls) -> dict[str, bool]:
        """The keys of its YAML mapping; True: required."""
        return {field.alias or name: field.is_required() for name, field in cls.model_fields.items()}

    @classmethod
    def shaped(cls, data: Any, loading: Loading | None) -> Any:
        """Hook: the mapping to validate, when the written form differs from the fields."""
        return data

    @model_validator(mode="wrap")
    @classmethod
    def _with_place(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(data, cls):
            return data
        loading = info.context if isinstance(info.context, Loading) else None
        source = data
        data = cls.shaped(data, loading)
        if isinstance(data, TreeMap) and loading is not None:
            data = _known_keys(cls, data, loading)
        model = handler(data)
        if isinstance(source, TreeMap):
            model._place = source.place
            model._source = source
        return model


def _known_keys(cls: type[Model], data: TreeMap, loading: Loading) -> TreeMap:
    """Report unknown and missing keys; return the mapping without unknown keys and without nulls."""
    keys = cls.keys()
    valid = [*keys, *data.siblings]
    told_already = data.path in loading.problems.troubled_paths
    meant: set[str | None] = set()
    for key in data:
        if key not in keys:
            right = advice(key, valid, "keys")
            meant.add(nearest(key, valid))
            loading.problems.add(data.key_places[key], below(data.path, key), f'unknown key "{key}"', right)
            loading.problems.trouble(data.path)
    kept = data.part(key for key in data if key in keys and data[key] is not None)
    for key, required in keys.items():
        if required and key not in kept and key not in meant and not told_already:
            place = data.key_places.get(key, data.place)
            loading.problems.add(place, below(data.path, key), "is missing", _example_of(cls, key))
    return kept


def _example_of(cls: type[Model], key: str) -> str:
    if key in cls.ADVICE:
        return cls.ADVICE[key]
    field = next(f for name, f in cls.model_fields.items() if (f.alias or name) == key)
    example = field.examples[0] if field.examples else "..."
    return f"add {key}: {example}" if isinstance(example, str) else f"add {key}: {written(example)}"


class Named(Model):
    """A model that is the value of a key: the key is its name."""

    _name: str = PrivateAttr(default="")

    @property
    def name(self) -> str:
        """The key it was written under."""
        return self._name


NamedModel = TypeVar("NamedModel", bound=Named)


def _give_names(section: dict[str, NamedModel]) -> dict[str, NamedModel]:
    for name, model in section.items():
        model._name = name
    return section


BY_NAME = AfterValidator(_give_names)
"""Annotation of a `dict[..., Named]`: gives each its key as name."""


class OneOf(Model):
    """A mapping of which exactly one of some keys says what kind of thing it is (a step, a fault)."""

    WHAT: ClassVar[str]
    """What it is, for messages."""
    BESIDE: ClassVar[frozenset[str]] = frozenset()
    """Fields that may stand beside the kind."""

    @property
    def kind(self) -> str:
        """The key that says what it is."""
        return next(name for name in self.kinds() if getattr(self, name) is not None)

    @property
    def body(self) -> Any:
        """The model below that key."""
        return getattr(self, self.kind)

    @classmethod
    def kinds(cls) -> list[str]:
        """Every kind there is."""
        return [name for name in cls.model_fields if name not in cls.BESIDE]

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in self.kinds() if getattr(self, name) is not None]
        if len(given) != 1:
            listed = ", ".join(self.kinds())
            found = f"has {' and '.join(given)} at once" if given else "says nothing of what it is"
            raise mistake(f"{self.WHAT} {found}", f"exactly one of {listed}")
        return self


def _text(value: str) -> str:
    if not value.strip():
        raise mistake("is empty", "write a text")
    if len(value) > MOST_TEXT_CHARACTERS:
        raise mistake(f"is {len(value)} characters long", f"at most {MOST_TEXT_CHARACTERS}")
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value):
        raise mistake(f"{shown(value)} has control characters", "write them out of it")
    return value


def _name(value: str) -> str:
    _text(value)
    if value != value.strip() or "\n" in value or len(value) > MOST_NAME_CHARACTERS:
        raise mistake(
            f"{shown(value)} is no name",
            f"one line of at most {MOST_NAME_CHARACTERS} characters, no space at its ends",
        )
    return value


def _yes_or_no(value: Any) -> bool:
    answers = {"yes": True, "no": False, "true": True, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in answers:
        return answers[value.lower()]
    raise mistake(f"{shown(value)} is neither yes nor no", "write yes or no")


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def one_or_many(schema: dict[str, Any]) -> tuple[BeforeValidator, WithJsonSchema]:
    """Annotations of a tuple field: one value may stand for a list of one. `schema`: JSON Schema of one."""
    many = {"type": "array", "items": schema, "minItems": 1}
    extra: dict[str, Any] = {key: schema[key] for key in ("x-type", "examples") if key in schema}
    return BeforeValidator(_listed), WithJsonSchema({"anyOf": [schema, many], **extra})


Text = Annotated[str, Field(strict=True), AfterValidator(_text)]
"""Any text that can be printed."""
Name = Annotated[str, Field(strict=True), AfterValidator(_name)]
"""A name: one line, printable."""
YesNo = Annotated[
    bool,
    BeforeValidator(_yes_or_no),
    WithJsonSchema({"enum": [True, False, "yes", "no"], "x-type": "yes or no"}),
]
Positive = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
"""A whole number from 1."""
