"""Faults of what lies between hosts put into effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cxsim.sim.faults.effect import Effect, World, counting, of_changes
from cxsim.sim.network import Reason, changes
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
    return of_changes([changes.set_line(world.network, fault.link, rtt_s=fault.rtt_s, place=place)])


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
    """Limit the table of the edge. Met: it had no room for a connection."""
    world.places[fault.edge] = place
    network, device = world.network, world.network.edge(fault.edge)
    before = device.edge
    device.edge = replace(before, max_connections=fault.most)
    network.changed()

    def undo() -> None:
        device.edge = replace(device.edge, max_connections=before.max_connections)
        network.changed()

    def refused() -> int:
        full = [f for f in network.failures if f.trace.deciding.reason is Reason.CONNECTION_LIMIT]
        return sum(f.count for f in full if f.trace.deciding.device == fault.edge)

    return counting(undo, refused)


def idle_timeout(world: World, fault: written.IdleTimeoutFault, place: str) -> Effect:
    """Let the edge forget early. Met: it forgot a connection that was used again."""
    world.places[fault.edge] = place
    network, device = world.network, world.network.edge(fault.edge)
    before = device.edge
    device.edge = replace(before, idle_timeout_s=fault.after_s)
    network.changed()

    def undo() -> None:
        device.edge = replace(device.edge, idle_timeout_s=before.idle_timeout_s)
        network.changed()

    return counting(undo, lambda: device.forgotten)
