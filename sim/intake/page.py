"""A YAML file in the making: lines with comments, each knowing the answer that it was made from.

Rules of this file: what goes wrong when the file is loaded is told at the answer, not at the line that was
made from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cxsim.sim.intake.yamltext import INDENT, comment, flow, key, scalar
from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import Problem

_PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+)\Z")


@dataclass
class Page:
    """Lines and where they come from."""

    file: str
    lines: list[str] = field(default_factory=list)
    origins: list[Place | None] = field(default_factory=list)

    def text(self, text: str, indent: int = 0, origin: Place | None = None, said: str = "") -> None:
        """A line."""
        self.lines.append(f"{INDENT * indent}{text}" + (f"  {comment(said)}" if said else ""))
        self.origins.append(origin)

    def say(self, text: str, indent: int = 0) -> None:
        """A comment on a line of its own."""
        self.text(comment(text), indent)

    def blank(self) -> None:
        """An empty line."""
        self.text("")

    def value(
        self, name: str, value: object, indent: int, origin: Place | None = None, said: str = ""
    ) -> None:
        """`name: value`."""
        self.text(f"{key(name)}: {scalar(value)}", indent, origin, said)

    def item(
        self, mapping: Mapping[str, object], indent: int, origin: Place | None = None, said: str = ""
    ) -> None:
        """`- {a: b}`."""
        self.text(f"- {flow(mapping)}", indent, origin, said)

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines) + "\n"

    def origin(self, line: int) -> Place | None:
        """The answer that a line (from 1) was made from, or the nearest one above."""
        for number in range(min(line, len(self.lines)) - 1, -1, -1):
            if self.origins[number] is not None:
                return self.origins[number]
        return None

    def told(self, problem: Problem) -> Problem:
        """A problem of this file, at the answer that caused it."""
        origin = self.origin(problem.place.line) if problem.place.file == self.file else None
        return problem if origin is None else Problem(origin, problem.path, problem.wrong, problem.right)

    def place_told(self, place: str) -> Place | None:
        """The answer behind a place of this file (`file:line`)."""
        match = _PLACE.match(place)
        return self.origin(int(match["line"])) if match and match["file"] == self.file else None
