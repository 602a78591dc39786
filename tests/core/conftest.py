"""Fixtures for tests of the core. The objects themselves are in `core_world.py` and `cx_provider.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxsim.core.appliance import Appliance

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode leaves the test room off the path

from core_world import FORM, PAYG, Certificates, FakeVcd, FakeVcenter, VirtualRuntime, config, vm
from cx_provider import CxProvider


@pytest.fixture
def runtime() -> VirtualRuntime:
    return VirtualRuntime()


@pytest.fixture
def vcenter() -> FakeVcenter:
    return FakeVcenter([vm("deckard"), vm("rachael", gib=60), vm("roy", gib=80), vm("zhora", power="off")])


@pytest.fixture
def vcd() -> FakeVcd:
    return FakeVcd([PAYG])


@pytest.fixture
def certificates(monkeypatch: pytest.MonkeyPatch) -> Certificates:
    fake = Certificates(
        {
            ("chc.mycloud.local", 443): b"vcd",
            ("vcde.mycloud.local", 443): b"cx",
            ("192.168.0.34", 8043): b"replicator",
        }
    )
    monkeypatch.setattr("cxsim.core.probe.look_at", fake.look_at)
    monkeypatch.setattr("cxsim.core.enabling.look_at", fake.look_at)
    return fake


@pytest.fixture
def cx() -> Iterator[CxProvider]:
    with CxProvider().installed() as provider:
        yield provider


@pytest.fixture
def appliance(
    runtime: VirtualRuntime,
    vcenter: FakeVcenter,
    vcd: FakeVcd,
    cx: CxProvider,
    certificates: Certificates,
) -> Appliance:
    """An appliance in front of the in-memory provider."""
    return Appliance(runtime, config(), open_vcenter=vcenter.open, open_vcd=vcd.open)


@pytest.fixture
def running(appliance: Appliance, runtime: VirtualRuntime) -> Iterator[Appliance]:
    """An appliance whose provider cloud is Running."""
    appliance.add_cloud(FORM, lambda certificates: True)
    runtime.sleep(60)
    assert appliance.cloud("MyCloud-CHC").status == "Running"
    yield appliance
    assert not [task.error for task in runtime.tasks if task.error], "no task ended with an exception"
