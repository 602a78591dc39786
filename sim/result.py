"""What a run gives back: plain data, the same for text, JSON and JUnit.

Rules of this file: no rendering and no logic beyond derived properties. docs/output.md documents the JSON,
field by field; a new field is added at the end.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

RESULT_VERSION = 1


class Exit(IntEnum):
    """Exit codes of `cxsim` (DESIGN section 6)."""

    MET = 0
    NOT_MET = 1
    BAD_INPUT = 2
    EMULATOR_GAP = 3


@dataclass(frozen=True)
class Check:
    """One expectation and what became of it. `text`: as written; `detail`: expected, got and the last
    events, when it is not met."""

    text: str
    place: str
    met: bool
    detail: str = ""


@dataclass(frozen=True)
class FaultRecord:
    """A fault of the scenario and whether it ever met a packet, a call or a transfer."""

    name: str
    place: str
    met: bool


@dataclass(frozen=True)
class RpoLine:
    """RPO figures of one VM, or of the fleet (`vm` is then `fleet`, `rpo_s` None). Seconds of virtual time;
    violations are (from, until) in seconds since the start of the scenario."""

    vm: str
    rpo_s: float | None
    time_in_rpo: float
    violations: tuple[tuple[float, float], ...]
    peak_age_s: float
    syncs: int
    violation_count: int = 0
    """All, also those of the fleet and those whose times are not kept."""
    violated_s: float = 0.0
    bottlenecks: tuple[tuple[str, float], ...] = ()
    """What the violated seconds were spent on, the most first."""
    violation_bottlenecks: tuple[str, ...] = ()
    """What most of each of `violations` was spent on."""
    age_s: tuple[float, float, float] | None = None
    """The data age that was kept for 50, 95 and 99 % of the time; None for the fleet, where RPOs differ."""
    age_rpos: tuple[float, float, float] | None = None
    """The same in RPOs."""


@dataclass(frozen=True)
class Assumption:
    """A setting of the replication that the RPO figures rest on. `grade`: D, O, C or I (inferred), as in
    docs/replication.md; `given`: the scenario says it, otherwise it is the default."""

    name: str
    value: float | str | bool
    unit: str
    grade: str
    source: str
    given: bool


@dataclass(frozen=True)
class RunResult:
    """One scenario (one variant of a matrix), run once."""

    scenario: str
    title: str
    path: str
    seed: int
    tags: tuple[str, ...]
    exit: Exit
    checks: tuple[Check, ...]
    story: tuple[str, ...]
    causes: tuple[str, ...]
    rpo: tuple[RpoLine, ...]
    faults: tuple[FaultRecord, ...]
    gaps: tuple[str, ...]
    problems: tuple[str, ...]
    """Why the run itself failed, apart from expectations: a fault that met nothing, a step that could not
    be taken, background work that broke."""
    expected_failure: str | None
    virtual_s: float
    wall_s: float
    events: int
    pins: dict[str, str] = field(default_factory=dict)
    replication: tuple[Assumption, ...] = ()
    """What the RPO figures rest on; empty without figures."""

    @property
    def checks_met(self) -> int:
        """How many expectations are met."""
        return sum(check.met for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (docs/output.md)."""
        record = asdict(self)
        record["exit"] = int(self.exit)
        return {"result_version": RESULT_VERSION, **record}
