"""The data plane's report as expectations judge it, and as results show it.

Rules of this file: translation only; every figure is the accounting's (sim/replication/accounting.py).
Instants become microseconds or seconds since the start of the scenario.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cxsim.sim.replication.accounting import FleetRpo, RpoReport, VmRpo
from cxsim.sim.replication.settings import SCHEDULE_PARAMETERS, Settings
from cxsim.sim.result import Assumption, RpoLine


@dataclass(frozen=True)
class _VmFigures:
    """RPO figures as expectations read them: microseconds since the start."""

    name: str
    time_in_rpo: float | None
    violations: tuple[tuple[int, int], ...]
    peak_age_s: float
    p95_age_s: float | None
    bottleneck: str | None


class RunFigures:
    """The data plane's report as expectations read it."""

    def __init__(self, report: RpoReport, start_s: float) -> None:
        self.vms: Mapping[str, _VmFigures] = {vm.name: _figures(vm, start_s) for vm in report.vms}
        spans = sorted(span for vm in self.vms.values() for span in vm.violations)
        fleet = report.fleet
        most = _bottleneck(fleet.causes)
        self.fleet = _VmFigures("fleet", fleet.time_in_rpo, tuple(spans), fleet.peak_age_s, None, most)


def _figures(vm: VmRpo, start_s: float) -> _VmFigures:
    spans = tuple(
        (round((v.from_s - start_s) * 1e6), round((v.until_s - start_s) * 1e6)) for v in vm.violations
    )
    p95_s = None if vm.ages is None else vm.ages.p95
    return _VmFigures(vm.name, vm.time_in_rpo, spans, vm.peak_age_s, p95_s, _bottleneck(vm.causes))


def _bottleneck(causes: Sequence[tuple[str, float]]) -> str | None:
    """What most was spent on; causes are ranked."""
    return causes[0][0] if causes and causes[0][1] > 0 else None


def rpo_lines(report: RpoReport, start_s: float) -> tuple[RpoLine, ...]:
    """A line for every VM whose clock ran, and one for the fleet where there are several."""
    lines = [_of_vm(vm, start_s) for vm in report.vms if vm.time_in_rpo is not None]
    if len(lines) > 1:
        lines.append(_of_fleet(report.fleet, report.vms))
    return tuple(lines)


def _of_vm(vm: VmRpo, start_s: float) -> RpoLine:
    ages = vm.ages
    return RpoLine(
        vm=vm.name,
        rpo_s=vm.rpo_s,
        time_in_rpo=vm.time_in_rpo or 0.0,
        violations=tuple((v.from_s - start_s, v.until_s - start_s) for v in vm.violations),
        peak_age_s=vm.peak_age_s,
        syncs=vm.syncs,
        violation_count=vm.violation_count,
        violated_s=vm.violated_s,
        bottlenecks=vm.causes,
        violation_bottlenecks=tuple(v.cause or "" for v in vm.violations),
        age_s=None if ages is None else (ages.p50, ages.p95, ages.p99),
        age_rpos=None if ages is None else (ages.p50 / vm.rpo_s, ages.p95 / vm.rpo_s, ages.p99 / vm.rpo_s),
    )


def _of_fleet(fleet: FleetRpo, vms: Sequence[VmRpo]) -> RpoLine:
    ages = fleet.ages
    return RpoLine(
        vm="fleet",
        rpo_s=None,
        time_in_rpo=fleet.time_in_rpo or 0.0,
        violations=(),
        peak_age_s=fleet.peak_age_s,
        syncs=fleet.syncs,
        violation_count=fleet.violations,
        violated_s=math.fsum(vm.violated_s for vm in vms),
        bottlenecks=fleet.causes,
        age_rpos=None if ages is None else (ages.p50, ages.p95, ages.p99),
    )


def assumptions_of(settings: Settings) -> tuple[Assumption, ...]:
    """The parameters of the schedule, and every other constant that rests on inference; ports and texts of
    the protocol are left to docs/replication.md."""
    default = Settings()
    return tuple(
        Assumption(
            c.name,
            _plain(c.value),
            c.unit,
            c.grade,
            c.source,
            given=c.value != getattr(default, c.name),
        )
        for c in settings.constants()
        if c.name in SCHEDULE_PARAMETERS or (c.grade == "I" and not c.name.startswith("leg_"))
    )


def _plain(value: object) -> float | str | bool:
    """A value that JSON can say: infinity is a word."""
    if isinstance(value, bool | str):
        return value
    assert isinstance(value, int | float)
    return "infinite" if math.isinf(value) else value
