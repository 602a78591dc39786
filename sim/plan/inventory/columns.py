"""RVTools' sheets and the columns of them that are read: names, kinds and units in every dialect.

Rules of this file: tables. A column is found by its header, never by its place, whatever the case, blanks and
punctuation: 3.x and 4.x headers, and those of -DBColumnNames, which are the same words behind the sheet's
name (`vInfoVMName`). Sizes are MiB whether the header says MiB (4.x), MB (3.x, which counts MiB as well:
inventory.md 1.2) or nothing (-DBColumnNames). Headers from inventory.md 1.2 and 1.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "count", "size", "flag", "date"]

MiB = 2**20
SIZE_UNITS = {"": MiB, "mib": MiB, "mb": MiB, "kib": 2**10, "gib": 2**30, "tib": 2**40}
"""Of a size in an RVTools sheet, by what its header ends with. RVTools itself writes MiB and MB alone."""
UNCLEAR_UNITS = ("kb", "gb", "tb")
"""Nothing of RVTools: somebody converted the column, by 1000 or by 1024."""


@dataclass(frozen=True)
class Column:
    """A column that is looked for. `names` without unit, as `folded` makes them; the first that is there is
    taken. `missing`: what its absence means to a planner; None where it does not matter."""

    field: str
    kind: Kind
    names: tuple[str, ...]
    header: str
    """As RVTools 4.x writes it."""
    missing: str | None = None


def folded(header: str, sheet: str = "") -> str:
    """A header for comparison: lower case, without the sheet's name before it, letters and digits alone."""
    text = header.strip().lower()
    if sheet and text.startswith(sheet.lower()) and len(text) > len(sheet):
        text = text[len(sheet) :]
    return re.sub(r"[^a-z0-9#%]", "", text)


def _column(field: str, kind: Kind, header: str, *also: str, missing: str | None = None) -> Column:
    name = folded(header)
    if kind == "size":
        name = re.sub("mib$", "", name)
    return Column(field, kind, (name, *also), header, missing)


_OWNER = (
    _column("vm", "text", "VM", "vmname", "name"),
    _column("vm_id", "text", "VM ID", "objectid"),
    _column("vm_uuid", "text", "VM UUID"),
    _column("server", "text", "VI SDK Server", "visdkserver"),
)
"""Whose row it is: in every sheet."""

UNKNOWN_BASE = "it is unknown for every VM"

VINFO = (
    *_OWNER,
    _column("power", "text", "Powerstate", missing="whether a VM is on is unknown"),
    _column("template", "flag", "Template", missing="templates are taken for VMs"),
    _column("placeholder", "flag", "SRM Placeholder"),
    _column("connection", "text", "Connection state"),
    _column("consolidation", "flag", "Consolidation Needed"),
    _column("vcpus", "count", "CPUs", "numcpu"),
    _column("memory", "size", "Memory"),
    _column("disks", "count", "Disks"),
    _column("disk_capacity", "size", "Total disk capacity MiB"),
    _column("passthru", "flag", "Fixed Passthru HotPlug"),
    _column("cbt", "flag", "CBT"),
    *(_column(f"network{n}", "text", f"Network #{n}", f"network{n}") for n in range(1, 9)),
    _column("folder", "text", "Folder"),
    _column("ft_state", "text", "FT State", missing="a VM under Fault Tolerance is not seen"),
    _column("provisioned", "size", "Provisioned MiB", missing=UNKNOWN_BASE),
    _column("in_use", "size", "In Use MiB", missing=UNKNOWN_BASE),
    _column("unshared", "size", "Unshared MiB", missing="linked clones are not seen"),
    _column("secure_boot", "flag", "EFI Secure boot"),
    _column("hardware", "text", "HW version", "hardwareversion"),
    _column("path", "text", "Path"),
    _column("datacenter", "text", "Datacenter"),
    _column("cluster", "text", "Cluster"),
    _column("host", "text", "Host"),
    _column(
        "os",
        "text",
        "OS according to the configuration file",
        "osaccordingtotheconfiguration",
        "os",
    ),
    _column("bios_uuid", "text", "SMBIOS UUID"),
)

VDISK = (
    *_OWNER,
    _column("disk", "text", "Disk", missing="disks are numbered in the order of the rows"),
    _column("key", "count", "Disk Key"),
    _column("capacity", "size", "Capacity MiB", missing="no disk has a size"),
    _column("raw", "flag", "Raw", missing="raw device mappings are not seen"),
    _column("raw_mode", "text", "Raw Comp. Mode", "rawcompatibilitymode"),
    _column("mode", "text", "Disk Mode", missing="independent disks are not seen"),
    _column("sharing", "text", "Sharing mode"),
    _column("bus", "text", "Shared Bus"),
    _column("thin", "flag", "Thin", missing="whether a disk is thin is unknown"),
    _column("controller", "text", "Controller"),
    _column("path", "text", "Disk Path", "path"),
)

VPARTITION = (*_OWNER, _column("consumed", "size", "Consumed MiB", missing="guest consumed is unknown"))
VMEMORY = (*_OWNER, _column("memory", "size", "Size MiB"))
VCPU = (*_OWNER, _column("vcpus", "count", "CPUs"))
VNETWORK = (
    *_OWNER,
    _column("network", "text", "Network"),
    _column("nic", "text", "NIC label", "adapter"),
    _column("direct_path", "flag", "Direct Path IO"),
)
VSNAPSHOT = (
    *_OWNER,
    _column("name", "text", "Name", "snapshotname"),
    _column("taken", "date", "Date / time", "snapshotcreationdate"),
    _column("size", "size", "Size MiB (total)", "sizetotal", "sizembtotal", "snapshotsize"),
)
VCD = (
    *_OWNER,
    _column("device", "text", "Device Node", "device", "cdlabel", "floppylabel"),
    _column("connected", "flag", "Connected"),
    _column("type", "text", "Device Type"),
)
VFLOPPY = VCD
VUSB = VCD

SHEETS = {
    "vInfo": VINFO,
    "vDisk": VDISK,
    "vPartition": VPARTITION,
    "vMemory": VMEMORY,
    "vCPU": VCPU,
    "vNetwork": VNETWORK,
    "vSnapshot": VSNAPSHOT,
    "vCD": VCD,
    "vFloppy": VFLOPPY,
    "vUSB": VUSB,
}

WITHOUT = {
    "vDisk": "disks, raw device mappings and shared disks are unknown: every VM is to CHECK",
    "vPartition": "guest consumed is unknown",
    "vSnapshot": "snapshots are not seen",
    "vCD": "connected CD drives are not seen",
}
"""What the absence of a sheet means; of the others nothing is said, they only repeat or refine vInfo."""

_OWN_HEADERS = """
    vm powerstate template srmplaceholder configstatus dnsname connectionstate guestname gueststate heartbeat
    consolidationneeded poweron suspendedtomemory suspendtime suspendinterval creationdate changeversion cpus
    overallcpureadiness memory activememory nics disks totaldiskcapacity fixedpassthruhotplug
    minrequiredevcmodekey latencysensitivity opnotificationtimeout enableuuid cbt primaryipaddress
    nummonitors videoramkib videoramkb resourcepool folderid folder vapp dasprotection ftstate ftrole
    ftlatency ftbandwidth ftseclatency vmfailoverinprogress provisioned inuse unshared harestartpriority
    haisolationresponse havmmonitoring clusterrules clusterrulenames bootrequired bootdelay bootretrydelay
    bootretryenabled bootbiossetup rebootpoweroff efisecureboot firmware hwversion hwupgradestatus
    hwupgradepolicy hwtarget path logdirectory snapshotdirectory suspenddirectory annotation datacenter
    cluster host osaccordingtotheconfigurationfile osaccordingtotheconfiguration osaccordingtothevmwaretools
    os ostools customizationinfo guestdetaileddata vmid smbiosuuid vmuuid visdkserver visdkuuid
    visdkservertype visdkapiversion internalsortcolumn objectid vmname
"""
NO_ATTRIBUTES = frozenset(_OWN_HEADERS.split())
"""Headers of vInfo that are RVTools' own; what else is there are custom attributes and tags."""


def sheet_of(name: str) -> str | None:
    """Which sheet of RVTools a sheet or file name means: `vInfo`, `tabvInfo`, `RVTools_tabvInfo`."""
    match = re.fullmatch(r"(?:.*tab[ _]?)?(v[a-z]+)", name.strip(), re.IGNORECASE)
    known = {sheet.lower(): sheet for sheet in (*SHEETS, "vMetaData")}
    return known.get(match[1].lower()) if match else None
