"""Faults of an edge's firewall."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from cxsim.sim.scenario.addresses import Endpoints, PortRanges
from cxsim.sim.scenario.fault_kinds.names import EdgeName, RuleName
from cxsim.sim.scenario.model import Model
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.sites import Action, FirewallRule


class FirewallRuleFault(Model):
    """A rule is added to an edge's firewall."""

    edge: EdgeName = Field(description="edge", examples=["CHC-ESG"])
    at: Literal["top", "bottom"] = Field(
        default="top", description="before or after the other rules", examples=["top"]
    )
    rule: FirewallRule = Field(description="the rule")


class FirewallRuleMissingFault(Model):
    """A rule of an edge's firewall is missing, or disabled."""

    edge: EdgeName = Field(description="edge", examples=["CHC-ESG"])
    rule: RuleName = Field(description="name or id of the firewall rule", examples=["Replication Manager"])


class FirewallRuleChangedFault(Model):
    """A rule of an edge's firewall says something else; it keeps its place in the order."""

    edge: EdgeName = Field(description="edge", examples=["TYR-ESG"])
    rule: RuleName = Field(description="name or id of the firewall rule", examples=["LAN out"])
    action: Action | None = Field(default=None, description="default: unchanged", examples=["drop"])
    source: Endpoints | None = Field(default=None, description="default: unchanged", examples=["any"])
    destination: Endpoints | None = Field(
        default=None, description="default: unchanged", examples=["192.168.0.34"]
    )
    ports: PortRanges | None = Field(default=None, description="default: unchanged", examples=[[8043]])

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if all(value is None for value in (self.action, self.source, self.destination, self.ports)):
            raise mistake("changes nothing", "add action, source, destination or ports")
        return self
