"""Faults of what lies between hosts put into effect."""

from __future__ import annotations

from typing import Any

from cxsim.sim.faults.effect import Effect, World, of_changes
from cxsim.sim.network import changes
from cxsim.sim.scenario import faults as written


def bandwidth(world: World, fault: written.BandwidthFault, place: str) -> Effect:
    """Give the line another capacity."""
    world.places[fault.link] = place
    change = changes.set_line(
        world.network, fault.link, up_bps=fault.up_bps, down_bps=fault.down_bps, place=place
    )
    return of_changes([change])


def latency(world: World, fault: written.LatencyFault, place: str) -> Effect:
    """Give the line another round trip."""
    world.places[fault.link] = place
    change = changes.set_line(
        world.network, fault.link, rtt_s=fault.rtt_s, jitter_s=fault.jitter_s, place=place
    )
    return of_changes([change])


def loss(world: World, fault: written.PacketLossFault, place: str) -> Effect:
    """Let the line lose packets."""
    world.places[fault.link] = place
    return of_changes([changes.set_line(world.network, fault.link, loss=fault.loss, place=place)])


def mtu(world: World, fault: written.MtuBlackHoleFault, place: str) -> Effect:
    """Let large packets vanish."""
    world.places[fault.link] = place
    which = {"both": "mtu_bytes", "up": "mtu_up_bytes", "down": "mtu_down_bytes"}[fault.direction]
    limit: dict[str, Any] = {which: fault.mtu_bytes}
    return of_changes([changes.set_line(world.network, fault.link, place=place, **limit)])


def link_down(world: World, fault: written.LinkDownFault, place: str) -> Effect:
    """Take the line down."""
    return of_changes([changes.set_line(world.network, fault.link, is_up=False, place=place)])


def tunnel_down(world: World, fault: written.TunnelDownFault, place: str) -> Effect:
    """Take the tunnel down."""
    return of_changes([changes.tunnel_down(world.network, fault.tunnel, place)])


def connection_limit(world: World, fault: written.ConnectionLimitFault, place: str) -> Effect:
    """Limit the table of the edge."""
    world.places[fault.edge] = place
    return of_changes([changes.set_table(world.network, fault.edge, most=fault.most, place=place)])


def idle_timeout(world: World, fault: written.IdleTimeoutFault, place: str) -> Effect:
    """Let the edge forget early."""
    world.places[fault.edge] = place
    after_s = fault.after_s
    return of_changes([changes.set_table(world.network, fault.edge, idle_timeout_s=after_s, place=place)])
