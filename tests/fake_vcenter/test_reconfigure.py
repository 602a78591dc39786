"""ReconfigVM: every part of a spec, refusals that change nothing, devices, replication."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from cxsim.fake_vcenter import VCenter

from .conftest import StepHost

Done = Callable[[Any], Any]
dev = vim.vm.device
GIB = 2**30


def test_cpu_memory_and_texts_of_a_vm_that_is_off(roy: Any, done: Done) -> None:
    done(
        roy.ReconfigVM_Task(
            vim.vm.ConfigSpec(
                numCPUs=4, numCoresPerSocket=2, memoryMB=8192, annotation="note", guestId="ubuntu64Guest"
            )
        )
    )
    config = roy.config
    assert (config.hardware.numCPU, config.hardware.numCoresPerSocket) == (4, 2)
    assert (config.hardware.memoryMB, config.annotation) == (8192, "note")
    assert config.guestFullName == "Ubuntu Linux (64-bit)"


def test_identity_and_name(roy: Any, done: Done, vcenter: VCenter) -> None:
    uuid = "50201f05-b37c-db69-fda5-fb077e87af04"
    done(roy.ReconfigVM_Task(vim.vm.ConfigSpec(name="batty", instanceUuid=uuid)))
    assert (roy.name, roy.config.instanceUuid) == ("batty", uuid)
    assert vcenter.find_vm(uuid=uuid).name == "batty"


def test_extra_config_is_set_and_taken_away(roy: Any, done: Done) -> None:
    def options() -> dict[str, str]:
        return {option.key: option.value for option in roy.config.extraConfig}

    option = vim.option.OptionValue
    done(roy.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=[option(key="a", value="1")])))
    assert options() == {"a": "1"}
    done(roy.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=[option(key="a", value="")])))
    assert options() == {}


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (vim.vm.ConfigSpec(numCPUs=0), vmodl.fault.InvalidArgument),
        (vim.vm.ConfigSpec(numCPUs=3, numCoresPerSocket=2), vmodl.fault.InvalidArgument),
        (vim.vm.ConfigSpec(memoryMB=3), vmodl.fault.InvalidArgument),
        (vim.vm.ConfigSpec(memoryMB=1023), vmodl.fault.InvalidArgument),
        (vim.vm.ConfigSpec(name="deckard"), vim.fault.DuplicateName),
        (vim.vm.ConfigSpec(name="x" * 81), vim.fault.InvalidName),
        (vim.vm.ConfigSpec(changeVersion="yesterday"), vim.fault.ConcurrentAccess),
    ],
)
def test_a_spec_that_cannot_be_is_refused_and_changes_nothing(
    roy: Any, vcenter: VCenter, done: Done, spec: Any, fault: type[Exception]
) -> None:
    record = vcenter.find_vm(name="roy")
    before = copy.deepcopy(record)
    spec.annotation = "must not stay"
    with pytest.raises(fault):
        done(roy.ReconfigVM_Task(spec))
    assert record == before


def test_cpu_and_memory_of_a_running_vm_stay(deckard: Any, done: Done) -> None:
    with pytest.raises(vim.fault.CpuHotPlugNotSupported):
        done(deckard.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=8)))
    with pytest.raises(vim.fault.MemoryHotPlugNotSupported):
        done(deckard.ReconfigVM_Task(vim.vm.ConfigSpec(memoryMB=16384)))
    done(deckard.ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=2, memoryMB=4096, annotation="same")))
    assert deckard.config.annotation == "same"


def test_the_change_version_guards_against_another_writer(roy: Any, done: Done) -> None:
    version = roy.config.changeVersion
    done(roy.ReconfigVM_Task(vim.vm.ConfigSpec(changeVersion=version, annotation="first")))
    with pytest.raises(vim.fault.ConcurrentAccess):
        done(roy.ReconfigVM_Task(vim.vm.ConfigSpec(changeVersion=version, annotation="second")))
    assert roy.config.annotation == "first"


# -- devices


def change(operation: str, device: Any, file_operation: str | None = None) -> Any:
    made = dev.VirtualDeviceSpec(operation=operation, device=device, fileOperation=file_operation)
    return vim.vm.ConfigSpec(deviceChange=[made])


def disks_of(vm: Any) -> dict[int, Any]:
    return {d.key: d for d in vm.config.hardware.device if isinstance(d, dev.VirtualDisk)}


def nics_of(vm: Any) -> dict[int, Any]:
    return {d.key: d for d in vm.config.hardware.device if isinstance(d, dev.VirtualEthernetCard)}


def new_disk(size: int, **more: Any) -> Any:
    backing = dev.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent", thinProvisioned=True, fileName="")
    return dev.VirtualDisk(capacityInBytes=size, capacityInKB=size // 1024, backing=backing, **more)


def test_disks_are_added_grown_and_removed(roy: Any, done: Done) -> None:
    done(roy.ReconfigVM_Task(change("add", new_disk(10 * GIB, key=-1), "create")))
    assert {key: disk.capacityInBytes for key, disk in disks_of(roy).items()} == {
        2000: 80 * GIB,
        2001: 10 * GIB,
    }
    assert disks_of(roy)[2001].backing.fileName == "[tyrell-ds01] roy/roy_1.vmdk"
    grown = disks_of(roy)[2001]
    grown.capacityInBytes, grown.capacityInKB = 20 * GIB, 20 * GIB // 1024
    done(roy.ReconfigVM_Task(change("edit", grown)))
    assert disks_of(roy)[2001].capacityInBytes == 20 * GIB
    done(roy.ReconfigVM_Task(change("remove", disks_of(roy)[2001], "destroy")))
    assert list(disks_of(roy)) == [2000]


def test_the_sixteenth_disk_goes_on_the_next_controller(roy: Any, done: Done) -> None:
    for _ in range(15):
        done(roy.ReconfigVM_Task(change("add", new_disk(GIB), "create")))
    places = [(d.controllerKey, d.unitNumber) for d in disks_of(roy).values()]
    assert len(set(places)) == 16
    assert (1000, 7) not in places
    assert places[-1] == (1001, 0)
    assert list(disks_of(roy))[-1] == 2016


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (change("add", new_disk(0), "create"), vim.fault.InvalidDeviceSpec),
        (
            change("add", new_disk(GIB, controllerKey=1000, unitNumber=0), "create"),
            vim.fault.InvalidDeviceSpec,
        ),
        (change("remove", new_disk(GIB, key=2099)), vim.fault.InvalidDeviceSpec),
        (change("edit", new_disk(GIB, key=2000)), vim.fault.InvalidDeviceSpec),
        (change("add", dev.VirtualUSB(key=-1)), vmodl.fault.NotSupported),
        (
            change(
                "add",
                dev.VirtualVmxnet3(
                    backing=dev.VirtualEthernetCard.NetworkBackingInfo(
                        deviceName="nowhere", useAutoDetect=False
                    )
                ),
            ),
            vim.fault.InvalidDeviceSpec,
        ),
        (
            change(
                "add",
                dev.VirtualDisk(
                    capacityInKB=1,
                    backing=dev.VirtualDisk.FlatVer2BackingInfo(
                        fileName="[tyrell-ds01] x/absent.vmdk", diskMode="persistent"
                    ),
                ),
            ),
            vim.fault.FileNotFound,
        ),
        (
            change(
                "add",
                dev.VirtualDisk(
                    capacityInKB=1,
                    backing=dev.VirtualDisk.FlatVer2BackingInfo(
                        fileName="[other-ds] x.vmdk", diskMode="persistent"
                    ),
                ),
            ),
            vim.fault.InvalidDatastorePath,
        ),
    ],
)
def test_a_device_that_cannot_be_is_refused(roy: Any, done: Done, spec: Any, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        done(roy.ReconfigVM_Task(spec))
    assert list(disks_of(roy)) == [2000]


def test_a_disk_file_that_a_replicator_placed_is_attached(roy: Any, vcenter: VCenter, done: Done) -> None:
    path = "[tyrell-ds01] replica/disk.vmdk"
    vcenter.place_disk(path, 30 * GIB, 11 * GIB)
    disk = dev.VirtualDisk(
        capacityInKB=0, backing=dev.VirtualDisk.FlatVer2BackingInfo(fileName=path, diskMode="persistent")
    )
    done(roy.ReconfigVM_Task(change("add", disk)))
    assert disks_of(roy)[2001].capacityInBytes == 30 * GIB
    assert vcenter.find_vm(name="roy").disks[1].used_bytes == 11 * GIB


def test_network_cards_are_added_connected_elsewhere_and_removed(roy: Any, done: Done, si: Any) -> None:
    networks = {n.name: n for n in si.content.rootFolder.childEntity[0].network}
    backing = dev.VirtualEthernetCard.NetworkBackingInfo
    card = dev.VirtualVmxnet3(backing=backing(deviceName="Tyrell DMZ", useAutoDetect=False))
    done(roy.ReconfigVM_Task(change("add", card)))
    assert [n.name for n in roy.network] == ["Tyrell Servers", "Tyrell DMZ"]
    first = nics_of(roy)[4000]
    assert first.macAddress.startswith("00:50:56:")
    first.backing = backing(deviceName="", network=networks["Tyrell DMZ"], useAutoDetect=False)
    done(roy.ReconfigVM_Task(change("edit", first)))
    assert [n.name for n in roy.network] == ["Tyrell DMZ"]
    assert roy in networks["Tyrell DMZ"].vm
    assert roy not in networks["Tyrell Servers"].vm
    done(roy.ReconfigVM_Task(change("remove", nics_of(roy)[4001])))
    assert list(nics_of(roy)) == [4000]


def test_a_card_without_backing_is_on_no_network(roy: Any, done: Done) -> None:
    done(roy.ReconfigVM_Task(change("add", dev.VirtualVmxnet3(key=-1))))
    assert nics_of(roy)[4001].backing is None


# -- replication


def replication(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "generation": 1,
        "vmReplicationId": "GID-1",
        "destination": "203.0.113.32",
        "port": 44045,
        "rpo": 15,
        "quiesceGuestEnabled": False,
        "paused": False,
        "oppUpdatesEnabled": False,
        "netCompressionEnabled": True,
        "disk": [vim.vm.ReplicationConfigSpec.DiskSettings(key=2000, diskReplicationId="RDID-1")],
    }
    return vim.vm.ConfigSpec(repConfig=vim.vm.ReplicationConfigSpec(**{**values, **changes}))


def test_replication_is_configured_and_shown(deckard: Any, vcenter: VCenter, done: Done) -> None:
    seen = []
    vcenter.observers.append(lambda what, record: seen.append((what, record.replication.destination)))
    done(deckard.ReconfigVM_Task(replication()))
    shown = deckard.config.repConfig
    assert (shown.vmReplicationId, shown.destination, shown.port, shown.rpo) == (
        "GID-1",
        "203.0.113.32",
        44045,
        15,
    )
    assert [(d.key, d.diskReplicationId) for d in shown.disk] == [(2000, "RDID-1")]
    options = {option.key: option.value for option in deckard.config.extraConfig}
    assert options["hbr_filter.destination"] == "203.0.113.32"
    assert options["hbr_filter.rpo"] == "15"
    assert options["hbr_filter.quiesce"] == "FALSE"
    assert options["hbr_filter.netCompression"] == "TRUE"
    assert options["hbr_filter.pause"] == "FALSE"
    assert seen == [("reconfigured", "203.0.113.32")]
    assert vcenter.find_vm(name="deckard").replication.rpo_s == 900.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rpo": 0}, "outOfBoundsRpoValue"),
        ({"rpo": 1441}, "outOfBoundsRpoValue"),
        ({"destination": "replicator.example"}, "invalidDestinationIpAddress"),
        ({"destination": ""}, "invalidDestinationIpAddress"),
        ({"port": 0}, "invalidDestinationPort"),
        ({"port": 65536}, "invalidDestinationPort"),
        ({"generation": -1}, "invalidGenerationNumber"),
        ({"vmReplicationId": ""}, "invalidVmReplicationId"),
        ({"netEncryptionEnabled": True, "remoteCertificateThumbprint": "AB:CD"}, "invalidThumbprint"),
        ({"netEncryptionEnabled": True}, "invalidThumbprint"),
    ],
)
def test_a_replication_that_cannot_be_names_its_reason(
    deckard: Any, done: Done, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(vim.fault.ReplicationVmConfigFault) as raised:
        done(deckard.ReconfigVM_Task(replication(**changes)))
    assert raised.value.reason == reason
    assert raised.value.vmRef._moId == deckard._moId
    assert deckard.config.repConfig is None


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({"vmReplicationId": "GID-2", "generation": 2}, "replicationAlreadyEnabled"),
        ({"generation": 0}, "staleGenerationNumber"),
    ],
)
def test_a_second_configuration_must_follow_the_first(
    deckard: Any, done: Done, second: dict[str, Any], reason: str
) -> None:
    done(deckard.ReconfigVM_Task(replication()))
    done(deckard.ReconfigVM_Task(replication(rpo=30)))
    with pytest.raises(vim.fault.ReplicationVmConfigFault) as raised:
        done(deckard.ReconfigVM_Task(replication(**second)))
    assert raised.value.reason == reason
    assert deckard.config.repConfig.rpo == 30


@pytest.mark.parametrize(
    ("disks", "reason"),
    [
        ([(2001, "RDID-1")], "diskNotFound"),
        ([(-1, "RDID-1")], "invalidDiskKey"),
        ([(2000, "")], "invalidDiskReplicationId"),
        ([(2000, "same"), (2001, "same")], "duplicateDiskReplicationId"),
    ],
)
def test_a_disk_that_cannot_be_replicated_names_its_reason(
    deckard: Any, done: Done, disks: list[tuple[int, str]], reason: str
) -> None:
    if len(disks) > 1:
        done(deckard.ReconfigVM_Task(change("add", new_disk(GIB), "create")))
    settings = vim.vm.ReplicationConfigSpec.DiskSettings
    spec = replication(disk=[settings(key=key, diskReplicationId=name) for key, name in disks])
    with pytest.raises(vim.fault.ReplicationDiskConfigFault) as raised:
        done(deckard.ReconfigVM_Task(spec))
    assert (raised.value.reason, raised.value.key) == (reason, disks[-1][0])


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [("encrypted", True, "encryptedVm"), ("hardware_version", "vmx-04", "incompatibleHwVersion")],
)
def test_some_vms_cannot_be_replicated(
    deckard: Any, vcenter: VCenter, done: Done, attribute: str, value: Any, reason: str
) -> None:
    setattr(vcenter.find_vm(name="deckard"), attribute, value)
    with pytest.raises(vim.fault.ReplicationVmConfigFault) as raised:
        done(deckard.ReconfigVM_Task(replication()))
    assert raised.value.reason == reason


def test_an_empty_configuration_removes_the_replication(deckard: Any, done: Done, host: StepHost) -> None:
    done(deckard.ReconfigVM_Task(replication()))
    nothing = replication(vmReplicationId="", destination="", port=0, rpo=0, generation=0, disk=[])
    done(deckard.ReconfigVM_Task(nothing))
    done(deckard.ReconfigVM_Task(nothing))
    assert deckard.config.repConfig is None
    assert not [o for o in deckard.config.extraConfig if o.key.startswith("hbr_filter.")]
    assert host.named("task")[-1]["state"] == "succeeded"
