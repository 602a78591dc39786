"""Connecting imported VMs to the organization's networks."""

from __future__ import annotations

import pytest
from lxml import etree
from vcd_lab import Api, Lab, find

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
OVF = "http://schemas.dmtf.org/ovf/envelope/1"
CONFIG = "application/vnd.vmware.vcloud.networkConfigSection+xml"
CONNECTION = "application/vnd.vmware.vcloud.networkConnectionSection+xml"


def config(lab: Lab, name: str = "Tyrell Servers", network_id: str | None = None) -> str:
    parent = network_id or lab.vdc.networks[0].id
    return (
        f'<NetworkConfigSection xmlns="{VCLOUD}" xmlns:ovf="{OVF}"><ovf:Info/>'
        f'<NetworkConfig networkName="{name}">'
        f'<Configuration><ParentNetwork href="http://localhost/api/admin/network/{parent}"/>'
        "<FenceMode>bridged</FenceMode></Configuration></NetworkConfig></NetworkConfigSection>"
    )


def connection(network: str = "Tyrell Servers", mode: str = "POOL", index: str = "0", more: str = "") -> str:
    return (
        f'<NetworkConnectionSection xmlns="{VCLOUD}" xmlns:ovf="{OVF}"><ovf:Info/>'
        f"<PrimaryNetworkConnectionIndex>0</PrimaryNetworkConnectionIndex>"
        f'<NetworkConnection network="{network}">'
        f"<NetworkConnectionIndex>{index}</NetworkConnectionIndex>{more}"
        f"<IsConnected>true</IsConnected><IpAddressAllocationMode>{mode}</IpAddressAllocationMode>"
        "</NetworkConnection></NetworkConnectionSection>"
    )


def put(lab: Lab, api: Api, path: str, body: str, media_type: str) -> etree._Element:
    answer = api.put(path, data=body, content_type=media_type)
    assert answer.status_code == 202, answer.data
    lab.host.advance(10)
    return api.xml(etree.fromstring(answer.data).get("href"))


def test_a_vapp_gets_a_network_and_its_vm_is_connected(lab: Lab) -> None:
    vapp = lab.import_vapp()
    vm = vapp.vms[0]
    api = lab.login()
    assert (
        put(lab, api, f"vApp/vapp-{vapp.id}/networkConfigSection/", config(lab), CONFIG).get("status")
        == "success"
    )
    shown = api.xml(f"vApp/vapp-{vapp.id}/networkConfigSection")
    assert [e.get("networkName") for e in find(shown, "v:NetworkConfig")] == ["Tyrell Servers"]
    task = put(lab, api, f"vApp/vm-{vm.id}/networkConnectionSection", connection(), CONNECTION)
    assert task.get("status") == "success"
    nic = find(api.xml(f"vApp/vm-{vm.id}"), "v:NetworkConnectionSection/v:NetworkConnection")[0]
    assert nic.get("network") == "Tyrell Servers"
    assert [nic.findtext(f"{{*}}{n}") for n in ("IpAddress", "IsConnected", "IpAddressAllocationMode")] == [
        "192.168.0.150", "true", "POOL",
    ]  # fmt: skip
    assert lab.vcenter.vms["vm-70"].nics[0].network == "Tyrell Servers"
    addresses = api.xml(f"network/{lab.vdc.networks[0].id}/allocatedAddresses/")
    assert addresses.findtext("{*}IpAddress/{*}IpAddress") == "192.168.0.150"
    assert lab.host.of("vcd.vm")[-1]["change"] == "reconfigured"


def test_an_import_can_bring_the_network_with_it(lab: Lab) -> None:
    from vcd_lab import backing

    lab.vcenter.add(backing("vm-70", "deckard"))
    inside = f"<InstantiationParams>{config(lab)}</InstantiationParams>"
    answer = lab.login("administrator@System").import_as_vapp(lab, "deckard", "vm-70", inside=inside)
    assert answer.status_code == 201, answer.data
    lab.host.advance(60)
    assert list(lab.vdc.vapps[0].networks) == ["Tyrell Servers"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (connection("nowhere"), 'The VCD entity network "nowhere" does not exist.'),
        (connection(mode="MAGIC"), '"MAGIC" is not an IpAddressAllocationMode.'),
        (connection(index="7"), 'The VM "deckard" has no network card 7.'),
        (connection(index="x"), '"x" is not the index of a network card.'),
        (connection().replace('network="Tyrell Servers"', ""), "A NetworkConnection has no network."),
    ],
)
def test_a_bad_connection_is_refused(lab: Lab, body: str, text: str) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    put(lab, api, f"vApp/vapp-{vapp.id}/networkConfigSection/", config(lab), CONFIG)
    answer = api.put(
        f"vApp/vm-{vapp.vms[0].id}/networkConnectionSection/", data=body, content_type=CONNECTION
    )
    assert answer.status_code == 400
    assert etree.fromstring(answer.data).get("message").endswith(text)
    assert vapp.vms[0].busy is None


def test_a_network_of_another_vdc_cannot_be_used(lab: Lab) -> None:
    vapp = lab.import_vapp()
    other = config(lab, network_id="00000000-0000-4000-8000-000000000000")
    answer = lab.login().put(f"vApp/vapp-{vapp.id}/networkConfigSection/", data=other, content_type=CONFIG)
    assert etree.fromstring(answer.data).get("message").endswith('network "Tyrell Servers" does not exist.')


def test_a_pool_that_is_used_up_makes_the_task_fail_and_deleting_gives_addresses_back(lab: Lab) -> None:
    api = lab.login()
    vapps = []
    for number in range(3):
        vapp = lab.import_vapp(f"vm{number}", f"vm-{70 + number}")
        vapps.append(vapp)
        put(lab, api, f"vApp/vapp-{vapp.id}/networkConfigSection/", config(lab), CONFIG)
        path = f"vApp/vm-{vapp.vms[0].id}/networkConnectionSection/"
        task = put(lab, api, path, connection(), CONNECTION)
        assert task.get("status") == ("success" if number < 2 else "error")
    assert "no more addresses" in task.find("{*}Error").get("message")
    assert lab.vcenter.vms["vm-72"].nics[0].network == "Tyrell Servers", "as it was imported"
    assert vapps[2].vms[0].nics[0].network == "none"
    api.delete(f"vApp/vapp-{vapps[0].id}")
    lab.host.advance(60)
    assert put(lab, api, path, connection(), CONNECTION).get("status") == "success"
    assert vapps[2].vms[0].nics[0].ip_address == "192.168.0.150"


def test_a_manual_address_is_kept_and_a_used_network_cannot_be_taken_away(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    put(lab, api, f"vApp/vapp-{vapp.id}/networkConfigSection/", config(lab), CONFIG)
    body = connection(mode="MANUAL", more="<IpAddress>192.168.0.77</IpAddress>")
    put(lab, api, f"vApp/vm-{vapp.vms[0].id}/networkConnectionSection/", body, CONNECTION)
    assert vapp.vms[0].nics[0].ip_address == "192.168.0.77"
    empty = f'<NetworkConfigSection xmlns="{VCLOUD}"/>'
    answer = api.put(f"vApp/vapp-{vapp.id}/networkConfigSection/", data=empty, content_type=CONFIG)
    assert 'The network "Tyrell Servers" is in use' in etree.fromstring(answer.data).get("message")


def test_what_was_shown_can_be_put_back_unchanged(lab: Lab) -> None:
    vapp = lab.import_vapp()
    api = lab.login()
    put(lab, api, f"vApp/vapp-{vapp.id}/networkConfigSection/", config(lab), CONFIG)
    put(lab, api, f"vApp/vm-{vapp.vms[0].id}/networkConnectionSection/", connection(), CONNECTION)
    for path, media_type in (
        (f"vApp/vapp-{vapp.id}/networkConfigSection/", CONFIG),
        (f"vApp/vm-{vapp.vms[0].id}/networkConnectionSection/", CONNECTION),
    ):
        shown = api.get(path).data
        assert put(lab, api, path, shown.decode(), media_type).get("status") == "success"
