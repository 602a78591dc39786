"""Replacing addresses: relations stay, nothing of the old is left."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.sim.case.address_map import AddressMap
from cxsim.sim.case.bundle import CaseError
from cxsim.sim.network.addresses import address as number_of
from cxsim.sim.network.state import is_private

TEXTS = [
    "192.168.0.0/24",
    "192.168.0.1",
    "192.168.0.34",
    "10.3.0.0/24",
    "10.3.0.33",
    "198.51.100.10",
    "203.0.113.0/24",
    "203.0.113.32",
    "8.8.8.8",
]


def test_a_host_stays_in_its_network_and_a_public_address_stays_public() -> None:
    new = AddressMap(TEXTS)
    lan, host = (new.map_text(text) for text in ("192.168.0.0/24", "192.168.0.34"))
    assert ipaddress.IPv4Address(host) in ipaddress.IPv4Network(lan)
    assert is_private(number_of(host))
    assert not is_private(number_of(new.map_text("198.51.100.10")))
    assert new.map_text("203.0.113.32:8044") in {new.map_text("203.0.113.32") + ":8044"}


def test_no_new_address_is_one_of_the_old() -> None:
    new = AddressMap(TEXTS)
    old = {text.partition("/")[0] for text in TEXTS}
    assert not old & {new.map_text(text).partition("/")[0] for text in TEXTS}


def test_public_addresses_become_documentation_ranges() -> None:
    new = AddressMap(["81.2.3.4", "9.9.9.0/24", "9.9.9.9"])
    documentation = [ipaddress.IPv4Network(n) for n in ("192.0.2.0/24", "198.18.0.0/15")]
    for text in ("81.2.3.4", "9.9.9.9"):
        assert any(ipaddress.IPv4Address(new.map_text(text)) in network for network in documentation)


def test_overlapping_private_networks_of_both_sites_stay_the_same_one() -> None:
    new = AddressMap(["192.168.0.0/24", "192.168.0.0/24", "192.168.0.5"])
    assert len(set(new.originals())) == 2


def test_special_addresses_and_everything_stay() -> None:
    new = AddressMap(["0.0.0.0/0", "127.0.0.1", "255.255.255.255", "169.254.1.1"])
    for text in ("0.0.0.0/0", "127.0.0.1", "255.255.255.255", "169.254.1.1", "any", "443", "8000-8100"):
        assert new.map_text(text) == text


def test_an_address_within_a_text_is_replaced_and_a_version_is_not() -> None:
    new = AddressMap(["198.51.100.10"])
    changed = new.map_text("https://198.51.100.10:443/cloud is 1.2.3")
    assert changed.startswith("https://192.0.2.")
    assert changed.endswith(":443/cloud is 1.2.3")


def test_places_in_networks_that_translate_onto_each_other_are_kept() -> None:
    texts = ["10.1.0.0/24", "10.1.0.77", "203.0.113.0/24", "203.0.113.77"]
    new = AddressMap(texts, rigid=["10.1.0.0/24", "203.0.113.0/24"])
    assert new.map_text("10.1.0.77").endswith(".77")
    assert new.map_text("203.0.113.77").endswith(".77")


def test_a_huge_network_shrinks_to_what_it_holds() -> None:
    new = AddressMap(["10.0.0.0/8", "10.3.0.0/24", "10.3.0.7", "192.168.0.1"])
    big = ipaddress.IPv4Network(new.map_text("10.0.0.0/8"))
    assert ipaddress.IPv4Network(new.map_text("10.3.0.0/24")).subnet_of(big)
    assert ipaddress.IPv4Address(new.map_text("192.168.0.1")) not in big


def test_what_cannot_be_kept_is_refused() -> None:
    with pytest.raises(CaseError):
        AddressMap(["128.0.0.0/1", "200.1.2.3"])


octets = st.integers(0, 255)
hosts = st.builds(
    "{}.{}.{}.{}".format,
    st.sampled_from([10, 81, 172, 192, 198, 203]),
    st.sampled_from([0, 16, 51, 168]),
    st.integers(0, 3),
    st.integers(1, 254),
)
networks = st.builds(
    lambda host, length: str(ipaddress.IPv4Network(f"{host}/{length}", strict=False)),
    hosts,
    st.integers(18, 30),
)


@given(st.lists(st.one_of(hosts, networks), min_size=1, max_size=14))
@settings(derandomize=True, max_examples=80, deadline=None)
def test_every_relation_between_addresses_and_networks_is_kept(texts: list[str]) -> None:
    new = AddressMap(texts)
    singles = [t for t in texts if "/" not in t]
    nets = [t for t in texts if "/" in t]
    for text in texts:
        first = number_of(text.partition("/")[0])
        assert is_private(first) is is_private(number_of(new.map_text(text).partition("/")[0]))
    for net in nets:
        after = ipaddress.IPv4Network(new.map_text(net))
        for one in singles:
            before = ipaddress.IPv4Address(one) in ipaddress.IPv4Network(net)
            assert before is (ipaddress.IPv4Address(new.map_text(one)) in after)
    assert [number_of(new.map_text(a)) == number_of(new.map_text(b)) for a in singles for b in singles] == [
        a == b for a in singles for b in singles
    ]
    olds = {t.partition("/")[0] for t in texts}
    assert not olds & {new.map_text(t).partition("/")[0] for t in texts if t.partition("/")[0] != "0.0.0.0"}
