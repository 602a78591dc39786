"""Addresses and ports as rules write them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.sim.network.addresses import (
    Side,
    address,
    address_set,
    dotted,
    nothing_known,
    port_set,
    prefix,
    split_port,
)


@given(st.integers(0, 2**32 - 1))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_an_address_survives_writing_and_reading(value: int) -> None:
    assert address(dotted(value)) == value
    assert dotted(value) == str(ipaddress.IPv4Address(value))


@given(st.integers(0, 2**32 - 1), st.integers(0, 32), st.integers(0, 2**32 - 1))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_a_prefix_holds_what_the_standard_library_says(base: int, length: int, value: int) -> None:
    network = ipaddress.IPv4Network((base, length), strict=False)
    low, high = prefix(str(network))
    assert (low <= value <= high) == (ipaddress.IPv4Address(value) in network)


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.256", "10.0.0.0.1", "ten.0.0.1", "10.0.0.-1", "١.0.0.1"]
)
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="not an IPv4 address"):
        address(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10.0.0.1/24", "bits right of the mask; the network is 10.0.0.0/24"),
        ("10.0.0.0/33", "from 0 to 32"),
        ("10.0.0.9-10.0.0.2", "ends before it begins"),
        ("Branches", "neither an address nor a group"),
    ],
)
def test_what_is_no_set_of_addresses_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        address_set(text)


@pytest.mark.parametrize(
    ("written", "held", "not_held"),
    [
        ("any", "1.2.3.4", None),
        ((), "1.2.3.4", None),
        ("10.3.0.0/24", "10.3.0.77", "10.3.1.0"),
        ("10.3.0.10-10.3.0.20", "10.3.0.20", "10.3.0.21"),
        (("10.3.0.5", "192.168.0.0/16"), "192.168.9.9", "10.3.0.6"),
        ("Servers", "10.3.0.33", "10.3.0.34"),
    ],
)
def test_a_set_holds_what_was_written(
    written: str | tuple[str, ...], held: str, not_held: str | None
) -> None:
    groups = {"Servers": ("10.3.0.30-10.3.0.33",)}
    found = address_set(written, groups)
    assert found.holds(address(held), Side.INSIDE, nothing_known)
    if not_held is not None:
        assert not found.holds(address(not_held), Side.INSIDE, nothing_known)


def test_a_negated_set_holds_everything_else() -> None:
    found = address_set("10.0.0.0/8", negated=True)
    assert found.holds(address("11.0.0.1"), Side.INSIDE, nothing_known)
    assert not found.holds(address("10.0.0.1"), Side.INSIDE, nothing_known)


def test_internal_and_external_mean_the_side_of_the_edge() -> None:
    found = address_set("External")
    assert found.holds(address("192.168.0.1"), Side.OUTSIDE, nothing_known)
    assert not found.holds(address("192.168.0.1"), Side.INSIDE, nothing_known)


def test_a_group_without_members_is_asked_about_and_never_guessed() -> None:
    asked = []

    def ask(group: str, value: object) -> bool:
        asked.append((group, value))
        return True

    found = address_set(("10.0.0.1", "Branches"), {"Branches": None})
    assert found.holds(address("10.0.0.1"), Side.INSIDE, ask)
    assert asked == []
    assert found.holds(address("10.0.0.2"), Side.INSIDE, ask)
    assert asked == [("Branches", address("10.0.0.2"))]


@pytest.mark.parametrize(
    ("written", "held", "not_held"),
    [
        ((), 1, None),
        ("any", 65535, None),
        (-1, 443, None),
        (443, 443, 444),
        ("8000-8100", 8044, 8101),
        (("443", "8000-8100"), 8000, 7999),
    ],
)
def test_ports_are_single_ranges_or_any(written: object, held: int, not_held: int | None) -> None:
    found = port_set(written)  # type: ignore[arg-type]
    assert found.holds(held, nothing_known)
    if not_held is not None:
        assert not found.holds(not_held, nothing_known)


@pytest.mark.parametrize("written", ["65536", "http", "44045x", "٤٤٣"])
def test_what_is_no_port_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a port"):
        port_set(written)


def test_an_endpoint_splits_into_address_and_port() -> None:
    assert split_port("198.51.100.10:443") == ("198.51.100.10", "443")
    assert split_port("192.168.0.0/24") == ("192.168.0.0/24", None)
