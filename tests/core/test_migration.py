"""Migrations as the provider reports them: statuses, polls, refusals, pause and cancel."""

# ruff: noqa: E501 (texts for users are compared whole and stay on one line)
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests
from core_world import (
    CUTOVER,
    START_S,
    WARM,
    FakeVcenter,
    VirtualRuntime,
    ready,
    texts,
    told,
)
from cx_provider import CxProvider, error_object, reply

from cxsim.core.appliance import Appliance, Home
from cxsim.core.errors import Conflict


def test_a_warm_migration_from_created_to_completed(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter
) -> None:
    (row,) = running.migrate(WARM)
    assert (row.vm, row.job, row.status, row.cloud, row.vdc, row.vapp, row.tag) == (
        "deckard",
        "Move deckard",
        "Created",
        "MyCloud-CHC",
        "CHC Tyrell PAYG",
        "deckard",
        "wave-1",
    )
    for percent in (0, 40, 40, 40, 99):
        cx.report("deckard", "SYNCING", percent)
        runtime.sleep(30)
    cx.report("deckard", "CUTOVER_READY")
    runtime.sleep(3600)
    assert vcenter.powered_off == [], "the source runs until the cutover"
    assert running.home() == Home(0, 0, 1)
    (row,) = running.cutover(CUTOVER)
    assert row.text == "0% Cutting over"
    runtime.sleep(1)
    assert vcenter.powered_off == ["deckard"]
    cx.report("deckard", "CUTTING_OVER", 60)
    runtime.sleep(30)
    cx.report("deckard", "COMPLETED", 100)
    runtime.sleep(30)
    assert texts(runtime) == [
        "Created",
        "0% Syncing",
        "40% Syncing",
        "99% Syncing",
        "Cutover ready",
        "0% Cutting over",
        "60% Cutting over",
        "Completed",
    ]
    assert [(h["completed"], h["error"], h["transition"]) for h in runtime.of("home")] == [
        (0, 0, 1),
        (0, 0, 0),
        (1, 0, 0),
    ]
    assert runtime.of("workload")[2] == {
        "vm": "deckard",
        "job": "Move deckard",
        "status": "Syncing",
        "percent": 40,
        "text": "40% Syncing",
        "reason": None,
    }
    assert running.home() == Home(1, 0, 0)


def test_the_order_carries_what_the_wizard_chose(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    start = START_S + 7200
    running.migrate(
        replace(
            WARM,
            vms=("deckard", "rachael"),
            layout="group",
            vapp_name="Nexus",
            start=start,
            rpo_s=1800,
            disk_type="Thick",
        )
    )
    orders = [
        body for call, body in zip(cx.calls, cx.bodies, strict=True) if call == "POST /tenant/migrations"
    ]
    assert [order["vmName"] for order in orders] == ["deckard", "rachael"], "one migration a VM"
    assert orders[0]["externalKey"] != orders[1]["externalKey"]
    assert {key: value for key, value in orders[0].items() if key != "externalKey"} == {
        "jobName": "Move deckard",
        "vmName": "deckard",
        "type": "WARM",
        "site": "Tyrell",
        "replicatorId": "R-7",
        "vcId": "vc-uuid",
        "vmId": "vm-deckard",
        "vmUuid": "uuid-deckard",
        "rpo": 30,
        "quiesced": False,
        "targetDiskType": "THICK",
        "startTime": "2017-11-06T11:00:00Z",
        "powerOn": False,
        "tag": "wave-1",
        "target": {
            "vdc": "https://chc/api/vdc/1",
            "storageProfile": "https://chc/api/profile/1",
            "network": "https://chc/api/network/1",
            "vAppName": "Nexus",
            "groupVApp": True,
        },
    }
    assert [row.status for row in running.workloads()] == ["Scheduled", "Scheduled"]
    assert running.home() == Home(0, 0, 2)


def test_one_poller_a_cloud_asks_once_for_all_vms_and_stops_when_nothing_is_left(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx, "deckard", "rachael")
    running.migrate(replace(WARM, vms=("roy",)))
    before = cx.called("GET /tenant/migrations")
    runtime.sleep(300)
    assert cx.called("GET /tenant/migrations") - before == 10
    assert cx.called("GET /tenant/migrations/.*") == 0
    for vm in ("deckard", "rachael", "roy"):
        cx.report(vm, "ERROR", None, error_object("ReplicationFailed", "x"))
    runtime.sleep(121)
    before = cx.called("GET /tenant/migrations")
    runtime.sleep(300)
    assert cx.called("GET /tenant/migrations") == before
    running.migrate(replace(WARM, job="again"))
    cx.report("deckard", "SYNCING", 5)
    runtime.sleep(31)
    assert cx.called("GET /tenant/migrations") == before + 2, (
        "one look to clear the failed migration away, then polling starts again"
    )


def test_zero_percent_then_error(running: Appliance, runtime: VirtualRuntime, cx: CxProvider) -> None:
    running.migrate(WARM)
    cx.report("deckard", "SYNCING", 0)
    runtime.sleep(31)
    cx.report("deckard", "ERROR", 0, error_object("ReplicationFailed", "No connection to the replicator."))
    runtime.sleep(31)
    assert texts(runtime) == ["Created", "0% Syncing", "Error"]
    (row,) = running.workloads()
    assert (row.status, row.percent) == ("Error", None)
    assert row.reason == "No connection to the replicator [ReplicationFailed]"
    assert running.home() == Home(0, 1, 0)
    message = told(runtime)
    assert message["text"] == (
        "Could not migrate deckard. provider cloud MyCloud-CHC: No connection to the replicator [ReplicationFailed]"
    )
    assert "port 44045" in message["check"]


def test_a_vm_that_the_provider_refuses_is_an_error_and_the_others_go_on(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    cx.overrides["POST /tenant/migrations"] = [
        reply(409, error_object("InvalidState", "Already replicated."))
    ]
    rows = running.migrate(replace(WARM, vms=("deckard", "rachael")))
    assert [row.status for row in rows] == ["Error", "Created"]
    assert rows[0].reason == (
        "CX cloud service (https://vcde.mycloud.local): its state does not allow this (HTTP 409): Already replicated "
        "[InvalidState]"
    )
    assert cx.called("POST /tenant/migrations") == 2, "a refusal is not tried again"


def test_an_order_whose_connection_breaks_is_sent_again_under_its_key(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    cx.overrides["POST /tenant/migrations"] = [requests.ReadTimeout("x"), reply(500)]
    (row,) = running.migrate(WARM)
    assert row.status == "Created"
    keys = [
        body["externalKey"]
        for call, body in zip(cx.calls, cx.bodies, strict=True)
        if call == "POST /tenant/migrations"
    ]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_patience_ends(running: Appliance, runtime: VirtualRuntime, cx: CxProvider) -> None:
    cx.overrides["POST /tenant/migrations"] = [requests.ConnectTimeout("x")] * 5
    begun = runtime.now()
    (row,) = running.migrate(WARM)
    assert row.status == "Error"
    assert "nothing answered the connection attempt" in (row.reason or "")
    assert cx.called("POST /tenant/migrations") == 3
    assert 30 <= runtime.now() - begun <= 37.5, "10 s, then 20 s, each with up to a quarter more"


def test_polls_that_fail_are_told_once_and_change_nothing(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    cx.report("deckard", "SYNCING", 40)
    runtime.sleep(31)
    before = len(runtime.of("message"))
    cx.overrides["GET /tenant/migrations"] = [requests.ConnectTimeout("x")] * 4
    runtime.sleep(120)
    assert len(runtime.of("message")) == before + 1
    assert told(runtime)["subject"] == "MyCloud-CHC"
    assert running.workloads()[0].text == "40% Syncing"
    cx.report("deckard", "SYNCING", 60)
    runtime.sleep(31)
    assert running.workloads()[0].text == "60% Syncing"


def test_a_migration_that_the_provider_has_lost_is_an_error(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    cx.migrations.clear()
    runtime.sleep(31)
    assert running.workloads()[0].reason == (
        "provider cloud MyCloud-CHC: the provider no longer knows this migration"
    )


def test_a_report_that_cannot_follow_is_told_once_and_changes_nothing(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    cx.report("deckard", "SYNCING", 10)
    runtime.sleep(31)
    before = len(runtime.of("message"))
    cx.report("deckard", "SCHEDULED")
    runtime.sleep(120)
    assert running.workloads()[0].text == "10% Syncing"
    assert len(runtime.of("message")) == before + 1
    assert told(runtime)["answer"] == (
        "it reports SCHEDULED while the status here is 10% Syncing (saw scheduled)"
    )


def test_bad_answers_while_following_leave_the_status_alone(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    cx.overrides["GET /tenant/migrations"] = [(200, {"Content-Type": "text/html"}, "<html>"), reply(200, {})]
    runtime.sleep(61)
    assert [m["level"] for m in runtime.of("message")] == ["error", "error"]
    assert running.workloads()[0].status == "Created"


def test_pause_resume_and_cancel(running: Appliance, runtime: VirtualRuntime, cx: CxProvider) -> None:
    running.migrate(WARM)
    for command in (running.pause, running.resume):
        with pytest.raises(Conflict, match=r"not possible in this status: deckard \(Created\)"):
            command("deckard")
    cx.report("deckard", "SYNCING", 30)
    runtime.sleep(31)
    assert running.pause("deckard").text == "30% Syncing", "until the provider reports it"
    runtime.sleep(31)
    assert running.workloads()[0].text == "Paused"
    running.resume("deckard")
    runtime.sleep(31)
    assert running.workloads()[0].text == "50% Syncing"
    assert running.cancel("deckard").text == "Cancelled"
    assert cx.migrations == {}
    runtime.sleep(60)
    assert running.workloads()[0].status == "Cancelled"
    with pytest.raises(Conflict):
        running.cancel("deckard")


def test_cancelling_a_failed_order_finds_what_the_provider_may_have_kept(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    accept = cx._accept

    def accept_and_break(body: Any) -> Any:
        accept(body)
        raise requests.ReadTimeout("x")

    cx._accept = accept_and_break  # type: ignore[method-assign]
    assert running.migrate(WARM)[0].status == "Error"
    assert len(cx.migrations) == 1
    running.cancel("deckard")
    assert cx.migrations == {}
    assert running.workloads()[0].status == "Cancelled"


def test_a_cleanup_that_fails_is_an_error_and_can_be_repeated(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    cx.overrides["DELETE /tenant/migrations/M-1"] = [
        reply(409),
        reply(404, error_object("MigrationNotFound", "x")),
    ]
    row = running.cancel("deckard")
    assert row.status == "Error"
    assert row.reason is not None
    assert row.reason.endswith("; its replica may be left at the provider")
    assert running.cancel("deckard").status == "Cancelled", "gone already is as good"


def test_a_cloud_with_migrations_under_way_is_not_deleted(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    with pytest.raises(Conflict, match="migrations to it are under way: deckard"):
        running.delete_cloud("MyCloud-CHC")
    running.cancel("deckard")
    running.delete_cloud("MyCloud-CHC")
    runtime.sleep(60)
    assert running.clouds() == []
