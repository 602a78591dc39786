"""Faults of Public Endpoint URLs put into effect."""

from __future__ import annotations

from cxsim.sim.faults.effect import Effect, World, counting
from cxsim.sim.scenario import faults as written


def typed_wrongly(world: World, fault: written.PublicEndpointFault, place: str) -> Effect:
    """Type another Public Endpoint URL. Met: it was handed on to somebody who uses it."""
    right = world.public_endpoint(fault.appliance)
    world.set_public_endpoint(fault.appliance, fault.url, place)

    def undo() -> None:
        world.set_public_endpoint(fault.appliance, right, "")

    return counting(undo, lambda: world.endpoint_uses(fault.appliance))
