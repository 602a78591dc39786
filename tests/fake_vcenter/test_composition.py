"""The vCenter as code beside it uses it: direct calls, reset, saving and loading, configuration mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyVmomi import vim

from cxsim.emulator.admin import Instrumented
from cxsim.emulator.fault_rules import FaultRule, SoapFault
from cxsim.emulator.state import read_state, write_state
from cxsim.fake_vcenter import VCenter, VCenterRefused, inventory

from .conftest import StepHost, connect, tyrell

GIB = 2**30


def test_a_vm_is_found_by_moref_uuid_and_name(vcenter: VCenter) -> None:
    record = vcenter.find_vm(name="rachael")
    assert record is not None
    assert vcenter.find_vm(moref=record.moref) is record
    assert vcenter.find_vm(uuid=record.instance_uuid.upper()) is record
    assert vcenter.find_vm(uuid=record.bios_uuid) is record
    assert vcenter.find_vm(name="nobody") is None
    assert vcenter.esxi_address(record) == "192.168.0.21"


def test_power_returns_when_it_is_done_and_says_why_not(vcenter: VCenter, host: StepHost) -> None:
    record = vcenter.find_vm(name="deckard")
    before_s = host.now()
    vcenter.power(record.moref, "off", user="com.vmware.vcloud")
    assert (record.power, host.now() - before_s) == ("off", 2.0)
    vcenter.power(record.moref, "off")
    with pytest.raises(VCenterRefused, match=r"^InvalidPowerState: .*\(Powered off\)\.$"):
        vcenter.power(record.moref, "suspended")
    with pytest.raises(VCenterRefused, match="ManagedObjectNotFound"):
        vcenter.power("vm-999", "on")


def test_a_replica_is_registered_off_with_its_disks(vcenter: VCenter, host: StepHost) -> None:
    replica = inventory.VirtualMachine(
        "deckard-replica", cpus=2, disks=(inventory.Disk(40 * GIB, 16 * GIB),), power="on", network=None
    )
    record = vcenter.find_vm(moref=vcenter.register_replica(replica, "Tyrell"))
    assert record is not None
    assert (record.power, record.disks[0].used_bytes, record.nics) == ("off", 16 * GIB, [])
    assert host.named("vcenter.vm")[-1]["change"] == "registered"
    vcenter.power(record.moref, "on")
    assert record.power == "on"
    with pytest.raises(ValueError, match="unknown datastore 'nowhere'; known: tyrell-ds01"):
        vcenter.register_replica(inventory.VirtualMachine("x", datastore="nowhere"))
    with pytest.raises(VCenterRefused, match="datacenter Atlantis"):
        vcenter.register_replica(replica, "Atlantis")


def test_rename_network_disk_and_end(vcenter: VCenter) -> None:
    record = vcenter.find_vm(name="roy")
    vcenter.rename(record.moref, "batty")
    assert record.name == "batty"
    with pytest.raises(VCenterRefused, match="DuplicateName"):
        vcenter.rename(record.moref, "deckard")
    vcenter.connect_network(record.moref, 0, "Tyrell DMZ")
    assert record.nics[0].network == "Tyrell DMZ"
    vcenter.connect_network(record.moref, 0, None, connected=False)
    assert (record.nics[0].network, record.nics[0].connected) == ("", False)
    with pytest.raises(VCenterRefused, match="network Nowhere"):
        vcenter.connect_network(record.moref, 0, "Nowhere")
    with pytest.raises(VCenterRefused, match="network adapter 2"):
        vcenter.connect_network(record.moref, 1, "Tyrell DMZ")
    vcenter.set_used_bytes(record.moref, 2000, 10**15)
    assert record.disks[0].used_bytes == record.disks[0].capacity_bytes
    vcenter.unregister(record.moref)
    assert vcenter.find_vm(name="batty") is None
    with pytest.raises(VCenterRefused):
        vcenter.destroy(record.moref)


def test_a_copy_is_another_vm(vcenter: VCenter) -> None:
    original = vcenter.find_vm(name="deckard")
    copy = vcenter.find_vm(moref=vcenter.clone(original.moref, "copy"))
    assert copy.power == "off"
    assert copy.instance_uuid != original.instance_uuid
    assert copy.nics[0].mac_address != original.nics[0].mac_address
    assert copy.disks[0].file_name != original.disks[0].file_name
    vcenter.destroy(copy.moref)
    with pytest.raises(VCenterRefused, match="DuplicateName"):
        vcenter.clone(original.moref, "deckard")


def test_a_spec_can_be_applied_directly(vcenter: VCenter) -> None:
    record = vcenter.find_vm(name="roy")
    vcenter.reconfigure(record.moref, vim.vm.ConfigSpec(numCPUs=4))
    assert record.cpus == 4
    with pytest.raises(VCenterRefused, match="InvalidArgument"):
        vcenter.reconfigure(record.moref, vim.vm.ConfigSpec(numCPUs=0))


def test_reset_brings_everything_back_with_the_same_identifiers(vcenter: VCenter) -> None:
    before = [record.to_dict() for record in vcenter.vms()]
    identity = vcenter.instance_uuid
    si = connect(vcenter)
    vcenter.power(before[0]["moref"], "off")
    vcenter.destroy(before[2]["moref"])
    vcenter.clone(before[0]["moref"], "copy")
    heard: list[str] = []
    vcenter.observers.append(lambda change, record: heard.append(change))
    vcenter.reset()
    after = [record.to_dict() for record in vcenter.vms()]
    clocks = ("created_s", "changed_s", "booted_s")
    for old, new in zip(before, after, strict=True):
        assert {k: v for k, v in old.items() if k not in clocks} == {
            k: v for k, v in new.items() if k not in clocks
        }
    assert vcenter.instance_uuid == identity
    with pytest.raises(vim.fault.NotAuthenticated):
        si.CurrentTime()
    assert connect(vcenter).content.rootFolder.name == "Datacenters"
    vcenter.power(before[0]["moref"], "off")
    assert heard == ["power"], "observers stay"


def test_a_saved_vcenter_is_the_same_after_loading(vcenter: VCenter, tmp_path: Any) -> None:
    si = connect(vcenter)
    roy, deckard = vcenter.find_vm(name="roy"), vcenter.find_vm(name="deckard")
    fields = si.content.customFieldsManager
    key = fields.AddCustomFieldDef("Migration", vim.VirtualMachine).key
    fields.SetField(vim.VirtualMachine(deckard.moref, si._stub), key, "wave-1")
    spec = vim.vm.ReplicationConfigSpec(
        generation=1,
        vmReplicationId="GID-1",
        destination="203.0.113.32",
        port=44045,
        rpo=15,
        disk=[vim.vm.ReplicationConfigSpec.DiskSettings(key=2000, diskReplicationId="RDID-1")],
    )
    vcenter.reconfigure(deckard.moref, vim.vm.ConfigSpec(repConfig=spec))
    vcenter.unregister(roy.moref)
    saved = [record.to_dict() for record in vcenter.vms()]
    write_state(vcenter, tmp_path / "vc.json")
    vcenter.reset()
    read_state(vcenter, tmp_path / "vc.json")
    assert [record.to_dict() for record in vcenter.vms()] == saved
    again = connect(vcenter).content
    vm = again.searchIndex.FindByInventoryPath("Tyrell/vm/deckard")
    assert vm.config.repConfig.vmReplicationId == "GID-1"
    assert [v.value for v in vm.customValue] == ["wave-1"]
    home = again.rootFolder.childEntity[0]
    pool = home.hostFolder.childEntity[0].resourcePool
    task = home.vmFolder.RegisterVM_Task("[tyrell-ds01] roy/roy.vmx", "roy", False, pool)
    assert task.info.state == "success"
    morefs = [record.moref for record in vcenter.vms()]
    assert len(set(morefs)) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda s: s.update(name="other"),
        lambda s: s.pop("vms"),
        lambda s: s["vms"][0].pop("disks"),
        lambda s: s["vms"][0].update(colour="red"),
        lambda s: s["vms"][0].update(host="nowhere"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(vcenter: VCenter, damage: Any) -> None:
    state = json.loads(json.dumps(vcenter.save()))
    damage(state)
    vcenter.rename(vcenter.find_vm(name="roy").moref, "batty")
    with pytest.raises((ValueError, KeyError, TypeError)):
        vcenter.load(state)
    assert vcenter.find_vm(name="batty") is not None


@pytest.mark.parametrize(
    ("vm", "says"),
    [
        (inventory.VirtualMachine("x", host="esx9"), "unknown host 'esx9'; known: tyrell-esx01"),
        (inventory.VirtualMachine("x", network="DMZ"), "unknown network 'DMZ'; known: Tyrell Servers"),
        (inventory.VirtualMachine("x", power="warm"), "power must be one of on, off, suspended"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(host: StepHost, vm: Any, says: str) -> None:
    config = tyrell()
    datacenter = config.datacenters[0]
    broken = inventory.Datacenter(
        datacenter.name, datacenter.clusters, datacenter.datastores, datacenter.networks, (vm,)
    )
    with pytest.raises(ValueError, match=says):
        VCenter(tyrell(datacenters=(broken,)), host)


def test_an_instrumented_vcenter_answers_an_injected_fault_in_its_own_form(
    vcenter: VCenter, host: StepHost
) -> None:
    app = Instrumented(vcenter.wsgi_app, host, vcenter)
    app.fault_rules.add(
        FaultRule(
            "session lost",
            soap_method="Fetch",
            nth=2,
            soap_fault=SoapFault("NotAuthenticated", "The session is not authenticated."),
        )
    )
    plain, vcenter.wsgi_app = vcenter.wsgi_app, app
    si = connect(vcenter)
    vcenter.wsgi_app = plain
    root = si.RetrieveContent().rootFolder
    assert root.name == "Datacenters"
    with pytest.raises(vim.fault.NotAuthenticated):
        assert root.name
    assert root.name == "Datacenters"
    assert app.journal.count(soap_method="Fetch") == 3
    assert [f.rule for f in app.fault_rules.firings] == ["session lost"]
    app.reset()
    assert len(app.journal) == 0
