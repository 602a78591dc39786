"""The tenant's VMs: disks and what is written to them.

Rules of this file: models only. Sizes are bytes. What can be written to a disk is in writes.py.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cxsim.sim.scenario.addresses import Address
from cxsim.sim.scenario.model import Model, Name, Named, Positive, YesNo
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import Size
from cxsim.sim.scenario.references import Ref
from cxsim.sim.scenario.writes import ConstantRate, Workload, largest_bytes

MOST_DISKS = 60
"""4 SCSI controllers with 15 disks each."""


class Disk(Model):
    """A virtual disk."""

    size_bytes: Size = Field(alias="size", gt=0, description="capacity", examples=["40 GiB"])
    used_bytes: Size | None = Field(
        default=None, alias="used", description="blocks in use; default: all of it", examples=["16 GiB"]
    )
    workload: Workload = Field(
        default_factory=lambda: ConstantRate.model_validate({"rate": "0 B/s"}),
        description="what is written to it; default: nothing",
        examples=[{"rate": "0.5 MB/s"}],
    )
    provisioning: Literal["thin", "thick"] = Field(
        default="thin",
        description="thick: every block is allocated, so the initial sync reads and compares the whole disk",
        examples=["thick"],
    )
    quiesce_bytes: Size = Field(
        default=0,
        alias="quiesce",
        description="written at once when the guest is quiesced, at the start of every instance",
        examples=["20 MB"],
    )
    replicated: YesNo = Field(
        default=True, description="no: the disk is excluded from replication", examples=["no"]
    )

    @property
    def allocated_bytes(self) -> int:
        """`used`, or the whole disk."""
        return self.size_bytes if self.used_bytes is None else self.used_bytes

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.allocated_bytes > self.size_bytes:
            raise mistake("is more than the size of the disk", "at most the disk's size", "used")
        if largest_bytes(self.workload) > self.size_bytes:
            what = "block" if hasattr(self.workload, "block_bytes") else "working set"
            raise mistake(f"the {what} is larger than the disk", "at most the disk's size", "workload")
        if self.quiesce_bytes > self.size_bytes:
            raise mistake("is more than the size of the disk", "at most the disk's size", "quiesce")
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
    seed: YesNo = Field(
        default=False, description="yes: a copy of its disks lies at the target already", examples=["yes"]
    )

    @model_validator(mode="after")
    def _something_to_replicate(self) -> Self:
        if not any(disk.replicated for disk in self.disks):
            raise mistake("every disk is excluded", "leave replicated: no out of one", "disks")
        return self
