"""Search, views, custom fields, events, roles, counters."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim, vmodl

from cxsim.fake_vcenter import VCenter

from .conftest import StepHost, connect


@pytest.fixture
def content(si: Any) -> Any:
    return si.RetrieveContent()


@pytest.fixture
def datacenter(content: Any) -> Any:
    return content.rootFolder.childEntity[0]


def test_vms_and_hosts_are_found_by_uuid(content: Any, deckard: Any, datacenter: Any) -> None:
    find = content.searchIndex
    assert find.FindByUuid(None, deckard.config.instanceUuid.upper(), True, True) == deckard
    assert find.FindByUuid(datacenter, deckard.config.uuid, True, False) == deckard
    assert find.FindByUuid(None, deckard.config.uuid, True, True) is None
    esxi = deckard.runtime.host
    assert find.FindByUuid(None, esxi.hardware.systemInfo.uuid, False) == esxi
    assert find.FindAllByUuid(None, deckard.config.instanceUuid, True, True) == [deckard]


def test_vms_and_hosts_are_found_by_what_they_are_called_and_where_they_are(
    content: Any, deckard: Any, roy: Any, datacenter: Any
) -> None:
    find = content.searchIndex
    assert find.FindByIp(None, "192.168.0.100", True) == deckard
    assert find.FindByIp(None, "192.168.0.102", True) is None, "roy is off and reports no address"
    assert find.FindByIp(None, "192.168.0.21", False).name == "tyrell-esx01"
    assert find.FindByDnsName(None, "Deckard", True) == deckard
    assert find.FindAllByDnsName(datacenter, "tyrell-esx02", False)[0].name == "tyrell-esx02"
    assert find.FindByDatastorePath(datacenter, "[tyrell-ds01] roy/roy.vmx") == roy
    assert find.FindChild(datacenter.vmFolder, "roy") == roy
    assert find.FindChild(datacenter.vmFolder, "nobody") is None


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("/Tyrell/vm/deckard", vim.VirtualMachine, "deckard"),
        ("Datacenters/Tyrell/vm/deckard", vim.VirtualMachine, "deckard"),
        ("Tyrell", vim.Datacenter, "Tyrell"),
        ("Tyrell/host/Tyrell Cluster/tyrell-esx01", vim.HostSystem, "tyrell-esx01"),
        ("Tyrell/host/Tyrell Cluster/Resources", vim.ResourcePool, "Resources"),
        ("Tyrell/datastore/tyrell-ds01", vim.Datastore, "tyrell-ds01"),
        ("Tyrell/network/Tyrell DMZ", vim.Network, "Tyrell DMZ"),
        ("", vim.Folder, "Datacenters"),
    ],
)
def test_inventory_paths_lead_to_entities(content: Any, path: str, kind: Any, name: str) -> None:
    found = content.searchIndex.FindByInventoryPath(path)
    assert isinstance(found, kind)
    assert found.name == name


def test_a_name_with_a_slash_is_escaped_in_a_path(content: Any, roy: Any) -> None:
    roy.Rename_Task("roy/batty")
    assert content.searchIndex.FindByInventoryPath("Tyrell/vm/roy%2fbatty") == roy
    assert content.searchIndex.FindByInventoryPath("Tyrell/vm/nobody") is None


def test_a_container_view_follows_the_inventory(content: Any, deckard: Any, roy: Any) -> None:
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    assert [vm.name for vm in view.view] == ["deckard", "rachael", "roy"]
    roy.Destroy_Task()
    assert [vm.name for vm in view.view] == ["deckard", "rachael"]
    assert content.viewManager.viewList == [view]
    view.DestroyView()
    assert content.viewManager.viewList == []
    flat = content.viewManager.CreateContainerView(content.rootFolder, [], False)
    assert [entity.name for entity in flat.view] == ["Tyrell"]
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        assert view.view


def test_a_list_view_holds_what_it_was_given(content: Any, deckard: Any, roy: Any) -> None:
    view = content.viewManager.CreateListView([deckard])
    assert view.ModifyListView([roy, vim.VirtualMachine("vm-999", deckard._stub)], [deckard]) == [
        vim.VirtualMachine("vm-999", None)
    ]
    assert view.view == [roy]


def test_custom_fields_are_defined_set_and_removed(content: Any, deckard: Any, datacenter: Any) -> None:
    fields = content.customFieldsManager
    state = fields.AddCustomFieldDef("Migration", vim.VirtualMachine)
    owner = fields.AddCustomFieldDef("Owner")
    with pytest.raises(vim.fault.DuplicateName):
        fields.AddCustomFieldDef("Owner")
    fields.SetField(deckard, state.key, "migrated")
    deckard.setCustomValue("Owner", "Tyrell")
    assert {v.key: v.value for v in deckard.customValue} == {state.key: "migrated", owner.key: "Tyrell"}
    assert {v.value for v in deckard.summary.customValue} == {"migrated", "Tyrell"}
    assert [f.name for f in deckard.availableField] == ["Migration", "Owner"]
    assert [f.name for f in datacenter.availableField] == ["Owner"]
    with pytest.raises(vmodl.fault.InvalidArgument):
        fields.SetField(datacenter, state.key, "x")
    with pytest.raises(vmodl.fault.InvalidArgument):
        fields.SetField(deckard, 999, "x")
    fields.RenameCustomFieldDef(state.key, "CX")
    assert [f.name for f in fields.field] == ["CX", "Owner"]
    fields.RemoveCustomFieldDef(state.key)
    assert [v.value for v in deckard.customValue] == ["Tyrell"]
    deckard.setCustomValue("Owner", "")
    assert deckard.customValue == []


def test_events_tell_what_was_done_and_by_whom(content: Any, deckard: Any, roy: Any) -> None:
    deckard.PowerOffVM_Task()
    roy.Rename_Task("batty")
    roy.Destroy_Task()
    events = content.eventManager.QueryEvents(vim.event.EventFilterSpec())
    assert [type(e).__name__.rpartition(".")[2] for e in events] == [
        "UserLoginSessionEvent",
        "VmPoweredOffEvent",
        "VmRenamedEvent",
        "VmRemovedEvent",
    ]
    off = events[1]
    assert (off.vm.name, off.vm.vm, off.host.name) == ("deckard", deckard, "tyrell-esx01")
    assert (off.userName, off.datacenter.name) == ("VSPHERE.LOCAL\\Administrator", "Tyrell")
    assert off.fullFormattedMessage == "deckard is powered off"
    assert content.eventManager.latestEvent.key == events[-1].key


def test_events_are_filtered_by_type_entity_time_and_user(
    content: Any, deckard: Any, roy: Any, host: StepHost, si: Any
) -> None:
    deckard.PowerOffVM_Task()
    host.sleep(100.0)
    between = si.CurrentTime()
    roy.PowerOnVM_Task()
    spec = vim.event.EventFilterSpec

    def names(**wanted: Any) -> list[str]:
        found = content.eventManager.QueryEvents(spec(**wanted))
        return [e.vm.name for e in found if e.vm is not None]

    assert names(type=[vim.event.VmPoweredOffEvent]) == ["deckard"]
    assert names(type=[vim.event.VmEvent]) == ["deckard", "roy"]
    assert names(time=spec.ByTime(beginTime=between)) == ["roy"]
    assert names(time=spec.ByTime(endTime=between)) == ["deckard"]
    assert names(entity=spec.ByEntity(entity=roy, recursion="self")) == ["roy"]
    home = content.rootFolder.childEntity[0]
    assert names(entity=spec.ByEntity(entity=home, recursion="all")) == ["deckard", "roy"]
    assert names(entity=spec.ByEntity(entity=home, recursion="self")) == []
    assert names(userName=spec.ByUsername(systemUser=False, userList=["nobody"])) == []
    assert names(maxCount=1) == ["roy"]


def test_replication_events_have_the_ids_and_arguments_that_reports_read(
    content: Any, deckard: Any, vcenter: VCenter
) -> None:
    vcenter.post_replication_event(deckard._moId, "hbr.primary.DeltaCompletedEvent", 4096)
    (event,) = content.eventManager.QueryEvents(
        vim.event.EventFilterSpec(eventTypeId=["hbr.primary.DeltaCompletedEvent"])
    )
    assert event.eventTypeId == "hbr.primary.DeltaCompletedEvent"
    assert [(a.key, a.value) for a in event.arguments] == [("bytes", 4096)]
    assert event.vm.vm == deckard


def test_a_user_can_log_an_event(content: Any, deckard: Any) -> None:
    content.eventManager.LogUserEvent(deckard, "cut over by hand")
    assert content.eventManager.latestEvent.fullFormattedMessage == "cut over by hand"


def test_a_refused_login_is_an_event(vcenter: VCenter, content: Any) -> None:
    with pytest.raises(vim.fault.InvalidLogin):
        connect(vcenter, "mallory", "guess")
    latest = content.eventManager.latestEvent
    assert isinstance(latest, vim.event.BadUsernameSessionEvent)
    assert latest.userName == "mallory"


def test_roles_and_privileges(content: Any, vcenter: VCenter, deckard: Any) -> None:
    roles = {role.roleId: role.name for role in content.authorizationManager.roleList}
    assert roles == {-1: "Admin", -2: "ReadOnly"}
    session = content.sessionManager.currentSession.key
    ask = content.authorizationManager.HasPrivilegeOnEntity
    assert ask(deckard, session, ["System.Read", "VirtualMachine.Interact.PowerOff"]) == [True, True]
    auditor = connect(vcenter, "auditor", "look").content
    key = auditor.sessionManager.currentSession.key
    asked = auditor.authorizationManager.HasPrivilegeOnEntity(
        deckard, key, ["System.Read", "VirtualMachine.Interact.PowerOff"]
    )
    assert asked == [True, False]


def test_counters_are_listed_and_nothing_is_measured(content: Any, deckard: Any) -> None:
    manager = content.perfManager
    assert {c.groupInfo.key for c in manager.perfCounter} == {"cpu", "mem", "disk", "net"}
    assert manager.QueryPerfCounter([2])[0].nameInfo.key == "usage"
    assert manager.QueryPerfProviderSummary(deckard).summarySupported
    assert manager.QueryAvailablePerfMetric(deckard) == []
    assert manager.QueryPerf([vim.PerformanceManager.QuerySpec(entity=deckard)]) == []


def test_the_clock_is_the_hosts(si: Any, host: StepHost) -> None:
    assert si.CurrentTime().timestamp() == host.now()
    assert si.serverClock.timestamp() == host.now()
