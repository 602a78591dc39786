"""Many simulations of a plan: what one needs, what it gives, and who runs them.

fleet = drawn_fleet(basis, rpo_s=900.0, seed=1)
with Runner(folder=results_folder()) as runner:
    results = runner.run([Run(fleet, link_bps, 30 * 86400.0, basis.settings) for link_bps in (50e6, 100e6)])
"""

from cxsim.sim.plan.runs.drawing import drawn_fleet, staggered
from cxsim.sim.plan.runs.kept import Kept, results_folder
from cxsim.sim.plan.runs.model import Fleet, FleetFigures, Run, RunResult, Series, VmFigures
from cxsim.sim.plan.runs.runner import Progress, RunFailed, Runner

__all__ = [
    "Fleet",
    "FleetFigures",
    "Kept",
    "Progress",
    "Run",
    "RunFailed",
    "RunResult",
    "Runner",
    "Series",
    "VmFigures",
    "drawn_fleet",
    "results_folder",
    "staggered",
]
