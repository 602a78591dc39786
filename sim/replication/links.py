"""What the links of an engine carry: capacity, the part that replication gets, bursts.

Rules of this file: figures and the buckets of bursts.py; who is at work is the engine's to say. Capacities
are bits a second of the wire, `usable` bytes a second of replication for each of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cxsim.sim.replication.bursts import Bucket
from cxsim.sim.replication.sharing import fair_rates


class Links:
    """The links of an engine, by id."""

    def __init__(self) -> None:
        self.capacity_bps: list[float] = []
        self._usable: list[float] = []
        self._buckets: dict[int, Bucket] = {}

    def add(self, capacity_bps: float, efficiency: float, measured_bps: float | None) -> int:
        """A new link; its id. Raises ValueError for figures that mean nothing."""
        nominal = checked_bps(capacity_bps)
        if measured_bps is not None:
            efficiency = checked_bps(measured_bps, "measured_bps") / nominal if nominal > 0 else 0.0
        elif not 0 < efficiency <= 1:
            raise ValueError(f"efficiency = {efficiency!r}: must be above 0 and at most 1")
        self._usable.append(efficiency / 8)
        self.capacity_bps.append(nominal)
        return len(self.capacity_bps) - 1

    def usable(self, link: int, capacity_bps: float) -> float:
        """What replication gets of this capacity of a link, bytes a second."""
        return capacity_bps * self._usable[link]

    def all_usable(self) -> list[float]:
        """What replication gets of every link now, bytes a second."""
        return [self.usable(link, bps) for link, bps in enumerate(self.capacity_bps)]

    # Bursts -----------------------------------------------------------------------------------------

    @property
    def may_burst(self) -> bool:
        """Whether any link does."""
        return bool(self._buckets)

    @property
    def due_s(self) -> float:
        """When a bucket runs empty if nothing else changes; inf: none does."""
        return min((bucket.empty_s for bucket in self._buckets.values()), default=math.inf)

    def check_burst(self, link: int, burst_bps: float, saved_bytes: float) -> None:
        """Raise ValueError for a burst that means nothing."""
        commit_bps = self.capacity_bps[link]
        if not commit_bps < burst_bps < math.inf or not 0 < saved_bytes < math.inf:
            raise ValueError(f"burst_bps = {burst_bps!r}, saved_bytes = {saved_bytes!r} above {commit_bps!r}")

    def set_burst(self, link: int, burst_bps: float, saved_bytes: float, at_s: float) -> None:
        """The link bursts above its capacity, from a full bucket."""
        bits = saved_bytes * 8
        self._buckets[link] = Bucket(self.capacity_bps[link], burst_bps, bits, bits, at_s)

    def with_burst(self, link: int, capacity_bps: float) -> float:
        """What a link carries that was given this capacity: the burst is on top of the committed one only."""
        bucket = self._buckets.get(link)
        bursting = bucket is not None and bucket.open and capacity_bps == bucket.commit_bps
        return bucket.burst_bps if bucket is not None and bursting else capacity_bps

    def bring_to(self, now_s: float) -> None:
        """Account what was carried until now."""
        for bucket in self._buckets.values():
            bucket.bring_to(now_s)

    def switched(self, at_work: Sequence[tuple[tuple[int, ...], float]]) -> Iterator[tuple[int, float]]:
        """The links that begin or end to burst with these transfers (route, cap) at work, and what each
        carries then."""
        carried = self.carried_bps(at_work)
        for link, bucket in self._buckets.items():
            if bucket.switch(carried[link]):
                before, after = bucket.commit_bps, bucket.burst_bps
                if not bucket.open:
                    before, after = after, before
                if self.capacity_bps[link] == before:  # not while another capacity was given
                    yield link, after

    def carried_bps(self, at_work: Sequence[tuple[tuple[int, ...], float]]) -> list[float]:
        """What every link carries with these transfers (route, cap in bytes a second) at work: its capacity
        when it is full."""
        carried = [0.0] * len(self.capacity_bps)
        routes = [route for route, _ in at_work]
        rates = fair_rates(self.all_usable(), [cap for _, cap in at_work], routes)
        for route, rate in zip(routes, rates, strict=True):
            for link in route:
                carried[link] += rate / self._usable[link] if self._usable[link] > 0 else 0.0
        return carried


def checked_bps(capacity_bps: float, name: str = "capacity_bps") -> float:
    """A capacity that can be. Raises ValueError."""
    if not 0 <= capacity_bps < math.inf:
        raise ValueError(f"{name} = {capacity_bps!r}: must be a number of 0 or more")
    return capacity_bps
