"""Reading vCD's answers: units, texts, and what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cxsim.core.vcd_answers import (
    Amount,
    links,
    mhz_text,
    profile_records,
    same_object,
    size_text,
    vdc,
)

NS = 'xmlns="http://www.vmware.com/vcloud/v1.5"'
GIB = 2**30


def vdc_text(cpu: str = "MHz", memory: str = "MB", used: str = "0", limit: str = "0") -> str:
    figures = f"<Limit>{limit}</Limit><Used>{used}</Used>"
    return (
        f'<Vdc {NS} name="v" href="https://x/api/vdc/1"><ComputeCapacity>'
        f"<Cpu><Units>{cpu}</Units>{figures}</Cpu><Memory><Units>{memory}</Units>{figures}</Memory>"
        f"</ComputeCapacity></Vdc>"
    )


@pytest.mark.parametrize(
    ("used", "limit", "text"),
    [
        (0, None, "0 / Unlimited"),
        (0, 200 * GIB, "0 / 200.00 GB"),
        (44 * GIB, 200 * GIB, "44.00 GB / 200.00 GB"),
        (GIB // 2, GIB, "512.00 MB / 1.00 GB"),
        (1536 * GIB, None, "1536.00 GB / Unlimited"),
    ],
)
def test_sizes_read_as_in_the_plugin(used: int, limit: int | None, text: str) -> None:
    assert size_text(Amount(used, limit)) == text


def test_processors_read_as_in_the_plugin() -> None:
    assert mhz_text(Amount(0, None)) == "0 MHz / Unlimited"
    assert mhz_text(Amount(2000, 10000)) == "2000 MHz / 10000 MHz"


@given(st.integers(0, 10**15), st.one_of(st.none(), st.integers(1, 10**15)))
def test_what_is_available_is_never_negative(used: int, limit: int | None) -> None:
    available = Amount(used, limit).available
    assert available is None if limit is None else available == max(0, limit - used)


@pytest.mark.parametrize(
    ("cpu", "memory", "mhz", "size"), [("MHz", "MB", 3, 3 * 2**20), ("GHz", "GB", 3000, 3 * GIB)]
)
def test_units_are_those_that_vcd_names(cpu: str, memory: str, mhz: int, size: int) -> None:
    figures = vdc(etree.fromstring(vdc_text(cpu, memory, "3", "0")), ())
    assert (figures.cpu_mhz, figures.memory_bytes) == (Amount(mhz, None), Amount(size, None))
    assert figures.networks == ()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (vdc_text(cpu="parsec"), "the unit 'parsec' is unknown"),
        (vdc_text(cpu=""), "the unit '' is unknown"),
        (vdc_text(used="many"), "'Used' is missing or not a number"),
        (vdc_text(limit="-1"), "'Limit' is missing or not a number"),
        (vdc_text().replace("Memory>", "Memories>"), "'Memory' is missing"),
        (vdc_text().replace("ComputeCapacity", "Capacity"), "'ComputeCapacity' is missing"),
        (vdc_text().replace(' name="v"', ""), "'name' is missing"),
        (
            vdc_text().replace("</Vdc>", "<AvailableNetworks><Network/></AvailableNetworks></Vdc>"),
            "'name' is missing",
        ),
    ],
)
def test_a_vdc_that_lacks_something_is_told(text: str, wrong: str) -> None:
    with pytest.raises(ValueError) as caught:
        vdc(etree.fromstring(text), ())
    assert str(caught.value) == wrong


def test_a_record_without_numbers_is_told() -> None:
    record = (
        '<OrgVdcStorageProfileRecord name="p" href="https://x/p/1" storageLimitMB="{}" storageUsedMB="1"/>'
    )
    page = f"<QueryResultRecords {NS}>{record}</QueryResultRecords>"
    (profile,) = profile_records(etree.fromstring(page.format("0")))
    assert (profile.limit_bytes, profile.used_bytes) == (None, 2**20)
    with pytest.raises(ValueError, match="'storageLimitMB' is missing or not a number"):
        list(profile_records(etree.fromstring(page.format("much"))))


def test_links_are_found_by_relation_type_and_name() -> None:
    document = etree.fromstring(
        f'<Org {NS}><Link rel="down" type="A/B" name="One" href="1"/><Link rel="up" type="a/b" href="2"/>'
        '<Link rel="down" type="a/b" name="two" href="3"/><Link rel="down" type="a/b" name="x"/></Org>'
    )
    assert list(links(document, "a/b")) == [("One", "1"), ("two", "3")]
    assert list(links(document, "a/b", "up")) == [("", "2")]
    assert list(links(document, "a/b", name="TWO")) == [("two", "3")]


def test_hrefs_of_two_addresses_can_name_the_same_object() -> None:
    assert same_object("https://a/api/vdcStorageProfile/1", "https://b:8443/api/admin/vdcStorageProfile/1/")
    assert not same_object("https://a/api/x/1", "https://a/api/x/2")
