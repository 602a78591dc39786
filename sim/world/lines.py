"""Lines whose capacity changes with the time: the terms of `shape` put into effect.

Rules of this file: where several terms hold, the one written last decides a capacity, the traffic of others
adds up, and one outage is enough. It changes what a line is by itself: a fault lies on top and stays. Every
change happens at its instant of virtual time, before whatever the data plane does then.
"""

from __future__ import annotations

from dataclasses import dataclass

from cxsim.sim.kernel import Hub
from cxsim.sim.network import Network
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.lines import WEEK_S
from cxsim.sim.scenario.sites import Site, Wan
from cxsim.sim.world.workloads import week_s


@dataclass(frozen=True)
class LineNow:
    """What a line is by itself at an instant. Bits per second."""

    up_bps: float
    down_bps: float
    is_up: bool


def line_at(wan: Wan, since_start_s: float, week: float) -> LineNow:
    """The line at an instant: seconds since the start, and since Monday 0:00 by its site's clock."""
    holding = [term for term in wan.shape if term.holds(since_start_s, week)]
    left = {}
    for direction in ("up", "down"):
        carries: float = getattr(wan, f"{direction}_bps")
        for term in holding:
            carries = getattr(term, f"{direction}_bps") or carries
        others = [term.other_traffic for term in holding if term.other_traffic is not None]
        left[direction] = max(0.0, carries - sum(getattr(one, f"{direction}_bps") for one in others))
    return LineNow(left["up"], left["down"], not any(term.outage for term in holding))


def next_change_s(wan: Wan, since_start_s: float, week: float) -> float | None:
    """How long after that instant a term begins or ends; None: never again."""
    ahead = [term.next_change_s(since_start_s, week) for term in wan.shape]
    return min((t for t in ahead if t is not None), default=None)


class LineHours:
    """The shaped lines of one world: sets them now, and again whenever a term begins or ends."""

    def __init__(self, hub: Hub, network: Network, environment: Environment) -> None:
        self._hub, self._network = hub, network
        for site in environment.sites.values():
            if site.wan.shape:
                self._set(site)

    def _set(self, site: Site) -> None:
        since_s = self._hub.elapsed_us / 1e6
        # Whole microseconds: an instant just missed by rounding would be aimed at for ever.
        week = round(week_s(self._hub.start_s, site.utc_offset_s) + since_s, 6) % WEEK_S
        now = line_at(site.wan, since_s, week)
        self._network.set_line_itself(site.wan.name, now.up_bps, now.down_bps, now.is_up)
        after_s = next_change_s(site.wan, since_s, week)
        if after_s is not None:
            self._hub.call_at(self._hub.start_s + since_s + after_s, lambda: self._set(site))
