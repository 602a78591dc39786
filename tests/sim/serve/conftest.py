"""Environments that are served for a test, and stopped with everything that was started for it.

Rules of this file: after each test, everything that was written is looked through for passwords.
"""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from processes import CXSIM, PASSWORDS, SMALL_JOB, WAIT_S, Served, wait_for


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
    if running:
        _look_for_passwords(tmp_path)


def _look_for_passwords(folder: Path) -> None:
    """Whatever a test has let be written holds no password, but for the scenarios that it wrote itself."""
    scenarios = [file for file in folder.iterdir() if file.suffix == ".yaml" and "steps:" in file.read_text()]
    looked_at = [file for file in folder.iterdir() if file.is_file() and file not in scenarios]
    assert looked_at
    for file in looked_at:
        data = file.read_bytes()
        for secret in PASSWORDS.values():
            for form in (secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")[:-1]):
                assert form not in data, f"{file.name} holds a password"
