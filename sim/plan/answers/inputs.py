"""What a plan was given, as tables: sizes, readiness, change rates, target fit, and what they rest on.

Rules of this file: every VM of the inventory is in a table, in the plan or not; a figure is never without the
basis or grade it has. Nothing is decided here: sizes.py, readiness.py, changes/ and target.py do that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from cxsim.sim.plan.answers.model import Assumption, Column, Table, Tone, Value
from cxsim.sim.plan.changes.model import GROWTH, LEAST_GROWTH, Changes, Grade
from cxsim.sim.plan.inventory.model import Inventory, InventoryVm
from cxsim.sim.plan.readiness import UNSEEN, Readiness, Total, Verdict, VmReadiness
from cxsim.sim.plan.sizes import (
    BASES,
    PHASES,
    SizeUnknown,
    disagreements,
    sized_disks,
    target_thick_bytes,
    target_thin_bytes,
    totals,
)
from cxsim.sim.plan.target import ASSUMED, Fit

_TONES: dict[Verdict, Tone] = {Verdict.OK: "good", Verdict.CHECK: "fair", Verdict.BLOCKED: "bad"}
_FIT_TONES: dict[str, Tone] = {"fits": "good", "fits thin only": "fair", "short": "bad"}
Row = Sequence[Value]


def _table(
    name: str, title: str, columns: Sequence[Column], rows: Iterable[Row], main: bool = False, note: str = ""
) -> Table:
    """Rows as long as the columns, or one longer: the last value is then the row's tone."""
    keys = [*(column.key for column in columns), "tone"]
    made = tuple(dict(zip(keys, row, strict=False)) for row in rows)
    toned = any("tone" in row for row in made)
    return Table(name, title, tuple(columns), made, note, main, "tone" if toned else None)


def size_tables(inventory: Inventory, readiness: Readiness) -> tuple[Table, ...]:
    """The four sizes of all VMs and of the planned ones, which phase uses which, where they disagree, and the
    sizes of every VM."""
    planned = {vm.label for vm in readiness.planned}
    inside = totals(vm for vm in inventory.vms if vm.label in planned)
    whole = totals(inventory.vms)
    bases = _table(
        "sizes",
        "Four sizes",
        (
            Column("size", "size"),
            Column("planned_bytes", "VMs of the plan", "bytes"),
            Column("all_bytes", "all VMs", "bytes"),
            Column("unknown_vms", "VMs without it", "count"),
            Column("meaning", "what it is"),
            Column("rvtools", "in RVTools"),
        ),
        (
            (one.basis.value, part.total_bytes, total.total_bytes, total.unknown, one.meaning, one.rvtools)
            for one, part, total in zip(BASES, inside, whole, strict=True)
        ),
        main=True,
        note="A VM without a size is not in that sum.",
    )
    phases = _table(
        "phases",
        "Which size a phase uses",
        (
            Column("phase", "phase"),
            Column("thin", "of a thin disk"),
            Column("thick", "of a thick disk"),
            Column("why", "why"),
            Column("grade", "grade"),
        ),
        ((one.name, one.thin.value, one.thick.value, one.why, one.evidence) for one in PHASES),
    )
    differ = _table(
        "sizes-that-differ",
        "Sizes that do not go together",
        (
            Column("vm", "VM"),
            Column("what", "what is found"),
            Column("larger_bytes", "the larger", "bytes"),
            Column("smaller_bytes", "the smaller", "bytes"),
            Column("meaning", "what it means"),
        ),
        (
            (one.vm, one.name, one.larger_bytes, one.smaller_bytes, one.meaning)
            for one in disagreements(inventory.vms)
        ),
    )
    by_vm = _table(
        "vm-sizes",
        "Sizes by VM",
        (
            Column("vm", "VM"),
            Column("planned", "in the plan"),
            Column("provisioned_bytes", "provisioned", "bytes"),
            Column("in_use_bytes", "in use", "bytes"),
            Column("disk_capacity_bytes", "disk capacity", "bytes"),
            Column("guest_consumed_bytes", "guest consumed", "bytes"),
            Column("initial_sync_bytes", "initial sync, thin target", "bytes"),
            Column("target_thick_bytes", "thick target", "bytes"),
            Column("assumed", "assumed"),
        ),
        (_vm_sizes(vm, vm.label in planned) for vm in inventory.vms),
    )
    return bases, phases, differ, by_vm


def _vm_sizes(vm: InventoryVm, planned: bool) -> Row:
    try:
        assumed = "; ".join(dict.fromkeys(disk.assumed for disk in sized_disks(vm) if disk.assumed))
        used: Row = (target_thin_bytes(vm), target_thick_bytes(vm), assumed)
    except SizeUnknown:
        used = (None, None, "no size is known")
    return (vm.label, "yes" if planned else "no", *(meaning.of(vm) for meaning in BASES), *used)


def readiness_tables(readiness: Readiness) -> tuple[Table, ...]:
    """Totals with and without, then every VM with its reasons, the blocked ones first."""
    groups: list[tuple[str, Total, Tone]] = [
        (verdict.name, readiness.total(one.vm for one in readiness.of(verdict)), _TONES[verdict])
        for verdict in Verdict
    ]
    forced = [one.vm for one in readiness.vms if one.forced]
    if forced:
        groups.append(("BLOCKED, but included by name", readiness.total(forced), "bad"))
    groups.append(("in the plan", readiness.total(readiness.planned), "plain"))
    groups.append(("all", readiness.total(), "plain"))
    summary = _table(
        "readiness",
        "Readiness",
        (
            Column("readiness", "readiness"),
            Column("vms", "VMs", "count"),
            Column("initial_sync_bytes", "initial sync", "bytes"),
            Column("capacity_bytes", "disk capacity", "bytes"),
            Column("vcpus", "virtual CPUs", "count"),
            Column("memory_bytes", "memory", "bytes"),
            Column("unsized", "without a size", "count"),
        ),
        (
            (
                *(name, of.vms, of.initial_sync_bytes, of.capacity_bytes, of.vcpus, of.memory_bytes),
                *(of.unsized, tone),
            )
            for name, of, tone in groups
        ),
        main=True,
        note=f"OK and CHECK are in the plan, BLOCKED only by --include. Not seen in RVTools: {UNSEEN}.",
    )
    by_vm = _table(
        "vm-readiness",
        "Readiness by VM",
        (
            Column("vm", "VM"),
            Column("readiness", "readiness"),
            Column("planned", "in the plan"),
            Column("reason", "reason"),
            Column("seen", "seen"),
            Column("what_to_do", "what to do"),
            Column("grade", "grade"),
            Column("source", "source"),
        ),
        (row for one in sorted(readiness.vms, key=lambda one: -one.verdict) for row in _reasons(one)),
    )
    return summary, by_vm


def _reasons(one: VmReadiness) -> Iterable[Row]:
    planned = "by --include" if one.forced else "yes" if one.planned else "no"
    head, tone = (one.vm.label, one.verdict.name, planned), _TONES[one.verdict]
    if not one.reasons:
        yield (*head, None, None, None, None, None, tone)
    for reason in one.reasons:
        rule = reason.rule
        yield (*head, rule.name, reason.seen, rule.what_to_do, rule.evidence, rule.source, tone)


def change_tables(changes: Changes, rpo_s: float) -> tuple[Table, ...]:
    """How well changes are known, and every VM's mean delta at this RPO with its bounds."""
    deltas = [(rate, rate.delta(rpo_s)) for rate in changes.rates]
    sums: list[Row] = []
    for grade in Grade:
        own = [delta for rate, delta in deltas if rate.grade is grade]
        low, mid, high = (
            math.fsum(getattr(delta, name) for delta in own)
            for name in ("low_bytes", "mid_bytes", "high_bytes")
        )
        sums.append((grade.value, len(own), low, mid, high))
    bounds = (
        Column("low_bytes", "delta of one interval, at least", "bytes"),
        Column("mid_bytes", "planned", "bytes"),
        Column("high_bytes", "at most", "bytes"),
    )
    grades = _table(
        "grades",
        "How well the change rates are known",
        (Column("grade", "grade"), Column("vms", "VMs", "count"), *bounds),
        sums,
        main=True,
        note="The bounds add up as if all VMs were off in one direction.",
    )
    rates = _table(
        "change-rates",
        "Change rates by VM",
        (
            Column("vm", "VM"),
            Column("grade", "grade"),
            *bounds,
            Column("statement", "how"),
            Column("source", "source"),
        ),
        (
            (
                *(rate.vm, rate.grade.value, delta.low_bytes, delta.mid_bytes, delta.high_bytes),
                *(rate.statement, rate.source),
            )
            for rate, delta in deltas
        ),
    )
    return grades, rates


def target_table(fit: Fit) -> Table:
    """What each wave, with those before it, needs of the vDC."""
    return _table(
        "target-fit",
        f"Fit into {fit.target.name}",
        (
            Column("wave", "up to wave"),
            Column("resource", "resource"),
            Column("unit", "unit"),
            Column("thick", "needs, thick", "number"),
            Column("thin", "needs, thin", "number"),
            Column("free", "has", "number"),
            Column("verdict", "verdict"),
            Column("need", "in words"),
        ),
        (
            (
                *(wave.wave, need.resource, need.unit, need.thick, need.thin),
                *(need.free, need.verdict, str(need)),
                _FIT_TONES[need.verdict],
            )
            for wave in fit.waves
            for need in wave.needs
        ),
        main=True,
        note=f"{ASSUMED}.",
    )


def input_assumptions(changes: Changes) -> tuple[Assumption, ...]:
    """What sizes and deltas rest on."""
    counts = changes.grades()
    known = ", ".join(f"{counts[grade]} {grade.value}" for grade in Grade)
    trace = "libCacheSim, data/cloudPhysicsIO.vscsi: 0.99 from 15 to 30 min, 0.79 from 30 to 60"
    found = [
        Assumption("change rates of VMs", known, "VMs", "the files given, and the default", "as said by VM"),
        Assumption("growth of a delta with its interval", GROWTH, "exponent", trace, "assumed"),
        Assumption("the same, at the far bound", LEAST_GROWTH, "exponent", trace, "assumed"),
    ]
    for phase in PHASES:
        bases = f"{phase.thin} / {phase.thick}"
        found.append(
            Assumption(f"size for {phase.name}", bases, "thin / thick disk", phase.why, phase.evidence)
        )
    return tuple(found)
