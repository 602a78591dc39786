"""Representations of organization vDCs, their storage profiles and networks (element order of the schema)."""

from __future__ import annotations

from collections.abc import Sequence

from cxsim.fake_vcd.estate import Compute
from cxsim.fake_vcd.model import Network, StorageProfile, VApp, Vdc
from cxsim.fake_vcd.wire import Element, Hrefs, add, admin_type, link, reference, root, vcloud_type

VDC = vcloud_type("vdc")
ADMIN_VDC = admin_type("vdc")
PROFILE = vcloud_type("vdcStorageProfile")
NETWORK = vcloud_type("orgVdcNetwork")
RECORDS = vcloud_type("query.records")
HARDWARE_VERSIONS = ("vmx-04", "vmx-07", "vmx-08", "vmx-09", "vmx-10", "vmx-11", "vmx-13")


def vdc_xml(vdc: Vdc, vapps: Sequence[VApp], hrefs: Hrefs, admin: bool = False) -> Element:
    """An organization vDC; `admin` gives AdminVdc."""
    here = hrefs.vdc(vdc.id)
    admin_href = hrefs.api(f"admin/vdc/{vdc.id}")
    element = root(
        "AdminVdc" if admin else "Vdc", status="1", name=vdc.name, id=f"urn:vcloud:vdc:{vdc.id}",
        href=admin_href if admin else here, type=ADMIN_VDC if admin else VDC,
    )  # fmt: skip
    link(element, "up", hrefs.org(vdc.org.id), vcloud_type("org"))
    link(element, "down", f"{here}/metadata", vcloud_type("metadata"))
    link(element, "edgeGateways", f"{admin_href}/edgeGateways", RECORDS)
    link(element, "orgVdcNetworks", f"{admin_href}/networks", RECORDS)
    link(element, "down", f"{here}/controlAccess/", vcloud_type("controlAccess"))
    link(element, "alternate", here if admin else admin_href, VDC if admin else ADMIN_VDC)
    add(element, "Description", vdc.config.description)
    add(element, "AllocationModel", vdc.config.allocation_model)
    capacity = add(element, "ComputeCapacity")
    _compute(add(capacity, "Cpu"), "MHz", vdc.cpu)
    _compute(add(capacity, "Memory"), "MB", vdc.memory)
    entities = add(element, "ResourceEntities")
    for vapp in vapps:
        reference(entities, "ResourceEntity", vapp.name, hrefs.vapp(vapp.id), vcloud_type("vApp"))
    available = add(element, "AvailableNetworks")
    for network in vdc.networks:
        reference(available, "Network", network.name, hrefs.network(network.id), vcloud_type("network"))
    versions = add(add(element, "Capabilities"), "SupportedHardwareVersions")
    for version in HARDWARE_VERSIONS:
        add(versions, "SupportedHardwareVersion", version)
    add(element, "NicQuota", 0)
    add(element, "NetworkQuota", vdc.config.network_quota)
    add(element, "UsedNetworkCount", sum(n.config.fence_mode != "bridged" for n in vdc.networks))
    add(element, "VmQuota", vdc.config.vm_quota)
    add(element, "IsEnabled", vdc.config.enabled)
    profiles = add(element, "VdcStorageProfiles")
    for profile in vdc.storage_profiles:
        reference(profiles, "VdcStorageProfile", profile.name, hrefs.profile(profile.id), PROFILE)
    add(element, "VCpuInMhz2", vdc.config.vcpu_mhz)
    return element


def _compute(element: Element, units: str, figures: Compute) -> None:
    add(element, "Units", units)
    add(element, "Allocated", figures.allocated)
    add(element, "Limit", figures.limit)
    add(element, "Reserved", figures.reserved)
    add(element, "Used", figures.used)
    # vCD sends Overhead in some allocation models only; pyvcloud then shows nothing but the overhead.


def profile_xml(profile: StorageProfile, hrefs: Hrefs) -> Element:
    """A vDC storage profile. vCD 9.0 does not say here how much is used: the query service does."""
    element = root(
        "VdcStorageProfile", name=profile.name, id=f"urn:vcloud:vdcstorageProfile:{profile.id}",
        href=hrefs.profile(profile.id), type=PROFILE,
    )  # fmt: skip
    link(element, "up", hrefs.vdc(profile.vdc.id), VDC)
    link(element, "down", hrefs.profile(profile.id) + "/metadata", vcloud_type("metadata"))
    add(element, "Enabled", profile.config.enabled)
    add(element, "Units", "MB")
    add(element, "Limit", profile.limit_mb)
    add(element, "Default", profile is profile.vdc.default_profile)
    return element


def network_xml(network: Network, hrefs: Hrefs) -> Element:
    """An organization vDC network."""
    here = hrefs.network(network.id)
    element = root(
        "OrgVdcNetwork", status="1", name=network.name, id=f"urn:vcloud:network:{network.id}",
        href=here, type=NETWORK,
    )  # fmt: skip
    link(element, "up", hrefs.vdc(network.vdc.id), VDC)
    link(element, "down", f"{here}/metadata", vcloud_type("metadata"))
    link(element, "down", f"{here}/allocatedAddresses/", vcloud_type("allocatedNetworkAddress"))
    add(element, "Description", network.config.description)
    network_configuration(element, network, inherited=network.config.fence_mode == "bridged")
    add(element, "IsShared", network.config.shared)
    return element


def network_configuration(
    element: Element, network: Network, inherited: bool, parent: str | None = None
) -> None:
    """A Configuration element; `parent` is the href of the network it is bridged to."""
    config = network.config
    configuration = add(element, "Configuration")
    scope = add(add(configuration, "IpScopes"), "IpScope")
    add(scope, "IsInherited", inherited)
    add(scope, "Gateway", config.gateway)
    add(scope, "Netmask", config.netmask)
    for name, value in (("Dns1", config.dns1), ("Dns2", config.dns2), ("DnsSuffix", config.dns_suffix)):
        if value:
            add(scope, name, value)
    add(scope, "IsEnabled", True)
    if config.ip_range is not None:
        bounds = add(add(scope, "IpRanges"), "IpRange")
        add(bounds, "StartAddress", config.ip_range[0])
        add(bounds, "EndAddress", config.ip_range[1])
    if parent is not None:
        add(configuration, "ParentNetwork", None, href=parent, id=network.id, name=network.name)
    add(configuration, "FenceMode", "bridged" if parent is not None else config.fence_mode)
    add(configuration, "RetainNetInfoAcrossDeployments", False)
