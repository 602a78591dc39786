"""/api/vdc, /api/vdcStorageProfile, /api/network and their administrator's views."""

from __future__ import annotations

from flask import Response

from cxsim.fake_vcd import access
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.metadata import empty
from cxsim.fake_vcd.wire import add, root, vcloud_type
from cxsim.fake_vcd.xml_vdc import (
    ADMIN_VDC,
    NETWORK,
    PROFILE,
    VDC,
    network_xml,
    profile_xml,
    vdc_xml,
)

CONTROL_ACCESS = vcloud_type("controlAccess")


def vdc(call: Call, vdc_id: str) -> Response:
    """GET /api/vdc/{id}."""
    found = access.one_vdc(call, vdc_id)
    vapps = [vapp for vapp in access.vapps(call) if vapp.vdc is found]
    return call.answer(vdc_xml(found, vapps, call.hrefs), VDC)


def admin_vdc(call: Call, vdc_id: str) -> Response:
    """GET /api/admin/vdc/{id}."""
    access.require(call, access.SYSTEM, "ORGANIZATION_VDC_VIEW", vdc_id)
    found = access.one_vdc(call, vdc_id)
    return call.answer(vdc_xml(found, found.vapps, call.hrefs, admin=True), ADMIN_VDC)


def vdc_control_access(call: Call, vdc_id: str) -> Response:
    """GET /api/vdc/{id}/controlAccess: shared with everybody in the organization, vCD's default."""
    access.one_vdc(call, vdc_id)
    element = root("ControlAccessParams")
    add(element, "IsSharedToEveryone", True)
    add(element, "EveryoneAccessLevel", "ReadOnly")
    return call.answer(element, CONTROL_ACCESS)


def profile(call: Call, profile_id: str) -> Response:
    """GET /api/vdcStorageProfile/{id}."""
    return call.answer(profile_xml(access.one_profile(call, profile_id), call.hrefs), PROFILE)


def profile_metadata(call: Call, profile_id: str) -> Response:
    """GET /api/vdcStorageProfile/{id}/metadata: none."""
    return empty(call, call.hrefs.profile(access.one_profile(call, profile_id).id))


def network(call: Call, network_id: str) -> Response:
    """GET /api/network/{id} and /api/admin/network/{id}."""
    return call.answer(network_xml(access.one_network(call, network_id), call.hrefs), NETWORK)


def network_metadata(call: Call, network_id: str) -> Response:
    """GET /api/network/{id}/metadata: none."""
    return empty(call, call.hrefs.network(access.one_network(call, network_id).id))


def allocated_addresses(call: Call, network_id: str) -> Response:
    """GET /api/network/{id}/allocatedAddresses."""
    found = access.one_network(call, network_id)
    here = call.hrefs.network(found.id) + "/allocatedAddresses/"
    element = root("AllocatedIpAddresses", href=here, type=vcloud_type("allocatedNetworkAddress"))
    for address, vm_id in found.taken.items():
        entry = add(element, "IpAddress", None, allocationType="vmAllocated", isDeployed="true")
        add(entry, "IpAddress", address)
        add(entry, "Link", None, rel="down", href=call.hrefs.vm(vm_id), type=vcloud_type("vm"))
    return call.answer(element, vcloud_type("allocatedNetworkAddress"))
