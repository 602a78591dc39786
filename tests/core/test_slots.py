"""Bounded concurrency: never more than the bound, first come first served, nothing leaks."""

from __future__ import annotations

import pytest
from core_world import FORM, FakeVcd, FakeVcenter, VirtualRuntime, config, ready
from cx_provider import CxProvider

from cxsim.core.appliance import Appliance, CutoverRequest
from cxsim.core.slots import Slots


def test_never_more_than_the_bound_and_in_order(runtime: VirtualRuntime) -> None:
    slots, inside, most, order = Slots(runtime, 2), [0], [0], list[int]()

    def work(number: int) -> None:
        with slots.taken("a"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            order.append(number)
            runtime.sleep(10)
            inside[0] -= 1

    for number in range(7):
        runtime.spawn(work, number, name="x")
    runtime.sleep(100)
    assert (most[0], order, inside[0]) == (2, list(range(7)), 0)


def test_keys_are_independent_and_a_failure_gives_its_slot_back(runtime: VirtualRuntime) -> None:
    slots = Slots(runtime, 1)
    with pytest.raises(ZeroDivisionError), slots.taken("a"):
        raise ZeroDivisionError
    with slots.taken("a"), slots.taken("b"):
        pass
    with slots.taken("a"):
        pass


def test_sources_run_on_until_it_is_their_turn(
    runtime: VirtualRuntime, cx: CxProvider, vcenter: FakeVcenter, vcd: FakeVcd, certificates: object
) -> None:
    chosen = config(cutovers_per_replicator=1)
    appliance = Appliance(runtime, chosen, open_vcenter=vcenter.open, open_vcd=vcd.open)
    appliance.add_cloud(FORM, lambda shown: True)
    runtime.sleep(60)
    ready(appliance, runtime, cx, "deckard", "rachael")
    appliance.cutover(CutoverRequest(("deckard", "rachael"), confirmed=True))
    runtime.sleep(120)
    assert vcenter.powered_off == ["deckard"]
    assert {row.status for row in appliance.workloads()} == {"Cutting over"}
    cx.report("deckard", "COMPLETED")
    runtime.sleep(120)
    assert vcenter.powered_off == ["deckard", "rachael"]
