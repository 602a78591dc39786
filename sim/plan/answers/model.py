"""An answer as plain data: questions make it, terminal, workbook, CSV and HTML page show it.

Rules of this file: no figures are computed here and nothing is drawn. Values are plain (str, int, float,
bool, None, datetime) in the unit that their column or axis names; whoever shows them formats them by
`Column.kind` and never converts. None is unknown and shown as such. The same question gives the same answer,
byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Value = str | int | float | bool | datetime | None
Tone = Literal["good", "fair", "bad", "plain"]
"""How something is to be taken; shown by word and sign as well as by colour."""
Kind = Literal["text", "count", "number", "bytes", "bps", "seconds", "share", "instant", "money"]
"""`share` is 0..1; `seconds` a duration; `bytes` and `bps` are shown with the unit that fits."""


@dataclass(frozen=True)
class Column:
    """`key`: in rows, CSV and JSON, with its unit (`peak_age_s`); `title`: what people read."""

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """`name`: of the sheet or file (`per-vm`); `note`: a sentence below it; `main`: also on the terminal."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Value], ...]
    note: str = ""
    main: bool = True
    tone_of: str | None = None
    """The key of a column that holds a Tone for the row and is not shown itself."""


@dataclass(frozen=True)
class Line:
    """A curve: y over x, in the order given. `low` and `high`: a band around it. `step`: constant between
    points."""

    name: str
    x: tuple[Any, ...]
    y: tuple[float | None, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    step: bool = False


@dataclass(frozen=True)
class Bar:
    """A series of bars, one for every category."""

    name: str
    categories: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Span:
    """A bar of a Gantt chart: `row` from `start` to `end`; `group` decides its colour and pattern."""

    row: str
    start: datetime
    end: datetime
    group: str
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture. `kind` says which of the series it has: lines; bars (side by side or stacked); spans.
    `marks`: (axis, value, text) for lines across it, as the goal or the offered link. `note` says in a
    sentence what is to be seen, for whoever cannot see it."""

    name: str
    kind: Literal["lines", "bars", "stacked", "gantt"]
    title: str
    x_title: str
    y_title: str
    lines: tuple[Line, ...] = ()
    bars: tuple[Bar, ...] = ()
    spans: tuple[Span, ...] = ()
    marks: tuple[tuple[Literal["x", "y"], Value, str], ...] = ()
    x_kind: Kind = "number"
    y_kind: Kind = "number"
    log_x: bool = False
    log_y: bool = False
    note: str = ""


@dataclass(frozen=True)
class Assumption:
    """What an answer rests on. `grade`: measured, derived or assumed for figures of this site; documented,
    observed, code or inferred for those of the product (sim/replication/settings.py)."""

    name: str
    value: Value
    unit: str
    source: str
    grade: str


@dataclass(frozen=True)
class Answer:
    """`command`: as it was asked for, `plan rpo`; `question`: in words; `verdict`: in a few words, with its
    `tone`; `decision`: the sentences of the first page, the most important first; `left_out`: VMs that the
    answer does not cover, and why."""

    command: str
    question: str
    verdict: str
    tone: Tone
    decision: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Of the files read."""
    meta: Mapping[str, Value] = field(default_factory=dict)
    """Versions, seed, digest: what repeats it."""

    @property
    def short(self) -> str:
        """The command without `plan`, for names of files, sheets and sections."""
        return self.command.removeprefix("plan ")
