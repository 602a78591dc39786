"""VMs come and go: created, registered, renamed, made templates, unregistered, destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from cxsim.fake_vcenter import VCenter

from .conftest import StepHost, connect, tyrell

Done = Callable[[Any], Any]
GIB = 2**30


@pytest.fixture
def datacenter(si: Any) -> Any:
    return si.content.rootFolder.childEntity[0]


@pytest.fixture
def cluster(datacenter: Any) -> Any:
    return datacenter.hostFolder.childEntity[0]


def new_vm(name: str = "new", path: str = "[tyrell-ds01]", **more: Any) -> Any:
    return vim.vm.ConfigSpec(
        name=name, files=vim.vm.FileInfo(vmPathName=path), numCPUs=2, memoryMB=2048, **more
    )


def test_a_created_vm_is_off_and_stands_everywhere_it_should(
    datacenter: Any, cluster: Any, done: Done, host: StepHost
) -> None:
    dev = vim.vm.device
    disk = dev.VirtualDisk(
        capacityInKB=GIB // 1024,
        backing=dev.VirtualDisk.FlatVer2BackingInfo(
            fileName="[tyrell-ds01]", diskMode="persistent", thinProvisioned=True
        ),
    )
    controller = dev.ParaVirtualSCSIController(key=1000, busNumber=0, sharedBus="noSharing")
    spec = new_vm(
        deviceChange=[
            dev.VirtualDeviceSpec(operation="add", device=controller),
            dev.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk),
        ]
    )
    vm = done(datacenter.vmFolder.CreateVM_Task(spec, cluster.resourcePool, cluster.host[1]))
    assert vm.runtime.powerState == "poweredOff"
    assert vm.runtime.host == cluster.host[1]
    assert vm in cluster.host[1].vm
    assert vm in cluster.resourcePool.vm
    assert vm in datacenter.vmFolder.childEntity
    assert vm.config.files.vmPathName == "[tyrell-ds01] new/new.vmx"
    assert vm.layoutEx.file[0].name == "[tyrell-ds01] new/new.vmx"
    assert [d.backing.fileName for d in vm.config.hardware.device if isinstance(d, dev.VirtualDisk)] == [
        "[tyrell-ds01] new/new.vmdk"
    ]
    assert host.named("vcenter.vm")[-1] == {
        "vcenter": "tyrell-vc01",
        "vm": "new",
        "change": "created",
        "power": "off",
    }


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (new_vm("deckard"), vim.fault.DuplicateName),
        (new_vm(""), vmodl.fault.InvalidArgument),
        (new_vm(path=""), vmodl.fault.InvalidArgument),
        (new_vm(path="[nowhere]"), vim.fault.InvalidDatastorePath),
        (new_vm(path="tyrell-ds01"), vim.fault.InvalidDatastorePath),
    ],
)
def test_a_vm_that_cannot_be_created_leaves_nothing_behind(
    datacenter: Any, cluster: Any, vcenter: VCenter, done: Done, spec: Any, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        done(datacenter.vmFolder.CreateVM_Task(spec, cluster.resourcePool))
    assert len(vcenter.vms()) == 3


def test_two_vms_of_one_folder_name_get_files_of_their_own(
    datacenter: Any, cluster: Any, done: Done, roy: Any
) -> None:
    done(roy.Rename_Task("batty"))
    again = done(datacenter.vmFolder.CreateVM_Task(new_vm("roy"), cluster.resourcePool))
    assert again.config.files.vmPathName == "[tyrell-ds01] roy_1/roy.vmx"


def test_only_vm_folders_hold_vms(datacenter: Any, cluster: Any) -> None:
    with pytest.raises(vmodl.fault.MethodNotFound):
        datacenter.datastoreFolder.CreateVM_Task(new_vm(), cluster.resourcePool)


def test_an_unregistered_vm_keeps_its_files_and_can_be_registered_again(
    datacenter: Any, cluster: Any, roy: Any, done: Done, vcenter: VCenter
) -> None:
    uuid, path, free = (
        roy.config.instanceUuid,
        roy.config.files.vmPathName,
        roy.datastore[0].summary.freeSpace,
    )
    roy.UnregisterVM()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        assert roy.name
    store = datacenter.datastore[0]
    assert store.summary.freeSpace == free
    assert [vm.name for vm in store.vm] == ["deckard", "rachael"]
    again = done(
        datacenter.vmFolder.RegisterVM_Task(path, "roy-again", False, cluster.resourcePool, cluster.host[0])
    )
    assert again._moId != roy._moId
    assert (again.name, again.config.instanceUuid) == ("roy-again", uuid)
    assert again.config.hardware.device[-2].capacityInBytes == 80 * GIB
    with pytest.raises(vim.fault.AlreadyExists):
        done(datacenter.vmFolder.RegisterVM_Task(path, "third", False, cluster.resourcePool))
    assert [record.name for record in vcenter.vms()] == ["deckard", "rachael", "roy-again"]


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("[tyrell-ds01] absent/absent.vmx", vim.fault.FileNotFound),
        ("[tyrell-ds01] deckard/deckard.vmdk", vim.fault.InvalidDatastorePath),
        ("somewhere.vmx", vim.fault.InvalidDatastorePath),
        ("[other] x/x.vmx", vim.fault.InvalidDatastorePath),
    ],
)
def test_only_configuration_files_can_be_registered(
    datacenter: Any, cluster: Any, done: Done, path: str, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        done(datacenter.vmFolder.RegisterVM_Task(path, None, False, cluster.resourcePool))


def test_a_destroyed_vm_gives_its_space_back(roy: Any, si: Any, done: Done) -> None:
    store = roy.datastore[0]
    free = store.summary.freeSpace
    done(roy.Destroy_Task())
    assert store.summary.freeSpace == free + 30 * GIB
    assert si.content.searchIndex.FindByInventoryPath("Tyrell/vm/roy") is None


def test_a_running_vm_is_neither_destroyed_nor_unregistered(deckard: Any, done: Done) -> None:
    with pytest.raises(vim.fault.InvalidPowerState):
        done(deckard.Destroy_Task())
    with pytest.raises(vim.fault.InvalidPowerState):
        deckard.UnregisterVM()
    with pytest.raises(vim.fault.InvalidPowerState):
        deckard.MarkAsTemplate()
    assert deckard.name == "deckard"


def test_a_template_has_no_pool_and_cannot_be_powered_on(roy: Any, cluster: Any, done: Done) -> None:
    roy.MarkAsTemplate()
    assert roy.config.template
    assert roy.resourcePool is None
    with pytest.raises(vmodl.fault.NotSupported):
        done(roy.PowerOnVM_Task())
    roy.MarkAsVirtualMachine(cluster.resourcePool)
    done(roy.PowerOnVM_Task())
    with pytest.raises(vmodl.fault.NotSupported):
        roy.MarkAsVirtualMachine(cluster.resourcePool)


@pytest.mark.parametrize(
    ("name", "fault"), [("deckard", vim.fault.DuplicateName), ("", vim.fault.InvalidName)]
)
def test_a_name_that_is_taken_or_empty_is_refused(roy: Any, done: Done, name: str, fault: Any) -> None:
    with pytest.raises(fault):
        done(roy.Rename_Task(name))
    assert roy.name == "roy"


def test_everything_shows_a_new_name(datacenter: Any, deckard: Any, si: Any, done: Done) -> None:
    store = datacenter.datastore[0]
    assert deckard.config.hardware.device[-1].backing.deviceName == "Tyrell Servers"
    done(datacenter.Rename_Task("Tyrell HQ"))
    done(store.Rename_Task("ds-renamed"))
    assert si.content.searchIndex.FindByInventoryPath("Tyrell HQ/vm/deckard") == deckard
    assert store.summary.name == "ds-renamed"


def test_folders_are_made_and_removed_when_empty(datacenter: Any, cluster: Any, done: Done) -> None:
    folder = datacenter.vmFolder.CreateFolder("wave-1")
    with pytest.raises(vim.fault.DuplicateName):
        datacenter.vmFolder.CreateFolder("wave-1")
    vm = done(folder.CreateVM_Task(new_vm(), cluster.resourcePool))
    assert vm.parent == folder
    with pytest.raises(vmodl.fault.NotSupported):
        done(folder.Destroy_Task())
    done(vm.Destroy_Task())
    done(folder.Destroy_Task())
    assert "wave-1" not in [child.name for child in datacenter.vmFolder.childEntity]
    with pytest.raises(vmodl.fault.NotSupported):
        done(datacenter.vmFolder.Destroy_Task())


def test_what_has_a_life_of_its_own_cannot_be_destroyed(datacenter: Any) -> None:
    with pytest.raises(vmodl.fault.NotSupported):
        datacenter.Destroy_Task()


def test_the_same_requests_give_the_same_identifiers(host: StepHost) -> None:
    def run() -> list[Any]:
        vcenter = VCenter(tyrell(), StepHost())
        si = connect(vcenter)
        home = si.content.rootFolder.childEntity[0]
        pool = home.hostFolder.childEntity[0].resourcePool
        home.vmFolder.CreateVM_Task(new_vm(), pool)
        return [record.to_dict() for record in vcenter.vms()]

    assert run() == run()
