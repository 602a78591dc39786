"""The shipped sample is what its script makes, and shows every class and grade."""

from __future__ import annotations

from pathlib import Path

from cxsim.sim.plan import sample
from cxsim.sim.plan.changes import Grade, Sources, grade_rates
from cxsim.sim.plan.inventory import read_inventory
from cxsim.sim.plan.quotes import read_quotes
from cxsim.sim.plan.readiness import Verdict, assess


def sources(folder: Path) -> Sources:
    return Sources((folder / sample.TRACES,), (folder / sample.BACKUPS,), (folder / sample.COUNTERS,))


def test_the_shipped_files_are_those_of_the_script(tmp_path: Path) -> None:
    sample.write_sample(tmp_path)
    assert read_inventory(tmp_path / sample.INVENTORY) == read_inventory(sample.FOLDER / sample.INVENTORY)
    for name in (sample.TRACES, sample.BACKUPS, sample.COUNTERS, sample.QUOTES):
        assert (tmp_path / name).read_text("utf-8") == (sample.FOLDER / name).read_text("utf-8"), name


def test_it_reads_without_a_word() -> None:
    found = read_inventory(sample.FOLDER / sample.INVENTORY)
    assert found.source == "sample-inventory.xlsx (RVTools 4.4.1)"
    assert (len(found.vms), found.problems) == (50, ())


def test_it_has_some_of_every_readiness() -> None:
    found = assess(read_inventory(sample.FOLDER / sample.INVENTORY), "warm migration")
    assert {verdict: len(found.of(verdict)) for verdict in Verdict} == {
        Verdict.OK: 29,
        Verdict.CHECK: 7,
        Verdict.BLOCKED: 14,
    }
    reasons = {reason.rule.name for one in found.vms for reason in one.reasons}
    assert len(reasons) == 18


def test_it_has_some_of_every_grade_and_offers() -> None:
    inventory = read_inventory(sample.FOLDER / sample.INVENTORY)
    changes = grade_rates(inventory.vms, sources(sample.FOLDER), 1)
    assert not changes.problems
    assert changes.grades() == {Grade.MEASURED: 4, Grade.DERIVED: 35, Grade.ASSUMED: 11}
    assert len(read_quotes(sample.FOLDER / sample.QUOTES)) == 5
