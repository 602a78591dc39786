"""`python -m cxsim.sim.replication.warm`: compile the kernels into their cache, once after installing.

Rules of this file: it calls every kernel with the types that the engine and the solver use, and nothing else.
"""

from __future__ import annotations

import math

import numpy as np

from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.kernel_cache import cache_directory
from cxsim.sim.replication.records import Route
from cxsim.sim.replication.sharing import CapacityChange, Flows
from cxsim.sim.replication.solver import solve
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload


def main() -> None:
    """Run a little of everything."""
    engine = Engine()
    link = engine.add_link(1e6)
    vm = engine.add_vm(VmWorkload("warm", (Disk(2000, 1e9, 1e6, Constant(1e3)),)))
    replication = engine.start(vm, 900.0, (2000,), False, 0.0)
    engine.set_path(replication, Route((link,), 1e6), 0.0)
    engine.next_event()
    engine.advance(3600.0)
    engine.progress(replication, 3600.0)
    engine.rpo(replication, 3600.0)
    one = Flows.of([0.0, 1.0], [1.0, 1.0], [(0,), (0,)], [1.0, math.inf])
    two = Flows.of([0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [(0,), (0, 1), (1,)], [1.0, math.inf, math.inf])
    for flows in (one, two):
        solve(np.array([1.0, 1.0]), flows, [CapacityChange(1.0, 0, 2.0)])
    print(f"kernels are compiled: {cache_directory()}")


if __name__ == "__main__":
    main()
