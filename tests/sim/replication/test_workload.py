"""What a VM writes, and what of it has to be shipped."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.sim.replication.workload import (
    Constant,
    Disk,
    PeriodicRewrite,
    RunningTime,
    Several,
    WorkingSet,
    Workload,
)

HOUR_S, DAY_S = 3600.0, 86400.0
WORKLOADS = [
    Constant(3e6),
    WorkingSet(3e6, 1e9),
    PeriodicRewrite(1e6, HOUR_S),
    PeriodicRewrite(1e6, HOUR_S, offset_s=1800.0),
    Several((Constant(1e3), PeriodicRewrite(1e6, 60.0))),
]


@pytest.mark.parametrize(("rpo_s", "shipped"), [(HOUR_S, 24e6), (DAY_S, 1e6)])
@pytest.mark.parametrize("offset_s", [0.0, 1.0, 1800.0])
def test_a_megabyte_rewritten_hourly_ships_24_a_day_at_one_hour_and_1_at_24(
    rpo_s: float, shipped: float, offset_s: float
) -> None:
    rewrite = PeriodicRewrite(1e6, HOUR_S, offset_s)
    starts = [DAY_S + n * rpo_s for n in range(int(DAY_S / rpo_s))]
    assert sum(rewrite.dirty_bytes(t, t + rpo_s) for t in starts) == shipped


def test_a_working_set_ships_at_most_itself() -> None:
    workload = WorkingSet(bytes_per_s=1e6, set_bytes=1e9)
    assert workload.dirty_bytes(0, 1000) == pytest.approx(1e9 * (1 - math.exp(-1)))
    assert workload.dirty_bytes(0, 1e7) == pytest.approx(1e9)
    assert WorkingSet(1e6, 0.0).dirty_bytes(0, 10) == 0


@pytest.mark.parametrize("workload", WORKLOADS, ids=repr)
@given(t=st.floats(0, 1e6), a=st.floats(0, 1e5), b=st.floats(0, 1e5))
def test_a_delta_is_sublinear_and_grows_with_the_window(
    workload: Workload, t: float, a: float, b: float
) -> None:
    whole = workload.dirty_bytes(t, t + a + b)
    parts = workload.dirty_bytes(t, t + a) + workload.dirty_bytes(t + a, t + a + b)
    assert whole <= parts * (1 + 1e-9) + 1e-3
    assert whole >= workload.dirty_bytes(t, t + a) * (1 - 1e-9) - 1e-3
    assert workload.dirty_bytes(t, t) == 0
    written = workload.written_bytes(t + a) - workload.written_bytes(t)
    assert written >= workload.dirty_bytes(t, t + a) * (1 - 1e-9) - 1


def test_a_disk_never_ships_more_than_it_holds() -> None:
    assert Disk(2000, 1e9, 1e8, Constant(1e6)).dirty_bytes(0, 1e5) == 1e9


def test_running_time_stands_still_while_the_vm_is_off() -> None:
    running = RunningTime(on=True)
    running.switch(False, 100.0)
    assert running.at(5000.0) == 100.0
    running.switch(True, 5000.0)
    assert running.at(5010.0) == 110.0
    running.switch(True, 5020.0)
    assert running.at(5030.0) == 130.0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Constant(-1.0),
        lambda: Constant(math.nan),
        lambda: WorkingSet(1.0, math.inf),
        lambda: PeriodicRewrite(1.0, 0.0),
        lambda: Disk(2000, 10.0, 11.0, Constant(0.0)),
    ],
)
def test_impossible_workloads_are_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError):
        wrong()
