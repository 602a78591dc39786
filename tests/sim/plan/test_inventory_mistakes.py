"""What is said of exports and tables that are not as they should be (tests/golden/plan)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from plan_exports import Sheets, book, column, csv_set, put, renamed, sheets, without

from cxsim.sim.plan.inventory import Inventory, InventoryError, read_inventory, told

Golden = Callable[[str, str], None]


def all_told(inventory: Inventory) -> str:
    return "".join(f"{line}\n" for line in told(inventory.problems))


def refusal(path: Path) -> str:
    with pytest.raises(InventoryError) as error:
        read_inventory(path)
    return "".join(f"{line}\n" for line in told(error.value.problems))


def test_text_in_numeric_columns(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    put(given["vInfo"], 2, "In Use MiB", "n/a")
    put(given["vInfo"], 3, "CPUs", "two")
    put(given["vInfo"], 4, "Provisioned MiB", "100 GB")
    put(given["vInfo"], 5, "Memory", -4096)
    put(given["vInfo"], 6, "Provisioned MiB", 10**14)
    put(given["vDisk"], 2, "Capacity MiB", "unknown")
    put(given["vDisk"], 4, "Thin", "maybe")
    put(given["vInfo"], 2, "Powerstate", "running")
    put(given["vInfo"], 2, "HW version", "new")
    put(given["vPartition"], 6, "Consumed MiB", "?")
    found = read_inventory(book(tmp_path, given))
    golden("text-in-numeric-columns.txt", all_told(found))
    deckard, rachael, gaff, bryant, holden = found.vms
    assert deckard.in_use_bytes is None
    assert deckard.disks[0].capacity_bytes is None
    assert rachael.vcpus is None
    assert (gaff.provisioned_bytes, bryant.memory_bytes, holden.provisioned_bytes) == (None, None, None)
    assert holden.guest_consumed_bytes is None


def test_a_disk_without_size_leaves_its_vms_capacity_unknown(tmp_path: Path) -> None:
    given = sheets()
    given["vInfo"] = without(given["vInfo"], "Total disk capacity MiB")
    put(given["vDisk"], 2, "Capacity MiB", "unknown")
    found = read_inventory(book(tmp_path, given))
    assert [vm.disk_capacity_bytes is None for vm in found.vms] == [True, False, False, False, False]


def test_a_name_that_became_a_date_is_said_once(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    put(given["vInfo"], 2, "VM", dt.datetime(2017, 3, 1))
    found = read_inventory(book(tmp_path, given))
    golden("name-became-a-date.txt", all_told(found))
    assert found.vms[0].name == "2017-03-01"
    assert len(found.vms[0].disks) == 2


def test_disks_of_no_bytes(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    put(given["vDisk"], 3, "Capacity MiB", 0)
    found = read_inventory(book(tmp_path, given))
    golden("disk-of-0-bytes.txt", all_told(found))
    assert [disk.capacity_bytes for disk in found.vms[0].disks] == [40 * 2**30, 0]


def test_missing_sheets_and_columns(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    del given["vDisk"], given["vPartition"], given["vSnapshot"]
    given["vInfo"] = without(given["vInfo"], "In Use MiB", "FT State", "Powerstate")
    found = read_inventory(book(tmp_path, given))
    golden("missing-sheets.txt", all_told(found))
    assert len(found.vms) == 5
    assert found.vms[0].disks == ()
    assert found.vms[0].disk_capacity_bytes == 120 * 2**30


def test_without_vinfo_there_is_no_inventory(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    del given["vInfo"]
    golden("without-vinfo.txt", refusal(book(tmp_path, given)))


def test_vinfo_without_headers(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    given["vInfo"] = [*given["vInfo"][1:]]
    golden("vinfo-without-headers.txt", refusal(book(tmp_path, given)))


def test_vinfo_without_vms(tmp_path: Path, golden: Golden) -> None:
    given: Sheets = {name: rows[:1] for name, rows in sheets().items()}
    golden("vinfo-without-vms.txt", refusal(book(tmp_path, given)))


def test_rows_that_belong_to_nobody(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    put(given["vDisk"], 2, "VM ID", "vm-9")
    put(given["vDisk"], 2, "VM UUID", "")
    put(given["vDisk"], 2, "VM", "pris")
    for header in ("VM", "VM ID", "VM UUID"):
        put(given["vDisk"], 4, header, "")
    put(given["vInfo"], 6, "VM", "")
    found = read_inventory(book(tmp_path, given))
    golden("rows-of-nobody.txt", all_told(found))
    assert [len(vm.disks) for vm in found.vms] == [1, 1, 1, 1]


def test_names_that_two_vms_have(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    for rows in given.values():
        for cells in rows[1:]:
            if cells[column(rows, "VM")] == "rachael":
                cells[column(rows, "VM")] = "deckard"
    by_id = read_inventory(book(tmp_path, given))
    assert [vm.label for vm in by_id.vms[:2]] == ["deckard (vm-1001)", "deckard (vm-1002)"]
    assert [len(vm.disks) for vm in by_id.vms[:2]] == [2, 2]
    assert not by_id.problems
    ids = ("VM ID", "VM UUID")
    without_ids = {name: without(rows, *ids) for name, rows in given.items()}
    by_name = read_inventory(book(tmp_path, without_ids))
    golden("two-vms-of-one-name.txt", all_told(by_name))
    assert [vm.label for vm in by_name.vms[:2]] == ["deckard (no. 1)", "deckard (no. 2)"]
    assert [len(vm.disks) for vm in by_name.vms[:2]] == [0, 0]


def test_a_vm_that_is_there_twice(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    given["vInfo"].append(list(given["vInfo"][1]))
    found = read_inventory(book(tmp_path, given))
    golden("vm-twice.txt", all_told(found))
    assert len(found.vms) == 5


def test_columns_that_were_converted(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    given["vDisk"] = renamed(given["vDisk"], lambda header: header.replace("MiB", "GB"))
    found = read_inventory(book(tmp_path, given))
    golden("converted-columns.txt", all_told(found))
    assert found.vms[0].disks[0].capacity_bytes is None


def test_columns_in_gib_are_what_they_say(tmp_path: Path) -> None:
    given = sheets()
    for cells in given["vDisk"][1:]:
        at = column(given["vDisk"], "Capacity MiB")
        cells[at] = f"{int(str(cells[at])) / 1024:.2f}"
    given["vDisk"] = renamed(given["vDisk"], lambda header: header.replace("MiB", "GiB"))
    assert read_inventory(book(tmp_path, given)).vms[0].disks[0].capacity_bytes == 40 * 2**30


def test_decimal_commas(tmp_path: Path, golden: Golden) -> None:
    table = "vm;power;size_GiB;used_GiB;memory_GiB\ndeckard;on;1.040,5;1.020,25;4\nrachael;on;1,024;0,5;8\n"
    path = tmp_path / "vms.csv"
    path.write_text(table, encoding="utf-8")
    found = read_inventory(path)
    golden("decimal-commas.txt", all_told(found))
    deckard, rachael = found.vms
    assert deckard.disk_capacity_bytes == 1040.5 * 2**30
    assert deckard.in_use_bytes == 1020.25 * 2**30
    assert rachael.disk_capacity_bytes == round(1.024 * 2**30)


def test_figures_that_could_be_two(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "vms.csv"
    path.write_text('vm,power,size_GiB\ndeckard,on,"1,024"\nrachael,on,40\n', encoding="utf-8")
    found = read_inventory(path)
    golden("figures-that-could-be-two.txt", all_told(found))
    assert [vm.disk_capacity_bytes for vm in found.vms] == [None, 40 * 2**30]


def test_dates_that_could_be_two(tmp_path: Path, golden: Golden) -> None:
    given = sheets()
    tail = given["vDisk"][1][-7:]
    for taken in ("03/04/2017 10:00", "sometime", "99/99/2017", "2017-11-06 12:00"):
        given["vSnapshot"].append(["deckard", "poweredOn", "before", taken, 1024, *tail])
    found = read_inventory(csv_set(tmp_path, given))
    golden("dates-that-could-be-two.txt", all_told(found))
    taken_at = [shot.taken for shot in found.vms[0].snapshots]
    assert [at is None for at in taken_at] == [True, True, True, False]


def test_merged_cells(tmp_path: Path, golden: Golden) -> None:
    """A title over everything, a name over its disks' rows, and two cells side by side made one."""
    given = sheets()
    path = tmp_path / "merged.xlsx"
    made = xlsxwriter.Workbook(str(path))
    for name, rows in given.items():
        sheet = made.add_worksheet(name)
        sheet.merge_range(0, 0, 0, 8, f"Our VMs: {name}")
        for number, cells in enumerate(rows, 2):
            for at, cell in enumerate(cells):
                sheet.write(number, at, cell)
        if name == "vDisk":
            for header in ("VM", "VM ID", "VM UUID"):
                at = column(rows, header)
                sheet.merge_range(3, at, 4, at, rows[1][at])
        if name == "vInfo":
            at = column(rows, "In Use MiB")
            sheet.merge_range(6, at, 6, at + 1, 12345, made.add_format({"bold": True}))
    made.close()
    found = read_inventory(path)
    golden("merged-cells.txt", all_told(found))
    assert [len(vm.disks) for vm in found.vms] == [2, 2, 1, 1, 1]
    assert str(found.vms[0].where) == "merged.xlsx, vInfo, row 4"
    assert (found.vms[3].in_use_bytes, found.vms[3].unshared_bytes) == (12345 * 2**20, None)


def test_one_mistake_in_many_rows_is_one_line(tmp_path: Path, golden: Golden) -> None:
    lines = "".join(f"vm{n},on,{'lots' if n % 2 else 40}\n" for n in range(2000))
    path = tmp_path / "vms.csv"
    path.write_text(f"vm,power,size_GiB\n{lines}", encoding="utf-8")
    found = read_inventory(path)
    assert len(found.problems) == 1000
    golden("many-rows.txt", all_told(found))


def test_files_that_are_no_inventory(tmp_path: Path, golden: Golden) -> None:
    said = [refusal(tmp_path / "nothing.xlsx")]
    damaged = book(tmp_path, sheets(), "damaged.xlsx")
    damaged.write_bytes(damaged.read_bytes()[:2000])
    (tmp_path / "letter.xlsx").write_text("Dear planner,\n", encoding="utf-8")
    (tmp_path / "letter.pdf").write_bytes(b"%PDF")
    (tmp_path / "zeros.csv").write_bytes(b"vm,size_GiB\0\n")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "letter.csv").write_text("Dear planner,\nplease find\n", encoding="utf-8")
    (tmp_path / "open-quote.csv").write_text('vm,power,size_GiB\n"deckard,on,40\n', encoding="utf-8")
    (tmp_path / "empty folder").mkdir()
    folder = csv_set(tmp_path, sheets())
    for name in ("damaged.xlsx", "letter.xlsx", "letter.pdf", "zeros.csv", "empty.csv", "letter.csv"):
        said.append(refusal(tmp_path / name))
    said += [refusal(tmp_path / "open-quote.csv"), refusal(tmp_path / "empty folder")]
    said.append(refusal(folder / "RVTools_tabvDisk.csv"))
    (folder / "old_RVTools_tabvInfo.csv").write_bytes((folder / "RVTools_tabvInfo.csv").read_bytes())
    said.append(refusal(folder))
    golden("no-inventory.txt", "".join(said))


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("size-without-unit", "vm,size\ndeckard,40\n"),
        ("size-in-bits", "vm,size_Gb\ndeckard,40\n"),
        ("size-twice", "vm,size_GiB,size_GB\ndeckard,40,43\n"),
        ("unit-on-a-count", "vm,size_GiB,vcpus_GB\ndeckard,40,2\n"),
        ("no-vm", "name of it,size_GiB\ndeckard,40\n"),
        ("no-rows", "vm,size_GiB\n"),
    ],
)
def test_plain_tables_that_cannot_be_used(tmp_path: Path, golden: Golden, name: str, table: str) -> None:
    path = tmp_path / "vms.csv"
    path.write_text(table, encoding="utf-8")
    golden(f"plain-{name}.txt", refusal(path))


def test_slips_in_a_plain_table(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "vms.csv"
    path.write_text(
        "vm,power,vcpu,memroy_GiB,size_GiB,used_GiB,rdm,Application\n"
        "deckard,running,2,4,40,20,,crm\n"
        "rachael,on,2,4,40,50,strange,crm\n"
        ",on,2,4,40,20,,crm\n"
        "gaff,on,2,4,0,0,,crm,too,many\n"
        "bryant,on,2,4,0,0,,crm\n"
        "deckard,on,2,4,40,20,,crm\n",
        encoding="utf-8",
    )
    found = read_inventory(path)
    golden("plain-slips.txt", all_told(found))
    assert [vm.label for vm in found.vms] == ["deckard (no. 1)", "rachael", "bryant", "deckard (no. 2)"]
    assert found.vms[1].disks[0].rdm == "physical"
    assert found.vms[0].attribute("application") == "crm"


def test_a_plain_table_by_disks(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "disks.csv"
    path.write_text(
        "VM,Power,vCPUs,memory_MiB,Disk,size_GB,used_GB,thin,shared,cluster\n"
        "deckard,on,2,4096,system,40,20,yes,no,C1\n"
        "rachael,off,4,8192,system,50,10,no,no,C1\n"
        "deckard,on,2,4096,data,100,60,yes,yes,C2\n",
        encoding="utf-8",
    )
    found = read_inventory(path)
    golden("plain-by-disks.txt", all_told(found))
    deckard, rachael = found.vms
    assert [(disk.name, disk.key, disk.capacity_bytes, disk.sharing) for disk in deckard.disks] == [
        ("system", 2000, 40 * 10**9, "none"),
        ("data", 2001, 100 * 10**9, "multi-writer"),
    ]
    assert (deckard.disk_capacity_bytes, deckard.in_use_bytes) == (140 * 10**9, 80 * 10**9)
    assert deckard.memory_bytes == 4 * 2**30
    assert rachael.power == "poweredOff"
