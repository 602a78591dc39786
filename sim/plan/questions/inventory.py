"""`plan inventory`: what there is, how large, how much of it changes, and how well that is known.

Rules of this file: nothing is simulated and nothing is left out; figures are those of sizes.py, readiness.py
and changes/.
"""

from __future__ import annotations

from dataclasses import dataclass

from cxsim.sim.plan.answers.inputs import change_tables, input_assumptions, size_tables
from cxsim.sim.plan.answers.model import Answer, Bar, Chart, Column, Table, Value
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes import Grade
from cxsim.sim.plan.sizes import BASES, disagreements, totals

MEASURE_FIRST = 5


@dataclass(frozen=True)
class InventoryQuestion:
    """`rpo_s`: the interval that deltas are shown for."""

    rpo_s: float


def answer(basis: Basis, question: InventoryQuestion) -> Answer:
    """Raises ValueError for an RPO of 0 or less."""
    inventory, changes = basis.inventory, basis.changes
    whole = basis.readiness.total()
    grades = changes.grades()
    delta_bytes = sum(rate.delta(question.rpo_s).mid_bytes for rate in changes.rates)
    interval = shown(question.rpo_s, "seconds")
    known = ", ".join(f"{grades[grade]} {grade.value}" for grade in Grade)
    differ = {one.vm for one in disagreements(inventory.vms)}
    decision = [
        f"{whole.vcpus:,} virtual CPUs, {shown(whole.memory_bytes, 'bytes')} of memory,"
        f" {shown(whole.capacity_bytes, 'bytes')} of disks; the first copy sends at most"
        f" {shown(whole.initial_sync_bytes, 'bytes')}.",
        f"Change rates: {known}. In {interval} all VMs together change about {shown(delta_bytes, 'bytes')}.",
    ]
    if whole.unsized:
        decision.append(
            f"{whole.unsized} VMs have no size in the inventory: no phase can be planned for them."
        )
    if differ:
        decision.append(f"Sizes of {len(differ)} VMs do not go together: see what that means, by VM.")
    first = changes.measure_first(question.rpo_s, MEASURE_FIRST)
    if first:
        decision.append(f"Measure first: {', '.join(rate.vm for rate in first)}.")
    return Answer(
        "plan inventory",
        f"What is in {inventory.source}?",
        f"{whole.vms:,} VMs, {shown(whole.initial_sync_bytes, 'bytes')} to copy at first",
        "plain",
        tuple(decision),
        (
            *size_tables(inventory, basis.readiness),
            *change_tables(changes, question.rpo_s),
            _measure_first(basis, question.rpo_s),
        ),
        (_sizes_chart(basis), _grades_chart(basis, question.rpo_s)),
        input_assumptions(changes),
        basis.left_out(),
        basis.problems,
        {"seed": basis.seed},
    )


def _measure_first(basis: Basis, rpo_s: float) -> Table:
    rows: list[dict[str, Value]] = []
    for rate in basis.changes.measure_first(rpo_s, MEASURE_FIRST):
        delta = rate.delta(rpo_s)
        rows.append(
            {
                "vm": rate.vm,
                "grade": rate.grade.value,
                "low_bytes": delta.low_bytes,
                "high_bytes": delta.high_bytes,
                "source": rate.source,
            }
        )
    return Table(
        "measure-first",
        "VMs to measure first",
        (
            Column("vm", "VM"),
            Column("grade", "grade"),
            Column("low_bytes", "delta of one interval, at least", "bytes"),
            Column("high_bytes", "at most", "bytes"),
            Column("source", "source"),
        ),
        tuple(rows),
        "Their bounds lie widest apart: what is measured of them narrows the whole most."
        " docs/inventory.md says how to collect.",
    )


def _sizes_chart(basis: Basis) -> Chart:
    inside = totals(basis.readiness.planned)
    whole = totals(basis.inventory.vms)
    names = tuple(one.basis.value for one in BASES)
    return Chart(
        "sizes",
        "bars",
        "Four sizes of the same VMs",
        "",
        "sum over VMs",
        bars=(
            Bar("VMs of the plan", names, tuple(float(one.total_bytes) for one in inside)),
            Bar("all VMs", names, tuple(float(one.total_bytes) for one in whole)),
        ),
        y_kind="bytes",
        note="The first copy is of what is in use of thin disks, and of the whole of thick ones.",
    )


def _grades_chart(basis: Basis, rpo_s: float) -> Chart:
    changes = basis.changes
    names = tuple(grade.value for grade in Grade)

    def of(bound: str) -> tuple[float, ...]:
        return tuple(
            sum(getattr(rate.delta(rpo_s), bound) for rate in changes.rates if rate.grade is grade)
            for grade in Grade
        )

    return Chart(
        "grades",
        "bars",
        f"What changes in {shown(rpo_s, 'seconds')}, by how well it is known",
        "",
        "delta of all VMs",
        bars=(
            Bar("at least", names, of("low_bytes")),
            Bar("planned", names, of("mid_bytes")),
            Bar("at most", names, of("high_bytes")),
        ),
        y_kind="bytes",
        note="Where the three are far apart, measuring pays.",
    )
