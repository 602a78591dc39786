"""`fluid` at full speed: choose the kernel that fits the routes.

Rules of this file: the same contract as sharing.fluid, which is the reference. A link that one flow alone
uses is that flow's cap; what then remains is one bottleneck (every flow over the same links) or a general
network. Numbers agree with the reference to rounding, not to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cxsim.sim.replication.kernel_bottleneck import bottleneck, run_bottleneck
from cxsim.sim.replication.kernel_cache import announce
from cxsim.sim.replication.kernel_filling import run_filling
from cxsim.sim.replication.sharing import CapacityChange, Floats, Flows, Ids, check


def solve(capacity: Sequence[float] | Floats, flows: Flows, changes: Sequence[CapacityChange] = ()) -> Floats:
    """When every flow finishes, sharing the links max-min fairly; inf for one that never does.

    At equal times: capacity change, completion, start. Raises ValueError for an impossible input."""
    announce()
    links = np.array(capacity, np.float64)
    check(links, flows, changes)
    finish = np.full(len(flows.start_s), np.inf)
    changes = sorted(changes, key=lambda change: change.time_s)
    begin, route, cap = _private_links_as_caps(links, flows, {change.link for change in changes})
    linked = np.diff(begin) > 0
    alone = ~linked
    with np.errstate(divide="ignore", invalid="ignore"):
        takes = np.where(flows.size[alone] > 0, flows.size[alone] / cap[alone], 0.0)
    finish[alone] = flows.start_s[alone] + takes
    order = np.argsort(flows.start_s, kind="stable")
    order = order[linked[order]].astype(np.int64)
    if len(order) == 0:
        return finish
    at = np.array([change.time_s for change in changes], np.float64)
    link = np.array([change.link for change in changes], np.int64)
    to = np.array([change.capacity for change in changes], np.float64)
    if (shared := _same_route(begin, route, order)) is not None:
        at, to = _least_of(links, shared, at, link, to)
        state = bottleneck(len(finish), float(links[shared].min()), float(flows.start_s[order[0]]))
        run_bottleneck(*state, flows.start_s, order, flows.size, cap, at, to, finish)
    else:
        capped = bool(np.isfinite(cap[order]).any())
        run_filling(links, flows.start_s, order, flows.size, cap, capped, begin, route, at, link, to, finish)
    return finish


def _private_links_as_caps(links: Floats, flows: Flows, changing: set[int]) -> tuple[Ids, Ids, Floats]:
    """Routes without the links that have one user and never change, and the caps with them."""
    begin, route = flows.route_begin, flows.route_links
    flow = np.repeat(np.arange(len(flows.start_s)), np.diff(begin))
    private = np.bincount(route, minlength=len(links))[route] == 1
    if changing:
        private &= ~np.isin(route, sorted(changing))
    cap = flows.cap.copy()
    np.minimum.at(cap, flow[private], links[route[private]])
    kept = np.zeros(len(begin), np.int64)
    np.cumsum(np.bincount(flow[~private], minlength=len(cap)), out=kept[1:])
    return kept, route[~private], cap


def _same_route(begin: Ids, route: Ids, order: Ids) -> Ids | None:
    """The links of the flows in `order` when all have the same ones."""
    lengths = np.diff(begin)[order]
    if not (lengths == lengths[0]).all():
        return None
    routes = route[begin[order][:, None] + np.arange(lengths[0])]
    if not (routes == routes[0]).all():
        routes = np.sort(routes, axis=1)
    return routes[0] if (routes == routes[0]).all() else None


def _least_of(links: Floats, shared: Ids, at: Floats, link: Ids, to: Floats) -> tuple[Floats, Floats]:
    """The changes of the narrowest of the shared links."""
    now = {int(s): float(links[s]) for s in shared}
    found: list[tuple[float, float]] = []
    for t, which, value in zip(at.tolist(), link.tolist(), to.tolist(), strict=True):
        if which in now:
            now[which] = value
            found.append((t, min(now.values(), default=math.inf)))
    return np.array([t for t, _ in found]), np.array([value for _, value in found])
