"""The Tyrell environment for the tests of this room: its network, and who is who."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from cxsim.sim.explain import EnvironmentView, Role, Typed, ViewCloud, ViewHost
from cxsim.sim.network import Network, Topology

PLACES = {"tyrell-cce01": "env.yaml:101", "chc-ccm01": "env.yaml:117", "chc-cce01": "env.yaml:123"}
ENDPOINTS = {
    "tyrell-cce01": "198.51.100.10:443",
    "chc-ccm01": "203.0.113.32:8044",
    "chc-cce01": "203.0.113.32:44045",
}
ROLES = {
    "tyrell-dns": Role.DNS,
    "tyrell-vc01": Role.VCENTER,
    "tyrell-esx01": Role.ESXI,
    "tyrell-vcde01": Role.CONNECTOR,
    "tyrell-cce01": Role.REPLICATOR,
    "chc-dns": Role.DNS,
    "chc-psc01": Role.PSC,
    "chc-vc01": Role.VCENTER,
    "chc-esx01": Role.ESXI,
    "chc-vcde01": Role.CLOUD_SERVICE,
    "chc-ccm01": Role.MANAGER,
    "chc-cce01": Role.REPLICATOR,
    "chc-vcd01": Role.VCD,
}


def _tyrell() -> ModuleType:
    key = "cxsim_tests_network_tyrell"
    if key not in sys.modules:
        path = Path(__file__).parent.parent / "network" / "tyrell.py"
        spec = importlib.util.spec_from_file_location(key, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[key] = module
        spec.loader.exec_module(module)
    return sys.modules[key]


@pytest.fixture
def topology() -> Topology:
    """The environment as written."""
    built: Topology = _tyrell().tyrell_topology()
    return built


@pytest.fixture
def of_type() -> Callable[[Topology, str], Topology]:
    """Makes the environment's edges another type, with the rules right for it."""
    made: Callable[[Topology, str], Topology] = _tyrell().of_type
    return made


@pytest.fixture
def network(topology: Topology) -> Network:
    """The environment in being."""
    return Network(topology)


@pytest.fixture
def view_of() -> Callable[..., EnvironmentView]:
    """Makes the view of a topology; keyword arguments replace Public Endpoint URLs by host name with `_`
    for `-`, and `url`, `cx_url` of the provider cloud."""

    def made(topology: Topology, **typed: str | None) -> EnvironmentView:
        sites = {site.name: site.party for site in topology.sites}
        endpoints: dict[str, str | None] = {**ENDPOINTS}
        endpoints.update({name.replace("_", "-"): value for name, value in typed.items()})
        hosts = []
        for host in topology.hosts:
            value = endpoints.get(host.name)
            endpoint = None if value is None else Typed(value, PLACES[host.name])
            hosts.append(
                ViewHost(
                    host.name,
                    ROLES[host.name],
                    sites[host.site],
                    host.site,
                    host.address,
                    host.place,
                    endpoint,
                )
            )
        cloud = ViewCloud(
            "MyCloud-CHC",
            Typed(typed.get("url") or "https://chc.mycloud.local/cloud/org/Tyrell", "env.yaml:152"),
            Typed(typed.get("cx_url") or "https://vcde.mycloud.local:443", "env.yaml:153"),
        )
        return EnvironmentView(tuple(hosts), (cloud,))

    return made


@pytest.fixture
def view(topology: Topology, view_of: Callable[..., EnvironmentView]) -> EnvironmentView:
    """The view of the environment as written."""
    return view_of(topology)
