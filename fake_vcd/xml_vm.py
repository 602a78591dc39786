"""Representation of VMs: the sections that clients read, in the schema's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.model import MB, Status, Vm
from cxsim.fake_vcd.wire import (
    EXTENSION,
    OVF,
    OVFENV,
    RASD,
    VCLOUD,
    VE,
    VMW,
    VSSD,
    WITH_OVF,
    Element,
    Hrefs,
    add,
    link,
    reference,
    root,
    to_time,
    vcloud_type,
)
from cxsim.fake_vcd.xml_task import add_task

VM = vcloud_type("vm")
CONNECTIONS = vcloud_type("networkConnectionSection")
CUSTOMIZATION = vcloud_type("guestCustomizationSection")
RASD_ITEM = vcloud_type("rasdItem")
RASD_LIST = vcloud_type("rasdItemsList")
HARDWARE = vcloud_type("virtualHardwareSection")
_LSI_SAS = "4"


def vm_xml(vm: Vm, call: Call) -> Element:
    """A VM as a document."""
    element = root("Vm", VCLOUD, WITH_OVF, **_attributes(vm, call.hrefs))
    _fill(element, vm, call)
    return element


def add_vm(parent: Element, vm: Vm, call: Call) -> None:
    """A VM among the Children of its vApp."""
    _fill(add(parent, "Vm", None, **_attributes(vm, call.hrefs)), vm, call)


def _attributes(vm: Vm, hrefs: Hrefs) -> dict[str, str]:
    return {
        "needsCustomization": "false",
        "nestedHypervisorEnabled": "false",
        "deployed": str(vm.deployed).lower(),
        "status": str(vm.status.value),
        "name": vm.name,
        "id": f"urn:vcloud:vm:{vm.id}",
        "href": hrefs.vm(vm.id),
        "type": VM,
    }


def power_links(element: Element, status: Status, deployed: bool, here: str) -> None:
    """The power actions that are possible now, as links."""
    actions = {
        Status.POWERED_ON: ("powerOff", "reboot", "reset", "shutdown", "suspend"),
        Status.POWERED_OFF: ("powerOn",),
        Status.SUSPENDED: ("powerOn", "powerOff"),
        Status.MIXED: ("powerOn", "powerOff", "reboot", "reset", "shutdown", "suspend"),
    }.get(status, ())
    for action in actions:
        link(element, f"power:{action}", f"{here}/power/action/{action}")
    if status is Status.SUSPENDED:
        link(element, "discardState", f"{here}/action/discardSuspendedState")
    if status in (Status.POWERED_OFF, Status.SUSPENDED) and not deployed:
        link(element, "deploy", f"{here}/action/deploy", vcloud_type("deployVAppParams"))
    if deployed:
        link(element, "undeploy", f"{here}/action/undeploy", vcloud_type("undeployVAppParams"))


def _fill(element: Element, vm: Vm, call: Call) -> None:
    here = call.hrefs.vm(vm.id)
    power_links(element, vm.status, vm.deployed, here)
    link(element, "edit", here, VM)
    if not vm.deployed:
        link(element, "remove", here)
    link(element, "down", f"{here}/metadata", vcloud_type("metadata"))
    link(element, "up", call.hrefs.vapp(vm.vapp.id), vcloud_type("vApp"))
    add(element, "Description")
    if vm.busy is not None:
        add_task(add(element, "Tasks"), vm.busy, call)
    if call.is_system:
        _vim_info(element, vm, call)
    hardware_section(element, vm, call.hrefs)
    _operating_system(element, vm, here)
    connection_section(add(element, "NetworkConnectionSection"), vm, call.hrefs)
    customization_section(add(element, "GuestCustomizationSection"), vm, call.hrefs)
    runtime = add(element, "RuntimeInfoSection")
    add(runtime, "Info", "Specifies Runtime info", OVF)
    add(runtime, "VMWareTools", None, version=_tools_version(vm))
    add(element, "DateCreated", to_time(vm.created_s))
    add(element, "VAppScopedLocalId", vm.name)
    if vm.status is Status.POWERED_ON:
        environment = add(element, "Environment", None, OVFENV)
        environment.set(f"{{{OVFENV}}}id", "")
        environment.set(f"{{{VE}}}vCenterId", vm.backing.moref)
    _spec_section(element, vm)
    reference(
        element,
        "StorageProfile",
        vm.profile.name,
        call.hrefs.profile(vm.profile.id),
        vcloud_type("vdcStorageProfile"),
    )


def _tools_version(vm: Vm) -> str:
    return "2147483647" if vm.backing.tools_running else "0"


def _vim_info(element: Element, vm: Vm, call: Call) -> None:
    """The backing VM; system administrators only."""
    server = vm.vdc.vim_server
    if server is None or vm.status is Status.UNRESOLVED:
        return
    info = add(add(element, "VCloudExtension", None, required="false"), "VmVimInfo", None, EXTENSION)
    vim = add(info, "VmVimObjectRef", None, EXTENSION)
    href = call.hrefs.vim_server(server.id)
    media_type = "application/vnd.vmware.admin.vmwvirtualcenter+xml"
    reference(vim, "VimServerRef", server.name, href, media_type, EXTENSION)
    add(vim, "MoRef", vm.backing.moref, EXTENSION)
    add(vim, "VimObjectType", "VIRTUAL_MACHINE", EXTENSION)


@dataclass(frozen=True)
class Item:
    """A virtual hardware item: (RASD element, value) in alphabetical order, as the schema wants them."""

    resource_type: int
    rasd: tuple[tuple[str, object], ...]
    below: str = ""
    connection: tuple[tuple[str, str], ...] = ()
    host_resource: tuple[tuple[str, str], ...] = ()


def hardware_items(vm: Vm, hrefs: Hrefs) -> Iterator[Item]:
    """Network cards, a controller, disks, processors, memory."""
    for nic in vm.nics:
        connection = (
            ("ipAddressingMode", nic.mode), ("ipAddress", nic.ip_address or ""),
            ("primaryNetworkConnection", str(nic.index == vm.primary_nic).lower()),
        )  # fmt: skip
        yield Item(10, (
            ("Address", nic.mac), ("AddressOnParent", nic.index), ("AutomaticAllocation", nic.connected),
            ("Connection", nic.network), ("Description", f'Vmxnet3 ethernet adapter on "{nic.network}"'),
            ("ElementName", f"Network adapter {nic.index}"), ("InstanceID", nic.index + 1),
            ("ResourceSubType", "VMXNET3"), ("ResourceType", 10),
        ), connection=connection)  # fmt: skip
    yield Item(6, (
        ("Address", 0), ("Description", "SCSI Controller"), ("ElementName", "SCSI Controller 0"),
        ("InstanceID", 100), ("ResourceSubType", "lsilogicsas"), ("ResourceType", 6),
    ))  # fmt: skip
    for number, disk in enumerate(vm.backing.disks):
        resource = (
            ("storageProfileHref", hrefs.profile(vm.profile.id)), ("busType", "6"),
            ("busSubType", "lsilogicsas"), ("capacity", str(disk.capacity_bytes // MB)),
            ("storageProfileOverrideVmDefault", "false"),
        )  # fmt: skip
        yield Item(17, (
            ("AddressOnParent", number), ("Description", "Hard disk"),
            ("ElementName", f"Hard disk {number + 1}"), ("HostResource", ""),
            ("InstanceID", disk.key), ("Parent", 100), ("ResourceType", 17),
            ("VirtualQuantity", disk.capacity_bytes), ("VirtualQuantityUnits", "byte"),
        ), host_resource=resource)  # fmt: skip
    yield Item(3, (
        ("AllocationUnits", "hertz * 10^6"), ("Description", "Number of Virtual CPUs"),
        ("ElementName", f"{vm.backing.cpus} virtual CPU(s)"), ("InstanceID", 101), ("Reservation", 0),
        ("ResourceType", 3), ("VirtualQuantity", vm.backing.cpus), ("Weight", 0),
    ), "cpu")  # fmt: skip
    yield Item(4, (
        ("AllocationUnits", "byte * 2^20"), ("Description", "Memory Size"),
        ("ElementName", f"{vm.memory_mb} MB of memory"), ("InstanceID", 102), ("Reservation", 0),
        ("ResourceType", 4), ("VirtualQuantity", vm.memory_mb), ("Weight", 0),
    ), "memory")  # fmt: skip


def item_xml(element: Element, item: Item, here: str) -> None:
    """Fill an ovf:Item."""
    if item.below:
        element.set(f"{{{VCLOUD}}}type", RASD_ITEM)
        element.set(f"{{{VCLOUD}}}href", f"{here}/virtualHardwareSection/{item.below}")
    for name, value in item.rasd:
        made = add(element, name, value, RASD)
        attributes = {"Connection": item.connection, "HostResource": item.host_resource}.get(name, ())
        for key, text in attributes:
            made.set(f"{{{VCLOUD}}}{key}", text)
    if item.below == "cpu":
        cores = add(element, "CoresPerSocket", 1, VMW)
        cores.set(f"{{{OVF}}}required", "false")


def hardware_section(parent: Element, vm: Vm, hrefs: Hrefs) -> None:
    """ovf:VirtualHardwareSection."""
    here = hrefs.vm(vm.id)
    section = add(parent, "VirtualHardwareSection", None, OVF)
    section.set(f"{{{VCLOUD}}}type", HARDWARE)
    section.set(f"{{{VCLOUD}}}href", f"{here}/virtualHardwareSection/")
    add(section, "Info", "Virtual hardware requirements", OVF)
    system = add(section, "System", None, OVF)
    add(system, "ElementName", "Virtual Hardware Family", VSSD)
    add(system, "InstanceID", 0, VSSD)
    add(system, "VirtualSystemIdentifier", vm.name, VSSD)
    add(system, "VirtualSystemType", vm.backing.hardware_version, VSSD)
    for item in hardware_items(vm, hrefs):
        item_xml(add(section, "Item", None, OVF), item, here)
    for below in ("cpu", "memory"):
        link(section, "down", f"{here}/virtualHardwareSection/{below}", RASD_ITEM)
    for below in ("disks", "networkCards"):
        link(section, "down", f"{here}/virtualHardwareSection/{below}", RASD_LIST)


def _operating_system(parent: Element, vm: Vm, here: str) -> None:
    section = add(parent, "OperatingSystemSection", None, OVF)
    section.set(f"{{{OVF}}}id", "102" if "64" in vm.backing.guest_id else "1")
    section.set(f"{{{VCLOUD}}}type", vcloud_type("operatingSystemSection"))
    section.set(f"{{{VMW}}}osType", vm.backing.guest_id)
    section.set(f"{{{VCLOUD}}}href", f"{here}/operatingSystemSection/")
    add(section, "Info", "Specifies the operating system installed", OVF)
    add(section, "Description", vm.backing.guest_name, OVF)


def connection_section(section: Element, vm: Vm, hrefs: Hrefs) -> None:
    """Fill a NetworkConnectionSection."""
    here = hrefs.vm(vm.id) + "/networkConnectionSection/"
    section.set("href", here)
    section.set("type", CONNECTIONS)
    section.set(f"{{{OVF}}}required", "false")
    add(section, "Info", "Specifies the available VM network connections", OVF)
    if vm.nics:
        add(section, "PrimaryNetworkConnectionIndex", vm.primary_nic)
    for nic in vm.nics:
        connection = add(section, "NetworkConnection", None, needsCustomization="false", network=nic.network)
        add(connection, "NetworkConnectionIndex", nic.index)
        if nic.ip_address is not None:
            add(connection, "IpAddress", nic.ip_address)
        add(connection, "IsConnected", nic.connected)
        add(connection, "MACAddress", nic.mac)
        add(connection, "IpAddressAllocationMode", nic.mode)
        add(connection, "NetworkAdapterType", "VMXNET3")
    link(section, "edit", here, CONNECTIONS)


def customization_section(section: Element, vm: Vm, hrefs: Hrefs) -> None:
    """Fill a GuestCustomizationSection (imported VMs are not customized)."""
    section.set("href", hrefs.vm(vm.id) + "/guestCustomizationSection/")
    section.set("type", CUSTOMIZATION)
    section.set(f"{{{OVF}}}required", "false")
    add(section, "Info", "Specifies Guest OS Customization Settings", OVF)
    add(section, "Enabled", False)
    add(section, "ChangeSid", False)
    add(section, "VirtualMachineId", vm.id)
    add(section, "JoinDomainEnabled", False)
    add(section, "UseOrgSettings", False)
    add(section, "AdminPasswordEnabled", False)
    add(section, "AdminPasswordAuto", True)
    add(section, "ResetPasswordRequired", False)
    add(section, "ComputerName", vm.computer_name)


def _spec_section(parent: Element, vm: Vm) -> None:
    """VmSpecSection: vCD 9.0 lists it in API 29.0; vcd-cli's `vm info` reads it."""
    section = add(parent, "VmSpecSection", None, Modified="false")
    add(section, "Info", "Virtual Machine specification (hardware)", OVF)
    add(section, "OsType", vm.backing.guest_id)
    add(section, "NumCpus", vm.backing.cpus)
    add(section, "NumCoresPerSocket", 1)
    add(add(section, "MemoryResourceMb"), "Configured", vm.memory_mb)
    disks = add(section, "DiskSection")
    for number, disk in enumerate(vm.backing.disks):
        settings = add(disks, "DiskSettings")
        add(settings, "DiskId", disk.key)
        add(settings, "SizeMb", disk.capacity_bytes // MB)
        add(settings, "UnitNumber", number)
        add(settings, "BusNumber", 0)
        add(settings, "AdapterType", _LSI_SAS)
        add(settings, "ThinProvisioned", disk.thin)
    add(section, "VmToolsVersion", _tools_version(vm))
