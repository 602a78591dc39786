"""What the replication engine costs: VMs with caps on one link, RPO 15 minutes, full accounting.

    python -m benchmarks.replication_engine [VMS:DAYS...]

Fixed seeds, one core, processor time; compile time apart (a small fleet runs first). Memory is the peak above
what the process had after importing.
"""

from __future__ import annotations

import random
import resource
import sys
import time

from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import Route
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload

DAY_S, RPO_S = 86400.0, 900.0
RUNS = ("1000:30", "100:30", "100000:1")


def peak_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fleet(vms: int, load: float, seed: int = 1) -> Engine:
    """`vms` VMs with lognormal change rates that use `load` of one link's usable capacity."""
    rng = random.Random(seed)
    rates = [rng.lognormvariate(0, 1.27) * 1e5 for _ in range(vms)]
    engine = Engine(notify=False, per_vm_ages=vms <= 20_000, keep_violations=10_000)
    link = engine.add_link(sum(rates) * 8 / load / engine.settings.link_efficiency)
    for n, rate in enumerate(rates):
        engine.add_vm(VmWorkload(f"vm{n}", (Disk(2000, 1e13, rate * 100, Constant(rate)),)))
        replication = engine.start(n, RPO_S, (2000,), False, 0.0)
        engine.set_path(replication, Route((link,), rng.choice([100e6, 250e6, 500e6, 1e9])), 0.0)
    return engine


def main() -> None:
    """Measure and print a line a fleet."""
    imported_mb = peak_mb()
    fleet(5, load=0.7).advance(1000.0)
    for run in [given for given in sys.argv[1:] if ":" in given] or RUNS:
        vms, days = (int(part) for part in run.split(":"))
        begin = time.process_time()
        engine = fleet(vms, load=0.7)
        made = time.process_time()
        engine.advance(days * DAY_S)
        took_s = time.process_time() - made
        syncs = sum(engine.rpo(i, days * DAY_S).syncs for i in range(0, vms, max(1, vms // 1000)))
        rate, each_us = engine.events_run / took_s / 1e6, took_s / vms / days * 1e6
        print(
            f"{vms:6d} VMs x {days:2d} days: {took_s:7.2f} s ({made - begin:.2f} s to set up), "
            f"{rate:.2f} M events/s, {each_us:6.1f} us a VM-day, "
            f"{peak_mb() - imported_mb:.0f} MB above import, {syncs} syncs of {min(vms, 1000)} VMs",
            flush=True,
        )


if __name__ == "__main__":
    main()
