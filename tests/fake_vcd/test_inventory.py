"""Organizations, vDCs, storage profiles, networks: what they show, and to whom."""

from __future__ import annotations

import dataclasses

import pytest
from lxml import etree
from vcd_lab import ESTATE, TYRELL, Lab, find, make_lab

from cxsim.fake_vcd import Compute

NOBODY = "00000000-0000-4000-8000-000000000000"


def names(element: etree._Element, path: str) -> list[str]:
    return [e.get("name") for e in find(element, path)]


def test_an_organization_user_sees_its_own_organization_only(lab: Lab) -> None:
    assert names(lab.login().xml("org"), "v:Org") == ["Tyrell"]
    assert names(lab.login("administrator@System").xml("org/"), "v:Org") == ["System", "Tyrell", "Wallace"]


def test_an_organization_links_its_vdcs_and_networks(lab: Lab) -> None:
    api = lab.login()
    org = api.xml(find(api.xml("org"), "v:Org")[0].get("href"))
    links = {(e.get("rel"), e.get("name")) for e in find(org, "v:Link")}
    assert {("down", "CHC Tyrell PAYG"), ("down", "CHC Tyrell Lab"), ("down", "Tyrell Servers")} <= links
    assert org.findtext("{*}FullName") == "Tyrell"


def test_a_user_restricted_to_a_vdc_sees_that_one(lab: Lab) -> None:
    api = lab.login("bryant@Tyrell")
    assert names(api.xml("query?type=orgVdc"), "v:OrgVdcRecord") == ["CHC Tyrell PAYG"]
    lab_vdc = lab.vcd.model.orgs[0].vdcs[1]
    assert api.get(f"vdc/{lab_vdc.id}").status_code == 403
    assert lab.login().get(f"vdc/{lab_vdc.id}").status_code == 200


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("joi@Wallace", 'No access to entity "com.vmware.vcloud.entity.vdc:'),
        ("administrator@System", "The VCD entity com.vmware.vcloud.entity.vdc:"),
    ],
)
def test_vcd_does_not_tell_what_is_missing_from_what_is_not_yours(lab: Lab, user: str, message: str) -> None:
    api = lab.login(user)
    answer = api.get(f"vdc/{NOBODY}")
    error = etree.fromstring(answer.data)
    assert answer.status_code == 403
    assert message in error.get("message")
    assert error.get("minorErrorCode") == "ACCESS_TO_RESOURCE_IS_FORBIDDEN"
    assert error.get("message").startswith(f"[ {answer.headers['X-VMWARE-VCLOUD-REQUEST-ID']} ] ")
    assert lab.login("joi@Wallace").get(f"vdc/{lab.vdc.id}").status_code == 403


def test_an_id_that_is_none_is_a_bad_request(lab: Lab) -> None:
    answer = lab.login().get("vdc/42")
    assert answer.status_code == 400
    assert "validation error on field 'id'" in etree.fromstring(answer.data).get("message")


def test_a_vdc_shows_capacity_profiles_networks_and_entities(lab: Lab) -> None:
    vapp = lab.import_vapp()
    vdc = lab.login().xml(f"vdc/{lab.vdc.id}")
    assert vdc.findtext("{*}AllocationModel") == "AllocationVApp"
    cpu = find(vdc, "v:ComputeCapacity/v:Cpu")[0]
    assert {e.tag.rpartition("}")[2]: e.text for e in cpu} == {
        "Units": "MHz", "Allocated": "0", "Limit": "0", "Reserved": "0", "Used": "0",
    }  # fmt: skip
    assert names(vdc, "v:VdcStorageProfiles/v:VdcStorageProfile") == ["CHC Performance", "CHC Archive"]
    assert names(vdc, "v:AvailableNetworks/v:Network") == ["Tyrell Servers"]
    assert names(vdc, "v:ResourceEntities/v:ResourceEntity") == ["deckard"]
    assert find(vdc, "v:ResourceEntities/v:ResourceEntity")[0].get("href").endswith(f"/vApp/vapp-{vapp.id}")


def test_running_vms_count_and_stopped_ones_do_not(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()

    def used() -> list[str | None]:
        vdc = api.xml(f"vdc/{lab.vdc.id}")
        return [e.findtext("{*}Used") for e in find(vdc, "v:ComputeCapacity")[0]]

    assert used() == ["0", "0"]
    api.post(f"vApp/vapp-{vapp.id}/power/action/powerOn")
    lab.host.advance(60)
    assert used() == ["2000", "4096"]


def test_a_storage_profile_shows_its_limit_and_the_query_its_use(lab: Lab) -> None:
    lab.import_vapp()
    api = lab.login()
    record = find(api.xml("query?type=orgVdcStorageProfile&filter=name==CHC Performance"), "*")[2]
    assert record.get("storageLimitMB") == str(200 * 1024)
    assert record.get("storageUsedMB") == str(44 * 1024), "disk and swap"
    profile = api.xml(record.get("href"))
    assert [profile.findtext(f"{{*}}{n}") for n in ("Enabled", "Units", "Limit", "Default")] == [
        "true", "MB", "204800", "true",
    ]  # fmt: skip


def test_a_network_shows_its_scope(lab: Lab) -> None:
    api = lab.login()
    network = api.xml(f"network/{lab.vdc.networks[0].id}")
    scope = find(network, "v:Configuration/v:IpScopes/v:IpScope")[0]
    assert scope.findtext("{*}Gateway") == "192.168.0.1"
    assert network.findtext("{*}Configuration/{*}FenceMode") == "bridged"
    assert names(api.xml(f"admin/vdc/{lab.vdc.id}/networks"), "v:OrgVdcNetworkRecord") == ["Tyrell Servers"]
    assert len(find(api.xml(f"admin/vdc/{lab.vdc.id}/edgeGateways"), "v:EdgeGatewayRecord")) == 0


def test_every_link_of_every_resource_leads_somewhere(lab: Lab) -> None:
    """Follow everything from the session as a browser of the API would."""
    lab.import_vapp(owner="tyrelladmin")
    api = lab.login()
    waiting = ["/api/session/", f"/api/admin/vdc/{lab.vdc.id}"]
    seen: set[str] = set()
    missing: set[str] = set()
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        answer = api.get(url)
        if answer.status_code != 200:
            missing.add(f"{answer.status_code} {url.split('?')[0].rsplit('/', 1)[0]}")
            continue
        for element in etree.fromstring(answer.data).iter("{*}Link"):
            if element.get("rel") in (
                "down",
                "up",
                "nextPage",
                "alternate",
                "orgVdcNetworks",
                "edgeGateways",
            ):
                waiting.append(element.get("href").removeprefix("http://localhost"))
    assert len(seen) > 90
    assert missing == {"403 /api/admin/vdc"}, "the administrator's view of a vDC is the provider's"


def test_hrefs_repeat_the_clients_host_or_the_public_base_url(lab: Lab) -> None:
    api = lab.login()
    asked = api.get("org", base_url="http://10.3.0.41:8443")
    assert b'href="http://10.3.0.41:8443/api/org/' in asked.data
    lab.vcd.model.public_base_url = "https://chc.mycloud.local/"
    assert b'href="https://chc.mycloud.local/api/org/' in api.get("org").data
    assert b"localhost" not in api.get("org").data


def test_figures_that_exist_besides_our_vms_are_shown() -> None:
    vdc = dataclasses.replace(TYRELL.vdcs[0], cpu=Compute(1500, 10000), memory=Compute(2048, 65536))
    estate = dataclasses.replace(
        ESTATE, orgs=(dataclasses.replace(TYRELL, vdcs=(vdc,), users=TYRELL.users[:1]),)
    )
    lab = make_lab(estate)
    record = find(lab.login().xml("query?type=orgVdc"), "v:OrgVdcRecord")[0]
    assert [record.get(n) for n in ("cpuUsedMhz", "cpuLimitMhz", "memoryUsedMB", "memoryLimitMB")] == [
        "1500", "10000", "2048", "65536",
    ]  # fmt: skip
