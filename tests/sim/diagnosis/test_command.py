"""The command: options, exit codes, mistakes, JSON as documented."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cxsim.sim.cli import main
from cxsim.sim.commands import explain as command
from cxsim.sim.diagnosis import Diagnosis, Subject

ENVIRONMENT = "scenarios/environments/tyrell-mycloud.yaml"
FIREWALL = "scenarios/enable-failed-firewall.yaml"
ROOT = Path(__file__).parents[3]

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    return lambda *words: CliRunner().invoke(main, ["explain", *map(str, words)])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, shipped: Callable[[str], Diagnosis]) -> None:
    """Diagnoses of shipped subjects are taken from those made already."""

    def known(subject: Subject) -> Diagnosis:
        path = Path(subject.file)
        return shipped(str(path.relative_to("scenarios").with_suffix("")))

    monkeypatch.setattr(command, "diagnose", known)


def test_an_environment_that_works_exits_with_0(run: Run) -> None:
    done = run(ENVIRONMENT)
    assert done.exit_code == 0
    assert "Required flows at the start: 23 PASS" in done.output
    assert "Every required flow passes: nothing to change." in done.output


@pytest.mark.usefixtures("quick")
def test_several_paths_are_explained_one_after_the_other(run: Run) -> None:
    done = run(ENVIRONMENT, FIREWALL)
    assert done.exit_code == 1
    assert done.output.index("tyrell-mycloud: ") < done.output.index("enable-failed-firewall: ")
    assert "MyCloud-CHC Running, 1/1 expectations met" in done.output


@pytest.mark.usefixtures("quick")
def test_a_ticket_for_each_of_several(run: Run) -> None:
    done = run(FIREWALL, "scenarios/enable-failed-nat.yaml", "--for", "tenant")
    assert done.exit_code == 1
    assert done.output.count("=== ") == 2
    assert done.output.count("To: the tenant's administrator") == 2


@pytest.mark.usefixtures("quick")
def test_the_page_is_written(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    assert run(FIREWALL, "--html", target).exit_code == 1
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    done = run(FIREWALL, "--html", tmp_path / "missing" / "page.html")
    assert done.exit_code == 2
    assert "cannot write" in done.stderr


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


@pytest.mark.usefixtures("quick")
def test_json_has_the_documented_fields(run: Run) -> None:
    done = run(FIREWALL, "--json")
    (record,) = json.loads(done.output)
    documented = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    traced = json.loads(
        run(ENVIRONMENT, "--from", "tyrell-vcde01", "--to", "chc-ccm01:8044", "--json").output
    )
    differing = json.loads(run("--diff", ENVIRONMENT, FIREWALL, "--json").output)
    assert [key for key in _keys([record, traced, differing]) if f"`{key}`" not in documented] == []
    assert record["explain_version"] == 1
    assert record["exit"] == done.exit_code == 1
    (cause,) = record["causes"]
    assert cause["trace"][-1]["rule"] == "99"
    assert cause["trace"][-1]["place"] == "scenarios/enable-failed-firewall.yaml:13"
    assert cause["client"] == {
        "text": "timed out after 30 s (measured: tyrell-vcde01 at 0:00:30)",
        "measured": True,
        "host": "tyrell-vcde01",
        "t_s": 30.44112,
        "after_s": 30.0,
    }
    assert [change["party"] for change in cause["changes"]] == ["provider"]
    assert cause["rerun"]["helps"] is True
    assert [flow["verdict"] for flow in record["moments"][0]["flows"]].count("FAIL") == 2


def test_one_connection(run: Run) -> None:
    done = run(ENVIRONMENT, "--from", "tyrell-vcde01", "--to", "chc-ccm01:8044")
    assert done.exit_code == 0
    assert "ACCEPTED by chc-ccm01:8044" in done.output
    assert run(ENVIRONMENT, "--from", "chc-ccm01", "--to", "tyrell-esx01:902").exit_code == 1


def test_a_difference_exits_with_1(run: Run) -> None:
    done = run("--diff", ENVIRONMENT, FIREWALL)
    assert done.exit_code == 1
    assert "2 of 23 flows differ" in done.output
    assert run("--diff", ENVIRONMENT, ENVIRONMENT).exit_code == 0


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "name a scenario or an environment"),
        (["nope.yaml"], "nope.yaml:1:1: file: there is no such file"),
        ([ENVIRONMENT, "--from", "chc-ccm01"], "--from HOST and --to HOST:PORT belong together"),
        (["--diff", ENVIRONMENT, ENVIRONMENT, "--for", "tenant"], "--diff A B stands alone"),
        ([ENVIRONMENT, "--diff", ENVIRONMENT, ENVIRONMENT], "--diff A B stands alone"),
        ([ENVIRONMENT, "--from", "a", "--to", "b:1", "--for", "tenant"], "without --for and --html"),
        ([ENVIRONMENT, "--from", "chc-ccm1", "--to", "b:1"], "did you mean chc-ccm01?"),
        ([ENVIRONMENT, "--for", "nobody"], "'nobody' is not one of 'tenant', 'provider'"),
    ],
)
def test_mistakes_are_plain_sentences_and_exit_with_2(run: Run, words: list[str], text: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_difference_is_of_two(run: Run, tmp_path: Path) -> None:
    for name in ("one.yaml", "other.yaml"):
        (tmp_path / name).write_text((ROOT / ENVIRONMENT).read_text(encoding="utf-8"), encoding="utf-8")
    done = run("--diff", tmp_path, ENVIRONMENT)
    assert done.exit_code == 2
    assert "is several (one, other, tyrell-mycloud)" in done.stderr


def test_an_impossible_environment_is_refused_with_its_place(run: Run, tmp_path: Path) -> None:
    text = (ROOT / ENVIRONMENT).read_text(encoding="utf-8")
    path = tmp_path / "impossible.yaml"
    path.write_text(text.replace('translated: "192.168.0.34:8043"', 'translated: "192.168.0.99:8043"'))
    done = run(path)
    assert done.exit_code in (1, 2)
    assert "192.168.0.99" in done.output + done.stderr


def test_an_empty_directory_has_nothing_to_explain(run: Run, tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.exit_code == 2
    assert "no scenario or environment in" in done.stderr


def test_the_help_has_examples(run: Run) -> None:
    shown = run("--help").output
    assert "Examples:" in shown
    assert "cxsim explain --diff" in shown
