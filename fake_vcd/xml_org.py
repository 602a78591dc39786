"""Representations of organizations: OrgList, Org, AdminOrg, OrgRights."""

from __future__ import annotations

from collections.abc import Sequence

from cxsim.fake_vcd.model import Org, User, Vdc
from cxsim.fake_vcd.wire import Element, Hrefs, add, admin_type, link, reference, root, vcloud_type

ORG = vcloud_type("org")
ORG_LIST = vcloud_type("orgList")
ADMIN_ORG = admin_type("organization")
ORG_RIGHTS = admin_type("org.rights")
USER = admin_type("user")
VDC = vcloud_type("vdc")


def org_list_xml(orgs: Sequence[Org], hrefs: Hrefs) -> Element:
    """GET /api/org."""
    element = root("OrgList", href=hrefs.api("org/"), type=ORG_LIST)
    for org in orgs:
        reference(element, "Org", org.name, hrefs.org(org.id), ORG)
    return element


def org_xml(org: Org, vdcs: Sequence[Vdc], hrefs: Hrefs) -> Element:
    """An organization with links to those of its vDCs and networks that the caller sees."""
    element = root("Org", name=org.name, id=f"urn:vcloud:org:{org.id}", href=hrefs.org(org.id), type=ORG)
    for vdc in vdcs:
        link(element, "down", hrefs.vdc(vdc.id), VDC, vdc.name)
    link(element, "down", hrefs.api(f"tasksList/{org.id}"), vcloud_type("tasksList"))
    link(element, "down", hrefs.org(org.id) + "/catalogs/query", vcloud_type("query.records"), "catalogs")
    for vdc in vdcs:
        for network in vdc.networks:
            link(element, "down", hrefs.network(network.id), vcloud_type("orgNetwork"), network.name)
    link(element, "down", hrefs.org(org.id) + "/metadata", vcloud_type("metadata"))
    link(element, "alternate", hrefs.api(f"admin/org/{org.id}"), ADMIN_ORG)
    add(element, "Description", org.description)
    add(element, "FullName", org.full_name)
    return element


def admin_org_xml(org: Org, vdcs: Sequence[Vdc], hrefs: Hrefs, system: bool) -> Element:
    """The administrator's view of an organization."""
    href = hrefs.api(f"admin/org/{org.id}")
    element = root("AdminOrg", name=org.name, id=f"urn:vcloud:org:{org.id}", href=href, type=ADMIN_ORG)
    if system:
        link(element, "down", f"{href}/rights", ORG_RIGHTS)
    link(element, "alternate", hrefs.org(org.id), ORG)
    add(element, "Description", org.description)
    add(element, "FullName", org.full_name)
    add(element, "IsEnabled", org.enabled)
    users = add(element, "Users")
    for user in org.users:
        reference(users, "UserReference", user.name, hrefs.user(user.id), USER)
    entries = add(element, "Vdcs")
    for vdc in vdcs:
        reference(entries, "Vdc", vdc.name, hrefs.api(f"admin/vdc/{vdc.id}"), admin_type("vdc"))
    return element


def org_rights_xml(org: Org, right_ids: Sequence[tuple[str, str]], hrefs: Hrefs) -> Element:
    """An organization's rights; `right_ids` are (id, name)."""
    href = hrefs.api(f"admin/org/{org.id}/rights")
    element = root("OrgRights", href=href, type=ORG_RIGHTS)
    link(element, "edit", href, ORG_RIGHTS)
    for right_id, name in right_ids:
        right_href = hrefs.api(f"admin/right/{right_id}")
        reference(element, "RightReference", name, right_href, admin_type("right"))
    return element


def user_xml(user: User, hrefs: Hrefs) -> Element:
    """A user."""
    element = root(
        "User", name=user.name, id=f"urn:vcloud:user:{user.id}", href=hrefs.user(user.id), type=USER
    )
    link(element, "up", hrefs.api(f"admin/org/{user.org.id}"), ADMIN_ORG)
    add(element, "IsEnabled", user.enabled)
    add(element, "Role", None, name=user.role)
    return element
