"""Slow, plain answers to compare the real ones with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction


def max_min(
    capacity: Sequence[Fraction], caps: Sequence[Fraction], routes: Sequence[Sequence[int]]
) -> list[Fraction]:
    """Progressive filling as the textbook says it, in exact arithmetic: all rates rise together; at each
    stop every transfer on a full link or at its cap is frozen."""
    rates = [Fraction(0)] * len(caps)
    open_ = set(range(len(caps)))
    while open_:
        steps = [caps[f] - rates[f] for f in open_]
        for link, total in enumerate(capacity):
            using = [f for f in range(len(caps)) if link in routes[f]]
            if rising := sum(f in open_ for f in using):
                steps.append((total - sum(rates[f] for f in using)) / rising)
        step = min(steps)
        for f in open_:
            rates[f] += step
        full = {
            link
            for link, total in enumerate(capacity)
            if sum(rates[f] for f in range(len(caps)) if link in routes[f]) >= total
        }
        open_ = {f for f in open_ if rates[f] < caps[f] and not full & set(routes[f])}
    return rates


def finish_times(
    capacity: Sequence[Fraction],
    starts: Sequence[Fraction],
    sizes: Sequence[Fraction],
    caps: Sequence[Fraction],
    routes: Sequence[Sequence[int]],
    changes: Sequence[tuple[Fraction, int, Fraction]] = (),
) -> list[float]:
    """When each flow finishes, in exact arithmetic."""
    links, left = list(capacity), list(sizes)
    finish = [math.inf] * len(starts)
    stops = sorted({*starts, *(t for t, _, _ in changes)})
    now = min(stops, default=Fraction(0))
    while True:
        for t, link, value in changes:
            if t == now:
                links[link] = value
        active = [f for f in range(len(starts)) if starts[f] <= now and finish[f] == math.inf]
        for f in active:
            if left[f] == 0:
                finish[f] = float(now)
        active = [f for f in active if finish[f] == math.inf]
        rates = max_min(links, [caps[f] for f in active], [routes[f] for f in active])
        ends = [now + left[f] / rate for f, rate in zip(active, rates, strict=True) if rate > 0]
        until = min([*ends, *(t for t in stops if t > now)], default=None)
        if until is None:
            return finish
        for f, rate in zip(active, rates, strict=True):
            left[f] -= rate * (until - now)
        now = until
