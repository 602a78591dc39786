"""`plan sweep`: any value of a scenario, every combination and seed; mistakes told before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.sim.plan.answers import Answer, Table
from cxsim.sim.plan.questions.sweep import (
    CannotAsk,
    SweepQuestion,
    SweepWorks,
    answer,
    parse_parameter,
    variants,
)
from cxsim.sim.plan.questions.sweeping import run_variant
from cxsim.sim.plan.runs import Progress
from cxsim.sim.scenario import ScenarioErrors, load

SCENARIO = """\
schema: 1
title: one VM over a small line
extends: environments/tyrell-mycloud.yaml
seed: 5
vms:
  deckard: {disks: [{size: 40 GiB, used: 0 MiB, workload: {rate: 0.5 MB/s, bursts: {}}}]}
steps:
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - wait: {cloud: MyCloud-CHC, status: Running, at_most: 5 min}
  - migrate: {job: Wave 1, type: Warm, vms: [deckard], cloud: MyCloud-CHC, vdc: CHC Tyrell PAYG,
      storage_profile: CHC Performance, network: Tyrell Servers, layout: individual, start: immediately,
      rpo: 15 min, disk_type: Thin}
  - run_until: 3 h
expect:
  - at_end: {rpo: fleet, time_in_rpo: "> 90 %"}
"""
UP, RATE = "sites.tyrell.wan.up", "vms.deckard.disks[0].workload.rate"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "one.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def question(file: Path) -> SweepQuestion:
    return SweepQuestion(file, ((UP, ("12 Mbit/s", "40 Mbit/s")), (RATE, ("0.5 MB/s", "1 MB/s"))), (1, 2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def swept(question: SweepQuestion, folder: Path) -> Answer:
    with SweepWorks(workers=1, folder=folder) as works:
        return answer(question, works)


def table(answered: Answer, name: str) -> Table:
    return next(one for one in answered.tables if one.name == name)


def test_every_combination_is_run_with_every_seed(swept: Answer) -> None:
    rows = table(swept, "runs").rows
    assert [(row[UP], row[RATE], row["seed"]) for row in rows] == [
        (up, rate, seed)
        for up in ("12 Mbit/s", "40 Mbit/s")
        for rate in ("0.5 MB/s", "1 MB/s")
        for seed in (1, 2)
    ]
    assert {row["ended"] for row in rows} == {"met", "not met"}
    by_case = table(swept, "sweep").rows
    assert [row["met"] for row in by_case] == [2, 0, 2, 2]
    assert swept.verdict == "6 of 8 runs meet what the scenario expects"
    shares = [float(str(row["time_in_rpo"])) for row in by_case]
    assert shares[1] < 0.9 < shares[0] < shares[3] <= shares[2]
    assert [row["bottleneck"] for row in by_case] == ["wan", "wan", "schedule", "schedule"]
    assert str(by_case[1]["unmet"]).startswith('at_end: {rpo: fleet, time_in_rpo: "> 90 %"}: got')


def test_a_run_of_a_sweep_is_the_scenario_with_these_values(file: Path, swept: Answer) -> None:
    (written,) = load(file, 1, ((UP, "12 Mbit/s"), (RATE, "1 MB/s")))
    by_hand = file.parent / "by-hand.yaml"
    text = SCENARIO.replace("0.5 MB/s", "1 MB/s")
    text += "sites: {tyrell: {wan: {up: 12 Mbit/s}}}\n"
    by_hand.write_text(text, encoding="utf-8")
    (expected,) = load(by_hand, 1)
    assert written.model_dump() == expected.model_dump()
    (row,) = (
        row
        for row in table(swept, "runs").rows
        if (row[UP], row[RATE], row["seed"]) == ("12 Mbit/s", "1 MB/s", 1)
    )
    own = SweepQuestion(file, ((UP, ("12 Mbit/s",)), (RATE, ("1 MB/s",))), (1,))
    (fleet,) = run_variant(variants(own)[0]).rpo
    assert (row["time_in_rpo"], row["violations"]) == (fleet.time_in_rpo, fleet.violation_count)


def test_a_sweep_goes_on_where_it_was(
    question: SweepQuestion, swept: Answer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Progress] = []
    again = answer(question, SweepWorks(workers=1, folder=folder, progress=seen.append))
    assert again == swept
    assert seen[-1].kept == seen[-1].total == 8


def test_the_chart_has_an_axis_with_units(swept: Answer) -> None:
    (chart,) = swept.charts
    assert (chart.kind, chart.x_kind) == ("lines", "bps")
    assert [line.x for line in chart.lines] == [(12e6, 40e6)] * 2
    assert chart.note


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("sites.tyrel.wan.up", "1 Mbit/s", 'sites.tyrel: is not in this scenario: did you mean "tyrell"?'),
        ("vms.deckard.disks[3].workload.rate", "1 MB/s", "is a list of 1"),
        (UP, "fast", "is not a bandwidth"),
        ("sites.tyrell.wan.upp", "1 Mbit/s", 'did you mean "up"?'),
        ("replication.margin", "lots", "replication.margin"),
        ("sites..up", "1", "is not a path"),
        ("title.x", "1", "title is a single value"),
    ],
)
def test_mistakes_are_told_with_the_change_as_their_place(
    file: Path, path: str, value: str, said: str
) -> None:
    with pytest.raises(ScenarioErrors) as told:
        variants(SweepQuestion(file, ((path, (value,)),)))
    assert said in str(told.value)
    assert f"{path}={value}" in str(told.value)


def test_mistakes_of_all_values_are_told_at_once(file: Path) -> None:
    with pytest.raises(ScenarioErrors) as told:
        variants(SweepQuestion(file, ((UP, ("1 Mbit/s", "fast", "faster")),)))
    assert len(told.value.problems) == 2


def test_a_section_that_the_file_has_not_can_be_swept(file: Path) -> None:
    (one,) = load(file, None, (("replication.margin", "10 %"),))
    assert one.replication.margin == pytest.approx(0.1)
    (other,) = load(file, None, (("steps[2].migrate.rpo", "30 min"),))
    assert other.model_dump() != load(file)[0].model_dump()


def test_a_parameter_is_a_path_and_values() -> None:
    assert parse_parameter(f"{UP}=20 Mbit/s, 50 Mbit/s") == (UP, ("20 Mbit/s", "50 Mbit/s"))
    assert parse_parameter("tags=[a, b] | [c]") == ("tags", ("[a, b]", "[c]"))
    for wrong in (UP, f"{UP}=", "=1", f"{UP}= , "):
        with pytest.raises(CannotAsk, match="names no values"):
            parse_parameter(wrong)


def test_a_sweep_that_is_too_large_or_says_a_path_twice_is_refused(file: Path) -> None:
    with pytest.raises(CannotAsk, match="at most"):
        variants(SweepQuestion(file, ((UP, ("1 Mbit/s",) * 200),), tuple(range(100))))
    with pytest.raises(CannotAsk, match="twice"):
        variants(SweepQuestion(file, ((UP, ("1 Mbit/s",)), (UP, ("2 Mbit/s",)))))
