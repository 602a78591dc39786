"""What is noted while a run goes on: ages of the data, and what the link carried, interval by interval.

Rules of this file: reads alone (take_peaks apart), by whole arrays; figures of an interval are
differences of totals, so that they add up to the run's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from cxsim.sim.plan.runs.model import Run, Series
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.observing import clocks, sent_bytes, take_peaks

Floats = npt.NDArray[np.float64]
DAY_S = 86400.0


def usable_bps(run: Run, from_s: float, until_s: float) -> float:
    """What replication could ship on average between two instants of a run."""
    steps = [(0.0, run.link_bps), *run.capacity_changes, (math.inf, 0.0)]
    bits = 0.0
    for (begin_s, bps), (end_s, _) in pairwise(steps):
        bits += bps * max(0.0, min(until_s, end_s) - max(from_s, begin_s))
    share = run.settings.link_efficiency
    if run.measured_bps is not None:
        share = run.measured_bps / run.link_bps if run.link_bps else 0.0
    return share * bits / (until_s - from_s)


class Sampler:
    """Notes of one run. `order`: the VMs' places in the fleet, as they begin."""

    def __init__(self, engine: Engine, run: Run, order: Sequence[int]) -> None:
        self._engine, self._run, self._order = engine, run, order
        whole = math.ceil(run.duration_s / run.sample_s - 1e-9)
        self.stops_s = [min(run.duration_s, n * run.sample_s) for n in range(1, whole + 1)]
        """When to note."""
        self._rows: list[tuple[Any, ...]] = []
        count = len(order)
        self._violated_s, self._begun, self._observed_s = np.zeros(count), np.zeros(count), np.zeros(count)
        self._carried = 0.0
        days = math.ceil(run.duration_s / DAY_S - 1e-9) if run.daily else 0
        self._day_violations, self._day_peaks = np.zeros((count, days)), np.zeros((count, days))

    def note(self, at_s: float) -> None:
        """The engine has come to `at_s`."""
        n = self._engine.replications
        before_s = max((row[0] for row in self._rows[-1:]), default=0.0)
        peaks_s = take_peaks(self._engine, at_s)
        totals = clocks(self._engine, at_s)
        violated_s, begun, observed_s = (_longer(array, len(self._order)) for array in totals)
        runs = np.flatnonzero(observed_s[:n] > self._observed_s[:n])
        new = begun - self._begun
        passed_s = float((observed_s - self._observed_s).sum())
        late_s = float((violated_s - self._violated_s).sum())
        carried = sent_bytes(self._engine, at_s)
        ages: tuple[float | None, ...] = (None, None, None)
        if len(runs):
            seen = peaks_s[runs]
            ages = (float(seen.max()), float(np.percentile(seen, 95)), float(np.median(seen)))
        length_s = at_s - before_s
        self._rows.append(
            (
                at_s,
                *ages,
                1 - late_s / passed_s if passed_s > 0 else None,
                round(float(new.sum())),
                (carried - self._carried) * 8 / length_s,
                usable_bps(self._run, before_s, at_s),
            )
        )
        if self._run.daily:
            day = math.ceil(at_s / DAY_S - 1e-9) - 1
            self._day_violations[:, day] += new
            self._day_peaks[:n, day] = np.maximum(
                self._day_peaks[:n, day], np.where(observed_s[:n] > 0, peaks_s, 0)
            )
        self._violated_s, self._begun, self._observed_s = violated_s, begun, observed_s
        self._carried = carried

    def series(self) -> Series:
        """All of it; VMs in the fleet's order."""
        violations: tuple[tuple[int, ...], ...] = ()
        peaks: tuple[tuple[float, ...], ...] = ()
        if self._run.daily:
            days = self._day_peaks.shape[1]
            count = np.zeros((len(self._run.fleet.vms), days), int)
            peak = np.zeros((len(self._run.fleet.vms), days))
            count[list(self._order)] = self._day_violations.round().astype(int)
            peak[list(self._order)] = self._day_peaks
            violations = tuple(map(tuple, count.tolist()))
            peaks = tuple(map(tuple, peak.tolist()))
        at, worst, p95, median, in_rpo, begun, carried, usable = zip(*self._rows, strict=True)
        return Series(
            self._run.sample_s, at, worst, p95, median, in_rpo, begun, carried, usable, violations, peaks
        )


def _longer(array: Floats, length: int) -> Floats:
    """With zeros for the VMs that have not begun."""
    found: Floats = np.concatenate([array, np.zeros(length - len(array))])
    return found
