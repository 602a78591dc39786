"""repConfig of a ConfigSpec: vSphere Replication of a VM is configured, changed, removed.

Rules of this file: the checks are a table in the order in which they are made; each has the reason that
vSphere names (ReplicationVmConfigFault, ReplicationDiskConfigFault: cx.md 5.5). What the documents leave
open is a choice made here and marked [I].
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from cxsim.fake_vcenter import faults
from cxsim.fake_vcenter.records import ReplicationRecord, VmRecord

if TYPE_CHECKING:
    from cxsim.fake_vcenter.virtual_machine import VirtualMachine

MIN_RPO_MINUTES, MAX_RPO_MINUTES = 1, 1440
OLDEST_HARDWARE = 7
_THUMBPRINT = re.compile(r"(?:SHA-?\d+:)?(?:[0-9A-Fa-f]{2}:?){20,64}")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _other_replication(record: VmRecord, spec: Any) -> bool:
    # [I] A VM has one replication; another id without removing the first is "already enabled".
    return record.replication is not None and record.replication.vm_replication_id != spec.vmReplicationId


def _stale(record: VmRecord, spec: Any) -> bool:
    # [I] The same generation again is accepted, so that a repeated request does no harm.
    return record.replication is not None and spec.generation < record.replication.generation


Check = tuple[str, Callable[[VmRecord, Any], bool]]

VM_CHECKS: tuple[Check, ...] = (
    ("encryptedVm", lambda record, spec: record.encrypted),
    (
        "incompatibleHwVersion",
        lambda record, spec: int(record.hardware_version.rpartition("-")[2] or 0) < OLDEST_HARDWARE,
    ),
    ("invalidVmReplicationId", lambda record, spec: not spec.vmReplicationId),
    ("replicationAlreadyEnabled", _other_replication),
    ("invalidGenerationNumber", lambda record, spec: spec.generation < 0),
    ("staleGenerationNumber", _stale),
    ("outOfBoundsRpoValue", lambda record, spec: not MIN_RPO_MINUTES <= spec.rpo <= MAX_RPO_MINUTES),
    ("invalidDestinationIpAddress", lambda record, spec: not _is_address(spec.destination or "")),
    ("invalidDestinationPort", lambda record, spec: not 1 <= spec.port <= 65535),
    (
        "invalidThumbprint",
        lambda record, spec: (
            bool(spec.netEncryptionEnabled)
            and not _THUMBPRINT.fullmatch(spec.remoteCertificateThumbprint or "")
        ),
    ),
)
"""Reason of ReplicationVmConfigFault -> true if it applies."""


def apply(vm: VirtualMachine, record: VmRecord, spec: Any) -> None:
    """The step of a reconfiguration. Raises ReplicationVmConfigFault or ReplicationDiskConfigFault."""
    wanted = spec.repConfig
    if wanted is None:
        return
    if not wanted.vmReplicationId and not wanted.disk:
        # [I] An empty configuration removes the replication, as vSphere keeps none for a VM without one.
        record.replication = None
        return
    for reason, applies in VM_CHECKS:
        if applies(record, wanted):
            fault = vim.fault.ReplicationVmConfigFault(reason=reason, vmRef=faults.reference(vm))
            fault.msg = f"A replication error occurred at the VM configuration: {reason}"
            raise fault
    disks = _disks(vm, record, wanted)
    record.replication = ReplicationRecord(
        generation=wanted.generation,
        vm_replication_id=wanted.vmReplicationId,
        destination=wanted.destination,
        port=wanted.port,
        rpo_minutes=wanted.rpo,
        quiesce=bool(wanted.quiesceGuestEnabled),
        paused=bool(wanted.paused),
        opportunistic_updates=bool(wanted.oppUpdatesEnabled),
        network_compression=bool(wanted.netCompressionEnabled),
        network_encryption=bool(wanted.netEncryptionEnabled),
        encryption_destination=wanted.encryptionDestination,
        encryption_port=wanted.encryptionPort,
        remote_thumbprint=wanted.remoteCertificateThumbprint,
        disks=disks,
    )


def _disks(vm: VirtualMachine, record: VmRecord, wanted: Any) -> dict[int, str]:
    known = {disk.key for disk in record.disks}
    before = record.replication.disks if record.replication else {}
    chosen: dict[int, str] = {}
    for disk in wanted.disk or []:
        key, disk_id = disk.key, disk.diskReplicationId
        reasons = (
            ("invalidDiskKey", key < 0),
            ("diskNotFound", key not in known),
            ("invalidDiskReplicationId", not disk_id),
            ("duplicateDiskReplicationId", disk_id in chosen.values()),
            ("reconfigureDiskReplicationIdNotAllowed", key in before and before[key] != disk_id),
        )
        for reason, applies in reasons:
            if applies:
                fault = vim.fault.ReplicationDiskConfigFault(
                    reason=reason, vmRef=faults.reference(vm), key=key
                )
                fault.msg = f"A replication error occurred at the disk configuration: {reason}"
                raise fault
        chosen[key] = disk_id
    return chosen
