"""Every fault of the catalogue: its scenario ends as documented, is explained, and is cured by what is proposed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from conftest import Ran, run  # type: ignore[import-not-found]

from cxsim.sim.faults.catalogue import ENTRIES, FAMILIES, SYMPTOMS, find, suggestion
from cxsim.sim.faults.effects import EFFECTS
from cxsim.sim.faults.entry import Entry, library
from cxsim.sim.faults.page import page
from cxsim.sim.scenario import discover, load
from cxsim.sim.scenario.faults import FAULT_KINDS, Fault

PENDING: dict[str, str] = {}
"""Faults whose scenario, explanation or cure is not right yet, with the reason. It may only shrink."""

entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@lru_cache(maxsize=len(ENTRIES))
def ran(name: str) -> Ran:
    found = find(name)
    assert found is not None
    return run(found.load())


@entry
def test_its_scenario_ends_as_documented_and_the_fault_meets_something(entry: Entry) -> None:
    assert ran(entry.name).unmet == []
    assert ran(entry.name).unmet_faults == ()


@entry
def test_its_explanation_names_what_was_injected_and_a_change_that_works(entry: Entry) -> None:
    causes = ran(entry.name).causes
    text = "\n".join(line for cause in causes for line in cause.lines).lower()
    assert [name for name in entry.names if name.lower() not in text] == []
    assert causes
    assert all(cause.cure.works and cause.cure.remedies for cause in causes)


@entry
def test_with_the_proposed_change_it_ends_as_without_the_fault(entry: Entry) -> None:
    assert run(entry.load(), cured=ran(entry.name).causes).unmet == []


@entry
def test_it_says_everything(entry: Entry) -> None:
    scenario = entry.load()
    assert entry.family in FAMILIES
    assert entry.grade in ("D", "O", "C", "I")
    assert entry.symptom in SYMPTOMS
    assert all((entry.meaning, entry.looks, entry.source, entry.tell, entry.remedy, entry.names))
    assert entry.fault.kind == entry.kind
    assert scenario.without_faults, "proves that the fault is needed"
    assert entry.symptom in scenario.tags or entry.symptom == "stopped"


@entry
def test_its_example_loads(entry: Entry, tmp_path: Path) -> None:
    lines = ["schema: 1", "title: t", f"extends: {entry.path}", "faults:"]
    lines += [f"  {line}" for line in entry.example.splitlines()]
    path = tmp_path / "example.yaml"
    path.write_text("\n".join(lines) + "\n")
    (scenario,) = load(path)
    assert scenario.faults[0].kind == entry.kind


@entry
def test_its_parameters_are_the_keys_of_the_format(entry: Entry) -> None:
    assert entry.parameters
    assert all(p.meaning and p.type for p in entry.parameters)


def test_every_kind_of_fault_has_an_entry_and_an_effect() -> None:
    assert {entry.kind for entry in ENTRIES} == set(FAULT_KINDS)
    models = {type(entry.fault.fault) for entry in ENTRIES}
    assert models == set(EFFECTS)
    assert len(Fault.kinds()) == len(EFFECTS)


def test_every_scenario_of_the_directory_is_in_the_catalogue() -> None:
    shown = {entry.path.resolve() for entry in ENTRIES}
    assert {path.resolve() for path in (library() / "faults").glob("*.yaml")} <= shown


def test_the_library_does_not_run_them_unasked() -> None:
    assert not [s for s in discover([library()]) if "faults/" in s.file]


def test_names_are_unique_and_a_slip_is_answered_with_the_nearest() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    assert suggestion("nat-mising") == "nat-missing"
    assert find("nat-mising") is None


def test_nothing_is_pending() -> None:
    assert PENDING == {}


def test_the_page_is_current() -> None:
    path = Path(__file__).parents[3] / "docs" / "troubleshooting.md"
    assert path.read_text(encoding="utf-8") == page(), (
        "python -m cxsim.sim.faults.page > docs/troubleshooting.md"
    )
