"""`plan bandwidth`: the smallest link with which every VM keeps its RPO, and which offer to take.

Rules of this file: a link passes when a trial (trials.py) over it does, as in `plan rpo`; the smallest is
searched on a grid (searching.py) and verified: 3 % less fails. A link of another size is sold the same way
(Link.scaled_to). Offers are tried as they are, and ranked by cost among those that pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cxsim.sim.plan.answers.model import Answer, Tone, Value
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes.model import ChangeRate, Grade
from cxsim.sim.plan.links import Link, parse_link
from cxsim.sim.plan.questions.bandwidth_tables import Offer, tables
from cxsim.sim.plan.questions.resting import BOTTLENECKS, meta, rpo_assumptions, shares_in_words
from cxsim.sim.plan.questions.rpo import DAYS, SEEDS, SHARE, mean_demand_bps
from cxsim.sim.plan.questions.rpo_charts import age_chart, charts
from cxsim.sim.plan.questions.searching import MARGIN, Found, smallest
from cxsim.sim.plan.questions.trials import DAY_S, CannotAsk, Trial, Trials
from cxsim.sim.plan.quotes import Quote
from cxsim.sim.plan.runs import Runner
from cxsim.sim.scenario.quantities import BANDWIDTH, render

Mark = tuple[Literal["x", "y"], Value, str]
PLAIN = parse_link("100 Mbit/s up")
"""What is sold unless told otherwise: one rate at all hours, shared with nobody."""
LEAST, MOST = 1 / 50, 50.0
"""Links that are tried, by what the VMs change on average."""
AROUND = (0.5, 0.7, 0.8, 0.9, 1 - MARGIN, 1.0, 1.1, 1.3, 1.6, 2.0, 3.0)
"""Links of the charts, by the one found."""
FACTORS = (0.5, 2.0)
"""What assumed rates are multiplied by."""
MEASURE_FIRST = 5


@dataclass(frozen=True)
class BandwidthQuestion:
    """`share`: of the time that every VM (`fleet_mean`: all together) is to keep its RPO; `like`: how a link
    is sold whose size is searched; `measured_on`: the link that carried what was measured (none: `like`);
    `months`: for costs of offers; `sensitivity`: also with assumed rates halved and doubled."""

    rpo_s: float
    share: float = SHARE
    fleet_mean: bool = False
    like: Link | None = None
    quotes: tuple[Quote, ...] = ()
    months: float = 12.0
    days: float = DAYS
    seeds: int = SEEDS
    measured_on: Link | None = None
    sensitivity: bool = True


@dataclass(frozen=True)
class Smallest:
    """The outcome of a search. `at`: the trial of the link found, else of the largest one tried; `less`: of
    3 % less."""

    found: Found
    at: Trial
    less: Trial | None

    @property
    def link(self) -> Link | None:
        """None: no link of this kind does."""
        return self.at.link if self.found.rate_bps is not None else None


def smallest_link(
    trials: Trials, question: BandwidthQuestion, guess_bps: float | None = None, sure: bool = True
) -> Smallest:
    """Search and verify. `guess_bps`: where to begin; `sure` False: within 3 %, not verified."""
    like = question.like or PLAIN
    share_of_up = like.planned_bps / like.up_bps
    efficiency = _efficiency(trials, like)
    demand_bps = max(1e5, mean_demand_bps(trials.basis, question.rpo_s)) / efficiency / share_of_up
    made: dict[float, Trial] = {}

    def passes(rates_bps: Sequence[float]) -> list[bool]:
        tried = trials.of([(like.scaled_to(rate), question.rpo_s) for rate in rates_bps])
        made.update(zip(rates_bps, tried, strict=True))
        return [trial.met_by(question.share, question.fleet_mean) for trial in tried]

    found = smallest(passes, guess_bps or 1.25 * demand_bps, LEAST * demand_bps, MOST * demand_bps, sure)
    if found.rate_bps is None:
        return Smallest(found, made[found.most_bps], None)
    return Smallest(found, made[found.rate_bps], made.get(found.rate_bps * (1 - MARGIN)))


def _efficiency(trials: Trials, like: Link) -> float:
    measured_bps = trials.measured_bps(like)
    if measured_bps is None:
        return trials.basis.settings.link_efficiency
    return measured_bps / like.planned_bps


def answer(basis: Basis, question: BandwidthQuestion, runner: Runner) -> Answer:
    """Raises CannotAsk for what cannot be asked."""
    if not question.rpo_s > 0:
        raise CannotAsk("an RPO of 0: give one, as 15 min")
    if not 0 < question.share <= 1:
        raise CannotAsk(f"{100 * question.share:g} % of the time: must be above 0 % and at most 100 %")
    duration_s = question.days * DAY_S
    trials = Trials(basis, runner, duration_s, question.seeds, question.measured_on or question.like)
    best = smallest_link(trials, question)
    others = _sensitivity(trials, question, best)
    offers = _offers(trials, question)
    like = question.like or PLAIN
    up_bps = best.at.link.up_bps
    around = trials.of([(like.scaled_to(up_bps * step), question.rpo_s) for step in AROUND], noted=True)
    centre = around[AROUND.index(1.0)]
    first = basis.changes.measure_first(question.rpo_s, MEASURE_FIRST)
    verdict, tone = _verdict(question, best)
    links = [like, *(offer.quote.link for offer in offers)]
    pictures = charts(question.share, around)
    marked: tuple[Mark, ...] = tuple(
        ("x", offer.quote.link.planned_bps, offer.quote.name) for offer in offers
    )
    pictures = tuple(
        replace(picture, marks=(*picture.marks, *marked)) if picture.kind == "lines" else picture
        for picture in pictures
    )
    return Answer(
        command="plan bandwidth",
        question=_asked(basis, question),
        verdict=verdict,
        tone=tone,
        decision=tuple(_decision(basis, question, best, offers, others, first)),
        tables=tables(
            basis,
            question.share,
            question.fleet_mean,
            best.found,
            around,
            centre,
            offers,
            others,
            first,
            question.rpo_s,
        ),
        charts=(*pictures, *age_chart(basis, centre)),
        assumptions=rpo_assumptions(basis, links, [question.rpo_s], duration_s, question.seeds),
        left_out=basis.left_out(),
        problems=basis.problems,
        meta=meta(basis, duration_s, question.seeds),
    )


def _sensitivity(
    trials: Trials, question: BandwidthQuestion, best: Smallest
) -> tuple[tuple[float, Smallest], ...]:
    """The same search with assumed rates multiplied; nothing where none is assumed."""
    basis = trials.basis
    planned = {one.label for one in basis.planned()}
    assumed = any(rate.grade is Grade.ASSUMED and rate.vm in planned for rate in basis.changes.rates)
    if not question.sensitivity or not assumed:
        return ()
    found = [(1.0, best)]
    for factor in FACTORS:
        other = replace(trials, basis=replace(basis, changes=basis.changes.with_assumed_times(factor)))
        shift = mean_demand_bps(other.basis, question.rpo_s) / mean_demand_bps(basis, question.rpo_s)
        found.append((factor, smallest_link(other, question, best.at.link.up_bps * shift, sure=False)))
    return tuple(sorted(found, key=lambda one: one[0]))


def _offers(trials: Trials, question: BandwidthQuestion) -> tuple[Offer, ...]:
    """Tried; those that pass first, the cheapest first; then the others by how near they come."""
    tried = trials.of([(quote.link, question.rpo_s) for quote in question.quotes])
    offers = [
        Offer(quote, trial, trial.met_by(question.share, question.fleet_mean), quote.cost(question.months))
        for quote, trial in zip(question.quotes, tried, strict=True)
    ]

    def rank(offer: Offer) -> tuple[float, ...]:
        worst = offer.trial.share if question.fleet_mean else offer.trial.worst and offer.trial.worst.share
        return (not offer.passes, offer.cost if offer.passes else -(worst or 0.0), offer.quote.lead_s)

    return tuple(sorted(offers, key=rank))


def _asked(basis: Basis, question: BandwidthQuestion) -> str:
    who = "all VMs together keep" if question.fleet_mean else "every VM keeps"
    return (
        f"{len(basis.planned())} VMs: the smallest link with which {who} RPO "
        f"{shown(question.rpo_s, 'seconds')} {100 * question.share:g} % of the time"
    )


def _verdict(question: BandwidthQuestion, best: Smallest) -> tuple[str, Tone]:
    if best.link is None:
        return f"no link does it, up to {best.at.link.text}", "bad"
    return f"{best.link.text}{'' if question.like is None else ' up, sold as ' + question.like.text}", "good"


def _decision(
    basis: Basis,
    question: BandwidthQuestion,
    best: Smallest,
    offers: Sequence[Offer],
    others: Sequence[tuple[float, Smallest]],
    first: Sequence[ChangeRate],
) -> list[str]:
    worst = best.at.worst
    of_worst = f"; the worst is {worst.name} with {shown(worst.share, 'share')}" if worst else ""
    together = f"all together {shown(best.at.share, 'share')}"
    said = []
    if best.link is None:
        cause = best.at.bottleneck or ""
        said.append(
            f"No link does it: over {best.at.link.text} it is {together}{of_worst}; violated time is "
            f"{shares_in_words(best.at.causes)}: {BOTTLENECKS.get(cause, 'unknown')}."
        )
    else:
        said.append(f"{best.link.text} does it: {together}{of_worst}.")
        if best.less is not None:
            said.append(_less(question, best.less))
        if not best.found.monotone:
            said.append("A somewhat larger link does not do it by chance; take a size with room to spare.")
    said += _of_offers(question, offers)
    if others:
        words = {0.5: "halved", 2.0: "doubled"}
        sizes = " and ".join(
            f"{words.get(factor, f'times {factor:g}')} {one.link.text if one.link else 'no link'}"
            for factor, one in others
            if factor != 1
        )
        said.append(f"With the change rates that are assumed {sizes} would do it (within 3 %).")
    if first:
        said.append(
            f"Measure first: {', '.join(rate.vm for rate in first)}; their bounds lie widest apart "
            f"({_unknown_share(basis, question.rpo_s, first):.0%} of all that is unknown)."
        )
    return said


def _less(question: BandwidthQuestion, less: Trial) -> str:
    size = render(round(less.link.up_bps), BANDWIDTH)
    if less.met_by(question.share, question.fleet_mean):
        return f"3 % less ({size}) does it too by chance, but sizes between them do not."
    if question.fleet_mean or less.worst is None:
        return f"3 % less ({size}) does not: all together {shown(less.share, 'share')}."
    failing = sum(vm.share is not None and vm.share < question.share for vm in less.vms)
    others = f", and {failing - 1} other VM{'s' if failing > 2 else ''}" if failing > 1 else ""
    return f"3 % less ({size}) does not: {less.worst.name} {shown(less.worst.share, 'share')}{others}."


def _of_offers(question: BandwidthQuestion, offers: Sequence[Offer]) -> list[str]:
    if not offers:
        return []
    if not offers[0].passes:
        nearest = offers[0]
        worst = nearest.trial.worst
        of_worst = f", {worst.name} {shown(worst.share, 'share')}" if worst else ""
        return [
            f"None of the {len(offers)} offers does it; {nearest.quote.name} comes nearest "
            f"(all together {shown(nearest.trial.share, 'share')}{of_worst})."
        ]
    best = offers[0]
    lead = f", there in {shown(best.quote.lead_s, 'seconds')}" if best.quote.lead_s else ""
    return [
        f"The cheapest offer that does it: {best.quote.name} ({best.quote.link.text}), "
        f"{shown(best.cost, 'money')} {best.quote.currency} for "
        f"{max(question.months, best.quote.months or 0):g} months{lead}."
    ]


def _unknown_share(basis: Basis, rpo_s: float, first: Sequence[ChangeRate]) -> float:
    """How much of the distance between all bounds is these VMs'."""

    def width(rates: Sequence[ChangeRate]) -> float:
        deltas = [rate.delta(rpo_s) for rate in rates if rate.grade is not Grade.MEASURED]
        return math.fsum(delta.high_bytes - delta.low_bytes for delta in deltas)

    whole = width(basis.changes.rates)
    return width(first) / whole if whole else 0.0
