"""The two scenarios that go with an environment: test and enable; a whole warm migration.

Rules of this file: texts only. They say how it ends when all is right; an environment with a mistake in it,
or with unknown rules, does not end so, and `cxsim explain` says why.
"""

from __future__ import annotations

from cxsim.sim.intake.facts import Facts
from cxsim.sim.intake.page import Page
from cxsim.sim.scenario.quantities import BANDWIDTH, BYTE_RATE, SIZE, parse

HOUR_S = 3600
LEAST_WAIT_H = 2
MARGIN = 2
"""An initial sync may take this many times what the line alone would need."""


def enable_page(facts: Facts, file: str, environment: str) -> Page:
    """Test, Add, and wait for Running."""
    page = _head(facts, file, environment, "test and enable the provider cloud", "enable")
    cloud = facts.cloud["name"]
    page.text("steps:")
    _enable(page, cloud)
    page.blank()
    page.text("expect:")
    page.item({"eventually": {"message": "Connected successfully!"}}, 1)
    page.item({"at_end": {"cloud": cloud, "status": "Running"}}, 1)
    return page


def migration_page(facts: Facts, file: str, environment: str) -> Page:
    """Enable, migrate the first VM warm, cut over."""
    vm, _ = facts.vms[0]
    page = _head(facts, file, environment, f"warm migration of {vm.name}", "warm")
    cloud, target = facts.cloud["name"], facts.target
    page.text("steps:")
    _enable(page, cloud)
    page.text("- migrate:", 1)
    for name, value in {
        "job": f"Move {vm.name}",
        "type": "Warm",
        "vms": [vm.name],
        "cloud": cloud,
        "vdc": target["vdc"],
        "storage_profile": target["storage_profile"],
        "network": target["network"],
        "layout": "individual",
        "start": "immediately",
        "rpo": "15 min",
        "disk_type": "Thin",
    }.items():
        page.value(name, value, 3, facts.places.get(f"target.{name}"))
    wait = f"{sync_hours(facts)} h"
    page.item({"wait": {"vm": vm.name, "status": ["Cutover ready", "Error"], "at_most": wait}}, 1)
    page.item({"run_for": "2 h"}, 1)
    page.item({"cutover": {"vms": [vm.name], "power_on": True, "confirm": True}}, 1)
    page.item({"wait": {"vm": vm.name, "status": ["Completed", "Error"], "at_most": "2 h"}}, 1)
    page.blank()
    page.text("expect:")
    page.item({"at_end": {"cloud": cloud, "status": "Running"}}, 1)
    statuses = ["Created", "Syncing", "Cutover ready", "Cutting over", "Completed"]
    page.item({"in_order": {"vm": vm.name, "statuses": statuses}}, 1)
    vcenter = facts.tenant.machines["vcenter"].name
    page.item({"at_end": {"vcenter": vcenter, "vm": vm.name, "power": "off"}}, 1)
    where = {"vcd": target["org"], "vdc": target["vdc"], "vapp": vm.name, "vm": vm.name, "power": "on"}
    page.item({"at_end": where}, 1)
    page.item({"at_end": {"home": {"completed": 1, "error": 0, "transition": 0}}}, 1)
    return page


def _head(facts: Facts, file: str, environment: str, what: str, tag: str) -> Page:
    page = Page(file)
    page.say(f"{facts.tenant.name} to {facts.provider.name}: {what}. Made by cxsim new; the expectations say")
    page.say("how it ends when all is right.")
    for unknown in facts.unknown:
        page.say(f"NOT KNOWN: the {unknown}; where they matter, the run shows silence and nothing is proved.")
    page.text("schema: 1")
    page.value("title", f"{facts.tenant.name} to {facts.provider.name}: {what}", 0)
    page.value("extends", environment, 0)
    page.value("tags", [tag], 0)
    page.text("seed: 1")
    page.blank()
    return page


def _enable(page: Page, cloud: str) -> None:
    page.item({"test_cloud": {"cloud": cloud}}, 1)
    page.item({"add_cloud": {"cloud": cloud, "trust": True}}, 1)
    page.item({"wait": {"cloud": cloud, "status": ["Running", "Enable Failed"], "at_most": "30 min"}}, 1)


def sync_hours(facts: Facts) -> int:
    """Hours to wait for the initial sync: what the line needs, with a margin."""
    vm, _ = facts.vms[0]
    line_bps = float(min(parse(facts.tenant.up, BANDWIDTH), parse(facts.provider.down, BANDWIDTH)))
    written_bps = 8 * float(parse(vm.writes, BYTE_RATE))
    left_bps = max(line_bps - written_bps, line_bps / 10)
    needed_s = 8 * float(parse(vm.used or vm.disk, SIZE)) / left_bps
    return LEAST_WAIT_H + int(MARGIN * needed_s / HOUR_S) + 1
