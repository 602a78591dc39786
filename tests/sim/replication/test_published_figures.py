"""The computable rows of cx.md 6.4: what was published, and what the engine makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from cxsim.fake_cx.dataplane import ReplicationState
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.fleet import FleetResult, FleetVm, simulate
from cxsim.sim.replication.records import Route
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import Constant, Disk, VmWorkload

MIN_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
MB, GB, TB, MIB, GIB = 1e6, 1e9, 1e12, 2.0**20, 2.0**30
FAST = Settings(link_efficiency=1.0, source_read_bps=8e9)
HOURLY = Settings(link_efficiency=1.0, source_read_bps=8e9, schedule="fixed")


def vm(n: int, rate: float, used: float = 0.0, rpo_s: float = HOUR_S, quiesce: float = 0.0) -> FleetVm:
    return FleetVm(f"vm{n}", (Disk(2000, 1e15, used, Constant(rate), quiesce),), rpo_s)


def copy_s(volume: float, link_bps: float, given: Settings = FAST, vms: int = 1) -> float:
    """How long a volume takes over a link, on as many VMs."""
    fleet = [vm(n, 0.0, used=volume / vms) for n in range(vms)]
    found = simulate(fleet, link_bps, 2 * volume * 8 / link_bps + DAY_S, given).vms
    return max(seen.rpo_from_s or 0.0 for seen in found)


def a_day_of_deltas(vms: int, bytes_per_day: float, link_bps: float, **given: Any) -> FleetResult:
    """Ten days of a fleet that writes so much a day in all."""
    fleet = [vm(n, bytes_per_day / DAY_S / vms) for n in range(vms)]
    return simulate(fleet, link_bps, 10 * DAY_S, Settings(**{**vars(HOURLY), **given}))


def shipped_a_day(result: FleetResult) -> float:
    """Bytes a day, of whole days."""
    return sum(result.shipped_bytes) / (10 - 1 / 24)


def bytes_a_sync(result: FleetResult) -> float:
    return sum(result.shipped_bytes) / sum(seen.syncs for seen in result.vms)


def age_grows_by(link_bps: float) -> float:
    """Data age at the end of 40 days over that of the middle, shipping 100 GB a day without a break: above 1
    when the link is too narrow, whatever the RPO."""
    given = Settings(link_efficiency=0.74, source_read_bps=8e9, schedule="continuous")
    ages = []
    for days in (20, 40):
        fleet = [vm(0, 100 * GB / DAY_S, used=8 * GB)]
        (seen,) = simulate(fleet, link_bps, days * DAY_S, given).vms
        assert seen.ages is not None
        ages.append(seen.ages.p95)
    return ages[1] / ages[0]


def outside_rpo(transfer_min: float) -> float:
    """Fraction of the time that the RPO of 15 minutes is violated, every transfer as long, margin 0."""
    given = Settings(link_efficiency=1.0, source_read_bps=8e9, expected_margin=0.0, even_out_up_to=0)
    volume = 1e6 * transfer_min * MIN_S
    fleet = [vm(0, 0.0, rpo_s=15 * MIN_S, quiesce=volume)]
    (seen,) = simulate(fleet, 8e6, 30 * DAY_S, given).vms
    assert seen.time_in_rpo is not None
    return 1 - seen.time_in_rpo


def mean_rpo_min() -> float:
    """150 VMs, 100 with an RPO of 20 and 50 of 600 minutes: minutes between two syncs of one, on average."""
    fleet = [vm(n, 1.0, rpo_s=MIN_S * (20 if n < 100 else 600)) for n in range(150)]
    given = Settings(**{**vars(HOURLY), "fixed_interval_s": 0.0})
    days = 50
    syncs = sum(seen.syncs for seen in simulate(fleet, 1e9, days * DAY_S, given).vms)
    return 150 * days * 24 * 60 / syncs


def compressed(rate: float, saved: float, link_bps: float = 10e9) -> float:
    """Bytes a second on the wire."""
    fleet = [vm(0, rate, rpo_s=HOUR_S)]
    given = Settings(link_efficiency=1.0, source_read_bps=80e9, schedule="fixed", compression=saved)
    (shipped,) = simulate(fleet, link_bps, 10 * DAY_S, given).shipped_bytes
    return shipped / (10 * DAY_S - HOUR_S)


def process_servers(machines: int, per_day: float, servers: int) -> float:
    """TB a day that so many process servers of 2 TB a day take from the machines, shared out evenly: what
    has arrived in ten days, deltas under way included."""
    engine = Engine(HOURLY, notify=False)
    link_bps, taken = 2 * TB * 8 / DAY_S, 0.0
    links = [engine.add_link(link_bps) for _ in range(servers)]
    for n in range(machines):
        disks = (Disk(2000, 1e15, 0.0, Constant(per_day / DAY_S / machines)),)
        i = engine.start(engine.add_vm(VmWorkload(f"vm{n}", disks)), HOUR_S, (2000,), False, 0.0)
        engine.set_path(i, Route((links[n % servers],), math.inf), 0.0)
    engine.advance(10 * DAY_S)
    for i in range(machines):
        seen = engine.progress(i, 10 * DAY_S)
        under_way = seen.transferred_bytes if seen.state is ReplicationState.ACTIVE else 0.0
        taken += engine.shipped_bytes(i) + under_way
    return taken / (10 - 1 / 24) / TB


EXACT = 1e-6
TABLE: dict[str, tuple[Callable[[], float], float, float]] = {
    # what it is: (computed, published, how near)
    "E1 100 GB over a T1, h": (lambda: copy_s(100 * GB, 1.544e6, Settings()) / HOUR_S, 200, 0.05),
    "E1 100 GB over 10 Mbit/s, h": (lambda: copy_s(100 * GB, 10e6, Settings()) / HOUR_S, 30, 0.05),
    "E1 100 GB over 100 Mbit/s, h": (lambda: copy_s(100 * GB, 100e6, Settings()) / HOUR_S, 3, 0.05),
    "E1 raw over a T1, h": (lambda: copy_s(100 * GB, 1.544e6) / HOUR_S, 143.92, 1e-4),
    "E2 100 GB a day at an RPO of 1 h, GB a sync": (
        lambda: bytes_a_sync(a_day_of_deltas(1, 100 * GB, 1e9)) / GB,
        100 / 24,
        EXACT,
    ),
    "E2 the same on ten VMs, GB of an hour": (
        lambda: 10 * bytes_a_sync(a_day_of_deltas(10, 100 * GB, 1e9)) / GB,
        100 / 24,
        EXACT,
    ),
    "E2 ... Mbit/s": (lambda: shipped_a_day(a_day_of_deltas(1, 100 * GB, 1e9)) * 8 / DAY_S / 1e6, 9.26, 1e-3),
    "E3 transfers of 5 min, violated": (lambda: outside_rpo(5), 0.0, 0.0),
    "E3 transfers of 7.5 min, violated": (lambda: outside_rpo(7.5), 0.0, 0.0),
    "E3 transfers of 10 min, violated": (lambda: outside_rpo(10), 0.5, 1e-3),
    "E4 harmonic mean of the RPOs, min": (mean_rpo_min, 150 / (100 / 20 + 50 / 600), 2e-3),
    "E4 as published": (mean_rpo_min, 30, 0.02),
    "E5 1 TB a day, Mbit/s": (
        lambda: shipped_a_day(a_day_of_deltas(20, TB, 1e9)) * 8 / DAY_S / 1e6,
        92.6,
        1e-3,
    ),
    "E5 1 TB in one batch on 1 Gbit/s, s": (lambda: copy_s(TB, 1e9), 8000, EXACT),
    "E6 33 MB/s compressed by 99 %, MB/s": (lambda: compressed(33 * MB, 0.99) / MB, 0.33, EXACT),
    "E6 200 MB/s compressed by 40 %, MB/s": (lambda: compressed(200 * MB, 0.40) / MB, 120, EXACT),
    "E6 4 MB/s compressed by 50 %, MB/s": (lambda: compressed(4 * MB, 0.50) / MB, 2, EXACT),
    "E6 ... on a link of 1 MB/s it is clipped to": (lambda: copy_s(2 * MB * HOUR_S, 8e6) / HOUR_S, 2, EXACT),
    "E7 15 VMs x 102,400 MB in one segment, h": (
        lambda: copy_s(15 * 102400 * MB, 901e6, vms=15) / HOUR_S,
        3.79,
        2e-3,
    ),
    "E7 ... routed, h": (lambda: copy_s(15 * 102400 * MB, 440e6, vms=15) / HOUR_S, 7.76, 2e-3),
    "E7 a day's changes in one segment, min": (lambda: copy_s(76800 * MB, 901e6, vms=15) / MIN_S, 11.4, 5e-3),
    "E7 ... routed, min": (lambda: copy_s(76800 * MB, 440e6, vms=15) / MIN_S, 23.3, 5e-3),
    **{
        f"E8 {rate} MB/s of churn, GB a day": (
            lambda rate=rate: shipped_a_day(a_day_of_deltas(1, rate * MIB * DAY_S, 10e9)) / GIB,
            per_day,
            5e-3,
        )
        for rate, per_day in {2: 168, 4: 336, 8: 672, 5: 421, 20: 1684}.items()
    },
    "E8 the peak of 54 MB/s a VM, MB/s": (
        lambda: shipped_a_day(a_day_of_deltas(1, 54 * MB * DAY_S, 10e9)) / DAY_S / MB,
        54,
        EXACT,
    ),
    "E9 85 machines with 250 GB a day, one server, TB a day": (
        lambda: process_servers(85, 0.25 * TB, 1),
        0.25,
        1e-3,
    ),
    "E9 150 machines with 1 TB a day": (lambda: process_servers(150, TB, 1), 1.0, 1e-3),
    "E9 225 machines with 2 TB a day": (lambda: process_servers(225, 1.999 * TB, 1), 1.999, 1e-3),
    "E9 450 machines with 4 TB a day: one server takes": (lambda: process_servers(450, 4 * TB, 1), 2.0, 1e-3),
    "E9 ... two servers take": (lambda: process_servers(450, 3.998 * TB, 2), 3.998, 1e-3),
    "E10 314,572 MB at 10 MB/s, s": (lambda: copy_s(314572 * MB, 80e6), 31457, 1e-4),
}


@pytest.mark.parametrize("row", TABLE)
def test_a_published_figure_is_computed(row: str) -> None:
    compute, published, near = TABLE[row]
    assert compute() == pytest.approx(published, rel=near, abs=1e-9)


def test_e2_12_5_mbit_at_0_74_is_where_100_gb_a_day_just_hold() -> None:
    """9.259 Mbit/s / 0.74 = 12.512: one part in 200 less and the data age grows for ever."""
    assert age_grows_by(12.512e6 * 1.005) <= 1.0
    assert age_grows_by(12.512e6 * 0.995) > 1.0
