"""A run of the data plane and its figures, as values: they go to other processes, and into files.

Rules of this file: a `Run` says everything that its figures depend on, and its digest is of that content:
equal runs have equal digests in every process, other runs others. Figures are plain numbers; instants are
seconds since the start of the run. Nothing is simulated here (execute.py).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from cxsim.sim.replication.fleet import FleetVm
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Disk


@dataclass(frozen=True)
class Fleet:
    """The VMs of a run. `starts_s`: when the replication of each begins; empty: all at 0. One fleet may be
    in many runs. Raises ValueError for starts that are not one a VM, or before 0."""

    vms: tuple[FleetVm, ...]
    starts_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.starts_s and len(self.starts_s) != len(self.vms):
            raise ValueError(f"{len(self.starts_s)} starts of {len(self.vms)} VMs")
        if any(not 0 <= start_s < math.inf for start_s in self.starts_s):
            raise ValueError("a start before 0, or none")

    @cached_property
    def digest(self) -> str:
        """Of the content, tables included."""
        tables: dict[int, str] = {}
        digest = hashlib.sha256()
        starts_s = self.starts_s or (0.0,) * len(self.vms)
        for vm, start_s in zip(self.vms, starts_s, strict=True):
            digest.update(f"{told_vm(vm, tables)}{float(start_s)!r}\n".encode())
        return digest.hexdigest()


def told_vm(vm: FleetVm, tables: dict[int, str]) -> str:
    """All that a VM's figures depend on, for a digest; `tables`: digests by identity, of arrays that outlive
    the dictionary."""
    said = (vm.name, float(vm.rpo_s), float(vm.cap_bps), vm.host, vm.has_seed, vm.excluded_disks)
    return f"{said}{[_told(disk, tables) for disk in vm.disks]}"


def told_settings(settings: Settings) -> str:
    """The same of the data plane's constants."""
    return "\n".join(f"{f.name}={getattr(settings, f.name)!r}" for f in fields(settings))


def _told(disk: Disk, tables: dict[int, str]) -> tuple[object, ...]:
    """A disk with all that it writes."""
    parts = []
    for part in disk.workload.parts():
        table = ""
        if part.table is not None:
            if id(part.table) not in tables:
                tables[id(part.table)] = hashlib.sha256(part.table.tobytes()).hexdigest()
            table = tables[id(part.table)]
        numbers = (part.scale, part.working_set_bytes, part.window_s, part.offset_s)
        parts.append((part.kind, *map(float, numbers), table))
    sizes = (float(disk.size_bytes), float(disk.allocated_bytes), float(disk.quiesce_bytes))
    return (disk.key, sizes, disk.thick, disk.replicated, parts)


@dataclass(frozen=True)
class Run:
    """One simulation: a fleet over one link from 0 to `duration_s`.

    `capacity_changes`: (seconds, bit/s) in order; `limits`: replications at once by host or replicator;
    `measured_bps`: what a link of `link_bps` was seen to carry, in place of the efficiency; `sample_s`: every
    so often the ages and the link are noted (0: never); `daily`: also what each VM had on each day (needs
    `sample_s`, a whole part of a day). Raises ValueError."""

    fleet: Fleet
    link_bps: float
    duration_s: float
    settings: Settings = field(default_factory=Settings)
    capacity_changes: tuple[tuple[float, float], ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    replicator: str | None = None
    measured_bps: float | None = None
    sample_s: float = 0.0
    daily: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.duration_s < math.inf:
            raise ValueError(f"duration_s = {self.duration_s!r}: must be above 0")
        if not 0 <= self.sample_s < math.inf or (self.daily and not self.sample_s):
            raise ValueError(f"sample_s = {self.sample_s!r}, daily = {self.daily!r}")
        if self.daily and 86400 % self.sample_s:
            raise ValueError(f"sample_s = {self.sample_s!r}: must be a whole part of a day")

    @cached_property
    def digest(self) -> str:
        """Of everything that the figures depend on, except the code (kept.code_digest)."""
        told = [
            self.fleet.digest,
            told_settings(self.settings),
            repr((float(self.link_bps), float(self.duration_s), self.limits, self.replicator)),
            repr([(float(at_s), float(bps)) for at_s, bps in self.capacity_changes]),
            repr((self.measured_bps, float(self.sample_s), self.daily)),
        ]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    @property
    def weight(self) -> float:
        """About how long it takes, in syncs: for progress."""
        return sum(self.duration_s / vm.rpo_s for vm in self.fleet.vms) or 1.0


@dataclass(frozen=True, slots=True)
class VmFigures:
    """What a VM had. `synced_s`: the end of its initial sync, from which its RPO clock runs; None: it was
    still running, and nothing after it is known."""

    name: str
    rpo_s: float
    synced_s: float | None
    observed_s: float
    time_in_rpo: float | None
    violations: int
    violated_s: float
    peak_age_s: float
    age_p50_s: float | None
    age_p95_s: float | None
    age_p99_s: float | None
    syncs: int
    late_syncs: int
    shipped_bytes: float
    """Of complete syncs, the initial one included."""
    causes: tuple[tuple[str, float], ...] = ()
    """What the violated seconds were spent on, the most first (sim/replication/accounting.CAUSES)."""

    @property
    def bottleneck(self) -> str | None:
        """What most of them were spent on."""
        return self.causes[0][0] if self.causes else None


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """What all VMs had together. Ages in RPOs, every VM's time counted alike."""

    vms: int
    """VMs whose clock had started."""
    time_in_rpo: float | None
    violations: int
    violated_s: float
    peak_age_s: float
    age_p50: float | None
    age_p95: float | None
    age_p99: float | None
    syncs: int
    late_syncs: int
    shipped_bytes: float
    causes: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """What was noted every `every_s`, of the interval that ends at `at_s`. `worst_age_s`, `p95_age_s` and
    `median_age_s` are of the peaks in it of the VMs whose clock runs; None: of none yet."""

    every_s: float
    at_s: tuple[float, ...]
    worst_age_s: tuple[float | None, ...]
    p95_age_s: tuple[float | None, ...]
    median_age_s: tuple[float | None, ...]
    in_rpo: tuple[float | None, ...]
    """Share of the VMs' time."""
    violations: tuple[int, ...]
    """Begun in the interval."""
    carried_bps: tuple[float, ...]
    """What replication shipped, on average."""
    usable_bps: tuple[float, ...]
    """What replication could have."""
    day_violations: tuple[tuple[int, ...], ...] = ()
    """By VM and day, if asked for."""
    day_peak_age_s: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """The figures of a run; VMs in the fleet's order."""

    fleet: FleetFigures
    vms: tuple[VmFigures, ...]
    series: Series | None = None

    @property
    def worst(self) -> VmFigures | None:
        """The VM that was in its RPO least of the time; the first of them."""
        known = [vm for vm in self.vms if vm.time_in_rpo is not None]
        return min(known, key=lambda vm: vm.time_in_rpo or 0.0, default=None)

    def by_name(self) -> Mapping[str, VmFigures]:
        """VMs by name."""
        return {vm.name: vm for vm in self.vms}


def to_plain(result: RunResult) -> dict[str, Any]:
    """For a file: columns of VMs, plain lists."""
    names = [f.name for f in fields(VmFigures)]
    return {
        "fleet": {f.name: getattr(result.fleet, f.name) for f in fields(FleetFigures)},
        "vms": {name: [getattr(vm, name) for vm in result.vms] for name in names},
        "series": None
        if result.series is None
        else {f.name: getattr(result.series, f.name) for f in fields(Series)},
    }


def from_plain(plain: Mapping[str, Any]) -> RunResult:
    """What `to_plain` gave. Raises KeyError, TypeError, ValueError for anything else."""
    fleet = {**plain["fleet"], "causes": _pairs(plain["fleet"]["causes"])}
    columns = dict(plain["vms"])
    columns["causes"] = [_pairs(one) for one in columns["causes"]]
    names = [f.name for f in fields(VmFigures)]
    vms = tuple(VmFigures(*row) for row in zip(*(columns[name] for name in names), strict=True))
    series = None
    if plain["series"] is not None:
        given = plain["series"]
        series = Series(**{name: _frozen(value) for name, value in given.items()})
    return RunResult(FleetFigures(**fleet), vms, series)


def _pairs(given: Any) -> tuple[tuple[str, float], ...]:
    return tuple((str(name), float(spent)) for name, spent in given)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
