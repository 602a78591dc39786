"""Faults of firewalls put into effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cxsim.sim.faults.effect import Effect, World, of_changes
from cxsim.sim.network import changes
from cxsim.sim.scenario import faults as written
from cxsim.sim.world.topology import filter_rule_of, port_range


def rule_added(world: World, fault: written.FirewallRuleFault, place: str) -> Effect:
    """Put the rule there."""
    return of_changes([changes.add_rule(world.network, fault.edge, filter_rule_of(fault.rule), fault.at)])


def rule_missing(world: World, fault: written.FirewallRuleMissingFault, place: str) -> Effect:
    """Take the rule away."""
    return of_changes([changes.remove_rule(world.network, fault.edge, fault.rule, place=place)])


def rule_changed(world: World, fault: written.FirewallRuleChangedFault, place: str) -> Effect:
    """Put a rule that says something else in its place."""
    state = changes.find_rule(world.network.edge(fault.edge), fault.rule)
    said: dict[str, Any] = {
        "action": fault.action,
        "source": fault.source,
        "destination": fault.destination,
        "ports": None if fault.ports is None else tuple(port_range(ports) for ports in fault.ports),
    }
    other = replace(state.rule, place=place, **{k: v for k, v in said.items() if v is not None})
    removed = changes.remove_rule(world.network, fault.edge, state.rule.id, place=place)
    added = changes.add_rule(world.network, fault.edge, other, f"before:{state.rule.id}")
    return of_changes([removed, added])
