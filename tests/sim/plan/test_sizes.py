"""Four sizes of a VM: which one a phase uses, and where they disagree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.plan.inventory import InventoryDisk, InventoryVm, Power, synthetic
from cxsim.sim.plan.sizes import (
    Basis,
    SizeUnknown,
    disagreements,
    initial_sync_bytes,
    sized_disks,
    target_thick_bytes,
    target_thin_bytes,
    totals,
)

GiB = 2**30


def disk(capacity: int | None, thin: bool | None = True, key: int = 2000, **more: object) -> InventoryDisk:
    size = None if capacity is None else capacity * GiB
    made = InventoryDisk(f"Hard disk {key - 1999}", size, key=key, thin=thin)
    return replace(made, **more)  # type: ignore[arg-type]


def vm(*disks: InventoryDisk, **sizes: int | None) -> InventoryVm:
    made = InventoryVm("deckard", "deckard", Power.OFF, 2, 4 * GiB, disks)
    scaled = {f"{name}_bytes": None if size is None else size * GiB for name, size in sizes.items()}
    return replace(made, **scaled)  # type: ignore[arg-type]


def test_a_thin_disk_sends_what_is_in_use_and_a_thick_one_all_of_it() -> None:
    mixed = vm(disk(100), disk(50, thin=False, key=2001), in_use=80)
    assert [one.allocated_bytes for one in sized_disks(mixed)] == [30 * GiB, 50 * GiB]
    assert initial_sync_bytes(mixed) == target_thin_bytes(mixed) == 80 * GiB
    assert target_thick_bytes(mixed) == 150 * GiB


def test_in_use_is_shared_out_over_thin_disks_by_capacity() -> None:
    found = sized_disks(vm(disk(30), disk(90, key=2001), in_use=40))
    assert [one.allocated_bytes for one in found] == [10 * GiB, 30 * GiB]
    assert all("shared out" in one.assumed for one in found)


def test_a_disks_own_figure_goes_first() -> None:
    found = sized_disks(vm(disk(30, allocated_bytes=5 * GiB), disk(90, key=2001), in_use=40))
    assert [one.allocated_bytes for one in found] == [5 * GiB, 35 * GiB]


def test_snapshots_never_make_a_disk_send_more_than_it_holds() -> None:
    assert initial_sync_bytes(vm(disk(30), in_use=400)) == 30 * GiB


def test_unknown_in_use_is_taken_as_full_and_said() -> None:
    (only,) = sized_disks(vm(disk(30)))
    assert (only.allocated_bytes, only.assumed) == (30 * GiB, "in use is unknown: taken as full")


def test_without_disks_the_vms_sizes_are_taken() -> None:
    (only,) = sized_disks(vm(in_use=20, disk_capacity=60, provisioned=70))
    assert (only.capacity_bytes, only.allocated_bytes) == (60 * GiB, 20 * GiB)
    assert target_thick_bytes(vm(in_use=20, provisioned=70)) == 70 * GiB
    assert target_thick_bytes(vm(disk(None), in_use=20)) == 20 * GiB
    with pytest.raises(SizeUnknown, match="deckard: no size of it is known"):
        sized_disks(vm(guest_consumed=5))


def test_excluded_disks_are_neither_sent_nor_kept() -> None:
    two = vm(disk(30), disk(90, key=2001), in_use=40)
    assert initial_sync_bytes(two, [2001]) == 10 * GiB
    assert target_thick_bytes(two, [2000]) == 90 * GiB
    assert sized_disks(two, [2000, 2001]) == ()
    with pytest.raises(KeyError, match="no disk 2009"):
        sized_disks(two, [2009])


@given(
    st.lists(st.tuples(st.integers(0, 500), st.sampled_from([True, False, None])), min_size=1, max_size=5),
    st.one_of(st.none(), st.integers(0, 3000)),
)
def test_every_size_is_between_nothing_and_the_disks(
    disks: list[tuple[int, bool | None]], used: int | None
) -> None:
    made = vm(*(disk(size, thin, 2000 + n) for n, (size, thin) in enumerate(disks)), in_use=used)
    for one in sized_disks(made):
        assert 0 <= one.allocated_bytes <= one.capacity_bytes
    if used is not None and all(thin for _, thin in disks):
        assert initial_sync_bytes(made) <= used * GiB


def test_totals_say_what_is_unknown() -> None:
    found = {total.basis: total for total in totals([vm(in_use=10), vm(in_use=20, guest_consumed=7)])}
    assert (found[Basis.IN_USE].total_bytes, found[Basis.IN_USE].unknown) == (30 * GiB, 0)
    assert (found[Basis.GUEST].total_bytes, found[Basis.GUEST].unknown) == (7 * GiB, 1)
    assert (found[Basis.CAPACITY].known, found[Basis.CAPACITY].unknown) == (0, 2)


@pytest.mark.parametrize(
    ("sizes", "name"),
    [
        ({"guest_consumed": 60, "in_use": 40}, "guest consumed is more than in use"),
        ({"in_use": 80, "disk_capacity": 40}, "in use is more than the disks hold"),
        ({"in_use": 80, "guest_consumed": 10}, "in use is far more than guest consumed"),
        ({"provisioned": 80, "disk_capacity": 40}, "provisioned is more than the disks and swap"),
        ({"provisioned": 40, "disk_capacity": 80}, "the disks are more than provisioned"),
        ({"disk_capacity": 10}, "the disks of vDisk are more than vInfo says"),
        ({"disk_capacity": 90}, "vInfo says more than the disks of vDisk"),
    ],
)
def test_sizes_that_do_not_go_together_are_told(sizes: dict[str, int], name: str) -> None:
    disks = (disk(40),) if set(sizes) == {"disk_capacity"} else ()
    assert [one.name for one in disagreements([vm(*disks, **sizes)])] == [name]


def test_a_drawn_inventory_agrees_with_itself() -> None:
    allowed = {"in use is far more than guest consumed"}
    assert {one.name for one in disagreements(synthetic(200, 3).vms)} <= allowed
