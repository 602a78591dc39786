"""The required flows, tried on the Tyrell environment and on broken ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from cxsim.sim.explain import (
    FLOWS,
    PORTS,
    TITLES,
    Endpoint,
    EnvironmentView,
    FlowVerdict,
    Role,
    Status,
    evaluate,
    failing,
    flow_table,
)
from cxsim.sim.network import DEVICE_TYPES, FilterRule, Network, Topology, changes

Views = Callable[..., EnvironmentView]
DROP_8044 = FilterRule("99", "drop", "hardening", protocol="tcp", ports=(8044,), place="firewall.yaml:14")
DROP_DATA = FilterRule("98", "drop", "no unknown ports out", "192.168.0.0/24", "any", "tcp", (44045,))


def rows(verdicts: list[FlowVerdict], status: Status) -> list[tuple[str, str]]:
    return [(v.row.row, v.source.name) for v in verdicts if v.status is status]


def test_the_table_covers_rows_2_to_14_and_every_flow_has_a_source_and_a_grade() -> None:
    assert {flow.row for flow in FLOWS} == {str(number) for number in range(2, 15)}
    for flow in FLOWS:
        assert flow.grade in ("D", "O", "C", "I")
        assert flow.sources
        assert flow.required or flow.note
        assert flow.port in PORTS[flow.to_role]
        assert flow.from_role in TITLES


def test_every_required_flow_of_the_environment_passes(view: EnvironmentView, network: Network) -> None:
    verdicts = evaluate(view, network)
    assert {v.status for v in verdicts} == {Status.PASS}
    assert {v.row.row for v in verdicts} == {str(number) for number in range(2, 15)}
    assert all(v.trace is not None and v.trace.accepted_by == v.target.name for v in verdicts)


@pytest.mark.parametrize("kind", sorted(DEVICE_TYPES))
def test_the_environment_passes_with_every_type_of_edge(
    topology: Topology, of_type: Callable[[Topology, str], Topology], view: EnvironmentView, kind: str
) -> None:
    assert failing(evaluate(view, Network(of_type(topology, kind)))) == []


def test_a_firewall_that_drops_8044_fails_exactly_the_flows_to_the_replication_manager(
    view: EnvironmentView, network: Network
) -> None:
    changes.add_rule(network, "CHC-ESG", DROP_8044)
    verdicts = evaluate(view, network)
    assert rows(verdicts, Status.FAIL) == [("4", "tyrell-vcde01"), ("4", "tyrell-cce01")]
    for verdict in failing(verdicts):
        assert verdict.trace is not None
        assert (verdict.trace.deciding.device, verdict.trace.deciding.rule_id) == ("CHC-ESG", "99")


def test_a_missing_translation_fails_exactly_the_call_back_and_names_the_rule(
    view: EnvironmentView, network: Network
) -> None:
    changes.remove_nat(network, "TYR-ESG", "replicator management")
    verdicts = evaluate(view, network)
    assert rows(verdicts, Status.FAIL) == [("5", "chc-ccm01")]
    (verdict,) = failing(verdicts)
    assert verdict.trace is not None
    assert (verdict.trace.deciding.device, verdict.trace.deciding.rule_id) == ("TYR-ESG", "101")


def test_a_public_endpoint_with_443_reaches_the_cloud_service_and_fails_for_it(
    topology: Topology, network: Network, view_of: Views
) -> None:
    verdicts = evaluate(view_of(topology, chc_ccm01="203.0.113.32:443"), network)
    assert rows(verdicts, Status.FAIL) == [("4", "tyrell-vcde01"), ("4", "tyrell-cce01")]
    for verdict in failing(verdicts):
        assert verdict.stranger == ("chc-vcde01", 443)
        assert verdict.asked.typed is not None
        assert verdict.asked.typed.place == "env.yaml:117"


def test_blocked_data_outbound_fails_exactly_the_data_flow(view: EnvironmentView, network: Network) -> None:
    changes.add_rule(network, "TYR-ESG", DROP_DATA)
    verdicts = evaluate(view, network)
    assert rows(verdicts, Status.FAIL) == [("6", "tyrell-cce01")]
    assert rows(verdicts, Status.WARN) == []


def test_a_row_on_which_sources_disagree_only_warns(view: EnvironmentView, network: Network) -> None:
    changes.remove_nat(network, "TYR-ESG", "replicator data")
    verdicts = evaluate(view, network)
    assert failing(verdicts) == []
    assert rows(verdicts, Status.WARN) == [("7", "chc-cce01")]
    assert any(line.startswith("WARN") and "sources disagree" in line for line in flow_table(verdicts))


def test_unknown_rules_leave_what_passes_them_undetermined(topology: Topology, view: EnvironmentView) -> None:
    network = Network(topology.with_edge("CHC-ESG", rules_known=False))
    undetermined = {row for row, _ in rows(evaluate(view, network), Status.UNDETERMINED)}
    assert undetermined == {"2", "3", "4", "5", "6", "7"}


@pytest.mark.parametrize(
    ("typed", "row"),
    [
        ({"chc_ccm01": "203.0.113.32:44045"}, "4"),
        ({"chc_ccm01": "10.3.0.33:8044"}, "4"),
        ({"chc_ccm01": "https://203.0.113.32:8044"}, "4"),
        ({"chc_ccm01": "203.0.113.32:"}, "4"),
        ({"chc_cce01": None}, "6"),
        ({"chc_cce01": "203.0.113.32:8044"}, "6"),
        ({"tyrell_cce01": "192.168.0.34:8043"}, "5"),
        ({"tyrell_cce01": ""}, "5"),
        ({"tyrell_cce01": "198.51.100.10:44045"}, "5"),
        ({"url": "http://chc.mycloud.local/cloud/org/Tyrell"}, "2"),
        ({"url": "https://vcde.mycloud.local/cloud/org/Tyrell"}, "2"),
        ({"cx_url": "https://chc.mycloud.local:443"}, "3"),
        ({"cx_url": "https://vcde.mycloud.local:444"}, "3"),
        ({"cx_url": "https://vcde.mycloud.example:443"}, "3"),
    ],
)
def test_every_slip_in_an_endpoint_fails_its_own_row(
    topology: Topology, network: Network, view_of: Views, typed: dict[str, str | None], row: str
) -> None:
    verdicts = evaluate(view_of(topology, **typed), network)
    assert {v.row.row for v in failing(verdicts)} == {row}


def test_the_data_endpoint_may_be_typed_with_the_management_port(
    topology: Topology, network: Network, view_of: Views
) -> None:
    # One field holds both addresses: a management port leaves the data port at 44045 (cx.md 1.3 [I]).
    assert failing(evaluate(view_of(topology, chc_cce01="203.0.113.32:443"), network)) == []
    assert failing(evaluate(view_of(topology, chc_ccm01="203.0.113.32"), network)) == []


def test_of_two_clouds_each_is_expected_where_its_url_leads(view: EnvironmentView, network: Network) -> None:
    second = replace(view.clouds[0], name="Second")
    verdicts = evaluate(replace(view, clouds=(*view.clouds, second)), network)
    assert [v.status for v in verdicts if v.row.endpoint is Endpoint.CLOUD_URL] == [Status.PASS, Status.PASS]


def test_evaluating_counts_nothing_and_changes_nothing(view: EnvironmentView, network: Network) -> None:
    change = changes.add_rule(network, "CHC-ESG", DROP_8044)
    evaluate(view, network)
    assert change.met == 0
    assert network.failures == []


def test_the_environment_is_evaluated_in_a_few_milliseconds(view: EnvironmentView, network: Network) -> None:
    began = time.process_time()
    for _ in range(10):
        network.changed()
        evaluate(view, network)
    assert (time.process_time() - began) / 10 < 0.05


def test_hosts_are_found_by_role_and_name(view: EnvironmentView) -> None:
    assert [h.name for h in view.of("tenant", Role.REPLICATOR)] == ["tyrell-cce01"]
    found = view.named("chc-ccm01")
    assert found is not None
    assert found.role is Role.MANAGER
    assert view.named("nobody") is None
