"""/api/vApp/vapp-{id}: looking at a vApp, power, deploying, networks, deleting."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response

from cxsim.fake_vcd import access, lifecycle, networking, power
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import BadRequest
from cxsim.fake_vcd.model import Network, VApp, Vdc, Vm
from cxsim.fake_vcd.task import accepted
from cxsim.fake_vcd.wire import (
    OVF,
    VCLOUD,
    WITH_OVF,
    Element,
    add,
    child,
    child_text,
    flag,
    referred_id,
    root,
    vcloud_type,
)
from cxsim.fake_vcd.xml_vapp import (
    LEASE,
    NETWORK_CONFIG,
    NETWORK_SECTION,
    OWNER,
    STARTUP,
    VAPP,
    lease_section,
    network_config_section,
    network_section,
    owner_element,
    startup_section,
    vapp_xml,
)

DEPLOY_PARAMS = vcloud_type("deployVAppParams")
UNDEPLOY_PARAMS = vcloud_type("undeployVAppParams")
CONTROL_ACCESS = vcloud_type("controlAccess")


def vapp(call: Call, vapp_id: str) -> Response:
    """GET /api/vApp/vapp-{id}."""
    return call.answer(vapp_xml(access.one_vapp(call, vapp_id), call), VAPP)


def delete(call: Call, vapp_id: str) -> Response:
    """DELETE /api/vApp/vapp-{id}[?force=true]."""
    found = access.one_vapp(call, vapp_id)
    access.require(call, access.DELETE, "VAPP_DELETE", vapp_id)
    force = call.request.args.get("force", "false").lower() == "true"
    return accepted(call, lifecycle.delete_vapp(call.operations, found, force, call.user))


def entity(call: Call, kind: str, entity_id: str) -> VApp | Vm:
    """The vApp or VM that a shared route names."""
    return access.one_vapp(call, entity_id) if kind == "vapp" else access.one_vm(call, entity_id)


def power_action(call: Call, kind: str, entity_id: str, action: str) -> Response:
    """POST /api/vApp/{vapp|vm}-{id}/power/action/{action}, and action/discardSuspendedState."""
    found = entity(call, kind, entity_id)
    access.require(call, access.POWER, "VAPP_POWER_OPERATIONS", entity_id)
    if isinstance(found, VApp) and found.failed:
        raise BadRequest(f'The vApp "{found.name}" was not created successfully.')
    return accepted(call, power.start(call.operations, power.ACTIONS[action], found, call.user))


def discard_suspended_state(call: Call, kind: str, entity_id: str) -> Response:
    """POST .../action/discardSuspendedState."""
    return power_action(call, kind, entity_id, "discardSuspendedState")


def deploy(call: Call, kind: str, entity_id: str) -> Response:
    """POST .../action/deploy with DeployVAppParams (powerOn is true unless it says otherwise)."""
    found = entity(call, kind, entity_id)
    access.require(call, access.POWER, "VAPP_DEPLOY", entity_id)
    body = call.body(DEPLOY_PARAMS, "DeployVAppParams", required=False)
    power_on = flag(body.get("powerOn") if body is not None else None, True)
    return accepted(call, lifecycle.deploy(call.operations, found, power_on, call.user))


def undeploy(call: Call, kind: str, entity_id: str) -> Response:
    """POST .../action/undeploy with UndeployVAppParams."""
    found = entity(call, kind, entity_id)
    access.require(call, access.POWER, "VAPP_UNDEPLOY", entity_id)
    body = call.body(UNDEPLOY_PARAMS, "UndeployVAppParams")
    word = child_text(body, "UndeployPowerAction") or "default"
    return accepted(call, lifecycle.undeploy(call.operations, found, word, call.user))


def control_access(call: Call, vapp_id: str) -> Response:
    """GET /api/vApp/vapp-{id}/controlAccess: shared with nobody."""
    access.one_vapp(call, vapp_id)
    element = root("ControlAccessParams")
    add(element, "IsSharedToEveryone", False)
    return call.answer(element, CONTROL_ACCESS)


def owner(call: Call, vapp_id: str) -> Response:
    """GET /api/vApp/vapp-{id}/owner."""
    element = root("Owner")
    owner_element(element, access.one_vapp(call, vapp_id).owner, call.hrefs)
    return call.answer(element, OWNER)


def section(call: Call, vapp_id: str, name: str) -> Response:
    """GET of one section of a vApp."""
    found = access.one_vapp(call, vapp_id)
    tag, namespace, media_type, fill = {
        "leaseSettingsSection": ("LeaseSettingsSection", VCLOUD, LEASE, lease_section),
        "startupSection": ("StartupSection", OVF, STARTUP, startup_section),
        "networkSection": ("NetworkSection", OVF, NETWORK_SECTION, network_section),
        "networkConfigSection": ("NetworkConfigSection", VCLOUD, NETWORK_CONFIG, network_config_section),
    }[name]
    element = root(tag, namespace, WITH_OVF)
    fill(element, found, call.hrefs)
    return call.answer(element, media_type)


def put_network_config(call: Call, vapp_id: str) -> Response:
    """PUT /api/vApp/vapp-{id}/networkConfigSection."""
    found = access.one_vapp(call, vapp_id)
    access.require(call, access.EDIT, "VAPP_EDIT_NETWORK", vapp_id)
    body = call.body(NETWORK_CONFIG, "NetworkConfigSection")
    wanted = read_network_config(body, found.vdc)
    return accepted(call, networking.configure(call.operations, found, wanted, call.user))


def read_network_config(section_: Element | None, vdc: Vdc) -> Mapping[str, Network]:
    """vApp network name -> organization network, from a NetworkConfigSection. Only networks bridged to an
    organization network of the vDC are emulated. Raises vCD's errors."""
    networks: dict[str, Network] = {}
    for config in () if section_ is None else section_.iterchildren(f"{{{VCLOUD}}}NetworkConfig"):
        name = config.get("networkName")
        if not name:
            raise BadRequest("A NetworkConfig has no networkName.")
        configuration = child(config, "Configuration")
        parent = child(configuration, "ParentNetwork") if configuration is not None else None
        network_id = referred_id(parent, f'the parent network of "{name}"')
        known = [network for network in vdc.networks if network.id == network_id]
        if not known:
            raise BadRequest(f'The VCD entity network "{name}" does not exist.')
        networks[name] = known[0]
    return networks
