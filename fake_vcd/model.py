"""What exists in an emulated vCloud Director: organizations, vDCs, networks, vApps, VMs, sessions, tasks.

Rules of this file: plain mutable records with the figures derived from them; no HTTP, no XML, no waiting.
Everything is kept in order of creation, so listings are the same in every run. Sizes in MB of 2^20 bytes,
speeds in MHz, 0 = unlimited in `limit`, instants in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from cxsim.emulator.tasks import Task, TaskState
from cxsim.fake_vcd.estate import Compute, NetworkConfig, StorageProfileConfig, VdcConfig, VimServerConfig
from cxsim.fake_vcd.infrastructure import BackingVm

MB = 2**20
SYSTEM_ORG_ID = "a93c9db9-7471-3192-8d09-a8f7eeda85f9"
"""The System organization has this id in every vCloud Director."""


class Status(Enum):
    """Status codes of vApps and VMs with their names in queries (vCloud API reference, status)."""

    FAILED_CREATION = -1
    UNRESOLVED = 0
    RESOLVED = 1
    SUSPENDED = 3
    POWERED_ON = 4
    POWERED_OFF = 8
    MIXED = 10

    @property
    def power(self) -> str:
        """The word of the event log (docs/events.md)."""
        return {"POWERED_ON": "on", "SUSPENDED": "suspended", "MIXED": "mixed"}.get(self.name, "off")


@dataclass
class User:
    """A user; `vdcs` restricts what it sees (None = all of its organization)."""

    id: str
    name: str
    password: str
    role: str
    org: Org
    vdcs: tuple[str, ...] | None
    enabled: bool


@dataclass
class Org:
    """An organization."""

    id: str
    name: str
    full_name: str
    description: str
    enabled: bool
    users: list[User] = field(default_factory=list)
    vdcs: list[Vdc] = field(default_factory=list)
    rights: list[str] = field(default_factory=list)

    @property
    def is_system(self) -> bool:
        """True for the provider's own organization."""
        return self.id == SYSTEM_ORG_ID


@dataclass
class VimServer:
    """A vCenter attached to vCD."""

    id: str
    config: VimServerConfig

    @property
    def name(self) -> str:
        """Its name in vCD."""
        return self.config.name


@dataclass
class StorageProfile:
    """A storage profile of one vDC."""

    id: str
    config: StorageProfileConfig
    vdc: Vdc
    limit_mb: int
    consumed_mb: int = 0
    """By our VMs; `config.used_mb` is what was there before."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name

    @property
    def used_mb(self) -> int:
        """All that counts against the limit."""
        return self.config.used_mb + self.consumed_mb


@dataclass
class Network:
    """An organization vDC network; `taken` are the addresses vCD has given out."""

    id: str
    config: NetworkConfig
    vdc: Vdc
    taken: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name

    @property
    def port_group(self) -> str:
        """The network's name in vCenter."""
        return self.config.port_group or self.config.name


@dataclass
class Vdc:
    """An organization vDC."""

    id: str
    config: VdcConfig
    org: Org
    vim_server: VimServer | None
    storage_profiles: list[StorageProfile] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    vapps: list[VApp] = field(default_factory=list)
    metadata: dict[str, Metadatum] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name

    @property
    def running(self) -> Iterator[Vm]:
        """VMs that use processor and memory."""
        return (vm for vapp in self.vapps for vm in vapp.vms if vm.status is Status.POWERED_ON)

    @property
    def cpu(self) -> Compute:
        """Processor figures in MHz, our running VMs included."""
        config = self.config.cpu
        used = config.used + sum(vm.backing.cpus for vm in self.running) * self.config.vcpu_mhz
        return Compute(used, config.limit, config.allocated, config.reserved)

    @property
    def memory(self) -> Compute:
        """Memory figures in MB, our running VMs included."""
        config = self.config.memory
        used = config.used + sum(vm.memory_mb for vm in self.running)
        return Compute(used, config.limit, config.allocated, config.reserved)

    @property
    def default_profile(self) -> StorageProfile | None:
        """The profile used when none is named."""
        marked = [p for p in self.storage_profiles if p.config.default]
        return next(iter(marked or self.storage_profiles), None)


@dataclass
class Metadatum:
    """A metadata entry. `type` is vCD's MetadataStringValue etc.; `domain` GENERAL or SYSTEM."""

    key: str
    value: str
    type: str = "MetadataStringValue"
    domain: str = "GENERAL"
    visibility: str = "READWRITE"


@dataclass
class Nic:
    """A network card of a VM as vCD sees it. `network` is the vApp network's name, `none` if it has none."""

    index: int
    mac: str
    network: str = "none"
    connected: bool = False
    mode: str = "NONE"
    ip_address: str | None = None


@dataclass
class Vm:
    """A virtual machine."""

    id: str
    name: str
    vapp: VApp
    profile: StorageProfile
    backing: BackingVm
    created_s: float
    computer_name: str
    status: Status = Status.UNRESOLVED
    deployed: bool = False
    nics: list[Nic] = field(default_factory=list)
    primary_nic: int = 0
    consumed_mb: int = 0
    metadata: dict[str, Metadatum] = field(default_factory=dict)
    busy: VcdTask | None = None

    @property
    def memory_mb(self) -> int:
        """Memory, MB."""
        return self.backing.memory_bytes // MB

    @property
    def vdc(self) -> Vdc:
        """The vDC it is in."""
        return self.vapp.vdc


@dataclass
class VApp:
    """A vApp. `networks` are its vApp networks: bridged to the organization network of the value."""

    id: str
    name: str
    vdc: Vdc
    owner: User
    created_s: float
    description: str = ""
    resolved: bool = False
    failed: bool = False
    deployed: bool = False
    vms: list[Vm] = field(default_factory=list)
    networks: dict[str, Network] = field(default_factory=dict)
    metadata: dict[str, Metadatum] = field(default_factory=dict)
    busy: VcdTask | None = None
    tasks: list[VcdTask] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """Derived from its VMs."""
        if self.failed:
            return Status.FAILED_CREATION
        if not self.resolved:
            return Status.UNRESOLVED
        found = {vm.status for vm in self.vms}
        if not found:
            return Status.RESOLVED
        return found.pop() if len(found) == 1 else Status.MIXED


@dataclass
class VcdTask:
    """A vCD task: the emulator's task with vCD's words for it."""

    id: str
    operation_name: str
    operation: str
    owner_kind: str
    owner_id: str
    owner_name: str
    user: User
    org: Org
    """The organization it is listed in: that of what it changes."""
    expires_s: float
    work: Task | None = None
    cancel_requested: bool = False
    canceled: bool = False

    @property
    def status(self) -> str:
        """vCD's word: queued, running, success, error, canceled."""
        if self.canceled:
            return "canceled"
        if self.work is None:
            return "queued"
        return _STATUS[self.work.state]

    @property
    def active(self) -> bool:
        """True until it has ended."""
        return self.status in ("queued", "running")


_STATUS = {
    TaskState.QUEUED: "queued",
    TaskState.RUNNING: "running",
    TaskState.SUCCEEDED: "success",
    TaskState.FAILED: "error",
}


@dataclass
class Session:
    """A login."""

    id: str
    token: str
    user: User
    started_s: float
    used_s: float


@dataclass
class Cloud:
    """All of it. `public_base_url` may be changed while running, as in the UI."""

    version: str
    public_base_url: str | None
    system: Org
    orgs: list[Org] = field(default_factory=list)
    vim_servers: list[VimServer] = field(default_factory=list)
    tasks: dict[str, VcdTask] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)

    @property
    def vdcs(self) -> Iterator[Vdc]:
        """Every organization vDC."""
        return (vdc for org in self.orgs for vdc in org.vdcs)

    @property
    def vapps(self) -> Iterator[VApp]:
        """Every vApp."""
        return (vapp for vdc in self.vdcs for vapp in vdc.vapps)

    @property
    def vms(self) -> Iterator[Vm]:
        """Every VM."""
        return (vm for vapp in self.vapps for vm in vapp.vms)

    def org(self, name: str) -> Org | None:
        """The organization of this name, whatever its case (logins and URLs do not mind it)."""
        found = [o for o in (self.system, *self.orgs) if o.name.lower() == name.lower()]
        return found[0] if found else None
