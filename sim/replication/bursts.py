"""Commit and burst: a token bucket that fills at what is committed and is emptied by what is sent.

Rules of this file: pure state of one link over time, in bits and seconds of the wire; it is told what the
link carries, and says when that must change. While the bucket holds something the link carries up to its
burst rate, then what is committed (the fluid limit of RFC 2697/2698's committed and peak rates). It fills up
to its size whenever less than the commitment is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ROUNDING = 1e-9


@dataclass
class Bucket:
    """The bucket of one link. Bits a second, bits, seconds since the engine's origin."""

    commit_bps: float
    burst_bps: float
    size_bits: float
    level_bits: float
    since_s: float
    used_bps: float = 0.0
    open: bool = True
    """The link carries its burst rate."""

    @property
    def _slope_bps(self) -> float:
        return self.commit_bps - self.used_bps

    @property
    def _draining(self) -> bool:
        """More than the commitment is used; not only by rounding."""
        return self._slope_bps < -ROUNDING * self.commit_bps

    @property
    def _filling(self) -> bool:
        return self._slope_bps > ROUNDING * self.commit_bps

    @property
    def empty_s(self) -> float:
        """When the bucket runs empty if nothing else changes; inf: it does not."""
        if not self.open or not self._draining:
            return math.inf
        return self.since_s - self.level_bits / self._slope_bps

    def bring_to(self, now_s: float) -> None:
        """Account what was used until now."""
        if now_s >= self.empty_s:
            self.level_bits = 0.0
        else:
            level_bits = self.level_bits + self._slope_bps * (now_s - self.since_s)
            self.level_bits = min(self.size_bits, max(0.0, level_bits))
        self.since_s = now_s

    def switch(self, used_bps: float) -> bool:
        """The link carries this much now; True when it has to be opened or closed because of it."""
        self.used_bps = used_bps
        wanted = self.open
        if self.open and self.level_bits <= 0.0 and self._draining:
            wanted = False
        elif not self.open and (self.level_bits > 0.0 or self._filling):
            wanted = True
        changed, self.open = wanted != self.open, wanted
        return changed
