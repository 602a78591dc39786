"""Loading the shipped library: every value arrives, with its type, its unit and its place."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxsim.sim.scenario import Scenario, ScenarioErrors, discover, load, load_environment
from cxsim.sim.scenario import steps as steps_of_the_format
from cxsim.sim.scenario.addresses import NatEnd, Ports
from cxsim.sim.scenario.hosts import Connector, ReplicationManager, Replicator, Vcd, VCenter
from cxsim.sim.scenario.steps import AddCloud, Cutover, EditCloud, Migrate, RunFor, RunUntil, Wait
from cxsim.sim.scenario.writes import ConstantRate, PeriodicRewrite, WorkingSet

LIBRARY = Path("scenarios")
ENVIRONMENT = "scenarios/environments/tyrell-mycloud.yaml"


def one(name: str) -> Scenario:
    (scenario,) = load(LIBRARY / f"{name}.yaml")
    return scenario


def test_the_whole_library_loads() -> None:
    names = [scenario.name for scenario in discover([LIBRARY])]
    assert names == [path.stem for path in sorted(LIBRARY.glob("*.yaml"))], (
        "a directory's files, in order of name, without environments/"
    )
    assert {"warm-migration", "enable-failed-firewall", "enable-failed-nat"} <= set(names)


def test_the_environment_arrives_as_written() -> None:
    scenario = one("warm-migration")
    assert scenario.cx_version == "1.1"
    assert scenario.seed == 2019
    assert scenario.start_s == 1509958800
    tyrell = scenario.sites["tyrell"]
    assert (tyrell.name, tyrell.party, tyrell.network.cidr) == ("tyrell", "tenant", "192.168.0.0/24")
    assert (tyrell.wan.up_bps, tyrell.wan.down_bps, tyrell.wan.rtt_s) == (100e6, 100e6, 0.02)
    assert tyrell.edge.addresses == ("198.51.100.10",)
    assert tyrell.dns.records["chc.mycloud.local"] == ("203.0.113.41",)
    assert scenario.edge("CHC-ESG").type == "nsx-v"
    assert scenario.link("mycloud-wan").up_bps == 1e9


def test_rules_arrive_in_order_with_ports_and_translations() -> None:
    edge = one("warm-migration").edge("TYR-ESG")
    assert [rule.id for rule in edge.firewall.rules] == [1, 2, 3]
    assert edge.firewall.rules[0].ports == (Ports(443, 443), Ports(8044, 8044), Ports(44045, 44045))
    assert edge.firewall.rules[1].source == ("203.0.113.0/24",)
    assert edge.nat[0].original == NatEnd("198.51.100.10", 443)
    assert edge.nat[0].translated == NatEnd("192.168.0.34", 8043)
    assert str(edge.nat[2].original) == "192.168.0.0/24"


def test_hosts_are_of_the_model_of_their_role() -> None:
    scenario = one("warm-migration")
    hosts = scenario.hosts
    assert isinstance(scenario.connector, Connector)
    assert scenario.connector.name == "tyrell-vcde01"
    vcenter, manager, replicator, vcd = (
        hosts["tyrell-vc01"],
        hosts["chc-ccm01"],
        hosts["chc-cce01"],
        hosts["chc-vcd01"],
    )
    assert isinstance(vcenter, VCenter)
    assert vcenter.datastores == {"tyrell-ds01": 2 * 2**40}
    assert vcenter.password == "vmware"
    assert isinstance(manager, ReplicationManager)
    assert manager.public_endpoint == "203.0.113.32:8044"
    assert isinstance(replicator, Replicator)
    assert replicator.replication_manager == "chc-ccm01"
    assert isinstance(vcd, Vcd)
    vdc = vcd.orgs["Tyrell"].vdcs["CHC Tyrell PAYG"]
    assert vdc.cpu.limit_mhz is None
    assert vdc.storage_profiles["CHC Performance"].limit_bytes == 200 * 2**30
    assert [host.name for host in scenario.hosts_of("esxi")] == ["tyrell-esx01", "chc-esx01"]


def test_vms_arrive_with_disks_and_workloads() -> None:
    roy = one("warm-migration").vms["roy"]
    assert (roy.name, roy.esxi, roy.address, roy.power) == ("roy", "tyrell-esx01", "192.168.0.102", "on")
    (disk,) = roy.disks
    assert 0 < disk.allocated_bytes < disk.size_bytes
    assert isinstance(disk.workload, ConstantRate)
    assert disk.workload.rate_bytes_per_s > 0


WRITTEN = """\
schema: 1
title: Everything that can be done
extends: environments/tyrell-mycloud.yaml
seed: 7
vms:
  roy: {disks: [{size: 80 GiB, used: 30 GiB, workload: {rate: 1.6 MB/s}}]}
faults:
  - name: the link degrades
    bandwidth: {link: tyrell-wan, up: 20 Mbit/s}
    from: 8 h
    until: 12 h
  - {name: dies, host_down: {host: chc-ccm01}, when: {status: Syncing, percent: 40}, for: 10 min}
  - {name: refuses, service_down: {host: chc-ccm01, port: 8044}, when: {call: POST /replications, nth: 2}}
  - {name: by id, nat_rule_missing: {edge: TYR-ESG, rule: 101}, when: {vm: roy, status: Cutting over}}
steps:
  - test_cloud: {cloud: MyCloud-CHC}
  - add_cloud: {cloud: MyCloud-CHC, trust: no}
  - edit_cloud: {cloud: MyCloud-CHC, user: somebody}
  - wait: {cloud: MyCloud-CHC, status: Running, at_most: 5 min}
  - migrate: {job: Move, type: Warm, vms: [roy], cloud: MyCloud-CHC, vdc: CHC Tyrell PAYG, rpo: 15 min,
              storage_profile: CHC Performance, network: Tyrell Servers,
              start: 3 h, layout: group, vapp_name: W}
  - pause: {vms: roy}
  - resume: {vms: roy}
  - cutover: {vms: roy, tag: wave-1}
  - cancel: {vms: roy}
  - delete_cloud: {cloud: MyCloud-CHC}
  - run_for: 2 h
  - run_until: 16 h
expect:
  - at_end: {vcd: Tyrell, vapp: W}
expect_fail: {issue: 12}
"""


@pytest.fixture
def everything(tmp_path: Path) -> Scenario:
    path = tmp_path / "everything.yaml"
    path.write_text(WRITTEN)
    (scenario,) = load(path)
    return scenario


def test_a_scenario_changes_what_it_extends(everything: Scenario) -> None:
    roy = everything.vms["roy"]
    assert isinstance(roy.disks[0].workload, ConstantRate)
    assert roy.disks[0].workload.rate_bytes_per_s == 1.6e6
    assert roy.cpus == 4
    assert roy.place.file == ENVIRONMENT
    assert (Path(roy.disks[0].place.file).name, roy.disks[0].place.line) == ("everything.yaml", 6)


def test_steps_arrive_as_models_in_order(everything: Scenario) -> None:
    steps = {step.kind: step.step for step in everything.steps}
    first, then = "test_cloud add_cloud edit_cloud wait migrate pause resume", "cutover cancel delete_cloud"
    assert list(steps) == [*first.split(), *then.split(), "run_for", "run_until"]
    test, add, edit, wait = (steps[kind] for kind in ("test_cloud", "add_cloud", "edit_cloud", "wait"))
    assert isinstance(test, steps_of_the_format.TestCloud)
    assert test.trust is True
    assert isinstance(add, AddCloud)
    assert add.trust is False
    assert isinstance(edit, EditCloud)
    assert (edit.user, edit.url) == ("somebody", None)
    assert isinstance(wait, Wait)
    assert wait.at_most_s == 300
    migrate, cutover, run_for, until = (
        steps[kind] for kind in ("migrate", "cutover", "run_for", "run_until")
    )
    assert isinstance(migrate, Migrate)
    assert (migrate.vms, migrate.rpo_s, migrate.start, migrate.vapp_name) == (("roy",), 900.0, 10800.0, "W")
    assert isinstance(cutover, Cutover)
    assert (cutover.vms, cutover.power_on, cutover.confirm, cutover.tag) == (("roy",), True, True, "wave-1")
    assert isinstance(run_for, RunFor)
    assert run_for.duration_s == 7200
    assert isinstance(until, RunUntil)
    assert until.at_s == 16 * 3600


def test_faults_arrive_with_their_times(everything: Scenario) -> None:
    link, dies, refuses, by_id = everything.faults
    assert (link.name, link.kind, link.from_s, link.until_s) == (
        "the link degrades",
        "bandwidth",
        28800,
        43200,
    )
    assert link.bandwidth is not None
    assert (link.bandwidth.up_bps, link.bandwidth.down_bps) == (20e6, None)
    assert link.fault is link.bandwidth
    assert dies.lasts_s == 600
    assert dies.when is not None
    assert dies.when.text() == "any VM is Syncing at 40 % or more"
    assert refuses.when is not None
    assert refuses.when.text() == "call number 2 of POST /replications"
    assert by_id.when is not None
    assert by_id.when.text() == "VM roy is Cutting over"
    assert by_id.nat_rule_missing is not None
    assert by_id.nat_rule_missing.rule == "101"


def test_a_known_failure_names_its_issue(everything: Scenario) -> None:
    assert everything.expect_fail is not None
    assert everything.expect_fail.issue == "12"


SCENARIO = "scenarios/enable-failed-firewall.yaml"


def line_of(file: str, text: str) -> str:
    """`file:line` of the only line that has this text."""
    (number,) = (n for n, line in enumerate(Path(file).read_text().splitlines(), 1) if text in line)
    return f"{file}:{number}"


@pytest.mark.parametrize(
    ("what", "file", "text"),
    [
        (lambda s: s, SCENARIO, "schema: 1"),
        (lambda s: s.faults[0], SCENARIO, "- name: provider edge drops 8044"),
        (lambda s: s.faults[0].fault, SCENARIO, "firewall_rule:"),
        (lambda s: s.faults[0].fault.rule, SCENARIO, "rule: {id: 99"),
        (lambda s: s.steps[1], SCENARIO, "- add_cloud:"),
        (lambda s: s.expect[0], SCENARIO, "- eventually:"),
        (lambda s: s.expect[2].operator, SCENARIO, "- never:"),
        (lambda s: s.without_faults[0], SCENARIO, "- at_end: {cloud: MyCloud-CHC, status: Running}"),
        (lambda s: s.edge("CHC-ESG").firewall.rules[3], ENVIRONMENT, "id: 4, name: Replication Manager"),
        (lambda s: s.edge("TYR-ESG").nat[0], ENVIRONMENT, "id: 101,"),
        (lambda s: s.hosts["chc-ccm01"], ENVIRONMENT, "chc-ccm01: {"),
        (lambda s: s.hosts["chc-cce01"], ENVIRONMENT, "  chc-cce01:"),
        (lambda s: s.vms["deckard"], ENVIRONMENT, "deckard: {"),
        (lambda s: s.provider_clouds["MyCloud-CHC"], ENVIRONMENT, "MyCloud-CHC:"),
    ],
)
def test_what_explanations_quote_knows_its_place(
    what: Callable[[Scenario], Any], file: str, text: str
) -> None:
    assert str(what(one("enable-failed-firewall")).place) == line_of(file, text)


def test_single_values_know_their_places_too() -> None:
    scenario = one("enable-failed-public-url")
    endpoint = scenario.hosts["chc-ccm01"].place_of("public_endpoint")
    assert str(endpoint) == line_of(ENVIRONMENT, "chc-ccm01: {")
    dns = scenario.sites["tyrell"].dns
    assert str(dns.place_of("records", "vcde.mycloud.local")) == line_of(
        ENVIRONMENT, "vcde.mycloud.local: 203"
    )
    assert dns.place_of("records", "no.such.name") == dns.place


def test_a_rule_and_an_expectation_know_how_they_were_written() -> None:
    scenario = one("enable-failed-firewall")
    assert scenario.faults[0].fault.rule.written == (  # type: ignore[union-attr]
        "{id: 99, name: hardening, action: drop, source: any, destination: any, protocol: tcp, ports: [8044]}"
    )
    assert scenario.expect[1].text == "at_end: {cloud: MyCloud-CHC, status: Enable Failed}"
    assert scenario.steps[0].text == "test_cloud: {cloud: MyCloud-CHC}"


def test_names_in_rules_stand_for_addresses(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "schema: 1\ntitle: Names\nextends: environments/tyrell-mycloud.yaml\n"
        "faults:\n  - {name: f, firewall_rule: {edge: TYR-ESG, rule: {id: 9, name: n, action: drop,\n"
        "     source: [tyrell-cce01, deckard, 192.168.0.7-192.168.0.9],\n"
        "     destination: 203.0.113.0/24, ports: any}}}\n"
        "  - {name: d, dns_record: {site: tyrell, record: chc.mycloud.local, answer: chc-vcd01}}\n"
        "  - {name: e, dns_record: {site: tyrell, record: x.local, answer: none}}\n"
        "steps: [{run_for: 1 h}]\nexpect: [{at_end: {home: {error: 0}}}]\n"
    )
    (scenario,) = load(path)
    first, second, third = (fault.fault for fault in scenario.faults)
    assert first.rule.source == ("192.168.0.34", "192.168.0.100", "192.168.0.7-192.168.0.9")  # type: ignore[union-attr]
    assert first.rule.ports == ()  # type: ignore[union-attr]
    assert second.answer == "10.3.0.41"  # type: ignore[union-attr]
    assert third.answer == "none"  # type: ignore[union-attr]


def test_all_shapes_of_workloads_load(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "schema: 1\ntitle: Workloads\nextends: environments/tyrell-mycloud.yaml\n"
        "vms:\n  roy:\n    disks:\n      - {size: 1 GiB}\n"
        "      - {size: 40 GiB, workload: {rate: 5 MB/s, working_set: 10 GiB}}\n"
        "      - {size: 40 GiB, workload: {block: 1 MB, every: 1 h}}\n"
    )
    nothing, working_set, rewrite = (disk.workload for disk in load_environment(path).vms["roy"].disks)
    assert isinstance(nothing, ConstantRate)
    assert nothing.rate_bytes_per_s == 0
    assert isinstance(working_set, WorkingSet)
    assert working_set.working_set_bytes == 10 * 2**30
    assert isinstance(rewrite, PeriodicRewrite)
    assert (rewrite.block_bytes, rewrite.every_s) == (10**6, 3600)


def test_the_seed_can_be_replaced() -> None:
    (scenario,) = load(LIBRARY / "warm-migration.yaml", seed=7)
    assert scenario.seed == 7
    assert scenario.name == "warm-migration"


def test_tags_choose() -> None:
    assert {s.name for s in discover([LIBRARY], tags=["rpo", "nat"])} == {
        "rpo-bandwidth",
        "rpo-few-at-once",
        "rpo-office-hours",
        "enable-failed-nat",
    }
    assert discover([LIBRARY], tags=["no-such-tag"]) == []


def test_the_same_file_twice_is_one_scenario() -> None:
    path = LIBRARY / "warm-migration.yaml"
    assert (
        len(discover([path, path, Path("scenarios/../scenarios/warm-migration.yaml"), path.resolve()])) == 1
    )


def test_files_with_the_same_name_in_two_directories_keep_names_of_their_own(tmp_path: Path) -> None:
    text = (LIBRARY / "warm-migration.yaml").read_text()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "warm.yaml").write_text(text)
    assert [s.name for s in discover([tmp_path / "a", tmp_path / "b"])] == ["a-warm", "b-warm"]


@pytest.mark.parametrize("name", ["a\0b.yaml", "x" * 5000, "loop.yaml"])
def test_a_path_that_no_system_can_open_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    with pytest.raises(ScenarioErrors):
        discover([tmp_path / name])
    with pytest.raises(ScenarioErrors):
        load(tmp_path / name)


def test_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("schema: 3\n")
    (tmp_path / "b.yaml").write_text("schema: 4\n")
    with pytest.raises(ScenarioErrors) as refused:
        discover([tmp_path, tmp_path / "no-such.yaml"])
    assert [Path(problem.place.file).name for problem in refused.value.problems] == [
        "a.yaml",
        "b.yaml",
        "no-such.yaml",
    ]


def test_a_mistake_in_a_shared_environment_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    text = Path(ENVIRONMENT).read_text().replace("100, cpus: 2", "100, cpus: two")
    (tmp_path / "environments" / "tyrell-mycloud.yaml").write_text(text)
    for name in ("warm-migration", "zero-percent-error"):
        (tmp_path / f"{name}.yaml").write_text((LIBRARY / f"{name}.yaml").read_text())
    with pytest.raises(ScenarioErrors) as refused:
        discover([tmp_path])
    assert [problem.path for problem in refused.value.problems] == ["vms.deckard.cpus"]


def test_an_environment_loads_alone() -> None:
    environment = load_environment(ENVIRONMENT)
    assert set(environment.vms) == {"deckard", "rachael", "roy"}
    assert not hasattr(environment, "steps")


def test_a_scenario_goes_to_another_process_and_back() -> None:
    scenario = one("rpo-bandwidth")
    copy = pickle.loads(pickle.dumps(scenario))
    assert copy.name == "rpo-bandwidth"
    assert copy.vms["roy"].name == "roy"
    assert copy.faults[0].place == scenario.faults[0].place
    assert copy.faults[0].written == scenario.faults[0].written


def test_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        one("warm-migration").seed = 3  # type: ignore[misc]
