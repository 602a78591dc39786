"""Reading one YAML file into a tree with places, and saying what is wrong with it as YAML.

Rules of this file: YAML 1.2 as ruamel reads it (so `yes` and `on` are texts), one document, a mapping at the
top, each key once. ruamel composes nodes with their marks; the tree is built here, because its own objects
hide duplicate keys and the texts of numbers. Limits keep a hostile or mistaken file from costing more than a
message. Nothing here knows the format's keys.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from cxsim.sim.scenario.places import Place, TreeList, TreeMap, below
from cxsim.sim.scenario.problems import Problems, nearest

MOST_BYTES = 2 * 2**20
MOST_VALUES = 100_000
MOST_DEPTH = 40
MOST_BRACKETS = 200
"""Open brackets at which a text is not even parsed: the parser's time grows with their square."""
SUFFIXES = (".yaml", ".yml")

_TAG = "tag:yaml.org,2002:"
_AS_TEXT = {f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}merge", f"{_TAG}value"}

_QUOTE = "put the value in quotes"
_SYNTAX: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), wrong, right)
    for pattern, wrong, right in (
        (r"found character '\\t'", "a tab", "indent with spaces"),
        (r"found character '([^']+)' that cannot start", "a value cannot begin with {0}", _QUOTE),
        (
            r"mapping values are not allowed",
            "a colon where no key can be",
            f"check the indentation, or {_QUOTE}",
        ),
        (r"mapping keys are not allowed", "a question mark where no key can be", _QUOTE),
        (
            r"sequence entries are not allowed",
            "a list item where none can be",
            "begin the list on a line of its own",
        ),
        (r"found unexpected ':'", "a colon inside a value", _QUOTE),
        (r"got '<stream end>'|unclosed", "a bracket is not closed", "close it, or check the indentation"),
        (
            r"expected ',' or '([\]}])', but got '([}\]])'",
            "{0} is missing before {1}",
            "close what was opened",
        ),
        (r"expected ',' or '([\]}])', but got '([{\[])'", "{1} inside a value", _QUOTE),
        (r"expected ',' or '([\]}])'", "a comma or {0} is missing", "add it"),
        (r"expected <block end>, but found '([\]}])'", "{0} closes nothing", "remove it"),
        (
            r"expected <block end>|more indented",
            "this line does not fit the lines above",
            "check the indentation",
        ),
        (r"could not find expected ':'", "a key without a colon", "write key: value"),
        (r"node content", "a value is missing", "write one"),
        (r"quoted scalar: found unexpected", "the quotes opened here are not closed", "close them"),
        (
            r"escape|chr\(\)",
            "a backslash in double quotes that is no escape",
            "write it twice, or use single quotes",
        ),
        (r"undefined alias '?([^']+)'?", "there is no anchor &{0}", "define it before it is used"),
        (r"scanning an (?:anchor|alias)", "& and * stand for anchors", _QUOTE),
        (r"block scalar", "| and > stand for a text over several lines", _QUOTE),
        (r"directive|incompatible", "a line that begins with % stands for a directive", "remove it"),
        (r"tag|URI", "! stands for a tag", _QUOTE),
        (
            r"another document|document start|document end",
            "a second document begins",
            "remove ---: a file holds one",
        ),
    )
)


def shown_path(path: Path) -> str:
    """A path as messages show it: relative to the working directory when it lies below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def read(path: Path, problems: Problems) -> TreeMap | None:
    """The tree of a file; None when it cannot be read at all (which is then among the problems)."""
    file = shown_path(path)
    text = _text_of(path, file, problems)
    return None if text is None else parse(text, file, problems)


def _text_of(path: Path, file: str, problems: Problems) -> str | None:
    start = Place(file, 1, 1)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        problems.add(start, "", "there is no such file", _near_file(path))
        return None
    except IsADirectoryError:
        problems.add(start, "", "is a directory", "name a .yaml file")
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.add(start, "", f"cannot be read ({reason})", "name a file that can be read")
        return None
    if len(raw) > MOST_BYTES:
        problems.add(start, "", f"is larger than {MOST_BYTES // 2**20} MiB", "is it a scenario?")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problems.add(Place(file, line, 1), "", "is not UTF-8 text", "save it as UTF-8; is it a YAML file?")
        return None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        problems.add(Place(file, line, 1), "", "is a binary file", "is it a YAML file?")
        return None
    return text


def _near_file(path: Path) -> str:
    try:
        siblings = sorted(p.name for p in path.parent.iterdir() if p.suffix in SUFFIXES)
    except OSError:
        return f"there is no directory {path.parent} either"
    near = nearest(path.name, siblings)
    return f'did you mean "{near}"?' if near else f"YAML files there: {', '.join(siblings[:8]) or 'none'}"


def parse(text: str, file: str, problems: Problems) -> TreeMap | None:
    """The tree of a YAML text; None when it is not a mapping that can be read."""
    deep = _too_deep(text, file)
    if deep is not None:
        problems.add(deep, "YAML", "is nested too deeply", f"at most {MOST_DEPTH} levels")
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is used again: allowed by YAML
            root = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        problems.add(Place(file, 1, 1), "YAML", "is nested too deeply", f"at most {MOST_DEPTH} levels")
        return None
    except Exception as error:  # whatever a text does to the parser, it is the text that must change
        _syntax(error, text, file, problems)
        return None
    if root is None or (isinstance(root, ScalarNode) and root.value == ""):
        problems.add(Place(file, 1, 1), "", "is empty", "begin with schema: 1")
        return None
    if not isinstance(root, MappingNode):
        problems.add(
            _place(root, file), "", "is not a mapping", "write key: value lines, the first schema: 1"
        )
        return None
    builder = _Builder(file, problems)
    try:
        tree = builder.mapping(root, _place(root, file), "", ())
    except _TooMuch as error:
        problems.add(error.place, "YAML", error.wrong, error.right)
        return None
    return tree


def _too_deep(text: str, file: str) -> Place | None:
    """Where more brackets are open than any scenario needs (quotes and comments are not looked at)."""
    depth = 0
    for bracket in re.finditer(r"[][{}]", text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > MOST_BRACKETS:
            return Place(file, text.count("\n", 0, bracket.start()) + 1)
    return None


def _place(node: Node, file: str) -> Place:
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _syntax(error: Exception, text: str, file: str, problems: Problems) -> None:
    """Report a syntax error in plain words; tabs in indentation are all reported at once."""
    lines = text.splitlines()
    tabs = [n for n, line in enumerate(lines, 1) if "\t" in line[: len(line) - len(line.lstrip())]]
    if tabs:
        for number in tabs:
            column = lines[number - 1].index("\t") + 1
            problems.add(
                Place(file, number, column), "YAML", "a tab in the indentation", "indent with spaces"
            )
        return
    if isinstance(error, ReaderError):
        line = text[: error.position].count("\n") + 1
        problems.add(Place(file, line, 1), "YAML", "a control character", "remove it")
        return
    mark = None
    if isinstance(error, MarkedYAMLError):
        opened = "quoted scalar" in (error.context or "") and error.context_mark is not None
        mark = error.context_mark if opened else error.problem_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file, 1, 1)
    found = str(error).partition("\n")[0]
    if isinstance(error, MarkedYAMLError):
        found = f"{error.context or ''}: {error.problem or ''}"
    wrong, right = f"is not YAML ({found})", "see docs/scenarios.md"
    for pattern, words, advice in _SYNTAX:
        match = pattern.search(found)
        if match is not None:
            wrong, right = words.format(*match.groups()), advice.format(*match.groups())
            break
    line_text = lines[place.line - 1] if place.line <= len(lines) else ""
    if "${" in line_text and "in quotes" in right:
        right = 'put ${...} in quotes inside { } and [ ]: "${name}"'
    problems.add(place, "YAML", wrong, right)


class _TooMuch(Exception):
    def __init__(self, place: Place, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.place, self.wrong, self.right = place, wrong, right


class _Builder:
    """Turns ruamel's nodes into a tree. Aliases are expanded, so every value has one path."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems
        self._values = 0

    def mapping(self, node: MappingNode, place: Place, path: str, above: tuple[int, ...]) -> TreeMap:
        """A mapping; duplicate and unusable keys are reported."""
        tree = TreeMap(place)
        for key_node, value_node in node.value:
            key_place = _place(key_node, self._file)
            key = self._key(key_node, key_place, path)
            if key is None:
                continue
            if key in tree:
                first = tree.key_places[key].line
                wrong = f'duplicate key "{key}" (first in line {first})'
                self._problems.add(key_place, below(path, key), wrong, "keep one of them")
                continue
            value = self._value(value_node, key_place, below(path, key), (*above, id(node)))
            collection = isinstance(value_node, MappingNode | SequenceNode)
            tree.put(key, value, key_place, key_place if collection else _place(value_node, self._file))
        return tree

    def _key(self, node: Node, place: Place, path: str) -> str | None:
        if not isinstance(node, ScalarNode):
            self._problems.add(place, path, "a key that is a list or a mapping", "write a text as key")
            return None
        if node.tag == f"{_TAG}merge":
            self._problems.add(
                place, path, "merge keys (<<) are not part of the format", "write the keys, or use extends"
            )
            return None
        if not node.value.strip():
            self._problems.add(place, path, "a key is empty", "write key: value")
            return None
        return str(node.value)

    def _list(self, node: SequenceNode, place: Place, path: str, above: tuple[int, ...]) -> TreeList:
        tree = TreeList(place)
        for index, item in enumerate(node.value):
            item_place = _place(item, self._file)
            tree.add(self._value(item, item_place, below(path, index), (*above, id(node))), item_place)
        return tree

    def _value(self, node: Node, place: Place, path: str, above: tuple[int, ...]) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            raise _TooMuch(place, f"more than {MOST_VALUES} values", "is it a scenario?")
        if id(node) in above:
            raise _TooMuch(_place(node, self._file), "an anchor contains itself", "write the values out")
        if len(above) > MOST_DEPTH:
            raise _TooMuch(place, "is nested too deeply", f"at most {MOST_DEPTH} levels")
        if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
            return self.mapping(node, place, path, above)
        if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
            return self._list(node, place, path, above)
        if isinstance(node, ScalarNode):
            known, value = _scalar(node.tag, node.value)
            if known:
                return value
        self._problems.add(
            _place(node, self._file),
            path,
            f"the tag {str(node.tag).replace(_TAG, '!!')} means nothing here",
            "remove it",
        )
        return None


def _scalar(tag: str | None, text: str) -> tuple[bool, Any]:
    """Whether the tag is known, and the value of a scalar."""
    if tag in _AS_TEXT:
        return True, text
    if tag == f"{_TAG}null":
        return True, None
    if tag == f"{_TAG}bool":
        return True, text.lower() == "true"
    if tag in (f"{_TAG}int", f"{_TAG}float"):
        return True, _number(text, whole=tag == f"{_TAG}int")
    return False, None


def _number(text: str, whole: bool) -> int | float | str:
    """A number; what Python cannot hold as one stays text."""
    digits = text.replace("_", "")
    try:
        if whole:
            return int(digits) if re.fullmatch(r"[+-]?\d{1,30}", digits) else int(digits, 0)
        number = float(digits)
    except (ValueError, OverflowError):
        return text
    return number if number - number == 0 else text


def yaml_files(directory: Path) -> Iterator[Path]:
    """The YAML files directly inside a directory, by name."""
    yield from sorted(p for p in directory.iterdir() if p.suffix in SUFFIXES and p.is_file())
