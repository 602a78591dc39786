"""An answers file, read: every answer with its place, every mistake at once.

Rules of this file: each answer is read by its question's own reader; what answers mean together is facts.py.
A missing answer is the question's default, or a mistake when there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cxsim.sim.intake.questions import ALL, QUESTIONS, Question, is_unknown
from cxsim.sim.intake.values import Unreadable
from cxsim.sim.scenario.places import Place, TreeList, TreeMap, below, shown
from cxsim.sim.scenario.problems import Problems, ScenarioErrors, advice
from cxsim.sim.scenario.yamlfile import parse, read, shown_path

VERSION_KEY, VERSION = "answers", 1


@dataclass(frozen=True)
class Given:
    """One value of an answer."""

    value: object
    place: Place
    text: str


@dataclass
class Answer:
    """The answer to one question. `values` is empty when nothing was said, and when it is not known."""

    question: Question
    place: Place
    values: list[Given] = field(default_factory=list)
    unknown: bool = False
    given: bool = False
    """False: the question's default stands for it."""

    @property
    def text(self) -> str:
        """The only value as text; "" when there is none."""
        return str(self.values[0].value) if self.values else ""


@dataclass
class Answers:
    """Every answer, by the key of its question."""

    file: str
    by_key: dict[str, Answer]
    tree: TreeMap

    def __getitem__(self, key: str) -> Answer:
        return self.by_key[key]


def read_answers(path: Path) -> tuple[Answers, Problems]:
    """The answers of a file, and what is wrong with them one by one. Raises ScenarioErrors when the file
    cannot be read as YAML at all."""
    problems = Problems()
    return _answers(read(path, problems), shown_path(path), problems)


def parse_answers(text: str, file: str) -> tuple[Answers, Problems]:
    """The same for a text."""
    problems = Problems()
    return _answers(parse(text, file, problems), file, problems)


def _answers(tree: TreeMap | None, file: str, problems: Problems) -> tuple[Answers, Problems]:
    if tree is None:
        raise ScenarioErrors(problems.found)
    if tree.get(VERSION_KEY) != VERSION:
        place = tree.value_places.get(VERSION_KEY, tree.place)
        wrong = f"{shown(tree.get(VERSION_KEY))} is not known" if VERSION_KEY in tree else "is missing"
        problems.add(place, VERSION_KEY, wrong, f"begin with {VERSION_KEY}: {VERSION}")
    _known_keys(tree, "", problems)
    answers = {key: _answer(question, tree, file, problems) for key, question in ALL.items()}
    return Answers(file, answers, tree), problems


def _sections() -> dict[str, list[str]]:
    """Path of a mapping in an answers file -> the keys below it."""
    sections: dict[str, list[str]] = {"": [VERSION_KEY]}
    for key in ALL:
        path = ""
        for part in key.split("."):
            names = sections.setdefault(path, [])
            if part not in names:
                names.append(part)
            path = f"{path}.{part}" if path else part
    return sections


SECTIONS = _sections()


def _known_keys(tree: TreeMap, path: str, problems: Problems) -> None:
    for key, value in tree.items():
        here = below(path, key)
        if key not in SECTIONS[path]:
            problems.add(
                tree.key_places[key], here, f"unknown key {shown(key)}", advice(key, SECTIONS[path], "keys")
            )
        elif here in SECTIONS:
            if isinstance(value, TreeMap):
                _known_keys(value, here, problems)
            elif value is not None:
                problems.add(
                    tree.value_places[key], here, "is not a mapping", f"keys {', '.join(SECTIONS[here])}"
                )


def _find(tree: TreeMap, key: str) -> tuple[object, Place] | None:
    """The value at a key and its place; None when it is not there, or empty."""
    node: object = tree
    place = tree.place
    for part in key.split("."):
        if not isinstance(node, TreeMap) or part not in node:
            return None
        place, node = node.value_places[part], node[part]
    return None if node is None else (node, place)


def _answer(question: Question, tree: TreeMap, file: str, problems: Problems) -> Answer:
    found = _find(tree, question.key)
    answer = Answer(question, Place(file, 1))
    if found is None:
        if question.default is None:
            example = question.example if isinstance(question.example, str) else question.example[0]
            parent = _find(tree, question.key.rpartition(".")[0])
            place = parent[1] if parent else tree.place
            problems.add(place, question.key, "is missing", f"as {example}" + _or_unknown(question))
        elif is_unknown(question.default):
            answer.unknown = True
        elif question.default:
            answer.values = [Given(question.read(question.default), answer.place, question.default)]
        return answer
    value, answer.place = found
    answer.given = True
    if isinstance(value, str) and is_unknown(value):
        answer.unknown = True
        if not question.unknown:
            right = "somebody has to be asked: nothing can be said without it"
            problems.add(answer.place, question.key, "cannot be unknown", right)
        return answer
    told = len(problems.found)
    for text, place in _texts(value, answer.place):
        if text is None:
            right = "a line of text for each" if question.many else "one text"
            problems.add(place, question.key, f"{shown(value)} is no answer", right)
            continue
        try:
            answer.values.append(Given(question.read(text.strip()), place, text.strip()))
        except Unreadable as error:
            problems.add(place, question.key, str(error), error.right)
    needed = question.default is None or not question.many
    if not answer.values and needed and len(problems.found) == told:
        problems.add(answer.place, question.key, "is empty", "write one value" + _or_unknown(question))
    if isinstance(value, TreeList) and not question.many:
        problems.add(answer.place, question.key, "is a list", "one value")
    return answer


def _or_unknown(question: Question) -> str:
    return ", or unknown" if question.unknown else ""


def _texts(value: object, place: Place) -> Iterator[tuple[str | None, Place]]:
    """The lines of an answer. `name: line` in a list is a mapping to YAML, and a line to us."""
    if isinstance(value, TreeList):
        for item, item_place in zip(value, value.item_places, strict=True):
            yield from _texts(item, item_place) if not isinstance(item, TreeList) else [(None, item_place)]
    elif isinstance(value, TreeMap):
        for key, item in value.items():
            plain = isinstance(item, str | int | float) and not isinstance(item, bool)
            yield (f"{key}: {item}" if plain else None), value.key_places[key]
    elif isinstance(value, bool) or value is None:
        yield None, place
    else:
        yield str(value), place


def required_missing(answers: Answers) -> list[str]:
    """Keys of questions that need an answer and have none."""
    return [key for key, q in QUESTIONS.items() if q.default is None and not answers[key].values]
