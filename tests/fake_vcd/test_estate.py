"""Estates that cannot be are refused before anything exists."""

from __future__ import annotations

import pytest
from vcd_lab import ESTATE, make_lab

from cxsim.fake_vcd import (
    Compute,
    Estate,
    NetworkConfig,
    OrgConfig,
    StorageProfileConfig,
    UserConfig,
    VdcConfig,
    VimServerConfig,
)


def org(**changes: object) -> Estate:
    return Estate((OrgConfig("A", **changes),), (VimServerConfig("vc"),))  # type: ignore[arg-type]


def with_vdc(**changes: object) -> Estate:
    return org(vdcs=(VdcConfig("v", **changes),))  # type: ignore[arg-type]


PROFILE = StorageProfileConfig("p")


@pytest.mark.parametrize(
    ("estate", "reason"),
    [
        (Estate(vcd_version="10.4"), "vcd_version '10.4': known are 8.20, 9.0, 9.1, 9.5, 9.7"),
        (Estate((OrgConfig("A"), OrgConfig("a"))), "organization 'a' appears twice"),
        (Estate((OrgConfig("system"),)), "organization 'System' is vCloud Director's own"),
        (Estate((OrgConfig(""),)), "organization: a name is empty"),
        (org(users=(UserConfig("u"), UserConfig("U"))), "organization 'A': user 'U' appears twice"),
        (org(users=(UserConfig("u", vdcs=("x",)),)), "user 'u' is restricted to an unknown vDC 'x'"),
        (org(vdcs=(VdcConfig("v"), VdcConfig("v"))), "vDC 'v' appears twice"),
        (with_vdc(allocation_model="PAYG"), "allocation_model 'PAYG' is not one of"),
        (with_vdc(vim_server="vc2"), "vDC 'v': unknown vCenter 'vc2'"),
        (with_vdc(storage_profiles=(PROFILE, PROFILE)), "storage profile 'p' appears twice"),
        (with_vdc(networks=(NetworkConfig("n"), NetworkConfig("n"))), "network 'n' appears twice"),
        (with_vdc(cpu=Compute(-1)), "CPU and memory figures cannot be negative"),
        (with_vdc(storage_profiles=(StorageProfileConfig("p", -1),)), "sizes cannot be negative"),
        (
            with_vdc(storage_profiles=tuple(StorageProfileConfig(n, default=True) for n in "pq")),
            "more than one default storage profile",
        ),
    ],
)
def test_a_mistake_is_named(estate: Estate, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        make_lab(estate)
    assert reason in str(caught.value)


def test_the_tests_estate_is_good() -> None:
    assert [o.name for o in make_lab(ESTATE).vcd.model.orgs] == ["Tyrell", "Wallace"]


def test_ids_are_the_same_in_every_run_and_different_from_each_other() -> None:
    def ids() -> list[str]:
        model = make_lab().vcd.model
        vdcs = list(model.vdcs)
        profiles = [p.id for v in vdcs for p in v.storage_profiles]
        return (
            [o.id for o in model.orgs] + [v.id for v in vdcs] + profiles + [u.id for u in model.orgs[0].users]
        )

    assert ids() == ids()
    assert len(set(ids())) == len(ids())
