"""RVTools' exports in every dialect give the same VMs."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from plan_exports import NAMES, GiB, Sheets, book, column, csv_set, put, renamed, sheets, site, without

from cxsim.sim.plan.inventory import Inventory, InventoryVm, Power, read_inventory
from cxsim.sim.plan.inventory.cells import Cell
from cxsim.sim.plan.inventory.writing import write_workbook


def placeless(inventory: Inventory) -> list[InventoryVm]:
    """Without the places where things were read."""
    return [
        replace(vm, where=None, disks=tuple(replace(disk, where=None) for disk in vm.disks))
        for vm in inventory.vms
    ]


def without_mb(header: str) -> str:
    return header.replace("MiB", "MB")


def as_3x(given: Sheets) -> Sheets:
    """RVTools 3.x: MB, fewer columns in vDisk (inventory.md 1.3)."""
    lost = ("Sharing mode", "Shared Bus", "Powerstate", "Template", "SRM Placeholder", "Disk Key", "VM ID")
    disks = without(given["vDisk"], *lost)
    disks[0][disks[0].index("Disk Path")] = "Path"
    vinfo = without(given["vInfo"], "Total disk capacity MiB")
    return {
        name: renamed(rows, without_mb) for name, rows in {**given, "vDisk": disks, "vInfo": vinfo}.items()
    }


DB_NAMES = {
    "VM": "VMName",
    "Provisioned MiB": "Provisioned",
    "In Use MiB": "InUse",
    "SRM Placeholder": "SRMPlaceHolder",
}


def with_db_names(given: Sheets) -> Sheets:
    """-DBColumnNames: the sheet's name and the header without blanks."""

    def name_in(sheet: str, header: str) -> str:
        return sheet + re.sub("[^A-Za-z0-9]", "", DB_NAMES.get(header, header))

    return {
        sheet: [[name_in(sheet, str(header)) for header in rows[0]], *rows[1:]]
        for sheet, rows in given.items()
    }


def test_a_workbook_of_4x_gives_the_vms_it_was_made_of(tmp_path: Path) -> None:
    found = read_inventory(book(tmp_path, sheets()))
    assert found.source == "export.xlsx (RVTools 4.4.1)"
    assert not found.problems
    assert placeless(found) == placeless(site())


def test_every_vm_and_disk_says_where_it_was_read(tmp_path: Path) -> None:
    rachael = read_inventory(book(tmp_path, sheets())).vm("rachael")
    assert str(rachael.where) == "export.xlsx, vInfo, row 3"
    assert [str(disk.where) for disk in rachael.disks] == [
        "export.xlsx, vDisk, row 4",
        "export.xlsx, vDisk, row 5",
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_set_gives_the_same(tmp_path: Path, separator: str) -> None:
    found = read_inventory(csv_set(tmp_path, sheets(), separator))
    assert found.source == "RVTools_tabvInfo.csv"
    assert placeless(found) == placeless(site())


def test_one_file_of_a_set_brings_the_others_along(tmp_path: Path) -> None:
    folder = csv_set(tmp_path, sheets())
    assert placeless(read_inventory(folder / "RVTools_tabvInfo.csv")) == placeless(site())


def test_3x_says_mb_and_means_mib(tmp_path: Path) -> None:
    found = read_inventory(csv_set(tmp_path, as_3x(sheets())))
    unseen = [
        replace(vm, disks=tuple(replace(disk, sharing=None, bus_sharing=None) for disk in vm.disks))
        for vm in placeless(site())
    ]
    assert placeless(found) == unseen
    assert {problem.severity for problem in found.problems} == {"note"}


def test_the_sheets_of_3x_have_tab_before_their_names(tmp_path: Path) -> None:
    found = read_inventory(book(tmp_path, {f"tab{name}": rows for name, rows in sheets().items()}))
    assert placeless(found) == placeless(site())


def test_db_column_names_are_the_same_columns(tmp_path: Path) -> None:
    found = read_inventory(csv_set(tmp_path, with_db_names(sheets())))
    assert placeless(found) == placeless(site())
    assert not found.problems


@pytest.mark.parametrize("seed", range(5))
def test_columns_come_in_any_order(tmp_path: Path, seed: int) -> None:
    shuffled: Sheets = {}
    for name, rows in sheets().items():
        order = list(range(len(rows[0])))
        random.Random(f"{seed} {name}").shuffle(order)
        shuffled[name] = [[cells[at] for at in order] for cells in rows]
    assert placeless(read_inventory(book(tmp_path, shuffled))) == placeless(site())


def test_headers_differ_in_case_and_in_blanks(tmp_path: Path) -> None:
    changed = {name: renamed(rows, lambda header: f" {header.upper()} ") for name, rows in sheets().items()}
    assert placeless(read_inventory(book(tmp_path, changed))) == placeless(site())


@pytest.mark.parametrize(("thousands", "separator"), [(",", ","), (".", ";"), ("\u00a0", ";"), ("'", ",")])
def test_thousands_are_separated_as_the_locale_has_it(tmp_path: Path, thousands: str, separator: str) -> None:
    given = sheets()
    for name in ("vInfo", "vDisk"):
        for cells in given[name][1:]:
            cells[:] = [_grouped(cell, thousands) if type(cell) is int else cell for cell in cells]
    assert placeless(read_inventory(csv_set(tmp_path, given, separator))) == placeless(site())


def _grouped(number: int, thousands: str) -> Cell:
    return f"{number:,}".replace(",", thousands) if number >= 10_000 else number


def test_vms_of_one_name_and_moref_in_two_vcenters_are_two(tmp_path: Path) -> None:
    given = sheets()
    for name, rows in given.items():
        again = [list(cells) for cells in rows[1:]]
        for cells in again:
            cells[column(rows, "VI SDK Server")] = "vc2"
        if name == "vDisk":
            for cells in again:
                cells[column(rows, "Capacity MiB")] = 7
        rows += again
    found = read_inventory(book(tmp_path, given))
    assert len(found.vms) == 2 * len(NAMES)
    assert found.vms[0].label == "deckard (synthetic)"
    assert found.vms[5].label == "deckard (vc2)"
    assert [disk.capacity_bytes for disk in found.vms[5].disks] == [7 * 2**20] * 2


def test_a_name_decides_between_equal_morefs_where_the_vcenter_is_not_said(tmp_path: Path) -> None:
    given = sheets()
    for name, rows in given.items():
        again = [list(cells) for cells in rows[1:]]
        for cells in again:
            cells[column(rows, "VM")] = f"{cells[column(rows, 'VM')]}-b"
            cells[column(rows, "VM UUID")] = ""
        rows += again
        if name != "vInfo":
            given[name] = without(rows, "VI SDK Server", "VM UUID")
        else:
            for cells in again:
                cells[column(rows, "VI SDK Server")] = "vc2"
    found = read_inventory(book(tmp_path, given))
    assert not found.problems
    assert [len(vm.disks) for vm in found.vms] == [2, 2, 1, 1, 1] * 2


def test_custom_attributes_and_long_annotations_stay(tmp_path: Path) -> None:
    given = sheets()
    rows = given["vInfo"]
    at = column(rows, "Annotation") + 1
    for number, cells in enumerate(rows):
        cells.insert(at, "Application" if number == 0 else f"app{number % 2}")
    put(rows, 2, "Annotation", 'two lines,\nand "quotes"; all of it')
    found = read_inventory(csv_set(tmp_path, given))
    assert [vm.attribute("application") for vm in found.vms] == ["app1", "app0", "app1", "app0", "app1"]
    assert replace(placeless(found)[0], custom=()) == placeless(site())[0]


def test_snapshots_media_and_devices_are_brought_to_their_vm(tmp_path: Path) -> None:
    given = sheets()
    tail = list(given["vDisk"][1][-7:])
    given["vSnapshot"].append(["deckard", "poweredOn", "before", "25/12/2017 10:00:00", 1024, *tail])
    given["vCD"].append(["deckard", "poweredOn", False, False, "CD/DVD drive 1", True, "ISO", *tail])
    given["vUSB"].append(["deckard", "poweredOn", False, False, "USB 1", "USB", True, *tail])
    deckard = read_inventory(csv_set(tmp_path, given)).vm("deckard")
    assert [(shot.name, shot.size_bytes, shot.taken and shot.taken.month) for shot in deckard.snapshots] == [
        ("before", GiB, 12)
    ]
    assert deckard.attached_media == ("CD/DVD drive 1",)
    assert deckard.usb_devices == ("USB 1",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_files_of_windows_are_read(tmp_path: Path, encoding: str) -> None:
    given = sheets()
    put(given["vInfo"], 2, "Folder", "/Zürich")
    folder = csv_set(tmp_path, given)
    for path in folder.iterdir():
        path.write_bytes(path.read_text("utf-8-sig").encode(encoding))
    found = read_inventory(folder)
    assert found.vms[0].folder == "/Zürich"
    assert bool(found.problems) == (encoding == "cp1252")


def test_a_moref_is_found_behind_a_vm_that_was_renamed(tmp_path: Path) -> None:
    given = sheets()
    put(given["vInfo"], 2, "VM", "deckard-old")
    assert len(read_inventory(book(tmp_path, given)).vm("deckard-old").disks) == 2


def test_every_header_of_a_real_export_is_known(tmp_path: Path) -> None:
    """Those that docs/reference/inventory.md lists: none becomes an attribute of the VMs."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "inventory.md").read_text("utf-8")
    listed = re.search(r"- \*\*vInfo\*\* \([^)]*\): (.*)", page)
    assert listed is not None
    headers = listed[1].replace("Network #1..#8", ", ".join(f"Network #{n}" for n in range(1, 9))).split(", ")
    assert len(headers) == 86
    everywhere = ["VI SDK Server", "VI SDK UUID", "VI SDK Server type", "VI SDK API Version", "Object ID"]
    given = sheets()
    at = {header: n for n, header in enumerate(given["vInfo"][0])}
    wide = [*headers, *everywhere]
    rows: list[list[Cell]] = [[*wide]]
    for cells in given["vInfo"][1:]:
        rows.append([cells[at[header]] if header in at else "x" for header in wide])
    for row in rows[1:]:
        row[wide.index("Fixed Passthru HotPlug")] = "False"
    found = read_inventory(csv_set(tmp_path, {**given, "vInfo": rows}))
    assert [vm.custom for vm in found.vms] == [()] * 5
    assert placeless(found) == placeless(site())


@pytest.mark.parametrize("name", ["Sheet1", "our VMs"])
def test_vinfo_is_known_by_its_header_too(tmp_path: Path, name: str) -> None:
    found = read_inventory(book(tmp_path, {name: sheets()["vInfo"]}))
    assert [vm.in_use_bytes for vm in found.vms] == [vm.in_use_bytes for vm in site().vms]


def test_a_plain_table_may_be_a_workbook(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["vm", "size_GiB", "used_GiB"], ["deckard", 40.5, 16]]
    path = tmp_path / "vms.xlsx"
    write_workbook(path, {"VMs": rows})
    (deckard,) = read_inventory(path).vms
    assert (deckard.disk_capacity_bytes, deckard.in_use_bytes) == (40.5 * GiB, 16 * GiB)
    assert str(deckard.where) == "vms.xlsx, VMs, row 2"


def test_power_states_and_hardware_versions(tmp_path: Path) -> None:
    given = sheets()
    for row, (state, version) in enumerate([("poweredOff", "vmx-08"), ("suspended", 13), ("", "")], 2):
        put(given["vInfo"], row, "Powerstate", state)
        put(given["vInfo"], row, "HW version", version)
    vms = read_inventory(book(tmp_path, given)).vms[:3]
    assert [vm.power for vm in vms] == [Power.OFF, Power.SUSPENDED, Power.UNKNOWN]
    assert [vm.hardware_version for vm in vms] == [8, 13, None]


def test_shared_disks_and_raw_mappings_are_seen(tmp_path: Path) -> None:
    given = sheets()
    rows = given["vDisk"]
    put(rows, 2, "Raw", True)
    put(rows, 2, "Raw Comp. Mode", "physicalMode")
    put(rows, 3, "Sharing mode", "sharingMultiWriter")
    put(rows, 4, "Shared Bus", "physicalSharing")
    put(rows, 5, "Disk Mode", "independent_persistent")
    found = read_inventory(book(tmp_path, given))
    first, second, third, fourth = (*found.vm("deckard").disks, *found.vm("rachael").disks)
    assert (first.rdm, second.sharing, third.bus_sharing) == ("physical", "multi-writer", "physical")
    assert fourth.independent


def test_what_is_being_read_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    read_inventory(book(tmp_path, sheets()), told.append)
    assert told[:2] == ["vInfo: 5 rows", "vDisk: 7 rows"]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_fifty_thousand_vms_are_read_whole(tmp_path: Path) -> None:
    given = sheets()
    for rows in given.values():
        original = rows[1:]
        at, key = column(rows, "VM"), column(rows, "VM ID") if "VM ID" in rows[0] else None
        for copy in range(1, 10_000):
            for cells in original:
                again = list(cells)
                again[at] = f"{cells[at]}-{copy}"
                if key is not None:
                    again[key] = f"{cells[key]}-{copy}"
                rows.append(again)
    found = read_inventory(csv_set(tmp_path, given))
    assert len(found.vms) == 50_000
    assert not found.problems
    assert sum(len(vm.disks) for vm in found.vms) == 70_000
