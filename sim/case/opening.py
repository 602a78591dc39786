"""Opening a case that somebody sent: check it, unpack it, run it again, and compare what happened.

Rules of this file: nothing is run before the case was checked. With the same versions the log must be the
same bytes; with others it is compared all the same, and what differs is told.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cxsim.sim.case import bundle
from cxsim.sim.case.bundle import LOG, Case, CaseError
from cxsim.sim.case.collect import closed
from cxsim.sim.case.recording import Recording, record
from cxsim.sim.run import pins
from cxsim.sim.scenario import ScenarioErrors

SHOWN = 300


@dataclass(frozen=True)
class Replayed:
    """A case that was run again. `other_versions`: what differs from where it was packed; `difference`: the
    first line of the log that differs, "" when it is the same bytes."""

    case: Case
    recording: Recording
    other_versions: tuple[str, ...]
    difference: str

    @property
    def same(self) -> bool:
        """The log is the same, byte for byte."""
        return not self.difference


def checked(path: Path) -> Case:
    """A case whose hashes are right and whose scenario is complete. Raises CaseError."""
    case = bundle.read(path)
    reasons = closed(case.members)
    if reasons:
        raise CaseError(*(f"{path}: {reason}" for reason in reasons))
    return case


def replay(case: Case, directory: Path) -> Replayed:
    """Unpack a checked case and run it. Raises CaseError; OSError when it cannot be written."""
    bundle.extract(case, directory)
    variant = case.manifest.get("variant")
    try:
        run = record(directory, str(case.manifest["scenario"]), variant if isinstance(variant, str) else None)
    except ScenarioErrors as errors:
        reasons = (str(problem) for problem in errors.problems)
        raise CaseError("the scenario of the case does not load with this cxsim:", *reasons) from None
    return Replayed(case, run, tuple(_versions(case)), difference(case.members[LOG], run.log))


def _versions(case: Case) -> list[str]:
    here = {"cxsim": version("cxsim"), "python": platform.python_version(), **pins()}
    packed = case.manifest.get("pins")
    there = {
        "cxsim": case.manifest.get("cxsim"),
        "python": case.manifest.get("python"),
        **(packed if isinstance(packed, dict) else {}),
    }
    return [
        f"{name} {there.get(name, 'none')} there, {here.get(name, 'none')} here"
        for name in dict.fromkeys((*there, *here))
        if there.get(name) != here.get(name)
    ]


def difference(recorded: bytes, replayed: bytes) -> str:
    """The first line in which two logs differ; "" when there is none."""
    if recorded == replayed:
        return ""
    one, other = recorded.split(b"\n"), replayed.split(b"\n")
    for number, (there, here) in enumerate(zip(one, other, strict=False), 1):
        if there != here:
            return f"line {number}\n  recorded: {_shown(there)}\n  replayed: {_shown(here)}"
    shorter = min(len(one), len(other))
    return f"line {shorter}: the {'recorded' if len(one) < len(other) else 'replayed'} log ends there"


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace")
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."
