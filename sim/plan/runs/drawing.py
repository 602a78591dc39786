"""The fleets of a plan for the data plane: what its seed decides.

Rules of this file: the plan's own seed gives the fleet as its tables show it; another seed gives the bursts
that nobody measured another place, and draws anew the rates that were drawn. What was measured stays as it
was. Every VM has streams of its own, named by its label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cxsim.sim.kernel.streams import seed_sequence
from cxsim.sim.plan.basis import Basis, PlannedVm
from cxsim.sim.plan.changes.classes import assumed_shape
from cxsim.sim.plan.changes.model import Bound, ChangeRate
from cxsim.sim.plan.runs.model import Fleet
from cxsim.sim.replication.churn import FLEET_SIGMA
from cxsim.sim.replication.fleet import FleetVm


def staggered(vms: Sequence[FleetVm], seed: int) -> tuple[float, ...]:
    """When replications begin that were set up one after another: anywhere within the first RPO of each."""
    return tuple(
        vm.rpo_s * float(np.random.default_rng(seed_sequence(seed, f"plan/runs/start/{vm.name}")).random())
        for vm in vms
    )


def reseeded(rate: ChangeRate, before: int, seed: int) -> ChangeRate:
    """The same VM with what seed `before` made up of its changes made up anew."""
    if rate.made_up == "no":
        return rate
    mean = rate.mean_bytes_per_s
    if rate.made_up == "rate and bursts":
        drawn = (_drawn(rate.vm, one) for one in (seed, before))
        mean *= math.exp(FLEET_SIGMA * (next(drawn) - next(drawn)))
    return replace(rate, base=assumed_shape(mean, seed, rate.vm))


def _drawn(label: str, seed: int) -> float:
    """What classes.of_default drew."""
    return float(np.random.default_rng(seed_sequence(seed, f"plan/changes/fleet/{label}")).standard_normal())


def drawn_vms(basis: Basis, seed: int) -> tuple[PlannedVm, ...]:
    """The VMs of the plan as this seed has them."""
    planned = basis.planned()
    if seed == basis.seed:
        return planned
    return tuple(replace(one, rate=reseeded(one.rate, basis.seed, seed)) for one in planned)


def drawn_fleet(
    basis: Basis, rpo_s: float, seed: int | None = None, bound: Bound = "mid", seeded: bool = True
) -> Fleet:
    """The VMs of the plan at this RPO. `seeded`: the first copy is there already, and replications begin at
    different moments; without, all begin their initial sync at 0."""
    seed = basis.seed if seed is None else seed
    vms = tuple(one.fleet_vm(rpo_s, bound, seeded) for one in drawn_vms(basis, seed))
    return Fleet(vms, staggered(vms, seed) if seeded else ())
