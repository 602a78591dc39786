"""No output holds a password: an environment in which every password is unique, and everything it writes.

Rules of this file: a secret is looked for in every form in which it could be written down: as it is, and in
Base64 (HTTP Basic) alone and with its user. What a served environment and `cxsim migrate` write is looked
at in tests/sim/serve.
"""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cxsim.core.journal import SqliteJournal
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


def test_an_explanation_holds_no_password(tmp_path: Path) -> None:
    path = write(tmp_path, "firewall", ENVIRONMENT, FIREWALL)
    if "explain" not in main.commands:
        pytest.skip("this cxsim has no explain command")
    explained = CliRunner().invoke(main, ["explain", str(path)])
    assert_clean("explain", everything_said(explained))


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
