"""Whatever is written, the loader answers with scenarios or with mistakes in its own words."""

from __future__ import annotations

import copy
import functools
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxsim.sim.scenario import ScenarioErrors, load
from cxsim.sim.scenario import loader as loading
from cxsim.sim.scenario.places import Place, TreeList, TreeMap
from cxsim.sim.scenario.problems import Problems
from cxsim.sim.scenario.scenario import Scenario
from cxsim.sim.scenario.wording import WORDS
from cxsim.sim.scenario.yamlfile import parse

ROOT = Path(__file__).parents[3]
FILES = [
    *sorted((ROOT / "scenarios").glob("*.yaml")),
    *sorted((ROOT / "scenarios" / "environments").glob("*.yaml")),
]
GOLDEN = sorted((ROOT / "tests" / "golden" / "scenario").glob("*.yaml"))
ODD_VALUES = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        10**12,
        2.5,
        "",
        " ",
        "x",
        "any",
        "15 min",
        "100 Mbit/s",
        "${up}",
        "deckard",
        "MyCloud-CHC",
        "10.3.0.1",
        "\x07",
        "a\nb",
        "Running",
        "é" * 300,
    ]
)
ODD_KEYS = st.sampled_from(
    ["vm", "cloud", "status", "subject", "role", "name", "from", "rpo", "[key]", "subjects", ""]
)


@functools.cache
def merged(path: Path) -> bytes:
    problems = Problems()
    tree = loading.chain(path, problems)
    assert tree is not None
    return pickle.dumps(tree)


def containers(node: Any) -> list[Any]:
    found = [node] if isinstance(node, TreeMap | TreeList) and node else []
    children = node.values() if isinstance(node, TreeMap) else node if isinstance(node, TreeList) else ()
    return found + [inner for child in children for inner in containers(child)]


def mutate(tree: TreeMap, data: st.DataObject) -> None:
    """Delete, replace, rename, empty or transplant something somewhere."""
    place = Place("mutated.yaml", 1)
    everything = containers(tree)
    where = data.draw(st.sampled_from(range(len(everything))))
    container = everything[where]
    key = data.draw(
        st.sampled_from(list(container) if isinstance(container, TreeMap) else range(len(container)))
    )
    action = data.draw(st.sampled_from(["delete", "value", "list", "map", "rename", "transplant"]))
    if action == "delete":
        del container[key]
        if isinstance(container, TreeList):
            del container.item_places[key]
    elif action == "value":
        container[key] = data.draw(ODD_VALUES)
    elif action == "list":
        listed = TreeList(place)
        listed.add(container[key], place)
        container[key] = listed
    elif action == "map":
        inner = TreeMap(place)
        inner.put(data.draw(ODD_KEYS), container[key], place, place)
        container[key] = inner
    elif action == "transplant":
        container[key] = copy.deepcopy(everything[data.draw(st.sampled_from(range(len(everything))))])
    elif isinstance(container, TreeMap):
        container.put(data.draw(ODD_KEYS), container[key], place, place)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow]
)
@given(st.data())
def test_a_mutated_scenario_is_loaded_or_refused_in_our_words(data: st.DataObject) -> None:
    tree = pickle.loads(merged(data.draw(st.sampled_from(FILES))))
    for _ in range(data.draw(st.integers(1, 3))):
        if tree:
            mutate(tree, data)
    problems = Problems()
    for variant in loading.variants(tree, problems):
        loading._validated(Scenario, variant.tree, problems)
    for problem in problems.found:
        assert problem.right != "see docs/scenarios.md", f"no words for: {problem}"
        assert problem.place.line > 0


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_a_mutilated_text_is_read_or_refused_in_our_words(path: Path, data: st.DataObject) -> None:
    text = path.read_text()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 12))
    inserted = data.draw(st.text("{}[]:,'\"#&*!|>%@`\t\n -x${}\\\x00\x85", max_size=4))
    problems = Problems()
    tree = parse(text[:start] + inserted + text[start + length :], "mutilated.yaml", problems)
    assert tree is not None or problems.found
    for problem in problems.found:
        assert not problem.wrong.startswith("is not YAML"), f"no words for: {problem}"


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_refused_without_a_traceback(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    with pytest.raises(ScenarioErrors):
        load(path)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_no_golden_mistake_lacks_words(path: Path) -> None:
    assert "see docs/scenarios.md" not in path.with_suffix(".err").read_text()


def test_the_table_of_words_is_callable_for_every_type() -> None:
    assert all(callable(words) for words in WORDS.values())
