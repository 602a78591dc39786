"""A search whose answer is checked: how many pass.

Rules of this file: what is asked is a function of one number; it is taken to be monotone to find the answer,
which is verified on both sides.
"""

from __future__ import annotations

from collections.abc import Callable


def most_that_pass(passes: Callable[[int], bool], most: int) -> int:
    """A number n from 0 to `most` that passes while n + 1 does not: the largest one, if more is never easier
    (0 always passes)."""
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
