"""The wire: shapes that real vCenters send, and everything a client should not send."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import etree
from pyVmomi import VmomiSupport, vim, vmodl
from werkzeug.test import Client

from cxsim.emulator.fault_rules import SoapFault
from cxsim.fake_vcenter import VCenter
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.endpoint import Request
from cxsim.fake_vcenter.soap_reader import read_arguments, read_operation
from cxsim.fake_vcenter.soap_writer import IncompleteObject, escape, writer

from .conftest import PASSWORD, USER, StepHost, connect, tyrell

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)
LOGIN = (
    '<Login xmlns="urn:vim25"><_this versionId="8.0.2.0" type="SessionManager">SessionManager</_this>'
    f"<userName>{USER}</userName><password>{{}}</password></Login>"
)


@pytest.fixture
def client(vcenter: VCenter) -> Client:
    return Client(vcenter.wsgi_app)


def post(client: Client, call: str | bytes, **headers: str) -> Any:
    content = ENVELOPE.format(call) if isinstance(call, str) else call
    return client.post(
        "/sdk",
        data=content,
        content_type="text/xml; charset=UTF-8",
        headers={"SOAPAction": '"urn:vim25/8.0.2.0"', **headers},
    )


def body_of(answer: Any) -> str:
    found = re.search(r"<soapenv:Body>\n(.*)\n</soapenv:Body>", answer.text, re.S)
    assert found, answer.text
    return found.group(1)


@pytest.fixture
def cookie(client: Client) -> str:
    return post(client, LOGIN.format(PASSWORD)).headers["Set-Cookie"]


def fetch(client: Client, cookie: str, kind: str, moid: str, name: str) -> str:
    call = f'<Fetch xmlns="urn:vim25"><_this type="{kind}">{moid}</_this><prop>{name}</prop></Fetch>'
    return body_of(post(client, call, Cookie=cookie))


def test_login_sets_the_cookie_of_a_real_vcenter(client: Client) -> None:
    answer = post(client, LOGIN.format(PASSWORD))
    assert answer.status_code == 200
    assert re.fullmatch(
        r'vmware_soap_session="[0-9a-f]{40}"; Path=/; HttpOnly; Secure;', answer.headers["Set-Cookie"]
    )
    session = body_of(answer)
    assert session.startswith('<LoginResponse xmlns="urn:vim25"><returnval><key>')
    assert r"<userName>VSPHERE.LOCAL\Administrator</userName>" in session


def test_a_wrong_password_is_the_fault_that_clients_know(client: Client) -> None:
    answer = post(client, LOGIN.format("wrong"))
    assert answer.status_code == 500
    assert body_of(answer) == (
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>Cannot complete login due to an "
        "incorrect user name or password.</faultstring><detail>"
        '<InvalidLoginFault xmlns="urn:vim25" xsi:type="InvalidLogin"></InvalidLoginFault>'
        "</detail></soapenv:Fault>"
    )
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("name", '<returnval xsi:type="xsd:string">deckard</returnval>'),
        ("overallStatus", '<returnval xsi:type="ManagedEntityStatus">green</returnval>'),
        ("alarmActionsEnabled", '<returnval xsi:type="xsd:boolean">true</returnval>'),
        ("effectiveRole", '<returnval xsi:type="ArrayOfInt"><int xsi:type="xsd:int">-1</int></returnval>'),
        ("permission", '<returnval xsi:type="ArrayOfPermission"></returnval>'),
        ("snapshot", ""),
        (
            "datastore",
            '<returnval xsi:type="ArrayOfManagedObjectReference"><ManagedObjectReference type="Datastore" '
            'xsi:type="ManagedObjectReference">datastore-7</ManagedObjectReference></returnval>',
        ),
        ("parent", '<returnval type="Folder" xsi:type="ManagedObjectReference">group-v3</returnval>'),
        (
            "disabledMethod",
            '<returnval xsi:type="ArrayOfString"><string xsi:type="xsd:string">PowerOnVM_Task</string>'
            "</returnval>",
        ),
    ],
)
def test_fetch_answers_in_the_shapes_recorded_from_a_real_vcenter(
    client: Client, cookie: str, vcenter: VCenter, name: str, shape: str
) -> None:
    moid = vcenter.vms()[0].moref
    assert fetch(client, cookie, "VirtualMachine", moid, name) == (
        f'<FetchResponse xmlns="urn:vim25">{shape}</FetchResponse>'
    )


def test_children_of_every_array_carry_their_type(client: Client, cookie: str, vcenter: VCenter) -> None:
    spec = (
        '<RetrieveProperties xmlns="urn:vim25"><_this type="PropertyCollector">propertyCollector</_this>'
        "<specSet><propSet><type>{}</type><all>true</all></propSet><objectSet>"
        '<obj type="{}">{}</obj></objectSet></specSet></RetrieveProperties>'
    )
    arrays = 0
    for managed in list(vcenter.model.objects.values()):
        answer = post(client, spec.format(managed.ref_type, managed.ref_type, managed.moid), Cookie=cookie)
        for element in etree.fromstring(answer.data).iter():
            given = element.get(f"{{{VmomiSupport.XMLNS_XSI}}}type", "")
            if given.startswith("ArrayOf"):
                for child in element:
                    arrays += 1
                    assert child.get(f"{{{VmomiSupport.XMLNS_XSI}}}type"), etree.tostring(child)
    assert arrays > 20


def test_a_client_names_its_version_and_gets_no_more_than_it_knows(client: Client, cookie: str) -> None:
    call = ENVELOPE.format(
        '<Fetch xmlns="urn:vim25"><_this type="Folder">group-d1</_this><prop>tag</prop></Fetch>'
    )
    newer = client.post("/sdk", data=call, headers={"SOAPAction": '"urn:vim25/8.0.0.1"', "Cookie": cookie})
    older = client.post("/sdk", data=call, headers={"SOAPAction": '"urn:vim25/2.5"', "Cookie": cookie})
    assert 'xsi:type="ArrayOfTag"' in newer.text
    assert older.status_code == 200  # a version that is not offered is answered as the newest
    oldest = client.post("/sdk", data=call, headers={"SOAPAction": '"urn:vim25/4.0"', "Cookie": cookie})
    assert oldest.status_code == 200


def test_prefixed_and_typed_requests_are_read_like_plain_ones(client: Client, cookie: str) -> None:
    call = (
        '<v:FindByInventoryPath xmlns:v="urn:vim25"><v:_this type="SearchIndex" xsi:type="v:'
        'ManagedObjectReference">SearchIndex</v:_this><v:inventoryPath xsi:type="xsd:string">'
        "/Tyrell/vm/deckard</v:inventoryPath></v:FindByInventoryPath>"
    )
    assert 'type="VirtualMachine"' in body_of(post(client, call, Cookie=cookie))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not well-formed"),
        (b"<<<", "not well-formed"),
        (b"\xff\xfe\x00", "not well-formed"),
        (b"<html/>", "Expected a SOAP envelope"),
        (ENVELOPE.format("").encode(), "missing or empty"),
        (ENVELOPE.format("<Login/>").encode(), "Missing parameter _this"),
        (ENVELOPE.format("<Explode><_this type='Folder'>group-d1</_this></Explode>").encode(), "Unable to"),
        (
            b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + ENVELOPE.format("<x>&a;</x>").encode()[38:],
            "document type declaration",
        ),
        (LOGIN.replace("</Login>", "<colour>red</colour></Login>"), "Unexpected element tag 'colour'"),
        (LOGIN.replace(f"<userName>{USER}</userName>", ""), "Required parameter userName is missing"),
    ],
)
def test_nonsense_is_answered_with_an_invalid_request(client: Client, content: Any, says: str) -> None:
    answer = post(client, content if isinstance(content, bytes) else content.format("x"))
    assert answer.status_code == 500
    assert 'xsi:type="InvalidRequest"' in answer.text
    assert says in answer.text


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ("<uuid>x</uuid><vmSearch>maybe</vmSearch>", "InvalidRequest"),
        ("<uuid>x</uuid><vmSearch>true</vmSearch><datacenter type='Colour'>x</datacenter>", "InvalidType"),
        (
            "<uuid>x</uuid><vmSearch>true</vmSearch><datacenter type='Datacenter'>datacenter-99</datacenter>",
            "ManagedObjectNotFound",
        ),
        ("<uuid>x</uuid>", "InvalidRequest"),
    ],
)
def test_wrong_parameters_are_answered_with_their_fault(
    client: Client, cookie: str, parameters: str, fault: str
) -> None:
    call = (
        f'<FindByUuid xmlns="urn:vim25"><_this type="SearchIndex">SearchIndex</_this>{parameters}'
        "</FindByUuid>"
    )
    answer = post(client, call, Cookie=cookie)
    assert answer.status_code == 500
    assert f'xsi:type="{fault}"' in answer.text


def test_an_operation_that_nobody_wrote_is_named_and_logged_as_a_gap(si: Any, host: StepHost) -> None:
    cluster = si.content.rootFolder.childEntity[0].hostFolder.childEntity[0]
    with pytest.raises(vmodl.fault.MethodNotFound) as raised:
        cluster.host[0].EnterMaintenanceMode_Task(timeout=0)
    assert raised.value.method == "EnterMaintenanceMode_Task"
    assert "HostSystem.EnterMaintenanceMode_Task" in raised.value.msg
    assert host.named("gap") == [{"product": "vCenter", "operation": "HostSystem.EnterMaintenanceMode_Task"}]


def test_an_object_that_is_gone_is_not_found(si: Any) -> None:
    with pytest.raises(vmodl.fault.ManagedObjectNotFound, match="already been deleted"):
        assert vim.VirtualMachine("vm-999", si._stub).name
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        assert vim.Datastore("group-d1", si._stub).name


def test_an_injected_fault_is_answered_in_the_vendors_form(vcenter: VCenter) -> None:
    def answer(fault: SoapFault) -> str:
        request = Request(b"", "", "", "", "", injected=fault)
        return vcenter._answer(request).content.decode()

    assert 'xsi:type="NotAuthenticated"' in answer(SoapFault("NotAuthenticated", "The session is over."))
    assert "The session is over." in answer(SoapFault("NotAuthenticated", "The session is over."))
    assert "is no fault of this API" in answer(SoapFault("VirtualMachine"))


def test_other_urls(client: Client) -> None:
    versions = client.get("/sdk/vimServiceVersions.xml")
    assert versions.status_code == 200
    listed = etree.fromstring(versions.data).xpath("//version/text()")
    assert listed[0] == "8.0.3.0"
    assert {"6.5", "6.7", "7.0.0.0", "8.0.0.0", "4.0"} <= set(listed)
    assert "vCenter" in client.get("/").text
    assert client.get("/sdk").status_code == 404
    assert client.get("/nothing").status_code == 404


def test_a_mistake_of_the_emulator_is_a_system_error_and_no_traceback(
    vcenter: VCenter, client: Client, cookie: str, host: StepHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vcenter.model, "now", lambda: 1 / 0)
    call = (
        '<CurrentTime xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this></CurrentTime>'
    )
    answer = post(client, call, Cookie=cookie)
    assert answer.status_code == 500
    assert 'xsi:type="SystemError"' in answer.text
    assert "Traceback" not in answer.text
    assert host.named("trouble")[0]["error"].startswith("ZeroDivisionError")


def test_a_data_object_without_a_required_reference_is_noticed() -> None:
    with pytest.raises(IncompleteObject, match=r"HostMount\.key has no value"):
        writer("vim.version.version11").typed(
            vim.Datastore.HostMount, data(vim.Datastore.HostMount, mountInfo=data(vim.host.MountInfo))
        )


def test_a_field_that_a_type_lacks_is_refused_when_it_is_made() -> None:
    with pytest.raises(TypeError, match="has no field colour"):
        data(vim.AboutInfo, colour="red")


def test_text_that_xml_cannot_hold_does_not_break_an_answer() -> None:
    assert escape("a<b&c>\x00\ud800") == "a&lt;b&amp;c&gt;??"


def test_what_pyvmomi_writes_is_read_back_equal() -> None:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent")
    spec = vim.vm.ConfigSpec(
        name="x",
        numCPUs=2,
        extraConfig=[vim.option.OptionValue(key="k", value="v")],
        deviceChange=[
            vim.vm.device.VirtualDeviceSpec(
                operation="add",
                device=vim.vm.device.VirtualDisk(capacityInKB=1024, backing=backing),
            )
        ],
    )
    stub = connect(VCenter(tyrell(), StepHost()))._stub
    method = vim.VirtualMachine.ReconfigVM_Task.info
    content = stub.SerializeRequest(vim.VirtualMachine("vm-1", stub), method, [spec])
    operation = read_operation(content)
    assert (operation.name, operation.target_type, operation.target_id) == (
        "ReconfigVM_Task",
        "VirtualMachine",
        "vm-1",
    )
    assert str(read_arguments(operation, method.params)["spec"]) == str(spec)
