"""The reasons not to migrate or protect a VM as it is: one table.

Rules of this file: RULES is the whole knowledge, a row a reason, each with its source and grade; a rule looks
at one VM and says what it saw. The addresses of the sources are in docs/reference/inventory.md, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from cxsim.sim.plan.inventory.model import InventoryVm, Power
from cxsim.sim.plan.sizes import Evidence, SizeUnknown, sized_disks

Kind = Literal["warm migration", "cold migration", "protection"]
TiB = 2**40


class Verdict(IntEnum):
    """In order of severity."""

    OK = 0
    CHECK = 1
    BLOCKED = 2


@dataclass(frozen=True)
class Seen:
    """What a rule looks at: the VM, what for, and the disk files that more than one VM has."""

    vm: InventoryVm
    kind: Kind
    shared_paths: frozenset[str]


@dataclass(frozen=True)
class Rule:
    """A reason not to migrate a VM as it is, or a remark (OK). `applies` gives what was seen, or None. A VM
    with an `absolute` reason cannot be planned for at all."""

    name: str
    verdict: Verdict
    applies: Callable[[Seen], str | None]
    what_to_do: str
    source: str
    evidence: Evidence
    absolute: bool = False


def _disks(seen: Seen, wanted: Callable[..., bool]) -> str | None:
    names = [disk.name for disk in seen.vm.disks if wanted(disk)]
    return ", ".join(names) or None


def _when(condition: bool | None, text: str) -> str | None:
    return text if condition else None


def _power(kind: Kind, *powers: Power) -> Callable[[Seen], str | None]:
    def applies(seen: Seen) -> str | None:
        applies_to = seen.kind == kind and seen.vm.power in powers and not seen.vm.template
        return seen.vm.power.value if applies_to else None

    return applies


def _size_unknown(seen: Seen) -> str | None:
    try:
        sized_disks(seen.vm)
    except SizeUnknown:
        return "no size in the inventory"
    return None


def _capacity_over(seen: Seen, limit_bytes: int) -> str | None:
    return _disks(seen, lambda disk: (disk.capacity_bytes or 0) > limit_bytes)


def _shared_unsaid(seen: Seen) -> str | None:
    """Where the export says no sharing: 3.x has no column for it."""
    return _disks(
        seen,
        lambda disk: (
            disk.path in seen.shared_paths
            and disk.sharing != "multi-writer"
            and disk.bus_sharing in (None, "none")
        ),
    )


def _linked_clone(seen: Seen) -> str | None:
    """Less than half of what is in use is the VM's own, and the rest is not small."""
    in_use, own = seen.vm.in_use_bytes, seen.vm.unshared_bytes
    if in_use is None or own is None or own * 2 >= in_use or in_use - own < 2**30:
        return None
    return f"{own / 2**30:,.1f} of {in_use / 2**30:,.1f} GiB in use are its own"


def _old_hardware(least: int) -> Callable[[Seen], str | None]:
    def applies(seen: Seen) -> str | None:
        version = seen.vm.hardware_version
        return f"vmx-{version:02d}" if version is not None and version < least else None

    return applies


def _fault_tolerant(seen: Seen) -> str | None:
    state = seen.vm.ft_state
    return state if state and state.lower() not in ("notconfigured", "not configured", "none") else None


def _snapshots(seen: Seen) -> str | None:
    count = len(seen.vm.snapshots)
    size = sum(shot.size_bytes or 0 for shot in seen.vm.snapshots)
    return f"{count}" + (f", {size / 2**30:,.1f} GiB" if size else "") if count else None


VR_LIMITS = "vSphere Replication administration guide, GUID-A206E2C9"
HCX = "HCX bulk migration limits (nextlevelsddc.com/vmware-hcx-types-of-migrations)"
VR_87 = "vSphere Replication 8.7 release notes"
PRODUCT = "vCloud Director Extender's wizard (reference/cx.md 3.1)"

RULES = (
    Rule(
        "physical RDM",
        Verdict.BLOCKED,
        lambda seen: _disks(seen, lambda disk: disk.rdm == "physical"),
        "convert it to a virtual disk or a virtual mode mapping, or leave the disk out",
        VR_LIMITS,
        "documented",
    ),
    Rule(
        "multi-writer disk",
        Verdict.BLOCKED,
        lambda seen: _disks(seen, lambda disk: disk.sharing == "multi-writer"),
        "take the cluster apart for the migration, or move its data inside the guests",
        VR_LIMITS,
        "documented",
    ),
    Rule(
        "shared SCSI bus",
        Verdict.BLOCKED,
        lambda seen: _disks(seen, lambda disk: disk.bus_sharing in ("virtual", "physical")),
        "take the cluster apart for the migration, or move its data inside the guests",
        VR_LIMITS,
        "documented",
    ),
    Rule(
        "disk file that another VM has too",
        Verdict.BLOCKED,
        _shared_unsaid,
        "take the cluster apart for the migration, or move its data inside the guests",
        VR_LIMITS,
        "derived",
    ),
    Rule(
        "Fault Tolerance",
        Verdict.BLOCKED,
        _fault_tolerant,
        "switch Fault Tolerance off for the migration",
        "vSphere availability guide, GUID-F5264795: no snapshots of such a VM; the rest is general",
        "general",
    ),
    Rule(
        "template",
        Verdict.BLOCKED,
        lambda seen: _when(seen.vm.template, "Template = True"),
        "convert it to a VM, or export it to a catalogue",
        "general knowledge",
        "general",
    ),
    Rule(
        "placeholder of Site Recovery Manager",
        Verdict.BLOCKED,
        lambda seen: _when(seen.vm.placeholder, "SRM Placeholder = True"),
        "migrate the VM it stands for",
        "RVTools, SRM Placeholder",
        "general",
    ),
    Rule(
        "vSphere cluster service VM",
        Verdict.BLOCKED,
        lambda seen: _when(seen.vm.name.startswith("vCLS-"), "named vCLS-"),
        "leave it: vCenter makes its own at the target",
        "importers of RVTools skip the prefix vCLS-",
        "documented",
    ),
    Rule(
        "linked clone",
        Verdict.BLOCKED,
        _linked_clone,
        "clone it fully first (in use far above unshared is a sign, not a proof)",
        "vSphere Replication does not support linked clones (SRM 5.5 guide, page 94); the sign: general",
        "general",
    ),
    Rule(
        "suspended",
        Verdict.BLOCKED,
        lambda seen: _when(seen.vm.power is Power.SUSPENDED, "suspended"),
        "resume it, or power it off",
        "general knowledge",
        "general",
    ),
    Rule(
        "powered off, and Warm needs it on",
        Verdict.BLOCKED,
        _power("warm migration", Power.OFF),
        "migrate it Cold, or power it on",
        PRODUCT,
        "documented",
    ),
    Rule(
        "powered off, and nothing is sent until it is on",
        Verdict.CHECK,
        _power("protection", Power.OFF),
        "power it on once for the initial sync",
        "vSphere Replication 6.0 administration guide",
        "documented",
    ),
    Rule(
        "powered on, and Cold needs it off",
        Verdict.CHECK,
        _power("cold migration", Power.ON),
        "plan its downtime: it is off from the start of its transfer",
        PRODUCT,
        "documented",
    ),
    Rule(
        "power state unknown",
        Verdict.CHECK,
        lambda seen: _when(seen.vm.power is Power.UNKNOWN, "not in the inventory"),
        "look it up; it is taken as powered on",
        "the inventory",
        "derived",
    ),
    Rule(
        "size unknown",
        Verdict.BLOCKED,
        _size_unknown,
        "give it a size in the inventory",
        "the inventory",
        "derived",
        absolute=True,
    ),
    Rule(
        "disks not in the inventory",
        Verdict.CHECK,
        lambda seen: _when(not seen.vm.disks, "raw mappings and shared disks cannot be seen"),
        "export vDisk as well",
        "the inventory",
        "derived",
    ),
    Rule(
        "disk of 0 bytes",
        Verdict.CHECK,
        lambda seen: _disks(seen, lambda disk: disk.capacity_bytes == 0),
        "its file or LUN may be gone: look at it in vCenter",
        "the inventory",
        "derived",
    ),
    Rule(
        "disk without a size",
        Verdict.CHECK,
        lambda seen: _disks(seen, lambda disk: disk.capacity_bytes is None),
        "the VM is planned by its total size",
        "the inventory",
        "derived",
    ),
    Rule(
        "encrypted",
        Verdict.CHECK,
        lambda seen: _when(seen.vm.encrypted, "encrypted"),
        "needs vSphere 6.7 U1 or later, and a key server under the same name at both sites",
        "vSphere Replication 8.3 administration guide, GUID-25086430",
        "documented",
    ),
    Rule(
        "virtual TPM",
        Verdict.CHECK,
        lambda seen: _when(seen.vm.vtpm, "vTPM"),
        "needs a key provider at the target, and Cloud Director 10.4.2 or later",
        "vSphere security guide, GUID-C0AF1F3A; Cloud Director 10.5 tenant guide, GUID-DF0C111D",
        "documented",
    ),
    Rule(
        "persistent memory",
        Verdict.BLOCKED,
        lambda seen: _when(seen.vm.pmem, "PMem"),
        "move its data to ordinary disks",
        VR_87,
        "documented",
    ),
    Rule(
        "independent disk",
        Verdict.CHECK,
        lambda seen: _disks(seen, lambda disk: disk.independent),
        "no source says that it is refused; backups leave it out, so its change rate is unknown",
        "not found",
        "general",
    ),
    Rule(
        "virtual RDM",
        Verdict.CHECK,
        lambda seen: _disks(seen, lambda disk: disk.rdm == "virtual"),
        "it is replicated, and is an ordinary disk at the target",
        VR_LIMITS,
        "documented",
    ),
    Rule(
        "disk over 62 TiB",
        Verdict.BLOCKED,
        lambda seen: _capacity_over(seen, 62 * TiB),
        "move its data to smaller disks",
        VR_LIMITS,
        "documented",
    ),
    Rule(
        "disk over 2 TiB",
        Verdict.CHECK,
        lambda seen: _capacity_over(seen, 2 * TiB),
        "changes are tracked in larger blocks, so the same writes send more; its initial sync takes long",
        VR_LIMITS,
        "documented",
    ),
    Rule(
        "snapshots",
        Verdict.CHECK,
        _snapshots,
        "delete them: only the latest state is sent, and chains slow it down",
        VR_LIMITS,
        "documented",
    ),
    Rule(
        "snapshots to be consolidated",
        Verdict.CHECK,
        lambda seen: _when(seen.vm.consolidation_needed, "Consolidation Needed = True"),
        "consolidate its disks",
        HCX,
        "documented",
    ),
    Rule(
        "virtual NVMe controller",
        Verdict.CHECK,
        lambda seen: _disks(seen, lambda disk: "nvme" in disk.controller.lower()),
        "needs ESXi 7.0 U2 or later at both sites; else use a SCSI controller",
        VR_87,
        "documented",
    ),
    Rule(
        "hardware version below 7",
        Verdict.BLOCKED,
        _old_hardware(7),
        "upgrade its virtual hardware",
        HCX,
        "documented",
    ),
    Rule(
        "hardware version below 9, and Cold",
        Verdict.CHECK,
        lambda seen: _old_hardware(9)(seen) if seen.kind == "cold migration" else None,
        "upgrade its virtual hardware (the limit is that of HCX)",
        HCX,
        "documented",
    ),
    Rule(
        "CD or floppy connected",
        Verdict.CHECK,
        lambda seen: ", ".join(seen.vm.attached_media) or None,
        "disconnect it",
        HCX,
        "documented",
    ),
    Rule(
        "USB device",
        Verdict.CHECK,
        lambda seen: ", ".join(seen.vm.usb_devices) or None,
        "disconnect it",
        "general knowledge",
        "general",
    ),
    Rule(
        "passing devices through is allowed",
        Verdict.OK,
        lambda seen: ", ".join(seen.vm.passthrough) or None,
        "a permission that many VMs have, not a device: a VM that uses one has to give it up",
        HCX,
        "general",
    ),
    Rule(
        "not connected to its host",
        Verdict.CHECK,
        lambda seen: (
            state
            if (state := seen.vm.connection_state) and state.lower() not in ("connected", "ok")
            else None
        ),
        "bring it back into vCenter, or remove it from there",
        "general knowledge",
        "general",
    ),
)

UNSEEN = (
    "encryption, virtual TPM, persistent memory and protection by another replicator are in no RVTools export"
    " (an encrypted VM is a CHECK, persistent memory and a second replicator are BLOCKED): ask who runs them"
)
"""To be printed beside any readiness that rests on RVTools."""
