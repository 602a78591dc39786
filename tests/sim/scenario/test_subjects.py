"""What each subject makes of an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario.expect import Expectation
from cxsim.sim.scenario.expect.subjects import figures, glob
from cxsim.sim.scenario.expect.table import SUBJECTS

Expecting = Callable[[str], Expectation]

MESSAGE = ("message", {"text": "Connected successfully!", "level": "info", "subject": "MyCloud-CHC"})
ERROR = ("message", {"text": "Cannot reach 203.0.113.32:8044", "level": "error", "subject": "MyCloud-CHC"})
SHOWN = (
    "certificates",
    {"cloud": "MyCloud-CHC", "at": "Add", "hosts": [], "thumbprints": [], "trusted": True, "asked": True},
)
FAILED = ("cloud", {"cloud": "MyCloud-CHC", "status": "Enable Failed", "reason": "8044 did not answer"})
OTHER_CLOUD = ("cloud", {"cloud": "Other", "status": "Enable Failed", "reason": None})
LOADING = ("vdc", {"cloud": "MyCloud-CHC", "vdcs": "Loading..."})
VDC = {"name": "PAYG", "cpu": "0 MHz / Unlimited", "memory": "0 / Unlimited", "storage": "0 / 200.00 GB"}
VDCS = ("vdc", {"cloud": "MyCloud-CHC", "vdcs": [VDC]})
NO_VDCS = ("vdc", {"cloud": "MyCloud-CHC", "vdcs": []})
SYNCING = (
    "workload",
    {"vm": "deckard", "job": "j", "status": "Syncing", "percent": 40, "text": "40% Syncing", "reason": None},
)
CREATED = (
    "workload",
    {"vm": "deckard", "job": "j", "status": "Created", "percent": None, "text": "Created", "reason": None},
)
HOME = ("home", {"completed": 1, "error": 0, "transition": 2})
POWERED_OFF = ("vcenter.vm", {"vcenter": "tyrell-vc01", "vm": "deckard", "change": "power", "power": "off"})
DESTROYED = ("vcenter.vm", {"vcenter": "tyrell-vc01", "vm": "deckard", "change": "destroyed", "power": "off"})
VAPP = ("vcd.vapp", {"org": "Tyrell", "vdc": "PAYG", "vapp": "wave", "change": "created", "power": "off"})
VAPP_GONE = (
    "vcd.vapp",
    {"org": "Tyrell", "vdc": "PAYG", "vapp": "wave", "change": "deleted", "power": "off"},
)
IN_VAPP = (
    "vcd.vm",
    {"org": "Tyrell", "vdc": "PAYG", "vapp": "wave", "vm": "deckard", "change": "power", "power": "on"},
)
CALL = (
    "call",
    {
        "src": "core",
        "dst": "vcd",
        "port": 443,
        "method": "POST",
        "path": "/api/admin/extension/vimServer/7/importVmAsVApp?x=1",
        "status": 201,
    },
)
SOAP = (
    "call",
    {
        "src": "core",
        "dst": "vc",
        "port": 443,
        "method": "POST",
        "path": "SOAP PowerOffVM_Task",
        "status": 200,
    },
)
GAP = ("gap", {"product": "vCenter", "operation": "SOAP CloneVM_Task"})
FAULT = ("fault", {"fault": "edge", "change": "met"})


@pytest.mark.parametrize(
    ("subject", "event", "verdict"),
    [
        ("message: Connected successfully!", MESSAGE, True),
        ("message: Connected", MESSAGE, False),
        ("message: 'Connected*'", MESSAGE, True),
        ("message: '*', level: error", MESSAGE, False),
        ("message: '*8044', level: error", ERROR, True),
        ("certificates: MyCloud-CHC", SHOWN, True),
        ("certificates: MyCloud-CHC, at: Add, trusted: yes, asked: yes", SHOWN, True),
        ("certificates: MyCloud-CHC, at: Test", SHOWN, False),
        ("certificates: MyCloud-CHC, trusted: no", SHOWN, False),
        ("certificates: Other", SHOWN, None),
        ("cloud: MyCloud-CHC, status: Enable Failed", FAILED, True),
        ("cloud: MyCloud-CHC, status: [Running, Enable Failed]", FAILED, True),
        ("cloud: MyCloud-CHC, status: Running", FAILED, False),
        ("cloud: MyCloud-CHC, status: Enable Failed, reason: '*8044*'", FAILED, True),
        ("cloud: MyCloud-CHC, status: Enable Failed, reason: '*443*'", FAILED, False),
        ("cloud: MyCloud-CHC, status: Enable Failed", OTHER_CLOUD, None),
        ("cloud: MyCloud-CHC, status: Running", VDCS, None),
        ("cloud: MyCloud-CHC, vdcs: Loading...", LOADING, True),
        ("cloud: MyCloud-CHC, vdcs: Loading...", VDCS, False),
        ("cloud: MyCloud-CHC, vdcs: [PAYG]", VDCS, True),
        ("cloud: MyCloud-CHC, vdcs: [PAYG, More]", VDCS, False),
        ("cloud: MyCloud-CHC, vdcs: [PAYG]", LOADING, False),
        ("cloud: MyCloud-CHC, vdcs: []", NO_VDCS, True),
        ("cloud: MyCloud-CHC, vdcs: []", LOADING, False),
        ("cloud: MyCloud-CHC, vdc: PAYG, cpu: 0 MHz / Unlimited, storage: 0 / 200.00 GB", VDCS, True),
        ("cloud: MyCloud-CHC, vdc: PAYG, memory: 1 / Unlimited", VDCS, False),
        ("cloud: MyCloud-CHC, vdc: PAYG", LOADING, False),
        ("vm: deckard, status: Syncing", SYNCING, True),
        ("vm: deckard, status: Created", SYNCING, False),
        ("vm: deckard, percent: '>= 40'", SYNCING, True),
        ("vm: deckard, status: Syncing, percent: '> 40'", SYNCING, False),
        ("vm: deckard, percent: '>= 0'", CREATED, False),
        ("vm: roy, status: Syncing", SYNCING, None),
        ("vm: deckard, reason: '*'", SYNCING, False),
        ("home: {completed: 1, error: 0, transition: 2}", HOME, True),
        ("home: {completed: '>= 1'}", HOME, True),
        ("home: {transition: '< 2'}", HOME, False),
        ("vcenter: tyrell-vc01, vm: deckard, power: off", POWERED_OFF, True),
        ("vcenter: tyrell-vc01, vm: deckard, power: on", POWERED_OFF, False),
        ("vcenter: tyrell-vc01, vm: deckard", POWERED_OFF, True),
        ("vcenter: tyrell-vc01, vm: deckard", DESTROYED, False),
        ("vcenter: tyrell-vc01, vm: deckard, power: off", DESTROYED, False),
        ("vcenter: chc-vc01, vm: deckard", POWERED_OFF, None),
        ("vcd: Tyrell, vapp: wave", VAPP, True),
        ("vcd: Tyrell, vdc: PAYG, vapp: wave, power: off", VAPP, True),
        ("vcd: Tyrell, vdc: Other, vapp: wave", VAPP, False),
        ("vcd: Tyrell, vapp: wave", VAPP_GONE, False),
        ("vcd: Tyrell, vapp: wave", IN_VAPP, None),
        ("vcd: Tyrell, vapp: wave, vm: deckard, power: on", IN_VAPP, True),
        ("vcd: Tyrell, vm: deckard, power: on", IN_VAPP, True),
        ("vcd: Tyrell, vapp: wave, vm: deckard", VAPP_GONE, False),
        ("vcd: Tyrell, vapp: wave, vm: deckard", VAPP, None),
        ("vcd: Other, vapp: wave", VAPP, None),
        ("calls: POST /api/admin/extension/vimServer/*/importVmAsVApp", CALL, True),
        ("calls: POST /api/**", CALL, True),
        ("calls: '* /api/**'", CALL, True),
        ("calls: POST /api/*/importVmAsVApp", CALL, None),
        ("calls: GET /api/admin/extension/vimServer/*/importVmAsVApp", CALL, None),
        ("calls: 'POST /api/**?x=1'", CALL, True),
        ("calls: POST /api/**, from: core, to: vcd, status: '< 300'", CALL, True),
        ("calls: POST /api/**, to: vc", CALL, None),
        ("calls: POST /api/**, status: '>= 400'", CALL, None),
        ("calls: SOAP PowerOffVM_Task", SOAP, True),
        ("calls: SOAP Power*", SOAP, True),
        ("calls: POST /**", SOAP, None),
        ("gap: '*CloneVM*'", GAP, True),
        ("gap: 'GET *'", GAP, False),
        ("fault: edge", FAULT, True),
        ("fault: edge, change: on", FAULT, False),
        ("fault: other", FAULT, None),
    ],
)
def test_a_subject_holds_after_an_event_or_does_not_or_is_not_concerned(
    subject: str, event: tuple[str, dict[str, Any]], verdict: bool | None, expecting: Expecting
) -> None:
    operator = expecting(f"{{eventually: {{{subject}}}}}").operator
    (what,) = operator.subjects()
    tracker = what.tracker()
    logged = LoggedEvent(0, "h", event[0], event[1])
    concerned = tracker.feed(logged)
    assert (tracker.now if concerned else None) is verdict
    assert not tracker.feed(LoggedEvent(0, "h", "something else", {}))
    assert what.text()
    if concerned:
        assert what.saw(logged)


def test_calls_with_a_count_are_a_state(expecting: Expecting) -> None:
    (what,) = expecting("{at_end: {calls: SOAP *, count: '>= 2'}}").operator.subjects()
    tracker = what.tracker()
    logged = LoggedEvent(0, "h", SOAP[0], SOAP[1])
    seen = [tracker.now]
    for _ in range(3):
        tracker.feed(logged)
        seen.append(tracker.now)
    assert seen == [False, False, True, True]


def test_a_star_stays_within_a_segment_of_a_path() -> None:
    assert glob("GET /a/*/c", in_paths=True).match("GET /a/b/c")
    assert not glob("GET /a/*/c", in_paths=True).match("GET /a/b/b/c")
    assert glob("GET /a/**/c", in_paths=True).match("GET /a/b/b/c")
    assert glob("a.c").match("a.c")
    assert not glob("a.c").match("abc")


def test_every_subject_names_its_events_and_its_operators() -> None:
    for subject in SUBJECTS.values():
        assert subject.EVENTS
        assert subject.OPERATORS


def test_fields_of_an_event_are_quoted_when_they_have_spaces() -> None:
    text = figures({"a": "b c", "d": "e", "n": 1, "none": None, "l": ["x y", 2], "empty": ""})
    assert text == 'a="b c" d=e n=1 l="[x y, 2]" empty=""'
