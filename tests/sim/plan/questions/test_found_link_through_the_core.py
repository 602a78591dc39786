"""The link that `plan bandwidth` found, as a whole scenario: the core migrates ten of the VMs against
emulated endpoints, and their time in RPO is the plan's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_fleets import basis

from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.questions.bandwidth import BandwidthQuestion, Smallest, smallest_link
from cxsim.sim.plan.questions.trials import Trials
from cxsim.sim.plan.runs import Fleet, Runner
from cxsim.sim.plan.runs.execute import execute
from cxsim.sim.replication.accounting import RpoReport
from cxsim.sim.replication.plane import SimDataPlane
from cxsim.sim.result import Exit
from cxsim.sim.run import run_scenario
from cxsim.sim.scenario import load

RPO_S, WINDOW_S, SIZE_BYTES = 900.0, 1800.0, 15 * 2.0**30
HEAD = """\
schema: 1
title: ten VMs of a plan over the link that it found
extends: environments/tyrell-mycloud.yaml
sites:
  tyrell: {{wan: {{up: {up_kbps} kbit/s, rtt: 0 ms}}}}
  mycloud: {{wan: {{down: 100 Gbit/s}}}}
vms:
"""
VM = (
    "  vm{n}: {{esxi: tyrell-esx01, address: 192.168.0.{address}, cpus: 1, memory: 1 GiB,"
    " network: Tyrell Servers, power: on,"
    " disks: [{{size: 15 GiB, used: 0 MiB, workload: {{trace: churn.csv}}}}]}}\n"
)
STEPS = """\
steps:
  - add_cloud: {{cloud: MyCloud-CHC, trust: yes}}
  - wait: {{cloud: MyCloud-CHC, status: Running, at_most: 5 min}}
  - migrate: {{job: Wave 1, type: Warm, vms: [{names}], cloud: MyCloud-CHC, vdc: CHC Tyrell PAYG,
      storage_profile: CHC Performance, network: Tyrell Servers, layout: individual, start: immediately,
      rpo: 15 min, disk_type: Thin}}
  - run_until: 8 h
expect:
  - at_end: {{rpo: fleet, time_in_rpo: "> 95 %"}}
"""


@pytest.fixture(scope="module")
def plan() -> Basis:
    return basis(10, 5)


@pytest.fixture(scope="module")
def trials(plan: Basis) -> Trials:
    return Trials(plan, Runner(workers=1), 8 * 3600.0)


@pytest.fixture(scope="module")
def best(trials: Trials) -> Smallest:
    return smallest_link(trials, BandwidthQuestion(RPO_S))


@pytest.fixture(scope="module")
def report(trials: Trials, best: Smallest, tmp_path_factory: pytest.TempPathFactory) -> RpoReport:
    """What the data plane beside the kernel reports at the end of the scenario."""
    folder = tmp_path_factory.mktemp("plan")
    rows, vms = ["vm,time_s,changed_bytes"], []
    for n, vm in enumerate(trials.fleet(RPO_S).vms):
        written = vm.disks[0].workload
        for window in range(20):
            changed = written.dirty_bytes(window * WINDOW_S, (window + 1) * WINDOW_S)
            rows.append(f"vm{n},{window * WINDOW_S:g},{changed!r}")
        vms.append(VM.format(n=n, address=110 + n))
    (folder / "churn.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    names = ", ".join(f"vm{n}" for n in range(10))
    head = HEAD.format(up_kbps=round(best.at.link.up_bps / 1000))
    (folder / "plan.yaml").write_text(head + "".join(vms) + STEPS.format(names=names), encoding="utf-8")
    (scenario,) = load(folder / "plan.yaml")
    reports: list[RpoReport] = []
    whole = SimDataPlane.report
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimDataPlane, "report", lambda plane: reports.append(whole(plane)) or reports[-1])
        result = run_scenario(scenario)
    assert result.exit is Exit.MET, [check.detail for check in result.checks]
    return replace(
        reports[-1],
        at_s=reports[-1].at_s - scenario.start_s,
        vms=tuple(
            replace(vm, rpo_from_s=(vm.rpo_from_s or 0.0) - scenario.start_s)
            for vm in sorted(reports[-1].vms, key=lambda vm: vm.name)
        ),
    )


def test_the_plan_has_the_same_time_in_rpo_as_the_scenario(
    trials: Trials, best: Smallest, report: RpoReport
) -> None:
    """With the moments at which the core began the replications, VM by VM."""
    vms = tuple(
        replace(vm, name=f"vm{n}", host=None, disks=(replace(vm.disks[0], size_bytes=SIZE_BYTES),))
        for n, vm in enumerate(trials.fleet(RPO_S).vms)
    )
    fleet = Fleet(vms, tuple(vm.rpo_from_s or 0.0 for vm in report.vms))
    planned = execute(replace(trials.run(fleet, best.at.link), duration_s=report.at_s))
    assert len(report.vms) == 10
    for vm, ours in zip(report.vms, planned.vms, strict=True):
        assert vm.name == ours.name
        assert ours.time_in_rpo == pytest.approx(vm.time_in_rpo, abs=1e-6), vm.name
        assert ours.violations == vm.violation_count
        assert ours.syncs == vm.syncs
    assert planned.fleet.time_in_rpo == pytest.approx(report.fleet.time_in_rpo, abs=1e-6)
    assert report.fleet.time_in_rpo is not None
    assert report.fleet.time_in_rpo < 1


def test_the_trial_of_the_plan_is_as_near_as_other_starts_leave_it(best: Smallest, report: RpoReport) -> None:
    """A trial begins replications anywhere within one RPO, the core within a few milliseconds."""
    assert best.at.share == pytest.approx(report.fleet.time_in_rpo, abs=0.005)
    worst = min(vm.time_in_rpo or 0.0 for vm in report.vms)
    assert best.at.worst is not None
    assert best.at.worst.share == pytest.approx(worst, abs=0.01)
