"""Conditions: reached or not, event by event."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cxsim.sim.eventlog import EventLog
from cxsim.sim.scenario import load_environment
from cxsim.sim.scenario.faults import Fault
from cxsim.sim.scenario.places import TreeMap
from cxsim.sim.scenario.steps import Wait
from cxsim.sim.scenario.waiting import Condition, Watch

Read = Callable[[str], TreeMap]


def wait(tree: Read, subject: str) -> Condition:
    return Condition(Wait.model_validate(tree(f"{{{subject}, at_most: 5 min}}")).subject)


def trigger(tree: Read, when: str) -> Condition:
    fault = Fault.model_validate(tree(f"{{name: f, host_down: {{host: h}}, when: {{{when}}}}}"))
    assert fault.when is not None
    return Condition(fault.when)


def vm(log: EventLog, name: str, status: str, percent: int | None = None) -> None:
    log.record(0, "core", "workload", {"vm": name, "status": status, "percent": percent, "text": status})


def call(log: EventLog, path: str, source: str = "s") -> None:
    log.record(0, "k", "call", {"src": source, "dst": "d", "method": "POST", "path": path, "status": 200})


def test_a_state_that_already_holds_needs_no_waiting(tree: Read) -> None:
    log, condition = EventLog(), wait(tree, "vm: a, status: Created")
    watch = Watch(log)
    watch.add(condition, lambda: None)
    vm(log, "a", "Created")
    assert not condition.reached, "nobody waits yet"
    assert condition.arm()
    assert condition.reached


def test_a_state_that_has_passed_is_waited_for_again(tree: Read) -> None:
    log, condition, reached = EventLog(), wait(tree, "vm: a, status: Syncing"), []
    Watch(log).add(condition, lambda: reached.append(len(log.events)))
    vm(log, "a", "Syncing")
    vm(log, "a", "Error")
    assert not condition.arm()
    vm(log, "a", "Created")
    vm(log, "a", "Syncing")
    vm(log, "a", "Error")
    assert condition.reached, "it held at some moment since the wait began"
    assert reached == [4]


def test_a_message_that_came_before_the_wait_does_not_count(tree: Read) -> None:
    log, condition = EventLog(), wait(tree, "message: 'Connected*'")
    Watch(log).add(condition, lambda: None)
    log.record(0, "core", "message", {"text": "Connected successfully!", "level": "info"})
    assert not condition.arm()
    log.record(1, "core", "message", {"text": "Connected successfully!", "level": "info"})
    assert condition.reached


def test_several_vms_may_get_there_one_after_the_other(tree: Read) -> None:
    log, condition = EventLog(), wait(tree, "vm: [a, b], status: Cutover ready")
    Watch(log).add(condition, lambda: None)
    vm(log, "a", "Cutover ready")
    assert not condition.arm()
    vm(log, "a", "Error")
    assert condition.got() == "VM b is Cutover ready: never seen"
    vm(log, "b", "Syncing")
    assert condition.got() == "VM b is Cutover ready: Syncing"
    vm(log, "b", "Cutover ready")
    assert condition.reached


def test_a_condition_that_is_added_late_learns_the_state(tree: Read) -> None:
    log, condition = EventLog(), wait(tree, "cloud: C, status: Running")
    watch = Watch(log)
    log.record(0, "core", "cloud", {"cloud": "C", "status": "Running", "reason": None})
    watch.add(condition, lambda: None)
    assert condition.arm()


def test_a_vm_is_powered_as_the_environment_says(tree: Read) -> None:
    environment = load_environment("scenarios/environments/tyrell-mycloud.yaml")
    subject = Wait.model_validate(
        tree("{vcenter: tyrell-vc01, vm: deckard, power: on, at_most: 1 s}")
    ).subject
    assert Condition(subject, environment).arm()
    assert not Condition(subject).arm()


@pytest.mark.parametrize(
    ("when", "at"),
    [
        ("status: Syncing, percent: 40", 4),
        ("status: Syncing", 2),
        ("status: [Paused, Syncing]", 2),
        ("vm: b, status: Syncing", 5),
        ("call: POST /replications, nth: 2", 3),
        ("call: POST /replications, nth: 2, from: t", None),
        ("call: POST /replications, from: t", 3),
        ("vm: a, status: Error", None),
    ],
)
def test_a_fault_begins_when_its_trigger_is_first_reached(tree: Read, when: str, at: int | None) -> None:
    log, condition, reached = EventLog(), trigger(tree, when), []
    Watch(log).add(condition, lambda: reached.append(len(log.events)))
    condition.arm()
    call(log, "/replications")
    vm(log, "a", "Syncing", 0)
    call(log, "/replications", "t")
    vm(log, "a", "Syncing", 45)
    vm(log, "b", "Syncing", 50)
    call(log, "/replications")
    assert reached == ([] if at is None else [at]), "once, and never again"


def test_what_is_called_back_may_record_and_remove(tree: Read) -> None:
    log, condition = EventLog(), trigger(tree, "status: Syncing")
    watch = Watch(log)

    def switch_on() -> None:
        log.record(0, "-", "fault", {"fault": "f", "change": "on"})
        vm(log, "x", "Syncing", 1)
        watch.remove(condition)

    watch.add(condition, switch_on)
    condition.arm()
    vm(log, "a", "Syncing", 0)
    vm(log, "a", "Syncing", 1)
    assert [event.event for event in log.events] == ["workload", "fault", "workload", "workload"]


def test_only_events_that_can_concern_it_reach_a_condition(tree: Read) -> None:
    log, condition = EventLog(), wait(tree, "vm: a, status: Error")
    fed = []
    condition.feed = lambda event: fed.append(event.event) or False  # type: ignore[method-assign,func-returns-value]
    Watch(log).add(condition, lambda: None)
    call(log, "/x")
    vm(log, "a", "Created")
    assert fed == ["workload"]


def test_text_says_what_is_waited_for(tree: Read) -> None:
    condition = wait(tree, "cloud: C, status: [Running, Enable Failed]")
    assert condition.text() == "provider cloud C is Running or Enable Failed"
    assert condition.got() == "never seen"
