"""/api/task: looking at and canceling tasks."""

from __future__ import annotations

from flask import Response

from cxsim.fake_vcd import access
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.model import VcdTask
from cxsim.fake_vcd.xml_task import TASK, task_xml


def accepted(call: Call, task: VcdTask) -> Response:
    """202 with the task that was started."""
    return call.answer(task_xml(task, call), TASK, 202, call.hrefs.task(task.id))


def task(call: Call, task_id: str) -> Response:
    """GET /api/task/{id}."""
    return call.answer(task_xml(access.one_task(call, task_id), call), TASK)


def cancel(call: Call, task_id: str) -> Response:
    """POST /api/task/{id}/action/cancel."""
    found = access.one_task(call, task_id)
    if found.user is not call.user:
        access.require(call, access.ORG_ADMIN, "TASK_CANCEL", task_id)
    call.operations.cancel(found)
    return call.no_content()
