"""pydantic's findings in the words of the format.

Rules of this file: one table from pydantic's error type to what is wrong and what would be right. A type that
is not in the table is a defect of this file (a test walks mutated scenarios and demands it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import ErrorDetails

from cxsim.sim.scenario.expect.table import SUBJECTS
from cxsim.sim.scenario.hosts import ROLES
from cxsim.sim.scenario.places import SECRET_KEYS, Place, TreeList, TreeMap, below, shown
from cxsim.sim.scenario.problems import MISTAKE, Problem, Problems, advice
from cxsim.sim.scenario.quantities import DIMENSIONS, render

Wording = tuple[str, str]


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return f"{shown(value)} is a yes or no"
    if isinstance(value, int | float):
        return f"{shown(value)} is a number"
    if isinstance(value, str):
        return f"{shown(value)} is a text"
    return f"this is {shown(value)}" if isinstance(value, dict | list) else f"{shown(value)} is no value"


def _text(error: ErrorDetails) -> Wording:
    value = error["input"]
    right = f'put it in quotes: "{value}"' if isinstance(value, int | float) else "write a text"
    return _kind_of(value), right


def _choice(error: ErrorDetails) -> Wording:
    expected = str(error["ctx"]["expected"])
    valid = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
    value = error["input"]
    if isinstance(value, int | float) and not isinstance(value, bool) and str(value) in valid:
        return f"{shown(value)} is a number", f'put it in quotes: "{value}"'
    if len(valid) == 1:
        return f"{shown(value)} is not possible here", f"write {valid[0]}"
    return f"{shown(value)} is not possible here", advice(value, valid, "one of")


def _number(error: ErrorDetails) -> Wording:
    return _kind_of(error["input"]) if not isinstance(error["input"], float) else (
        f"{shown(error['input'])} is not a whole number"
    ), "write a whole number, without quotes"


def _bound(words: str, key: str) -> Callable[[ErrorDetails], Wording]:
    def say(error: ErrorDetails) -> Wording:
        value = error["input"]
        return f"{shown(value)} is out of range", f"{words} {_like(value, error['ctx'][key])}"

    return say


def _like(value: Any, limit: float) -> str:
    """A limit in the kind of quantity that the value was written in."""
    for dimension in DIMENSIONS:
        if isinstance(value, str) and any(value.endswith(unit) for unit in dimension.units):
            return render(limit, dimension)
    return str(int(limit) if float(limit).is_integer() else limit)


def _short(error: ErrorDetails) -> Wording:
    given = len(error["input"])
    return f"has only {given}" if given else "is empty", f"at least {error['ctx']['min_length']}"


def _long(error: ErrorDetails) -> Wording:
    return "is too long", f"at most {error['ctx']['max_length']}"


def _mapping(error: ErrorDetails) -> Wording:
    return _kind_of(error["input"]), "write a mapping: key: value"


def _list(error: ErrorDetails) -> Wording:
    return _kind_of(error["input"]), "write a list: [a, b], or lines that begin with -"


def _no_tag(error: ErrorDetails) -> Wording:
    value = error["input"]
    if not isinstance(value, dict):
        return _mapping(error)
    if "_role" in str(error["ctx"]["discriminator"]):
        return "has no role", f"add role: {', '.join(ROLES)}"
    return "does not say what it is about", f"one of the keys {', '.join(SUBJECTS)}"


def _bad_tag(error: ErrorDetails) -> Wording:
    role = str(error["ctx"]["tag"]).removeprefix("role ")
    return f"there is no role {shown(role)}", advice(role, list(ROLES), "roles")


def _own(error: ErrorDetails) -> Wording:
    return str(error["ctx"]["wrong"]), str(error["ctx"]["right"])


WORDS: dict[str, Callable[[ErrorDetails], Wording]] = {
    MISTAKE: _own,
    "string_type": _text,
    "literal_error": _choice,
    "int_type": _number,
    "int_from_float": _number,
    "float_type": lambda error: (_kind_of(error["input"]), "write a number, without quotes"),
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "string_too_long": _long,
    "too_short": _short,
    "too_long": _long,
    "dict_type": _mapping,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "tuple_type": _list,
    "list_type": _list,
    "union_tag_not_found": _no_tag,
    "union_tag_invalid": _bad_tag,
}


def locate(tree: TreeMap, location: tuple[int | str, ...]) -> tuple[Place, str, Any]:
    """Place, path and value that pydantic's location means. Parts that are not in the tree (tags of unions,
    fields that a shorthand stands for) are passed over."""
    node: Any = tree
    place, path = tree.place, ""
    shorthand: TreeMap | None = None
    for part in location:
        if part == "subjects" and isinstance(node, TreeMap) and isinstance(node.get("statuses"), TreeList):
            shorthand, part = node, "statuses"
        elif shorthand is not None and part in shorthand and not isinstance(node, TreeList | TreeMap):
            node, path = shorthand, path.rpartition(".statuses")[0]
        if isinstance(node, TreeMap) and part in node:
            assert isinstance(part, str)
            place, path, node = node.value_places[part], below(path, part), node[part]
        elif isinstance(node, TreeList) and isinstance(part, int) and part < len(node):
            place, path, node = node.item_places[part], below(path, part), node[part]
        elif part == "[key]":
            break
    return place, path, node


def told(error: ErrorDetails, tree: TreeMap, problems: Problems) -> Problem | None:
    """The problem that an error of pydantic means; None when it was told already."""
    if error["type"] in ("missing", "extra_forbidden"):
        return None
    place, path, node = locate(tree, error["loc"])
    if path.rpartition(".")[2] in SECRET_KEYS:
        return Problem(place, path, "is not a text that can be printed", "put it in quotes")
    if {path, path.removesuffix(".subject")} & problems.troubled_paths and isinstance(node, dict):
        return None
    if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
        return None  # pydantic counts the items that are right
    if isinstance(node, str) and isinstance(error["input"], int | float):
        error = {**error, "input": node}  # as written, not as read
    wording = WORDS.get(error["type"])
    wrong, right = wording(error) if wording else (error["msg"], "see docs/scenarios.md")
    key = (error.get("ctx") or {}).get("key") if error["type"] == MISTAKE else None
    if error["type"] == "union_tag_invalid":
        key = "role"
    if key is not None and isinstance(node, TreeMap) and key in node:
        place, path = node.value_places[key], below(path, key)
    return Problem(place, path, wrong, right)
