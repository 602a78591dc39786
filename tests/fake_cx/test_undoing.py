"""Deleting a migration whose cutover failed leaves nothing: no vApp, no VM, no replica."""

from __future__ import annotations

import dataclasses

import pytest

from cxsim.fake_cx import errors
from cxsim.fake_cx.vcd_client import VcdSession


def failing(monkeypatch, method, after=False):
    """Let a step of the cutover at vCD fail, before it is done or (`after`) with its answer lost."""
    original = getattr(VcdSession, method)

    def broken(self, *arguments):
        if after:
            original(self, *arguments)
        raise errors.ConnectionLost("Connection to https://10.3.0.41 was reset", "https://10.3.0.41")

    monkeypatch.setattr(VcdSession, method, broken)
    return lambda: monkeypatch.setattr(VcdSession, method, original)


def cut_over(cx, tenant, vm="deckard", moref="vm-62", **changes):
    """Migrate a VM to the end of its cutover; the migration's id and how it ended."""
    if not tenant.replicator_id:
        tenant.register()
    migration_id = tenant.start(vm, moref, **changes)
    tenant.wait(migration_id, "CUTOVER_READY")
    shape = cx.tenant_vcenter.shapes[moref]
    cx.tenant_vcenter.shapes[moref] = dataclasses.replace(shape, powered_on=False)
    tenant.ask("POST", f"/migrations/{migration_id}/cutover", {"powerOn": True}).expect(202)
    return migration_id, tenant.wait(migration_id, "COMPLETED", "ERROR")[-1][0]


def delete(tenant, migration_id):
    return tenant.ask("DELETE", f"/migrations/{migration_id}")


def left(cx):
    """What is at the provider and at the tenant's vCenter."""
    vapps = [(a.name, [vm.name for vm in a.vms]) for a in cx.vcd.model.vapps]
    profile = cx.vcd.model.orgs[0].vdcs[0].storage_profiles[0]
    return vapps, list(cx.cloud_vcenter.infrastructure.vms), profile.consumed_mb, cx.data_plane.sinks


NOTHING = ([], [], 0, {})


@pytest.mark.parametrize(
    ("step", "after"),
    [
        ("import_as_vapp", False),
        ("import_as_vapp", True),
        ("_imported", False),
        ("connect", False),
        ("connect", True),
        ("power_on", False),
    ],
)
def test_a_failed_cutover_is_undone_when_it_is_deleted(cx, tenant, monkeypatch, step, after):
    mended = failing(monkeypatch, step, after)

    def migrate():
        migration_id, state = cut_over(cx, tenant)
        assert state == "ERROR"
        mended()
        delete(tenant, migration_id).expect(204)

    cx.run(migrate)
    assert left(cx) == NOTHING
    assert cx.manager.replications.all() == []


def test_an_import_that_still_runs_is_not_forgotten(cx, tenant, monkeypatch):
    mended = failing(monkeypatch, "wait")

    def migrate():
        migration_id, state = cut_over(cx, tenant)
        assert state == "ERROR"
        mended()
        early = delete(tenant, migration_id)
        assert (early.status, early.document()["code"]) == (500, "VcdFailure")
        assert "BUSY_ENTITY" in early.document()["msg"]
        assert tenant.look(migration_id)["state"] == "ERROR", "it is still known"
        cx.clock.sleep(120.0)
        delete(tenant, migration_id).expect(204)

    cx.run(migrate)
    assert left(cx) == NOTHING


def test_a_vm_that_runs_at_the_target_is_named_and_not_deleted(cx, tenant, monkeypatch):
    mended = failing(monkeypatch, "power_on", after=True)

    def migrate():
        migration_id, state = cut_over(cx, tenant)
        assert state == "ERROR"
        mended()
        refused = delete(tenant, migration_id)
        (vapp,) = cx.vcd.model.vapps
        assert (refused.status, refused.document()["msg"]) == (
            409,
            "The VM deckard of vApp deckard is POWERED_ON in vCloud Director: "
            "power it off there if the migration is to be undone.",
        )
        url = f"https://10.3.0.41/api/vApp/vm-{vapp.vms[0].id}/action/undeploy"
        body = b'<UndeployVAppParams xmlns="http://www.vmware.com/vcloud/v1.5"/>'
        login = cx.call(
            "POST",
            "https://10.3.0.41/api/sessions",
            basic=("administrator@System", "vmware"),
            headers={"Accept": "application/*+xml;version=27.0"},
        ).expect(200)
        headers = {
            "x-vcloud-authorization": login.header("x-vcloud-authorization"),
            "Accept": "application/*+xml;version=27.0",
            "Content-Type": "application/vnd.vmware.vcloud.undeployVAppParams+xml",
        }
        cx.call("POST", url, data=body, headers=headers).expect(202)
        cx.clock.sleep(120.0)
        delete(tenant, migration_id).expect(204)

    cx.run(migrate)
    assert left(cx) == NOTHING


def test_of_a_grouped_vapp_only_its_own_vm_goes(cx, tenant, monkeypatch):
    target = {"vAppName": "Replicants", "groupVApp": True}

    def migrate():
        _, state = cut_over(cx, tenant, target=target)
        assert state == "COMPLETED"
        mended = failing(monkeypatch, "connect")
        failed, state = cut_over(cx, tenant, "rachael", "vm-63", target=target)
        assert state == "ERROR"
        mended()
        delete(tenant, failed).expect(204)

    cx.run(migrate)
    assert left(cx)[0] == [("Replicants", ["deckard"])]
    assert list(cx.cloud_vcenter.infrastructure.vms) == ["vm-100"]


def test_a_completed_migration_can_be_deleted_and_its_vm_stays(cx, tenant):
    def migrate():
        migration_id, state = cut_over(cx, tenant)
        assert state == "COMPLETED"
        delete(tenant, migration_id).expect(204)

    cx.run(migrate)
    assert left(cx)[0] == [("deckard", ["deckard"])]


def test_an_export_that_was_under_way_when_its_replication_was_removed_leaves_no_vm(cx, tenant):
    def migrate():
        tenant.register()
        migration_id = tenant.start()
        tenant.wait(migration_id, "CUTOVER_READY")
        (record,) = cx.manager.replications.all()
        instance = next(iter(record.instances))
        cx.manager.replications.export(record, instance, "", "")
        cx.clock.sleep(10.0)
        delete(tenant, migration_id).expect(204)
        cx.clock.sleep(3600.0)

    cx.run(migrate)
    assert left(cx) == NOTHING


def test_a_vm_whose_registration_was_never_answered_is_found_and_deleted(cx, tenant, monkeypatch):
    original = cx.cloud_vcenter.create_vm

    def unanswered(*arguments):
        original(*arguments)
        raise errors.VcenterFailure(
            "Could not register a VM: Remote end closed connection", "https://10.3.0.31"
        )

    monkeypatch.setattr(cx.cloud_vcenter, "create_vm", unanswered)

    def migrate():
        migration_id, state = cut_over(cx, tenant)
        assert state == "ERROR"
        assert left(cx)[1] == ["vm-100"]
        delete(tenant, migration_id).expect(204)

    cx.run(migrate)
    assert left(cx) == NOTHING


def test_a_replica_stays_known_until_its_exported_vm_is_gone(cx, tenant, monkeypatch):
    mended = failing(monkeypatch, "import_as_vapp")

    def migrate():
        migration_id, state = cut_over(cx, tenant)
        assert state == "ERROR"
        mended()
        cx.cloud_vcenter.fault = errors.VcenterFailure("vCenter is away", "https://10.3.0.31")
        delete(tenant, migration_id).expect(204)
        assert left(cx)[1] == ["vm-100"]
        cx.cloud_vcenter.fault = None
        cx.clock.sleep(600.0)

    cx.run(migrate)
    assert left(cx) == NOTHING


@pytest.mark.parametrize("deleted_early", [False, True])
def test_a_replication_whose_start_was_never_answered_is_found_and_removed(
    cx, tenant, monkeypatch, deleted_early
):
    manager = cx.cloud_service.manager
    original = manager.start

    def unanswered(document):
        original(document)
        cx.clock.sleep(60.0)
        raise errors.AnswerTimedOut("https://10.3.0.33:8044 did not answer in time", "https://10.3.0.33:8044")

    monkeypatch.setattr(manager, "start", unanswered)

    def migrate():
        tenant.register()
        migration_id = tenant.start()
        if deleted_early:
            cx.clock.sleep(30.0)
        else:
            tenant.wait(migration_id, "ERROR")
        delete(tenant, migration_id).expect(204)
        cx.clock.sleep(1200.0)

    cx.run(migrate)
    assert left(cx) == NOTHING
    assert cx.manager.replications.all() == []
    assert cx.tenant_vcenter.replicating == {}
