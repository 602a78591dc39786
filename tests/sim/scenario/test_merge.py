"""`extends`: how files are laid over one another, and that the order of laying does not matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cxsim.sim.scenario import ScenarioErrors, load_environment
from cxsim.sim.scenario.merge import chain, merge
from cxsim.sim.scenario.places import Place, TreeList, TreeMap
from cxsim.sim.scenario.problems import Problems

Read = Callable[[str], TreeMap]


def test_mappings_merge_and_lists_replace(tree: Read) -> None:
    lower = tree("{a: {x: 1, y: [1, 2]}, b: 1}")
    upper = tree("{a: {y: [3], z: 2}, c: 3}")
    problems = Problems()
    assert merge(lower, upper, problems) == {"a": {"x": 1, "y": [3], "z": 2}, "b": 1, "c": 3}
    assert lower == {"a": {"x": 1, "y": [1, 2]}, "b": 1}
    assert not problems.found


def test_a_key_without_a_value_changes_nothing(tree: Read) -> None:
    assert merge(tree("{a: {x: 1}, b: 2}"), tree("{a: , b: null}"), Problems()) == {"a": {"x": 1}, "b": 2}


def test_a_mapping_and_a_list_do_not_replace_each_other(tree: Read) -> None:
    problems = Problems()
    merge(tree("{a: {x: 1}, b: [1], c: 1}"), tree("{a: [1], b: {x: 1}, c: {x: 1}}"), problems)
    assert [problem.path for problem in problems.found] == ["a", "b", "c"]


def test_every_value_keeps_the_place_it_was_written_at(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("schema: 1\nvms:\n  a: {memory: 1 GiB,\n      cpus: 2}\n")
    (tmp_path / "top.yaml").write_text("schema: 1\nextends: base.yaml\nvms:\n\n  a: {cpus: 4}\n")
    tree = chain(tmp_path / "top.yaml", Problems())
    assert tree is not None
    vm = tree["vms"]["a"]
    assert vm == {"memory": "1 GiB", "cpus": 4}
    assert vm.value_places["cpus"] == Place(str(tmp_path / "top.yaml"), 5, 13)
    assert vm.value_places["memory"] == Place(str(tmp_path / "base.yaml"), 3, 15)
    assert vm.place == Place(str(tmp_path / "base.yaml"), 3, 3)


def test_what_cxsim_ships_is_found_from_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("schema: 1\ntitle: Mine\nextends: environments/tyrell-mycloud.yaml\n")
    environment = load_environment(path)
    assert environment.title == "Mine"
    assert environment.sites["tyrell"].edge.place.file == "scenarios/environments/tyrell-mycloud.yaml"


def test_a_file_beside_comes_before_one_that_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "tyrell-mycloud.yaml").write_text("schema: 1\ntitle: Nearer\n")
    path = tmp_path / "mine.yaml"
    path.write_text("schema: 1\nextends: environments/tyrell-mycloud.yaml\n")
    tree = chain(path, Problems())
    assert tree == {"schema": 1, "title": "Nearer"}


def test_a_file_that_extends_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("schema: 1\nextends: a.yaml\n")
    with pytest.raises(ScenarioErrors, match="goes in a circle"):
        load_environment(path)


@pytest.mark.parametrize("value", ["[a.yaml]", "{a: b}", "1", '""', '"a\\0b"', "a/" * 3000])
def test_an_extends_that_is_no_file_is_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"schema: 1\nextends: {value}\n")
    problems = Problems()
    assert chain(path, problems) is None
    assert [problem.path for problem in problems.found] == ["extends"]


KEYS = st.sampled_from("abc")
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(0, 3), st.lists(st.integers(0, 3), max_size=2)),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
TREES = st.dictionaries(KEYS, VALUES, max_size=3)


def grown(value: Any) -> Any:
    """Plain values as a tree."""
    place = Place("made", 1)
    if isinstance(value, dict):
        tree = TreeMap(place)
        for key, child in value.items():
            tree.put(key, grown(child), place, place)
        return tree
    if isinstance(value, list):
        listed = TreeList(place)
        for child in value:
            listed.add(child, place)
        return listed
    return value


@settings(max_examples=200)
@given(TREES, TREES, TREES)
def test_merging_is_associative(a: Any, b: Any, c: Any) -> None:
    one, two = Problems(), Problems()
    first = merge(merge(grown(a), grown(b), one), grown(c), one)
    second = merge(grown(a), merge(grown(b), grown(c), two), two)
    assume(not one.found and not two.found)
    assert first == second
    assert list(first) == list(second)


@settings(max_examples=200)
@given(TREES, TREES, TREES)
def test_a_clash_is_found_in_whichever_order_files_are_laid(a: Any, b: Any, c: Any) -> None:
    one, two = Problems(), Problems()
    merge(merge(grown(a), grown(b), one), grown(c), one)
    merge(grown(a), merge(grown(b), grown(c), two), two)
    assert bool(one.found) == bool(two.found)
