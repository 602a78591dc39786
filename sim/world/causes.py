"""Why a run failed: the flows that a CX environment needs, tried on the network as it stands at the end.

Rules of this file: it brings world and explanations together; texts are `explain`'s. A flow that fails is a
cause only if something asked for it in the run or may ask for it: all failing flows are told, in the order
of the table.
"""

from __future__ import annotations

from cxsim.sim.explain import cause_lines, evaluate
from cxsim.sim.world.world import World


def causes_of(world: World) -> list[str]:
    """The lines that tell every cause; empty when every required flow passes."""
    return cause_lines(evaluate(world.view(), world.network), world.network)
