"""The cutover: confirmed, the source off first, asked once, and what happens when a step fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests
from core_world import (
    CUTOVER,
    WARM,
    FakeVcenter,
    VirtualRuntime,
    ready,
    texts,
    told,
)
from cx_provider import CxProvider, error_object, reply

from cxsim.core.appliance import Appliance
from cxsim.core.errors import Conflict, ConnectionTrouble, InputError, NotFound

SOURCE_OFF = "the source VM is powered off; to use it again, cancel first, which clears the target"


def test_a_cutover_needs_confirmation_and_ready_vms(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter
) -> None:
    ready(running, runtime, cx, "deckard", "rachael")
    running.migrate(replace(WARM, vms=("roy",)))
    for request, error, text in [
        (replace(CUTOVER, vms=()), InputError, "none is selected"),
        (replace(CUTOVER, vms=("deckart",)), NotFound, "nearest: deckard"),
        (replace(CUTOVER, vms=("deckard", "roy")), Conflict, r"not possible in this status: roy \(Created\)"),
        (replace(CUTOVER, confirmed=False), InputError, "the source VMs would be powered off: deckard"),
    ]:
        with pytest.raises(error, match=text):
            running.cutover(request)
    runtime.sleep(60)
    assert vcenter.powered_off == []
    assert cx.called("POST .*/cutover") == 0
    assert [row.status for row in running.workloads()] == ["Cutover ready", "Cutover ready", "Created"]


def test_the_source_is_off_before_the_provider_is_asked(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter, monkeypatch: Any
) -> None:
    ready(running, runtime, cx)
    asked: list[int] = []

    def power_off(vm: Any) -> None:
        asked.append(cx.called("POST .*/cutover"))
        runtime.sleep(45)
        asked.append(cx.called("POST .*/cutover"))

    monkeypatch.setattr(vcenter, "power_off", power_off)
    running.cutover(replace(CUTOVER, power_on=False))
    runtime.sleep(40)
    assert running.workloads()[0].text == "0% Cutting over", "a poll in between still sees the provider ready"
    runtime.sleep(20)
    assert asked == [0, 0]
    assert cx.called("POST .*/cutover") == 1
    posted = next(body for call, body in zip(cx.calls, cx.bodies, strict=True) if call.endswith("/cutover"))
    assert posted == {"powerOn": False, "tag": "wave-1"}


def test_a_source_that_cannot_be_stopped_leaves_the_migration_ready(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter
) -> None:
    ready(running, runtime, cx)
    vcenter.trouble = ConnectionTrouble("log in", "vCenter", "the connection was refused", "the port")
    running.cutover(CUTOVER)
    runtime.sleep(31)
    (row,) = running.workloads()
    assert (row.status, row.reason) == ("Cutover ready", "vCenter: the connection was refused")
    assert cx.called("POST .*/cutover") == 0
    vcenter.trouble = None
    running.cutover(CUTOVER)
    cx.report("deckard", "COMPLETED")
    runtime.sleep(60)
    assert running.workloads()[0].status == "Completed"


def test_a_cutover_whose_answer_was_lost_is_not_asked_twice(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx)
    accepted = cx._one_migration

    def accept_and_break(method: str, path: str) -> Any:
        answer = accepted(method, path)
        if path.endswith("/cutover"):
            raise requests.ReadTimeout("x")
        return answer

    cx._one_migration = accept_and_break  # type: ignore[method-assign]
    running.cutover(CUTOVER)
    runtime.sleep(40)
    assert cx.called("POST .*/cutover") == 1
    assert running.workloads()[0].text == "0% Cutting over"


def test_a_refused_cutover_is_an_error_that_says_that_the_source_is_off(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx)
    cx.overrides["POST /tenant/migrations/M-1/cutover"] = [reply(409, error_object("InvalidState", "Busy."))]
    running.cutover(CUTOVER)
    runtime.sleep(1)
    (row,) = running.workloads()
    assert row.status == "Error"
    assert row.reason is not None
    assert row.reason.endswith(f"Busy [InvalidState]; {SOURCE_OFF}")


def test_an_error_during_the_cutover_says_that_the_source_is_off(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx)
    running.cutover(CUTOVER)
    runtime.sleep(1)
    cx.report("deckard", "ERROR", None, error_object("VcdFailure", "No space."))
    runtime.sleep(31)
    assert running.workloads()[0].reason == f"No space [VcdFailure]; {SOURCE_OFF}"


def test_a_cold_migration_runs_through_without_a_cutover_by_hand(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(replace(WARM, type="Cold", vms=("zhora",), rpo_s=None))
    order = next(b for c, b in zip(cx.calls, cx.bodies, strict=True) if c == "POST /tenant/migrations")
    assert (order["type"], order["rpo"], order["powerOn"]) == ("COLD", None, True)
    cx.report("zhora", "SYNCING", 70)
    runtime.sleep(30)
    cx.report("zhora", "CUTTING_OVER", 50)
    runtime.sleep(30)
    cx.report("zhora", "COMPLETED", 100)
    runtime.sleep(30)
    assert texts(runtime, "zhora") == ["Created", "70% Syncing", "50% Cutting over", "Completed"]


def test_an_error_of_the_provider_overtakes_a_cutover_that_is_stopping_the_source(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter, monkeypatch: Any
) -> None:
    ready(running, runtime, cx)
    monkeypatch.setattr(vcenter, "power_off", lambda vm: runtime.sleep(45))
    running.cutover(CUTOVER)
    cx.report("deckard", "ERROR", None, error_object("ReplicationFailed", "Lost."))
    runtime.sleep(120)
    assert running.workloads()[0].status == "Error"
    assert cx.called("POST .*/cutover") == 0
    assert told(runtime)["text"] == "deckard: source is off, but its status is Error by now."
