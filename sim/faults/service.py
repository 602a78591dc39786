"""Faults of hosts and of what runs on them put into effect."""

from __future__ import annotations

from cxsim.sim.faults.effect import Effect, World, counting, of_changes
from cxsim.sim.network import changes
from cxsim.sim.scenario import faults as written
from cxsim.sim.world.fronts import Garbage, Late, Manner, Refusing


def host_down(world: World, fault: written.HostDownFault, place: str) -> Effect:
    """Silence the host."""
    return of_changes([changes.host_down(world.network, fault.host, place)])


def service_down(world: World, fault: written.ServiceDownFault, place: str) -> Effect:
    """Close the port, or all of them."""
    ports = [fault.port] if fault.port is not None else list(world.ports_of(fault.host))
    return of_changes([changes.stop_service(world.network, fault.host, port, place) for port in ports])


def error(world: World, fault: written.ServiceErrorFault, place: str) -> Effect:
    """Let the web server answer with an error page."""
    return _otherwise(world, fault.host, Refusing(fault.status), place)


def slow(world: World, fault: written.ServiceSlowFault, place: str) -> Effect:
    """Let the web server wait before each answer."""
    return _otherwise(world, fault.host, Late(fault.delay_s), place)


def garbage(world: World, fault: written.ServiceGarbageFault, place: str) -> Effect:
    """Let the port answer something else than HTTP."""
    return _otherwise(world, fault.host, Garbage(), place)


def _otherwise(world: World, host: str, manner: Manner, place: str) -> Effect:
    return counting(world.answer_otherwise(host, manner, place), lambda: world.times_answered(host))
