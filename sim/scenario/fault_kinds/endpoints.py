"""Faults of what was typed as a Public Endpoint URL (cx.md 1.3, P3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cxsim.sim.scenario.fault_kinds.names import APPLIANCES
from cxsim.sim.scenario.model import Model, Name
from cxsim.sim.scenario.references import Ref


class PublicEndpointFault(Model):
    """The Public Endpoint URL of an appliance was typed wrongly."""

    appliance: Annotated[Name, Ref("host", APPLIANCES)] = Field(
        description="Replication Manager or replicator", examples=["chc-ccm01"]
    )
    url: str = Field(
        strict=True,
        max_length=256,
        description='what was typed; "" = left empty',
        examples=["203.0.113.32:443"],
    )
