"""Representation of vApps and of their sections."""

from __future__ import annotations

from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.model import User, VApp
from cxsim.fake_vcd.wire import (
    OVF,
    VCLOUD,
    WITH_OVF,
    Element,
    Hrefs,
    add,
    admin_type,
    link,
    reference,
    root,
    to_time,
    vcloud_type,
)
from cxsim.fake_vcd.xml_task import add_task
from cxsim.fake_vcd.xml_vdc import network_configuration
from cxsim.fake_vcd.xml_vm import add_vm, power_links

VAPP = vcloud_type("vApp")
LEASE = vcloud_type("leaseSettingsSection")
NETWORK_CONFIG = vcloud_type("networkConfigSection")
NETWORK_SECTION = vcloud_type("networkSection")
STARTUP = vcloud_type("startupSection")
OWNER = vcloud_type("owner")


def vapp_xml(vapp: VApp, call: Call) -> Element:
    """A vApp with its VMs; unresolved, only its task (as in the answer to an import)."""
    hrefs = call.hrefs
    here = hrefs.vapp(vapp.id)
    element = root(
        "VApp", VCLOUD, WITH_OVF, ovfDescriptorUploaded="true", deployed=str(vapp.deployed).lower(),
        status=str(vapp.status.value), name=vapp.name, id=f"urn:vcloud:vapp:{vapp.id}", href=here, type=VAPP,
    )  # fmt: skip
    power_links(element, vapp.status, vapp.deployed, here)
    link(element, "down", f"{here}/controlAccess/", vcloud_type("controlAccess"))
    link(element, "up", hrefs.vdc(vapp.vdc.id), vcloud_type("vdc"))
    link(element, "edit", here, VAPP)
    link(element, "down", f"{here}/owner", OWNER)
    link(element, "down", f"{here}/metadata", vcloud_type("metadata"))
    if not vapp.deployed:
        link(element, "remove", here)
    add(element, "Description", vapp.description)
    shown = [t for t in vapp.tasks if t.active and t.owner_id == vapp.id] or (
        [vapp.tasks[-1]] if vapp.failed and vapp.tasks else []
    )
    if shown:
        tasks = add(element, "Tasks")
        for task in shown:
            add_task(tasks, task, call)
    if vapp.resolved:
        lease_section(add(element, "LeaseSettingsSection"), vapp, hrefs)
        startup_section(add(element, "StartupSection", None, OVF), vapp, hrefs)
        network_section(add(element, "NetworkSection", None, OVF), vapp, hrefs)
        network_config_section(add(element, "NetworkConfigSection"), vapp, hrefs)
    add(element, "DateCreated", to_time(vapp.created_s))
    owner_element(add(element, "Owner"), vapp.owner, hrefs)
    add(element, "InMaintenanceMode", False)
    if vapp.resolved and vapp.vms:
        children = add(element, "Children")
        for vm in vapp.vms:
            add_vm(children, vm, call)
    return element


def owner_element(element: Element, owner: User, hrefs: Hrefs) -> None:
    """Fill an Owner."""
    element.set("type", OWNER)
    reference(element, "User", owner.name, hrefs.user(owner.id), admin_type("user"))


def lease_section(section: Element, vapp: VApp, hrefs: Hrefs) -> None:
    """Leases never expire here."""
    section.set("href", hrefs.vapp(vapp.id, "/leaseSettingsSection/"))
    section.set("type", LEASE)
    section.set(f"{{{OVF}}}required", "false")
    add(section, "Info", "Lease settings section", OVF)
    add(section, "DeploymentLeaseInSeconds", 0)
    add(section, "StorageLeaseInSeconds", 0)


def startup_section(section: Element, vapp: VApp, hrefs: Hrefs) -> None:
    """All VMs start and stop together."""
    section.set(f"{{{VCLOUD}}}type", STARTUP)
    section.set(f"{{{VCLOUD}}}href", hrefs.vapp(vapp.id, "/startupSection/"))
    add(section, "Info", "VApp startup section", OVF)
    for vm in vapp.vms:
        item = add(section, "Item", None, OVF)
        for key, value in (
            ("id", vm.name), ("order", "0"), ("startAction", "powerOn"), ("startDelay", "0"),
            ("stopAction", "powerOff"), ("stopDelay", "0"),
        ):  # fmt: skip
            item.set(f"{{{OVF}}}{key}", value)


def network_section(section: Element, vapp: VApp, hrefs: Hrefs) -> None:
    """The vApp's networks by name."""
    section.set(f"{{{VCLOUD}}}type", NETWORK_SECTION)
    section.set(f"{{{VCLOUD}}}href", hrefs.vapp(vapp.id, "/networkSection/"))
    add(section, "Info", "The list of logical networks", OVF)
    for name in vapp.networks:
        network = add(section, "Network", None, OVF)
        network.set(f"{{{OVF}}}name", name)
        add(network, "Description", "", OVF)


def network_config_section(section: Element, vapp: VApp, hrefs: Hrefs) -> None:
    """The vApp's networks and what they are bridged to."""
    here = hrefs.vapp(vapp.id, "/networkConfigSection/")
    section.set("href", here)
    section.set("type", NETWORK_CONFIG)
    section.set(f"{{{OVF}}}required", "false")
    add(section, "Info", "The configuration parameters for logical networks", OVF)
    link(section, "edit", here, NETWORK_CONFIG)
    for name, network in vapp.networks.items():
        config = add(section, "NetworkConfig", None, networkName=name)
        add(config, "Description", network.config.description)
        network_configuration(config, network, inherited=True, parent=hrefs.network(network.id))
        add(config, "IsDeployed", vapp.deployed)
