"""Links, flows and capacity changes as CSV files, for comparison with other simulators.

Rules of this file: it reads and checks text, and says file, line and column of every mistake. Units are the
files' own: bytes a second, bytes, seconds (tests/golden/simgrid). The route of a flow is `s<src>`, `wan`
where there is a link of that name, `d<dst>`; or its column `route`: link names with spaces between.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxsim.sim.replication.sharing import CapacityChange, Floats, Flows


class FileProblem(ValueError):
    """A file that cannot be used: which, where, why, and what would be right if that is not plain. `value`:
    the cell, when it is one that is wrong."""

    def __init__(
        self,
        path: Path,
        line: int | None,
        wrong: str,
        right: str = "",
        column: str = "",
        value: str | None = None,
    ) -> None:
        place = str(path) if line is None else f"{path}:{line}"
        found = f"{column}: {wrong}" if column else wrong
        super().__init__(f"{place}: {found}" + (f": {right}" if right else ""))
        self.path, self.line, self.wrong, self.right = path, line or 1, wrong, right
        self.column, self.value = column, value


@dataclass(frozen=True)
class FluidInput:
    """What the solver is given; `flow_names` in the order of the file."""

    links: Floats
    flows: Flows
    changes: tuple[CapacityChange, ...]
    flow_names: tuple[str, ...]


class Table:
    """A CSV file with a header, row by row; cells by name. Raises FileProblem."""

    def __init__(self, path: Path, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        self.path = path
        try:
            text = path.read_text("utf-8-sig")
        except OSError as error:
            raise FileProblem(path, None, str(error.strerror or error)) from None
        except UnicodeDecodeError:
            raise FileProblem(path, None, "is not UTF-8 text") from None
        self._lines = csv.reader(text.splitlines(), strict=True)
        self.line = 1
        self.header = [cell.strip() for cell in next(self._lines, [])]
        unknown = [name for name in self.header if name not in needed + optional]
        for name in needed:
            if name not in self.header:
                also = f"; there is {', '.join(map(repr, unknown))}" if unknown else ""
                raise FileProblem(path, 1, f"no column {name!r}{also}")
        if len(set(self.header)) < len(self.header):
            raise FileProblem(path, 1, "a column is there twice")
        self._cells: list[str] = []

    def rows(self) -> Iterator[Table]:
        """Itself at every row that is not empty."""
        try:
            for cells in self._lines:
                self.line = self._lines.line_num
                if not cells:
                    continue
                if len(cells) != len(self.header):
                    raise FileProblem(
                        self.path, self.line, f"{len(cells)} cells for {len(self.header)} columns"
                    )
                self._cells = [cell.strip() for cell in cells]
                yield self
        except csv.Error as error:
            raise FileProblem(self.path, self._lines.line_num, str(error)) from None

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return column in self.header

    def text(self, column: str) -> str:
        """A cell."""
        return self._cells[self.header.index(column)]

    def number(self, column: str, least: float = -math.inf, infinite: bool = False) -> float:
        """A cell that is a number, not below `least`."""
        try:
            value = float(self.text(column))
        except ValueError:
            raise self.problem(column, "is not a number") from None
        if math.isnan(value) or (math.isinf(value) and not infinite):
            raise self.problem(column, "is not a finite number")
        if value < least:
            raise self.problem(column, f"must be {least:g} or more")
        return value

    def problem(self, column: str, why: str, right: str = "") -> FileProblem:
        """A mistake in a cell of this row."""
        value = self.text(column)
        return FileProblem(self.path, self.line, f"{value!r} {why}", right, column, value)


def read_fluid(links: Path, flows: Path, changes: Path | None = None) -> FluidInput:
    """Read the three files. Raises FileProblem."""
    capacity: dict[str, float] = {}
    table = Table(links, ("link", "capacity_Bps"))
    for row in table.rows():
        name = row.text("link")
        if name in capacity:
            raise row.problem("link", "is there twice")
        capacity[name] = row.number("capacity_Bps", 0.0)
    ids = {name: i for i, name in enumerate(capacity)}
    names: dict[str, None] = {}
    starts, sizes, caps, routes = [], [], [], []
    table = Table(flows, ("flow", "start_s", "size_B"), ("src", "dst", "route", "cap_Bps"))
    if not table.has("route") and not (table.has("src") and table.has("dst")):
        raise FileProblem(flows, 1, "needs the columns 'src' and 'dst', or 'route'")
    for row in table.rows():
        if row.text("flow") in names:
            raise row.problem("flow", "is there twice")
        names[row.text("flow")] = None
        starts.append(row.number("start_s"))
        sizes.append(row.number("size_B", 0.0))
        caps.append(row.number("cap_Bps", 0.0, infinite=True) if row.has("cap_Bps") else math.inf)
        routes.append(_route(row, ids))
    found = []
    if changes is not None:
        table = Table(changes, ("time_s", "link", "capacity_Bps"))
        for row in table.rows():
            link = _link(row, "link", row.text("link"), ids)
            found.append(CapacityChange(row.number("time_s"), link, row.number("capacity_Bps", 0.0)))
    return FluidInput(
        np.array(list(capacity.values()), np.float64),
        Flows.of(starts, sizes, routes, caps),
        tuple(found),
        tuple(names),
    )


def _link(row: Table, column: str, name: str, ids: dict[str, int]) -> int:
    if name not in ids:
        raise row.problem(column, f"names the link {name!r}, which is not in the file of links")
    return ids[name]


def _route(row: Table, ids: dict[str, int]) -> list[int]:
    parts: list[tuple[str, str]]
    if row.has("route"):
        parts = [("route", name) for name in row.text("route").split()]
    else:
        middle = [("src", "wan")] if "wan" in ids else []
        parts = [("src", "s" + row.text("src")), *middle, ("dst", "d" + row.text("dst"))]
    route = [_link(row, column, name, ids) for column, name in parts]
    if len(set(route)) < len(route):
        raise row.problem("route", "uses a link twice")
    return route


def write_finish(path: Path, names: tuple[str, ...], finish_s: Floats) -> None:
    """Write `flow,finish_s`, in the order of the flows; inf for one that never ends. Raises OSError."""
    format_s: Callable[[float], str] = repr
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("flow,finish_s\n")
        for name, finish in zip(names, finish_s.tolist(), strict=True):
            quoted = f'"{name}"' if "," in name or '"' in name else name
            stream.write(f"{quoted},{format_s(finish)}\n")
