"""`plan rpo`: which bandwidth keeps which RPO: time in RPO, violations and data age, and the bottleneck.

Rules of this file: figures are those of trials.py; here they are put into tables, charts and sentences. Means
are over seeds, ranges from the least to the most of them; days are those of the plan's own seed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from cxsim.sim.plan.answers.model import Answer, Tone
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.links import Link, parse_link
from cxsim.sim.plan.questions.resting import BOTTLENECKS, meta, rpo_assumptions, shares_in_words
from cxsim.sim.plan.questions.rpo_charts import age_chart, charts
from cxsim.sim.plan.questions.rpo_tables import tables
from cxsim.sim.plan.questions.trials import DAY_S, CannotAsk, Trial, Trials
from cxsim.sim.plan.runs import Runner
from cxsim.sim.scenario.quantities import BANDWIDTH, render

SHARE, DAYS, SEEDS = 0.95, 7.0, 3
"""Unless told otherwise."""
STEPS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
"""Links that are tried when none is given, by what the VMs change on average."""


@dataclass(frozen=True)
class RpoQuestion:
    """`links`: those to try (none: eight around what the VMs change on average); `share`: of the time that
    every VM (`fleet_mean`: all together) is to keep its RPO; `measured_on`: the link that carried what was
    measured (none: the only one there is)."""

    rpos_s: tuple[float, ...]
    links: tuple[Link, ...] = ()
    share: float = SHARE
    fleet_mean: bool = False
    days: float = DAYS
    seeds: int = SEEDS
    measured_on: Link | None = None


def mean_demand_bps(basis: Basis, rpo_s: float) -> float:
    """What deltas of all VMs are on average at this RPO, bit/s to ship."""
    deltas = (one.rate.delta(rpo_s).mid_bytes for one in basis.planned())
    return math.fsum(deltas) * 8 / rpo_s * (1 - basis.settings.compression)


def default_links(basis: Basis, rpo_s: float) -> tuple[Link, ...]:
    """Plain links around what the VMs change on average, in round figures."""
    demand_bps = max(1e6, mean_demand_bps(basis, rpo_s) / basis.settings.link_efficiency)
    rates = dict.fromkeys(_round(demand_bps * step) for step in STEPS)
    return tuple(parse_link(f"{render(rate, BANDWIDTH)} up") for rate in rates)


def _round(bps: float) -> int:
    """To two digits."""
    unit: int = 10 ** (math.floor(math.log10(bps)) - 1)
    return round(bps / unit) * unit


def answer(basis: Basis, question: RpoQuestion, runner: Runner) -> Answer:
    """Raises CannotAsk for what cannot be asked."""
    if not question.rpos_s or any(not rpo_s > 0 for rpo_s in question.rpos_s):
        raise CannotAsk("no RPO, or one of 0: give one or more, as 15 min")
    if not 0 < question.share <= 1:
        raise CannotAsk(f"{100 * question.share:g} % of the time: must be above 0 % and at most 100 %")
    links = question.links or default_links(basis, min(question.rpos_s))
    measured_on = question.measured_on or (links[0] if len(question.links) == 1 else None)
    trials = Trials(basis, runner, question.days * DAY_S, question.seeds, measured_on)
    cases = [(link, rpo_s) for rpo_s in sorted(question.rpos_s) for link in sorted(links, key=_size)]
    found = trials.of(cases, noted=True)
    verdict, tone = _verdict(question, found)
    return Answer(
        command="plan rpo",
        question=_asked(basis, question, len(links)),
        verdict=verdict,
        tone=tone,
        decision=tuple(_decision(question, found)),
        tables=tables(basis, question.share, question.fleet_mean, found),
        charts=(*charts(question.share, found), *age_chart(basis, focus(question, found))),
        assumptions=rpo_assumptions(basis, links, sorted(question.rpos_s), trials.duration_s, question.seeds),
        left_out=basis.left_out(),
        problems=basis.problems,
        meta=meta(basis, trials.duration_s, question.seeds),
    )


def _size(link: Link) -> tuple[float, str]:
    return link.planned_bps, link.text


def focus(question: RpoQuestion, found: Sequence[Trial]) -> Trial:
    """What is looked at closely: the tightest RPO, over the smallest link that keeps it, else the largest."""
    tightest = [trial for trial in found if trial.rpo_s == found[0].rpo_s]
    met = [trial for trial in tightest if trial.met_by(question.share, question.fleet_mean)]
    return (met or tightest[-1:])[0]


def _asked(basis: Basis, question: RpoQuestion, links: int) -> str:
    rpos = ", ".join(shown(rpo_s, "seconds") for rpo_s in sorted(question.rpos_s))
    end = basis.start + timedelta(days=question.days)
    return (
        f"{len(basis.planned())} VMs, RPO {rpos}, over {links} link{'s' if links != 1 else ''}, "
        f"{basis.start:%Y-%m-%d} to {end:%Y-%m-%d}: who keeps the RPO {_often(question)}?"
    )


def _often(question: RpoQuestion) -> str:
    return f"{100 * question.share:g} % of the time{', on average' if question.fleet_mean else ''}"


def _by_rpo(found: Sequence[Trial]) -> list[list[Trial]]:
    return [list(group) for _, group in groupby(found, key=lambda trial: trial.rpo_s)]


def _verdict(question: RpoQuestion, found: Sequence[Trial]) -> tuple[str, Tone]:
    said, kept = [], 0
    for group in _by_rpo(found):
        met = [trial for trial in group if trial.met_by(question.share, question.fleet_mean)]
        rpo = shown(group[0].rpo_s, "seconds")
        kept += bool(met)
        said.append(f"RPO {rpo}: from {met[0].link.text}" if met else f"RPO {rpo}: none of these links")
    tone: Tone = "good" if kept == len(said) else "fair" if kept else "bad"
    return "; ".join(said), tone


def _decision(question: RpoQuestion, found: Sequence[Trial]) -> list[str]:
    said = []
    who = "the VMs together keep" if question.fleet_mean else "every VM keeps"
    for group in _by_rpo(found):
        rpo = shown(group[0].rpo_s, "seconds")
        met = [trial for trial in group if trial.met_by(question.share, question.fleet_mean)]
        looked_at = met[0] if met else group[-1]
        worst = looked_at.worst
        of_worst = f"; the worst is {worst.name} with {shown(worst.share, 'share')}" if worst else ""
        all_together = f"all together {shown(looked_at.share, 'share')}"
        if met:
            said.append(
                f"RPO {rpo}: over {looked_at.link.text} {who} it {_often(question)}"
                f" ({all_together}{of_worst})."
            )
        else:
            said.append(
                f"RPO {rpo}: over none of these links {'do ' if question.fleet_mean else 'does '}"
                f"{who.replace('keeps', 'keep')} it {_often(question)}; over {looked_at.link.text} it is "
                f"{all_together}{of_worst}."
            )
        below = [trial for trial in group if trial not in met]
        if below and below[-1].causes:
            said.append(_trouble(below[-1]))
        if met and any(trial not in met for trial in group[group.index(met[0]) :]):
            said.append(f"RPO {rpo}: a larger link of these does not keep it; look at the table.")
    return said


def _trouble(trial: Trial) -> str:
    """What goes wrong where the RPO is not kept, and what of."""
    cause = trial.bottleneck or ""
    return (
        f"Over {trial.link.text}, RPO {shown(trial.rpo_s, 'seconds')}: "
        f"{statistics.fmean(trial.late_per_day):,.0f} violations a day by more than a minute, data up to "
        f"{shown(trial.peak_age_s, 'seconds')} old; violated time is {shares_in_words(trial.causes)}: "
        f"{BOTTLENECKS[cause]}."
    )
