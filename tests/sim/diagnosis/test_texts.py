"""What a user reads: golden files of whole explanations and tickets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cxsim.sim.diagnosis import Diagnosis, Subject, diagnose
from cxsim.sim.diagnosis.ticket import ticket

FAILING = (
    "enable-failed-firewall",
    "enable-failed-nat",
    "enable-failed-public-url",
    "zero-percent-error",
)

Golden = Callable[[str, str], None]
Shipped = Callable[[str], Diagnosis]
Text = Callable[[Diagnosis], str]


@pytest.mark.parametrize("name", FAILING)
def test_the_explanation_of(name: str, shipped: Shipped, text_of: Text, golden: Golden) -> None:
    golden(f"{name}.txt", text_of(shipped(name)))


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize("party", ["tenant", "provider"])
def test_the_ticket_for(party: str, name: str, shipped: Shipped, golden: Golden) -> None:
    golden(f"{name}.{party}.txt", "\n".join(ticket(shipped(name), party)) + "\n")


def test_the_explanation_of_an_environment_that_works(
    shipped: Shipped, text_of: Text, golden: Golden
) -> None:
    golden("environment.txt", text_of(shipped("environments/tyrell-mycloud")))


def test_a_fault_that_comes_and_goes_is_told_with_its_times(
    subject: Callable[[str], Subject], text_of: Text
) -> None:
    text = text_of(diagnose(subject(COMES_AND_GOES)))
    assert "manager off: on 0:01:00, off 0:03:00" in text
    assert "At 0:01:00, when fault 'manager off' comes on: 17 PASS, 6 FAIL; different:" in text
    assert "At 0:03:00, when fault 'manager off' goes off: 23 PASS; different:" in text
    assert ", when fault 'manager off' comes on at 0:01:00\n" in text


def test_rules_that_nobody_gave_are_asked_for_once(subject: Callable[[str], Subject], text_of: Text) -> None:
    diagnosis = diagnose(subject(UNKNOWN))
    (explained,) = diagnosis.explained
    assert explained.found.undetermined
    assert explained.proof is None
    assert {verdict.row.row for verdict in explained.cause.verdicts} == {"2", "3", "4", "5", "6"}
    assert int(diagnosis.exit) == 1
    assert "  Unknown: CHC-ESG: its firewall rules are not known: give them" in text_of(diagnosis)
    text = "\n".join(ticket(diagnosis, "provider"))
    assert "Subject: VM migration with vCloud Director Extender: please send the rules of a device" in text
    assert "Please send what is missing: CHC-ESG: its firewall rules are not known" in text
    assert "No change on the tenant's side is known" in "\n".join(ticket(diagnosis, "tenant"))


UNKNOWN = """\
sites: {mycloud: {edge: {firewall: {rules: unknown}}}}
"""
COMES_AND_GOES = """\
faults:
  - name: manager off
    host_down: {host: chc-ccm01}
    from: 1 min
    until: 3 min
steps:
  - run_for: 2 min
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - run_for: 2 min
expect:
  - at_end: {cloud: MyCloud-CHC, status: Enable Failed}
"""
