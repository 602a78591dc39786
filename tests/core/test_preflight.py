"""What does not fit is refused with one clear message, and nothing is begun."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_world import (
    FORM,
    WARM,
    FakeVcd,
    FakeVcenter,
    VirtualRuntime,
    told,
)
from cx_provider import CxProvider

from cxsim.core.appliance import Appliance
from cxsim.core.errors import Conflict, ConnectionTrouble, InputError, NotFound

REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"vms": ("dekard",)},
        "Source VMs",
        "there is no VM 'dekard' in vCenter",
        "the VM's name; nearest: deckard",
    ),
    (
        {"vms": ("deckard", "zhora")},
        "Source VMs",
        "Warm migration needs all VMs powered on; not powered on: zhora",
        "their power state, or choose Cold migration",
    ),
    (
        {"vms": ("deckard", "roy", "zhora"), "type": "Cold", "rpo_s": None},
        "Source VMs",
        "Cold migration needs all VMs powered off; not powered off: deckard, roy",
        "their power state, or choose Warm migration",
    ),
    (
        {"vdc": "CHC Tyrell PAY"},
        "vDC",
        "there is no vDC 'CHC Tyrell PAY'",
        "the vDC's name; nearest: CHC Tyrell PAYG",
    ),
    (
        {"storage_profile": "Gold"},
        "Storage Profile",
        "there is no Storage Profile 'Gold'",
        "the Storage Profile's name; there are: CHC Performance",
    ),
    (
        {"network": "Tyrell Server"},
        "Network",
        "there is no Network 'Tyrell Server'",
        "the Network's name; nearest: Tyrell Servers",
    ),
    (
        {"rpo_s": 60},
        "Target RPO",
        "1 minutes is not possible",
        "that it is a whole number of minutes from 5 to 1440",
    ),
]


@pytest.mark.parametrize(("change", "where", "answer", "check"), REFUSED)
def test_what_does_not_fit_is_refused_and_nothing_is_begun(
    running: Appliance,
    runtime: VirtualRuntime,
    cx: CxProvider,
    change: Any,
    where: str,
    answer: str,
    check: str,
) -> None:
    with pytest.raises(InputError) as caught:
        running.migrate(replace(WARM, **change))
    assert caught.value.fields() == {
        "attempted": "start job 'Move deckard'",
        "where": where,
        "answer": answer,
        "check": check,
    }
    assert told(runtime)["answer"] == answer
    assert running.workloads() == []
    assert cx.called("POST /tenant/migrations") == 0


def test_too_little_space_names_the_profile_and_both_figures(
    running: Appliance, vcd: FakeVcd, cx: CxProvider
) -> None:
    profile = replace(vcd.offered[0].profiles[0], limit_bytes=200 * 1024**3, used_bytes=100 * 1024**3)
    vcd.offered = [replace(vcd.offered[0], profiles=(profile,))]
    with pytest.raises(InputError) as caught:
        running.migrate(replace(WARM, vms=("rachael", "roy")))
    assert caught.value.where == "Storage Profile CHC Performance of CHC Tyrell PAYG"
    assert caught.value.answer == "140.00 GiB are needed, 100.00 GiB are free"
    vcd.offered = [replace(vcd.offered[0], profiles=(replace(profile, limit_bytes=None),))]
    assert len(running.migrate(replace(WARM, vms=("rachael", "roy")))) == 2


def test_a_vdc_without_a_network_is_refused_before_the_start(running: Appliance, vcd: FakeVcd) -> None:
    vcd.offered = [replace(vcd.offered[0], networks=())]
    with pytest.raises(InputError, match="it has no Org VDC network"):
        running.migrate(WARM)


def test_two_vms_of_one_name_are_refused(running: Appliance, vcenter: FakeVcenter) -> None:
    vcenter.inventory.append(replace(vcenter.inventory[0], moref="vm-other"))
    with pytest.raises(InputError, match="more than one VM has the name deckard"):
        running.migrate(WARM)


def test_a_cloud_that_is_not_running_is_refused(appliance: Appliance) -> None:
    with pytest.raises(NotFound, match="there is no provider cloud 'MyCloud-CHC'"):
        appliance.migrate(WARM)
    appliance.add_cloud(FORM, lambda certificates: True)
    with pytest.raises(Conflict, match="its status is Enabling"):
        appliance.migrate(WARM)


def test_a_vcenter_that_cannot_be_reached_is_told_and_nothing_is_begun(
    running: Appliance, vcenter: FakeVcenter, runtime: VirtualRuntime
) -> None:
    vcenter.trouble = ConnectionTrouble("log in", "vCenter", "the connection was refused", "the port")
    with pytest.raises(ConnectionTrouble):
        running.migrate(WARM)
    assert running.workloads() == []


def test_a_vm_that_is_being_migrated_is_refused(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider
) -> None:
    running.migrate(WARM)
    with pytest.raises(Conflict, match=r"already being migrated: deckard \(Created\)"):
        running.migrate(replace(WARM, vms=("rachael", "deckard")))
    assert [row.vm for row in running.workloads()] == ["deckard"], "rachael was not begun either"
