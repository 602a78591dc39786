"""`plan sweep`: a scenario with any of its values changed, through the core: every combination and seed.

Rules of this file: a value is named by its path in the file (sim/scenario/changing.py) and written as there;
mistakes of all combinations are told at once, before anything runs. Means are over seeds. A variant that ends
in an emulator gap is shown, and is no answer.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cxsim.sim.plan.answers.model import Answer, Assumption, Bar, Chart, Column, Line, Table, Tone, Value
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.questions.sweeping import SWEPT, Swept, Variant, run_variant
from cxsim.sim.plan.questions.trials import CannotAsk
from cxsim.sim.plan.runs.runner import Kind, Works
from cxsim.sim.result import Exit
from cxsim.sim.scenario import load
from cxsim.sim.scenario.problems import Problem, ScenarioErrors
from cxsim.sim.scenario.quantities import DIMENSIONS, Dimension, QuantityError, parse

MOST_VARIANTS = 10_000
Parameter = tuple[str, tuple[str, ...]]
"""A path and its values, as text."""


@dataclass(frozen=True)
class SweepQuestion:
    """`parameters`: every combination of their values is run; `seeds`: with each of these (none: the
    scenario's own)."""

    path: Path
    parameters: tuple[Parameter, ...]
    seeds: tuple[int, ...] = ()


class SweepWorks(Works[Variant, Swept]):
    """Runs the variants of a sweep; options as for Works."""

    kind = Kind(run_variant, SWEPT)


def parse_parameter(text: str) -> Parameter:
    """`sites.tyrell.wan.up=20 Mbit/s, 50 Mbit/s`: values between commas, or between `|` where they have
    commas themselves. Raises CannotAsk."""
    path, equals, values = text.partition("=")
    given = tuple(value.strip() for value in values.split("|" if "|" in values else ",") if value.strip())
    if not equals or not path.strip() or not given:
        raise CannotAsk(f"{text!r} names no values: write sites.tyrell.wan.up=20 Mbit/s, 50 Mbit/s")
    return path.strip(), given


def variants(question: SweepQuestion) -> tuple[Variant, ...]:
    """Every combination, in order: the last parameter and then the seed change fastest. Raises CannotAsk,
    and ScenarioErrors with the mistakes of all of them."""
    paths = [path for path, _ in question.parameters]
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise CannotAsk(f"{twice} is given twice: write all of its values at once")
    count = max(1, len(question.seeds))
    for _, values in question.parameters:
        count *= len(values)
    if count > MOST_VARIANTS:
        raise CannotAsk(f"{count:,} runs: at most {MOST_VARIANTS:,}; sweep fewer values or seeds")
    found: list[Variant] = []
    problems: list[Problem] = []
    for chosen in itertools.product(*(values for _, values in question.parameters)):
        changes = tuple(zip(paths, chosen, strict=True))
        for seed in question.seeds or (None,):
            try:
                scenarios = load(question.path, seed, changes)
            except ScenarioErrors as errors:
                problems += errors.problems
                break
            found += [Variant(one, (*changes, *one._variant.items())) for one in scenarios]
    if problems:
        raise ScenarioErrors(problems)
    return tuple(found)


def answer(question: SweepQuestion, works: SweepWorks) -> Answer:
    """Raises what `variants` raises."""
    runs = variants(question)
    results = works.run(runs)
    names = list(dict.fromkeys(name for run in runs for name, _ in run.values))
    cases: dict[tuple[str, ...], list[Swept]] = {}
    for run, result in zip(runs, results, strict=True):
        chosen = dict(run.values)
        cases.setdefault(tuple(chosen.get(name, "") for name in names), []).append(result)
    met = sum(result.exit == Exit.MET for result in results)
    gaps = sum(result.exit == Exit.EMULATOR_GAP for result in results)
    tone: Tone = "good" if met == len(results) else "fair" if met else "bad"
    swept = ", ".join(f"{path} ({len(values)} values)" for path, values in question.parameters)
    seeds = sorted({run.seed for run in runs})
    return Answer(
        command="plan sweep",
        question=f"{runs[0].scenario.title}: {swept or 'as it is'}, {_seeds(seeds)}",
        verdict=f"{met} of {len(results)} runs meet what the scenario expects",
        tone=tone,
        decision=tuple(_decision(names, cases, gaps)),
        tables=(_summary(names, cases), _runs(names, runs, results)),
        charts=_charts(names, cases),
        assumptions=(
            Assumption("scenario", question.path.name, "-", "the file given", "assumed"),
            Assumption("seeds", ", ".join(map(str, seeds)), "-", "as asked", "assumed"),
        ),
        meta={"scenario": question.path.name, "code": SWEPT.code(), "seeds": len(seeds)},
    )


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds"


def _time_in_rpo(results: Sequence[Swept]) -> list[float]:
    return [result.fleet.time_in_rpo for result in results if result.fleet is not None]


def _named(names: Sequence[str], case: Sequence[str]) -> str:
    return (
        ", ".join(f"{name} {value}" for name, value in zip(names, case, strict=True) if value) or "as it is"
    )


def _decision(names: Sequence[str], cases: dict[tuple[str, ...], list[Swept]], gaps: int) -> list[str]:
    said = []
    whole = [case for case, results in cases.items() if all(one.exit == Exit.MET for one in results)]
    if whole and len(whole) < len(cases):
        said.append(
            f"Met with every seed: {'; '.join(_named(names, case) for case in whole[:5])}"
            f"{f'; and {len(whole) - 5} more' if len(whole) > 5 else ''}."
        )
    rated = {case: statistics.fmean(own) for case, results in cases.items() if (own := _time_in_rpo(results))}
    if rated:
        best, worst = max(rated, key=rated.__getitem__), min(rated, key=rated.__getitem__)
        alike = rated[best] == rated[worst]
        said.append(
            f"Time in RPO {shown(rated[best], 'share')}{' with every value' if len(rated) > 1 else ''}."
            if alike
            else f"Time in RPO from {shown(rated[worst], 'share')} ({_named(names, worst)}) to "
            f"{shown(rated[best], 'share')} ({_named(names, best)})."
        )
    failing = next((one for results in cases.values() for one in results if one.unmet), None)
    if failing is not None:
        said.append(f"Not met, for one: {failing.unmet[0]}")
    if gaps:
        said.append(f"{gaps} runs ended in an emulator gap: they say nothing.")
    return said or ["Every run meets what the scenario expects."]


def _value_columns(names: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(name, name) for name in names)


def _rows(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> tuple[dict[str, Value], ...]:
    keys = [*(column.key for column in columns), "tone"]
    return tuple(dict(zip(keys, row, strict=True)) for row in rows)


def _summary(names: Sequence[str], cases: dict[tuple[str, ...], list[Swept]]) -> Table:
    columns = (
        *_value_columns(names),
        Column("runs", "runs", "count"),
        Column("met", "met", "count"),
        Column("time_in_rpo", "time in RPO, mean", "share"),
        Column("time_in_rpo_least", "the worst seed", "share"),
        Column("violations", "violations, mean", "number"),
        Column("peak_age_s", "oldest data", "seconds"),
        Column("bottleneck", "bottleneck"),
        Column("unmet", "not met, for one"),
    )
    rows: list[Sequence[Value]] = []
    for case, results in cases.items():
        shares, fleets = _time_in_rpo(results), [one.fleet for one in results if one.fleet is not None]
        met = sum(one.exit == Exit.MET for one in results)
        spent: dict[str, float] = {}
        for fleet in fleets:
            for name, seconds in fleet.bottlenecks:
                spent[name] = spent.get(name, 0.0) + seconds
        rows.append(
            (
                *case,
                len(results),
                met,
                statistics.fmean(shares) if shares else None,
                min(shares, default=None),
                statistics.fmean(fleet.violation_count for fleet in fleets) if fleets else None,
                max((fleet.peak_age_s for fleet in fleets), default=None),
                max(spent, key=spent.__getitem__) if spent else "none",
                next((one.unmet[0] for one in results if one.unmet), ""),
                "good" if met == len(results) else "fair" if met else "bad",
            )
        )
    return Table("sweep", "By values", columns, _rows(columns, rows), tone_of="tone")


def _runs(names: Sequence[str], runs: Sequence[Variant], results: Sequence[Swept]) -> Table:
    columns = (
        *_value_columns(names),
        Column("seed", "seed", "count"),
        Column("ended", "ended"),
        Column("met", "expectations met", "count"),
        Column("checks", "of", "count"),
        Column("time_in_rpo", "time in RPO", "share"),
        Column("violations", "violations", "count"),
        Column("violated_s", "violated", "seconds"),
        Column("peak_age_s", "oldest data", "seconds"),
        Column("worst_vm", "worst VM"),
        Column("worst_vm_time_in_rpo", "its time in RPO", "share"),
        Column("bottleneck", "bottleneck"),
        Column("virtual_s", "simulated", "seconds"),
        Column("unmet", "not met"),
    )
    rows: list[Sequence[Value]] = []
    for run, one in zip(runs, results, strict=True):
        chosen, fleet, worst = dict(run.values), one.fleet, one.worst
        rows.append(
            (
                *(chosen.get(name, "") for name in names),
                run.seed,
                one.ended,
                one.met,
                one.checks,
                fleet.time_in_rpo if fleet else None,
                fleet.violation_count if fleet else None,
                fleet.violated_s if fleet else None,
                fleet.peak_age_s if fleet else None,
                worst.vm if worst else None,
                worst.time_in_rpo if worst else None,
                fleet.bottlenecks[0][0] if fleet and fleet.bottlenecks else "none",
                one.virtual_s,
                "; ".join(one.unmet),
                "good" if one.exit == Exit.MET else "bad",
            )
        )
    return Table("runs", "Every run", columns, _rows(columns, rows), main=False, tone_of="tone")


def _charts(names: Sequence[str], cases: dict[tuple[str, ...], list[Swept]]) -> tuple[Chart, ...]:
    """Time in RPO over the first parameter, a line or a series of bars for each of the other values."""
    shares = {case: own for case, results in cases.items() if (own := _time_in_rpo(results))}
    if not names or not shares:
        return ()
    series: dict[str, list[tuple[str, list[float]]]] = {}
    for case, own in shares.items():
        series.setdefault(_named(names[1:], case[1:]), []).append((case[0], own))
    amounts = _amounts([case[0] for case in shares])
    first = next(iter(shares))
    note = f"{_named(names, first)}: {shown(statistics.fmean(shares[first]), 'share')}."
    title = f"Time in RPO by {names[0]}"
    if amounts is None:
        bars = tuple(
            Bar(name, tuple(value for value, _ in points), tuple(statistics.fmean(own) for _, own in points))
            for name, points in series.items()
        )
        return (Chart("sweep", "bars", title, names[0], "time in RPO", bars=bars, y_kind="share", note=note),)
    by_value, dimension = amounts
    lines = []
    for name, points in series.items():
        ordered = sorted(points, key=lambda point: by_value[point[0]])
        lines.append(
            Line(
                name,
                tuple(by_value[value] for value, _ in ordered),
                tuple(statistics.fmean(own) for _, own in ordered),
                tuple(min(own) for _, own in ordered),
                tuple(max(own) for _, own in ordered),
            )
        )
    return (
        Chart(
            "sweep",
            "lines",
            title,
            names[0],
            "time in RPO",
            lines=tuple(lines),
            x_kind=_KINDS.get(dimension.what, "number") if dimension else "number",  # type: ignore[arg-type]
            y_kind="share",
            note=note,
        ),
    )


_KINDS = {"a bandwidth": "bps", "a duration": "seconds", "a size": "bytes", "a percentage": "share"}
"""How an axis shows a dimension (quantities.py)."""


def _amounts(values: Sequence[str]) -> tuple[dict[str, float], Dimension | None] | None:
    """The values as numbers of one dimension; None where they are not."""
    for dimension in DIMENSIONS:
        try:
            return {value: float(parse(value, dimension)) for value in values}, dimension
        except QuantityError:
            continue
    try:
        return {value: float(value) for value in values}, None
    except ValueError:
        return None
