"""The tenant's VMs: disks and what is written to them.

Rules of this file: models only. Rates are bytes/s, sizes bytes. How many distinct blocks a workload changes
in an interval is the data plane's business (`sim/replication/workload.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from cxsim.sim.scenario.addresses import Address
from cxsim.sim.scenario.model import Model, Name, Named, Positive
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import ByteRate, Duration, Size
from cxsim.sim.scenario.references import Ref

MOST_DISKS = 60
"""4 SCSI controllers with 15 disks each."""


class ConstantRate(Model):
    """Writes at a constant rate, each to a block not written before in the interval."""

    rate_bytes_per_s: ByteRate = Field(alias="rate", description="bytes written", examples=["0.5 MB/s"])


class WorkingSet(Model):
    """Writes at a constant rate to random blocks of a working set: overwrites make deltas sublinear."""

    rate_bytes_per_s: ByteRate = Field(alias="rate", description="bytes written", examples=["5 MB/s"])
    working_set_bytes: Size = Field(
        alias="working_set",
        gt=0,
        description="how much of the disk is written again and again",
        examples=["10 GiB"],
    )


class PeriodicRewrite(Model):
    """The same blocks rewritten at a fixed period."""

    block_bytes: Size = Field(alias="block", gt=0, description="how much is rewritten", examples=["1 MB"])
    every_s: Duration = Field(alias="every", gt=0, description="period", examples=["1 h"])


def _shape(data: Any) -> str:
    keys = data if isinstance(data, dict) else type(data).keys() if isinstance(data, Model) else {}
    if "block" in keys or "every" in keys:
        return "rewrite"
    return "working set" if "working_set" in keys else "rate alone"


Workload = Annotated[
    Annotated[ConstantRate, Tag("rate alone")]
    | Annotated[WorkingSet, Tag("working set")]
    | Annotated[PeriodicRewrite, Tag("rewrite")],
    Discriminator(_shape),
]


class Disk(Model):
    """A virtual disk."""

    size_bytes: Size = Field(alias="size", gt=0, description="capacity", examples=["40 GiB"])
    used_bytes: Size | None = Field(
        default=None, alias="used", description="allocated blocks; default: all of it", examples=["16 GiB"]
    )
    workload: Workload = Field(
        default_factory=lambda: ConstantRate.model_validate({"rate": "0 B/s"}),
        description="what is written to it; default: nothing",
        examples=[{"rate": "0.5 MB/s"}],
    )

    @property
    def allocated_bytes(self) -> int:
        """`used`, or the whole disk."""
        return self.size_bytes if self.used_bytes is None else self.used_bytes

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.allocated_bytes > self.size_bytes:
            raise mistake("is more than the size of the disk", "at most the disk's size", "used")
        limits = {"working_set_bytes": "working set", "block_bytes": "block"}
        for attribute, what in limits.items():
            if getattr(self.workload, attribute, 0) > self.size_bytes:
                raise mistake(f"the {what} is larger than the disk", "at most the disk's size", "workload")
        return self


class Vm(Named):
    """A VM of the tenant."""

    esxi: Annotated[Name, Ref("host", ("esxi",))] = Field(
        description="the host it runs on", examples=["tyrell-esx01"]
    )
    address: Address = Field(
        description="its address, in the network of its host's site", examples=["192.168.0.100"]
    )
    cpus: Positive = Field(default=1, description="virtual CPUs", examples=[2])
    memory_bytes: Size = Field(alias="memory", gt=0, description="memory", examples=["4 GiB"])
    network: Name = Field(description="network of its vCenter", examples=["Tyrell Servers"])
    datastore: Name | None = Field(
        default=None, description="datastore of its vCenter; default: the first", examples=["tyrell-ds01"]
    )
    power: Literal["on", "off", "suspended"] = Field(default="on", description="power state", examples=["on"])
    disks: tuple[Disk, ...] = Field(
        min_length=1, max_length=MOST_DISKS, description="its disks", examples=[[{"size": "40 GiB"}]]
    )
