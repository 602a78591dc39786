"""Putting an imported edge into an environment: the text, and what becomes of the flows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from intake_flows import fates_at

from cxsim.sim.intake import Options, import_edge
from cxsim.sim.intake.into import put_into
from cxsim.sim.scenario import ScenarioErrors, load_environment

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "intake"
EXPORTS = sorted(p.name for p in (GOLDEN / "exports").iterdir() if p.suffix in (".xml", ".csv"))
TYRELL = ROOT / "scenarios" / "environments" / "tyrell-mycloud.yaml"


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    return Path(shutil.copy(TYRELL, tmp_path / "env.yaml"))


def test_the_same_rules_from_an_export_give_the_same_flows(environment: Path) -> None:
    config = import_edge([Path("exports/vcd-gateway.xml")], "TYR-ESG")
    environment.write_text(put_into(environment, config).text)
    assert fates_at(environment) == fates_at(TYRELL)


@pytest.mark.parametrize("name", EXPORTS)
def test_the_loader_accepts_whatever_an_import_writes(environment: Path, name: str) -> None:
    config = import_edge([Path("exports") / name], "TYR-ESG")
    environment.write_text(put_into(environment, config).text)
    edge = load_environment(environment).edge("TYR-ESG")
    if config.rules is not None:
        assert len(edge.firewall.rules or ()) >= sum(not rule.matches_nothing for rule in config.rules)
    if config.nat is not None:
        assert len(edge.nat or ()) == len(config.nat)


def test_nothing_but_the_edge_s_rules_changes(environment: Path) -> None:
    before = environment.read_text().splitlines()
    changed = put_into(environment, import_edge([Path("exports/vcd-gateway.xml")], "TYR-ESG"))
    after = changed.text.splitlines()
    gone = [line for line in before if line not in after]
    new = [line for line in after if line not in before]
    assert all("- {id:" in line or line.strip() in ("firewall:", "nat:") for line in gone)
    assert all("exports/vcd-gateway.xml" in line for line in new)
    assert [line for line in before if line.lstrip().startswith("#")] == [
        line for line in after if line.lstrip().startswith("#")
    ]


def test_only_what_the_files_hold_is_replaced(environment: Path) -> None:
    config = import_edge([Path("exports/nat.csv")], "TYR-ESG")
    environment.write_text(put_into(environment, config).text)
    edge = load_environment(environment).edge("TYR-ESG")
    assert next(rule.name for rule in edge.firewall.rules or ()) == "LAN out"
    assert [rule.name for rule in edge.nat or ()] == [
        "replicator management",
        "replicator data",
        "LAN to internet",
    ]


def test_importing_twice_gives_the_same_text(environment: Path) -> None:
    config = import_edge([Path("exports/vcd-services.xml")], "TYR-ESG")
    environment.write_text(put_into(environment, config).text)
    once = environment.read_text()
    assert "Branches: unknown" in once
    assert put_into(environment, config).text == once


def test_groups_that_are_no_longer_named_go(environment: Path) -> None:
    environment.write_text(
        put_into(environment, import_edge([Path("exports/vcd-services.xml")], "TYR-ESG")).text
    )
    plain = import_edge([Path("exports/vcd-gateway.xml")], "TYR-ESG")
    assert "groups:" not in put_into(environment, plain).text


def test_what_is_unknown_leaves_exactly_its_flows_undetermined(environment: Path) -> None:
    rules = environment.parent / "fw.csv"
    rules.write_text(
        "id;action;source;destination;protocol;ports\n"
        "1;allow;192.168.0.0/24;any;tcp;443,8044,44045\n"
        "2;drop;Partners;198.51.100.10;tcp;443\n"
        "3;allow;203.0.113.0/24;198.51.100.10;tcp;443,44045\n"
        "default;drop\n"
    )
    config = import_edge([rules], "TYR-ESG")
    environment.write_text(put_into(environment, config).text)
    fates = fates_at(environment)
    undetermined = {flow for flow, (status, _) in fates.items() if status == "UNDETERMINED"}
    assert undetermined == {("5", "chc-ccm01", "tyrell-cce01", 8043)}
    known = fates_at(TYRELL)
    assert {f: v for f, v in fates.items() if f not in undetermined} == {
        f: v for f, v in known.items() if f not in undetermined
    }


@pytest.mark.parametrize(
    ("members", "verdict"),
    [("203.0.113.0/24", ("FAIL", "silent")), ("192.0.2.7", ("PASS", "accepted"))],
)
def test_giving_the_group_decides(environment: Path, members: str, verdict: tuple[str, str]) -> None:
    rules = environment.parent / "fw.csv"
    rules.write_text(
        "id;action;source;destination;protocol;ports\n"
        "1;allow;192.168.0.0/24;any;tcp;any\n"
        "2;drop;Partners;198.51.100.10;tcp;443\n"
        "3;allow;any;198.51.100.10;tcp;any\n"
        "default;drop\n"
    )
    config = import_edge([rules], "TYR-ESG", Options(groups={"Partners": members}))
    environment.write_text(put_into(environment, config).text)
    assert fates_at(environment)["5", "chc-ccm01", "tyrell-cce01", 8043] == verdict


def test_a_translation_that_is_unknown_leaves_what_it_takes_undetermined(environment: Path) -> None:
    nat = environment.parent / "nat.csv"
    nat.write_text(
        "id;name;type;original;translated;protocol\n"
        "101;replicator management;dnat;198.51.100.10:443;192.168.0.34-192.168.0.35:8043;tcp\n"
        "102;replicator data;dnat;198.51.100.10:44045;192.168.0.34:44045;tcp\n"
        "103;LAN to internet;snat;192.168.0.0/24;198.51.100.10;any\n"
    )
    environment.write_text(put_into(environment, import_edge([nat], "TYR-ESG")).text)
    fates = fates_at(environment)
    assert fates["5", "chc-ccm01", "tyrell-cce01", 8043] == ("UNDETERMINED", "undetermined")
    assert fates["7", "chc-cce01", "tyrell-cce01", 44045] == ("PASS", "accepted")


def test_a_default_that_nobody_gave_matters_only_where_no_rule_matches(environment: Path) -> None:
    rules = environment.parent / "fw.csv"
    rules.write_text("action;source;destination;protocol;ports\nallow;192.168.0.0/24;any;tcp;any\n")
    environment.write_text(put_into(environment, import_edge([rules], "TYR-ESG")).text)
    fates = fates_at(environment)
    assert fates["5", "chc-ccm01", "tyrell-cce01", 8043][0] == "UNDETERMINED"
    assert fates["4", "tyrell-vcde01", "chc-ccm01", 8044][0] == "PASS"


def test_a_firewall_that_is_off_takes_nat_with_it(environment: Path) -> None:
    environment.write_text(put_into(environment, import_edge([Path("exports/vcd-off.xml")], "TYR-ESG")).text)
    fates = fates_at(environment)
    assert fates["5", "chc-ccm01", "tyrell-cce01", 8043][0] == "FAIL"
    assert fates["9", "chc-ccm01", "chc-cce01", 8043][0] == "PASS"


def test_an_edge_that_is_not_there_is_refused_with_the_nearest_name(environment: Path) -> None:
    with pytest.raises(ScenarioErrors, match="has no edge 'TYR-EGS': did you mean \"TYR-ESG\""):
        put_into(environment, import_edge([Path("exports/nat.csv")], "TYR-EGS"))


def test_an_export_of_another_kind_of_device_is_refused(environment: Path) -> None:
    environment.write_text(environment.read_text().replace("type: nsx-v", "type: asa", 1))
    with pytest.raises(
        ScenarioErrors, match="TYR-ESG is of type asa, the files are of an edge of type nsx-v"
    ):
        put_into(environment, import_edge([Path("exports/vcd-gateway.xml")], "TYR-ESG"))


def test_an_edge_in_an_extended_file_is_told_where(tmp_path: Path) -> None:
    upper = tmp_path / "s.yaml"
    upper.write_text("schema: 1\nextends: environments/tyrell-mycloud.yaml\n")
    with pytest.raises(ScenarioErrors, match="its edges are in environments/tyrell-mycloud"):
        put_into(upper, import_edge([Path("exports/nat.csv")], "TYR-ESG"))


def test_an_edge_on_one_line_cannot_be_written_into(environment: Path) -> None:
    text = environment.read_text()
    start, end = text.index("    edge:\n      name: TYR-ESG"), text.index("    dns:")
    one_line = "    edge: {name: TYR-ESG, type: nsx-v, addresses: [198.51.100.10]}\n"
    environment.write_text(text[:start] + one_line + text[end:])
    with pytest.raises(ScenarioErrors, match="is written in one line"):
        put_into(environment, import_edge([Path("exports/vcd-gateway.xml")], "TYR-ESG"))


def test_an_environment_that_would_not_load_any_more_is_not_written(environment: Path) -> None:
    environment.write_text(environment.read_text().replace("  deckard:", "  tyrell-vc01:"))
    with pytest.raises(ScenarioErrors) as refused:
        put_into(environment, import_edge([Path("exports/vcd-gateway.xml")], "TYR-ESG"))
    assert {p.place.file for p in refused.value.problems} == {str(environment)}
    assert list(environment.parent.iterdir()) == [environment], "no file is left behind"


def test_a_translation_to_nobody_is_no_mistake_but_told(cxsim, environment: Path) -> None:
    done = cxsim("import", "exports/nsxv-nat.xml", "--edge", "TYR-ESG", "--into", environment)
    assert done.exit_code == 0
    assert "note: NAT rule 196620: 192.168.40.5 is no host of site 'tyrell'" in done.stderr
    assert "note: NAT rule 196620: 203.0.113.20 is not an address of the edge (198.51.100.10)" in done.stderr


def test_the_command_reports_asks_and_writes(cxsim, environment: Path) -> None:
    done = cxsim("import", "exports/vcd-services.xml", "--edge", "TYR-ESG", "--into", environment)
    assert done.exit_code == 0
    assert "rule 131077 uses group 'Branches': give its addresses or it stays unknown" in done.stdout
    assert "9 firewall rules and 7 NAT rules of TYR-ESG" in done.stderr
    assert "Branches: unknown" in environment.read_text()


def test_the_command_can_write_elsewhere_and_to_standard_output(cxsim, environment: Path) -> None:
    before = environment.read_text()
    words = ("import", "exports/vcd-gateway.xml", "--edge", "TYR-ESG", "--into", environment, "--out")
    assert cxsim(*words, environment.parent / "other.yaml").exit_code == 0
    assert environment.read_text() == before
    done = cxsim(*words, "-")
    assert done.stdout == (environment.parent / "other.yaml").read_text()
    assert "everything was understood" in done.stderr


def test_the_command_refuses_with_exit_code_2_and_writes_nothing(cxsim, environment: Path) -> None:
    before = environment.read_text()
    done = cxsim("import", "malformed/vcd-values.xml", "--edge", "TYR-ESG", "--into", environment)
    assert done.exit_code == 2
    assert "14 mistakes; nothing was imported" in done.stderr
    assert environment.read_text() == before


@pytest.mark.parametrize(
    "words",
    [
        ("--group", "Branches"),
        ("--group", "=10.0.0.1"),
        ("--interface", "ext"),
        ("--default", "pass"),
        ("--into", "no.yaml"),
    ],
)
def test_bad_options_are_refused(cxsim, words: tuple[str, ...]) -> None:
    done = cxsim("import", "exports/vcd-gateway.xml", "--edge", "TYR-ESG", *words)
    assert done.exit_code == 2


def test_the_command_gives_json(cxsim) -> None:
    document = json.loads(cxsim("import", "exports/nsxv-firewall.xml", "--edge", "E", "--json").stdout)
    assert document["import_version"] == 1
    assert document["groups"]["ipset-3"] is None
    assert {note["kind"] for note in document["notes"]} == {"unknown", "left_out"}
