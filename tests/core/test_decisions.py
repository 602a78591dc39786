"""Every decision passes one gate, where a journal can write it down before it is acted on."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import (
    CUTOVER,
    FORM,
    WARM,
    FakeVcd,
    FakeVcenter,
    VirtualRuntime,
    config,
)
from cx_provider import CxProvider

from cxsim.core.appliance import Appliance
from cxsim.core.decisions import Decision


def test_every_decision_reaches_the_journal_before_it_is_acted_on(
    runtime: VirtualRuntime, vcenter: FakeVcenter, vcd: FakeVcd, cx: CxProvider, certificates: Any
) -> None:
    written: list[tuple[Decision, int]] = []

    class Journal:
        def record(self, *decisions: Decision) -> None:
            written.extend((d, len(cx.calls)) for d in decisions if d.machine != "certificate")

        def decisions(self) -> tuple[Decision, ...]:
            return ()

    appliance = Appliance(runtime, config(), open_vcenter=vcenter.open, open_vcd=vcd.open, journal=Journal())
    appliance.add_cloud(FORM, lambda certificates: True)
    runtime.sleep(60)
    appliance.migrate(WARM)
    cx.report("deckard", "CUTOVER_READY")
    runtime.sleep(31)
    appliance.cutover(CUTOVER)
    runtime.sleep(31)
    decided = [(d.machine, d.before, d.event, d.after, d.action) for d, _ in written]
    assert decided == [
        ("provider cloud", "Absent", "add", "Enabling", "enable"),
        ("provider cloud", "Enabling", "enabled", "Running", "show vDCs"),
        ("migration", "new", "submit", "registering", "register"),
        ("migration", "registering", "registered", "created", "watch"),
        ("migration", "created", "saw cutover ready", "cutover ready", "nothing"),
        ("migration", "cutover ready", "cutover", "stopping source", "stop source"),
        ("migration", "stopping source", "source is off", "requesting cutover", "request cutover"),
        ("migration", "requesting cutover", "cutover accepted", "cutting over", "watch"),
    ]
    assert written[0][0].facts == {
        "name": "MyCloud-CHC",
        "url": "https://chc.mycloud.local/cloud/org/Tyrell",
        "cx_url": "https://vcde.mycloud.local:443",
        "user": "tyrelladmin",
    }, "no password is written down"
    assert written[1][0].facts["replicator_id"] == "R-7"
    submit = written[2]
    assert submit[0].facts["order"]["vm"] == "deckard"
    assert cx.calls.index("POST /tenant/migrations") >= submit[1], "written down before it was sent"
    assert written[5][0].facts["power_on"] is True


def test_a_decision_that_cannot_be_written_down_does_not_happen(
    runtime: VirtualRuntime, vcenter: FakeVcenter, vcd: FakeVcd, cx: CxProvider, certificates: Any
) -> None:
    class FullDisk:
        full = False

        def record(self, *decisions: Decision) -> None:
            if self.full:
                raise OSError(28, "No space left on device")

    journal = FullDisk()
    appliance = Appliance(runtime, config(), open_vcenter=vcenter.open, open_vcd=vcd.open, journal=journal)
    appliance.add_cloud(FORM, lambda certificates: True)
    runtime.sleep(60)
    journal.full = True
    with pytest.raises(OSError, match="No space"):
        appliance.migrate(WARM)
    assert appliance.workloads() == []
    assert cx.called("POST /tenant/migrations") == 0
    journal.full = False
    assert appliance.migrate(WARM)[0].status == "Created", "the VM is not thought to be migrating"


def test_secrets_are_in_no_event(running: Appliance, runtime: VirtualRuntime, cx: CxProvider) -> None:
    running.migrate(WARM)
    runtime.sleep(60)
    logged = repr(runtime.events)
    for secret in ("root-secret", "sso-secret", "'vmware'", "token-1"):
        assert secret not in logged
