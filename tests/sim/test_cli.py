"""The command: exit codes, outputs, messages for mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from cxsim.sim.cli import main

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FIREWALL = SCENARIOS / "enable-failed-firewall.yaml"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(main, [str(w) for w in words])


def test_version_and_help_with_examples(run) -> None:
    assert run("--version").output.startswith("cxsim, version ")
    shown = run("--help").output
    assert "cxsim check --without-faults scenarios/" in shown
    assert set(main.commands) > {"run", "case", "plan"}
    for command in main.commands:
        assert "Examples:" in run(command, "--help").output, command


@pytest.mark.parametrize(("typed", "meant"), [("rum", "run"), ("plam", "plan"), ("exlpain", "explain")])
def test_a_command_that_is_not_there_gets_the_nearest_name(run, typed: str, meant: str) -> None:
    done = run(typed)
    assert done.exit_code == 2
    assert f"No such command '{typed}'. Did you mean '{meant}'?" in done.output


def test_one_scenario_is_told_as_a_story_with_its_cause(run) -> None:
    done = run("run", FIREWALL)
    assert done.exit_code == 0
    assert "Connected successfully!" in done.output
    assert "MyCloud-CHC: Enable Failed" in done.output
    assert 'rule 99 "hardening"' in done.output
    assert "enable-failed-firewall.yaml:13" in done.output
    assert "expectations 4/4 met" in done.output


def test_json_has_the_documented_fields(run) -> None:
    done = run("run", FIREWALL, "--json")
    (result,) = json.loads(done.output)
    documented = (SCENARIOS.parent / "docs" / "output.md").read_text()
    assert not [name for name in result if f"`{name}`" not in documented]
    assert result["result_version"] == 1
    assert result["faults"] == [
        {"name": "provider edge drops 8044", "place": result["faults"][0]["place"], "met": True}
    ]


def test_junit_has_a_case_for_every_expectation(run, tmp_path: Path) -> None:
    report = tmp_path / "out.xml"
    assert run("run", FIREWALL, "--junit", report).exit_code == 0
    (suite,) = etree.parse(report).getroot()
    assert suite.get("tests") == "5"
    assert suite.get("failures") == "0"


@pytest.mark.parametrize("option", ["--junit", "--log"])
def test_a_file_that_cannot_be_written_is_refused_before_the_run(run, tmp_path: Path, option: str) -> None:
    done = run("run", FIREWALL, option, tmp_path / "missing" / "out")
    assert done.exit_code == 2
    assert "cannot write" in done.output
    assert "Connected successfully!" not in done.output


def test_the_log_has_a_header_and_events(run, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    run("run", FIREWALL, "--log", log, "--seed", 5)
    header, *events = map(json.loads, log.read_text().splitlines())
    assert header["log_version"] == 1
    assert header["seed"] == 5
    assert header["pins"]["pyvmomi"]
    assert [e["t_us"] for e in events] == sorted(e["t_us"] for e in events)


def test_several_logs_get_the_scenarios_names(run, tmp_path: Path) -> None:
    run("run", SCENARIOS, "--tag", "enable-failed", "--log", tmp_path / "e.jsonl")
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == [f"e.enable-failed-{end}.jsonl" for end in ("firewall", "nat", "public-url")]


def test_processes_give_the_same_results_in_the_same_order(run) -> None:
    words = ("run", SCENARIOS, "--tag", "enable-failed", "--json")
    alone, together = (json.loads(run(*words, "-j", n).output) for n in (1, 2))
    for result in (*alone, *together):
        del result["wall_s"]
    assert alone == together


@pytest.mark.parametrize("command", ["run", "check", "list"])
def test_bad_input_is_told_and_nothing_is_run(run, tmp_path: Path, command: str) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        FIREWALL.read_text()
        .replace("CHC-ESG", "CHC-EGS")
        .replace("environments/", f"{SCENARIOS}/environments/")
    )
    done = run(command, bad)
    assert done.exit_code == 2
    assert "CHC-ESG" in done.output, "the nearest valid name"
    assert "Traceback" not in done.output
    assert "nothing was run" in done.output


def test_a_path_that_does_not_exist_is_told(run) -> None:
    done = run("run", "no-such-scenario.yaml")
    assert done.exit_code == 2
    assert "no-such-scenario.yaml" in done.output


def test_a_tag_that_nothing_has_is_told(run) -> None:
    done = run("run", SCENARIOS, "--tag", "nothing")
    assert done.exit_code == 2
    assert "no scenario with tag nothing" in done.output


def test_an_expectation_that_is_not_met_exits_with_1_and_says_why(run, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    text = FIREWALL.read_text().replace("environments/", f"{SCENARIOS}/environments/")
    wrong.write_text(
        text.replace(
            "at_end: {cloud: MyCloud-CHC, status: Enable Failed}",
            "at_end: {cloud: MyCloud-CHC, status: Running}",
            1,
        )
    )
    done = run("run", wrong, "--no-story")
    assert done.exit_code == 1
    assert "not met" in done.output
    assert "expected" in done.output
    assert 'rule 99 "hardening"' in done.output, "with its cause"


def test_a_fault_that_meets_nothing_fails_its_scenario(run, tmp_path: Path) -> None:
    idle = tmp_path / "idle.yaml"
    text = FIREWALL.read_text().replace("environments/", f"{SCENARIOS}/environments/")
    idle.write_text(text.replace("ports: [8044]", "ports: [9]"))
    done = run("run", idle, "--no-story")
    assert done.exit_code == 1
    assert "never met a packet" in done.output


def test_an_expected_failure_passes_and_an_unexpected_pass_fails(run, tmp_path: Path) -> None:
    text = FIREWALL.read_text().replace("environments/", f"{SCENARIOS}/environments/")
    known = tmp_path / "known.yaml"
    known.write_text(text + "\nexpect_fail: {issue: 12}\n")
    assert run("run", known).exit_code == 1
    known.write_text(
        text.replace(
            "at_end: {cloud: MyCloud-CHC, status: Enable Failed}",
            "at_end: {cloud: MyCloud-CHC, status: Running}",
            1,
        )
        + "\nexpect_fail: {issue: 12}\n"
    )
    done = run("run", known)
    assert done.exit_code == 0
    assert "XFAIL" in done.output


def test_check_says_that_a_scenario_does_not_need_its_fault(run, tmp_path: Path) -> None:
    needless = tmp_path / "needless.yaml"
    text = FIREWALL.read_text().replace("environments/", f"{SCENARIOS}/environments/")
    head = text[: text.index("expect:")]
    needless.write_text(head + 'expect:\n  - eventually: {message: "Connected successfully!"}\n')
    done = run("check", "--without-faults", needless)
    assert done.exit_code == 1
    assert "does not need them" in done.output
