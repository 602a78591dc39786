"""A served environment in a process of its own, and `cxsim migrate` in others. Every wait is bounded.

Rules of this file: nothing here knows what a test is about; processes are started and ended one by one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CXSIM = [sys.executable, "-m", "cxsim.sim.cli"]
WAIT_S = 60.0
START_S = 180.0
"""The first start after an edit compiles the data plane."""
"""Longest wait for anything; on an idle machine everything takes a few seconds."""

PASSWORDS = {
    "CXSIM_VCENTER_PASSWORD": "pw-Ahx3-tenant-vcenter",
    "CXSIM_CLOUD_PASSWORD": "pw-Lz0c-org-admin",
    "CXSIM_REPLICATOR_PASSWORD": "pw-Bq7z-tenant-root",
    "CXSIM_REPLICATOR_SSO_PASSWORD": "pw-Cm2k-tenant-sso",
}

SMALL_JOB = """\
schema: 1
title: A small VM moves from Tyrell to MyCloud
extends: environments/tyrell-mycloud.yaml
seed: 7
hosts:
  tyrell-vc01: {password: pw-Ahx3-tenant-vcenter}
  tyrell-cce01: {password: pw-Bq7z-tenant-root, sso_password: pw-Cm2k-tenant-sso}
  chc-vcd01: {orgs: {Tyrell: {users: {tyrelladmin: {password: pw-Lz0c-org-admin}}}}}
provider_clouds:
  MyCloud-CHC: {password: pw-Lz0c-org-admin}
vms:
  deckard:
    disks: [{size: 2 GiB, used: 1 GiB, workload: {rate: 0.5 MB/s}}]
steps:
  - test_cloud: {cloud: MyCloud-CHC}
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - wait: {cloud: MyCloud-CHC, status: Running, at_most: 5 min}
  - migrate:
      job: Move deckard
      type: Warm
      vms: [deckard]
      cloud: MyCloud-CHC
      vdc: CHC Tyrell PAYG
      storage_profile: CHC Performance
      network: Tyrell Servers
      rpo: 15 min
      tag: wave-1
  - wait: {vm: deckard, status: Cutover ready, at_most: 6 h}
  - cutover: {vms: [deckard], power_on: yes, tag: wave-1, confirm: yes}
  - wait: {vm: deckard, status: Completed, at_most: 1 h}
  - run_for: 2 min              # the source VM is marked
expect:
  - at_end: {vm: deckard, status: Completed}
"""


def wait_for(condition: Callable[[], Any], what: str, timeout_s: float = WAIT_S) -> Any:
    """What the condition answers once it is true; fails after the time-out."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.02)
    pytest.fail(f"waited {timeout_s:g} s for {what}")


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a file that may still grow."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


@dataclass
class Served:
    """A running `cxsim serve`."""

    process: subprocess.Popen[str]
    ready_file: Path
    log: Path
    output: Path
    others: list[subprocess.Popen[str]] = field(default_factory=list)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of this name so far."""
        return [event for event in json_lines(self.log) if event.get("event") == name]

    def url_of(self, place: str) -> str:
        """The real URL that stands for a place of the environment."""
        line = next(line for line in self.output.read_text().splitlines() if line.startswith("ready "))
        return f"https://{json.loads(line.removeprefix('ready '))['places'][place]}"

    def migrate(
        self,
        log: Path,
        *options: str,
        config: Path | None = None,
        stdin: int = subprocess.DEVNULL,
        **variables: str,
    ) -> subprocess.Popen[str]:
        """Start `cxsim migrate` for this environment. `config`: instead of the ready file."""
        process = subprocess.Popen(
            [*CXSIM, "migrate", "--config", str(config or self.ready_file), "--log", str(log), *options],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **PASSWORDS, **variables},
        )
        self.others.append(process)
        return process

    def stop(self) -> int:
        """End it as a user would; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)
