"""What the core asks of the tenant's vCenter and of the provider's vCloud Director.

Rules of this file: protocols and plain records; the clients (`vcenter.py`, `vcd.py`) fulfil them, tests put
simple objects in their place. Sizes in bytes. Every method may raise the `UserError` family.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cxsim.core.pinning import Judge
from cxsim.core.wizard import CloudEndpoints

if TYPE_CHECKING:
    from cxsim.core.vcenter_inventory import TreeNode


@dataclass(frozen=True)
class SourceVm:
    """A VM in the tenant's inventory, as the wizard needs it. `power`: `on`, `off` or `suspended`."""

    name: str
    moref: str
    instance_uuid: str
    power: str
    disk_bytes: int
    """Capacity of all its disks."""
    host: str = ""
    """The ESXi host that runs it."""


@dataclass(frozen=True)
class RunningVm:
    """A source VM that is found running: what its adapters are connected to, and its guest's address."""

    moref: str
    connected_networks: tuple[str, ...]
    address: str | None


class SourceVcenter(Protocol):
    """A logged-in conversation with the tenant's vCenter."""

    def instance_uuid(self) -> str:
        """The vCenter's own identifier (`about.instanceUuid`)."""

    def vms(self) -> Sequence[SourceVm]:
        """Every VM of the inventory, by name; two VMs in different folders may share a name."""

    def power_off(self, vm: SourceVm) -> None:
        """Power the VM off and wait for it. A VM that is off already is as good."""

    def tree(self) -> TreeNode:
        """The inventory tree of the wizard."""

    def mark(self, vm: SourceVm, attribute: str, text: str, suffix: str) -> None:
        """Mark a VM by a custom attribute and a suffix to its name ("": not this one). Marked is as good."""

    def disconnect(self, vm: SourceVm) -> None:
        """Take all network adapters of a VM off their networks. Done already is as good."""

    def running(self, vms: Sequence[SourceVm]) -> Sequence[RunningVm]:
        """Those of these VMs that are powered on now."""


@dataclass(frozen=True)
class OfferedProfile:
    """A storage profile of a vDC. `limit_bytes` None: unlimited."""

    name: str
    href: str
    limit_bytes: int | None
    used_bytes: int


@dataclass(frozen=True)
class OfferedNetwork:
    """An Org vDC network that VMs can be connected to."""

    name: str
    href: str


@dataclass(frozen=True)
class OfferedVdc:
    """A vDC with what can be chosen in it; `cpu`, `memory`, `storage` as the plugin shows them."""

    name: str
    href: str
    cpu: str
    memory: str
    storage: str
    profiles: tuple[OfferedProfile, ...]
    networks: tuple[OfferedNetwork, ...]
    vapps: tuple[str, ...] = ()
    """Names of the vApps that it has."""


class TargetVcd(Protocol):
    """A logged-in conversation with vCloud Director as the tenant's organization administrator."""

    def vdcs(self) -> Sequence[OfferedVdc]:
        """The organization's vDCs that the user may see."""


class OpenVcenter(Protocol):
    """Logs in at the tenant's vCenter; logs out at the end of the block."""

    def __call__(self) -> AbstractContextManager[SourceVcenter]: ...


class OpenVcd(Protocol):
    """Logs in at a provider's vCloud Director, which also checks the organization; logs out at the end."""

    def __call__(
        self, endpoints: CloudEndpoints, user: str, password: str, judge: Judge
    ) -> AbstractContextManager[TargetVcd]: ...
