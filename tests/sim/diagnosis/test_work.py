"""How much is done, counted: worlds built and connections decided, whatever the number of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxsim.sim.diagnosis import Subject, diagnose, observation, read
from cxsim.sim.network import Network

Made = Callable[[str], Subject]
FAULT = """\
faults:
  - name: provider edge drops 8044
    firewall_rule:
      edge: CHC-ESG
      rule: {id: 9999, name: hardening, action: drop, protocol: tcp, ports: [8044]}
"""
RULE = "          - {{id: {n}, name: r{n}, action: drop, source: 172.16.{a}.{b}, ports: [{p}]}}"


def with_rules(number: int) -> str:
    """The environment's own rules on both edges, below so many others."""
    own = {
        "tyrell": [
            "{id: 1, name: LAN out, action: allow, source: 192.168.0.0/24, ports: [443, 8044, 44045]}",
            "{id: 2, name: in, action: allow, source: 203.0.113.0/24, ports: [443, 44045]}",
        ],
        "mycloud": [
            "{id: 1, name: out, action: allow, source: 10.3.0.0/24, ports: [443, 8043, 44045]}",
            "{id: 2, name: in, action: allow, destination: 203.0.113.32/28, ports: [443, 8044, 44045]}",
        ],
    }
    lines = ["sites:"]
    for site, rules in own.items():
        lines += [f"  {site}:", "    edge:", "      firewall:", "        rules:"]
        lines += [RULE.format(n=100 + n, a=n // 250, b=n % 250 + 1, p=2000 + n) for n in range(number)]
        lines += [f"          - {rule}" for rule in rules]
    return "\n".join(lines) + "\n" + FAULT


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts worlds and decisions."""
    done: Counter[str] = Counter()
    world, judge = observation.World, Network.judge

    def build(*args: Any, **more: Any) -> Any:
        done["worlds"] += 1
        return world(*args, **more)

    def decide(self: Network, *args: Any, **more: Any) -> Any:
        done["decisions"] += 1
        return judge(self, *args, **more)

    monkeypatch.setattr(observation, "World", build)
    monkeypatch.setattr(Network, "judge", decide)
    return done


def test_a_diagnosis_builds_one_world_for_each_run(subject: Made, work: Counter[str]) -> None:
    diagnose(subject(FAULT))
    assert work["worlds"] == 2


def test_looking_at_an_environment_needs_no_more_than_its_flows(work: Counter[str]) -> None:
    (environment,) = read([Path("scenarios/environments/tyrell-mycloud.yaml")])
    diagnose(environment)
    assert work["worlds"] == 1
    assert work["decisions"] <= 30


def test_a_hundred_times_as_many_rules_need_no_more_decisions(subject: Made, work: Counter[str]) -> None:
    few = diagnose(subject(with_rules(2)))
    decisions = work["decisions"]
    work.clear()
    many = diagnose(subject(with_rules(200)))
    assert work["decisions"] == decisions
    assert decisions < 400
    assert [e.proof and e.proof.helps for e in few.explained] == [True]
    assert [e.proof and e.proof.helps for e in many.explained] == [True]
