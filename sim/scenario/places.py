"""What was read from YAML and where: plain values in mappings and lists that know their places.

Rules of this file: a tree is made of `TreeMap`, `TreeList` and the scalars str, int, float, bool, None. It is
the only form of a scenario before it is validated; merging, substitution and checks work on it, and every
message and every model takes its place from it. Lines and columns count from 1, as editors do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

SHOWN_VALUE_CHARACTERS = 60
SECRET_KEYS = frozenset({"password", "sso_password"})
"""Keys whose values no output shows."""
HIDDEN = "***"
_PLAIN_KEY = re.compile(r"[\w$-]+\Z")
_PLAIN_TEXT = re.compile(r"[\w/$](?:[\w ./*$%<>=@+()!'-]|:(?! |\Z))*\Z")
_LIKE_A_NUMBER = re.compile(r"[\d_]*\.?[\d_]*\Z|(?:null|true|false)\Z")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file. `str()` is `file:line`, as explanations quote it."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def exact(self) -> str:
        """`file:line:column`, as mistakes quote it."""
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Place("(not from a file)", 0, 0)
"""The place of a model that was made in code."""


class TreeMap(dict[str, Any]):
    """A YAML mapping. `key_places` and `value_places` are per key; `path` is set by `stamp`."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.path = ""
        self.key_places: dict[str, Place] = {}
        self.value_places: dict[str, Place] = {}
        self.siblings: tuple[str, ...] = ()
        """Keys of the same YAML mapping that belong to another model (an operator beside its subject)."""

    def put(self, key: str, value: Any, key_place: Place, value_place: Place) -> None:
        """Set a key with its places."""
        self[key] = value
        self.key_places[key] = key_place
        self.value_places[key] = value_place

    def take(self, other: TreeMap, keys: Iterable[str]) -> TreeMap:
        """Add some keys of another mapping, places included; returns self."""
        for key in keys:
            self.put(key, other[key], other.key_places[key], other.value_places[key])
        return self

    def part(self, keys: Iterable[str]) -> TreeMap:
        """A new mapping at the same place and path with only these keys."""
        chosen = TreeMap(self.place).take(self, keys)
        chosen.path, chosen.siblings = self.path, self.siblings
        return chosen


class TreeList(list[Any]):
    """A YAML sequence with the place of each item."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.path = ""
        self.item_places: list[Place] = []

    def add(self, value: Any, place: Place) -> None:
        """Append an item with its place."""
        self.append(value)
        self.item_places.append(place)


def below(path: str, step: str | int) -> str:
    """The path of a child: `a.b`, `a[0]`, `a["with.dots"]`."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    if _PLAIN_KEY.match(step):
        return f"{path}.{step}" if path else step
    return f"{path}[{json.dumps(step, ensure_ascii=False)}]"


def stamp(node: Any, path: str = "") -> None:
    """Write its path into every mapping and list of a tree."""
    if isinstance(node, TreeMap):
        node.path = path
        for key, value in node.items():
            stamp(value, below(path, key))
    elif isinstance(node, TreeList):
        node.path = path
        for index, value in enumerate(node):
            stamp(value, below(path, index))


def walk(node: Any, place: Place) -> Iterator[tuple[Any, Place]]:
    """Every value of a tree with its place, parents before children."""
    yield node, place
    if isinstance(node, TreeMap):
        for key, value in node.items():
            yield from walk(value, node.value_places[key])
    elif isinstance(node, TreeList):
        for value, item_place in zip(node, node.item_places, strict=True):
            yield from walk(value, item_place)


def written(node: Any, hide_secrets: bool = False) -> str:
    """A tree as one line of YAML, near to how it was written. `hide_secrets`: without the passwords."""
    if isinstance(node, dict):
        hidden = SECRET_KEYS if hide_secrets else frozenset()
        shown_values = ((k, HIDDEN if k in hidden else written(v, hide_secrets)) for k, v in node.items())
        return "{" + ", ".join(f"{written(key)}: {value}" for key, value in shown_values) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(written(value, hide_secrets) for value in node) + "]"
    if node is None:
        return "null"
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, str):
        plain = _PLAIN_TEXT.match(node) and not _LIKE_A_NUMBER.match(node)
        return node if plain else json.dumps(node, ensure_ascii=False)
    return str(node)


def shown(value: Any) -> str:
    """A value as messages quote it: text in quotes, long values cut, mappings and lists by what they are."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= SHOWN_VALUE_CHARACTERS:
        return text
    return text[: SHOWN_VALUE_CHARACTERS - 4] + '..."'
