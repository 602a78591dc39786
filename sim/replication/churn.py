"""Writes that change over time: hours and weekdays, bursts, and recorded traces.

Rules of this file: every workload is a table of windows whose sum is what was written, spread evenly within
a window (the sum rule: a delta over several windows is the sum of their parts, so blocks that were
rewritten in two windows count twice, unless `set_bytes` bounds them as workload.WorkingSet does). Rates are
bytes per second, times seconds of the VM's running time.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cxsim.sim.replication.fluidfiles import FileProblem, Table
from cxsim.sim.replication.kernel_volume import CYCLE, ONCE
from cxsim.sim.replication.workload import Part

Floats = npt.NDArray[np.float64]

HOUR_S, HALF_HOUR_S, WEEK_HOURS = 3600.0, 1800.0, 168

BURST_SIGMA = 0.71
"""Of ln(bytes in 30 minutes) within a VM: the median over 106 production VMs of 95th percentile / mean is
2.5, which a lognormal has at this sigma. Fitted to the CloudPhysics block traces (C. Waldspurger et al.,
Efficient MRC Construction with SHARDS, FAST 2015; published under CC BY 4.0) with
benchmarks/replication_churn_fit.py."""
BURST_PERSISTENCE = 0.30
"""Of ln(bytes) from one window to the next (AR(1)): the median correlation of bytes with those of the next
window is 0.25, which is this much of their logarithms. Same source."""
FLEET_MEAN_BYTES, FLEET_SIGMA = 140e6, 1.27
"""Of a fleet: ln(mean bytes of a VM in 30 minutes) is Normal(ln 140e6, 1.27). Same source."""
_BURST_WINDOWS = 1 << 16


@dataclass(frozen=True, eq=False)
class Tabled:
    """`scale` times a cumulative table (windows + 1 entries, the first 0), which starts again at its end or
    (`cycle` False) ends; at most `set_bytes` distinct bytes."""

    table: Floats
    window_s: float
    scale: float = 1.0
    offset_s: float = 0.0
    cycle: bool = True
    set_bytes: float = math.inf

    def _clock(self, run_s: float) -> float:
        windows = len(self.table) - 1
        place, cycles = (run_s + self.offset_s) / self.window_s, 0.0
        if self.cycle:
            cycles = math.floor(place / windows)
            place -= cycles * windows
        place = min(place, float(windows))
        w = min(int(place), windows - 1)
        within = self.table[w] + (self.table[w + 1] - self.table[w]) * (place - w)
        return self.scale * float(cycles * self.table[-1] + within)

    def dirty_bytes(self, since_s: float, until_s: float) -> float:
        """Distinct bytes changed in (since, until]."""
        written = max(0.0, self._clock(until_s) - self._clock(since_s))
        if self.set_bytes == math.inf:
            return written
        return -self.set_bytes * math.expm1(-written / self.set_bytes) if self.set_bytes > 0 else 0.0

    def written_bytes(self, until_s: float) -> float:
        """All bytes written in (0, until]."""
        return max(0.0, self._clock(until_s) - self._clock(0.0))

    def parts(self) -> tuple[Part, ...]:
        """For the compiled engine."""
        kind = CYCLE if self.cycle else ONCE
        return (Part(kind, self.scale, self.set_bytes, self.table, self.window_s, self.offset_s),)


def _cumulative(windows: Floats) -> Floats:
    table = np.zeros(len(windows) + 1)
    np.cumsum(windows, out=table[1:])
    return table


@lru_cache(maxsize=64)
def _week(hours: tuple[float, ...], days: tuple[float, ...]) -> Floats:
    weights = np.outer(days, hours).ravel()
    return _cumulative(weights / weights.mean() * HOUR_S)


def weekly(
    bytes_per_s: float,
    hours: Sequence[float],
    days: Sequence[float] = (1, 1, 1, 1, 1, 1, 1),
    starts_s: float = 0.0,
    set_bytes: float = math.inf,
) -> Tabled:
    """A mean rate shaped by 24 hourly and 7 daily weights, Monday first; `starts_s`: seconds since Monday
    0:00 when the VM's running time starts. Raises ValueError for weights that mean nothing."""
    if len(hours) != 24 or len(days) != 7:
        raise ValueError(f"{len(hours)} hours and {len(days)} days: must be 24 and 7 weights")
    _check_weights([*hours, *days])
    if not any(hours) or not any(days):
        raise ValueError("the weights are all 0")
    return Tabled(_week(tuple(hours), tuple(days)), HOUR_S, _rate(bytes_per_s), starts_s, True, set_bytes)


@lru_cache(maxsize=64)
def _bursts(sigma: float, persistence: float) -> Floats:
    """65,536 windows (3.7 years of 30 minutes) of one stationary series with mean 1."""
    shocks = np.random.default_rng(20171106).standard_normal(_BURST_WINDOWS)
    level, fresh = float(shocks[0]), math.sqrt(1 - persistence**2)
    levels = np.empty(_BURST_WINDOWS)
    for n, shock in enumerate(shocks.tolist()):
        level = persistence * level + fresh * shock if n else shock
        levels[n] = level
    series = np.exp(sigma * levels)
    return _cumulative(series / series.mean())


def bursty(
    bytes_per_s: float,
    seed: int,
    sigma: float = BURST_SIGMA,
    persistence: float = BURST_PERSISTENCE,
    window_s: float = HALF_HOUR_S,
    set_bytes: float = math.inf,
) -> Tabled:
    """A mean rate times a lognormal series with autocorrelation. All VMs read one series, each from a place
    of its own (by `seed`), so that two VMs are independent at any time. Raises ValueError."""
    if not (0 <= sigma <= 5 and 0 <= persistence < 1 and window_s > 0):
        raise ValueError(f"sigma = {sigma!r}, persistence = {persistence!r}, window_s = {window_s!r}")
    place = (seed * 2654435761) % (1 << 32) >> 16
    table = _bursts(sigma, persistence)
    return Tabled(table, window_s, _rate(bytes_per_s) * window_s, place * window_s, True, set_bytes)


def _rate(bytes_per_s: float) -> float:
    if not 0 <= bytes_per_s < math.inf:
        raise ValueError(f"bytes_per_s = {bytes_per_s!r}: must be a number of 0 or more")
    return bytes_per_s


def _check_weights(weights: Sequence[float]) -> None:
    for weight in weights:
        if not 0 <= weight < math.inf:
            raise ValueError(f"weight {weight!r}: must be a number of 0 or more")


_UNITS = {"changed_bytes": 1.0, "changed_kB": 1e3, "changed_MB": 1e6, "changed_MiB": 2.0**20}


def read_traces(path: Path, vms: Collection[str] | None) -> dict[str, Tabled]:
    """What each VM changed, window by window: a CSV file `vm,time_s,changed_bytes` (or `changed_MB`, ...),
    every VM's windows one after the other, all of one length; `time_s` is when a window starts, in seconds
    of running time. After its last window a VM writes nothing. `vms`: whose windows there may be; None for
    anyone's.

    Raises FileProblem with the line and the reason: a VM that is not one of `vms`, a gap, time that goes
    back, a negative or impossible number, no column with a known unit."""
    table = Table(path, ("vm", "time_s"), tuple(_UNITS))
    units = [unit for unit in _UNITS if table.has(unit)]
    if len(units) != 1:
        also = [name for name in table.header if name not in ("vm", "time_s", *_UNITS)]
        has = f"; has {', '.join(units or also) or 'none'}"
        raise FileProblem(path, 1, f"needs one column of {', '.join(_UNITS)}{has}")
    unit = units[0]
    starts: dict[str, list[float]] = {}
    changed: dict[str, list[float]] = {}
    for row in table.rows():
        vm, at_s = row.text("vm"), row.number("time_s", 0.0)
        if vms is not None and vm not in vms:
            raise row.problem("vm", "is not a VM here")
        times = starts.setdefault(vm, [])
        if times and at_s <= times[-1]:
            raise row.problem("time_s", "goes back", f"the row before is of {times[-1]:g}")
        if not times and at_s != 0:
            raise row.problem("time_s", "must be 0 in the first row of a VM")
        if len(times) > 1 and not math.isclose(at_s - times[-1], times[1] - times[0], rel_tol=1e-6):
            due_s = times[-1] + times[1] - times[0]
            raise row.problem("time_s", "leaves a gap or overlaps", f"the next window starts at {due_s:g}")
        times.append(at_s)
        changed.setdefault(vm, []).append(row.number(unit, 0.0) * _UNITS[unit])
    found = {}
    for vm, times in starts.items():
        if len(times) < 2:
            raise FileProblem(path, None, f"{vm} has one row: the length of its window is unknown")
        window_s = times[1] - times[0]
        found[vm] = Tabled(_cumulative(np.array(changed[vm])), window_s, cycle=False)
    return found
