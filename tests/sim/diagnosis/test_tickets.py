"""Tickets: what one party must do, and nothing of the other's inside."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import pytest

from cxsim.sim.diagnosis import Diagnosis, Subject, diagnose
from cxsim.sim.diagnosis.ticket import PARTIES, Discretion, ticket

Made = Callable[[str], Subject]

BROKEN = {
    "rule": "firewall_rule: {edge: CHC-ESG, rule: {id: 9, name: no, action: drop, ports: [8044]}}",
    "default": "firewall_rule: {edge: CHC-ESG, rule: {id: 9, name: all, action: drop}}",
    "translation": "nat_rule_missing: {edge: TYR-ESG, rule: replicator management}",
    "source": "nat_rule_missing: {edge: CHC-ESG, rule: management to internet}",
    "endpoint": 'public_endpoint: {appliance: tyrell-cce01, url: "192.168.0.34:8043"}',
    "empty": 'public_endpoint: {appliance: chc-ccm01, url: ""}',
    "host": "host_down: {host: chc-ccm01}",
    "name": "dns_record: {site: tyrell, record: vcde.mycloud.local, answer: none}",
}


@pytest.fixture(scope="module")
def broken() -> dict[str, Diagnosis]:
    """Diagnoses made so far."""
    return {}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_ticket_says_nothing_of_the_other_partys_inside(
    fault: str, subject: Made, broken: dict[str, Diagnosis]
) -> None:
    diagnosis = diagnose(subject(f"faults:\n  - name: it is broken\n    {BROKEN[fault]}\n"))
    assert diagnosis.explained
    environment = diagnosis.subject.environment
    for party in PARTIES:
        text = "\n".join(ticket(diagnosis, party))
        others = [site for site in environment.sites.values() if site.party != party]
        names = [host.name for host in environment.hosts.values() if host.site == others[0].name]
        assert [name for name in [*names, others[0].edge.name] if name in text] == []
        inside = IPv4Network(str(others[0].network.cidr))
        addresses = re.findall(r"\d+\.\d+\.\d+\.\d+", text.replace("/24", ""))
        assert [a for a in addresses if IPv4Address(a) in inside] == []
        assert not re.search(r"\.ya?ml|cx\.md|\[[A-Z]\]", text)


def test_a_ticket_names_device_rule_and_steps(shipped: Callable[[str], Diagnosis]) -> None:
    text = "\n".join(ticket(shipped("enable-failed-firewall"), "provider"))
    assert 'edge CHC-ESG > Firewall: disable rule 99 "hardening"' in text
    assert "accept tcp 198.51.100.10 -> 203.0.113.32:8044" in text
    assert "tell the tenant, who will: edit and re-add the provider cloud" in text
    assert "Checked in a simulation of both sides, with the change made" in text


def test_who_has_nothing_to_do_is_told_so(shipped: Callable[[str], Diagnosis]) -> None:
    text = "\n".join(ticket(shipped("enable-failed-firewall"), "tenant"))
    assert "No change on the tenant's side is known to be needed." in text
    assert "One cause lies on the provider's side" in text
    assert "CHC-ESG" not in text


def test_both_parties_get_their_own_part(subject: Made) -> None:
    faults = f"faults:\n  - name: one\n    {BROKEN['rule']}\n  - name: two\n    {BROKEN['translation']}\n"
    diagnosis = diagnose(subject(faults))
    texts = {party: "\n".join(ticket(diagnosis, party)) for party in PARTIES}
    assert "add DNAT 198.51.100.10 tcp/443 -> 192.168.0.34:8043" in texts["tenant"]
    assert 'disable rule 9 "no"' in texts["provider"]
    assert "others remain" in texts["provider"]


def test_what_the_appliance_reports_is_for_the_tenant(subject: Made) -> None:
    diagnosis = diagnose(subject("provider_clouds: {MyCloud-CHC: {password: wrong}}\n"))
    assert "Please check: user, organization and password" in "\n".join(ticket(diagnosis, "tenant"))
    assert "No change on the provider's side" in "\n".join(ticket(diagnosis, "provider"))


def test_names_inside_names_are_replaced_whole(subject: Made) -> None:
    discreet = Discretion("tenant", subject("").environment)
    text = discreet("Replication Manager (CCM) chc-ccm01 at 10.3.0.33 (env.yaml:3), not 203.0.113.32 [I]")
    other = "(an address inside the provider's network)"
    assert text == f"the provider's Replication Manager (CCM) at {other}, not 203.0.113.32"
