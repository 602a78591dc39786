"""Which VMs can move: every rule is met, and nobody is dropped silently."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxsim.sim.plan.inventory import Inventory, InventoryDisk, InventoryVm, Power, Snapshot
from cxsim.sim.plan.readiness import Kind, UnknownVm, Verdict, assess
from cxsim.sim.plan.readiness_rules import RULES

GiB, TiB = 2**30, 2**40
DISK = InventoryDisk("Hard disk 1", 40 * GiB, key=2000, thin=True, path="[DS] a/a.vmdk")
PLAIN = InventoryVm("a", "a", Power.ON, 2, 4 * GiB, (DISK,), in_use_bytes=20 * GiB, hardware_version=13)


def with_disk(**changes: object) -> InventoryVm:
    return replace(PLAIN, disks=(replace(DISK, **changes),))  # type: ignore[arg-type]


def change(**changes: object) -> InventoryVm:
    return replace(PLAIN, **changes)  # type: ignore[arg-type]


WARM: Kind = "warm migration"
CASES: list[tuple[str, InventoryVm, Kind]] = [
    ("physical RDM", with_disk(rdm="physical"), WARM),
    ("virtual RDM", with_disk(rdm="virtual"), WARM),
    ("multi-writer disk", with_disk(sharing="multi-writer"), WARM),
    ("shared SCSI bus", with_disk(bus_sharing="physical"), WARM),
    ("Fault Tolerance", change(ft_state="running"), WARM),
    ("template", change(template=True), WARM),
    ("placeholder of Site Recovery Manager", change(placeholder=True), WARM),
    ("vSphere cluster service VM", change(name="vCLS-1", label="vCLS-1"), WARM),
    ("linked clone", change(unshared_bytes=5 * GiB), WARM),
    ("suspended", change(power=Power.SUSPENDED), WARM),
    ("powered off, and Warm needs it on", change(power=Power.OFF), WARM),
    ("powered off, and nothing is sent until it is on", change(power=Power.OFF), "protection"),
    ("powered on, and Cold needs it off", PLAIN, "cold migration"),
    ("power state unknown", change(power=Power.UNKNOWN), WARM),
    ("size unknown", change(disks=(), in_use_bytes=None), WARM),
    ("disks not in the inventory", change(disks=()), WARM),
    ("disk of 0 bytes", with_disk(capacity_bytes=0), WARM),
    ("disk without a size", with_disk(capacity_bytes=None), WARM),
    ("encrypted", change(encrypted=True), WARM),
    ("virtual TPM", change(vtpm=True), WARM),
    ("persistent memory", change(pmem=True), WARM),
    ("independent disk", with_disk(mode="independent_persistent"), WARM),
    ("disk over 62 TiB", with_disk(capacity_bytes=63 * TiB), WARM),
    ("disk over 2 TiB", with_disk(capacity_bytes=3 * TiB), WARM),
    ("snapshots", change(snapshots=(Snapshot("before", None, GiB),)), WARM),
    ("snapshots to be consolidated", change(consolidation_needed=True), WARM),
    ("virtual NVMe controller", with_disk(controller="NVMe controller 0"), WARM),
    ("hardware version below 7", change(hardware_version=4), WARM),
    ("hardware version below 9, and Cold", change(hardware_version=8, power=Power.OFF), "cold migration"),
    ("CD or floppy connected", change(attached_media=("CD/DVD drive 1",)), WARM),
    ("USB device", change(usb_devices=("USB 1",)), WARM),
    ("passing devices through is allowed", change(passthrough=("Network adapter 1",)), WARM),
    ("not connected to its host", change(connection_state="orphaned"), WARM),
]


@pytest.mark.parametrize(("name", "vm", "kind"), CASES, ids=[name for name, _, _ in CASES])
def test_a_rule_is_met(name: str, vm: InventoryVm, kind: Kind) -> None:
    (found,) = assess(Inventory((vm,)), kind).vms
    names = [reason.rule.name for reason in found.reasons]
    assert name in names
    rule = next(rule for rule in RULES if rule.name == name)
    assert found.verdict >= rule.verdict
    assert found.planned == (found.verdict is not Verdict.BLOCKED)


def test_every_rule_has_a_case_and_a_source() -> None:
    tested = {name for name, _, _ in CASES} | {"disk file that another VM has too"}
    assert {rule.name for rule in RULES} == tested
    assert all(rule.source and rule.what_to_do for rule in RULES)


def test_a_vm_that_nothing_is_said_of_is_ok() -> None:
    (found,) = assess(Inventory((PLAIN,)), WARM).vms
    assert (found.verdict, found.reasons) == (Verdict.OK, ())


def test_a_disk_file_of_two_vms_is_shared_even_where_the_export_does_not_say() -> None:
    found = assess(Inventory((PLAIN, change(label="b", name="b"))), WARM)
    assert [one.reasons[0].rule.name for one in found.vms] == ["disk file that another VM has too"] * 2


def test_what_is_blocked_is_told_and_counted_and_can_be_included() -> None:
    rdm = replace(with_disk(rdm="physical", path="[DS] b/b.vmdk"), label="b", name="b")
    inventory = Inventory((PLAIN, rdm))
    found = assess(inventory, WARM)
    assert [one.vm.label for one in found.left_out] == ["b"]
    assert (found.total().vms, found.total(found.planned).vms) == (2, 1)
    assert found.total().capacity_bytes == 80 * GiB
    assert found.total(found.planned).initial_sync_bytes == 20 * GiB
    forced = assess(inventory, WARM, ["b"])
    assert forced.left_out == ()
    assert [one.forced for one in forced.vms] == [False, True]
    assert forced.vms[1].verdict is Verdict.BLOCKED
    advice = "convert it to a virtual disk or a virtual mode mapping, or leave the disk out"
    assert str(forced.vms[1].reasons[0]) == f"physical RDM (Hard disk 1): {advice}"


def test_including_a_name_that_no_vm_has_is_refused() -> None:
    with pytest.raises(UnknownVm, match=r"--include 'deckhard': no such VM: did you mean 'deckard'\?"):
        assess(Inventory((change(label="deckard", name="deckard"),)), WARM, ["deckhard"])
    with pytest.raises(UnknownVm, match="size unknown"):
        assess(Inventory((change(disks=(), in_use_bytes=None),)), WARM, ["a"])
