"""Quantities: what is read, what is refused and with which advice, and that nothing is lost."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.sim.scenario import quantities as q
from cxsim.sim.scenario.comparisons import parse_comparison
from cxsim.sim.scenario.quantities import Dimension, QuantityError, parse, render

SECOND, MINUTE, HOUR = 1, 60, 3600


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("15 min", q.DURATION, 15 * MINUTE),
        ("2h", q.DURATION, 2 * HOUR),
        ("1 h 30 min", q.DURATION, 90 * MINUTE),
        ("20 ms", q.DURATION, "0.02"),
        ("0.5 d", q.DURATION, 12 * HOUR),
        ("100 Mbit/s", q.BANDWIDTH, 100_000_000),
        ("1 Gbit/s", q.BANDWIDTH, 10**9),
        ("40 GiB", q.SIZE, 40 * 2**30),
        ("200 GB", q.SIZE, 200 * 10**9),
        ("1.5 MiB", q.SIZE, 3 * 2**19),
        ("0.5 MB/s", q.BYTE_RATE, 500_000),
        ("86.4 GB/d", q.BYTE_RATE, 1_000_000),
        ("99 %", q.FRACTION, "0.99"),
        ("99.9%", q.FRACTION, "0.999"),
        ("2 GHz", q.FREQUENCY, 2000),
    ],
)
def test_a_quantity_is_read_into_its_base_unit(text: str, dimension: Dimension, value: str | int) -> None:
    assert parse(text, dimension) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "dimension", "right"),
    [
        (15, q.DURATION, 'write "15 min" (units: us, ms, s, min, h, d)'),
        ("15", q.DURATION, 'write "15 min" (units: us, ms, s, min, h, d)'),
        ("15 minutes", q.DURATION, 'write "15 min"'),
        ("15 m", q.DURATION, 'write "15 min"'),
        ("soon", q.DURATION, 'write "15 min"'),
        ("", q.DURATION, 'write "15 min"'),
        ("1 h -5 min", q.DURATION, 'write "15 min"'),
        ("-5 min", q.DURATION, 'write "5 min"'),
        ("4000 d", q.DURATION, "at most 3650 d"),
        ("100 Mbps", q.BANDWIDTH, 'write "100 Mbit/s"'),
        ("100 MB/s", q.BANDWIDTH, 'write "800 Mbit/s" (a bandwidth is in bits)'),
        ("100 Mb/s", q.BANDWIDTH, 'write "100 Mbit/s"'),
        ("8 Mbit/s", q.BYTE_RATE, 'write "1 MB/s" (a rate of change is in bytes)'),
        ("50 GB/day", q.BYTE_RATE, 'write "50 GB/d"'),
        ("40 G", q.SIZE, 'write "40 GB"'),
        ("40 gib", q.SIZE, 'write "40 GiB"'),
        ("0.3 B", q.SIZE, 'write "40 GiB"'),
        ("1 GB 2 MB", q.SIZE, 'write "40 GiB"'),
        ("99 percent", q.FRACTION, 'write "99 %"'),
        ("101 %", q.FRACTION, "at most 100 %"),
        (True, q.SIZE, 'write "40 GiB"'),
        ("9" * 200 + " min", q.DURATION, 'write "15 min"'),
    ],
)
def test_what_is_no_quantity_is_refused_with_what_would_be_right(
    text: object, dimension: Dimension, right: str
) -> None:
    with pytest.raises(QuantityError) as refused:
        parse(text, dimension)
    assert refused.value.right == right


def test_a_signed_quantity_may_be_negative() -> None:
    assert parse("-5 min", q.DURATION, signed=True) == -300


def test_mb_and_mib_differ() -> None:
    assert parse("1 MB", q.SIZE) == 10**6
    assert parse("1 MiB", q.SIZE) == 2**20


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (900, q.DURATION, "15 min"),
        (0.02, q.DURATION, "20 ms"),
        (0.0, q.DURATION, "0 s"),
        (7200.0, q.DURATION, "2 h"),
        (2e7, q.BANDWIDTH, "20 Mbit/s"),
        (40 * 2**30, q.SIZE, "40 GiB"),
        (16 * 10**9, q.SIZE, "16 GB"),
        (0.99, q.FRACTION, "99 %"),
        (500_000.0, q.BYTE_RATE, "500 kB/s"),
    ],
)
def test_a_value_is_written_in_a_unit_that_people_use(value: float, dimension: Dimension, text: str) -> None:
    assert render(value, dimension) == text


@settings(max_examples=300)
@given(st.sampled_from(q.DIMENSIONS), st.data())
def test_what_is_written_is_read_back_unchanged(dimension: Dimension, data: st.DataObject) -> None:
    most = float(dimension.most)
    values = st.integers(0, int(most)) if dimension.whole else st.one_of(st.just(0.0), st.floats(1e-9, most))
    value = data.draw(values)
    assert (int if dimension.whole else float)(parse(render(value, dimension), dimension)) == value


@settings(max_examples=200)
@given(st.sampled_from(q.DIMENSIONS), st.data())
def test_every_unit_is_read(dimension: Dimension, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(list(dimension.units)))
    number = data.draw(st.integers(0, 20))
    assert parse(f"{number} {unit}", dimension) == number * dimension.units[unit]


@given(st.text(max_size=40), st.sampled_from(q.DIMENSIONS))
def test_any_text_is_read_or_refused_in_words(text: str, dimension: Dimension) -> None:
    refused = None
    try:
        assert parse(text, dimension) >= 0
    except QuantityError as error:
        refused = error
    assert refused is None or (refused.wrong and refused.right)


@pytest.mark.parametrize(
    ("raw", "dimension", "figure", "holds"),
    [
        (">= 99 %", q.FRACTION, 0.99, True),
        (">= 99 %", q.FRACTION, 0.9899, False),
        ("< 90 %", q.FRACTION, 0.9, False),
        ("<= 20 min", q.DURATION, 1200.0, True),
        ("> 0", None, 0, False),
        (0, None, 0, True),
        ("=3", None, 3, True),
        ("7", None, 8, False),
    ],
)
def test_a_comparison_holds_or_not(
    raw: object, dimension: Dimension | None, figure: float, holds: bool
) -> None:
    assert parse_comparison(raw, dimension).holds(figure) is holds


@pytest.mark.parametrize("raw", ["many", ">=", ">= -1", 1.5, None, True, [1], "> 99 %", "!= 3", "9" * 30])
def test_what_is_no_comparison_with_a_count_is_refused(raw: object) -> None:
    with pytest.raises(QuantityError):
        parse_comparison(raw, None)


def test_a_comparison_is_written_in_its_own_words() -> None:
    assert str(parse_comparison(">=99%", q.FRACTION)) == ">= 99 %"
    assert str(parse_comparison("15 min", q.DURATION)) == "15 min"
    assert str(parse_comparison(3, None)) == "3"
