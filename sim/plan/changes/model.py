"""How much a VM changes, how well that is known, and the delta it makes at an RPO.

Rules of this file: a source says how many distinct bytes change in windows of one length (`window_s`); for
another interval the count of distinct bytes D(t) is known only within bounds, because D is non-decreasing
and sub-additive (docs/reference/inventory.md 2.1, rules 1 and 2): over shorter intervals the windows' bytes
spread out evenly are the least, over longer ones their sum is the most. Between, D(t) is taken to grow as t
to the power of `GROWTH`. Everything ends as one linear table (sim/replication/churn.Tabled), scaled for the
RPO.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Literal

from cxsim.sim.plan.inventory.model import InventoryVm, Problem
from cxsim.sim.plan.sizes import sized_disks
from cxsim.sim.replication.churn import Tabled
from cxsim.sim.replication.workload import Disk

Bound = Literal["low", "mid", "high"]

GROWTH = 0.85
"""The exponent of D(t) between the window of a source and the RPO, assumed. The public block trace of two
hours (libCacheSim, data/cloudPhysicsIO.vscsi) has 0.99 from 15 to 30 minutes and 0.79 from 30 to 60."""
LEAST_GROWTH = 0.70
"""The exponent at the far bound, assumed: at 15 minutes a daily figure gives 3.9 times its even share."""


class Grade(StrEnum):
    """How well a change rate is known."""

    MEASURED = "measured"
    DERIVED = "derived"
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Delta:
    """Mean bytes that a VM changes in one RPO interval, with bounds."""

    low_bytes: float
    mid_bytes: float
    high_bytes: float


@dataclass(frozen=True, eq=False)
class ChangeRate:
    """What a VM changes. `base`: distinct bytes in windows of `window_s`, as a source has them or as they
    were made up; `statement`: how it becomes a delta, in a sentence; `source`: the file or table."""

    vm: str
    grade: Grade
    base: Tabled
    window_s: float
    statement: str
    source: str
    low: float = 1.0
    high: float = 1.0
    """Factors on the rate itself at the bounds: how well the source knows it at its own window."""
    growth: float = GROWTH
    """Exponent of D(t) away from the window; 1 takes the windows as they are."""
    made_up: Literal["no", "bursts", "rate and bursts"] = "no"
    """What of it another seed may make up otherwise: when it bursts, and how much it changes at all."""
    most: float = float("inf")
    """The most that a shorter interval can raise the rate: all writes to different blocks."""

    def factor(self, rpo_s: float, bound: Bound = "mid") -> float:
        """What the rate is multiplied by for this RPO. Raises ValueError for an RPO of 0 or less."""
        if not rpo_s > 0:
            raise ValueError(f"rpo_s = {rpo_s!r}: must be above 0")
        ratio = self.window_s / rpo_s
        far, near = 1.0 - LEAST_GROWTH, 0.0
        if ratio < 1:
            far, near = near, far
        exponent = {"low": near, "mid": 1.0 - self.growth, "high": far}[bound]
        own = {"low": self.low, "mid": 1.0, "high": self.high}[bound]
        raised = ratio**exponent
        return float(own * raised if bound == "low" else min(own * raised, max(own, self.most)))

    def workload(self, rpo_s: float, bound: Bound = "mid") -> Tabled:
        """For the data plane, at this RPO."""
        return scaled(self.base, self.factor(rpo_s, bound))

    @property
    def mean_bytes_per_s(self) -> float:
        """Of the windows, whatever the RPO."""
        return (
            self.base.scale * float(self.base.table[-1]) / ((len(self.base.table) - 1) * self.base.window_s)
        )

    def delta(self, rpo_s: float, capacity_bytes: float = float("inf")) -> Delta:
        """The mean delta at this RPO, at most the VM's disks."""
        even = self.mean_bytes_per_s * rpo_s
        bounds: tuple[Bound, ...] = ("low", "mid", "high")
        low, mid, high = (min(capacity_bytes, even * self.factor(rpo_s, bound)) for bound in bounds)
        return Delta(low, mid, high)

    def stated(self, rpo_s: float) -> str:
        """The delta at this RPO in words, with its bounds and where it is from."""
        delta = self.delta(rpo_s)
        bounds = f"{_shown(delta.low_bytes)} to {_shown(delta.high_bytes)}"
        sure = "" if delta.low_bytes == delta.high_bytes else f" ({bounds})"
        return f"{self.grade}: {_shown(delta.mid_bytes)}{sure} in {rpo_s / 60:g} min. {self.statement}."

    def times(self, factor: float) -> ChangeRate:
        """The same VM changing `factor` times as much: for sensitivities."""
        return replace(self, base=scaled(self.base, factor))


def _shown(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:,.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:,.1f} MB"


def scaled(workload: Tabled, factor: float) -> Tabled:
    """`factor` times the bytes in every window."""
    if factor == 1.0:
        return workload
    return replace(workload, scale=workload.scale * factor, set_bytes=workload.set_bytes * factor)


def disk_of(vm: InventoryVm, workload: Tabled, excluded: Collection[int] = ()) -> Disk:
    """The VM's disks as one for the data plane: a delta is their sum, and sources know VMs, not disks (so
    what is written to an excluded disk stays in the rate). Raises as `sizes.sized_disks`."""
    disks = sized_disks(vm, excluded)
    capacity_bytes = sum(disk.capacity_bytes for disk in disks)
    return Disk(2000, capacity_bytes, sum(disk.allocated_bytes for disk in disks), workload)


@dataclass(frozen=True)
class Changes:
    """The change rate of every VM asked for, in their order, and what was wrong with the sources."""

    rates: tuple[ChangeRate, ...]
    problems: tuple[Problem, ...] = ()

    @cached_property
    def _by_vm(self) -> dict[str, ChangeRate]:
        return {rate.vm: rate for rate in self.rates}

    def of(self, label: str) -> ChangeRate:
        """Raises KeyError."""
        return self._by_vm[label]

    def grades(self) -> dict[Grade, int]:
        """How many VMs have each grade."""
        return {grade: sum(rate.grade is grade for rate in self.rates) for grade in Grade}

    def with_assumed_times(self, factor: float) -> Changes:
        """With every assumed rate multiplied: the headline sensitivity."""
        rates = (rate.times(factor) if rate.grade is Grade.ASSUMED else rate for rate in self.rates)
        return replace(self, rates=tuple(rates))

    def measure_first(self, rpo_s: float, most: int = 5) -> tuple[ChangeRate, ...]:
        """The VMs, not measured yet, whose bounds at this RPO lie widest apart in bytes: measuring them
        narrows the fleet's delta most."""

        def width(rate: ChangeRate) -> float:
            delta = rate.delta(rpo_s)
            return delta.high_bytes - delta.low_bytes

        open_rates = [rate for rate in self.rates if rate.grade is not Grade.MEASURED and width(rate) > 0]
        return tuple(sorted(open_rates, key=lambda rate: (-width(rate), rate.vm))[:most])
