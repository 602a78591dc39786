"""Crashes by the thousand: the same numbers are the same cases, and an interruption loses nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from cxsim.sim.crash.__main__ import main
from cxsim.sim.crash.sampling import FIRST_SEED, PLANS, Results, Sampling, cases, command, fingerprint


def test_ten_thousand_cases_are_different_ones_of_every_plan_and_none_of_make_test() -> None:
    wanted = cases(0, 10_000)
    assert len(set(wanted)) == 10_000
    assert sorted(Counter(plan for plan, _ in wanted).values()) == [3333, 3333, 3334]
    assert min(seed for _, seed in wanted) == FIRST_SEED
    assert cases(300, 5) == wanted[300:305]


def test_verdicts_of_other_sources_and_torn_lines_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    Results(file, "old").add("warm", 1, "x", [])
    Results(file, "new").add("warm", 2, "y", ["lost"])
    file.write_text(file.read_text() + '{"sources": "new", "pl')
    assert Results(file, "new").problems == {("warm", 2): ["lost"]}


def test_the_fingerprint_is_of_the_sources_alone() -> None:
    assert fingerprint() == fingerprint()


@pytest.mark.timeout(300)
def test_a_sampling_goes_on_where_it_was_interrupted_and_names_the_command_of_a_bad_case(
    tmp_path: Path,
) -> None:
    file, said = tmp_path / "results.jsonl", []
    wanted = cases(0, 3)
    Results(file, "here").add(*wanted[0], "known", ["lost"])
    assert Sampling(wanted, Results(file, "here"), 2, said.append).run() == []
    assert sorted(Results(file, "here").problems) == sorted(wanted)
    assert said[0] == "1 of 3 cases are known already"
    assert said[-1].startswith("2 of 2 cases, 1 bad, ")
    said.clear()
    assert Sampling(wanted, Results(file, "here"), 2, said.append).run() == []
    assert said == ["3 of 3 cases are known already"], "nothing is run again"
    assert len(file.read_text().splitlines()) == 3


@pytest.mark.timeout(300)
def test_one_case_is_run_again_by_its_command(tmp_path: Path) -> None:
    plan, seed = next(iter(PLANS)), FIRST_SEED
    arguments = command(plan, seed).split()[3:]
    shown = CliRunner().invoke(main, [*arguments, "--json"])
    assert shown.exit_code == 0, shown.output
    (verdict,) = [json.loads(line) for line in shown.output.splitlines()]
    assert (verdict["seed"], verdict["problems"]) == (seed, [])


@pytest.mark.parametrize("arguments", [["--plan", "warm"], ["--seed", "5"], ["--cases", "0"]])
def test_bad_options_are_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2
