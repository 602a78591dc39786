"""How the VMs of an environment are replicated: the schedule and what limits it.

Rules of this file: models only. What is not given is the data plane's default, with its source
(`sim/replication/settings.py`); a test holds the defaults that the descriptions name.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cxsim.sim.scenario.model import Model, Name, Positive, YesNo
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import Bandwidth, Duration, Fraction, Size
from cxsim.sim.scenario.references import Ref

LimitedHost = Annotated[Name, Ref("host", ("esxi", "replicator"))]


class Replication(Model):
    """Schedule and limits of the replications."""

    schedule: Literal["vendor", "fixed", "continuous"] | None = Field(
        default=None,
        description="vendor: last start + RPO - expected duration; fixed: at an interval; continuous: when "
        "done; default: vendor",
        examples=["fixed"],
    )
    interval_s: Duration | None = Field(
        default=None,
        alias="interval",
        gt=0,
        description="fixed only: between two starts; default: each VM's RPO",
        examples=["10 min"],
    )
    expected_of_last: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = Field(
        default=None,
        description="vendor only: expected duration is the mean of so many; default: 15 [I]",
        examples=[5],
    )
    margin: Fraction | None = Field(
        default=None,
        description="vendor only: added to the expected duration; default: 20 % [I]",
        examples=["15 %"],
    )
    even_out_up_to: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = Field(
        default=None,
        description="vendor only: so many replications move their starts to overlap less; default: 50 [I]",
        examples=[0],
    )
    compression: Fraction | None = Field(
        default=None, lt=1, description="saved by network compression; default: 0 %", examples=["40 %"]
    )
    link_efficiency: Fraction | None = Field(
        default=None,
        gt=0,
        description="of a line's capacity that replication gets, where the line does not say; default: 72 %",
        examples=["90 %"],
    )
    source_read_bps: Bandwidth | None = Field(
        default=None,
        alias="source_read",
        gt=0,
        description="reading and checksumming the source disks, each VM; default: 800 Mbit/s [I]",
        examples=["400 Mbit/s"],
    )
    window_bytes: Size | None = Field(
        default=None,
        alias="window",
        gt=0,
        description="in flight for each disk: the most is window / round trip; default: 512 KiB [I]",
        examples=["4 MiB"],
    )
    seed_difference: Fraction | None = Field(
        default=None,
        description="how much of a seed differs from its disk; default: 5 % [I]",
        examples=["20 %"],
    )
    allocation_known: YesNo | None = Field(
        default=None,
        description="no: the storage does not tell allocated blocks, whole disks are compared; default: yes",
        examples=["no"],
    )
    interrupted_delta: Literal["resume", "restart"] | None = Field(
        default=None, description="what becomes of a cut transfer; default: resume [I]", examples=["restart"]
    )
    limits: dict[LimitedHost, Positive] = Field(
        default_factory=dict,
        description="replications at once, by ESXi host of VMs or replicator (either end); default: no limit",
        examples=[{"tyrell-cce01": 10, "chc-cce01": 8, "tyrell-esx01": 4}],
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        schedule = self.schedule or "vendor"
        if self.interval_s is not None and schedule != "fixed":
            raise mistake(f"means nothing with schedule: {schedule}", "schedule: fixed", "interval")
        for key in ("expected_of_last", "margin", "even_out_up_to"):
            if getattr(self, key) is not None and schedule != "vendor":
                raise mistake(f"means nothing with schedule: {schedule}", "leave it out", key)
        return self
