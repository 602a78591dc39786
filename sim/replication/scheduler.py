"""When the next instance starts: the vendor's rule.

Rules of this file: pure functions of seconds. An instance reflects the source at the start of its sync, so
the next one must be complete when the previous start is one RPO old (cx.md 6.1).
"""

from __future__ import annotations

from collections.abc import Sequence


def expected_s(durations_s: Sequence[float], of_last: int) -> float | None:
    """How long the next transfer is expected to take: the mean of the last `of_last`; None without any."""
    last = durations_s[-of_last:]
    return sum(last) / len(last) if last else None


def latest_start_s(last_start_s: float, rpo_s: float, expected: float, margin: float) -> float:
    """last start + RPO - expected duration x (1 + margin) (cx.md 6.1; the margin: Settings)."""
    return last_start_s + rpo_s - expected * (1 + margin)


def next_start_s(
    last_start_s: float,
    done_s: float,
    rpo_s: float,
    expected: float | None,
    margin: float,
    min_interval_s: float,
) -> float:
    """When the next instance starts, after one that started at `last_start_s` was done at `done_s`: at its
    latest start, but not before the last is done nor within `min_interval_s` of its start. Without
    experience, at once [I]."""
    wanted = done_s if expected is None else latest_start_s(last_start_s, rpo_s, expected, margin)
    return max(done_s, last_start_s + min_interval_s, wanted)
