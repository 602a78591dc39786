"""Fleets and plans for tests of runs and questions."""

from __future__ import annotations

from datetime import datetime

from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes import Sources, grade_rates
from cxsim.sim.plan.inventory import synthetic
from cxsim.sim.plan.readiness import assess
from cxsim.sim.plan.runs import Fleet, Run
from cxsim.sim.replication.churn import bursty
from cxsim.sim.replication.fleet import FleetVm
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Disk

DAY_S = 86400.0
MONDAY = datetime(2017, 11, 6)


def fleet(count: int = 6, rate: float = 2e5, rpo_s: float = 900.0) -> Fleet:
    """VMs that burst, each for itself, with their first copy there."""
    vms = tuple(
        FleetVm(f"vm{n}", (Disk(2000, 1e12, 0.0, bursty(rate * (n + 1), n)),), rpo_s) for n in range(count)
    )
    return Fleet(vms, tuple(50.0 * n for n in range(count)))


def some_run(link_bps: float = 50e6, days: float = 1.0, **more: object) -> Run:
    """A run of `fleet`."""
    return Run(fleet(), link_bps, days * DAY_S, **more)  # type: ignore[arg-type]


def basis(count: int = 12, seed: int = 3, **more: object) -> Basis:
    """A plan of a drawn inventory, all rates assumed."""
    inventory = synthetic(count, seed)
    return Basis(
        inventory,
        assess(inventory, "warm"),
        grade_rates(inventory.vms, Sources(), seed),
        "warm",
        Settings(),
        seed,
        MONDAY,
        **more,  # type: ignore[arg-type]
    )
