"""What vCloud Director needs of the vCenter behind it.

Rules of this file: a protocol, plain records, and one in-memory implementation that makes the emulator
useful alone. Calls may block (they are made from background work or from a handler). Managed object
references are vCenter's own (`vm-62`). Sizes in bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol


class InfrastructureError(Exception):
    """The vCenter refused or is not reachable; the text is shown in the vCD task."""


@dataclass(frozen=True)
class BackingDisk:
    """A virtual disk. `key` is vCenter's device key (2000...)."""

    key: int
    capacity_bytes: int
    datastore: str = ""
    thin: bool = True


@dataclass(frozen=True)
class BackingNic:
    """A network card. `network` is the vCenter network's name, None when it has none."""

    index: int
    mac: str
    network: str | None = None
    connected: bool = True


@dataclass(frozen=True)
class BackingVm:
    """A virtual machine as the vCenter sees it."""

    moref: str
    name: str
    cpus: int
    memory_bytes: int
    disks: tuple[BackingDisk, ...]
    nics: tuple[BackingNic, ...] = ()
    power: str = "off"
    """`on`, `off` or `suspended`."""
    guest_id: str = "otherGuest64"
    guest_name: str = "Other (64-bit)"
    hardware_version: str = "vmx-13"
    tools_running: bool = True


class InfrastructureManager(Protocol):
    """The vCenters of this vCloud Director, called with the name of the vCenter. Every method raises
    `InfrastructureError` when the object does not exist or the vCenter refuses."""

    def list_vms(self, vim_server: str) -> Sequence[BackingVm]:
        """Every VM in inventory, imported or not."""

    def describe_vm(self, vim_server: str, moref: str) -> BackingVm:
        """The VM as it is now."""

    def power(self, vim_server: str, moref: str, on: bool) -> None:
        """Power the VM on or off; returns when it is."""

    def suspend(self, vim_server: str, moref: str) -> None:
        """Suspend the VM."""

    def rename(self, vim_server: str, moref: str, name: str) -> None:
        """Rename the VM."""

    def clone(self, vim_server: str, moref: str, name: str) -> str:
        """Copy the VM; the copy's managed object reference."""

    def connect_network(
        self, vim_server: str, moref: str, nic: int, network: str | None, connected: bool
    ) -> None:
        """Put network card `nic` on the vCenter network of this name (None: on none)."""

    def destroy(self, vim_server: str, moref: str) -> None:
        """Delete the VM from disk."""


@dataclass
class InMemoryInfrastructure:
    """A vCenter that is only a dictionary."""

    vms: dict[str, BackingVm] = field(default_factory=dict)

    def add(self, vm: BackingVm) -> BackingVm:
        """Put a VM into inventory."""
        self.vms[vm.moref] = vm
        return vm

    def list_vms(self, vim_server: str) -> Sequence[BackingVm]:
        """See the protocol."""
        return list(self.vms.values())

    def describe_vm(self, vim_server: str, moref: str) -> BackingVm:
        """See the protocol."""
        try:
            return self.vms[moref]
        except KeyError:
            raise InfrastructureError(
                f'The object "{moref}" has already been deleted or has not been completely created'
            ) from None

    def power(self, vim_server: str, moref: str, on: bool) -> None:
        """See the protocol."""
        self._change(moref, power="on" if on else "off")

    def suspend(self, vim_server: str, moref: str) -> None:
        """See the protocol."""
        self._change(moref, power="suspended")

    def rename(self, vim_server: str, moref: str, name: str) -> None:
        """See the protocol."""
        self._change(moref, name=name)

    def clone(self, vim_server: str, moref: str, name: str) -> str:
        """See the protocol."""
        numbers = [int(m.rpartition("-")[2]) for m in self.vms if m.rpartition("-")[2].isdigit()]
        copy = replace(self.describe_vm("", moref), moref=f"vm-{max(numbers, default=0) + 1}", name=name)
        return self.add(copy).moref

    def connect_network(
        self, vim_server: str, moref: str, nic: int, network: str | None, connected: bool
    ) -> None:
        """See the protocol."""
        nics = tuple(
            replace(n, network=network, connected=connected) if n.index == nic else n
            for n in self.describe_vm("", moref).nics
        )
        self._change(moref, nics=nics)

    def destroy(self, vim_server: str, moref: str) -> None:
        """See the protocol."""
        del self.vms[self.describe_vm("", moref).moref]

    def _change(self, moref: str, **changes: object) -> None:
        self.vms[moref] = replace(self.describe_vm("", moref), **changes)  # type: ignore[arg-type]
