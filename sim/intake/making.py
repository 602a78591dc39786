"""From answers to files: an environment with its scenarios, loaded once before anything is written.

Rules of this file: the files are made in memory, loaded from a directory of their own, and only then written;
every mistake is told at the answer behind it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from cxsim.sim.intake.answers import Answers, parse_answers, read_answers
from cxsim.sim.intake.environment import environment_page
from cxsim.sim.intake.facts import Facts, facts_of
from cxsim.sim.intake.page import Page
from cxsim.sim.intake.scenarios import enable_page, migration_page
from cxsim.sim.network import problems_of
from cxsim.sim.scenario import ScenarioErrors, load, load_environment
from cxsim.sim.scenario.problems import Problem, Problems
from cxsim.sim.scenario.yamlfile import shown_path
from cxsim.sim.world.topology import topology_of

ENABLE, MIGRATION = "test-and-enable.yaml", "warm-migration.yaml"


@dataclass(frozen=True)
class Made:
    """Files to be written: path below the output directory -> text."""

    name: str
    files: dict[str, str]
    facts: Facts
    warnings: tuple[str, ...] = ()


def from_file(path: Path) -> Made:
    """The files that an answers file describes. Raises ScenarioErrors."""
    return _make(*read_answers(path), path.read_text(encoding="utf-8-sig"))


def from_text(text: str, file: str) -> Made:
    """The same for a text that an interview made."""
    return _make(*parse_answers(text, file), text)


def _make(answers: Answers, problems: Problems, text: str) -> Made:
    facts = facts_of(answers, problems)
    name = f"{facts.tenant.site}-{facts.provider.site}"
    environment = f"environments/{name}.yaml"
    pages = {
        environment: environment_page(facts, environment),
        ENABLE: enable_page(facts, ENABLE, environment),
        MIGRATION: migration_page(facts, MIGRATION, environment),
    }
    warnings = _loaded(pages, environment)
    files = {path: str(page) for path, page in pages.items()}
    return Made(name, {**files, f"environments/{name}.answers.yaml": text}, facts, warnings)


def _loaded(pages: dict[str, Page], environment: str) -> tuple[str, ...]:
    """Load the files and check the network they describe; raises ScenarioErrors at the answers. Returns
    warnings."""
    with tempfile.TemporaryDirectory(prefix="cxsim-new-") as directory:
        root = Path(directory)
        for name, page in pages.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(str(page), encoding="utf-8")
            page.file = shown_path(root / name)
        found: list[Problem] = []
        try:
            made = load_environment(root / environment)
            for name in (ENABLE, MIGRATION):
                load(root / name)
        except ScenarioErrors as errors:
            raise ScenarioErrors([_told(p, pages) for p in errors.problems]) from None
        warnings = []
        for one in problems_of(topology_of(made)):
            place = pages[environment].place_told(one.place)
            if one.is_error and place is not None:
                found.append(Problem(place, "network", one.text, "see the answer"))
            elif place is not None:
                warnings.append(f"{place}: {one.text}")
    if found:
        raise ScenarioErrors(found)
    return tuple(warnings)


def _told(problem: Problem, pages: dict[str, Page]) -> Problem:
    page = next((p for p in pages.values() if p.file == problem.place.file), None)
    return problem if page is None else page.told(problem)
