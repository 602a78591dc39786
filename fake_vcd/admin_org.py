"""/api/admin and /api/admin/org: the administrator's view, and the rights of an organization.

Rules of this file: rights are only a list that can be read, extended (POST) and replaced (PUT) as the CX
guide has it (cx.md 5.1, DX1-auth); nothing here depends on them. The names of the default rights are
vCD's; which of them a new organization has is [I].
"""

from __future__ import annotations

import hashlib

from flask import Response

from cxsim.fake_vcd import access
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import BadRequest
from cxsim.fake_vcd.wire import Element, add, admin_type, link, reference, root
from cxsim.fake_vcd.xml_org import (
    ADMIN_ORG,
    ORG_RIGHTS,
    USER,
    admin_org_xml,
    org_rights_xml,
    user_xml,
)

DEFAULT_RIGHTS = (
    "Catalog: Add vApp from My Cloud",
    "Catalog: Create / Delete a Catalog",
    "Organization: View",
    "Organization vDC: View",
    "Organization vDC Network: View Properties",
    "Organization vDC Gateway: View",
    "vApp: Create / Reconfigure",
    "vApp: Delete",
    "vApp: Edit Properties",
    "vApp: Power Operations",
)


def admin(call: Call) -> Response:
    """GET /api/admin."""
    access.require(call, access.ORG_ADMIN, "VCLOUD_VIEW", "System")
    href = call.hrefs.api("admin/")
    element = root("VCloud", name="VMware vCloud Director", href=href, type=admin_type("vcloud"))
    if call.is_system:
        link(element, "down", call.hrefs.api("admin/extension"), admin_type("vmwExtension"))
    add(element, "Description", f"{call.cloud.version}.0")
    organizations = add(element, "OrganizationReferences")
    for org in access.orgs(call):
        reference(
            organizations, "OrganizationReference", org.name, call.hrefs.api(f"admin/org/{org.id}"), ADMIN_ORG
        )
    return call.answer(element, admin_type("vcloud"))


def org(call: Call, org_id: str) -> Response:
    """GET /api/admin/org/{id}."""
    found = access.one_org(call, org_id)
    access.require(call, access.ORG_ADMIN, "ORG_VIEW", org_id)
    seen = [vdc for vdc in access.vdcs(call) if vdc.org is found]
    return call.answer(admin_org_xml(found, seen, call.hrefs, call.is_system), ADMIN_ORG)


def user(call: Call, user_id: str) -> Response:
    """GET /api/admin/user/{id}."""
    found = access.one_user(call, user_id)
    if found is not call.user:
        access.require(call, access.ORG_ADMIN, "USER_VIEW", user_id)
    return call.answer(user_xml(found, call.hrefs), USER)


def rights(call: Call, org_id: str) -> Response:
    """GET, POST (add) and PUT (replace) /api/admin/org/{id}/rights."""
    access.require_system(call, "ORG_RIGHTS_EDIT")
    found = access.one_org(call, org_id)
    if call.request.method != "GET":
        given = _named_rights(call.body(ORG_RIGHTS, "OrgRights"))
        kept = found.rights if call.request.method == "POST" else []
        found.rights = [*kept, *(name for name in given if name not in kept)]
    listed = [(_right_id(name), name) for name in found.rights]
    return call.answer(org_rights_xml(found, listed, call.hrefs), ORG_RIGHTS)


def _named_rights(body: Element | None) -> list[str]:
    names = []
    for element in body if body is not None else ():
        name = element.get("name")
        if not name:
            raise BadRequest("A RightReference has no name.")
        names.append(str(name))
    return list(dict.fromkeys(names))


def _right_id(name: str) -> str:
    """Rights have the same ids in every vCloud Director; these are derived from their names [I]."""
    digits = hashlib.sha256(name.encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
