"""The Tyrell environment for the tests of this room."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from cxsim.sim.network import Network, Topology


def _load(name: str) -> ModuleType:
    """A module beside this file (tests are no package)."""
    key = f"cxsim_tests_network_{name}"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[key] = module
        spec.loader.exec_module(module)
    return sys.modules[key]


@pytest.fixture
def topology() -> Topology:
    """The environment as written."""
    built: Topology = _load("tyrell").tyrell_topology()
    return built


@pytest.fixture
def of_type() -> Callable[[Topology, str], Topology]:
    """Makes the environment's edges another type, with the rules right for it."""
    made: Callable[[Topology, str], Topology] = _load("tyrell").of_type
    return made


@pytest.fixture
def network(topology: Topology) -> Network:
    """The environment in being."""
    return Network(topology)
