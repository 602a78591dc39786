"""Many warm migrations at once for a day, watched for safety: what the control plane costs a VM.

Rules of this file: every VM is small and alike, so that cost by number shows; the same invariants are
checked as after a crash.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from cxsim.core.appliance import CutoverRequest
from cxsim.core.errors import UserError
from cxsim.sim.crash.plans import CLOUD, NETWORK, PROFILE, VDC, Plan, written
from cxsim.sim.crash.plans import form as cloud_form
from cxsim.sim.crash.safety import Safety
from cxsim.sim.kernel import hooks
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.writes import ConstantRate
from cxsim.sim.world.world import World

GIB = 1024**3
FIRST_ADDRESS = 40
"""In the tenant's network; the appliances are below."""


@dataclass(frozen=True)
class FleetFigures:
    """What a fleet's day cost. Calls are HTTP requests that any server answered."""

    vms: int
    hours: float
    wall_s: float
    cpu_s: float
    """Processor time."""
    calls: int
    core_calls: int
    completed: int
    problems: tuple[str, ...]
    calls_by: tuple[tuple[str, int], ...]

    @property
    def calls_per_vm_hour(self) -> float:
        """Control-plane calls of all appliances."""
        return self.calls / self.vms / self.hours

    @property
    def core_calls_per_vm_hour(self) -> float:
        """Control-plane calls that the core sent."""
        return self.core_calls / self.vms / self.hours

    def text(self) -> str:
        """One line."""
        return (
            f"{self.vms} VMs, {self.hours:g} h: {self.completed} completed, {self.wall_s:.1f} s wall, "
            f"{self.cpu_s:.1f} s processor, "
            f"{self.calls_per_vm_hour:.2f} calls per VM and hour, "
            f"{self.core_calls_per_vm_hour:.2f} of them the core's"
        )


def fleet_environment(count: int) -> tuple[Environment, tuple[str, ...]]:
    """The environment with this many small VMs, and their names."""
    environment = written()
    template = next(iter(environment.vms.values()))
    disk = template.disks[0]
    rate = ConstantRate.model_validate({"rate": "2 kB/s"})
    small = disk.model_copy(update={"size_bytes": GIB, "used_bytes": GIB // 8, "workload": rate})
    names = tuple(f"nexus{number:03}" for number in range(count))
    vms = {
        name: template.model_copy(
            update={"address": f"192.168.0.{FIRST_ADDRESS + number}", "disks": (small,)}
        )
        for number, name in enumerate(names)
    }
    for name, vm in vms.items():
        vm._name = name  # a VM's name is the key that it stands under
    hosts = {n: _without_limit(h) if getattr(h, "orgs", None) else h for n, h in environment.hosts.items()}
    return environment.model_copy(update={"vms": vms, "hosts": hosts}), names


def _without_limit(vcd: object) -> object:
    copy = vcd.model_copy(deep=True)  # type: ignore[attr-defined]
    for org in copy.orgs.values():
        for vdc in org.vdcs.values():
            for name, profile in list(vdc.storage_profiles.items()):
                vdc.storage_profiles[name] = profile.model_copy(update={"limit_bytes": None})
    return copy


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the garbage collector look less often: nearly everything lives to the end."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def run_fleet(count: int, hours: float, poll_s: float = 30.0, seed: int = 1) -> FleetFigures:
    """Migrate `count` VMs at once, keep them in sync, cut all over, for `hours` of virtual time in all; half
    of the time is left for the cutovers. `poll_s`: between the core's looks."""
    environment, names = fleet_environment(count)
    plan = Plan("Fleet", "Warm", names)
    started, cpu_started = time.perf_counter(), time.process_time()
    with hooks.installed(), _rare_collections():
        world = World(environment, seed)
        world.core_config = replace(world.core_config, poll_s=poll_s)
        safety, appliance = Safety(world, plan), world.start_core()
        runtime = world.hub.runtime(world.core_host)
        end_s = environment.start_s + hours * 3600

        def work() -> None:
            appliance.add_cloud(cloud_form(environment), lambda shown: True)
            while appliance.cloud(CLOUD).status == "Enabling":
                runtime.sleep(10)
            appliance.migrate(replace(plan.request(names), vdc=VDC, storage_profile=PROFILE, network=NETWORK))
            runtime.sleep(environment.start_s + hours * 1800 - runtime.now())
            ready = tuple(row.vm for row in appliance.workloads() if row.status == "Cutover ready")
            appliance.cutover(CutoverRequest(ready, confirmed=True))
            runtime.sleep(end_s - runtime.now())

        with world.hub:
            try:
                world.hub.run_until(world.hub.spawn(world.core_host, work, name="administrator"))
            except UserError as error:
                safety.problem(str(error))
            completed = sum(row.status == "Completed" for row in appliance.workloads())
            problems = tuple(safety.finish(()))
    calls = list(world.log.of("call"))
    by = Counter(f"{e.fields['src']} -> {e.fields['dst']}" for e in calls)
    return FleetFigures(
        vms=count,
        hours=hours,
        wall_s=time.perf_counter() - started,
        cpu_s=time.process_time() - cpu_started,
        calls=len(calls),
        core_calls=sum(e.fields["src"] == world.core_host.name for e in calls),
        completed=completed,
        problems=problems,
        calls_by=tuple(by.most_common()),
    )
