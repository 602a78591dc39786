"""Every property of every object can be read, in every API version, and the cache never lies."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim, vmodl

from cxsim.fake_vcenter import VCenter
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.managed_object import property_names
from cxsim.fake_vcenter.versions import PRODUCTS, api_versions

from .conftest import StepHost, connect, tyrell


@pytest.mark.parametrize("version", [api_versions("8.0")[0], "vim.version.version11", "vim.version.version5"])
def test_every_property_of_every_object_is_read_without_a_fault(version: str, host: StepHost) -> None:
    vcenter = VCenter(tyrell(), host)
    si = connect(vcenter, version=version)
    collector = si.content.propertyCollector
    content = si.content
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    collector.CreateFilter(_spec(view, vim.view.ContainerView, ["view"]), False)
    vcenter.power(vcenter.vms()[2].moref, "on")
    read = 0
    for managed in list(vcenter.model.objects.values()):
        stub = managed.vim_type(managed.moid, si._stub)
        for name in property_names(managed.vim_type, version):
            getattr(stub, name)
            read += 1
    assert read > 200
    assert host.named("trouble") == []
    assert host.named("gap") == []


def test_enumerations_are_never_empty(deckard: Any) -> None:
    assert deckard.runtime.faultToleranceState == "notConfigured"
    assert deckard.summary.runtime.powerState == "poweredOn"
    assert deckard.guest.toolsStatus == "toolsOk"


def test_a_vm_shows_what_it_was_configured_with(deckard: Any) -> None:
    assert deckard.name == "deckard"
    assert deckard.config.hardware.numCPU == 2
    disks = [d for d in deckard.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)]
    assert [(d.key, d.capacityInBytes, d.controllerKey, d.unitNumber) for d in disks] == [
        (2000, 40 * 2**30, 1000, 0)
    ]
    assert disks[0].backing.fileName == "[tyrell-ds01] deckard/deckard.vmdk"
    assert deckard.summary.storage.committed == 16 * 2**30
    assert [n.name for n in deckard.network] == ["Tyrell Servers"]
    assert deckard.guest.ipAddress == "192.168.0.100"
    assert deckard.guest.net[0].ipAddress == ["192.168.0.100"]
    assert deckard.parent.parent.name == "Tyrell"
    assert deckard.runtime.host.name == "tyrell-esx01"
    assert deckard.resourcePool.owner.name == "Tyrell Cluster"


def test_a_vm_that_is_off_reports_nothing_from_its_guest(roy: Any) -> None:
    assert roy.guest.ipAddress is None
    assert (roy.guest.guestState, roy.guest.toolsStatus) == ("notRunning", "toolsNotRunning")
    assert roy.runtime.bootTime is None


def test_surroundings_know_their_vms(si: Any, deckard: Any) -> None:
    host = deckard.runtime.host
    assert deckard in host.vm
    assert deckard in deckard.datastore[0].vm
    assert deckard in deckard.network[0].vm
    assert deckard in deckard.parent.childEntity
    store = deckard.datastore[0]
    assert store.summary.freeSpace == store.summary.capacity - (16 + 24 + 30) * 2**30
    assert host.config.network.vnic[0].spec.ip.ipAddress == "192.168.0.21"


def test_an_older_client_is_spared_what_it_does_not_know(host: StepHost) -> None:
    si = connect(VCenter(tyrell(), host), version="vim.version.version5")  # 4.0, before repConfig
    vm = si.content.searchIndex.FindByInventoryPath("Tyrell/vm/deckard")
    raw = vm._stub  # the widened types parse, and nothing newer is in them
    assert raw.version == "vim.version.version5"
    assert vm.config.name == "deckard"
    assert vm.config.repConfig is None


def test_a_property_that_the_type_lacks_is_an_invalid_property(si: Any, vcenter: VCenter) -> None:
    managed = vcenter.model.objects["ServiceInstance"]
    call = Call(api_versions("8.0")[0], None, "", "")
    with pytest.raises(vmodl.query.InvalidProperty) as raised:
        managed.rendered("colour", call)
    assert raised.value.name == "colour"


def test_cached_xml_is_what_would_be_rendered_now(vcenter: VCenter, si: Any, roy: Any, deckard: Any) -> None:
    """After each of many changes every kept fragment equals a fresh one: nothing forgets to `touch`."""
    content = si.content
    fields = content.customFieldsManager
    changes = [
        lambda: roy.PowerOnVM_Task(),
        lambda: roy.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="note")),
        lambda: deckard.PowerOffVM_Task(),
        lambda: deckard.Rename_Task("deckard-migrated"),
        lambda: deckard.parent.Rename_Task("machines"),
        lambda: fields.SetField(roy, fields.AddCustomFieldDef("cx", vim.VirtualMachine).key, "x"),
        lambda: vcenter.connect_network(roy._moId, 0, "Tyrell DMZ"),
        lambda: vcenter.set_used_bytes(roy._moId, 2000, 31 * 2**30),
        lambda: vcenter.clone(deckard._moId, "copy"),
        lambda: deckard.Destroy_Task(),
        lambda: roy.datastore[0].Rename_Task("renamed-ds"),
    ]
    version = api_versions("8.0")[0]
    session = next(iter(vcenter.sessions))
    call = Call(version, session, "", "")
    for change in changes:
        change()
        for managed in list(vcenter.model.objects.values()):
            names = property_names(managed.vim_type, version)
            kept = {name: managed.rendered(name, call) for name in names}
            managed._kept.clear()
            assert kept == {name: managed.rendered(name, call) for name in names}, managed


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_release_names_its_own_version(product: str, host: StepHost) -> None:
    vcenter = VCenter(tyrell(version=product), host)
    about = connect(vcenter, version="vim.version.version10").RetrieveContent().about
    assert (about.version, about.build) == (PRODUCTS[product].version, PRODUCTS[product].build)
    assert about.apiType == "VirtualCenter"


def _spec(obj: Any, kind: Any, paths: list[str]) -> Any:
    query = vmodl.query.PropertyCollector
    return query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=obj)], propSet=[query.PropertySpec(type=kind, pathSet=paths)]
    )
