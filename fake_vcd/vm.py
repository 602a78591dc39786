"""/api/vApp/vm-{id}: looking at a VM, its hardware and network connections, deleting.

Power, deploying and metadata are shared with vApps (`vapp`, `metadata`).
"""

from __future__ import annotations

from flask import Response

from cxsim.fake_vcd import access, lifecycle, networking
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import BadRequest
from cxsim.fake_vcd.networking import Connection
from cxsim.fake_vcd.task import accepted
from cxsim.fake_vcd.wire import OVF, VCLOUD, WITH_OVF, Element, add, child_text, flag, root
from cxsim.fake_vcd.xml_vm import (
    CONNECTIONS,
    CUSTOMIZATION,
    HARDWARE,
    RASD_ITEM,
    RASD_LIST,
    VM,
    connection_section,
    customization_section,
    hardware_items,
    hardware_section,
    item_xml,
    vm_xml,
)

_SINGLE = {"cpu": 3, "memory": 4}
_LISTS = {"disks": (6, 17), "networkCards": (10,), "media": (), "serialPorts": ()}


def vm(call: Call, vm_id: str) -> Response:
    """GET /api/vApp/vm-{id}."""
    return call.answer(vm_xml(access.one_vm(call, vm_id), call), VM)


def delete(call: Call, vm_id: str) -> Response:
    """DELETE /api/vApp/vm-{id}."""
    found = access.one_vm(call, vm_id)
    access.require(call, access.DELETE, "VAPP_VM_DELETE", vm_id)
    return accepted(call, lifecycle.delete_vm(call.operations, found, call.user))


def hardware(call: Call, vm_id: str) -> Response:
    """GET /api/vApp/vm-{id}/virtualHardwareSection."""
    holder = root("Vm", VCLOUD, WITH_OVF)
    hardware_section(holder, access.one_vm(call, vm_id), call.hrefs)
    return call.answer(holder[0], HARDWARE)


def hardware_part(call: Call, vm_id: str, part: str) -> Response:
    """GET /api/vApp/vm-{id}/virtualHardwareSection/{cpu, memory, disks, networkCards...}."""
    found = access.one_vm(call, vm_id)
    here = call.hrefs.vm(found.id)
    if part in _SINGLE:
        item = next(i for i in hardware_items(found, call.hrefs) if i.resource_type == _SINGLE[part])
        element = root("Item", OVF, WITH_OVF)
        item_xml(element, item, here)
        return call.answer(element, RASD_ITEM)
    element = root(
        "RasdItemsList", VCLOUD, WITH_OVF, href=f"{here}/virtualHardwareSection/{part}", type=RASD_LIST
    )
    for item in hardware_items(found, call.hrefs):
        if item.resource_type in _LISTS[part]:
            item_xml(add(element, "Item"), item, here)
    return call.answer(element, RASD_LIST)


def customization(call: Call, vm_id: str) -> Response:
    """GET /api/vApp/vm-{id}/guestCustomizationSection."""
    element = root("GuestCustomizationSection", VCLOUD, WITH_OVF)
    customization_section(element, access.one_vm(call, vm_id), call.hrefs)
    return call.answer(element, CUSTOMIZATION)


def connections(call: Call, vm_id: str) -> Response:
    """GET /api/vApp/vm-{id}/networkConnectionSection."""
    element = root("NetworkConnectionSection", VCLOUD, WITH_OVF)
    connection_section(element, access.one_vm(call, vm_id), call.hrefs)
    return call.answer(element, CONNECTIONS)


def put_connections(call: Call, vm_id: str) -> Response:
    """PUT /api/vApp/vm-{id}/networkConnectionSection."""
    found = access.one_vm(call, vm_id)
    access.require(call, access.EDIT, "VAPP_EDIT_VM_NETWORK", vm_id)
    body = call.body(CONNECTIONS, "NetworkConnectionSection")
    wanted = (
        [_connection(e) for e in body.iterchildren(f"{{{VCLOUD}}}NetworkConnection")]
        if body is not None
        else []
    )
    primary = _number(child_text(body, "PrimaryNetworkConnectionIndex") or "0")
    return accepted(call, networking.connect(call.operations, found, primary, wanted, call.user))


def _connection(element: Element) -> Connection:
    network = element.get("network")
    if not network:
        raise BadRequest("A NetworkConnection has no network.")
    return Connection(
        _number(child_text(element, "NetworkConnectionIndex") or "0"),
        network,
        flag(child_text(element, "IsConnected")),
        child_text(element, "IpAddressAllocationMode") or "NONE",
        child_text(element, "IpAddress"),
    )


def _number(text: str) -> int:
    if not text.isdecimal():
        raise BadRequest(f'"{text}" is not the index of a network card.')
    return int(text)
