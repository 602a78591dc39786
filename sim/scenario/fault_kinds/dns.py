"""Faults of a site's names."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from cxsim.sim.scenario.addresses import resolved
from cxsim.sim.scenario.fault_kinds.names import SiteName
from cxsim.sim.scenario.model import Model, Name
from cxsim.sim.scenario.quantities import Duration

NO_ANSWER = "none"


def _answer(value: str, info: ValidationInfo) -> str:
    return value if value == NO_ANSWER else resolved(value, info)


class DnsRecordFault(Model):
    """A site's DNS gives a wrong answer, or none."""

    site: SiteName = Field(description="whose DNS", examples=["tyrell"])
    record: Name = Field(description="the name that is asked", examples=["chc.mycloud.local"])
    answer: Annotated[str, Field(strict=True), AfterValidator(_answer)] = Field(
        description="an address; none: no such name (NXDOMAIN)", examples=["none"]
    )


class ResolverSlowFault(Model):
    """A site's resolver takes long to answer. From 10 s on the asking host has given up (glibc: 2 tries of
    5 s)."""

    site: SiteName = Field(description="whose DNS", examples=["tyrell"])
    delay_s: Duration = Field(alias="delay", gt=0, le=3600, description="until it answers", examples=["12 s"])


class ResolverDownFault(Model):
    """A site's DNS server does not answer; the server itself may be up."""

    site: SiteName = Field(description="whose DNS", examples=["tyrell"])
