"""The journal does not grow without end: what is kept restores everything, and a crash loses nothing."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from core_world import CUTOVER, FORM, WARM, FakeVcd, FakeVcenter, VirtualRuntime, config, ready
from cx_provider import CxProvider
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.core.appliance import Appliance
from cxsim.core.cx_cloud_service import MigrationOrder
from cxsim.core.decisions import SNAPSHOT, Decision, Decisions, NoJournal
from cxsim.core.errors import CertificateMismatch
from cxsim.core.journal import SqliteJournal
from cxsim.core.migration_states import MIGRATION, Event, State
from cxsim.core.neighbours import SourceVm
from cxsim.core.trust import TrustedCertificates
from cxsim.core.workloads import WorkloadBook, WorkloadRecord


class ListJournal(NoJournal):
    """In memory."""

    def __init__(self) -> None:
        self.written: list[Decision] = []
        self.replaced = 0

    def record(self, *decisions: Decision) -> None:
        self.written += decisions

    def decisions(self) -> list[Decision]:
        return list(self.written)

    def replace(self, *decisions: Decision) -> bool:
        self.written, self.replaced = list(decisions), self.replaced + 1
        return True


def order(key: str) -> MigrationOrder:
    return MigrationOrder(
        key, "job", f"vm-{key}", "WARM", "Tyrell", "r", "vc", "vm-1", "uuid", 15, "THIN", None, False, "tag",
        "vdc", "profile", "network", f"vm-{key}", False,
    )  # fmt: skip


def book(journal: ListJournal, compact_after: int) -> WorkloadBook:
    runtime: Any = VirtualRuntime()
    return WorkloadBook(runtime, Decisions(runtime, journal, compact_after))


def known(book: WorkloadBook) -> list[dict[str, Any]]:
    """All that a book knows, without what it has told already."""
    return [{k: v for k, v in vars(record).items() if k != "told"} for record in book.all()]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(0, 99)), max_size=120))
def test_a_compacted_journal_restores_the_same_as_one_that_is_not(
    moves: list[tuple[int, int, int]],
) -> None:
    journals = ListJournal(), ListJournal()
    books = book(journals[0], 10**9), book(journals[1], 7)
    for workloads in books:
        records = [
            WorkloadRecord(order(key), SourceVm(f"vm-{key}", "vm-1", "u", "on", 5, "esx"), "cloud", "vdc")
            for key in "abc"
        ]
        for record in records:
            workloads.add(record)
        workloads.submit(records)
        for which, choice, number in moves:
            record = records[which]
            possible = [event for event in Event if MIGRATION.allows(record.state, event)]
            if not possible:
                continue
            event = possible[choice % len(possible)]
            facts: dict[str, Any] = {}
            if event is Event.CUTOVER:
                record.power_on, record.cutover_tag = bool(number % 2), f"tag {number}"
                facts = {"power_on": record.power_on, "tag": record.cutover_tag}
            workloads.decide(
                record,
                event,
                percent=number,
                reason=f"reason {number}" if number % 3 == 0 else None,
                remote_id="remote" if event is Event.REGISTERED else None,
                **facts,
            )
    fresh = [book(ListJournal(), 10**9) for _ in books]
    for one, journal in zip(fresh, journals, strict=True):
        one.restore(journal.decisions())
    assert known(fresh[0]) == known(fresh[1]) == known(books[0])
    assert fresh[0].home() == fresh[1].home()
    assert len(journals[1].written) <= max(7, 4 * 3) + 3 + 1, "bounded, whatever happens"


def test_a_journal_stays_small_while_a_migration_goes_on_for_ever() -> None:
    journal = ListJournal()
    workloads = book(journal, 50)
    record = WorkloadRecord(order("a"), SourceVm("vm-a", "vm-1", "u", "on", 5), "cloud", "vdc")
    workloads.add(record)
    workloads.submit([record])
    workloads.decide(record, Event.REGISTERED, remote_id="remote")
    for number in range(5000):
        workloads.decide(record, Event.SAW_SYNCING, percent=number % 100)
    assert len(journal.written) <= 52
    assert journal.replaced >= 90
    assert journal.written[0].event == SNAPSHOT


def test_an_appliance_whose_journal_was_compacted_carries_on(
    tmp_path: Path,
    runtime: VirtualRuntime,
    vcenter: FakeVcenter,
    vcd: FakeVcd,
    cx: CxProvider,
    certificates: Any,
) -> None:
    def start() -> Appliance:
        journal = SqliteJournal(tmp_path / "j")
        chosen = config(journal_most=1)
        return Appliance(runtime, chosen, open_vcenter=vcenter.open, open_vcd=vcd.open, journal=journal)

    first = start()
    first.add_cloud(FORM, lambda shown: True)
    runtime.sleep(60)
    first.migrate(replace(WARM, vms=("deckard", "rachael")))
    for percent in range(20):
        cx.report("deckard", "SYNCING", percent=percent)
        runtime.sleep(31)
    cx.report("deckard", "CUTOVER_READY")
    runtime.sleep(31)
    runtime.pending.clear()
    rows = list(SqliteJournal(tmp_path / "j").decisions())
    assert {"certificate", "provider cloud", "migration"} <= {d.machine for d in rows if d.event == SNAPSHOT}

    second = start()
    second.carry_on(lambda cloud, user: "vmware")
    assert second.clouds() == first.clouds()
    assert second.workloads() == first.workloads()
    assert second.jobs() == first.jobs()
    assert second.home() == first.home()
    assert second.edit_cloud("MyCloud-CHC", FORM, lambda shown: pytest.fail("trusted before")) is not None
    second.cutover(CUTOVER)
    runtime.sleep(31)
    cx.report("deckard", "COMPLETED")
    runtime.sleep(31)
    assert {row.vm: row.status for row in second.workloads()}["deckard"] == "Completed"
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"vmware" not in written


ONE = Decision("migration", "key", "saw syncing", "syncing", "syncing", "nothing", {"percent": 1})
KEPT = replace(ONE, event=SNAPSHOT)


def test_a_replacement_that_fails_changes_nothing(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j")
    journal.record(ONE, ONE)
    assert journal.replace(KEPT, replace(KEPT, machine=None)) is False  # type: ignore[arg-type]
    assert list(journal.decisions()) == [ONE, ONE]
    assert journal.replace(KEPT) is True
    journal.record(ONE)
    assert list(journal.decisions()) == [KEPT, ONE]


def test_a_process_that_dies_while_it_compacts_leaves_all_or_the_replacement(tmp_path: Path) -> None:
    path = tmp_path / "j"
    draw = random.Random(5)
    SqliteJournal(path).record(replace(ONE, facts={"from": 0, "to": 0}))
    for _ in range(12):
        child = os.fork()
        if child == 0:
            _write_for_ever(path)
        time.sleep(0.02 + draw.random() / 20)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        journal = SqliteJournal(path)
        spans = [(d.facts["from"], d.facts["to"]) for d in journal.decisions()]
        journal.close()
        assert spans[0][0] == 0
        assert [a for a, _ in spans[1:]] == [b for _, b in spans[:-1]], "no decision is lost or doubled"
        assert len(spans) <= 41
    assert spans[-1][1] > 100, "it got somewhere"
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert path.stat().st_size < 1_000_000


def _write_for_ever(path: Path) -> None:
    """In a process that is going to be killed: numbered decisions, compacted every 40."""
    try:
        journal = SqliteJournal(path, durable=False)
        while True:
            written = list(journal.decisions())
            end = written[-1].facts["to"]
            journal.record(replace(ONE, facts={"from": end, "to": end + 1}))
            if len(written) >= 40:
                journal.replace(replace(KEPT, facts={"from": 0, "to": end + 1}))
    finally:
        os._exit(1)


def test_what_the_vcenter_showed_first_is_known_to_the_next_process(runtime: VirtualRuntime) -> None:
    journal = ListJournal()
    first = TrustedCertificates(runtime, Decisions(runtime, journal))
    first.registering().judge("vc", 443, b"one")
    first.registering().judge("vc", 443, b"one")
    (written,) = journal.written
    assert (written.subject, written.event) == ("vc:443", "registered at first sight")
    second = TrustedCertificates(runtime, Decisions(runtime, journal))
    second.restore(journal.decisions())
    second.registering().judge("vc", 443, b"one")
    with pytest.raises(CertificateMismatch, match="differs from the expected one"):
        second.registering().judge("vc", 443, b"another")
    assert len(journal.written) == 1


def test_the_bound_of_stops_at_a_host_outlives_the_process(
    tmp_path: Path,
    runtime: VirtualRuntime,
    vcenter: FakeVcenter,
    vcd: FakeVcd,
    cx: CxProvider,
    certificates: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vcenter.inventory = [
        replace(vm, host="esx01" if vm.name != "roy" else "esx02") for vm in vcenter.inventory
    ]
    at_once: dict[str, int] = {}
    most: dict[str, int] = {}

    def slow(vm: SourceVm) -> None:
        at_once[vm.host] = at_once.get(vm.host, 0) + 1
        most[vm.host] = max(most.get(vm.host, 0), at_once[vm.host])
        runtime.sleep(20)
        at_once[vm.host] -= 1

    monkeypatch.setattr(vcenter, "power_off", slow)

    def start() -> Appliance:
        chosen = config(stops_per_host=1, cutovers_per_replicator=9)
        journal = SqliteJournal(tmp_path / "j")
        return Appliance(runtime, chosen, open_vcenter=vcenter.open, open_vcd=vcd.open, journal=journal)

    first = start()
    first.add_cloud(FORM, lambda shown: True)
    runtime.sleep(60)
    vms = ("deckard", "rachael", "roy")
    ready(first, runtime, cx, *vms)
    first.cutover(replace(CUTOVER, vms=vms))
    runtime.pending.clear()
    second = start()
    second.carry_on(lambda cloud, user: "vmware")
    runtime.sleep(120)
    assert most == {"esx01": 1, "esx02": 1}
    assert {row.status for row in second.workloads()} == {"Cutting over"}


def test_every_state_can_be_kept() -> None:
    """A snapshot of each state comes back as that state."""
    for state in State:
        journal = ListJournal()
        workloads = book(journal, 10**9)
        record = WorkloadRecord(order("a"), SourceVm("vm-a", "m", "u", "on", 5), "c", "v", state=state)
        workloads.add(record)
        restored = book(ListJournal(), 10**9)
        restored.restore(workloads._snapshot())
        assert [r.state for r in restored.all()] == ([] if state is State.NEW else [state])
