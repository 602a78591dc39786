"""PropertyCollector: it selects what attributes say; a change is told once, to whom it matters."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim, vmodl

from cxsim.fake_vcenter import VCenter, property_collector
from cxsim.fake_vcenter.managed_object import property_names

from .conftest import StepHost, connect

query = vmodl.query.PropertyCollector
VERSION = "vim.version.v8_0_0_1"


def walk_spec(root: Any, *property_specs: Any) -> Any:
    """The traversal that clients have used since VI 3: named specs that refer to each other."""

    def named(name: str) -> Any:
        return query.SelectionSpec(name=name)

    def step(name: str, kind: Any, path: str, *then: str) -> Any:
        return query.TraversalSpec(
            name=name, type=kind, path=path, skip=False, selectSet=[named(n) for n in then]
        )

    everywhere = ("folder", "dc-vm", "dc-host", "dc-store", "dc-net", "cluster-host", "cluster-pool")
    select = [
        step("folder", vim.Folder, "childEntity", *everywhere),
        step("dc-vm", vim.Datacenter, "vmFolder", "folder"),
        step("dc-host", vim.Datacenter, "hostFolder", "folder"),
        step("dc-store", vim.Datacenter, "datastoreFolder", "folder"),
        step("dc-net", vim.Datacenter, "networkFolder", "folder"),
        step("cluster-host", vim.ComputeResource, "host"),
        step("cluster-pool", vim.ComputeResource, "resourcePool"),
    ]
    return query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=root, skip=False, selectSet=select)], propSet=list(property_specs)
    )


def wants(kind: Any, *paths: str) -> Any:
    return query.PropertySpec(type=kind, pathSet=list(paths), all=not paths)


def view_spec(si: Any, kind: Any, *paths: str) -> Any:
    content = si.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
    along = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    return query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[along])], propSet=[wants(kind, *paths)]
    )


@pytest.fixture
def collector(si: Any) -> Any:
    return si.content.propertyCollector


def test_all_properties_of_all_objects_equal_what_their_attributes_say(
    si: Any, collector: Any, vcenter: VCenter
) -> None:
    found = collector.RetrieveContents([walk_spec(si.content.rootFolder, wants(vim.ManagedEntity))])
    assert {type(o.obj).__name__ for o in found} == {
        f"vim.{name}"
        for name in (
            "Folder",
            "Datacenter",
            "ClusterComputeResource",
            "HostSystem",
            "ResourcePool",
            "Datastore",
            "Network",
            "VirtualMachine",
        )
    }
    assert len(found) == 1 + 1 + 4 + 1 + 2 + 1 + 1 + 2 + 3
    for content in found:
        known = {p.name: p.val for p in content.propSet}
        for name in property_names(type(content.obj), VERSION):
            direct = getattr(content.obj, name)
            assert text(known.get(name)) == text(direct), (content.obj, name)


def text(value: Any) -> str:
    if value is None or (isinstance(value, list) and not value):
        return ""
    return str(value)


def test_a_recursive_traversal_meets_every_object_once(si: Any, collector: Any) -> None:
    spec = walk_spec(si.content.rootFolder, wants(vim.ManagedEntity, "name"))
    morefs = [o.obj._moId for o in collector.RetrieveContents([spec])]
    assert len(morefs) == len(set(morefs))


def test_nested_paths_lead_into_properties(collector: Any, deckard: Any) -> None:
    paths = [
        "name",
        "config.hardware.numCPU",
        "runtime.powerState",
        "summary.config.instanceUuid",
        "config.hardware.device[2000].capacityInBytes",
        "config.hardware.device[2000].backing.fileName",
        "config.hardware.device[9999].key",
        "guest.net",
        "snapshot.currentSnapshot",
    ]
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=deckard)], propSet=[wants(vim.VirtualMachine, *paths)]
    )
    values = {p.name: p.val for p in collector.RetrieveContents([spec])[0].propSet}
    assert values["config.hardware.numCPU"] == 2
    assert values["runtime.powerState"] == "poweredOn"
    assert values["summary.config.instanceUuid"] == deckard.config.instanceUuid
    assert values["config.hardware.device[2000].capacityInBytes"] == 40 * 2**30
    assert values["config.hardware.device[2000].backing.fileName"] == "[tyrell-ds01] deckard/deckard.vmdk"
    assert [nic.macAddress for nic in values["guest.net"]] == [deckard.guest.net[0].macAddress]
    assert set(paths) - set(values) == {"config.hardware.device[9999].key", "snapshot.currentSnapshot"}


@pytest.mark.parametrize(
    "path",
    ["colour", "config.colour", "name.first", "config.hardware.device.key", "config[1]", "", ".", "config."],
)
def test_a_path_that_leads_nowhere_is_an_invalid_property(collector: Any, deckard: Any, path: str) -> None:
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=deckard)], propSet=[wants(vim.VirtualMachine, path)]
    )
    with pytest.raises(vmodl.query.InvalidProperty) as raised:
        collector.RetrieveContents([spec])
    assert raised.value.name == path


def test_paths_of_a_base_type_and_of_the_type_itself_add_up(collector: Any, deckard: Any) -> None:
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=deckard)],
        propSet=[
            wants(vim.ManagedEntity, "name"),
            wants(vim.VirtualMachine, "runtime.powerState"),
            wants(vim.HostSystem, "hardware"),
        ],
    )
    values = {p.name: p.val for p in collector.RetrieveContents([spec])[0].propSet}
    assert values == {"name": "deckard", "runtime.powerState": "poweredOn"}


def test_pages_come_one_after_the_other_and_a_token_is_good_for_one(si: Any, collector: Any) -> None:
    spec = view_spec(si, vim.VirtualMachine, "name")
    first = collector.RetrievePropertiesEx([spec], query.RetrieveOptions(maxObjects=2))
    assert [o.propSet[0].val for o in first.objects] == ["deckard", "rachael"]
    second = collector.ContinueRetrievePropertiesEx(first.token)
    assert [o.propSet[0].val for o in second.objects] == ["roy"]
    assert second.token is None
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.ContinueRetrievePropertiesEx(first.token)
    again = collector.RetrievePropertiesEx([spec], query.RetrieveOptions(maxObjects=1))
    collector.CancelRetrievePropertiesEx(again.token)
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.ContinueRetrievePropertiesEx(again.token)


def test_nothing_selected_is_an_empty_answer(si: Any, collector: Any) -> None:
    spec = walk_spec(si.content.rootFolder, wants(vim.VirtualApp, "name"))
    assert collector.RetrieveContents([spec]) == []
    assert collector.RetrievePropertiesEx([spec], query.RetrieveOptions()) is None


def test_an_unknown_selection_name_is_refused(si: Any, collector: Any) -> None:
    spec = query.FilterSpec(
        objectSet=[
            query.ObjectSpec(obj=si.content.rootFolder, selectSet=[query.SelectionSpec(name="nowhere")])
        ],
        propSet=[wants(vim.Folder, "name")],
    )
    with pytest.raises(vmodl.fault.InvalidArgument, match="nowhere"):
        collector.RetrieveContents([spec])


def test_a_client_hears_of_enter_modify_and_leave(si: Any, collector: Any, deckard: Any, roy: Any) -> None:
    made = collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name", "runtime.powerState"), False)
    first = collector.WaitForUpdatesEx("", query.WaitOptions(maxWaitSeconds=0))
    assert [(u.kind, u.obj._moId) for u in first.filterSet[0].objectSet] == [
        ("enter", moref) for moref in ("vm-14", "vm-15", "vm-16")
    ]
    assert first.filterSet[0].filter == made
    assert collector.WaitForUpdatesEx(first.version, query.WaitOptions(maxWaitSeconds=0)) is None
    deckard.PowerOffVM_Task()
    deckard.Rename_Task("nexus-6")
    second = collector.CheckForUpdates(first.version)
    (update,) = second.filterSet[0].objectSet
    assert (update.kind, update.obj) == ("modify", deckard)
    assert {c.name: c.val for c in update.changeSet} == {
        "name": "nexus-6",
        "runtime.powerState": "poweredOff",
    }
    roy.Destroy_Task()
    third = collector.CheckForUpdates(second.version)
    (gone,) = third.filterSet[0].objectSet
    assert (gone.kind, gone.obj._moId, gone.changeSet) == ("leave", roy._moId, [])
    assert collector.CheckForUpdates(third.version) is None


def test_a_value_that_becomes_unset_is_told(si: Any, collector: Any, deckard: Any) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "guest.ipAddress"), False)
    first = collector.CheckForUpdates("")
    deckard.PowerOffVM_Task()
    (update,) = collector.CheckForUpdates(first.version).filterSet[0].objectSet
    assert [(c.name, c.op, c.val) for c in update.changeSet] == [("guest.ipAddress", "indirectRemove", None)]


def test_waiting_ends_with_the_first_news(
    si: Any, collector: Any, deckard: Any, vcenter: VCenter, host: StepHost
) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "runtime.powerState"), False)
    version = collector.CheckForUpdates("").version
    host.on_sleep.extend([lambda: None] * 9 + [lambda: vcenter.model.objects[deckard._moId].set_power("off")])  # type: ignore[attr-defined]
    began_s = host.now()
    news = collector.WaitForUpdatesEx(version, query.WaitOptions(maxWaitSeconds=60))
    assert news.filterSet[0].objectSet[0].changeSet[0].val == "poweredOff"
    assert 0 < host.now() - began_s < 10


def test_waiting_ends_at_its_own_limit_with_nothing(si: Any, collector: Any, host: StepHost) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    version = collector.CheckForUpdates("").version
    began_s = host.now()
    assert collector.WaitForUpdatesEx(version, query.WaitOptions(maxWaitSeconds=30)) is None
    assert host.now() - began_s == 30.0


def test_a_wait_without_limit_is_cancelled_in_the_end(
    si: Any, collector: Any, host: StepHost, vcenter: VCenter
) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    version = collector.CheckForUpdates("").version
    began_s = host.now()
    with pytest.raises(vmodl.fault.RequestCanceled):
        collector.WaitForUpdates(version)
    assert host.now() - began_s == vcenter.config.long_poll_limit_s


def test_waiting_ends_when_it_is_cancelled_or_its_session_ends(
    si: Any, collector: Any, host: StepHost, vcenter: VCenter
) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    version = collector.CheckForUpdates("").version
    host.on_sleep.append(collector.CancelWaitForUpdates)
    with pytest.raises(vmodl.fault.RequestCanceled):
        collector.WaitForUpdatesEx(version, query.WaitOptions())
    host.on_sleep.append(lambda: vcenter.sessions.end(next(iter(vcenter.sessions))))
    with pytest.raises(vmodl.fault.RequestCanceled):
        collector.WaitForUpdatesEx(version, query.WaitOptions())


def test_updates_beyond_the_limit_come_with_the_next_call(si: Any, collector: Any) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    first = collector.WaitForUpdatesEx("", query.WaitOptions(maxObjectUpdates=2))
    assert len(first.filterSet[0].objectSet) == 2
    assert first.truncated
    second = collector.WaitForUpdatesEx(first.version, query.WaitOptions(maxObjectUpdates=2))
    assert [u.changeSet[0].val for u in second.filterSet[0].objectSet] == ["roy"]
    assert not second.truncated


def test_an_unknown_version_is_refused_and_an_empty_one_begins_again(si: Any, collector: Any) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    version = collector.CheckForUpdates("").version
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        collector.CheckForUpdates("77")
    assert collector.CheckForUpdates(version) is None
    assert len(collector.CheckForUpdates("").filterSet[0].objectSet) == 3


def test_a_destroyed_filter_says_nothing_more(si: Any, collector: Any, deckard: Any) -> None:
    made = collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    assert collector.filter == [made]
    made.DestroyPropertyFilter()
    assert collector.filter == []
    assert collector.CheckForUpdates("") is None
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        made.DestroyPropertyFilter()


def test_sessions_do_not_hear_each_others_filters(si: Any, collector: Any, vcenter: VCenter) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    other = connect(vcenter).content.propertyCollector
    assert other.filter == []
    assert other.CheckForUpdates("") is None


def test_a_collector_of_ones_own_has_its_own_filters(si: Any, collector: Any) -> None:
    mine = collector.CreatePropertyCollector()
    mine.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    assert collector.filter == []
    assert len(mine.CheckForUpdates("").filterSet) == 1
    mine.DestroyPropertyCollector()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        mine.CheckForUpdates("")
    with pytest.raises(vmodl.fault.NotSupported):
        collector.DestroyPropertyCollector()


def test_a_waiting_client_looks_ever_less_often(si: Any, collector: Any, host: StepHost) -> None:
    collector.CreateFilter(view_spec(si, vim.VirtualMachine, "name"), False)
    version = collector.CheckForUpdates("").version
    looks = 0

    def count() -> None:
        nonlocal looks
        looks += 1
        host.on_sleep.append(count)

    host.on_sleep.append(count)
    collector.WaitForUpdatesEx(version, query.WaitOptions(maxWaitSeconds=600))
    assert 600 / property_collector.LONGEST_LOOK_S <= looks < 620
