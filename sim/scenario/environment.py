"""An environment: sites, hosts, VMs, and the provider clouds that the tenant's administrator knows.

Rules of this file: models only. An environment is what `scenarios/environments/*.yaml` hold; a scenario is an
environment with faults, steps and expectations (scenario.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

from cxsim.sim.scenario.hosts import DEFAULT_PASSWORD, Host, HostBase
from cxsim.sim.scenario.model import BY_NAME, Model, Name, Named, Text
from cxsim.sim.scenario.places import shown
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.references import Ref
from cxsim.sim.scenario.replication import Replication
from cxsim.sim.scenario.sites import Edge, Site, Wan
from cxsim.sim.scenario.vms import Vm

SCHEMA_VERSION = 1
DEFAULT_START = datetime(2017, 11, 6, 9, 0, tzinfo=UTC)


def instant(value: Any) -> datetime:
    """An instant with its time zone; raises a mistake."""
    if isinstance(value, datetime):
        return value
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None or not 1990 <= parsed.year < 2100:
        raise mistake(
            f"{shown(value)} is not an instant", "write it with its time zone, as 2017-11-06T09:00:00Z"
        )
    return parsed


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(instant),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "x-type": "an instant",
            "examples": ["2017-11-06T09:00:00Z"],
        }
    ),
]


class ProviderCloud(Named):
    """What the tenant's administrator types into "Add a Provider Cloud" (cx.md 2.3). Any text: a wrong one is
    the core's to tell."""

    url: Text = Field(
        description="Provider Cloud URL", examples=["https://chc.mycloud.local/cloud/org/Tyrell"]
    )
    cx_url: Text = Field(description="CX Cloud Service URL", examples=["https://vcde.mycloud.local:443"])
    user: Text = Field(description="organisation administrator", examples=["tyrelladmin"])
    password: Text = Field(default=DEFAULT_PASSWORD, description="password", examples=["vmware"])


class Tunnel(Named):
    """A site-to-site tunnel: the hosts of the two sites reach each other by their own addresses."""

    sites: tuple[Annotated[Name, Ref("site")], Annotated[Name, Ref("site")]] = Field(
        description="the two sites", examples=[["tyrell", "mycloud"]]
    )


class Environment(Model):
    """Sites, hosts, VMs and provider clouds."""

    ADVICE: ClassVar[dict[str, str]] = {
        key: f"add extends: environments/tyrell-mycloud.yaml, or write {key}" for key in ("sites", "hosts")
    }

    schema_version: Literal[1] = Field(
        alias="schema", description="version of the format", examples=[SCHEMA_VERSION]
    )
    title: Text = Field(description="what it is, in a line", examples=["Test succeeds, enabling fails"])
    cx_version: Literal["1.0", "1.1"] = Field(
        default="1.1",
        description='certificates are shown at Test ("1.0") or after Add ("1.1")',
        examples=["1.1"],
    )
    start: Instant = Field(
        default=DEFAULT_START,
        description="virtual time at which it starts",
        examples=["2017-11-06T09:00:00Z"],
    )
    sites: Annotated[dict[Name, Site], BY_NAME] = Field(min_length=1, description="sites by name")
    hosts: Annotated[dict[Name, Host], BY_NAME] = Field(min_length=1, description="hosts by name")
    vms: Annotated[dict[Name, Vm], BY_NAME] = Field(default_factory=dict, description="VMs by name")
    tunnels: Annotated[dict[Name, Tunnel], BY_NAME] = Field(
        default_factory=dict, description="site-to-site tunnels by name"
    )
    certificate_dates: Literal["ignored", "checked"] = Field(
        default="ignored",
        description="whether the CX appliances look at the dates of certificates that they pin [I]",
        examples=["checked"],
    )
    provider_clouds: Annotated[dict[Name, ProviderCloud], BY_NAME] = Field(
        default_factory=dict, description="provider clouds by name, as the tenant enters them"
    )
    replication: Replication = Field(
        default_factory=Replication, description="schedule and limits of the replications"
    )

    @property
    def start_s(self) -> float:
        """Start in seconds since the epoch."""
        return self.start.timestamp()

    def hosts_of(self, role: str) -> list[HostBase]:
        """The hosts with a role, in the order in which they were written."""
        return [host for host in self.hosts.values() if host.role == role]

    def edge(self, name: str) -> Edge:
        """The edge with this name. Raises KeyError."""
        return {site.edge.name: site.edge for site in self.sites.values()}[name]

    def link(self, name: str) -> Wan:
        """The WAN link with this name. Raises KeyError."""
        return {site.wan.name: site.wan for site in self.sites.values()}[name]
