"""The same VMs in several draws: how much a plan's finish depends on what is not known of their changes.

Rules of this file: two things are drawn. What was made up (bursts, and rates drawn from a fleet) is made up
anew by every draw's own seed; what was measured stays as it was (runs/drawing.py). And bounds: in draw n of N
every VM's rate lies at the quantile (n + 1/2) / N between its bounds (low at 0, mid at 1/2, high at 1, even
in the logarithm), the same for all VMs of a draw: what is wrong with a source or a default is wrong for all
of them alike, so independent draws would cancel out what they should show. A measured rate has narrow bounds
and hardly moves. Everything comes from the plan's seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from cxsim.sim.kernel.streams import seed_sequence
from cxsim.sim.plan.basis import PlannedVm
from cxsim.sim.plan.changes.model import ChangeRate, scaled
from cxsim.sim.plan.runs.drawing import reseeded

DRAWS = 20
"""How many, unless told otherwise."""


def quantile_of(draw: int, draws: int) -> float:
    """Where between the bounds the rates of a draw lie."""
    return (draw + 0.5) / draws


def factor_at(rate: ChangeRate, rpo_s: float, quantile: float) -> float:
    """What the rate is multiplied by at this RPO: geometric between its bounds."""
    low, mid, high = (rate.factor(rpo_s, bound) for bound in ("low", "mid", "high"))
    if quantile <= 0.5:
        return low * (mid / low) ** (2 * quantile) if low > 0 else mid
    return float(mid * (high / mid) ** (2 * quantile - 1))


def drawn(vms: Sequence[PlannedVm], rpo_s: float, seed: int, draw: int, draws: int) -> tuple[PlannedVm, ...]:
    """The VMs in draw `draw` of `draws`, from 0; their `mid` at this RPO is the rate drawn."""
    own = int(seed_sequence(seed, f"plan/draws/{draw}").generate_state(1)[0])
    return tuple(_drawn(vm, rpo_s, seed, own, quantile_of(draw, draws)) for vm in vms)


def _drawn(vm: PlannedVm, rpo_s: float, before: int, seed: int, quantile: float) -> PlannedVm:
    rate = reseeded(vm.rate, before, seed)
    moved = factor_at(rate, rpo_s, quantile) / rate.factor(rpo_s, "mid")
    return replace(vm, rate=replace(rate, base=scaled(rate.base, moved)))


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that `share` of all do not exceed; inf where it is not finite. Raises ValueError for
    no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]
