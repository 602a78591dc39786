"""`plan rpo` and `plan bandwidth`: they agree, name what limits, and say what they rest on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from plan_fleets import DAY_S, MONDAY, basis

from cxsim.sim.plan.answers import Answer, Table
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes import Grade
from cxsim.sim.plan.changes.model import Changes
from cxsim.sim.plan.links import parse_link
from cxsim.sim.plan.questions import bandwidth, rpo
from cxsim.sim.plan.questions.bandwidth import BandwidthQuestion, smallest_link
from cxsim.sim.plan.questions.rpo import RpoQuestion
from cxsim.sim.plan.questions.trials import CannotAsk, Trials
from cxsim.sim.plan.quotes import Quote
from cxsim.sim.plan.runs import Runner
from cxsim.sim.replication.accounting import CAUSES

RPO_S = 900.0
RUNNER = Runner(workers=1)


@pytest.fixture(scope="module")
def plan() -> Basis:
    return basis(12, 5)


@pytest.fixture(scope="module")
def asked() -> BandwidthQuestion:
    return BandwidthQuestion(RPO_S, days=2.0, seeds=2)


@pytest.fixture(scope="module")
def best(plan: Basis, asked: BandwidthQuestion) -> bandwidth.Smallest:
    return smallest_link(Trials(plan, RUNNER, 2 * DAY_S, 2), asked)


def table(answer: Answer, name: str) -> Table:
    return next(one for one in answer.tables if one.name == name)


def test_rpo_agrees_with_bandwidth(plan: Basis, best: bandwidth.Smallest) -> None:
    """The found link passes, 3 % less fails, asked of `plan rpo`."""
    assert best.link is not None
    links = (best.link.scaled_to(best.link.up_bps * 0.97), best.link)
    answer = rpo.answer(plan, RpoQuestion((RPO_S,), links, days=2.0, seeds=2), RUNNER)
    less, found = table(answer, "rpo").rows
    assert (less["kept"], found["kept"]) == ("no", "yes")
    assert best.at.worst is not None
    assert found["worst_vm_time_in_rpo"] == best.at.worst.share
    assert found["worst_vm"] == best.at.worst.name
    assert str(found["worst_vm_time_in_rpo"]) >= "0.95" > str(less["worst_vm_time_in_rpo"])
    assert best.link.text in answer.verdict


def test_what_holds_for_all_together_needs_less(plan: Basis, best: bandwidth.Smallest) -> None:
    mean = smallest_link(Trials(plan, RUNNER, 2 * DAY_S, 2), BandwidthQuestion(RPO_S, fleet_mean=True))
    assert mean.link is not None
    assert best.link is not None
    assert mean.link.up_bps < best.link.up_bps
    assert mean.at.share is not None
    assert mean.at.share >= 0.95
    assert mean.less is not None
    assert mean.less.share is not None
    assert mean.less.share < 0.95


def test_a_measured_link_replaces_the_efficiency(plan: Basis, asked: BandwidthQuestion) -> None:
    """What 100 Mbit/s carried decides for every size: at 36 of 100, twice the link of 72 of 100."""
    like = parse_link("100 Mbit/s up")
    found = [
        smallest_link(
            Trials(replace(plan, measured_bps=measured_bps), RUNNER, 2 * DAY_S, 2, like),
            replace(asked, like=like),
        )
        for measured_bps in (72e6, 36e6)
    ]
    assert found[0].link is not None
    assert found[1].link is not None
    assert found[1].link.up_bps == pytest.approx(2 * found[0].link.up_bps, rel=0.011)
    with pytest.raises(CannotAsk, match="--link"):
        smallest_link(Trials(replace(plan, measured_bps=36e6), RUNNER, DAY_S), asked)


def test_a_link_with_office_hours_has_to_be_larger(
    plan: Basis, asked: BandwidthQuestion, best: bandwidth.Smallest
) -> None:
    like = parse_link("100 Mbit/s up, 25 Mbit/s office hours")
    limited = smallest_link(Trials(plan, RUNNER, 2 * DAY_S, 2), replace(asked, like=like))
    assert limited.link is not None
    assert best.link is not None
    assert limited.link.up_bps > 1.5 * best.link.up_bps
    assert limited.link.hours[0].limit_bps == pytest.approx(limited.link.up_bps / 4)
    sunday = replace(plan, start=MONDAY - timedelta(days=2))
    free = smallest_link(Trials(sunday, RUNNER, 2 * DAY_S, 2), replace(asked, like=like))
    assert free.link is not None
    assert best.link.up_bps * 0.9 < free.link.up_bps < best.link.up_bps * 1.1


def test_where_no_link_does_it_the_bottleneck_is_named(plan: Basis, asked: BandwidthQuestion) -> None:
    slow = replace(plan, cap_bps=100e3)
    answer = bandwidth.answer(slow, replace(asked, sensitivity=False), RUNNER)
    assert answer.tone == "bad"
    assert "no link does it" in answer.verdict
    assert "path" in answer.decision[0]
    assert "a faster link does not help" in answer.decision[0]


@pytest.fixture(scope="module")
def decided(plan: Basis, asked: BandwidthQuestion) -> Answer:
    quotes = (
        Quote("dear", parse_link("1 Gbit/s up"), 500.0, 100.0, "EUR", 30 * DAY_S, 24),
        Quote("small", parse_link("1 Mbit/s up"), 5.0, currency="EUR"),
        Quote("right", parse_link("200 Mbit/s up"), 90.0, currency="EUR", months=12),
        Quote("cheap but bound", parse_link("300 Mbit/s up"), 80.0, currency="EUR", months=48),
    )
    return bandwidth.answer(plan, replace(asked, quotes=quotes), RUNNER)


def test_offers_are_ranked_by_cost_among_those_that_do_it(decided: Answer) -> None:
    offers = table(decided, "offers").rows
    assert [(row["rank"], row["offer"], row["kept"], row["cost"]) for row in offers] == [
        (1, "right", "yes", 1080.0),
        (2, "cheap but bound", "yes", 3840.0),
        (3, "dear", "yes", 12100.0),
        ("", "small", "no", 60.0),
    ]
    assert any("right" in sentence and "1,080 EUR" in sentence for sentence in decided.decision)


def test_assumed_rates_halved_and_doubled_move_the_answer_as_much(
    decided: Answer, best: bandwidth.Smallest
) -> None:
    rows = table(decided, "sensitivity").rows
    assert [row["factor"] for row in rows] == [0.5, 1.0, 2.0]
    assert best.link is not None
    half, same, double = (float(str(row["up_bps"])) for row in rows)
    assert same == best.link.up_bps
    assert half == pytest.approx(same / 2, rel=0.05)
    assert double == pytest.approx(same * 2, rel=0.05)
    assert any("halved" in sentence and "doubled" in sentence for sentence in decided.decision)


def test_what_to_measure_first_is_what_is_known_least(plan: Basis, decided: Answer) -> None:
    rows = table(decided, "measure-first").rows
    widths = [float(str(row["high_bytes"])) - float(str(row["low_bytes"])) for row in rows]
    assert widths == sorted(widths, reverse=True)
    every = [plan.changes.of(one.label).delta(RPO_S) for one in plan.planned()]
    assert widths[0] == max(delta.high_bytes - delta.low_bytes for delta in every)
    assert str(rows[0]["vm"]) in decided.decision[-1]


def test_measured_rates_need_no_sensitivity(plan: Basis, asked: BandwidthQuestion) -> None:
    rates = tuple(
        replace(rate, grade=Grade.MEASURED, made_up="no", low=1.0, high=1.0) for rate in plan.changes.rates
    )
    answer = bandwidth.answer(replace(plan, changes=Changes(rates)), asked, RUNNER)
    assert {one.name for one in answer.tables} & {"sensitivity", "measure-first"} == set()


@pytest.fixture(scope="module")
def compared(plan: Basis) -> Answer:
    links = tuple(parse_link(f"{mbit} Mbit/s up") for mbit in (40, 10, 20, 80))
    return rpo.answer(plan, RpoQuestion((3600.0, RPO_S), links, days=3.0, seeds=2), RUNNER)


def test_a_row_a_link_and_rpo_in_order_of_size(compared: Answer) -> None:
    rows = table(compared, "rpo").rows
    mbits = (10, 20, 40, 80)
    assert [(row["rpo_s"], row["planned_bps"]) for row in rows] == [
        (rpo_s, mbit * 1e6) for rpo_s in (900.0, 3600.0) for mbit in mbits
    ]
    shares = [float(str(row["time_in_rpo"])) for row in rows[:4]]
    assert shares == sorted(shares)
    assert rows[0]["bottleneck"] == "wan"


def test_days_and_vms_add_up_to_the_runs(compared: Answer) -> None:
    days, pairs = table(compared, "per-day").rows, table(compared, "per-vm-and-day").rows
    assert {row["day"] for row in days} == {MONDAY + timedelta(days=n) for n in range(3)}
    for row in days[:3]:
        own = [pair for pair in pairs if all(pair[key] == row[key] for key in ("link", "rpo_s", "day"))]
        assert len(own) == row["vms_violated"] > 0
        assert sum(int(str(pair["violations"])) for pair in own) <= int(str(row["violations"]))
        assert max(float(str(pair["peak_age_s"])) for pair in own) == row["peak_age_s"]
    per_vm = [
        row for row in table(compared, "per-vm").rows if row["planned_bps"] == 1e7 and row["rpo_s"] == RPO_S
    ]
    assert [row["time_in_rpo"] for row in per_vm] == sorted(float(str(row["time_in_rpo"])) for row in per_vm)


def test_every_chart_and_bottleneck_share_is_there(compared: Answer) -> None:
    charts = {chart.name: chart for chart in compared.charts}
    assert {"violations", "time-in-rpo", "bottlenecks-900s", "data-age", "link-use", "vms"} <= set(charts)
    for name, chart in charts.items():
        assert chart.note, name
        for line in chart.lines:
            assert len(line.x) == len(line.y) > 1, name
    stacked = charts["bottlenecks-900s"]
    assert {bar.name for bar in stacked.bars} <= set(CAUSES)
    assert sum(bar.values[0] for bar in stacked.bars) == pytest.approx(1.0)
    ages = charts["data-age"].lines[0]
    assert ages.x[-1] == MONDAY + timedelta(days=3)
    assert isinstance(ages.x[0], datetime)


def test_the_same_question_has_the_same_answer(plan: Basis, compared: Answer) -> None:
    links = tuple(parse_link(f"{mbit} Mbit/s up") for mbit in (10, 20, 40, 80))
    again = rpo.answer(plan, RpoQuestion((RPO_S, 3600.0), links, days=3.0, seeds=2), RUNNER)
    assert again == compared


def test_where_none_of_the_links_does_it_that_is_the_verdict(plan: Basis) -> None:
    links = (parse_link("1 Mbit/s up"), parse_link("2 Mbit/s up"))
    answer = rpo.answer(plan, RpoQuestion((RPO_S,), links, days=1.0, seeds=1), RUNNER)
    assert (answer.tone, answer.verdict) == ("bad", "RPO 15 min: none of these links")
    assert "over none of these links does every VM keep it" in answer.decision[0]
    assert "the link is full" in answer.decision[1]


def test_links_are_chosen_around_what_the_vms_change(plan: Basis) -> None:
    answer = rpo.answer(plan, RpoQuestion((RPO_S,), days=1.0, seeds=1), RUNNER)
    rows = table(answer, "rpo").rows
    assert len(rows) == len(rpo.STEPS)
    assert rows[0]["kept"] == "no"
    assert rows[-1]["kept"] == "yes"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (RpoQuestion(()), "no RPO"),
        (RpoQuestion((0.0,)), "of 0"),
        (RpoQuestion((900.0,), share=1.5), "150 %"),
        (RpoQuestion((900.0,), seeds=0), "0 seeds"),
        (RpoQuestion((900.0,), days=0.0), "0 days"),
    ],
)
def test_what_cannot_be_asked_is_refused(plan: Basis, wrong: RpoQuestion, said: str) -> None:
    with pytest.raises(CannotAsk, match=said):
        rpo.answer(plan, wrong, RUNNER)


def test_limits_of_every_host_are_kept(plan: Basis) -> None:
    limited = Trials(replace(plan, limits={"host": 2, "replicator": 5}), RUNNER, DAY_S)
    run = limited.run(limited.fleet(RPO_S), parse_link("50 Mbit/s up"))
    hosts = {one.vm.host for one in plan.planned()}
    assert dict(run.limits) == {"replicator": 5, **dict.fromkeys(hosts, 2)}
    assert run.replicator == "replicator"
