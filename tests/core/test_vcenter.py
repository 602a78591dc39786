"""The core's vCenter client against the emulated vCenter, over TLS on the loopback, in real time."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from core_world import config

from cxsim.core.errors import CertificateMismatch, Conflict, ConnectionTrouble, LoginRefused, NotFound
from cxsim.core.neighbours import SourceVm
from cxsim.core.pinning import thumbprint
from cxsim.core.threads import ThreadRuntime
from cxsim.core.vcenter import VcenterLogins, VcenterSession
from cxsim.core.vcenter_errors import VcenterError
from cxsim.emulator.admin import Instrumented
from cxsim.emulator.fault_rules import FaultRule, SoapFault
from cxsim.emulator.serving import Server
from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_vcenter import VCenter, inventory

GIB = 2**30
SPEED = 50.0


def tyrell() -> inventory.VCenter:
    def vm(name: str, *sizes: int, **more: Any) -> inventory.VirtualMachine:
        disks = tuple(inventory.Disk(size * GIB, size * GIB // 2) for size in sizes)
        return inventory.VirtualMachine(name, disks=disks, network="Tyrell Servers", **more)

    datacenter = inventory.Datacenter(
        "Tyrell",
        clusters=(inventory.Cluster("Tyrell Cluster", (inventory.EsxiHost("tyrell-esx01"),)),),
        datastores=(inventory.Datastore("tyrell-ds01", 2048 * GIB),),
        networks=("Tyrell Servers",),
        vms=(vm("roy", 80, power="off"), vm("deckard", 40), vm("rachael", 20, 40)),
    )
    users = (
        inventory.User("administrator@vsphere.local", "vmware"),
        inventory.User("auditor", "vmware", role="ReadOnly"),
    )
    return inventory.VCenter("tyrell-vc01", users=users, datacenters=(datacenter,))


class Lab:
    """A vCenter on a socket, and logins at it."""

    def __init__(self, server: Server, app: Instrumented, vcenter: VCenter, certificate: bytes) -> None:
        self.server, self.app, self.vcenter, self.certificate = server, app, vcenter, certificate
        self.runtime = ThreadRuntime(speed=SPEED)

    def logins(self, **changes: Any) -> VcenterLogins:
        given = {"vcenter_host": self.server.address, "vcenter_port": self.server.port, **changes}
        return VcenterLogins(self.runtime, config(**given))

    def source(self, name: str) -> SourceVm:
        record = self.vcenter.find_vm(name=name)
        assert record is not None
        return SourceVm(name, record.moref, record.instance_uuid, record.power, 0)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    pem: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(pem)
    host = ThreadHost("tyrell-vc01", speed=SPEED)
    vcenter = VCenter(tyrell(), host)
    app = Instrumented(vcenter.wsgi_app, host, vcenter)
    der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    with Server(app, certificate=pem) as server:
        yield Lab(server, app, vcenter, der)


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    yield running
    running.app.reset()


@pytest.fixture
def session(lab: Lab) -> Iterator[VcenterSession]:
    with lab.logins()() as opened:
        yield opened


def test_vms_are_listed_by_name_with_disks_networks_and_places(session: VcenterSession, lab: Lab) -> None:
    vms = session.vms()
    assert [(vm.name, vm.power, vm.disk_bytes) for vm in vms] == [
        ("deckard", "on", 40 * GIB),
        ("rachael", "on", 60 * GIB),
        ("roy", "off", 80 * GIB),
    ]
    rachael = vms[1]
    record = lab.vcenter.find_vm(name="rachael")
    assert (rachael.moref, rachael.instance_uuid) == (record.moref, record.instance_uuid)
    assert [(d.key, d.label, d.capacity_bytes) for d in rachael.disks] == [
        (2000, "Hard disk 1", 20 * GIB),
        (2001, "Hard disk 2", 40 * GIB),
    ]
    assert rachael.networks == ("Tyrell Servers",)
    assert (rachael.datacenter, rachael.cluster, rachael.host, rachael.folder) == (
        "Tyrell",
        "Tyrell Cluster",
        "tyrell-esx01",
        "",
    )
    assert session.instance_uuid() == lab.vcenter.instance_uuid


def test_the_tree_has_datacenters_clusters_hosts_folders_and_vms(session: VcenterSession) -> None:
    root = session.tree()
    (datacenter,) = root.children
    assert (root.name, datacenter.kind, datacenter.name) == ("Datacenters", "Datacenter", "Tyrell")
    folders = {node.name: node for node in datacenter.children}
    assert set(folders) == {"vm", "host", "datastore", "network"}
    assert [node.vm.name for node in folders["vm"].children if node.vm] == ["deckard", "rachael", "roy"]
    (cluster,) = folders["host"].children
    assert (cluster.kind, cluster.name) == ("ClusterComputeResource", "Tyrell Cluster")
    assert [(node.kind, node.name) for node in cluster.children] == [("HostSystem", "tyrell-esx01")]


def test_more_vms_than_fit_into_an_answer_are_all_listed(
    lab: Lab, session: VcenterSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxsim.core.vcenter_inventory.PAGE", 2)
    assert len(session.vms()) == 3
    assert lab.app.journal.count(soap_method="ContinueRetrievePropertiesEx") >= 3


def test_templates_are_not_offered_for_migration(lab: Lab, session: VcenterSession) -> None:
    record = lab.vcenter.find_vm(name="roy")
    record.template = True
    lab.vcenter.model.objects[record.moref].touch()
    assert [vm.name for vm in session.vms()] == ["deckard", "rachael"]


def test_a_vm_is_found_by_name_and_by_moref(lab: Lab, session: VcenterSession) -> None:
    deckard = session.vm("deckard")
    assert session.vm_by_moref(deckard.moref) == deckard
    with pytest.raises(NotFound, match="virtual machine zhora"):
        session.vm("zhora")
    with pytest.raises(NotFound):
        session.vm_by_moref("vm-999")


def test_two_vms_of_one_name_must_be_told_apart(
    lab: Lab, session: VcenterSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = [*session.vms(), session.vm("deckard")]
    monkeypatch.setattr(session, "vms", lambda: twice)
    with pytest.raises(VcenterError, match="2 virtual machines have this name"):
        session.vm("deckard")


def test_powering_off_waits_for_the_task_and_is_harmless_twice(lab: Lab, session: VcenterSession) -> None:
    deckard = lab.source("deckard")
    session.power_off(deckard)
    assert session.power(deckard) == "off"
    session.power_off(deckard)
    assert lab.app.journal.count(soap_method="PowerOffVM_Task") == 1
    session.power_on(deckard)
    assert lab.vcenter.find_vm(name="deckard").power == "on"


def test_a_vm_that_somebody_else_switched_off_meanwhile_is_as_good(
    lab: Lab, session: VcenterSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    roy = lab.source("roy")  # it is off already; the first look is made to miss that
    states = iter(["on"])
    look = session.power
    monkeypatch.setattr(session, "power", lambda vm: next(states, None) or look(vm))
    session.power_off(roy)
    assert lab.app.journal.count(soap_method="PowerOffVM_Task") == 1


def test_a_vm_that_is_gone_is_not_found(lab: Lab, session: VcenterSession) -> None:
    gone = SourceVm("gone", "vm-999", "", "on", 0)
    with pytest.raises(NotFound) as raised:
        session.power_off(gone)
    assert raised.value.attempted == "read the power state of gone"
    assert raised.value.where == f"vCenter (https://127.0.0.1:{lab.server.port})"


def test_a_failed_task_is_told_with_its_fault(lab: Lab, session: VcenterSession) -> None:
    roy = lab.source("roy")
    record = lab.vcenter.find_vm(name="roy")
    record.template = True
    with pytest.raises(VcenterError) as raised:
        session.power_on(roy)
    assert raised.value.fault == "NotSupported"
    assert str(raised.value).startswith("Could not power on roy.")


def test_a_task_that_never_ends_is_given_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = dataclasses.replace(lab.vcenter.config, durations=inventory.Durations(power_off_s=60.0))
    monkeypatch.setattr(lab.vcenter.model, "config", slow)
    with (
        lab.logins(vcenter_task_limit_s=6.0)() as session,
        pytest.raises(VcenterError, match=r"has not ended after 6 s \(running, \d+ %\)"),
    ):
        session.power_off(lab.source("deckard"))


def test_a_migrated_vm_is_marked_once(lab: Lab, session: VcenterSession) -> None:
    roy = session.vm("roy")
    session.mark(roy, "CX Migration", "migrated to MyCloud-CHC", suffix="-migrated")
    again = session.vm("roy-migrated")
    session.mark(again, "CX Migration", "migrated to MyCloud-CHC", suffix="-migrated")
    record = lab.vcenter.find_vm(name="roy-migrated")
    assert list(record.custom_values.values()) == ["migrated to MyCloud-CHC"]
    fields = lab.vcenter.model.objects["CustomFieldsManager"]
    assert [d.name for d in fields.definitions.values()] == ["CX Migration"]  # type: ignore[attr-defined]


def test_a_running_copy_is_found_with_the_networks_of_its_connected_adapters(
    lab: Lab, session: VcenterSession
) -> None:
    record = lab.vcenter.find_vm(name="deckard")
    assert record is not None
    record.ip_address = "192.168.0.100"
    second = dataclasses.replace(record.nics[0], key=4001, unit=8, network="Isolated")
    record.nics.append(second)
    deckard, roy = session.vm("deckard"), session.vm("roy")
    (found,) = session.running([deckard, roy])
    assert (found.moref, found.address) == (deckard.moref, "192.168.0.100")
    assert found.connected_networks == ("Tyrell Servers", "Isolated")
    lab.vcenter.connect_network(record.moref, 0, "Tyrell Servers", connected=False)
    assert session.running([deckard])[0].connected_networks == ("Isolated",)
    lab.vcenter.power(record.moref, "off")
    assert session.running([deckard, roy]) == []


def test_disconnecting_takes_every_adapter_off_and_is_harmless_twice(
    lab: Lab, session: VcenterSession
) -> None:
    record = lab.vcenter.find_vm(name="deckard")
    assert record is not None
    record.nics.append(dataclasses.replace(record.nics[0], key=4001, unit=8))
    deckard = session.vm("deckard")
    session.disconnect(deckard)
    assert [nic.connected for nic in record.nics] == [False, False]
    (found,) = session.running([deckard])
    assert found.connected_networks == ()
    tasks = lab.app.journal.count(soap_method="ReconfigVM_Task")
    session.disconnect(deckard)
    assert lab.app.journal.count(soap_method="ReconfigVM_Task") == tasks == 1, "nothing was left to change"


def test_a_session_that_ended_is_begun_anew_without_notice(lab: Lab, session: VcenterSession) -> None:
    for other in lab.vcenter.sessions:
        lab.vcenter.sessions.end(other)
    assert len(session.vms()) == 3
    assert lab.app.journal.count(soap_method="Login") == 2


def test_a_session_that_cannot_be_begun_anew_is_told(lab: Lab, session: VcenterSession) -> None:
    lost = SoapFault("NotAuthenticated", "The session is not authenticated.")
    lab.app.fault_rules.add(FaultRule("no session", soap_method="CreateContainerView", soap_fault=lost))
    with pytest.raises(LoginRefused, match="not even after a new login"):
        session.vms()


def test_the_block_ends_with_a_logout_and_no_open_connection(lab: Lab) -> None:
    with lab.logins()() as session:
        session.vms()
    assert list(lab.vcenter.sessions) == []
    assert session._stub._idle == []


def test_a_wrong_password_is_told_and_never_shown(lab: Lab) -> None:
    with pytest.raises(LoginRefused) as raised, lab.logins(vcenter_password="tyger tyger")():
        pytest.fail("logged in")
    assert raised.value.attempted == "log in to the vCenter as administrator@vsphere.local"
    assert raised.value.answer == "user name or password is not accepted"
    assert "tyger" not in str(raised.value)


def test_an_account_without_the_right_is_told_which(lab: Lab) -> None:
    with lab.logins(vcenter_user="auditor")() as session:
        assert len(session.vms()) == 3
        with pytest.raises(LoginRefused, match="lacks a privilege"):
            session.power_off(session.vm("deckard"))


def test_only_the_pinned_certificate_is_accepted(lab: Lab) -> None:
    with lab.logins(vcenter_thumbprint=thumbprint(lab.certificate))() as session:
        assert session.vms()
    before = lab.app.journal.total
    other = thumbprint(b"another certificate")
    with pytest.raises(CertificateMismatch), lab.logins(vcenter_thumbprint=other)():
        pytest.fail("logged in")
    assert lab.app.journal.total == before, "nothing was sent"


def test_a_certificate_that_changes_after_first_sight_is_refused(lab: Lab, tmp_path: Path) -> None:
    logins = lab.logins()
    with logins() as session:
        assert session.vms()
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "new.pem")
    with Server(lab.app, certificate=tmp_path / "new.pem") as renewed:
        moved = config(vcenter_host=renewed.address, vcenter_port=renewed.port)
        logins._judge.judge(renewed.address, renewed.port, lab.certificate)  # what stood there before
        logins._config = moved
        with pytest.raises(CertificateMismatch), logins():
            pytest.fail("logged in")


def test_a_port_where_nothing_listens_is_trouble_with_the_connection(lab: Lab) -> None:
    with pytest.raises(ConnectionTrouble) as raised, lab.logins(vcenter_port=1)():
        pytest.fail("logged in")
    assert raised.value.kind == "refused"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("InvalidState", Conflict),
        ("TaskInProgress", Conflict),
        ("NoPermission", LoginRefused),
        ("HostNotConnected", VcenterError),
    ],
)
def test_faults_are_told_in_the_users_words(
    lab: Lab, session: VcenterSession, fault: str, error: type[Exception]
) -> None:
    injected = SoapFault(fault, "The vendor's own words.")
    lab.app.fault_rules.add(FaultRule("x", soap_method="PowerOffVM_Task", soap_fault=injected))
    with pytest.raises(error) as raised:
        session.power_off(lab.source("deckard"))
    assert isinstance(raised.value, VcenterError)
    assert raised.value.fault == fault
    assert "The vendor's own words" in raised.value.answer
