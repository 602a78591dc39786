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

# Rows of `keys`.
FINISH_V, FINISH_S, CAP, MINUS_CAP = range(4)
# Rows of `ids`: each heap, then the places in it. Shared: by virtual finish and by least cap; capped: by
# finish and by greatest cap.
BY_V, AT_V, BY_CAP, AT_CAP, BY_S, AT_S, BY_MINUS_CAP, AT_MINUS_CAP = range(8)
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
    num: Any
    cnt: Any


def bottleneck(transfers: int, capacity: float, now_s: float = 0.0) -> Bottleneck:
    """An empty bottleneck for transfers 0..transfers-1."""
    state = Bottleneck(
        np.zeros((4, transfers)), np.full((8, transfers), -1, np.int32), np.zeros(5), np.zeros(3, np.int64)
    )
    state.num[CAPACITY] = capacity
    state.num[NOW] = now_s
    return state


@part
def _to_shared(keys: Any, ids: Any, num: Any, cnt: Any, i: int, left: float) -> None:
    keys[FINISH_V, i] = num[V] + left
    push(keys, FINISH_V, ids, BY_V, cnt[SHARED], i)
    push(keys, CAP, ids, BY_CAP, cnt[SHARED], i)
    cnt[SHARED] += 1


@part
def _from_shared(keys: Any, ids: Any, num: Any, cnt: Any, i: int) -> None:
    take(keys, FINISH_V, ids, BY_V, cnt[SHARED], i)
    take(keys, CAP, ids, BY_CAP, cnt[SHARED], i)
    cnt[SHARED] -= 1
    if cnt[SHARED] == 0:
        num[V] = 0.0


@part
def _to_capped(keys: Any, ids: Any, num: Any, cnt: Any, i: int, left: float) -> None:
    cap = keys[CAP, i]
    takes_s = left / cap if cap > 0.0 else math.inf if left > 0.0 else 0.0
    keys[FINISH_V, i] = left  # only read when it never finishes
    keys[FINISH_S, i] = num[NOW] + takes_s
    push(keys, FINISH_S, ids, BY_S, cnt[CAPPED], i)
    push(keys, MINUS_CAP, ids, BY_MINUS_CAP, cnt[CAPPED], i)
    cnt[CAPPED] += 1
    num[SUM_CAPS] += cap


@part
def _from_capped(keys: Any, ids: Any, num: Any, cnt: Any, i: int) -> None:
    take(keys, FINISH_S, ids, BY_S, cnt[CAPPED], i)
    take(keys, MINUS_CAP, ids, BY_MINUS_CAP, cnt[CAPPED], i)
    cnt[CAPPED] -= 1
    num[SUM_CAPS] -= keys[CAP, i]
    if cnt[CAPPED] == 0:
        num[SUM_CAPS] = 0.0


@part
def settle(keys: Any, ids: Any, num: Any, cnt: Any) -> None:
    """Restore the classes after a change and set theta.

    Every move raises theta, so that none is undone: a transfer rises to its cap when cap <= theta, and
    falls to the level when cap > theta, rising ones first (that is what keeps the moves few). The running
    maximum holds this against rounding, or two equal caps could change places for ever."""
    theta = 0.0
    while True:
        rise = False
        if cnt[SHARED] > 0:
            theta = max(theta, (num[CAPACITY] - num[SUM_CAPS]) / cnt[SHARED])
            rise = keys[CAP, ids[BY_CAP, 0]] <= theta
            if not rise and (cnt[CAPPED] == 0 or keys[CAP, ids[BY_MINUS_CAP, 0]] <= theta):
                break
        elif cnt[CAPPED] == 0 or num[SUM_CAPS] <= num[CAPACITY] * _ROUNDING:
            theta = 0.0
            break
        cnt[MOVES] += 1
        if rise:
            i = ids[BY_CAP, 0]
            left = max(0.0, keys[FINISH_V, i] - num[V])
            _from_shared(keys, ids, num, cnt, i)
            _to_capped(keys, ids, num, cnt, i, left)
        else:
            i = ids[BY_MINUS_CAP, 0]
            left = max(0.0, (keys[FINISH_S, i] - num[NOW]) * keys[CAP, i])
            _from_capped(keys, ids, num, cnt, i)
            _to_shared(keys, ids, num, cnt, i, left)
    num[THETA] = theta
    if cnt[MOVES] >= _RESUM_MOVES:
        cnt[MOVES] = 0
        num[SUM_CAPS] = 0.0
        for k in range(cnt[CAPPED]):
            num[SUM_CAPS] += keys[CAP, ids[BY_S, k]]
    if num[V] > _REBASE_V:
        for k in range(cnt[SHARED]):
            keys[FINISH_V, ids[BY_V, k]] -= num[V]
        num[V] = 0.0


@inlined
def pass_time(num: Any, t_s: float) -> None:
    """Move everything up to `t_s`, at which nothing before it has completed."""
    num[V] += (t_s - num[NOW]) * num[THETA]
    num[NOW] = t_s


@inlined
def insert(keys: Any, ids: Any, num: Any, cnt: Any, i: int, size: float, cap: float) -> None:
    """A transfer begins; `settle` comes next."""
    keys[CAP, i] = cap
    keys[MINUS_CAP, i] = -cap
    _to_shared(keys, ids, num, cnt, i, size)


@part
def withdraw(keys: Any, ids: Any, num: Any, cnt: Any, i: int) -> float:
    """A transfer ends; `settle` comes next. What is left of it."""
    if ids[AT_V, i] >= 0:
        left = max(0.0, keys[FINISH_V, i] - num[V])
        _from_shared(keys, ids, num, cnt, i)
        return left
    left = keys[FINISH_V, i]
    if keys[FINISH_S, i] < math.inf:
        left = max(0.0, (keys[FINISH_S, i] - num[NOW]) * keys[CAP, i])
    _from_capped(keys, ids, num, cnt, i)
    return left


@kernel
def run_bottleneck(
    keys: Any,
    ids: Any,
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
            left = keys[FINISH_V, ids[BY_V, 0]] - num[V]
            if left <= 0.0:
                shared_s = num[NOW]
            elif num[THETA] > 0.0:
                shared_s = num[NOW] + left / num[THETA]
        capped_s = keys[FINISH_S, ids[BY_S, 0]] if cnt[CAPPED] > 0 else math.inf
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
            insert(keys, ids, num, cnt, i, size[i], cap[i])
            coming += 1
        elif shared_s <= capped_s:
            i = ids[BY_V, 0]
            finish_s[i] = shared_s
            num[V] = keys[FINISH_V, i]  # exactly, whatever the rounding of shared_s
            num[NOW] = shared_s
            _from_shared(keys, ids, num, cnt, i)
        else:
            i = ids[BY_S, 0]
            finish_s[i] = capped_s
            pass_time(num, capped_s)
            _from_capped(keys, ids, num, cnt, i)
        settle(keys, ids, num, cnt)
