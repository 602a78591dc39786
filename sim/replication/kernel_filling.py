"""Any links and routes, with caps: exact max-min by lazy progressive filling after every event.

Rules of this file: kernels over plain arrays. Transfers at work are kept dense (`left`, `rate` by place);
every link has a chain of the *slots* that use it, a slot being an entry of `route_links`. Filling keeps the
links' shares in a heap; shares only grow while transfers are settled, so an entry is looked at again only
when it comes to the top.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cxsim.sim.replication.kernel_cache import inlined, kernel

_ROUNDING = 1 + 1e-15
"""Two shares that differ by no more than rounding are one share."""


@inlined
def _sink(shares: Any, links: Any, length: int, at: int, share: float, link: int) -> None:
    """Put (share, link) at a place of the heap of shares, or below it."""
    while True:
        child = 2 * at + 1
        if child >= length:
            break
        if child + 1 < length and shares[child + 1] < shares[child]:
            child += 1
        if shares[child] >= share:
            break
        shares[at] = shares[child]
        links[at] = links[child]
        at = child
    shares[at] = share
    links[at] = link


@kernel
def fill(
    active: int,
    who: Any,
    rate: Any,
    cap: Any,
    by_cap: Any,
    capped: bool,
    route_begin: Any,
    route_links: Any,
    slot_place: Any,
    used_links: Any,
    used: int,
    users: Any,
    chain_head: Any,
    chain_next: Any,
    capacity: Any,
    free: Any,
    open_users: Any,
    shares: Any,
    heap_links: Any,
) -> None:
    """The max-min fair rates of the `active` transfers. `by_cap`: their places by cap, least first (only
    when any is `capped`); the last four arrays are scratch."""
    for q in range(used):
        link = used_links[q]
        free[link] = capacity[link]
        open_users[link] = users[link]
        shares[q] = capacity[link] / users[link]
        heap_links[q] = link
    for at in range(used // 2 - 1, -1, -1):
        _sink(shares, heap_links, used, at, shares[at], heap_links[at])
    for k in range(active):
        rate[k] = -1.0
    length, todo, next_cap = used, active, 0
    while todo > 0:
        if capped:
            while rate[by_cap[next_cap]] >= 0.0:
                next_cap += 1
            k = by_cap[next_cap]
            own = cap[who[k]]
            if length == 0 or own <= shares[0]:
                rate[k] = own
                todo -= 1
                for slot in range(route_begin[who[k]], route_begin[who[k] + 1]):
                    link = route_links[slot]
                    free[link] = max(0.0, free[link] - own)
                    open_users[link] -= 1
                continue
        link = heap_links[0]
        if open_users[link] > 0:
            share = free[link] / open_users[link]
            if share > shares[0] * _ROUNDING:
                _sink(shares, heap_links, length, 0, share, link)
                continue
            slot = chain_head[link]
            while slot >= 0:
                k = slot_place[slot]
                if rate[k] < 0.0:
                    rate[k] = share
                    todo -= 1
                    for other_slot in range(route_begin[who[k]], route_begin[who[k] + 1]):
                        other = route_links[other_slot]
                        free[other] = max(0.0, free[other] - share)
                        open_users[other] -= 1
                slot = chain_next[slot]
        length -= 1
        if length > 0:
            _sink(shares, heap_links, length, 0, shares[length], heap_links[length])


@kernel
def run_filling(
    capacity: Any,
    start_s: Any,
    order: Any,
    size: Any,
    cap: Any,
    capped: bool,
    route_begin: Any,
    route_links: Any,
    change_s: Any,
    change_link: Any,
    change_to: Any,
    finish_s: Any,
) -> None:
    """All transfers, `order`ed by start, to the end; each has at least one link. `capacity` is changed in
    place. At equal times: capacity change, completion, start."""
    n, slots, link_count = len(start_s), len(route_links), len(capacity)
    who = np.empty(n, np.int32)
    left, rate = np.empty(n), np.empty(n)
    by_cap = np.empty(n, np.int32)
    slot_place = np.empty(slots, np.int32)
    chain_head = np.full(link_count, -1, np.int32)
    chain_next, chain_before = np.empty(slots, np.int32), np.empty(slots, np.int32)
    users = np.zeros(link_count, np.int32)
    used_links, used_at = np.empty(link_count, np.int32), np.empty(link_count, np.int32)
    free, shares = np.empty(link_count), np.empty(link_count)
    open_users, heap_links = np.empty(link_count, np.int32), np.empty(link_count, np.int32)
    active, used, coming, changing = 0, 0, 0, 0
    now = start_s[order[0]] if n > 0 else 0.0
    while coming < len(order) or active > 0:
        lasts, first = math.inf, -1
        for k in range(active):
            if left[k] <= 0.0:
                lasts, first = 0.0, k
                break
            if rate[k] > 0.0:
                takes = left[k] / rate[k]
                if takes < lasts:
                    lasts, first = takes, k
        start = start_s[order[coming]] if coming < len(order) else math.inf
        change = change_s[changing] if changing < len(change_s) else math.inf
        done = now + lasts
        at = min(done, start, change)
        if at == math.inf:
            return
        passed = at - now
        if passed > 0.0:
            now = at
            for k in range(active):
                left[k] -= rate[k] * passed
        if change <= at:
            capacity[change_link[changing]] = change_to[changing]
            changing += 1
        elif done <= at:
            f = who[first]
            finish_s[f] = now
            for slot in range(route_begin[f], route_begin[f + 1]):
                link = route_links[slot]
                users[link] -= 1
                if chain_before[slot] >= 0:
                    chain_next[chain_before[slot]] = chain_next[slot]
                else:
                    chain_head[link] = chain_next[slot]
                if chain_next[slot] >= 0:
                    chain_before[chain_next[slot]] = chain_before[slot]
                if users[link] == 0:
                    used -= 1
                    moved = used_links[used]
                    used_links[used_at[link]] = moved
                    used_at[moved] = used_at[link]
            active -= 1
            if capped:
                k = 0
                while by_cap[k] != first:
                    k += 1
                for j in range(k, active):
                    by_cap[j] = by_cap[j + 1]
            if first != active:
                g = who[active]
                who[first], left[first] = g, left[active]
                for slot in range(route_begin[g], route_begin[g + 1]):
                    slot_place[slot] = first
                if capped:
                    for j in range(active):
                        if by_cap[j] == active:
                            by_cap[j] = first
        else:
            f = order[coming]
            coming += 1
            who[active], left[active] = f, size[f]
            for slot in range(route_begin[f], route_begin[f + 1]):
                link = route_links[slot]
                slot_place[slot] = active
                chain_next[slot], chain_before[slot] = chain_head[link], -1
                if chain_head[link] >= 0:
                    chain_before[chain_head[link]] = slot
                chain_head[link] = slot
                if users[link] == 0:
                    used_links[used], used_at[link] = link, used
                    used += 1
                users[link] += 1
            if capped:
                k = active
                while k > 0 and cap[who[by_cap[k - 1]]] > cap[f]:
                    by_cap[k] = by_cap[k - 1]
                    k -= 1
                by_cap[k] = active
            active += 1
        fill(
            active,
            who,
            rate,
            cap,
            by_cap,
            capped,
            route_begin,
            route_links,
            slot_place,
            used_links,
            used,
            users,
            chain_head,
            chain_next,
            capacity,
            free,
            open_users,
            shares,
            heap_links,
        )
