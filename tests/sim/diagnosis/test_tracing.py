"""One connection there and back, and the difference of two subjects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cxsim.sim.diagnosis import Subject, read
from cxsim.sim.diagnosis.difference import difference, difference_lines
from cxsim.sim.diagnosis.tracing import NotUnderstood, port_number, trace_connection

Made = Callable[[str], Subject]
ROOT = Path(__file__).parents[3]
MANAGER_OFF = """\
faults:
  - name: manager off
    host_down: {host: chc-ccm01}
    from: 1 min
    until: 2 min
steps: [{run_for: 5 min}]
expect: [{never: {gap: "*"}}]
"""


@pytest.fixture(scope="module")
def environment() -> Subject:
    (one,) = read([ROOT / "scenarios" / "environments" / "tyrell-mycloud.yaml"])
    return one


@pytest.mark.parametrize(
    ("source", "target", "asked", "meaning"),
    [
        ("tyrell-vcde01", "203.0.113.32:8044", "203.0.113.32:8044", ""),
        ("192.168.0.32", "vcde.mycloud.local:https", "vcde.mycloud.local:443", ""),
        ("tyrell-vcde01", "chc-ccm01:ccm", "203.0.113.32:8044", "Public Endpoint URL of chc-ccm01"),
        ("chc-ccm01", "tyrell-cce01:cce", "198.51.100.10:443", "Public Endpoint URL of tyrell-cce01"),
        ("chc-cce01", "chc-esx01:nfc", "10.3.0.21:902", "on the same site"),
        ("tyrell-esx01", "chc-cce01:lwd", "203.0.113.32:44045", "CHC-ESG publishes chc-cce01:44045"),
        ("chc-ccm01", "tyrell-esx01:902", "192.168.0.21:902", "nothing publishes tyrell-esx01:902"),
        ("tyrell-vcde01", "deckard:80", "192.168.0.100:80", "on the same site"),
    ],
)
def test_what_is_typed_means_what_the_client_would_ask_for(
    environment: Subject, source: str, target: str, asked: str, meaning: str
) -> None:
    (traced,) = trace_connection(environment, source, target)
    assert f"{traced.trace.target}:{traced.trace.port}" == asked
    assert meaning in traced.meaning
    assert bool(meaning) == bool(traced.meaning)


def test_the_way_there_and_the_way_back_are_told_apart(environment: Subject) -> None:
    (traced,) = trace_connection(environment, "tyrell-vcde01", "chc-ccm01:8044")
    lines = list(traced.lines())
    there, back = lines.index("  there"), lines.index("  back")
    assert there < back
    assert [row.split()[1] for row in lines[there + 1 : back]][-2:] == ["DNAT", "LISTENER"]
    assert [row.split()[1] for row in lines[back + 1 : -2]] == ["STATE", "STATE", "ACCEPTED"]
    assert lines[-2] == "  ACCEPTED by chc-ccm01:8044"
    assert lines[-1] == "  The client sees: a connection after 20 ms"


def test_a_connection_that_does_not_get_there_has_no_way_back(environment: Subject) -> None:
    (traced,) = trace_connection(environment, "chc-ccm01", "tyrell-esx01:902")
    lines = list(traced.lines())
    assert "  back: not reached" in lines
    assert lines[-2] == "  FAILED   DROP at CHC-ESG: no firewall rule matched"


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("chc-ccm1", "x:1", "no host named 'chc-ccm1': did you mean chc-ccm01?"),
        ("192.168.0.33", "x:1", "no host has the address 192.168.0.33: did you mean 192.168.0."),
        ("chc-ccm01", "tyrel-cce01:443", "chc-dns does not know 'tyrel-cce01', and no host has that name"),
        ("chc-ccm01", "tyrel-cce01:443", ": did you mean tyrell-cce01?"),
        ("chc-ccm01", "tyrell-cce01:htps", "no port named 'htps': did you mean https?"),
        ("chc-ccm01", "tyrell-cce01", "write HOST:PORT"),
        ("chc-ccm01", "tyrell-cce01:0", "port 0 does not exist: 1 to 65535"),
        ("chc-ccm01", ":443", "write HOST:PORT"),
    ],
)
def test_names_that_nothing_has_are_told_with_the_nearest(
    environment: Subject, source: str, target: str, text: str
) -> None:
    with pytest.raises(NotUnderstood) as told:
        trace_connection(environment, source, target)
    assert text in str(told.value)


def test_ports_have_names() -> None:
    assert [port_number(name) for name in ("HTTPS", "lwd", "ccm", "8043")] == [443, 44045, 8044, 8043]


def test_an_address_at_both_sites_must_be_named(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "environments" / "tyrell-mycloud.yaml").read_text(encoding="utf-8")
    path = tmp_path / "overlapping.yaml"
    path.write_text(text.replace("10.3.0.", "192.168.0."), encoding="utf-8")
    (one,) = read([path])
    with pytest.raises(NotUnderstood, match="is the address of tyrell-vcde01 and of chc-vcde01: name one"):
        trace_connection(one, "192.168.0.32", "203.0.113.32:443")


def test_a_fault_that_comes_and_goes_is_traced_each_time(subject: Made) -> None:
    traced = trace_connection(subject(MANAGER_OFF), "chc-vcde01", "chc-ccm01:8044")
    assert [(t.when.t_us // 1_000_000, t.trace.accepted) for t in traced] == [
        (0, True),
        (60, False),
        (120, True),
    ]
    assert "when fault 'manager off' comes on at 0:01:00" in next(iter(traced[1].lines()))


def test_only_flows_with_another_fate_differ(environment: Subject, subject: Made) -> None:
    found, compared = difference(environment, subject(MANAGER_OFF))
    assert compared == 23
    assert sorted({one.verdict.row.row for one in found}) == ["10", "4", "5", "8", "9"]
    lines = list(difference_lines(environment, subject(MANAGER_OFF), found, compared))
    assert lines[2] == "6 of 23 flows differ"
    assert lines[5].startswith("  A PASS         ACCEPTED chc-ccm01")
    assert lines[6].startswith("  B FAIL         HOST     chc-ccm01        10.3.0.33 is down")
    assert lines[6].endswith("(when fault 'manager off' comes on at 0:01:00)")


def test_a_subject_does_not_differ_from_itself(environment: Subject) -> None:
    assert difference(environment, environment) == ([], 23)


def test_another_rule_with_the_same_outcome_is_no_difference(environment: Subject, subject: Made) -> None:
    allowed = """\
faults:
  - name: another allow
    firewall_rule: {edge: CHC-ESG, rule: {id: 9, name: also, action: allow, protocol: tcp, ports: [8044]}}
"""
    assert difference(environment, subject(allowed)) == ([], 23)


def test_a_flow_that_only_one_has_is_told(environment: Subject, subject: Made) -> None:
    second = """\
hosts:
  chc-cce02: {site: mycloud, address: 10.3.0.35, role: replicator, vcenter: chc-vc01, \
replication_manager: chc-ccm01, public_endpoint: "203.0.113.32:44046"}
"""
    found, _ = difference(environment, subject(second))
    only = [one for one in found if one.a is None]
    assert {one.verdict.row.row for one in only} >= {"6", "9", "10"}
    assert "  A has no such flow" in list(difference_lines(environment, environment, found, 30))
