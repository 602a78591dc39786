"""Environments that are served for a test, and stopped with everything that was started for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from processes import CXSIM, SMALL_JOB, WAIT_S, Served, wait_for


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts environments; nothing of them is left after the test."""
    running: list[Served] = []

    def start(scenario: str = SMALL_JOB, *options: str, speed: float = 300) -> Served:
        number = len(running)
        path = tmp_path / f"served-{number}.yaml"
        path.write_text(scenario)
        ready_file, log = tmp_path / f"migrate-{number}.yaml", tmp_path / f"served-{number}.jsonl"
        output = tmp_path / f"served-{number}.out"
        command = [*CXSIM, "serve", str(path), "--speed", str(speed), "--ready-file", str(ready_file)]
        with output.open("w") as stream:
            process = subprocess.Popen(
                [*command, "--log", str(log), *options], stdout=stream, stderr=stream, text=True
            )
        served = Served(process, ready_file, log, output)
        running.append(served)
        wait_for(
            lambda: process.poll() is not None or "\nready " in output.read_text(),
            "the endpoints to be served",
        )
        assert process.poll() is None, output.read_text()
        return served

    yield start
    for served in running:
        for process in (*served.others, served.process):
            if process.poll() is None:
                process.kill()
            process.wait(WAIT_S)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
