"""What one path lets through, before it shares anything: window over round trip, and loss.

Rules of this file: pure functions. Bits per second; inf means no limit.
"""

from __future__ import annotations

import math


def window_bps(window_bytes: float, rtt_s: float) -> float:
    """The ceiling of a sender that has at most `window_bytes` unacknowledged: window / RTT
    (cx.md 6.2: 512 KiB at 10 ms is 50 MiB/s)."""
    return window_bytes * 8 / rtt_s if rtt_s > 0 else math.inf


def loss_bps(segment_bytes: float, rtt_s: float, loss: float) -> float:
    """The ceiling that random loss sets a TCP connection: MSS/RTT * sqrt(3/2) / sqrt(p).

    M. Mathis, J. Semke, J. Mahdavi, T. Ott, "The macroscopic behavior of the TCP congestion avoidance
    algorithm", ACM CCR 27(3), 1997: the constant for periodic loss and every segment acknowledged. It is
    for Reno; the hosts use CUBIC (cx.md 6.2 NetworkUseCubic), which is not slower, so this is cautious."""
    if loss <= 0 or rtt_s <= 0:
        return math.inf
    if loss >= 1:
        return 0.0
    return segment_bytes * 8 / rtt_s * math.sqrt(1.5 / loss)
