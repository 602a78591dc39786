"""`plan waves`: who moves when, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_by_hand import GB, START, basis, rate, vm
from test_plan_seed import told

from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.commands import plan as plan_command
from cxsim.sim.plan.inventory import Power
from cxsim.sim.plan.links import parse_link
from cxsim.sim.plan.questions import waves
from cxsim.sim.plan.questions.waves import WavesQuestion, WavesRefused
from cxsim.sim.plan.target import parse_target
from cxsim.sim.plan.waves import Calendar, Limits, Terms, assign, parse_window, units_of
from cxsim.sim.replication.settings import Settings

HOUR_S = 3600.0
PLAIN = Settings(link_efficiency=1.0)
LINK = parse_link("100 Mbit/s up")  # 45 GB an hour, 1080 GB a day


def calendar(*windows: str, blackouts: tuple[str, ...] = ()) -> Calendar:
    return Calendar(tuple(map(parse_window, windows)), tuple(map(parse_window, blackouts)))


def rows(question: WavesQuestion, plan: object) -> list[tuple[object, ...]]:
    """(VM, wave, off, downtime) by VM."""
    found = waves.answer(plan, question)  # type: ignore[arg-type]
    return [(row["vm"], row["wave"], row["off"], row["downtime_s"]) for row in found.tables[1].rows]


def test_copies_fill_the_time_to_each_window() -> None:
    plan = basis([vm("a", 200), vm("b", 700), vm("c", 900), vm("d", 500)], settings=PLAIN)
    question = WavesQuestion(LINK, 86400.0, calendar=calendar("22:00-23:00"), boot_s=120.0)
    # 13 h to the first window carry 585 GB; from the end of d's copy to the second 1165 GB
    found = waves.answer(plan, question)
    by_vm = {row["vm"]: row for row in found.tables[1].rows}
    assert {name: by_vm[name]["wave"] for name in "abcd"} == {
        "a": "wave 2",
        "b": "wave 3",
        "c": "wave 2",
        "d": "wave 1",
    }
    assert by_vm["d"]["off"] == START.replace(hour=22)
    assert [by_vm[name]["downtime_s"] for name in "abcd"] == [120.0] * 4
    assert "no. 1 of 4 largest first (838 GiB to copy); not earlier: 838 GiB to copy, the link" in str(
        by_vm["c"]["why"]
    )


def test_downtime_is_the_final_delta_and_the_boot() -> None:
    plan = basis([vm("a", 45)], {"a": rate("a", 1e5)}, settings=PLAIN)
    question = WavesQuestion(LINK, 86400.0, calendar=calendar("Tue 22:00-23:00"), boot_s=300.0)
    # copied after 1 h, the next sync an RPO later, at 25 h; the window opens after 37 h
    late = rows(question, plan)[0][3]
    assert late == pytest.approx(300 + 1e5 * 12 * HOUR_S * 8 / 100e6, rel=0.03)
    ahead = rows(replace(question, sync_ahead_s=HOUR_S), plan)[0][3]
    assert ahead == pytest.approx(300 + 1e5 * HOUR_S * 8 / 100e6, rel=0.01)


def test_groups_limits_and_blackouts() -> None:
    plan = basis([vm(name, 20) for name in "abcdef"], settings=PLAIN)
    question = WavesQuestion(
        LINK,
        86400.0,
        calendar=calendar("22:00-23:00", blackouts=("2017-11-07",)),
        groups={"a": "erp", "f": "erp", "b": "all", "c": "all", "d": "all"},
        most_vms=2,
        order="as listed",
    )
    found = waves.answer(plan, question)
    assert [(row["vm"], row["wave"], str(row["off"])[:10]) for row in found.tables[1].rows] == [
        ("a", "wave 1", "2017-11-06"),
        ("f", "wave 1", "2017-11-06"),
        ("e", "wave 2", "2017-11-08"),
    ]
    assert [(row["vm"], row["why"]) for row in found.tables[2].rows] == [
        (name, "3 VMs move together, a wave has 2 at most") for name in "bcd"
    ]
    assert found.verdict.endswith("3 VMs in no wave")
    assert found.tone == "bad"


def test_without_windows_a_wave_is_cut_over_when_it_is_copied() -> None:
    plan = basis([vm(name, 45) for name in "abc"], settings=PLAIN)
    question = WavesQuestion(LINK, 86400.0, most_vms=2, boot_s=0.0)
    offs = [row[2] for row in rows(question, plan)]
    assert offs == [START + timedelta(hours=2, seconds=1)] * 2 + [START + timedelta(hours=3, seconds=1)]
    dark = replace(question, calendar=calendar(blackouts=("Mon 10:00-12:00",)))
    offs = [row[2] for row in rows(dark, plan)]
    assert offs[0] == START.replace(hour=12)


def test_a_window_that_is_too_short_is_named() -> None:
    plan = basis([vm("a", 45), vm("b", 45)], {"a": rate("a", 4e6)}, settings=PLAIN)
    question = WavesQuestion(LINK, 86400.0, calendar=calendar("22:00-22:30"), by=START + timedelta(days=3))
    found = waves.answer(plan, question)
    assert [row["vm"] for row in found.tables[1].rows] == ["b"]
    assert [row["vm"] for row in found.tables[2].rows] == ["a"]
    assert "with it a would be up " in str(found.tables[2].rows[0]["why"])
    assert "the window closes Mon 2017-11-06 22:30" in str(found.tables[2].rows[0]["why"])


def test_cold_migrations_copy_in_the_window() -> None:
    off = [vm(name, 45, Power.OFF) for name in "abc"]
    plan = basis(off, {"a": rate("a", 1e7)}, "cold migration", PLAIN)
    question = WavesQuestion(LINK, 86400.0, calendar=calendar("22:00-00:30"), boot_s=600.0)
    found = waves.answer(plan, question)
    assert Counter(row["wave"] for row in found.tables[1].rows) == {"wave 1": 2, "wave 2": 1}
    assert [row["downtime_s"] for row in found.tables[1].rows] == pytest.approx([7800.0, 7800.0, 4200.0])


def test_risk_at_the_upper_bounds_is_said() -> None:
    plan = basis([vm("a", 450)], {"a": rate("a", 1e6, (0.5, 3.0))}, settings=PLAIN)
    question = WavesQuestion(LINK, HOUR_S, calendar=calendar("22:00-23:00"))
    found = waves.answer(plan, question)
    assert found.tone == "fair"
    assert any("upper bounds wave 1 does not hold: the copy of a would be" in one for one in found.decision)


def test_what_waves_answer(golden: Callable[[str, str], None]) -> None:
    plan = basis(
        [
            vm("erp-db", 300),
            vm("erp-app", 60),
            vm("web", 40),
            vm("files", 2400),
            vm("huge", 9000),
            vm("off", 9, Power.OFF),
        ],
        {"erp-db": rate("erp-db", 3e5, (0.5, 2.0)), "files": rate("files", 1e5)},
    )
    question = WavesQuestion(
        parse_link("100 Mbit/s, 20 Mbit/s 8:00-18:00 Mon-Fri"),
        4 * HOUR_S,
        by=START + timedelta(days=14),
        calendar=calendar("Sat 22:00-06:00", blackouts=("2017-11-18 - 2017-11-19",)),
        groups={"erp-db": "ERP", "erp-app": "ERP", "off": "ERP"},
        target=parse_target("Fast: 200 GiB"),
    )
    found = waves.answer(plan, question)
    spans = [f"{span.row}: {span.group} {span.start} to {span.end}" for span in found.charts[0].spans]
    golden("waves.txt", told(found) + "\n".join([*spans, ""]))


def test_questions_that_mean_nothing_are_refused() -> None:
    plan = basis([vm("a", 1)])
    for wrong in (
        {"rpo_s": 0.0},
        {"by": START},
        {"most_vms": 0},
        {"cutovers_at_once": 0},
        {"boot_s": -1.0},
        {"order": "by name"},
    ):
        with pytest.raises(WavesRefused):
            waves.answer(plan, replace(WavesQuestion(LINK, 900.0), **wrong))  # type: ignore[arg-type]


SIZES = st.lists(st.integers(1, 900), min_size=1, max_size=7)


@settings(max_examples=25, deadline=None)
@given(SIZES, st.data())
def test_every_vm_is_in_one_wave_or_named_and_windows_hold(sizes: list[int], data: st.DataObject) -> None:
    names = [f"v{n}" for n in range(len(sizes))]
    rates = {name: rate(name, data.draw(st.sampled_from([0.0, 1e5, 2e6]), name)) for name in names}
    groups = {
        name: group for name in names if (group := data.draw(st.sampled_from(["", "x", "y"]), name)) != ""
    }
    most = data.draw(st.sampled_from([None, 1, 2, 4]))
    at_once = data.draw(st.sampled_from([None, 1]))
    hours = calendar(
        data.draw(st.sampled_from(["Sat 22:00-06:00", "22:00-22:30", "Tue-Fri 20:00-21:00"])),
        blackouts=data.draw(st.sampled_from([(), ("2017-11-11",), ("2017-11-07 - 2017-11-14",)])),
    )
    plan = basis([vm(name, gb) for name, gb in zip(names, sizes, strict=True)], rates, settings=PLAIN)
    terms = Terms(plan, LINK, 4 * HOUR_S, START, hours, 300.0, at_once)
    until = START + timedelta(days=21)
    planned = {one.label: one for one in plan.planned()}
    units = units_of(names, groups)
    found = assign(terms, planned, units, Limits(until, most))
    placed = [label for wave in found.waves for label in wave.labels]
    nowhere = [label for unit, reason in found.unplaced for label in unit.labels if reason]
    assert sorted([*placed, *nowhere]) == names
    where = {label: wave.number for wave in found.waves for label in wave.labels}
    for unit in units:
        assert len({where.get(label) for label in unit.labels}) == 1
    allowed = hours.cutovers(START, until)
    if found.trial is None:
        assert not placed
        return
    assert not found.trial.failures
    for one in found.trial.moved:
        assert one.seeded_s is not None
        assert one.off_s is not None
        assert one.up_s is not None
        assert one.seeded_s <= one.off_s
        off, up = terms.at(one.off_s), terms.at(one.up_s)
        assert any(window.start <= off and up <= window.end for window in allowed), (one, off, up)
    for wave in found.waves:
        assert most is None or len(wave.labels) <= most
    again = assign(terms, planned, units, Limits(until, most))
    assert (again.waves, again.why) == (found.waves, found.why)


@settings(max_examples=15, deadline=None)
@given(SIZES, st.integers(60, 200), st.integers(1, 200))
def test_more_link_never_ends_one_wave_later(sizes: list[int], mbit: int, more: int) -> None:
    """Of one wave without changes, cut over when it is copied; with several waves, which units are together
    may differ between links."""
    plan = basis([vm(f"v{n}", gb) for n, gb in enumerate(sizes)], settings=PLAIN)
    ends = []
    for speed in (mbit, mbit + more):
        terms = Terms(plan, parse_link(f"{speed} Mbit/s up"), 86400.0, START)
        units = units_of([one.label for one in plan.planned()], {})
        found = assign(
            terms, {one.label: one for one in plan.planned()}, units, Limits(START + timedelta(days=60))
        )
        assert found.trial is not None
        assert sum(len(wave.labels) for wave in found.waves) == len(sizes)
        ends.append(max(found.trial.up_s(wave) for wave in found.waves))
    assert ends[1] <= ends[0] + 1e-6
    assert ends[0] >= sum(sizes) * GB * 8 / (mbit * 1e6)


def test_long_final_deltas_are_tried_with_a_sync_ahead_and_waves_may_be_planned_cautiously() -> None:
    plan = basis([vm("a", 45)], {"a": rate("a", 3e5, (0.5, 1.5))}, settings=PLAIN)
    question = WavesQuestion(LINK, 86400.0, calendar=calendar("Tue 22:00-03:00"))
    found = waves.answer(plan, question)
    ahead = rows(replace(question, sync_ahead_s=2 * HOUR_S), plan)[0][3]
    assert ahead == pytest.approx(300 + 3e5 * 2 * HOUR_S * 8 / 100e6, rel=0.01)
    assert (
        f"With a sync 2 h before each cutover it is at most {shown(float(str(ahead)), 'seconds')}."
        in found.decision
    )
    cautious = waves.answer(plan, replace(question, bound="high"))
    downs = [one.tables[1].rows[0]["downtime_s"] for one in (found, cautious)]
    assert (float(str(downs[1])) - 300) == pytest.approx(1.5 * (float(str(downs[0])) - 300), rel=0.05)


def test_the_command_takes_all_of_it(tmp_path: Path) -> None:
    table = tmp_path / "vms.csv"
    table.write_text("vm,power,size_GB,used_GB\na,on,60,45\nb,on,60,45\n", encoding="utf-8")
    words = [str(table), "--for", "migration", "--link", "100 Mbit/s up", "--start", "2017-11-06 09:00"]
    words += ["--window", "Tue 22:00-03:00", "--default-rate", "10 GB/d", "--json"]
    longest = []
    for more in ([], ["--sync-ahead", "1 h"], ["--cautious"]):
        result = CliRunner().invoke(plan_command, ["waves", *words, *more], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        answered = json.loads(result.stdout)["answers"][0]
        rows = next(one["rows"] for one in answered["tables"] if one["name"] == "waves")
        longest.append(rows[0]["most_downtime_s"])
    assert longest[1] < longest[0] < longest[2]
    wrong = CliRunner().invoke(plan_command, ["waves", *words, "--sync-ahead", "soon", "--window", "Sat"])
    assert wrong.exit_code == 2
    assert "--sync-ahead: " in wrong.stderr
    assert "'Sat' is no time of the week" in wrong.stderr
