"""The tables of docs/inventory.md, made from the tables of the code.

Rules of this file: the page holds `<!-- table: NAME -->` ... `<!-- end -->`; what lies between is written by
`filled`, the rest by people. `python -m cxsim.sim.plan.document` in a clone writes the page; a test demands
that it is current.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cxsim.sim.plan.changes.classes import CLASSES, MB
from cxsim.sim.plan.inventory.columns import SHEETS
from cxsim.sim.plan.inventory.plain import ALSO, COLUMNS
from cxsim.sim.plan.readiness_rules import RULES
from cxsim.sim.plan.sizes import BASES, CHECKS, PHASES

PAGE = Path("docs/inventory.md")
_BLOCK = re.compile(r"(<!-- table: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_OWNER_FIELDS = ("vm", "vm_id", "vm_uuid", "server")


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(headers)} |", f"|{'---|' * len(headers)}"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _rvtools() -> str:
    rows = []
    for sheet, columns in SHEETS.items():
        own = [column.header for column in columns if column.field not in _OWNER_FIELDS]
        rows.append((sheet, ", ".join(own)))
    return _table(("sheet", "columns (4.x names)"), rows)


def _plain() -> str:
    other = {name: also for also, name in ALSO.items()}
    rows = []
    for name, (kind, meaning) in COLUMNS.items():
        header = f"`{name}_GiB`" if kind == "size" else f"`{name}`"
        if name in other:
            header += f", `{other[name]}{'_GiB' if kind == 'size' else ''}`"
        rows.append((header, meaning + (" (yes, no)" if kind == "flag" else "")))
    return _table(("column", "meaning"), rows)


def _classes() -> str:
    rows = [(f"`{one.name}`", f"{one.bytes_in_30_min / MB:,.0f} MB", one.meaning) for one in CLASSES.values()]
    return _table(("class", "changed in 30 min on average", "which is"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "rvtools": _rvtools,
    "plain": _plain,
    "bases": lambda: _table(
        ("size", "in RVTools", "what it is", "grade"),
        ((one.basis, one.rvtools, one.meaning, one.evidence) for one in BASES),
    ),
    "phases": lambda: _table(
        ("phase", "thin disk", "thick disk", "why", "grade"),
        ((one.name, one.thin, one.thick, one.why, one.evidence) for one in PHASES),
    ),
    "disagreements": lambda: _table(
        ("what is found", "what it means"), ((one.name, one.meaning) for one in CHECKS)
    ),
    "readiness": lambda: _table(
        ("reason", "verdict", "what to do", "source", "grade"),
        ((one.name, one.verdict.name, one.what_to_do, one.source, one.evidence) for one in RULES),
    ),
    "classes": _classes,
}


def filled(page: str) -> str:
    """The page with its tables made anew. Raises KeyError for a table that does not exist."""
    return _BLOCK.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}{match[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
