"""Every fault of the catalogue ends as documented, is explained, and is cured by what is proposed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxsim.sim.faults.catalogue import ENTRIES, FAMILIES, SYMPTOMS, find, suggestion
from cxsim.sim.faults.effects import EFFECTS
from cxsim.sim.faults.entry import Entry, library
from cxsim.sim.faults.page import page
from cxsim.sim.scenario import discover, load
from cxsim.sim.scenario.faults import FAULT_KINDS, Fault

PENDING: dict[str, str] = {}
"""Faults whose scenario, explanation or cure is not right yet, with the reason. It may only shrink."""

entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@pytest.fixture(scope="module")
def ran(run_scenario: Callable[..., Any]) -> Callable[[Entry], Any]:
    """A fault's scenario, run once."""
    known: dict[str, Any] = {}

    def once(entry: Entry) -> Any:
        if entry.name not in known:
            known[entry.name] = run_scenario(entry.load())
        return known[entry.name]

    return once


@entry
def test_its_scenario_ends_as_documented_and_the_fault_meets_something(entry: Entry, ran: Any) -> None:
    assert ran(entry).unmet == []
    assert ran(entry).unmet_faults == ()


@entry
def test_its_explanation_names_what_was_injected_and_a_change_that_works(entry: Entry, ran: Any) -> None:
    causes = ran(entry).causes
    text = "\n".join(line for cause in causes for line in cause.lines).lower()
    assert [name for name in entry.names if name.lower() not in text] == []
    assert causes
    assert all(cause.cure.works and cause.cure.remedies for cause in causes)


@entry
def test_with_the_proposed_change_it_ends_as_without_the_fault(
    entry: Entry, ran: Any, run_scenario: Callable[..., Any]
) -> None:
    assert run_scenario(entry.load(), cured=ran(entry).causes).unmet == []


@pytest.fixture(scope="module")
def fault_free(run_scenario: Callable[..., Any]) -> Callable[[Entry], Any]:
    """A run of the same environment and steps without faults; most entries share theirs."""
    known: dict[str, Any] = {}

    def once(entry: Entry) -> Any:
        scenario = entry.load()
        parts = (scenario.sites, scenario.hosts, scenario.vms, scenario.tunnels, scenario.certificate_dates)
        key = repr((parts, [step.text for step in scenario.steps]))
        if key not in known:
            known[key] = run_scenario(scenario, with_faults=False)
        return known[key]

    return once


@entry
def test_without_the_fault_it_ends_otherwise(entry: Entry, fault_free: Any) -> None:
    ran, scenario = fault_free(entry), entry.load()
    assert [o.detail() for o in ran.judge(scenario.without_faults) if not o.met] == []
    assert not all(outcome.met for outcome in ran.judge(scenario.expect))


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


def test_every_example_loads(tmp_path: Path) -> None:
    # About things that the others' environment has not.
    of_their_own = {"tunnel-down", "nat-double", "nat-no-hairpin"}
    files = {entry.name: [entry] for entry in ENTRIES if entry.name in of_their_own}
    files["all"] = [entry for entry in ENTRIES if entry.name not in of_their_own]
    for name, entries in files.items():
        lines = ["schema: 1", "title: t", f"extends: {entries[0].path}", "faults:"]
        lines += [f"  {line}" for entry in entries for line in entry.example.splitlines()]
        path = tmp_path / f"{name}.yaml"
        path.write_text("\n".join(lines) + "\n")
        (scenario,) = load(path)
        assert [fault.kind for fault in scenario.faults] == [entry.kind for entry in entries]


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
