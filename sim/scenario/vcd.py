"""What a vCloud Director offers: organisations, their users and vDCs.

Rules of this file: models only. `Unlimited` is None.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from cxsim.sim.scenario.model import BY_NAME, Model, Name, Named, Text, YesNo
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import Frequency, Size

Role = Literal[
    "Organization Administrator",
    "Catalog Author",
    "vApp Author",
    "vApp User",
    "Console Access Only",
    "Defer to Identity Provider",
]
AllocationModel = Literal["AllocationVApp", "AllocationPool", "ReservationPool"]


def _unlimited(value: Any) -> Any:
    return None if value == "Unlimited" else value


def _limit(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "x-type": "Unlimited or a quantity", "examples": [example]})


ClockLimit = Annotated[Frequency | None, BeforeValidator(_unlimited), _limit("Unlimited")]
SizeLimit = Annotated[Size | None, BeforeValidator(_unlimited), _limit("200 GB")]


class User(Model):
    """An account of an organisation."""

    role: Role = Field(
        default="Organization Administrator", description="role", examples=["Organization Administrator"]
    )
    password: Text = Field(default="vmware", description="password", examples=["vmware"])


class Cpu(Model):
    """CPU of a vDC."""

    used_mhz: int = Field(default=0, strict=True, ge=0, description="in use, MHz", examples=[0])
    limit_mhz: ClockLimit = Field(
        default=None, alias="limit", description="default: Unlimited", examples=["Unlimited"]
    )


class Memory(Model):
    """Memory of a vDC."""

    used_bytes: Size = Field(default=0, alias="used", description="in use", examples=["0 GB"])
    limit_bytes: SizeLimit = Field(
        default=None, alias="limit", description="default: Unlimited", examples=["Unlimited"]
    )


class StorageProfile(Named):
    """A storage profile of a vDC."""

    limit_bytes: SizeLimit = Field(
        default=None, alias="limit", description="default: Unlimited", examples=["200 GB"]
    )
    used_bytes: Size = Field(default=0, alias="used", description="in use", examples=["0 GB"])
    datastore: Name = Field(description="datastore of the resource vCenter", examples=["chc-ds01"])
    default: YesNo = Field(default=False, description="used when none is chosen", examples=["yes"])


class Vdc(Named):
    """A virtual datacenter of an organisation."""

    allocation_model: AllocationModel = Field(
        default="AllocationVApp", description="AllocationVApp is pay-as-you-go", examples=["AllocationVApp"]
    )
    cpu: Cpu = Field(default_factory=Cpu, description="CPU")
    memory: Memory = Field(default_factory=Memory, description="memory")
    storage_profiles: Annotated[dict[Name, StorageProfile], BY_NAME] = Field(
        min_length=1, description="by name"
    )
    networks: tuple[Name, ...] = Field(default=(), description="its networks", examples=[["Tyrell Servers"]])

    @model_validator(mode="after")
    def _one_default(self) -> Self:
        defaults = [name for name, profile in self.storage_profiles.items() if profile.default]
        if len(defaults) > 1:
            raise mistake(f"{' and '.join(defaults)} are both default", "one default", "storage_profiles")
        return self


class Org(Named):
    """An organisation."""

    users: dict[Name, User] = Field(min_length=1, description="accounts by name", examples=[{"admin": {}}])
    vdcs: Annotated[dict[Name, Vdc], BY_NAME] = Field(default_factory=dict, description="vDCs by name")
