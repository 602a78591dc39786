"""Cutover windows, blackouts, and which VMs move together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_by_hand import START, vm

from cxsim.sim.plan.changes.files import Finder
from cxsim.sim.plan.inventory.model import Problem
from cxsim.sim.plan.waves import (
    Calendar,
    NoSuchColumn,
    Period,
    Unit,
    WindowError,
    groups_by,
    parse_window,
    read_groups,
    torn,
    units_of,
)
from cxsim.sim.plan.waves.calendar import together, without


def periods(*windows: str, blackouts: tuple[str, ...] = (), days: int = 14) -> list[str]:
    calendar = Calendar(tuple(map(parse_window, windows)), tuple(map(parse_window, blackouts)))
    found = calendar.cutovers(START, START + timedelta(days=days))
    return [f"{one.start:%a %d %H:%M} - {one.end:%a %d %H:%M}" for one in found]


def test_windows_of_the_week() -> None:
    assert periods("Sat 22:00-06:00") == ["Sat 11 22:00 - Sun 12 06:00", "Sat 18 22:00 - Sun 19 06:00"]
    assert periods("Fri 20:00-Mon 6:00", days=7) == ["Fri 10 20:00 - Mon 13 06:00"]
    assert periods("Tue-Thu 1-3", days=3) == [
        "Tue 07 01:00 - Tue 07 03:00",
        "Wed 08 01:00 - Wed 08 03:00",
        "Thu 09 01:00 - Thu 09 03:00",
    ]
    assert periods("8:00-10:00", days=2) == [
        "Mon 06 09:00 - Mon 06 10:00",
        "Tue 07 08:00 - Tue 07 10:00",
        "Wed 08 08:00 - Wed 08 09:00",
    ]
    assert periods("Sat 12:00-24:00", days=7) == ["Sat 11 12:00 - Sun 12 00:00"]
    assert periods("Sat, Sun 0:00-24:00", days=7) == ["Sat 11 00:00 - Mon 13 00:00"], "days that meet are one"
    assert periods("Sun 12:00-Mon 12:00", days=2)[0] == "Mon 06 09:00 - Mon 06 12:00", (
        "begun before the start"
    )
    assert periods() == ["Mon 06 09:00 - Mon 20 09:00"], "without windows any time"


def test_windows_of_one_date_and_blackouts() -> None:
    assert periods("2017-11-11 22:00 - 2017-11-12 06:00") == ["Sat 11 22:00 - Sun 12 06:00"]
    assert periods("2017-11-11") == ["Sat 11 00:00 - Sun 12 00:00"]
    assert periods("Sat 22:00-06:00", blackouts=("2017-11-11",)) == [
        "Sun 12 00:00 - Sun 12 06:00",
        "Sat 18 22:00 - Sun 19 06:00",
    ]
    calendar = Calendar((), (parse_window("Mon 8:00-12:00"), parse_window("Mon 12:00-13:00")))
    assert calendar.may_start(START) == START.replace(hour=13)
    assert calendar.may_start(START.replace(hour=13)) == START.replace(hour=13)


def test_texts_that_are_no_window_are_refused(golden: Callable[[str, str], None]) -> None:
    said = []
    for text in (
        "",
        "Saturday night",
        "Sat",
        "Sat 25:00-26:00",
        "Sat 22:70-23:00",
        "Foo 22:00-06:00",
        "Mon-Fri 20:00-Sat 6:00",
        "Fri 20:00-Xyz 6:00",
        "2017-11-31",
        "2017-12-02 - 2017-12-01",
        "24.12.2017",
    ):
        with pytest.raises(WindowError) as error:
            parse_window(text)
        said.append(f"{text}\n    {error.value}\n")
    golden("windows-refused.txt", "".join(said))


HOURS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=8)


@given(HOURS, HOURS)
def test_what_is_left_of_windows_is_hour_by_hour_right(
    given: list[tuple[int, int]], dark: list[tuple[int, int]]
) -> None:
    def made(some: list[tuple[int, int]]) -> list[Period]:
        return [Period(START + timedelta(hours=a), START + timedelta(hours=a + n)) for a, n in some]

    def hours(some: list[Period]) -> set[datetime]:
        instants = (START + timedelta(hours=n) for n in range(400))
        return {at for at in instants if any(one.start <= at < one.end for one in some)}

    left = without(made(given), made(dark))
    assert hours(left) == hours(made(given)) - hours(made(dark))
    assert all(before.end <= after.start for before, after in pairwise(left))
    joined = together(made(given))
    assert all(before.end < after.start for before, after in pairwise(joined))


def test_groups_from_the_inventory() -> None:
    vms = [
        vm("a", 1, folder="/DC/erp", custom=(("Application", "ERP"),)),
        vm("b", 1, folder="/DC/web", custom=(("Application", " "),)),
        vm("c", 1, folder="/DC/erp", custom=(("Application", "ERP"),)),
    ]
    assert groups_by(vms, "application") == {"a": "ERP", "c": "ERP"}
    assert groups_by(vms, "folder") == {"a": "/DC/erp", "b": "/DC/web", "c": "/DC/erp"}
    with pytest.raises(NoSuchColumn, match="did you mean 'Application'"):
        groups_by(vms, "aplication")
    with pytest.raises(NoSuchColumn, match="there is Application, cluster, datacenter, folder, host"):
        groups_by(vms, "xyzzy")


def test_groups_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("vm,group\na,erp\nC,erp\nb,web\nb,erp\nz,web\nd,\n", encoding="utf-8")
    problems: list[Problem] = []
    vms = [vm(label, 1) for label in "abcd"]
    assert read_groups(path, Finder(vms), problems) == {"a": "erp", "b": "web", "c": "erp"}
    assert [str(problem) for problem in problems] == [
        "groups.csv, row 5, column 'group': b is in 'web' already: name one group a VM",
        "groups.csv, row 6, column 'vm': 'z' is not in the inventory: its rows were left out",
    ]


def test_units_keep_groups_whole_and_tell_what_is_missing() -> None:
    groups = {"a": "erp", "c": "erp", "x": "erp", "y": "other", "web": "b"}
    assert units_of(["a", "b", "c", "web"], groups) == (
        Unit("erp", ("a", "c"), True),
        Unit("b", ("b",)),
        Unit("b", ("web",), True),
    )
    assert torn(groups, ["a", "b", "c", "web"]) == (("erp", ("x",)),)
