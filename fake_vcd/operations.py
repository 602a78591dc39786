"""How the model changes in time: every operation is a vCD task that makes its entities busy.

Rules of this file: starting, ending, canceling and logging of tasks, whatever they do; what they do is in
`power`, `importing`, `lifecycle`, `networking`. A canceled task ends when its time is up, without effect
(vCD cancels what has not begun; when exactly is [I]). Storage is counted where a VM comes or goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cxsim.emulator.host import Host
from cxsim.emulator.tasks import Task, TaskClock, TaskState
from cxsim.fake_vcd.errors import BadRequest, TaskCanceled, busy, storage_quota
from cxsim.fake_vcd.estate import Estate
from cxsim.fake_vcd.infrastructure import BackingVm, InfrastructureManager
from cxsim.fake_vcd.model import MB, Cloud, StorageProfile, User, VApp, VcdTask, Vm

TASK_EXPIRY_S = 90 * 24 * 3600.0
"""vCD keeps tasks 90 days (seen: startTime to expiryTime)."""


class Operations:
    """What handlers use to change the model."""

    def __init__(
        self,
        cloud: Cloud,
        config: Estate,
        host: Host,
        infrastructure: InfrastructureManager,
        clock: TaskClock,
    ) -> None:
        self.cloud = cloud
        self.config = config
        self.host = host
        self.infrastructure = infrastructure
        self.importing: set[tuple[str, str]] = set()
        """VMs being imported now: (vCenter id, managed object reference)."""
        self._clock = clock

    def start(
        self,
        name: str,
        text: str,
        owner: VApp | Vm,
        user: User,
        duration_s: float,
        effect: Callable[[], None],
        undo: Callable[[], None] | None = None,
    ) -> VcdTask:
        """Start a task on a vApp or VM: after `duration_s` its `effect` runs. `undo` runs when the task
        failed or was canceled. Raises `BusyEntity` when the entity is in use."""
        for entity in _entities(owner):
            if entity.busy is not None:
                raise busy(entity.name)
        kind = "vApp" if isinstance(owner, VApp) else "vm"
        org = owner.vdc.org
        started_s = self.host.now()
        task = VcdTask(
            self.host.new_uuid("task"), name, f"{text} {owner.name}({owner.id})", kind, owner.id, owner.name,
            user, org, started_s + TASK_EXPIRY_S,
        )  # fmt: skip
        self.cloud.tasks[task.id] = task
        vapp = owner if isinstance(owner, VApp) else owner.vapp
        vapp.tasks.append(task)
        for entity in _entities(owner):
            entity.busy = task

        def work(running: Task) -> None:
            task.work = running
            if task.cancel_requested:
                raise TaskCanceled
            effect()

        def ended(done: Task) -> None:
            task.work = done
            for entity in _entities(owner):
                if entity.busy is task:
                    entity.busy = None
            if done.state is TaskState.FAILED:
                task.canceled = isinstance(done.error, TaskCanceled)
                if undo is not None:
                    undo()
            self._log_task(task)

        self.host.log("task", kind=name, target=owner.name, state="running", error=None)
        task.work = self._clock.start(task.id, name, owner.name, work, duration_s, ended)
        return task

    def cancel(self, task: VcdTask) -> None:
        """Ask a task to stop. Raises `BadRequest` when it has ended."""
        if not task.active:
            raise BadRequest(f"The task {task.id} is not running and cannot be canceled.")
        task.cancel_requested = True

    def consume(self, profile: StorageProfile, backing: BackingVm) -> int:
        """Count a VM against its storage profile; how many MB it takes. Raises vCD's quota error."""
        wanted_mb = sum(disk.capacity_bytes for disk in backing.disks) // MB
        if self.config.swap_counts:
            wanted_mb += backing.memory_bytes // MB
        remaining_mb = max(0, profile.limit_mb - profile.used_mb)
        if profile.limit_mb and wanted_mb > remaining_mb:
            raise storage_quota(profile.name, remaining_mb, wanted_mb)
        profile.consumed_mb += wanted_mb
        return wanted_mb

    def release(self, vm: Vm) -> None:
        """Give back what a VM consumed."""
        vm.profile.consumed_mb -= vm.consumed_mb
        vm.consumed_mb = 0

    def log_vapp(self, vapp: VApp, change: str) -> None:
        """Record a `vcd.vapp` event (docs/events.md)."""
        self.host.log(
            "vcd.vapp",
            org=vapp.vdc.org.name,
            vdc=vapp.vdc.name,
            vapp=vapp.name,
            change=change,
            power=vapp.status.power,
        )

    def log_vm(self, vm: Vm, change: str) -> None:
        """Record a `vcd.vm` event (docs/events.md)."""
        self.host.log(
            "vcd.vm",
            org=vm.vdc.org.name,
            vdc=vm.vdc.name,
            vapp=vm.vapp.name,
            vm=vm.name,
            change=change,
            power=vm.status.power,
        )

    def _log_task(self, task: VcdTask) -> None:
        error = task.work.error if task.work is not None else None
        text = str(error) if error is not None and not task.canceled else None
        self.host.log("task", kind=task.operation_name, target=task.owner_name, state=task.status, error=text)


def _entities(owner: VApp | Vm) -> Sequence[VApp | Vm]:
    """What a task on `owner` makes busy: a vApp with its VMs; a VM alone."""
    return [owner, *owner.vms] if isinstance(owner, VApp) else [owner]
