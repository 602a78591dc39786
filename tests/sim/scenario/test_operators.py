"""What each operator makes of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario import Environment, load_environment
from cxsim.sim.scenario.expect import Expectation, Figures, Outcome, Report, evaluate

Expecting = Callable[[str], Expectation]
Log = Callable[..., list[LoggedEvent]]
END_S = 100


def cloud(t_s: float, status: str, name: str = "C") -> tuple[float, str, dict[str, object]]:
    return (t_s, "cloud", {"cloud": name, "status": status, "reason": None})


def vm(
    t_s: float, status: str, name: str = "a", percent: int | None = None
) -> tuple[float, str, dict[str, object]]:
    fields = {"vm": name, "job": "j", "status": status, "percent": percent, "text": status, "reason": None}
    return (t_s, "workload", fields)


def call(t_s: float, path: str = "/x") -> tuple[float, str, dict[str, object]]:
    return (t_s, "call", {"src": "s", "dst": "d", "port": 1, "method": "GET", "path": path, "status": 200})


def power(t_s: float, state: str) -> tuple[float, str, dict[str, object]]:
    return (t_s, "vcenter.vm", {"vcenter": "tyrell-vc01", "vm": "deckard", "change": "power", "power": state})


def judged(
    expectation: Expectation,
    events: list[LoggedEvent],
    environment: Environment | None = None,
    rpo: Report | None = None,
) -> Outcome:
    (outcome,) = evaluate([expectation], events, END_S * 1_000_000, environment, rpo)
    return outcome


RUN = (
    cloud(1, "Enabling"),
    cloud(5, "Running"),
    vm(6, "Created"),
    vm(7, "Syncing", percent=10),
    vm(8, "Syncing", percent=60),
    vm(20, "Cutover ready"),
    cloud(30, "Enable Failed"),
    cloud(40, "Running"),
    vm(50, "Error"),
)


@pytest.mark.parametrize(
    ("expectation", "met"),
    [
        ("eventually: {cloud: C, status: Enable Failed}", True),
        ("eventually: {cloud: C, status: Deleted}", False),
        ("eventually: {vm: a, status: Syncing, before: {vm: a, status: Created}}", False),
        ("eventually: {cloud: C, status: Running, after: {vm: a, status: Created}}", True),
        ("eventually: {cloud: C, status: Enabling, after: {vm: a, status: Created}}", False),
        (
            "eventually: {vm: a, percent: '>= 60', after: {vm: a, percent: '>= 10'}, "
            "before: {vm: a, status: Error}}",
            True,
        ),
        ("at_end: {cloud: C, status: Running}", True),
        ("at_end: {cloud: C, status: [Running, Deleted]}", True),
        ("at_end: {cloud: C, status: Enable Failed}", False),
        ("at_end: {vm: b, status: Error}", False),
        ("never: {cloud: C, status: Deleted}", True),
        ("never: {cloud: C, status: Enable Failed}", False),
        ("never: {cloud: C, status: Enable Failed, before: {vm: a, status: Cutover ready}}", True),
        ("never: {cloud: C, status: Enable Failed, after: {vm: a, status: Cutover ready}}", False),
        (
            "never: {cloud: C, status: Running, after: {vm: a, status: Created}, "
            "before: {vm: a, status: Syncing}}",
            False,
        ),
        ("never: {vm: a, status: Error, before: {cloud: C, status: Deleted}}", False),
        ("never: {vm: a, status: Error, after: {cloud: C, status: Deleted}}", False),
        (
            "within: {after: {vm: a, status: Created}, at_most: 14 s, reach: {vm: a, status: Cutover ready}}",
            True,
        ),
        (
            "within: {after: {vm: a, status: Created}, at_most: 13 s, reach: {vm: a, status: Cutover ready}}",
            False,
        ),
        ("within: {after: {vm: a, status: Created}, at_most: 1 h, reach: {vm: a, status: Completed}}", False),
        ("within: {after: {vm: a, status: Paused}, at_most: 1 h, reach: {vm: a, status: Created}}", False),
        ("within: {after: {vm: a, status: Created}, at_most: 0 s, reach: {cloud: C, status: Running}}", True),
        ("in_order: {vm: a, statuses: [Created, Syncing, Cutover ready, Error]}", True),
        ("in_order: {vm: a, statuses: [Created, Error]}", True),
        ("in_order: {vm: a, statuses: [Syncing, Created]}", False),
        ("in_order: {vm: a, statuses: [Error, Error]}", False),
        ("in_order: {cloud: C, statuses: [Running, Enable Failed, Running]}", True),
        ("in_order: {cloud: C, statuses: [Running, Enable Failed, Running, Enable Failed]}", False),
        (
            "in_order: [{cloud: C, status: Running}, {vm: a, status: Syncing}, {cloud: C, "
            "status: Enable Failed}]",
            True,
        ),
        ("in_order: [{vm: a, status: Error}, {cloud: C, status: Running}]", False),
        ("at_most: {cloud: C, status: Running, count: 2}", True),
        ("at_most: {cloud: C, status: Running, count: 1}", False),
        ("at_most: {vm: a, status: Syncing, count: 1}", True),
        ("at_most: {vm: a, status: Paused, count: 0}", True),
    ],
)
def test_an_operator_over_states(expectation: str, met: bool, expecting: Expecting, log: Log) -> None:
    outcome = judged(expecting(f"{{{expectation}}}"), log(*RUN))
    assert outcome.met is met, outcome.detail()


@pytest.mark.parametrize(
    ("expectation", "met"),
    [
        ("eventually: {calls: GET /x}", True),
        ("eventually: {calls: GET /y}", False),
        ("never: {calls: GET /y}", True),
        ("never: {calls: GET /x, after: {cloud: C, status: Running}}", False),
        ("never: {calls: GET /x, after: {cloud: C, status: Deleted}}", False),
        ("never: {calls: GET /x, before: {cloud: C, status: Enabling}}", True),
        ("at_most: {calls: GET /x, count: 3}", True),
        ("at_most: {calls: GET /x, count: 2}", False),
        ("at_most: {calls: GET /y, count: 0}", True),
        ("at_end: {calls: GET /x, count: 3}", True),
        ("at_end: {calls: GET /x, count: '< 3'}", False),
        ("at_end: {calls: GET /y, count: 0}", True),
        ("never: {calls: GET /x, count: '>= 3'}", False),
        ("never: {calls: GET /x, count: '>= 4'}", True),
        ("within: {after: {cloud: C, status: Enabling}, at_most: 1 s, reach: {calls: GET /x}}", True),
        ("within: {after: {cloud: C, status: Running}, at_most: 1 h, reach: {calls: GET /z}}", False),
    ],
)
def test_an_operator_over_happenings(expectation: str, met: bool, expecting: Expecting, log: Log) -> None:
    events = log(cloud(1, "Enabling"), call(2), call(3, "/z"), call(4), cloud(5, "Running"), call(6))
    outcome = judged(expecting(f"{{{expectation}}}"), events)
    assert outcome.met is met, outcome.detail()


def test_order_in_the_log_decides_between_events_of_one_instant(expecting: Expecting, log: Log) -> None:
    first, second = cloud(5, "Running"), vm(5, "Created")
    never = "{never: {vm: a, status: Created, before: {cloud: C, status: Running}}}"
    assert judged(expecting(never), log(first, second)).met
    assert not judged(expecting(never), log(second, first)).met


def test_what_was_never_seen_is_not_met_at_the_end(expecting: Expecting, log: Log) -> None:
    outcome = judged(expecting("{at_end: {cloud: C, status: Running}}"), log())
    assert not outcome.met
    assert outcome.got == "never seen"


def test_a_window_that_never_opened_is_not_met(expecting: Expecting, log: Log) -> None:
    outcome = judged(expecting("{never: {vm: a, status: Error, after: {vm: a, status: Created}}}"), log())
    assert not outcome.met
    assert outcome.got == "the part of the run to look at never began: never VM a is Created"


def test_a_vm_has_its_power_state_before_the_first_event(expecting: Expecting, log: Log) -> None:
    environment = load_environment("scenarios/environments/tyrell-mycloud.yaml")
    on = expecting("{at_end: {vcenter: tyrell-vc01, vm: deckard, power: on}}")
    assert judged(on, log(), environment).met
    assert not judged(on, log()).met
    outcome = judged(on, log(power(9, "off")), environment)
    assert not outcome.met
    assert outcome.got == "power off (power), since 0:00:09.000"
    never_on = expecting("{never: {vcenter: tyrell-vc01, vm: deckard, power: on}}")
    assert judged(never_on, log(), environment).got == "power on from the start at 0:00:00.000"
    elsewhere = expecting("{at_end: {vcenter: chc-vc01, vm: deckard, power: on}}")
    assert judged(elsewhere, log(), environment).got == "never seen"


def test_several_names_are_several_expectations(expecting: Expecting, log: Log) -> None:
    expectation = expecting("{at_end: {vm: [a, b], status: Completed}}")
    first, second = evaluate([expectation], log(vm(1, "Completed", "a"), vm(2, "Error", "b")), 3_000_000)
    assert (first.met, second.met) == (True, False)
    assert second.text == "at_end: {vm: [a, b], status: Completed}  [VM b is Completed]"
    never = expecting("{never: {vm: [a, b], status: Error}}")
    assert [o.met for o in evaluate([never], log(vm(2, "Error", "b")), 3_000_000)] == [True, False]
    order = expecting("{in_order: {vm: [a, b], statuses: [Created, Error]}}")
    events = log(vm(1, "Created", "a"), vm(1, "Created", "b"), vm(2, "Error", "b"))
    assert [o.met for o in evaluate([order], events, 3_000_000)] == [False, True]


def test_several_names_inside_a_window_mean_all_at_once(expecting: Expecting, log: Log) -> None:
    expectation = expecting("{never: {cloud: C, status: Running, before: {vm: [a, b], status: Completed}}}")
    events = log(vm(1, "Completed", "a"), cloud(2, "Running"), vm(3, "Completed", "b"), cloud(4, "Enabling"))
    outcome = judged(expectation, events)
    assert not outcome.met
    assert outcome.when_us == 2_000_000


def test_the_last_five_events_that_concern_it_are_kept(expecting: Expecting, log: Log) -> None:
    events = log(*(vm(n, "Syncing", percent=n) for n in range(1, 9)), vm(9, "Error"), vm(10, "Syncing"))
    outcome = judged(expecting("{never: {vm: a, status: Error}}"), events)
    assert [event.t_us // 1_000_000 for event in outcome.events] == [5, 6, 7, 8, 9], (
        "up to the one that decided"
    )
    assert outcome.when_us == 9_000_000


def test_without_an_event_that_concerns_it_those_of_its_kind_are_kept(expecting: Expecting, log: Log) -> None:
    outcome = judged(
        expecting("{at_end: {vm: a, status: Error}}"), log(vm(1, "Error", "b"), cloud(2, "Running"))
    )
    assert [event.fields["vm"] for event in outcome.events] == ["b"]


MIN_US = 60_000_000
FIGURES = Report(
    vms={
        "good": Figures("good", 1.0, (), 600.0),
        "bad": Figures(
            "bad", 0.875, ((8 * 60 * MIN_US, 9 * 60 * MIN_US), (11 * 60 * MIN_US, 11 * 61 * MIN_US)), 4500.0
        ),
        "never": Figures("never", None, (), 0.0),
    },
    fleet=Figures("fleet", 0.9375, ((8 * 60 * MIN_US, 9 * 60 * MIN_US),), 4500.0),
)


@pytest.mark.parametrize(
    ("wanted", "met"),
    [
        ("rpo: good, time_in_rpo: '>= 99 %', violations: 0", True),
        ("rpo: good, peak_age: '<= 10 min'", True),
        ("rpo: good, peak_age: '< 10 min'", False),
        ("rpo: good, first_violation: {from: 0 s}", False),
        ("rpo: bad, time_in_rpo: '< 90 %'", True),
        ("rpo: bad, violations: '>= 1', first_violation: {from: 8 h, until: 12 h}", True),
        ("rpo: bad, first_violation: {until: 7 h}", False),
        ("rpo: bad, violations: 0", False),
        ("rpo: fleet, time_in_rpo: '> 50 %'", True),
        ("rpo: fleet, time_in_rpo: '> 95 %'", False),
        ("rpo: never, violations: 0", False),
        ("rpo: unknown, violations: 0", False),
    ],
)
def test_rpo_figures_are_judged_at_the_end(wanted: str, met: bool, expecting: Expecting, log: Log) -> None:
    outcome = judged(expecting(f"{{at_end: {{{wanted}}}}}"), log(), rpo=FIGURES)
    assert outcome.met is met, outcome.detail()


def test_a_vm_that_was_never_in_sync_meets_nothing(expecting: Expecting, log: Log) -> None:
    expectation = expecting("{at_end: {rpo: never, violations: 0}}")
    assert judged(expectation, log(), rpo=FIGURES).got == "no RPO figures: no initial sync ended"
    assert not judged(expectation, log()).met
