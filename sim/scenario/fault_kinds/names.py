"""What faults point at: names of things of the environment, checked when a scenario is loaded."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from cxsim.sim.scenario.model import Name
from cxsim.sim.scenario.references import Ref

EdgeName = Annotated[Name, Ref("edge")]
LinkName = Annotated[Name, Ref("link")]
HostName = Annotated[Name, Ref("host")]
SiteName = Annotated[Name, Ref("site")]
TunnelName = Annotated[Name, Ref("tunnel")]

APPLIANCES = ("replication-manager", "replicator")
TLS_ROLES = ("vcd", "cx-cloud-service", "replication-manager", "replicator", "vcenter")
"""Roles whose hosts run an emulated product behind TLS."""

TlsHostName = Annotated[Name, Ref("host", TLS_ROLES)]


def _rule_key(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


RuleName = Annotated[
    Name,
    BeforeValidator(_rule_key),
    WithJsonSchema({"type": ["string", "integer"], "x-type": "name or id of a rule"}),
]
