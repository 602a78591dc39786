"""When the next instance starts: the vendor's rule.

Rules of this file: pure functions of seconds. An instance reflects the source at the start of its sync, so
the next one must be complete when the previous start is one RPO old (cx.md 6.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


def expected_s(durations_s: Sequence[float], of_last: int) -> float | None:
    """How long the next transfer is expected to take: the mean of the last `of_last`; None without any."""
    last = durations_s[-of_last:]
    return sum(last) / len(last) if last else None


def latest_start_s(last_start_s: float, rpo_s: float, expected: float, margin: float) -> float:
    """last start + RPO - expected duration x (1 + margin) (cx.md 6.1; the margin: Settings)."""
    return last_start_s + rpo_s - expected * (1 + margin)


def first_expected_s(took_s: float, covered_s: float, rpo_s: float) -> float:
    """What the first delta says of the next [I]: it covered another interval than a whole RPO, so its
    duration is scaled to one; at most RPO/2, above which transfers run back to back anyway."""
    return min(rpo_s / 2, took_s * rpo_s / covered_s) if covered_s > 0 else took_s


@dataclass(frozen=True)
class Plan:
    """When one replication may start next: the later the better, between `from_s` and `latest_s`."""

    from_s: float
    latest_s: float
    takes_s: float
    """Expected duration with the margin."""


def plan(
    last_start_s: float,
    done_s: float,
    rpo_s: float,
    expected: float | None,
    margin: float,
    min_interval_s: float,
) -> Plan:
    """The next start after an instance that started at `last_start_s` and was done at `done_s`: at its
    latest start, but not before the last is done nor within `min_interval_s` of its start; without
    experience, at once [I].

    It may be RPO x margin / (1 + margin) early [I]: further, and the longer interval that follows would
    take more than the margin longer than this one."""
    earliest_s = max(done_s, last_start_s + min_interval_s)
    if expected is None:
        return Plan(earliest_s, earliest_s, 0.0)
    latest_s = max(earliest_s, latest_start_s(last_start_s, rpo_s, expected, margin))
    from_s = max(earliest_s, latest_s - rpo_s * margin / (1 + margin))
    return Plan(from_s, latest_s, expected * (1 + margin))


def even_out(plans: Sequence[Plan]) -> list[float]:
    """The start of each of several replications that share links, so that they overlap as little as they
    can: from the last to be complete backwards, each as late as it may be and done before the next starts.
    Where that is too early for one, it keeps its latest start.

    The vendor's scheduler may start early to even out bandwidth, and makes its schedule anew on events
    (cx.md 6.1; blogs.vmware.com 2014/06 on RPO violations); how, is not said: this is [I]."""
    starts = [p.latest_s for p in plans]
    free_until_s = math.inf
    for i in sorted(range(len(plans)), key=lambda i: (-plans[i].latest_s - plans[i].takes_s, -i)):
        start_s = min(plans[i].latest_s, free_until_s - plans[i].takes_s)
        starts[i] = start_s if start_s >= plans[i].from_s else plans[i].latest_s
        free_until_s = min(free_until_s, starts[i])
    return starts
