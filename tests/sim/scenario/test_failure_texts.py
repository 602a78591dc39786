"""The text of a failed expectation: golden files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario import load_environment
from cxsim.sim.scenario.expect import Expectation, Figures, Report, evaluate

END_US = 960_000_000
VC, CORE, CHC = "tyrell-vc01", "tyrell-vcde01", "chc-vcd01"


def story() -> list[tuple[float, str, str, dict[str, object]]]:
    """A run in which enabling fails, is retried, and one migration ends in Error."""

    def cloud(
        t_s: float, status: str, reason: str | None = None
    ) -> tuple[float, str, str, dict[str, object]]:
        return (t_s, CORE, "cloud", {"cloud": "MyCloud-CHC", "status": status, "reason": reason})

    def vm(
        t_s: float, name: str, status: str, percent: int | None = None
    ) -> tuple[float, str, str, dict[str, object]]:
        text = status if percent is None else f"{percent}% {status}"
        reason = "44045 did not answer" if status == "Error" else None
        fields = {
            "vm": name,
            "job": "j",
            "status": status,
            "percent": percent,
            "text": text,
            "reason": reason,
        }
        return (t_s, CORE, "workload", fields)

    call = {
        "src": "chc-vcde01",
        "dst": CHC,
        "port": 443,
        "method": "POST",
        "path": "/api/x/importVmAsVApp",
        "status": 201,
    }
    return [
        (
            0.5,
            CORE,
            "message",
            {"text": "Connected successfully!", "level": "info", "subject": "MyCloud-CHC"},
        ),
        cloud(1.25, "Enabling"),
        (1.25, CORE, "vdc", {"cloud": "MyCloud-CHC", "vdcs": "Loading..."}),
        cloud(132.5, "Enable Failed", "203.0.113.32:8044 did not answer"),
        cloud(200, "Enabling"),
        cloud(203, "Running"),
        vm(210, "deckard", "Created"),
        vm(210, "roy", "Created"),
        *(vm(220 + n, "deckard", "Syncing", 10 * n) for n in range(8)),
        vm(240, "roy", "Syncing", 0),
        vm(300, "roy", "Error", 0),
        (310, CHC, "call", call),
        (311, CHC, "call", call),
        (312, VC, "vcenter.vm", {"vcenter": VC, "vm": "deckard", "change": "power", "power": "off"}),
        (320, CORE, "home", {"completed": 0, "error": 1, "transition": 1}),
        (400, "-", "rpo", {"vm": "deckard", "change": "violated", "age_s": 900.0}),
    ]


RPO = Report(
    vms={"deckard": Figures("deckard", 0.86, ((400_000_000, END_US),), 1460.0)},
    fleet=Figures("fleet", 0.86, ((400_000_000, END_US),), 1460.0),
)
CASES = {
    "eventually": "eventually: {message: '*certificate*'}",
    "at-end": "at_end: {cloud: MyCloud-CHC, status: Enable Failed}",
    "at-end-never-seen": "at_end: {vm: rachael, status: Completed}",
    "at-end-vdcs": "at_end: {cloud: MyCloud-CHC, vdc: CHC Tyrell PAYG, cpu: 0 MHz / Unlimited}",
    "at-end-power": "at_end: {vcenter: tyrell-vc01, vm: deckard, power: on}",
    "at-end-vapp": "at_end: {vcd: Tyrell, vapp: deckard, vm: deckard, power: on}",
    "at-end-home": "at_end: {home: {completed: 1, error: 0}}",
    "at-end-rpo": "at_end: {rpo: deckard, time_in_rpo: '>= 99 %', violations: 0, "
    "first_violation: {until: 5 min}}",
    "never": "never: {cloud: MyCloud-CHC, status: Enable Failed, reason: '*8044*'}",
    "never-before": "never: {vm: deckard, percent: '> 20', before: {vm: roy, status: Error}}",
    "never-window": "never: {cloud: MyCloud-CHC, status: Running, after: {vm: deckard, status: Paused}}",
    "within": "within: {after: {cloud: MyCloud-CHC, status: Enabling}, at_most: 3 min, "
    "reach: {cloud: MyCloud-CHC, status: Running}}",
    "within-not-reached": "within: {after: {vm: deckard, status: Created}, at_most: 2 h, "
    "reach: {vm: deckard, status: Completed}}",
    "in-order": "in_order: {vm: roy, statuses: [Created, Syncing, Cutover ready, Completed]}",
    "at-most": "at_most: {calls: POST /api/*/importVmAsVApp, count: 1}",
    "several": "at_end: {vm: [deckard, roy], status: Cutover ready}",
}


@pytest.mark.parametrize("name", CASES)
def test_a_failure_says_expected_got_and_the_last_events(
    name: str,
    expecting: Callable[[str], Expectation],
    log: Callable[..., list[LoggedEvent]],
    golden: Callable[[str, str], None],
) -> None:
    environment = load_environment("scenarios/environments/tyrell-mycloud.yaml")
    outcomes = evaluate([expecting(f"{{{CASES[name]}}}")], log(*story()), END_US, environment, RPO)
    assert not any(outcome.met for outcome in outcomes)
    golden(f"expect/{name}.txt", "\n".join(outcome.render() for outcome in outcomes) + "\n")


def test_what_is_met_is_one_line(
    expecting: Callable[[str], Expectation], log: Callable[..., list[LoggedEvent]]
) -> None:
    (outcome,) = evaluate(
        [expecting("{at_end: {cloud: MyCloud-CHC, status: Running}}")], log(*story()), END_US
    )
    assert outcome.render() == "met  test.yaml:1: at_end: {cloud: MyCloud-CHC, status: Running}"
