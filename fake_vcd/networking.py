"""Connecting VMs to networks: a VM's card is on a vApp network, which is bridged to an organization network.

Rules of this file: checking of a new section against the model, then a task that changes the vCenter and
the model. IpAddressAllocationMode is NONE, DHCP, POOL (vCD gives the lowest free address of the network's
range) or MANUAL. Connecting a card to a network that the vApp does not have is refused with vCD's message.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from cxsim.fake_vcd.errors import BadRequest
from cxsim.fake_vcd.model import Network, Nic, User, VApp, VcdTask, Vm
from cxsim.fake_vcd.operations import Operations

NO_NETWORK = "none"
MODES = ("NONE", "DHCP", "POOL", "MANUAL")


@dataclass(frozen=True)
class Connection:
    """A requested NetworkConnection."""

    index: int
    network: str
    connected: bool
    mode: str
    ip_address: str | None = None


def connect(
    operations: Operations, vm: Vm, primary: int, connections: list[Connection], user: User
) -> VcdTask:
    """Replace a VM's network connections. Raises `BadRequest` for a card or network that is not there."""
    cards = {nic.index: nic for nic in vm.nics}
    for wanted in connections:
        if wanted.index not in cards:
            # Adding and removing cards is not emulated; a migrated VM keeps its cards.
            raise BadRequest(f'The VM "{vm.name}" has no network card {wanted.index}.')
        if wanted.network != NO_NETWORK and wanted.network not in vm.vapp.networks:
            raise BadRequest(f'The VCD entity network "{wanted.network}" does not exist.')
        if wanted.mode not in MODES:
            raise BadRequest(f'"{wanted.mode}" is not an IpAddressAllocationMode.')
    if connections and primary not in cards:
        raise BadRequest(f"There is no network card {primary}, the primary one.")

    def effect() -> None:
        vm.primary_nic = primary
        for wanted in connections:
            _connect_card(operations, vm, cards[wanted.index], wanted)
        operations.log_vm(vm, "reconfigured")

    duration_s = operations.config.durations.reconfigure_network_s
    return operations.start("vappUpdateVm", "Updating Virtual Machine", vm, user, duration_s, effect)


def configure(operations: Operations, vapp: VApp, networks: Mapping[str, Network], user: User) -> VcdTask:
    """Replace a vApp's networks. Raises `BadRequest` for one that a VM still uses."""
    used = {nic.network for vm in vapp.vms for nic in vm.nics} - {NO_NETWORK}
    for name in sorted(used - set(networks)):
        raise BadRequest(f'The network "{name}" is in use by a VM of the vApp "{vapp.name}".')

    def effect() -> None:
        vapp.networks = dict(networks)
        operations.log_vapp(vapp, "reconfigured")

    duration_s = operations.config.durations.reconfigure_network_s
    text = "Updating Networks of Virtual Application"
    return operations.start("vdcUpdateVappNetworkSection", text, vapp, user, duration_s, effect)


def _connect_card(operations: Operations, vm: Vm, nic: Nic, wanted: Connection) -> None:
    network = vm.vapp.networks.get(wanted.network)
    address = wanted.ip_address if wanted.mode == "MANUAL" else None
    if network is not None and wanted.mode == "POOL":
        address = _next_address(network, vm)
    if vm.vdc.vim_server is not None:
        operations.infrastructure.connect_network(
            vm.vdc.vim_server.name,
            vm.backing.moref,
            nic.index,
            network.port_group if network is not None else None,
            wanted.connected,
        )
    nic.network, nic.connected, nic.mode, nic.ip_address = (
        wanted.network, wanted.connected, wanted.mode, address,
    )  # fmt: skip


def _next_address(network: Network, vm: Vm) -> str:
    if network.config.ip_range is None:
        raise BadRequest(f'The network "{network.name}" has no static IP pool.')
    first, last = (int(ipaddress.IPv4Address(a)) for a in network.config.ip_range)
    for number in range(first, last + 1):
        address = str(ipaddress.IPv4Address(number))
        if address not in network.taken:
            network.taken[address] = vm.id
            return address
    raise BadRequest(f'There are no more addresses available on the network "{network.name}".')
