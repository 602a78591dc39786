"""The same job in virtual time and in real time, and what interruptions do to it."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from processes import PASSWORDS, SMALL_JOB, WAIT_S, Served, json_lines, wait_for

from cxsim.sim.run import run_scenario
from cxsim.sim.scenario import load

pytestmark = pytest.mark.timeout(300)

_ID = re.compile(r"H4-[0-9a-f-]{36}|[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[a-z]+-\d+|(?<=/)[MT]-\d+")
READING = re.compile(
    r"SOAP (Log(in|out)|Fetch|Query\w+|(Continue)?Retrieve\w+|WaitForUpdates\w*|\w+View|Find\w+)"
)


def mutating(events: Iterable[dict[str, Any]]) -> Counter[str]:
    """The calls that change something at a server; logins and views change nothing that lasts."""
    found: Counter[str] = Counter()
    for event in events:
        if event.get("event") != "call" or event["method"] == "GET":
            continue
        path = event["path"]
        if READING.fullmatch(path) or re.search(r"/(sessions|session)$", path):
            continue
        found[f"{event['dst']} {event['method']} {_ID.sub('ID', path)} {event['status']}"] += 1
    return found


def transitions(events: Iterable[dict[str, Any]]) -> list[Any]:
    """What the user saw, without percentages and times."""
    seen: list[Any] = []
    for event in events:
        name = event.get("event")
        told: Any = None
        if name == "workload":
            told = (event["vm"], event["job"], event["status"], event["reason"])
        elif name == "cloud":
            told = (event["cloud"], event["status"], event["reason"])
        elif name == "vdc":
            told = event["vdcs"]
        elif name == "certificates":
            told = (event["at"], event["hosts"], event["thumbprints"], event["trusted"], event["asked"])
        elif name == "home":
            told = (event["completed"], event["error"], event["transition"])
        elif name == "message":
            told = event["text"]
        if told is not None and (not seen or seen[-1] != told):
            seen.append(told)
    return seen


def in_virtual_time(folder: Path) -> list[dict[str, Any]]:
    """The events of the job in the simulator."""
    path, log = folder / "virtual.yaml", folder / "virtual.jsonl"
    path.write_text(SMALL_JOB)
    (scenario,) = load(path)
    result = run_scenario(scenario, log_path=log)
    assert result.exit == 0, result
    return json_lines(log)


def test_a_job_is_the_same_in_virtual_and_in_real_time(serve: Callable[..., Served], tmp_path: Path) -> None:
    virtual = in_virtual_time(tmp_path)
    served, log = serve(), tmp_path / "real.jsonl"
    process = served.migrate(log)
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, out + err
    assert served.ready_file.stat().st_mode & 0o777 == 0o600
    ready = served.ready_file.read_text()
    assert served.stop() == 0

    assert "deckard: Completed" in out
    written = [file.read_text(errors="replace") for file in (log, served.log, served.output)]
    journals = [file.read_text("latin-1") for file in tmp_path.glob("*.journal*")]
    assert "MyCloud-CHC" in "".join(journals)
    for secret in PASSWORDS.values():
        assert not any(secret in text for text in (out, err, ready, *written, *journals))
    assert transitions(json_lines(log)) == transitions(virtual)
    calls = mutating(json_lines(served.log))
    assert calls == mutating(virtual)
    assert calls["tyrell-vc01 POST SOAP PowerOffVM_Task 200"] == 1
    assert calls["chc-vcde01 POST /mobility/tenant/migrations 201"] == 1


def powers(served: Served) -> list[tuple[str, str]]:
    """Every change of power at the two vCenters."""
    return [(e["vcenter"], e["power"]) for e in served.events("vcenter.vm") if e["change"] == "power"]


def test_a_job_that_is_killed_again_and_again_is_completed_by_the_same_command(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served, log = serve(speed=150), tmp_path / "real.jsonl"

    def seen(status: str, at_least: int = 0) -> bool:
        workloads = (e for e in json_lines(log) if e.get("event") == "workload")
        return any(e["status"] == status and (e["percent"] or 0) >= at_least for e in workloads)

    interrupted = served.migrate(log)
    wait_for(lambda: seen("Syncing") or interrupted.poll() is not None, "Syncing")
    interrupted.send_signal(signal.SIGINT)
    _, err = interrupted.communicate(timeout=WAIT_S)
    assert interrupted.returncode == 130, err
    assert "interrupted; the same command goes on" in err

    for percent in (0, 30):
        killed = served.migrate(log)
        wait_for(partial(seen, "Cutting over", percent), f"a cutover at {percent} %")
        killed.kill()
        assert killed.wait(WAIT_S) == -signal.SIGKILL
        assert not seen("Completed")

    last = served.migrate(log)
    out, err = last.communicate(timeout=WAIT_S)
    assert last.returncode == 0, out + err
    assert "deckard: Completed" in out
    assert served.stop() == 0
    # The source went off before the target came on, each once; nothing was ordered or imported twice.
    assert powers(served) == [("tyrell-vc01", "off"), ("chc-vc01", "on")]
    calls = mutating(json_lines(served.log))
    assert [count for call, count in calls.items() if "importVm" in call] == [1]
    assert calls["chc-vcde01 POST /mobility/tenant/migrations 201"] == 1
