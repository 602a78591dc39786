"""What an administrator typed when the appliances were deployed and activated.

Rules of this file: plain frozen records, values as typed. `public_endpoint` is stored as typed and read by
`endpoints` only; '' means the optional field was left empty. URLs are private API URLs.
`thumbprint`: `SHA-256:AB:..` of a peer that is pinned; None: any certificate is accepted (a wizard step with
`trust=true`, cx.md 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from cxsim.fake_cx.endpoints import MANAGER_PORT, REPLICATOR_PORT

ROOT = "root"
DEFAULT_PASSWORD = "vmware"
SSO_ADMINISTRATOR = "administrator@vsphere.local"


@dataclass(frozen=True)
class ManagedAppliance:
    """A Replication Manager or Replicator as the cloud service or connector that deployed it knows it."""

    name: str
    url: str
    root_password: str = DEFAULT_PASSWORD
    public_endpoint: str = ""
    thumbprint: str | None = None


@dataclass(frozen=True)
class CloudServiceConfig:
    """The CX Cloud Service (deployment type cx-cloud-service), after the provider wizard (cx.md 2.1)."""

    address: str
    manager: ManagedAppliance
    vcd_url: str
    vcd_password: str = DEFAULT_PASSWORD
    vcd_user: str = "administrator"
    """System administrator, without `@system` (cx.md 2.1 step 2)."""
    vcd_thumbprint: str | None = None
    vcd_site_name: str = "cloud"
    replicators: tuple[ManagedAppliance, ...] = ()
    root_password: str = DEFAULT_PASSWORD
    sso_user: str = SSO_ADMINISTRATOR
    sso_password: str = DEFAULT_PASSWORD
    vcenter_name: str = ""
    """Name of the resource vCenter in vCD; '' = the first one that vCD lists."""
    vcenter_url: str = ""
    lookup_service_url: str = ""
    site: str = "cloud"


@dataclass(frozen=True)
class ManagerConfig:
    """The Replication Manager (CCM). `port`: where its API listens."""

    address: str
    public_endpoint: str = ""
    root_password: str = DEFAULT_PASSWORD
    sso_user: str = SSO_ADMINISTRATOR
    sso_password: str = DEFAULT_PASSWORD
    site: str = "cloud"
    lookup_service_url: str = ""
    port: int = MANAGER_PORT
    preconfigured: bool = True
    """False: the appliance awaits POST /config with its root password (cx.md 5.3)."""


@dataclass(frozen=True)
class ReplicatorConfig:
    """A Replicator (CCE), at the provider or at a tenant. `port`: where its API listens."""

    address: str
    vcenter_host: str
    vcenter_port: int = 443
    vcenter_user: str = SSO_ADMINISTRATOR
    vcenter_password: str = DEFAULT_PASSWORD
    public_endpoint: str = ""
    root_password: str = DEFAULT_PASSWORD
    sso_user: str = SSO_ADMINISTRATOR
    sso_password: str = DEFAULT_PASSWORD
    site: str = "cloud"
    lookup_service_url: str = ""
    datastore: str = ""
    """Where replicas are placed when the caller names no datastore; '' = the one with most free space."""
    port: int = REPLICATOR_PORT
    preconfigured: bool = True


@dataclass(frozen=True)
class ConnectorConfig:
    """The tenant's CX appliance (deployment type cx-connector)."""

    address: str
    replicators: tuple[ManagedAppliance, ...] = ()
    root_password: str = DEFAULT_PASSWORD
    sso_user: str = SSO_ADMINISTRATOR
    sso_password: str = DEFAULT_PASSWORD
    vcenter_name: str = ""
    vcenter_url: str = ""
    lookup_service_url: str = ""
    site: str = "tenant"
