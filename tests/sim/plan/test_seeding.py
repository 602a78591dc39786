"""Initial syncs and cutovers, run by the data plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.plan.links import parse_link
from cxsim.sim.plan.seeding import EVERY_HOST, REPLICATOR, Job, Member, run_job
from cxsim.sim.plan.seeding.searching import each_most_that_passes, few_fail, most_that_pass, rounds
from cxsim.sim.plan.seeding.watching import fair_share
from cxsim.sim.replication.fleet import FleetVm
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk

GB, HOUR_S = 1e9, 3600.0
PLAIN = Settings(link_efficiency=1.0)


def fleet_vm(
    name: str, gb: float, rate: float = 0.0, rpo_s: float = 900.0, host: str | None = None
) -> FleetVm:
    disk = Disk(2000, gb * GB, gb * GB, Constant(rate))
    return FleetVm(name, (disk,), rpo_s, host=host)


def job(members: list[Member], link: str = "100 Mbit/s up", **more: object) -> Job:
    return Job(tuple(members), parse_link(link), 0.0, **{"settings": PLAIN, **more})  # type: ignore[arg-type]


def test_the_published_yardstick() -> None:
    """cx.md 6.4 E1: 100 GB take 200 h on a T1, 30 h on 10 and 3 h on 100 Mbit/s."""
    for link, hours in (("1.544 Mbit/s up", 200), ("10 Mbit/s up", 30), ("100 Mbit/s up", 3)):
        found = run_job(job([Member(fleet_vm("a", 100))], link, settings=Settings())).seeded_s
        assert found is not None
        assert found / HOUR_S == pytest.approx(hours, rel=0.04)
        rate_bps = parse_link(link).up_bps * Settings().link_efficiency
        assert found == pytest.approx(100 * GB * 8 / rate_bps, rel=1e-9)


def test_copies_share_the_link_fairly() -> None:
    found = run_job(job([Member(fleet_vm("a", 10)), Member(fleet_vm("b", 30))]))
    assert [one.seeded_s for one in found.members] == pytest.approx([1600.0, 3200.0])


def test_a_later_start_and_hours_of_the_link() -> None:
    hours = run_job(job([Member(fleet_vm("a", 45), HOUR_S)], "100 Mbit/s, 10 Mbit/s 02:00-04:00"))
    assert hours.seeded_s == pytest.approx(HOUR_S + HOUR_S)
    hours = run_job(job([Member(fleet_vm("a", 90), HOUR_S)], "100 Mbit/s, 10 Mbit/s 02:00-04:00"))
    # 45 GB in the first hour, 9 GB in the two slow ones, 36 GB at 100 Mbit/s
    assert hours.seeded_s == pytest.approx(4 * HOUR_S + 36 * GB * 8 / 100e6)


def test_limits_of_replications_at_once() -> None:
    members = [Member(fleet_vm(f"v{n}", 9, host="esx1" if n < 2 else "esx2")) for n in range(4)]
    one = run_job(job(members, limits={REPLICATOR: 1}, samples=40))
    assert [vm.seeded_s for vm in one.members] == pytest.approx([720.0, 1440.0, 2160.0, 2880.0])
    assert one.members[0].limited_by == "WAN"
    assert one.members[3].limited_by == "concurrency"
    each = run_job(job(members, limits={EVERY_HOST: 1}))
    assert [vm.seeded_s for vm in each.members] == pytest.approx([1440.0, 2880.0, 1440.0, 2880.0])
    named = run_job(job(members, limits={EVERY_HOST: 1, "esx2": 2}))
    assert [vm.seeded_s for vm in named.members] == pytest.approx([2160.0, 2880.0, 2160.0, 2160.0])


def test_what_limits_a_copy() -> None:
    slow = replace(PLAIN, source_read_bps=10e6)
    found = run_job(job([Member(fleet_vm("a", 9))], settings=slow, samples=20))
    assert list(found.limited_s) == ["source read"]
    path = replace(fleet_vm("a", 9), cap_bps=20e6)
    assert list(run_job(job([Member(path)], samples=20)).limited_s) == ["path"]
    night = run_job(job([Member(fleet_vm("a", 90))], "100 Mbit/s, 30 Mbit/s other traffic", samples=20))
    assert list(night.limited_s) == ["WAN"]
    assert sum(night.limited_s.values()) == pytest.approx(night.seeded_s)


def test_deltas_run_beside_and_slow_the_rest() -> None:
    alone = run_job(job([Member(fleet_vm("a", 45))]))
    there = FleetVm("b", (Disk(2000, 90 * GB, 0.0, Constant(5e6)),), 900.0)
    beside = Member(there, -86400.0)
    both = run_job(job([Member(fleet_vm("a", 45)), beside], samples=60))
    assert alone.seeded_s is not None
    assert both.members[0].seeded_s is not None
    assert both.members[0].seeded_s > 1.4 * alone.seeded_s
    assert both.course is not None
    from_0 = [place for place, at_s in enumerate(both.course.at_s) if at_s > 2000]
    deltas = [both.course.delta_bps[place] for place in from_0]
    assert sum(deltas) / len(deltas) == pytest.approx(40e6, rel=0.15)


def test_a_cutover_ends_with_the_final_delta() -> None:
    members = [Member(fleet_vm(name, 9, 1e5), 0.0, 10 * HOUR_S, "u") for name in "ab"]
    found = run_job(job(members))
    for one in found.members:
        assert one.off_s == 10 * HOUR_S
        assert one.final_s is not None
        # at most an RPO and two transfers of changes of both, over the link
        assert 0 < one.final_s - one.off_s < 2 * 1e5 * 1000 * 8 / 100e6 + 60
    early = run_job(job([replace(member, cutover_s=60.0) for member in members]))
    assert [one.off_s for one in early.members] == [None, None]


def test_a_cutover_right_after_a_copy_is_seen_without_looks() -> None:
    """Between steps that are far apart."""
    members = [Member(fleet_vm("a", 90), 0.0, 7201.0), Member(fleet_vm("b", 900), 0.0, None)]
    alone = run_job(job(members[:1]))
    assert alone.members[0].off_s == 7201.0
    both = run_job(job([replace(members[0], cutover_s=14401.0), members[1]]))
    assert (both.members[0].seeded_s, both.members[0].off_s) == (pytest.approx(14400.0), 14401.0)


def test_cutovers_one_unit_at_a_time() -> None:
    members = [Member(fleet_vm(f"v{n}", 9, 1e6), 0.0, 10 * HOUR_S, f"u{n // 2}") for n in range(4)]
    found = run_job(job(members, cutovers_at_once=2)).members
    assert found[0].off_s == found[1].off_s == 10 * HOUR_S
    first = max(one.final_s or math.inf for one in found[:2])
    assert found[2].off_s == found[3].off_s == pytest.approx(first)


def test_a_sync_ahead_makes_the_final_delta_small() -> None:
    members = [Member(fleet_vm("a", 9, 1e5, 86400.0), 0.0, 80 * HOUR_S)]

    def took(one: Job) -> float:
        vm = run_job(one).members[0]
        assert vm.final_s is not None
        assert vm.off_s is not None
        return vm.final_s - vm.off_s

    late, ahead = took(job(members)), took(job(members, sync_ahead_s=HOUR_S))
    assert ahead == pytest.approx(HOUR_S * 1e5 * 8 / 100e6, rel=0.01)
    assert late > 3 * ahead


def test_a_vm_that_is_off_changes_nothing() -> None:
    found = run_job(job([Member(fleet_vm("a", 9, 1e7), powered_on=False)]))
    assert found.seeded_s == pytest.approx(720.0)


def test_what_does_not_end_is_given_up() -> None:
    found = run_job(job([Member(fleet_vm("a", 90))], give_up_s=60.0))
    assert (found.seeded_s, found.end_s) == (None, 60.0)
    with pytest.raises(ValueError, match="members"):
        run_job(job([]))


def test_looks_change_no_figure_and_add_up() -> None:
    members = [
        Member(fleet_vm(f"v{n}", 5 + n, 2e5, host=f"h{n % 2}"), n * 600.0, 20 * HOUR_S + n, f"u{n // 2}")
        for n in range(6)
    ]
    plain = job(members, limits={EVERY_HOST: 2}, cutovers_at_once=3)
    looked = run_job(replace(plain, samples=100))
    seen: list[float] = []
    again = run_job(plain, seen.append)
    figures = [(one.seeded_s, one.off_s, one.final_s, one.shipped_bytes) for one in again.members]
    assert figures == [(one.seeded_s, one.off_s, one.final_s, one.shipped_bytes) for one in looked.members]
    assert seen
    course = looked.course
    assert course is not None
    moved = sum(
        (seeding + deltas) / 8 * (at_s - before_s)
        for before_s, at_s, seeding, deltas in zip(
            course.at_s, course.at_s[1:], course.seeding_bps[1:], course.delta_bps[1:], strict=False
        )
    )
    assert moved == pytest.approx(sum(one.shipped_bytes for one in looked.members), rel=1e-6)
    assert course.seeded[-1] == 6
    for usable, seeding, deltas in zip(course.usable_bps, course.seeding_bps, course.delta_bps, strict=True):
        assert seeding + deltas <= usable * (1 + 1e-9)


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@given(SIZES, st.integers(10, 400), st.integers(1, 300))
def test_more_link_is_never_later_for_copies_alone(sizes: list[int], mbit: int, more: int) -> None:
    """Without deltas beside, limits or hours the finish is monotone in the link."""
    members = [Member(fleet_vm(f"v{n}", gb), 300.0 * n) for n, gb in enumerate(sizes)]
    slow, fast = (
        run_job(job(members, f"{rate} Mbit/s up")).seeded_s or math.inf for rate in (mbit, mbit + more)
    )
    assert fast <= slow * (1 + 1e-9)
    least = max(300.0 * n + gb * GB * 8 / 800e6 for n, gb in enumerate(sizes))
    assert slow >= max(least, sum(sizes) * GB * 8 / (mbit * 1e6)) * (1 - 1e-9)


@given(st.lists(st.floats(0.1, 100.0), min_size=1, max_size=8), st.floats(0.1, 300.0))
def test_fair_share_fills_the_link(caps: list[float], capacity: float) -> None:
    share = fair_share(np.array(caps), capacity)
    used = sum(min(cap, share) for cap in caps)
    assert used == pytest.approx(min(capacity, sum(caps)))


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_most_that_pass(most: int, passing: int) -> None:
    assert most_that_pass(lambda n: n <= passing, most) == min(most, passing)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6))
def test_searches_together_find_what_each_finds_alone_and_ask_no_more(
    searches: list[tuple[int, int]],
) -> None:
    asked: list[list[int]] = [[] for _ in searches]
    batches = 0

    def passes(probes: Sequence[tuple[int, int]]) -> list[bool]:
        nonlocal batches
        batches += 1
        assert len({place for place, _ in probes}) == len(probes)
        for place, number in probes:
            asked[place].append(number)
        return [number <= searches[place][1] for place, number in probes]

    found = each_most_that_passes(passes, [most for most, _ in searches])
    alone: list[list[int]] = []
    for place, (most, passing) in enumerate(searches):
        numbers: list[int] = []
        assert most_that_pass(lambda n, p=passing, to=numbers: to.append(n) or n <= p, most) == found[place]  # type: ignore[misc]
        alone.append(numbers)
    assert asked == alone
    assert batches == max(map(len, alone), default=0)
    assert all(len(numbers) <= rounds(most) for numbers, (most, _) in zip(alone, searches, strict=True))


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 30))
def test_few_fail(failing: list[bool], most: int) -> None:
    asked: list[int] = []

    def fails(some: Sequence[int]) -> list[bool]:
        asked.extend(some)
        return [failing[n] for n in some]

    assert few_fail(fails, len(failing), most) == (sum(failing) <= most)
    assert len(set(asked)) == len(asked)
    if all(failing[-most - 1 :]) and len(failing) > most:
        assert len(asked) == most + 1
