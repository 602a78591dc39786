"""Packing a scenario, opening it elsewhere, and the same anonymised."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cxsim.sim.case import bundle
from cxsim.sim.case.bundle import CaseError
from cxsim.sim.case.collect import closed, members_of
from cxsim.sim.case.leaks import leaks
from cxsim.sim.case.opening import checked, difference, replay
from cxsim.sim.case.packing import Packed, pack
from cxsim.sim.scenario import load

SCENARIOS = Path(__file__).parents[3] / "scenarios"
OURS = (
    "tyrell",
    "mycloud",
    "deckard",
    "chc",
    "192.168.0",
    "10.3.0",
    "203.0.113",
    "198.51.100",
    "replicator management",
)


def members(packed: Packed) -> dict[str, bytes]:
    return bundle.unzipped(packed.data, "the case")


def test_a_case_holds_the_scenario_what_it_extends_its_log_and_versions(packed: Packed) -> None:
    inside = members(packed)
    assert set(inside) == {
        "manifest.json",
        "scenario/enable-failed-nat.yaml",
        "scenario/environments/tyrell-mycloud.yaml",
        "log.jsonl",
        "result.json",
    }
    assert inside["scenario/enable-failed-nat.yaml"] == (SCENARIOS / "enable-failed-nat.yaml").read_bytes()
    manifest = json.loads(inside["manifest.json"])
    assert manifest["pins"]["requests"]
    assert manifest["anonymised"] is False
    assert "wall_s" not in json.loads(inside["result.json"])


def test_packing_twice_gives_the_same_bytes(packed: Packed) -> None:
    assert pack(SCENARIOS / "enable-failed-nat.yaml").data == packed.data


def test_a_case_replays_to_the_same_bytes(case_file: Path, tmp_path: Path) -> None:
    replayed = replay(checked(case_file), tmp_path / "out")
    assert replayed.same
    assert not replayed.other_versions


def test_the_command_packs_and_opens(cxsim, tmp_path: Path) -> None:
    path = tmp_path / "a.cxcase"
    done = cxsim("case", "pack", SCENARIOS / "enable-failed-nat.yaml", "-o", path)
    assert done.exit_code == 0
    assert "3/3 expectations met" in done.output
    opened = cxsim("case", "open", path, "--out", tmp_path / "out")
    assert opened.exit_code == 0
    assert "events, byte for byte" in opened.output
    assert "no DNAT rule translates 198.51.100.10:443" in opened.output, "with the cause"
    assert (tmp_path / "out" / "scenario" / "environments" / "tyrell-mycloud.yaml").exists()
    assert cxsim("case", "open", path, "--out", tmp_path / "out").exit_code == 2, "not empty any more"


def test_other_versions_are_told_and_are_no_failure(cxsim, tmp_path: Path, packed: Packed) -> None:
    inside = members(packed)
    manifest = json.loads(inside.pop("manifest.json"))
    manifest["pins"]["requests"] = "1.0"
    inside["log.jsonl"] = inside["log.jsonl"].replace(b'"requests": "', b'"requests": "1.0 not ', 1)
    path = tmp_path / "old.cxcase"
    del manifest["files"]
    path.write_bytes(bundle.write(manifest, inside))
    done = cxsim("case", "open", path)
    assert done.exit_code == 0
    assert "other version: requests 1.0 there" in done.output
    assert "line 1" in done.output


def test_a_log_that_differs_with_the_same_versions_is_a_failure(
    cxsim, tmp_path: Path, packed: Packed
) -> None:
    inside = members(packed)
    manifest = json.loads(inside.pop("manifest.json"))
    del manifest["files"]
    inside["log.jsonl"] = inside["log.jsonl"].replace(b"Enable Failed", b"Running", 1)
    path = tmp_path / "wrong.cxcase"
    path.write_bytes(bundle.write(manifest, inside))
    done = cxsim("case", "open", path)
    assert done.exit_code == 1
    assert "with the same versions, and not the same: line" in done.output
    assert json.loads(cxsim("case", "open", path, "--json").output)["same"] is False


def test_the_first_difference_of_two_logs_is_told() -> None:
    assert difference(b"a\nb\n", b"a\nb\n") == ""
    assert difference(b"a\nb\n", b"a\nc\n") == "line 2\n  recorded: b\n  replayed: c"
    assert difference(b"a", b"a\nb") == "line 1: the recorded log ends there"


@pytest.mark.parametrize(
    "extends", ["/etc/passwd", "../../secret.yaml", "environments/tyrell-mycloud.yaml", "~/x"]
)
def test_a_case_that_extends_a_file_outside_itself_is_refused_unrun(
    cxsim, tmp_path: Path, packed: Packed, extends: str
) -> None:
    inside = members(packed)
    manifest = json.loads(inside.pop("manifest.json"))
    del manifest["files"], inside["scenario/environments/tyrell-mycloud.yaml"]
    name = "scenario/enable-failed-nat.yaml"
    inside[name] = inside[name].replace(b"environments/tyrell-mycloud.yaml", extends.encode())
    path = tmp_path / "c.cxcase"
    path.write_bytes(bundle.write(manifest, inside))
    done = cxsim("case", "open", path)
    assert done.exit_code == 2
    assert "which is not in the case" in done.stderr


def test_files_from_anywhere_are_collected(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shutil.copy(SCENARIOS / "environments" / "tyrell-mycloud.yaml", tmp_path / "b" / "env.yaml")
    text = (SCENARIOS / "enable-failed-nat.yaml").read_text()
    (tmp_path / "a" / "s.yaml").write_text(text.replace("environments/tyrell-mycloud.yaml", "../b/env.yaml"))
    packed = pack(tmp_path / "a" / "s.yaml")
    inside = members(packed)
    assert "scenario/extended/env.yaml" in inside
    assert b"extends: extended/env.yaml" in inside["scenario/s.yaml"]
    path = tmp_path / "c.cxcase"
    path.write_bytes(packed.data)
    assert replay(checked(path), tmp_path / "out").same


MATRIX = """schema: 1
title: two variants
extends: environments/tyrell-mycloud.yaml
matrix: {limit: [5 min, 6 min]}
steps:
  - test_cloud: {cloud: MyCloud-CHC}
  - run_for: "${limit}"
expect:
  - eventually: {message: "Connected successfully!"}
"""


def test_one_variant_of_a_matrix_is_packed(cxsim, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MATRIX)
    asked = cxsim("case", "pack", tmp_path / "m.yaml", "-o", tmp_path / "m.cxcase")
    assert asked.exit_code == 2
    assert "say --variant with one of limit=5-min, limit=6-min" in asked.stderr
    words = ("case", "pack", tmp_path / "m.yaml", "-o", tmp_path / "m.cxcase", "--variant", "limit=6-min")
    assert cxsim(*words).exit_code == 0
    assert cxsim("case", "open", tmp_path / "m.cxcase").exit_code == 0


def test_a_scenario_with_mistakes_is_not_packed(cxsim, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("schema: 1\ntitle: nothing\n")
    done = cxsim("case", "pack", tmp_path / "s.yaml", "-o", tmp_path / "s.cxcase")
    assert done.exit_code == 2
    assert "nothing was packed" in done.stderr
    assert not (tmp_path / "s.cxcase").exists()


def test_a_file_is_not_written_over(cxsim, case_file: Path) -> None:
    before = case_file.read_bytes()
    assert cxsim("case", "pack", SCENARIOS / "enable-failed-nat.yaml", "-o", case_file).exit_code == 2
    assert case_file.read_bytes() == before


# -- anonymised ---------------------------------------------------------------------------------------


def test_an_anonymised_case_holds_nothing_of_the_original(anonymous: Packed) -> None:
    for name, data in members(anonymous).items():
        text = data.decode().lower()
        assert not [word for word in OURS if word in text], name
        assert "#" not in text or name != "scenario/case.yaml", "no comment is left"
    assert anonymous.replaced > 50


def test_an_anonymised_scenario_ends_as_the_original(anonymous: Packed, packed: Packed) -> None:
    ours, theirs = anonymous.recording.result, packed.recording.result
    assert [check.met for check in ours.checks] == [check.met for check in theirs.checks]
    assert ours.exit == theirs.exit
    assert len(ours.causes) == len(theirs.causes), "and it can be explained"


def test_an_anonymised_case_loads_and_replays(anonymous: Packed, tmp_path: Path) -> None:
    path = tmp_path / "c.cxcase"
    path.write_bytes(anonymous.data)
    replayed = replay(checked(path), tmp_path / "out")
    assert replayed.same
    scenario = load(tmp_path / "out" / "scenario" / "case.yaml")[0]
    assert set(scenario.vms) == {"vm-1", "vm-2", "vm-3"}
    assert set(scenario.sites) == {"tenant-site-1", "provider-site-1"}
    assert scenario.provider_clouds["cloud-1"].url.endswith("/cloud/org/org-1")


SECRETS = """schema: 1
title: Acme's outage of last Friday
extends: environments/tyrell-mycloud.yaml
tags: [acme-internal]
hosts:
  tyrell-vc01: {user: root@acme.example, password: "hunter2!"}
  tyrell-cce01: {password: "correct horse", sso_user: root@acme.example, sso_password: "hunter2!"}
  chc-vcd01:
    orgs: {Tyrell: {users: {tyrelladmin: {password: "tyrell secret"}}}}
sites:
  tyrell:
    edge:
      groups: {Acme branches: [81.2.69.0/24, 81.3.0.0 - 81.3.0.9], Acme web: [443, 8043]}
      firewall:
        rules:
          - {id: 1, name: out of Acme, action: allow, source: 192.168.0.0/24, protocol: tcp}
          - id: 2
            name: into Acme
            action: allow
            source: [203.0.113.0/24, Acme branches]
            destination: 198.51.100.10
            protocol: tcp
            ports: [Acme web, 44045]
provider_clouds:
  MyCloud-CHC: {password: "tyrell secret"}
faults:
  - name: Acme's provider typed a name
    public_endpoint: {appliance: chc-ccm01, url: "ccm.acme.example:8044"}
steps:
  - test_cloud: {cloud: MyCloud-CHC}
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - wait: {cloud: MyCloud-CHC, status: [Running, Enable Failed], at_most: 15 min}
expect:
  - at_end: {cloud: MyCloud-CHC, status: Enable Failed, reason: "*8044*"}
without_faults:
  - at_end: {cloud: MyCloud-CHC, status: Running}
"""


def test_secrets_users_groups_and_free_texts_go_too(tmp_path: Path) -> None:
    text = SECRETS.replace("81.3.0.0 - 81.3.0.9", "81.3.0.0-81.3.0.9")
    (tmp_path / "acme.yaml").write_text(text)
    packed = pack(tmp_path / "acme.yaml", anonymise=True)
    for name, data in members(packed).items():
        left = data.decode().lower()
        words = (
            *OURS,
            "acme",
            "hunter2",
            "correct horse",
            'secret"',
            "friday",
            "81.2.69",
            "81.3.0",
            str(tmp_path),
        )
        assert not [word for word in words if word in left], name
    assert not packed.kept


def test_a_text_that_is_left_stops_the_packing_unless_it_is_allowed(cxsim, tmp_path: Path) -> None:
    text = (SCENARIOS / "enable-failed-nat.yaml").read_text()
    leaky = text.replace('message: "Connected successfully!"', 'message: "Connected*"') + "tags2: x\n"
    leaky = leaky.replace("tags2: x\n", "").replace("tags: [enable-failed, nat]", "tags: [mobility]")
    (tmp_path / "leaky.yaml").write_text(leaky)
    words = ("case", "pack", tmp_path / "leaky.yaml", "--anonymise", "-o", tmp_path / "c.cxcase")
    done = cxsim(*words)
    assert done.exit_code == 2
    assert "'mobility' is still in log.jsonl" in done.stderr
    assert not (tmp_path / "c.cxcase").exists()
    assert cxsim(*words, "--allow", "mobility").exit_code == 0


def test_texts_that_stay_are_told(anonymous: Packed) -> None:
    assert anonymous.kept == ("Connected successfully!",)


def test_leaks_are_whole_words_in_values() -> None:
    data = {"log.jsonl": b'{"deckard": "the deckards"}\n', "result.json": b'{"a": ["x", "Deckard!"]}'}
    assert leaks(data, ["deckard"], frozenset()) == ["'deckard' is still in result.json: ...x Deckard!..."]
    assert not leaks(data, ["deckard"], frozenset({"Deckard"}))
    assert not leaks({"log.jsonl": b'{"a": "Running on tcp"}'}, ["running", "tcp", "on"], frozenset())


def test_a_scenario_that_ends_otherwise_is_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    from cxsim.sim.case import packing

    monkeypatch.setattr(packing, "flow_verdicts", lambda scenario: [scenario.title])
    with pytest.raises(CaseError, match="does not end as the original does"):
        pack(SCENARIOS / "enable-failed-nat.yaml", anonymise=True)


def test_a_trace_goes_with_its_scenario() -> None:
    inside = members_of(SCENARIOS / "rpo-few-at-once.yaml")
    assert next(iter(inside)) == "scenario/rpo-few-at-once.yaml"
    assert inside["scenario/traces/deckard.csv"] == (SCENARIOS / "traces" / "deckard.csv").read_bytes()
    assert closed(inside) == []
    without = {name: data for name, data in inside.items() if not name.endswith(".csv")}
    (reason,) = closed(without)
    assert "names the trace 'traces/deckard.csv', which is not in the case" in reason


def test_a_trace_is_not_anonymised() -> None:
    with pytest.raises(CaseError, match="cannot be anonymised"):
        pack(SCENARIOS / "rpo-few-at-once.yaml", anonymise=True)
