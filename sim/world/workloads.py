"""A scenario's VMs as the data plane's workloads, and its replication settings as the data plane's.

Rules of this file: translation only. Disk keys are vCenter's: 2000 for the first disk of a VM. A VM's running
time starts with the scenario, so that is where its week begins.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from cxsim.sim.replication import workload as plane
from cxsim.sim.replication.churn import Tabled, bursty, weekly
from cxsim.sim.replication.plane import LineFacts
from cxsim.sim.replication.settings import Settings
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.lines import WEEK_S
from cxsim.sim.scenario.model import Model
from cxsim.sim.scenario.sites import Wan
from cxsim.sim.scenario.vms import Disk, Vm
from cxsim.sim.scenario.writes import (
    BurstyRate,
    ConstantRate,
    PeriodicRewrite,
    Trace,
    WeeklyRate,
    WorkingSet,
    Writers,
)

FIRST_DISK_KEY = 2000
MONDAY_S = 4 * 86400.0
"""1970-01-05, seconds since the epoch: a Monday, 0:00 UTC."""


def week_s(epoch_s: float, utc_offset_s: float) -> float:
    """Seconds since Monday 0:00 by a clock that is so far ahead of UTC."""
    return (epoch_s + utc_offset_s - MONDAY_S) % WEEK_S


def workloads_of(environment: Environment, seed: int) -> dict[str, plane.VmWorkload]:
    """What every VM writes, by name."""
    return {vm.name: _workload(vm, environment, seed) for vm in environment.vms.values()}


def _workload(vm: Vm, environment: Environment, seed: int) -> plane.VmWorkload:
    site = environment.sites[environment.hosts[vm.esxi].site]
    starts_s = week_s(environment.start_s, site.utc_offset_s)
    disks = []
    for index, disk in enumerate(vm.disks):
        writes = _writes(disk.workload, f"{vm.name}/{index}", seed, starts_s)
        disks.append(_disk(FIRST_DISK_KEY + index, disk, writes))
    return plane.VmWorkload(vm.name, tuple(disks), vm.power == "on", vm.seed)


def _disk(key: int, disk: Disk, writes: plane.Workload) -> plane.Disk:
    return plane.Disk(
        key,
        disk.size_bytes,
        disk.allocated_bytes,
        writes,
        quiesce_bytes=disk.quiesce_bytes,
        thick=disk.provisioning == "thick",
        replicated=disk.replicated,
    )


def _writes(written: Model, path: str, seed: int, starts_s: float) -> plane.Workload:
    if isinstance(written, Writers):
        each = (_writes(one, f"{path}/{n}", seed, starts_s) for n, one in enumerate(written.writers))
        return plane.Several(tuple(each))
    if isinstance(written, Trace):
        return written.table
    if isinstance(written, PeriodicRewrite):
        return plane.PeriodicRewrite(written.block_bytes, written.every_s, written.offset_s)
    if isinstance(written, WorkingSet):
        return plane.WorkingSet(written.rate_bytes_per_s, written.working_set_bytes)
    if isinstance(written, WeeklyRate):
        shaped = weekly(written.rate_bytes_per_s, written.hours, written.days, starts_s)
        return _within(shaped, written.working_set_bytes)
    if isinstance(written, BurstyRate):
        given = written.bursts
        drawn = int.from_bytes(hashlib.sha256(f"{seed}/{path}".encode()).digest()[:4], "big")
        made = bursty(written.rate_bytes_per_s, drawn, given.sigma, given.persistence, given.window_s)
        return _within(made, written.working_set_bytes)
    assert isinstance(written, ConstantRate)
    return plane.Constant(written.rate_bytes_per_s)


def _within(made: Tabled, working_set_bytes: int | None) -> Tabled:
    return made if working_set_bytes is None else replace(made, set_bytes=float(working_set_bytes))


def settings_of(environment: Environment) -> Settings:
    """The data plane's settings: its defaults, and what the environment says."""
    given = environment.replication
    said = {
        "schedule": given.schedule,
        "fixed_interval_s": given.interval_s,
        "expected_of_last": given.expected_of_last,
        "expected_margin": given.margin,
        "even_out_up_to": given.even_out_up_to,
        "compression": given.compression,
        "link_efficiency": given.link_efficiency,
        "source_read_bps": given.source_read_bps,
        "window_bytes": given.window_bytes,
        "seed_difference": given.seed_difference,
        "allocation_known": given.allocation_known,
        "interrupted_delta": given.interrupted_delta,
    }
    figures = {name: value for name, value in said.items() if value is not None}
    return replace(Settings(), **figures)  # type: ignore[arg-type]


def lines_of(environment: Environment) -> dict[str, LineFacts]:
    """What the data plane has to know of each direction of each line, by the network's id of it."""
    return {
        f"{site.wan.name}:{direction}": _facts(site.wan, direction)
        for site in environment.sites.values()
        for direction in ("up", "down")
    }


def _facts(wan: Wan, direction: str) -> LineFacts:
    carries_bps, measured_bps, burst_bps = wan.of_direction(direction)
    efficiency = wan.efficiency if measured_bps is None else measured_bps / carries_bps
    if burst_bps is None or wan.burst is None:
        return LineFacts(efficiency)
    return LineFacts(efficiency, burst_bps, (burst_bps - carries_bps) * wan.burst.lasts_s / 8)
