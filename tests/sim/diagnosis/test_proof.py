"""Re-runs: a change is believed only when a run with it made ends well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cxsim.sim.diagnosis import Diagnosis, Subject, diagnose, observation, read
from cxsim.sim.diagnosis.repairs import Repairs
from cxsim.sim.explain import Cause
from cxsim.sim.network import UnknownName
from cxsim.sim.result import Exit
from cxsim.sim.world.world import World

Made = Callable[[str], Subject]
Shipped = Callable[[str], Diagnosis]
Text = Callable[[Diagnosis], str]

DROP_8044 = """\
  - name: provider edge drops 8044
    firewall_rule:
      edge: CHC-ESG
      rule: {id: 99, name: hardening, action: drop, protocol: tcp, ports: [8044]}
"""
NO_NAT = """\
  - name: no translation
    nat_rule_missing: {edge: TYR-ESG, rule: replicator management}
"""
DATA_DROPPED = """\
  - name: data dropped
    when: {cloud: MyCloud-CHC, status: Running}
    firewall_rule:
      edge: TYR-ESG
      rule: {id: 98, name: no unknown ports out, action: drop, protocol: tcp, ports: [44045]}
"""


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("enable-failed-firewall", "MyCloud-CHC Running, 1/1 expectations met"),
        ("enable-failed-nat", "MyCloud-CHC Running, 1/1 expectations met"),
        ("enable-failed-public-url", "MyCloud-CHC Running, 1/1 expectations met"),
        ("zero-percent-error", "MyCloud-CHC Running, deckard Cutover ready, 1/1 expectations met"),
        ("faults/enable-failed-tunnel-down", "MyCloud-CHC Running, 1/1 expectations met"),
    ],
)
def test_the_proposed_change_makes_the_run_end_well(name: str, ends: str, shipped: Shipped) -> None:
    (explained,) = shipped(name).explained
    proof = explained.proof
    assert proof is not None
    assert proof.helps
    assert proof.judgement is not None
    assert proof.judgement.text == ends
    assert proof.observation.all_pass
    assert proof.observation.changed == tuple(r.text for r in explained.cause.cure.remedies)


def test_a_tunnel_that_is_down_is_brought_up_and_no_endpoint_is_touched(shipped: Shipped) -> None:
    (explained,) = shipped("faults/enable-failed-tunnel-down").explained
    (remedy,) = explained.cause.cure.remedies
    assert remedy.text.startswith("bring up the tunnel tyrell-mycloud (scenarios/faults/")
    assert explained.cause.cure.works


def test_a_change_that_is_not_made_is_reported_as_not_helping(
    monkeypatch: pytest.MonkeyPatch, subject: Made, text_of: Text
) -> None:
    monkeypatch.setattr(Repairs, "_make", lambda self, remedy, verdict: None)
    diagnosis = diagnose(subject("faults:\n" + DROP_8044))
    (explained,) = diagnosis.explained
    assert explained.proof is not None
    assert not explained.proof.helps
    text = text_of(diagnosis)
    assert "it does not help: still fails: tenant:tyrell-vcde01 -> 203.0.113.32:8044" in text
    assert "With the change: MyCloud-CHC Enable Failed." in text


def test_a_change_that_does_something_else_does_not_help_either(
    monkeypatch: pytest.MonkeyPatch, subject: Made
) -> None:
    """The wrong edge is changed: the run, not the text, decides."""

    def elsewhere(self: Repairs, remedy: Any, verdict: Any) -> None:
        other = [edge for edge in self.world.network.edges if edge not in remedy.text]
        del self.world.network.edge(other[0]).nat[-1:]
        self.world.network.changed()

    monkeypatch.setattr(Repairs, "_make", elsewhere)
    explained = diagnose(subject("faults:\n" + DROP_8044)).explained[0]
    assert explained.proof is not None
    assert not explained.proof.helps
    assert explained.proof.still_failing


def test_a_change_that_the_network_refuses_is_told(
    monkeypatch: pytest.MonkeyPatch, subject: Made, text_of: Text
) -> None:
    def refuse(self: World, appliance: str, typed: str, place: str) -> None:
        if not place:
            raise UnknownName("appliance", appliance, ["chc-ccm02"])

    wrong = 'faults:\n  - name: wrong\n    public_endpoint: {appliance: chc-ccm01, url: "203.0.113.32:443"}\n'
    one = subject(wrong)
    real = World.set_public_endpoint

    def guarded(self: World, appliance: str, typed: str, place: str) -> None:
        refuse(self, appliance, typed, place)
        real(self, appliance, typed, place)

    monkeypatch.setattr(World, "set_public_endpoint", guarded)
    text = text_of(diagnose(one))
    assert "could not be made: set the Public Endpoint URL of chc-ccm01" in text
    assert "no appliance named 'chc-ccm01': did you mean chc-ccm02?" in text


def test_every_cause_has_a_run_of_its_own_on_top_of_the_changes_before(
    monkeypatch: pytest.MonkeyPatch, subject: Made
) -> None:
    runs: list[int] = []
    real = observation._run

    def counted(scenario: Any, look: Any, causes_cured: Sequence[Cause]) -> Any:
        runs.append(len(causes_cured))
        return real(scenario, look, causes_cured)

    monkeypatch.setattr(observation, "_run", counted)
    diagnosis = diagnose(subject("faults:\n" + DROP_8044 + NO_NAT))
    assert runs == [0, 1, 2]
    first, second = diagnosis.explained
    assert first.proof is not None
    assert second.proof is not None
    assert not first.proof.helps
    assert [flow.split(" ")[0] for flow in first.proof.fails_next] == ["provider:chc-ccm01"]
    assert second.proof.helps
    assert diagnosis.exit is Exit.NOT_MET


def test_what_fails_next_is_explained_too(subject: Made, text_of: Text) -> None:
    steps = """\
steps:
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - wait: {cloud: MyCloud-CHC, status: [Running, Enable Failed], at_most: 15 min}
  - run_for: 1 min
expect:
  - at_end: {cloud: MyCloud-CHC, status: Enable Failed}
"""
    diagnosis = diagnose(subject("faults:\n" + DROP_8044 + DATA_DROPPED + steps))
    first, second = diagnosis.explained
    assert [e.in_rerun for e in diagnosis.explained] == [False, True]
    assert second.cause.verdicts[0].row.row == "6"
    assert second.proof is not None
    assert second.proof.observation.all_pass
    text = text_of(diagnosis)
    assert "data dropped: never comes on in this run" in text
    assert "next fails: tenant:tyrell-cce01 -> 203.0.113.32:44045" in text
    assert "Re-run with this change and that above: MyCloud-CHC Running" in text
    assert first.untested is not None
    assert [phase.value for phase in first.untested.phases] == ["enabling the provider cloud"]


def test_a_provider_cloud_url_is_typed_anew_in_the_re_run(subject: Made) -> None:
    wrong = 'provider_clouds: {MyCloud-CHC: {cx_url: "https://vcde.mycloud.local:8443/"}}\n'
    (explained,) = diagnose(subject(wrong)).explained
    assert explained.proof is not None
    assert explained.proof.helps
    assert explained.proof.judgement is not None
    assert explained.proof.judgement.text == "MyCloud-CHC Running"


def test_a_flapping_fault_is_mended_each_time_it_comes_on(subject: Made) -> None:
    flapping = """\
faults:
  - name: manager flaps
    service_down: {host: chc-ccm01, port: 8044}
    flapping: {on: 1 min, off: 1 min}
steps:
  - run_for: 150 s
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - wait: {cloud: MyCloud-CHC, status: [Running, Enable Failed], at_most: 15 min}
expect:
  - at_end: {cloud: MyCloud-CHC, status: Enable Failed}
"""
    diagnosis = diagnose(subject(flapping))
    assert [moment.when.t_us // 1_000_000 for moment in diagnosis.observation.moments[:3]] == [0, 60, 120]
    assert diagnosis.observation.judgement is not None
    assert diagnosis.observation.judgement.states == "MyCloud-CHC Enable Failed"
    assert all(explained.proof is None or explained.proof.helps for explained in diagnosis.explained)


def test_an_environment_has_nothing_to_run_and_is_traced_again(tmp_path: Path, text_of: Text) -> None:
    path = tmp_path / "broken.yaml"
    text = Path("scenarios/environments/tyrell-mycloud.yaml").read_text(encoding="utf-8")
    line = next(row for row in text.splitlines() if "id: 203" in row)
    path.write_text(text.replace(line + "\n", ""), encoding="utf-8")
    (one,) = read([path])
    assert one.scenario is None
    diagnosis = diagnose(one)
    (explained,) = diagnosis.explained
    assert explained.proof is not None
    assert explained.proof.helps
    assert explained.proof.judgement is None
    assert "Traced again with this change: flows: 23 PASS (an environment has no steps to run)" in text_of(
        diagnosis
    )
    assert diagnosis.exit is Exit.NOT_MET


def test_explaining_twice_says_the_same(subject: Made, text_of: Text) -> None:
    one = subject("faults:\n" + NO_NAT)
    assert text_of(diagnose(one)) == text_of(diagnose(one))
