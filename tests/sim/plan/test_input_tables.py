"""The inputs of a plan as tables: every VM is in them, and the sums are sums."""

from __future__ import annotations

import pytest

from cxsim.sim.plan import sample
from cxsim.sim.plan.answers.inputs import (
    change_tables,
    input_assumptions,
    readiness_tables,
    size_tables,
    target_table,
)
from cxsim.sim.plan.answers.model import Table
from cxsim.sim.plan.changes import Sources, grade_rates
from cxsim.sim.plan.inventory import Inventory, InventoryVm, Power
from cxsim.sim.plan.readiness import assess
from cxsim.sim.plan.target import fit, parse_target

INVENTORY = sample.sample_inventory()
UNSIZED = InventoryVm("nothing", "nothing", Power.ON, 1, 2**30, ())
WITH_UNSIZED = Inventory((*INVENTORY.vms, UNSIZED))
RPO_S = 900.0


def column(table: Table, key: str) -> list[object]:
    return [row[key] for row in table.rows]


def every_table() -> list[Table]:
    readiness = assess(WITH_UNSIZED, "warm migration")
    changes = grade_rates(WITH_UNSIZED.vms, Sources(), 1)
    found = [*size_tables(WITH_UNSIZED, readiness), *readiness_tables(readiness)]
    planned = readiness.planned
    return [*found, *change_tables(changes, RPO_S), target_table(fit(planned, parse_target("Fast: 1 TiB")))]


def test_rows_have_the_columns_of_their_table() -> None:
    for table in every_table():
        keys = {one.key for one in table.columns} | ({table.tone_of} if table.tone_of else set())
        assert table.rows, table.name
        assert all(set(row) == keys for row in table.rows), table.name


def test_every_vm_is_in_the_tables_by_vm() -> None:
    labels = {vm.label for vm in WITH_UNSIZED.vms}
    by_vm = [table for table in every_table() if table.name in ("vm-sizes", "vm-readiness", "change-rates")]
    assert [set(column(table, "vm")) for table in by_vm] == [labels] * 3


def test_totals_are_given_with_and_without() -> None:
    readiness = assess(INVENTORY, "warm migration", ["brooks-fox-web012"])
    summary, _ = readiness_tables(readiness)
    counts = dict(zip(column(summary, "readiness"), column(summary, "vms"), strict=True))
    assert counts == {
        "OK": 29,
        "CHECK": 7,
        "BLOCKED": 14,
        "BLOCKED, but included by name": 1,
        "in the plan": 37,
        "all": 50,
    }
    bases, *_ = size_tables(INVENTORY, readiness)
    row = next(row for row in bases.rows if row["size"] == "in use")
    assert row["all_bytes"] == sum(vm.in_use_bytes or 0 for vm in INVENTORY.vms)
    assert row["planned_bytes"] == sum(vm.in_use_bytes or 0 for vm in readiness.planned)


def test_the_grades_add_up_to_the_vms() -> None:
    changes = grade_rates(INVENTORY.vms, Sources(), 1)
    grades, rates = change_tables(changes, RPO_S)
    assert sum(int(str(count)) for count in column(grades, "vms")) == 50
    for key in ("low_bytes", "mid_bytes", "high_bytes"):
        whole = sum(float(str(value)) for value in column(rates, key))
        assert sum(float(str(value)) for value in column(grades, key)) == pytest.approx(whole)
    derived = sum(vm.power is not Power.ON for vm in INVENTORY.vms)
    assert input_assumptions(changes)[0].value == f"0 measured, {derived} derived, {50 - derived} assumed"
    assert len(input_assumptions(changes)) == 7


def test_the_fit_is_told_in_words() -> None:
    table = target_table(fit(INVENTORY.vms[:3], parse_target("Fast: 1 GiB")))
    first = table.rows[0]
    assert str(first["need"]).endswith("has 1: short")
    assert first["tone"] == "bad"
