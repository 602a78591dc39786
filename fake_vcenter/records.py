"""The state of a virtual machine as plain, mutable records: what is saved, and what observers see.

Rules of this file: no SOAP, no references to managed objects; hosts, datastores, networks and folders by
name. Sizes in bytes, instants in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

Observer = Callable[[str, "VmRecord"], None]
"""Called after a change with its name and the record: `created`, `registered`, `reconfigured` (also when
replication was configured), `power`, `renamed`, `unregistered`, `destroyed` (docs/events.md)."""

VIM_POWER = {"on": "poweredOn", "off": "poweredOff", "suspended": "suspended"}
"""The record's words for power states -> vim's."""


@dataclass
class DiskRecord:
    """A virtual disk and its file."""

    key: int
    controller_key: int
    unit: int
    capacity_bytes: int
    used_bytes: int
    file_name: str
    datastore: str
    thin: bool
    uuid: str


@dataclass
class NicRecord:
    """A network card."""

    key: int
    unit: int
    mac_address: str
    network: str
    connected: bool = True


@dataclass
class ReplicationRecord:
    """vSphere Replication of a VM as configured by repConfig (cx.md 5.5)."""

    generation: int
    vm_replication_id: str
    destination: str
    port: int
    rpo_minutes: int
    quiesce: bool
    paused: bool
    opportunistic_updates: bool
    network_compression: bool = False
    network_encryption: bool = False
    encryption_destination: str | None = None
    encryption_port: int | None = None
    remote_thumbprint: str | None = None
    disks: dict[int, str] = field(default_factory=dict)
    """Device key -> disk replication id."""

    @property
    def rpo_s(self) -> float:
        """The RPO in seconds."""
        return self.rpo_minutes * 60.0


@dataclass
class VmRecord:
    """A virtual machine. `power`: `on`, `off` or `suspended`."""

    moref: str
    name: str
    instance_uuid: str
    bios_uuid: str
    power: str
    cpus: int
    memory_bytes: int
    guest: str
    host: str
    datacenter: str
    folder: str
    """Moref of the folder."""
    resource_pool: str
    """Moref of the resource pool."""
    vmx_path: str
    hardware_version: str
    cores_per_socket: int = 1
    ip_address: str | None = None
    guest_host_name: str = ""
    tools: bool = True
    annotation: str = ""
    template: bool = False
    encrypted: bool = False
    disks: list[DiskRecord] = field(default_factory=list)
    nics: list[NicRecord] = field(default_factory=list)
    extra_config: dict[str, str] = field(default_factory=dict)
    replication: ReplicationRecord | None = None
    custom_values: dict[int, str] = field(default_factory=dict)
    """Custom field key -> value."""
    created_s: float = 0.0
    changed_s: float = 0.0
    booted_s: float | None = None
    suspended_s: float | None = None

    @property
    def address(self) -> str | None:
        """What VMware Tools report as the guest's address: only while it runs."""
        return self.ip_address if self.power == "on" and self.tools else None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> VmRecord:
        """The record that was saved. Raises TypeError or KeyError for a damaged one."""
        given = dict(saved)
        given["disks"] = [DiskRecord(**disk) for disk in saved["disks"]]
        given["nics"] = [NicRecord(**nic) for nic in saved["nics"]]
        given["custom_values"] = {int(key): value for key, value in saved["custom_values"].items()}
        if saved["replication"] is not None:
            replication = dict(saved["replication"])
            replication["disks"] = {int(key): value for key, value in replication["disks"].items()}
            given["replication"] = ReplicationRecord(**replication)
        return cls(**given)
