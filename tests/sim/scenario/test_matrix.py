"""`matrix`: variants, their names, and substitution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cxsim.sim.scenario import ScenarioErrors, load
from cxsim.sim.scenario.matrix import MOST_VARIANTS, variants
from cxsim.sim.scenario.places import TreeMap
from cxsim.sim.scenario.problems import Problems

Read = Callable[[str], TreeMap]

SCENARIO = """\
schema: 1
title: Link at ${up}, RPO ${rpo}
extends: environments/tyrell-mycloud.yaml
matrix:
  up: [20 Mbit/s, 50 Mbit/s]
  rpo: {short: 15 min, long: 4 h}
sites:
  tyrell: {wan: {up: "${up}"}}
steps:
  - migrate: {job: "rpo ${rpo}", type: Warm, vms: deckard, cloud: MyCloud-CHC, vdc: CHC Tyrell PAYG,
              storage_profile: CHC Performance, network: Tyrell Servers, rpo: "${rpo}"}
expect: [{at_end: {home: {error: 0}}}]
"""


def test_every_combination_is_a_scenario_with_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "link.yaml"
    path.write_text(SCENARIO)
    scenarios = load(path)
    assert [s.name for s in scenarios] == [
        "link[up=20-Mbit-s,rpo=short]",
        "link[up=20-Mbit-s,rpo=long]",
        "link[up=50-Mbit-s,rpo=short]",
        "link[up=50-Mbit-s,rpo=long]",
    ]
    assert [s.sites["tyrell"].wan.up_bps for s in scenarios] == [20e6, 20e6, 50e6, 50e6]
    assert [s.title for s in scenarios][1] == "Link at 20 Mbit/s, RPO 4 h"
    migrate = scenarios[3].steps[0].migrate
    assert migrate is not None
    assert migrate.rpo_s == 4 * 3600
    assert migrate.job == "rpo 4 h"
    assert scenarios[3].variant == {"up": "50 Mbit/s", "rpo": "long"}


def test_a_value_alone_keeps_its_type(tree: Read) -> None:
    (variant,) = variants(
        tree('{matrix: {a: [7], b: [{x: 1}]}, n: "${a}", m: "${b}", t: "n ${a}"}'), Problems()
    )
    assert variant.tree == {"n": 7, "m": {"x": 1}, "t": "n 7"}


def test_the_place_of_a_value_is_in_the_matrix(tree: Read) -> None:
    (variant,) = variants(tree('matrix:\n  a: [7]\nn: "${a}"\n'), Problems())
    assert variant.tree.value_places["n"].line == 2


def test_without_a_matrix_there_is_one_variant_without_a_suffix(tree: Read) -> None:
    (variant,) = variants(tree("{a: 1}"), Problems())
    assert variant.suffix == ""


def test_too_many_variants_are_refused(tree: Read) -> None:
    values = ", ".join(str(n) for n in range(11))
    problems = Problems()
    text = f'{{matrix: {{a: [{values}], b: [{values}], c: [{values}]}}, x: "${{a}}${{b}}${{c}}"}}'
    assert variants(tree(text), problems) == []
    assert problems.found[0].wrong == "makes 1331 variants"
    assert problems.found[0].right == f"at most {MOST_VARIANTS}"


def test_a_mistake_in_one_value_is_told_once_and_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "link.yaml"
    path.write_text(SCENARIO.replace("50 Mbit/s", "fast"))
    with pytest.raises(ScenarioErrors) as refused:
        load(path)
    (problem,) = refused.value.problems
    assert str(problem) == (
        f'{path}:5:19: sites.tyrell.wan.up: "fast" is not a bandwidth: write "100 Mbit/s"'
    )


def test_names_are_safe_in_file_names(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "schema: 1\ntitle: ${x}\nextends: environments/tyrell-mycloud.yaml\n"
        "matrix: {x: ['../../etc', 'b c', '*']}\n"
        "steps: [{run_for: 1 h}]\nexpect: [{at_end: {home: {error: 0}}}]\n"
    )
    assert [s.name for s in load(path)] == ["a[x=..-..-etc]", "a[x=b-c]", "a[x=-]"]
