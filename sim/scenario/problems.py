"""Mistakes in a scenario, told to the person who wrote it.

Rules of this file: a problem has four parts - where, which value, what is wrong, what would be right - and
nothing else; problems are collected, never raised one by one. `mistake` makes the error that a field's
validator raises, so that the two texts survive pydantic.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pydantic_core import PydanticCustomError

from cxsim.sim.scenario.places import Place

MISTAKE = "scenario_mistake"
NAMES_LISTED = 8
NEAR = 0.6
"""difflib's ratio from which a name counts as meant; its own default."""


@dataclass(frozen=True)
class Problem:
    """One mistake. `str()` is `file:line:column: path: what is wrong: what would be right`."""

    place: Place
    path: str
    wrong: str
    right: str

    def __str__(self) -> str:
        return f"{self.place.exact}: {self.path or 'file'}: {self.wrong}: {self.right}"

    @property
    def order(self) -> tuple[str, int, int, str, str, str]:
        """Sorts problems by file, line and column."""
        return (self.place.file, self.place.line, self.place.column, self.path, self.wrong, self.right)


class ScenarioErrors(Exception):
    """Every mistake that was found, once each, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems), key=lambda p: p.order))
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ScenarioErrors], tuple[tuple[Problem, ...]]]:
        return ScenarioErrors, (self.problems,)


@dataclass
class Problems:
    """A growing list of problems; remembers which mappings already have one."""

    found: list[Problem] = field(default_factory=list)
    troubled_paths: set[str] = field(default_factory=set)

    def add(self, place: Place, path: str, wrong: str, right: str) -> None:
        """Add one."""
        self.found.append(Problem(place, path, wrong, right))

    def trouble(self, path: str) -> None:
        """The keys of this mapping are wrong: what follows from that is not worth a problem of its own."""
        self.troubled_paths.add(path)


def mistake(wrong: str, right: str, key: str | None = None) -> PydanticCustomError:
    """The error for a validator to raise. `key`: the key of the mapping that the mistake sits at."""
    context = {"wrong": wrong, "right": right, "key": key}
    return PydanticCustomError(MISTAKE, "{wrong}: {right}", context)


def nearest(name: object, valid: Iterable[str]) -> str | None:
    """The valid name that was probably meant, or None."""
    by_fold: dict[str, str] = {}
    for candidate in valid:
        by_fold.setdefault(candidate.casefold(), candidate)
    close = difflib.get_close_matches(str(name).casefold(), by_fold, n=1, cutoff=NEAR)
    return by_fold[close[0]] if close else None


def advice(name: object, valid: Sequence[str], what: str) -> str:
    """What would be right instead of `name`: the nearest valid name, or the valid ones."""
    near = nearest(name, valid)
    if near is not None:
        return f'did you mean "{near}"?'
    if not valid:
        return f"there are no {what} here"
    listed = ", ".join(valid[:NAMES_LISTED])
    more = len(valid) - NAMES_LISTED
    return f"{what}: {listed}" + (f" and {more} more" if more > 0 else "")
