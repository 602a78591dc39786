"""/api/org and /api/tasksList: organizations as their members see them."""

from __future__ import annotations

from flask import Response

from cxsim.fake_vcd import access
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.metadata import empty
from cxsim.fake_vcd.wire import root, vcloud_type
from cxsim.fake_vcd.xml_org import ORG, ORG_LIST, org_list_xml, org_xml
from cxsim.fake_vcd.xml_task import add_task


def org_list(call: Call) -> Response:
    """GET /api/org."""
    return call.answer(org_list_xml(access.orgs(call), call.hrefs), ORG_LIST)


def org(call: Call, org_id: str) -> Response:
    """GET /api/org/{id}."""
    found = access.one_org(call, org_id)
    seen = [vdc for vdc in access.vdcs(call) if vdc.org is found]
    return call.answer(org_xml(found, seen, call.hrefs), ORG)


def org_metadata(call: Call, org_id: str) -> Response:
    """GET /api/org/{id}/metadata: none."""
    return empty(call, call.hrefs.org(access.one_org(call, org_id).id))


def tasks_list(call: Call, org_id: str) -> Response:
    """GET /api/tasksList/{org id}: the organization's tasks, queued, running and recent."""
    found = access.one_org(call, org_id)
    element = root(
        "TasksList",
        name="Tasks Lists",
        href=call.hrefs.api(f"tasksList/{found.id}"),
        type=vcloud_type("tasksList"),
    )
    for task in access.tasks(call):
        if task.org is found:
            add_task(element, task, call)
    return call.answer(element, vcloud_type("tasksList"))
