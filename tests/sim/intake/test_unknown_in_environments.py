"""What an environment may leave unknown, and networks that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_flows import fates_at

from cxsim.sim.scenario import ScenarioErrors, load_environment

ROOT = Path(__file__).parents[3]
TYRELL = (ROOT / "scenarios" / "environments" / "tyrell-mycloud.yaml").read_text()
TO_REPLICATOR = ("5", "chc-ccm01", "tyrell-cce01", 8043)


def environment(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = TYRELL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "e.yaml"
    path.write_text(text)
    return path


def firewall(tmp_path: Path, written: str) -> Path:
    """The environment with another firewall at the tenant's edge."""
    start = TYRELL.index("      firewall:")
    old = TYRELL[start : TYRELL.index("      nat:")]
    return environment(tmp_path, (old, f"      firewall: {written}\n"))


@pytest.mark.parametrize("written", ["unknown", "{rules: unknown}", "{default: drop, rules: unknown}"])
def test_rules_may_be_unknown(tmp_path: Path, written: str) -> None:
    path = firewall(tmp_path, written)
    assert load_environment(path).edge("TYR-ESG").firewall.rules is None
    assert fates_at(path)[TO_REPLICATOR][0] == "UNDETERMINED"


def test_an_unknown_translation_does_not_matter_to_what_the_firewall_drops_before(tmp_path: Path) -> None:
    unknown = ('translated: "192.168.0.34:8043"', "translated: unknown")
    assert fates_at(environment(tmp_path, unknown))[TO_REPLICATOR][0] == "UNDETERMINED"
    dropped = ("action: allow, source: 203.0.113.0/24", "action: drop, source: 203.0.113.0/24")
    assert fates_at(environment(tmp_path, unknown, dropped))[TO_REPLICATOR] == ("FAIL", "silent")


def test_a_rule_that_looks_behind_an_unknown_translation_is_undetermined(tmp_path: Path) -> None:
    unknown = ('translated: "192.168.0.34:8043"', "translated: unknown")
    behind = (
        "destination: 198.51.100.10, protocol: tcp, ports: [443]}",
        "destination: 192.168.0.34, protocol: tcp, ports: [8043], match_on: translated}",
    )
    assert fates_at(environment(tmp_path, behind))[TO_REPLICATOR] == ("PASS", "accepted")
    assert fates_at(environment(tmp_path, behind, unknown))[TO_REPLICATOR][0] == "UNDETERMINED"


GROUPS = (
    "      addresses: [198.51.100.10]",
    "      addresses: [198.51.100.10]\n      groups: {Partners: unknown}",
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("source: any, destination: 203.0.113.41", "source: Partners, destination: 203.0.113.41"),
            'CHC-ESG has no group "Partners"',
        ),
        (
            ("groups: {Partners: unknown}", "groups: {deckard: unknown}"),
            '"deckard" means something else in a rule',
        ),
        (("groups: {Partners: unknown}", 'groups: {"a:b": unknown}'), '"a:b" means something else in a rule'),
        (
            ("groups: {Partners: unknown}", "groups: {Partners: [10.0.0.300]}"),
            '"10.0.0.300" is not an address',
        ),
        (("groups: {Partners: unknown}", "groups: {Partners: []}"), "is empty"),
    ],
)
def test_groups_are_checked(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(ScenarioErrors) as refused:
        load_environment(environment(tmp_path, GROUPS, change))
    assert said in str(refused.value)


def test_a_network_that_cannot_be_is_refused_with_its_places_and_no_traceback(cxsim, tmp_path: Path) -> None:
    environment(
        tmp_path,
        ("type: nsx-v", "type: netfilter"),
        ("ports: [443]}", "ports: [443], match_on: translated}"),
        ("protocol: tcp, ports: [44045]}", "protocol: tcp, ports: [44045], match_on: translated}"),
    )
    scenario = tmp_path / "s.yaml"
    shipped = (ROOT / "scenarios" / "enable-failed-nat.yaml").read_text()
    scenario.write_text(shipped.replace("environments/tyrell-mycloud.yaml", "e.yaml"))
    for command in ("run", "check"):
        done = cxsim(command, scenario)
        assert done.exit_code == 2
        assert done.output.count("match on 'translated' does not exist") == 2
        assert "e.yaml:" in done.output
    assert cxsim("case", "pack", scenario, "-o", tmp_path / "c.cxcase").exit_code == 2
