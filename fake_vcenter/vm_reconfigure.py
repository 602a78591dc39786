"""ReconfigVM: what a ConfigSpec changes.

Rules of this file: every step works on a copy of the record and raises the fault that vCenter answers; the
copy takes the record's place only when all steps have passed, so a refused spec changes nothing. A part of
a spec that no step knows is ignored, as vCenter ignores what is unset.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from cxsim.fake_vcenter import faults, vm_device_changes, vm_replication
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.records import VmRecord
from cxsim.fake_vcenter.vm_properties import change_version

if TYPE_CHECKING:
    from cxsim.fake_vcenter.task import Task
    from cxsim.fake_vcenter.virtual_machine import VirtualMachine

MAX_CPUS = 128
MAX_MEMORY_MB = 6_128_000

Step = Callable[["VirtualMachine", VmRecord, Any], None]


def task(vm: VirtualMachine, call: Call, spec: Any) -> Task:
    """Start the reconfiguration."""

    def check() -> None:
        _changed(vm, spec)

    def effect() -> None:
        reconfigure(vm, spec, call.user)

    return vm.task_manager.start(
        call, vm, "ReconfigVM_Task", effect, vm.model.config.durations.reconfigure_s, check
    )


def reconfigure(vm: VirtualMachine, spec: Any, user: str = "") -> None:
    """Apply a spec, all of it or nothing. Raises the vim fault of the first step that refuses."""
    changed = _changed(vm, spec)
    before = vm.record.name
    # Observers hold the record itself, so it is filled anew and not replaced.
    vm.record.__dict__.update(changed.__dict__)
    vm.connect()
    vm.changed("reconfigured")
    if vm.record.name != before:
        vm.model.touch_all()
        vm.model.vm_changed("renamed", vm.record)
    vm.event_manager.post(
        vim.event.VmReconfiguredEvent, f"Reconfigured {vm.name}", user, vm=vm, configSpec=spec
    )


def _changed(vm: VirtualMachine, spec: Any) -> VmRecord:
    record = copy.deepcopy(vm.record)
    # Custom values are shared with the entity, whose own they are.
    record.custom_values = vm.record.custom_values
    for step in STEPS:
        step(vm, record, spec)
    return record


def _change_version(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    if spec.changeVersion and spec.changeVersion != change_version(record):
        fault = vim.fault.ConcurrentAccess()
        fault.msg = "Cannot complete operation due to concurrent modification by another operation."
        raise fault


def _name(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    if spec.name is not None and spec.name != record.name:
        vm.check_name(spec.name)
        record.name = spec.name


def _texts(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    if spec.annotation is not None:
        record.annotation = spec.annotation
    if spec.guestId is not None:
        record.guest = spec.guestId


def _identity(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    if (spec.uuid or spec.instanceUuid) and record.power != "off":
        raise faults.invalid_power_state("poweredOff", "poweredOn")
    record.bios_uuid = spec.uuid or record.bios_uuid
    record.instance_uuid = spec.instanceUuid or record.instance_uuid


def _cpus(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    cpus = spec.numCPUs if spec.numCPUs is not None else record.cpus
    cores = spec.numCoresPerSocket if spec.numCoresPerSocket is not None else record.cores_per_socket
    if not 1 <= cpus <= MAX_CPUS:
        raise faults.invalid_argument("configSpec.numCPUs")
    if cores < 1 or cpus % cores:
        raise faults.invalid_argument("configSpec.numCoresPerSocket")
    if (cpus, cores) != (record.cpus, record.cores_per_socket) and record.power != "off":
        fault = vim.fault.CpuHotPlugNotSupported()
        fault.msg = "CPU hot plug is not supported for this virtual machine."
        raise fault
    record.cpus, record.cores_per_socket = cpus, cores


def _memory(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    if spec.memoryMB is None:
        return
    if not 4 <= spec.memoryMB <= MAX_MEMORY_MB or spec.memoryMB % 4:
        raise faults.invalid_argument("configSpec.memoryMB")
    memory_bytes = spec.memoryMB * 2**20
    if memory_bytes != record.memory_bytes and record.power != "off":
        fault = vim.fault.MemoryHotPlugNotSupported()
        fault.msg = "Memory hot plug is not supported for this virtual machine."
        raise fault
    record.memory_bytes = memory_bytes


def _extra_config(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    for option in spec.extraConfig or []:
        if option.value in ("", None):
            record.extra_config.pop(option.key, None)
        else:
            record.extra_config[option.key] = str(option.value)


STEPS: tuple[Step, ...] = (
    _change_version,
    _name,
    _texts,
    _identity,
    _cpus,
    _memory,
    _extra_config,
    vm_device_changes.apply,
    vm_replication.apply,
)
