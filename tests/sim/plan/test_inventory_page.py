"""docs/inventory.md is current, and its examples are read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cxsim.sim.plan.changes import Grade, Sources, grade_rates
from cxsim.sim.plan.document import PAGE, filled
from cxsim.sim.plan.inventory import read_inventory, synthetic
from cxsim.sim.plan.links import parse_link
from cxsim.sim.plan.target import parse_target

TEXT = (Path(__file__).parents[3] / PAGE).read_text("utf-8")


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    assert filled(TEXT) == TEXT, "python -m cxsim.sim.plan.document writes it anew"


def test_the_example_of_a_plain_table_is_read(tmp_path: Path) -> None:
    example = re.search(r"```csv\n(vm,power.*?)```", TEXT, re.DOTALL)
    assert example is not None
    path = tmp_path / "vms.csv"
    path.write_text(example[1], encoding="utf-8")
    found = read_inventory(path)
    assert not found.problems
    assert [(vm.label, vm.change_class) for vm in found.vms] == [("deckard", "light"), ("rachael", "heavy")]


@pytest.mark.parametrize(
    "text", re.findall(r"`(\d[^`]*bit/s[^`]*)`", TEXT.split("## Links")[1].split("--measured")[0])
)
def test_the_examples_of_links_are_read(text: str) -> None:
    assert parse_link(text.replace("...", "200 Mbit/s up")).planned_bps > 0


@pytest.mark.parametrize(
    ("kind", "header", "grade"),
    [
        ("traces", "vm,time_s", Grade.MEASURED),
        ("backups", "vm,start", Grade.DERIVED),
        ("counters", "vm,time,", Grade.DERIVED),
    ],
)
def test_the_examples_of_change_rates_are_read(tmp_path: Path, kind: str, header: str, grade: Grade) -> None:
    example = re.search(rf"```csv\n({header}.*?)```", TEXT, re.DOTALL)
    assert example is not None
    path = tmp_path / f"{kind}.csv"
    path.write_text(example[1], encoding="utf-8")
    vm = replace(synthetic(1, 1).vms[0], label="deckard", name="deckard")
    changes = grade_rates([vm], Sources(**{kind: (path,)}), 1)
    assert [rate.grade for rate in changes.rates] == [grade]
    assert not changes.problems


def test_the_example_of_a_target_is_read() -> None:
    example = re.search(r'`"(Performance: [^"]*)"`', TEXT)
    assert example is not None
    assert set(parse_target(example[1]).profiles) == {"Performance", "Bulk"}
