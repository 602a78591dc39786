"""The traces that a scenario's disks name: found, read, and told when they are wrong.

Rules of this file: a trace lies beside the YAML file that names it (as that of `extends`), or is shipped with
cxsim. Mistakes of the file name its line; a wrong name is told where it was written. Traces are read once to
judge them and once more when everything else is right, so that a model holds its table.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.merge import SHIPPED
from cxsim.sim.scenario.places import Place, TreeMap, below, shown
from cxsim.sim.scenario.problems import Problems, advice, nearest
from cxsim.sim.scenario.references import entries, items, mapping
from cxsim.sim.scenario.writes import Trace, Writers
from cxsim.sim.scenario.yamlfile import shown_path

if TYPE_CHECKING:
    from cxsim.sim.replication.churn import Tabled

SUFFIX = ".csv"


def written_traces(tree: TreeMap) -> Iterator[tuple[TreeMap, str]]:
    """Every workload of a tree that names a trace, and the vm of its rows."""
    for name, vm in entries(tree, "vms"):
        for disk in items(vm, "disks"):
            workload = mapping(disk, "workload")
            for writer in (workload, *items(workload, "writers")):
                if isinstance(writer.get("trace"), str) and writer["trace"].strip():
                    rows = writer.get("rows")
                    yield writer, rows if isinstance(rows, str) else name


def file_of(name: str, place: Place) -> Path | None:
    """The file that a trace's name means where it was written; None when there is none."""
    beside = Path(place.file).parent / name
    for candidate in (beside, Path(str(files(SHIPPED))) / name):
        try:
            if candidate.is_file():
                return candidate
        except (OSError, ValueError):
            continue
    return None


def check_traces(tree: TreeMap, problems: Problems) -> None:
    """Every trace is there, can be used, and has rows for who names it."""
    wanted: dict[Path, list[tuple[TreeMap, str]]] = {}
    for writer, rows in written_traces(tree):
        place, path = writer.value_places["trace"], below(writer.path, "trace")
        file = file_of(writer["trace"], place)
        if file is None:
            there = _beside(place)
            right = advice(writer["trace"], there, "CSV files there") if there else "put a CSV file beside it"
            problems.add(place, path, f"there is no file {shown(writer['trace'])}", right)
        else:
            wanted.setdefault(file, []).append((writer, rows))
    for file, users in wanted.items():
        found = _read(file, tree, users, problems)
        for writer, rows in users if found is not None else ():
            if found is not None and rows not in found:
                key = "rows" if "rows" in writer else "trace"
                wrong = f"{shown(writer['trace'])} has no rows of {shown(rows)}"
                right = advice(rows, list(found), "VMs in it")
                problems.add(writer.value_places[key], below(writer.path, key), wrong, right)


def _read(
    file: Path, tree: TreeMap, users: list[tuple[TreeMap, str]], problems: Problems
) -> dict[str, Tabled] | None:
    """The tables of a file; None when it cannot be used, which is told with its line."""
    from cxsim.sim.replication.churn import read_traces
    from cxsim.sim.replication.fluidfiles import FileProblem

    known = [*mapping(tree, "vms"), *(rows for _, rows in users)]
    try:
        return read_traces(file, known)
    except FileProblem as problem:
        right = problem.right or "see docs/replication.md, Traces"
        if problem.column == "vm" and problem.value is not None:
            near = nearest(problem.value, known)
            right = advice(problem.value, known, "VMs") if near is None else f'did you mean "{near}"?'
        place = Place(shown_path(file), problem.line, 1)
        problems.add(place, problem.column or "", problem.wrong, right)
        return None


def _beside(place: Place) -> list[str]:
    root = Path(place.file).parent
    try:
        found = sorted([*root.glob(f"*{SUFFIX}"), *root.glob(f"*/*{SUFFIX}")])
    except OSError:
        return []
    return [str(path.relative_to(root)) for path in found]


def traces_of(environment: Environment) -> Iterator[tuple[Trace, str]]:
    """Every trace of an environment, and the vm of its rows."""
    for vm in environment.vms.values():
        for disk in vm.disks:
            workload = disk.workload
            for writer in workload.writers if isinstance(workload, Writers) else (workload,):
                if isinstance(writer, Trace):
                    yield writer, writer.rows or vm.name


def read_traces_of(environment: Environment) -> None:
    """Give every trace of an environment, which was checked, its table."""
    from cxsim.sim.replication.churn import read_traces

    found: dict[Path, dict[str, Tabled]] = {}
    every = list(traces_of(environment))
    known = [*environment.vms, *(rows for _, rows in every)]
    for trace, rows in every:
        file = file_of(trace.trace, trace.place_of("trace"))
        assert file is not None
        if file not in found:
            found[file] = read_traces(file, known)
        trace._table = found[file][rows]
