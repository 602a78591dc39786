"""A fleet over one link, without the rest of the simulator: what a capacity planner asks.

Rules of this file: typed input and output around Engine; no figures of its own. Rates in names: `_bps` bits
a second, `_bytes_per_s` bytes a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cxsim.sim.replication.accounting import FleetRpo, RpoReport, VmRpo, fleet_of
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import Route
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Disk, VmWorkload

KEPT_VIOLATIONS = 10_000


@dataclass(frozen=True)
class FleetVm:
    """A VM to protect. `cap_bps`: the most its transfers may carry (its window over the round trip, its
    host); `host`: whose limit of replications at once it is under."""

    name: str
    disks: tuple[Disk, ...]
    rpo_s: float
    cap_bps: float = math.inf
    host: str | None = None
    has_seed: bool = False
    excluded_disks: tuple[int, ...] = ()
    """Keys of disks that are not replicated."""


@dataclass(frozen=True)
class FleetResult:
    """Who kept the RPO. Instants are seconds since the start."""

    report: RpoReport
    shipped_bytes: tuple[float, ...]
    """By VM, all complete syncs."""
    violations_kept: int
    """Violations that have times; all are counted."""

    @property
    def fleet(self) -> FleetRpo:
        """All VMs together."""
        return self.report.fleet

    @property
    def vms(self) -> tuple[VmRpo, ...]:
        """In the order given."""
        return self.report.vms

    def rows(self) -> list[dict[str, Any]]:
        """A row a VM, plain values; units are in the names."""
        return [
            {
                "vm": vm.name,
                "rpo_s": vm.rpo_s,
                "time_in_rpo": vm.time_in_rpo,
                "violations": vm.violation_count,
                "violated_s": vm.violated_s,
                "bottleneck": vm.causes[0][0] if vm.causes else None,
                "peak_age_s": vm.peak_age_s,
                "age_p50_s": vm.ages.p50 if vm.ages else None,
                "age_p95_s": vm.ages.p95 if vm.ages else None,
                "age_p99_s": vm.ages.p99 if vm.ages else None,
                "syncs": vm.syncs,
                "late_syncs": vm.late_syncs,
                "shipped_bytes": shipped,
            }
            for vm, shipped in zip(self.vms, self.shipped_bytes, strict=True)
        ]

    def to_frame(self) -> Any:
        """`rows` as a pandas.DataFrame. Raises ImportError where pandas is not installed."""
        try:
            import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]
        except ImportError:
            raise ImportError("to_frame needs pandas (pip install pandas); rows() does not") from None
        return pandas.DataFrame(self.rows())


def begin(
    engine: Engine, vm: int, given: FleetVm, link: int, at_s: float, host: str | None, replicator: str | None
) -> int:
    """Start the replication of a VM of the engine over a link, under the limits of `host` and `replicator`;
    its id. Raises KeyError for an excluded disk that the VM does not have."""
    unknown = set(given.excluded_disks) - {disk.key for disk in given.disks}
    if unknown:
        raise KeyError(f"{given.name} has no disk {min(unknown)}")
    keys = [disk.key for disk in given.disks if disk.key not in given.excluded_disks]
    i = engine.start(vm, given.rpo_s, keys, given.has_seed, at_s, host, replicator)
    engine.set_path(i, Route((link,), given.cap_bps), at_s)
    return i


def simulate(
    vms: Sequence[FleetVm],
    link_bps: float,
    duration_s: float,
    settings: Settings | None = None,
    capacity_changes: Sequence[tuple[float, float]] = (),
    limits: dict[str, int] | None = None,
    replicator: str | None = None,
    measured_bps: float | None = None,
    seen: Callable[[float], object] | None = None,
) -> FleetResult:
    """Replicate VMs over one link from 0 to `duration_s`, initial syncs included. `capacity_changes`: (time,
    bit/s) in order; `limits`: replications at once by host or replicator; `measured_bps` replaces the link
    efficiency; `seen`: called with the time reached at least every 0.2 s. Raises ValueError, KeyError."""
    engine = Engine(settings, notify=False, per_vm_ages=len(vms) <= 20_000, keep_violations=KEPT_VIOLATIONS)
    for group, most in (limits or {}).items():
        engine.set_limit(group, most)
    link = engine.add_link(link_bps, measured_bps=measured_bps)
    for given in vms:
        vm = engine.add_vm(VmWorkload(given.name, given.disks))
        begin(engine, vm, given, link, 0.0, given.host, replicator)
    for at_s, capacity_bps in capacity_changes:
        if at_s <= duration_s:
            engine.set_capacity(link, capacity_bps, at_s)
    engine.advance(duration_s, seen)
    found = tuple(engine.rpo(i, duration_s) for i in range(engine.replications))
    report = RpoReport(
        at_s=duration_s,
        late_tolerance_s=engine.settings.late_tolerance_s,
        vms=found,
        fleet=fleet_of(found, engine.fleet_ages(duration_s)),
        inferred=engine.settings.inferred(),
    )
    return FleetResult(
        report,
        tuple(engine.shipped_bytes(i) for i in range(engine.replications)),
        sum(len(vm.violations) for vm in found),
    )
