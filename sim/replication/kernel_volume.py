"""How many bytes a delta has to ship: the distinct bytes written since the last instance began.

Rules of this file: kernels over the tables that workload.py compiles. A disk has parts; every part has a
clock of bytes written by running time, and a window's distinct bytes are a function of what the clock
advanced (kinds below). `PART` rows: KIND, SCALE, WORKING_SET, TABLE, WINDOWS, WINDOW_S, OFFSET_S, CLOCK (its
reading at the start of the last instance). `DISK` rows: first part, end of parts, most bytes, bytes that
quiescing adds to every instance.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any

from cxsim.sim.replication.kernel_cache import part

LINEAR, CYCLE, ONCE, REWRITE = range(4)
"""Written at a constant rate; by a table that starts again at its end, or ends; the same block again."""
KIND, SCALE, WORKING_SET, TABLE, WINDOWS, WINDOW_S, OFFSET_S, CLOCK = range(8)
PART_COLUMNS = 8
FIRST_PART, END_PART, LIMIT, QUIESCE = range(4)
DISK_COLUMNS = 4


@part
def clock(parts: Any, table: Any, p: int, run_s: float) -> float:
    """The bytes (LINEAR, CYCLE, ONCE) or rewrites (REWRITE) from 0 to a running time. Within a window of a
    table, writes are spread evenly."""
    kind = parts[p, KIND]
    if kind == LINEAR:
        return parts[p, SCALE] * run_s
    if kind == REWRITE:
        return max(0.0, math.floor((run_s - parts[p, OFFSET_S]) / parts[p, WINDOW_S]) + 1.0)
    begin, windows = int(parts[p, TABLE]), int(parts[p, WINDOWS])
    place = (run_s + parts[p, OFFSET_S]) / parts[p, WINDOW_S]
    cycles = 0.0
    if kind == CYCLE:
        cycles = math.floor(place / windows)
        place -= cycles * windows
    elif place >= windows:
        place = float(windows)
    w = min(int(place), windows - 1)
    low = table[begin + w]
    within = low + (table[begin + w + 1] - low) * (place - w)
    return parts[p, SCALE] * (cycles * table[begin + windows] + within)


@part
def take_volume(disks: Any, first: int, end: int, parts: Any, table: Any, run_s: float) -> float:
    """The distinct bytes since the last call for these disks; the next counts from here."""
    total = 0.0
    for d in range(first, end):
        found = 0.0
        for p in range(int(disks[d, FIRST_PART]), int(disks[d, END_PART])):
            now = clock(parts, table, p, run_s)
            passed = now - parts[p, CLOCK]
            parts[p, CLOCK] = now
            if passed <= 0.0:
                continue
            size = parts[p, WORKING_SET]
            if parts[p, KIND] == REWRITE:
                found += size
            elif size < math.inf:
                found += -size * math.expm1(-passed / size) if size > 0.0 else 0.0
            else:
                found += passed
        total += min(disks[d, LIMIT], found + disks[d, QUIESCE])
    return total


@part
def set_clocks(disks: Any, first: int, end: int, parts: Any, table: Any, run_s: float) -> None:
    """The next `take_volume` counts from this running time."""
    for d in range(first, end):
        for p in range(int(disks[d, FIRST_PART]), int(disks[d, END_PART])):
            parts[p, CLOCK] = clock(parts, table, p, run_s)
