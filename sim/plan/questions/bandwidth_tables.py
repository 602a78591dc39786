"""The tables of `plan bandwidth`: around the link found, offers, sensitivity, what to measure, the search.

Rules of this file: figures are made elsewhere; every row has the tone that its figure deserves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxsim.sim.plan.answers.model import Column, Table, Value
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes.model import ChangeRate
from cxsim.sim.plan.questions.rpo_tables import case_table, rows_of, vm_table
from cxsim.sim.plan.questions.searching import Found
from cxsim.sim.plan.questions.trials import Trial
from cxsim.sim.plan.quotes import Quote

if TYPE_CHECKING:
    from cxsim.sim.plan.questions.bandwidth import Smallest


@dataclass(frozen=True)
class Offer:
    """A quote, tried. `cost`: of the months asked for, in its currency."""

    quote: Quote
    trial: Trial
    passes: bool
    cost: float


def tables(
    basis: Basis,
    share: float,
    fleet_mean: bool,
    found: Found,
    around: Sequence[Trial],
    centre: Trial,
    offers: Sequence[Offer],
    others: Sequence[tuple[float, Smallest]],
    first: Sequence[ChangeRate],
    rpo_s: float,
) -> tuple[Table, ...]:
    """Those that have rows."""
    what_if = case_table(share, fleet_mean, around)
    every = (
        _offers(offers),
        Table("around", "Around the link found", what_if.columns, what_if.rows, what_if.note, True, "tone"),
        _sensitivity(others),
        _measure_first(first, rpo_s),
        vm_table(basis, share, (centre,)),
        _search(found),
    )
    return tuple(table for table in every if table.rows)


def _offers(offers: Sequence[Offer]) -> Table:
    columns = (
        Column("rank", "rank", "count"),
        Column("offer", "offer"),
        Column("link", "link"),
        Column("planned_bps", "to count on", "bps"),
        Column("kept", "kept"),
        Column("worst_vm_time_in_rpo", "worst VM, time in RPO", "share"),
        Column("worst_vm", "worst VM"),
        Column("time_in_rpo", "all VMs", "share"),
        Column("cost", "cost", "money"),
        Column("currency", "currency"),
        Column("price_per_month", "a month", "money"),
        Column("lead_s", "there in", "seconds"),
        Column("months", "bound for, months", "count"),
        Column("where", "written in"),
    )
    rows: list[tuple[Value, ...]] = []
    for rank, offer in enumerate(offers, 1):
        quote, worst = offer.quote, offer.trial.worst
        rows.append(
            (
                rank if offer.passes else "",
                quote.name,
                quote.link.text,
                quote.link.planned_bps,
                "yes" if offer.passes else "no",
                worst.share if worst else None,
                worst.name if worst else None,
                offer.trial.share,
                offer.cost,
                quote.currency,
                quote.price_per_month,
                quote.lead_s,
                quote.months,
                str(quote.where) if quote.where else "",
                "good" if offer.passes else "bad",
            )
        )
    note = "By cost among those with which the RPO is kept; a cost is at least that of the months bound for."
    return Table("offers", "Offers", columns, rows_of(columns, rows), note, tone_of="tone")


def _sensitivity(others: Sequence[tuple[float, Smallest]]) -> Table:
    columns = (
        Column("factor", "assumed rates times", "number"),
        Column("link", "smallest link"),
        Column("up_bps", "rate", "bps"),
        Column("worst_vm", "worst VM"),
        Column("bottleneck", "bottleneck there"),
    )
    rows = [
        (
            factor,
            one.link.text if one.link else "none",
            one.link.up_bps if one.link else None,
            one.at.worst.name if one.at.worst else None,
            one.at.bottleneck or "none",
        )
        for factor, one in others
    ]
    note = "Measured and derived rates stay as they are. Links of other rates are searched within 3 %."
    return Table("sensitivity", "If assumed change rates were others", columns, rows_of(columns, rows), note)


def _measure_first(first: Sequence[ChangeRate], rpo_s: float) -> Table:
    columns = (
        Column("vm", "VM"),
        Column("grade", "grade"),
        Column("low_bytes", "delta of one RPO, at least", "bytes"),
        Column("mid_bytes", "planned", "bytes"),
        Column("high_bytes", "at most", "bytes"),
        Column("source", "source"),
    )
    deltas = [(rate, rate.delta(rpo_s)) for rate in first]
    rows = [
        (rate.vm, rate.grade.value, delta.low_bytes, delta.mid_bytes, delta.high_bytes, rate.source)
        for rate, delta in deltas
    ]
    note = "VMs that are not measured, those with the widest bounds first: measuring them says most."
    return Table("measure-first", "What to measure first", columns, rows_of(columns, rows), note)


def _search(found: Found) -> Table:
    columns = (Column("up_bps", "link", "bps"), Column("passes", "passes"))
    rows = [(rate_bps, passed) for rate_bps, passed in found.tried]
    note = "Rates have three digits: neighbours are 1 % apart or less. Some up to 3 % below were tried too."
    return Table("search", "The search", columns, rows_of(columns, rows), note, main=False)
