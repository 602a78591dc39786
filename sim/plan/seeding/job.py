"""Which VMs are seeded and cut over when, over which link, and what came of it.

Rules of this file: plain data that can be sent to another process. Times are seconds after the start of the
plan (before 0: it was there already), volumes bytes, rates bits a second. A job holds all that its outcome
depends on, and its digest is of that content.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cxsim.sim.plan.links import Link
from cxsim.sim.plan.runs.model import told_settings, told_vm
from cxsim.sim.replication.fleet import FleetVm
from cxsim.sim.replication.settings import Settings

DAY_S = 86400.0
REPLICATOR = "replicator"
"""The limit of replications at once that all VMs are under."""
EVERY_HOST = "host"
"""A limit that every source host has which is given none by name."""


@dataclass(frozen=True)
class Member:
    """A VM: its replication starts at `start_s`; at `cutover_s` it is powered off and its final delta is
    sent, together with all VMs of its `unit`."""

    vm: FleetVm
    start_s: float = 0.0
    cutover_s: float | None = None
    unit: str = ""
    powered_on: bool = True


@dataclass(frozen=True)
class Job:
    """Replications over one link. `week_s`: the start of the plan in seconds after Monday 0:00."""

    members: tuple[Member, ...]
    link: Link
    week_s: float
    settings: Settings = field(default_factory=Settings)
    limits: Mapping[str, int] = field(default_factory=dict)
    """Replications at once, by `REPLICATOR`, `EVERY_HOST` or the name of a host."""
    measured_bps: float | None = None
    give_up_s: float = math.inf
    """It ends here, whatever is missing; inf: `reasonable_s`."""
    hold_s: float = 0.0
    """How long it is watched after everything is done."""
    samples: int = 0
    """Least number of looks at what goes on, for charts; 0: none."""
    sync_ahead_s: float = 0.0
    """A sync is asked for so long before a cutover; 0: none."""
    cutovers_at_once: int | None = None
    """VMs whose final deltas are sent at the same time; a unit is never split."""

    @cached_property
    def origin_s(self) -> float:
        """When the run begins: 0, or whole days before it, so that hours of the day stay what they are."""
        first_s = min((member.start_s for member in self.members), default=0.0)
        return min(0.0, math.floor(first_s / DAY_S) * DAY_S)

    @property
    def efficiency(self) -> float:
        """What replication gets of the link's rate."""
        if self.measured_bps is not None:
            return self.measured_bps / self.link.planned_bps
        return self.settings.link_efficiency

    @cached_property
    def seeding_bytes(self) -> float:
        """All first copies, as they travel."""
        given = math.fsum(allocated_bytes(member.vm) for member in self.members)
        return given * (1.0 - self.settings.compression)

    @property
    def alone_s(self) -> float:
        """How long the first copies would take on an unlimited day without anything else."""
        return self.seeding_bytes * 8 / (self.link.planned_bps * self.efficiency)

    @property
    def likely_end_s(self) -> float:
        """About when the run ends: for progress."""
        return min(self.give_up_s, self.alone_s) + self.hold_s

    @property
    def reasonable_s(self) -> float:
        """What takes longer will not end: 20 times the first copies alone, and 60 days."""
        last_s = max((max(m.start_s, m.cutover_s or 0.0) for m in self.members), default=0.0)
        return last_s + 20 * self.alone_s + 60 * DAY_S

    @cached_property
    def digest(self) -> str:
        """Of everything that the outcome depends on, except the code; of the link, not how it is said."""
        tables: dict[int, str] = {}
        link, digest = self.link, hashlib.sha256()
        rates = (link.up_bps, link.down_bps, link.commit_bps, link.other_bps, link.other_share)
        hours = [(float(one.limit_bps), one.from_s, one.until_s, one.days) for one in link.hours]
        times = (self.week_s, self.give_up_s, self.hold_s, self.sync_ahead_s, self.measured_bps)
        counts = (self.samples, self.cutovers_at_once, sorted(self.limits.items()))
        said = ([_number(rate) for rate in rates], hours, [_number(time_s) for time_s in times], counts)
        digest.update(f"{said}\n{told_settings(self.settings)}\n".encode())
        for one in self.members:
            when = (float(one.start_s), _number(one.cutover_s), one.unit, one.powered_on)
            digest.update(f"{told_vm(one.vm, tables)}{when}\n".encode())
        return digest.hexdigest()

    @property
    def weight(self) -> float:
        """About how long it takes, in syncs: for progress."""
        end_s = self.likely_end_s
        return math.fsum(1.0 + max(0.0, end_s - one.start_s) / one.vm.rpo_s for one in self.members) or 1.0

    def host_limits(self) -> dict[str, int]:
        """The limit of every host that has one."""
        hosts = {member.vm.host for member in self.members if member.vm.host}
        every = self.limits.get(EVERY_HOST)
        found = {host: self.limits.get(host, every) for host in sorted(hosts)}
        return {host: most for host, most in found.items() if most is not None}


def _number(value: float | None) -> float | None:
    """The same however it was written: 1 is 1.0."""
    return None if value is None else float(value)


def allocated_bytes(vm: FleetVm) -> float:
    """What the initial sync of a VM ships, before compression."""
    return math.fsum(disk.allocated_bytes for disk in vm.disks if disk.key not in vm.excluded_disks)


@dataclass(frozen=True)
class MemberOutcome:
    """What came of a VM. None: it did not happen."""

    name: str
    seeded_s: float | None
    shipped_bytes: float
    """All complete syncs."""
    off_s: float | None = None
    """When it was powered off for its cutover."""
    final_s: float | None = None
    """When its final delta had arrived."""
    held: float | None = None
    """Share of the time after all was done that it was in RPO."""
    copy_bytes: float | None = None
    """What the initial sync shipped, blocks that changed meanwhile included; with samples only."""
    limited_s: Mapping[str, float] = field(default_factory=dict)
    """What its initial sync spent its time on (watching.py); with samples only."""

    @property
    def limited_by(self) -> str | None:
        """What most of that was spent on."""
        return max(self.limited_s, key=lambda name: self.limited_s[name]) if self.limited_s else None


@dataclass(frozen=True)
class Course:
    """What went on, at several instants; rates are means since the one before."""

    at_s: tuple[float, ...]
    left_bytes: tuple[float, ...]
    """Of all first copies."""
    seeded: tuple[int, ...]
    seeding_bps: tuple[float, ...]
    delta_bps: tuple[float, ...]
    usable_bps: tuple[float, ...]
    """What replication could have had."""


@dataclass(frozen=True)
class Outcome:
    """What came of a job, members in its order."""

    members: tuple[MemberOutcome, ...]
    end_s: float
    """When the run ended."""
    course: Course | None = None

    @property
    def seeded_s(self) -> float | None:
        """When the last initial sync was complete; None when one was not."""
        times = [member.seeded_s for member in self.members]
        return None if None in times else max((t for t in times if t is not None), default=0.0)

    @property
    def limited_s(self) -> dict[str, float]:
        """VM seconds of the initial syncs by what limited them, the most first."""
        found: dict[str, float] = {}
        for member in self.members:
            for name, spent_s in member.limited_s.items():
                found[name] = found.get(name, 0.0) + spent_s
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def least_held(self) -> tuple[float, str] | None:
        """The VM that was least in RPO after everything was done, and how much."""
        held = [(member.held, member.name) for member in self.members if member.held is not None]
        return min(held, default=None)
