"""Rules quoted in the words of their device."""

from __future__ import annotations

import pytest

from cxsim.sim.network import FilterRule, NatRule
from cxsim.sim.network.dialects import (
    DIALECTS,
    insert_rule,
    quote_default,
    quote_nat,
    quote_rule,
    remove_rule,
)

RULE = FilterRule("99", "drop", "hardening", "192.168.0.0/24", "203.0.113.32", "tcp", (8044, "9000-9010"))
ONE = FilterRule("7", "allow", "RM", "any", "10.3.0.33", "tcp", (8044,))
DNAT = NatRule("101", "dnat", "198.51.100.10:443", "192.168.0.34:8043", "management", "tcp")
SNAT = NatRule("103", "snat", "192.168.0.0/24", "198.51.100.10", "out")


@pytest.mark.parametrize(
    ("device", "rule", "dnat", "snat", "default"),
    [
        (
            "nsx-v",
            'rule 99 "hardening": deny tcp 192.168.0.0/24 -> 203.0.113.32:8044,9000-9010',
            'DNAT rule 101 "management": tcp 198.51.100.10:443 -> 192.168.0.34:8043',
            'SNAT rule 103 "out": any 192.168.0.0/24 -> 198.51.100.10',
            "default rule: deny",
        ),
        (
            "nsx-t",
            'rule 99 "hardening": Drop tcp 192.168.0.0/24 -> 203.0.113.32:8044,9000-9010',
            'DNAT rule 101 "management": tcp 198.51.100.10:443 -> 192.168.0.34:8043',
            'SNAT rule 103 "out": any 192.168.0.0/24 -> 198.51.100.10',
            "default rule: Drop",
        ),
        (
            "netfilter",
            "-A FORWARD -p tcp -s 192.168.0.0/24 -d 203.0.113.32 -m multiport --dports 8044,9000:9010 -j DROP"
            "  # 99 hardening",
            "-t nat -A PREROUTING -i outside -p tcp -d 198.51.100.10 --dport 443 -j DNAT"
            " --to-destination 192.168.0.34:8043  # 101 management",
            "-t nat -A POSTROUTING -o outside -s 192.168.0.0/24 -j SNAT --to-source 198.51.100.10  # 103 out",
            "-P FORWARD DROP",
        ),
        (
            "asa",
            "access-list outside_access_in extended deny tcp 192.168.0.0 255.255.255.0 host 203.0.113.32"
            " eq 8044; access-list outside_access_in extended deny tcp 192.168.0.0 255.255.255.0"
            " host 203.0.113.32 range 9000 9010",
            "object network management; host 192.168.0.34; nat (inside,outside) static 198.51.100.10"
            " service tcp 8043 443",
            "object network out; subnet 192.168.0.0 255.255.255.0; nat (inside,outside) dynamic"
            " 198.51.100.10",
            "implicit deny at the end of the access list",
        ),
        (
            "generic-pre-nat",
            'rule 99 "hardening": drop tcp 192.168.0.0/24 -> 203.0.113.32:8044,9000-9010',
            'DNAT rule 101 "management": tcp 198.51.100.10:443 -> 192.168.0.34:8043',
            'SNAT rule 103 "out": any 192.168.0.0/24 -> 198.51.100.10',
            "default action: drop",
        ),
    ],
)
def test_rules_are_quoted_as_the_device_writes_them(
    device: str, rule: str, dnat: str, snat: str, default: str
) -> None:
    assert quote_rule(device, RULE) == rule
    assert quote_nat(device, DNAT) == dnat
    assert quote_nat(device, SNAT) == snat
    assert quote_default(device, "drop") == default


def test_a_new_rule_says_its_position_where_the_command_does() -> None:
    assert (
        insert_rule("netfilter", ONE, 2) == "-I FORWARD 3 -p tcp -d 10.3.0.33 --dport 8044 -j ACCEPT  # 7 RM"
    )
    assert insert_rule("asa", ONE, 0) == (
        "access-list outside_access_in line 1 extended permit tcp any host 10.3.0.33 eq 8044"
    )
    both = insert_rule("asa", RULE, 4)
    assert both.count("; ") == 1
    assert "outside_access_in line 5 extended deny" in both
    assert "outside_access_in line 6 extended deny" in both
    assert insert_rule("nsx-v", ONE, 2) == 'rule 7 "RM": accept tcp any -> 10.3.0.33:8044'


def test_an_asa_keeps_one_value_an_entry_and_one_list_a_side() -> None:
    """access-list extended: one address, one port or one range an entry; several need object groups."""
    rule = FilterRule("1", "allow", "", ("10.0.0.1", "10.0.0.2"), "Web", "any", (443,), direction="out")
    entries = quote_rule("asa", rule).split("; ")
    assert entries == [
        f"access-list inside_access_in extended permit {protocol} host {source} object-group Web eq 443"
        for protocol in ("tcp", "udp")
        for source in ("10.0.0.1", "10.0.0.2")
    ]
    assert quote_rule("asa", FilterRule("2", "drop", source_ports=(53,), protocol="udp")) == (
        "access-list outside_access_in extended deny udp any eq 53 any"
    )


@pytest.mark.parametrize(
    ("device", "quote"),
    [
        ("netfilter", "-D FORWARD -p tcp -d 10.3.0.33 --dport 8044 -j ACCEPT  # 7 RM"),
        ("asa", "no access-list outside_access_in extended permit tcp any host 10.3.0.33 eq 8044"),
        ("nsx-v", ""),
    ],
)
def test_a_rule_is_taken_away_by_a_command_where_there_are_commands(device: str, quote: str) -> None:
    assert remove_rule(device, ONE) == quote


@pytest.mark.parametrize(
    ("device", "quote"),
    [
        (
            "nsx-v",
            'SNAT rule 5 "hairpin": any 192.168.0.32 -> 192.168.0.1, to 192.168.0.34, applied on inside',
        ),
        (
            "netfilter",
            "-t nat -A POSTROUTING -o inside -s 192.168.0.32 -d 192.168.0.34 -j SNAT --to-source 192.168.0.1"
            "  # 5 hairpin",
        ),
        (
            "asa",
            "nat (inside,inside) source dynamic 192.168.0.32 192.168.0.1"
            " destination static 192.168.0.34 192.168.0.34",
        ),
    ],
)
def test_a_translation_says_what_it_is_limited_to(device: str, quote: str) -> None:
    rule = NatRule(
        "5", "snat", "192.168.0.32", "192.168.0.1", "hairpin", interface="inside", destination="192.168.0.34"
    )
    assert quote_nat(device, rule) == quote


@pytest.mark.parametrize("device", sorted(DIALECTS))
def test_every_rule_can_be_quoted_on_one_line(device: str) -> None:
    odd = FilterRule(
        "1",
        "reject",
        source=("10.0.0.1", "Branches"),
        destination="10.0.0.1-10.0.0.9",
        protocol="udp",
        ports=("any",),
        source_ports=(53,),
        direction="in",
        enabled=False,
        source_negated=True,
        reject_with="icmp-prohibited",
    )
    for rule in (odd, FilterRule("2", "allow")):
        assert "\n" not in quote_rule(device, rule)
    for nat in (
        NatRule("1", "no-snat", "any"),
        NatRule("2", "dnat", "10.0.0.1", "10.0.0.2", interface="any"),
    ):
        assert "\n" not in quote_nat(device, nat)
