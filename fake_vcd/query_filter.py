"""The filter language of vCD's query service (FIQL): parsing and evaluating.

    filter     = conjunction *( "," conjunction )          "," is OR, ";" is AND and binds tighter
    conjunction= term *( ";" term )
    term       = "(" filter ")" | name operator value
    operator   = "==" | "!=" | "=lt=" | "<" | "=gt=" | ">" | "=le=" | "<=" | "=ge=" | ">="
    value      = characters except ; , ( ) and what a backslash escapes; "*" matches anything

Rules of this file: text in, predicate out; nothing about HTTP or the model. With filterEncoded=true every
value is percent-decoded once more after parsing (below API 35.0; peers.md 2.2), so an encoded value may hold
the special characters. Comparison is by the type of the attribute: numbers and instants compare as such,
hrefs by the id they end with. Sources: vCloud API programming guide, query filter expressions; FIQL draft.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from cxsim.fake_vcd.errors import BadRequest

Value: TypeAlias = "str | int | bool | None"
DEPTH_LIMIT = 32

OPERATORS: dict[str, str] = {
    "==": "==", "!=": "!=", "=lt=": "<", "=le=": "<=", "=gt=": ">", "=ge=": ">=",
    "<=": "<=", ">=": ">=", "<": "<", ">": ">",
}  # fmt: skip
_TOKEN = re.compile(r"(?P<name>[A-Za-z_][\w.@:\- ]*?)(?P<operator>==|!=|=lt=|=le=|=gt=|=ge=|<=|>=|<|>)")
_VALUE = re.compile(r"(?:\\.|[^;,()\\])*")


@dataclass(frozen=True)
class Comparison:
    """`name operator value`; the operator is one of == != < <= > >=."""

    name: str
    operator: str
    value: str


@dataclass(frozen=True)
class Both:
    """All of the terms hold."""

    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """One of the terms holds."""

    terms: tuple[Node, ...]


Node: TypeAlias = "Comparison | Both | Either"


def parse_filter(text: str, encoded: bool = False) -> Node:
    """The filter as a tree. Raises `BadRequest` that quotes what could not be read."""
    reader = _Reader(text, encoded)
    node = reader.either(0)
    if reader.at != len(text):
        raise reader.mistake()
    return node


class _Reader:
    def __init__(self, text: str, encoded: bool) -> None:
        self.text = text
        self.encoded = encoded
        self.at = 0

    def either(self, depth: int) -> Node:
        return self._joined(",", Either, lambda: self._joined(";", Both, lambda: self.term(depth)))

    def _joined(self, separator: str, kind: type[Both] | type[Either], read: Callable[[], Node]) -> Node:
        terms = [read()]
        while self.at < len(self.text) and self.text[self.at] == separator:
            self.at += 1
            terms.append(read())
        return terms[0] if len(terms) == 1 else kind(tuple(terms))

    def term(self, depth: int) -> Node:
        if depth > DEPTH_LIMIT:
            raise BadRequest("Bad request: the filter expression is nested too deeply.")
        if self.text.startswith("(", self.at):
            self.at += 1
            node = self.either(depth + 1)
            if not self.text.startswith(")", self.at):
                raise self.mistake()
            self.at += 1
            return node
        token = _TOKEN.match(self.text, self.at)
        if token is None:
            raise self.mistake()
        value = _VALUE.match(self.text, token.end())
        assert value is not None, "the pattern matches the empty text"
        self.at = value.end()
        raw = re.sub(r"\\(.)", r"\1", value.group())
        return Comparison(token["name"], OPERATORS[token["operator"]], unquote(raw) if self.encoded else raw)

    def mistake(self) -> BadRequest:
        rest = repr(self.text[self.at :]) if self.at < len(self.text) else "its end"
        return BadRequest(f"Bad request: the filter {self.text!r} is not valid at {rest}.")


@dataclass(frozen=True)
class Attribute:
    """How an attribute is compared. `kind`: text, word, number, boolean, instant or reference. The case of
    a word does not matter: vcd-cli asks for tasks with status==SUCCESS."""

    name: str
    kind: str = "text"


def names(node: Node) -> set[str]:
    """The attributes that a filter uses."""
    if isinstance(node, Comparison):
        return {node.name}
    return set().union(*(names(term) for term in node.terms))


def check_filter(node: Node, attributes: Mapping[str, Attribute]) -> None:
    """Raise `BadRequest` for an attribute that cannot be filtered by, or a value of the wrong type."""
    if not isinstance(node, Comparison):
        for term in node.terms:
            check_filter(term, attributes)
        return
    if node.name.startswith(("metadata:", "metadata@")):
        return
    attribute = attributes.get(node.name)
    if attribute is None:
        raise BadRequest(f"Bad request: {node.name} is not an attribute that this query can be filtered by.")
    if attribute.kind == "number" and not re.fullmatch(r"-?\d+", node.value):
        raise BadRequest(f"Bad request: {node.name} is compared with {node.value!r}, which is not a number.")
    if attribute.kind == "boolean" and node.value.lower() not in ("true", "false"):
        raise BadRequest(f"Bad request: {node.name} is compared with {node.value!r}, which is not a boolean.")


def matches(node: Node, attributes: Mapping[str, Attribute], read: Callable[[str], Value]) -> bool:
    """True if the record whose attributes `read` gives is selected."""
    if isinstance(node, Both):
        return all(matches(term, attributes, read) for term in node.terms)
    if isinstance(node, Either):
        return any(matches(term, attributes, read) for term in node.terms)
    attribute = attributes.get(node.name, Attribute(node.name))
    return compare(attribute.kind, read(node.name), node.operator, node.value)


def compare(kind: str, actual: Value, operator: str, wanted: str) -> bool:
    """One comparison. A missing value differs from everything and is neither above nor below."""
    if actual is None:
        return operator == "!="
    if kind == "number":
        return _ordered(int(actual), operator, int(wanted))
    if kind == "boolean":
        return _ordered(bool(actual), operator, wanted.lower() == "true")
    if kind == "word":
        actual, wanted = str(actual).lower(), wanted.lower()
    if kind == "reference":
        actual, wanted = _last_part(str(actual)), _last_part(wanted)
    if operator in ("==", "!=") and "*" in wanted:
        # Only * is special; the brackets and question marks of fnmatch are not.
        pattern = "*".join(_escaped(part) for part in wanted.split("*"))
        return fnmatch.fnmatchcase(str(actual), pattern) is (operator == "==")
    return _ordered(str(actual), operator, wanted)


def _escaped(text: str) -> str:
    return re.sub(r"([\[?])", r"[\1]", text)


def _ordered(actual: str | int, operator: str, wanted: str | int) -> bool:
    return {
        "==": actual == wanted,
        "!=": actual != wanted,
        "<": actual < wanted,  # type: ignore[operator]
        "<=": actual <= wanted,  # type: ignore[operator]
        ">": actual > wanted,  # type: ignore[operator]
        ">=": actual >= wanted,  # type: ignore[operator]
    }[operator]


_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def _last_part(text: str) -> str:
    """The id at the end of an href or URN; other texts as they are."""
    found = _ID.search(text.rstrip("/"))
    return found.group().lower() if found is not None else text
