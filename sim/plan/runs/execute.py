"""One run, from its description to its figures: what a worker does.

Rules of this file: a function of the run alone - no clock, no file, no randomness - so that where and how
often it is called changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from cxsim.sim.plan.runs.model import FleetFigures, Run, RunResult, VmFigures
from cxsim.sim.plan.runs.sampling import Sampler
from cxsim.sim.replication.accounting import VmRpo, fleet_of
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.fleet import FleetVm, begin
from cxsim.sim.replication.workload import VmWorkload

PER_VM_AGES_UP_TO = 20_000
"""Larger fleets keep percentiles of the data age for the fleet only."""
Seen = Callable[[float], object]


def execute(run: Run, seen: Seen | None = None) -> RunResult:
    """Simulate. `seen`: called with the time reached at least every 0.2 s; may raise to give up. Raises
    ValueError, KeyError for what cannot be simulated."""
    engine = Engine(
        run.settings,
        notify=False,
        per_vm_ages=len(run.fleet.vms) <= PER_VM_AGES_UP_TO,
        keep_violations=0,
    )
    for group, most in run.limits:
        engine.set_limit(group, most)
    link = engine.add_link(run.link_bps, measured_bps=run.measured_bps)
    for given in run.fleet.vms:
        engine.add_vm(VmWorkload(given.name, given.disks))
    sampler = Sampler(engine, run, _order(run)) if run.sample_s else None
    for at_s, kind, which in _agenda(run, sampler):
        if kind == _START:
            given = run.fleet.vms[which]
            begin(engine, which, given, link, at_s, given.host, run.replicator)
        elif kind == _CAPACITY:
            engine.set_capacity(link, run.capacity_changes[which][1], at_s)
        elif sampler is not None:
            engine.advance(at_s, seen)
            sampler.note(at_s)
    engine.advance(run.duration_s, seen)
    found = tuple(engine.rpo(i, run.duration_s) for i in range(engine.replications))
    shipped = [engine.shipped_bytes(i) for i in range(engine.replications)]
    figures = dict(zip(_order(run), map(_vm_figures, found, shipped), strict=False))
    return RunResult(
        _fleet_figures(engine, found, math.fsum(shipped), run.duration_s),
        tuple(figures.get(n) or _not_begun(vm) for n, vm in enumerate(run.fleet.vms)),
        sampler.series() if sampler else None,
    )


_CAPACITY, _START, _SAMPLE = range(3)


def _order(run: Run) -> list[int]:
    """The VMs that begin in the run, in the order in which they do."""
    starts_s = run.fleet.starts_s or (0.0,) * len(run.fleet.vms)
    begun = [n for n, start_s in enumerate(starts_s) if start_s < run.duration_s]
    return sorted(begun, key=lambda n: starts_s[n])


def _agenda(run: Run, sampler: Sampler | None) -> list[tuple[float, int, int]]:
    """What is done to the engine, in order of time; what is noted comes after what changes."""
    starts_s = run.fleet.starts_s
    agenda = [(starts_s[n] if starts_s else 0.0, _START, n) for n in _order(run)]
    changes = enumerate(run.capacity_changes)
    agenda += [(at_s, _CAPACITY, n) for n, (at_s, _) in changes if at_s < run.duration_s]
    agenda += [(at_s, _SAMPLE, 0) for at_s in (sampler.stops_s if sampler else ())]
    return sorted(agenda, key=lambda what: what[:2])


def _not_begun(vm: FleetVm) -> VmFigures:
    return VmFigures(vm.name, vm.rpo_s, None, 0.0, None, 0, 0.0, 0.0, None, None, None, 0, 0, 0.0)


def _vm_figures(vm: VmRpo, shipped_bytes: float) -> VmFigures:
    return VmFigures(
        name=vm.name,
        rpo_s=vm.rpo_s,
        synced_s=vm.rpo_from_s,
        observed_s=vm.observed_s,
        time_in_rpo=vm.time_in_rpo,
        violations=vm.violation_count,
        violated_s=vm.violated_s,
        peak_age_s=vm.peak_age_s,
        age_p50_s=vm.ages.p50 if vm.ages else None,
        age_p95_s=vm.ages.p95 if vm.ages else None,
        age_p99_s=vm.ages.p99 if vm.ages else None,
        syncs=vm.syncs,
        late_syncs=vm.late_syncs,
        shipped_bytes=shipped_bytes,
        causes=vm.causes,
    )


def _fleet_figures(
    engine: Engine, found: tuple[VmRpo, ...], shipped_bytes: float, at_s: float
) -> FleetFigures:
    whole = fleet_of(found, engine.fleet_ages(at_s))
    return FleetFigures(
        vms=whole.vms,
        time_in_rpo=whole.time_in_rpo,
        violations=whole.violations,
        violated_s=math.fsum(vm.violated_s for vm in found),
        peak_age_s=whole.peak_age_s,
        age_p50=whole.ages.p50 if whole.ages else None,
        age_p95=whole.ages.p95 if whole.ages else None,
        age_p99=whole.ages.p99 if whole.ages else None,
        syncs=whole.syncs,
        late_syncs=whole.late_syncs,
        shipped_bytes=shipped_bytes,
        causes=whole.causes,
    )
