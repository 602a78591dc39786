"""Links and offers as people write them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.plan.inventory import InventoryError, told
from cxsim.sim.plan.links import DAY_S, WEEK_S, HourLimit, Link, LinkError, parse_link, parse_rate
from cxsim.sim.plan.quotes import read_quotes

Golden = Callable[[str, str], None]
M = 1e6


@pytest.mark.parametrize(
    ("text", "planned", "best", "down"),
    [
        ("200 Mbit/s up", 200 * M, 200 * M, None),
        ("200 Mbit/s", 200 * M, 200 * M, None),
        ("100/20 Mbit/s", 20 * M, 20 * M, 100 * M),
        ("1 Gbit/s down, 200 Mbit/s up", 200 * M, 200 * M, 1000 * M),
        ("100 Mbit/s commit, 200 Mbit/s burst", 100 * M, 200 * M, None),
        ("100 Mbit/s; 1 Gbit/s burst", 100 * M, 1000 * M, None),
        ("200 Mbit/s up, 30 % shared", 140 * M, 140 * M, None),
        ("200 Mbit/s up, 50 Mbit/s other traffic", 150 * M, 150 * M, None),
        ("1 Gbit/s, 100 Mbit/s committed, 20 % in use", 80 * M, 800 * M, None),
    ],
)
def test_a_link_is_read(text: str, planned: float, best: float, down: float | None) -> None:
    link = parse_link(text)
    assert (link.planned_bps, link.best_bps, link.down_bps) == pytest.approx((planned, best, down))


def test_office_hours_limit_it_on_working_days() -> None:
    link = parse_link("200 Mbit/s up, 50 Mbit/s 8:00-18:00 Mon-Fri, 10 % shared")
    monday = [(0.0, 180 * M), (28800.0, 45 * M), (64800.0, 180 * M)]
    assert link.changes(0, DAY_S) == tuple(pytest.approx(change) for change in monday)
    assert link.at(5 * DAY_S + 43200) == pytest.approx(180 * M)
    assert parse_link("200 Mbit/s, 50 Mbit/s office hours").hours == link.hours
    assert len(link.changes(0, 2 * WEEK_S)) == 21


def test_hours_go_over_midnight_and_over_the_end_of_the_week() -> None:
    link = parse_link("200 Mbit/s up, 50 Mbit/s 22:30-6 Sat Sun")
    instants = ((5, 23), (6, 5), (6, 7), (6, 23), (0, 5), (1, 5))
    rates = [link.at(day * DAY_S + hour * 3600) / M for day, hour in instants]
    assert rates == [50, 50, 200, 50, 50, 200]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 99),
            st.integers(0, DAY_S - 1),
            st.integers(0, DAY_S - 1),
            st.sets(st.integers(0, 6), min_size=1),
        ),
        max_size=3,
    ),
    st.integers(0, 2 * WEEK_S),
    st.integers(1, 2 * WEEK_S),
    st.integers(0, 2 * WEEK_S),
)
def test_changes_say_what_holds_at_every_instant(
    limits: list[tuple[int, int, int, set[int]]], start: int, duration: int, look: int
) -> None:
    """Against the definition: the newest change before an instant is the rate at it."""
    hours = tuple(HourLimit(rate * M, begin, end, tuple(sorted(days))) for rate, begin, end, days in limits)
    link = Link("made up", 100 * M, hours=hours)
    changes = link.changes(start, duration)
    at = look % duration
    assert [rate for since, rate in changes if since <= at][-1] == link.at(start + at)
    assert [since for since, _ in changes] == sorted({since for since, _ in changes})
    assert all(before[1] != after[1] for before, after in pairwise(changes))


WRONG = (
    "", "fast", "200", "200 Mbps up", "200 MB/s", "20 Mbit/s down", "200 Mbit/s burst", "0 Mbit/s",
    "-5 Mbit/s",
    "200 Mbit/s up and more", "200 Mbit/s up, 100 Mbit/s up", "200 Mbit/s, 300 Mbit/s 8-18",
    "200 Mbit/s, 50 Mbit/s 8-25", "200 Mbit/s, 50 Mbit/s 8-18 Mon-Foo", "200 Mbit/s, 100 % shared",
    "200 Mbit/s, 120 % shared", "100 Mbit/s up, 200 Mbit/s commit", "100/20 MB/s",
)  # fmt: skip


def test_what_is_no_link_is_refused(golden: Golden) -> None:
    said = []
    for text in WRONG:
        with pytest.raises(LinkError) as error:
            parse_link(text)
        said.append(f"{text}\n    {error.value}\n")
    golden("links-refused.txt", "".join(said))


def test_what_was_taken_for_granted_is_said() -> None:
    assert parse_link("100/20 Mbit/s").assumed == ("100/20 is download/upload",)
    assert parse_link("20 Mbit/s").assumed == ("one figure alone is the upload",)
    assert parse_link("20 Mbit/s up").assumed == ()
    assert "office hours are 8:00-18:00 Mon-Fri" in parse_link("9 Mbit/s, 2 Mbit/s office hours").assumed


def test_a_link_of_another_size_is_sold_the_same_way() -> None:
    link = parse_link("100 Mbit/s commit, 200 Mbit/s burst, 50 Mbit/s 8-18 Mon, 10 Mbit/s other traffic")
    twice = link.scaled_to(400 * M)
    assert twice.planned_bps == 2 * link.planned_bps
    assert twice.at(43200) == 2 * link.at(43200)
    assert twice.text == "400 Mbit/s"
    with pytest.raises(ValueError, match="must be above 0"):
        link.scaled_to(0)


def test_a_measured_rate_is_a_rate() -> None:
    assert parse_rate(" 61 Mbit/s ") == 61 * M
    with pytest.raises(LinkError, match="61 Mbit/s"):
        parse_rate("61")


def test_quotes_are_read_with_price_and_lead_time(tmp_path: Path) -> None:
    path = tmp_path / "quotes.csv"
    path.write_text(
        "name,link,price_per_month,currency,setup_price,lead_time,months\n"
        'Fibre,"200 Mbit/s up, 50 Mbit/s 8-18 Mon-Fri",450,EUR,900,6 weeks,24\n'
        "DSL,100/20 Mbit/s,49.90,EUR,,10 d,\n",
        encoding="utf-8",
    )
    fibre, dsl = read_quotes(path)
    assert (fibre.link.planned_bps, fibre.cost(3), fibre.cost(36)) == (
        200 * M,
        900 + 24 * 450,
        900 + 36 * 450,
    )
    assert (fibre.lead_s, dsl.lead_s, dsl.months) == (42 * DAY_S, 10 * DAY_S, None)
    assert dsl.cost(2) == pytest.approx(99.8)
    assert str(dsl.where) == "quotes.csv, row 3"


def test_an_offer_that_cannot_be_read_refuses_the_file(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "quotes.csv"
    path.write_text(
        "name,link,price per month,currency,lead time\n"
        "A,fast,100,EUR,\n,10 Mbit/s,100,EUR,\nB,10 Mbit/s,cheap,EUR,\nC,10 Mbit/s,,EUR,\n"
        'D,10 Mbit/s,100,USD,soon\nE,"10 Mbit/s",100,EUR,\nF,10 Mbit/s, 2 Mbit/s 8-18,100,EUR,\n',
        encoding="utf-8",
    )
    with pytest.raises(InventoryError) as error:
        read_quotes(path)
    empty = tmp_path / "empty.csv"
    empty.write_text("name,link,price\n", encoding="utf-8")
    with pytest.raises(InventoryError) as nothing:
        read_quotes(empty)
    lines = told([*error.value.problems, *nothing.value.problems])
    golden("quotes-refused.txt", "".join(f"{line}\n" for line in lines))
