"""Every constant of the data plane, once: unit, default, source and grade.

Rules of this file: one frozen dataclass. Grades as in cx.md: D documented by the vendor, O observed by a
practitioner, C read in published client code, I inferred by us. `settings.inferred()` names what a result
rests on without a source, so that reports can say so. `_bps` is bits per second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, Literal


def _constant(default: Any, unit: str, grade: Literal["D", "O", "C", "I"], source: str) -> Any:
    return field(default=default, metadata={"unit": unit, "grade": grade, "source": source})


SCHEDULE_PARAMETERS = (
    "schedule",
    "fixed_interval_s",
    "expected_of_last",
    "expected_margin",
    "even_out_up_to",
    "link_efficiency",
    "compression",
)
"""Settings that results always tell, whatever they rest on."""


@dataclass(frozen=True)
class Constant:
    """A constant with what it rests on."""

    name: str
    value: object
    unit: str
    grade: str
    source: str


@dataclass(frozen=True)
class Settings:
    """What the engine assumes. Raises ValueError on values that mean nothing."""

    link_efficiency: float = _constant(
        0.72, "fraction", "D", "cx.md 6.4 E1: 100 GB take 200 h on a T1, 30 h on 10 and 3 h on 100 Mbit/s"
    )
    window_bytes: float = _constant(
        512 * 1024.0, "bytes per disk", "I", "cx.md 6.2: 64 blocks of 8 KiB in flight; 4 MiB when contiguous"
    )
    segment_bytes: float = _constant(
        1460.0, "bytes", "I", "Ethernet MTU 1500 less 40: for the loss limit and MTU black holes"
    )
    source_read_bps: float = _constant(
        800e6, "bit/s per VM", "I", "reading and checksumming the source disks; no figure is published"
    )
    seed_difference: float = _constant(
        0.05, "fraction", "I", "how much of a seed differs from the source; no figure is published"
    )
    initial_catch_up: bool = _constant(
        True,
        "-",
        "I",
        "blocks changed meanwhile are shipped with the initial sync until a round takes RPO/2 or less; "
        "False: left to the first delta (ESXi 6.5 and later, HbrOptimizeFullSync = 1, cx.md 6.2)",
    )
    interrupted_delta: Literal["resume", "restart"] = _constant(
        "resume", "-", "I", "whether an interrupted transfer keeps the blocks that had arrived"
    )
    expected_of_last: int = _constant(
        15,
        "instances",
        "I",
        "sources disagree: average of the previous 15 deltas (simulators.md 5), 'the last few' (cx.md 6.1)",
    )
    expected_margin: float = _constant(
        0.20, "fraction", "I", "sources disagree: average + 20 % (simulators.md 5), or 15 %"
    )
    schedule: Literal["vendor", "fixed", "continuous"] = _constant(
        "vendor",
        "-",
        "D",
        "cx.md 6.1: latest start = last start + RPO - expected duration; fixed: last start + interval, or "
        "when done; continuous: when done",
    )
    fixed_interval_s: float = _constant(
        0.0, "s", "I", "between starts under the fixed schedule; 0: the RPO of each VM"
    )
    compression: float = _constant(
        0.0,
        "fraction saved",
        "D",
        "cx.md 6.2: off by default (HBR HbrDisableNetCompression = 1); 6.4 E6: 200 at 40 % is 120",
    )
    allocation_known: bool = _constant(
        True, "-", "D", "cx.md 6.2: VMFS and vSAN tell allocated blocks; without, all blocks are compared"
    )
    even_out_up_to: int = _constant(
        50,
        "replications",
        "I",
        "starts move ahead to overlap less (scheduler.even_out) while there are no more; in larger fleets "
        "transfers overlap all the time and what is expected of them contains it; no source says how",
    )
    min_interval_s: float = _constant(
        5.0, "s", "I", "least time between two starts of one VM, so that empty deltas do not chase each other"
    )
    late_tolerance_s: float = _constant(
        60.0, "s", "C", "cx.md 5.4: clients read RPO violation in whole minutes"
    )
    reconnect_step_s: float = _constant(10.0, "s per failure", "D", "cx.md 6.2 HBR ReconnectFailureDelaySecs")
    reconnect_max_s: float = _constant(90.0, "s", "D", "cx.md 6.2 HBR ReconnectMaxDelaySecs")
    error_after_s: float = _constant(
        1800.0, "s", "I", "a replication that never had a connection shows ERROR; cx.md 3.4 gives no time"
    )
    error_after_lost_s: float = _constant(
        math.inf, "s", "I", "one that lost its connection shows ERROR; inf: it goes on reconnecting"
    )
    leg_source_port: int = _constant(
        44045, "port", "I", "cx.md 1.2 row 14: ESXi to replicator is one of 44045, 44046, 31031"
    )
    leg_target_ports: tuple[int, ...] = _constant(
        (902, 80), "ports", "O", "cx.md 1.2 row 13: replicator to target ESXi; data flows on the first"
    )
    extents: tuple[tuple[float, int], ...] = _constant(
        ((2048e9, 8192), (8192e9, 16384), (32768e9, 32768), (math.inf, 65536)),
        "(disk below bytes, block bytes)",
        "D",
        "cx.md 6.2: block size by disk size",
    )

    def __post_init__(self) -> None:
        rules = {
            "link_efficiency": 0 < self.link_efficiency <= 1,
            "window_bytes": self.window_bytes > 0,
            "segment_bytes": self.segment_bytes > 0,
            "source_read_bps": 0 < self.source_read_bps < math.inf,
            "seed_difference": 0 <= self.seed_difference <= 1,
            "interrupted_delta": self.interrupted_delta in ("resume", "restart"),
            "expected_of_last": self.expected_of_last >= 1,
            "expected_margin": 0 <= self.expected_margin < math.inf,
            "schedule": self.schedule in ("vendor", "fixed", "continuous"),
            "fixed_interval_s": 0 <= self.fixed_interval_s < math.inf,
            "compression": 0 <= self.compression < 1,
            "even_out_up_to": 0 <= self.even_out_up_to <= 1000,
            "min_interval_s": self.min_interval_s > 0,
            "late_tolerance_s": self.late_tolerance_s >= 0,
            "reconnect_step_s": self.reconnect_step_s > 0,
            "reconnect_max_s": self.reconnect_max_s >= self.reconnect_step_s,
            "error_after_s": self.error_after_s > 0,
            "error_after_lost_s": self.error_after_lost_s > 0,
            "leg_target_ports": bool(self.leg_target_ports),
        }
        if wrong := [name for name, holds in rules.items() if not holds]:
            raise ValueError("; ".join(f"{name} = {getattr(self, name)!r} means nothing" for name in wrong))

    def constants(self) -> tuple[Constant, ...]:
        """Every constant with its value here, unit, grade and source."""
        return tuple(Constant(name=f.name, value=getattr(self, f.name), **f.metadata) for f in fields(self))

    def inferred(self) -> tuple[Constant, ...]:
        """The constants that rest on inference alone (grade I)."""
        return tuple(c for c in self.constants() if c.grade == "I")

    def block_bytes(self, disk_bytes: float) -> int:
        """The block (extent) size of a disk of this size."""
        return next(block for below, block in self.extents if disk_bytes < below)
