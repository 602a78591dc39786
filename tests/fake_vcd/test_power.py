"""Power, deploying, deleting: states, refusals, tasks and events."""

from __future__ import annotations

import pytest
from lxml import etree
from vcd_lab import Api, Lab

from cxsim.fake_vcd.infrastructure import InfrastructureError

PowerPath = str


def act(lab: Lab, api: Api, path: str, **more: object) -> etree._Element:
    """Start an action, let it end; the task as it was answered."""
    answer = api.post(path, **more)
    assert answer.status_code == 202, answer.data
    lab.host.advance(120)
    return etree.fromstring(answer.data)


def message(answer: object) -> str:
    return etree.fromstring(answer.data).get("message").partition(" ] ")[2]  # type: ignore[attr-defined]


def test_powering_a_vapp_on_takes_its_time_and_reaches_the_vcenter(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    answer = api.post(f"vApp/vapp-{vapp.id}/power/action/powerOn")
    task = etree.fromstring(answer.data)
    assert answer.headers["Location"] == task.get("href")
    assert (task.get("status"), task.get("operationName")) == ("running", "vappDeploy")
    assert task.get("operation") == f"Starting Virtual Application deckard({vapp.id})"
    lab.host.advance(4)
    assert api.xml(task.get("href")).findtext("{*}Progress") == "50"
    assert lab.vcenter.vms["vm-70"].power == "off"
    lab.host.advance(4)
    done = api.xml(task.get("href"))
    assert (done.get("status"), done.findtext("{*}Progress")) == ("success", "100")
    assert done.get("endTime") == "2017-11-06T09:01:08.000Z"
    assert lab.vcenter.vms["vm-70"].power == "on"
    shown = api.xml(f"vApp/vapp-{vapp.id}")
    assert (shown.get("status"), shown.get("deployed")) == ("4", "true")


@pytest.mark.parametrize("kind", ["vapp", "vm"])
def test_the_whole_life_of_power(lab: Lab, kind: str) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    path = f"vApp/{kind}-{vapp.id if kind == 'vapp' else vapp.vms[0].id}"
    steps = [
        ("power/action/powerOn", "4", "on"),
        ("power/action/reset", "4", "on"),
        ("power/action/reboot", "4", "on"),
        ("power/action/suspend", "3", "suspended"),
        ("action/discardSuspendedState", "8", "off"),
        ("power/action/powerOn", "4", "on"),
        ("power/action/shutdown", "8", "off"),
        ("power/action/powerOn", "4", "on"),
        ("power/action/powerOff", "8", "off"),
    ]
    for step, status, power in steps:
        act(lab, api, f"{path}/{step}")
        assert api.xml(path).get("status") == status, step
        assert lab.vcenter.vms["vm-70"].power == power, step
    powers = [e["power"] for e in lab.host.of("vcd.vm") if e["change"] == "power"]
    assert powers == [power for _, _, power in steps]


@pytest.mark.parametrize(
    ("setup", "action", "text"),
    [
        ((), "power/action/powerOff", 'could not be executed since vApp "deckard" is not running.'),
        ((), "power/action/suspend", 'could not be executed since vApp "deckard" is not running.'),
        (
            (),
            "action/discardSuspendedState",
            "Cannot discard suspend state since vApp deckard is not suspended.",
        ),
        (("power/action/powerOn",), "power/action/powerOn", 'since vApp "deckard" is already powered on.'),
    ],
)
def test_an_action_in_the_wrong_state_is_refused(
    lab: Lab, setup: tuple[str, ...], action: str, text: str
) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    for step in setup:
        act(lab, api, f"vApp/vapp-{vapp.id}/{step}")
    before = len(lab.host.events)
    answer = api.post(f"vApp/vapp-{vapp.id}/{action}")
    assert answer.status_code == 400
    assert text in message(answer)
    assert len(lab.host.events) == before


def test_shutting_down_needs_vmware_tools(lab: Lab) -> None:
    import dataclasses

    vapp = lab.import_vapp()
    api = lab.login()
    act(lab, api, f"vApp/vapp-{vapp.id}/power/action/powerOn")
    vapp.vms[0].backing = dataclasses.replace(vapp.vms[0].backing, tools_running=False)
    answer = api.post(f"vApp/vapp-{vapp.id}/power/action/shutdown")
    assert message(answer) == "Cannot perform the action because VMware Tools is unavailable."


def test_an_entity_in_use_is_busy(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    api.post(f"vApp/vapp-{vapp.id}/power/action/powerOn")
    for path in (f"vApp/vapp-{vapp.id}", f"vApp/vm-{vapp.vms[0].id}"):
        answer = api.post(f"{path}/power/action/powerOn")
        assert etree.fromstring(answer.data).get("minorErrorCode") == "BUSY_ENTITY"
        assert message(answer) == 'The entity "deckard" is busy completing an operation.'
    tasks = api.xml(f"vApp/vapp-{vapp.id}").find("{*}Tasks")
    assert [t.get("operationName") for t in tasks] == ["vappDeploy"]
    lab.host.advance(60)
    assert api.xml(f"vApp/vapp-{vapp.id}").find("{*}Tasks") is None


def test_a_canceled_task_has_no_effect(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    href = etree.fromstring(api.post(f"vApp/vapp-{vapp.id}/power/action/powerOn").data).get("href")
    assert api.post(href + "/action/cancel").status_code == 204
    assert api.xml(href).get("cancelRequested") == "true"
    lab.host.advance(60)
    task = api.xml(href)
    assert (task.get("status"), task.find("{*}Error")) == ("canceled", None)
    assert api.xml(f"vApp/vapp-{vapp.id}").get("status") == "8"
    assert lab.host.of("task")[-1]["state"] == "canceled"
    assert api.post(href + "/action/cancel").status_code == 400


def test_a_vcenter_that_refuses_makes_the_task_fail(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    vapp = lab.import_vapp()
    api = lab.login()

    def refuse(*_: object) -> None:
        raise InfrastructureError("No host is compatible with the virtual machine")

    monkeypatch.setattr(lab.vcenter, "power", refuse)
    href = etree.fromstring(api.post(f"vApp/vapp-{vapp.id}/power/action/powerOn").data).get("href")
    lab.host.advance(60)
    task = api.xml(href)
    error = task.find("{*}Error")
    assert task.get("status") == "error"
    assert error.get("minorErrorCode") == "INTERNAL_SERVER_ERROR"
    assert error.get("message").endswith("No host is compatible with the virtual machine")
    assert lab.host.of("task")[-1]["error"] == "No host is compatible with the virtual machine"
    assert api.xml(f"vApp/vapp-{vapp.id}").get("status") == "8"


UNDEPLOY = {
    "data": '<UndeployVAppParams xmlns="http://www.vmware.com/vcloud/v1.5">'
    "<UndeployPowerAction>powerOff</UndeployPowerAction></UndeployVAppParams>",
    "content_type": "application/vnd.vmware.vcloud.undeployVAppParams+xml",
}


def test_a_vapp_is_deleted_after_it_was_undeployed(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    path = f"vApp/vapp-{vapp.id}"
    act(lab, api, f"{path}/power/action/powerOn")
    refused = api.delete(path)
    assert message(refused) == (
        'The requested operation could not be executed on vApp "deckard". Stop the vApp and try again.'
    )
    act(lab, api, f"{path}/action/undeploy", **UNDEPLOY)
    assert api.xml(path).get("deployed") == "false"
    assert api.post(f"{path}/action/undeploy", **UNDEPLOY).status_code == 400
    assert api.delete(path).status_code == 202
    lab.host.advance(60)
    assert api.get(path).status_code == 403
    assert "vm-70" not in lab.vcenter.vms
    assert lab.vdc.storage_profiles[0].used_mb == 0
    assert [e["change"] for e in lab.host.of("vcd.vapp")][-1] == "deleted"


def test_a_running_vapp_can_be_deleted_by_force(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    act(lab, api, f"vApp/vapp-{vapp.id}/power/action/powerOn")
    assert api.delete(f"vApp/vapp-{vapp.id}?force=true").status_code == 202
    lab.host.advance(60)
    assert lab.vdc.vapps == []


def test_a_vm_is_deleted_alone(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    assert api.delete(f"vApp/vm-{vapp.vms[0].id}").status_code == 202
    lab.host.advance(60)
    shown = api.xml(f"vApp/vapp-{vapp.id}")
    assert (shown.get("status"), shown.find("{*}Children")) == ("1", None)


@pytest.mark.parametrize("body", ["", "<UndeployVAppParams", "<x/>", "<!DOCTYPE a><UndeployVAppParams/>"])
def test_a_bad_undeploy_is_refused(lab: Lab, body: str) -> None:
    vapp = lab.import_vapp()
    answer = lab.login().post(
        f"vApp/vapp-{vapp.id}/action/undeploy", data=body, content_type=UNDEPLOY["content_type"]
    )
    assert (answer.status_code, etree.fromstring(answer.data).get("minorErrorCode")) == (400, "BAD_REQUEST")


def test_roles_decide_what_may_be_done(lab: Lab) -> None:
    vapp = lab.import_vapp(owner="holden")
    user = vapp.owner
    api = lab.login("holden@Tyrell")
    assert api.post(f"vApp/vapp-{vapp.id}/power/action/powerOn").status_code == 202
    lab.host.advance(60)
    user.role = "Console Access Only"
    answer = api.post(f"vApp/vapp-{vapp.id}/power/action/powerOff")
    assert answer.status_code == 403
    assert "following rights [VAPP_POWER_OPS]" in message(answer)
    assert api.get(f"vApp/vapp-{vapp.id}").status_code == 200
