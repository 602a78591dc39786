"""What goes on during initial syncs, looked at now and then: bytes left, shares of the link, what limits.

Rules of this file: reads only, no look changes a result. What a VM is limited by at a look counts until the
next one. A transfer is limited by its own cap (source read, path) where its fair share of the link is more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cxsim.sim.plan.seeding.job import Course
from cxsim.sim.replication import kernel_engine as kernel
from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.accounting import CAUSES
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.workload import Disk

Floats = npt.NDArray[np.float64]
WAN, CLOSED, CONCURRENCY, SOURCE, PATH, CONNECTING = (
    "WAN",
    "link closed",
    "concurrency",
    "source read",
    "path",
    "connecting",
)
LIMITS = (WAN, CLOSED, CONCURRENCY, SOURCE, PATH, CONNECTING)
"""What an initial sync can be limited by. `link closed`: nothing is carried at that hour."""
_READ = CAUSES.index("source read")


def fair_share(caps: Floats, capacity: float) -> float:
    """The rate that transfers without a cap get of one link (max-min fairness); inf: it is not full."""
    ordered = np.sort(caps)
    left = capacity
    for place, cap in enumerate(ordered.tolist()):
        share = left / (len(ordered) - place)
        if cap > share:
            return share
        left -= cap
    return float("inf")


class Watch:
    """Looks at an engine whose replications all share one link."""

    def __init__(self, engine: Engine, first_bytes: Sequence[float], disks: Sequence[Sequence[Disk]]) -> None:
        """`first_bytes`: the first copy of each member in the order in which they start, as it travels;
        `disks`: what each replicates."""
        self._engine = engine
        self._first = first_bytes
        self._disks = disks
        self._copied = np.full(len(first_bytes), np.nan)
        self._spent: Floats = np.zeros((len(first_bytes), len(LIMITS)))
        self._now: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._looks: list[tuple[float, float, int, float, float, float]] = []
        """At, left, seeded, bytes of seeding and of deltas so far, usable bit/s."""
        self._at_s = 0.0

    @property
    def looks(self) -> int:
        """How many there are."""
        return len(self._looks)

    def look(self, at_s: float, usable_bps: float) -> None:
        """Now."""
        engine = self._engine
        state, n = engine.store.state, engine.replications
        real, whole = state.real[:n], state.whole[:n]
        done = np.isfinite(real[:, s.FROM])
        for i in np.flatnonzero(done & np.isnan(self._copied[:n])).tolist():
            self._copied[i] = self._copy_of(i)
        self._account(at_s, real[:, s.FROM])
        missing = real[:, s.LEFT].copy()
        for i in np.flatnonzero(whole[:, s.MOVING]).tolist():
            missing[i] = kernel.left(state.layout, i, at_s)
        moved = real[:, s.MOVED] + real[:, s.TOTAL] - missing
        moved[whole[:, s.STATE] == s.IDLE] = 0.0
        copied = float(np.nansum(self._copied))
        left = math.fsum(self._first[n:]) + float(missing[~done].sum())
        seeding = copied + float(moved[~done].sum())
        deltas = float(real[:, s.SHIPPED].sum()) - copied + float(moved[done].sum())
        self._looks.append((at_s, left, int(done.sum()), seeding, deltas, usable_bps))
        self._at_s = at_s
        self._now = self._limits(usable_bps / 8)

    def _copy_of(self, i: int) -> float:
        """What the initial sync of a VM has shipped: exact before its first delta; after it, without what
        changed since the initial sync was complete, and so with what changed in its last round."""
        state = self._engine.store.state
        shipped = float(state.real[i, s.SHIPPED])
        if not state.whole[i, s.SYNCS]:
            return shipped
        since_s, until_s = float(state.real[i, s.FROM]), float(state.real[i, s.NEWEST])
        changed = math.fsum(disk.dirty_bytes(since_s, until_s) for disk in self._disks[i])
        kept = 1.0 - self._engine.settings.compression
        return max(min(shipped, self._first[i]), shipped - changed * kept)

    def _account(self, at_s: float, from_s: Floats) -> None:
        """The time since the last look to what was seen then; of what was seeded meanwhile, until then."""
        at = np.flatnonzero(self._now >= 0)
        passed_s = np.minimum(at_s, from_s[at]) - self._at_s
        self._spent[at, self._now[at]] += np.maximum(0.0, passed_s)

    def _limits(self, usable: float) -> npt.NDArray[np.int64]:
        """What limits each initial sync now; -1: there is none. `usable`: bytes a second."""
        state, n = self._engine.store.state, self._engine.replications
        caps, whole = state.real[:n, s.CAP], state.whole[:n]
        moving = whole[:, s.MOVING] == 1
        share = fair_share(caps[moving], usable)
        own = np.where(whole[:, s.CAP_CAUSE] == _READ, LIMITS.index(SOURCE), LIMITS.index(PATH))
        found = np.where(caps > share, LIMITS.index(WAN if usable > 0 else CLOSED), own)
        found[~moving] = LIMITS.index(SOURCE)
        found[whole[:, s.CONNECTED] == 0] = LIMITS.index(CONNECTING)
        found[whole[:, s.SLOT] == s.WAITS] = LIMITS.index(CONCURRENCY)
        found[whole[:, s.STATE] != s.SYNCING] = -1
        return found

    def thin(self) -> None:
        """Forget every second look, not the first."""
        self._looks = self._looks[::2]

    def copied_bytes(self, i: int) -> float | None:
        """What the initial sync shipped; None: not complete."""
        return None if math.isnan(self._copied[i]) else float(self._copied[i])

    def limited_s(self, i: int) -> dict[str, float]:
        """What the initial sync spent its time on."""
        spent = self._spent[i].tolist()
        return {name: seconds for name, seconds in zip(LIMITS, spent, strict=True) if seconds > 0}

    def course(self, origin_s: float) -> Course:
        """All looks; rates are means since the look before."""
        seeding, deltas = [0.0], [0.0]
        for before, now in zip(self._looks, self._looks[1:], strict=False):
            passed_s = max(1e-9, now[0] - before[0])
            seeding.append((now[3] - before[3]) * 8 / passed_s)
            deltas.append((now[4] - before[4]) * 8 / passed_s)
        return Course(
            tuple(look[0] + origin_s for look in self._looks),
            tuple(look[1] for look in self._looks),
            tuple(look[2] for look in self._looks),
            tuple(seeding[: len(self._looks)]),
            tuple(deltas[: len(self._looks)]),
            tuple(look[5] for look in self._looks),
        )
