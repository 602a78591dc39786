"""What the engine that is in use costs: VMs with caps on one link, RPO 15 minutes, one virtual day.

python -m benchmarks.replication_engine
"""

from __future__ import annotations

import random
import time

from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import InstanceDone, Route
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload

DAY_S, RPO_S = 86400.0, 900.0


def fleet(vms: int, load: float, seed: int = 1) -> Engine:
    """`vms` VMs with lognormal change rates that use `load` of one link's usable capacity."""
    rng = random.Random(seed)
    rates = [rng.lognormvariate(0, 1.27) * 1e5 for _ in range(vms)]
    engine = Engine()
    link = engine.add_link(sum(rates) * 8 / load / engine.settings.link_efficiency)
    for n, rate in enumerate(rates):
        engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e13, rate * 100, Constant(rate)),)))
        replication = engine.start(n, RPO_S, (2000,), False, 0.0)
        engine.set_path(replication, Route((link,), rng.choice([100e6, 250e6, 500e6, 1e9])), 0.0)
    return engine


def main() -> None:
    """Measure and print a line a fleet."""
    for vms in (3, 10, 30, 100):
        engine = fleet(vms, load=0.7)
        begin = time.perf_counter()
        engine.advance(DAY_S)
        wall_s = time.perf_counter() - begin
        syncs = sum(isinstance(event, InstanceDone) for event in engine.take_events())
        print(
            f"{vms:4d} VMs x 1 day: {wall_s:7.3f} s, {syncs:6d} syncs, {wall_s / vms * 1e3:7.2f} ms a VM-day"
        )


if __name__ == "__main__":
    main()
