"""Labels, places and the drawn inventory."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.plan.inventory import Inventory, InventoryVm, Power, Where, synthetic
from cxsim.sim.plan.inventory.model import labelled


def vm(
    name: str, vm_id: str | None = None, vcenter: str | None = None, uuid: str | None = None
) -> InventoryVm:
    return InventoryVm(name, name, Power.ON, 1, 2**30, (), vm_id=vm_id, vcenter=vcenter, vm_uuid=uuid)


def labels(*vms: InventoryVm) -> list[str]:
    return [found.label for found in labelled(vms)]


def test_a_name_that_nobody_else_has_is_the_label() -> None:
    assert labels(vm("deckard"), vm("rachael")) == ["deckard", "rachael"]


def test_namesakes_are_told_apart_by_what_they_have() -> None:
    assert labels(vm("a", "vm-1"), vm("a", "vm-2")) == ["a (vm-1)", "a (vm-2)"]
    assert labels(vm("a", "vm-1", "vc1"), vm("a", "vm-1", "vc2")) == ["a (vc1)", "a (vc2)"]
    four = [vm("a", f"vm-{n}", vc) for n in (1, 2) for vc in ("vc1", "vc2")]
    assert labels(*four)[1] == "a (vm-1 @ vc2)"
    assert labels(vm("a", uuid="5000"), vm("a")) == ["a (no. 1)", "a (no. 2)"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([None, "1"]), st.sampled_from([None, "v"]))))
def test_labels_are_always_unique(given_vms: list[tuple[str, str | None, str | None]]) -> None:
    found = labelled(vm(*parts) for parts in given_vms)
    Inventory(found)
    assert [one.name for one in found] == [name for name, _, _ in given_vms]


def test_a_label_of_its_own_is_not_given_to_a_namesake() -> None:
    assert labels(vm("a"), vm("a"), vm("a (no. 1)")) == ["a (no. 2)", "a (no. 3)", "a (no. 1)"]


def test_two_vms_with_one_label_are_refused() -> None:
    with pytest.raises(ValueError, match="two VMs have the label 'a'"):
        Inventory((vm("a"), vm("a")))


def test_a_place_is_written_as_people_look_for_it() -> None:
    row = Where("export.xlsx", "vInfo", 12)
    assert str(row.at("In Use MiB")) == "export.xlsx, vInfo, row 12, column 'In Use MiB'"
    assert str(Where("vms.csv")) == "vms.csv"


def test_a_drawn_inventory_is_its_seeds_and_grows_at_its_end() -> None:
    assert synthetic(40, 7) == synthetic(40, 7)
    assert synthetic(40, 7).vms != synthetic(40, 8).vms
    assert [one.name for one in synthetic(60, 7).vms[:40]] == [one.name for one in synthetic(40, 7).vms]


def test_a_drawn_inventory_has_the_published_sizes() -> None:
    vms = synthetic(1500, 3).vms
    sizes = [one.disk_capacity_bytes for one in vms]
    assert statistics.median(size for size in sizes if size) == pytest.approx(90e9, rel=0.10)
    logs = statistics.stdev(math.log(size) for size in sizes if size)
    assert logs == pytest.approx(1.03, rel=0.10)
    assert statistics.median(one.vcpus for one in vms if one.vcpus) == 2
    assert statistics.median(one.memory_bytes for one in vms if one.memory_bytes) in (4 * 2**30, 8 * 2**30)
    thin = [disk for one in vms for disk in one.disks if disk.thin]
    share = sum(disk.allocated_bytes or 0 for disk in thin) / sum(disk.capacity_bytes or 0 for disk in thin)
    assert share == pytest.approx(0.5, abs=0.05)


def test_the_bases_of_a_drawn_vm_are_in_order() -> None:
    for one in synthetic(200, 5).vms:
        assert one.provisioned_bytes is not None
        assert one.in_use_bytes is not None
        assert one.disk_capacity_bytes == sum(disk.capacity_bytes or 0 for disk in one.disks)
        assert one.in_use_bytes <= one.provisioned_bytes
        if one.power is Power.ON:
            assert one.guest_consumed_bytes is not None
            assert one.guest_consumed_bytes <= one.in_use_bytes
        else:
            assert one.guest_consumed_bytes is None


def test_an_inventory_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 1 VM or more"):
        synthetic(0, 1)
