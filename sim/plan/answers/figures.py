"""A Chart as a figure of plotly: its data and layout as plain dictionaries, drawn by plotly.js in the page.

Rules of this file: a series is told by colour, by dash, marker or pattern, and by its name beside it, so that
paper without colour and colour-blind readers lose nothing; colours are those of M. Okabe and K. Ito, Color
Universal Design (2008). An axis has one unit, in its title. What does not fit is said in `cut`, not hidden.
Nothing depends on the clock or on chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cxsim.sim.plan.answers.model import Chart, Kind, Line, Value
from cxsim.sim.plan.answers.shown import Unit, shown, unit_of

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#AA4499", "#8A6D00", "#3A8FC0", "#000000")
"""Okabe and Ito's; purple, yellow and sky blue darker than theirs, for contrast with white."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down")
PATTERNS = ("", "/", "x", ".", "\\", "-", "+", "|")
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
MOST_BARS, MOST_ROWS, MOST_LABELS, MOST_MARKED = 30, 60, 8, 40
LONGEST_NAME = 30
PLOT_PX, ROW_PX = 340, 22
PLOT_WIDTH_PX, LETTER_PX = 540.0, 6.8
"""About: for keeping texts apart."""
BEYOND = 0.35
"""Marks farther outside of the lines than this share of their span are told, not drawn."""
Mark = tuple[Literal["x", "y"], Value, str]
_DOTTED = {"type": "line", "line": {"color": "#444444", "width": 1.5, "dash": "dot"}}
_LABEL = {"showarrow": False, "font": {"size": 12, "color": "#333333"}}


@dataclass(frozen=True)
class Figure:
    """For Plotly.newPlot; `cut`: what of the chart is not drawn, in a sentence, or empty."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]
    cut: str = ""


@dataclass(frozen=True)
class _Axis:
    """How the values of an axis become places on it."""

    kind: Kind
    unit: Unit
    log: bool = False

    def at(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat(sep=" ")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return value / self.unit.size if math.isfinite(value) else None

    def titled(self, title: str) -> str:
        return f"{_text(title)} ({self.unit.name})" if self.unit.name else _text(title)


def figure(chart: Chart) -> Figure:
    """The figure of a chart. Raises ValueError for a kind that there is not."""
    drawn = {"lines": _lines, "bars": _bars, "stacked": _bars, "gantt": _gantt}.get(chart.kind)
    if drawn is None:
        raise ValueError(f"no such kind of chart: {chart.kind!r}")
    return drawn(chart)


def _text(text: str) -> str:
    """plotly reads some HTML in texts: names of VMs have none."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _layout(height: int, right: int = 24, left: int = 70) -> dict[str, Any]:
    return {
        "autosize": True,
        "height": height,
        "margin": {"l": left, "r": right, "t": 34, "b": 56},
        "font": {"family": FONT, "size": 13, "color": "#1a1a1a"},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "hovermode": "closest",
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "shapes": [],
        "annotations": [],
    }


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {
        "title": {"text": title, "standoff": 8},
        "showline": True,
        "linecolor": "#555555",
        "gridcolor": "#e2e2e2",
        "zeroline": False,
        "ticks": "outside",
        "automargin": True,
        **more,
    }


def _numbers(values: Iterable[Any]) -> list[float]:
    found = (
        float(one)
        for one in values
        if isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
    )
    return list(found)


def _range(values: list[float], kind: Kind, log: bool) -> tuple[float, float]:
    """From 0 unless all values are far from it; with room above."""
    if log:
        above = [value for value in values if value > 0] or [1.0]
        low, high = math.log10(min(above)), math.log10(max(above))
        return low - 0.05 * (high - low) - 0.05, high + 0.08 * (high - low) + 0.05
    low, high = min(values, default=0.0), max(values, default=1.0)
    base = 0.0 if 0 <= low <= 0.6 * high else low - 0.1 * (high - low or abs(low) or 1.0)
    top = high + 0.08 * ((high - base) or 1.0)
    if kind == "share" and high <= 100.0:
        top = min(top, 100.0 + 0.02 * (100.0 - base))
    return base, top


def _marks(
    marks: Sequence[Mark], x: _Axis, y: _Axis, layout: dict[str, Any], ends: tuple[float, float] | None
) -> None:
    """Lines across the chart with their texts; the room above it is for these and the legend. `ends`: of the
    x axis as plotly counts, where they are known: texts are then kept apart."""
    upright = sorted((mark for mark in marks if mark[0] == "x"), key=lambda mark: str(x.at(mark[1])))
    if all(isinstance(value, int | float) for _, value, _ in upright):
        upright.sort(key=lambda mark: float(mark[1]))  # type: ignore[arg-type]
    filled: list[float] = []
    for _, value, text in upright:
        place = _on_axis(x, value)
        row = 0
        if ends is not None and isinstance(place, float):
            centre = PLOT_WIDTH_PX * (place - ends[0]) / ((ends[1] - ends[0]) or 1.0)
            half = LETTER_PX * len(text) / 2
            row = next((n for n, end in enumerate(filled) if centre - half > end), len(filled))
            filled[row:] = [centre + half, *filled[row + 1 :]]
        else:
            row = len(filled) % 2
            filled.append(0.0)
        at = x.at(value)
        layout["shapes"].append(
            {**_DOTTED, "x0": at, "x1": at, "xref": "x", "y0": 0, "y1": 1, "yref": "paper"}
        )
        label = {"x": place, "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom", "yshift": 15 * row}
        layout["annotations"].append({**_LABEL, **label, "text": _text(text)})
    rows = len(filled) if ends is not None else min(2, len(filled))
    layout["margin"]["t"] = 12 + 20 * (rows > 0) + 15 * max(0, rows - 1) + 26 * bool(layout["showlegend"])
    if rows and layout["showlegend"]:
        layout["legend"] |= {"y": 1, "yref": "container", "yanchor": "top"}
    for axis, value, text in marks:
        if axis == "x":
            continue
        at = y.at(value)
        layout["shapes"].append(
            {**_DOTTED, "y0": at, "y1": at, "yref": "y", "x0": 0, "x1": 1, "xref": "paper"}
        )
        label = {"x": 0.01, "xref": "paper", "xanchor": "left", "y": _on_axis(y, value), "yref": "y"}
        label |= {"yanchor": "bottom", "bgcolor": "rgba(255,255,255,0.75)"}
        layout["annotations"].append({**_LABEL, **label, "text": _text(text)})


def _on_axis(axis: _Axis, value: Value) -> Any:
    """Where annotations and ranges of plotly have it: the exponent, on a logarithmic axis."""
    place = axis.at(value)
    if isinstance(place, bool) or not isinstance(place, int | float):
        return place
    return math.log10(place) if axis.log and place > 0 else float(place)


def _lines(chart: Chart) -> Figure:
    marks, cut = _near(chart)
    marked = {axis: [value for of, value, _ in marks if of == axis] for axis in ("x", "y")}
    all_x = [value for line in chart.lines for value in line.x]
    all_y = [value for line in chart.lines for value in (*line.y, *(line.low or ()), *(line.high or ()))]
    x = _Axis(chart.x_kind, unit_of(chart.x_kind, [*all_x, *marked["x"]]), chart.log_x)
    y = _Axis(chart.y_kind, unit_of(chart.y_kind, [*all_y, *marked["y"]]), chart.log_y)
    span = _range(_numbers(y.at(value) for value in [*all_y, *marked["y"]]), chart.y_kind, chart.log_y)
    named = 1 < len(chart.lines) <= MOST_LABELS
    longest = max((len(_short(line.name)) for line in chart.lines), default=0)
    layout = _layout(PLOT_PX, right=24 + 7 * longest if named else 24)
    layout["showlegend"] = len(chart.lines) > MOST_LABELS
    data: list[dict[str, Any]] = []
    for number, line in enumerate(chart.lines):
        data += _line(line, number, x, y)
    words = chart.x_kind == "text" or any(isinstance(value, str) for value in all_x)
    x_type = (
        "category" if words else "date" if chart.x_kind == "instant" else "log" if chart.log_x else "linear"
    )
    layout["xaxis"] = _axis(x.titled(chart.x_title), type=x_type)
    layout["yaxis"] = _axis(
        y.titled(chart.y_title), type="log" if chart.log_y else "linear", range=list(span)
    )
    for axis, log, values in (("xaxis", chart.log_x, [*all_x, *marked["x"]]), ("yaxis", chart.log_y, all_y)):
        if log:
            scaled = _numbers((x if axis == "xaxis" else y).at(value) for value in values)
            layout[axis] |= {"tickmode": "array", **_log_ticks(scaled)}
    if named:
        layout["annotations"] += _names(chart.lines, y, span)
    ends = _ends([_on_axis(x, value) for value in [*all_x, *marked["x"]]])
    if ends is not None and x_type in ("linear", "log"):
        layout["xaxis"]["range"] = list(ends)
    _marks(marks, x, y, layout, ends)
    return Figure(data, layout, cut)


def _near(chart: Chart) -> tuple[tuple[Mark, ...], str]:
    """The marks to draw, and a sentence on those that lie far outside of the lines."""
    given = sorted(_numbers(value for line in chart.lines for value in line.x))
    if not given or chart.log_x:
        return chart.marks, ""
    room = BEYOND * (given[-1] - given[0])
    far = [
        mark
        for mark in chart.marks
        if mark[0] == "x"
        and isinstance(mark[1], int | float)
        and not given[0] - room <= mark[1] <= given[-1] + room
    ]
    told = ", ".join(f"{text} ({shown(value, chart.x_kind)})" for _, value, text in far)
    return tuple(mark for mark in chart.marks if mark not in far), f"Beyond the chart: {told}." if far else ""


def _ends(places: Sequence[Any]) -> tuple[float, float] | None:
    """Of an axis of numbers, with a little room; None for dates and words."""
    if not places or not all(isinstance(place, int | float) for place in places if place is not None):
        return None
    known = _numbers(places)
    low, high = min(known, default=0.0), max(known, default=1.0)
    room = 0.04 * ((high - low) or abs(high) or 1.0)
    return low - room, high + room


def _log_ticks(values: list[float]) -> dict[str, Any]:
    """1, 2, 5 of each decade, written out."""
    above = [value for value in values if value > 0] or [1.0]
    decades = range(math.floor(math.log10(min(above))), math.ceil(math.log10(max(above))) + 1)
    steps = (1, 2, 5) if len(decades) <= 5 else (1,)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    return {"tickvals": ticks, "ticktext": [f"{tick:,.10g}" for tick in ticks]}


def _line(line: Line, number: int, x: _Axis, y: _Axis) -> list[dict[str, Any]]:
    colour = COLOURS[number % len(COLOURS)]
    xs = [x.at(value) for value in line.x]
    shape = "hv" if line.step else "linear"
    found: list[dict[str, Any]] = []
    if line.low is not None and line.high is not None:
        edge = {"type": "scatter", "x": xs, "mode": "lines", "hoverinfo": "skip", "showlegend": False}
        thin = {"color": colour, "width": 0, "shape": shape}
        found.append({**edge, "y": [y.at(value) for value in line.low], "line": thin})
        fill = {"fill": "tonexty", "fillcolor": _pale(colour)}
        found.append({**edge, "y": [y.at(value) for value in line.high], "line": thin, **fill})
    found.append(
        {
            "type": "scatter",
            "name": _text(line.name),
            "x": xs,
            "y": [y.at(value) for value in line.y],
            "mode": "lines+markers" if len(xs) <= MOST_MARKED and not line.step else "lines",
            "line": {"color": colour, "width": 2, "dash": DASHES[number % len(DASHES)], "shape": shape},
            "marker": {"symbol": MARKERS[number % len(MARKERS)], "size": 7, "color": colour},
        }
    )
    return found


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"


def _names(lines: Sequence[Line], y: _Axis, span: tuple[float, float]) -> list[dict[str, Any]]:
    """Each line's name at its right end, moved apart where lines end close together."""
    ends: list[tuple[float, int]] = []
    for number, line in enumerate(lines):
        known = _numbers(y.at(value) for value in line.y)
        last = known[-1] if known else span[0]
        if y.log:
            last = math.log10(last) if last > 0 else span[0]
        ends.append((min(1.0, max(0.0, (last - span[0]) / ((span[1] - span[0]) or 1.0))), number))
    gap, places = 18 / (PLOT_PX - 90), sorted(ends)
    heights = [height for height, _ in places]
    for at in range(1, len(heights)):
        heights[at] = max(heights[at], heights[at - 1] + gap)
    over = max(0.0, (heights[-1] if heights else 0.0) - 1.0)
    heights = [height - over for height in heights]
    for at in range(len(heights) - 2, -1, -1):
        heights[at] = min(heights[at], heights[at + 1] - gap)
    return [
        {
            "text": _text(_short(lines[number].name)),
            "x": 1.01,
            "xref": "paper",
            "xanchor": "left",
            "y": height,
            "yref": "paper",
            "yanchor": "middle",
            "align": "left",
            "showarrow": False,
            "font": {"size": 12, "color": COLOURS[number % len(COLOURS)]},
        }
        for height, (_, number) in zip(heights, places, strict=True)
    ]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}\u2026"


def _bars(chart: Chart) -> Figure:
    categories = list(dict.fromkeys(name for bar in chart.bars for name in bar.categories))
    kept = categories[:MOST_BARS]
    cut = ""
    if len(categories) > len(kept):
        cut = f"The first {len(kept)} of {len(categories):,} are drawn; the table has all."
    flat = len(kept) > 12 or sum(map(len, kept)) > 70
    values = [value for bar in chart.bars for value in bar.values]
    marks = [value for axis, value, _ in chart.marks if axis == "y"]
    y = _Axis(chart.y_kind, unit_of(chart.y_kind, [*values, *marks]), chart.log_y)
    x = _Axis("text", Unit("", 1.0))
    several = len(chart.bars) > 1
    side_by_side = len(chart.bars) if chart.kind == "bars" else 1
    height = 110 + len(kept) * max(ROW_PX, 13 * side_by_side + 8) if flat else PLOT_PX
    layout = _layout(height)
    layout |= {"barmode": "stack" if chart.kind == "stacked" else "group", "bargap": 0.25}
    layout["showlegend"] = several
    data = []
    for number, bar in enumerate(chart.bars):
        of = dict(zip(bar.categories, bar.values, strict=True))
        along = [y.at(of.get(name, 0.0)) for name in kept]
        trace: dict[str, Any] = {"type": "bar", "name": _text(bar.name), "orientation": "h" if flat else "v"}
        names = [_text(name) for name in kept]
        trace |= {"x": along, "y": names} if flat else {"x": names, "y": along}
        trace["marker"] = _marker(number)
        if not several:
            told = [shown(of.get(name), chart.y_kind) for name in kept]
            trace |= {"text": told, "textposition": "outside", "cliponaxis": False}
            trace |= {"constraintext": "none"}
        data.append(trace)
    value_axis = _axis(y.titled(chart.y_title), type="log" if chart.log_y else "linear")
    if not chart.log_y and not several:
        top = max([0.0, *_numbers(y.at(value) for value in [*values, *marks])])
        value_axis["range"] = [min(0.0, *_numbers(y.at(value) for value in values), 0.0), (top or 1.0) * 1.18]
    name_axis = _axis(_text(chart.x_title), type="category", gridcolor="#ffffff")
    if flat:
        name_axis |= {"autorange": "reversed", "title": {"text": ""}, "dtick": 1}
    layout |= {"xaxis": value_axis, "yaxis": name_axis} if flat else {"xaxis": name_axis, "yaxis": value_axis}
    across: tuple[Mark, ...] = tuple(
        ("x" if flat else "y", value, text) for of, value, text in chart.marks if of == "y"
    )
    _marks(across, y if flat else x, x if flat else y, layout, None)
    return Figure(data, layout, cut)


def _marker(number: int) -> dict[str, Any]:
    colour = COLOURS[number % len(COLOURS)]
    shape = PATTERNS[number % len(PATTERNS)]
    pattern = {"shape": shape, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 1, "size": 7}
    return {"color": colour, "line": {"color": colour, "width": 1}, "pattern": pattern}


def _gantt(chart: Chart) -> Figure:
    rows = list(dict.fromkeys(span.row for span in chart.spans))
    kept = rows[:MOST_ROWS]
    cut = ""
    if len(rows) > len(kept):
        cut = f"The first {len(kept)} of {len(rows):,} rows are drawn; the table has all."
    layout = _layout(130 + ROW_PX * len(kept))
    layout |= {"barmode": "overlay", "bargap": 0.25, "showlegend": True}
    data = []
    for number, group in enumerate(dict.fromkeys(span.group for span in chart.spans)):
        spans = [span for span in chart.spans if span.group == group and span.row in set(kept)]
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": _text(group),
                "y": [_text(span.row) for span in spans],
                "base": [span.start.isoformat(sep=" ") for span in spans],
                "x": [max(1.0, (span.end - span.start).total_seconds() * 1000) for span in spans],
                "customdata": [_told(span.start, span.end, span.note) for span in spans],
                "hovertemplate": "%{y}<br>%{customdata}<extra>" + _text(group) + "</extra>",
                "marker": _marker(number),
            }
        )
    x, y = _Axis("instant", Unit("", 1.0)), _Axis("text", Unit("", 1.0))
    layout["xaxis"] = _axis(_text(chart.x_title), type="date")
    order = [_text(row) for row in kept]
    layout["yaxis"] = _axis(
        "",
        type="category",
        categoryorder="array",
        categoryarray=order,
        autorange="reversed",
        dtick=1,
        gridcolor="#f0f0f0",
    )
    _marks(chart.marks, x, y, layout, None)
    return Figure(data, layout, cut)


def _told(start: Value, end: Value, note: str) -> str:
    return _text(f"{shown(start)} to {shown(end)}{'. ' + note if note else ''}")
