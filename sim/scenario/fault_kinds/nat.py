"""Faults of an edge's translations."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from cxsim.sim.scenario.addresses import NatSide
from cxsim.sim.scenario.fault_kinds.names import EdgeName, RuleName
from cxsim.sim.scenario.model import Model
from cxsim.sim.scenario.problems import mistake


class NatRuleMissingFault(Model):
    """A translation is missing from an edge."""

    edge: EdgeName = Field(description="edge", examples=["TYR-ESG"])
    rule: RuleName = Field(description="name or id of the NAT rule", examples=["replicator management"])


class NatRuleChangedFault(Model):
    """A translation leads somewhere else, or is for something else."""

    edge: EdgeName = Field(description="edge", examples=["TYR-ESG"])
    rule: RuleName = Field(description="name or id of the NAT rule", examples=["replicator management"])
    original: NatSide | None = Field(
        default=None, description="default: unchanged", examples=["198.51.100.10:8043"]
    )
    translated: NatSide | None = Field(
        default=None, description="default: unchanged", examples=["192.168.0.34:443"]
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.original is None and self.translated is None:
            raise mistake("changes nothing", "add original, translated, or both")
        return self
