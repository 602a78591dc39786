"""Faults of certificates, of devices that end TLS, and of clocks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cxsim.sim.scenario.addresses import Port
from cxsim.sim.scenario.fault_kinds.names import EdgeName, HostName, TlsHostName
from cxsim.sim.scenario.model import Model, Name
from cxsim.sim.scenario.quantities import Duration, SignedDuration


class CertificateExpiredFault(Model):
    """The certificate of a host has expired. It has been the same all the time, so pins still fit: only a
    client that looks at dates minds (`certificate_dates: checked`)."""

    host: TlsHostName = Field(description="host", examples=["chc-ccm01"])
    ago_s: Duration = Field(
        default=86400.0, alias="ago", gt=0, description="since when, before the start", examples=["1 d"]
    )


class CertificateReplacedFault(Model):
    """A host shows another certificate than before: it was renewed, or installed anew."""

    host: TlsHostName = Field(description="host", examples=["chc-ccm01"])


class CertificateSharedFault(Model):
    """A host shows the certificate of another one, as with one wildcard certificate for all."""

    host: TlsHostName = Field(description="host", examples=["tyrell-cce01"])
    of: TlsHostName = Field(description="whose certificate it shows", examples=["chc-ccm01"])


class TlsTerminatedFault(Model):
    """A device at an edge ends TLS on a port and speaks on for the client: load balancer, reverse proxy, TLS
    inspection. What is no HTTPS ends there."""

    edge: EdgeName = Field(description="the edge it stands at", examples=["CHC-ESG"])
    port: Port = Field(description="published port, as clients ask for it", examples=[8044])
    by: Name = Field(default="reverse proxy", description="what people call the device", examples=["CHC-LB"])


class ClockSkewFault(Model):
    """The clock of a host is wrong."""

    host: HostName = Field(description="host", examples=["tyrell-cce01"])
    ahead_s: Annotated[SignedDuration, Field(le=40 * 365 * 86400.0, ge=-40 * 365 * 86400.0)] = Field(
        alias="ahead", description="how far it is ahead; negative: behind", examples=["15 min"]
    )
