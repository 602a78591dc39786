"""/api/admin/extension: vCenters and importing their VMs. System administrators only.

Rules of this file: importVm is of API 30.0 (cx.md 5.1) and is not here. What an import checks and does is
`importing`; here is only its wire format.
"""

from __future__ import annotations

from flask import Response

from cxsim.fake_vcd import access, importing
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import BadRequest
from cxsim.fake_vcd.importing import ImportRequest
from cxsim.fake_vcd.model import StorageProfile, Vdc
from cxsim.fake_vcd.task import accepted
from cxsim.fake_vcd.vapp import read_network_config
from cxsim.fake_vcd.wire import (
    EXTENSION,
    WITH_EXTENSION,
    Element,
    add,
    admin_type,
    child,
    child_text,
    flag,
    link,
    reference,
    referred_id,
    root,
)
from cxsim.fake_vcd.xml_vapp import VAPP, vapp_xml

VIM_SERVER = admin_type("vmwvirtualcenter")
VIM_SERVERS = admin_type("vmwVimServerReferences")
IMPORT_AS_VAPP = admin_type("importVmAsVAppParams")
IMPORT_INTO_VAPP = admin_type("importVmIntoExistingVAppParams")


def extension(call: Call) -> Response:
    """GET /api/admin/extension."""
    access.require_system(call, "EXTENSION_VIEW")
    href = call.hrefs.api("admin/extension")
    element = root("VMWExtension", EXTENSION, WITH_EXTENSION, href=href, type=admin_type("vmwExtension"))
    link(element, "down", f"{href}/vimServerReferences", VIM_SERVERS)
    return call.answer(element, admin_type("vmwExtension"))


def vim_servers(call: Call) -> Response:
    """GET /api/admin/extension/vimServerReferences."""
    access.require_system(call, "VIM_SERVER_VIEW")
    href = call.hrefs.api("admin/extension/vimServerReferences")
    element = root("VMWVimServerReferences", EXTENSION, WITH_EXTENSION, href=href, type=VIM_SERVERS)
    link(element, "up", call.hrefs.api("admin/extension"), admin_type("vmwExtension"))
    for server in call.cloud.vim_servers:
        reference(
            element,
            "VimServerReference",
            server.name,
            call.hrefs.vim_server(server.id),
            VIM_SERVER,
            EXTENSION,
        )
    return call.answer(element, VIM_SERVERS)


def vim_server(call: Call, server_id: str) -> Response:
    """GET /api/admin/extension/vimServer/{id}."""
    server = access.one_vim_server(call, server_id)
    here = call.hrefs.vim_server(server.id)
    element = root(
        "VimServer", EXTENSION, WITH_EXTENSION, name=server.name, id=f"urn:vcloud:vimserver:{server.id}",
        href=here, type=VIM_SERVER,
    )  # fmt: skip
    link(element, "up", call.hrefs.api("admin/extension"), admin_type("vmwExtension"))
    link(element, "down", f"{here}/vmsList", admin_type("vmsObjectRefsList"))
    link(element, "importVmAsVApp", f"{here}/importVmAsVApp", IMPORT_AS_VAPP)
    link(element, "importVmIntoExistingVApp", f"{here}/importVmIntoExistingVApp", IMPORT_INTO_VAPP)
    add(element, "Username", server.config.username, EXTENSION)
    add(element, "Url", server.config.url, EXTENSION)
    add(element, "IsEnabled", True, EXTENSION)
    add(element, "IsConnected", True, EXTENSION)
    add(element, "Uuid", server.id, EXTENSION)
    add(element, "VcVersion", server.config.version, EXTENSION)
    return call.answer(element, VIM_SERVER)


def vms_list(call: Call, server_id: str) -> Response:
    """GET /api/admin/extension/vimServer/{id}/vmsList: the VMs that can be imported."""
    server = access.one_vim_server(call, server_id)
    href = call.hrefs.vim_server(server.id, "/vmsList")
    media_type = admin_type("vmsObjectRefsList")
    element = root("VmObjectRefsList", EXTENSION, WITH_EXTENSION, href=href, type=media_type)
    managed = {vm.backing.moref for vm in call.cloud.vms if vm.vdc.vim_server is server}
    for vm in call.operations.infrastructure.list_vms(server.name):
        if vm.moref in managed:
            continue
        entry = add(element, "VmObjectRef", None, EXTENSION, name=vm.name)
        reference(entry, "VimServerRef", server.name, call.hrefs.vim_server(server.id), VIM_SERVER, EXTENSION)
        add(entry, "MoRef", vm.moref, EXTENSION)
        add(entry, "VimObjectType", "VIRTUAL_MACHINE", EXTENSION)
    return call.answer(element, media_type)


def import_vm_as_vapp(call: Call, server_id: str) -> Response:
    """POST /api/admin/extension/vimServer/{id}/importVmAsVApp: 201 with the unresolved vApp and its task."""
    server = access.one_vim_server(call, server_id)
    body = call.body(IMPORT_AS_VAPP, "ImportVmAsVAppParams")
    name = body.get("name") if body is not None else None
    if not name:
        raise BadRequest("ImportVmAsVAppParams has no name.")
    vdc = access.one_vdc(call, referred_id(child(body, "Vdc", EXTENSION), "the VDC"))
    request = _import_request(body, vdc)
    vapp = importing.import_as_vapp(call.operations, server, vdc, name, request, call.user)
    return call.answer(vapp_xml(vapp, call), VAPP, 201, call.hrefs.vapp(vapp.id))


def import_vm_into_vapp(call: Call, server_id: str) -> Response:
    """POST /api/admin/extension/vimServer/{id}/importVmIntoExistingVApp: 202 with the task."""
    server = access.one_vim_server(call, server_id)
    body = call.body(IMPORT_INTO_VAPP, "ImportVmIntoExistingVAppParams")
    vapp = access.one_vapp(call, referred_id(child(body, "VApp", EXTENSION), "the vApp"))
    request = _import_request(body, vapp.vdc)
    return accepted(call, importing.import_into_vapp(call.operations, server, vapp, request, call.user))


def _import_request(body: Element, vdc: Vdc) -> ImportRequest:
    moref = child_text(body, "VmMoRef", EXTENSION)
    if moref is None:
        raise BadRequest("The request has no VmMoRef.")
    named = child(body, "VdcStorageProfile", EXTENSION)
    parameters = child(body, "InstantiationParams", EXTENSION)
    if parameters is None:
        parameters = child(body, "InstantiationParams")
    section = child(parameters, "NetworkConfigSection") if parameters is not None else None
    return ImportRequest(
        moref,
        child_text(body, "VmName", EXTENSION),
        child_text(body, "ComputerName", EXTENSION),
        _profile(vdc, named) if named is not None else None,
        flag(body.get("sourceMove")),
        flag(body.get("deploy")),
        flag(body.get("powerOn")),
        child_text(body, "Description") or "",
        read_network_config(section, vdc),
    )


def _profile(vdc: Vdc, element: Element) -> StorageProfile:
    wanted = referred_id(element, "the storage profile")
    for profile in vdc.storage_profiles:
        if profile.id == wanted:
            return profile
    raise BadRequest(f'The storage profile {wanted} is not one of the VDC "{vdc.name}".')
