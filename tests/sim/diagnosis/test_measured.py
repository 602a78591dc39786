"""What a run shows of a failing flow: facts from events, not predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cxsim.sim.diagnosis import Diagnosis, Subject, diagnose
from cxsim.sim.diagnosis.measured import measured, seconds, user_saw
from cxsim.sim.diagnosis.told import standing_errors
from cxsim.sim.diagnosis.untested import completed, tried_flows, untested
from cxsim.sim.diagnosis.wording import client_saw
from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.explain import Phase

Shipped = Callable[[str], Diagnosis]
Made = Callable[[str], Subject]


def event(name: str, t_s: float = 30.0, host: str = "tyrell-vcde01", **fields: Any) -> LoggedEvent:
    return LoggedEvent(round(t_s * 1e6), host, name, fields)


def error(subject: str, text: str, t_s: float = 30.0) -> LoggedEvent:
    texts = dict.fromkeys(("attempted", "where", "answer", "check"), text)
    return event("message", t_s, level="error", subject=subject, text=text, **texts)


def test_the_clients_own_error_and_how_long_it_waited(shipped: Shipped) -> None:
    (explained,) = shipped("enable-failed-firewall").explained
    assert client_saw(explained) == "timed out after 30 s (measured: tyrell-vcde01 at 0:00:30)"
    (explained,) = shipped("enable-failed-nat").explained
    assert client_saw(explained) == "Connection refused after 20 ms (measured: chc-ccm01 at 0:00:01)"


def test_somebody_elses_answer_is_what_the_client_saw(shipped: Shipped) -> None:
    (explained,) = shipped("enable-failed-public-url").explained
    assert explained.seen is not None
    assert explained.seen.text == "HTTP 404 to GET /diagnostics/about, from chc-vcde01"


def test_a_data_port_is_seen_from_the_replication(shipped: Shipped) -> None:
    (explained,) = shipped("zero-percent-error").explained
    assert client_saw(explained) == "timed out after 30 min (measured: tyrell-cce01 at 0:30:11)"
    assert explained.user is not None
    assert explained.user.text.startswith("deckard: Created, 0% Syncing, Error - no connection")


@pytest.mark.parametrize(
    ("name", "fields", "text"),
    [
        ("connect", {"fate": "silent", "after_us": 30_000_000, "error": "timed out"}, "timed out"),
        ("connect", {"fate": "refused", "after_us": 1, "error": "[Errno 111] Connection refused"}, "Conn"),
        ("tls", {"error": "handshake failure"}, "handshake failure"),
    ],
)
def test_a_failed_connect_or_handshake_is_evidence(
    shipped: Shipped, name: str, fields: dict[str, Any], text: str
) -> None:
    verdicts = shipped("enable-failed-firewall").explained[0].cause.verdicts
    ends = {"src": "tyrell-vcde01", "dst": "203.0.113.32"}
    seen = measured(verdicts, [event(name, **ends, port=8044, **fields)], 0)
    assert seen is not None
    assert seen.text.startswith(text)
    assert measured(verdicts, [event(name, **ends, port=443, **fields)], 0) is None
    assert measured(verdicts, [event(name, **ends, port=8044, **fields)], 31_000_000) is None


@pytest.mark.parametrize(
    ("text", "names_it"),
    [
        ("Replication Manager (https://203.0.113.32:8044): no answer", True),
        ("https://203.0.113.32:80441: no answer", False),
        ("https://203.0.113.32:443: no answer", False),
        ("https://1203.0.113.32:8044", False),
    ],
)
def test_an_error_message_is_evidence_when_it_names_what_was_asked_for(
    shipped: Shipped, text: str, names_it: bool
) -> None:
    verdicts = shipped("enable-failed-firewall").explained[0].cause.verdicts
    assert (measured(verdicts, [error("MyCloud-CHC", text)], 0) is not None) == names_it


def test_the_user_reads_a_status_before_a_message() -> None:
    failed = event("cloud", 31.0, cloud="MyCloud-CHC", status="Enable Failed", reason="no\nanswer")
    seen = user_saw([error("MyCloud-CHC", "Could not reach it"), failed], 0)
    assert seen is not None
    assert seen.text == "provider cloud MyCloud-CHC: Enable Failed - no answer"
    only_message = user_saw([error("MyCloud-CHC", "Could not reach it")], 0)
    assert only_message is not None
    assert only_message.text == "Could not reach it"
    assert user_saw([failed], 40_000_000) is None


def test_an_error_stands_until_the_same_subject_ends_well() -> None:
    wrong = error("MyCloud-CHC", "Could not log in")
    assert [told.text for told in standing_errors([wrong])] == ["Could not log in"]
    running = event("cloud", 40.0, cloud="MyCloud-CHC", status="Running", reason=None)
    assert standing_errors([wrong, running]) == []
    good = event("message", 40.0, level="info", subject="MyCloud-CHC", text="Connected successfully!")
    assert standing_errors([wrong, good]) == []
    assert len(standing_errors([wrong, error("deckard", "Could not migrate"), running])) == 1


def test_waiting_times_are_told_as_people_say_them() -> None:
    assert [seconds(s) for s in (0.02, 3.1, 30.0, 1802.75)] == ["20 ms", "3.1 s", "30 s", "30 min"]


def test_what_a_run_tried_and_completed_comes_from_its_events(shipped: Shipped) -> None:
    explained = shipped("zero-percent-error").explained[0]
    verdicts, run = shipped("zero-percent-error").observation.moments[0].verdicts, explained.run
    assert set(completed(run.events)) == {Phase.TEST, Phase.ENABLE}
    tried = {(row, port) for row, port, _, _ in tried_flows(verdicts, run.events)}
    assert {("2", 443), ("4", 8044), ("5", 8043), ("6", 44045), ("14", 44045)} <= tried
    assert not {("13", 902), ("13", 80), ("7", 44045)} & tried
    assert explained.proof is not None
    rerun = explained.proof.observation
    assert Phase.DATA in set(completed(rerun.events))
    assert ("13", 902) in {(row, port) for row, port, _, _ in tried_flows(verdicts, rerun.events)}


def test_without_a_good_re_run_everything_of_the_phases_not_reached_is_untested(shipped: Shipped) -> None:
    diagnosis = shipped("enable-failed-firewall")
    assert diagnosis.subject.scenario is not None
    left = untested(diagnosis.subject.scenario, diagnosis.observation, None)
    assert left.phases == (Phase.ENABLE,)
    assert left.not_asked == (Phase.DATA, Phase.CUTOVER)
    assert all(line.endswith(": never tried") for line in left.flows)
    assert any("row 6 " in line for line in left.flows)


def test_steps_that_were_never_taken_are_listed(subject: Made) -> None:
    text = """\
faults:
  - name: provider edge drops 8044
    firewall_rule:
      edge: CHC-ESG
      rule: {id: 99, name: hardening, action: drop, protocol: tcp, ports: [8044]}
steps:
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - wait: {cloud: MyCloud-CHC, status: Running, at_most: 5 min}
  - run_for: 1 h
expect:
  - at_end: {cloud: MyCloud-CHC, status: Enable Failed}
"""
    (explained,) = diagnose(subject(text)).explained
    assert explained.untested is not None
    assert [step.partition(": ")[2] for step in explained.untested.steps] == ["run_for: 1 h"]
    assert explained.proof is not None
    assert explained.proof.helps


def test_a_wrong_password_is_a_cause_of_its_own(subject: Made, text_of: Callable[[Diagnosis], str]) -> None:
    wrong = "provider_clouds: {MyCloud-CHC: {password: wrong}}\n"
    diagnosis = diagnose(subject(wrong))
    assert diagnosis.observation.all_pass
    assert int(diagnosis.exit) == 1
    (one,) = diagnosis.told
    assert (one.after, one.flows_pass) == (0, True)
    text = text_of(diagnosis)
    assert "  Attempted: log in as tyrelladmin@Tyrell\n" in text
    assert "  Where: vCloud Director (https://chc.mycloud.local)\n" in text
    assert "  Answer: it does not accept the login (HTTP 401)\n" in text
    assert "  Check: user, organization and password\n" in text
    assert "Every required flow passes: look at what the core says." in text


def test_an_organisation_that_does_not_exist_is_told_beside_a_flow_that_fails(subject: Made) -> None:
    text = """\
provider_clouds: {MyCloud-CHC: {url: "https://chc.mycloud.local/cloud/org/Tyrel"}}
faults:
  - name: provider edge drops 8044
    firewall_rule:
      edge: CHC-ESG
      rule: {id: 99, name: hardening, action: drop, protocol: tcp, ports: [8044]}
"""
    diagnosis = diagnose(subject(text))
    (explained,) = diagnosis.explained
    assert explained.seen is None
    assert explained.proof is not None
    assert not explained.proof.helps
    assert [(one.told.attempted, one.after, one.flows_pass) for one in diagnosis.told] == [
        ("log in as tyrelladmin@Tyrel", 0, False)
    ]


def test_a_replaced_certificate_is_found_although_every_connection_is_accepted(subject: Made) -> None:
    text = """\
faults:
  - name: certificate replaced
    certificate_replaced: {host: chc-vcde01}
    when: {cloud: MyCloud-CHC, status: Running}
steps:
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - wait: {cloud: MyCloud-CHC, status: Running, at_most: 15 min}
  - run_for: 1 s
  - edit_cloud: {cloud: MyCloud-CHC, trust: no}
expect:
  - eventually: {message: "Could not*"}
"""
    diagnosis = diagnose(subject(text))
    assert diagnosis.explained or diagnosis.told
