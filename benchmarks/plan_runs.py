"""Many simulations of one plan: 1,000 VMs x 30 days x 8 bandwidths x 20 seeds, RPO 15 minutes.

    python -m benchmarks.plan_runs [VMS:DAYS:SEEDS]

Two worker processes, nothing kept. Memory is the most that the parent and the workers ever had, added up.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime

from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes import Sources, grade_rates
from cxsim.sim.plan.inventory import synthetic
from cxsim.sim.plan.questions.rpo import default_links
from cxsim.sim.plan.questions.trials import DAY_S, Trials
from cxsim.sim.plan.readiness import assess
from cxsim.sim.plan.runs import Progress, Runner
from cxsim.sim.replication.settings import Settings

RPO_S, WORKERS = 900.0, 2
WHOLE = "1000:30:20"


def told(progress: Progress) -> None:
    """A line every 20 runs."""
    if progress.done % 20 == 0:
        left = f", {progress.left_s:.0f} s left" if progress.left_s is not None else ""
        print(f"  {progress.done} of {progress.total} runs, {progress.elapsed_s:.0f} s{left}", flush=True)


def main() -> None:
    """Measure and print."""
    import resource

    given = next((word for word in sys.argv[1:] if ":" in word), WHOLE)
    count, days, seeds = (int(part) for part in given.split(":"))
    inventory = synthetic(count, 1)
    changes = grade_rates(inventory.vms, Sources(), 1)
    basis = Basis(inventory, assess(inventory, "warm"), changes, "warm", Settings(), 1, datetime(2017, 11, 6))
    begin = time.perf_counter()
    with Runner(WORKERS, progress=told) as runner:
        trials = Trials(basis, runner, days * DAY_S, seeds)
        found = trials.of([(link, RPO_S) for link in default_links(basis, RPO_S)])
    took_s = time.perf_counter() - begin
    for trial in found:
        print(f"  {trial.link.text}: {trial.share:.4f} of the time in RPO, bottleneck {trial.bottleneck}")
    mine, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    busy_s = mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime
    memory_mb = (mine.ru_maxrss + WORKERS * theirs.ru_maxrss) / 1024
    print(
        f"{len(basis.planned())} VMs x {days} days x {len(found)} bandwidths x {seeds} seeds: {took_s:.0f} s "
        f"({busy_s:.0f} s of processor time, load {os.getloadavg()[0]:.1f}), {memory_mb:.0f} MB"
    )


if __name__ == "__main__":
    main()
