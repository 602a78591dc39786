"""Faults of translations put into effect."""

from __future__ import annotations

from dataclasses import replace

from cxsim.sim.faults.effect import Effect, World, of_changes
from cxsim.sim.network import changes
from cxsim.sim.scenario import faults as written


def rule_missing(world: World, fault: written.NatRuleMissingFault, place: str) -> Effect:
    """Take the translation away."""
    return of_changes([changes.remove_nat(world.network, fault.edge, fault.rule, place=place)])


def rule_changed(world: World, fault: written.NatRuleChangedFault, place: str) -> Effect:
    """Let the translation say something else."""
    rule = changes.find_nat(world.network.edge(fault.edge), fault.rule).rule
    other = replace(
        rule,
        place=place,
        original=rule.original if fault.original is None else str(fault.original),
        translated=rule.translated if fault.translated is None else str(fault.translated),
    )
    removed = changes.remove_nat(world.network, fault.edge, rule.id, place=place)
    added = changes.add_nat(world.network, fault.edge, other, "top")
    return of_changes([removed, added])
