"""Representation of tasks (vCloud API reference, TaskType; cx.md 5.1)."""

from __future__ import annotations

from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import VcdError
from cxsim.fake_vcd.model import VcdTask
from cxsim.fake_vcd.wire import Element, Hrefs, add, admin_type, link, reference, root, to_time, vcloud_type

TASK = vcloud_type("task")


def owner_reference(task: VcdTask, hrefs: Hrefs) -> tuple[str, str]:
    """(href, type) of what a task changes."""
    if task.owner_kind == "vApp":
        return hrefs.vapp(task.owner_id), vcloud_type("vApp")
    return hrefs.vm(task.owner_id), vcloud_type("vm")


def task_xml(task: VcdTask, call: Call) -> Element:
    """A task as a document."""
    element = root("Task", **_attributes(task, call))
    _fill(element, task, call)
    return element


def add_task(parent: Element, task: VcdTask, call: Call) -> None:
    """A task inside something else."""
    _fill(add(parent, "Task", None, **_attributes(task, call)), task, call)


def _attributes(task: VcdTask, call: Call) -> dict[str, str]:
    work = task.work
    attributes = {
        "cancelRequested": str(task.cancel_requested).lower(),
        "expiryTime": to_time(task.expires_s),
        "operation": task.operation,
        "operationName": task.operation_name,
        "serviceNamespace": "com.vmware.vcloud",
        "startTime": to_time(work.started_s if work is not None else call.now_s),
        "status": task.status,
        "name": "task",
        "id": f"urn:vcloud:task:{task.id}",
        "href": call.hrefs.task(task.id),
        "type": TASK,
    }
    if work is not None and work.ended_s is not None:
        attributes["endTime"] = to_time(work.ended_s)
    return attributes


def _fill(element: Element, task: VcdTask, call: Call) -> None:
    hrefs = call.hrefs
    if task.active:
        link(element, "task:cancel", hrefs.task(task.id) + "/action/cancel")
    href, media_type = owner_reference(task, hrefs)
    reference(element, "Owner", task.owner_name, href, media_type)
    error = task.work.error if task.work is not None else None
    if error is not None and not task.canceled:
        known = error if isinstance(error, VcdError) else VcdError(str(error))
        add(
            element, "Error", None, majorErrorCode=str(known.http_status), minorErrorCode=known.minor_code,
            message=f"[ {task.id} ] {known.message}",
        )  # fmt: skip
    reference(element, "User", task.user.name, hrefs.user(task.user.id), admin_type("user"))
    reference(element, "Organization", task.org.name, hrefs.org(task.org.id), vcloud_type("org"))
    if task.work is not None and not task.canceled:
        add(element, "Progress", task.work.percent(call.now_s))
    add(element, "Details")
