"""Reading YAML: places, duplicate keys, limits, and what is refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from cxsim.sim.scenario.places import Place, TreeMap, below, shown, written
from cxsim.sim.scenario.problems import Problems
from cxsim.sim.scenario.yamlfile import MOST_BYTES, MOST_DEPTH, parse, read

TEXT = """\
# a comment
first: 1
block:
  inner: text
  list:
    - a: 1
      b: yes
    - two words
flow: {x: [1, 2.5, null, true], "quoted: key": on}
"""


def mistakes(text: str) -> list[str]:
    problems = Problems()
    parse(text, "test.yaml", problems)
    return [str(problem) for problem in problems.found]


def test_every_value_knows_its_line_and_column(tree: Callable[[str], TreeMap]) -> None:
    root = tree(TEXT)
    assert root.value_places["first"] == Place("test.yaml", 2, 8)
    assert root["block"].key_places["inner"] == Place("test.yaml", 4, 3)
    assert root["block"]["list"].item_places == [Place("test.yaml", 6, 7), Place("test.yaml", 8, 7)]
    assert root["flow"]["x"].item_places[1] == Place("test.yaml", 9, 15)


def test_a_mapping_or_list_below_a_key_has_the_place_of_its_key(tree: Callable[[str], TreeMap]) -> None:
    root = tree(TEXT)
    assert root.value_places["block"] == Place("test.yaml", 3, 1)
    assert root["block"].place == Place("test.yaml", 3, 1)


def test_yes_and_on_are_texts_as_yaml_1_2_says(tree: Callable[[str], TreeMap]) -> None:
    root = tree(TEXT)
    assert root["block"]["list"][0]["b"] == "yes"
    assert root["flow"]["quoted: key"] == "on"
    assert root["flow"]["x"] == [1, 2.5, None, True]


def test_numbers_that_python_would_not_hold_stay_text(tree: Callable[[str], TreeMap]) -> None:
    root = tree("a: 1e999\nb: .nan\nc: " + "9" * 5000 + "\nd: 010\ne: 0x1F\nf: _\n")
    assert root["a"] == "1e999"
    assert root["b"] == ".nan"
    assert root["c"] == "9" * 5000
    assert root["d"] == 10
    assert root["e"] == 31


def test_paths_name_every_step() -> None:
    assert below(below(below("", "sites"), "a.b"), 3) == 'sites["a.b"][3]'


@pytest.mark.parametrize(
    "text",
    ["{a: 1, b: [x, two words], c: {d: null}}", '{a: "9.0", b: "yes, no", c: "> 0", d: https://x:443}'],
)
def test_a_tree_is_written_as_yaml_that_reads_back_the_same(
    text: str, tree: Callable[[str], TreeMap]
) -> None:
    assert written(tree(text)) == text
    assert tree(written(tree(text))) == tree(text)


def test_long_values_are_cut_in_messages() -> None:
    assert shown("x" * 500) == '"' + "x" * 55 + '..."'
    assert shown({"a": 1}) == "a mapping"


def test_a_tree_survives_a_pickle(tree: Callable[[str], TreeMap]) -> None:
    copy = pickle.loads(pickle.dumps(tree(TEXT)))
    assert copy["block"].key_places["inner"] == Place("test.yaml", 4, 3)


def test_all_duplicate_keys_are_reported() -> None:
    assert mistakes("a: 1\na: 2\nb: {c: 1, c: 2}\n") == [
        'test.yaml:2:1: a: duplicate key "a" (first in line 1): keep one of them',
        'test.yaml:3:11: b.c: duplicate key "c" (first in line 3): keep one of them',
    ]


def test_aliases_are_expanded_where_they_are_used(tree: Callable[[str], TreeMap]) -> None:
    root = tree("a: &disk {size: 1 GiB}\nb: [*disk, *disk]\n")
    assert root["b"][1]["size"] == "1 GiB"
    assert root["b"][1].path == "b[1]"


def test_aliases_of_aliases_do_not_grow_without_limit() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    (mistake,) = mistakes(f"l0: &l0 [x]\n{levels}\n")
    assert "more than 100000 values" in mistake


def test_deep_nesting_is_refused() -> None:
    (shallow,) = mistakes("a: " + "[" * (MOST_DEPTH + 2) + "]" * (MOST_DEPTH + 2))
    (deep,) = mistakes("a: " + "[" * 50_000)
    assert "nested too deeply" in shallow
    assert "nested too deeply" in deep


@pytest.mark.parametrize("text", ["? [a]\n: b\n", "? {a: 1}\n: b\n"])
def test_a_key_that_is_no_text_is_refused(text: str) -> None:
    assert "a key that is a list or a mapping" in mistakes(text)[0]


def test_an_empty_key_is_refused() -> None:
    assert "a key is empty" in mistakes('"": 1\n')[0]


def refused(path: Path) -> str:
    problems = Problems()
    assert read(path, problems) is None
    (problem,) = problems.found
    return f"{problem.wrong}: {problem.right}"


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"schema: 1\n\x00\x01\x02")
    assert refused(path) == "is a binary file: is it a YAML file?"
    path.write_bytes(b"schema: 1\ntitle: \xff\xfe\x80\n")
    assert refused(path) == "is not UTF-8 text: save it as UTF-8; is it a YAML file?"


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"# " + b"x" * MOST_BYTES)
    assert refused(path) == "is larger than 2 MiB: is it a scenario?"


def test_a_file_that_is_not_there_is_refused_with_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "warm.yaml").write_text("schema: 1\n")
    assert refused(tmp_path / "warn.yaml") == 'there is no such file: did you mean "warm.yaml"?'
    assert refused(tmp_path / "nowhere" / "a.yaml").startswith("there is no such file: there is no directory")
    assert refused(tmp_path) == "is a directory: name a .yaml file"


def test_a_control_character_is_refused_with_its_line() -> None:
    assert mistakes("a: 1\nb: \x07\n") == ["test.yaml:2:1: YAML: a control character: remove it"]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfschema: 1\n")
    problems = Problems()
    assert read(path, problems) == {"schema": 1}
