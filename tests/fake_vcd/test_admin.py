"""The administrator's views: organizations, users, rights (cx.md 5.1)."""

from __future__ import annotations

from lxml import etree
from vcd_lab import Lab, find

RIGHTS = "application/vnd.vmware.admin.org.rights+xml"


def body(*names: str) -> str:
    inside = "".join(f'<RightReference name="{n}" href="x"/>' for n in names)
    return f'<OrgRights xmlns="http://www.vmware.com/vcloud/v1.5">{inside}</OrgRights>'


def names(element: etree._Element) -> list[str]:
    return [e.get("name") for e in find(element, "v:RightReference")]


def test_the_system_sees_every_organization_and_an_org_admin_its_own(lab: Lab) -> None:
    system = lab.login("administrator@System").xml("admin/")
    assert [e.get("name") for e in find(system, ".//v:OrganizationReference")] == [
        "System",
        "Tyrell",
        "Wallace",
    ]
    mine = lab.login().xml("admin")
    assert [e.get("name") for e in find(mine, ".//v:OrganizationReference")] == ["Tyrell"]
    assert lab.login("holden@Tyrell").get("admin").status_code == 403


def test_an_organization_lists_its_users_and_vdcs(lab: Lab) -> None:
    org = lab.login().xml(f"admin/org/{lab.vcd.model.orgs[0].id}")
    assert len(find(org, "v:Users/v:UserReference")) == 4
    assert [e.get("name") for e in find(org, "v:Vdcs/v:Vdc")] == ["CHC Tyrell PAYG", "CHC Tyrell Lab"]


def test_rights_are_added_by_post_and_replaced_by_put(lab: Lab) -> None:
    path = f"admin/org/{lab.vcd.model.orgs[0].id}/rights"
    api = lab.login("administrator@System")
    before = names(api.xml(path))
    api.post(path, data=body("Organization vDC Gateway: Configure L2 VPN", before[0]), content_type=RIGHTS)
    assert names(api.xml(path)) == [*before, "Organization vDC Gateway: Configure L2 VPN"]
    api.put(path, data=body("vApp: Delete"), content_type=RIGHTS)
    assert names(api.xml(path)) == ["vApp: Delete"]
    assert lab.login().get(path).status_code == 403


def test_a_user_can_be_looked_at_by_itself_and_by_the_administrator(lab: Lab) -> None:
    holden = lab.vcd.model.orgs[0].users[1]
    for user in ("holden@Tyrell", "tyrelladmin@Tyrell"):
        assert lab.login(user).xml(f"admin/user/{holden.id}").get("name") == "holden"
    admin = lab.vcd.model.orgs[0].users[0]
    assert lab.login("holden@Tyrell").get(f"admin/user/{admin.id}").status_code == 403
