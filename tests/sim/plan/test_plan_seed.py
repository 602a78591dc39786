"""`plan seed` and `plan deadline`: what they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_by_hand import GB, START, basis, rate, vm

from cxsim.sim.plan.answers import Answer
from cxsim.sim.plan.inventory import Power
from cxsim.sim.plan.links import parse_link
from cxsim.sim.plan.questions import deadline, seed
from cxsim.sim.plan.questions.deadline import DeadlineQuestion, NoTime
from cxsim.sim.plan.questions.seed import SeedQuestion
from cxsim.sim.plan.seeding.building import NoSuchVm
from cxsim.sim.plan.seeding.draws import drawn, percentile
from cxsim.sim.replication.settings import Settings

HOUR_S = 3600.0
PLAIN = Settings(link_efficiency=1.0)


def told(answer: Answer) -> str:
    """The first page, and the tables' rows."""
    lines = [answer.question, f"{answer.verdict} ({answer.tone})", *answer.decision]
    for table in answer.tables:
        lines += ["", f"[{table.name}] {table.title}", *(str(dict(row)) for row in table.rows), table.note]
    lines += ["", *(f"({chart.name}) {chart.note}" for chart in answer.charts), ""]
    return "\n".join([*lines, *(f"left out: {one}" for one in answer.left_out), ""])


def test_a_batch_against_the_published_yardstick() -> None:
    found = seed.answer(basis([vm("a", 100)]), SeedQuestion(parse_link("10 Mbit/s up"), 900.0))
    took_s = found.tables[0].rows[0]["took_s"]
    assert took_s == pytest.approx(100 * GB * 8 / (10e6 * 0.72))
    assert found.verdict == "30 h 52 min"
    assert (found.tone, found.charts[0].lines[0].y[-1]) == ("good", 0.0)
    assert any("WAN 100 %" in sentence for sentence in found.decision)


def test_what_a_batch_answers(golden: Callable[[str, str], None]) -> None:
    plan = basis(
        [vm("small", 5), vm("big", 60), vm("busy", 20), vm("there", 30), vm("off", 10, Power.OFF)],
        {"busy": rate("busy", 4e5, (0.5, 2.0)), "there": rate("there", 1e6)},
    )
    question = SeedQuestion(
        parse_link("100 Mbit/s, 40 Mbit/s 8:00-18:00 Mon-Fri"), 900.0, seeded=("there",), within_s=4 * HOUR_S
    )
    golden("seed.txt", told(seed.answer(plan, question)))


def test_a_batch_for_some_hours_is_exact() -> None:
    plan = basis([vm(f"v{n}", 9) for n in range(8)], settings=PLAIN)
    link = parse_link("100 Mbit/s up")  # 720 s each
    for hours, fitting in ((0.19, 0), (1.0, 5), (1.01, 5), (1.2, 6), (9.0, 8)):
        found = seed.answer(plan, SeedQuestion(link, 900.0, within_s=hours * HOUR_S, batch_chart=False))
        assert found.tables[1].rows[0]["as_listed"] == fitting


def test_limits_are_named_as_what_limits() -> None:
    plan = basis([vm(f"v{n}", 9) for n in range(4)], settings=replace(PLAIN, source_read_bps=50e6))
    limited = replace(plan, limits={"replicator": 1})
    link = parse_link("1 Gbit/s up")
    read = seed.answer(plan, SeedQuestion(link, 900.0))
    assert any("source read 100 %" in sentence for sentence in read.decision)
    waits = seed.answer(limited, SeedQuestion(link, 900.0))
    assert any("concurrency 60.0 %, source read 40.0 %" in sentence for sentence in waits.decision)


def test_deltas_that_outrun_the_link_are_said() -> None:
    rates = {f"v{n}": rate(f"v{n}", 2e6) for n in range(3)}
    plan = basis([vm(f"v{n}", 9 + 90 * n) for n in range(3)], rates, settings=PLAIN)
    found = seed.answer(plan, SeedQuestion(parse_link("20 Mbit/s up"), 900.0))
    assert found.tone == "fair"
    assert any("need about 48 Mbit/s, more than the 20 Mbit/s" in sentence for sentence in found.decision)


def test_names_that_are_not_in_the_plan_are_refused() -> None:
    plan = basis([vm("a", 1), vm("off", 1, Power.OFF)])
    link = parse_link("10 Mbit/s up")
    for names, wrong in ((("b",), "is not in the inventory"), (("off",), "is not in the plan")):
        with pytest.raises(NoSuchVm, match=wrong):
            seed.answer(plan, SeedQuestion(link, 900.0, vms=names))
    with pytest.raises(NoSuchVm, match="seeded already"):
        seed.answer(plan, SeedQuestion(link, 900.0, seeded=("a",)))
    with pytest.raises(NoSuchVm, match="no VM is in the plan"):
        seed.answer(basis([vm("off", 1, Power.OFF)]), SeedQuestion(link, 900.0))
    with pytest.raises(ValueError, match="above 0"):
        seed.answer(plan, SeedQuestion(link, 0.0))
    with pytest.raises(NoTime, match="later --by"):
        deadline.answer(plan, DeadlineQuestion(link, 900.0, START))


# Deadline -------------------------------------------------------------------------------------------


def test_a_deadline_without_changes_is_arithmetic() -> None:
    plan = basis([vm("a", 45), vm("b", 45)], settings=PLAIN)
    by = START + timedelta(hours=4)
    found = deadline.answer(plan, DeadlineQuestion(parse_link("100 Mbit/s up"), 900.0, by, draws=3))
    ready, _, latest, least = found.tables[0].rows
    assert found.verdict == "yes, 2 h to spare at P90"
    assert ready["when"] == START + timedelta(hours=2)
    assert latest["when"] == START + timedelta(hours=2)
    assert least["link_bps"] == pytest.approx(50e6, rel=0.02)
    assert float(str(least["link_bps"])) >= 50e6


def test_the_link_and_the_start_found_pass_and_a_little_less_fails() -> None:
    rates = {name: rate(name, 4e4, (0.5, 2.0), bursts=True) for name in "abcd"}
    plan = basis([vm(name, 20 + 5 * n) for n, name in enumerate("abcd")], rates)
    by = datetime(2017, 11, 7, 8, 0)
    question = DeadlineQuestion(parse_link("40 Mbit/s, 10 Mbit/s 9:00-17:00"), 3600.0, by, draws=6)
    found = deadline.answer(plan, question)
    _, _, latest, least = found.tables[0].rows
    least_bps, start = float(str(least["link_bps"])), latest["when"]
    assert isinstance(start, datetime)

    def sure(**changes: object) -> bool:
        once = replace(question, search=False, **changes)  # type: ignore[arg-type]
        return deadline.answer(plan, once).tone == "good"

    assert sure(link=question.link.scaled_to(least_bps))
    assert not sure(link=question.link.scaled_to(0.97 * least_bps))
    assert sure(start=start)
    assert not sure(start=start + timedelta(minutes=15))
    assert (found.tone == "good") == (least_bps <= 40e6)


def test_what_a_deadline_answers(golden: Callable[[str, str], None]) -> None:
    plan = basis([vm("a", 60), vm("b", 20), vm("off", 10, Power.OFF)], {"b": rate("b", 1e5, (0.5, 2.0))})
    question = DeadlineQuestion(parse_link("50 Mbit/s up"), 900.0, START + timedelta(hours=5), draws=4)
    golden("deadline.txt", told(deadline.answer(plan, question)))


def test_an_rpo_that_is_not_kept_is_not_ready(golden: Callable[[str, str], None]) -> None:
    rates = {name: rate(name, 9e5) for name in "ab"}
    plan = basis([vm("a", 9), vm("b", 9)], rates, settings=PLAIN)
    question = DeadlineQuestion(parse_link("14 Mbit/s up"), 900.0, START + timedelta(days=9), draws=2)
    found = deadline.answer(plan, question)
    assert found.tone == "bad"
    golden("deadline-not-kept.txt", "\n".join([found.question, found.verdict, *found.decision, ""]))


def test_a_cold_migration_has_no_rpo_to_keep() -> None:
    plan = basis([vm("a", 45, Power.OFF)], {"a": rate("a", 1e9)}, "cold migration", PLAIN)
    question = DeadlineQuestion(parse_link("100 Mbit/s up"), 900.0, START + timedelta(hours=2), draws=2)
    assert deadline.answer(plan, replace(question, search=False)).verdict == "yes, 1 h to spare at P90"


def test_draws_lie_between_the_bounds_and_come_from_the_seed() -> None:
    bursts = replace(rate("a", 1e5, (0.25, 4.0), bursts=True), made_up="bursts")
    plan = basis([vm("a", 10), vm("b", 10)], {"a": bursts, "b": rate("b", 1e5)}).planned()
    means = [drawn(plan, 900.0, 7, draw, 5)[0].rate.mean_bytes_per_s / 1e5 for draw in range(5)]
    assert means == pytest.approx([0.25 * 16**q for q in (0.1, 0.3, 0.5, 0.7, 0.9)])
    places = [
        drawn(plan, 900.0, seed, draw, 5)[0].rate.base.offset_s for seed, draw in ((7, 1), (8, 1), (7, 2))
    ]
    assert len(set(places)) == 3
    assert drawn(plan, 900.0, 7, 1, 5)[0].rate.base.offset_s == places[0]
    measured = drawn(plan, 900.0, 7, 4, 5)[1].rate.base
    assert (measured.offset_s, measured.scale) == (plan[1].rate.base.offset_s, plan[1].rate.base.scale)


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile(range(1, 21), 0.9) == 18
    assert percentile([5.0], 0.9) == 5.0
    assert percentile([1.0, float("inf")], 0.5) == 1.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(20, 200), st.integers(1, 100))
def test_more_link_is_never_later(sizes: list[int], mbit: int, more: int) -> None:
    plan = basis([vm(f"v{n}", gb) for n, gb in enumerate(sizes)])
    times = [
        seed.answer(plan, SeedQuestion(parse_link(f"{rate} Mbit/s, 5 Mbit/s 10:00-12:00"), 900.0))
        .tables[0]
        .rows[0]["took_s"]
        for rate in (mbit, mbit + more)
    ]
    assert float(str(times[1])) <= float(str(times[0])) * (1 + 1e-9)
