"""Offers for links: quotes.csv, with price and lead time.

Rules of this file: a row is an offer; a row that cannot be read is told with its place and refused with all
others at once, because an offer that is silently missing could have been the best. Prices are compared in one
currency only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cxsim.sim.plan.changes.files import Wanted, read_table
from cxsim.sim.plan.inventory.model import InventoryError, Problem, Where
from cxsim.sim.plan.inventory.table import Row
from cxsim.sim.plan.links import Link, LinkError, parse_link
from cxsim.sim.scenario.quantities import DURATION, QuantityError, parse

_WANTED: Mapping[str, Wanted] = {
    "name": Wanted(("name", "offer", "provider"), "text"),
    "link": Wanted(("link", "bandwidth", "rate"), "text"),
    "price": Wanted(("price per month", "monthly price", "price"), "count"),
    "setup": Wanted(("setup price", "setup", "once"), "count", needed=False),
    "currency": Wanted(("currency",), "text", needed=False),
    "lead": Wanted(("lead time", "lead"), "text", needed=False),
    "months": Wanted(("months", "contract months", "term"), "count", needed=False),
}
EXAMPLE = "name,link,price_per_month,currency,setup_price,lead_time,months"


@dataclass(frozen=True)
class Quote:
    """An offer. Prices in `currency`; `lead_s`: seconds until it is there; `months`: how long it is bound."""

    name: str
    link: Link
    price_per_month: float
    setup_price: float = 0.0
    currency: str = ""
    lead_s: float = 0.0
    months: int | None = None
    where: Where | None = None

    def cost(self, months: float) -> float:
        """Of this many months, at least those it is bound for."""
        return self.setup_price + self.price_per_month * max(months, self.months or 0)


def read_quotes(path: Path) -> tuple[Quote, ...]:
    """The offers of a file, in its order. Raises InventoryError with every row that cannot be used."""
    problems: list[Problem] = []
    table = read_table(path, _WANTED, EXAMPLE, problems)
    quotes = [quote for row in table.rows() if (quote := _quote(row)) is not None]
    currencies = {quote.currency for quote in quotes}
    if len(currencies) > 1:
        what = f"prices in {' and '.join(sorted(repr(currency) for currency in currencies))}"
        problems.append(Problem("error", table.sheet.where(), what, "write all prices in one currency"))
    wrong = [problem for problem in problems if problem.severity != "note"]
    if wrong or not quotes:
        none = Problem("error", table.sheet.where(), "holds no offer", f"write {EXAMPLE}")
        raise InventoryError(wrong or [none])
    return tuple(quotes)


def _quote(row: Row) -> Quote | None:
    if not row.text("name"):
        row.error("name", "an offer without a name", "name it")
        return None
    try:
        link = parse_link(row.text("link"))
    except LinkError as error:
        row.error("link", error.what, error.right)
        return None
    price = row.number("price")
    if price is None:
        if not row.text("price"):
            row.error("price", "an offer without a price", "write the price of a month")
        return None
    return Quote(
        row.text("name"),
        link,
        price,
        row.number("setup") or 0.0,
        row.text("currency"),
        _lead_s(row),
        row.count("months"),
        row.where,
    )


def _lead_s(row: Row) -> float:
    """`30 d`, `6 weeks`; nothing is 0."""
    text = row.text("lead")
    if not text:
        return 0.0
    weeks = re.fullmatch(r"([\d.]+)\s*(?:w|weeks?)", text)
    try:
        return float(weeks[1]) * 7 * 86400 if weeks else float(parse(text, DURATION))
    except (QuantityError, ValueError):
        row.error("lead", f"{text!r} is not a time", 'write "30 d" or "6 weeks"')
        return 0.0
