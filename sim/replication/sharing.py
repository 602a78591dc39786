"""Who gets how much of the links: max-min fair sharing by progressive filling.

Rules of this file: pure functions over arrays and ids. Every transfer has a route (link ids, each at most
once) and a cap of its own; all rise together until a link is full or a cap is reached, those stop, the
rest goes on (Bertsekas and Gallager, Data Networks, 6.5.2). The reference is SimGrid's CM02 model without
cross traffic (tests/golden/simgrid). Capacities, caps and sizes share one unit of bytes or bits; nothing
here knows which.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

# Two shares that differ by no more than rounding are one share.
_ROUNDING = 1 + 1e-15


def fair_rates(
    capacity: Sequence[float], caps: Sequence[float], routes: Sequence[Sequence[int]]
) -> list[float]:
    """The max-min fair rate of every transfer.

    `capacity` by link id; `caps` and `routes` by transfer. inf for a transfer with no links and no cap.
    Shares of links only grow while others stop, so a lazily updated heap finds the next full link."""
    rates = [-1.0] * len(caps)
    members: dict[int, list[int]] = {}
    for transfer, route in enumerate(routes):
        for link in route:
            members.setdefault(link, []).append(transfer)
    left = {link: capacity[link] for link in members}
    open_count = {link: len(transfers) for link, transfers in members.items()}
    shares = [(left[link] / open_count[link], link) for link in members]
    heapq.heapify(shares)
    by_cap = sorted(range(len(caps)), key=caps.__getitem__)
    capped = 0  # by_cap[:capped] have their rate

    def settle(transfer: int, rate: float) -> None:
        rates[transfer] = rate
        for link in routes[transfer]:
            left[link] = max(0.0, left[link] - rate)
            open_count[link] -= 1

    while capped < len(by_cap):
        transfer = by_cap[capped]
        if rates[transfer] >= 0:
            capped += 1
            continue
        if shares and caps[transfer] > shares[0][0]:
            share, link = heapq.heappop(shares)
            if not open_count[link]:
                continue
            now = left[link] / open_count[link]
            if now > share * _ROUNDING:
                heapq.heappush(shares, (now, link))
                continue
            for other in members[link]:
                if rates[other] < 0:
                    settle(other, now)
        else:
            settle(transfer, caps[transfer])
            capped += 1
    return rates


@dataclass(frozen=True)
class Flows:
    """Transfers as arrays: flow f starts at `start_s[f]` with `size[f]` to move, may move at most
    `cap[f]` a second, and uses the links `route_links[route_begin[f]:route_begin[f + 1]]`."""

    start_s: Floats
    size: Floats
    cap: Floats
    route_begin: Ids
    route_links: Ids

    @staticmethod
    def of(
        start_s: Sequence[float],
        size: Sequence[float],
        routes: Sequence[Sequence[int]],
        cap: Sequence[float] | None = None,
    ) -> Flows:
        """Flows from plain sequences; no caps means inf."""
        begin = np.zeros(len(routes) + 1, np.int64)
        np.cumsum([len(route) for route in routes], out=begin[1:])
        return Flows(
            np.asarray(start_s, np.float64),
            np.asarray(size, np.float64),
            np.full(len(routes), np.inf) if cap is None else np.asarray(cap, np.float64),
            begin,
            np.asarray([link for route in routes for link in route], np.int64),
        )


@dataclass(frozen=True)
class CapacityChange:
    """From `time_s` on, `link` has this capacity."""

    time_s: float
    link: int
    capacity: float


def fluid(capacity: Sequence[float] | Floats, flows: Flows, changes: Sequence[CapacityChange] = ()) -> Floats:
    """When every flow finishes, sharing the links max-min fairly; inf for one that never does.

    At equal times: capacity change, completion, start. Raises ValueError for an impossible input."""
    check(capacity, flows, changes)
    links = [float(c) for c in capacity]
    starts, sizes, caps = flows.start_s.tolist(), flows.size.tolist(), flows.cap.tolist()
    begin, ids = flows.route_begin.tolist(), flows.route_links.tolist()
    routes = [ids[begin[f] : begin[f + 1]] for f in range(len(starts))]
    finish = np.full(len(starts), np.inf)
    coming = sorted(range(len(starts)), key=starts.__getitem__)
    changing = sorted(range(len(changes)), key=lambda c: changes[c].time_s)
    active: list[int] = []
    left: list[float] = []
    rates: list[float] = []
    now = starts[coming[0]] if coming else 0.0
    c = k = 0
    while k < len(coming) or active:
        t_change = changes[changing[c]].time_s if c < len(changing) else math.inf
        t_start = starts[coming[k]] if k < len(coming) else math.inf
        first, t_done = -1, math.inf
        for i, rest in enumerate(left):
            due = now + _duration(rest, rates[i])
            if due < t_done:
                first, t_done = i, due
        t = min(t_change, t_done, t_start)
        if t == math.inf:
            break
        if t > now:
            dt, now = t - now, t
            left = [
                rest - rate * dt if rate < math.inf else 0.0 for rest, rate in zip(left, rates, strict=True)
            ]
        if t_change <= t:
            change = changes[changing[c]]
            links[change.link] = change.capacity
            c += 1
        elif t_done <= t:
            finish[active[first]] = now
            del active[first], left[first]
        else:
            active.append(coming[k])
            left.append(sizes[coming[k]])
            k += 1
        rates = fair_rates(links, [caps[f] for f in active], [routes[f] for f in active])
    return finish


def _duration(size: float, rate: float) -> float:
    if size <= 0:
        return 0.0
    return size / rate if rate > 0 else math.inf


def check(capacity: Sequence[float] | Floats, flows: Flows, changes: Sequence[CapacityChange]) -> None:
    """Raises ValueError, naming the first entry that is wrong, for an impossible input."""
    count, links = len(flows.start_s), len(capacity)
    begin, route = flows.route_begin, flows.route_links
    if not (len(flows.size) == len(flows.cap) == len(begin) - 1 == count):
        raise ValueError("start_s, size, cap and routes must have one entry for each flow")
    for name, values in (("capacity", np.asarray(capacity)), ("size", flows.size), ("cap", flows.cap)):
        for i in np.flatnonzero(~(values >= 0)):
            raise ValueError(f"{name}[{i}] = {float(values[i])!r}: must be a number of 0 or more")
    for i in np.flatnonzero(~np.isfinite(flows.start_s)):
        raise ValueError(f"start_s[{i}] = {float(flows.start_s[i])!r}: must be finite")
    for slot in [*np.flatnonzero((route < 0) | (route >= links)), *_repeated(begin, route)]:
        f = int(np.searchsorted(begin, slot, side="right")) - 1
        shown = route[begin[f] : begin[f + 1]].tolist()
        raise ValueError(f"route of flow {f} = {shown!r}: each link at most once, of {links}")
    for c, change in enumerate(changes):
        if not (0 <= change.link < links and change.capacity >= 0 and math.isfinite(change.time_s)):
            raise ValueError(f"changes[{c}] = {change!r}: impossible")


def _repeated(begin: Ids, route: Ids) -> Ids:
    """The slots whose link is in the same route before. A few columns are compared, which is cheaper than
    to sort; that is the usual case, and this runs before every solution."""
    lengths = np.diff(begin)
    if len(lengths) and lengths[0] <= 4 and (lengths == lengths[0]).all():
        columns = [np.arange(len(lengths)) * lengths[0] + c for c in range(lengths[0])]
        pairs = [
            columns[b][route[columns[a]] == route[columns[b]]] for b in range(lengths[0]) for a in range(b)
        ]
        return np.concatenate(pairs) if pairs else np.zeros(0, np.int64)
    flow = np.repeat(np.arange(len(lengths)), lengths)
    by_link = np.lexsort((route, flow))
    same = (np.diff(flow[by_link]) == 0) & (np.diff(route[by_link]) == 0)
    repeated: Ids = by_link[1:][same]
    return repeated
