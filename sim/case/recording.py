"""Running the scenario of a case, so that the same case gives the same bytes wherever it lies.

Rules of this file: a run happens in the case's own directory, so that places are relative to it; what depends
on the machine (wall time) is left out of the result.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxsim.sim.case.bundle import CaseError
from cxsim.sim.eventlog import EventLog
from cxsim.sim.explain import evaluate
from cxsim.sim.kernel import hooks
from cxsim.sim.result import RunResult
from cxsim.sim.run import run_scenario
from cxsim.sim.scenario import Scenario, load
from cxsim.sim.world.topology import impossible
from cxsim.sim.world.world import World


@dataclass(frozen=True)
class Recording:
    """One run: its result, and its events as bytes."""

    scenario: Scenario
    result: RunResult
    log: bytes

    def events(self) -> list[dict[str, Any]]:
        """The events, without the header."""
        return [json.loads(line) for line in self.log.splitlines()[1:]]

    def result_json(self) -> bytes:
        """The result without what depends on the machine."""
        record = self.result.to_dict()
        del record["wall_s"]
        return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode()


def chosen(scenarios: list[Scenario], variant: str | None) -> Scenario:
    """The scenario, or the variant of its matrix with this name. Raises CaseError."""
    if variant is None and len(scenarios) == 1:
        return scenarios[0]
    suffixes = [s.name[len(Path(s.file).stem) :].strip("[]") for s in scenarios]
    for scenario, suffix in zip(scenarios, suffixes, strict=True):
        if variant is not None and variant in (scenario.name, suffix):
            return scenario
    listed = ", ".join(suffix for suffix in suffixes if suffix)
    if not listed:
        raise CaseError(f"{scenarios[0].file}: has no variants: leave --variant out")
    said = "has several variants" if variant is None else f"has no variant {variant!r}"
    raise CaseError(f"{scenarios[0].file}: {said}: say --variant with one of {listed}")


def record(root: Path, member: str, variant: str | None) -> Recording:
    """Run a scenario below `root`. Raises ScenarioErrors when it does not load, CaseError when its network
    cannot be."""
    with contextlib.chdir(root), tempfile.TemporaryDirectory(prefix="cxsim-case-") as directory:
        scenario = chosen(load(Path(member)), variant)
        problems = impossible(scenario)
        if problems:
            raise CaseError("its network cannot be:", *map(str, problems))
        log = Path(directory) / "log.jsonl"
        result = run_scenario(scenario, log_path=log)
        return Recording(scenario, result, log.read_bytes())


def flow_verdicts(scenario: Scenario) -> list[tuple[str, str, str]]:
    """Row, status and outcome of every required flow, before any fault: by position, without names."""
    with hooks.installed():
        world = World(scenario, scenario.seed, EventLog())
        with world.hub:
            return [
                (v.row.row, v.status.value, v.trace.outcome.value if v.trace else "")
                for v in evaluate(world.view(), world.network)
            ]


def unpacked(members: dict[str, bytes], root: Path) -> None:
    """Write members that were made here."""
    for name, data in members.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
