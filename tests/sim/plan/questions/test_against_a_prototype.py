"""Time in RPO against an independent prototype, on the write churn of production VMs, and recorded figures of
the fleet that is fitted to them.

The prototype had 82.7, 89.3, 95.0, 98.2 and 99.5 % at 80, 92, 110, 140 and 235 Mbit/s (54 VMs with all 330
windows, RPO 30 min, efficiency 1, margin 20 %, N = 15). Its rule is another where transfers take longer than
the RPO: for every instance it counts the time from the RPO after the newest instance's start to the
completion, also the part of it that it had counted for the instance before. Here a second counts once. The
last test counts as the prototype did, on the same runs.

CXSIM_CHURN_DATA: the folder with cloudphysics_30min.csv.xz; without it only the recorded figures are checked.
"""

from __future__ import annotations

import csv
import json
import lzma
import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from plan_fleets import MONDAY

from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes import Sources, grade_rates
from cxsim.sim.plan.inventory import Inventory, InventoryVm, Power
from cxsim.sim.plan.links import parse_link
from cxsim.sim.plan.questions import rpo
from cxsim.sim.plan.questions.rpo import RpoQuestion
from cxsim.sim.plan.questions.trials import DAY_S, Trials
from cxsim.sim.plan.readiness import assess
from cxsim.sim.plan.runs import Fleet, Runner
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.records import InstanceDone, Route
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import VmWorkload

DATA = os.environ.get("CXSIM_CHURN_DATA")
WINDOWS, WINDOW_S, RPO_S = 330, 1800.0, 1800.0
PROTOTYPE = {80: 82.7, 92: 89.3, 110: 95.0, 140: 98.2, 235: 99.5}
OVERLOADED = (80, 92)
"""Below or at the mean of what the VMs change, 92 Mbit/s: deltas take longer than the RPO."""
LINKS = tuple(parse_link(f"{mbit} Mbit/s up") for mbit in PROTOTYPE)
SETTINGS = Settings(link_efficiency=1.0, expected_margin=0.2, expected_of_last=15)
DAYS = WINDOWS * WINDOW_S / DAY_S
needs_data = pytest.mark.skipif(DATA is None, reason="CXSIM_CHURN_DATA is not set")


def plan(names: list[str], sources: Sources) -> Basis:
    vms = tuple(
        InventoryVm(name, name, Power.ON, 2, 2**32, (), in_use_bytes=2**46, disk_capacity_bytes=2**46)
        for name in names
    )
    inventory = Inventory(vms)
    changes = grade_rates(vms, sources, 1)
    return Basis(inventory, assess(inventory, "warm"), changes, "warm", SETTINGS, 1, MONDAY)


def shares(basis: Basis) -> dict[int, float]:
    """Time in RPO in percent, by Mbit/s."""
    answer = rpo.answer(basis, RpoQuestion((RPO_S,), LINKS, days=DAYS, seeds=1), Runner(workers=1))
    (table,) = (one for one in answer.tables if one.name == "rpo")
    return {round(row["planned_bps"] / 1e6): 100 * row["time_in_rpo"] for row in table.rows}  # type: ignore[operator]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Basis:
    """The VMs with all windows, through the plan's own reader of traces."""
    rows: dict[str, dict[int, int]] = {}
    with lzma.open(Path(str(DATA)) / "cloudphysics_30min.csv.xz", "rt") as stream:
        for row in csv.DictReader(stream):
            pages = int(row["unique_write_pages"])
            rows.setdefault(row["vm"], {})[int(row["window"])] = pages * 4096
    path = tmp_path_factory.mktemp("churn") / "traces.csv"
    full = {vm: windows for vm, windows in sorted(rows.items()) if len(windows) >= WINDOWS}
    with path.open("w") as out:
        out.write("vm,time_s,changed_bytes\n")
        for vm, windows in full.items():
            for place, window in enumerate(sorted(windows)[:WINDOWS]):
                out.write(f"{vm},{place * WINDOW_S:g},{windows[window]}\n")
    return plan(list(full), Sources(traces=(path,)))


@needs_data
def test_time_in_rpo_is_the_prototypes_where_no_transfer_outlasts_the_rpo(measured: Basis) -> None:
    assert len(measured.planned()) == 54
    found = shares(measured)
    for mbit, theirs in PROTOTYPE.items():
        if mbit in OVERLOADED:
            # A second that the prototype counted twice is counted once: never worse, and said above.
            assert found[mbit] > theirs, mbit
        else:
            assert found[mbit] == pytest.approx(theirs, abs=2.0), mbit


@needs_data
@pytest.mark.parametrize(("mbit", "theirs"), PROTOTYPE.items())
def test_counted_as_the_prototype_did_all_of_it_is_within_two_points(
    measured: Basis, mbit: int, theirs: float
) -> None:
    fleet = Trials(measured, Runner(workers=1), DAYS * DAY_S).fleet(RPO_S)
    assert counted_by_instance(fleet, mbit * 1e6) == pytest.approx(theirs, abs=2.0)


def counted_by_instance(fleet: Fleet, link_bps: float) -> float:
    """Time in RPO in percent, every instance's delay counted by itself."""
    until_s = DAYS * DAY_S
    engine = Engine(SETTINGS)
    link = engine.add_link(link_bps)
    for vm in fleet.vms:
        engine.add_vm(VmWorkload(vm.name, vm.disks))
    for n in sorted(range(len(fleet.vms)), key=fleet.starts_s.__getitem__):
        i = engine.start(n, RPO_S, (2000,), False, fleet.starts_s[n])
        engine.set_path(i, Route((link,), math.inf), fleet.starts_s[n])
    engine.advance(until_s)
    newest: dict[int, float] = {}
    late_s = 0.0
    for event in engine.take_events():
        if isinstance(event, InstanceDone):
            if event.replication in newest:
                late_s += max(0.0, event.completed_s - newest[event.replication] - RPO_S)
            newest[event.replication] = event.started_s
    late_s += sum(max(0.0, until_s - started_s - RPO_S) for started_s in newest.values())
    return 100 * (1 - late_s / (len(fleet.vms) * until_s))


def test_the_fitted_fleet_has_its_recorded_figures(golden: Callable[[str, str], None]) -> None:
    """54 drawn VMs at the same bandwidths; to a hundredth of a point, so that the last bits of a processor's
    arithmetic do not matter."""
    found = shares(plan([f"vm{n:02d}" for n in range(54)], Sources()))
    assert list(found.values()) == sorted(found.values())
    recorded = {f"{mbit} Mbit/s": round(share, 2) for mbit, share in found.items()}
    golden("fitted-fleet.json", json.dumps(recorded, indent=1) + "\n")
