"""Rules that nobody gave: UNDETERMINED exactly when they could decide, and never a guess."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxsim.sim.network import (
    FilterRule,
    Network,
    Outcome,
    Reason,
    StepKind,
    Topology,
    Verdict,
)

GROUPS = {"Branches": None, "Servers": None}


def chc(topology: Topology, *rules: FilterRule, **more: object) -> Network:
    return Network(topology.with_edge("CHC-ESG", rules=rules, groups=GROUPS, **more))


ALLOW = FilterRule("4", "allow", "RM", destination="203.0.113.32", ports=(8044,))
DROP_BRANCHES = FilterRule("7", "drop", "no branches", source="Branches", ports=(8044,), place="e.yaml:7")


def test_a_rule_with_an_unknown_group_leaves_the_outcome_undetermined_and_is_named(
    topology: Topology,
) -> None:
    trace = chc(topology, DROP_BRANCHES, ALLOW).trace("tyrell-cce01", "203.0.113.32", 8044)
    assert trace.outcome is Outcome.UNDETERMINED
    assert (trace.deciding.kind, trace.deciding.verdict) == (StepKind.ACL, Verdict.UNKNOWN)
    assert (trace.deciding.rule_id, trace.deciding.place) == ("7", "e.yaml:7")
    assert "uses group 'Branches': give its members or it stays unknown" in trace.deciding.text
    assert trace.deciding.reason is Reason.UNKNOWN_RULE


@pytest.mark.parametrize(
    "rules",
    [
        (ALLOW, DROP_BRANCHES),
        (replace(DROP_BRANCHES, ports=(443,)), ALLOW),
        (replace(DROP_BRANCHES, action="allow"), ALLOW),
        (replace(DROP_BRANCHES, destination="10.9.9.9"), ALLOW),
        (replace(DROP_BRANCHES, enabled=False), ALLOW),
    ],
    ids=["behind the match", "another port", "the same action", "another destination", "disabled"],
)
def test_an_unknown_group_that_cannot_decide_does_not_matter(
    topology: Topology, rules: tuple[FilterRule, ...]
) -> None:
    assert chc(topology, *rules).trace("tyrell-cce01", "203.0.113.32", 8044).accepted


def test_a_packet_that_is_lost_either_way_is_lost(topology: Topology) -> None:
    trace = chc(topology, replace(DROP_BRANCHES, action="allow"), nat=()).trace(
        "tyrell-cce01", "203.0.113.32", 8044
    )
    assert trace.outcome is Outcome.UNDETERMINED  # allowed: reset by the edge; not allowed: silence
    trace = chc(topology, replace(DROP_BRANCHES, action="drop")).trace("tyrell-cce01", "203.0.113.32", 8044)
    assert trace.outcome is Outcome.SILENT


@pytest.mark.parametrize("what", ["rules_known", "nat_known"])
def test_a_device_of_which_nothing_is_known_determines_nothing(topology: Topology, what: str) -> None:
    trace = Network(topology.with_edge("CHC-ESG", **{what: False})).trace(
        "tyrell-cce01", "203.0.113.32", 8044
    )
    assert trace.outcome is Outcome.UNDETERMINED
    assert trace.deciding.device == "CHC-ESG"


def test_an_opaque_application_is_unknown_too(topology: Topology) -> None:
    opaque = FilterRule("8", "drop", ports=("application-12",))
    network = Network(topology.with_edge("CHC-ESG", rules=(opaque, ALLOW), groups={"application-12": None}))
    assert network.trace("tyrell-cce01", "203.0.113.32", 8044).outcome is Outcome.UNDETERMINED
