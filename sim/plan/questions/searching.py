"""The smallest rate that passes, on a grid, and how sure that is.

Rules of this file: rates of the grid have three digits, so that neighbours are 1 % apart or less. More
bandwidth is nearly always better, but not surely (starts fall otherwise): after halving, rates up to 3 %
below the one found are tried as well, and the search goes on below when one of them passes. So the rate found
passes, and none of those tried below it does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MARGIN = 0.03
"""So far below the rate found, failing is verified."""
Passes = Callable[[Sequence[float]], Sequence[bool]]
"""Whether each of these rates (bit/s) passes."""


@dataclass(frozen=True)
class Found:
    """`rate_bps`: the smallest of the grid that passes; None: none up to `most_bps` does. `tried`: every rate
    and whether it passed, in order of size."""

    rate_bps: float | None
    most_bps: float
    tried: tuple[tuple[float, bool], ...]

    @property
    def monotone(self) -> bool:
        """Whether everything tried above it passed too."""
        return all(passed for rate_bps, passed in self.tried if rate_bps >= (self.rate_bps or math.inf))


def step_of(rate_bps: float) -> int:
    """The place on the grid of the largest rate of it that is at most this one, within rounding. Raises
    ValueError for a rate below 1 bit/s."""
    if not rate_bps >= 1:
        raise ValueError(f"rate_bps = {rate_bps!r}: must be 1 or more")
    decade = math.floor(math.log10(rate_bps) + 1e-12) - 2
    digits = math.floor(rate_bps / 10.0**decade + 1e-9)
    return decade * 900 + min(999, max(100, digits)) - 100


def rate_of(step: int) -> float:
    """The rate at a place of the grid: 100 to 999 times a power of ten."""
    decade, digits = divmod(step, 900)
    return float(100 + digits) * 10.0**decade if decade < 0 else float((100 + digits) * 10**decade)


def smallest(passes: Passes, guess_bps: float, least_bps: float, most_bps: float, sure: bool = True) -> Found:
    """The smallest rate of the grid between two rates that passes. `guess_bps`: where to begin. `sure` False:
    within the margin, without looking further below. Raises ValueError for a range without one."""
    low, high = step_of(least_bps), step_of(most_bps)
    if low > high:
        raise ValueError(f"nothing between {least_bps!r} and {most_bps!r}")
    search = _Search(passes, 0.0 if sure else MARGIN)
    step = min(high, max(low, step_of(guess_bps)))
    if search.one(step):
        top = step
    else:
        below = step
        while not search.one(step := min(high, step_of(2 * rate_of(step)))):
            below = step
            if step == high:
                return Found(None, rate_of(high), search.tried())
        top = search.between(below, step)
    while True:
        top = search.down(top, low)
        if not sure:
            return Found(rate_of(top), rate_of(high), search.tried())
        lower = [step for step in _below(top, low) if step != top]
        passed = [step for step, good in zip(lower, search.many(lower), strict=True) if good]
        exact = rate_of(top) * (1 - MARGIN)
        if not passed:
            search.rates([exact] if exact >= rate_of(low) else [])
            return Found(rate_of(top), rate_of(high), search.tried())
        top = min(passed)


def _below(top: int, low: int) -> list[int]:
    """Places below, up to the margin: some near, some far."""
    last = max(low, step_of(max(1.0, rate_of(top) * (1 - MARGIN))))
    near = [top - gap for gap in (1, 2, 3, 5, 8, 13, 21) if last < top - gap]
    return [*near, last]


class _Search:
    def __init__(self, passes: Passes, margin: float) -> None:
        self._passes, self._margin = passes, margin
        self._known: dict[float, bool] = {}

    def rates(self, rates_bps: Sequence[float]) -> list[bool]:
        new = [rate for rate in dict.fromkeys(rates_bps) if rate not in self._known]
        if new:
            self._known.update(zip(new, self._passes(new), strict=True))
        return [self._known[rate] for rate in rates_bps]

    def many(self, steps: Sequence[int]) -> list[bool]:
        return self.rates([rate_of(step) for step in steps])

    def one(self, step: int) -> bool:
        return self.many([step])[0]

    def between(self, fails: int, good: int) -> int:
        """The least that passes, if more is better."""
        while good - fails > 1 and rate_of(fails) < rate_of(good) * (1 - self._margin):
            middle = (fails + good) // 2
            if self.one(middle):
                good = middle
            else:
                fails = middle
        return good

    def down(self, good: int, low: int) -> int:
        """From one that passes to the least that does, if more is better."""
        stride = 16
        while good > low:
            near = any(
                rate_of(good) * (1 - self._margin) <= rate < rate_of(good)
                for rate, passed in self._known.items()
                if not passed
            )
            if self._margin and near:
                return good
            lower = max(low, good - stride)
            if not self.one(lower):
                return self.between(lower, good)
            good, stride = lower, 2 * stride
        return good

    def tried(self) -> tuple[tuple[float, bool], ...]:
        return tuple(sorted(self._known.items()))
