"""Task and TaskManager: operations that take time.

Rules of this file: operations on one entity run one after the other, later ones wait as `queued`. An
operation is checked when its turn comes, then takes its time, then has its effect; what check or effect
raise as a vim fault is the task's error. Progress comes from the clock (`emulator.tasks`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyVmomi import VmomiSupport, vim, vmodl

from cxsim.emulator.tasks import Task as ClockTask
from cxsim.emulator.tasks import TaskClock, TaskState
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model, instant
from cxsim.fake_vcenter.soap_writer import MethodFault

if TYPE_CHECKING:
    from cxsim.fake_vcenter.managed_entity import ManagedEntity

_STATES = {
    TaskState.QUEUED: "queued",
    TaskState.RUNNING: "running",
    TaskState.SUCCEEDED: "success",
    TaskState.FAILED: "error",
}


class Task(Managed):
    """One operation in time."""

    vim_type = vim.Task

    def __init__(
        self,
        model: Model,
        entity: ManagedEntity,
        method: str,
        work: Callable[[], Any],
        duration_s: float,
        user: str,
    ) -> None:
        super().__init__(model, model.new_id("task-"))
        self.entity = entity
        self.method = method
        self.work = work
        self.duration_s = duration_s
        self.user = user
        self.entity_name = entity.name
        self.queued_s = model.host.now()
        self.clock_task: ClockTask | None = None
        """None until its turn comes."""

    @property
    def state(self) -> TaskState:
        """Queued until its turn comes."""
        return self.clock_task.state if self.clock_task else TaskState.QUEUED

    @property
    def ended_s(self) -> float | None:
        """When it ended, None before."""
        return self.clock_task.ended_s if self.clock_task else None

    def _stamp(self, name: str) -> float | None:
        return None if self.ended_s is None else super()._stamp(name)

    @prop("info")
    def info(self) -> Any:
        """What is known of the task now."""
        task, state = self.clock_task, self.state
        error = task.error if task else None
        if error is not None and not isinstance(error, MethodFault):
            reason = repr(error)
            error = vmodl.fault.SystemError(reason=reason)
            error.msg = f"A general system error occurred: {reason}"
        return data(
            vim.TaskInfo,
            key=self.moid,
            task=self,
            name=self.method,
            descriptionId=_description_id(self.method, self.entity.ref_type),
            entity=self.entity,
            entityName=self.entity_name,
            state=_STATES[state],
            cancelled=False,
            cancelable=False,
            error=error,
            result=task.result if task else None,
            progress=task.percent(self.model.host.now()) if task and state is TaskState.RUNNING else None,
            reason=data(vim.TaskReasonUser, userName=self.user),
            queueTime=instant(self.queued_s),
            startTime=instant(task.started_s) if task else None,
            completeTime=instant(self.ended_s) if self.ended_s is not None else None,
            eventChainId=int(self.moid.rpartition("-")[2]),
        )

    @operation("CancelTask")
    def cancel(self, call: Call) -> None:
        """None of the operations emulated here can be cancelled once it has begun."""
        if self.ended_s is not None:
            fault: Any = vim.fault.InvalidState()
            fault.msg = "The operation is not allowed in the current state."
            raise fault
        fault = vmodl.fault.NotSupported()
        fault.msg = "The task cannot be cancelled."
        raise fault


class TaskManager(Managed):
    """Starts tasks and lists the recent ones."""

    vim_type = vim.TaskManager

    def __init__(self, model: Model) -> None:
        super().__init__(model, "TaskManager")
        self._clock = TaskClock(model.host)

    @prop("recentTask", every_s=0)
    def recent(self) -> list[Task]:
        """Tasks that run or have ended within the last minutes."""
        return list(self.model.of(Task))

    @prop("maxCollector")
    def max_collector(self) -> int:
        """Collectors a client may have."""
        return 32

    @prop("description")
    def description(self) -> Any:
        """The words for a task's state."""
        words = {"queued": "Queued", "running": "Running", "success": "Success", "error": "Error"}
        states = [data(vim.ElementDescription, key=k, label=v, summary=v) for k, v in words.items()]
        return data(vim.TaskDescription, state=states)

    def start(
        self,
        call: Call,
        entity: ManagedEntity,
        method: str,
        effect: Callable[[], Any],
        duration_s: float,
        check: Callable[[], None] | None = None,
    ) -> Task:
        """Start an operation on an entity: check, wait `duration_s` seconds, effect."""
        self._forget_old()

        def work() -> Any:
            if check is not None:
                check()
            if duration_s > 0:
                self.model.host.sleep(duration_s)
                if check is not None:
                    check()
            return effect()

        task = Task(self.model, entity, method, work, duration_s, call.user)
        entity.tasks.append(task)
        if entity.tasks[0] is task:
            self._run(task)
        return task

    def _run(self, task: Task) -> None:
        def work(clock_task: ClockTask) -> Any:
            task.clock_task = clock_task
            clock_task.expected_s = task.duration_s
            return task.work()

        def ended(clock_task: ClockTask) -> None:
            task.touch()
            self.model.host.log(
                "task",
                kind=task.method,
                target=task.entity_name,
                state=clock_task.state.value,
                error=_error_text(clock_task.error),
            )
            task.entity.tasks.remove(task)
            if task.entity.tasks:
                self._run(task.entity.tasks[0])

        task.clock_task = self._clock.start(task.moid, task.method, task.entity.moid, work, on_end=ended)

    def _forget_old(self) -> None:
        limit_s = self.model.host.now() - self.model.config.task_kept_s
        for task in self.model.of(Task):
            if task.ended_s is not None and task.ended_s < limit_s:
                self.model.remove(task)
                self._clock.tasks.pop(task.moid, None)


def _error_text(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return f"{type(error).__name__.rpartition('.')[2]}: {getattr(error, 'msg', None) or error}"


def _description_id(method: str, entity_type: str) -> str:
    try:
        info = VmomiSupport.GetWsdlMethod(VmomiSupport.XMLNS_VMODL_BASE, method).info
    except KeyError:
        return f"{entity_type}.{method}"
    return f"{entity_type}.{VmomiSupport.Uncapitalize(info.name)}"
