"""Traces: what a VM changed, window by window. The only source that is a measurement of deltas.

Rules of this file: the windows are taken as they are and start again after the last one; the format is that
of sim/replication/churn.read_traces (`vm,time_s,changed_bytes`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from cxsim.sim.plan.changes.files import Finder
from cxsim.sim.plan.changes.model import ChangeRate, Grade
from cxsim.sim.plan.inventory.model import InventoryError, Problem, Where
from cxsim.sim.replication.churn import read_traces
from cxsim.sim.replication.fluidfiles import FileProblem


def from_traces(path: Path, finder: Finder, problems: list[Problem]) -> dict[str, ChangeRate]:
    """Measured rates by label. Raises InventoryError for a file that cannot be used."""
    try:
        traces = read_traces(path, None)
    except FileProblem as error:
        raise InventoryError([_problem(path, str(error))]) from None
    found: dict[str, ChangeRate] = {}
    for name, trace in traces.items():
        labels = finder.find(name)
        if len(labels) != 1:
            what = f"{name!r} is {'several VMs' if labels else 'not in the inventory'}"
            problems.append(Problem("warning", Where(path.name), what, "its windows were left out"))
            continue
        label = next(iter(labels))
        if label in found:
            what = f"{name!r} is {label}, whose windows are here under another name too"
            problems.append(Problem("error", Where(path.name), what, "keep one of them; these were left out"))
            continue
        windows = len(trace.table) - 1
        days = windows * trace.window_s / 86400
        statement = (
            f"{windows:,} windows of {trace.window_s / 60:g} min over {days:.1f} days, repeated; over a"
            " longer interval their sum, which counts a block twice that changed in two of them"
        )
        base = replace(trace, cycle=True)
        found[label] = ChangeRate(
            label, Grade.MEASURED, base, trace.window_s, statement, f"trace {path.name}", growth=1.0
        )
    return found


def _problem(path: Path, text: str) -> Problem:
    """A reader's `path:line: what` with its place taken apart."""
    match = re.fullmatch(r":(?:(\d+):)?\s*(.*)", text.removeprefix(str(path)), re.DOTALL)
    line, what = (match[1], match[2]) if match else (None, text)
    where = Where(path.name, None, int(line) if line else None)
    return Problem("error", where, what, "write vm,time_s,changed_MB (docs/inventory.md)")
