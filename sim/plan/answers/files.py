"""Answers as files for other programs: CSV, a file a table, and one JSON document.

Rules of this file: values as they are, in the unit that their key names; unknown is empty (CSV) or null
(JSON), and so is what never comes or has no limit. UTF-8, lines end with LF: the same answer, the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from cxsim.sim.plan.answers.model import Answer, Assumption, Column, Kind, Table, Value
from cxsim.sim.plan.answers.shown import plain, shown

VERSION = 1
"""Of the JSON document; goes up when a field changes its meaning or goes."""


def csv_files(answers: Sequence[Answer]) -> dict[str, str]:
    """Text by file name: `rpo-per-vm.csv`, `assumptions.csv`, `left-out.csv`."""
    found: dict[str, str] = {}
    for answer in answers:
        for table in answer.tables:
            keys = [column.key for column in table.columns]
            rows = [[row.get(key) for key in keys] for row in table.rows]
            found[f"{answer.short}-{table.name}.csv"] = _csv(keys, rows)
    rows = [[one.name, one.value, one.unit, one.grade, one.source] for one in assumptions(answers)]
    found["assumptions.csv"] = _csv(["name", "value", "unit", "grade", "source"], rows)
    found["left-out.csv"] = _csv(["vm_and_reason"], [[line] for line in left_out(answers)])
    return found


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if value is None else plain(value) for value in row])
    return stream.getvalue()


def json_text(answers: Sequence[Answer]) -> str:
    """All answers, every field of sim/plan/answers/model.py."""
    document = {"answer_version": VERSION, "answers": [_plain(answer) for answer in answers]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return plain(value)


def assumptions(answers: Iterable[Answer]) -> tuple[Assumption, ...]:
    """Of all answers, each once."""
    return tuple(dict.fromkeys(one for answer in answers for one in answer.assumptions))


def left_out(answers: Iterable[Answer]) -> tuple[str, ...]:
    """VMs that an answer does not cover, each once."""
    return tuple(dict.fromkeys(line for answer in answers for line in answer.left_out))


def problems(answers: Iterable[Answer]) -> tuple[str, ...]:
    """Of the files read, each once."""
    return tuple(dict.fromkeys(line for answer in answers for line in answer.problems))


_KINDS: dict[str, Kind] = {"bit/s": "bps", "s": "seconds", "bytes": "bytes"}
"""Of units whose values people read in others."""


def _assumption(one: Assumption) -> dict[str, Value]:
    value, unit = one.value, one.unit
    base, _, rest = unit.partition(" ")
    if base in _KINDS and isinstance(value, int | float) and not isinstance(value, bool):
        value, unit = shown(value, _KINDS[base]), rest
    return {"name": one.name, "value": value, "unit": unit, "grade": one.grade, "source": one.source}


ASSUMPTIONS = (
    Column("name", "assumption"),
    Column("value", "value"),
    Column("unit", "unit"),
    Column("grade", "grade"),
    Column("source", "source"),
)


def assumption_table(answers: Iterable[Answer]) -> Table:
    """What the answers rest on, as a table."""
    rows = tuple(_assumption(one) for one in assumptions(answers))
    note = (
        "Grades: measured, derived or assumed for this site; documented, observed, code or inferred for the"
        " product."
    )
    return Table("assumptions", "Assumptions", ASSUMPTIONS, rows, note)
