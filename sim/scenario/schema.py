"""JSON Schema of the format, for editors (scenarios/schema.json).

Rules of this file: made from the models, never by hand. A file may leave out what it extends, so nothing is
required except where a list makes it complete (list items replace, they are not merged).
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from cxsim.sim.scenario.expect.table import SUBJECTS
from cxsim.sim.scenario.scenario import Scenario

BODIES = ("Eventually", "Never", "AtEnd", "AtMost", "Wait")
"""Models that hold a subject beside keys of their own."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "schema.json"
EXTENDS = {
    "type": "string",
    "description": "a file to lay this one over: beside it, or shipped with cxsim",
    "examples": ["environments/tyrell-mycloud.yaml"],
    "x-type": "file",
}
MATRIX = {
    "type": "object",
    "description": "name: values; every combination is a scenario, ${name} stands for the value",
    "additionalProperties": {
        "anyOf": [{"type": "array", "minItems": 1}, {"type": "object", "minProperties": 1}]
    },
    "examples": [{"up": ["20 Mbit/s", "50 Mbit/s"]}],
    "x-type": "mapping of lists or of label: value",
}


class _InOrder(GenerateJsonSchema):
    """Keeps keys in the order in which they were written."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value


def models_schema() -> dict[str, Any]:
    """The schema of a complete scenario, with `extends` and `matrix`."""
    schema = Scenario.model_json_schema(by_alias=True, schema_generator=_InOrder)
    schema["properties"] |= deepcopy({"extends": EXTENDS, "matrix": MATRIX})
    return schema


def json_schema() -> dict[str, Any]:
    """The schema of a file."""
    schema = models_schema()
    _relax(schema, schema["$defs"])
    _substitutable(schema)
    _shorten(schema)
    _share_subjects(schema)
    return {
        "$schema": DIALECT,
        "title": "cxsim scenario",
        "description": "docs/scenarios.md describes the format",
        **{key: value for key, value in schema.items() if key not in ("title", "description")},
        "required": ["schema"],
    }


def _relax(schema: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Nothing is required in what a mapping reaches from the top: another file may say it."""
    waiting: list[Any] = [schema]
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        name = str(node.get("$ref", "")).removeprefix("#/$defs/")
        if name and name not in seen:
            seen.add(name)
            waiting.append(definitions[name])
        node.pop("required", None)
        node.pop("minProperties", None)
        node.pop("x-own", None)
        node.pop("x-required", None)
        if "oneOf" in node:
            node["anyOf"] = node.pop("oneOf")
        waiting += list(node.get("properties", {}).values())
        waiting += [node.get("additionalProperties"), *node.get("anyOf", [])]


def _shorten(node: Any) -> None:
    """A key that may be left out need not be null, and what serves the documentation alone goes."""
    if isinstance(node, dict):
        choices = node.get("anyOf")
        if isinstance(choices, list) and {"type": "null"} in choices and len(choices) == 2:
            node |= next(choice for choice in choices if choice != {"type": "null"})
            if node["anyOf"] is choices:
                del node["anyOf"]
            node.pop("default", None)
        node.pop("x-type", None)
        for value in node.values():
            _shorten(value)
    elif isinstance(node, list):
        for value in node:
            _shorten(value)


def _share_subjects(schema: dict[str, Any]) -> None:
    """The choice of all subjects, and the keys of each, are written once."""
    for name in BODIES:
        for variant in schema["$defs"][name]["anyOf"]:
            for subject in (model.__name__ for model in SUBJECTS.values()):
                shared = schema["$defs"][subject]["properties"]
                if next(iter(variant["properties"])) != next(iter(shared)):
                    continue
                for key in variant["properties"].keys() & shared.keys():
                    if variant["properties"][key] == shared[key]:
                        variant["properties"][key] = {"$ref": f"#/$defs/{subject}/properties/{key}"}
    choice = {"anyOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in SUBJECTS.values()]}
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if node.get("oneOf") == choice["anyOf"]:
                del node["oneOf"]
                node["$ref"] = "#/$defs/AnySubject"
            waiting += list(node.values())
        elif isinstance(node, list):
            waiting += node
    schema["$defs"]["AnySubject"] = choice


def _substitutable(node: Any) -> None:
    """`${name}` of a matrix may stand for any text: patterns allow it. Titles repeat names: they go."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        if isinstance(node.get("pattern"), str):
            node["pattern"] = rf"({node['pattern']})|\$\{{"
        for value in node.values():
            _substitutable(value)
    elif isinstance(node, list):
        for value in node:
            _substitutable(value)


def write(path: Path) -> None:
    """Write the schema where editors find it."""
    path.write_text(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")
