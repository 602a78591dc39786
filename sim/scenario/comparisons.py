"""Comparisons with a figure: `">= 99 %"`, `"< 20 min"`, `0`.

Rules of this file: one table of operators; no operator means equal. The figure keeps the unit of its
dimension (quantities.py); a count has none.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from cxsim.sim.scenario.places import shown
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import DURATION, FRACTION, Dimension, QuantityError, parse, render

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_COMPARISON = re.compile(r"\s*(>=|<=|>|<|=)?\s*(.*?)\s*\Z", re.DOTALL)
MOST_COUNT = 10**9


@dataclass(frozen=True)
class Comparison:
    """A figure must stand in this relation to `value` (base unit of its dimension, or a count)."""

    relation: str
    value: float
    text: str

    def holds(self, figure: float) -> bool:
        """True when the figure is as wanted."""
        return OPERATORS[self.relation](figure, self.value)

    def __str__(self) -> str:
        return self.text


def parse_comparison(raw: Any, dimension: Dimension | None) -> Comparison:
    """Read a comparison; `dimension` None means a count. Raises QuantityError."""
    if isinstance(raw, Comparison):
        return raw
    example = f'write ">= {dimension.example}"' if dimension else 'write a whole number, or ">= 1" in quotes'
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise QuantityError(f"{shown(raw)} is not a comparison", example)
    match = _COMPARISON.match(str(raw))
    assert match is not None
    relation, figure = match[1] or "=", match[2]
    prefix = "" if relation == "=" else f"{relation} "
    if dimension is not None:
        value = parse(raw if isinstance(raw, int | float) else figure, dimension)
        return Comparison(relation, float(value), f"{prefix}{render(value, dimension)}")
    if not re.fullmatch(r"\d{1,9}", figure):
        raise QuantityError(f"{shown(raw)} is not a comparison with a whole number", example)
    return Comparison(relation, float(Decimal(figure)), f"{prefix}{int(figure)}")


def _comparing(dimension: Dimension | None) -> BeforeValidator:
    def validate(raw: Any) -> Comparison:
        try:
            return parse_comparison(raw, dimension)
        except QuantityError as error:
            raise mistake(error.wrong, error.right) from None

    return BeforeValidator(validate)


def _schema(example: str, what: str, count: bool = False) -> WithJsonSchema:
    text: dict[str, Any] = {"type": "string", "pattern": r"^\s*(>=|<=|>|<|=)?\s*\d.*$"}
    either = {"anyOf": [text, {"type": "integer", "minimum": 0}]} if count else text
    return WithJsonSchema({**either, "examples": [example], "x-type": what})


CountComparison = Annotated[Comparison, _comparing(None), _schema(">= 1", "a comparison with a count", True)]
FractionComparison = Annotated[
    Comparison, _comparing(FRACTION), _schema(">= 99 %", "a comparison with a percentage")
]
DurationComparison = Annotated[
    Comparison, _comparing(DURATION), _schema("<= 20 min", "a comparison with a duration")
]
