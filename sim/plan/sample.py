"""The shipped sample: an inventory as RVTools exports it, what backups and counters say of it, and offers.

python -m cxsim.sim.plan.sample [FOLDER]     (writes scenarios/plan, or FOLDER)

Rules of this file: drawn with a fixed seed, no real site; a few VMs of every class of readiness and of every
grade of change rate, so that whoever tries `cxsim plan` sees all of them.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from cxsim.sim.plan.changes import Sources, grade_rates
from cxsim.sim.plan.inventory import Inventory, InventoryDisk, InventoryVm, Power, Snapshot, synthetic
from cxsim.sim.plan.inventory.writing import sheets_of, write_workbook

FOLDER = Path(__file__).parents[2] / "scenarios" / "plan"
INVENTORY, BACKUPS, COUNTERS = "sample-inventory.xlsx", "sample-backups.csv", "sample-counters.csv"
TRACES, QUOTES = "sample-traces.csv", "sample-quotes.csv"
COUNT, SEED, RVTOOLS = 50, 2017, "4.4.1"
GiB = 2**30
FIRST_DAY = dt.datetime(2017, 10, 23, 22, 0)
Change = Callable[[InventoryVm], InventoryVm]


def _disk(**changes: object) -> Change:
    """Change the last disk of a VM."""

    def change(vm: InventoryVm) -> InventoryVm:
        return replace(vm, disks=(*vm.disks[:-1], replace(vm.disks[-1], **changes)))  # type: ignore[arg-type]

    return change


def _vm(**changes: object) -> Change:
    return lambda vm: replace(vm, **changes)  # type: ignore[arg-type]


def _more(disk: InventoryDisk) -> Change:
    """Give a VM one more disk, its sizes with it."""

    def change(vm: InventoryVm) -> InventoryVm:
        capacity_bytes, used_bytes = disk.capacity_bytes or 0, disk.allocated_bytes or 0
        key = max((one.key or 1999 for one in vm.disks), default=1999) + 1
        path = disk.path or f"[DS-01-1] {vm.name}/{vm.name}_data.vmdk"
        return replace(
            vm,
            disks=(*vm.disks, replace(disk, key=key, path=path)),
            provisioned_bytes=(vm.provisioned_bytes or 0) + capacity_bytes,
            in_use_bytes=(vm.in_use_bytes or 0) + used_bytes,
            unshared_bytes=(vm.unshared_bytes or 0) + used_bytes,
            disk_capacity_bytes=(vm.disk_capacity_bytes or 0) + capacity_bytes,
        )

    return change


def _data(name: str, gib: int, used_gib: int, **more: object) -> InventoryDisk:
    disk = InventoryDisk(name, gib * GiB, thin=True, sharing="none", bus_sharing="none")
    disk = replace(disk, controller="SCSI controller 1", allocated_bytes=used_gib * GiB)
    return replace(disk, **more)  # type: ignore[arg-type]


_SHARED = {"sharing": "multi-writer", "bus_sharing": "physical", "path": "[DS-01-1] q/q.vmdk"}
_QUORUM = _data("Hard disk 3", 20, 20, thin=False, **_SHARED)
_SHOT = Snapshot("before update", dt.datetime(2017, 9, 14, 17, 5), 6 * GiB)

PECULIAR: tuple[tuple[int, Change], ...] = (
    (4, _more(_data("Hard disk 2", 500, 500, rdm="physical", thin=None))),
    (7, _more(_QUORUM)),
    (8, _more(_QUORUM)),
    (11, _vm(ft_state="running")),
    (14, _vm(template=True, power=Power.OFF, guest_consumed_bytes=None)),
    (15, _vm(template=True, power=Power.OFF, guest_consumed_bytes=None)),
    (18, _vm(power=Power.SUSPENDED)),
    (20, lambda vm: replace(vm, unshared_bytes=(vm.in_use_bytes or 0) // 5)),
    (23, _vm(hardware_version=4)),
    (25, _vm(name="vCLS-1", label="vCLS-1", vcpus=1, memory_bytes=GiB // 8)),
    (26, _vm(snapshots=(_SHOT,))),
    (27, _vm(snapshots=(_SHOT, replace(_SHOT, name="nightly")), consolidation_needed=True)),
    (30, _vm(attached_media=("CD/DVD drive 1",))),
    (31, _vm(usb_devices=("USB 1",))),
    (33, _disk(mode="independent_persistent")),
    (35, _more(_data("Hard disk 2", 200, 120, rdm="virtual", thin=None))),
    (38, _more(_data("Hard disk 2", 3 * 1024, 1900))),
    (41, _vm(power=Power.OFF, guest_consumed_bytes=None)),
    (44, _disk(controller="NVMe controller 0")),
)
"""By place in the drawn inventory."""


def sample_inventory() -> Inventory:
    """The 50 VMs."""
    vms = list(synthetic(COUNT, SEED).vms)
    for place, change in PECULIAR:
        vms[place] = change(vms[place])
    return Inventory(tuple(replace(vm, vcenter="vc01.example.com", datacenter="Example") for vm in vms))


def write_sample(folder: Path) -> None:
    """Write the sample's files. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    inventory = sample_inventory()
    write_workbook(folder / INVENTORY, sheets_of(inventory), RVTOOLS)
    on = [vm for vm in inventory.vms if vm.power is Power.ON and not vm.template]
    traced, backed, counted = on[:4], on[4:26], on[26:32]
    _write(folder / TRACES, ("vm", "time_s", "changed_MB"), _traces(traced))
    _write(folder / BACKUPS, ("vm", "start", "read_GB", "type", "status"), _backups(backed))
    _write(folder / COUNTERS, ("vm", "write_KBps"), _counters(counted))
    _write(folder / QUOTES, _QUOTE_COLUMNS, _QUOTES)


def _traces(vms: Sequence[InventoryVm]) -> Iterable[Sequence[object]]:
    """A week of half-hours."""
    for rate in grade_rates(vms, Sources(), SEED).rates:
        for window in range(336):
            at_s = window * 1800
            changed_bytes = rate.base.dirty_bytes(at_s, at_s + 1800)
            yield rate.vm, at_s, f"{changed_bytes / 1e6:.3f}"


def _backups(vms: Sequence[InventoryVm]) -> Iterable[Sequence[object]]:
    """A full, then 13 daily incrementals; a delta of a day is less than its half-hours together."""
    for vm, rate in zip(vms, grade_rates(vms, Sources(), SEED).rates, strict=True):
        full_bytes = float(vm.in_use_bytes or 0)
        yield vm.name, f"{FIRST_DAY:%Y-%m-%d %H:%M}", f"{full_bytes / 1e9:.2f}", "Full", "Success"
        for day in range(1, 14):
            start = FIRST_DAY + dt.timedelta(days=day)
            day_bytes = rate.workload(86400.0).dirty_bytes((day - 1) * 86400, day * 86400)
            read_bytes = min(day_bytes, full_bytes)
            yield vm.name, f"{start:%Y-%m-%d %H:%M}", f"{read_bytes / 1e9:.2f}", "Incremental", "Success"


def _counters(vms: Sequence[InventoryVm]) -> Iterable[Sequence[object]]:
    for rate in grade_rates(vms, Sources(), SEED).rates:
        yield rate.vm, round(rate.mean_bytes_per_s / 0.54 / 1024)


_QUOTE_COLUMNS = ("name", "link", "price_per_month", "currency", "setup_price", "lead_time", "months")
_QUOTES: tuple[tuple[object, ...], ...] = (
    ("Office line, as it is", "100/40 Mbit/s, 10 Mbit/s 8:00-18:00 Mon-Fri", 0, "EUR", 0, "", 1),
    ("Business DSL", "250/100 Mbit/s, 20 % shared", 89, "EUR", 150, "2 weeks", 12),
    ("Ethernet 200", "200 Mbit/s up", 690, "EUR", 900, "6 weeks", 24),
    ("Ethernet 200 burst", "200 Mbit/s commit, 500 Mbit/s burst", 840, "EUR", 900, "6 weeks", 24),
    ("Fibre 1000", "1 Gbit/s up", 1450, "EUR", 2500, "12 weeks", 36),
)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    write_sample(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
