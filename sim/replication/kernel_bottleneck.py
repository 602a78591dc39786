"""One bottleneck with a cap per transfer, in virtual time: O(log n) a start, completion or class move.

Rules of this file: kernels over plain state: `keys` and `ids` by transfer, `num` and `cnt` for the link.
A transfer is either *shared*, at the water level theta, or *capped*, at its own cap below theta:

    theta = (capacity - sum of caps of the capped) / number of shared

Shared transfers advance together on one clock V, dV/dt = theta, and keep their virtual finish; capped ones
keep their absolute finish. After every change those whose cap crossed theta change class.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from cxsim.sim.replication.kernel_cache import inlined, kernel, part
from cxsim.sim.replication.kernel_heap import push, take

# The heaps (kernel_heap.py): shared transfers by virtual finish and by least cap; capped ones by finish and
# by greatest cap. A key is kept there and nowhere else.
BY_V, BY_CAP, BY_S, BY_MINUS_CAP = range(4)
# Entries of `num` and of `cnt`.
CAPACITY, SUM_CAPS, V, NOW, THETA = range(5)
SHARED, CAPPED, MOVES = range(3)

_REBASE_V = 2.0**40
"""V is set back to 0 above this, so that finish - V keeps its digits."""
_RESUM_MOVES = 4096
"""The sum of caps is added up afresh this often, so that its rounding does not grow."""
_ROUNDING = 1 + 1e-12


class Bottleneck(NamedTuple):
    """The state, for `kernel(*bottleneck, ...)`."""

    keys: Any
    ids: Any
    places: Any
    held: Any
    """What is left of a transfer whose cap is 0."""
    num: Any
    cnt: Any


def bottleneck(transfers: int, capacity: float, now_s: float = 0.0) -> Bottleneck:
    """An empty bottleneck for transfers 0..transfers-1."""
    state = Bottleneck(
        np.zeros((4, transfers)),
        np.zeros((4, transfers), np.int32),
        np.full((transfers, 4), -1, np.int32),
        np.zeros(transfers),
        np.zeros(5),
        np.zeros(3, np.int64),
    )
    state.num[CAPACITY] = capacity
    state.num[NOW] = now_s
    return state


@part
def _to_shared(keys: Any, ids: Any, places: Any, num: Any, cnt: Any, i: int, left: float, cap: float) -> None:
    push(keys, ids, places, BY_V, cnt[SHARED], num[V] + left, i)
    push(keys, ids, places, BY_CAP, cnt[SHARED], cap, i)
    cnt[SHARED] += 1


@part
def _from_shared(keys: Any, ids: Any, places: Any, num: Any, cnt: Any, i: int) -> None:
    take(keys, ids, places, BY_V, cnt[SHARED], i)
    take(keys, ids, places, BY_CAP, cnt[SHARED], i)
    cnt[SHARED] -= 1
    if cnt[SHARED] == 0:
        num[V] = 0.0


@part
def _to_capped(
    keys: Any, ids: Any, places: Any, held: Any, num: Any, cnt: Any, i: int, left: float, cap: float
) -> None:
    takes_s = left / cap if cap > 0.0 else math.inf if left > 0.0 else 0.0
    if takes_s == math.inf:
        held[i] = left
    push(keys, ids, places, BY_S, cnt[CAPPED], num[NOW] + takes_s, i)
    push(keys, ids, places, BY_MINUS_CAP, cnt[CAPPED], -cap, i)
    cnt[CAPPED] += 1
    num[SUM_CAPS] += cap


@part
def _from_capped(keys: Any, ids: Any, places: Any, num: Any, cnt: Any, i: int) -> None:
    num[SUM_CAPS] += keys[BY_MINUS_CAP, places[i, BY_MINUS_CAP]]
    take(keys, ids, places, BY_S, cnt[CAPPED], i)
    take(keys, ids, places, BY_MINUS_CAP, cnt[CAPPED], i)
    cnt[CAPPED] -= 1
    if cnt[CAPPED] == 0:
        num[SUM_CAPS] = 0.0


@part
def left_of(keys: Any, places: Any, held: Any, num: Any, i: int, now_s: float) -> float:
    """What will be left of a transfer at a time that is not before the last change; changes nothing."""
    left: float = held[i]
    if places[i, BY_V] >= 0:
        left = keys[BY_V, places[i, BY_V]] - num[V] - (now_s - num[NOW]) * num[THETA]
    elif keys[BY_S, places[i, BY_S]] < math.inf:
        left = (keys[BY_S, places[i, BY_S]] - now_s) * -keys[BY_MINUS_CAP, places[i, BY_MINUS_CAP]]
    return max(0.0, left)


@part
def settle(keys: Any, ids: Any, places: Any, held: Any, num: Any, cnt: Any) -> None:
    """Restore the classes after a change and set theta.

    Every move raises theta, so that none is undone: a transfer rises to its cap when cap <= theta, and
    falls to the level when cap > theta, rising ones first (that is what keeps the moves few). The running
    maximum holds this against rounding, or two equal caps could change places for ever."""
    theta = 0.0
    while True:
        rise = False
        if cnt[SHARED] > 0:
            # Of a link that carries nothing, not even what rounding left of the sum may be shared out.
            if num[CAPACITY] > 0.0:
                theta = max(theta, (num[CAPACITY] - num[SUM_CAPS]) / cnt[SHARED])
            rise = keys[BY_CAP, 0] <= theta
            if not rise and (cnt[CAPPED] == 0 or -keys[BY_MINUS_CAP, 0] <= theta):
                break
        elif cnt[CAPPED] == 0 or num[SUM_CAPS] <= num[CAPACITY] * _ROUNDING:
            theta = 0.0
            break
        cnt[MOVES] += 1
        if rise:
            i, cap = ids[BY_CAP, 0], keys[BY_CAP, 0]
            left = max(0.0, keys[BY_V, places[i, BY_V]] - num[V])
            _from_shared(keys, ids, places, num, cnt, i)
            _to_capped(keys, ids, places, held, num, cnt, i, left, cap)
        else:
            i, cap = ids[BY_MINUS_CAP, 0], -keys[BY_MINUS_CAP, 0]
            left = left_of(keys, places, held, num, i, num[NOW])
            _from_capped(keys, ids, places, num, cnt, i)
            _to_shared(keys, ids, places, num, cnt, i, left, cap)
    num[THETA] = theta
    if cnt[MOVES] >= _RESUM_MOVES:
        cnt[MOVES] = 0
        num[SUM_CAPS] = 0.0
        for k in range(cnt[CAPPED]):
            num[SUM_CAPS] -= keys[BY_MINUS_CAP, k]
    if num[V] > _REBASE_V:
        for k in range(cnt[SHARED]):
            keys[BY_V, k] -= num[V]
        num[V] = 0.0


@inlined
def pass_time(num: Any, t_s: float) -> None:
    """Move everything up to `t_s`, at which nothing before it has completed."""
    num[V] += (t_s - num[NOW]) * num[THETA]
    num[NOW] = t_s


@part
def insert(
    keys: Any, ids: Any, places: Any, held: Any, num: Any, cnt: Any, i: int, size: float, cap: float
) -> None:
    """A transfer begins; `settle` comes next. Where nothing is shared and its cap is free, it is what
    `settle` would make of it at once."""
    if cnt[SHARED] == 0 and cap <= num[CAPACITY] - num[SUM_CAPS]:
        cnt[MOVES] += 1
        _to_capped(keys, ids, places, held, num, cnt, i, size, cap)
    else:
        _to_shared(keys, ids, places, num, cnt, i, size, cap)


@part
def withdraw(keys: Any, ids: Any, places: Any, held: Any, num: Any, cnt: Any, i: int) -> float:
    """A transfer ends; `settle` comes next. What is left of it."""
    left = left_of(keys, places, held, num, i, num[NOW])
    if places[i, BY_V] >= 0:
        _from_shared(keys, ids, places, num, cnt, i)
    else:
        _from_capped(keys, ids, places, num, cnt, i)
    return left


@kernel
def run_bottleneck(
    keys: Any,
    ids: Any,
    places: Any,
    held: Any,
    num: Any,
    cnt: Any,
    start_s: Any,
    order: Any,
    size: Any,
    cap: Any,
    change_s: Any,
    change_to: Any,
    finish_s: Any,
) -> None:
    """All transfers, `order`ed by start, to the end. At equal times: capacity change, completion, start."""
    coming, changing = 0, 0
    while coming < len(order) or cnt[SHARED] + cnt[CAPPED] > 0:
        shared_s = math.inf
        if cnt[SHARED] > 0:
            left = keys[BY_V, 0] - num[V]
            if left <= 0.0:
                shared_s = num[NOW]
            elif num[THETA] > 0.0:
                shared_s = num[NOW] + left / num[THETA]
        capped_s = keys[BY_S, 0] if cnt[CAPPED] > 0 else math.inf
        start = start_s[order[coming]] if coming < len(order) else math.inf
        change = change_s[changing] if changing < len(change_s) else math.inf
        done_s = min(shared_s, capped_s)
        if change <= done_s and change <= start:
            if change == math.inf:
                return
            pass_time(num, change)
            num[CAPACITY] = change_to[changing]
            changing += 1
        elif start < done_s:
            i = order[coming]
            pass_time(num, start)
            insert(keys, ids, places, held, num, cnt, i, size[i], cap[i])
            coming += 1
        elif shared_s <= capped_s:
            i = ids[BY_V, 0]
            finish_s[i] = shared_s
            num[V] = keys[BY_V, 0]  # exactly, whatever the rounding of shared_s
            num[NOW] = shared_s
            _from_shared(keys, ids, places, num, cnt, i)
        else:
            i = ids[BY_S, 0]
            finish_s[i] = capped_s
            pass_time(num, capped_s)
            _from_capped(keys, ids, places, num, cnt, i)
        settle(keys, ids, places, held, num, cnt)
