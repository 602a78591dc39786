"""Faults of what lies between hosts: lines, tunnels, and what edges remember of connections."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cxsim.sim.scenario.fault_kinds.names import EdgeName, LinkName, TunnelName
from cxsim.sim.scenario.model import Model
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import Bandwidth, Duration, Fraction


class BandwidthFault(Model):
    """A link carries less (or more)."""

    link: LinkName = Field(description="link", examples=["tyrell-wan"])
    up_bps: Bandwidth | None = Field(
        default=None, alias="up", description="default: unchanged", examples=["20 Mbit/s"]
    )
    down_bps: Bandwidth | None = Field(
        default=None, alias="down", description="default: unchanged", examples=["20 Mbit/s"]
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.up_bps is None and self.down_bps is None:
            raise mistake("changes nothing", "add up, down, or both")
        return self


class LatencyFault(Model):
    """A link adds another round trip."""

    link: LinkName = Field(description="link", examples=["tyrell-wan"])
    rtt_s: Duration = Field(
        alias="rtt", le=60, description="round trip that the link adds", examples=["400 ms"]
    )
    jitter_s: Duration | None = Field(
        default=None,
        alias="jitter",
        le=60,
        description="the most that a segment is later than another, each way; default: as it was",
        examples=["30 ms"],
    )


class PacketLossFault(Model):
    """A link loses packets, both ways."""

    link: LinkName = Field(description="link", examples=["tyrell-wan"])
    loss: Fraction = Field(description="packets lost", examples=["3 %"])


class MtuBlackHoleFault(Model):
    """Packets above a size vanish on a link, and the ICMP messages that would say so are lost too."""

    link: LinkName = Field(description="link", examples=["tyrell-wan"])
    mtu_bytes: Annotated[int, Field(strict=True, ge=576, le=9216)] = Field(
        description="largest packet that gets through", examples=[1400]
    )
    direction: Literal["both", "up", "down"] = Field(
        default="both", description="up: from the site; down: to the site", examples=["up"]
    )


class LinkDownFault(Model):
    """A site's link to the internet is down."""

    link: LinkName = Field(description="link", examples=["tyrell-wan"])


class TunnelDownFault(Model):
    """A site-to-site tunnel is down."""

    tunnel: TunnelName = Field(description="tunnel", examples=["tyrell-mycloud"])


class ConnectionLimitFault(Model):
    """An edge keeps no more than so many connections; the packets of further ones are dropped."""

    edge: EdgeName = Field(description="edge", examples=["TYR-ESG"])
    most: Annotated[int, Field(strict=True, ge=0, le=10**9)] = Field(
        description="connections it keeps", examples=[2]
    )


class IdleTimeoutFault(Model):
    """An edge forgets connections that say nothing for a while."""

    edge: EdgeName = Field(description="edge", examples=["TYR-ESG"])
    after_s: Duration = Field(alias="after", gt=0, description="silence", examples=["8 s"])


LinkQuality = Literal["bandwidth", "latency", "packet_loss"]
"""The kinds that leave connections possible and make replication slower."""
