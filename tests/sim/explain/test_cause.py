"""The texts that tell a cause: golden files, one a broken environment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cxsim.sim.explain import EnvironmentView, Status, cause_lines, causes, evaluate, failing, flow_table
from cxsim.sim.kernel.wire import Fate
from cxsim.sim.network import Change, FilterRule, NatRule, Network, Topology, changes

DROP_8044 = FilterRule("99", "drop", "hardening", protocol="tcp", ports=(8044,), place="firewall.yaml:14")
DROP_DATA = FilterRule(
    "98", "drop", "no unknown ports out", "192.168.0.0/24", "any", "tcp", (44045,), place="zero.yaml:14"
)
PUBLIC_RULE = FilterRule("44", "allow", "RM by its public address", "any", "203.0.113.32", "tcp", (8044,))
WRONG_TARGET = NatRule("7", "dnat", "203.0.113.32:8044", "10.3.0.34:8043", "RM", "tcp", place="nat.yaml:3")


def wrong_order(network: Network) -> None:
    """A rule set copied from an NSX-v edge: it names the public address, which other devices never see."""
    changes.remove_rule(network, "CHC-ESG", "4", place="copied.yaml:5")
    changes.add_rule(network, "CHC-ESG", PUBLIC_RULE)
    changes.add_rule(network, "CHC-ESG", FilterRule("45", "drop", "end", place="copied.yaml:6"), "bottom")


def firewall(network: Network) -> None:
    changes.add_rule(network, "CHC-ESG", DROP_8044)


Break = Callable[[Network], object]
CASES: dict[str, tuple[str, Break, dict[str, str | None]]] = {
    "firewall-drops-8044": ("nsx-v", firewall, {}),
    "missing-translation": (
        "nsx-v",
        lambda n: changes.remove_nat(n, "TYR-ESG", "replicator management", place="nat.yaml:9"),
        {},
    ),
    "public-endpoint-443": ("nsx-v", lambda n: None, {"chc_ccm01": "203.0.113.32:443"}),
    "data-dropped-outbound": ("nsx-v", lambda n: changes.add_rule(n, "TYR-ESG", DROP_DATA), {}),
    "no-source-translation": ("nsx-v", lambda n: changes.remove_nat(n, "TYR-ESG", "103"), {}),
    "name-unknown": ("nsx-v", lambda n: changes.set_record(n, "tyrell", "vcde.mycloud.local", None), {}),
    "name-stale": (
        "nsx-v",
        lambda n: changes.set_record(n, "tyrell", "vcde.mycloud.local", ("203.0.113.41",)),
        {},
    ),
    "scheme-typed": ("nsx-v", lambda n: None, {"tyrell_cce01": "https://198.51.100.10:443"}),
    "private-endpoint": ("nsx-v", lambda n: None, {"chc_cce01": None}),
    "translation-to-the-wrong-host": (
        "nsx-v",
        lambda n: (changes.remove_nat(n, "CHC-ESG", "202"), changes.add_nat(n, "CHC-ESG", WRONG_TARGET)),
        {},
    ),
    "manager-down": ("nsx-v", lambda n: changes.host_down(n, "chc-ccm01"), {}),
    "line-down": ("nsx-v", lambda n: changes.set_line(n, "mycloud-wan", is_up=False), {}),
    "esxi-port-closed": ("nsx-v", lambda n: changes.stop_service(n, "chc-esx01", 902), {}),
    "wrong-order-on-nsx-t": ("nsx-t", wrong_order, {}),
    "wrong-order-on-netfilter": ("netfilter", wrong_order, {}),
    "wrong-order-on-asa": ("asa", wrong_order, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_text_of(
    topology: Topology,
    of_type: Callable[[Topology, str], Topology],
    view_of: Callable[..., EnvironmentView],
    golden: Callable[[str, str], None],
    name: str,
) -> None:
    kind, breaks, typed = CASES[name]
    made = topology if kind == "nsx-v" else of_type(topology, kind)
    network = Network(made)
    breaks(network)
    text = "\n".join(cause_lines(evaluate(view_of(made, **typed), network), network)) + "\n"
    golden(f"explain/{name}.txt", text)


def test_when_nothing_fails_there_is_nothing_to_tell(view: EnvironmentView, network: Network) -> None:
    assert cause_lines(evaluate(view, network), network) == []


def test_the_table_of_flows_as_text(
    view: EnvironmentView, network: Network, golden: Callable[[str, str], None]
) -> None:
    firewall(network)
    golden("explain/flow-table.txt", "\n".join(flow_table(evaluate(view, network))) + "\n")


def test_flows_stopped_by_one_rule_are_one_cause(view: EnvironmentView, network: Network) -> None:
    firewall(network)
    (cause,) = causes(evaluate(view, network), network)
    assert [v.source.name for v in cause.verdicts] == ["tyrell-vcde01", "tyrell-cce01"]
    assert [remedy.party for remedy in cause.cure.remedies] == ["provider"]
    assert cause.remedies_for("tenant") == []


def test_two_faults_at_once_are_two_causes(view: EnvironmentView, network: Network) -> None:
    firewall(network)
    changes.add_rule(network, "TYR-ESG", DROP_DATA)
    assert [c.verdicts[0].row.row for c in causes(evaluate(view, network), network)] == ["4", "6"]


def test_a_flow_behind_two_obstacles_needs_two_changes(view: EnvironmentView, network: Network) -> None:
    changes.add_rule(network, "TYR-ESG", FilterRule("97", "drop", "out", "any", "any", "tcp", (8044,)))
    firewall(network)
    (cause,) = causes(evaluate(view, network), network)
    assert [remedy.party for remedy in cause.cure.remedies] == ["tenant", "provider"]
    assert cause.cure.works


def test_warnings_can_be_explained_too(view: EnvironmentView, network: Network) -> None:
    changes.remove_nat(network, "TYR-ESG", "replicator data")
    (cause,) = causes(evaluate(view, network), network, statuses=(Status.WARN,))
    assert "add DNAT 198.51.100.10 tcp/44045 -> 192.168.0.34:44045" in "\n".join(cause.lines)


@pytest.mark.parametrize(
    "kind", ["nsx-v", "nsx-t", "netfilter", "asa", "generic-pre-nat", "generic-post-nat"]
)
def test_the_proposed_rule_is_the_one_that_this_device_matches(
    topology: Topology,
    of_type: Callable[[Topology, str], Topology],
    view: EnvironmentView,
    kind: str,
) -> None:
    network = Network(of_type(topology, kind))
    changes.remove_rule(network, "CHC-ESG", "4")
    changes.add_rule(network, "CHC-ESG", FilterRule("45", "drop", "end"), "bottom")
    (cause,) = causes(evaluate(view, network), network)
    assert cause.cure.works
    sees_public = kind in ("nsx-v", "generic-pre-nat")
    assert ("203.0.113.32" in cause.cure.remedies[0].text) == sees_public
    assert ("10.3.0.33" in cause.cure.remedies[0].text) == (not sees_public)


def test_explaining_leaves_the_network_as_it_was(view: EnvironmentView, network: Network) -> None:
    path = network.open_transfer("tyrell-cce01", "203.0.113.32", 44045)
    told: list[Fate] = []
    path.on_change(lambda: told.append(path.fate))
    made: list[Change] = [changes.add_rule(network, "CHC-ESG", DROP_8044)]
    made.append(changes.remove_nat(network, "TYR-ESG", "101"))
    before = [[rule.rule.id for rule in edge.rules] for edge in network.edges.values()]
    before += [[nat.rule.id for nat in edge.nat] for edge in network.edges.values()]
    verdicts = evaluate(view, network)
    cause_lines(verdicts, network)
    after = [[rule.rule.id for rule in edge.rules] for edge in network.edges.values()]
    after += [[nat.rule.id for nat in edge.nat] for edge in network.edges.values()]
    assert after == before
    assert [change.met for change in made] == [0, 0]
    assert told == []
    assert evaluate(view, network) == verdicts
    assert failing(verdicts)
