"""What exists in an emulated vCloud Director at the start: plain typed configuration.

Rules of this file: frozen records, no behaviour beyond checking themselves. Sizes are in vCD's own
megabytes (2^20 bytes; vCD's "GB" is 1024 of them), processor speeds in MHz; 0 means unlimited in every
`limit_*`, as on vCD's wire. A mistake raises `ValueError` naming the entry, before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

ALLOCATION_MODELS = ("AllocationVApp", "AllocationPool", "ReservationPool")
SYSTEM_ORG = "System"

VERSIONS: dict[str, tuple[str, ...]] = {
    "8.20": ("5.1", "5.5", "5.6", "9.0", "20.0", "27.0"),
    "9.0": ("5.5", "5.6", "9.0", "20.0", "27.0", "28.0", "29.0"),
    "9.1": ("5.5", "5.6", "9.0", "20.0", "27.0", "28.0", "29.0", "30.0"),
    "9.5": ("20.0", "27.0", "28.0", "29.0", "30.0", "31.0"),
    "9.7": ("27.0", "28.0", "29.0", "30.0", "31.0", "32.0"),
}
"""API versions by release. The newest of each is peers.md 2.1; the older ones of a release are [I]."""


@dataclass(frozen=True)
class Durations:
    """How long operations take, seconds. No source gives figures; every default is [I]."""

    import_vm_s: float = 20.0
    """importVmAsVApp and importVmIntoExistingVApp with sourceMove=true (nothing is copied)."""
    copy_bytes_per_s: float = 100e6
    """Added when sourceMove=false: the disks are cloned at this rate."""
    power_on_s: float = 8.0
    power_off_s: float = 4.0
    shutdown_s: float = 30.0
    reset_s: float = 5.0
    reboot_s: float = 20.0
    suspend_s: float = 15.0
    discard_suspend_s: float = 2.0
    deploy_s: float = 3.0
    undeploy_s: float = 6.0
    delete_s: float = 5.0
    reconfigure_network_s: float = 3.0
    update_metadata_s: float = 1.0


@dataclass(frozen=True)
class Compute:
    """Processor or memory of an organization vDC: MHz or MB. `used` is what exists besides our VMs."""

    used: int = 0
    limit: int = 0
    allocated: int = 0
    reserved: int = 0


@dataclass(frozen=True)
class StorageProfileConfig:
    """A storage profile of an organization vDC (the UI says storage policy). MB of 2^20 bytes."""

    name: str
    limit_mb: int = 0
    used_mb: int = 0
    datastore: str = ""
    default: bool = False
    enabled: bool = True


@dataclass(frozen=True)
class NetworkConfig:
    """An organization vDC network. `port_group` is its vCenter network (default: the same name)."""

    name: str
    fence_mode: str = "bridged"
    gateway: str = "192.168.100.1"
    netmask: str = "255.255.255.0"
    dns1: str = ""
    dns2: str = ""
    dns_suffix: str = ""
    ip_range: tuple[str, str] | None = None
    port_group: str = ""
    shared: bool = False
    description: str = ""


@dataclass(frozen=True)
class VdcConfig:
    """An organization vDC."""

    name: str
    allocation_model: str = "AllocationVApp"
    cpu: Compute = Compute()
    memory: Compute = Compute()
    storage_profiles: tuple[StorageProfileConfig, ...] = ()
    networks: tuple[NetworkConfig, ...] = ()
    vim_server: str = ""
    """Name of the vCenter behind it; empty: the first one."""
    vcpu_mhz: int = 1000
    """What one virtual CPU counts for in AllocationVApp (VCpuInMhz2)."""
    vm_quota: int = 0
    network_quota: int = 1000
    enabled: bool = True
    description: str = ""


@dataclass(frozen=True)
class UserConfig:
    """A local user. `vdcs`: the only vDCs it sees (None = every vDC of its organization)."""

    name: str
    password: str = "vmware"
    role: str = "Organization Administrator"
    vdcs: tuple[str, ...] | None = None
    enabled: bool = True


@dataclass(frozen=True)
class OrgConfig:
    """An organization with its users and vDCs."""

    name: str
    users: tuple[UserConfig, ...] = ()
    vdcs: tuple[VdcConfig, ...] = ()
    full_name: str = ""
    description: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class VimServerConfig:
    """A vCenter attached to this vCloud Director."""

    name: str
    url: str = ""
    username: str = "administrator@vsphere.local"
    version: str = "6.5.0"


@dataclass(frozen=True)
class Estate:
    """A whole vCloud Director. `public_base_url` is Public Addresses > REST API base URL
    (`https://vcd.example.com`); None: hrefs repeat the Host that the client used (cx.md P22)."""

    orgs: tuple[OrgConfig, ...] = ()
    vim_servers: tuple[VimServerConfig, ...] = ()
    system_users: tuple[UserConfig, ...] = (UserConfig("administrator", role="System Administrator"),)
    vcd_version: str = "9.0"
    public_base_url: str | None = None
    durations: Durations = field(default_factory=Durations)
    session_idle_s: float = 30 * 60.0
    """vCD's default Idle session timeout, 30 minutes."""
    session_maximum_s: float = 24 * 3600.0
    """vCD's default Maximum session timeout, 1440 minutes."""
    swap_counts: bool = True
    """A VM consumes its disks plus a swap file of its memory's size of the storage profile [I]."""
    page_size: int = 25
    page_size_limit: int = 128

    def check(self) -> None:
        """Raise `ValueError` for the first entry that cannot be."""
        if self.vcd_version not in VERSIONS:
            raise ValueError(f"vcd_version {self.vcd_version!r}: known are {', '.join(VERSIONS)}")
        _unique("organization", (o.name for o in self.orgs))
        _unique("vCenter", (v.name for v in self.vim_servers))
        for org in self.orgs:
            if org.name.lower() == SYSTEM_ORG.lower():
                raise ValueError("organization 'System' is vCloud Director's own: use system_users")
            _check_org(org, {v.name for v in self.vim_servers})


def _check_org(org: OrgConfig, vim_servers: set[str]) -> None:
    where = f"organization {org.name!r}"
    _unique(f"{where}: user", (u.name for u in org.users))
    _unique(f"{where}: vDC", (v.name for v in org.vdcs))
    names = {v.name for v in org.vdcs}
    for user in org.users:
        for vdc_name in user.vdcs or ():
            if vdc_name not in names:
                raise ValueError(f"{where}: user {user.name!r} is restricted to an unknown vDC {vdc_name!r}")
    for vdc in org.vdcs:
        place = f"{where}: vDC {vdc.name!r}"
        if vdc.allocation_model not in ALLOCATION_MODELS:
            raise ValueError(
                f"{place}: allocation_model {vdc.allocation_model!r} is not one of {ALLOCATION_MODELS}"
            )
        if vdc.vim_server and vdc.vim_server not in vim_servers:
            raise ValueError(f"{place}: unknown vCenter {vdc.vim_server!r}")
        _unique(f"{place}: storage profile", (p.name for p in vdc.storage_profiles))
        _unique(f"{place}: network", (n.name for n in vdc.networks))
        figures = [vdc.cpu, vdc.memory]
        if any(min(c.used, c.limit, c.allocated, c.reserved) < 0 for c in figures):
            raise ValueError(f"{place}: CPU and memory figures cannot be negative")
        for profile in vdc.storage_profiles:
            if profile.limit_mb < 0 or profile.used_mb < 0:
                raise ValueError(f"{place}: storage profile {profile.name!r}: sizes cannot be negative")
        if sum(p.default for p in vdc.storage_profiles) > 1:
            raise ValueError(f"{place}: more than one default storage profile")


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name:
            raise ValueError(f"{what}: a name is empty")
        if name.lower() in seen:
            raise ValueError(f"{what} {name!r} appears twice")
        seen.add(name.lower())
