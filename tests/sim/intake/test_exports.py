"""Exports of edges: what is read, what is not understood, and what the written environment does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxsim.sim.intake import EdgeConfig, Kind, Options, import_edge
from cxsim.sim.intake.edge_yaml import fragment
from cxsim.sim.intake.report import as_json, lines
from cxsim.sim.scenario import ScenarioErrors
from cxsim.sim.scenario.problems import Problem, Problems
from cxsim.sim.scenario.yamlfile import parse

GOLDEN = Path(__file__).parents[2] / "golden" / "intake"
EXPORTS = sorted(p.name for p in (GOLDEN / "exports").iterdir() if p.suffix in (".xml", ".csv"))
MALFORMED = sorted(p.name for p in (GOLDEN / "malformed").iterdir() if p.suffix in (".xml", ".csv"))


def read(*names: str, **options: object) -> EdgeConfig:
    return import_edge([Path("exports") / name for name in names], "EDGE", Options(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read_and_reported_in_these_words(name: str, golden: Callable[[str, str], None]) -> None:
    config = read(name)
    stem = name.replace(".", "-")
    golden(f"exports/{stem}.txt", "\n".join(lines(config)) + "\n")
    golden(f"exports/{stem}.yaml", fragment(config))


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_export_is_refused_with_place_and_reason(
    name: str, golden: Callable[[str, str], None]
) -> None:
    with pytest.raises(ScenarioErrors) as refused:
        import_edge([Path("malformed") / name], "EDGE")
    golden(f"malformed/{name.replace('.', '-')}.err", f"{refused.value}\n")


def test_every_golden_text_has_its_export() -> None:
    for directory, names in (("exports", EXPORTS), ("malformed", MALFORMED)):
        texts = {p.stem for p in (GOLDEN / directory).iterdir() if p.suffix in (".txt", ".err", ".yaml")}
        assert texts == {name.replace(".", "-") for name in names}


def rule(config: EdgeConfig, number: int) -> dict[str, object]:
    return next(r for r in as_json(config)["firewall"]["rules"] if r["id"] == number)


def test_several_protocols_of_a_vcd_rule_keep_what_the_network_carries() -> None:
    config = read("vcd-services.xml")
    assert rule(config, 8)["protocol"] == "tcpudp"
    assert "rule 8 is for icmp too" in str(config.of(Kind.LEFT_OUT)[0])


def test_port_minus_one_and_a_missing_range_are_any() -> None:
    rule_131077 = rule(read("vcd-services.xml"), 131077)
    assert rule_131077["ports"] == [22]
    assert "source_ports" not in rule_131077


def test_the_words_internal_and_external_stay() -> None:
    out = rule(read("vcd-services.xml"), 8)
    assert (out["source"], out["destination"]) == ("internal", "external")


def test_both_spellings_of_source_and_destination_are_read() -> None:
    config = read("vcd-services.xml")
    assert (rule(config, 7)["destination"], rule(config, 8)["destination"]) == ("203.0.113.20", "external")


def test_match_on_translate_is_kept() -> None:
    config = read("vcd-services.xml")
    assert rule(config, 9)["match_on"] == "translated"
    assert "match_on" not in rule(config, 7)


def test_a_disabled_rule_stays_disabled_and_its_groups_are_no_open_question() -> None:
    config = read("vcd-services.xml")
    assert rule(config, 10)["enabled"] is False
    assert not any("Former partners" in note.text for note in config.notes)


def test_a_group_is_asked_for_and_stays_unknown() -> None:
    config = read("vcd-services.xml")
    asked = "rule 131077 uses group 'Branches': give its addresses or it stays unknown"
    assert asked in [note.text for note in config.of(Kind.UNKNOWN)]
    assert config.groups["Branches"] is None


def test_a_group_that_is_given_is_filled_in_and_no_longer_asked_for() -> None:
    config = read("vcd-services.xml", groups={"Branches": "203.0.113.0/24, 192.0.2.7"})
    assert config.groups["Branches"] == ("203.0.113.0/24", "192.0.2.7")
    assert not any("Branches" in note.text for note in config.notes)


def test_an_application_is_filled_in_with_ports() -> None:
    config = read("nsxv-firewall.xml", groups={"application-45": "443, 8000-8100"})
    assert config.groups["application-45"] == ("443", "8000-8100")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"groups": {"Branchs": "10.0.0.1"}}, "no rule uses group 'Branchs': did you mean \"Branches\"?"),
        ({"groups": {"Branches": "10.0.0.300"}}, "'10.0.0.300' is not an IPv4 address"),
        ({"groups": {"Branches": "Other"}}, "'Other' is not an address"),
        ({"interfaces": {"ext-dmo": "outside"}}, 'did you mean "ext-demo"?'),
        ({"interfaces": {"ext-demo": "left"}}, "'left' is no side: outside, inside or any"),
        ({"default": "pass"}, "'pass' is no action"),
    ],
)
def test_what_the_user_adds_is_checked(options: dict[str, object], said: str) -> None:
    with pytest.raises(ScenarioErrors) as refused:
        read("vcd-services.xml", **options)
    assert said in str(refused.value)
    assert "command line" in str(refused.value)


def test_the_side_of_an_interface_comes_from_the_gateway_s_own_interfaces() -> None:
    config = read("vcd-gateway.xml")
    assert {line.side for line in config.nat or []} == {"outside"}
    assert config.addresses[0] == "198.51.100.10"
    assert config.networks == ["192.168.0.0/24 (gateway 192.168.0.1)"]
    assert not config.notes


def test_the_only_interface_is_taken_as_the_outside_and_said_so() -> None:
    config = read("nsxv-nat.xml")
    assert {line.side for line in config.nat or []} == {"outside"}
    assert any("taken as the outside [I]" in note.text for note in config.of(Kind.INFERRED))


def test_one_of_several_interfaces_is_unknown_until_it_is_said() -> None:
    unsaid, said = (
        read("vcd-services.xml", interfaces=sides)
        for sides in ({}, {"ext-demo": "outside", "org-net": "inside"})
    )
    assert (unsaid.nat or [])[0].source == ("packets on ext-demo",)
    assert (said.nat or [])[0].source == ("any",)
    assert [line.side for line in said.nat or []].count("inside") == 1
    assert not any("applied on" in note.text for note in said.notes)


def test_a_pool_and_shifted_ports_stay_unknown_translations() -> None:
    unknown = {line.id for line in read("vcd-services.xml").nat or [] if line.translated == "unknown"}
    assert unknown == {65542, 65543, 65546}


def test_a_range_of_ports_that_is_kept_is_no_translation_of_ports() -> None:
    shop = next(line for line in read("vcd-services.xml").nat or [] if line.id == 65541)
    assert (shop.original, shop.translated) == ("203.0.113.20:5000-5050", "192.168.40.5")


def test_rules_of_the_system_are_kept_in_their_place() -> None:
    first = (read("nsxv-firewall.xml").rules or [])[0]
    assert (first.id, first.comment) == (131074, "made by the system (internal_high)")
    assert first.source == ("vse as source",)


def test_a_negated_end_is_negated() -> None:
    assert rule(read("nsxv-firewall.xml"), 131091)["source_negated"] is True


def test_a_condition_on_the_peer_of_a_translation_is_kept() -> None:
    config = read("nsxv-nat.xml")
    assert (config.nat or [])[0].source == ("198.51.100.0/24",)
    assert "applies to some ports only" in str(config.of(Kind.UNKNOWN))


def test_firewall_and_nat_of_several_files_make_one_edge() -> None:
    config = read("nsxv-firewall.xml", "nsxv-nat.xml")
    assert config.rules
    assert config.nat
    assert not any("holds no" in note.text for note in config.notes)


def test_two_firewalls_are_refused() -> None:
    with pytest.raises(ScenarioErrors, match="is the second firewall of this edge"):
        read("nsxv-firewall.xml", "nsxv-edge.xml")


def test_a_service_that_is_off_is_off() -> None:
    config = read("vcd-off.xml")
    assert not config.firewall_enabled
    assert not config.nat_enabled
    assert as_json(config)["nat"][0]["enabled"] is False
    assert any("NAT does not work without it" in note.text for note in config.of(Kind.INFERRED))


def test_a_default_that_nobody_gave_is_unknown_and_can_be_given() -> None:
    assert "default action, not said" in fragment(read("nothing-said.csv"))
    given = read("nothing-said.csv", default="drop")
    assert given.default == "drop"
    assert "not said" not in fragment(given)


def test_a_csv_is_read_whatever_its_separator_and_encoding() -> None:
    rules, nat = read("rules.csv"), read("nat.csv")
    assert (rules.rules or [])[0].name == "Büro nach außen"
    assert [line.original for line in nat.nat or []][:2] == ["198.51.100.10:443", "198.51.100.10:44045"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [b";", b",", b"\t"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_every_common_form_of_csv_gives_the_same_rules(
    tmp_path: Path, mark: bytes, separator: bytes, ending: bytes
) -> None:
    rows = [[b"id", b"action", b"source", b"destination", b"protocol", b"ports"]]
    rows += [[b"1", b"allow", b"any", b"198.51.100.10", b"tcp", b'"443;8043"'], [b"default", b"drop"]]
    path = tmp_path / "r.csv"
    path.write_bytes(mark + ending.join(separator.join(row) for row in rows) + ending)
    config = import_edge([path], "EDGE")
    assert [replace(r, place=None) for r in config.rules or []] == [  # type: ignore[arg-type]
        replace((config.rules or [])[0], place=None, ports=("443", "8043"))  # type: ignore[arg-type]
    ]
    assert config.default == "drop"


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(ScenarioErrors, match=r"nowhere\.xml:1:1: file: there is no such file"):
        import_edge([Path("nowhere.xml"), Path("exports/nat.csv")], "EDGE")


def test_every_mistake_of_every_file_is_told_at_once() -> None:
    with pytest.raises(ScenarioErrors) as refused:
        import_edge([Path("malformed/vcd-values.xml"), Path("malformed/values.csv")], "EDGE")
    files = {problem.place.file for problem in refused.value.problems}
    assert files == {"malformed/vcd-values.xml", "malformed/values.csv"}


def test_no_entity_is_ever_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    export = tmp_path / "e.xml"
    export.write_text(
        f'<!DOCTYPE firewall SYSTEM "{secret.as_uri()}"><firewall><enabled>true</enabled></firewall>'
    )
    with pytest.raises(ScenarioErrors) as refused:
        import_edge([export], "EDGE")
    assert "document type" in str(refused.value)
    assert "the secret" not in str(refused.value)


def test_a_utf_16_export_with_a_document_type_is_refused_too(tmp_path: Path) -> None:
    export = tmp_path / "e.xml"
    export.write_bytes(
        '<!DOCTYPE a [<!ENTITY b "c">]><firewall><enabled>&b;</enabled></firewall>'.encode("utf-16")
    )
    with pytest.raises(ScenarioErrors, match="document type"):
        import_edge([export], "EDGE")


@given(
    st.sampled_from(EXPORTS),
    st.integers(0, 10_000),
    st.integers(0, 40),
    st.binary(max_size=12),
    st.booleans(),
)
@settings(derandomize=True, max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_an_export_holds_is_read_or_refused(
    tmp_path: Path, name: str, at: int, cut: int, put: bytes, text_only: bool
) -> None:
    raw = (GOLDEN / "exports" / name).read_bytes()
    at %= len(raw)
    put = put.hex().encode() if text_only else put
    path = tmp_path / "export"
    path.write_bytes(raw[:at] + put + raw[at + cut :])
    refused: tuple[Problem, ...] = ()
    config = EdgeConfig("EDGE")
    try:
        config = import_edge([path], "EDGE")
    except ScenarioErrors as errors:
        refused = errors.problems
    assert all(problem.place.line >= 1 and problem.wrong and problem.right for problem in refused)
    problems = Problems()
    assert parse(fragment(config), "out.yaml", problems) is not None, problems.found
    assert list(lines(config))


def test_five_hundred_rules_are_all_read_reported_and_written(tmp_path: Path) -> None:
    rule = (
        "<firewallRule><id>{n}</id><name>r{n}</name><action>accept</action><source><ipAddress>10.0.{n256}.0/24"
        "</ipAddress></source><application><service><protocol>tcp</protocol><port>{n}</port></service>"
        "</application></firewallRule>"
    )
    rules = "\n".join(rule.format(n=n, n256=n % 256) for n in range(1, 501))
    export = tmp_path / "e.xml"
    export.write_text(
        "<firewall><enabled>true</enabled><defaultPolicy><action>deny</action></defaultPolicy>"
        f"<firewallRules>{rules}</firewallRules></firewall>"
    )
    config = import_edge([export], "EDGE")
    assert len(config.rules or []) == 500
    assert sum("r499" in line for line in lines(config)) == 1
    assert fragment(config).count("- {id:") == 500


def test_what_is_written_is_yaml_and_says_the_same() -> None:
    for name in EXPORTS:
        config = read(name)
        problems = Problems()
        tree = parse(fragment(config), "out.yaml", problems)
        assert tree is not None, problems.found
        assert not problems.found
        edge = tree["sites"]["SITE"]["edge"]
        if config.rules is not None:
            kept = [r.id for r in config.rules if not r.matches_nothing]
            written = [r["id"] for r in edge["firewall"]["rules"]]
            assert written[: len(kept)] == kept
        if config.nat is not None:
            assert [line["id"] for line in edge["nat"]] == [line.id for line in config.nat]
