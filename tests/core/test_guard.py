"""The source VM after its cutover: marked, watched, and an alarm that says what kind of duplicate runs."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import CUTOVER, FORM, FakeVcd, FakeVcenter, VirtualRuntime, config, ready
from cx_provider import CxProvider

from cxsim.core.appliance import Appliance
from cxsim.core.errors import UserError
from cxsim.core.neighbours import RunningVm


def completed(appliance: Appliance, runtime: VirtualRuntime, cx: CxProvider) -> None:
    ready(appliance, runtime, cx)
    appliance.cutover(CUTOVER)
    runtime.sleep(1)
    cx.report("deckard", "COMPLETED")
    runtime.sleep(31)


def test_a_migrated_source_is_marked(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter
) -> None:
    completed(running, runtime, cx)
    assert vcenter.marked == {
        "deckard": (
            "CX Migration",
            "Migrated to MyCloud-CHC / CHC Tyrell PAYG by job Move deckard. Do not power on.",
            " (migrated)",
        )
    }
    assert vcenter.disconnected == []


def test_its_adapters_are_disconnected_if_that_is_configured(
    runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter, vcd: FakeVcd, certificates: Any
) -> None:
    chosen = config(guard_attribute="Moved", guard_suffix="", guard_disconnect=True)
    appliance = Appliance(runtime, chosen, open_vcenter=vcenter.open, open_vcd=vcd.open)
    appliance.add_cloud(FORM, lambda shown: True)
    runtime.sleep(60)
    completed(appliance, runtime, cx)
    assert vcenter.marked["deckard"][0] == "Moved"
    assert vcenter.marked["deckard"][2] == ""
    assert vcenter.disconnected == ["deckard"]


@pytest.mark.parametrize(
    ("networks", "kind", "network"),
    [
        (("Tyrell Servers",), "same address on one network", "Tyrell Servers"),
        (("Isolated",), "isolated copy", None),
        ((), "isolated copy", None),
    ],
)
def test_a_source_that_runs_again_raises_one_alarm_each_time(
    running: Appliance,
    runtime: VirtualRuntime,
    cx: CxProvider,
    vcenter: FakeVcenter,
    networks: tuple[str, ...],
    kind: str,
    network: str | None,
) -> None:
    completed(running, runtime, cx)
    vcenter.powered_on["deckard"] = RunningVm("vm-deckard", networks, "192.168.0.100")
    runtime.sleep(900)
    (alarm,) = runtime.of("alarm")
    assert (alarm["alarm"], alarm["vm"], alarm["kind"], alarm["network"], alarm["address"]) == (
        "duplicate instance",
        "deckard",
        kind,
        network,
        "192.168.0.100",
    )
    vcenter.powered_on.clear()
    runtime.sleep(300)
    vcenter.powered_on["deckard"] = RunningVm("vm-deckard", networks, None)
    runtime.sleep(300)
    assert len(runtime.of("alarm")) == 2


def test_a_vcenter_that_cannot_be_asked_is_told_once_and_asked_again(
    running: Appliance, runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter
) -> None:
    completed(running, runtime, cx)
    before = len(runtime.of("message"))
    vcenter.trouble = UserError("log in", "vCenter", "nothing answered", "it")
    runtime.sleep(1000)
    assert len(runtime.of("message")) == before + 1
    vcenter.trouble = None
    vcenter.powered_on["deckard"] = RunningVm("vm-deckard", (), None)
    runtime.sleep(300)
    assert len(runtime.of("alarm")) == 1
