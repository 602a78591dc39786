"""Values as people read them; workbook, CSV, JSON and terminal text of an answer."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math

import pytest
from dummy_answers import ANSWER, EVIL, LONG, PER_VM
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from rich.console import Console

from cxsim.sim.plan.answers.files import csv_files, json_text
from cxsim.sim.plan.answers.shown import shown, unit_of
from cxsim.sim.plan.answers.text import show
from cxsim.sim.plan.answers.workbook import workbook


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "bytes", "unknown"),
        (True, "text", "yes"),
        (3 * 2**40, "bytes", "3 TiB"),
        (1340 * 2**30, "bytes", "1.31 TiB"),
        (610.5 * 2**30, "bytes", "610 GiB"),
        (5e5, "bytes", "0.48 MiB"),
        (61.5e6, "bps", "61.5 Mbit/s"),
        (2e9, "bps", "2 Gbit/s"),
        (math.inf, "bps", "unlimited"),
        (math.inf, "seconds", "never"),
        (0, "seconds", "0 s"),
        (7.25, "seconds", "7.2 s"),
        (59.9, "seconds", "60 s"),
        (65, "seconds", "1 min 05 s"),
        (900, "seconds", "15 min"),
        (3599, "seconds", "1 h"),
        (5400, "seconds", "1 h 30 min"),
        (172800, "seconds", "2 d"),
        (200000, "seconds", "2 d 8 h"),
        (-120, "seconds", "-2 min"),
        (1.0, "share", "100 %"),
        (0.0, "share", "0 %"),
        (0.9996, "share", "99.96 %"),
        (0.9999999, "share", "<100 %"),
        (0.0000001, "share", ">0 %"),
        (0.5, "share", "50.0 %"),
        (1450, "money", "1,450"),
        (0.5, "money", "0.50"),
        (12345.678, "number", "12,346"),
        (0.85, "number", "0.85"),
        (dt.datetime(2017, 11, 6, 9), "instant", "Mon 2017-11-06 09:00"),
    ],
)
def test_shown(value, kind, text: str) -> None:
    assert shown(value, kind) == text


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_to_all_or_nothing(share: float) -> None:
    text = shown(share, "share")
    assert (text == "100 %") == (share == 1)
    assert (text == "0 %") == (share == 0)


@given(st.floats(0, 1e9))
def test_a_duration_is_off_by_little(seconds: float) -> None:
    sizes = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    words = shown(seconds, "seconds").split()
    read = sum(float(n) * sizes[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
    assert abs(read - seconds) <= max(0.5, seconds * 0.05)


def test_an_axis_has_the_unit_of_its_greatest_value() -> None:
    assert unit_of("bps", [80e6, 1.2e9]).name == "Mbit/s"
    assert unit_of("seconds", [60, 7200, None, math.inf]).name == "h"
    assert unit_of("count", [3]).name == ""


def test_csv_has_a_file_a_table_with_units_in_the_keys() -> None:
    files = csv_files([ANSWER])
    assert list(files) == ["rpo-per-vm.csv", "rpo-long.csv", "assumptions.csv", "left-out.csv"]
    rows = list(csv.DictReader(io.StringIO(files["rpo-per-vm.csv"])))
    assert rows[0]["vm"] == EVIL
    assert float(rows[0]["size_bytes"]) == 3 * 2**40
    assert rows[0]["ready"] == "2017-11-06T05:00:00"
    assert rows[1]["size_bytes"] == rows[1]["peak_age_s"] == ""


def test_json_has_every_field_and_is_json() -> None:
    document = json.loads(json_text([ANSWER]), parse_constant=lambda word: pytest.fail(word))
    (answer,) = document["answers"]
    assert document["answer_version"] == 1
    assert answer["verdict"] == ANSWER.verdict
    assert answer["tables"][0]["rows"][1]["peak_age_s"] is None
    assert len(answer["charts"]) == len(ANSWER.charts)


def test_the_workbook_has_numbers_and_no_formula() -> None:
    data = workbook([ANSWER])
    assert data == workbook([ANSWER])
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert book.sheet_names == ["decision", "per-vm", "long", "assumptions", "left out", "problems"]
    rows = book.get_sheet_by_name("per-vm").to_python()
    assert rows[0][:4] == ["VM", "initial sync (GiB)", "rate (Mbit/s)", "peak data age (h:mm:ss)"]
    assert rows[1][0] == EVIL
    assert rows[1][1] == 3 * 1024
    assert rows[1][2] == 61.5
    assert rows[1][5] == dt.datetime(2017, 11, 6, 5)
    assert rows[2][0] == "=SUM(A1)"
    assert rows[2][1] == "unknown"
    assert rows[2][3] == "never"


def test_sheets_of_one_name_and_long_names_are_told_apart() -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook([ANSWER, ANSWER])))
    assert len(set(map(str.lower, book.sheet_names))) == len(book.sheet_names)
    assert all(len(name) <= 31 for name in book.sheet_names)


def _told(encoding: str = "utf-8", **console: object) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    show(Console(file=stream, **console), [ANSWER], most_rows=5)  # type: ignore[arg-type]
    stream.seek(0)
    return stream.read()


def test_a_pipe_gets_whole_lines() -> None:
    text = _told()
    (row,) = [line for line in text.splitlines() if "SUM(A1)" in line]
    assert " ".join(row.split()) == ("\u2713 =SUM(A1) unknown unlimited never 100 % unknown 0.50 0 12,346 no")
    assert "\x1b" not in text


def test_rows_left_out_of_the_terminal_are_counted() -> None:
    text = _told()
    assert f"... and {len(LONG.rows) - 5} more" in text
    assert "more" not in text.split("Per VM")[1].split("Many rows")[0]


def test_a_terminal_without_check_marks_gets_plain_signs() -> None:
    text = _told("cp1252")
    assert "! 110 Mbit/s or more" in text
    (row,) = [line for line in text.splitlines() if "SUM(A1)" in line]
    assert row.split()[:2] == ["+", "=SUM(A1)"]


def test_the_tone_column_is_a_sign_and_not_a_word() -> None:
    assert PER_VM.tone_of == "tone"
    assert " bad " not in _told()
