"""Figures and dates in every locale, and cells that are anything at all."""

from __future__ import annotations

import copy
import datetime as dt
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_exports import csv_set, sheets

from cxsim.sim.plan.inventory import InventoryError, read_inventory
from cxsim.sim.plan.inventory.cells import DateOrder, Marks, Unreadable, date_of, number_of

FORMATS = [(",", "."), (".", ","), ("", "."), ("", ","), ("\u00a0", ","), ("'", ".")]


@given(st.integers(-(10**12), 10**12), st.integers(0, 4), st.sampled_from(FORMATS))
def test_a_figure_comes_back_or_is_refused(number: int, digits: int, form: tuple[str, str]) -> None:
    """Never another number: right, or Unreadable because it could be two."""
    thousands, decimal = form
    value = number / 10**digits
    text = f"{value:,.{digits}f}".translate({ord(","): thousands, ord("."): decimal})
    if text.count(".") + text.count(",") == 1:
        with suppress(Unreadable):
            assert number_of(text, Marks()) == pytest.approx(value, rel=1e-12)
    else:
        assert number_of(text, Marks()) == pytest.approx(value, rel=1e-12)


@given(st.integers(1000, 10**12), st.sampled_from(FORMATS))
def test_whole_numbers_are_never_in_doubt(number: int, form: tuple[str, str]) -> None:
    text = f"{number:,}".replace(",", form[0])
    assert number_of(text, Marks(), whole=True) == number


@given(st.integers(0, 999_999), st.sampled_from([",", "."]))
def test_one_clear_figure_decides_for_the_others(thousandth: int, decimal: str) -> None:
    marks = Marks()
    marks.look(f"0{decimal}5")
    assert number_of(f"{thousandth / 1000:.3f}".replace(".", decimal), marks) == thousandth / 1000


@pytest.mark.parametrize("text", ["1,2,3", "1.2.3,4", "12,34,567", "1.5e3", "1 GB", "--1", "1-", "0x10"])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        number_of(text, Marks(usual="."))


def test_dates_of_spreadsheets_and_of_text() -> None:
    order = DateOrder()
    for cell in ("25/12/2017 9:30:00 PM", "2017-12-25T21:30:00", "2017/12/25 21:30:00"):
        order.look(cell)
        assert date_of(cell, order) == dt.datetime(2017, 12, 25, 21, 30)
    assert date_of("03.04.2017", order) == dt.datetime(2017, 4, 3)
    american = DateOrder()
    american.look("12/25/2017")
    assert date_of("03/04/2017 12:05 AM", american) == dt.datetime(2017, 3, 4, 0, 5)
    assert date_of(dt.date(2017, 3, 4), american) == dt.datetime(2017, 3, 4)
    assert date_of("", american) is None


JUNK = st.one_of(
    st.text(max_size=12),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False).map(str),
    st.sampled_from(
        ["", "0", "True", "#N/A", "1,024", "1.024,5", "poweredOn", "VM", "=1+1", '"', "\n", "vm-1001"]
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_in_the_cells_nothing_breaks(data: st.DataObject) -> None:
    """An inventory that leaves no VM out without saying so, or an InventoryError."""
    damaged = copy.deepcopy(_SHEETS)
    for _ in range(data.draw(st.integers(1, 12))):
        rows = damaged[data.draw(st.sampled_from(sorted(damaged)))]
        row = data.draw(st.integers(0, len(rows) - 1))
        at = data.draw(st.integers(0, len(rows[0]) - 1))
        rows[row][at] = data.draw(JUNK)
    with TemporaryDirectory() as folder:
        try:
            found = read_inventory(csv_set(Path(folder), damaged))
        except InventoryError:
            return
    left_out = sum(problem.severity == "error" for problem in found.problems)
    assert len(found.vms) + left_out >= 5


_SHEETS = sheets()
