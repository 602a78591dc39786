"""Scenarios of a sweep as work: one scenario with values put in and a seed, run through the core.

Rules of this file: work goes to other processes whole (no file is read there), and its result is plain. Its
digest is of the scenario as validated, its traces included; results are of the code of the whole package.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from cxsim.sim.plan.runs.kept import Form, digest_of
from cxsim.sim.result import Check, Exit, RpoLine
from cxsim.sim.run import run_scenario
from cxsim.sim.scenario import Scenario
from cxsim.sim.scenario.traces import traces_of


@dataclass(frozen=True)
class Variant:
    """A scenario to run. `values`: what was put in, by path and, for a scenario with a matrix, by name."""

    scenario: Scenario
    values: tuple[tuple[str, str], ...]

    @property
    def seed(self) -> int:
        """Of the scenario."""
        return self.scenario.seed

    @property
    def weight(self) -> float:
        """All alike: what a scenario costs is not known before."""
        return 1.0

    @cached_property
    def digest(self) -> str:
        """Of what is run; the order of `values` is part of it, since they are told with the result."""
        scenario = self.scenario
        told = [scenario.model_dump_json(), str(scenario.seed), scenario.name, repr(self.values)]
        for trace, rows in traces_of(scenario):
            if (table := trace._table) is None:
                continue
            told.append(f"{rows} {table.window_s!r} {hashlib.sha256(table.table.tobytes()).hexdigest()}")
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


@dataclass(frozen=True)
class Swept:
    """How a variant ended. `rpo`: by VM, and the fleet last where there are several; empty where nothing was
    replicated."""

    exit: int
    met: int
    checks: int
    unmet: tuple[str, ...]
    """What was expected and not met, and why the run failed, if it did."""
    rpo: tuple[RpoLine, ...]
    virtual_s: float

    @property
    def ended(self) -> str:
        """`met`, `not met`, `bad input`, `emulator gap`."""
        return Exit(self.exit).name.lower().replace("_", " ")

    @property
    def fleet(self) -> RpoLine | None:
        """All VMs together; the only one where there is one."""
        return self.rpo[-1] if self.rpo else None

    @property
    def worst(self) -> RpoLine | None:
        """The VM that was least of the time in its RPO."""
        vms = self.rpo[:-1] or self.rpo
        return min(vms, key=lambda line: (line.time_in_rpo, line.vm), default=None)


def run_variant(variant: Variant) -> Swept:
    """Run it. Raises what `run_scenario` raises."""
    result = run_scenario(variant.scenario)
    unmet = [_briefly(check) for check in result.checks if not check.met]
    return Swept(
        exit=int(result.exit),
        met=result.checks_met,
        checks=len(result.checks),
        unmet=(*unmet, *result.problems, *result.gaps),
        rpo=result.rpo,
        virtual_s=result.virtual_s,
    )


def _briefly(check: Check) -> str:
    """What was expected, and what came instead, without the events that led to it."""
    got = (" ".join(line.split()) for line in check.detail.splitlines() if line.strip().startswith("got"))
    return ": ".join([check.text, *itertools.islice(got, 1)])


def _from_plain(plain: Any) -> Swept:
    lines = tuple(
        RpoLine(**{f.name: _frozen(line[f.name]) for f in fields(RpoLine)}) for line in plain["rpo"]
    )
    return Swept(
        plain["exit"], plain["met"], plain["checks"], tuple(plain["unmet"]), lines, plain["virtual_s"]
    )


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _code() -> str:
    whole = Path(__file__).parents[3]
    rooms = ("core", "emulator", "fake_vcenter", "fake_vcd", "fake_cx", "sim")
    return digest_of(*(whole / room for room in rooms))


SWEPT: Form[Swept] = Form(asdict, _from_plain, _code)
