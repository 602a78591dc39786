"""The replicator's vCenter client: real pyVmomi over TLS against the emulated vCenter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import trustme

from cxsim.emulator.serving import Server
from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_cx import errors
from cxsim.fake_cx.config import ReplicatorConfig
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.vcenter_client import PyVmomiVcenter, ReplicationSpec
from cxsim.fake_vcenter import VCenter, inventory

GIB = 2**30
SETTINGS = CxSettings(vcenter_task_poll_s=0.02, vcenter_task_limit_s=5.0, vcenter_timeout_s=5.0)
UUID = "52e1f9c0-0000-4000-8000-000000000001"
FAST = inventory.Durations(reconfigure_s=0.01, create_s=0.01, destroy_s=0.01)


def _inventory() -> inventory.VCenter:
    disks = (inventory.Disk(40 * GIB), inventory.Disk(10 * GIB))
    vms = (
        inventory.VirtualMachine("deckard", cpus=2, memory_bytes=4 * GIB, disks=disks, network="Servers"),
        inventory.VirtualMachine("roy", disks=disks, power="off", encrypted=True),
    )
    datacenter = inventory.Datacenter(
        "Tyrell",
        (inventory.Cluster("Cluster", (inventory.EsxiHost("tyrell-esx01", "192.168.0.21"),)),),
        (inventory.Datastore("small", 100 * GIB), inventory.Datastore("large", 4096 * GIB)),
        ("Servers",),
        vms,
    )
    return inventory.VCenter("tyrell-vc01", datacenters=(datacenter,), durations=FAST)


@pytest.fixture(scope="module")
def vcenter() -> VCenter:
    return VCenter(_inventory(), ThreadHost("tyrell-vc01", 1))


@pytest.fixture(scope="module")
def config(vcenter, tmp_path_factory) -> Iterator[ReplicatorConfig]:
    pem = tmp_path_factory.mktemp("vcenter") / "vc.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
    with Server(vcenter.wsgi_app, certificate=pem) as server:
        yield ReplicatorConfig("192.168.0.34", "127.0.0.1", server.port)


@pytest.fixture
def client(config) -> PyVmomiVcenter:
    return PyVmomiVcenter(config, SETTINGS, time.sleep)


def _moref(vcenter: VCenter, name: str) -> str:
    found = vcenter.find_vm(name=name)
    assert found is not None
    return found.moref


def _spec(**changes) -> ReplicationSpec:
    return replace(ReplicationSpec("H4-1", "192.168.0.34", 44045, 15, False, False, (2000, 2001)), **changes)


def test_a_vm_is_read_with_its_disks_and_its_hosts_address(client, vcenter):
    shape = client.vm_shape(_moref(vcenter, "deckard"))
    assert (shape.name, shape.cpus, shape.memory_bytes) == ("deckard", 2, 4 * GIB)
    assert [(d.key, d.capacity_bytes) for d in shape.disks] == [(2000, 40 * GIB), (2001, 10 * GIB)]
    assert (shape.nics, shape.powered_on, shape.esxi_address) == (1, True, "192.168.0.21")
    assert shape.instance_uuid


def test_every_vm_is_listed_and_the_vcenter_tells_who_it_is(client, vcenter):
    assert {name for _, name in client.vms()} >= {"deckard", "roy"}
    assert len(client.instance_uuid()) == 36


def test_replication_is_configured_and_removed_in_the_vms_configuration(client, vcenter):
    moref = _moref(vcenter, "deckard")
    client.reconfigure_replication(moref, _spec())
    kept = vcenter.find_vm(name="deckard").replication
    assert (kept.vm_replication_id, kept.destination, kept.port, kept.rpo_minutes) == (
        "H4-1", "192.168.0.34", 44045, 15,
    )  # fmt: skip
    assert sorted(kept.disks) == [2000, 2001]
    client.clear_replication(moref)
    assert vcenter.find_vm(name="deckard").replication is None


def test_a_vcenter_that_refuses_the_replication_is_quoted(client, vcenter):
    with pytest.raises(errors.VcenterFailure, match=r"ReplicationVmConfigFault.*encryptedVm"):
        client.reconfigure_replication(_moref(vcenter, "roy"), _spec())
    with pytest.raises(errors.VcenterFailure, match="outOfBoundsRpoValue"):
        client.reconfigure_replication(_moref(vcenter, "deckard"), _spec(rpo_min=2000))


def test_an_unknown_vm_is_not_found(client):
    with pytest.raises(errors.VmNotFound, match="has no VM vm-99999"):
        client.vm_shape("vm-99999")
    client.destroy_vm("99999999-0000-0000-0000-000000000000")


def test_a_replica_goes_where_most_space_is_or_where_it_was_told(client):
    chosen = client.placement("", "")
    assert (chosen.datastore, chosen.esxi_address) == ("large", "192.168.0.21")
    assert client.placement("small", chosen.host_id).datastore == "small"
    assert client.placement(chosen.datastore_id, "").datastore == "large"
    with pytest.raises(errors.VcenterFailure, match="has no datastore nowhere"):
        client.placement("nowhere", "")


def test_a_vm_is_registered_with_the_same_shape_and_deleted_again(client, vcenter):
    shape = replace(client.vm_shape(_moref(vcenter, "deckard")), instance_uuid=UUID)
    made = client.create_vm(("replica", "other"), shape, client.placement("", ""), thin=True)
    copy = client.vm_shape(made)
    assert (copy.name, copy.cpus, copy.memory_bytes, copy.powered_on) == ("replica", 2, 4 * GIB, False)
    assert [d.capacity_bytes for d in copy.disks] == [d.capacity_bytes for d in shape.disks]
    assert copy.nics == 1
    again = client.create_vm(("replica", "other"), shape, client.placement("", ""), thin=True)
    assert again == made, "found again by its UUID"
    client.destroy_vm(UUID)
    with pytest.raises(errors.VmNotFound):
        client.vm_shape(made)
    client.destroy_vm(UUID)


def test_a_name_that_is_taken_is_replaced_by_the_next(client, vcenter):
    shape = replace(client.vm_shape(_moref(vcenter, "deckard")), instance_uuid=UUID)
    placement = client.placement("", "")
    made = client.create_vm(("deckard", "deckard (H4-1)"), shape, placement, thin=False)
    assert client.vm_shape(made).name == "deckard (H4-1)"
    client.destroy_vm(UUID)
    with pytest.raises(errors.VcenterFailure, match="DuplicateName"):
        client.create_vm(("deckard",), shape, placement, thin=False)


def test_a_wrong_password_is_told_without_the_password(config):
    client = PyVmomiVcenter(replace(config, vcenter_password="secret"), SETTINGS, time.sleep)
    with pytest.raises(errors.VcenterFailure, match="refused the login") as caught:
        client.vms()
    assert "secret" not in caught.value.msg


def test_an_unreachable_vcenter_is_told_with_its_address(config):
    client = PyVmomiVcenter(replace(config, vcenter_port=1), SETTINGS, time.sleep)
    with pytest.raises(errors.VcenterFailure, match=r"at https://127\.0\.0\.1:1/sdk"):
        client.vms()
