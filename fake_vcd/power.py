"""Power actions of vApps and VMs.

Rules of this file: one table says for each action which states it takes, what it leads to and how long it
lasts; the code below the table only carries it out. An action on a vApp acts on those of its VMs that are
in a state it takes. Operation names and texts are vCD's (`vappPowerOff`, `Powering Off Virtual Application`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cxsim.fake_vcd.errors import BadRequest
from cxsim.fake_vcd.estate import Durations
from cxsim.fake_vcd.infrastructure import InfrastructureManager
from cxsim.fake_vcd.model import Status, User, VApp, VcdTask, Vm
from cxsim.fake_vcd.operations import Operations

ON, OFF, SUSPENDED = Status.POWERED_ON, Status.POWERED_OFF, Status.SUSPENDED


def _off(vcenter: InfrastructureManager, server: str, moref: str) -> None:
    vcenter.power(server, moref, False)


def _on(vcenter: InfrastructureManager, server: str, moref: str) -> None:
    vcenter.power(server, moref, True)


def _suspend(vcenter: InfrastructureManager, server: str, moref: str) -> None:
    vcenter.suspend(server, moref)


NOT_RUNNING = 'The requested operation could not be executed since {kind} "{name}" is not running.'
ALREADY_ON = 'The requested operation could not be executed since {kind} "{name}" is already powered on.'
NOT_SUSPENDED = "Cannot discard suspend state since {kind} {name} is not suspended."


@dataclass(frozen=True)
class Action:
    """A row of the table. `name`: the last part of vCD's operation name."""

    name: str
    text: str
    takes: tuple[Status, ...]
    leads_to: Status
    duration: Callable[[Durations], float]
    at_vcenter: Callable[[InfrastructureManager, str, str], None] | None
    deployed: bool = True
    needs_tools: bool = False
    refusal: str = NOT_RUNNING
    """What vCD says when no VM is in a state it takes."""


ACTIONS: dict[str, Action] = {
    "powerOn": Action(
        "Deploy", "Starting", (OFF, SUSPENDED), ON, lambda d: d.power_on_s, _on, refusal=ALREADY_ON
    ),
    "powerOff": Action("PowerOff", "Powering Off", (ON, SUSPENDED), OFF, lambda d: d.power_off_s, _off),
    "shutdown": Action(
        "Shutdown", "Shutting Down", (ON,), OFF, lambda d: d.shutdown_s, _off, needs_tools=True
    ),
    "suspend": Action("Suspend", "Suspending", (ON,), SUSPENDED, lambda d: d.suspend_s, _suspend),
    "reset": Action("Reset", "Resetting", (ON,), ON, lambda d: d.reset_s, None),
    "reboot": Action("Reboot", "Rebooting", (ON,), ON, lambda d: d.reboot_s, None, needs_tools=True),
    "discardSuspendedState": Action(
        "DiscardSuspendedState", "Discarding Suspended State of", (SUSPENDED,), OFF,
        lambda d: d.discard_suspend_s, _off, refusal=NOT_SUSPENDED,
    ),
}  # fmt: skip
UNDEPLOY = Action(
    "UndeployPowerOff", "Stopping", (ON, SUSPENDED, OFF), OFF, lambda d: d.undeploy_s, _off, False
)
"""Undeploying with UndeployPowerAction powerOff, force or default [I: the organization's default]."""
UNDEPLOY_SUSPEND = Action(
    "UndeploySuspend", "Suspending", (ON,), SUSPENDED, lambda d: d.suspend_s, _suspend, False
)
UNDEPLOY_SHUTDOWN = Action(
    "UndeployShutdown", "Shutting Down", (ON,), OFF, lambda d: d.shutdown_s, _off, False, needs_tools=True
)
DEPLOY = Action("Deploy", "Deploying", (OFF, SUSPENDED), OFF, lambda d: d.deploy_s, None, refusal=ALREADY_ON)


def start(operations: Operations, action: Action, owner: VApp | Vm, user: User) -> VcdTask:
    """Start a power action on a vApp or a VM. Raises vCD's error when no VM is in a state it takes."""
    is_vapp = isinstance(owner, VApp)
    kind, noun = ("vApp", "Virtual Application") if is_vapp else ("VM", "Virtual Machine")
    affected = [vm for vm in (owner.vms if isinstance(owner, VApp) else [owner]) if vm.status in action.takes]
    if not affected:
        raise BadRequest(action.refusal.format(kind=kind, name=owner.name))
    if action.needs_tools and not all(vm.backing.tools_running for vm in affected):
        raise BadRequest("Cannot perform the action because VMware Tools is unavailable.")

    def effect() -> None:
        apply(operations, action, affected)
        if isinstance(owner, VApp):
            owner.deployed = action.deployed
        operations.log_vapp(owner if isinstance(owner, VApp) else owner.vapp, "power")

    duration_s = action.duration(operations.config.durations)
    return operations.start("vapp" + action.name, f"{action.text} {noun}", owner, user, duration_s, effect)


def apply(operations: Operations, action: Action, vms: list[Vm]) -> None:
    """Carry an action out now on VMs that are in a state it takes."""
    for vm in vms:
        server = vm.vdc.vim_server.name if vm.vdc.vim_server is not None else ""
        if action.at_vcenter is not None and vm.status is not action.leads_to:
            action.at_vcenter(operations.infrastructure, server, vm.backing.moref)
        vm.status = action.leads_to
        vm.deployed = action.deployed
        vm.vapp.deployed = vm.vapp.deployed or action.deployed
        operations.log_vm(vm, "power")
