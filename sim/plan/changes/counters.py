"""vCenter's write counters to change rates: derived.

Rules of this file: a counter says all writes, a delta only distinct blocks; the share of the one in the other
is that of production VMs. KBps are 1024 bytes a second. A sample of -1 or none is no sample, not 0. Samples
with times keep their shape, a single average gets assumed bursts. Sources: docs/reference/inventory.md 2.2.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from cxsim.sim.plan.changes.classes import FITTED, assumed_shape
from cxsim.sim.plan.changes.files import Finder, Wanted, read_table
from cxsim.sim.plan.changes.model import ChangeRate, Grade
from cxsim.sim.plan.inventory.cells import text_of
from cxsim.sim.plan.inventory.model import Problem
from cxsim.sim.replication.churn import HALF_HOUR_S, Tabled

UNIQUE_OVER_WRITTEN, UNIQUE_LOW, UNIQUE_HIGH = 0.54, 0.23, 0.88
"""Distinct bytes / bytes written in 30 minutes: median, 5th and 95th percentile of FITTED."""
_EPOCH = dt.datetime(2000, 1, 1)
MOST_WINDOWS = 1_000_000
"""More between the first and the last sample: their times are wrong, they are averaged."""
FEWEST_SAMPLES = 12
"""With times: fewer are averaged, they show no shape."""

_RATES = {"KBps": 1024.0, "MBps": 1024.0**2, "kB/s": 1e3, "MB/s": 1e6, "KiB/s": 1024.0, "MiB/s": 2.0**20}
_WANTED: Mapping[str, Wanted] = {
    "vm": Wanted(("vm", "vm name", "name", "entity"), "text"),
    "time": Wanted(("time", "timestamp", "date"), "date", needed=False),
    "write": Wanted(
        ("write", "write rate", "write average", "virtualdisk.write.average", "disk.write.average"),
        "size",
        _RATES,
    ),
}
EXAMPLE = "vm,time,write_KBps"


def from_counters(path: Path, finder: Finder, seed: int, problems: list[Problem]) -> dict[str, ChangeRate]:
    """Derived rates by label. Raises InventoryError."""
    table = read_table(path, _WANTED, EXAMPLE, problems)
    at = table.bound["write"].at
    samples: dict[str, list[tuple[float, float]]] = {}
    for row in table.rows():
        label = finder.owner(row)
        if label is None or text_of(row.cell(at)) in ("", "-1"):
            continue
        rate, time = row.number("write"), row.date("time")
        if rate is not None and (time is not None or not table.has("time")):
            instant = (time - _EPOCH).total_seconds() if time is not None else 0.0
            samples.setdefault(label, []).append((instant, rate * table.bound["write"].unit_bytes))
    return {label: _rate(label, sorted(given), seed, path.name) for label, given in samples.items()}


def _rate(label: str, given: list[tuple[float, float]], seed: int, file: str) -> ChangeRate:
    instants = [instant for instant, _ in given]
    mean = statistics.fmean(rate for _, rate in given)
    steps = [after - before for before, after in pairwise(instants) if after > before]
    step_s = statistics.median(steps) if steps else 0.0
    made_up: Literal["no", "bursts"] = "no"
    if len(steps) + 1 >= FEWEST_SAMPLES and (instants[-1] - instants[0]) / step_s < MOST_WINDOWS:
        base = _series(given, step_s, mean)
        shape = f"{len(given):,} samples of {step_s / 60:g} min, shorter peaks are lost in them"
    else:
        base = assumed_shape(mean * UNIQUE_OVER_WRITTEN, seed, label)
        shape, made_up = f"the average of {len(given)} figure(s), with assumed bursts", "bursts"
    statement = (
        f"{mean / 1e6:,.2f} MB/s written on average ({shape}); {UNIQUE_OVER_WRITTEN:.0%} of it distinct in"
        f" 30 min ({UNIQUE_LOW:.0%} to {UNIQUE_HIGH:.0%}); small random writes in large tracking blocks"
        " can make it more"
    )
    return ChangeRate(
        label,
        Grade.DERIVED,
        base,
        HALF_HOUR_S,
        statement,
        f"vCenter counters {file}; {FITTED}",
        low=UNIQUE_LOW / UNIQUE_OVER_WRITTEN,
        high=UNIQUE_HIGH / UNIQUE_OVER_WRITTEN,
        most=1.0 / UNIQUE_OVER_WRITTEN,
        made_up=made_up,
    )


def _series(given: list[tuple[float, float]], step_s: float, mean: float) -> Tabled:
    """The samples as windows of one length; where one is missing, the mean."""
    first = given[0][0]
    series = np.full(round((given[-1][0] - first) / step_s) + 1, mean)
    for instant, rate in given:
        series[round((instant - first) / step_s)] = rate
    table = np.zeros(len(series) + 1)
    np.cumsum(series * step_s * UNIQUE_OVER_WRITTEN, out=table[1:])
    return Tabled(table, step_s)
