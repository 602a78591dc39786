"""Faults of certificates, of devices that end TLS, and of clocks put into effect."""

from __future__ import annotations

from cxsim.sim.faults.effect import Effect, World, counting
from cxsim.sim.scenario import faults as written

RENEWED = 1
"""Generation of a certificate that replaces the first one."""


def expired(world: World, fault: written.CertificateExpiredFault, place: str) -> Effect:
    """Give the host a certificate whose time is over; whoever pins the host's certificate pins this one."""
    identity = world.new_identity(fault.host, 0, fault.ago_s)
    undo = world.show_identity(fault.host, identity, place, restart=False)
    return counting(undo, lambda: world.times_shown(fault.host))


def replaced(world: World, fault: written.CertificateReplacedFault, place: str) -> Effect:
    """Let the host show a new certificate; its services restart (cx.md P9)."""
    undo = world.show_identity(fault.host, world.new_identity(fault.host, RENEWED), place, restart=True)
    return counting(undo, lambda: world.times_shown(fault.host))


def shared(world: World, fault: written.CertificateSharedFault, place: str) -> Effect:
    """Let the host show another host's certificate."""
    undo = world.show_identity(fault.host, world.identity(fault.of), place, restart=True)
    return counting(undo, lambda: world.times_shown(fault.host))


def terminated(world: World, fault: written.TlsTerminatedFault, place: str) -> Effect:
    """Put the device there."""
    undo = world.end_tls(fault.edge, fault.port, fault.by, place)
    return counting(undo, lambda: world.times_ended(fault.by))


def clock(world: World, fault: written.ClockSkewFault, place: str) -> Effect:
    """Put the clock wrong. Met: the host called somebody, or was called."""
    undo = world.skew_clock(fault.host, fault.ahead_s, place)
    return counting(undo, lambda: world.calls_of(fault.host))
