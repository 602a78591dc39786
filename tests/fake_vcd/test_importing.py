"""Importing VMs from the vCenter: who may, what is checked, what comes of it."""

from __future__ import annotations

import dataclasses

import pytest
from lxml import etree
from vcd_lab import GIB, Lab, backing, find

from cxsim.fake_vcd.infrastructure import InfrastructureError

EXT = "http://www.vmware.com/vcloud/extension/v1.5"


def error_of(answer: object) -> tuple[int, str, str]:
    element = etree.fromstring(answer.data)  # type: ignore[attr-defined]
    text = element.get("message").partition(" ] ")[2]
    return answer.status_code, element.get("minorErrorCode"), text  # type: ignore[attr-defined]


def test_an_import_answers_201_with_an_unresolved_vapp_and_its_task(lab: Lab) -> None:
    lab.vcenter.add(backing("vm-70", "deckard"))
    api = lab.login("administrator@System")
    answer = api.import_as_vapp(lab, "deckard", "vm-70")
    vapp = etree.fromstring(answer.data)
    assert (answer.status_code, answer.headers["Location"]) == (201, vapp.get("href"))
    assert answer.headers["Content-Type"] == "application/vnd.vmware.vcloud.vApp+xml;version=29.0"
    assert (vapp.get("status"), vapp.find("{*}Children")) == ("0", None)
    task = vapp.find("{*}Tasks/{*}Task")
    assert task.find("{*}Organization").get("name") == "Tyrell"
    lab.host.advance(19)
    assert api.xml(task.get("href")).get("status") == "running"
    lab.host.advance(1)
    assert api.xml(task.get("href")).get("status") == "success"
    done = lab.login().xml(vapp.get("href"))
    vm = done.find("{*}Children/{*}Vm")
    assert (done.get("status"), vm.get("name"), vm.get("status")) == ("8", "deckard", "8")
    assert [(e["change"], e["vapp"], e["power"]) for e in lab.host.of("vcd.vapp")] == [
        ("created", "deckard", "off"),
        ("imported", "deckard", "off"),
    ]
    assert [e["state"] for e in lab.host.of("task")] == ["running", "success"]


def test_the_vm_is_renamed_as_vcd_does(lab: Lab) -> None:
    vapp = lab.import_vapp()
    vm = vapp.vms[0]
    assert lab.vcenter.vms["vm-70"].name == f"deckard ({vm.id})"
    assert vm.name == "deckard"
    assert vm.backing.moref == "vm-70"


def test_only_the_system_may_import(lab: Lab) -> None:
    lab.vcenter.add(backing("vm-70", "deckard"))
    status, code, text = error_of(lab.login().import_as_vapp(lab, "deckard", "vm-70"))
    assert (status, code) == (403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
    assert "following rights [SYSTEM_ADMIN]" in text
    assert lab.vdc.vapps == []


def test_a_vm_larger_than_what_is_left_of_the_profile_is_refused(lab: Lab) -> None:
    lab.vcenter.add(backing("vm-70", "deckard", disk_gib=100))
    lab.vcenter.add(backing("vm-71", "rachael", disk_gib=93))
    api = lab.login("administrator@System")
    assert api.import_as_vapp(lab, "deckard", "vm-70").status_code == 201
    status, code, text = error_of(api.import_as_vapp(lab, "rachael", "vm-71"))
    assert (status, code) == (400, "BAD_REQUEST")
    assert text == (
        "The requested operation will exceed the VDC's storage quota: storage policy "
        '"CHC Performance" has 98,304 MB remaining, requested 99,328 MB.'
    )
    lab.vcenter.vms["vm-71"] = backing("vm-71", "rachael", disk_gib=92)
    assert api.import_as_vapp(lab, "rachael", "vm-71").status_code == 201
    assert lab.vdc.storage_profiles[0].used_mb == 200 * 1024


def test_another_profile_can_be_named_and_the_swap_file_left_out(lab: Lab) -> None:
    lab.vcenter.add(backing("vm-70", "deckard", disk_gib=1000))
    archive = lab.vdc.storage_profiles[1]
    profile = f'<VdcStorageProfile href="http://x/api/vdcStorageProfile/{archive.id}"/>'
    api = lab.login("administrator@System")
    lab.vcd.operations.config = dataclasses.replace(lab.vcd.config, swap_counts=False)
    assert api.import_as_vapp(lab, "deckard", "vm-70", inside=profile).status_code == 201
    assert archive.used_mb == 1000 * 1024
    assert lab.vdc.storage_profiles[0].used_mb == 0


@pytest.mark.parametrize(
    ("name", "moref", "attributes", "inside", "text"),
    [
        ("deckard", "vm-99", "", "", 'The object "vm-99" has already been deleted or has not been'),
        ("deckard", "vm-71", "", "", 'The virtual machine "roy" must be powered off'),
        ("taken", "vm-70", "", "", "The VCD entity taken already exists."),
        ("deckard", "vm-70", 'deploy="perhaps"', "", '"perhaps" is not a boolean value.'),
        (
            "deckard",
            "vm-70",
            "",
            '<VdcStorageProfile href="nowhere"/>',
            "The reference to the storage profile",
        ),
        (
            "deckard",
            "vm-70",
            "",
            '<VdcStorageProfile href="http://x/00000000-0000-4000-8000-000000000000"/>',
            'is not one of the VDC "CHC Tyrell PAYG".',
        ),
        ("", "vm-70", "", "", "ImportVmAsVAppParams has no name."),
        ("deckard", "", "", "", "The request has no VmMoRef."),
    ],
)
def test_a_bad_import_is_refused_and_leaves_nothing(
    lab: Lab, name: str, moref: str, attributes: str, inside: str, text: str
) -> None:
    lab.import_vapp("taken", "vm-60")
    lab.vcenter.add(backing("vm-70", "deckard"))
    lab.vcenter.add(backing("vm-71", "roy", power="on"))
    used_mb = lab.vdc.storage_profiles[0].used_mb
    api = lab.login("administrator@System")
    status, _, message = error_of(api.import_as_vapp(lab, name, moref, attributes, inside))
    assert status == 400
    assert text in message
    assert [v.name for v in lab.vdc.vapps] == ["taken"]
    assert lab.vdc.storage_profiles[0].used_mb == used_mb


def test_a_vm_is_imported_once(lab: Lab) -> None:
    lab.vcenter.add(backing("vm-70", "deckard"))
    api = lab.login("administrator@System")
    assert api.import_as_vapp(lab, "one", "vm-70").status_code == 201
    for _ in range(2):
        status, _, text = error_of(api.import_as_vapp(lab, "two", "vm-70"))
        assert (status, "already managed" in text) == (400, True)
        lab.host.advance(60)


def test_a_failed_import_leaves_a_failed_vapp_and_gives_the_storage_back(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.vcenter.add(backing("vm-70", "deckard"))

    def refuse(*_: object) -> None:
        raise InfrastructureError("The operation is not allowed in the current state")

    monkeypatch.setattr(lab.vcenter, "rename", refuse)
    api = lab.login("administrator@System")
    href = api.import_as_vapp(lab, "deckard", "vm-70").headers["Location"]
    lab.host.advance(60)
    failed = api.xml(href)
    assert failed.get("status") == "-1"
    assert failed.find("{*}Tasks/{*}Task/{*}Error") is not None
    assert lab.vdc.storage_profiles[0].used_mb == 0
    monkeypatch.undo()
    assert api.delete(href).status_code == 202
    lab.host.advance(60)
    assert "vm-70" in lab.vcenter.vms, "what was not imported is not destroyed"
    assert api.import_as_vapp(lab, "deckard", "vm-70").status_code == 201


def test_without_source_move_the_vm_stays_and_a_copy_is_made(lab: Lab) -> None:
    lab.vcenter.add(backing("vm-70", "deckard", disk_gib=10))
    api = lab.login("administrator@System")
    body = (
        f'<ImportVmAsVAppParams xmlns="{EXT}" name="deckard" sourceMove="false"><VmMoRef>vm-70</VmMoRef>'
        f'<Vdc href="http://localhost/api/vdc/{lab.vdc.id}"/></ImportVmAsVAppParams>'
    )
    server = lab.vcd.model.vim_servers[0].id
    api.post(
        f"admin/extension/vimServer/{server}/importVmAsVApp",
        data=body,
        content_type="application/vnd.vmware.admin.importVmAsVAppParams+xml; charset=ISO-8859-1",
    )
    lab.host.advance(20 + 10 * GIB / 100e6 - 1)
    assert len(lab.vcenter.vms) == 1
    lab.host.advance(1)
    assert [v.name.split(" ")[0] for v in lab.vcenter.vms.values()] == ["deckard", "deckard"]
    assert lab.vcenter.vms["vm-70"].name == "deckard"
    assert lab.vdc.vapps[0].vms[0].backing.moref == "vm-71"


def test_power_on_and_a_new_name_can_be_asked_for(lab: Lab) -> None:
    lab.vcenter.add(backing("vm-70", "C4-replica"))
    api = lab.login("administrator@System")
    api.import_as_vapp(lab, "app", "vm-70", 'powerOn="true"', "<VmName>deckard</VmName>")
    lab.host.advance(60)
    vm = lab.vdc.vapps[0].vms[0]
    assert (vm.name, vm.status.name, lab.vcenter.vms["vm-70"].power) == ("deckard", "POWERED_ON", "on")
    assert api.xml(f"vApp/vapp-{lab.vdc.vapps[0].id}").get("deployed") == "true"


def into(lab: Lab, vapp_id: str, moref: str, media_type: str = "importVmIntoExistingVAppParams") -> object:
    body = (
        f'<v:ImportVmIntoExistingVAppParams xmlns:v="{EXT}" sourceMove="true"><v:VmMoRef>{moref}</v:VmMoRef>'
        f'<v:VApp href="http://localhost/api/vApp/vapp-{vapp_id}"/></v:ImportVmIntoExistingVAppParams>'
    )
    server = lab.vcd.model.vim_servers[0].id
    return lab.login("administrator@System").post(
        f"admin/extension/vimServer/{server}/importVmIntoExistingVApp",
        data=body,
        content_type=f"application/vnd.vmware.admin.{media_type}+xml",
    )


def test_a_second_vm_goes_into_an_existing_vapp(lab: Lab) -> None:
    vapp = lab.import_vapp()
    lab.vcenter.add(backing("vm-71", "rachael"))
    answer = into(lab, vapp.id, "vm-71")
    task = etree.fromstring(answer.data)  # type: ignore[attr-defined]
    assert answer.status_code == 202  # type: ignore[attr-defined]
    assert task.find("{*}Owner").get("href").endswith(vapp.id)
    assert [vm.name for vm in vapp.vms] == ["deckard"]
    assert error_of(into(lab, vapp.id, "vm-71"))[:2] == (400, "BAD_REQUEST")
    lab.host.advance(60)
    assert [vm.name for vm in vapp.vms] == ["deckard", "rachael"]
    lab.vcenter.add(backing("vm-72", "rachael"))
    assert error_of(into(lab, vapp.id, "vm-72")) == (
        400,
        "DUPLICATE_NAME",
        'There is already a VM named "rachael".',
    )


def test_a_busy_vapp_takes_no_vm_and_loses_no_storage(lab: Lab) -> None:
    vapp = lab.import_vapp()
    lab.vcenter.add(backing("vm-71", "rachael"))
    lab.login().post(f"vApp/vapp-{vapp.id}/power/action/powerOn")
    used_mb = lab.vdc.storage_profiles[0].used_mb
    assert error_of(into(lab, vapp.id, "vm-71"))[1] == "BUSY_ENTITY"
    assert lab.vdc.storage_profiles[0].used_mb == used_mb
    lab.host.advance(60)
    assert into(lab, vapp.id, "vm-71").status_code == 202  # type: ignore[attr-defined]


def test_the_content_type_must_be_that_of_the_import(lab: Lab) -> None:
    vapp = lab.import_vapp()
    lab.vcenter.add(backing("vm-71", "rachael"))
    assert error_of(into(lab, vapp.id, "vm-71", "vm"))[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_extension_lists_vcenters_and_what_can_be_imported(lab: Lab) -> None:
    lab.import_vapp()
    lab.vcenter.add(backing("vm-71", "rachael"))
    api = lab.login("administrator@System")
    assert find(api.xml("admin/extension"), "v:Link")[0].get("type").endswith("vmwVimServerReferences+xml")
    reference = find(api.xml("admin/extension/vimServerReferences"), "x:VimServerReference")[0]
    server = api.xml(reference.get("href"))
    assert (server.get("name"), server.findtext("{*}Url")) == (
        "chc-vc01",
        "https://chc-vc01.mycloud.local:443",
    )
    rels = {e.get("rel"): e.get("href") for e in find(server, "v:Link")}
    assert rels["importVmAsVApp"] == reference.get("href") + "/importVmAsVApp"
    listed = api.xml(reference.get("href") + "/vmsList")
    assert [(e.get("name"), e.findtext("{*}MoRef")) for e in find(listed, "x:VmObjectRef")] == [
        ("rachael", "vm-71")
    ]


def test_a_system_administrator_sees_the_backing_vm_and_a_user_does_not(lab: Lab) -> None:
    vm = lab.import_vapp().vms[0]
    shown = lab.login("administrator@System").xml(f"vApp/vm-{vm.id}")
    assert shown.findtext(f".//{{{EXT}}}MoRef") == "vm-70"
    assert lab.login().xml(f"vApp/vm-{vm.id}").find(f".//{{{EXT}}}MoRef") is None
