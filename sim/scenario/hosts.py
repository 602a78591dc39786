"""Hosts, one model for each role. The role decides what listens (cx.md 1.2, 1.3).

Rules of this file: models only. Every account's password is `vmware` unless given: an environment is a model,
its secrets are not secret.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from cxsim.sim.scenario.addresses import Address
from cxsim.sim.scenario.model import BY_NAME, Name, Named, Text
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import SignedDuration, Size
from cxsim.sim.scenario.references import Ref
from cxsim.sim.scenario.vcd import Org

DEFAULT_PASSWORD = "vmware"
SSO_ADMINISTRATOR = "administrator@vsphere.local"

SiteName = Annotated[Name, Ref("site")]
VCenterName = Annotated[Name, Ref("host", ("vcenter",))]
ReplicatorName = Annotated[Name, Ref("host", ("replicator",))]
ManagerName = Annotated[Name, Ref("host", ("replication-manager",))]
VcdName = Annotated[Name, Ref("host", ("vcd",))]
PscName = Annotated[Name, Ref("host", ("psc",))]


class HostBase(Named):
    """What every host has."""

    site: SiteName = Field(description="the site it stands in", examples=["tyrell"])
    address: Address = Field(description="its address, in the site's network", examples=["192.168.0.13"])
    clock_skew_s: SignedDuration = Field(
        default=0.0, alias="clock_skew", description="how far its clock is ahead", examples=["5 min"]
    )


class DnsServer(HostBase):
    """A DNS server; listens on 53."""

    role: Literal["dns"] = Field(examples=["dns"])


class Psc(HostBase):
    """A Platform Services Controller; listens on 443."""

    role: Literal["psc"] = Field(examples=["psc"])


class VCenter(HostBase):
    """A vCenter Server; listens on 443."""

    role: Literal["vcenter"] = Field(examples=["vcenter"])
    user: Text = Field(default=SSO_ADMINISTRATOR, description="administrator", examples=[SSO_ADMINISTRATOR])
    password: Text = Field(default=DEFAULT_PASSWORD, description="the administrator's", examples=["vmware"])
    datacenter: Name = Field(description="name of its datacenter", examples=["Tyrell"])
    cluster: Name = Field(description="name of its cluster", examples=["Tyrell Cluster"])
    datastores: dict[Name, Size] = Field(
        min_length=1, description="name: size", examples=[{"tyrell-ds01": "2 TiB"}]
    )
    networks: tuple[Name, ...] = Field(
        min_length=1, description="names of its networks", examples=[["Tyrell Servers"]]
    )


class Esxi(HostBase):
    """An ESXi host; listens on 902, 80, 44045, 44046, 31031 (cx.md 1.2 rows 13-14)."""

    role: Literal["esxi"] = Field(examples=["esxi"])
    vcenter: VCenterName = Field(description="the vCenter that manages it", examples=["tyrell-vc01"])


class Connector(HostBase):
    """The tenant's CX appliance; listens on 443. The migration core runs here."""

    role: Literal["cx-connector"] = Field(examples=["cx-connector"])
    vcenter: VCenterName = Field(description="the tenant's vCenter", examples=["tyrell-vc01"])
    replicator: ReplicatorName = Field(description="the tenant's replicator", examples=["tyrell-cce01"])


class Replicator(HostBase):
    """A Replicator (CCE); listens on 8043 and 44045."""

    role: Literal["replicator"] = Field(examples=["replicator"])
    vcenter: VCenterName = Field(description="the vCenter it works for", examples=["tyrell-vc01"])
    replication_manager: ManagerName | None = Field(
        default=None, description="its Replication Manager (provider's side only)", examples=["chc-ccm01"]
    )
    psc: PscName | None = Field(default=None, description="external Lookup Service", examples=["chc-psc01"])
    public_endpoint: str | None = Field(
        default=None,
        strict=True,
        max_length=256,
        description="Public Endpoint URL as it was typed: any text. None: the private address is advertised",
        examples=["198.51.100.10:443"],
    )
    password: Text = Field(default=DEFAULT_PASSWORD, description="root's", examples=["vmware"])
    sso_user: Text = Field(
        default=SSO_ADMINISTRATOR, description="vCenter account it uses", examples=[SSO_ADMINISTRATOR]
    )
    sso_password: Text = Field(default=DEFAULT_PASSWORD, description="its password", examples=["vmware"])


class ReplicationManager(HostBase):
    """The Replication Manager (CCM); listens on 8044."""

    role: Literal["replication-manager"] = Field(examples=["replication-manager"])
    public_endpoint: str | None = Field(
        default=None,
        strict=True,
        max_length=256,
        description="Public Endpoint URL as it was typed: any text. None: the private address is advertised",
        examples=["203.0.113.32:8044"],
    )
    password: Text = Field(default=DEFAULT_PASSWORD, description="root's", examples=["vmware"])


class CloudService(HostBase):
    """The CX cloud service; listens on 443."""

    role: Literal["cx-cloud-service"] = Field(examples=["cx-cloud-service"])
    vcd: VcdName = Field(description="its vCloud Director", examples=["chc-vcd01"])
    vcenter: VCenterName = Field(description="the resource vCenter", examples=["chc-vc01"])
    replication_manager: ManagerName = Field(description="its Replication Manager", examples=["chc-ccm01"])
    password: Text = Field(default=DEFAULT_PASSWORD, description="root's", examples=["vmware"])


class Vcd(HostBase):
    """vCloud Director; listens on 443."""

    role: Literal["vcd"] = Field(examples=["vcd"])
    vcd_version: Literal["8.20", "9.0"] = Field(default="9.0", description="version", examples=["9.0"])
    vcenter: VCenterName = Field(description="the resource vCenter", examples=["chc-vc01"])
    public_url: Text | None = Field(
        default=None,
        description="Public Addresses > REST API base URL; default: hrefs name the address that was asked",
        examples=["https://chc.mycloud.local"],
    )
    user: Text = Field(
        default="administrator", description="system administrator", examples=["administrator"]
    )
    password: Text = Field(
        default=DEFAULT_PASSWORD, description="the system administrator's", examples=["vmware"]
    )
    orgs: Annotated[dict[Name, Org], BY_NAME] = Field(min_length=1, description="organisations by name")

    @model_validator(mode="after")
    def _some_vdc(self) -> Self:
        if not any(org.vdcs for org in self.orgs.values()):
            raise mistake("no organisation has a vDC", "add one below orgs.<name>.vdcs", "orgs")
        return self


ROLES: dict[str, type[HostBase]] = {
    "dns": DnsServer,
    "psc": Psc,
    "vcenter": VCenter,
    "esxi": Esxi,
    "cx-connector": Connector,
    "replicator": Replicator,
    "replication-manager": ReplicationManager,
    "cx-cloud-service": CloudService,
    "vcd": Vcd,
}


def tag_of(role: object) -> str:
    """The tag of a role in the union (spelt so that it never equals a key of the YAML)."""
    return f"role {role}"


def _role(data: Any) -> str | None:
    role = data.get("role") if isinstance(data, dict) else getattr(data, "role", None)
    return None if role is None else tag_of(role)


Host = Annotated[
    Annotated[DnsServer, Tag(tag_of("dns"))]
    | Annotated[Psc, Tag(tag_of("psc"))]
    | Annotated[VCenter, Tag(tag_of("vcenter"))]
    | Annotated[Esxi, Tag(tag_of("esxi"))]
    | Annotated[Connector, Tag(tag_of("cx-connector"))]
    | Annotated[Replicator, Tag(tag_of("replicator"))]
    | Annotated[ReplicationManager, Tag(tag_of("replication-manager"))]
    | Annotated[CloudService, Tag(tag_of("cx-cloud-service"))]
    | Annotated[Vcd, Tag(tag_of("vcd"))],
    Discriminator(_role),
]
