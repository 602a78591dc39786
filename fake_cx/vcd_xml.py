"""XML of the vCloud API calls that the cloud service makes (cx.md 5.1): building and reading.

Rules of this file: pure functions on bytes and elements; parsed without entities and network. Element order
follows vCD 9.0's schemas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from lxml import etree

Element: TypeAlias = Any
"""An lxml element (its class has no public name in the stubs)."""

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
EXTENSION = "http://www.vmware.com/vcloud/extension/v1.5"
OVF = "http://schemas.dmtf.org/ovf/envelope/1"

VIM_SERVER_REFERENCES = "application/vnd.vmware.admin.vmwVimServerReferences+xml"
IMPORT_AS_VAPP = "application/vnd.vmware.admin.importVmAsVAppParams+xml"
IMPORT_INTO_VAPP = "application/vnd.vmware.admin.importVmIntoExistingVAppParams+xml"
NETWORK_CONFIG = "application/vnd.vmware.vcloud.networkConfigSection+xml"
CONNECTIONS = "application/vnd.vmware.vcloud.networkConnectionSection+xml"

_NSMAP: Any = {"vmext": EXTENSION, None: VCLOUD}
_OVF_NSMAP: Any = {None: VCLOUD, "ovf": OVF}


@dataclass(frozen=True)
class ImportParams:
    """What is imported and where to. `network` (name, href) of the Org VDC network."""

    moref: str
    vm_name: str
    storage_profile: str
    network_name: str
    network_href: str


@dataclass(frozen=True)
class VmRecord:
    """A VM as the query service shows it to the system. `vcenter`: href of its vimServer."""

    name: str
    href: str
    status: str
    vapp_name: str
    vapp_href: str
    vcenter: str


_RECORD_ATTRIBUTES = ("name", "href", "status", "containerName", "container", "vc")


def parse(data: bytes) -> Element:
    """The root of a document. Raises ValueError for what is not XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from None


def import_as_vapp(name: str, vdc: str, params: ImportParams) -> bytes:
    """ImportVmAsVAppParams: the VM itself is taken (sourceMove), neither deployed nor powered on."""
    element = etree.Element(
        _ext("ImportVmAsVAppParams"),
        {"name": name, "deploy": "false", "powerOn": "false", "sourceMove": "true"},
        _NSMAP,
    )
    _import_children(element, params)
    etree.SubElement(element, _ext("Vdc"), {"href": vdc})
    instantiation = etree.SubElement(element, _ext("InstantiationParams"))
    section = etree.SubElement(instantiation, _vcloud("NetworkConfigSection"))
    etree.SubElement(section, _ovf("Info")).text = "Networks of the vApp"
    _network_config(section, params.network_name, params.network_href)
    return _bytes(element)


def import_into_vapp(vapp: str, params: ImportParams) -> bytes:
    """ImportVmIntoExistingVAppParams."""
    element = etree.Element(_ext("ImportVmIntoExistingVAppParams"), {"sourceMove": "true"}, _NSMAP)
    _import_children(element, params)
    etree.SubElement(element, _ext("VApp"), {"href": vapp})
    return _bytes(element)


def _import_children(element: Element, params: ImportParams) -> None:
    etree.SubElement(element, _ext("VmName")).text = params.vm_name
    etree.SubElement(element, _ext("VmMoRef")).text = params.moref
    etree.SubElement(element, _ext("VdcStorageProfile"), {"href": params.storage_profile})


def _network_config(section: Element, name: str, href: str) -> None:
    config = etree.SubElement(section, _vcloud("NetworkConfig"), {"networkName": name})
    configuration = etree.SubElement(config, _vcloud("Configuration"))
    etree.SubElement(configuration, _vcloud("ParentNetwork"), {"href": href})
    etree.SubElement(configuration, _vcloud("FenceMode")).text = "bridged"


def with_network(section: Element, name: str, href: str) -> bytes | None:
    """A vApp's NetworkConfigSection with this network added, None when it has it already."""
    if any(c.get("networkName") == name for c in section.iterchildren(_vcloud("NetworkConfig"))):
        return None
    _network_config(section, name, href)
    return _bytes(section)


def connected(section: Element, network: str, mode: str) -> bytes | None:
    """A VM's NetworkConnectionSection with every card on this network, None when the VM has no card."""
    cards = [
        _text(c, "NetworkConnectionIndex") or "0" for c in section.iterchildren(_vcloud("NetworkConnection"))
    ]
    if not cards:
        return None
    element = etree.Element(_vcloud("NetworkConnectionSection"), {}, _OVF_NSMAP)
    etree.SubElement(element, _ovf("Info")).text = "Network connections"
    etree.SubElement(element, _vcloud("PrimaryNetworkConnectionIndex")).text = cards[0]
    for index in cards:
        connection = etree.SubElement(element, _vcloud("NetworkConnection"), {"network": network})
        etree.SubElement(connection, _vcloud("NetworkConnectionIndex")).text = index
        etree.SubElement(connection, _vcloud("IsConnected")).text = "true"
        etree.SubElement(connection, _vcloud("IpAddressAllocationMode")).text = mode
    return _bytes(element)


def href_of_type(document: Element, media_type: str) -> str | None:
    """The href of the first element that names this media type (links and references alike)."""
    for element in document.iter(etree.Element):
        if (element.get("type") or "").lower() == media_type.lower() and element.get("href"):
            return str(element.get("href"))
    return None


def vim_servers(document: Element) -> list[tuple[str, str]]:
    """(name, href) of every VimServerReference."""
    return [
        (str(e.get("name") or ""), str(e.get("href")))
        for e in document.iter(_ext("VimServerReference"))
        if e.get("href")
    ]


def task_of(document: Element) -> Element | None:
    """The first Task in a document, or the document itself when it is one."""
    return next(document.iter(_vcloud("Task")), None)


def vms_of(vapp: Element) -> list[tuple[str, str]]:
    """(name, href) of a vApp's VMs."""
    return [
        (str(vm.get("name") or ""), str(vm.get("href")))
        for children in vapp.iterchildren(_vcloud("Children"))
        for vm in children.iterchildren(_vcloud("Vm"))
    ]


def vm_records(document: Element) -> list[VmRecord]:
    """The adminVM records of a query."""
    return [
        VmRecord(*(str(record.get(name) or "") for name in _RECORD_ATTRIBUTES))
        for record in document.iterchildren(_vcloud("AdminVMRecord"))
    ]


def error_words(document: Element) -> str | None:
    """`MINOR_CODE: message` of an Error, or of the Error in a task."""
    error = next(document.iter(_vcloud("Error")), None)
    if error is None:
        return None
    code, message = error.get("minorErrorCode") or "", error.get("message") or ""
    return f"{code}: {message}" if code else message


def _text(element: Element, name: str) -> str | None:
    found = element.find(_vcloud(name))
    return None if found is None or found.text is None else found.text.strip()


def _bytes(element: Element) -> bytes:
    data: bytes = etree.tostring(element, xml_declaration=True, encoding="UTF-8")
    return data


def _vcloud(name: str) -> str:
    return f"{{{VCLOUD}}}{name}"


def _ext(name: str) -> str:
    return f"{{{EXTENSION}}}{name}"


def _ovf(name: str) -> str:
    return f"{{{OVF}}}{name}"
