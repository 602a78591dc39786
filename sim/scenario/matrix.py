"""`matrix`: one file, several scenarios.

Rules of this file: a matrix maps a name to its values (a list, or a mapping from label to value); every
combination is a variant. `${name}` alone stands for the value with its type, within a text for its text. A
value that is used nowhere, and a `${name}` that is in no matrix, are mistakes. The place of a substituted
value is where the matrix has it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cxsim.sim.scenario.places import Place, TreeList, TreeMap, below, shown
from cxsim.sim.scenario.problems import Problems, advice

MOST_VARIANTS = 1000
_USE = re.compile(r"\$\{([^}]*)\}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._%+=-]+")


@dataclass(frozen=True)
class Value:
    """One value of a matrix entry."""

    label: str
    value: Any
    place: Place


@dataclass(frozen=True)
class Variant:
    """One combination: the tree with its values put in, and their labels."""

    tree: TreeMap
    labels: dict[str, str]

    @property
    def suffix(self) -> str:
        """`[up=20-Mbit-s]`; "" without a matrix. Safe in file names."""
        if not self.labels:
            return ""
        return "[" + ",".join(f"{_safe(name)}={_safe(label)}" for name, label in self.labels.items()) + "]"


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", text).strip("-") or "-"


def variants(tree: TreeMap, problems: Problems) -> list[Variant]:
    """Every variant of a merged tree, in the order of the matrix; none when the matrix cannot be used."""
    matrix = _read(tree, problems)
    if matrix is None:
        return []
    rest = tree.part(key for key in tree if key != "matrix")
    count = 1
    for values in matrix.values():
        count *= len(values)
    if count > MOST_VARIANTS:
        problems.add(
            tree.value_places["matrix"], "matrix", f"makes {count} variants", f"at most {MOST_VARIANTS}"
        )
        return []
    used: set[str] = set()
    made = []
    for combination in itertools.product(*matrix.values()):
        chosen = dict(zip(matrix, combination, strict=True))
        substituted = _Substitution(chosen, problems, used).mapping(rest, "")
        substituted.siblings = tree.siblings
        made.append(Variant(substituted, {name: value.label for name, value in chosen.items()}))
    for name in matrix:
        if name not in used:
            section: TreeMap = tree["matrix"]
            problems.add(
                section.key_places[name],
                below("matrix", name),
                "is used nowhere",
                f"write ${{{name}}} where it belongs",
            )
    return made


def _read(tree: TreeMap, problems: Problems) -> dict[str, tuple[Value, ...]] | None:
    section = tree.get("matrix")
    if section is None:
        return {}
    if not isinstance(section, TreeMap):
        problems.add(tree.value_places["matrix"], "matrix", "is not a mapping", "write name: [value, value]")
        return None
    matrix: dict[str, tuple[Value, ...]] = {}
    for name, given in section.items():
        place = section.value_places[name]
        values = tuple(_values(given))
        labels = [_safe(value.label) for value in values]
        if not isinstance(given, TreeMap | TreeList) or not values:
            problems.add(
                place, below("matrix", name), "has no values", "write a list of values, or label: value"
            )
        elif len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            problems.add(
                place,
                below("matrix", name),
                f"two values are called {shown(twice)}",
                "give them labels: {label: value}",
            )
        else:
            matrix[name] = values
    return matrix if len(matrix) == len(section) else None


def _values(given: Any) -> Iterator[Value]:
    if isinstance(given, TreeMap):
        for label, value in given.items():
            yield Value(label, value, given.value_places[label])
    elif isinstance(given, TreeList):
        for index, (value, place) in enumerate(zip(given, given.item_places, strict=True)):
            yield Value(str(index + 1) if isinstance(value, dict | list) else str(value), value, place)


class _Substitution:
    """Copies a tree with the values of one combination put in."""

    def __init__(self, chosen: dict[str, Value], problems: Problems, used: set[str]) -> None:
        self._chosen, self._problems, self._used = chosen, problems, used

    def mapping(self, node: TreeMap, path: str) -> TreeMap:
        """A copy of a mapping."""
        copy = TreeMap(node.place)
        for key, value in node.items():
            new, place = self._value(value, node.value_places[key], below(path, key))
            copy.put(key, new, node.key_places[key], place)
        return copy

    def _value(self, node: Any, place: Place, path: str) -> tuple[Any, Place]:
        if isinstance(node, TreeMap):
            return self.mapping(node, path), place
        if isinstance(node, TreeList):
            copy = TreeList(node.place)
            for index, item in enumerate(node):
                copy.add(*self._value(item, node.item_places[index], below(path, index)))
            return copy, place
        if isinstance(node, str) and "${" in node:
            return self._text(node, place, path)
        return node, place

    def _text(self, text: str, place: Place, path: str) -> tuple[Any, Place]:
        alone = _USE.fullmatch(text)
        if alone is not None and alone[1] in self._chosen:
            self._used.add(alone[1])
            value = self._chosen[alone[1]]
            return value.value, value.place

        def put_in(match: re.Match[str]) -> str:
            name = match[1]
            value = self._chosen.get(name)
            if value is None:
                right = advice(name, list(self._chosen), "names in matrix")
                self._problems.add(place, path, f"there is no {shown(name)} in matrix", right)
                return match[0]
            self._used.add(name)
            return value.label if isinstance(value.value, dict | list) else str(value.value)

        return _USE.sub(put_in, text), place
