"""What a vCenter is to hold: configuration as plain records, from which the model is built.

Rules of this file: typed, immutable, in the field's terms; nothing here knows SOAP. Sizes in bytes, times
in seconds. Whatever has a default that no source gives says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GIB = 2**30


@dataclass(frozen=True)
class Disk:
    """A virtual disk. `key`: device key; None numbers the disks of a VM from 2000."""

    capacity_bytes: int
    used_bytes: int = 0
    key: int | None = None
    thin: bool = True
    file_name: str | None = None
    """`[datastore] folder/name.vmdk`; None lets vCenter choose, as it does when a VM is created."""


@dataclass(frozen=True)
class VirtualMachine:
    """A virtual machine. `power`: `on`, `off` or `suspended`."""

    name: str
    host: str | None = None
    """Name of the ESXi host; None = the first host of the first cluster."""
    instance_uuid: str | None = None
    bios_uuid: str | None = None
    cpus: int = 1
    memory_bytes: int = 4 * GIB
    guest: str = "otherGuest64"
    ip_address: str | None = None
    host_name: str | None = None
    """What the guest calls itself; None = the VM's name in lower case."""
    disks: tuple[Disk, ...] = ()
    network: str | None = None
    datastore: str | None = None
    power: str = "on"
    annotation: str = ""
    encrypted: bool = False
    hardware_version: str | None = None
    tools: bool = True
    """VMware Tools run in the guest while it is on."""


@dataclass(frozen=True)
class EsxiHost:
    """An ESXi host. `address`: its management address."""

    name: str
    address: str | None = None
    cpu_packages: int = 2
    cores_per_package: int = 8
    cpu_mhz: int = 2600
    memory_bytes: int = 256 * GIB


@dataclass(frozen=True)
class Cluster:
    """A cluster with its hosts."""

    name: str
    hosts: tuple[EsxiHost, ...] = ()


@dataclass(frozen=True)
class Datastore:
    """A VMFS datastore, mounted by every host of the datacenter."""

    name: str
    capacity_bytes: int


@dataclass(frozen=True)
class Datacenter:
    """A datacenter. `networks`: names of standard port groups that every host has."""

    name: str
    clusters: tuple[Cluster, ...] = ()
    datastores: tuple[Datastore, ...] = ()
    networks: tuple[str, ...] = ("VM Network",)
    vms: tuple[VirtualMachine, ...] = ()


@dataclass(frozen=True)
class User:
    """An account. `role`: `Admin` may do everything, `ReadOnly` may look."""

    name: str
    password: str
    role: str = "Admin"


@dataclass(frozen=True)
class Durations:
    """How long operations take, in seconds. No source gives figures: these are plausible and adjustable."""

    power_on_s: float = 3.0
    power_off_s: float = 2.0
    suspend_s: float = 8.0
    reset_s: float = 2.0
    shutdown_guest_s: float = 25.0
    reboot_guest_s: float = 40.0
    reconfigure_s: float = 1.0
    rename_s: float = 0.5
    create_s: float = 2.0
    register_s: float = 1.5
    destroy_s: float = 2.0


@dataclass(frozen=True)
class VCenter:
    """A vCenter. `version`: a key of `versions.PRODUCTS`.

    `session_idle_s`: a session ends this long after its last request (vCenter's default is 30 minutes).
    `long_poll_limit_s`: WaitForUpdates without a limit of its own is cancelled after this. `task_kept_s`:
    how long an ended task can still be read (10 minutes in a real vCenter).
    """

    name: str
    version: str = "6.5"
    users: tuple[User, ...] = (User("administrator@vsphere.local", "vmware"),)
    datacenters: tuple[Datacenter, ...] = ()
    durations: Durations = field(default_factory=Durations)
    session_idle_s: float = 1800.0
    long_poll_limit_s: float = 1800.0
    task_kept_s: float = 600.0
