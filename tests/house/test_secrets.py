"""No output holds a password: an environment in which every password is unique, and everything it writes.

Rules of this file: a secret is looked for in every form in which it could be written down: as it is, and in
Base64 (HTTP Basic) alone and with its user. What a served environment and `cxsim migrate` write is looked
at in tests/sim/serve.
"""

from __future__ import annotations

import base64
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cxsim.core.journal import SqliteJournal
from cxsim.core.vcd import VcdClient
from cxsim.sim.cli import main
from cxsim.sim.eventlog import EventLog
from cxsim.sim.kernel import hooks
from cxsim.sim.run import take_steps
from cxsim.sim.scenario import Watch, load
from cxsim.sim.world.world import World

SECRETS = {
    "tenant vCenter": "pw-Ahx3-tenant-vcenter",
    "tenant replicator": "pw-Bq7z-tenant-root",
    "tenant SSO": "pw-Cm2k-tenant-sso",
    "provider vCenter": "pw-Dd9w-provider-vcenter",
    "cloud service": "pw-Ep4s-cloud-service",
    "replication manager": "pw-Fy8t-manager",
    "provider replicator": "pw-Gr1v-provider-root",
    "provider SSO": "pw-Hu5n-provider-sso",
    "vcd system": "pw-Jk6b-vcd-system",
    "org admin": "pw-Lz0c-org-admin",
    "wrong one": "pw-Mv3x-typed-wrongly",
    "a number": "8812340077",
}

ENVIRONMENT = """\
schema: 1
title: Every password is another one
extends: environments/tyrell-mycloud.yaml
seed: 3
hosts:
  tyrell-vc01: {{password: {tenant vCenter}}}
  tyrell-cce01: {{password: {tenant replicator}, sso_password: {tenant SSO}}}
  chc-vc01: {{password: {provider vCenter}}}
  chc-vcde01: {{password: {cloud service}}}
  chc-ccm01: {{password: {replication manager}}}
  chc-cce01: {{password: {provider replicator}, sso_password: {provider SSO}}}
  chc-vcd01:
    password: {vcd system}
    orgs: {{Tyrell: {{users: {{tyrelladmin: {{password: {org admin}}}}}}}}}
provider_clouds:
  MyCloud-CHC: {{password: {org admin}}}
"""

MIGRATION = """\
steps:
  - test_cloud: {{cloud: MyCloud-CHC}}
  - add_cloud: {{cloud: MyCloud-CHC, trust: yes}}
  - wait: {{cloud: MyCloud-CHC, status: Running, at_most: 5 min}}
  - migrate: {{job: Move, type: Warm, vms: [deckard], cloud: MyCloud-CHC, vdc: CHC Tyrell PAYG,
      storage_profile: CHC Performance, network: Tyrell Servers, rpo: 15 min}}
  - wait: {{vm: deckard, status: Cutover ready, at_most: 6 h}}
  - cutover: {{vms: [deckard], confirm: yes}}
  - wait: {{vm: deckard, status: Completed, at_most: 1 h}}
  - run_for: 2 min
expect:
  - at_end: {{vm: deckard, status: Completed}}
  - never: {{cloud: MyCloud-CHC, status: Running}}
"""

WRONG_PASSWORD = """\
steps:
  - test_cloud: {{cloud: MyCloud-CHC}}
  - add_cloud: {{cloud: MyCloud-CHC, trust: yes}}
  - wait: {{cloud: MyCloud-CHC, status: Running, at_most: 5 min}}
  - edit_cloud: {{cloud: MyCloud-CHC, password: {wrong one}}}
  - wait: {{cloud: MyCloud-CHC, status: Enable Failed, at_most: 5 min}}
  - wait: {{cloud: MyCloud-CHC, status: Running, at_most: 1 min}}
expect:
  - at_end: {{cloud: MyCloud-CHC, status: Running}}
"""

FIREWALL = """\
faults:
  - name: hardening
    firewall_rule:
      edge: CHC-ESG
      at: top
      rule: {{id: 99, name: hardening, action: drop, source: any, destination: any, ports: [8044]}}
steps:
  - add_cloud: {{cloud: MyCloud-CHC, trust: yes}}
  - wait: {{cloud: MyCloud-CHC, status: Running, at_most: 15 min}}
expect:
  - at_end: {{cloud: MyCloud-CHC, status: Running}}
"""

MISTAKES = """\
  tyrell-esx01: {{password: {tenant vCenter}}}
  tyrell-dns: {{site: nowhere}}
  chc-psc01: {{role: replicator, password: {a number}, sso_password: [{tenant SSO}]}}
steps: []
expect: []
"""


def write(folder: Path, name: str, *parts: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text("".join(parts).format_map(SECRETS))
    return path


def forms(secret: str) -> Iterator[bytes]:
    """How a secret could be written down."""
    yield secret.encode()
    users = ("tyrelladmin@Tyrell", "administrator@System", "administrator@vsphere.local", "root")
    for text in (secret, *(f"{user}:{secret}" for user in users)):
        yield base64.b64encode(text.encode()).rstrip(b"=")[:-1]


def assert_clean(what: str, content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    assert data, f"{what} is empty: nothing was looked at"
    found = [name for name, secret in SECRETS.items() if any(form in data for form in forms(secret))]
    assert not found, f"{what} holds the password of: {', '.join(found)}"


def everything_said(result: Result) -> str:
    """Output, and the traceback if there was one."""
    trace = "".join(traceback.format_exception(*result.exc_info)) if result.exc_info else ""
    return result.output + trace


@pytest.mark.parametrize(
    ("name", "steps", "code"),
    [("migration", MIGRATION, 1), ("wrong-password", WRONG_PASSWORD, 1), ("firewall", FIREWALL, 1)],
)
def test_a_run_writes_no_password_anywhere(tmp_path: Path, name: str, steps: str, code: int) -> None:
    path = write(tmp_path, name, ENVIRONMENT, steps)
    log, junit = tmp_path / "events.jsonl", tmp_path / "junit.xml"
    told = CliRunner().invoke(main, ["run", str(path), "--story", "--log", str(log), "--junit", str(junit)])
    assert told.exit_code == code, told.output
    assert_clean("the story", everything_said(told))
    assert_clean("the event log", log.read_bytes())
    assert_clean("the JUnit file", junit.read_bytes())
    as_json = CliRunner().invoke(main, ["run", str(path), "--json"])
    assert_clean("--json", everything_said(as_json))


@pytest.mark.parametrize(("name", "steps"), [("firewall", FIREWALL), ("wrong-password", WRONG_PASSWORD)])
def test_an_explanation_holds_no_password(tmp_path: Path, name: str, steps: str) -> None:
    path, page = write(tmp_path, name, ENVIRONMENT, steps), tmp_path / "page.html"
    explained = CliRunner().invoke(main, ["explain", str(path), "--html", str(page)])
    assert explained.exit_code in (0, 1), explained.output
    assert_clean("explain", everything_said(explained))
    assert_clean("explain --html", page.read_bytes())
    for options in (["--json"], ["--for", "tenant"], ["--for", "provider"]):
        said = CliRunner().invoke(main, ["explain", str(path), *options])
        assert_clean(f"explain {options}", everything_said(said))


def inside(case: Path) -> Iterator[tuple[str, bytes]]:
    """The members of a case, by name."""
    with zipfile.ZipFile(case) as archive:
        for name in archive.namelist():
            if content := archive.read(name):
                yield name, content


def test_an_anonymised_case_holds_no_password(tmp_path: Path) -> None:
    path, packed = write(tmp_path, "firewall", ENVIRONMENT, FIREWALL), tmp_path / "sent.cxcase"
    told = CliRunner().invoke(main, ["case", "pack", str(path), "--anonymise", "-o", str(packed)])
    assert told.exit_code == 0, told.output
    assert_clean("case pack", everything_said(told))
    members = dict(inside(packed))
    for name, content in members.items():
        assert_clean(f"{name} of a case", content)
    assert len(members) > 2


def test_of_a_case_that_is_not_anonymised_only_the_scenario_holds_its_passwords(tmp_path: Path) -> None:
    path, packed = write(tmp_path, "firewall", ENVIRONMENT, FIREWALL), tmp_path / "sent.cxcase"
    told = CliRunner().invoke(main, ["case", "pack", str(path), "-o", str(packed)])
    assert told.exit_code == 0, told.output
    assert_clean("case pack", everything_said(told))
    opened = CliRunner().invoke(main, ["case", "open", str(packed), "--json"])
    assert_clean("case open", everything_said(opened))
    members = dict(inside(packed))
    written = [name for name, content in members.items() if name.endswith(".yaml")]
    assert written, sorted(members)
    for name in set(members) - set(written):
        assert_clean(f"{name} of a case", members[name])


def test_mistakes_in_a_file_are_told_without_its_passwords(tmp_path: Path) -> None:
    parts = ENVIRONMENT.partition("provider_clouds:")[0]
    path = write(tmp_path, "mistakes", parts, MISTAKES)
    told = CliRunner().invoke(main, ["check", str(path)])
    assert told.exit_code == 2
    assert_clean("check", everything_said(told))


def test_the_journal_holds_no_password(tmp_path: Path) -> None:
    (scenario,) = load(write(tmp_path, "migration", ENVIRONMENT, MIGRATION))
    log, path = EventLog(), tmp_path / "journal.db"
    with hooks.installed():
        world = World(scenario, scenario.seed, log)
        world.start_core(journal=SqliteJournal(path, durable=False))
        with world.hub:
            problems = take_steps(world, scenario, Watch(log))
    assert not problems
    assert (tmp_path / "journal.db-wal").stat().st_size
    for file in tmp_path.glob("journal.db*"):
        if file.stat().st_size:
            assert_clean(file.name, file.read_bytes())
    assert b"MyCloud-CHC" in b"".join(file.read_bytes() for file in tmp_path.glob("journal.db*"))


def test_records_show_no_password_when_they_are_printed(tmp_path: Path) -> None:
    (scenario,) = load(write(tmp_path, "migration", ENVIRONMENT, MIGRATION))
    with hooks.installed():
        world = World(scenario, scenario.seed)
        with world.hub:
            assert_clean("the core's configuration", repr(world.core_config))


def test_a_mistake_of_the_program_is_told_without_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its traceback names lines of the program, whose values are not shown."""

    def broken(self: VcdClient, *_: object) -> None:
        raise RuntimeError(f"{self!r} {vars(self).keys()}")

    monkeypatch.setattr(VcdClient, "figures", broken)
    path, log = write(tmp_path, "migration", ENVIRONMENT, MIGRATION), tmp_path / "events.jsonl"
    told = CliRunner().invoke(main, ["run", str(path), "--story", "--log", str(log)])
    assert told.exit_code == 1
    assert "RuntimeError" in told.output
    assert_clean("the story", everything_said(told))
    assert_clean("the event log", log.read_bytes())
