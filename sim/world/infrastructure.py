"""The vCenters behind vCloud Director: fake_vcd's InfrastructureManager over emulated vCenters.

Rules of this file: direct calls between two emulators of one provider. Which packets vCloud Director and its
vCenter exchange is not part of CX's required flows (cx.md 1.2), so none are simulated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from cxsim.fake_vcd.infrastructure import BackingDisk, BackingNic, BackingVm, InfrastructureError
from cxsim.fake_vcenter import VCenter, VCenterRefused
from cxsim.fake_vcenter.records import VmRecord


class Vcenters:
    """Implements InfrastructureManager: vCenters by the name that vCloud Director knows them by."""

    def __init__(self, vcenters: Mapping[str, VCenter]) -> None:
        self._vcenters = vcenters

    @contextmanager
    def _at(self, vim_server: str) -> Iterator[VCenter]:
        if vim_server not in self._vcenters:
            raise InfrastructureError(f"vCenter {vim_server} is not connected")
        try:
            yield self._vcenters[vim_server]
        except VCenterRefused as refused:
            raise InfrastructureError(str(refused)) from refused

    def list_vms(self, vim_server: str) -> Sequence[BackingVm]:
        """Every VM in inventory, imported or not."""
        with self._at(vim_server) as vcenter:
            return [_shown(record) for record in vcenter.vms()]

    def describe_vm(self, vim_server: str, moref: str) -> BackingVm:
        """The VM as it is now."""
        with self._at(vim_server) as vcenter:
            record = vcenter.find_vm(moref=moref)
            if record is None:
                raise InfrastructureError(
                    f'The object "{moref}" has already been deleted or has not been completely created'
                )
            return _shown(record)

    def power(self, vim_server: str, moref: str, on: bool) -> None:
        """Power the VM on or off; returns when it is."""
        with self._at(vim_server) as vcenter:
            vcenter.power(moref, "on" if on else "off")

    def suspend(self, vim_server: str, moref: str) -> None:
        """Suspend the VM."""
        with self._at(vim_server) as vcenter:
            vcenter.power(moref, "suspended")

    def rename(self, vim_server: str, moref: str, name: str) -> None:
        """Rename the VM."""
        with self._at(vim_server) as vcenter:
            vcenter.rename(moref, name)

    def clone(self, vim_server: str, moref: str, name: str) -> str:
        """Copy the VM; the copy's managed object reference."""
        with self._at(vim_server) as vcenter:
            return vcenter.clone(moref, name)

    def connect_network(
        self, vim_server: str, moref: str, nic: int, network: str | None, connected: bool
    ) -> None:
        """Put network card `nic` on the vCenter network of this name (None: on none)."""
        with self._at(vim_server) as vcenter:
            vcenter.connect_network(moref, nic, network, connected)

    def destroy(self, vim_server: str, moref: str) -> None:
        """Delete the VM from disk."""
        with self._at(vim_server) as vcenter:
            vcenter.destroy(moref)


def _shown(record: VmRecord) -> BackingVm:
    return BackingVm(
        moref=record.moref,
        name=record.name,
        cpus=record.cpus,
        memory_bytes=record.memory_bytes,
        disks=tuple(BackingDisk(d.key, d.capacity_bytes, d.datastore, d.thin) for d in record.disks),
        nics=tuple(
            BackingNic(index, nic.mac_address, nic.network or None, nic.connected)
            for index, nic in enumerate(record.nics)
        ),
        power=record.power,
        guest_id=record.guest,
        hardware_version=record.hardware_version,
        tools_running=record.tools and record.power == "on",
    )
