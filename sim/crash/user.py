"""The tenant's administrator under the crash harness: looks at the lists, does what is left to do.

Rules of this file: goal-directed, so that it goes on from whatever it finds after a crash; what it remembers
is in `Memory`, which outlives the core's process. It does what a user of the product would: a failed
migration is cancelled, its source powered on again if it was running before, and migrated anew [I].
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cxsim.core.appliance import Appliance, CutoverRequest, Workload
from cxsim.core.errors import UserError
from cxsim.core.runtime import Runtime
from cxsim.sim.crash.plans import CLOUD, TENANT_VCENTER, Plan, form
from cxsim.sim.world.world import World

LOOK_S = 10.0
GIVE_UP_S = 6 * 3600.0
MOST_TRIES = 5


@dataclass
class Memory:
    """What the user remembers."""

    paused: bool = False
    cutovers: int = 0
    tries: dict[str, int] = field(default_factory=dict)


class User:
    """Drives one plan to its end. Runs in a task of the core's process."""

    def __init__(self, world: World, plan: Plan, appliance: Appliance, runtime: Runtime, memory: Memory) -> None:
        self._world, self._plan, self._memory = world, plan, memory
        self._appliance, self._runtime = appliance, runtime

    def run(self) -> None:
        """Until every VM is Completed, or it is given up."""
        limit_s = self._runtime.now() + GIVE_UP_S
        while not self._done() and self._runtime.now() < limit_s:
            try:
                self._next()
            except UserError:
                pass  # it was told as a message; the next look decides
            self._runtime.sleep(LOOK_S)

    def _done(self) -> bool:
        rows = self._rows()
        return all(vm in rows and rows[vm].status == "Completed" for vm in self._plan.vms)

    def _rows(self) -> dict[str, Workload]:
        """The newest row of each VM."""
        return {row.vm: row for row in self._appliance.workloads()}

    def _next(self) -> None:
        clouds = {cloud.name: cloud.status for cloud in self._appliance.clouds()}
        status = clouds.get(CLOUD)
        if status is None:
            self._appliance.add_cloud(form(self._world.environment), lambda shown: True)
        elif status == "Enable Failed":
            self._runtime.sleep(60)
            self._appliance.edit_cloud(CLOUD, form(self._world.environment), lambda shown: True)
        elif status == "Running":
            self._migrate()

    def _migrate(self) -> None:
        rows = self._rows()
        for row in rows.values():
            if row.status == "Error":
                self._runtime.sleep(60)
                self._appliance.cancel(row.vm)
                rows = self._rows()
        missing = tuple(vm for vm in self._plan.vms if vm not in rows or rows[vm].status == "Cancelled")
        if missing:
            self._start(missing)
            return
        first = rows[self._plan.vms[0]]
        if self._plan.pause and first.status == "Syncing" and not self._memory.paused:
            self._appliance.pause(first.vm)
            self._memory.paused = True
        elif first.status == "Paused":
            self._appliance.resume(first.vm)
        ready = tuple(row.vm for row in rows.values() if row.status == "Cutover ready")
        waiting = any(row.status in ("Created", "Scheduled", "Syncing", "Paused") for row in rows.values())
        if ready and not waiting:
            self._memory.cutovers += 1
            self._appliance.cutover(CutoverRequest(ready, power_on=True, confirmed=True))

    def _start(self, missing: tuple[str, ...]) -> None:
        for vm in missing:
            tries = self._memory.tries[vm] = self._memory.tries.get(vm, 0) + 1
            if tries > MOST_TRIES:
                return
            self._power_back_on(vm)
        self._appliance.migrate(self._plan.request(missing))

    def _power_back_on(self, vm: str) -> None:
        """The source of a failed cutover runs again, unless its copy does."""
        vcenter = self._world.vcenters[TENANT_VCENTER]
        record = vcenter.find_vm(name=vm)
        if self._plan.type == "Warm" and record is not None and record.power == "off":
            vcenter.power(record.moref, "on")
