"""`cxsim plan` at the command line: help, mistakes, outputs, what a user sees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from headless import CHROMIUM, drawn, opened
from python_calamine import CalamineWorkbook

from cxsim.sim.cli import main
from cxsim.sim.plan.commands import plan

SAMPLE = Path(__file__).parents[3] / "scenarios" / "plan"
INVENTORY = SAMPLE / "sample-inventory.xlsx"


@pytest.fixture
def run():
    return lambda *words: CliRunner().invoke(main, ["plan", *(str(word) for word in words)])


@pytest.mark.parametrize("name", sorted(plan.commands))
def test_every_command_has_help_with_examples(run, name: str) -> None:
    done: Result = run(name, "--help")
    assert done.exit_code == 0
    assert "Examples:" in done.output
    assert f"cxsim plan {name}" in done.output


def test_all_mistakes_are_told_at_once(run, tmp_path: Path) -> None:
    done = run(
        "readiness", tmp_path / "none.xlsx", "--for", "moving", "--target", "fast", "--seed", "x",
        "--html", tmp_path / "folder-that-is-a-file" / "x.html",
    )  # fmt: skip
    assert done.exit_code == 2
    for text in (
        "none.xlsx: there is no such file",
        "--for: 'moving' is neither",
        "--target: 'fast'",
        "--seed",
    ):
        assert text in done.output, text
    assert "4 mistakes; nothing was planned" in done.output
    assert "Traceback" not in done.output


def test_the_purpose_has_to_be_said_where_nobody_can_be_asked(run) -> None:
    done = run("readiness", INVENTORY)
    assert done.exit_code == 2
    assert "is it a migration or ongoing protection? write --for migration" in done.output


def test_the_purpose_is_asked_for_on_a_terminal(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxsim.sim.plan.asking.on_terminal", lambda: True)
    done = CliRunner().invoke(main, ["plan", "readiness", str(INVENTORY)], input="protection\n")
    assert done.exit_code == 0
    assert "ready for protection?" in done.output


def test_files_that_cannot_be_written_are_told_before_anything_is_done(run, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    done = run("readiness", INVENTORY, "--for", "migration", "--out", blocker / "plan")
    assert done.exit_code == 2
    assert "cannot make" in done.output
    assert "nothing was planned" in done.output


def test_a_mistake_in_a_cell_has_its_place(run, tmp_path: Path) -> None:
    table = tmp_path / "vms.csv"
    table.write_text("vm,power,in_use_GiB,disk_capacity_GiB\na,poweredOn,ten,20\n", encoding="utf-8")
    done = run("inventory", table)
    assert done.exit_code == 0
    assert "row 2" in done.output
    assert "'ten'" in done.output


def test_everything_is_written(run, tmp_path: Path) -> None:
    done = run("readiness", INVENTORY, "--for", "migration", "--out", tmp_path / "plan")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "plan").iterdir()) == [
        "csv",
        "plan.html",
        "plan.json",
        "plan.xlsx",
    ]
    names = sorted(path.name for path in (tmp_path / "plan" / "csv").iterdir())
    assert names == [
        "assumptions.csv",
        "left-out.csv",
        "readiness-readiness.csv",
        "readiness-vm-readiness.csv",
    ]
    book = CalamineWorkbook.from_path(str(tmp_path / "plan" / "plan.xlsx"))
    assert "vm-readiness" in book.sheet_names
    (answer,) = json.loads((tmp_path / "plan" / "plan.json").read_text(encoding="utf-8"))["answers"]
    assert answer["meta"]["repeat with"].startswith("cxsim plan readiness ")


def test_json_is_all_of_stdout(run) -> None:
    done = run("inventory", "--vms", "20", "--seed", "7", "--json")
    (answer,) = json.loads(done.stdout)["answers"]
    assert answer["verdict"].startswith("20 VMs")


def test_a_disk_that_is_left_out_blocks_nobody(run) -> None:
    before = json.loads(run("readiness", INVENTORY, "--for", "migration", "--json").stdout)["answers"][0]
    after = run(
        "readiness", INVENTORY, "--for", "migration", "--exclude-disk", "green*:Hard disk 2", "--json"
    )
    left_out = json.loads(after.stdout)["answers"][0]["left_out"]
    gone = [line for line in before["left_out"] if line not in left_out]
    assert len(gone) == 1
    assert "physical RDM (Hard disk 2)" in gone[0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--exclude-disk", "nobody:1"], "--exclude-disk: 'nobody': no such VM"),
        (["--exclude-disk", "green*:9"], "it has Hard disk 1 (2000), Hard disk 2 (2001)"),
        (["--exclude-disk", "x"], "is not VM:DISK"),
        (["--include", "gren-galvan-web005"], "did you mean 'green-galvan-web005'"),
        (["--vms", "5"], "--vms: is instead of an inventory"),
        (["--cold", "--for", "protection"], "--warm/--cold: is of a migration"),
    ],
)
def test_a_mistake_says_what_would_be_right(run, words: list[str], told: str) -> None:
    done = run("readiness", INVENTORY, *(["--for", "migration"] if "--for" not in words else []), *words)
    assert done.exit_code == 2
    assert told in done.output


def test_it_starts_without_modules_that_only_unix_has() -> None:
    """As on Windows, where there are none of these."""
    gone = ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "posix_spawn")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({gone!r}));"
        "from cxsim.sim.cli import main; main(['plan', 'readiness', '--vms', '3', '--for', 'migration'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "Which VMs of synthetic, 3 VMs" in done.stdout


SITE = (INVENTORY, "--for", "migration", "--start", "2017-11-06", "--backups", SAMPLE / "sample-backups.csv")


def _answer(done: Result) -> dict[str, object]:
    assert done.exit_code == 0, done.output
    (answer,) = json.loads(done.stdout)["answers"]
    return answer


def test_seed_asks_for_the_link(run) -> None:
    done = run("seed", *SITE, "--within", "soon", "--start", "monday")
    assert done.exit_code == 2
    assert "--link: is missing" in done.output
    assert "--within: " in done.output
    assert "--start: 'monday' is no time" in done.output
    assert "3 mistakes" in done.output


def test_seed_of_a_batch(run) -> None:
    vms = [word for name in ("johnson-sql000", "butler-sql003") for word in ("--batch", name)]
    done = run("seed", *SITE, "--link", "1 Gbit/s up", *vms)
    assert done.exit_code == 2
    assert "'johnson-sql000' is not in the inventory" in done.output
    answer = _answer(run("seed", *SITE, "--link", "1 Gbit/s up", "--batch", "butler-sql003", "--json"))
    assert answer["question"] == "How long does the initial sync of 1 VM take over 1 Gbit/s up?"


def test_a_deadline_before_the_start_is_refused(run) -> None:
    done = run("deadline", *SITE, "--link", "200 Mbit/s up", "--by", "2017-11-05")
    assert done.exit_code == 2
    assert "--by: 2017-11-05 23:59 is not after the start, 2017-11-06 00:00" in done.output


def test_a_deadline_without_a_time_is_the_end_of_the_day(run) -> None:
    words = ("--link", "300 Mbit/s up", "--by", "2017-11-14", "--draws", "2", "--json")
    answer = _answer(run("deadline", *SITE, *words))
    assert answer["meta"]["by"] == "2017-11-14T23:59:00"
    assert str(answer["verdict"]).startswith("yes")


def test_several_links_are_refused_where_one_is_wanted(run) -> None:
    done = run("seed", *SITE, "--link", "1 Gbit/s up", "--link", "2 Gbit/s up")
    assert done.exit_code == 2
    assert "--link: one is wanted here" in done.output


def test_a_plan_without_vms_says_who_is_left_out(run, tmp_path: Path) -> None:
    table = tmp_path / "vms.csv"
    table.write_text("vm,power,in_use_GiB,disk_capacity_GiB\na,poweredOff,10,20\n", encoding="utf-8")
    done = run("seed", table, "--for", "migration", "--link", "1 Gbit/s up")
    assert done.exit_code == 2
    assert "no VM is in the plan: cxsim plan readiness says why" in done.output


@pytest.mark.parametrize(
    "text", ["link_eficiency=1", "link_efficiency", "link_efficiency=fast", "link_efficiency=7"]
)
def test_a_setting_that_is_none_is_refused(run, text: str) -> None:
    done = run("seed", *SITE, "--link", "1 Gbit/s up", "--setting", text)
    assert done.exit_code == 2
    assert "--setting" in done.output
    assert "Traceback" not in done.output


LINKED = (*SITE, "--link", "1 Gbit/s up")


@pytest.mark.parametrize(
    ("question", "words", "said"),
    [
        ("readiness", SITE[:3], "nothing was written; to ask again: cxsim plan readiness "),
        ("rpo", LINKED, "runs that were done are kept; to go on: cxsim plan rpo "),
        ("bandwidth", LINKED, "runs that were done are kept; to go on: cxsim plan bandwidth "),
        ("seed", LINKED, "runs that were done are kept; to go on: cxsim plan seed "),
        (
            "deadline",
            (*LINKED, "--by", "2017-12-01"),
            "runs that were done are kept; to go on: cxsim plan deadline ",
        ),
        ("waves", LINKED, "runs that were done are kept; to go on: cxsim plan waves "),
    ],
)
def test_ctrl_c_says_how_to_go_on(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, question: str, words: tuple[str, ...], said: str
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"cxsim.sim.plan.questions.{question}.answer", interrupted)
    monkeypatch.setattr("cxsim.sim.plan.asking.results_folder", lambda: tmp_path)
    done = run(question, *words)
    assert done.exit_code == 130
    assert f"interrupted: {said}" in done.output


PROTECTED = (
    INVENTORY,
    "--for",
    "protection",
    "--start",
    "2017-11-06",
    "--traces",
    SAMPLE / "sample-traces.csv",
)
QUICK = ("--days", "2", "--seeds", "1", "-j", "1")


def test_rpo_compares_every_link_with_every_rpo(run, tmp_path: Path) -> None:
    links = ("--link", "60 Mbit/s up", "--link", "300 Mbit/s up", "--rpo", "30 min", "--rpo", "1 h")
    done = run("rpo", *PROTECTED, *links, *QUICK, "--results", tmp_path, "--json")
    answer = _answer(done)
    table = next(one for one in answer["tables"] if len(one["rows"]) == 4)  # type: ignore[union-attr]
    assert {row["rpo_s"] for row in table["rows"]} == {1800.0, 3600.0}
    assert {row["link"] for row in table["rows"]} == {"60 Mbit/s up", "300 Mbit/s up"}


def test_a_second_time_nothing_is_run_again(run, tmp_path: Path) -> None:
    words = (
        "rpo",
        *PROTECTED,
        "--link",
        "90 Mbit/s up",
        "--rpo",
        "1 h",
        *QUICK,
        "--results",
        tmp_path,
        "--json",
    )
    first = run(*words)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json.gz")}
    assert kept
    assert run(*words).stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json.gz")} == kept


def test_bandwidth_ranks_offers(run, tmp_path: Path) -> None:
    words = ("--rpo", "4 h", "--quotes", SAMPLE / "sample-quotes.csv", "--months", "24", *QUICK)
    answer = _answer(run("bandwidth", *PROTECTED, *words, "--results", tmp_path, "--json"))
    assert any("Ethernet 200" in str(table) for table in answer["tables"])  # type: ignore[union-attr]
    assert answer["tone"] == "good"


def test_offers_that_cannot_be_read_are_told_with_their_rows(run, tmp_path: Path) -> None:
    offers = tmp_path / "quotes.csv"
    offers.write_text("name,link,price_per_month\nA,fast,10\nB,200 Mbit/s up,\n", encoding="utf-8")
    done = run("bandwidth", *PROTECTED, "--quotes", offers, "--keep", "95", "--days", "0")
    assert done.exit_code == 2
    for text in (
        "quotes.csv, row 2",
        "quotes.csv, row 3",
        '--keep: "95" is not a percentage',
        "--days: 0 is out of range",
    ):
        assert text in done.output, done.output


def test_results_that_cannot_be_kept_are_told(run, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    done = run("rpo", *PROTECTED, *QUICK, "--results", blocker / "results")
    assert done.exit_code == 2
    assert "cannot keep results in" in done.output


def test_waves_in_windows(run) -> None:
    words = ("--link", "200 Mbit/s up", "--window", "Sat 22:00-06:00", "--target", "Performance: 6 TiB")
    answer = _answer(run("waves", *SITE, *words, "--json"))
    assert "Sat" in str(answer["decision"])
    assert any(chart["kind"] == "gantt" for chart in answer["charts"])  # type: ignore[union-attr]


def test_mistakes_of_waves_are_told_together(run, tmp_path: Path) -> None:
    words = ("--window", "Sunnyday", "--together", "Aplication", "--order", "biggest", "--boot", "quick")
    done = run("waves", *SITE, "--link", "1 Gbit/s up", *words)
    assert done.exit_code == 2
    for option in ("--window", "--together", "--order", "--boot"):
        assert f"{option}: " in done.output
    assert "4 mistakes; nothing was planned" in done.output


def test_waves_are_of_a_migration(run) -> None:
    done = run("waves", INVENTORY, "--for", "protection", "--link", "1 Gbit/s up")
    assert done.exit_code == 2
    assert "waves are of a migration" in done.output


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report of the sample."""
    folder = tmp_path_factory.mktemp("report")
    words = ("--link", "200 Mbit/s up", "--by", "2017-11-20", "--rpo", "4 h", "--draws", "3", *QUICK)
    given = ["plan", "report", *SITE, *words, "--results", folder / "r", "--out", folder / "plan"]
    done = CliRunner().invoke(main, [str(word) for word in given])
    assert done.exit_code == 0, done.output
    return folder / "plan"


def test_a_report_has_every_question(report: Path) -> None:
    answers = json.loads((report / "plan.json").read_text(encoding="utf-8"))["answers"]
    asked = [answer["command"].removeprefix("plan ") for answer in answers]
    assert asked == ["deadline", "waves", "bandwidth", "rpo", "seed", "readiness", "inventory"]
    kinds = {chart["kind"] for answer in answers for chart in answer["charts"]}
    assert kinds == {"lines", "bars", "stacked", "gantt"}


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium")
def test_a_browser_draws_every_chart_of_a_report_and_asks_nobody(report: Path, tmp_path: Path) -> None:
    answers = json.loads((report / "plan.json").read_text(encoding="utf-8"))["answers"]
    seen = opened(report / "plan.html", tmp_path)
    assert seen.console == ()
    assert seen.asked == frozenset()
    assert len(drawn(seen)) == sum(len(answer["charts"]) for answer in answers)


def test_mistakes_of_a_sweep_are_told_together(run, tmp_path: Path) -> None:
    scenario = SAMPLE.parent / "rpo-bandwidth.yaml"
    done = run("sweep", scenario, "--set", "x", "--set", "y=", "--seeds", "many")
    assert done.exit_code == 2
    assert "--set: 'x' names no values" in done.output
    assert "--seeds: 'many' is not a whole number" in done.output
    assert "3 mistakes; nothing was planned" in done.output
    done = run("sweep", scenario, "--set", "sites.tyrel.wan.up=5 Mbit/s", "--results", tmp_path)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_sweep_runs_every_value(run, tmp_path: Path) -> None:
    scenario = SAMPLE.parent / "enable-failed-firewall.yaml"
    words = ("--seeds", "2", "-j", "1", "--results", tmp_path, "--json")
    answer = _answer(run("sweep", scenario, *words))
    assert answer["verdict"] == "2 of 2 runs meet what the scenario expects"
