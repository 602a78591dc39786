"""A source VM that is powered on again after its migration, against the emulated products."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cxsim.core.appliance import CutoverRequest
from cxsim.sim.crash.plans import CLOUD, NETWORK, WARM, environment_of, form
from cxsim.sim.kernel import hooks
from cxsim.sim.world.world import World


def migrated(world: World) -> None:
    """Migrate deckard and wait until its source is marked. In a task of the core's host."""
    appliance, host = world.appliance, world.core_host
    appliance.add_cloud(form(world.environment), lambda shown: True)
    while appliance.cloud(CLOUD).status == "Enabling":
        host.sleep(5)
    appliance.migrate(WARM.request(("deckard",)))
    for status in ("Cutover ready", "Completed"):
        while appliance.workloads()[0].status != status:
            assert appliance.workloads()[0].status != "Error", appliance.workloads()[0].reason
            host.sleep(10)
        if status == "Cutover ready":
            appliance.cutover(CutoverRequest(("deckard",), confirmed=True))
    host.sleep(60)


@pytest.mark.parametrize(
    ("disconnect", "kind", "network"),
    [
        (False, "same address on one network", NETWORK),
        (True, "isolated copy", None),
    ],
)
def test_the_alarm_tells_an_isolated_copy_from_two_on_one_network(
    disconnect: bool, kind: str, network: str | None
) -> None:
    alarms: list[dict[str, Any]] = []
    with hooks.installed():
        world = World(environment_of(WARM), 1)
        world.core_config = replace(world.core_config, guard_disconnect=disconnect, guard_poll_s=300.0)
        world.start_core()
        vcenter = world.vcenters["tyrell-vc01"]
        source = vcenter.find_vm(name="deckard")
        assert source is not None

        def work() -> None:
            migrated(world)
            assert source.name == "deckard (migrated)"
            assert [nic.connected for nic in source.nics] == [not disconnect]
            world.core_host.sleep(1200)
            assert not list(world.log.of("alarm")), "nothing runs that should not"
            vcenter.power(source.moref, "on")
            world.core_host.sleep(1200)
            alarms.extend(event.fields for event in world.log.of("alarm"))

        with world.hub as hub:
            task = hub.spawn(world.core_host, work, name="user")
            hub.run_until(task)
            task.result()
    (alarm,) = alarms
    assert (alarm["alarm"], alarm["vm"], alarm["kind"], alarm["network"]) == (
        "duplicate instance",
        "deckard",
        kind,
        network,
    )
    assert alarm["address"] == "192.168.0.100"
    assert kind in alarm["text"]
    assert alarm["text"].endswith("Power it off.")
