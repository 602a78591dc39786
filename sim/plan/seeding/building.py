"""From the VMs of a plan to a job of the data plane.

Rules of this file: nothing is decided of sizes, rates or rules: those are the basis's.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from cxsim.sim.plan.basis import Basis, PlannedVm
from cxsim.sim.plan.changes.model import Bound
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.seeding.job import DAY_S, Job, Member

COLD = "cold migration"
WARM_UP_RPOS = 2
"""VMs that are seeded already have replicated for so many RPOs, in whole days, when the plan begins."""


class NoSuchVm(ValueError):
    """A name that is no VM of the plan: what would be right."""


def vms_named(basis: Basis, names: Collection[str]) -> tuple[PlannedVm, ...]:
    """The VMs of the plan with these labels, in the inventory's order; all of them for no names. Raises
    NoSuchVm for a name that is not in the plan, and for a plan without VMs."""
    planned = basis.planned()
    if not planned:
        raise NoSuchVm("no VM is in the plan: see the readiness of each")
    if not names:
        return planned
    by_label = {vm.label: vm for vm in planned}
    for name in names:
        if name in by_label:
            continue
        inside = any(vm.label == name for vm in basis.inventory.vms)
        why = "is not in the plan: see its readiness" if inside else "is not in the inventory"
        raise NoSuchVm(f"{name!r} {why}")
    wanted = set(names)
    return tuple(vm for vm in planned if vm.label in wanted)


def member_of(
    vm: PlannedVm, basis: Basis, rpo_s: float, start_s: float = 0.0, bound: Bound = "mid", **more: Any
) -> Member:
    """A VM whose replication starts then; in a cold migration it is off and changes nothing."""
    return Member(vm.fleet_vm(rpo_s, bound), start_s, powered_on=basis.kind != COLD, **more)


def members_seeded(vms: Sequence[PlannedVm], rpo_s: float, bound: Bound = "mid") -> tuple[Member, ...]:
    """VMs that are there already and make deltas: set up one after another, evenly over one RPO."""
    from_s = -DAY_S * max(1, -(-WARM_UP_RPOS * rpo_s // DAY_S))
    return tuple(
        Member(vm.fleet_vm(rpo_s, bound, seeded=True), from_s + rpo_s * place / len(vms))
        for place, vm in enumerate(vms)
    )


def job_of(
    basis: Basis, members: Sequence[Member], link: Link, week_s: float | None = None, **more: Any
) -> Job:
    """A job under the basis's rules. `week_s`: when it starts, if not at the basis's start."""
    return Job(
        tuple(members),
        link,
        basis.week_s if week_s is None else week_s,
        settings=basis.settings,
        limits=dict(basis.limits),
        measured_bps=basis.measured_bps,
        **more,
    )


def instant(start: datetime, after_s: float | None) -> datetime | None:
    """When it is, to the second."""
    return None if after_s is None else start + timedelta(seconds=round(after_s))


def deltas_bps(vms: Sequence[PlannedVm], rpo_s: float) -> float:
    """What the deltas of VMs need at this RPO on average, bits a second."""
    return math.fsum(vm.rate.delta(rpo_s).mid_bytes for vm in vms) * 8 / rpo_s
