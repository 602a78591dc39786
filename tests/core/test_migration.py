"""Migrations from the wizard's Finish to Completed, against the wire contract in memory."""

# ruff: noqa: E501 (texts for users are compared whole and stay on one line)
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from core_world import FORM, START_S, FakeVcd, FakeVcenter, VirtualRuntime
from cx_provider import CxProvider, error_object, reply
from cxsim.core.appliance import Appliance, CutoverRequest, Home, MigrationRequest
from cxsim.core.decisions import Decision
from cxsim.core.errors import Conflict, ConnectionTrouble, InputError, NotFound

WARM = MigrationRequest(
    job="Move deckard",
    type="Warm",
    vms=("deckard",),
    cloud="MyCloud-CHC",
    vdc="CHC Tyrell PAYG",
    storage_profile="CHC Performance",
    network="Tyrell Servers",
    tag="wave-1",
)
CUTOVER = CutoverRequest(("deckard",), power_on=True, tag="wave-1", confirmed=True)


@pytest.fixture
def running(appliance: Appliance, runtime: VirtualRuntime) -> Iterator[Appliance]:
    """An appliance whose provider cloud is Running."""
    appliance.add_cloud(FORM, lambda certificates: True)
    runtime.sleep(60)
    assert appliance.cloud("MyCloud-CHC").status == "Running"
    yield appliance
    assert not [task.error for task in runtime.tasks if task.error], "no task ended with an exception"


def texts(runtime: VirtualRuntime, vm: str = "deckard") -> list[str]:
    return [fields["text"] for fields in runtime.of("workload") if fields["vm"] == vm]


def last_message(runtime: VirtualRuntime) -> dict[str, Any]:
    return runtime.of("message")[-1]


def ready(running: Appliance, runtime: VirtualRuntime, cx: CxProvider, *vms: str) -> None:
    """Migrate VMs up to Cutover ready."""
    running.migrate(replace(WARM, vms=vms or ("deckard",)))
    for vm in vms or ("deckard",):
        cx.report(vm, "CUTOVER_READY")
    runtime.sleep(31)


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
    runtime.sleep(31)
    before = cx.called("GET /tenant/migrations")
    runtime.sleep(300)
    assert cx.called("GET /tenant/migrations") == before
    running.migrate(replace(WARM, job="again"))
    cx.report("deckard", "SYNCING", 5)
    runtime.sleep(31)
    assert cx.called("GET /tenant/migrations") == before + 1, "it starts again with the next migration"


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
    message = last_message(runtime)
    assert message["text"] == (
        "Could not migrate deckard. provider cloud MyCloud-CHC: No connection to the replicator [ReplicationFailed]"
    )
    assert "port 44045" in message["check"]


# --- refused before anything is begun


REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"vms": ("dekard",)},
        "Source VMs",
        "there is no VM 'dekard' in vCenter",
        "the VM's name; nearest: deckard",
    ),
    (
        {"vms": ("deckard", "zhora")},
        "Source VMs",
        "Warm migration needs all VMs powered on; not powered on: zhora",
        "their power state, or choose Cold migration",
    ),
    (
        {"vms": ("deckard", "roy", "zhora"), "type": "Cold", "rpo_s": None},
        "Source VMs",
        "Cold migration needs all VMs powered off; not powered off: deckard, roy",
        "their power state, or choose Warm migration",
    ),
    (
        {"vdc": "CHC Tyrell PAY"},
        "vDC",
        "there is no vDC 'CHC Tyrell PAY'",
        "the vDC's name; nearest: CHC Tyrell PAYG",
    ),
    (
        {"storage_profile": "Gold"},
        "Storage Profile",
        "there is no Storage Profile 'Gold'",
        "the Storage Profile's name; there are: CHC Performance",
    ),
    (
        {"network": "Tyrell Server"},
        "Network",
        "there is no Network 'Tyrell Server'",
        "the Network's name; nearest: Tyrell Servers",
    ),
    (
        {"rpo_s": 60},
        "Target RPO",
        "1 minutes is not possible",
        "that it is a whole number of minutes from 5 to 1440",
    ),
]


@pytest.mark.parametrize(("change", "where", "answer", "check"), REFUSED)
def test_what_does_not_fit_is_refused_and_nothing_is_begun(
    running: Appliance,
    runtime: VirtualRuntime,
    cx: CxProvider,
    change: Any,
    where: str,
    answer: str,
    check: str,
) -> None:
    with pytest.raises(InputError) as caught:
        running.migrate(replace(WARM, **change))
    assert caught.value.fields() == {
        "attempted": "start job 'Move deckard'",
        "where": where,
        "answer": answer,
        "check": check,
    }
    assert last_message(runtime)["answer"] == answer
    assert running.workloads() == []
    assert cx.called("POST /tenant/migrations") == 0


def test_too_little_space_names_the_profile_and_both_figures(
    running: Appliance, vcd: FakeVcd, cx: CxProvider
) -> None:
    profile = replace(vcd.offered[0].profiles[0], limit_bytes=200 * 1024**3, used_bytes=100 * 1024**3)
    vcd.offered = [replace(vcd.offered[0], profiles=(profile,))]
    with pytest.raises(InputError) as caught:
        running.migrate(replace(WARM, vms=("rachael", "roy")))
    assert caught.value.where == "Storage Profile CHC Performance of CHC Tyrell PAYG"
    assert caught.value.answer == "140.00 GiB are needed, 100.00 GiB are free"
    vcd.offered = [replace(vcd.offered[0], profiles=(replace(profile, limit_bytes=None),))]
    assert len(running.migrate(replace(WARM, vms=("rachael", "roy")))) == 2


def test_a_vdc_without_a_network_is_refused_before_the_start(running: Appliance, vcd: FakeVcd) -> None:
    vcd.offered = [replace(vcd.offered[0], networks=())]
    with pytest.raises(InputError, match="it has no Org VDC network"):
        running.migrate(WARM)


def test_two_vms_of_one_name_are_refused(running: Appliance, vcenter: FakeVcenter) -> None:
    vcenter.inventory.append(replace(vcenter.inventory[0], moref="vm-other"))
    with pytest.raises(InputError, match="more than one VM has the name deckard"):
        running.migrate(WARM)


def test_a_cloud_that_is_not_running_is_refused(appliance: Appliance) -> None:
    with pytest.raises(NotFound, match="there is no provider cloud 'MyCloud-CHC'"):
        appliance.migrate(WARM)
    appliance.add_cloud(FORM, lambda certificates: True)
    with pytest.raises(Conflict, match="its status is Enabling"):
        appliance.migrate(WARM)


def test_a_vcenter_that_cannot_be_reached_is_told_and_nothing_is_begun(
    running: Appliance, vcenter: FakeVcenter, runtime: VirtualRuntime
) -> None:
    vcenter.trouble = ConnectionTrouble("log in", "vCenter", "the connection was refused", "the port")
    with pytest.raises(ConnectionTrouble):
        running.migrate(WARM)
    assert running.workloads() == []


def test_a_vm_that_is_being_migrated_is_refused(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    with pytest.raises(Conflict, match=r"already being migrated: deckard \(Created\)"):
        running.migrate(replace(WARM, vms=("rachael", "deckard")))
    assert [row.vm for row in running.workloads()] == ["deckard"], "rachael was not begun either"


# --- the provider refuses, fails or forgets


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
    told = len(runtime.of("message"))
    cx.overrides["GET /tenant/migrations"] = [requests.ConnectTimeout("x")] * 4
    runtime.sleep(120)
    assert len(runtime.of("message")) == told + 1
    assert last_message(runtime)["subject"] == "MyCloud-CHC"
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
    told = len(runtime.of("message"))
    cx.report("deckard", "SCHEDULED")
    runtime.sleep(120)
    assert running.workloads()[0].text == "10% Syncing"
    assert len(runtime.of("message")) == told + 1
    assert last_message(runtime)["answer"] == (
        "it reports SCHEDULED while the status here is 10% Syncing (saw scheduled)"
    )


# --- cutover


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
    assert row.reason.endswith("Busy [InvalidState]; the source VM is powered off")


def test_an_error_during_the_cutover_says_that_the_source_is_off(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx)
    running.cutover(CUTOVER)
    runtime.sleep(1)
    cx.report("deckard", "ERROR", None, error_object("VcdFailure", "No space."))
    runtime.sleep(31)
    assert running.workloads()[0].reason == "No space [VcdFailure]; the source VM is powered off"


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
    assert last_message(runtime)["text"] == "deckard: source is off, but its status is Error by now."


# --- pause, resume, cancel


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


# --- the seam for a journal


def test_every_decision_reaches_the_journal_before_it_is_acted_on(
    runtime: VirtualRuntime, vcenter: FakeVcenter, vcd: FakeVcd, cx: CxProvider, certificates: Any
) -> None:
    from core_world import config

    written: list[tuple[Decision, int]] = []

    class Journal:
        def record(self, decision: Decision) -> None:
            written.append((decision, len(cx.calls)))

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
    submit = written[2]
    assert submit[0].facts["order"]["vmName"] == "deckard"
    assert cx.calls.index("POST /tenant/migrations") >= submit[1], "written down before it was sent"
    assert written[5][0].facts["power_on"] is True


def test_a_decision_that_cannot_be_written_down_does_not_happen(
    runtime: VirtualRuntime, vcenter: FakeVcenter, vcd: FakeVcd, cx: CxProvider, certificates: Any
) -> None:
    from core_world import config

    class FullDisk:
        full = False

        def record(self, decision: Decision) -> None:
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


def test_bad_answers_while_following_leave_the_status_alone(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    cx.overrides["GET /tenant/migrations"] = [(200, {"Content-Type": "text/html"}, "<html>"), reply(200, {})]
    runtime.sleep(61)
    assert [m["level"] for m in runtime.of("message")] == ["error", "error"]
    assert running.workloads()[0].status == "Created"
