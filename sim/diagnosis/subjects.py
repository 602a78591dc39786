"""What is to be explained: environments and scenarios, read from the paths that a user names.

Rules of this file: reading only. A file without steps is an environment; a file with a matrix is several
scenarios. Mistakes of all files are told at once (`ScenarioErrors`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cxsim.sim.scenario import Environment, Problem, Scenario, ScenarioErrors, load, load_environment
from cxsim.sim.scenario.loader import SCENARIO_KEYS
from cxsim.sim.scenario.merge import chain
from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import Problems
from cxsim.sim.scenario.yamlfile import shown_path, yaml_files

_TOP_LEVEL_KEY = re.compile(r"""^["']?(\w+)["']?\s*:""", re.MULTILINE)


@dataclass(frozen=True)
class Subject:
    """One environment, or one scenario (then `scenario` is the same object as `environment`)."""

    name: str
    file: str
    environment: Environment
    scenario: Scenario | None = None

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return self.environment.title

    @property
    def timed(self) -> bool:
        """True when some fault is not on from the start, so that only a run shows when it is."""
        faults = self.scenario.faults if self.scenario is not None else ()
        return any(f.from_s or f.when or f.until_s is not None or f.lasts_s is not None for f in faults)


def of_scenario(scenario: Scenario) -> Subject:
    """A scenario as a subject."""
    return Subject(scenario.name, scenario.file, scenario, scenario)


def read(paths: Sequence[Path]) -> list[Subject]:
    """The subjects at these paths; a directory stands for the YAML files directly inside. Raises
    ScenarioErrors with the mistakes of all files."""
    problems: list[Problem] = []
    files: dict[Path, None] = {}
    for path in paths:
        try:
            files.update(dict.fromkeys(yaml_files(path) if path.is_dir() else [path]))
        except OSError as error:
            where = Place(shown_path(path), 1)
            problems.append(Problem(where, "", f"cannot be read ({error.strerror})", "name a readable one"))
    found: list[Subject] = []
    for file in files:
        try:
            found += _read(file)
        except ScenarioErrors as mistakes:
            problems += mistakes.problems
    if problems:
        raise ScenarioErrors(problems)
    return found


def _read(file: Path) -> list[Subject]:
    if _surely_environment(file):
        return [_environment(file)]
    try:
        return [of_scenario(scenario) for scenario in load(file)]
    except ScenarioErrors:
        tree = chain(file, Problems())
        if tree is None or SCENARIO_KEYS & set(tree):
            raise
    return [_environment(file)]


def _environment(file: Path) -> Subject:
    return Subject(file.stem, shown_path(file), load_environment(file))


def _surely_environment(file: Path) -> bool:
    """True when the file itself shows that it is one: reading it twice would take twice as long."""
    try:
        keys = set(_TOP_LEVEL_KEY.findall(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return False
    return "sites" in keys and "extends" not in keys and not keys & SCENARIO_KEYS
