"""`cxsim migrate` against `cxsim serve`: cold, grouped, scheduled, cutover at a time or on request, again."""

from __future__ import annotations

import os
import pty
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from processes import SMALL_JOB, WAIT_S, Served, json_lines, wait_for
from ruamel.yaml import YAML

pytestmark = pytest.mark.timeout(300)

SECOND_VM = """\
  rachael:
    disks: [{size: 2 GiB, used: 1 GiB, workload: {rate: 0.5 MB/s}}]
steps:
"""
COLD = (
    SMALL_JOB.replace("  deckard:\n", "  deckard:\n    power: off\n")
    .replace("type: Warm", "type: Cold")
    .replace("      rpo: 15 min\n", "      power_on: yes\n")
)
HOUR_S = 3600
"""At 600 times, six seconds of the wall: what a busy machine may take to start a process."""
FAULT = """\
faults:
  - name: hardening
    until: 3 h
    firewall_rule:
      edge: TYR-ESG
      at: top
      rule: {id: 98, name: no, action: drop, source: any, destination: any, protocol: tcp, ports: [44045]}
steps:
"""


def edited(served: Served, folder: Path, **changes: Any) -> Path:
    """The ready file with other values, by top-level key; a mapping changes the keys that it names."""
    config = YAML(typ="safe").load(served.ready_file)
    for key, value in changes.items():
        config[key] = {**config[key], **value} if isinstance(value, dict) and key in config else value
    path = folder / "edited.yaml"
    with path.open("w") as stream:
        YAML().dump(config, stream)
    return path


def run(served: Served, log: Path, *options: str, **more: Any) -> tuple[int, str]:
    """A whole `cxsim migrate`: exit code and everything it said."""
    process = served.migrate(log, *options, **more)
    out, err = process.communicate(timeout=WAIT_S)
    log.with_suffix(".said").write_text(out + err)
    return process.returncode, out + err


def statuses(log: Path, vm: str = "deckard") -> list[str]:
    """The statuses of a VM as the user saw them, each once."""
    seen = [e["status"] for e in json_lines(log) if e.get("event") == "workload" and e["vm"] == vm]
    return list(dict.fromkeys(seen))


def running(served: Served) -> dict[str, str]:
    """The last power state that each vCenter reported of each VM, without the ids that vCD appends."""
    found = {}
    for event in served.events("vcenter.vm"):
        name = event["vm"].partition(" (")[0]
        found[f"{name} at {event['vcenter']}"] = event["power"]
    return found


def virtual_now_s(served: Served) -> float:
    """What the served clock reads, by the ready file."""
    config = YAML(typ="safe").load(served.ready_file)
    reads, at = (datetime.fromisoformat(config["clock"][key]).timestamp() for key in ("reads", "at"))
    return reads + (time.time() - at) * float(config["speed"])


def instant(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def test_a_cold_migration(serve: Callable[..., Served], tmp_path: Path) -> None:
    served, log = serve(COLD, speed=600), tmp_path / "real.jsonl"
    code, said = run(served, log, "--json")
    assert code == 0, said
    assert '"status": "Completed"' in said
    assert [file for file in tmp_path.glob("*.journal*") if file.name.endswith("-wal")], "looked through too"
    assert statuses(log)[0] == "Created"
    assert "Cutover ready" not in statuses(log)
    assert running(served) == {"deckard at tyrell-vc01": "off", "deckard at chc-vc01": "on"}
    calls = [e for e in served.events("call") if e["path"].endswith("/cutover")]
    assert calls == [], "a cold one has no cutover by hand"


def test_a_group_that_starts_and_is_cut_over_at_instants_of_the_served_clock(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served, log = serve(SMALL_JOB.replace("steps:\n", SECOND_VM), speed=600), tmp_path / "real.jsonl"
    now_s = virtual_now_s(served)
    start_s, cutover_s = now_s + 2 * HOUR_S, now_s + 4 * HOUR_S
    config = edited(
        served,
        tmp_path,
        job={
            "vms": ["deckard", "rachael"],
            "layout": "group",
            "vapp_name": "Wave 1",
            "start": instant(start_s),
        },
        cutover={"when": "at", "at": instant(cutover_s)},
    )
    code, said = run(served, log, config=config)
    assert code == 0, said
    for vm in ("deckard", "rachael"):
        assert f"{vm}: Completed" in said
        assert statuses(log, vm)[:2] == ["Created", "Scheduled"]
    vapps = {(e["vapp"], e["change"]) for e in served.events("vcd.vapp")}
    assert {name for name, _ in vapps} == {"Wave 1"}
    assert running(served)["deckard at chc-vc01"] == running(served)["rachael at chc-vc01"] == "on"

    zero_s = datetime(2017, 11, 6, 9, tzinfo=UTC).timestamp()
    begun_s = min(e["t_us"] for e in served.events("replication")) / 1e6 + zero_s
    off = [e for e in served.events("vcenter.vm") if (e["change"], e["power"]) == ("power", "off")]
    off_s = min(e["t_us"] for e in off) / 1e6 + zero_s
    assert start_s <= begun_s < start_s + HOUR_S
    assert cutover_s <= off_s < cutover_s + HOUR_S


def test_a_cutover_that_is_asked_for(serve: Callable[..., Served], tmp_path: Path) -> None:
    served, log = serve(speed=600), tmp_path / "real.jsonl"
    config = edited(served, tmp_path, cutover="ask")
    code, said = run(served, log, config=config)
    assert code == 1, said
    assert "Nobody can be asked (no terminal): no" in said
    assert "not cut over: deckard; the replication goes on, and the same command asks again" in said
    assert running(served) == {"deckard at tyrell-vc01": "on"}

    terminal, stdin = pty.openpty()
    try:
        os.write(terminal, b"y\n")
        code, said = run(served, log, config=config, stdin=stdin)
    finally:
        os.close(terminal)
        os.close(stdin)
    assert code == 0, said
    assert "Cut over deckard now? The source VMs are powered off." in said
    assert running(served) == {"deckard at tyrell-vc01": "off", "deckard at chc-vc01": "on"}


def test_a_job_that_failed_is_migrated_anew_by_the_same_command_once_the_network_is_mended(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served, log = serve(SMALL_JOB.replace("steps:\n", FAULT), speed=600), tmp_path / "real.jsonl"
    code, said = run(served, log)
    assert code == 1, said
    assert "deckard: Error" in said
    wait_for(lambda: [e for e in served.events("fault") if e["change"] == "off"], "the rule to be taken away")
    code, said = run(served, log)
    assert code == 0, said
    assert statuses(log) == [
        "Created",
        "Syncing",
        "Error",
        "Cancelled",
        "Cutover ready",
        "Cutting over",
        "Completed",
    ]
    assert running(served) == {"deckard at tyrell-vc01": "off", "deckard at chc-vc01": "on"}
