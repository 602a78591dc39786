"""What a VM writes: how many distinct bytes of a disk change between two instants.

Rules of this file: a workload is a function of the VM's running time (seconds it has been on), so a VM
that is off writes nothing and nothing else has to know. Windows are half-open, (since, until]: windows
that meet count every write once. A block is shipped once per instance however often it was written
(cx.md 6.2), so `dirty_bytes` is sublinear in the window. Rates are bytes per second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cxsim.sim.replication.kernel_volume import LINEAR, REWRITE

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """What the compiled engine has to know of one writer (kernel_volume.py): kind, bytes a second or scale
    of the table, most distinct bytes, cumulative table, seconds of a window, offset."""

    kind: int
    scale: float
    working_set_bytes: float = math.inf
    table: Floats | None = None
    window_s: float = 1.0
    offset_s: float = 0.0


class Workload(Protocol):
    """The writes to one disk."""

    def parts(self) -> tuple[Part, ...]:
        """The same for the compiled engine."""

    def dirty_bytes(self, since_s: float, until_s: float) -> float:
        """Distinct bytes changed in (since, until] of the VM's running time."""

    def written_bytes(self, until_s: float) -> float:
        """All bytes written in (0, until], rewrites counted every time."""


@dataclass(frozen=True)
class Constant:
    """A constant rate of writes, each to a block not written before in the window."""

    bytes_per_s: float

    def __post_init__(self) -> None:
        _refuse_negative(self)

    def dirty_bytes(self, since_s: float, until_s: float) -> float:
        return self.bytes_per_s * max(0.0, until_s - since_s)

    def written_bytes(self, until_s: float) -> float:
        return self.bytes_per_s * max(0.0, until_s)

    def parts(self) -> tuple[Part, ...]:
        return (Part(LINEAR, self.bytes_per_s),)


@dataclass(frozen=True)
class WorkingSet:
    """Writes at a constant rate to blocks drawn at random from a working set of `set_bytes`: the expected
    number of distinct bytes after t is W (1 - exp(-rate t / W)) (the coupon collector's mean for blocks
    that are small beside W)."""

    bytes_per_s: float
    set_bytes: float

    def __post_init__(self) -> None:
        _refuse_negative(self)

    def dirty_bytes(self, since_s: float, until_s: float) -> float:
        if self.set_bytes == 0:
            return 0.0
        return -self.set_bytes * math.expm1(-self.bytes_per_s * max(0.0, until_s - since_s) / self.set_bytes)

    def written_bytes(self, until_s: float) -> float:
        return self.bytes_per_s * max(0.0, until_s)

    def parts(self) -> tuple[Part, ...]:
        return (Part(LINEAR, self.bytes_per_s, self.set_bytes),)


@dataclass(frozen=True)
class PeriodicRewrite:
    """The same `block_bytes` rewritten at offset_s, offset_s + period_s, ... of the VM's running time. The
    published case: 1 MB rewritten hourly ships 24 MB a day at RPO 1 h and 1 MB at RPO 24 h."""

    block_bytes: float
    period_s: float
    offset_s: float = 0.0

    def __post_init__(self) -> None:
        _refuse_negative(self)
        if not 0 < self.period_s < math.inf:
            raise ValueError(f"period_s = {self.period_s!r}: a rewrite needs a period above 0")

    def _rewrites(self, until_s: float) -> int:
        """How many happened in (-inf, until]."""
        return max(0, math.floor((until_s - self.offset_s) / self.period_s) + 1)

    def dirty_bytes(self, since_s: float, until_s: float) -> float:
        return self.block_bytes if self._rewrites(until_s) > self._rewrites(since_s) else 0.0

    def written_bytes(self, until_s: float) -> float:
        return self.block_bytes * (self._rewrites(until_s) - self._rewrites(0.0))

    def parts(self) -> tuple[Part, ...]:
        return (Part(REWRITE, 1.0, self.block_bytes, None, self.period_s, self.offset_s),)


@dataclass(frozen=True)
class Several:
    """Independent writers to different parts of one disk."""

    writers: tuple[Workload, ...]

    def dirty_bytes(self, since_s: float, until_s: float) -> float:
        return math.fsum(writer.dirty_bytes(since_s, until_s) for writer in self.writers)

    def written_bytes(self, until_s: float) -> float:
        return math.fsum(writer.written_bytes(until_s) for writer in self.writers)

    def parts(self) -> tuple[Part, ...]:
        return tuple(part for writer in self.writers for part in writer.parts())


def _refuse_negative(workload: object) -> None:
    for name, value in vars(workload).items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} = {value!r}: must be a number of 0 or more")


@dataclass(frozen=True)
class Disk:
    """A virtual disk of the source VM. `key`: the vSphere device key (2000, 2001, ...)."""

    key: int
    size_bytes: float
    allocated_bytes: float
    workload: Workload
    quiesce_bytes: float = 0.0
    """Written in a burst when the guest is quiesced, at the start of every instance."""
    thick: bool = False
    """Every block is allocated: the initial sync compares all of them, and ships those in use [I]."""
    replicated: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.allocated_bytes <= self.size_bytes < math.inf:
            raise ValueError(
                f"disk {self.key}: {self.allocated_bytes!r} of {self.size_bytes!r} bytes cannot be used"
            )

    def dirty_bytes(self, since_s: float, until_s: float) -> float:
        """Distinct bytes changed in (since, until]; never more than the disk holds."""
        return min(self.size_bytes, self.workload.dirty_bytes(since_s, until_s) + self.quiesce_bytes)


@dataclass(frozen=True)
class VmWorkload:
    """A source VM as the data plane sees it."""

    name: str
    disks: tuple[Disk, ...]
    powered_on: bool = True
    has_seed: bool = False
    """A copy of its disks lies at the destination already."""


@dataclass
class RunningTime:
    """How long a VM has been on: instants of the simulation to seconds of running time."""

    on: bool
    _since_s: float = field(default=0.0)
    _before_s: float = field(default=0.0)

    def at(self, t_s: float) -> float:
        """Running time at `t_s`, which is not before the last switch."""
        return self._before_s + (t_s - self._since_s if self.on else 0.0)

    def switch(self, on: bool, t_s: float) -> None:
        """The VM is on or off from `t_s`."""
        self._before_s, self._since_s, self.on = self.at(t_s), t_s, on
