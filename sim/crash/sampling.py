"""Crashes with a fault of the network at the same time, by the thousand: in slices that can be interrupted.

Rules of this file: case n of a sampling is plan n modulo 3, drawn by seed FIRST_SEED + n // 3, so that a
number of cases always means the same ones. A slice is a process of its own (`slice_of`); every verdict is
written down as it comes, and what is written down for the same sources is not run again.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from cxsim.sim.crash.harness import Verdict, crashes
from cxsim.sim.crash.plans import COLD, GROUPED, WARM, Plan
from cxsim.sim.crash.trouble import sampled

PLANS: dict[str, Plan] = {plan.name: plan for plan in (WARM, COLD, GROUPED)}
FIRST_SEED = 100
"""The seeds below are run by `make test`."""
SLICE = 120
"""Cases of a slice: half a minute or less."""
PACKAGES = ("core", "emulator", "fake_cx", "fake_vcd", "fake_vcenter", "sim")
_MODULE = "cxsim.sim.crash"

Key = tuple[str, int]
"""Name of the plan, seed."""


def cases(first: int, count: int) -> list[Key]:
    """The cases of these numbers."""
    names = list(PLANS)
    return [(names[n % len(names)], FIRST_SEED + n // len(names)) for n in range(first, first + count)]


def run_here(plan: str, seeds: Sequence[int], told: Callable[[Verdict], None]) -> list[Verdict]:
    """Run these cases of a plan in this process."""
    with tempfile.TemporaryDirectory(prefix="cxsim-crash-") as directory:
        run = crashes(PLANS[plan], Path(directory), lambda points: sampled(len(points), seeds), told=told)
    return run.verdicts


def command(plan: str, seed: int) -> str:
    """What reproduces one case."""
    return f"python -m {_MODULE} --plan {plan} --seed {seed}"


def fingerprint() -> str:
    """Of everything that a verdict depends on: the sources and the environment."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        root = Path(str(files(f"cxsim.{package}")))
        for path in sorted(root.rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    for path in sorted(Path(str(files("cxsim.scenarios"))).glob("environments/*.yaml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Results:
    """The verdicts that were written down: JSON lines, those of other sources are not counted."""

    def __init__(self, file: Path, sources: str) -> None:
        self._file, self._sources = file, sources
        self._lock = threading.Lock()
        self.problems: dict[Key, list[str]] = {}
        for line in file.read_text().splitlines() if file.exists() else ():
            try:
                known = json.loads(line)
            except ValueError:
                continue  # cut off when the run before was interrupted
            if known["sources"] == sources:
                self.problems[known["plan"], known["seed"]] = known["problems"]
        file.parent.mkdir(parents=True, exist_ok=True)

    def add(self, plan: str, seed: int, case: str, problems: list[str]) -> None:
        """Write one down."""
        row = {"sources": self._sources, "plan": plan, "seed": seed, "case": case, "problems": problems}
        with self._lock:
            self.problems[plan, seed] = problems
            with self._file.open("a") as stream:
                stream.write(json.dumps(row) + "\n")


@dataclass
class Sampling:
    """A sampling at work: slices in `jobs` processes, `say` prints a line. Stop it with `stop`."""

    wanted: Sequence[Key]
    results: Results
    jobs: int
    say: Callable[[str], None]
    _processes: set[subprocess.Popen[str]] = field(default_factory=set)
    _stopped: bool = False
    _troubles: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """Run what is not written down yet; slices that broke off, with their last words."""
        todo = [key for key in self.wanted if key not in self.results.problems]
        self._began_s, self._done, self._todo = time.monotonic(), 0, len(todo)
        if len(todo) < len(self.wanted):
            self.say(f"{len(self.wanted) - len(todo):,} of {len(self.wanted):,} cases are known already")
        by_plan = {name: [seed for plan, seed in todo if plan == name] for name in PLANS}
        slices = sorted(
            (seeds[at : at + SLICE], plan)
            for plan, seeds in by_plan.items()
            for at in range(0, len(seeds), SLICE)
        )
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                for _ in pool.map(lambda one: self._slice(one[1], one[0]), slices):
                    pass
            except KeyboardInterrupt:
                self.stop()
                raise
        return self._troubles

    def stop(self) -> None:
        """End the slices that run; what they have found is kept."""
        self._stopped = True
        for process in list(self._processes):
            process.terminate()

    def _slice(self, plan: str, seeds: Sequence[int]) -> None:
        if self._stopped:
            return
        arguments = [sys.executable, "-m", _MODULE, "--plan", plan, "--json"]
        arguments += [argument for seed in seeds for argument in ("--seed", str(seed))]
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(
                arguments, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            ) as process,
        ):
            self._processes.add(process)
            for line in process.stdout or ():
                self._take(plan, json.loads(line))
            process.wait()
            errors.seek(0)
            last_words = errors.read().strip()
        self._processes.discard(process)
        missing = [seed for seed in seeds if (plan, seed) not in self.results.problems]
        if missing and not self._stopped:
            self._troubles.append(f"{plan}: no verdict of {len(missing)} cases: {last_words[-2000:]}")

    def _take(self, plan: str, verdict: dict[str, Any]) -> None:
        seed, problems = int(verdict["seed"]), list(verdict["problems"])
        self.results.add(plan, seed, str(verdict["case"]), problems)
        self._done += 1
        if problems:
            self.say(f"{plan} {verdict['case']}\n  " + "\n  ".join(problems) + f"\n  {command(plan, seed)}")
        if self._done % 100 == 0 or self._done == self._todo:
            spent_s = time.monotonic() - self._began_s
            left_s = spent_s / self._done * (self._todo - self._done)
            bad = sum(bool(known) for known in self.results.problems.values())
            self.say(
                f"{self._done:,} of {self._todo:,} cases, {bad} bad, {self._done / spent_s:.1f} a second, "
                f"{left_s / 60:.0f} min left"
            )
