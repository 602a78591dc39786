"""The tenant's administrator under the crash harness: looks at the lists, does what is left to do.

Rules of this file: goal-directed, so that it goes on from whatever it finds after a crash; what it remembers
is in `Memory`, which outlives the core's process. It does what a user of the product would: a failed
migration is cancelled, its source powered on again if it was running before, and migrated anew [I]. It never
cleans up after the product: what a cancelled migration has left is noted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from cxsim.core.appliance import Appliance, CutoverRequest, Workload
from cxsim.core.errors import UserError
from cxsim.core.runtime import Runtime
from cxsim.fake_vcd import power
from cxsim.fake_vcd.model import Status
from cxsim.sim.crash.plans import CLOUD, TENANT_VCENTER, Plan, form
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
    orphans: list[str] = field(default_factory=list)
    """What was left behind by migrations that had been cancelled."""


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
                if "power it off there" in (row.reason or ""):
                    self._stop_target(row.vm)
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
            self._look_for_orphans(vm)
            self._power_back_on(vm)
        self._appliance.migrate(self._plan.request(missing))
        for vm in missing:
            self._memory.tries[vm] = self._memory.tries.get(vm, 0) + 1

    def _look_for_orphans(self, vm: str) -> None:
        """A cancelled migration has left nothing in vCloud Director: the product has cleared the target."""
        vapps = [vapp for director in self._world.directors.values() for vapp in director.model.vapps]
        self._memory.orphans += [
            f"vApp {vapp.name} after the migration of {vm} was cancelled"
            for vapp in vapps
            if vapp.name == vm or any(copy.name == vm for copy in vapp.vms) or not vapp.vms
        ]

    def _stop_target(self, vm: str) -> None:
        """What the core's message asks for: power off in vCloud Director what was started."""
        for director in self._world.directors.values():
            for vapp in director.model.vapps:
                for copy in vapp.vms:
                    if (
                        copy.name == vm
                        and copy.status is Status.POWERED_ON
                        and vapp.busy is copy.busy is None
                    ):
                        power.start(director.operations, power.UNDEPLOY, copy, vapp.owner)

    def _power_back_on(self, vm: str) -> None:
        """The source of a failed cutover runs again, unless its copy does."""
        vcenter = self._world.vcenters[TENANT_VCENTER]
        record = vcenter.find_vm(name=vm)
        if self._plan.type == "Warm" and record is not None and record.power == "off":
            vcenter.power(record.moref, "on")
