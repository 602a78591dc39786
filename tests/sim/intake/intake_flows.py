"""What becomes of every required flow, for tests that compare environments."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from cxsim.sim.eventlog import EventLog
from cxsim.sim.explain import PORTS, Role, evaluate
from cxsim.sim.faults.effects import take_effect
from cxsim.sim.kernel import hooks
from cxsim.sim.network import Network
from cxsim.sim.scenario import Scenario, load_environment
from cxsim.sim.world.topology import topology_of
from cxsim.sim.world.view import view_of
from cxsim.sim.world.world import World

Flow = tuple[str, str, str, int]
Fates = dict[Flow, tuple[str, str]]


def _fates(view: object, network: Network) -> Fates:
    return {
        (v.row.row, v.source.name, v.target.name, v.row.port): (
            v.status.value,
            v.trace.outcome.value if v.trace else "",
        )
        for v in evaluate(view, network)  # type: ignore[arg-type]
    }


def fates_at(path: Path) -> Fates:
    """Row, who, to whom and port of every required flow -> verdict and outcome. Every service listens."""
    environment = load_environment(path)
    topology = topology_of(environment)
    hosts = tuple(
        replace(host, services=PORTS[Role(environment.hosts[host.name].role)])  # type: ignore[attr-defined]
        if host.name in environment.hosts
        else host
        for host in topology.hosts
    )
    return _fates(view_of(environment, {}), Network(replace(topology, hosts=hosts)))


class Built:
    """A built world of a scenario's environment; a context. `with_faults` switches faults on, looks, and
    takes them back."""

    def __init__(self, scenario: Scenario) -> None:
        self._open = ExitStack()
        self._open.enter_context(hooks.installed())
        self.world = World(scenario, scenario.seed, EventLog())
        self._open.enter_context(self.world.hub)

    def __enter__(self) -> Built:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def fates(self) -> Fates:
        """Of every required flow, as it is now."""
        return _fates(self.world.view(), self.world.network)

    def with_faults(self, scenario: Scenario) -> Fates:
        """Of every required flow, with every fault of a scenario on."""
        effects = [take_effect(self.world, fault) for fault in scenario.faults]
        try:
            return self.fates()
        finally:
            for effect in reversed(effects):
                effect.undo()
