"""What explaining costs: ways walked, not seconds (benchmarks/network_rules.py has those)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxsim.sim.explain import EnvironmentView, cause_lines, evaluate, failing
from cxsim.sim.network import FilterRule, Network, Topology, changes
from cxsim.sim.network.edges import RuleState


def filled(topology: Topology, rules: int) -> Topology:
    """Rules in front of every edge's own, none of which matches."""
    others = tuple(
        FilterRule(f"o{n}", "drop", "", f"172.16.{n // 250}.0/24", "any", "tcp", (1000 + n,))
        for n in range(rules)
    )
    return replace(topology, edges=tuple(replace(e, rules=(*others, *e.rules)) for e in topology.edges))


@pytest.mark.parametrize("rules", [0, 300])
def test_the_ways_walked_do_not_depend_on_how_many_rules_there_are(
    topology: Topology, view: EnvironmentView, rules: int
) -> None:
    network = Network(filled(topology, rules))
    flows = len(evaluate(view, network))
    assert network.walks <= flows
    walked = network.walks
    evaluate(view, network)
    assert network.walks == walked, "nothing has changed, so everything is remembered"
    for edge in ("TYR-ESG", "CHC-ESG"):
        changes.add_rule(network, edge, FilterRule("end", "drop"), "top")
    walked = network.walks
    verdicts = evaluate(view, network)
    cause_lines(verdicts, network)
    # Each failing flow is behind two drops: as it is, without each drop tried, with each change, at the end.
    assert len(failing(verdicts)) == 6
    assert network.walks - walked <= flows + 8 * len(failing(verdicts))


def test_each_rule_is_asked_once_a_way_at_most(
    topology: Topology, view: EnvironmentView, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    matches = RuleState.matches

    def counted(self: RuleState, *args: object) -> bool:
        nonlocal asked
        asked += 1
        return matches(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(RuleState, "matches", counted)
    network = Network(filled(topology, 300))
    evaluate(view, network)
    assert asked <= network.walks * sum(len(edge.rules) for edge in network.edges.values())


def test_a_change_judges_connections_that_are_alike_once(topology: Topology) -> None:
    network = Network(filled(topology, 300))
    for _ in range(1000):
        network.connect("tyrell-cce01", "203.0.113.32", 8044)
        network.connect("tyrell-vcde01", "203.0.113.32", 443)
    walked = network.walks
    changes.add_rule(network, "CHC-ESG", FilterRule("end", "drop"), "top")
    assert network.walks - walked == 2
    walked = network.walks
    change = changes.set_line(network, "tyrell-wan", is_up=False)
    assert network.walks - walked == 2
    assert change.hit == 2000
    walked = network.walks
    flushed = changes.flush(network, "CHC-ESG")
    assert network.walks - walked == 2
    assert flushed.hit == 2000
