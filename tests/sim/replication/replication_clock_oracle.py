"""RPO accounting as plain Python: the slow answer that the compiled one is compared with."""

from __future__ import annotations

import math

from cxsim.sim.replication.accounting import Violation, VmRpo


class RpoClock:
    """The accounting of one VM. Told of instances in order of completion; reading it changes nothing."""

    def __init__(self, rpo_s: float, late_tolerance_s: float) -> None:
        if not 0 < rpo_s < math.inf:
            raise ValueError(f"rpo_s = {rpo_s!r}: must be above 0")
        self.rpo_s = rpo_s
        self.late_tolerance_s = late_tolerance_s
        self.from_s: float | None = None
        self.until_s: float | None = None
        self.newest_s = -math.inf
        self.violated_since_s: float | None = None
        self._violations: list[Violation] = []
        self._peak_s = 0.0
        self._syncs = 0
        self._late = 0

    @property
    def running(self) -> bool:
        """Started and not finished."""
        return self.from_s is not None and self.until_s is None

    def age_s(self, at_s: float) -> float:
        """Data age; only meaningful once started."""
        return at_s - self.newest_s

    def next_violation_s(self) -> float:
        """When the age will pass the RPO if nothing completes; inf when it has already."""
        if self.running and self.violated_since_s is None:
            assert self.from_s is not None
            return max(self.newest_s + self.rpo_s, self.from_s)
        return math.inf

    def start(self, started_s: float, at_s: float) -> None:
        """The initial sync is complete at `at_s`; it reflects the source at `started_s`."""
        if self.from_s is None and self.until_s is None:
            self.from_s, self.newest_s, self._peak_s = at_s, started_s, at_s - started_s
            if self.age_s(at_s) > self.rpo_s:
                self.violate(at_s)

    def violate(self, at_s: float) -> None:
        """The age passes the RPO at `at_s` (see `next_violation_s`)."""
        self.violated_since_s = at_s

    def completed(self, started_s: float, at_s: float) -> None:
        """An instance that started at `started_s` is complete at `at_s`."""
        if not self.running:
            return
        self._pass_time(at_s)
        self._syncs += 1
        self._late += self.age_s(at_s) > self.rpo_s + self.late_tolerance_s
        self.newest_s = started_s
        if self.age_s(at_s) <= self.rpo_s:
            self._restore(at_s)

    def finish(self, at_s: float) -> None:
        """The final sync of the cutover was asked for: the clock stops, or never starts."""
        if self.until_s is None:
            if self.running:
                self._pass_time(at_s)
                self._restore(at_s)
            self.until_s = at_s

    def _pass_time(self, at_s: float) -> None:
        self._peak_s = max(self._peak_s, self.age_s(at_s))
        if (due_s := self.next_violation_s()) < at_s:
            self.violate(due_s)

    def _restore(self, at_s: float) -> None:
        if self.violated_since_s is not None and at_s > self.violated_since_s:
            self._violations.append(Violation(self.violated_since_s, at_s))
        self.violated_since_s = None

    def report(self, name: str, at_s: float, origin_s: float = 0.0) -> VmRpo:
        """The figures at `at_s`; `origin_s` is added to every instant."""
        if self.from_s is None:
            return VmRpo(name, self.rpo_s, None, None, None, (), 0.0, 0, 0)
        until_s = at_s if self.until_s is None else self.until_s
        found = [(v.from_s, v.until_s, False) for v in self._violations]
        peak_s = self._peak_s
        if self.running:
            peak_s = max(peak_s, self.age_s(at_s))
            since_s = self.violated_since_s if self.violated_since_s is not None else self.next_violation_s()
            if since_s < at_s:
                found.append((since_s, at_s, True))
        violated_s = math.fsum(until - since for since, until, _ in found)
        return VmRpo(
            name=name,
            rpo_s=self.rpo_s,
            rpo_from_s=self.from_s + origin_s,
            rpo_until_s=until_s + origin_s,
            time_in_rpo=1 - violated_s / (until_s - self.from_s) if until_s > self.from_s else None,
            violations=tuple(Violation(a + origin_s, b + origin_s, on) for a, b, on in found),
            peak_age_s=peak_s,
            syncs=self._syncs,
            late_syncs=self._late,
            violated_s=violated_s,
            violation_count=len(found),
        )
