"""Migrations from the tenant's order to a running VM in vCloud Director."""

from __future__ import annotations

import dataclasses

import pytest

from cxsim.fake_cx.errors import VcenterFailure
from cxsim.fake_cx.settings import CxSettings

from .conftest import Cx, Tenant


def _power_off(cx, moref="vm-62"):
    shape = cx.tenant_vcenter.shapes[moref]
    cx.tenant_vcenter.shapes[moref] = dataclasses.replace(shape, powered_on=False)


def _ready(cx, tenant, **changes):
    tenant.register()
    migration_id = tenant.start(**changes)
    tenant.wait(migration_id, "CUTOVER_READY")
    return migration_id


def _cut_over(cx, tenant, migration_id, power_on=True, moref="vm-62"):
    _power_off(cx, moref)
    tenant.ask("POST", f"/migrations/{migration_id}/cutover", {"powerOn": power_on}).expect(202)
    return tenant.wait(migration_id, "COMPLETED", "ERROR")


def test_a_warm_migration_goes_through_every_state_and_runs_in_vcd(cx, tenant):
    def migrate():
        tenant.register()
        migration_id = tenant.start()
        seen = tenant.wait(migration_id, "CUTOVER_READY")
        assert cx.vcd.model.orgs[0].vdcs[0].vapps == []
        seen += _cut_over(cx, tenant, migration_id)
        return seen, tenant.look(migration_id)

    seen, shown = cx.run(migrate)
    states = list(dict.fromkeys(state for state, _ in seen))
    assert states == ["CREATED", "SYNCING", "CUTOVER_READY", "CUTTING_OVER", "COMPLETED"]
    percents = [percent for state, percent in seen if state == "CUTTING_OVER"]
    assert percents == sorted(percents)
    vapp = cx.vcd.model.orgs[0].vdcs[0].vapps[0]
    vm = vapp.vms[0]
    assert (vapp.name, vm.name, vm.status.name, vm.nics[0].network) == (
        "deckard", "deckard", "POWERED_ON", "Tyrell Servers",
    )  # fmt: skip
    assert shown["vmHref"].endswith(f"vm-{vm.id}")
    assert cx.wires.count("importVmAsVApp") == 1


def test_after_completion_the_replication_is_gone_on_both_sides(cx, tenant):
    cx.run(lambda: _cut_over(cx, tenant, _ready(cx, tenant)))
    assert cx.data_plane.sinks == {}
    stream = cx.data_plane.of_vm("uuid-deckard")
    assert (stream.stopped, stream.finals) == (True, 1)
    assert cx.tenant_vcenter.replicating == {}
    assert cx.manager.replications.all() == []
    assert cx.cloud_vcenter.destroyed == []


def test_the_source_vm_is_configured_to_send_to_its_own_replicator(cx, tenant):
    cx.run(lambda: _ready(cx, tenant))
    spec = cx.tenant_vcenter.replicating["vm-62"]
    assert (spec.destination_address, spec.port, spec.rpo_min) == ("192.168.0.34", 44045, 15)
    source = cx.data_plane.of_vm("uuid-deckard").source
    assert (source.destination_address, source.destination_port) == ("203.0.113.32", 44045)
    assert (source.rpo_s, source.replication_id) == (900.0, spec.replication_id)
    host, sink = cx.data_plane.sinks[spec.replication_id]
    assert (host, sink.esxi_address, sink.thin) == ("chc-cce01", "10.3.0.21", True)


def test_a_private_data_address_is_advertised_when_no_endpoint_was_typed():
    cx = Cx(cloud_replicator="")
    tenant = Tenant(cx)
    cx.run(lambda: _ready(cx, tenant))
    assert cx.data_plane.of_vm("uuid-deckard").source.destination_address == "10.3.0.34"


def test_the_same_external_key_gives_the_existing_migration(cx, tenant):
    def twice():
        tenant.register()
        first = tenant.ask("POST", "/migrations", tenant.order())
        second = tenant.ask("POST", "/migrations", tenant.order())
        return first.status, second.status, first.text("id") == second.text("id")

    assert cx.run(twice) == (201, 200, True)


def test_the_export_copies_the_disks_and_takes_its_time(cx, tenant):
    def migrate():
        migration_id = _ready(cx, tenant)
        started_s = cx.clock.now_s
        _cut_over(cx, tenant, migration_id)
        return cx.clock.now_s - started_s

    copied_s = 40 * 1024**3 / cx.settings.export_bytes_per_s
    assert cx.run(migrate) > cx.settings.export_base_s + copied_s
    vm = cx.cloud_vcenter.infrastructure.vms["vm-100"]
    assert (vm.cpus, vm.memory_bytes, vm.disks[0].capacity_bytes) == (2, 4 * 1024**3, 40 * 1024**3)


def test_two_exports_on_one_host_go_one_after_the_other(cx, tenant):
    def migrate():
        tenant.register()
        ids = [tenant.start(), tenant.start("rachael", "vm-63")]
        for migration_id in ids:
            tenant.wait(migration_id, "CUTOVER_READY")
        for migration_id, moref in zip(ids, ("vm-62", "vm-63"), strict=True):
            _power_off(cx, moref)
            tenant.ask("POST", f"/migrations/{migration_id}/cutover", {"powerOn": False}).expect(202)
        for migration_id in ids:
            tenant.wait(migration_id, "COMPLETED")
        tasks = [t for t in cx.cloud_replicator.tasks.visible() if t.kind == "exportInstance"]
        return sorted((t.started_s, t.ended_s) for t in tasks)

    first, second = cx.run(migrate)
    assert second[0] >= first[1]


def test_grouped_vms_land_in_one_vapp(cx, tenant):
    def migrate():
        tenant.register()
        target = {"vAppName": "Replicants", "groupVApp": True}
        ids = [tenant.start(target=target), tenant.start("rachael", "vm-63", target=target)]
        for migration_id, moref in zip(ids, ("vm-62", "vm-63"), strict=True):
            tenant.wait(migration_id, "CUTOVER_READY")
            _power_off(cx, moref)
            tenant.ask("POST", f"/migrations/{migration_id}/cutover", {"powerOn": True}).expect(202)
        for migration_id in ids:
            assert tenant.wait(migration_id, "COMPLETED", "ERROR")[-1][0] == "COMPLETED"

    cx.run(migrate)
    (vapp,) = cx.vcd.model.orgs[0].vdcs[0].vapps
    assert (vapp.name, sorted(vm.name for vm in vapp.vms)) == ("Replicants", ["deckard", "rachael"])
    assert cx.wires.count("importVmIntoExistingVApp") == 1


def test_a_cold_migration_cuts_over_by_itself(cx, tenant):
    def migrate():
        _power_off(cx)
        tenant.register()
        return tenant.wait(tenant.start(type="COLD", powerOn=True, rpo=None), "COMPLETED", "ERROR")

    states = list(dict.fromkeys(state for state, _ in cx.run(migrate)))
    assert states == ["CREATED", "SYNCING", "CUTTING_OVER", "COMPLETED"]
    assert cx.vcd.model.orgs[0].vdcs[0].vapps[0].vms[0].status.name == "POWERED_ON"


def test_a_scheduled_migration_waits_for_its_time(cx, tenant):
    def migrate():
        tenant.register()
        migration_id = tenant.start(startTime="2017-11-06T11:00:00Z")
        early = tenant.look(migration_id)["state"]
        cx.clock.sleep(6000.0)
        tenant.log_in()
        still = tenant.look(migration_id)["state"]
        return early, still, tenant.wait(migration_id, "SYNCING")[-1]

    early, still, last = cx.run(migrate)
    assert (early, still, last[0]) == ("SCHEDULED", "SCHEDULED", "SYNCING")
    assert cx.clock.now_s >= 1509966000.0  # 11:00


def test_a_cutover_while_the_source_runs_is_refused_and_changes_nothing(cx, tenant):
    def ask():
        migration_id = _ready(cx, tenant)
        answer = tenant.ask("POST", f"/migrations/{migration_id}/cutover", {"powerOn": True})
        return answer.status, answer.document()["code"], tenant.look(migration_id)["state"]

    assert cx.run(ask) == (409, "SourceVmPoweredOn", "CUTOVER_READY")
    assert cx.data_plane.of_vm("uuid-deckard").finals == 0


def test_asking_twice_for_a_cutover_does_it_once(cx, tenant):
    def ask():
        migration_id = _ready(cx, tenant)
        _power_off(cx)
        path = f"/migrations/{migration_id}/cutover"
        statuses = [tenant.ask("POST", path, {"powerOn": True}).status for _ in range(2)]
        tenant.wait(migration_id, "COMPLETED")
        statuses.append(tenant.ask("POST", path, {"powerOn": True}).status)
        return statuses

    assert cx.run(ask) == [202, 202, 202]
    assert cx.data_plane.of_vm("uuid-deckard").finals == 1


def test_a_replication_in_error_becomes_a_migration_in_error_after_the_grace_time(cx, tenant):
    cx.data_plane.sync_s = 1e6

    def migrate():
        tenant.register()
        migration_id = tenant.start()
        tenant.wait(migration_id, "SYNCING")
        cx.data_plane.of_vm("uuid-deckard").error = "no connection to 203.0.113.32:44045"
        broken_s = cx.clock.now_s
        tenant.wait(migration_id, "ERROR")
        return cx.clock.now_s - broken_s, tenant.look(migration_id)

    lasted_s, shown = cx.run(migrate)
    assert cx.settings.error_grace_s <= lasted_s < cx.settings.error_grace_s + 60
    assert shown["error"]["msg"] == "no connection to 203.0.113.32:44045"
    states = [e["state"] for e in cx.hosts["chc-ccm01"].logged("replication")]
    assert states[-1] == "error"


def test_an_error_shorter_than_the_grace_time_is_forgotten(cx, tenant):
    cx.data_plane.sync_s = 600.0

    def migrate():
        tenant.register()
        migration_id = tenant.start()
        tenant.wait(migration_id, "SYNCING")
        stream = cx.data_plane.of_vm("uuid-deckard")
        for _ in range(3):
            stream.error = "no connection"
            for _ in range(8):
                tenant.look(migration_id)
                cx.clock.sleep(10.0)
            stream.error = None
            cx.clock.sleep(20.0)
            tenant.look(migration_id)
        return tenant.wait(migration_id, "CUTOVER_READY", "ERROR")[-1][0]

    assert cx.run(migrate) == "CUTOVER_READY"


def test_a_migration_is_watched_even_when_nobody_asks(cx, tenant):
    def migrate():
        tenant.register()
        tenant.start()
        cx.clock.sleep(600.0)

    cx.run(migrate)
    states = [e["state"] for e in cx.hosts["chc-vcde01"].logged("task") if e["kind"] == "migration"]
    assert states == ["CREATED", "SYNCING", "CUTOVER_READY"]


def test_starting_survives_a_short_outage_of_the_tenants_replicator(cx, tenant):
    def migrate():
        tenant.register()
        cx.wires.drop("198.51.100.10:443")
        migration_id = tenant.start()
        cx.clock.sleep(40.0)
        during = tenant.look(migration_id)["state"]
        cx.wires.faults.clear()
        return during, tenant.wait(migration_id, "SYNCING", "ERROR")[-1][0]

    assert cx.run(migrate) == ("CREATED", "SYNCING")
    assert len(cx.data_plane.streams) == 1


def test_starting_gives_up_after_its_attempts_and_leaves_nothing_behind(cx, tenant):
    def migrate():
        tenant.register()
        cx.wires.drop("198.51.100.10:443")
        migration_id = tenant.start()
        tenant.wait(migration_id, "ERROR")
        return tenant.look(migration_id)["error"]

    error = cx.run(migrate)
    assert (error["code"], error["msg"]) == (
        "ConnectionTimedOut", "Connection to https://198.51.100.10:443 timed out",
    )  # fmt: skip
    assert cx.data_plane.sinks == {}
    assert cx.manager.replications.all() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"vmId": "vm-999"}, "VmNotFound"),
        ({"replicatorId": "unknown"}, "ReplicatorNotFound"),
        ({"site": "elsewhere"}, "SiteNotFound"),
    ],
)
def test_what_does_not_exist_ends_in_error_at_once(cx, tenant, change, code):
    def migrate():
        tenant.register()
        migration_id = tenant.start(**change)
        tenant.wait(migration_id, "ERROR")
        return tenant.look(migration_id)["error"]["code"]

    assert cx.run(migrate) == code


def test_a_vcenter_that_refuses_ends_in_error_with_its_words(cx, tenant):
    def migrate():
        tenant.register()
        cx.tenant_vcenter.fault = VcenterFailure("https://vc:443/sdk refused the login of administrator")
        migration_id = tenant.start()
        tenant.wait(migration_id, "ERROR")
        return tenant.look(migration_id)["error"]

    assert cx.run(migrate)["msg"] == "https://vc:443/sdk refused the login of administrator"


def test_a_full_storage_profile_fails_the_cutover_with_vcds_words(cx, tenant):
    cx.vcd.model.orgs[0].vdcs[0].storage_profiles[0].limit_mb = 1024

    def migrate():
        migration_id = _ready(cx, tenant)
        _cut_over(cx, tenant, migration_id)
        shown = tenant.look(migration_id)
        tenant.ask("DELETE", f"/migrations/{migration_id}").expect(204)
        return shown

    shown = cx.run(migrate)
    assert (shown["state"], shown["error"]["code"]) == ("ERROR", "VcdFailure")
    assert "vCloud Director answered POST" in shown["error"]["msg"]
    assert cx.cloud_vcenter.destroyed == ["vm-100"]
    assert cx.data_plane.sinks == {}


def test_a_short_outage_of_vcd_during_the_import_is_survived(cx, tenant):
    def migrate():
        migration_id = _ready(cx, tenant)
        _power_off(cx)
        tenant.ask("POST", f"/migrations/{migration_id}/cutover", {"powerOn": True}).expect(202)
        while not cx.wires.count("importVmAsVApp"):
            cx.clock.sleep(1.0)
        cx.wires.drop("10.3.0.41:443")
        cx.clock.sleep(40.0)
        cx.wires.faults.clear()
        return tenant.wait(migration_id, "COMPLETED", "ERROR")[-1][0]

    assert cx.run(migrate) == "COMPLETED"
    assert cx.wires.count("importVmAsVApp") == 1


def test_pause_and_resume_keep_what_was_reached(cx, tenant):
    def migrate():
        tenant.register()
        migration_id = tenant.start()
        tenant.wait(migration_id, "SYNCING")
        states = []
        for action in ("pause", "resume"):
            tenant.ask("POST", f"/migrations/{migration_id}/{action}").expect(202)
            states.append(tenant.look(migration_id)["state"])
        tenant.wait(migration_id, "CUTOVER_READY")
        for action in ("pause", "resume"):
            tenant.ask("POST", f"/migrations/{migration_id}/{action}").expect(202)
            states.append(tenant.look(migration_id)["state"])
        return states

    assert cx.run(migrate) == ["PAUSED", "SYNCING", "PAUSED", "CUTOVER_READY"]


def test_what_does_not_fit_the_state_is_409_and_changes_nothing(cx, tenant):
    def migrate():
        tenant.register()
        migration_id = tenant.start()
        tenant.wait(migration_id, "SYNCING")
        answers = [
            tenant.ask("POST", f"/migrations/{migration_id}/{action}", {"powerOn": True})
            for action in ("cutover", "resume")
        ]
        return [(a.status, a.document()["code"]) for a in answers], tenant.look(migration_id)["state"]

    assert cx.run(migrate) == ([(409, "InvalidState"), (409, "InvalidState")], "SYNCING")


def test_deleting_removes_replication_and_replica(cx, tenant):
    def migrate():
        migration_id = _ready(cx, tenant)
        status = tenant.ask("DELETE", f"/migrations/{migration_id}").status
        return status, tenant.ask("GET", f"/migrations/{migration_id}").status

    assert cx.run(migrate) == (204, 404)
    assert (cx.data_plane.sinks, cx.tenant_vcenter.replicating) == ({}, {})
    assert cx.data_plane.of_vm("uuid-deckard").stopped


def test_deleting_while_the_start_is_tried_again_leaves_nothing(cx, tenant):
    def migrate():
        tenant.register()
        cx.wires.drop("198.51.100.10:443")
        migration_id = tenant.start()
        cx.clock.sleep(35.0)
        tenant.ask("DELETE", f"/migrations/{migration_id}").expect(204)
        cx.wires.faults.clear()
        cx.clock.sleep(600.0)

    cx.run(migrate)
    assert (cx.data_plane.sinks, cx.data_plane.streams) == ({}, {})


def test_another_organization_does_not_see_a_migration(cx, tenant):
    def look():
        migration_id = _ready(cx, tenant)
        cx.cloud_service.migrations.find(migration_id, "Tyrell").org = "Wallace"
        return tenant.ask("GET", f"/migrations/{migration_id}").status, tenant.ask(
            "GET", "/migrations"
        ).document()

    assert cx.run(look) == (404, {"items": []})


def test_status_is_asked_in_bulk_and_not_more_often_than_needed(cx, tenant):
    cx.data_plane.sync_s = 1e6

    def poll():
        tenant.register()
        for n in range(10):
            moref = f"vm-{500 + n}"
            cx.tenant_vcenter.shapes[moref] = dataclasses.replace(
                cx.tenant_vcenter.shapes["vm-62"], name=f"vm{n}", instance_uuid=f"uuid-{n}"
            )
            tenant.start(f"vm{n}", moref)
        cx.clock.sleep(60.0)
        cx.wires.calls.clear()
        for _ in range(10):
            tenant.ask("GET", "/migrations").expect(200)
            tenant.ask("GET", "/migrations").expect(200)
            cx.clock.sleep(30.0)
        return [call for _, call in cx.wires.calls]

    calls = cx.run(poll)
    assert sum("10.3.0.33:8044/replications" in c for c in calls) == 10
    assert sum("198.51.100.10:443/replications" in c for c in calls) == 10


def test_an_unreachable_replicator_keeps_its_last_status_and_is_left_alone_for_a_while(cx, tenant):
    cx.data_plane.sync_s = 1e6

    def poll():
        tenant.register()
        migration_id = tenant.start()
        tenant.wait(migration_id, "SYNCING")
        cx.wires.drop("198.51.100.10:443")
        cx.wires.calls.clear()
        states = set()
        for _ in range(20):
            states.add(tenant.look(migration_id)["state"])
            cx.clock.sleep(10.0)
        return states

    assert cx.run(poll) == {"SYNCING"}
    tries = cx.wires.count("198.51.100.10:443/replications")
    assert 2 <= tries <= 20 * 10 / cx.settings.offline_retry_s + 1


def test_figures_come_from_the_settings():
    settings = CxSettings(error_grace_s=30.0, export_base_s=1.0, export_bytes_per_s=0.0, monitor_s=5.0)
    cx = Cx(settings)
    tenant = Tenant(cx)

    def migrate():
        migration_id = _ready(cx, tenant)
        started_s = cx.clock.now_s
        _cut_over(cx, tenant, migration_id)
        return cx.clock.now_s - started_s

    assert cx.run(migrate) < 120.0
