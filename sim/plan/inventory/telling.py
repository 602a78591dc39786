"""Problems of an inventory as people read them: the same mistake in a thousand rows is one line.

Rules of this file: errors first, then warnings, then notes, each in the order of the file; nothing is left
out without its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cxsim.sim.plan.inventory.model import Problem, Severity

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
ROWS_NAMED = 5
"""Rows of one mistake that are named."""


def told(problems: Iterable[Problem]) -> list[str]:
    """A line each; problems of one severity, sheet, column, kind and remedy share a line."""
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        where = problem.where
        kind = re.sub(r"'[^']*'|\d+", "", problem.what)
        key = (problem.severity, where.file, where.sheet, where.column, kind, problem.right)
        groups.setdefault(key, []).append(problem)
    ordered = sorted(groups.values(), key=lambda group: SEVERITIES.index(group[0].severity))
    return [_line(group) for group in ordered]


def _line(group: list[Problem]) -> str:
    first, more = group[0], group[1:]
    line = f"{first.severity}: {first}"
    if not more:
        return line
    rows = [str(problem.where.row) for problem in more[: ROWS_NAMED - 1]]
    rest = len(more) - len(rows)
    also = f"{', '.join(rows)} and {rest:,} more" if rest else ", ".join(rows)
    return f"{line} (also in row{'s' if len(more) > 1 else ''} {also})"


def counted(problems: Iterable[Problem]) -> str:
    """`2 errors, 14 warnings, 1 note`; `no problems`."""
    given = list(problems)
    parts = []
    for severity in SEVERITIES:
        count = sum(problem.severity == severity for problem in given)
        if count:
            parts.append(f"{count:,} {severity}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "no problems"
