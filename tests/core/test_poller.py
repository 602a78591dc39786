"""What a look at a provider cloud is about: what is in motion always, what is settled now and then."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_world import WARM, FakeVcenter, VirtualRuntime, ready
from cx_provider import CxProvider, error_object

from cxsim.core import poller
from cxsim.core.appliance import Appliance

POLL_S = 30


def test_what_is_settled_is_looked_at_every_fourth_time_and_what_moves_at_every_look(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx, "deckard", "rachael")
    running.migrate(replace(WARM, vms=("roy",)))
    cx.looks.clear()
    runtime.sleep(8 * POLL_S)
    assert sorted(map(tuple, cx.looks)) == [("M-1", "M-2", "M-3")] * 2 + [("M-3",)] * 6


def test_nothing_is_asked_for_while_everything_is_settled(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx, "deckard")
    cx.looks.clear()
    runtime.sleep(8 * POLL_S)
    assert cx.looks == [["M-1"]] * 2


def test_trouble_of_a_settled_one_is_seen_at_the_fourth_look_at_the_latest(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx, "deckard")
    cx.report("deckard", "ERROR", None, error_object("ReplicationFailed", "x"))
    runtime.sleep(4 * POLL_S + 1)
    assert running.workloads()[0].status == "Error"


def test_a_look_that_failed_is_made_up_for_at_the_next(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    ready(running, runtime, cx, "deckard")
    cx.report("deckard", "ERROR", None, error_object("ReplicationFailed", "x"))
    cx.overrides["GET /tenant/migrations"] = [(500, {}, ""), (500, {}, "")]
    runtime.sleep(3 * POLL_S + 1)
    assert running.workloads()[0].status == "Cutover ready"
    runtime.sleep(3 * POLL_S)
    assert running.workloads()[0].status == "Error"


def test_a_scheduled_one_is_settled_until_its_start_is_near(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(replace(WARM, vms=("roy",), start=runtime.now() + 40 * POLL_S))
    runtime.sleep(POLL_S + 1)
    assert running.workloads()[0].status == "Scheduled"
    cx.looks.clear()
    runtime.sleep(32 * POLL_S)
    assert len(cx.looks) == 8
    runtime.sleep(7 * POLL_S)
    assert len(cx.looks) >= 12
    cx.report("roy", "SYNCING", 1)
    runtime.sleep(POLL_S)
    assert running.workloads()[0].text == "1% Syncing"


def test_when_they_are_many_all_are_asked_for(
    running: Appliance,
    runtime: VirtualRuntime,
    cx: CxProvider,
    vcenter: FakeVcenter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poller, "MOST_NAMED", 1)
    ready(running, runtime, cx, "deckard", "rachael")
    calls = len(cx.looks)
    running.migrate(replace(WARM, vms=("roy",)))
    runtime.sleep(4 * POLL_S)
    named = [look for look in cx.looks[calls:] if look == ["M-3"]]
    assert len(named) == 3, "one can be named"
    assert [row.status for row in running.workloads()] == ["Cutover ready", "Cutover ready", "Created"]
