"""H4 tasks: long work of a Replication Manager or Replicator, as its clients poll it.

Rules of this file: the wire form of `emulator.tasks` for H4 (cx.md 5.4: states RUNNING, SUCCEEDED, FAILED;
times in ms, -1 = open; the error object inside) and the `task` events (docs/events.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cxsim.emulator.host import Host
from cxsim.emulator.tasks import Task, TaskClock, TaskState
from cxsim.fake_cx import errors
from cxsim.fake_cx.wire import as_h4, epoch_ms

_STATES = {
    TaskState.QUEUED: "QUEUED",
    TaskState.RUNNING: "RUNNING",
    TaskState.SUCCEEDED: "SUCCEEDED",
    TaskState.FAILED: "FAILED",
}


@dataclass(frozen=True)
class Workflow:
    """What a task is about. `owner`: the organization that may see it, `*` = the provider."""

    type: str
    resource_type: str
    resource_id: str
    resource_name: str
    owner: str = "*"


class H4Tasks:
    """The tasks of one appliance."""

    def __init__(self, host: Host, site: str) -> None:
        self._host = host
        self._site = site
        self._clock = TaskClock(host)
        self._workflows: dict[str, Workflow] = {}

    def start(self, workflow: Workflow, effect: Callable[[Task], Any], expected_s: float = 0.0) -> Task:
        """Start work in the background; the effect's value is the task's result, an exception its error."""

        def run(task: Task) -> Any:
            try:
                return effect(task)
            except Exception as error:
                raise as_h4(self._host, workflow.type, error) from error

        task_id = self._new_id(workflow)
        self._host.log("task", kind=workflow.type, target=workflow.resource_name, state="RUNNING", error=None)
        task = self._clock.start(task_id, workflow.type, workflow.resource_name, run, on_end=self._ended)
        task.expected_s = expected_s
        return task

    def finished(self, workflow: Workflow, result: Any) -> Task:
        """A task for work that has already been done."""
        task_id = self._new_id(workflow)
        now_s = self._host.now()
        task = Task(
            task_id, workflow.type, workflow.resource_name, now_s, 0.0, TaskState.SUCCEEDED, now_s, result
        )
        self._clock.tasks[task_id] = task
        self._ended(task)
        return task

    def _new_id(self, workflow: Workflow) -> str:
        task_id = self._host.new_uuid("task")
        self._workflows[task_id] = workflow
        return task_id

    def _ended(self, task: Task) -> None:
        error = task.error.to_json() if isinstance(task.error, errors.H4Error) else None
        self._host.log("task", kind=task.kind, target=task.target, state=_STATES[task.state], error=error)

    def find(self, task_id: str, owner: str = "*") -> Task:
        """A task that this owner may see. Raises `TaskNotFound`."""
        task = self._clock.tasks.get(task_id)
        if task is None or owner not in ("*", self._workflows[task_id].owner):
            raise errors.TaskNotFound(f"There is no task {task_id}.", task_id)
        return task

    def visible(self, owner: str = "*") -> list[Task]:
        """Every task that this owner may see, oldest first."""
        return [t for t in list(self._clock.tasks.values()) if owner in ("*", self._workflows[t.id].owner)]

    def to_json(self, task: Task) -> dict[str, Any]:
        """The H4 task object."""
        workflow = self._workflows[task.id]
        return {
            "id": task.id,
            "user": workflow.owner,
            "site": self._site,
            "state": _STATES[task.state],
            "progress": task.percent(self._host.now()),
            "startTime": epoch_ms(task.started_s),
            "endTime": epoch_ms(task.ended_s),
            "lastUpdated": epoch_ms(task.ended_s if task.ended_s is not None else self._host.now()),
            "workflowInfo": {
                "type": workflow.type,
                "resourceType": workflow.resource_type,
                "resourceId": workflow.resource_id,
                "resourceName": workflow.resource_name,
                "isPrivate": False,
            },
            "result": task.result,
            "error": task.error.to_json() if isinstance(task.error, errors.H4Error) else None,
            "warnings": task.details.get("warnings", []),
        }
