"""What a planner gets: one decision page, tables, charts and every assumption, as plain data."""

from cxsim.sim.plan.answers.model import (
    Answer,
    Assumption,
    Bar,
    Chart,
    Column,
    Line,
    Span,
    Table,
    Tone,
)

__all__ = ["Answer", "Assumption", "Bar", "Chart", "Column", "Line", "Span", "Table", "Tone"]
