"""Work that takes time on the real system: a task with progress, finished by an effect.

Rules of this file: a task's progress is computed from the clock when somebody looks, so looking changes
nothing; its effect runs exactly once, at the end, in background work of the host. How a task is written
on the wire (vim.Task, vCD Task, H4 task) is each product's own business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from cxsim.emulator.host import Host


class TaskState(Enum):
    """The life of a task; each product has its own words for these."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass
class Task:
    """One piece of work in time. Instants in seconds since the epoch on the host's clock."""

    id: str
    kind: str
    target: str
    started_s: float
    expected_s: float
    """How long it is expected to take; progress is elapsed / expected, at most 99 until it has ended."""
    state: TaskState = TaskState.RUNNING
    ended_s: float | None = None
    result: Any = None
    error: BaseException | None = None
    reported_percent: int | None = None
    """Set by work that knows its own progress (a replication); otherwise computed from the clock."""
    details: dict[str, Any] = field(default_factory=dict)

    def percent(self, now_s: float) -> int:
        """Progress 0..100 at `now_s`; 100 only when succeeded."""
        if self.state is TaskState.SUCCEEDED:
            return 100
        if self.reported_percent is not None:
            return self.reported_percent
        if self.expected_s <= 0:
            return 0
        end_s = self.ended_s if self.ended_s is not None else now_s
        return max(0, min(99, int(100 * (end_s - self.started_s) / self.expected_s)))


class TaskClock:
    """Starts tasks on a host and remembers them by id."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.tasks: dict[str, Task] = {}

    def start(
        self,
        task_id: str,
        kind: str,
        target: str,
        effect: Callable[[Task], Any],
        duration_s: float = 0.0,
        on_end: Callable[[Task], None] | None = None,
    ) -> Task:
        """Start a task that waits `duration_s` and then runs `effect(task)`; the effect may itself take
        time. Its return value becomes `task.result`; what it raises becomes `task.error` (FAILED)."""
        task = Task(task_id, kind, target, self._host.now(), duration_s)
        self.tasks[task_id] = task

        def work() -> None:
            try:
                if duration_s > 0:
                    self._host.sleep(duration_s)
                task.result = effect(task)
            except Exception as error:
                task.error, task.state = error, TaskState.FAILED
            else:
                task.state = TaskState.SUCCEEDED
            task.ended_s = self._host.now()
            if on_end is not None:
                on_end(task)

        self._host.spawn(work, f"{kind} {target}")
        return task
