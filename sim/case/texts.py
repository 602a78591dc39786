"""Which texts of a scenario name something of its owner's, and which are words of the format.

Rules of this file: the models say it. A value whose type is a choice, a number, a duration... is a word of
the format and stays; a field with its default identifies nobody; everything else is a name, or a text in
which names may stand (`PARTLY`). What no model covers stays only when it is a word that the format knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from cxsim.sim.scenario import Scenario
from cxsim.sim.scenario.addresses import SIDES, UNKNOWN, NatEnd, PortGroup, Ports
from cxsim.sim.scenario.model import Model
from cxsim.sim.scenario.places import TreeList, TreeMap, below
from cxsim.sim.scenario.schema import models_schema


class Sort(Enum):
    """What a text is."""

    KEEP = "a word of the format"
    NAME = "a name"
    PARTLY = "a text in which names stand"


PARTLY = frozenset(
    {
        "message",
        "reason",
        "cpu",
        "memory",
        "storage",
        "url",
        "cx_url",
        "public_endpoint",
        "call",
        "calls",
        "gap",
    }
)
"""Keys whose text is the product's own, or was typed by hand: only names in it are replaced."""
CONSTANTS = frozenset(
    {"any", "none", "Unlimited", "Loading...", "fleet", "immediately", "yes", "no", UNKNOWN, *SIDES}
)


@dataclass
class Texts:
    """The texts of a scenario by path (values) and by (path of the mapping, key)."""

    values: dict[str, Sort] = field(default_factory=dict)
    keys: dict[tuple[str, str], Sort] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    """Path -> name of the field, for naming what is replaced."""


def texts_of(scenario: Scenario) -> Texts:
    """Every text that the models of a loaded scenario cover."""
    found = Texts()
    _model(scenario, found)
    return found


def _model(model: Model, found: Texts) -> None:
    source = model._source
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        key = info.alias or name
        if source is not None and key in source:
            _value(value, source[key], below(source.path, key), key, info, found)
        elif not isinstance(value, str):
            for inner in _models(value):
                _model(inner, found)


def _models(value: Any) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _models(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _models(one)


def _value(value: Any, raw: Any, path: str, key: str, info: FieldInfo, found: Texts) -> None:
    if isinstance(value, Model):
        if isinstance(raw, TreeMap):
            _model(value, found)
        else:  # a value alone stands for the mapping
            found.values[path] = Sort.KEEP
    elif isinstance(raw, TreeMap):
        for inner in raw:
            found.keys[path, inner] = Sort.NAME
            found.fields[below(path, inner)] = key
            if isinstance(value, dict) and inner in value:
                _value(value[inner], raw[inner], below(path, inner), key, info, found)
    elif isinstance(raw, TreeList):
        # A validator may have left items out, or joined them; the raw text decides then.
        same = isinstance(value, tuple | list) and len(value) == len(raw)
        for index, one in enumerate(raw):
            own = value[index] if same else one
            _value(own, one, below(path, index), key, info, found)
    elif isinstance(raw, str):
        inner_value = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        found.values[path] = _sort(inner_value, raw, key, info)
        found.fields[path] = key


def _sort(value: Any, raw: str, key: str, info: FieldInfo) -> Sort:
    if raw in CONSTANTS or raw in _choices(info) or raw == info.default:
        return Sort.KEEP
    if not isinstance(value, str | NatEnd | Ports | PortGroup | tuple):
        return Sort.KEEP  # a quantity, an instant, yes or no
    return Sort.PARTLY if key in PARTLY else Sort.NAME


def _choices(info: FieldInfo) -> frozenset[str]:
    return frozenset(_literals(info.annotation)) | {
        text for part in info.metadata for text in _literals(getattr(part, "annotation", None))
    }


def _literals(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (one for one in get_args(annotation) if isinstance(one, str))
        return
    for inner in get_args(annotation):
        yield from _literals(inner)


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Every word that the format itself knows: keys, choices."""
    words: set[str] = set(CONSTANTS)
    for node in _nodes(models_schema()):
        words.update(one for one in node.get("enum", ()) if isinstance(one, str))
        words.update([node["const"]] if isinstance(node.get("const"), str) else [])
        words.update(node["properties"] if isinstance(node.get("properties"), dict) else ())
    return frozenset(words)


@lru_cache(maxsize=1)
def descriptions() -> tuple[str, ...]:
    """The texts in which the format is described."""
    return tuple(
        node["description"] for node in _nodes(models_schema()) if isinstance(node.get("description"), str)
    )


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every mapping of a JSON Schema."""
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from _nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _nodes(inner)
