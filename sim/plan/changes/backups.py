"""Daily incrementals of a backup to change rates: derived.

Rules of this file: what a backup read is about the distinct data changed since the one before, rounded up to
its blocks; what it transferred is after compression and says nothing here. Fulls, first runs and failed
sessions are dropped and counted; a VM of which every incremental is 0 is unknown, not quiet (independent
disks, raw mappings and in-guest iSCSI are not in a backup). Sources: docs/reference/inventory.md 2.2.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from cxsim.sim.plan.changes.classes import assumed_shape
from cxsim.sim.plan.changes.files import Finder, Wanted, read_table, split_header
from cxsim.sim.plan.changes.model import ChangeRate, Grade
from cxsim.sim.plan.inventory.cells import Unreadable, number_of
from cxsim.sim.plan.inventory.model import Problem
from cxsim.sim.plan.inventory.plain import UNITS
from cxsim.sim.plan.inventory.table import Row, Table
from cxsim.sim.replication.churn import HALF_HOUR_S, Tabled

READ_UNITS = {unit: float(size) for unit, size in UNITS.items()} | {"KB": 1e3, "": math.nan}
"""Without a unit in the header every cell has its own: `12.3 GB`."""
_WANTED: Mapping[str, Wanted] = {
    "vm": Wanted(("vm", "vm name", "name", "object"), "text"),
    "start": Wanted(("start", "start time", "date", "time", "creation time"), "date"),
    "read": Wanted(("read", "data read", "read size"), "size", READ_UNITS),
    "type": Wanted(("type", "backup type", "job type", "session type"), "text", needed=False),
    "status": Wanted(("status", "result"), "text", needed=False),
}
EXAMPLE = "vm,start,read_GiB,type,status"
_DONE = ("", "success", "warning", "ok")
_FULL_SHARE = 5.0
"""Without a column `type`, a session that read this many times the VM's median is taken for a full."""


@dataclass(frozen=True)
class _Session:
    start: dt.datetime
    read_bytes: int
    full: bool


def from_backups(path: Path, finder: Finder, seed: int, problems: list[Problem]) -> dict[str, ChangeRate]:
    """Derived rates by label, of VMs with two sessions or more. Raises InventoryError."""
    table = read_table(path, _WANTED, EXAMPLE, problems)
    _as_veeam_counts(table)
    sessions: dict[str, list[_Session]] = {}
    for row in table.rows():
        label = finder.owner(row)
        start, read_bytes = row.date("start"), _read_bytes(row, table)
        if label is None or start is None or read_bytes is None:
            continue
        if row.text("status").lower() not in _DONE:
            row.warn("status", f"the session ended with {row.text('status')!r}", "it was left out")
            continue
        full = "full" in row.text("type").lower()
        sessions.setdefault(label, []).append(_Session(start, read_bytes, full))
    where = table.sheet.where()
    found: dict[str, ChangeRate] = {}
    for label, given in sessions.items():
        ordered = sorted(given, key=lambda session: session.start)
        spans = _incrementals(ordered, table.has("type"))
        if not spans:
            what = f"{label}: {len(ordered)} session(s), no incremental after another"
            problems.append(Problem("warning", where, what, "give two days or more; its rate stays unknown"))
        elif not any(read_bytes for _, read_bytes in spans):
            what = f"{label}: every incremental read 0 bytes"
            right = "its disks may not be in the backup; its rate stays unknown"
            problems.append(Problem("warning", where, what, right))
        else:
            found[label] = _rate(label, spans, len(ordered) - len(spans), seed, path.name)
    return found


def _read_bytes(row: Row, table: Table) -> int | None:
    if not math.isnan(table.bound["read"].unit_bytes):
        return row.size("read")
    cell = row.text("read")
    number, unit = re.fullmatch(r"\s*(.*?)\s*([KMGT]?B)?\s*", cell, re.DOTALL).groups()  # type: ignore[union-attr]
    try:
        value = number_of(number, table.locale.marks)
    except Unreadable as wrong:
        row.warn("read", wrong.what, wrong.right)
        return None
    if value is None or (unit is None and value):
        if value is not None:
            row.warn("read", f"{cell!r} has no unit", 'head the column read_GB, or write "12.3 GB"')
        return None
    return round(value * ({"B": 1.0} | _SHOWN)[unit or "B"])


_SHOWN = {"KB": 2.0**10, "MB": 2.0**20, "GB": 2.0**30, "TB": 2.0**40}


def _as_veeam_counts(table: Table) -> None:
    """A report's `Read (GB)` is taken as GiB: which of the two a product means is not written in its files,
    and this is the larger. `read_GB` is 10^9 bytes."""
    read = table.bound["read"]
    unit = split_header(read.header)[1]
    in_cells = math.isnan(read.unit_bytes)
    if "_" not in read.header and (unit in _SHOWN or in_cells):
        shown = "GB" if in_cells else unit
        if not in_cells:
            table.bound["read"] = replace(read, unit_bytes=_SHOWN[unit])
        where = table.sheet.where(table.sheet.header_row, read.header)
        what = f"{shown} of a report may be 1000 or 1024"
        right = f"read as {shown[0]}iB, the larger; head it read_{shown} if it counts by 1000"
        table.problems.append(Problem("note", where, what, right))


def _incrementals(ordered: Sequence[_Session], typed: bool) -> list[tuple[float, int]]:
    """Seconds since the session before, and bytes read, of every incremental that has one before it."""
    if not typed and len(ordered) > 2:
        usual = statistics.median(session.read_bytes for session in ordered[1:])
        ordered = [
            _Session(session.start, session.read_bytes, n == 0 or session.read_bytes > _FULL_SHARE * usual)
            for n, session in enumerate(ordered)
        ]
    spans = []
    for before, session in pairwise(ordered):
        span_s = (session.start - before.start).total_seconds()
        if not session.full and span_s > 0:
            spans.append((span_s, session.read_bytes))
    return spans


def _rate(label: str, spans: list[tuple[float, int]], dropped: int, seed: int, file: str) -> ChangeRate:
    """The days as they were, each with bursts within it."""
    bursts = assumed_shape(1.0, seed, label)
    parts = []
    at_s = 0.0
    for span_s, read_bytes in spans:
        windows = max(1, round(span_s / HALF_HOUR_S))
        shape = np.array([_burst(bursts, at_s + n * HALF_HOUR_S) for n in range(windows)])
        parts.append(shape / shape.sum() * read_bytes)
        at_s += windows * HALF_HOUR_S
    series = np.concatenate(parts)
    table = np.zeros(len(series) + 1)
    np.cumsum(series, out=table[1:])
    window_s = statistics.median(span_s for span_s, _ in spans)
    bytes_in = statistics.fmean(read_bytes for _, read_bytes in spans)
    statement = (
        f"{len(spans)} incrementals, {bytes_in / 1e9:,.2f} GB in {window_s / 3600:g} h on average"
        f" (fulls and first runs dropped: {dropped}); spread over the day in assumed bursts; at a shorter RPO"
        " blocks changed again count again: at least the even share"
    )
    base = Tabled(table, HALF_HOUR_S)
    return ChangeRate(label, Grade.DERIVED, base, window_s, statement, f"backup sessions {file}")


def _burst(shape: Tabled, at_s: float) -> float:
    return shape.dirty_bytes(at_s, at_s + HALF_HOUR_S)
