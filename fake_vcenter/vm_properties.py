"""What a VirtualMachine shows: its properties as vim data objects.

Rules of this file: one function per property, from the record alone; field values follow those recorded
from a real vCenter (peers.md 1.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim
from pyVmomi.VmomiSupport import long

from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.datastore import usage_on
from cxsim.fake_vcenter.model import instant
from cxsim.fake_vcenter.records import VIM_POWER, ReplicationRecord, VmRecord
from cxsim.fake_vcenter.resource_pool import allocation
from cxsim.fake_vcenter.vm_devices import devices

if TYPE_CHECKING:
    from cxsim.fake_vcenter.virtual_machine import VirtualMachine

GUESTS = {
    "otherGuest64": ("Other (64-bit)", None),
    "otherGuest": ("Other (32-bit)", None),
    "otherLinux64Guest": ("Other Linux (64-bit)", "linuxGuest"),
    "centos7_64Guest": ("CentOS 7 (64-bit)", "linuxGuest"),
    "centos64Guest": ("CentOS 4/5 or later (64-bit)", "linuxGuest"),
    "debian8_64Guest": ("Debian GNU/Linux 8 (64-bit)", "linuxGuest"),
    "debian9_64Guest": ("Debian GNU/Linux 9 (64-bit)", "linuxGuest"),
    "rhel7_64Guest": ("Red Hat Enterprise Linux 7 (64-bit)", "linuxGuest"),
    "ubuntu64Guest": ("Ubuntu Linux (64-bit)", "linuxGuest"),
    "windows7Server64Guest": ("Microsoft Windows Server 2008 R2 (64-bit)", "windowsGuest"),
    "windows8Server64Guest": ("Microsoft Windows Server 2012 (64-bit)", "windowsGuest"),
    "windows9Server64Guest": ("Microsoft Windows Server 2016 (64-bit)", "windowsGuest"),
}
"""Guest id -> its full name and family."""

REFRESH_S = 20.0
"""vCenter refreshes quick statistics every 20 s."""

_TOOLS_VERSION = "10272"  # VMware Tools 10.1.0


def guest_full_name(guest_id: str) -> str:
    """How vCenter calls a guest operating system."""
    return GUESTS.get(guest_id, (guest_id, None))[0]


def capability() -> Any:
    """What can be done with a VM; host-based replication is part of it."""
    supported = (
        "snapshotOperationsSupported", "multipleSnapshotsSupported", "snapshotConfigSupported",
        "poweredOffSnapshotsSupported", "memorySnapshotsSupported", "revertToSnapshotSupported",
        "quiescedSnapshotsSupported", "lockSnapshotsSupported", "cpuFeatureMaskSupported",
        "s1AcpiManagementSupported", "vmNpivWwnSupported", "npivWwnOnNonRdmVmSupported",
        "swapPlacementSupported", "toolsSyncTimeSupported", "diskSharesSupported", "bootOptionsSupported",
        "bootRetryOptionsSupported", "settingVideoRamSizeSupported", "changeTrackingSupported",
        "multipleCoresPerSocketSupported", "hostBasedReplicationSupported", "guestAutoLockSupported",
        "memoryReservationLockSupported",
    )  # fmt: skip
    return data(vim.vm.Capability, **dict.fromkeys(supported, True))


def config(vm: VirtualMachine) -> Any:
    """Configuration with hardware, extraConfig and repConfig."""
    record = vm.record
    place = record.vmx_path.rpartition("/")[0] + "/"
    megabytes = record.memory_bytes // 2**20
    return data(
        vim.vm.ConfigInfo,
        changeVersion=change_version(record),
        modified=instant(record.changed_s),
        name=record.name,
        guestFullName=guest_full_name(record.guest),
        version=record.hardware_version,
        uuid=record.bios_uuid,
        createDate=instant(record.created_s),
        instanceUuid=record.instance_uuid,
        npivTemporaryDisabled=True,
        template=record.template,
        guestId=record.guest,
        alternateGuestName="",
        annotation=record.annotation,
        files=data(
            vim.vm.FileInfo,
            vmPathName=record.vmx_path,
            snapshotDirectory=place,
            suspendDirectory=place,
            logDirectory=place,
        ),
        tools=data(
            vim.vm.ToolsConfigInfo,
            toolsVersion=int(_TOOLS_VERSION) if record.tools else 0,
            afterPowerOn=True,
            afterResume=True,
            beforeGuestStandby=True,
            beforeGuestShutdown=True,
            toolsUpgradePolicy="manual",
            syncTimeWithHost=False,
        ),
        flags=data(
            vim.vm.FlagInfo,
            enableLogging=True,
            useToe=False,
            runWithDebugInfo=False,
            monitorType="release",
            htSharing="any",
            snapshotDisabled=False,
            snapshotLocked=False,
            diskUuidEnabled=False,
        ),
        defaultPowerOps=data(
            vim.vm.DefaultPowerOpInfo,
            powerOffType="soft",
            suspendType="hard",
            resetType="soft",
            defaultPowerOffType="soft",
            defaultSuspendType="hard",
            defaultResetType="soft",
            standbyAction="checkpoint",
        ),
        hardware=data(
            vim.vm.VirtualHardware,
            numCPU=record.cpus,
            numCoresPerSocket=record.cores_per_socket,
            memoryMB=megabytes,
            virtualICH7MPresent=False,
            virtualSMCPresent=False,
            device=devices(vm),
        ),
        cpuAllocation=allocation(0, -1, 1000 * record.cpus),
        memoryAllocation=allocation(0, -1, 10 * megabytes),
        latencySensitivity=data(vim.LatencySensitivity, level="normal"),
        memoryHotAddEnabled=False,
        cpuHotAddEnabled=False,
        cpuHotRemoveEnabled=False,
        extraConfig=[
            data(vim.option.OptionValue, key=key, value=value)
            for key, value in {**record.extra_config, **hbr_options(record.replication)}.items()
        ],
        datastoreUrl=[
            data(vim.vm.ConfigInfo.DatastoreUrlPair, name=store.name, url=store.url)
            for store in vm.datastores()
        ],
        swapPlacement="inherit",
        bootOptions=data(vim.vm.BootOptions, bootDelay=long(0), enterBIOSSetup=False, bootRetryEnabled=False),
        changeTrackingEnabled=False,
        firmware="bios",
        nestedHVEnabled=False,
        repConfig=replication_spec(record.replication),
    )


def change_version(record: VmRecord) -> str:
    """Changes with every change of the configuration."""
    return instant(record.changed_s).isoformat().replace("+00:00", "Z")


def replication_spec(replication: ReplicationRecord | None) -> Any:
    """repConfig as it was accepted, None without replication."""
    if replication is None:
        return None
    return data(
        vim.vm.ReplicationConfigSpec,
        generation=replication.generation,
        vmReplicationId=replication.vm_replication_id,
        destination=replication.destination,
        port=replication.port,
        rpo=replication.rpo_minutes,
        quiesceGuestEnabled=replication.quiesce,
        paused=replication.paused,
        oppUpdatesEnabled=replication.opportunistic_updates,
        netCompressionEnabled=replication.network_compression,
        netEncryptionEnabled=replication.network_encryption,
        encryptionDestination=replication.encryption_destination,
        encryptionPort=replication.encryption_port,
        remoteCertificateThumbprint=replication.remote_thumbprint,
        disk=[
            data(vim.vm.ReplicationConfigSpec.DiskSettings, key=key, diskReplicationId=disk_id)
            for key, disk_id in replication.disks.items()
        ],
    )


def hbr_options(replication: ReplicationRecord | None) -> dict[str, str]:
    """The extraConfig keys by which reports recognise a replicated VM (cx.md 5.5)."""
    if replication is None:
        return {}
    return {
        "hbr_filter.destination": replication.destination,
        "hbr_filter.port": str(replication.port),
        "hbr_filter.gid": replication.vm_replication_id,
        "hbr_filter.rpo": str(replication.rpo_minutes),
        "hbr_filter.quiesce": str(replication.quiesce).upper(),
        "hbr_filter.netCompression": str(replication.network_compression).upper(),
        "hbr_filter.pause": str(replication.paused).upper(),
        "hbr_filter.generation": str(replication.generation),
    }


def runtime(vm: VirtualMachine) -> Any:
    """Power, host, boot time."""
    record = vm.record
    return data(
        vim.vm.RuntimeInfo,
        host=vm.host,
        connectionState="connected",
        powerState=VIM_POWER[record.power],
        faultToleranceState="notConfigured",
        toolsInstallerMounted=False,
        bootTime=instant(record.booted_s) if record.power == "on" and record.booted_s is not None else None,
        suspendTime=instant(record.suspended_s) if record.suspended_s is not None else None,
        suspendInterval=long(0),
        numMksConnections=0,
        recordReplayState="inactive",
        onlineStandby=False,
        consolidationNeeded=False,
        maxCpuUsage=record.cpus * vm.host.config.cpu_mhz,
        maxMemoryUsage=record.memory_bytes // 2**20,
    )


def _tools(vm: VirtualMachine) -> dict[str, Any]:
    installed, running = vm.record.tools, vm.tools_run
    return {
        "toolsStatus": "toolsNotInstalled" if not installed else "toolsOk" if running else "toolsNotRunning",
        "toolsVersionStatus": "guestToolsCurrent" if installed else "guestToolsNotInstalled",
        "toolsVersionStatus2": "guestToolsCurrent" if installed else "guestToolsNotInstalled",
        "toolsRunningStatus": "guestToolsRunning" if running else "guestToolsNotRunning",
        "guestId": vm.record.guest if running else None,
        "guestFullName": guest_full_name(vm.record.guest) if running else None,
        "hostName": (vm.record.guest_host_name or vm.record.name.lower()) if running else None,
        "ipAddress": vm.record.address,
    }


def guest(vm: VirtualMachine) -> Any:
    """What VMware Tools report; little when they do not run."""
    record, running = vm.record, vm.tools_run
    address = record.address
    return data(
        vim.vm.GuestInfo,
        **_tools(vm),
        toolsVersion=_TOOLS_VERSION if record.tools else "0",
        guestFamily=GUESTS.get(record.guest, ("", None))[1] if running else None,
        net=[
            data(
                vim.vm.GuestInfo.NicInfo,
                network=nic.network or None,
                ipAddress=[address] if address and index == 0 else [],
                macAddress=nic.mac_address,
                connected=nic.connected,
                deviceConfigId=nic.key,
            )
            for index, nic in enumerate(record.nics)
        ]
        if running
        else [],
        disk=[
            data(
                vim.vm.GuestInfo.DiskInfo,
                diskPath="/",
                capacity=long(record.disks[0].capacity_bytes),
                freeSpace=long(record.disks[0].capacity_bytes - record.disks[0].used_bytes),
            )
        ]
        if running and record.disks
        else [],
        guestState="running" if running else "notRunning",
        appHeartbeatStatus="appStatusGray",
        appState="none",
        guestOperationsReady=running,
        interactiveGuestOperationsReady=False,
        guestStateChangeSupported=running,
    )


def storage(vm: VirtualMachine) -> Any:
    """Use per datastore."""
    return data(
        vim.vm.StorageInfo,
        perDatastoreUsage=[usage_on(store, vm.record) for store in vm.datastores()],
        timestamp=instant(vm.record.changed_s),
    )


def resource_config(vm: VirtualMachine) -> Any:
    """Shares, no reservation, no limit."""
    return data(
        vim.ResourceConfigSpec,
        entity=vm,
        cpuAllocation=allocation(0, -1, 1000 * vm.record.cpus),
        memoryAllocation=allocation(0, -1, 10 * (vm.record.memory_bytes // 2**20)),
    )


def layout(vm: VirtualMachine) -> Any:
    """Files by role."""
    base = vm.record.vmx_path.rpartition("/")[2].removesuffix(".vmx")
    return data(
        vim.vm.FileLayout,
        configFile=[f"{base}.nvram", f"{base}.vmsd"],
        logFile=["vmware.log"],
        disk=[
            data(vim.vm.FileLayout.DiskLayout, key=disk.key, diskFile=[disk.file_name])
            for disk in vm.record.disks
        ],
    )


def layout_ex(vm: VirtualMachine) -> Any:
    """Files with sizes."""
    record = vm.record
    files = [(record.vmx_path, "config", 4096)]
    for disk in record.disks:
        files.append((disk.file_name, "diskDescriptor", 512))
        files.append((disk.file_name.removesuffix(".vmdk") + "-flat.vmdk", "diskExtent", disk.used_bytes))
    return data(
        vim.vm.FileLayoutEx,
        file=[
            data(
                vim.vm.FileLayoutEx.FileInfo,
                key=key,
                name=name,
                type=kind,
                size=long(size),
                uniqueSize=long(size),
                accessible=True,
            )
            for key, (name, kind, size) in enumerate(files)
        ],
        disk=[
            data(
                vim.vm.FileLayoutEx.DiskLayout,
                key=disk.key,
                chain=[
                    data(vim.vm.FileLayoutEx.DiskUnit, fileKey=[1 + 2 * index, 2 + 2 * index]),
                ],
            )
            for index, disk in enumerate(record.disks)
        ],
        timestamp=instant(record.changed_s),
    )


def summary(vm: VirtualMachine) -> Any:
    """The short form that lists and dashboards read."""
    record = vm.record
    committed = sum(disk.used_bytes for disk in record.disks)
    running = record.power == "on" and record.booted_s is not None
    return data(
        vim.vm.Summary,
        vm=vm,
        runtime=runtime(vm),
        guest=data(vim.vm.Summary.GuestSummary, **_tools(vm)),
        config=data(
            vim.vm.Summary.ConfigSummary,
            name=record.name,
            template=record.template,
            vmPathName=record.vmx_path,
            memorySizeMB=record.memory_bytes // 2**20,
            cpuReservation=0,
            memoryReservation=0,
            numCpu=record.cpus,
            numEthernetCards=len(record.nics),
            numVirtualDisks=len(record.disks),
            uuid=record.bios_uuid,
            instanceUuid=record.instance_uuid,
            guestId=record.guest,
            guestFullName=guest_full_name(record.guest),
            annotation=record.annotation,
            installBootRequired=False,
        ),
        storage=data(
            vim.vm.Summary.StorageSummary,
            committed=committed,
            uncommitted=sum(disk.capacity_bytes - disk.used_bytes for disk in record.disks),
            unshared=committed,
            timestamp=instant(record.changed_s),
        ),
        quickStats=data(
            vim.vm.Summary.QuickStats,
            overallCpuUsage=0,
            guestMemoryUsage=0,
            hostMemoryUsage=record.memory_bytes // 2**20 if record.power == "on" else 0,
            guestHeartbeatStatus=vm.heartbeat(),
            uptimeSeconds=vm.model.seconds_since(record.booted_s or 0.0, REFRESH_S) if running else 0,
        ),
        overallStatus="green",
        customValue=vm.custom_value_objects(),
    )
