"""Test and enabling against the emulators: real sockets and threads give what virtual time gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import ADDRESS, Provider, RealWorld, VirtualWorld

from cxsim.core.appliance import ProviderCloud, VdcRow

WORLDS: dict[str, Callable[[Path], Any]] = {"real": RealWorld, "virtual": lambda folder: VirtualWorld()}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    made: list[Any] = []

    def start(kind: str) -> Any:
        made.append(WORLDS[kind](tmp_path))
        return made[-1]

    yield start
    for world in made:
        world.close()


def press_test_and_add(provider: Provider) -> ProviderCloud:
    """Press Test, then Add, then wait until enabling has ended."""

    def work(runtime: Any) -> ProviderCloud:
        appliance = provider.appliance(runtime)
        assert appliance.test_cloud(provider.form(), lambda shown: True).connected
        appliance.add_cloud(provider.form(), lambda shown: True)
        for _ in range(600):
            if appliance.cloud("MyCloud-CHC").status != "Enabling":
                break
            runtime.sleep(1)
        return appliance.cloud("MyCloud-CHC")

    return provider.world.run(work)


def transitions(world: Any) -> list[Any]:
    """What the user saw, without ports and times."""
    told: list[Any] = []
    for event, fields in world.events:
        if event == "cloud":
            told.append(fields["status"])
        elif event == "vdc":
            told.append(fields["vdcs"])
        elif event == "certificates":
            told.append((fields["at"], fields["trusted"], fields["asked"]))
        elif event == "message":
            told.append(fields["text"] if fields["level"] == "info" else fields["attempted"])
    return told


def mutating(world: Any) -> list[tuple[str, str]]:
    """The calls that change something at a server, in order at each server."""
    return sorted((name, call) for name, call in world.calls if not call.startswith("GET "))


def test_test_and_enabling_are_the_same_in_real_and_in_virtual_time(make: Callable[[str], Any]) -> None:
    clouds, seen, changed = {}, {}, {}
    for kind in WORLDS:
        world = make(kind)
        clouds[kind] = press_test_and_add(Provider(world))
        seen[kind], changed[kind] = transitions(world), mutating(world)
    row = VdcRow("CHC Tyrell PAYG", "0 MHz / Unlimited", "0 / Unlimited", "0 / 200.00 GB")
    assert clouds["real"] == ProviderCloud("MyCloud-CHC", "Running", None, (row,))
    assert seen["real"] == [
        "Connected successfully!",
        ("Add", True, True),
        "Enabling",
        "Loading...",
        "Running",
        [vars(row)],
    ]
    assert ("manager", "POST /replicators") in changed["real"]
    assert ("replicator", "POST /managers") in changed["real"]
    assert clouds["virtual"] == clouds["real"]
    assert seen["virtual"] == seen["real"]
    assert changed["virtual"] == changed["real"]


@pytest.mark.parametrize("kind", WORLDS)
def test_a_manager_that_is_down_is_enable_failed(make: Callable[[str], Any], kind: str) -> None:
    world = make(kind)
    cloud = press_test_and_add(Provider(world, manager_endpoint=f"{ADDRESS}:1"))
    assert cloud.status == "Enable Failed"
    assert cloud.reason == f"Replication Manager (https://{ADDRESS}:1): the connection was refused"
    assert cloud.vdcs is None


@pytest.mark.parametrize("kind", WORLDS)
def test_a_public_endpoint_that_leads_to_the_cloud_service_is_named(
    make: Callable[[str], Any], kind: str
) -> None:
    world = make(kind)
    wrong = f"{ADDRESS}:{world.ports['cloud service']}"
    cloud = press_test_and_add(Provider(world, manager_endpoint=wrong))
    assert cloud.status == "Enable Failed"
    assert cloud.reason is not None
    assert cloud.reason.startswith(f"Replication Manager (https://{wrong}): ")
    assert "not a Replication Manager" in cloud.reason
    assert not any(call == "POST /replicators" for _, call in world.calls), "no secret went there"
