"""Undeploying, deploying and deleting vApps and VMs.

Rules of this file: what vCD demands first (a stopped vApp, an undeployed VM) and what remains afterwards.
"""

from __future__ import annotations

from cxsim.fake_vcd import power
from cxsim.fake_vcd.errors import BadRequest, not_running, stop_first
from cxsim.fake_vcd.model import Status, User, VApp, VcdTask, Vm
from cxsim.fake_vcd.operations import Operations

UNDEPLOY_ACTIONS = {
    "default": power.UNDEPLOY,
    "powerOff": power.UNDEPLOY,
    "force": power.UNDEPLOY,
    "suspend": power.UNDEPLOY_SUSPEND,
    "shutdown": power.UNDEPLOY_SHUTDOWN,
}


def undeploy(operations: Operations, owner: VApp | Vm, word: str, user: User) -> VcdTask:
    """Stop and undeploy. `word` is the UndeployPowerAction. Raises vCD's errors."""
    if word not in UNDEPLOY_ACTIONS:
        raise BadRequest(f'"{word}" is not an UndeployPowerAction.')
    if not owner.deployed:
        raise not_running("vApp" if isinstance(owner, VApp) else "VM", owner.name)
    return power.start(operations, UNDEPLOY_ACTIONS[word], owner, user)


def deploy(operations: Operations, owner: VApp | Vm, power_on: bool, user: User) -> VcdTask:
    """Deploy, with or without powering on."""
    return power.start(operations, power.ACTIONS["powerOn"] if power_on else power.DEPLOY, owner, user)


def delete_vapp(operations: Operations, vapp: VApp, force: bool, user: User) -> VcdTask:
    """Delete a stopped vApp with its VMs; `force` stops it first. Raises vCD's errors."""
    running = [vm for vm in vapp.vms if vm.status in (Status.POWERED_ON, Status.SUSPENDED)]
    if (running or vapp.deployed) and not force:
        raise stop_first("vApp", vapp.name)

    def effect() -> None:
        power.apply(operations, power.UNDEPLOY, running)
        for vm in list(vapp.vms):
            _destroy(operations, vm)
        vapp.vdc.vapps.remove(vapp)
        operations.log_vapp(vapp, "deleted")

    duration_s = operations.config.durations.delete_s
    return operations.start("vdcDeleteVapp", "Deleting Virtual Application", vapp, user, duration_s, effect)


def delete_vm(operations: Operations, vm: Vm, user: User) -> VcdTask:
    """Delete a stopped, undeployed VM. Raises vCD's errors."""
    if vm.deployed or vm.status in (Status.POWERED_ON, Status.SUSPENDED):
        raise stop_first("VM", vm.name)

    def effect() -> None:
        _destroy(operations, vm)

    duration_s = operations.config.durations.delete_s
    return operations.start("vappDeleteVm", "Deleting Virtual Machine", vm, user, duration_s, effect)


def _destroy(operations: Operations, vm: Vm) -> None:
    if vm.status is not Status.FAILED_CREATION and vm.vdc.vim_server is not None:
        operations.infrastructure.destroy(vm.vdc.vim_server.name, vm.backing.moref)
    operations.release(vm)
    for network in vm.vapp.networks.values():
        network.taken = {address: owner for address, owner in network.taken.items() if owner != vm.id}
    vm.vapp.vms.remove(vm)
    operations.log_vm(vm, "deleted")
