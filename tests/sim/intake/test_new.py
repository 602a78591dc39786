"""`cxsim new`: answers make an environment that behaves as the one they describe."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_flows import Built, fates_at

from cxsim.sim.intake.interview import answers_text, template
from cxsim.sim.intake.making import Made, from_file, from_text
from cxsim.sim.intake.questions import QUESTIONS, TOPICS
from cxsim.sim.result import Exit
from cxsim.sim.run import run_scenario
from cxsim.sim.scenario import Scenario, ScenarioErrors, load

ROOT = Path(__file__).parents[3]
TYRELL = ROOT / "scenarios" / "environments" / "tyrell-mycloud.yaml"
SHIPPED = sorted(p for d in ("", "faults") for p in (ROOT / "scenarios" / d).glob("*.yaml"))
WITH_MORE = [p for p in SHIPPED if re.search(r"^(sites|hosts|tunnels):", p.read_text(), re.MULTILINE)]
"""Scenarios that change more of the environment than its VMs."""
WITH_FAULTS = [p for p in SHIPPED if "\nfaults:" in p.read_text() and p not in WITH_MORE]
MISTAKES = sorted(Path(__file__).parents[2].glob("golden/intake/answers/mistakes-*.yaml"))
ENVIRONMENT = "environments/tyrell-mycloud.yaml"


def written(made: Made, directory: Path) -> Path:
    for name, text in made.files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the article's facts give."""
    answers = Path(__file__).parents[2] / "golden" / "intake" / "answers" / "tyrell.yaml"
    return written(from_file(answers), tmp_path_factory.mktemp("article"))


def test_the_article_s_facts_give_the_flows_of_the_shipped_environment(article: Path) -> None:
    assert fates_at(article / ENVIRONMENT) == fates_at(TYRELL)


def on(article: Path, shipped: Path) -> list[Scenario]:
    """A shipped scenario, on the article's environment."""
    ours = article / "shipped.yaml"
    lines = shipped.read_text().splitlines()
    ours.write_text(
        "\n".join(f"extends: {ENVIRONMENT}" if line.startswith("extends:") else line for line in lines)
    )
    try:
        return load(ours)
    finally:
        ours.unlink()


def test_every_shipped_fault_does_the_same_to_the_article_s_environment(article: Path) -> None:
    plain = load(ROOT / "scenarios" / "warm-migration.yaml")[0]
    differing, hit = [], 0
    with Built(plain) as theirs, Built(load(article / "warm-migration.yaml")[0]) as ours:
        known = theirs.fates()
        assert ours.fates() == known
        for path in WITH_FAULTS:
            for scenario in load(path):
                fates = theirs.with_faults(scenario)
                hit += fates != known
                if ours.with_faults(scenario) != fates:
                    differing.append(scenario.name)
        assert ours.fates() == known, "every fault was taken back"
    for path in WITH_MORE:
        for mine, scenario in zip(on(article, path), load(path), strict=True):
            with Built(scenario) as theirs, Built(mine) as ours:
                if theirs.with_faults(scenario) != ours.with_faults(mine):
                    differing.append(scenario.name)
    assert not differing
    assert hit >= 4, "the faults do something"


def test_the_warm_migration_completes_on_the_article_s_environment(article: Path) -> None:
    result = run_scenario(load(article / "warm-migration.yaml")[0])
    assert result.exit is Exit.MET
    assert any("deckard: Completed" in line for line in result.story)


def test_the_shipped_warm_migration_runs_on_it_too(article: Path) -> None:
    assert run_scenario(on(article, ROOT / "scenarios" / "warm-migration.yaml")[0]).exit is Exit.MET


def test_what_nobody_knows_is_undetermined_and_never_guessed(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    made = from_file(Path("answers/tenant-only.yaml"))
    golden("answers/tenant-only-environment.txt", made.files[ENVIRONMENT])
    fates = fates_at(written(made, tmp_path) / ENVIRONMENT)
    across = {
        flow: status for flow, (status, _) in fates.items() if flow[0] in ("2", "3", "4", "5", "6", "7")
    }
    assert set(across.values()) == {"UNDETERMINED"}
    assert {status for flow, (status, _) in fates.items() if flow not in across} == {"PASS"}


def test_a_name_that_could_lead_to_several_addresses_is_asked_for_and_not_guessed() -> None:
    text = Path("answers/tenant-only.yaml").read_text().replace("  - chc.mycloud.local 203.0.113.41\n", "")
    with pytest.raises(ScenarioErrors) as refused:
        from_text(text, "a.yaml")
    said = "nobody says what chc.mycloud.local leads to: MyCloud has 203.0.113.32, 203.0.113.41"
    assert said in str(refused.value)
    alone = text.replace("[203.0.113.32, 203.0.113.41]", "203.0.113.32")
    made = from_text(alone, "a.yaml").files[ENVIRONMENT]
    assert "chc.mycloud.local: 203.0.113.32  # the only public address of CHC-ESG" in made


def test_scenarios_with_unknown_parts_load_and_run(tmp_path: Path) -> None:
    directory = written(from_file(Path("answers/tenant-only.yaml")), tmp_path)
    result = run_scenario(load(directory / "test-and-enable.yaml")[0])
    assert result.exit is Exit.NOT_MET


@pytest.mark.parametrize("path", MISTAKES, ids=lambda p: p.stem)
def test_every_mistake_is_told_at_once_in_these_words(path: Path, golden: Callable[[str, str], None]) -> None:
    with pytest.raises(ScenarioErrors) as refused:
        from_file(Path("answers") / path.name)
    golden(f"answers/{path.stem}.err", f"{refused.value}\n")


def test_the_printed_answers_are_the_article_s(tmp_path: Path) -> None:
    made = from_text(template(), "template.yaml")
    assert fates_at(written(made, tmp_path) / ENVIRONMENT) == fates_at(TYRELL)


def test_every_question_says_why_it_is_asked_and_gives_an_example() -> None:
    assert 10 <= len(TOPICS) <= 14
    for question in QUESTIONS.values():
        assert question.why
        assert question.example or question.key == "names_at_provider"
        for example in [question.example] if isinstance(question.example, str) else question.example:
            question.read(example)


def test_answers_survive_being_written_down() -> None:
    said = {key: q.example if isinstance(q.example, str) else list(q.example) for key, q in QUESTIONS.items()}
    assert from_text(answers_text(said), "a.yaml").files[ENVIRONMENT]


def with_line(old: str, new: str) -> str:
    text = Path("answers/tyrell.yaml").read_text()
    assert old in text
    return text.replace(old, new, 1)


def test_a_field_that_was_left_empty_stays_empty() -> None:
    made = from_text(with_line('"203.0.113.32:8044"', '""'), "a.yaml")
    assert "left empty, so the private address is advertised [I]" in made.files[ENVIRONMENT]


def test_an_endpoint_that_is_a_name_is_resolved_on_the_other_side() -> None:
    made = from_text(with_line('"198.51.100.10:443"', "cce.tyrell.example:443"), "a.yaml")
    assert "cce.tyrell.example: 198.51.100.10  # where NAT of TYR-ESG publishes it" in made.files[ENVIRONMENT]


def test_a_device_without_a_default_line_gets_its_own(tmp_path: Path) -> None:
    text = with_line("  device: nsx-v", "  device: netfilter").replace("    - default drop\n", "", 1)
    environment = from_text(text, "a.yaml").files[ENVIRONMENT]
    assert "default: allow  # when no rule matches" in environment
    assert "inbound rules match the address after NAT" in environment


@pytest.mark.parametrize(
    ("old", "new"),
    [("device: nsx-v", "device: {}"), ("198.51.100.10\n", "[]\n"), ("lan: 192.168.0.0/24", "lan: []")],
)
def test_an_empty_answer_is_a_mistake_with_its_place(old: str, new: str) -> None:
    with pytest.raises(ScenarioErrors, match=r"a\.yaml:\d+:\d+: tenant\.\w+: is empty"):
        from_text(with_line(old, new), "a.yaml")


def test_a_translation_may_name_a_machine() -> None:
    made = from_text(with_line("-> 192.168.0.34:8043", "-> tyrell-cce01:8043"), "a.yaml")
    assert 'translated: "192.168.0.34:8043"' in made.files[ENVIRONMENT]
    with pytest.raises(
        ScenarioErrors, match="nobody is called 'tyrell-cce02': did you mean \"tyrell-cce01\""
    ):
        from_text(with_line("-> 192.168.0.34:8043", "-> tyrell-cce02:8043"), "a.yaml")


def test_a_wrong_url_is_kept_as_it_was_typed() -> None:
    made = from_text(with_line("https://vcde.mycloud.local:443", "vcde.mycloud.local"), "a.yaml")
    assert "cx_url: vcde.mycloud.local" in made.files[ENVIRONMENT]


def test_a_large_vm_on_a_slow_line_is_waited_for() -> None:
    text = with_line("disk 40 GiB used 16 GiB", "disk 2 TiB used 1 TiB")
    assert "at_most: 53 h" in from_text(text, "a.yaml").files["warm-migration.yaml"]


def test_the_command_writes_four_files_and_no_more(cxsim, tmp_path: Path) -> None:
    done = cxsim("new", "--answers", "answers/tyrell.yaml", "--out", tmp_path / "ours")
    assert done.exit_code == 0
    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert files == [
        "ours/environments/tyrell-mycloud.answers.yaml",
        "ours/environments/tyrell-mycloud.yaml",
        "ours/test-and-enable.yaml",
        "ours/warm-migration.yaml",
    ]
    assert cxsim("check", tmp_path / "ours").exit_code == 0


def test_the_command_does_not_write_over_files_unless_it_is_told(cxsim, tmp_path: Path) -> None:
    words = ("new", "--answers", "answers/tyrell.yaml", "--out", tmp_path)
    assert cxsim(*words).exit_code == 0
    (tmp_path / "warm-migration.yaml").write_text("mine")
    again = cxsim(*words)
    assert again.exit_code == 2
    assert "warm-migration.yaml" in again.stderr
    assert (tmp_path / "warm-migration.yaml").read_text() == "mine"
    assert cxsim(*words, "--force").exit_code == 0


def test_the_command_refuses_mistakes_with_exit_code_2_and_writes_nothing(cxsim, tmp_path: Path) -> None:
    done = cxsim("new", "--answers", "answers/mistakes-topology.yaml", "--out", tmp_path / "ours")
    assert done.exit_code == 2
    assert "17 mistakes; nothing was written" in done.stderr
    assert not (tmp_path / "ours").exists()


def typed_answers(changes: dict[str, list[str]] | None = None) -> str:
    """What a user types: the examples, or other lines by key."""
    typed: list[str] = []
    for key, question in QUESTIONS.items():
        example = [question.example] if isinstance(question.example, str) else list(question.example)
        typed += (changes or {}).get(key, example)
        typed += [""] if question.many and (changes or {}).get(key) != ["unknown"] else []
    return "\n".join(typed) + "\n"


def test_an_interview_gives_the_same_as_the_file_of_its_answers(
    cxsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cxsim("new", typed=typed_answers())
    assert done.exit_code == 0, done.output
    environment = tmp_path / "tyrell-mycloud" / ENVIRONMENT
    assert fates_at(environment) == fates_at(TYRELL)
    again = cxsim(
        "new", "--answers", "tyrell-mycloud/environments/tyrell-mycloud.answers.yaml", "--out", "again"
    )
    assert again.exit_code == 0
    shown = [
        [line.partition("  #")[0] for line in path.read_text().splitlines() if not line.startswith("#")]
        for path in (environment, tmp_path / "again" / ENVIRONMENT)
    ]
    assert shown[0] == shown[1]


def test_an_answer_that_cannot_be_read_is_asked_again(cxsim, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    changes = {
        "tenant.lan": ["192.168.0.1/24", "192.168.0.0/24"],
        "tenant.nat": ["198.51.100.10:443 192.168.0.34:8043", "198.51.100.10:443 -> 192.168.0.34:8043"],
        "provider.nat": ["unknown"],
        "provider.firewall": ["unknown"],
        "public_endpoints.tenant_replicator": ["empty"],
    }
    done = cxsim("new", typed=typed_answers(changes))
    assert done.exit_code == 0, done.output
    assert "'192.168.0.1/24' is not a network: 192.168.0.0/24" in done.output
    assert "has no arrow" in done.output
    assert "unknown: the NAT rules of CHC-ESG" in done.output


def test_answers_that_do_not_go_together_are_kept_for_correction(cxsim, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = cxsim("new", typed=typed_answers({"provider.public_addresses": ["198.51.100.10"]}))
    assert done.exit_code == 2
    assert "198.51.100.10 is a public address of the tenant too" in done.stderr
    assert "cxsim new --answers cxsim-answers.yaml" in done.stderr
    assert (tmp_path / "cxsim-answers.yaml").exists()


def test_an_interview_can_be_left(cxsim, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = cxsim("new", typed="1.1\nTyrell\n")
    assert done.exit_code == 1
    assert not list(tmp_path.iterdir())
