"""Writing YAML by hand, because comments and one rule a line matter to the people who read it.

Rules of this file: what is written reads back as the same text or number (a test holds that); texts that
could be taken for anything else are put in double quotes, as JSON writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+()'-]*(?: [A-Za-z0-9_./@+()'-]+)*\Z")
_NUMBERS = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\Z|\d{1,3}(?:\.\d{1,3}){3}-\d{1,3}(?:\.\d{1,3}){3}\Z"
)
_WORDS = re.compile(r"(?:null|true|false|~|nan|inf)\Z", re.IGNORECASE)
_QUANTITY = re.compile(r"\d+(?:\.\d+)? [A-Za-z%][A-Za-z/%]*\Z")
INDENT = "  "


def scalar(value: object) -> str:
    """One value: a number, yes or no, a text (quoted when it must be), a list in brackets."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return flow(value)
    if isinstance(value, Iterable):
        return "[" + ", ".join(scalar(one) for one in value) + "]"
    raise TypeError(f"{value!r} has no form in YAML")


def _text(value: str) -> str:
    plain = _PLAIN.match(value) or _NUMBERS.match(value) or _QUANTITY.match(value)
    if plain and not _WORDS.match(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def flow(mapping: Mapping[str, object]) -> str:
    """A mapping on one line."""
    return "{" + ", ".join(f"{_text(key)}: {scalar(value)}" for key, value in mapping.items()) + "}"


def key(name: str) -> str:
    """A key, quoted when it must be."""
    return _text(name)


def comment(text: str) -> str:
    """A comment on one line."""
    return "# " + re.sub(r"\s+", " ", text).strip()


def items(rows: Sequence[tuple[Mapping[str, object], str]], indent: int) -> list[str]:
    """A list of mappings, one a line, each with its comment ("" for none)."""
    pad = INDENT * indent
    return [f"{pad}- {flow(row)}" + (f"  {comment(said)}" if said else "") for row, said in rows]
