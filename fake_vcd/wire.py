"""XML of the vCloud API: namespaces, media types, building, reading, hrefs.

Rules of this file: nothing about any resource. Bodies are parsed from bytes, without entities, DTDs or
network. Namespaces are those of vCD 9.0's schemas (v1.5 in every API version).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from lxml import etree

from cxsim.fake_vcd.errors import BadRequest, InvalidReference

Element: TypeAlias = Any
"""An lxml element (its class has no public name in the stubs)."""

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
VERSIONS = "http://www.vmware.com/vcloud/versions"
EXTENSION = "http://www.vmware.com/vcloud/extension/v1.5"
OVF = "http://schemas.dmtf.org/ovf/envelope/1"
OVFENV = "http://schemas.dmtf.org/ovf/environment/1"
RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
VSSD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
VMW = "http://www.vmware.com/schema/ovf"
VE = "http://www.vmware.com/schema/ovfenv"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

PLAIN = {None: VCLOUD, "xsi": XSI}
WITH_OVF = {None: VCLOUD, "ovf": OVF, "vssd": VSSD, "rasd": RASD, "vmw": VMW, "ovfenv": OVFENV, "ve": VE,
            "vmext": EXTENSION, "vcloud": VCLOUD, "xsi": XSI}  # fmt: skip
WITH_EXTENSION = {"vmext": EXTENSION, "vcloud": VCLOUD, "xsi": XSI}

_PARSER_OPTIONS: dict[str, Any] = {
    "resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False,
    "remove_comments": True, "remove_pis": True,
}  # fmt: skip


def vcloud_type(name: str) -> str:
    """`application/vnd.vmware.vcloud.<name>+xml`."""
    return f"application/vnd.vmware.vcloud.{name}+xml"


def admin_type(name: str) -> str:
    """`application/vnd.vmware.admin.<name>+xml` (the extension uses these too)."""
    return f"application/vnd.vmware.admin.{name}+xml"


def root(tag: str, namespace: str = VCLOUD, nsmap: Any = None, /, **attributes: str) -> Element:
    """A root element."""
    names: Any = nsmap or PLAIN
    return etree.Element(f"{{{namespace}}}{tag}", attributes, names)


def add(
    parent: Element, tag: str, text: object = None, namespace: str = VCLOUD, /, **attributes: str
) -> Element:
    """Append a child; booleans are written `true` and `false`."""
    child = etree.SubElement(parent, f"{{{namespace}}}{tag}", attributes)
    if text is not None:
        child.text = to_text(text)
    return child


def link(
    parent: Element, rel: str, href: str, media_type: str | None = None, name: str | None = None
) -> None:
    """Append a Link."""
    attributes = {"rel": rel, "href": href}
    if name is not None:
        attributes["name"] = name
    if media_type is not None:
        attributes["type"] = media_type
    etree.SubElement(parent, f"{{{VCLOUD}}}Link", attributes)


def reference(
    parent: Element, tag: str, thing: str, href: str, media_type: str, namespace: str = VCLOUD
) -> None:
    """Append a reference (href, name, type) to `thing`."""
    add(parent, tag, None, namespace, href=href, name=thing, type=media_type)


def to_text(value: object) -> str:
    """A value as XML schema writes it."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def to_bytes(element: Element) -> bytes:
    """The document."""
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")


def to_time(instant_s: float) -> str:
    """An instant as vCD on a UTC server writes it."""
    return datetime.fromtimestamp(instant_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_name(element: Element) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)


def parse(data: bytes) -> Element:
    """The root element of a request body. Raises `BadRequest` for what is not XML or has a DTD."""
    try:
        element = etree.fromstring(data, etree.XMLParser(**_PARSER_OPTIONS))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRequest(f"Bad request: the request body is not valid XML: {error}") from None
    info: Any = element.getroottree().docinfo
    if info.doctype:
        raise BadRequest("Bad request: the request body must not have a document type declaration.")
    return element


def child(element: Element, name: str, namespace: str = VCLOUD) -> Element | None:
    """The first child of this name, or None."""
    return element.find(f"{{{namespace}}}{name}")


def child_text(element: Element, name: str, namespace: str = VCLOUD) -> str | None:
    """The stripped text of the first child of this name, None when it is absent or empty."""
    found = child(element, name, namespace)
    return ((found.text or "").strip() or None) if found is not None else None


def flag(text: str | None, default: bool = False) -> bool:
    """An XML boolean. Raises `BadRequest` for another word."""
    if text is None:
        return default
    if text.strip() not in ("true", "false", "1", "0"):
        raise BadRequest(f'"{text}" is not a boolean value.')
    return text.strip() in ("true", "1")


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """True for a UUID as vCD writes it."""
    return _UUID.fullmatch(text) is not None


def referred_id(element: Element | None, what: str) -> str:
    """The id that an element's href ends with. Raises `InvalidReference`."""
    href = (element.get("href") or "") if element is not None else ""
    found = _UUID.search(href.rsplit("/", 1)[-1])
    if found is None:
        raise InvalidReference(f"The reference to {what} is missing or invalid: {href!r}.")
    return found.group()


@dataclass(frozen=True)
class Hrefs:
    """Makes hrefs. `base` is `https://host[:port]`."""

    base: str

    def api(self, path: str) -> str:
        """The URL of a path below /api/."""
        return f"{self.base}/api/{path}"

    def vdc(self, vdc_id: str) -> str:
        """An organization vDC's."""
        return self.api(f"vdc/{vdc_id}")

    def org(self, org_id: str) -> str:
        """An organization's."""
        return self.api(f"org/{org_id}")

    def vapp(self, vapp_id: str, below: str = "") -> str:
        """A vApp's, or of something below it."""
        return self.api(f"vApp/vapp-{vapp_id}{below}")

    def vm(self, vm_id: str, below: str = "") -> str:
        """A VM's, or of something below it."""
        return self.api(f"vApp/vm-{vm_id}{below}")

    def network(self, network_id: str) -> str:
        """A network's."""
        return self.api(f"network/{network_id}")

    def profile(self, profile_id: str) -> str:
        """A vDC storage profile's."""
        return self.api(f"vdcStorageProfile/{profile_id}")

    def task(self, task_id: str) -> str:
        """A task's."""
        return self.api(f"task/{task_id}")

    def user(self, user_id: str) -> str:
        """A user's."""
        return self.api(f"admin/user/{user_id}")

    def vim_server(self, server_id: str, below: str = "") -> str:
        """A vCenter's."""
        return self.api(f"admin/extension/vimServer/{server_id}{below}")
