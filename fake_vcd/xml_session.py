"""Representations of SupportedVersions and Session.

Rules of this file: model in, element out. Link types are those that pyvcloud's well-known endpoints need.
"""

from __future__ import annotations

from cxsim.fake_vcd.estate import VERSIONS as RELEASES
from cxsim.fake_vcd.model import Session
from cxsim.fake_vcd.wire import VERSIONS, XSI, Element, Hrefs, add, admin_type, link, root, vcloud_type

SESSION = vcloud_type("session")
DEPRECATING = ("9.5", "9.7")
"""Releases whose VersionInfo carries `deprecated`; below 27.0 it is true there [I]."""


def versions_xml(release: str, hrefs: Hrefs) -> Element:
    """GET /api/versions."""
    element = root("SupportedVersions", VERSIONS, {None: VERSIONS, "xsi": XSI})
    for version in RELEASES[release]:
        attributes = {"deprecated": str(float(version) < 27).lower()} if release in DEPRECATING else {}
        info = add(element, "VersionInfo", None, VERSIONS, **attributes)
        add(info, "Version", version, VERSIONS)
        add(info, "LoginUrl", hrefs.api("sessions"), VERSIONS)
    return element


def session_xml(session: Session, hrefs: Hrefs) -> Element:
    """A login, with the links from which everything is reached."""
    org = session.user.org
    element = root(
        "Session", org=org.name, user=session.user.name, roles=session.user.role,
        userId=f"urn:vcloud:user:{session.user.id}", href=hrefs.api("session/"), type=SESSION,
    )  # fmt: skip
    link(element, "down", hrefs.api("org/"), vcloud_type("orgList"))
    link(element, "remove", hrefs.api("session/"))
    link(element, "down", hrefs.api("admin/"), admin_type("vcloud"))
    if org.is_system:
        link(element, "down", hrefs.api("admin/extension"), admin_type("vmwExtension"))
    link(element, "down", hrefs.org(org.id), vcloud_type("org"), org.name)
    link(element, "down", hrefs.api("query"), vcloud_type("query.queryList"))
    link(element, "entityResolver", hrefs.api("entity/"), vcloud_type("entity"))
    link(element, "down:extensibility", hrefs.api("extensibility"), vcloud_type("apiextensibility"))
    return element
