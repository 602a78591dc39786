"""The tables of docs/scenarios.md, and scenarios/schema.json: both made from the models.

Rules of this file: a page holds `<!-- keys: Model -->` ... `<!-- end -->`; what lies between is written by
`filled`, the rest by people. `python -m cxsim.sim.scenario.document` in a clone writes both files; tests
demand that they are current.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cxsim.sim.scenario.places import written
from cxsim.sim.scenario.quantities import DIMENSIONS, render
from cxsim.sim.scenario.schema import FILE_NAME, models_schema, write

PAGE = Path("docs/scenarios.md")
SCHEMA = Path("scenarios") / FILE_NAME
_BLOCK = re.compile(r"(<!-- keys: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_BY_TYPE = {dimension.what: dimension for dimension in DIMENSIONS}


def filled(page: str) -> str:
    """A page with its tables made anew. Raises KeyError for a model that does not exist."""
    schema = models_schema()
    models: dict[str, dict[str, Any]] = {**schema["$defs"], "Scenario": schema}
    return _BLOCK.sub(lambda match: f"{match[1]}{table(models[match[2]])}{match[3]}", page)


def table(model: dict[str, Any]) -> str:
    """The keys of a model as a Markdown table."""
    properties = model.get("x-own") or model.get("properties") or {}
    required = set(model.get("required", ())) | set(model.get("x-required", ()))
    lines = ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    for key, prop in properties.items():
        default = "required" if key in required else default_of(prop)
        example = prop.get("examples", [None])[0]
        cells = (
            f"`{key}`",
            type_of(prop),
            default,
            prop.get("description", ""),
            "" if example is None else f"`{written(example)}`",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def type_of(prop: dict[str, Any]) -> str:
    """The type of a key in words."""
    if "x-type" in prop:
        return str(prop["x-type"])
    if "$ref" in prop:
        return "mapping"
    for choice in ("anyOf", "oneOf"):
        if any(str(one.get("$ref")).endswith("/MessageSubject") for one in prop.get(choice, ())):
            return "subject"
        if choice in prop:
            kinds = list(dict.fromkeys(type_of(one) for one in prop[choice] if one.get("type") != "null"))
            return " or ".join(kinds)
    if "enum" in prop or "const" in prop:
        return ", ".join(f"`{value}`" for value in prop.get("enum", [prop.get("const")]))
    if prop.get("type") == "array":
        return f"list of {_several(type_of(prop.get('items', {})))}"
    if prop.get("type") == "object":
        return f"{_several(type_of(prop.get('additionalProperties', {})))} by name"
    return {"integer": "whole number", "string": "text", "boolean": "yes or no"}.get(prop.get("type", ""), "")


def _several(kind: str) -> str:
    one = kind.removeprefix("a ").removeprefix("an ")
    return one if " " in one or "," in one else f"{one}s"


def default_of(prop: dict[str, Any]) -> str:
    """The default of a key in words."""
    value = prop.get("default")
    if value is None or value in ([], {}):
        return "none"
    dimension = _BY_TYPE.get(type_of(prop).partition(",")[0])
    if dimension is not None and isinstance(value, int | float):
        return f"`{render(value, dimension)}`"
    if isinstance(value, bool):
        return "`yes`" if value else "`no`"
    if isinstance(value, list) and len(value) == 1:
        return f"`{written(value[0])}`"
    return f"`{written(value)}`" if not isinstance(value, str) else f"`{value}`"


def main() -> None:
    """Write the schema, and the tables of the page."""
    write(SCHEMA)
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {SCHEMA} ({len(json.dumps(json.loads(SCHEMA.read_text()))) // 1024} KiB) and {PAGE}")


if __name__ == "__main__":
    main()
