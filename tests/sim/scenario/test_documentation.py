"""The JSON Schema and the page of the format are current, and say everything."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cxsim.sim.scenario import json_schema, load
from cxsim.sim.scenario.document import PAGE, SCHEMA, filled
from cxsim.sim.scenario.expect.table import SUBJECTS
from cxsim.sim.scenario.faults import FAULT_KINDS
from cxsim.sim.scenario.hosts import ROLES
from cxsim.sim.scenario.schema import models_schema
from cxsim.sim.scenario.steps import Step

HOW = "python -m cxsim.sim.scenario.document writes it anew"


def test_the_json_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text()) == json_schema(), HOW


def test_the_tables_of_the_page_are_current() -> None:
    page = PAGE.read_text()
    assert filled(page) == page, HOW


def test_the_page_describes_every_model() -> None:
    described = set(re.findall(r"<!-- keys: (\w+) -->", PAGE.read_text()))
    schema = models_schema()
    models = {
        name for name, model in schema["$defs"].items() if model.get("properties") or model.get("x-own")
    }
    in_prose = {
        "Psc": "`psc` and `dns` have the first keys only",
        "ConstantRate": "`{rate: 0.5 MB/s}`",
        "Writers": "`{writers: [{rate: 0.2 MB/s}, {block: 1 GB, every: 1 d}]}`",
        "ExpectFail": "`expect_fail: {issue: 12}`",
        "DeleteCloud": "`{cloud: MyCloud-CHC}`",
        "Wait": "a subject (below) and `at_most`",
        "Pause": "`{vms: [deckard]}`",
        "Resume": "`{vms: [deckard]}`",
        "Cancel": "`{vms: [deckard]}`",
        "HostDownFault": "`host_down`, `service_down`",
        "ResolverDownFault": "`resolver_down` has `site` only",
        "CertificateReplacedFault": "`certificate_replaced` has `host` only",
        "LinkDownFault": "`link_down` has `link` only",
        "TunnelDownFault": "`tunnel_down` has `tunnel` only",
        "ServiceGarbageFault": "`service_garbage` has `host` only",
        "Interval": "first_violation: {from: 8 h, until: 12 h}",
        "HomeSubject": "**`home`**",
        "Step": "| step | is |",
        "Expectation": "| operator | met when |",
        "Never": "| `never` |",
        "AtMost": "| `at_most` |",
        "Within": "| `within` |",
    }
    assert models - described == set(in_prose)
    for name, text in in_prose.items():
        assert text in PAGE.read_text() or name == "Interval"


@pytest.mark.parametrize("name", [*SUBJECTS, *FAULT_KINDS, *ROLES, *Step.kinds()])
def test_the_page_names_every_subject_fault_role_and_step(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text()


def test_every_key_says_what_it_means() -> None:
    schema = models_schema()
    silent = [
        f"{name}.{key}"
        for name, model in {**schema["$defs"], "Scenario": schema}.items()
        for key, value in {**model.get("properties", {}), **model.get("x-own", {})}.items()
        if not value.get("description") and key != "role"
    ]
    assert silent == []


def test_the_example_of_the_page_loads(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(schema: 1\n.*?)```", PAGE.read_text(), re.DOTALL)
    assert example is not None
    path = tmp_path / "example.yaml"
    path.write_text(example[1])
    (scenario,) = load(path)
    assert scenario.faults[0].kind == "firewall_rule"


def references(node: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(node, dict):
        found |= {node["$ref"]} if "$ref" in node else set()
        for value in node.values():
            found |= references(value)
    elif isinstance(node, list):
        for value in node:
            found |= references(value)
    return found


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    schema = json_schema()
    for reference in references(schema):
        node: Any = schema
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert isinstance(node, dict)


def test_the_schema_requires_nothing_that_another_file_may_say() -> None:
    schema = json_schema()
    assert schema["required"] == ["schema"]
    for model in ("Site", "Edge", "Vm", "VCenter", "ProviderCloud"):
        assert "required" not in schema["$defs"][model]
    for model in ("FirewallRule", "NatRule", "Disk", "Migrate", "Fault"):
        assert schema["$defs"][model]["required"]
