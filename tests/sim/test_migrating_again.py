"""A migration fails because of the network, the network is mended, the same user migrates again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.sim.faults import FaultSchedule
from cxsim.sim.kernel import hooks
from cxsim.sim.run import take_steps
from cxsim.sim.scenario import Watch, load
from cxsim.sim.world.world import World

SHIPPED = Path(__file__).parents[2] / "scenarios" / "retry-after-mending.yaml"
CANCEL = """\
  - cancel: {vms: [deckard]}
  - wait: {vm: deckard, status: Cancelled, at_most: 10 min}
"""


@pytest.mark.parametrize("cancelled_by_hand", [True, False], ids=["cancelled by hand", "a new job at once"])
def test_one_copy_runs_in_the_end_and_nothing_of_the_failed_job_is_left(
    tmp_path: Path, cancelled_by_hand: bool
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert CANCEL in text
    path = tmp_path / "again.yaml"
    path.write_text(text if cancelled_by_hand else text.replace(CANCEL, ""), encoding="utf-8")
    (scenario,) = load(path)
    with hooks.installed():
        world = World(scenario, scenario.seed)
        with world.hub:
            watch = Watch(world.log)
            FaultSchedule(world.hub, world, scenario, watch)
            problems = take_steps(world, scenario, watch)
    assert problems == []

    rows = [(row.job, row.status) for row in world.appliance.workloads()]
    assert rows == [("Move deckard", "Cancelled"), ("Move deckard again", "Completed")]
    assert [(job.name, job.statuses) for job in world.appliance.jobs()] == [
        ("Move deckard", (("Cancelled", 1),)),
        ("Move deckard again", (("Completed", 1),)),
    ]
    tenant, provider = world.vcenters["tyrell-vc01"], world.vcenters["chc-vc01"]
    copies = [*tenant.vms(), *provider.vms()]
    assert [r.name.partition(" (")[0] for r in copies if r.power == "on" and "deckard" in r.name] == [
        "deckard"
    ]
    (copy,) = provider.vms()
    assert copy.power == "on"
    assert [r.power for r in tenant.vms() if r.name.startswith("deckard")] == ["off"]
    (vapp,) = world.directors["chc-vcd01"].model.vapps
    assert [vm.name for vm in vapp.vms] == ["deckard"]
    assert [m.replications.all() for m in world.managers.values()] == [[]]
    for replicator in world.replicators.values():
        assert not replicator.sources._replications
        assert not replicator.destinations._replicas
