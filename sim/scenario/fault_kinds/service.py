"""Faults of hosts and of what runs on them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cxsim.sim.scenario.addresses import Port
from cxsim.sim.scenario.fault_kinds.names import HostName, TlsHostName
from cxsim.sim.scenario.model import Model
from cxsim.sim.scenario.quantities import Duration


class HostDownFault(Model):
    """A host is off: nothing answers at its address."""

    host: HostName = Field(description="host", examples=["chc-ccm01"])


class ServiceDownFault(Model):
    """A host is up, but nothing listens on a port: connections are refused."""

    host: HostName = Field(description="host", examples=["chc-ccm01"])
    port: Port | None = Field(default=None, description="default: all its ports", examples=[8044])


class ServiceErrorFault(Model):
    """The web server of a host answers every request with an error of its own; the product is not asked."""

    host: TlsHostName = Field(description="host", examples=["chc-vcde01"])
    status: Annotated[int, Field(strict=True, ge=400, le=599)] = Field(
        default=503, description="HTTP status", examples=[503]
    )


class ServiceSlowFault(Model):
    """The web server of a host takes long to begin an answer."""

    host: TlsHostName = Field(description="host", examples=["chc-ccm01"])
    delay_s: Duration = Field(alias="delay", gt=0, description="before each answer", examples=["3 min"])


class ServiceGarbageFault(Model):
    """What listens on the port of a host answers something that is no HTTP."""

    host: TlsHostName = Field(description="host", examples=["chc-ccm01"])
