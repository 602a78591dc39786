"""Whether VMs fit into a vDC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.plan.inventory import InventoryDisk, InventoryVm, Power
from cxsim.sim.plan.target import GiB, Limit, Need, Target, TargetError, fit, parse_target, target_of
from cxsim.sim.scenario.vcd import Vdc


def vm(label: str, capacity: float, used: float, vcpus: int = 2, memory: int = 4) -> InventoryVm:
    disk = InventoryDisk(
        "Hard disk 1", int(capacity * GiB), key=2000, thin=True, allocated_bytes=int(used * GiB)
    )
    return InventoryVm(label, label, Power.ON, vcpus, memory * GiB, (disk,))


FLEET = [vm("a", 940, 410), vm("b", 400, 200), vm("c", 100.5, 20.2)]
TARGET = Target(
    "CHC", {"Fast": Limit(500 * GiB, 300 * GiB), "Bulk": Limit()}, "Fast", memory_bytes=Limit(9 * GiB)
)


def test_the_sentence_of_a_short_profile() -> None:
    found = fit(FLEET[:2], TARGET).whole
    assert str(found.needs[0]) == "needs 1,340 GiB thick / 610 GiB thin, has 200: short"
    assert [str(need) for need in found.needs[1:]] == [
        "needs 0 GiB, no limit: fits",
        "needs 4 GHz, no limit: fits",
        "needs 8 GiB, has 9: fits",
    ]
    assert [need.resource for need in found.short] == ["Fast"]


def test_waves_add_up_and_the_first_short_one_is_named() -> None:
    waves = [("one", ["c"]), ("two", ["b"])]
    found = fit(FLEET, TARGET, {"a": "Bulk"}, waves)
    assert [(wave.wave, wave.needs[0].verdict) for wave in found.waves] == [
        ("one", "fits"),
        ("two", "short"),
        ("in no wave", "short"),
    ]
    assert found.first_short is not None
    assert found.first_short.wave == "two"
    assert str(found.waves[0].needs[0]) == "needs 101 GiB thick / 21 GiB thin, has 200: fits"
    assert str(found.whole.needs[-1]) == "needs 12 GiB, has 9: short"


def test_thin_alone_may_fit() -> None:
    assert Need("Fast", "GiB", 100, 300, 200).verdict == "fits thin only"
    almost = Need("Fast", "GiB", 199.5, 200.0001, 200.4)
    assert str(almost) == "needs 201 GiB thick / 200 GiB thin, has 200: fits thin only"


def test_excluded_disks_need_nothing() -> None:
    assert fit([FLEET[0]], TARGET, excluded={"a": [2000]}).whole.needs[0].thick == 0


def test_a_target_out_of_an_environment() -> None:
    vdc = Vdc.model_validate(
        {
            "cpu": {"limit": "10 GHz", "used_mhz": 4000},
            "memory": {"limit": "64 GiB", "used": "60 GiB"},
            "storage_profiles": {
                "Bulk": {"datastore": "ds2"},
                "Fast": {"limit": "200 GiB", "datastore": "ds1", "default": "yes"},
            },
        }
    )
    target = target_of("PAYG", vdc)
    assert (target.default, target.cpu_mhz.free, target.memory_bytes.free) == ("Fast", 6000, 4 * GiB)
    assert fit(FLEET, target).whole.needs[1].verdict == "short"


def test_a_target_out_of_an_option() -> None:
    target = parse_target("Fast: 200 GiB, Bulk: Unlimited, memory: 128 GiB")
    assert target.profiles == {"Fast": Limit(200 * GiB), "Bulk": Limit(None)}
    assert (target.default, target.memory_bytes.free) == ("Fast", 128 * GiB)


def test_targets_that_say_nothing_are_refused(golden: Callable[[str, str], None]) -> None:
    said = []
    for text in (
        "",
        "Fast",
        "Fast: 200",
        "Fast: lots",
        "Fast: 1 GiB, Fast: 2 GiB",
        "memory: 1 GiB",
        ": 1 GiB",
    ):
        with pytest.raises(TargetError) as error:
            parse_target(text)
        said.append(f"{text}\n    {error.value}\n")
    for waves in ([("one", ["z"])], [("one", ["a"]), ("two", ["a"])]):
        with pytest.raises(TargetError) as error:
            fit(FLEET, TARGET, None, waves)
        said.append(f"{error.value}\n")
    with pytest.raises(TargetError) as error:
        fit(FLEET, TARGET, {"a": "Fats"})
    golden("targets-refused.txt", "".join([*said, f"{error.value}\n"]))


SIZES = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 100)), min_size=1, max_size=8)


@given(SIZES, st.integers(0, 3000))
def test_the_last_wave_is_the_sum_and_no_rounding_makes_a_fit(
    sizes: list[tuple[int, int]], free: int
) -> None:
    vms = [vm(f"v{n}", size / 7, size * share / 700) for n, (size, share) in enumerate(sizes)]
    target = replace(TARGET, profiles={"Fast": Limit(free * GiB)})
    need = fit(vms, target, None, [(one.label, [one.label]) for one in vms]).whole.needs[0]
    thick = sum(one.disks[0].capacity_bytes or 0 for one in vms)
    assert need.thick * GiB == pytest.approx(thick, abs=1)
    if need.verdict == "fits":
        assert thick <= free * GiB
    if thick <= (free - 1) * GiB:
        assert need.verdict == "fits"
