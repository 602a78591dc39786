"""migrate.yaml and passwords: every mistake at once, with its place, before anything is begun."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from cxsim.core import connect_to
from cxsim.sim.cli import main
from cxsim.sim.migrate.config import clock_s, load, request_of, routes_of
from cxsim.sim.migrate.passwords import PasswordMissing, gather, read_file
from cxsim.sim.scenario import ScenarioErrors

GOOD = """\
schema: 1
site: tyrell
vcenter: {host: 192.168.0.13, user: administrator@vsphere.local}
replicator: {url: "https://192.168.0.34:8043", public_endpoint: "198.51.100.10:443", sso_user: a@b}
cloud: {name: MyCloud, url: "https://chc/cloud/org/Tyrell", cx_url: "https://vcde:443", user: tyrelladmin}
connect_to: {"203.0.113.32:8044": "127.0.0.1:43211", "*": refuse}
job: {name: Move, vms: deckard, vdc: PAYG, storage_profile: Fast, network: Servers, rpo: 15 min}
"""

BAD = """\
schema: 1
speeed: 3
site: tyrell
vcenter: {host: 192.168.0.13, port: 99999}
replicator: {url: http://x, sso_user: a}
cloud: {name: a, url: "https://b/cloud/org/x", cx_url: https://c, user: b}
trust: {"a:1": xx}
connect_to: {"a": "b:1"}
job: {name: x, type: warm, vms: [deckard], vdc: a, storage_profile: b, network: c, rpo: 5}
cutover: later
passwords: {vcenter: 12345678, vcentre: secret-of-vcentre}
"""


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "migrate.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_configuration_becomes_what_the_core_takes(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD)).config
    request = request_of(config)
    assert (request.job, request.type, request.vms, request.rpo_s) == ("Move", "Warm", ("deckard",), 900.0)
    assert config.cutover.when == "when-ready"
    assert routes_of(config) == {
        ("203.0.113.32", 8044): ("127.0.0.1", 43211),
        connect_to.ANY: connect_to.REFUSE,
    }


def test_every_mistake_is_told_with_its_place_and_what_would_be_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioErrors) as caught:
        load(write(tmp_path, BAD, 0o644))
    assert [str(problem) for problem in caught.value.problems] == [
        'migrate.yaml:2:1: speeed: unknown key "speeed": did you mean "speed"?',
        "migrate.yaml:4:1: vcenter.user: is missing: add user: administrator@vsphere.local",
        "migrate.yaml:4:37: vcenter.port: 99999 is out of range: at most 65535",
        'migrate.yaml:5:19: replicator.url: "http://x" is not an https URL: write it as https://host:port',
        'migrate.yaml:7:16: trust["a:1"]: "xx" is not a SHA-256 thumbprint: '
        "write SHA-256:AB:CD:.. with 32 pairs",
        'migrate.yaml:8:19: connect_to.a: "a" is not host:port: write it as "203.0.113.32:8044"',
        'migrate.yaml:9:22: job.type: "warm" is not possible here: did you mean "Warm"?',
        'migrate.yaml:9:89: job.rpo: 5 has no unit: write "5 min" (units: us, ms, s, min, h, d)',
        'migrate.yaml:10:10: cutover: "later" is not possible here: one of: when-ready, ask, at',
        "migrate.yaml:11:1: passwords: migrate.yaml holds passwords and others may read it (mode 0644): "
        "chmod 600 migrate.yaml",
        "migrate.yaml:11:13: passwords.vcenter: is not a text: put it in quotes",
        'migrate.yaml:11:32: passwords.vcentre: unknown key "vcentre": did you mean "vcenter"?',
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("cutover: at", "when: at and an instant go together"),
        ("cutover: {when: ask, at: 2026-11-24T20:00:00Z}", "when: at and an instant go together"),
        ("cutover: {when: at, at: tomorrow}", '"tomorrow" is not an instant'),
        ("speed: 0", "0 is out of range: more than 0"),
        ("poll: 30", "30 has no unit"),
        ("clock: now", "is a text: write a mapping"),
        ("clock: {reads: 2017-11-06T09:00:00Z}", "is missing"),
        ("clock: {reads: 2017-11-06T09:00:00Z, at: noon}", '"noon" is not an instant'),
        ("trust: [a]", "is a list"),
    ],
)
def test_a_bad_value_is_told(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(ScenarioErrors, match=r"migrate\.yaml:8:") as caught:
        load(write(tmp_path, f"{GOOD}{written}\n"))
    assert message in str(caught.value)


def test_passwords_come_from_the_environment_before_the_file_before_the_prompt() -> None:
    asked: list[str] = []

    def ask(what: str) -> str:
        asked.append(what)
        return "typed"

    found = gather(
        {"CXSIM_VCENTER_PASSWORD": "from environment"},
        {"vcenter": "from file", "cloud": "from file"},
        ask,
    )
    assert found == {
        "vcenter": "from environment",
        "cloud": "from file",
        "replicator": "typed",
        "replicator_sso": "typed",
    }
    assert len(asked) == 2
    with pytest.raises(PasswordMissing, match="set CXSIM_CLOUD_PASSWORD") as caught:
        gather({}, {"vcenter": "hidden-one"}, None)
    assert "hidden-one" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        ("vcenter: top-secret\n", 0o640, "others may read it (mode 0640): chmod 600"),
        ("vcentre: top-secret\n", 0o600, 'unknown key "vcentre": did you mean "vcenter"?'),
        ("vcenter: [top-secret\n", 0o600, "cannot be read as YAML"),
        ('vcenter: "top-secret\n', 0o600, "cannot be read as YAML"),
        ("vcenter: {top-secret: 1}\n", 0o600, "is not a text"),
    ],
)
def test_a_bad_password_file_is_told_without_what_is_in_it(
    tmp_path: Path, text: str, mode: int, message: str
) -> None:
    path = tmp_path / "pw.yaml"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(ScenarioErrors) as caught:
        read_file(path)
    assert message in str(caught.value)
    assert "top-secret" not in str(caught.value)


def test_a_missing_password_ends_with_2_and_leaves_no_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VCENTER", "CLOUD", "REPLICATOR", "REPLICATOR_SSO"):
        monkeypatch.delenv(f"CXSIM_{name}_PASSWORD", raising=False)
    told = CliRunner().invoke(main, ["migrate", "--config", str(write(tmp_path, GOOD))])
    assert told.exit_code == 2
    assert "replicator_sso: set CXSIM_REPLICATOR_SSO_PASSWORD" in told.output
    assert "nothing was begun" in told.output
    assert [file.name for file in tmp_path.iterdir()] == ["migrate.yaml"]


def test_a_journal_that_is_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VCENTER", "CLOUD", "REPLICATOR", "REPLICATOR_SSO"):
        monkeypatch.setenv(f"CXSIM_{name}_PASSWORD", "x")
    journal = tmp_path / "other.txt"
    journal.write_text("this is a letter, not a database " * 50)
    command = ["migrate", "--config", str(write(tmp_path, GOOD)), "--journal", str(journal)]
    told = CliRunner().invoke(main, command)
    assert told.exit_code == 2
    assert "is not a journal" in told.output
    assert "Traceback" not in told.output


CLOCK = "clock: {reads: 2017-11-06T09:00:00Z, at: 2026-11-23T08:00:00Z}\nspeed: 60\n"
ONE_MINUTE_LATER_S = datetime(2026, 11, 23, 8, 1, tzinfo=UTC).timestamp()


def test_the_clock_of_the_products_goes_as_fast_as_they_do(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD + CLOCK)).config
    assert clock_s(config, ONE_MINUTE_LATER_S) == datetime(2017, 11, 6, 10, tzinfo=UTC).timestamp()
    assert clock_s(load(write(tmp_path, GOOD)).config, 5.0) == 5.0


@pytest.mark.parametrize(
    ("clock", "job", "cutover", "message"),
    [
        (
            CLOCK,
            "start: 2026-11-23T09:00:00Z",
            "",
            "job.start: 2026-11-23T09:00:00Z is more than a year away: the products' clock reads 20",
        ),
        (
            CLOCK,
            "tag: x",
            "cutover: {when: at, at: 2026-11-23T09:00:00Z}\n",
            "cutover.at: 2026-11-23T09:00:00Z is more than a year away: the products' clock reads 20",
        ),
        (
            "",
            "start: 2099-01-01T00:00:00Z",
            "",
            "(the wall clock; cxsim serve has its own, see `clock`)",
        ),
    ],
)
def test_an_instant_of_another_clock_is_refused_before_anything_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: str, job: str, cutover: str, message: str
) -> None:
    for key in ("VCENTER", "CLOUD", "REPLICATOR", "REPLICATOR_SSO"):
        monkeypatch.setenv(f"CXSIM_{key}_PASSWORD", "x")
    if clock:
        monkeypatch.setattr("cxsim.sim.commands.migrate.time.time", lambda: ONE_MINUTE_LATER_S)
    path = write(tmp_path, GOOD.replace("rpo: 15 min", f"rpo: 15 min, {job}") + clock + cutover)
    told = CliRunner().invoke(main, ["migrate", "--config", str(path)])
    assert told.exit_code == 2
    assert message in told.output
    assert "nothing was begun" in told.output
    assert list(tmp_path.iterdir()) == [path]
