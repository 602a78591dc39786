"""The words for mistakes: golden files, all at once, nothing half-run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from cxsim.sim.scenario import Problem, ScenarioErrors, load
from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import advice, nearest

FILES = sorted((Path(__file__).parents[2] / "golden" / "scenario").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_mistakes_of_a_file_are_told_in_these_words(
    path: Path, golden: Callable[[str, str], None]
) -> None:
    with pytest.raises(ScenarioErrors) as refused:
        load(path)
    golden(f"scenario/{path.stem}.err", f"{refused.value}\n")


def test_every_golden_text_has_its_file() -> None:
    assert {path.stem for path in FILES} == {path.stem for path in FILES[0].parent.glob("*.err")}


def test_problems_are_sorted_by_place_and_told_once() -> None:
    first, second = (Problem(Place("a.yaml", line), "p", "wrong", "right") for line in (2, 10))
    errors = ScenarioErrors([second, first, second])
    assert errors.problems == (first, second)
    assert str(errors) == "a.yaml:2:1: p: wrong: right\na.yaml:10:1: p: wrong: right"


def test_errors_survive_a_pickle() -> None:
    errors = ScenarioErrors([Problem(Place("a.yaml", 1), "p", "wrong", "right")])
    assert pickle.loads(pickle.dumps(errors)).problems == errors.problems


def test_the_nearest_name_is_offered_whatever_its_case() -> None:
    assert nearest("cutover Ready", ["Cutover ready", "Completed"]) == "Cutover ready"
    assert nearest("xyz", ["Cutover ready"]) is None


def test_without_a_near_name_the_valid_ones_are_listed() -> None:
    assert advice("zzz", ["a1", "b2"], "hosts") == "hosts: a1, b2"
    assert advice("zzz", [f"n{k}" for k in range(10)], "hosts").endswith("n7 and 2 more")
    assert advice("zzz", [], "hosts") == "there are no hosts here"
