"""The journal: what was written down is there for the next process, all of a write or nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from core_world import CUTOVER, FORM, WARM, FakeVcd, FakeVcenter, VirtualRuntime, config, texts
from cx_provider import CxProvider

from cxsim.core.appliance import Appliance, Home
from cxsim.core.decisions import Decision
from cxsim.core.journal import JournalError, SqliteJournal

ONE = Decision("migration", "key", "submit", "new", "registering", "register", {"vm": "deckard", "n": None})


def start(path: Path, runtime: Any, vcenter: FakeVcenter, vcd: FakeVcd) -> Appliance:
    journal = SqliteJournal(path)
    return Appliance(runtime, config(), open_vcenter=vcenter.open, open_vcd=vcd.open, journal=journal)


def test_what_was_written_down_is_read_back_in_order(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j")
    journal.record(ONE)
    journal.record(replace(ONE, event="registered"), replace(ONE, event="saw syncing"))
    journal.close()
    events = [d.event for d in SqliteJournal(tmp_path / "j").decisions()]
    assert events == ["submit", "registered", "saw syncing"]
    assert next(iter(SqliteJournal(tmp_path / "j").decisions())) == ONE


def test_several_decisions_are_written_down_together_or_not_at_all(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j")
    with pytest.raises(sqlite3.Error):
        journal.record(ONE, replace(ONE, machine=None))  # type: ignore[arg-type]
    assert list(journal.decisions()) == []
    journal.record(ONE)
    assert list(journal.decisions()) == [ONE]


def test_it_is_in_wal_mode_and_waits_for_the_disk(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j")
    assert journal._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be looked at " * 40)
    with pytest.raises(JournalError, match="is not a journal"):
        SqliteJournal(tmp_path / "text")
    database = sqlite3.connect(tmp_path / "later")
    database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(JournalError, match="later version"):
        SqliteJournal(tmp_path / "later")


def test_clouds_certificates_and_jobs_survive(
    tmp_path: Path,
    runtime: VirtualRuntime,
    vcenter: FakeVcenter,
    vcd: FakeVcd,
    cx: CxProvider,
    certificates: Any,
) -> None:
    first = start(tmp_path / "j", runtime, vcenter, vcd)
    first.add_cloud(FORM, lambda shown: True)
    runtime.sleep(60)
    first.migrate(replace(WARM, vms=("deckard", "rachael")))
    cx.report("deckard", "CUTOVER_READY")
    runtime.sleep(31)
    runtime.pending.clear()  # the process is gone: nothing of it runs any more

    asked: list[tuple[str, str]] = []

    def ask(cloud: str, user: str) -> str:
        asked.append((cloud, user))
        return "vmware"

    second = start(tmp_path / "j", runtime, vcenter, vcd)
    second.carry_on(ask)
    assert asked == [("MyCloud-CHC", "tyrelladmin")]
    assert second.clouds() == first.clouds()
    assert second.workloads() == first.workloads()
    assert second.home() == first.home() == Home(0, 0, 1)
    second.cutover(CUTOVER)
    runtime.sleep(31)
    cx.report("deckard", "COMPLETED")
    runtime.sleep(31)
    assert texts(runtime)[-2:] == ["0% Cutting over", "Completed"]
    never = second.edit_cloud("MyCloud-CHC", FORM, lambda shown: pytest.fail("trusted before the crash"))
    assert never is not None
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"vmware", b"root-secret", b"sso-secret", b"token-1"):
        assert secret not in written


def test_without_its_password_a_cloud_says_what_it_needs(
    tmp_path: Path,
    runtime: VirtualRuntime,
    vcenter: FakeVcenter,
    vcd: FakeVcd,
    cx: CxProvider,
    certificates: Any,
) -> None:
    start(tmp_path / "j", runtime, vcenter, vcd).add_cloud(FORM, lambda shown: True)
    runtime.sleep(60)
    runtime.pending.clear()
    second = start(tmp_path / "j", runtime, vcenter, vcd)
    second.carry_on(lambda cloud, user: None)
    cloud = second.cloud("MyCloud-CHC")
    assert (cloud.status, cloud.reason) == (
        "Enable Failed",
        "its password is needed again: edit the provider cloud",
    )
    second.edit_cloud("MyCloud-CHC", FORM, lambda shown: True)
    runtime.sleep(60)
    assert second.cloud("MyCloud-CHC").status == "Running"
