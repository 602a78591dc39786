"""Waves: which VMs move together when, in which windows, tried in the data plane.

found = assign(terms, vms, units_of(vms, groups_by(inventory.vms, "Application")), Limits(until))
found.waves; found.why["deckard"]; found.unplaced
"""

from cxsim.sim.plan.waves.affinity import NoSuchColumn, Unit, groups_by, read_groups, torn, units_of
from cxsim.sim.plan.waves.assign import ORDERS, Assignment, Limits, assign
from cxsim.sim.plan.waves.calendar import Calendar, Period, Window, WindowError, parse_window
from cxsim.sim.plan.waves.trial import BOOT_S, Terms, Trial, Wave, try_waves

__all__ = [
    "BOOT_S",
    "ORDERS",
    "Assignment",
    "Calendar",
    "Limits",
    "NoSuchColumn",
    "Period",
    "Terms",
    "Trial",
    "Unit",
    "Wave",
    "Window",
    "WindowError",
    "assign",
    "groups_by",
    "parse_window",
    "read_groups",
    "torn",
    "try_waves",
    "units_of",
]
