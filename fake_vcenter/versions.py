"""Which vCenter releases can be emulated, and which versions of the vim25 API each one speaks.

Rules of this file: one table; everything else is derived from the type tables that pyVmomi carries. A
client names the version it speaks in the SOAPAction header (`"urn:vim25/6.5"`); answers then hold only what
that version knows (peers.md 1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pyVmomi import VmomiSupport
from pyVmomi.Version import IsChildVersion

_OLDEST_LISTED = "4.0"


@dataclass(frozen=True)
class Product:
    """A release of vCenter with its ESXi. Version and build numbers as VMware published them."""

    version: str
    build: str
    api_version: str
    license_version: str
    esxi_build: str
    hardware_version: str
    """Virtual hardware of new VMs."""


PRODUCTS: dict[str, Product] = {
    "6.0": Product("6.0.0", "5112533", "6.0", "6.0", "5572656", "vmx-11"),
    "6.5": Product("6.5.0", "5973321", "6.5", "6.5", "5969303", "vmx-13"),
    "6.7": Product("6.7.0", "8217866", "6.7", "6.7", "8169922", "vmx-14"),
    "7.0": Product("7.0.3", "18700403", "7.0.3.0", "7.0", "18644231", "vmx-19"),
    "8.0": Product("8.0.3", "24022515", "8.0.3.0", "8.0", "24022510", "vmx-21"),
}


@cache
def api_versions(product: str) -> tuple[str, ...]:
    """pyVmomi's names of the versions that a release speaks, newest first."""
    known = [
        (VmomiSupport.versionIdMap[name], name)
        for name in VmomiSupport.GetServiceVersions("vim25")
        if name.startswith("vim.") and VmomiSupport.versionIdMap[name][:1].isdigit()
    ]
    newest = dict(known).get(PRODUCTS[product].api_version, known[0][1])
    oldest = dict(known)[_OLDEST_LISTED]
    return tuple(name for _, name in known if IsChildVersion(newest, name) and IsChildVersion(name, oldest))


@cache
def negotiated(product: str, soap_action: str) -> str:
    """pyVmomi's name of the version that a request speaks: the one its SOAPAction names, if this release
    has it, else the newest of this release."""
    speaks = api_versions(product)
    wanted = soap_action.strip('"').removeprefix("urn:")
    named = VmomiSupport.versionMap.get(wanted)
    return named if named in speaks else speaks[0]


@cache
def service_versions_xml(product: str) -> bytes:
    """The document at `/sdk/vimServiceVersions.xml`, where clients look before they speak SOAP."""
    newest, *prior = (VmomiSupport.versionIdMap[name] for name in api_versions(product))
    older = "".join(f"<version>{version}</version>" for version in prior)
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><namespaces version="1.0"><namespace><name>urn:vim25</name>'
        f"<version>{newest}</version><priorVersions>{older}</priorVersions></namespace></namespaces>\n"
    ).encode()
