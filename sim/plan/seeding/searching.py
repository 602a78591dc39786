"""Searches whose answer is checked: the smallest link that passes, the largest batch, the latest start.

Rules of this file: what is asked is a function of one number; it is taken to be monotone to find the answer,
and the answer is then verified on both sides, never assumed. `seen` is told after every trial.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

CLOSER = 1.012
"""The search for a link ends when what fails and what passes are this close."""
MARGIN = 0.03
"""A link of so much less than the one found fails."""
MOST_TRIALS = 60


@dataclass(frozen=True)
class Least:
    """The smallest link found. `below_fails`: `MARGIN` less was tried and failed."""

    bps: float
    below_fails: bool
    trials: int


def rounded_up(bps: float) -> float:
    """To three digits, upwards: a figure that can be read, and asked for."""
    if bps <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(bps)) - 2)
    return math.ceil(bps / step - 1e-6) * step


def smallest_link(
    passes: Callable[[float], bool], start_bps: float, most_bps: float, least_bps: float = 1e3
) -> Least | None:
    """The smallest rate (bits a second) that passes, to 3 %; None when not even `most_bps` does. Rates are
    tried from `start_bps` on. When 3 % less passes too (the question is not quite monotone there), the
    search goes on below it."""
    tried: dict[float, bool] = {}

    def does(bps: float) -> bool:
        if bps not in tried:
            tried[bps] = passes(bps)
        return tried[bps]

    low, high = _bracket(does, start_bps, most_bps, least_bps)
    if high is None:
        return None
    for _ in range(MOST_TRIALS):
        while high / low > CLOSER:
            middle = math.sqrt(low * high)
            if does(middle):
                high = middle
            else:
                low = middle
        found = rounded_up(high)
        while not does(found):
            found = rounded_up(found * (1 + MARGIN))
        below = found * (1 - MARGIN)
        if below <= least_bps or not does(below):
            return Least(found, below > least_bps, len(tried))
        high, low = below, _failing_below(does, below, least_bps)
    return Least(found, False, len(tried))


def _bracket(
    does: Callable[[float], bool], start_bps: float, most_bps: float, least_bps: float
) -> tuple[float, float | None]:
    """One that fails (or the least there is) and one that passes."""
    start_bps = min(max(start_bps, least_bps), most_bps)
    if does(start_bps):
        return _failing_below(does, start_bps, least_bps), start_bps
    low = start_bps
    while low < most_bps:
        high = min(low * 2, most_bps)
        if does(high):
            return low, high
        low = high
    return low, None


def _failing_below(does: Callable[[float], bool], passing: float, least_bps: float) -> float:
    low = passing
    while low > least_bps:
        low = max(low / 2, least_bps)
        if not does(low):
            return low
    return least_bps


def most_that_pass(passes: Callable[[int], bool], most: int) -> int:
    """The largest n from 0 to `most` that passes while n + 1 does not (0 always passes)."""
    if most <= 0 or passes(most):
        return max(0, most)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if passes(middle):
            low = middle
        else:
            high = middle
    return low
