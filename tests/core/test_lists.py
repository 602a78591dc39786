"""What the appliance shows besides the rows: jobs, the inventory tree, what a cloud offers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_world import FORM, PAYG, WARM, VirtualRuntime
from cx_provider import CxProvider

from cxsim.core.appliance import Appliance, Job
from cxsim.core.errors import Conflict, NotFound


def test_the_jobs_list_counts_statuses(running: Appliance, runtime: VirtualRuntime, cx: CxProvider) -> None:
    running.migrate(replace(WARM, vms=("deckard", "rachael")))
    running.migrate(replace(WARM, job="Cold one", type="Cold", vms=("zhora",)))
    cx.report("deckard", "CUTOVER_READY")
    runtime.sleep(31)
    first, second = running.jobs()
    assert (first.name, first.type, first.cloud, first.vms) == (
        "Move deckard",
        "Warm",
        "MyCloud-CHC",
        ("deckard", "rachael"),
    )
    assert sum(count for _, count in first.statuses) == 2
    assert ("Cutover ready", 1) in first.statuses
    assert isinstance(second, Job)
    assert (second.type, second.vms) == ("Cold", ("zhora",))


def test_the_wizard_shows_the_inventory_and_what_a_cloud_offers(running: Appliance) -> None:
    assert running.inventory().kind == "Folder"
    assert running.targets("MyCloud-CHC") == [PAYG]
    with pytest.raises(NotFound):
        running.targets("Other")


def test_a_cloud_with_migrations_under_way_may_change_its_account_and_not_its_place(
    running: Appliance, runtime: VirtualRuntime
) -> None:
    running.migrate(WARM)
    elsewhere = replace(FORM, cx_url="https://other.example:443")
    with pytest.raises(Conflict, match="migrations to it are under way: deckard"):
        running.edit_cloud("MyCloud-CHC", elsewhere, lambda shown: True)
    assert running.cloud("MyCloud-CHC").status == "Running", "nothing changed"
    assert running.edit_cloud("MyCloud-CHC", FORM, lambda shown: True) is not None
    runtime.sleep(60)
    assert running.cloud("MyCloud-CHC").status == "Running"
