"""Importing a VM of a vCenter into an organization vDC, as a new vApp or into an existing one.

Rules of this file: everything that can be refused is refused before anything is made; storage is counted
when the request is accepted, so two imports cannot share the last gigabytes. sourceMove=true takes the VM
itself (vCD renames it `name (id)`), false a copy. A failed import leaves a vApp in FAILED_CREATION, as vCD
does. Sources: vCloud API reference, POST-ImportVmAsVApp and POST-ImportVmIntoExistingVapp (cx.md 5.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cxsim.fake_vcd import power
from cxsim.fake_vcd.errors import BadRequest, DuplicateName, VcdError, already_exists
from cxsim.fake_vcd.infrastructure import BackingVm, InfrastructureError
from cxsim.fake_vcd.model import Network, Nic, Status, StorageProfile, User, VApp, VcdTask, Vdc, VimServer, Vm
from cxsim.fake_vcd.operations import Operations


@dataclass(frozen=True)
class ImportRequest:
    """The parameters of both imports. `vm_name`: None keeps the name that the VM has in vCenter."""

    moref: str
    vm_name: str | None = None
    computer_name: str | None = None
    profile: StorageProfile | None = None
    source_move: bool = False
    deploy: bool = False
    power_on: bool = False
    description: str = ""
    networks: Mapping[str, Network] = field(default_factory=dict)


def import_as_vapp(
    operations: Operations, server: VimServer, vdc: Vdc, name: str, request: ImportRequest, user: User
) -> VApp:
    """Start an import; the vApp exists at once, unresolved, with its task. Raises vCD's errors."""
    if any(vapp.name == name for vapp in vdc.vapps):
        raise already_exists(name)
    backing, profile = _check(operations, server, vdc, request)
    host = operations.host
    consumed_mb = operations.consume(profile, backing)
    operations.importing.add((server.id, request.moref))
    vapp = VApp(host.new_uuid("vapp"), name, vdc, user, host.now(), request.description)
    vapp.networks = dict(request.networks)
    vdc.vapps.append(vapp)
    vm = _new_vm(operations, vapp, backing, profile, consumed_mb, request)

    def effect() -> None:
        _take(operations, server, vm, request)
        operations.importing.discard((server.id, request.moref))
        vapp.resolved = True
        operations.log_vm(vm, "created")
        operations.log_vapp(vapp, "imported")
        if request.power_on:
            power.apply(operations, power.ACTIONS["powerOn"], [vm])
        elif request.deploy:
            vm.deployed = vapp.deployed = True

    def undo() -> None:
        operations.importing.discard((server.id, request.moref))
        operations.release(vm)
        vapp.failed = True
        vm.status = Status.FAILED_CREATION
        operations.log_vapp(vapp, "creation failed")

    text = "Importing Virtual Application"
    operations.start("vappImport", text, vapp, user, _duration_s(operations, backing, request), effect, undo)
    operations.log_vapp(vapp, "created")
    return vapp


def import_into_vapp(
    operations: Operations, server: VimServer, vapp: VApp, request: ImportRequest, user: User
) -> VcdTask:
    """Start an import into an existing vApp. Raises vCD's errors."""
    backing, profile = _check(operations, server, vapp.vdc, request)
    if any(vm.name == (request.vm_name or backing.name) for vm in vapp.vms):
        raise DuplicateName(f'There is already a VM named "{request.vm_name or backing.name}".')
    consumed_mb = operations.consume(profile, backing)
    vm = _new_vm(operations, vapp, backing, profile, consumed_mb, request)
    vapp.vms.remove(vm)
    operations.importing.add((server.id, request.moref))

    def effect() -> None:
        _take(operations, server, vm, request)
        operations.importing.discard((server.id, request.moref))
        vapp.vms.append(vm)
        operations.log_vm(vm, "created")

    def undo() -> None:
        operations.importing.discard((server.id, request.moref))
        operations.release(vm)

    try:
        return operations.start(
            "vappImportVm", "Importing Virtual Machine into Virtual Application", vapp, user,
            _duration_s(operations, backing, request), effect, undo,
        )  # fmt: skip
    except VcdError:
        undo()
        raise


def _check(
    operations: Operations, server: VimServer, vdc: Vdc, request: ImportRequest
) -> tuple[BackingVm, StorageProfile]:
    if vdc.vim_server is not None and vdc.vim_server is not server:
        raise BadRequest(f'The VDC "{vdc.name}" is not backed by vCenter Server "{server.name}".')
    try:
        backing = operations.infrastructure.describe_vm(server.name, request.moref)
    except InfrastructureError as error:
        raise BadRequest(f"{error}.") from error
    managed = any(
        vm.backing.moref == request.moref
        and vm.vdc.vim_server is server
        and vm.status is not Status.FAILED_CREATION
        for vm in operations.cloud.vms
    )
    if managed or (server.id, request.moref) in operations.importing:
        raise BadRequest(f'The virtual machine "{backing.name}" is already managed by vCloud Director.')
    if request.source_move and backing.power != "off":
        raise BadRequest(
            f'The virtual machine "{backing.name}" must be powered off before it can be imported.'
        )
    profile = request.profile or vdc.default_profile
    if profile is None:
        raise BadRequest(f'The VDC "{vdc.name}" has no storage profile.')
    if not profile.config.enabled:
        raise BadRequest(f'The storage profile "{profile.name}" is disabled.')
    return backing, profile


def _new_vm(
    operations: Operations, vapp: VApp, backing: BackingVm, profile: StorageProfile, consumed_mb: int,
    request: ImportRequest,
) -> Vm:  # fmt: skip
    name = request.vm_name or backing.name
    nics = [Nic(nic.index, nic.mac) for nic in backing.nics]
    vm = Vm(
        operations.host.new_uuid("vm"), name, vapp, profile, backing, operations.host.now(),
        request.computer_name or name, nics=nics, consumed_mb=consumed_mb,
    )  # fmt: skip
    vapp.vms.append(vm)
    return vm


def _take(operations: Operations, server: VimServer, vm: Vm, request: ImportRequest) -> None:
    """Make the vCenter's VM this one. The networks it has there stay until it is connected."""
    infrastructure = operations.infrastructure
    vcenter_name = f"{vm.name} ({vm.id})"
    moref = request.moref
    if request.source_move:
        infrastructure.rename(server.name, moref, vcenter_name)
    else:
        moref = infrastructure.clone(server.name, moref, vcenter_name)
    vm.backing = infrastructure.describe_vm(server.name, moref)
    vm.status = Status.POWERED_OFF


def _duration_s(operations: Operations, backing: BackingVm, request: ImportRequest) -> float:
    durations = operations.config.durations
    copied_bytes = 0 if request.source_move else sum(disk.capacity_bytes for disk in backing.disks)
    return durations.import_vm_s + copied_bytes / durations.copy_bytes_per_s
