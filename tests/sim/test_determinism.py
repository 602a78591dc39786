"""Same scenario, same seed: the same bytes, whatever the machine's hash seed, time zone and locale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SURROUNDINGS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8"},
)


@pytest.mark.parametrize("name", ["warm-migration", "enable-failed-nat", "rpo-bandwidth"])
def test_two_runs_write_the_same_bytes(name: str, tmp_path: Path) -> None:
    logs = []
    for number, surroundings in enumerate(SURROUNDINGS):
        log = tmp_path / f"{number}.jsonl"
        command = [sys.executable, "-m", "cxsim.sim.cli", "run", str(SCENARIOS / f"{name}.yaml")]
        done = subprocess.run(
            [*command, "--log", str(log), "--json"],
            env={**os.environ, **surroundings},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        logs.append(log.read_bytes())
    assert logs[0] == logs[1]
    assert logs[0].count(b"\n") > 20


def test_another_seed_writes_other_bytes(tmp_path: Path) -> None:
    logs = []
    for seed in ("1", "2"):
        log = tmp_path / f"{seed}.jsonl"
        command = [sys.executable, "-m", "cxsim.sim.cli", "run", str(SCENARIOS / "enable-failed-nat.yaml")]
        subprocess.run(
            [*command, "--seed", seed, "--log", str(log)], check=True, capture_output=True, timeout=100
        )
        logs.append(log.read_text().splitlines()[1:])
    assert logs[0] != logs[1]
