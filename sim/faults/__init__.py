"""Faults put into effect: what each kind does to a running world, and whether it ever met anything."""

from cxsim.sim.faults.effects import Effect, take_effect
from cxsim.sim.faults.schedule import FaultSchedule

__all__ = ["Effect", "FaultSchedule", "take_effect"]
