"""The tenant's administrator under the crash harness: looks at the lists, does what is left to do.

Rules of this file: goal-directed, so that it goes on from whatever it finds after a crash; what it remembers
is in `Memory`, which outlives the core's process. It does what a user of the product would: a failed
migration is cancelled, its source powered on again if it was running before, and migrated anew [I].
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from cxsim.core.appliance import Appliance, CutoverRequest, Workload
from cxsim.core.errors import UserError
from cxsim.core.runtime import Runtime
from cxsim.sim.crash.plans import CLOUD, PROVIDER_VCENTER, TENANT_VCENTER, Plan, form
from cxsim.sim.world.world import World

LOOK_S = 10.0
GIVE_UP_S = 6 * 3600.0
MOST_TRIES = 20


@dataclass
class Memory:
    """What the user remembers."""

    paused: bool = False
    cutovers: int = 0
    tries: dict[str, int] = field(default_factory=dict)


class User:
    """Drives one plan to its end. Runs in a task of the core's process."""

    def __init__(
        self, world: World, plan: Plan, appliance: Appliance, runtime: Runtime, memory: Memory
    ) -> None:
        self._world, self._plan, self._memory = world, plan, memory
        self._appliance, self._runtime = appliance, runtime

    def run(self) -> None:
        """Until every VM is Completed, or it is given up."""
        limit_s = self._runtime.now() + GIVE_UP_S
        while not self._done() and self._runtime.now() < limit_s:
            with suppress(UserError):  # it was told as a message; the next look decides
                self._next()
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
        again = any(vm in self._memory.tries for vm in missing)
        if any(self._memory.tries.get(vm, 0) > MOST_TRIES for vm in missing):
            return
        if again:
            self._runtime.sleep(120)
        for vm in missing:
            if not self._clear_target(vm):
                return
            self._power_back_on(vm)
        self._appliance.migrate(self._plan.request(missing))
        for vm in missing:
            self._memory.tries[vm] = self._memory.tries.get(vm, 0) + 1

    def _clear_target(self, vm: str) -> bool:
        """Delete what a failed cutover has left in vCloud Director, as a user does there before the next
        attempt. False: something is still going on with it."""
        left = [
            (director, vapp, copy)
            for director in self._world.directors.values()
            for vapp in director.model.vapps
            for copy in vapp.vms
            if copy.name == vm or vapp.name == vm
        ]
        for director, vapp, copy in left:
            if vapp.busy is not None:
                return False
            director.operations.release(copy)
            vapp.vms.remove(copy)
            if not vapp.vms:
                vapp.vdc.vapps.remove(vapp)
            vcenter = self._world.vcenters[PROVIDER_VCENTER]
            if vcenter.find_vm(moref=copy.backing.moref) is not None:
                vcenter.power(copy.backing.moref, "off")
                vcenter.destroy(copy.backing.moref)
        for director in self._world.directors.values():
            for vapp in list(director.model.vapps):
                if not vapp.vms and vapp.name in self._plan.vapps and vapp.busy is None:
                    vapp.vdc.vapps.remove(vapp)
        return True

    def _power_back_on(self, vm: str) -> None:
        """The source of a failed cutover runs again, unless its copy does."""
        vcenter = self._world.vcenters[TENANT_VCENTER]
        record = vcenter.find_vm(name=vm)
        if self._plan.type == "Warm" and record is not None and record.power == "off":
            vcenter.power(record.moref, "on")
