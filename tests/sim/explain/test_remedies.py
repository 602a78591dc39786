"""Remedies are right for each type of device: the same fault, the rule that this device matches.

Rules of this file: every fault is made on the tenant's edge, whose inbound service is published with another
port than its own (198.51.100.10:443 -> 192.168.0.34:8043), so that the two orders cannot be confused. What is
proposed lets the flow pass; the same in the terms of the other order does not. Texts: tests/golden/explain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from cxsim.sim.explain import EnvironmentView, causes, evaluate, failing
from cxsim.sim.explain.evaluate import FlowVerdict, verdict_of
from cxsim.sim.explain.flows import FLOWS
from cxsim.sim.explain.remedy import Cure, cure
from cxsim.sim.explain.view import Asked, Typed
from cxsim.sim.network import (
    DEVICE_TYPES,
    Edge,
    FilterRule,
    NatRule,
    Network,
    Reason,
    Topology,
    changes,
)

EDGE = "TYR-ESG"
PUBLIC, PUBLIC_PORT = "198.51.100.10", 443
PRIVATE, PRIVATE_PORT = "192.168.0.34", 8043
SEES_PUBLIC = ("nsx-v", "generic-pre-nat")
KINDS = sorted(DEVICE_TYPES)


def _deny(network: Network, kind: str) -> None:
    target, port = (PUBLIC, PUBLIC_PORT) if kind in SEES_PUBLIC else (PRIVATE, PRIVATE_PORT)
    rule = FilterRule("90", "drop", "hardening", "any", target, "tcp", (port,), direction="in", place="fw:3")
    changes.add_rule(network, EDGE, rule)


def _leads_to(translated: str) -> Callable[[Network, str], None]:
    def breaks(network: Network, kind: str) -> None:
        changes.remove_nat(network, EDGE, "101")
        nat = NatRule("111", "dnat", f"{PUBLIC}:443", translated, "management", "tcp", place="nat:4")
        changes.add_nat(network, EDGE, nat)

    return breaks


def _without(rules: str = "", nat: tuple[str, ...] = ()) -> Callable[[Network, str], None]:
    def breaks(network: Network, kind: str) -> None:
        for rule in rules:
            changes.remove_rule(network, EDGE, rule)
        for number in nat:
            changes.remove_nat(network, EDGE, number)

    return breaks


FAULTS: dict[str, tuple[Callable[[Network, str], None], str]] = {
    "no allow for the published service": (_without(rules="2"), "5"),
    "a deny in front": (_deny, "5"),
    "no DNAT": (_without(nat=("101",)), "5"),
    "a DNAT to the wrong host": (_leads_to("192.168.0.32:443"), "5"),
    "a DNAT to the wrong port": (_leads_to("192.168.0.34:443"), "5"),
    "neither DNAT nor allow": (_without(rules="2", nat=("101",)), "5"),
    "no allow outbound": (_without(rules="1"), "6"),
    "no SNAT": (_without(nat=("103",)), "6"),
    "no hairpin": (_without(), "hairpin"),
    "no rule at all": (_without(rules="123", nat=("101", "102", "103")), "6"),
}


@dataclass
class Case:
    """A broken environment and the flow that fails in it."""

    make: Callable[[], Network]
    verdict: Callable[[Network], FlowVerdict]

    def cured(self) -> tuple[Network, FlowVerdict, Cure]:
        network = self.make()
        verdict = self.verdict(network)
        return network, verdict, cure(verdict, network)


@pytest.fixture
def case(
    topology: Topology,
    of_type: Callable[[Topology, str], Topology],
    view: EnvironmentView,
) -> Callable[[str, str], Case]:
    """Makes the case of a fault on a type of device."""

    def made(fault: str, kind: str) -> Case:
        breaks, row = FAULTS[fault]

        def make() -> Network:
            network = Network(of_type(topology, kind))
            breaks(network, kind)
            return network

        def verdict(network: Network) -> FlowVerdict:
            if row == "hairpin":
                client, server = view.named("tyrell-vcde01"), view.named("tyrell-cce01")
                assert client is not None
                assert server is not None
                asked = Asked(PUBLIC, PUBLIC_PORT, Typed(f"{PUBLIC}:443", "env.yaml:101"), "Public Endpoint")
                flow = next(flow for flow in FLOWS if flow.row == "5")
                return verdict_of(flow, client, server, asked, network)
            return next(v for v in evaluate(view, network) if v.row.row == row)

        return Case(make, verdict)

    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_proposed_lets_the_flow_pass_and_nothing_less_does(
    case: Callable[[str, str], Case], fault: str, kind: str
) -> None:
    broken = case(fault, kind)
    network, verdict, cured = broken.cured()
    assert verdict.failed
    assert cured.works
    for remedy in cured.remedies:
        assert broken.verdict(network).failed
        assert remedy.apply is not None
        assert remedy.party == "tenant"
        remedy.apply(network)
    assert not broken.verdict(network).failed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_same_in_the_terms_of_the_other_order_does_not_help(
    case: Callable[[str, str], Case], fault: str, kind: str
) -> None:
    broken = case(fault, kind)
    network, _, cured = broken.cured()
    for remedy in cured.remedies:
        assert remedy.apply is not None
        remedy.apply(network)
    wrong = broken.make()
    swapped = 0
    edge = network.edge(EDGE)
    for state in edge.rules:
        if state.rule.id == "":
            changes.add_rule(wrong, EDGE, _other_terms(state.rule))
            swapped += 1
    for nat in edge.nat:
        if nat.rule.id == "":
            changes.add_nat(wrong, EDGE, _reversed(nat.rule), "top")
            swapped += 1
    if fault == "a deny in front":
        # Proposed is to take the deny away; an allow above it would have to be in the right terms too.
        right_public = kind in SEES_PUBLIC
        target, port = (PRIVATE, PRIVATE_PORT) if right_public else (PUBLIC, PUBLIC_PORT)
        changes.add_rule(wrong, EDGE, FilterRule("91", "allow", "", "any", target, "tcp", (port,)))
        swapped += 1
    assert swapped
    assert broken.verdict(wrong).failed


def _other_terms(rule: FilterRule) -> FilterRule:
    """An allow that names the other side of the translation."""
    if rule.direction == "out":
        return replace(rule, id="w", source=PUBLIC)
    if rule.destination == PUBLIC:
        return replace(rule, id="w", destination=PRIVATE, ports=(PRIVATE_PORT,))
    return replace(rule, id="w", destination=PUBLIC, ports=(PUBLIC_PORT,))


def _reversed(rule: NatRule) -> NatRule:
    """A translation written from the wrong end."""
    return replace(rule, id="w", original=rule.translated, translated=rule.original.split("/")[0])


@pytest.mark.parametrize("kind", KINDS)
def test_the_rule_names_what_this_device_sees(case: Callable[[str, str], Case], kind: str) -> None:
    network, _, cured = case("no allow for the published service", kind).cured()
    (remedy,) = cured.remedies
    assert remedy.apply is not None
    remedy.apply(network)
    (rule,) = [state.rule for state in network.edge(EDGE).rules if state.rule.id == ""]
    expected = (PUBLIC, (PUBLIC_PORT,)) if kind in SEES_PUBLIC else (PRIVATE, (PRIVATE_PORT,))
    assert (rule.destination, rule.ports) == expected
    assert rule.source == "203.0.113.32"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_led_to_the_wrong_host_is_not_let_in_there(
    case: Callable[[str, str], Case], kind: str
) -> None:
    """On a device whose rules see the translated address, a rule for the wrong host would be an opening."""
    _, verdict, cured = case("a DNAT to the wrong host", kind).cured()
    assert verdict.trace is not None
    assert len(cured.remedies) == 1
    assert cured.remedies[0].text.count("192.168.0.34:8043") == 1 or kind == "asa"


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_of(
    case: Callable[[str, str], Case], kind: str, golden: Callable[[str, str], None]
) -> None:
    lines = []
    for fault in FAULTS:
        _, verdict, cured = case(fault, kind).cured()
        lines += ["", fault] if lines else [fault]
        lines.append(f"  {verdict.flow}")
        if verdict.trace is not None:
            lines.append(f"  {verdict.trace.deciding}")
        for remedy in cured.remedies:
            lines.append(f"  {remedy.party}: {remedy.text}")
            lines += [f"    or {other}" for other in remedy.alternatives]
            lines += [f"    note: {note}" for note in remedy.notes]
    golden(f"explain/remedies-{kind}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize(("match", "sees"), [("external", (PUBLIC, 443)), ("internal", (PRIVATE, 8043))])
def test_on_nsx_t_the_nat_rule_says_what_a_firewall_rule_must_name(
    topology: Topology,
    of_type: Callable[[Topology, str], Topology],
    view: EnvironmentView,
    match: str,
    sees: tuple[str, int],
) -> None:
    made = of_type(topology, "nsx-t")
    nat = tuple(replace(rule, firewall_match=match) for rule in made.edges[0].nat)
    network = Network(made.with_edge(EDGE, nat=nat))
    changes.remove_rule(network, EDGE, "2")
    verdict = next(v for v in failing(evaluate(view, network)) if v.row.row == "5")
    cured = cure(verdict, network)
    assert cured.works
    assert f"-> {sees[0]}:{sees[1]}" in cured.remedies[0].text


def test_above_a_deny_that_matches_on_translated_goes_an_allow_that_does_too(
    topology: Topology, view: EnvironmentView
) -> None:
    """An NSX-v edge has rules of both kinds in one list."""
    deny = FilterRule("90", "drop", "", "any", PRIVATE, "tcp", (PRIVATE_PORT,), matches="translated")
    keep = FilterRule("91", "drop", "", "any", PRIVATE, "tcp", (PRIVATE_PORT,), matches="translated")
    network = Network(topology)
    changes.add_rule(network, EDGE, keep)
    changes.add_rule(network, EDGE, deny)
    verdict = next(v for v in failing(evaluate(view, network)) if v.row.row == "5")
    cured = cure(verdict, network)
    assert cured.works
    assert cured.remedies[0].text.endswith(
        'add above rule 90: rule "Replicator (CCE) tyrell-cce01": accept tcp 203.0.113.32 -> '
        "192.168.0.34:8043, match on translated"
    )


# --- the way back ---


def test_a_device_without_state_needs_a_rule_for_the_replies(
    topology: Topology, view: EnvironmentView
) -> None:
    network = Network(topology.with_edge("CHC-ESG", stateful=False))
    verdicts = {(v.row.row, v.source.name): v for v in failing(evaluate(view, network))}
    verdict = verdicts["4", "tyrell-cce01"]
    cured = cure(verdict, network)
    assert cured.works
    (remedy,) = cured.remedies
    assert remedy.text == (
        'edge CHC-ESG > Firewall: add rule "replies of chc-ccm01": accept tcp 10.3.0.33:8044 -> 198.51.100.10'
    )
    assert remedy.notes == ("CHC-ESG keeps no state",)


def two_edges(topology: Topology, gateway: str, snat: bool = True) -> Topology:
    """The provider has a second line; the Replication Manager answers through it."""
    nat = (NatRule("1", "snat", "10.3.0.0/24", "203.0.113.200"),) if snat else ()
    second = Edge(
        "CHC-ESG2", "nsx-v", "mycloud", "10.3.0.2", ("203.0.113.200",), default_action="allow", nat=nat
    )
    hosts = tuple(replace(h, gateway=gateway) if h.name == "chc-ccm01" else h for h in topology.hosts)
    return replace(topology, hosts=hosts, edges=(*topology.edges, second))


@pytest.mark.parametrize("stateful", [True, False])
def test_a_reply_that_leaves_by_another_edge_is_brought_back(
    topology: Topology, view: EnvironmentView, stateful: bool
) -> None:
    network = Network(two_edges(topology, "10.3.0.2").with_edge("CHC-ESG2", stateful=stateful))
    verdict = next(v for v in failing(evaluate(view, network)) if v.source.name == "tyrell-cce01")
    assert verdict.trace is not None
    assert verdict.trace.deciding.reason is Reason.NO_STATE
    cured = cure(verdict, network)
    assert cured.works
    (remedy,) = cured.remedies
    assert remedy.party == "provider"
    assert (
        "chc-ccm01 (env.yaml:88): set the gateway to 10.3.0.1, the inside address of CHC-ESG" in remedy.text
    )
    assert remedy.alternatives[0].startswith(
        "provider: edge CHC-ESG > NAT > add SNAT 198.51.100.10 -> 10.3.0.1"
    )


@pytest.mark.parametrize("gateway", ["10.3.0.77"])
def test_a_gateway_that_nobody_is_is_set_right(
    topology: Topology, view: EnvironmentView, gateway: str
) -> None:
    hosts = tuple(replace(h, gateway=gateway) if h.name == "tyrell-cce01" else h for h in topology.hosts)
    network = Network(replace(topology, hosts=hosts))
    verdict = next(v for v in failing(evaluate(view, network)) if v.source.name == "tyrell-cce01")
    cured = cure(verdict, network)
    assert cured.works
    assert "tyrell-cce01 (env.yaml:82): set the gateway to 192.168.0.1" in cured.remedies[0].text


def test_an_edge_that_is_down_is_started(topology: Topology, view: EnvironmentView) -> None:
    network = Network(topology)
    changes.edge_down(network, "CHC-ESG")
    verdicts = failing(evaluate(view, network))
    cured = cure(verdicts[0], network)
    assert cured.works
    assert cured.remedies[0].text == "start edge CHC-ESG (env.yaml:45)"
    assert cured.remedies[0].party == "provider"
    (every,) = causes(verdicts, network)
    assert len(every.verdicts) == len(verdicts)
    (whole,) = causes([v for v in verdicts if v.row.row == "5"], network)
    assert whole.lines[0].endswith("(client saw: No route to host after 3.1 s)")
    assert "  Why: edge CHC-ESG is down, and everything through it (env.yaml:45)." in whole.lines


@pytest.mark.parametrize(
    ("edge", "reason", "text"),
    [
        (
            {"type": "nsx-t", "firewall_enabled": False},
            Reason.FIREWALL_OFF,
            "edge CHC-ESG: switch the firewall service on; NAT goes with it",
        ),
    ],
)
def test_what_no_running_network_can_try_is_said_and_not_claimed_to_work(
    topology: Topology, view: EnvironmentView, edge: dict[str, object], reason: Reason, text: str
) -> None:
    network = Network(topology.with_edge("CHC-ESG", **edge))
    verdict = failing(evaluate(view, network))[0]
    assert verdict.trace is not None
    assert verdict.trace.deciding.reason is reason
    cured = cure(verdict, network)
    assert not cured.works
    assert [remedy.text for remedy in cured.remedies] == [text]
