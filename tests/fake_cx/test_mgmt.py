"""The mobility API for administrators (cx.md 5.2), on the cloud service and the connector."""

from __future__ import annotations

import pytest

from cxsim.fake_cx.mgmt_api import GAPS
from cxsim.fake_cx.outgoing import Answer

from .conftest import Tenant, thumbprint
from .world import certificate

CLOUD = "https://203.0.113.32"
CONNECTOR = "https://192.168.0.32"
LOCAL = {"x-mobility-authenticator": "LOCAL_MACHINE"}
ROOT = ("root", "vmware")


def ask(cx, method, path, document=None, base=CLOUD, basic=ROOT) -> Answer:
    return cx.call(method, f"{base}/mobility{path}", document, headers=LOCAL, basic=basic)


@pytest.mark.parametrize(("base", "kind"), [(CLOUD, "cx-cloud-service"), (CONNECTOR, "cx-connector")])
def test_info_needs_no_login_and_tells_the_deployment_type(cx, base, kind):
    shown = cx.run(lambda: cx.call("GET", f"{base}/mobility/info")).document()
    assert (shown["deploymentType"], shown["version"]) == (kind, cx.settings.cx_version)


def test_the_bare_host_gives_an_error_page_and_the_ui_path_a_page(cx):
    bare, ui = cx.run(lambda: [cx.call("GET", f"{CLOUD}/"), cx.call("GET", f"{CLOUD}/ui/mgmt")])
    assert (bare.status, bare.content_type) == (404, "text/html")
    assert (ui.status, ui.content_type) == (200, "text/html")


def test_an_unknown_mobility_path_is_a_json_error(cx):
    answer = cx.run(lambda: cx.call("GET", f"{CLOUD}/mobility/nothing"))
    assert (answer.status, answer.document()["code"]) == (404, "NotFound")


@pytest.mark.parametrize(
    ("authenticator", "basic", "status"),
    [
        ("LOCAL_MACHINE", ROOT, 204),
        ("LOCAL_MACHINE", ("root", "wrong"), 401),
        ("LOCAL_MACHINE", ("Root", "vmware"), 401),
        ("VCENTER", ("administrator@vsphere.local", "vmware"), 204),
        ("VCENTER", ROOT, 401),
        ("LDAP", ROOT, 401),
        ("LOCAL_MACHINE", None, 401),
    ],
)
def test_administrators_log_in_by_password(cx, authenticator, basic, status):
    headers = {"x-mobility-authenticator": authenticator}
    url = f"{CLOUD}/mobility/mgmt/login"
    assert cx.run(lambda: cx.call("GET", url, headers=headers, basic=basic)).status == status


@pytest.mark.parametrize("header", ["x-mobility-authorization", "Authorization"])
def test_an_sso_token_opens_later_calls(cx, header):
    def use():
        headers = {"x-mobility-authenticator": "VCENTER"}
        basic = ("administrator@vsphere.local", "vmware")
        login = cx.call("GET", f"{CLOUD}/mobility/mgmt/login", headers=headers, basic=basic)
        headers[header] = login.header("x-mobility-authorization")
        return cx.call("GET", f"{CLOUD}/mobility/mgmt/wp/managers/", headers=headers).status

    assert cx.run(use) == 200


def test_managed_appliances_are_listed(cx):
    def look():
        return [
            ask(cx, "GET", "/mgmt/wp/managers/").json(),
            ask(cx, "GET", "/mgmt/wp/replicators/").json(),
            ask(cx, "GET", "/mgmt/wp/managers/", base=CONNECTOR).json(),
        ]

    managers, replicators, at_the_tenant = cx.run(look)
    assert [m["apiURL"] for m in managers] == ["https://10.3.0.33:8044"]
    assert [r["entityName"] for r in replicators] == ["chc-cce01"]
    assert at_the_tenant == []


def _change(cx, kind, document):
    entity = ask(cx, "GET", f"/mgmt/wp/{kind}/").json()[0]["entityId"]
    task = ask(cx, "POST", f"/mgmt/wp/{kind}/{entity}/publicendpoint", document).expect(202).document()
    cx.clock.sleep(40.0)
    return ask(cx, "GET", f"/mgmt/wp/tasks/{task['taskId']}").document()


def test_the_managers_public_endpoint_can_be_changed_by_rest(cx):
    document = {"url": "https://10.3.0.33:8044", "ipAddress": "203.0.113.32", "port": 443}

    def change():
        task = _change(cx, "managers", document)
        tenant = Tenant(cx)
        tenant.log_in()
        return task, tenant.ask("GET", "/replicationmanager").text("apiUrl")

    task, told = cx.run(change)
    assert (task["taskStatus"]["state"], task["taskStatus"]["result"]) == ("FINISHED", "SUCCESS")
    assert told == "https://203.0.113.32:443"


def test_a_replicators_data_address_can_be_changed_by_rest(cx, tenant):
    document = {"url": "203.0.113.40:44045", "lwdIpAddress": "203.0.113.40", "lwdPort": 45000}

    def change():
        _change(cx, "replicators", document)
        tenant.register()
        tenant.wait(tenant.start(), "SYNCING")

    cx.run(change)
    source = cx.data_plane.of_vm("uuid-deckard").source
    assert (source.destination_address, source.destination_port) == ("203.0.113.40", 45000)


def test_an_appliance_that_cannot_be_reached_fails_the_task_with_its_error(cx):
    cx.wires.drop("10.3.0.33:8044")
    task = cx.run(lambda: _change(cx, "managers", {"ipAddress": "203.0.113.32", "port": 8044}))
    assert task["taskStatus"]["result"] == "FAILURE"
    assert task["errorDetails"]["code"] == "ConnectionTimedOut"


def test_trusted_certificates_are_kept_by_thumbprint(cx):
    pem = certificate("tyrell-cce01")[0]

    def keep():
        path = "/mgmt/security/trustedcertificates"
        made = ask(cx, "POST", path, {"pemCertificate": pem, "ca": True}).expect(201).document()
        listed = ask(cx, "GET", path).json()
        gone = ask(cx, "DELETE", f"{path}/{made['certId']}").status
        return (
            listed,
            gone,
            ask(cx, "GET", path).json(),
            ask(cx, "POST", path, {"pemCertificate": "x"}).status,
        )

    listed, gone, left, refused = cx.run(keep)
    assert [c["thumbprint"] for c in listed] == [thumbprint("tyrell-cce01")]
    assert (gone, left, refused) == (204, [], 400)


def test_the_own_certificate_is_the_one_the_host_shows(cx):
    shown = cx.run(lambda: ask(cx, "GET", "/mgmt/security/certificatechain")).document()
    assert shown["pemCertificate"] == certificate("chc-vcde01")[0]
    assert shown["pemPrivateKey"] is None


def test_the_linked_vcloud_director_is_listed(cx):
    (site,) = cx.run(lambda: ask(cx, "GET", "/mm/sites")).json()
    assert (site["ipAddress"], site["orgName"], site["targetInfraType"]) == ("10.3.0.41", "System", "VCD")


@pytest.mark.parametrize(("method", "path"), GAPS)
def test_documented_calls_that_are_not_emulated_are_reported_as_gaps(cx, method, path):
    path = path.replace("*", "some-id")
    answer = cx.run(lambda: ask(cx, method, path, {}))
    assert (answer.status, answer.document()["code"]) == (501, "EmulatorGap")
    assert cx.hosts["chc-vcde01"].logged("gap") == [
        {"product": "fake_cx", "operation": f"{method} /mobility{path}"}
    ]
