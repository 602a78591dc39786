"""Loading scenarios: every mistake at once, or scenarios that are complete.

Rules of this file: read and merge (merge.py), make variants (matrix.py), gather names (references.py), check
(checks.py, traces.py), validate (the models), tell (wording.py). Whatever a user can write ends in
`ScenarioErrors`; nothing is returned when anything is wrong. The same file gives the same scenarios anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cxsim.sim.scenario.changing import Change, put_in
from cxsim.sim.scenario.checks import CHECKS
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.hosts import ROLES
from cxsim.sim.scenario.matrix import Variant, variants
from cxsim.sim.scenario.merge import chain
from cxsim.sim.scenario.places import Place, TreeMap, stamp
from cxsim.sim.scenario.problems import Problem, Problems, ScenarioErrors
from cxsim.sim.scenario.references import Loading, gather
from cxsim.sim.scenario.scenario import Scenario
from cxsim.sim.scenario.traces import check_traces, read_traces_of
from cxsim.sim.scenario.wording import told
from cxsim.sim.scenario.yamlfile import shown_path, yaml_files

Made = TypeVar("Made", bound=Environment)
SCENARIO_KEYS = frozenset(
    {"steps", "faults", "expect", "without_faults", "tags", "seed", "expect_fail", "matrix"}
)


def load(path: Path | str, seed: int | None = None, changes: tuple[Change, ...] = ()) -> list[Scenario]:
    """The scenarios of a file: one, or one a variant of its matrix. `seed` replaces the scenario's own;
    `changes`: values by path that replace those of the file (changing.py). Raises ScenarioErrors."""
    path = Path(path)
    problems = Problems()
    scenarios = _load(path, seed, problems, changes)
    if problems.found:
        raise ScenarioErrors(problems.found)
    return scenarios


def load_environment(path: Path | str) -> Environment:
    """The environment of a file; steps, faults and expectations in it are left out. Raises ScenarioErrors."""
    problems = Problems()
    tree = chain(Path(path), problems)
    environment = None
    if tree is not None:
        rest = tree.part(key for key in tree if key not in SCENARIO_KEYS)
        environment = _validated(Environment, rest, problems)
    if environment is None or problems.found:
        raise ScenarioErrors(problems.found)
    return environment


def discover(
    paths: Sequence[Path | str], tags: Sequence[str] = (), seed: int | None = None
) -> list[Scenario]:
    """The scenarios of files and directories (the YAML files directly inside), with any of the tags (all,
    without tags); names are unique. Raises ScenarioErrors with the mistakes of all files."""
    problems = Problems()
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        try:
            inside = list(yaml_files(path)) if path.is_dir() else [path]
        except OSError as error:
            problems.add(
                Place(shown_path(path), 1),
                "",
                f"cannot be read ({error.strerror})",
                "name a readable directory",
            )
            continue
        for file in inside:
            found.setdefault(_real(file), file)
    loaded = [scenario for path in found.values() for scenario in _load(path, seed, problems)]
    if problems.found:
        raise ScenarioErrors(problems.found)
    _make_unique(loaded)
    return [s for s in loaded if not tags or set(tags) & set(s.tags)]


def _real(path: Path) -> Path:
    """The file itself, however it is named; what cannot be resolved is told when it is read."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path


def _load(
    path: Path, seed: int | None, problems: Problems, changes: tuple[Change, ...] = ()
) -> list[Scenario]:
    tree = chain(path, problems)
    if tree is None:
        return []
    put_in(tree, changes, problems)
    if not SCENARIO_KEYS & set(tree):
        wrong, right = "is an environment, not a scenario", "extend it in a file with steps and expect"
        problems.add(Place(shown_path(path), 1), "", wrong, right)
        return []
    made = []
    for variant in variants(tree, problems):
        scenario = _validated(Scenario, variant.tree, problems)
        if scenario is not None:
            made.append(_finished(scenario, path, variant, seed))
    return made


def _finished(scenario: Scenario, path: Path, variant: Variant, seed: int | None) -> Scenario:
    if seed is not None:
        scenario = scenario.model_copy(update={"seed": seed})
    scenario._name = path.stem + variant.suffix
    scenario._file = shown_path(path)
    scenario._variant = dict(variant.labels)
    return scenario


def _validated(model: type[Made], tree: TreeMap, problems: Problems) -> Made | None:
    """The model of a merged tree; None when there are problems in it. All of them are added."""
    own = Problems()
    stamp(tree)
    for check in (*CHECKS, check_traces):
        check(tree, own)
    made: Made | None = None
    try:
        made = model.model_validate(tree, context=Loading(gather(tree, ROLES), own))
    except ValidationError as error:
        located = (told(one, tree, own) for one in error.errors(include_url=False))
        own.found += [problem for problem in located if problem is not None]
        if not own.found:
            own.found.append(Problem(tree.place, "", str(error.errors()[0]["msg"]), "see docs/scenarios.md"))
    problems.found += own.found
    if own.found or made is None:
        return None
    read_traces_of(made)
    return made


def _make_unique(scenarios: Sequence[Scenario]) -> None:
    """Files with the same stem in several directories: the directory goes in front."""
    counts = Counter(scenario.name for scenario in scenarios)
    taken: set[str] = set()
    for scenario in scenarios:
        name = scenario.name
        if counts[name] > 1:
            name = f"{Path(scenario.file).parent.name or 'here'}-{name}"
        number, unique = 2, name
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique)
        scenario._name = unique
